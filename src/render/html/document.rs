//! What every page of HTML has: its policy and its style, the seal of a verdict, the list of its sections.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::page::Page;
use crate::report::Verdict;

/// Up to the first thing that is seen: a link past what stands before `#main`.
pub(in crate::render) fn begin(title: &str, style: &'static str, skip: &'static str, page: &mut Page) {
    page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta http-equiv=\"Content-Security-Policy\"");
    let hash = STANDARD.encode(Sha256::digest(style));
    let policy = format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    page.attribute("content", policy);
    page.raw(">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
    page.raw("<meta name=\"robots\" content=\"noindex\">\n<title>");
    page.short(title, LONGEST_TITLE);
    page.raw("</title>\n<style>");
    page.raw(style);
    page.raw("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">");
    page.raw(skip);
    page.raw("</a>\n");
}

/// The section of a verdict, opened, with its seal: a shape of its own for each.
pub(in crate::render) fn seal(verdict: Option<Verdict>, page: &mut Page) {
    page.raw(match verdict {
        Some(Verdict::Intact) => "<section class=\"verdict good\" aria-labelledby=\"verdict\">\n<svg class=\"seal\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><circle cx=\"12\" cy=\"12\" r=\"11\"/><path d=\"M6.5 12.5l3.7 3.7 7.3-8\"/></svg>\n",
        Some(Verdict::NotIntact) => "<section class=\"verdict bad\" aria-labelledby=\"verdict\">\n<svg class=\"seal\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path class=\"plate\" d=\"M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9z\"/><path d=\"M8 8l8 8M16 8l-8 8\"/></svg>\n",
        Some(Verdict::Inconclusive) | None => "<section class=\"verdict doubtful\" aria-labelledby=\"verdict\">\n<svg class=\"seal\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path class=\"plate\" d=\"M12 1.5L23 21.5H1z\"/><path d=\"M12 8.5v6M12 17.6v.6\"/></svg>\n",
    });
}

/// Links to the sections: their anchors and titles.
pub(in crate::render) fn contents(sections: &[(&str, &str)], page: &mut Page) {
    page.raw("<nav aria-label=\"Contents\"><ol>\n");
    for (anchor, title) in sections {
        page.raw("<li><a");
        page.attribute("href", format!("#{anchor}"));
        page.within(">", title, "</a></li>\n");
    }
    page.raw("</ol></nav>\n");
}

/// A window's title is no place for a key of a thousand characters.
const LONGEST_TITLE: usize = 200;
