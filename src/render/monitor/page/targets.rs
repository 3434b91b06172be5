//! What is watched: each target, and each of its chains.

use crate::finding::Severity;
use crate::monitor::status::{ChainStatus, Status, TargetStatus};
use crate::render::html::page::Page;
use crate::render::html::population::listed;
use crate::render::monitor::words;
use crate::report::thousands;
use crate::trail::Time;

/// All targets together.
pub(super) fn figures(status: &Status, page: &mut Page) {
    let open = |severity, waived| status.targets.iter().map(|target| target.open(severity, waived)).sum();
    let all = [Severity::Violation, Severity::Unproven, Severity::Note];
    let figures: [(&str, u64); 6] = [
        ("targets", status.targets.len() as u64),
        ("chains", status.targets.iter().map(|target| target.chains_known).sum()),
        ("open violations", open(Severity::Violation, false)),
        ("open and unproven", open(Severity::Unproven, false)),
        ("open, but waived", all.into_iter().map(|severity| open(severity, true)).sum()),
        ("events waiting", status.deliveries.iter().map(|sink| sink.waiting).sum()),
    ];
    page.raw("<dl class=\"figures\">\n");
    for (name, number) in figures {
        page.within("<div><dt>", name, "</dt>");
        page.within("<dd>", &thousands(number), "</dd></div>\n");
    }
    page.raw("</dl>\n");
}

pub(super) fn targets(status: &Status, page: &mut Page) {
    page.raw("<section aria-labelledby=\"targets\">\n<h2 id=\"targets\">Targets</h2>\n");
    if status.targets.is_empty() {
        page.raw("<p>None: no run has begun yet.</p>\n");
    }
    for (at, target) in status.targets.iter().enumerate() {
        one(target, at, status.at, page);
    }
    page.raw("</section>\n");
}

fn one(target: &TargetStatus, at: usize, now: Time, page: &mut Page) {
    page.within("<h3>", &target.name, ": ");
    page.within("", &words::verdict(target.verdict_now()), "</h3>\n<dl class=\"facts\">\n");
    page.term("Now", words::blindness(target).as_deref());
    page.term("Evidence", target.source.as_deref());
    page.term("Scope", words::narrowed(target).as_deref());
    match &target.last_run {
        Some(run) => {
            page.term("Last run", Some(&words::ended(run, now)));
            page.term("What it did", Some(&run.error.clone().unwrap_or_else(|| words::did(run))));
        }
        None => page.term("Last run", Some("none has ended yet")),
    }
    match &target.last_complete_run {
        Some(run) if target.last_run.as_ref().is_some_and(|last| last.run == run.run) => {}
        Some(run) => page.term("Last complete run", Some(&words::ended(run, now))),
        None => page.term("Last complete run", Some("none has looked at all that it was to look at yet")),
    }
    page.term("Now", target.without_end().map(|run| words::ended(run, now)).as_deref());
    page.term("Open findings", Some(&words::open(target)));
    page.raw("</dl>\n");
    chains(target, at, now, page);
}

fn chains(target: &TargetStatus, at: usize, now: Time, page: &mut Page) {
    if target.chains.is_empty() {
        return;
    }
    let caption = format!("The chains of {}", target.name);
    let heads = ["Account", "Region and trail", "Proven until", "Newest digest", "Last 90 days"];
    page.table(&format!("chains{at}"), &caption, &heads, |page| {
        target.chains.iter().take(CHAINS_SHOWN).for_each(|chain| row(chain, now, page));
    });
    let known = usize::try_from(target.chains_known).unwrap_or(usize::MAX);
    page.omitted(target.chains.len().min(CHAINS_SHOWN), known, "chains");
}

fn row(chain: &ChainStatus, now: Time, page: &mut Page) {
    page.within("<tr><td class=\"tight\">", &chain.id.account_id, "</td><th scope=\"row\">");
    page.name(&chain.id.region);
    page.raw(" ");
    page.name(&chain.id.trail);
    page.within(" <small>", &chain.id.kind.to_string(), "</small></th>");
    let until = chain.proven_until.map_or("nothing".to_owned(), |until| until.to_string());
    page.within("<td class=\"time\">", &until, "</td>");
    let newest = chain.newest_digest_end.map(|end| format!("{} old", words::took(now.since(end).max(0))));
    page.within("<td>", &newest.unwrap_or_default(), "</td>");
    let holes = chain.coverage.iter().filter(|stretch| stretch.reason.is_some()).count() as u64;
    let said = match (chain.coverage_omitted, holes) {
        (true, _) => "too many holes to be shown".to_owned(),
        (false, 0) if chain.coverage.is_empty() => "nothing proven".to_owned(),
        (false, 0) => "no hole".to_owned(),
        (false, holes) => listed(&[(holes, if holes == 1 { "hole" } else { "holes" })]),
    };
    page.within("<td>", &said, "</td></tr>\n");
}

/// So many chains have a row.
const CHAINS_SHOWN: usize = 2_000;
