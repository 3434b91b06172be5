//! What monitors have to tell, built by hand: of a report, what a state file would tell after it.

use std::collections::BTreeMap;

use trailseal::finding::Finding;
use trailseal::monitor::status::{
    ChainStatus, DeliveryStatus, FindingCount, FindingStatus, RunCounts, RunStatus, STATUS_SCHEMA, StateFile, Status,
    StretchStatus, TargetStatus,
};
use trailseal::report::{ChainReport, Report, ToolReport};
use trailseal::trail::{ChainId, Interval, Time};

/// As of the end of the reports, each of a target of that name.
pub(crate) fn status(reports: &[(&str, Report)]) -> Status {
    let at = reports.iter().map(|(_, report)| report.request.as_of).max().unwrap_or(super::hour(48));
    Status {
        schema: STATUS_SCHEMA.to_owned(),
        tool: ToolReport { name: "trailseal".to_owned(), version: "0.0.0".to_owned() },
        at,
        state: StateFile { path: "state.sqlite".to_owned(), bytes: 4_096 },
        window: Interval::new(at.plus(-90 * Time::DAY), at),
        targets: reports.iter().map(|(name, report)| target(name, report, at)).collect(),
        other_targets: Vec::new(),
        deliveries: vec![
            DeliveryStatus {
                sink: "chat".to_owned(),
                waiting: 3,
                failing: 1,
                waiting_since: Some(at.plus(-7_200)),
                next_attempt: Some(at.plus(600)),
                error: Some("the webhook answered 503".to_owned()),
                delivered: 12,
                last_delivered: Some(at.plus(-10_800)),
            },
            DeliveryStatus { sink: "siem".to_owned(), ..DeliveryStatus::default() },
        ],
    }
}

pub(crate) fn as_page(status: &Status) -> String {
    let mut out = Vec::new();
    trailseal::render::monitor::page(status, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// One word in every field that can hold one.
pub(crate) fn said_everywhere(word: &str) -> Status {
    let mut status = status(&[("hostile", super::pages::said_everywhere(word))]);
    status.schema = word.to_owned();
    status.tool.name = word.to_owned();
    status.tool.version = word.to_owned();
    status.state.path = word.to_owned();
    status.other_targets = vec![word.to_owned()];
    let target = &mut status.targets[0];
    target.name = word.to_owned();
    target.source = Some(word.to_owned());
    target.next_steps = vec![word.to_owned()];
    for run in target.runs.iter_mut().chain(&mut target.last_run).chain(&mut target.last_complete_run) {
        run.version = word.to_owned();
        run.outcome = Some(word.to_owned());
        run.error = Some(word.to_owned());
        run.recheck = Some(word.to_owned());
        run.reread = Some(word.to_owned());
        run.narrowed = Some(word.to_owned());
    }
    target.findings.iter_mut().for_each(|found| found.id = word.to_owned());
    target.chains[0].newest_digest = Some(word.to_owned());
    for sink in &mut status.deliveries {
        sink.sink = word.to_owned();
        sink.error = Some(word.to_owned());
    }
    status.deliveries.pop();
    status
}

fn target(name: &str, report: &Report, now: Time) -> TargetStatus {
    let last = run(2, now.plus(-3_600), report);
    let before = RunStatus { opened: 0, resolved: 1, ..run(1, now.plus(-7_200), report) };
    let mut counts = BTreeMap::new();
    report.findings.iter().for_each(|found| *counts.entry((found.code, found.waived)).or_default() += 1);
    let open_findings =
        counts.into_iter().map(|((code, waived), open)| FindingCount { code, severity: code.severity(), waived, open });
    TargetStatus {
        name: name.to_owned(),
        source: Some(report.request.source.clone()),
        verdict: Some(report.verdict),
        blind: None,
        last_run: Some(last.clone()),
        last_complete_run: Some(last.clone()),
        runs: vec![last, before],
        runs_by_outcome: RunCounts { complete: 2, ..RunCounts::default() },
        chains_known: report.chains.len() as u64,
        chains: report.chains.iter().map(|report| chain(report, now)).collect(),
        open_findings: open_findings.collect(),
        findings: report.findings.iter().take(500).map(|finding| found(finding, now)).collect(),
        next_steps: vec!["log-missing: look for it".to_owned()],
    }
}

fn run(run: i64, began: Time, report: &Report) -> RunStatus {
    RunStatus {
        run,
        version: "1.0.0".to_owned(),
        began,
        ended: Some(began.plus(90)),
        outcome: Some("complete".to_owned()),
        error: None,
        verdict: Some(report.verdict),
        period: Some(report.period()),
        recheck: Some("1/1".to_owned()),
        reread: Some("none".to_owned()),
        digests: report.totals.digests.verified,
        digests_read: 2,
        log_files: report.totals.log_files.verified,
        log_files_read: 20,
        bytes_hashed: report.totals.bytes_hashed,
        opened: report.findings.len() as u64,
        resolved: 0,
        narrowed: (!report.request.accounts.is_empty()).then(|| format!("only {}", report.request.accounts.join(" "))),
    }
}

fn chain(report: &ChainReport, now: Time) -> ChainStatus {
    let ChainReport { account_id, region, trail, home_region, kind, .. } = report.clone();
    let newest = report.newest.clone();
    let proven = report.proven.iter().map(|time| StretchStatus { start: time.start, end: time.end, reason: None });
    let holes = report.holes.iter();
    let holes = holes.map(|hole| StretchStatus { start: hole.start, end: hole.end, reason: Some(hole.reason) });
    let mut coverage: Vec<StretchStatus> = proven.chain(holes).collect();
    coverage.sort_by_key(|stretch| stretch.start);
    ChainStatus {
        id: ChainId { account_id, region, trail, home_region, kind },
        proven_until: report.proven_until(),
        newest_digest_age: newest.as_ref().map(|newest| now.since(newest.end)),
        newest_digest_end: newest.as_ref().map(|newest| newest.end),
        newest_digest: newest.map(|newest| newest.key),
        coverage,
        coverage_omitted: false,
    }
}

fn found(finding: &Finding, now: Time) -> FindingStatus {
    FindingStatus {
        id: "5f2d9c0e1a7b4c3d8e6f0a1b".to_owned(),
        opened: now.plus(-3_600),
        seen: now,
        told: (!finding.waived).then(|| now.plus(-3_000)),
        waiting: 0,
        finding: finding.clone(),
    }
}
