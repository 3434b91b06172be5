//! Runs: when each began, how it ended, what came of it.

use std::sync::PoisonError;

use rusqlite::{Transaction, params};

use super::{OpenFinding, State, StateError, TargetId};
use crate::report::Verdict;
use crate::trail::{Interval, Time};

/// A run, in a state file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(pub(super) i64);

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// It looked at all that it was to look at.
    Complete,
    /// It was stopped, or ran out of time; the next one goes on from there.
    Partial,
    /// It could not proceed.
    Failed,
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunEnd {
    /// What was decided, of all that was looked at and all that is still open.
    pub verdict: Option<Verdict>,
    /// Why it failed.
    pub error: Option<String>,
    /// The time looked at.
    pub period: Option<Interval>,
    /// Digest files verified, and of these, read from the bucket.
    pub digests: (u64, u64),
    /// Log files verified, and of these, read from the bucket.
    pub logs: (u64, u64),
    /// Uncompressed bytes hashed.
    pub bytes_hashed: u64,
    /// What the verdict does not speak of; none where it is of everything.
    pub narrowed: Option<String>,
    /// Findings opened.
    pub opened: u64,
    /// Findings resolved.
    pub resolved: u64,
}

impl RunOutcome {
    /// Its name in the state file.
    pub fn name(self) -> &'static str {
        match self {
            RunOutcome::Complete => "complete",
            RunOutcome::Partial => "partial",
            RunOutcome::Failed => "failed",
        }
    }
}

impl State {
    /// Begins a run.
    pub(in crate::monitor) fn begin_run(
        &self,
        target: TargetId,
        began: Time,
        recheck: &str,
        reread: &str,
    ) -> Result<RunId, StateError> {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = tokio::time::Instant::now();
        self.with(|connection| {
            let sql = "INSERT INTO run (target, version, began, recheck, reread) VALUES (?1, ?2, ?3, ?4, ?5)";
            let version = env!("CARGO_PKG_VERSION");
            connection.execute(sql, params![target.0, version, began.unix(), recheck, reread])?;
            Ok(RunId(connection.last_insert_rowid()))
        })
    }

    /// How long ago the last run began. A run is as of one moment; that it took some time is not seen on that clock.
    pub(super) fn seconds_since_begun(&self) -> i64 {
        let begun = *self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        i64::try_from(begun.elapsed().as_secs()).unwrap_or(i64::MAX)
    }

    /// How many runs over a target looked at all that they were to look at, forgotten ones too.
    pub(in crate::monitor) fn rounds(&self, target: TargetId) -> Result<u64, StateError> {
        self.with(|connection| {
            let sql = "SELECT rounds FROM target WHERE id = ?1";
            connection.query_row(sql, [target.0], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
        })
    }

    /// When the newest run over a target of that name began; none if there was none.
    pub fn newest_run(&self, name: &str) -> Result<Option<Time>, StateError> {
        self.with(|connection| {
            let sql = "SELECT max(began) FROM run JOIN target ON target.id = run.target WHERE name = ?1";
            let began: Option<i64> = connection.query_row(sql, [name], |row| row.get(0))?;
            Ok(began.map(Time::from_unix))
        })
    }

    /// What is open of whatever is watched under a name.
    pub fn open_findings_of(&self, name: &str) -> Result<Vec<OpenFinding>, StateError> {
        self.target_named(name)?.map_or(Ok(Vec::new()), |target| self.open_findings(target))
    }

    /// Forgets runs, and findings that are resolved, of before a moment.
    pub(in crate::monitor) fn forget_runs_before(&self, target: TargetId, before: Time) -> Result<(), StateError> {
        self.transaction(|transaction| {
            let resolved = "SELECT id FROM finding WHERE target = ?1 AND resolved < ?2";
            // What was not taken yet is still to be told.
            let told = format!(
                "SELECT id FROM event WHERE finding IN ({resolved}) AND NOT EXISTS
                 (SELECT 1 FROM delivery WHERE event = event.id AND delivered IS NULL)"
            );
            for sql in [
                format!("DELETE FROM delivery WHERE event IN ({told})"),
                format!("DELETE FROM event WHERE finding IN ({resolved}) AND id NOT IN (SELECT event FROM delivery)"),
                format!("DELETE FROM finding WHERE id IN ({resolved}) AND id NOT IN (SELECT finding FROM event)"),
                "DELETE FROM run WHERE target = ?1 AND began < ?2".to_owned(),
            ] {
                transaction.execute(&sql, params![target.0, before.unix()])?;
            }
            Ok(())
        })
    }
}

/// A run ended so many seconds after the moment that it is as of.
pub(super) fn took(transaction: &Transaction<'_>, run: RunId, seconds: i64) -> rusqlite::Result<()> {
    transaction.execute("UPDATE run SET ended = ended + ?2 WHERE id = ?1", params![run.0, seconds]).map(drop)
}

pub(super) fn end_run(
    transaction: &Transaction<'_>,
    run: RunId,
    ended: Time,
    outcome: RunOutcome,
    end: &RunEnd,
) -> rusqlite::Result<()> {
    let sql = "UPDATE run SET ended = ?2, outcome = ?3, error = ?4, verdict = ?5, period_start = ?6, period_end = ?7,
               digests = ?8, digests_read = ?9, logs = ?10, logs_read = ?11, bytes_hashed = ?12, opened = ?13, resolved = ?14,
               narrowed = ?15
               WHERE id = ?1";
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    transaction.execute(
        sql,
        params![
            run.0,
            ended.unix(),
            outcome.name(),
            end.error,
            end.verdict.map(|verdict| verdict.to_string()),
            end.period.map(|period| period.start.unix()),
            end.period.map(|period| period.end.unix()),
            count(end.digests.0),
            count(end.digests.1),
            count(end.logs.0),
            count(end.logs.1),
            count(end.bytes_hashed),
            count(end.opened),
            count(end.resolved),
            end.narrowed,
        ],
    )?;
    Ok(())
}
