//! The end of the report: totals, what was asked, keys, and what was and was not checked.

use std::io;

use super::page::{Page, Role};
use crate::report::{PublicKeyReport, Report, thousands};

pub(super) fn particulars(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    totals(report, page)?;
    request(report, page)?;
    page.heading(Role::Heading, "Public keys under which signatures verified")?;
    if report.public_keys.is_empty() {
        page.line("  none")?;
    }
    for key in &report.public_keys {
        public_key(key, page)?;
    }
    page.heading(Role::Heading, "Checked")?;
    items(&report.checks.performed, "Nothing.", page)?;
    if let Some(hasher) = report.checks.hasher.as_ref().filter(|_| page.options.verbose) {
        let hasher = page.sentence(hasher);
        page.prose("  ", &format!("log files hashed with {hasher}"))?;
    }
    page.heading(Role::Heading, "Not checked")?;
    items(&report.checks.skipped, "No step of what was asked for was skipped.", page)?;
    page.blank()?;
    let tool = page.name(&format!("{} {}, {}", report.tool.name, report.tool.version, report.schema));
    page.line(&tool)
}

fn totals(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let (digests, logs) = (report.totals.digests, report.totals.log_files);
    page.heading(Role::Heading, "Totals")?;
    page.line("                  verified    violated    unproven  not checked")?;
    let row = |name: &str, counts: [u64; 3]| {
        let [verified, violated, unproven] = counts.map(thousands);
        format!("  {name:<12}{verified:>12}{violated:>12}{unproven:>12}")
    };
    page.line(&row("digest files", [digests.verified, digests.violated, digests.unproven]))?;
    let logs_row = row("log files", [logs.verified, logs.violated, logs.unproven]);
    page.line(&format!("{logs_row}{:>13}", thousands(logs.not_checked)))?;
    if logs.not_checked > 0 {
        page.line(&format!("  of the log files not checked, {} are in the listing", thousands(logs.present)))?;
    }
    if logs.unlisted > 0 {
        page.line(&format!("  objects in log folders that no verified digest lists: {}", thousands(logs.unlisted)))?;
    }
    page.line(&format!("  bytes of log files hashed, uncompressed: {}", thousands(report.totals.bytes_hashed)))
}

fn request(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let asked = &report.request;
    page.heading(Role::Heading, "What was asked")?;
    let source = page.name(&asked.source);
    page.line(&format!("  source     {source}"))?;
    if let Some(bucket) = &asked.delivered_to {
        let bucket = page.name(bucket);
        page.line(&format!("  copy of    s3://{bucket}, as was said"))?;
    }
    let start = asked.start.map_or("the oldest digest found".to_owned(), |start| start.to_string());
    page.line(&format!("  from       {start}"))?;
    page.line(&format!("  to         {}", asked.end))?;
    page.line(&format!("  as of      {}", asked.as_of))?;
    for (name, only) in [("accounts", &asked.accounts), ("regions", &asked.regions), ("trails", &asked.trails)] {
        let only: Vec<String> = only.iter().map(|name| page.name(name)).collect();
        let only = if only.is_empty() { "all that were found".to_owned() } else { format!("only {}", only.join(" ")) };
        page.prose(&format!("  {name:<9}  "), &only)?;
    }
    if let Some(prefix) = &asked.s3_prefix {
        let prefix = page.name(&format!("{prefix:?}"));
        page.line(&format!("  prefix     only {prefix}"))?;
    }
    let log_files = page.name(&asked.log_files);
    page.line(&format!("  log files  {log_files}"))?;
    for named in &asked.named_log_files {
        let named = page.name(named);
        page.line(&format!("             {named}"))?;
    }
    Ok(())
}

fn public_key(key: &PublicKeyReport, page: &mut Page<'_>) -> io::Result<()> {
    let (fingerprint, source) = (page.name(&key.fingerprint), page.name(&key.source));
    page.line(&format!("  {fingerprint}"))?;
    let pinned = if key.pinned {
        "pinned: obtained apart from the evidence, or vouched for by whoever signed the bundle"
    } else {
        "not pinned: it came with the evidence, so it does not prove that AWS signed"
    };
    page.line(&format!("    source  {source}"))?;
    page.prose("    trust   ", pinned)?;
    let valid = match (key.valid_from, key.valid_to) {
        (None, None) => "not known".to_owned(),
        (Some(from), Some(to)) => format!("{from} to {to}"),
        (Some(from), None) => format!("from {from}"),
        (None, Some(to)) => format!("up to {to}"),
    };
    page.line(&format!("    window  {valid}"))
}

fn items(items: &[String], none: &str, page: &mut Page<'_>) -> io::Result<()> {
    if items.is_empty() {
        return page.line(&format!("  {none}"));
    }
    for item in items {
        let item = page.sentence(item);
        page.prose("  - ", &item)?;
    }
    Ok(())
}
