//! What is to be told and was not taken yet.

use rusqlite::{OptionalExtension, Transaction, params};

use super::{Listener, State, StateError, TargetId};
use crate::finding::Finding;
use crate::monitor::event::Event;
use crate::trail::Time;

/// Something to tell someone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// What.
    pub event: Event,
    /// To whom.
    pub sink: String,
    /// How often it was tried.
    pub attempts: u32,
}

/// What waits to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many events, once for each sink.
    pub waiting: u64,
    /// The sink and the error of the one that was tried most often.
    pub worst: Option<(String, String)>,
}

impl State {
    /// What is due for a sink: what was never tried before what was refused before, the worst first, then the oldest. Of one
    /// finding, nothing is due while something older waits.
    pub fn due(&self, sink: &str, now: Time, most: u32) -> Result<Vec<Due>, StateError> {
        // What is due later than it can be was put off by a clock that was wrong.
        let sql = "SELECT event.json, attempts FROM delivery
                   JOIN event ON event.id = delivery.event JOIN finding ON finding.id = event.finding
                   WHERE sink = ?1 AND delivered IS NULL AND (next <= ?2 OR next > ?3) AND NOT EXISTS (
                       SELECT 1 FROM event AS older JOIN delivery AS waiting ON waiting.event = older.id
                       WHERE older.finding = event.finding AND older.rowid < event.rowid
                       AND waiting.sink = ?1 AND waiting.delivered IS NULL)
                   ORDER BY attempts > 0, CASE finding.severity WHEN 'violation' THEN 0 WHEN 'unproven' THEN 1 ELSE 2 END,
                            event.at, event.rowid LIMIT ?4";
        self.with(|connection| {
            let mut asked = connection.prepare_cached(sql)?;
            let values = params![sink, now.unix(), now.plus(AT_LATEST).unix(), most];
            let rows = asked.query_map(values, |row| {
                let text: String = row.get(0)?;
                let event = serde_json::from_str(&text).map_err(|error| {
                    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
                })?;
                Ok(Due { event, sink: sink.to_owned(), attempts: row.get(1)? })
            })?;
            rows.collect()
        })
    }

    /// It was taken. So the sink is in reach, and what waits only because it was not is due.
    pub fn was_taken(&self, due: &Due, at: Time) -> Result<(), StateError> {
        self.transaction(|transaction| {
            let sql = "UPDATE delivery SET delivered = ?3, attempts = attempts + 1, error = NULL WHERE event = ?1 AND sink = ?2";
            transaction.prepare_cached(sql)?.execute(params![due.event.id, due.sink, at.unix()])?;
            let sql = "UPDATE delivery SET next = ?2 WHERE sink = ?1 AND delivered IS NULL AND NOT refused AND next > ?2";
            transaction.prepare_cached(sql)?.execute(params![due.sink, at.unix()]).map(drop)
        })
    }

    /// It was not, and is tried again after so many seconds; `refused` where that was for what it is.
    pub fn was_not_taken(
        &self,
        due: &Due,
        now: Time,
        seconds: i64,
        refused: bool,
        why: &str,
    ) -> Result<(), StateError> {
        let next = now.plus(seconds.clamp(0, AT_LATEST));
        self.with(|connection| {
            let sql = "UPDATE delivery SET next = ?3, attempts = attempts + 1, refused = ?4, error = ?5
                       WHERE event = ?1 AND sink = ?2";
            let values = params![due.event.id, due.sink, next.unix(), refused, why];
            connection.prepare_cached(sql)?.execute(values).map(drop)
        })
    }

    /// What waits to be told by these sinks, due or not.
    pub fn backlog<'s>(&self, sinks: impl Iterator<Item = &'s str>) -> Result<Backlog, StateError> {
        self.with(|connection| {
            let sql = "SELECT count(*), max(attempts) FROM delivery WHERE sink = ?1 AND delivered IS NULL";
            let why = "SELECT coalesce(error, 'not tried yet') FROM delivery WHERE sink = ?1 AND delivered IS NULL
                       ORDER BY attempts DESC LIMIT 1";
            let (mut backlog, mut most) = (Backlog::default(), None);
            for sink in sinks {
                let (waiting, attempts): (i64, Option<i64>) =
                    connection.query_row(sql, [sink], |row| Ok((row.get(0)?, row.get(1)?)))?;
                backlog.waiting += waiting.unsigned_abs();
                if attempts > most {
                    most = attempts;
                    let error = connection.query_row(why, [sink], |row| row.get(0))?;
                    backlog.worst = Some((sink.to_owned(), error));
                }
            }
            Ok(backlog)
        })
    }
}

impl Listener {
    /// Whether it is to be told of a finding of a target.
    pub fn hears(&self, target: &str, finding: &Finding) -> bool {
        // The worst come first.
        finding.severity <= self.severity && (self.targets.is_empty() || self.targets.iter().any(|name| name == target))
    }
}

/// Hands what waits for sinks that are no longer there to those that are: a sink that was renamed, or replaced by another.
pub(super) fn hand_over(
    transaction: &Transaction<'_>,
    target: TargetId,
    name: &str,
    listeners: &[Listener],
    now: Time,
) -> rusqlite::Result<()> {
    let sql = "SELECT event.id, sink, finding.json FROM delivery JOIN event ON event.id = delivery.event
               JOIN finding ON finding.id = event.finding WHERE delivered IS NULL AND finding.target = ?1";
    let waiting: Vec<(String, String, String)> = transaction
        .prepare_cached(sql)?
        .query_map([target.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (event, sink, json) in waiting {
        if listeners.iter().any(|listener| listener.sink == sink) {
            continue;
        }
        transaction.execute("DELETE FROM delivery WHERE event = ?1 AND sink = ?2", [&event, &sink])?;
        let finding: Finding = serde_json::from_str(&json)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, error.into()))?;
        for listener in listeners.iter().filter(|listener| listener.hears(name, &finding)) {
            enqueue(transaction, &event, &listener.sink, now)?;
        }
    }
    Ok(())
}

/// Tells whoever has never heard of an open finding that it opened: a sink that came later.
pub(super) fn tell_newcomers(
    transaction: &Transaction<'_>,
    finding: &str,
    listeners: &[&Listener],
    now: Time,
) -> rusqlite::Result<()> {
    let sql = "SELECT id FROM event WHERE finding = ?1 AND kind = 'opened' ORDER BY rowid LIMIT 1";
    let opened: Option<String> = transaction.prepare_cached(sql)?.query_row([finding], |row| row.get(0)).optional()?;
    let Some(opened) = opened else { return Ok(()) };
    let sql = "SELECT EXISTS (SELECT 1 FROM delivery JOIN event ON event.id = delivery.event WHERE finding = ?1 AND sink = ?2)";
    for listener in listeners {
        let has_heard: bool =
            transaction.prepare_cached(sql)?.query_row([finding, &listener.sink], |row| row.get(0))?;
        if !has_heard {
            enqueue(transaction, &opened, &listener.sink, now)?;
        }
    }
    Ok(())
}

/// Puts something where it waits for a sink.
pub(super) fn enqueue(transaction: &Transaction<'_>, event: &str, sink: &str, now: Time) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO delivery (event, sink, next) VALUES (?1, ?2, ?3)";
    transaction.prepare_cached(sql)?.execute(params![event, sink, now.unix()]).map(drop)
}

/// The longest that anything waits to be tried again, in seconds.
const AT_LATEST: i64 = 6 * Time::HOUR;
