//! As a page of HTML, made of the pieces of the report's page; and as a section of that.

use std::io;

use super::text::done;
use super::{TOLD, headline, like, meaning};
use crate::doctor::{Checked, Examination, Outcome, Unseen};
use crate::render::html::page::{Page, Rest};
use crate::render::html::{STYLE, document};
use crate::report::thousands;

/// Writes an examination as one self-contained page.
pub fn doctor_page(examination: &Examination, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page::with_rest(REST);
    let title = format!("{}: how CloudTrail is set up in {}", examination.outcome.name(), examination.account_id);
    document::begin(&title, STYLE, "Skip to the checks", &mut page);
    page.raw("<header class=\"masthead\">\n<p>How CloudTrail is set up</p>\n<p class=\"source\">");
    page.within("account ", &examination.account_id, ", ");
    page.timed("as of ", &examination.as_of.to_string(), "</p>\n</header>\n");
    page.raw("<main id=\"main\" tabindex=\"-1\">\n");
    let line = headline(examination);
    let word = examination.outcome.name();
    document::seal(like(examination.outcome), &mut page);
    page.raw("<h1 id=\"verdict\">");
    page.within("<span class=\"word\">", word, "</span>");
    page.timed("<span class=\"scope\">", line.strip_prefix(word).unwrap_or(&line), "</span></h1>\n");
    page.says("<p class=\"meaning\">", meaning(examination.outcome), "</p>\n");
    figures(examination, &mut page);
    page.raw("</section>\n");
    document::contents(&[("setup", "Checks"), ("unlooked", "What nobody looked at")], &mut page);
    section(examination, &mut page);
    page.raw("</main>\n<footer>\n<p>");
    page.name(&examination.tool.name);
    page.raw(" ");
    page.name(&examination.tool.version);
    page.raw(", ");
    page.name(&examination.schema);
    page.within(", checks of version ", &examination.catalog_version, "");
    page.raw(". This page counts nothing anew, holds no script, and loads nothing.</p>\n</footer>\n</body>\n</html>\n");
    page.finish(out)
}

fn figures(examination: &Examination, page: &mut Page) {
    let counts = &examination.counts;
    page.raw("<dl class=\"figures\">\n");
    let figures = [
        ("checks failed", counts.failed),
        ("checks unknown", counts.unknown),
        ("checks passed", counts.passed),
        ("do not apply", counts.not_applicable),
    ];
    for (name, number) in figures {
        page.within("<div><dt>", name, "</dt>");
        page.within("<dd>", &thousands(number), "</dd></div>\n");
    }
    page.raw("</dl>\n");
}

/// The checks and what was not looked at, as sections of a page.
pub(in crate::render) fn section(examination: &Examination, page: &mut Page) {
    page.raw("<section aria-labelledby=\"setup\">\n<h2 id=\"setup\">How the trails are set up</h2>\n");
    page.timed("<p>", &headline(examination), ".</p>\n");
    for (at, (outcome, heading)) in TOLD.into_iter().enumerate() {
        let told: Vec<&Checked> = examination.checks.iter().filter(|checked| checked.outcome == outcome).collect();
        if told.is_empty() {
            continue;
        }
        if matches!(outcome, Outcome::Fail | Outcome::Unknown) {
            page.within("<h3>", heading, "</h3>\n");
            told.into_iter().for_each(|checked| one(checked, page));
        } else {
            page.table(&format!("setup{at}"), heading, &["Check", "Of", "Seen"], |page| {
                for checked in told {
                    page.within("<tr><th scope=\"row\"><code>", &checked.id, "</code><br>");
                    page.within("", &checked.title, "</th><td>");
                    page.name(checked.subject.name());
                    page.timed("</td><td>", &checked.saw, "</td></tr>\n");
                }
            });
        }
    }
    symptoms(examination, page);
    page.raw(
        "</section>\n<section aria-labelledby=\"unlooked\">\n<h2 id=\"unlooked\">What nobody looked at</h2>\n<ul>\n",
    );
    for what in &examination.not_looked_at {
        page.within("<li>", what, "</li>\n");
    }
    page.raw("</ul>\n</section>\n");
}

fn one(checked: &Checked, page: &mut Page) {
    page.within("<h4><code>", &checked.id, "</code> ");
    page.within("<span class=\"badge\">", checked.severity.name(), "</span></h4>\n");
    page.raw("<dl class=\"facts\">\n");
    page.term("Of", Some(checked.subject.name()));
    page.term("Wanted", Some(&checked.title));
    page.term("Seen", Some(&checked.saw));
    page.term("Matters", Some(&checked.why));
    let denied = |unseen: &&Unseen| unseen.denied;
    let grant: Vec<&str> = checked.unseen.iter().filter(denied).map(|unseen| unseen.action.as_str()).collect();
    page.term("Grant", (!grant.is_empty()).then(|| grant.join(", ")).as_deref());
    let controls: Vec<&str> = checked.controls.iter().map(|control| control.0.as_str()).collect();
    if let Some(mend) = &checked.mend {
        page.term("Console", Some(&mend.console));
        page.within("<dt>AWS CLI</dt><dd><code>", &mend.cli, "</code></dd>\n");
        page.raw("<dt>Terraform</dt><dd><pre>");
        mend.terraform.lines().for_each(|line| page.within("", line, "\n"));
        page.raw("</pre></dd>\n");
    }
    page.term("Controls", Some(&controls.join("; ")));
    page.raw("</dl>\n");
}

/// What it comes from.
fn symptoms(examination: &Examination, page: &mut Page) {
    if examination.symptoms.is_empty() {
        return;
    }
    page.raw("<h3>What it comes from</h3>\n");
    for symptom in &examination.symptoms {
        page.within("<h4>", &symptom.of, "</h4>\n");
        let when = symptom.interval.map(|interval| format!(" ({interval})")).unwrap_or_default();
        page.timed("<p class=\"observed\">", &format!("{}{when}", symptom.saw), "</p>\n<dl class=\"facts\">\n");
        for cause in &symptom.causes {
            page.within("<dt>", cause.certainty.name(), "</dt>");
            page.timed("<dd>", &cause.says, "");
            cause.evidence.iter().for_each(|evidence| page.timed("<br>seen: ", evidence, ""));
            cause.actions.iter().for_each(|action| page.timed("<br>", &done(action), ""));
            page.within("<br>next: ", &cause.next_step, "</dd>\n");
        }
        page.raw("</dl>\n");
    }
}

/// Nothing is left out of so few checks.
const REST: Rest = Rest { says: "are in the examination as JSON: ", command: "trailseal doctor --format json" };
