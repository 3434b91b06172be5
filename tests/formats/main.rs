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
mod narrowed;
#[path = "../sample/mod.rs"]
mod sample;
mod schema;

use std::io;

use trailseal::render;
use trailseal::report::Report;

/// Writes a report in some form.
type Render = fn(&Report, &mut dyn io::Write) -> io::Result<()>;

/// The forms, by the names that `--format` has for them.
const FORMS: [(&str, Render); 7] = [
    ("json", render::json),
    ("ndjson", ndjson),
    ("ocsf", render::ocsf),
    ("asff", render::asff),
    ("junit", render::junit),
    ("oscal", render::oscal),
    ("prometheus", render::prometheus),
];

fn ndjson(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    report.findings.iter().try_for_each(|finding| render::ndjson_finding(finding, out))?;
    render::ndjson_report(report, out)
}

fn rendered(render: Render, report: &Report) -> String {
    let mut out = Vec::new();
    render(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn form(name: &str, report: &Report) -> String {
    rendered(FORMS.iter().find(|(form, _)| *form == name).unwrap().1, report)
}
