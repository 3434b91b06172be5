//! The forms that a report takes for consumers, each byte of small ones, hostile names in all of them, and what the
//! consumers' own tools make of them.
//!
//! The tests with those tools are ignored unless asked for: `TRAILSEAL_PYTHON` names a Python that has
//! `tests/formats/requirements.txt`, and `.ci/run` sees to it.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod consumers;
mod docs;
mod golden;
mod hostile;
mod ids;
#[cfg(feature = "monitor")]
mod monitor;
#[cfg(feature = "monitor")]
mod monitored;
mod narrowed;
#[path = "../sample/mod.rs"]
mod sample;
mod schema;

use std::io;

use trailseal::finding::Code;
use trailseal::render;
use trailseal::report::{CheckedObject, ObjectKind, ObjectStatus, Report};
use trailseal::trail::DigestKey;

/// Writes a report in some form.
type Render = fn(&Report, &mut dyn io::Write) -> io::Result<()>;

/// The forms, by the names that `--format` has for them.
const FORMS: [(&str, Render); 8] = [
    ("json", render::json),
    ("ndjson", ndjson),
    ("ocsf", render::ocsf),
    ("asff", render::asff),
    ("junit", render::junit),
    ("oscal", render::oscal),
    ("prometheus", render::prometheus),
    ("csv", csv),
];

fn ndjson(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    report.findings.iter().try_for_each(|finding| render::ndjson_finding(finding, out))?;
    render::ndjson_report(report, out)
}

/// A report by hand has no rows but those of which its findings tell: as of an audit that counted each of them.
fn csv(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut table = render::CsvTable::new(out)?;
    for finding in &report.findings {
        let Some(at) = &finding.subject else { continue };
        let other = CheckedObject::of_finding(finding, at.clone());
        if finding.chain.is_none() || finding.code == Code::CoverageHole {
            table.row(&other)?;
            continue;
        }
        let is_digest = DigestKey::parse(&at.key).is_some();
        let compared = finding.code == Code::LogHashMismatch;
        table.row(&CheckedObject {
            kind: if is_digest { ObjectKind::DigestFile } else { ObjectKind::LogFile },
            status: ObjectStatus::of_checked(Some(finding.severity)),
            recorded: finding.recorded.clone().filter(|_| compared),
            computed: finding.computed.clone().filter(|_| compared),
            bytes: compared.then_some(1_234),
            recorded_by: Some(at.key.replace("/CloudTrail/", "/CloudTrail-Digest/")),
            ..other
        })?;
    }
    table.finish()
}

fn rendered(render: Render, report: &Report) -> String {
    let mut out = Vec::new();
    render(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn form(name: &str, report: &Report) -> String {
    rendered(FORMS.iter().find(|(form, _)| *form == name).unwrap().1, report)
}
