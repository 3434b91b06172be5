//! On a terminal: what failed first, with how to mend it.

use std::io;

use super::{TOLD, headline, meaning};
use crate::doctor::{Action, Cause, Checked, Examination, Outcome, Symptom};
use crate::render::TextOptions;
use crate::render::text::page::{Page, Role};

/// Writes an examination.
pub fn doctor_text(examination: &Examination, options: &TextOptions, out: &mut dyn io::Write) -> io::Result<()> {
    doctor_headline(examination, options, out)?;
    let page = &mut Page::new(*options, out);
    page.blank()?;
    body(examination, page)
}

/// The same as a part of a report's text.
pub(in crate::render) fn part(examination: &Examination, page: &mut Page<'_>) -> io::Result<()> {
    page.heading(Role::Heading, "How the trails are set up, which changes no verdict")?;
    let headline = page.sentence(&headline(examination));
    page.prose("", &headline)?;
    body(examination, page)
}

fn body(examination: &Examination, page: &mut Page<'_>) -> io::Result<()> {
    page.prose("", meaning(examination.outcome))?;
    for (outcome, heading) in TOLD {
        let told: Vec<&Checked> = examination.checks.iter().filter(|checked| checked.outcome == outcome).collect();
        if !told.is_empty() {
            page.heading(role(outcome), &format!("{heading} ({})", told.len()))?;
            told.into_iter().try_for_each(|checked| one(checked, page))?;
        }
    }
    if !examination.symptoms.is_empty() {
        page.heading(Role::Heading, &format!("What it comes from ({})", examination.symptoms.len()))?;
        examination.symptoms.iter().try_for_each(|symptom| explained(symptom, page))?;
    }
    page.heading(Role::Heading, "Not looked at")?;
    for what in &examination.not_looked_at {
        let what = page.sentence(what);
        page.prose("  ", &what)?;
    }
    page.blank()?;
    page.line(&format!(
        "Checks of version {}; log files are to be kept for {} days",
        examination.catalog_version, examination.retention_days
    ))
}

/// Writes the outcome, on one line: the quiet form.
pub fn doctor_headline(examination: &Examination, options: &TextOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let page = &mut Page::new(*options, out);
    let (whole, word) = (headline(examination), examination.outcome.name());
    let rest = page.sentence(whole.strip_prefix(word).unwrap_or(&whole));
    let word = page.paint(role(examination.outcome), word);
    page.line(&format!("{word}{rest}"))
}

fn role(outcome: Outcome) -> Role {
    match outcome {
        Outcome::Fail => Role::Bad,
        Outcome::Unknown => Role::Doubtful,
        Outcome::Pass => Role::Good,
        Outcome::NotApplicable => Role::Heading,
    }
}

fn one(checked: &Checked, page: &mut Page<'_>) -> io::Result<()> {
    let subject = page.name(checked.subject.name());
    let heads_on = matches!(checked.outcome, Outcome::Fail | Outcome::Unknown);
    if !heads_on && !page.options.verbose {
        return page.line(&format!("  {:<24}  {subject}", checked.id));
    }
    page.line(&format!("  {:<24}  {:<8}  {subject}", checked.id, checked.severity.name()))?;
    let said = |name: &str, text: &str, page: &mut Page<'_>| {
        let text = page.sentence(text);
        page.prose(&format!("    {name:<10} "), &text)
    };
    if heads_on {
        said("Wanted", &checked.title, page)?;
    }
    said("Seen", &checked.saw, page)?;
    if heads_on {
        said("Matters", &checked.why, page)?;
    }
    for unseen in checked.unseen.iter().filter(|unseen| unseen.denied) {
        said("Grant", &unseen.action, page)?;
    }
    if let Some(mend) = &checked.mend {
        said("Console", &mend.console, page)?;
        // On a line of its own, however long: it is there to be pasted.
        lines("AWS CLI", &mend.cli, page)?;
        if page.options.verbose {
            lines("Terraform", &mend.terraform, page)?;
        }
    }
    if page.options.verbose {
        let controls: Vec<&str> = checked.controls.iter().map(|control| control.0.as_str()).collect();
        said("Controls", &controls.join("; "), page)?;
    }
    Ok(())
}

/// A symptom with its causes.
fn explained(symptom: &Symptom, page: &mut Page<'_>) -> io::Result<()> {
    let of = page.name(&symptom.of);
    page.line(&format!("  {of}"))?;
    let when = symptom.interval.map(|interval| format!(" ({interval})")).unwrap_or_default();
    let saw = page.sentence(&format!("{}{when}", symptom.saw));
    page.prose("    ", &saw)?;
    symptom.causes.iter().try_for_each(|cause| one_cause(cause, page))
}

fn one_cause(cause: &Cause, page: &mut Page<'_>) -> io::Result<()> {
    let says = page.sentence(&cause.says);
    page.prose(&format!("      {:<9} ", cause.certainty.name()), &says)?;
    for evidence in &cause.evidence {
        let evidence = page.sentence(evidence);
        page.prose("                seen: ", &evidence)?;
    }
    for action in &cause.actions {
        let action = page.sentence(&done(action));
        page.prose("                ", &action)?;
    }
    let next = page.sentence(&cause.next_step);
    page.prose("                next: ", &next)
}

/// Who did what.
pub(super) fn done(action: &Action) -> String {
    let Action { time, name, who, from, region, id, .. } = action;
    format!("{time}: {name} by {who}, from {from}, in {region} (event {id})")
}

/// What has lines of its own.
fn lines(name: &str, text: &str, page: &mut Page<'_>) -> io::Result<()> {
    for (at, line) in text.lines().enumerate() {
        let line = page.sentence(line);
        page.line(&format!("    {:<10} {line}", if at == 0 { name } else { "" }))?;
    }
    Ok(())
}
