//! The state as it is shown: one look at the file, whatever a run writes to it meanwhile.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::chains::{kind, reason};
use super::{State, StateError};
use crate::finding::Code;
use crate::monitor::status::{
    Asked, ChainStatus, DeliveryStatus, FindingCount, FindingStatus, RunCounts, RunStatus, STATUS_SCHEMA, StateFile,
    Status, StretchStatus, TargetStatus,
};
use crate::report::{Report, Verdict};
use crate::trail::{ChainId, Interval, Time};

impl State {
    /// What there is to tell. Who asks for a target that the file does not know is told that no run over it has begun.
    pub fn status(&self, asked: &Asked) -> Result<Status, StateError> {
        let window = Interval::new(asked.now.plus(-WINDOW), asked.now);
        // A plain transaction only reads: it sees one state of the file, and stands in nobody's way.
        let (targets, other_targets, deliveries) = self.with(|connection| {
            let transaction = connection.transaction()?;
            let known = known(&transaction)?;
            let is_asked = |name: &String| asked.targets.is_empty() || asked.targets.contains(name);
            let mut targets = Vec::new();
            for (id, name, source) in known.iter().filter(|(_, name, _)| is_asked(name)) {
                let mut target = target(&transaction, *id, name, source, window)?;
                target.blind = target.blindness(asked);
                target.next_steps = target.steps();
                targets.push(target);
            }
            let missing = asked.targets.iter().filter(|name| known.iter().all(|(_, known, _)| known != *name));
            targets.extend(missing.map(|name| never_run(name)));
            targets.sort_by(|a: &TargetStatus, b| a.name.cmp(&b.name));
            let others = known.iter().map(|(_, name, _)| name).filter(|name| !is_asked(name)).cloned().collect();
            Ok((targets, others, deliveries(&transaction, &asked.sinks)?))
        })?;
        Ok(Status {
            schema: STATUS_SCHEMA.to_owned(),
            tool: Report::tool(),
            at: asked.now,
            state: StateFile { path: self.path.display().to_string(), bytes: self.bytes() },
            window,
            targets,
            other_targets,
            deliveries,
        })
    }

    fn bytes(&self) -> u64 {
        let mut beside = self.path.as_os_str().to_owned();
        beside.push("-wal");
        let size = |path: &std::path::Path| path.metadata().map_or(0, |found| found.len());
        size(&self.path).saturating_add(size(beside.as_ref()))
    }
}

fn known(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<(i64, String, String)>> {
    let mut asked = transaction.prepare_cached("SELECT id, name, source FROM target ORDER BY name")?;
    asked.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

fn never_run(name: &str) -> TargetStatus {
    let mut status = TargetStatus {
        name: name.to_owned(),
        source: None,
        verdict: None,
        blind: None,
        last_run: None,
        last_complete_run: None,
        runs: Vec::new(),
        runs_by_outcome: RunCounts::default(),
        chains_known: 0,
        chains: Vec::new(),
        open_findings: Vec::new(),
        findings: Vec::new(),
        next_steps: Vec::new(),
    };
    status.next_steps = status.steps();
    status
}

fn target(
    transaction: &Transaction<'_>,
    id: i64,
    name: &str,
    source: &str,
    window: Interval,
) -> rusqlite::Result<TargetStatus> {
    let runs = runs(transaction, id, "", RUNS)?;
    let last_run = runs_one(transaction, id, "AND ended IS NOT NULL")?;
    let chains_known = transaction
        .prepare_cached("SELECT count(*) FROM chain WHERE target = ?1")?
        .query_row([id], |row| number(row, 0))?;
    let status = TargetStatus {
        source: Some(source.to_owned()),
        verdict: last_run.as_ref().and_then(|run| run.verdict),
        last_run,
        last_complete_run: runs_one(transaction, id, "AND outcome = 'complete'")?,
        runs,
        runs_by_outcome: run_counts(transaction, id)?,
        chains_known,
        chains: chains(transaction, id, window)?,
        open_findings: finding_counts(transaction, id)?,
        findings: findings(transaction, id)?,
        ..never_run(name)
    };
    Ok(status)
}

// -- runs -----------------------------------------------------------------------------------------------------------

fn runs_one(transaction: &Transaction<'_>, target: i64, which: &'static str) -> rusqlite::Result<Option<RunStatus>> {
    Ok(runs(transaction, target, which, 1)?.pop())
}

fn runs(
    transaction: &Transaction<'_>,
    target: i64,
    which: &'static str,
    most: i64,
) -> rusqlite::Result<Vec<RunStatus>> {
    let sql = format!(
        "SELECT id, version, began, ended, outcome, error, verdict, period_start, period_end, recheck, reread,
                digests, digests_read, logs, logs_read, bytes_hashed, opened, resolved, narrowed
         FROM run WHERE target = ?1 {which} ORDER BY id DESC LIMIT ?2"
    );
    let mut asked = transaction.prepare_cached(&sql)?;
    asked.query_map(params![target, most], run)?.collect()
}

fn run(row: &Row<'_>) -> rusqlite::Result<RunStatus> {
    let verdict: Option<String> = row.get(6)?;
    let period: (Option<i64>, Option<i64>) = (row.get(7)?, row.get(8)?);
    let all = [Verdict::Intact, Verdict::NotIntact, Verdict::Inconclusive];
    Ok(RunStatus {
        run: row.get(0)?,
        version: row.get(1)?,
        began: Time::from_unix(row.get(2)?),
        ended: time(row, 3)?,
        outcome: row.get(4)?,
        error: row.get(5)?,
        verdict: verdict.and_then(|name| all.into_iter().find(|verdict| verdict.to_string() == name)),
        period: period.0.zip(period.1).map(|(start, end)| Interval::new(Time::from_unix(start), Time::from_unix(end))),
        recheck: row.get(9)?,
        reread: row.get(10)?,
        digests: number(row, 11)?,
        digests_read: number(row, 12)?,
        log_files: number(row, 13)?,
        log_files_read: number(row, 14)?,
        bytes_hashed: number(row, 15)?,
        opened: number(row, 16)?,
        resolved: number(row, 17)?,
        narrowed: row.get(18)?,
    })
}

fn run_counts(transaction: &Transaction<'_>, target: i64) -> rusqlite::Result<RunCounts> {
    let sql = "SELECT count(*) FILTER (WHERE outcome = 'complete'), count(*) FILTER (WHERE outcome = 'partial'),
                      count(*) FILTER (WHERE outcome = 'failed'), count(*) FILTER (WHERE ended IS NULL)
               FROM run WHERE target = ?1";
    transaction.prepare_cached(sql)?.query_row([target], |row| {
        Ok(RunCounts {
            complete: number(row, 0)?,
            partial: number(row, 1)?,
            failed: number(row, 2)?,
            without_end: number(row, 3)?,
        })
    })
}

// -- chains ---------------------------------------------------------------------------------------------------------

/// Those that were ever proven first: nobody but AWS can add to them.
fn chains(transaction: &Transaction<'_>, target: i64, window: Interval) -> rusqlite::Result<Vec<ChainStatus>> {
    let sql = "SELECT id, account_id, region, trail, home_region, kind, newest_key, newest_end, proven_until
               FROM chain WHERE target = ?1 ORDER BY proven_until IS NULL, account_id, region, trail, home_region, kind LIMIT ?2";
    let mut asked = transaction.prepare_cached(sql)?;
    let rows = asked.query_map(params![target, CHAINS], |row| {
        let newest_digest_end = time(row, 7)?;
        let status = ChainStatus {
            id: ChainId {
                account_id: row.get(1)?,
                region: row.get(2)?,
                trail: row.get(3)?,
                home_region: row.get(4)?,
                kind: kind(&row.get::<_, String>(5)?),
            },
            proven_until: time(row, 8)?,
            newest_digest: row.get(6)?,
            newest_digest_end,
            newest_digest_age: newest_digest_end.map(|end| window.end.since(end).max(0)),
            coverage: Vec::new(),
            coverage_omitted: false,
        };
        Ok((row.get::<_, i64>(0)?, status))
    })?;
    let mut left = STRETCHES;
    let mut chains = Vec::new();
    for row in rows {
        let (id, mut chain) = row?;
        chain.coverage = stretches(transaction, id, window, left + 1)?;
        if chain.coverage.len() > left {
            chain.coverage_omitted = true;
            chain.coverage.clear();
        }
        left -= chain.coverage.len();
        chains.push(chain);
    }
    Ok(chains)
}

/// What lies in the window, cut to it.
fn stretches(
    transaction: &Transaction<'_>,
    chain: i64,
    window: Interval,
    most: usize,
) -> rusqlite::Result<Vec<StretchStatus>> {
    let sql = "SELECT max(start, ?2), min(\"end\", ?3), reason FROM coverage
               WHERE chain = ?1 AND \"end\" > ?2 AND start < ?3 ORDER BY start LIMIT ?4";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut asked = transaction.prepare_cached(sql)?;
    let rows = asked.query_map(params![chain, window.start.unix(), window.end.unix(), most], |row| {
        let (start, end) = (Time::from_unix(row.get(0)?), Time::from_unix(row.get(1)?));
        Ok(StretchStatus { start, end, reason: reason(row.get(2)?)? })
    })?;
    rows.collect()
}

// -- findings -------------------------------------------------------------------------------------------------------

fn finding_counts(transaction: &Transaction<'_>, target: i64) -> rusqlite::Result<Vec<FindingCount>> {
    let sql = "SELECT code, waived, count(*) FROM finding WHERE target = ?1 AND resolved IS NULL GROUP BY code, waived";
    let mut asked = transaction.prepare_cached(sql)?;
    let rows =
        asked.query_map([target], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?, number(row, 2)?)))?;
    let mut counts = Vec::new();
    for row in rows {
        let (name, waived, open) = row?;
        let unknown = || {
            let why = format!("a finding has the code `{name}`, which this version does not know");
            rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, why.into())
        };
        let code = Code::from_name(&name).ok_or_else(unknown)?;
        counts.push(FindingCount { code, severity: code.severity(), waived, open });
    }
    counts.sort_by_key(|count| (count.code, count.waived));
    Ok(counts)
}

/// The worst, some of each code: a thousand planted objects do not hide the one that was altered.
fn findings(transaction: &Transaction<'_>, target: i64) -> rusqlite::Result<Vec<FindingStatus>> {
    let sql = "WITH ranked AS (
                   SELECT id, row_number() OVER (PARTITION BY code, waived ORDER BY opened, id) AS rank,
                          waived * 3 + CASE severity WHEN 'violation' THEN 0 WHEN 'unproven' THEN 1 ELSE 2 END AS order_of
                   FROM finding WHERE target = ?1 AND resolved IS NULL),
               named AS (SELECT id, order_of FROM ranked WHERE rank <= ?2),
               heard AS (
                   SELECT event.finding AS id, max(delivered) AS told, count(*) - count(delivered) AS waiting
                   FROM event JOIN delivery ON delivery.event = event.id WHERE event.finding IN (SELECT id FROM named)
                   GROUP BY event.finding)
               SELECT finding.id, opened, seen, heard.told, coalesce(heard.waiting, 0), json
               FROM named JOIN finding ON finding.id = named.id LEFT JOIN heard ON heard.id = finding.id
               ORDER BY order_of, opened, finding.id LIMIT ?3";
    let mut asked = transaction.prepare_cached(sql)?;
    let rows = asked.query_map(params![target, FINDINGS_OF_CODE, FINDINGS], |row| {
        let text: String = row.get(5)?;
        let finding = serde_json::from_str(&text)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(5, rusqlite::types::Type::Text, error.into()))?;
        Ok(FindingStatus {
            id: row.get(0)?,
            opened: Time::from_unix(row.get(1)?),
            seen: Time::from_unix(row.get(2)?),
            told: time(row, 3)?,
            waiting: number(row, 4)?,
            finding,
        })
    })?;
    rows.collect()
}

// -- deliveries -----------------------------------------------------------------------------------------------------

fn deliveries(transaction: &Transaction<'_>, sinks: &[String]) -> rusqlite::Result<Vec<DeliveryStatus>> {
    let sql = "SELECT sink, count(*) FILTER (WHERE delivered IS NULL),
                      count(*) FILTER (WHERE delivered IS NULL AND error IS NOT NULL),
                      min(event.at) FILTER (WHERE delivered IS NULL), min(next) FILTER (WHERE delivered IS NULL),
                      count(delivered), max(delivered)
               FROM delivery JOIN event ON event.id = delivery.event GROUP BY sink ORDER BY sink";
    let mut asked = transaction.prepare_cached(sql)?;
    let rows = asked.query_map([], |row| {
        Ok(DeliveryStatus {
            sink: row.get(0)?,
            waiting: number(row, 1)?,
            failing: number(row, 2)?,
            waiting_since: time(row, 3)?,
            next_attempt: time(row, 4)?,
            error: None,
            delivered: number(row, 5)?,
            last_delivered: time(row, 6)?,
        })
    })?;
    let mut all: Vec<DeliveryStatus> = rows.collect::<rusqlite::Result<_>>()?;
    for sink in sinks {
        if all.iter().all(|known| known.sink != *sink) {
            all.push(DeliveryStatus { sink: sink.clone(), ..DeliveryStatus::default() });
        }
    }
    all.sort_by(|a, b| a.sink.cmp(&b.sink));
    let sql = "SELECT error FROM delivery WHERE sink = ?1 AND delivered IS NULL AND error IS NOT NULL
               ORDER BY attempts DESC, event LIMIT 1";
    for sink in all.iter_mut().filter(|sink| sink.failing > 0) {
        sink.error = transaction.prepare_cached(sql)?.query_row([&sink.sink], |row| row.get(0)).optional()?;
    }
    Ok(all)
}

fn time(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Time>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Time::from_unix))
}

fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(at)?.unsigned_abs())
}

/// Seconds whose coverage is told.
const WINDOW: i64 = 90 * Time::DAY;

/// Runs that are named, of a target: two days of one an hour.
const RUNS: i64 = 50;

/// Chains that are named, of a target: more than the largest organizations have. Stops: digest files planted under names of
/// accounts and trails that are none, each of which would be a chain, a line and a dozen series.
const CHAINS: i64 = 5_000;

/// Stretches of all chains of a target together: the hours of 90 days of ten chains that alternate, or some of each of
/// thousands. Stops: whoever takes away every other digest of every chain.
const STRETCHES: usize = 50_000;

/// Findings that are named, of a code and in all. Stops: a bucket full of planted objects.
const FINDINGS_OF_CODE: i64 = 100;
const FINDINGS: i64 = 500;
