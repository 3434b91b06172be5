//! What is to be told and was not taken yet.

use rusqlite::params;

use super::{State, StateError};
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
    /// What is due for a sink, oldest first.
    pub fn due(&self, sink: &str, now: Time, most: u32) -> Result<Vec<Due>, StateError> {
        self.with(|connection| {
            let sql = "SELECT event.json, attempts FROM delivery JOIN event ON event.id = delivery.event
                       WHERE sink = ?1 AND delivered IS NULL AND next <= ?2 ORDER BY event.at, event.rowid LIMIT ?3";
            let mut asked = connection.prepare_cached(sql)?;
            let rows = asked.query_map(params![sink, now.unix(), most], |row| {
                let text: String = row.get(0)?;
                let event = serde_json::from_str(&text).map_err(|error| {
                    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
                })?;
                Ok(Due { event, sink: sink.to_owned(), attempts: row.get(1)? })
            })?;
            rows.collect()
        })
    }

    /// It was taken.
    pub fn was_taken(&self, due: &Due, at: Time) -> Result<(), StateError> {
        self.with(|connection| {
            let sql = "UPDATE delivery SET delivered = ?3, attempts = attempts + 1, error = NULL WHERE event = ?1 AND sink = ?2";
            connection.prepare_cached(sql)?.execute(params![due.event.id, due.sink, at.unix()]).map(drop)
        })
    }

    /// It was not, and is tried again.
    pub fn was_not_taken(&self, due: &Due, next: Time, why: &str) -> Result<(), StateError> {
        self.with(|connection| {
            let sql =
                "UPDATE delivery SET next = ?3, attempts = attempts + 1, error = ?4 WHERE event = ?1 AND sink = ?2";
            connection.prepare_cached(sql)?.execute(params![due.event.id, due.sink, next.unix(), why]).map(drop)
        })
    }

    /// What waits to be told, due or not.
    pub fn backlog(&self) -> Result<Backlog, StateError> {
        self.with(|connection| {
            let count = "SELECT count(*) FROM delivery WHERE delivered IS NULL";
            let waiting = connection.query_row(count, [], |row| row.get::<_, i64>(0))?.unsigned_abs();
            let sql = "SELECT sink, error FROM delivery WHERE delivered IS NULL AND error IS NOT NULL ORDER BY attempts DESC LIMIT 1";
            let mut asked = connection.prepare_cached(sql)?;
            let mut rows = asked.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(Backlog { waiting, worst: rows.next().transpose()? })
        })
    }
}
