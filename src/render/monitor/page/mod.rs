//! The state of a monitor as one page of HTML, which loads nothing and runs nothing: made of the same pieces as the page of a
//! report, so that it looks the same, and is read without colour, by keyboard, by a screen reader and on paper as that is.

mod coverage;
mod findings;
mod targets;

use std::io;

use super::words;
use crate::monitor::status::{RunStatus, Status};
use crate::render::html::page::{Page, Rest};
use crate::render::html::{STYLE, document};
use crate::report::thousands;

/// Writes the state of a monitor as one self-contained page.
pub fn page(status: &Status, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page::with_rest(REST);
    let word = words::verdict(status.verdict());
    let names: Vec<&str> = status.targets.iter().map(|target| target.name.as_str()).collect();
    document::begin(&format!("{word}: CloudTrail integrity of {}", names.join(", ")), STYLE, SKIP, &mut page);
    masthead(status, &mut page);
    page.raw("<main id=\"main\" tabindex=\"-1\">\n");
    verdict(status, &mut page);
    document::contents(&SECTIONS, &mut page);
    targets::targets(status, &mut page);
    coverage::coverage(status, &mut page);
    findings::findings(status, &mut page);
    runs(status, &mut page);
    deliveries(status, &mut page);
    page.raw("</main>\n");
    foot(status, &mut page);
    page.finish(out)
}

fn masthead(status: &Status, page: &mut Page) {
    page.raw("<header class=\"masthead\">\n<p>CloudTrail log file integrity, watched</p>\n<p class=\"source\">");
    page.timed("as of ", &status.at.to_string(), "</p>\n</header>\n");
}

/// The verdict and what it is of are one heading: nobody can quote the one without the other.
fn verdict(status: &Status, page: &mut Page) {
    let word = words::verdict(status.verdict());
    let headline = words::headline(status);
    document::seal(status.verdict(), page);
    page.raw("<h1 id=\"verdict\">");
    page.within("<span class=\"word\">", &word, "</span>");
    page.timed("<span class=\"scope\">", headline.strip_prefix(&word).unwrap_or(&headline), "</span></h1>\n");
    page.within("<p class=\"meaning\">", words::meaning(status.verdict()), "</p>\n");
    targets::figures(status, page);
    page.raw("</section>\n");
}

fn runs(status: &Status, page: &mut Page) {
    page.raw("<section aria-labelledby=\"runs\">\n<h2 id=\"runs\">Runs</h2>\n");
    for (at, target) in status.targets.iter().enumerate() {
        let of = target.runs_by_outcome;
        let [complete, partial, failed, open] = [of.complete, of.partial, of.failed, of.without_end].map(thousands);
        let caption = format!(
            "The last runs over {}; remembered are {complete} complete, {partial} ended early, {failed} failed, {open} without an end",
            target.name
        );
        let heads = ["Began", "Ended as", "Verdict", "Took", "Verified", "Read", "Opened", "Resolved"];
        page.table(&format!("runs{at}"), &caption, &heads, |page| {
            target.runs.iter().for_each(|run| one_run(run, page));
            if target.runs.is_empty() {
                page.raw("<tr><td colspan=\"8\">None has begun yet.</td></tr>\n");
            }
        });
    }
    page.raw("</section>\n");
}

fn one_run(run: &RunStatus, page: &mut Page) {
    page.within("<tr><th scope=\"row\" class=\"time\">", &run.began.to_string(), "</th>");
    page.within("<td>", run.outcome.as_deref().unwrap_or("no end: under way, or cut off"), "");
    if let Some(error) = &run.error {
        page.within("<br><small>", error, "</small>");
    }
    page.raw("</td>");
    page.within("<td class=\"number\">", &run.verdict.map(|verdict| verdict.to_string()).unwrap_or_default(), "</td>");
    page.within("<td class=\"number\">", &run.seconds().map(words::took).unwrap_or_default(), "</td>");
    page.count("<td class=\"number\">", run.digests.saturating_add(run.log_files), "</td>");
    page.count("<td class=\"number\">", run.digests_read.saturating_add(run.log_files_read), "</td>");
    page.count("<td class=\"number\">", run.opened, "</td>");
    page.count("<td class=\"number\">", run.resolved, "</td></tr>\n");
}

fn deliveries(status: &Status, page: &mut Page) {
    page.raw("<section aria-labelledby=\"deliveries\">\n<h2 id=\"deliveries\">Deliveries</h2>\n");
    if status.deliveries.is_empty() {
        page.raw("<p>No sink is configured: nobody is told but whoever looks here.</p>\n");
    } else {
        page.table("sinks", "Who is told, and what waits", &["Sink", "What waits, and why"], |page| {
            for sink in &status.deliveries {
                page.within("<tr><th scope=\"row\">", &sink.sink, "</th>");
                page.timed("<td>", &words::waits(sink, status.at), "</td></tr>\n");
            }
        });
    }
    page.raw("</section>\n");
}

fn foot(status: &Status, page: &mut Page) {
    page.raw("<footer>\n<p>");
    page.name(&status.tool.name);
    page.raw(" ");
    page.name(&status.tool.version);
    page.raw(", ");
    page.name(&status.schema);
    page.raw(", from the state file ");
    page.name(&status.state.path);
    page.count(" (", status.state.bytes, " bytes)");
    page.raw(". This page counts nothing anew, holds no script, and loads nothing.</p>\n");
    if !status.other_targets.is_empty() {
        let names = status.other_targets.join(", ");
        page.within("<p>The state file also knows of targets that were not asked for: ", &names, "</p>\n");
    }
    page.raw("</footer>\n</body>\n</html>\n");
}

/// The sections, in order: their anchors and titles.
const SECTIONS: [(&str, &str); 5] = [
    ("targets", "Targets"),
    ("coverage", "Coverage"),
    ("findings", "Open findings"),
    ("runs", "Runs"),
    ("deliveries", "Deliveries"),
];

const SKIP: &str = "Skip to the status";

/// What the page leaves out of chains and holes.
const REST: Rest = Rest {
    says: "are in the status as JSON, as far as it names them: ",
    command: "trailseal monitor status --config FILE --format json",
};
