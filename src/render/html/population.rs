//! Where each file went, all together and chain by chain.

use super::page::Page;
use crate::render::timeline::percent;
use crate::render::wording::counted;
use crate::report::{ChainReport, Population, Report, Share, thousands};

/// So many chains have a row.
pub(super) const CHAINS_SHOWN: usize = 2_000;

pub(super) fn population(report: &Report, page: &mut Page) {
    let all = Population::of(report);
    page.raw("<section aria-labelledby=\"population\">\n<h2 id=\"population\">Population</h2>\n");
    page.raw("<p>Where every file that was expected went. Each file is in one row alone; the rows add up to what was \
              expected. Digest files are expected because a signed digest names them or a listing shows them, log files \
              because a verified digest lists them.</p>\n");
    let heads = ["Files", "Digest files", "Log files"];
    page.table("reconciled", "Expected, found and verified", &heads, |page| rows(&all, page));
    page.raw("<dl class=\"facts beside\">\n");
    page.term(
        "Shown to be there",
        Some(&format!(
            "{} digest files, {} log files: verified, contradicted, or seen in the listing",
            thousands(all.digests.found()),
            thousands(all.log_files.found())
        )),
    );
    page.term(
        "Unlisted objects",
        Some(&format!("{} in log folders that no verified digest lists; beside the above", thousands(all.unlisted))),
    );
    page.term(
        "Digests of which nothing tells",
        Some(&format!(
            "{} where one was due by the cadence; beside the above",
            counted(usize::try_from(all.lost).unwrap_or(usize::MAX), "hole")
        )),
    );
    page.term("Bytes hashed", Some(&format!("{} of log files, uncompressed", thousands(report.totals.bytes_hashed))));
    page.raw("</dl>\n");
    chains(report, page);
    page.raw("</section>\n");
}

fn rows(all: &Population, page: &mut Page) {
    type Part = fn(&Share) -> u64;
    let parts: [(&'static str, Part); 6] = [
        ("Verified", |share| share.verified),
        ("There, and contradicted by what is signed", |share| share.contradicted),
        ("Missing", |share| share.missing),
        ("Unproven: could not be shown either way", |share| share.unproven),
        ("Seen in the listing, not read", |share| share.listed),
        ("Neither read nor looked for, as asked", |share| share.not_looked_for),
    ];
    for (name, part) in parts {
        row("<tr><th scope=\"row\">", name, [part(&all.digests), part(&all.log_files)], page);
    }
    let sums = [all.digests.sum(), all.log_files.sum()];
    row("<tr class=\"sum\"><th scope=\"row\">", "Expected: all of these", sums, page);
}

fn row(open: &'static str, name: &'static str, [digests, logs]: [u64; 2], page: &mut Page) {
    page.within(open, name, "</th>");
    page.count("<td class=\"number\">", digests, "</td>");
    page.count("<td class=\"number\">", logs, "</td></tr>\n");
}

fn chains(report: &Report, page: &mut Page) {
    if report.chains.is_empty() {
        return;
    }
    let heads = ["Account", "Region and trail", "Proven", "Digest files", "Log files"];
    page.table("chains", "Chain by chain", &heads, |page| {
        report.chains.iter().take(CHAINS_SHOWN).for_each(|chain| one(chain, report, page));
    });
    page.omitted(report.chains.len().min(CHAINS_SHOWN), report.chains.len(), "chains");
}

fn one(chain: &ChainReport, report: &Report, page: &mut Page) {
    page.within("<tr><td class=\"tight\">", &chain.account_id, "</td><th scope=\"row\">");
    page.name(&chain.region);
    page.raw(" ");
    page.name(&chain.trail);
    page.within(" <small>", &chain.kind.to_string(), "</small></th>");
    page.within("<td class=\"number\">", &percent(chain, report.period()), "</td>");
    let (digests, logs) = (chain.digests, chain.log_files);
    let digests = [(digests.verified, "verified"), (digests.violated, "contradicted"), (digests.unproven, "unproven")];
    page.within("<td>", &listed(&digests), "</td>");
    let logs = [
        (logs.verified, "verified"),
        (logs.violated, "contradicted"),
        (logs.unproven, "unproven"),
        (logs.not_checked, "not read"),
        (logs.unlisted, "unlisted"),
    ];
    page.within("<td>", &listed(&logs), "</td></tr>\n");
}

/// What there is, in words; of what there is none, nothing.
pub(in crate::render) fn listed(counts: &[(u64, &str)]) -> String {
    let some = counts.iter().filter(|(count, _)| *count > 0);
    let some: Vec<String> = some.map(|(count, what)| format!("{} {what}", thousands(*count))).collect();
    if some.is_empty() { "none".to_owned() } else { some.join(", ") }
}
