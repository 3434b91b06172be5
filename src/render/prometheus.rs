//! The text exposition format of Prometheus: numbers to alert on, one file for the textfile collector.

use std::collections::BTreeMap;
use std::io;

use super::escape::visible;
use crate::finding::Code;
use crate::report::{ChainReport, OneChain, Report, Verdict};
use crate::trail::ChainKind;

/// Writes the report's numbers. Series that could be zero are there as zero, so that an alert on them can fire.
pub fn prometheus(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page(out);
    overall(report, &mut page)?;
    findings(report, &mut page)?;
    waivers(report, &mut page)?;
    let chains = report.by_chain().chains;
    for metric in CHAIN_METRICS {
        page.head(metric.name, metric.help)?;
        for one in &chains {
            for (labels, value) in (metric.samples)(one) {
                let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
                page.sample(metric.name, &[&chain_labels(one.chain)[..], &labels[..]].concat(), value)?;
            }
        }
    }
    Ok(())
}

const VERDICTS: [Verdict; 3] = [Verdict::Intact, Verdict::NotIntact, Verdict::Inconclusive];

fn overall(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    page.head("trailseal_report_info", "The program's version, the report's schema and what was audited; always 1.")?;
    let labels = [
        ("version", report.tool.version.as_str()),
        ("schema", report.schema.as_str()),
        ("source", report.request.source.as_str()),
        ("log_files", report.request.log_files.as_str()),
    ];
    page.sample("trailseal_report_info", &labels, 1)?;
    page.head("trailseal_verdict", "1 for the verdict that the report came to, 0 for the others.")?;
    for verdict in VERDICTS {
        page.sample("trailseal_verdict", &[("verdict", &verdict.to_string())], i64::from(report.verdict == verdict))?;
    }
    let period = report.period();
    for (name, help, value) in [
        ("trailseal_as_of_timestamp_seconds", "When the evidence was looked at.", report.request.as_of.unix()),
        ("trailseal_period_start_timestamp_seconds", "From when on the report speaks.", period.start.unix()),
        ("trailseal_period_end_timestamp_seconds", "Until when the report speaks.", period.end.unix()),
        ("trailseal_partial", "Whether the run was interrupted.", i64::from(report.is_partial())),
        (
            "trailseal_not_checked",
            "How many things that belong to the whole were not checked; the report names each.",
            i64::try_from(report.checks.skipped.len()).unwrap_or(i64::MAX),
        ),
    ] {
        page.head(name, help)?;
        page.sample(name, &[], value)?;
    }
    page.head("trailseal_hashed_bytes", "Uncompressed bytes of log files hashed.")?;
    page.sample("trailseal_hashed_bytes", &[], report.totals.bytes_hashed)
}

fn findings(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let counts = report.findings_by_code();
    page.head("trailseal_findings", "Findings by code; those that a waiver accepts apart.")?;
    for code in Code::ALL {
        let severity = code.severity().to_string();
        for waived in [false, true] {
            let count = counts.get(&(*code, waived)).copied().unwrap_or_default();
            let waived = waived.to_string();
            let labels = [("code", code.name()), ("severity", severity.as_str()), ("waived", waived.as_str())];
            page.sample("trailseal_findings", &labels, count)?;
        }
    }
    Ok(())
}

/// Who accepted what, until when and why.
fn waivers(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    page.head(
        "trailseal_waiver_findings",
        "Findings that each waiver was applied to; 0 also of one that has expired.",
    )?;
    // One that is there twice would be one series with two values.
    let mut accepted: BTreeMap<[String; 5], u64> = BTreeMap::new();
    for waiver in &report.waivers {
        let (only, until) = (waiver.narrowed_to().join(", "), waiver.until.to_string());
        let of = [waiver.code.name().to_owned(), only, waiver.who.clone(), until, waiver.reason.clone()];
        *accepted.entry(of).or_default() += waiver.findings;
    }
    for ([code, only, who, until, reason], findings) in &accepted {
        let labels = [("code", code.as_str()), ("only", only), ("who", who), ("until", until), ("reason", reason)];
        page.sample("trailseal_waiver_findings", &labels, findings)?;
    }
    Ok(())
}

/// A number of every chain.
struct ChainMetric {
    name: &'static str,
    help: &'static str,
    samples: fn(&OneChain<'_>) -> Vec<Sample>,
}

/// Labels beside the chain's own, and a number.
type Sample = (Vec<(&'static str, String)>, i64);

const CHAIN_METRICS: [ChainMetric; 7] = [
    ChainMetric {
        name: "trailseal_chain_verdict",
        help: "1 for what the chain comes to, 0 for the rest; a finding of no chain counts against each.",
        samples: |one| {
            VERDICTS.map(|verdict| (vec![("verdict", verdict.to_string())], i64::from(one.verdict == verdict))).into()
        },
    },
    ChainMetric {
        name: "trailseal_digests",
        help: "Digest files of the chain by state.",
        samples: |one| {
            let of = one.chain.digests;
            states(&[("verified", of.verified), ("violated", of.violated), ("unproven", of.unproven)])
        },
    },
    ChainMetric {
        name: "trailseal_log_files",
        help: "Log files that verified digests of the chain list, by state.",
        samples: |one| {
            let of = one.chain.log_files;
            states(&[
                ("verified", of.verified),
                ("violated", of.violated),
                ("unproven", of.unproven),
                ("not_checked", of.not_checked),
            ])
        },
    },
    ChainMetric {
        name: "trailseal_unlisted_objects",
        help: "Objects in the chain's log folders that no verified digest lists.",
        samples: |one| vec![(Vec::new(), number(one.chain.log_files.unlisted))],
    },
    ChainMetric {
        name: "trailseal_proven_until_timestamp_seconds",
        help: "Until when the chain is proven; no series where nothing is.",
        samples: |one| one.chain.proven_until().map(|until| (Vec::new(), until.unix())).into_iter().collect(),
    },
    ChainMetric {
        name: "trailseal_proven_seconds",
        help: "Seconds of the period that verified digests of the chain cover.",
        samples: |one| vec![(Vec::new(), one.chain.proven_seconds())],
    },
    ChainMetric {
        name: "trailseal_hole_seconds",
        help: "Seconds of the period that no verified digest of the chain covers, by reason; without holes, 0 and no reason.",
        samples: |one| {
            let holes = one.chain.hole_seconds();
            if holes.is_empty() {
                return vec![(vec![("reason", String::new())], 0)];
            }
            holes.into_iter().map(|(reason, seconds)| (vec![("reason", reason.to_string())], seconds)).collect()
        },
    },
];

fn states(counts: &[(&'static str, u64)]) -> Vec<Sample> {
    counts.iter().map(|(state, count)| (vec![("state", (*state).to_owned())], number(*count))).collect()
}

pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn chain_labels(chain: &ChainReport) -> [(&'static str, &str); 5] {
    let kind = match chain.kind {
        ChainKind::Standard => "standard",
        ChainKind::Backfill => "backfill",
    };
    [
        ("account_id", &chain.account_id),
        ("region", &chain.region),
        ("trail", &chain.trail),
        ("home_region", &chain.home_region),
        ("kind", kind),
    ]
}

/// The one place that writes: names and help are ours, label values are escaped.
pub(super) struct Page<'a>(pub(super) &'a mut dyn io::Write);

impl Page<'_> {
    pub(super) fn head(&mut self, name: &str, help: &str) -> io::Result<()> {
        write!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge\n")
    }

    pub(super) fn sample(
        &mut self,
        name: &str,
        labels: &[(&str, &str)],
        value: impl std::fmt::Display,
    ) -> io::Result<()> {
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", label_value(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        writeln!(self.0, "{name}{labels} {value}")
    }
}

/// First for whoever looks at it on a terminal, then for the format, in which `\`, `"` and newline are special.
fn label_value(value: &str) -> String {
    visible(value).replace('\\', "\\\\").replace('"', "\\\"")
}
