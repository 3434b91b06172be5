//! JUnit XML, for the test reports of CI systems: a suite for each chain, and one for the report.

use std::io;

use super::aspect::{Aspect, counts, line, not_checked, waivers};
use super::escape::visible;
use crate::finding::{Finding, Severity};
use crate::report::{ByChain, OneChain, Report, Verdict};

/// Writes the report as JUnit XML. A violation is a failure; what is unproven is an error, for the check could not be
/// done; what is waived or a note is in the test's output. Names stay the same from run to run.
pub fn junit(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let by_chain = report.by_chain();
    let whole = Suite::of_the_report(report, &by_chain);
    let suites: Vec<Suite> = by_chain.chains.iter().map(Suite::of_chain).chain([whole]).collect();
    let mut page = Page(out);
    page.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
    page.open(
        "testsuites",
        &[("name", "trailseal"), ("time", "0")],
        &Counts::of(suites.iter().flat_map(|s| &s.tests)),
    )?;
    for suite in &suites {
        suite.write(report, &mut page)?;
    }
    page.raw("</testsuites>\n")
}

struct Suite {
    name: String,
    properties: Vec<(&'static str, String)>,
    tests: Vec<Test>,
}

struct Test {
    name: &'static str,
    outcome: Outcome,
    /// The worst code, which is the type of the failure or error.
    kind: String,
    summary: String,
    /// The findings that count, one a line.
    counted: Vec<String>,
    /// Counts, notes, and what is waived.
    output: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Error,
    Skipped,
}

impl Suite {
    fn of_chain(one: &OneChain<'_>) -> Suite {
        let chain = one.chain;
        let mut properties = vec![
            ("account_id", chain.account_id.clone()),
            ("region", chain.region.clone()),
            ("trail", chain.trail.clone()),
            ("home_region", chain.home_region.clone()),
            ("kind", chain.kind.to_string()),
            ("verdict", one.headline.clone()),
        ];
        properties.extend(chain.proven_until().map(|until| ("proven_until", until.to_string())));
        let logs = chain.log_files;
        let tests = Aspect::ALL.map(|aspect| {
            let mut test = Test::of(aspect, aspect.counts(chain), &one.findings);
            let unread = aspect == Aspect::LogFiles && logs.not_checked > 0 && logs.verified == 0;
            if unread && test.outcome == Outcome::Passed {
                test.outcome = Outcome::Skipped;
            }
            test
        });
        Suite { name: one.id.to_string(), properties, tests: tests.into() }
    }

    /// The verdict, so that a run that is not intact never passes, and what belongs to no chain.
    fn of_the_report(report: &Report, by_chain: &ByChain<'_>) -> Suite {
        let findings = [&by_chain.of_none[..], &by_chain.elsewhere].concat();
        let properties = vec![
            ("source", report.request.source.clone()),
            ("version", report.tool.version.clone()),
            ("period", report.period().to_string()),
        ];
        let mut tests = vec![Test::of_verdict(report)];
        tests.extend(Aspect::ALL.map(|aspect| Test::of(aspect, "in no chain".to_owned(), &findings)));
        Suite { name: "report".to_owned(), properties, tests }
    }

    fn write(&self, report: &Report, page: &mut Page<'_>) -> io::Result<()> {
        // The format has no offset, and UTC is what it is taken for.
        let as_of = report.request.as_of.to_string();
        let attributes = [("name", self.name.as_str()), ("timestamp", as_of.trim_end_matches('Z')), ("time", "0")];
        page.open("testsuite", &attributes, &Counts::of(&self.tests))?;
        page.raw("<properties>\n")?;
        for (name, value) in &self.properties {
            page.element("property", &[("name", name), ("value", value)], None)?;
        }
        page.raw("</properties>\n")?;
        for test in &self.tests {
            test.write(&self.name, page)?;
        }
        page.raw("</testsuite>\n")
    }
}

impl Test {
    fn of_verdict(report: &Report) -> Test {
        Test {
            name: "verdict",
            outcome: match report.verdict {
                Verdict::Intact => Outcome::Passed,
                Verdict::NotIntact => Outcome::Failed,
                Verdict::Inconclusive => Outcome::Error,
            },
            kind: report.verdict.to_string(),
            summary: report.headline(),
            counted: Vec::new(),
            output: [report.headline()].into_iter().chain(not_checked(report)).chain(waivers(report)).collect(),
        }
    }

    fn of(aspect: Aspect, summary: String, findings: &[&Finding]) -> Test {
        let mut test = Test {
            name: aspect.name(),
            outcome: Outcome::Passed,
            kind: String::new(),
            counted: Vec::new(),
            output: vec![summary.clone()],
            summary,
        };
        let (counted, rest): (Vec<&Finding>, Vec<&Finding>) = findings
            .iter()
            .copied()
            .filter(|finding| Aspect::of(finding.code) == aspect)
            .partition(|finding| counts(finding));
        if let Some(worst) = counted.iter().min_by_key(|finding| finding.severity) {
            test.outcome = if worst.severity == Severity::Violation { Outcome::Failed } else { Outcome::Error };
            test.kind = worst.code.to_string();
            test.summary = format!("{}: {}", worst.code.sentence().trim_end_matches('.'), test.summary);
        }
        test.counted = counted.into_iter().map(line).collect();
        test.output.extend(
            rest.into_iter()
                .map(|finding| format!("{}: {}", if finding.waived { "waived" } else { "note" }, line(finding))),
        );
        test
    }

    fn write(&self, suite: &str, page: &mut Page<'_>) -> io::Result<()> {
        let attributes = [("classname", suite), ("name", self.name), ("time", "0")];
        page.open("testcase", &attributes, &Counts(Vec::new()))?;
        let told = [("message", self.summary.as_str()), ("type", self.kind.as_str())];
        match self.outcome {
            Outcome::Passed => {}
            Outcome::Failed => page.element("failure", &told, Some(&self.counted))?,
            Outcome::Error => page.element("error", &told, Some(&self.counted))?,
            Outcome::Skipped => page.element("skipped", &told[..1], None)?,
        }
        page.element("system-out", &[], Some(&self.output))?;
        page.raw("</testcase>\n")
    }
}

/// How many tests there are and how they ended: the format wants it at the head of each suite.
struct Counts(Vec<(&'static str, usize)>);

impl Counts {
    fn of<'a>(tests: impl IntoIterator<Item = &'a Test>) -> Counts {
        let outcomes: Vec<Outcome> = tests.into_iter().map(|test| test.outcome).collect();
        let ended = |outcome| outcomes.iter().filter(|ended| **ended == outcome).count();
        Counts(vec![
            ("tests", outcomes.len()),
            ("failures", ended(Outcome::Failed)),
            ("errors", ended(Outcome::Error)),
            ("skipped", ended(Outcome::Skipped)),
        ])
    }
}

/// The one place that writes: names are ours, values and text are escaped.
struct Page<'a>(&'a mut dyn io::Write);

impl Page<'_> {
    fn raw(&mut self, ours: &'static str) -> io::Result<()> {
        self.0.write_all(ours.as_bytes())
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)], counts: &Counts) -> io::Result<()> {
        write!(self.0, "<{name}")?;
        for (name, value) in attributes {
            write!(self.0, " {name}=\"{}\"", escaped(value))?;
        }
        counts.0.iter().try_for_each(|(name, count)| write!(self.0, " {name}=\"{count}\""))
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)], counts: &Counts) -> io::Result<()> {
        self.start(name, attributes, counts)?;
        self.raw(">\n")
    }

    /// An element with lines of text in it, or with nothing.
    fn element(&mut self, name: &str, attributes: &[(&str, &str)], lines: Option<&[String]>) -> io::Result<()> {
        self.start(name, attributes, &Counts(Vec::new()))?;
        let Some(lines) = lines else { return self.raw("/>\n") };
        let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
        writeln!(self.0, ">{}</{name}>", lines.join("\n"))
    }
}

/// First for whoever looks at it, which also takes away all that XML cannot hold; then for XML.
fn escaped(text: &str) -> String {
    let text = visible(text);
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&apos;"),
            c => shown.push(c),
        }
    }
    shown
}
