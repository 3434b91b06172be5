//! `verify --dry-run`: what would be read.

use std::io::{self, Write};

use indicatif::HumanBytes;

use super::output::Format;
use super::{Failure, say};
use crate::audit::Plan;
use crate::report::thousands;

/// A plan is no report: it has none of the forms that are made for consumers of reports.
pub(super) fn has_form(format: Format) -> Result<(), Failure> {
    match format {
        Format::Text | Format::Json | Format::Ndjson => Ok(()),
        _ => Err(Failure::told("a dry run makes no report to put in that form; use --format text or json")),
    }
}

/// Prints a plan: as JSON where that was asked for, else for people.
pub(super) fn print(plan: &Plan, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json | Format::Ndjson => say::json(out, plan),
        _ => text(plan, out),
    }
}

fn text(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let start = plan.start.map_or("the oldest digest".to_owned(), |start| start.to_string());
    say::line(out, &format!("dry run: nothing was read and nothing is shown, {start} to {}", plan.end))?;
    say::line(out, "")?;
    let mut line = |name: &str, text: String| say::line(out, &format!("  {name:<12} {text}"));
    line("source", plan.source.clone())?;
    let digests = thousands(plan.digests.objects);
    line("chains", format!("{}, of {digests} digest files", thousands(plan.chains.len() as u64)))?;
    let (listed, read) = (plan.log_files_listed, plan.log_files_read);
    line("log files", format!("{} listed, {}", thousands(listed.objects), HumanBytes(listed.bytes)))?;
    line(
        "  to read",
        format!("{}, {} (--log-files {})", thousands(read.objects), HumanBytes(read.bytes), plan.log_files),
    )?;
    if plan.archived > 0 {
        line("archived", format!("{} log files must be restored before they can be read", thousands(plan.archived)))?;
    }
    let (lists, gets) = (plan.list_requests, plan.get_requests);
    line("requests", format!("{} LIST, {} GET", thousands(lists), thousands(gets)))?;
    let dollars = lists as f64 * LIST_PRICE + gets as f64 * GET_PRICE;
    let out_of_aws = (plan.digests.bytes + read.bytes) as f64 * TRANSFER_PRICE;
    line(
        "S3 cost",
        format!("about ${dollars:.4} for requests, and ${out_of_aws:.2} for transfer if read from outside AWS"),
    )?;
    line("", "(standard storage, us-east-1, list prices of 2026; reading from another region costs more)".to_owned())?;
    line("", "(what a trail was moved from is read too, and not counted)".to_owned())?;
    for finding in &plan.findings {
        let subject = finding.subject.as_ref().map(|at| format!(" {at}")).unwrap_or_default();
        line("note", format!("{}{subject}: {}", finding.code, finding.message))?;
    }
    Ok(())
}

/// US dollars a request for a listing: 0.005 for a thousand.
const LIST_PRICE: f64 = 0.005 / 1_000.0;

/// US dollars a request for an object: 0.0004 for a thousand.
const GET_PRICE: f64 = 0.0004 / 1_000.0;

/// US dollars a byte out of AWS: 0.09 a GB.
const TRANSFER_PRICE: f64 = 0.09 / 1e9;
