//! By whom and with what: the program, the keys, and a place to sign.

use super::page::Page;
use crate::report::{Made, PublicKeyReport, Report};

/// So many keys are shown. A region has a new one every few weeks.
const KEYS_SHOWN: usize = 200;

pub(super) fn made(report: &Report, made: Option<&Made>, page: &mut Page) {
    page.raw("<section aria-labelledby=\"made\">\n<h2 id=\"made\">By whom, and with which keys</h2>\n");
    page.raw("<dl class=\"facts\">\n");
    page.term("Program", Some(&format!("{} {}", report.tool.name, report.tool.version)));
    if let Some(made) = made {
        facts(made, page);
    }
    page.raw("</dl>\n");
    if made.is_none() {
        page.raw("<p>Who made the report is not recorded here: this page was rendered from a saved report.</p>\n");
    }
    keys(report, page);
    page.raw(SIGN);
    page.raw("</section>\n");
}

fn facts(made: &Made, page: &mut Page) {
    let at = made.at.map(|at| at.to_string());
    page.term("Made at", at.as_deref());
    page.term("User", made.user.as_deref());
    page.term("Host", made.host.as_deref());
    page.term("AWS caller", made.caller.as_deref());
    if let Some(hash) = &made.binary_sha256 {
        page.within("<dt>SHA-256 of the program</dt><dd class=\"mono\">", hash, "</dd>\n");
    }
    if !made.command_line.is_empty() {
        let words: Vec<String> = made.command_line.iter().map(|word| quoted(word)).collect();
        page.within("<dt>Command</dt><dd><code>", &words.join(" "), "</code></dd>\n");
    }
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn keys(report: &Report, page: &mut Page) {
    if report.public_keys.is_empty() {
        return page.raw("<p>No signature verified, under no key.</p>\n");
    }
    let heads = ["Fingerprint", "Where it came from", "What that proves", "Valid"];
    page.table("keys", "Public keys under which signatures verified", &heads, |page| {
        report.public_keys.iter().take(KEYS_SHOWN).for_each(|key| row(key, page));
    });
    page.omitted(report.public_keys.len().min(KEYS_SHOWN), report.public_keys.len(), "keys");
}

fn row(key: &PublicKeyReport, page: &mut Page) {
    page.within("<tr><th scope=\"row\" class=\"mono long\">", &key.fingerprint, "</th>");
    page.within("<td>", &key.source, "</td>");
    page.raw(if key.pinned {
        "<td><strong>Pinned</strong>: it was obtained apart from the evidence, or whoever signed the bundle vouches for it.</td>"
    } else {
        "<td><strong>Not pinned</strong>: it came with the evidence, so it does not prove that AWS signed.</td>"
    });
    let valid = match (key.valid_from, key.valid_to) {
        (None, None) => "not known".to_owned(),
        (Some(from), Some(to)) => format!("{from} to {to}"),
        (Some(from), None) => format!("from {from}"),
        (None, Some(to)) => format!("up to {to}"),
    };
    page.timed("<td>", &valid, "</td></tr>\n");
}

/// On paper alone.
const SIGN: &str = "<div class=\"sign\">\n\
    <div><p>Prepared by</p><p class=\"line\">Name and role</p><p class=\"line\">Signature</p><p class=\"line\">Date</p></div>\n\
    <div><p>Reviewed by</p><p class=\"line\">Name and role</p><p class=\"line\">Signature</p><p class=\"line\">Date</p></div>\n\
    </div>\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_part_it() {
        assert_eq!(quoted("s3://bucket/prefix"), "s3://bucket/prefix");
        assert_eq!(quoted("two words"), "'two words'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
