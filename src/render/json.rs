//! JSON: the report as its model has it, schema `trailseal.report/1`, and the same as one line a finding.

use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::escape::is_hidden;
use crate::finding::Finding;
use crate::report::{
    AppliedWaiver, ChainReport, Checks, PublicKeyReport, Report, RequestReport, ToolReport, Totals, Verdict,
};

/// Writes the report as one JSON object, indented by two spaces, with a newline at its end.
pub fn json(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    json_value(report, out)
}

/// Writes something other than a report in the same form.
pub fn json_value(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    write(value, PrettyFormatter::new(), out)
}

/// Writes anything as one line of JSON.
pub(super) fn json_line(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    write(value, CompactFormatter, out)
}

/// Writes one finding as one line of JSON.
pub fn ndjson_finding(finding: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
    json_line(finding, out)
}

/// Writes the report without its findings as one line of JSON: the last line, after the findings.
pub fn ndjson_report(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let without = WithoutFindings {
        schema: &report.schema,
        tool: &report.tool,
        request: &report.request,
        verdict: report.verdict,
        totals: report.totals,
        chains: &report.chains,
        waivers: &report.waivers,
        public_keys: &report.public_keys,
        checks: &report.checks,
        setup: report.setup.as_deref(),
    };
    json_line(&without, out)
}

/// [`Report`] without `findings`; a test holds it against the report's own keys.
#[derive(Serialize)]
struct WithoutFindings<'a> {
    schema: &'a str,
    tool: &'a ToolReport,
    request: &'a RequestReport,
    verdict: Verdict,
    totals: Totals,
    chains: &'a [ChainReport],
    waivers: &'a [AppliedWaiver],
    public_keys: &'a [PublicKeyReport],
    checks: &'a Checks,
    #[serde(skip_serializing_if = "Option::is_none")]
    setup: Option<&'a crate::doctor::Examination>,
}

fn write(value: &impl Serialize, formatter: impl Formatter, mut out: &mut dyn io::Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut out, Visible(formatter)))?;
    out.write_all(b"\n")
}

/// JSON needs to escape only the C0 controls; this escapes whatever would act on a terminal, as JSON's own `\u009b`, so
/// that every reader gets the same text and no terminal obeys it.
struct Visible<F>(F);

impl<F: Formatter> Formatter for Visible<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_hidden(*c)) {
            self.0.write_string_fragment(out, &rest[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        self.0.write_string_fragment(out, rest)
    }

    fn write_char_escape<W: ?Sized + io::Write>(&mut self, out: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(out, escape)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}
