//! The text exposition format of Prometheus: what to alert on, of a monitor that runs.
//!
//! All are gauges: what is counted is what the state file remembers, and it forgets.

use std::io;

use crate::finding::Code;
use crate::monitor::status::{ChainStatus, RunStatus, Status, TargetStatus};
use crate::render::prometheus::{Page, number};
use crate::report::Verdict;

/// Writes the numbers. Series that could be zero are there as zero, so that an alert on them can fire.
///
/// Who may write to a bucket chooses names in it, and so labels. How many there can be is bounded all the same: chains, by
/// how many a status names, those first that AWS ever signed for; all else, by the configuration and by the list of codes.
/// No label holds the key of an object or a message.
pub fn metrics(status: &Status, out: &mut dyn io::Write) -> io::Result<()> {
    let page = &mut Page(out);
    page.head("trailseal_monitor_info", "The program's version and the status's schema; always 1.")?;
    let labels = [("version", status.tool.version.as_str()), ("schema", status.schema.as_str())];
    page.sample("trailseal_monitor_info", &labels, 1)?;
    page.head("trailseal_monitor_as_of_timestamp_seconds", "When the state file was read.")?;
    page.sample("trailseal_monitor_as_of_timestamp_seconds", &[], status.at.unix())?;
    page.head("trailseal_monitor_state_bytes", "Size of the state file.")?;
    page.sample("trailseal_monitor_state_bytes", &[], status.state.bytes)?;
    for metric in TARGET_METRICS {
        page.head(metric.name, metric.help)?;
        for target in &status.targets {
            for (labels, value) in (metric.samples)(target) {
                let named = [("target", target.name.as_str())];
                page.sample(metric.name, &[&named[..], &labels[..]].concat(), value)?;
            }
        }
    }
    findings(status, page)?;
    for (name, help, value) in CHAIN_METRICS {
        page.head(name, help)?;
        for target in &status.targets {
            for (chain, value) in target.chains.iter().filter_map(|chain| Some((chain, value(chain)?))) {
                page.sample(name, &chain_labels(target, chain), value)?;
            }
        }
    }
    deliveries(status, page)
}

fn findings(status: &Status, page: &mut Page<'_>) -> io::Result<()> {
    page.head("trailseal_monitor_open_findings", "Open findings by code; those that a waiver accepts apart.")?;
    for target in &status.targets {
        for code in Code::ALL {
            let severity = code.severity().to_string();
            for waived in [false, true] {
                let labels = [
                    ("target", target.name.as_str()),
                    ("code", code.name()),
                    ("severity", severity.as_str()),
                    ("waived", if waived { "true" } else { "false" }),
                ];
                page.sample("trailseal_monitor_open_findings", &labels, target.open_of(*code, waived))?;
            }
        }
    }
    Ok(())
}

fn deliveries(status: &Status, page: &mut Page<'_>) -> io::Result<()> {
    page.head(
        "trailseal_monitor_deliveries",
        "Events that a sink has not taken yet: all that wait, and of these, those that it was offered in vain.",
    )?;
    for sink in &status.deliveries {
        for (state, count) in [("waiting", sink.waiting), ("failing", sink.failing)] {
            let labels = [("sink", sink.sink.as_str()), ("state", state)];
            page.sample("trailseal_monitor_deliveries", &labels, count)?;
        }
    }
    let name = "trailseal_monitor_delivery_waiting_since_timestamp_seconds";
    page.head(name, "When the oldest event happened that a sink has not taken yet; no series where none waits.")?;
    for sink in &status.deliveries {
        if let Some(since) = sink.waiting_since {
            page.sample(name, &[("sink", &sink.sink)], since.unix())?;
        }
    }
    Ok(())
}

fn chain_labels<'a>(target: &'a TargetStatus, chain: &'a ChainStatus) -> [(&'static str, &'a str); 6] {
    let kind = match chain.id.kind {
        crate::trail::ChainKind::Standard => "standard",
        crate::trail::ChainKind::Backfill => "backfill",
    };
    [
        ("target", &target.name),
        ("account_id", &chain.id.account_id),
        ("region", &chain.id.region),
        ("trail", &chain.id.trail),
        ("home_region", &chain.id.home_region),
        ("kind", kind),
    ]
}

// -- the tables -----------------------------------------------------------------------------------------------------

/// A number of every chain; none where there is no series.
type ChainMetric = (&'static str, &'static str, fn(&ChainStatus) -> Option<i64>);

const CHAIN_METRICS: [ChainMetric; 3] = [
    (
        "trailseal_monitor_proven_until_timestamp_seconds",
        "Until when the chain is proven; no series where nothing is.",
        |chain| chain.proven_until.map(|until| until.unix()),
    ),
    (
        "trailseal_monitor_newest_digest_timestamp_seconds",
        "The end of the chain's newest proven digest file; no series where there is none.",
        |chain| chain.newest_digest_end.map(|end| end.unix()),
    ),
    (
        "trailseal_monitor_newest_digest_age_seconds",
        "The age of that when the state file was read; in a file, time() less the above does not stand still.",
        |chain| chain.newest_digest_age,
    ),
];

type Sample = (Vec<(&'static str, &'static str)>, i64);

/// Numbers of every target.
struct TargetMetric {
    name: &'static str,
    help: &'static str,
    samples: fn(&TargetStatus) -> Vec<Sample>,
}

const TARGET_METRICS: &[TargetMetric] = &[
    TargetMetric {
        name: "trailseal_monitor_verdict",
        help: "1 for the verdict of the last run, 0 for the others; all 0 before the first has ended.",
        samples: |target| {
            let is = |verdict| i64::from(target.verdict_now() == Some(verdict));
            [("intact", Verdict::Intact), ("not-intact", Verdict::NotIntact), ("inconclusive", Verdict::Inconclusive)]
                .map(|(name, verdict)| (vec![("verdict", name)], is(verdict)))
                .into()
        },
    },
    TargetMetric {
        name: "trailseal_monitor_narrowed",
        help: "1 where the last run's verdict is of less than everything: of some accounts or log files only.",
        samples: |target| {
            let ended = target.last_run.is_some();
            ended.then(|| (Vec::new(), i64::from(target.narrowed().is_some()))).into_iter().collect()
        },
    },
    TargetMetric {
        name: "trailseal_monitor_last_run_outcome",
        help: "1 for how the last run ended, 0 for the others; all 0 before the first has ended.",
        samples: |target| {
            let outcome = target.last_run.as_ref().and_then(|run| run.outcome.as_deref());
            ["complete", "partial", "failed"]
                .map(|name| (vec![("outcome", name)], i64::from(outcome == Some(name))))
                .into()
        },
    },
    TargetMetric {
        name: "trailseal_monitor_last_run_end_timestamp_seconds",
        help: "When the last run ended, however it did.",
        samples: |target| of_last(target, |run| run.ended.map(|ended| ended.unix())),
    },
    TargetMetric {
        name: "trailseal_monitor_last_complete_run_end_timestamp_seconds",
        help: "When the last run ended that looked at all that it was to look at; 0 if none has, so that an alert fires.",
        samples: |target| {
            let complete = target.last_complete_run.as_ref().and_then(|run| run.ended);
            vec![(Vec::new(), complete.map_or(0, |ended| ended.unix()))]
        },
    },
    TargetMetric {
        name: "trailseal_monitor_last_run_duration_seconds",
        help: "How long the last run took.",
        samples: |target| of_last(target, RunStatus::seconds),
    },
    TargetMetric {
        name: "trailseal_monitor_last_run_digests",
        help: "Digest files that the last run verified, and of these, those that it read from the bucket.",
        samples: |target| both(target, |run| (run.digests, run.digests_read)),
    },
    TargetMetric {
        name: "trailseal_monitor_last_run_log_files",
        help: "Log files that the last run verified, and of these, those that it read from the bucket.",
        samples: |target| both(target, |run| (run.log_files, run.log_files_read)),
    },
    TargetMetric {
        name: "trailseal_monitor_last_run_hashed_bytes",
        help: "Uncompressed bytes of log files that the last run hashed.",
        samples: |target| of_last(target, |run| Some(number(run.bytes_hashed))),
    },
    TargetMetric {
        name: "trailseal_monitor_runs",
        help: "Runs that are remembered, by how they ended; none where they have no end.",
        samples: |target| {
            let of = target.runs_by_outcome;
            let counts =
                [("complete", of.complete), ("partial", of.partial), ("failed", of.failed), ("none", of.without_end)];
            counts.map(|(name, count)| (vec![("outcome", name)], number(count))).into()
        },
    },
    TargetMetric {
        name: "trailseal_monitor_chains",
        help: "Chains that are known.",
        samples: |target| vec![(Vec::new(), number(target.chains_known))],
    },
    TargetMetric {
        name: "trailseal_monitor_chains_named",
        help: "Chains that have series of their own: all, unless they are too many.",
        samples: |target| vec![(Vec::new(), number(target.chains.len() as u64))],
    },
];

fn of_last(target: &TargetStatus, value: fn(&RunStatus) -> Option<i64>) -> Vec<Sample> {
    target.last_run.as_ref().and_then(value).map(|value| (Vec::new(), value)).into_iter().collect()
}

fn both(target: &TargetStatus, counts: fn(&RunStatus) -> (u64, u64)) -> Vec<Sample> {
    let Some((verified, read)) = target.last_run.as_ref().map(counts) else { return Vec::new() };
    vec![(vec![("how", "verified")], number(verified)), (vec![("how", "read")], number(read))]
}
