//! Chains: their newest proven digest, and what each moment of theirs came to.

use rusqlite::{OptionalExtension, Transaction, params};

use super::objects::proven_hash;
use super::{State, StateError, TargetId};
use crate::finding::Reason;
use crate::report::ChainReport;
use crate::trail::{ChainId, ChainKind, Interval, Time};

/// A chain that was proven at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownChain {
    /// Which.
    pub id: ChainId,
    /// The key of its newest proven digest.
    pub newest_key: Option<String>,
    /// Its signature, in hex.
    pub newest_signature: Option<String>,
    /// The end of that digest.
    pub newest_end: Option<Time>,
    /// The end of the newest time proven.
    pub proven_until: Option<Time>,
    /// The first moment of which anything is known.
    pub known_from: Option<Time>,
}

/// A stretch of a chain's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// From when until when.
    pub time: Interval,
    /// Why it is not proven; none where it is.
    pub reason: Option<Reason>,
}

impl State {
    /// The chains of a target.
    pub fn chains(&self, target: TargetId) -> Result<Vec<KnownChain>, StateError> {
        self.with(|connection| {
            let sql = "SELECT account_id, region, trail, home_region, kind, newest_key, newest_end, proven_until, newest_signature,
                              (SELECT min(start) FROM coverage WHERE coverage.chain = chain.id)
                       FROM chain WHERE target = ?1 ORDER BY account_id, region, trail, home_region, kind";
            let mut asked = connection.prepare_cached(sql)?;
            let time = |seconds: Option<i64>| seconds.map(Time::from_unix);
            let rows = asked.query_map([target.0], |row| {
                let id = ChainId {
                    account_id: row.get(0)?,
                    region: row.get(1)?,
                    trail: row.get(2)?,
                    home_region: row.get(3)?,
                    kind: kind(&row.get::<_, String>(4)?),
                };
                Ok(KnownChain {
                    id,
                    newest_key: row.get(5)?,
                    newest_signature: row.get(8)?,
                    newest_end: time(row.get(6)?),
                    proven_until: time(row.get(7)?),
                    known_from: time(row.get(9)?),
                })
            })?;
            rows.collect()
        })
    }

    /// The oldest moment of which anything is known.
    pub(in crate::monitor) fn oldest(&self, target: TargetId) -> Result<Option<Time>, StateError> {
        self.with(|connection| {
            let sql = "SELECT min(start) FROM coverage WHERE chain IN (SELECT id FROM chain WHERE target = ?1)";
            connection.query_row(sql, [target.0], |row| row.get::<_, Option<i64>>(0))
        })
        .map(|found| found.map(Time::from_unix))
    }

    /// What a chain's time came to, oldest first.
    pub fn coverage(&self, target: TargetId, chain: &ChainId) -> Result<Vec<Stretch>, StateError> {
        self.transaction(|transaction| match find(transaction, target, chain)? {
            Some(id) => stretches(transaction, id),
            None => Ok(Vec::new()),
        })
    }
}

/// Takes up what an audit of a period came to for a chain.
pub(super) fn save(
    transaction: &Transaction<'_>,
    target: TargetId,
    report: &ChainReport,
    period: Interval,
) -> rusqlite::Result<()> {
    let chain = report.id();
    let id = match find(transaction, target, &chain)? {
        Some(id) => id,
        None => {
            let sql = "INSERT INTO chain (target, account_id, region, trail, home_region, kind) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let ChainId { account_id, region, trail, home_region, kind } = &chain;
            transaction.execute(sql, params![target.0, account_id, region, trail, home_region, kind.to_string()])?;
            transaction.last_insert_rowid()
        }
    };
    let proven = report.proven.iter().map(|time| Stretch { time: *time, reason: None });
    let holes = report.holes.iter();
    let holes = holes.map(|hole| Stretch { time: Interval::new(hole.start, hole.end), reason: Some(hole.reason) });
    let merged = replace(stretches(transaction, id)?, period, proven.chain(holes).collect());
    transaction.execute("DELETE FROM coverage WHERE chain = ?1", [id])?;
    let mut insert = transaction.prepare_cached("INSERT INTO coverage VALUES (?1, ?2, ?3, ?4)")?;
    for Stretch { time, reason } in &merged {
        insert.execute(params![id, time.start.unix(), time.end.unix(), reason.map(Reason::name)])?;
    }
    let proven_until =
        merged.iter().rev().find(|stretch| stretch.reason.is_none()).map(|stretch| stretch.time.end.unix());
    transaction.execute("UPDATE chain SET proven_until = ?2 WHERE id = ?1", params![id, proven_until])?;
    if let Some(newest) = &report.newest {
        let sha256 = proven_hash(transaction, target, &newest.key)?;
        let sql = "UPDATE chain SET newest_key = ?2, newest_signature = ?3, newest_end = ?4, newest_sha256 = ?5
                   WHERE id = ?1 AND (newest_end IS NULL OR newest_end <= ?4)";
        transaction.execute(sql, params![id, newest.key, newest.signature, newest.end.unix(), sha256])?;
    }
    Ok(())
}

fn find(transaction: &Transaction<'_>, target: TargetId, chain: &ChainId) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT id FROM chain WHERE target = ?1 AND account_id = ?2 AND region = ?3 AND trail = ?4
               AND home_region = ?5 AND kind = ?6";
    let ChainId { account_id, region, trail, home_region, kind } = chain;
    let values = params![target.0, account_id, region, trail, home_region, kind.to_string()];
    transaction.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()
}

fn stretches(transaction: &Transaction<'_>, chain: i64) -> rusqlite::Result<Vec<Stretch>> {
    let sql = "SELECT start, \"end\", reason FROM coverage WHERE chain = ?1 ORDER BY start";
    let mut asked = transaction.prepare_cached(sql)?;
    let rows = asked.query_map([chain], |row| {
        let time = Interval::new(Time::from_unix(row.get(0)?), Time::from_unix(row.get(1)?));
        Ok(Stretch { time, reason: reason(row.get(2)?)? })
    })?;
    rows.collect()
}

/// Why it is a hole. What is not known must not pass for proven.
pub(super) fn reason(name: Option<String>) -> rusqlite::Result<Option<Reason>> {
    let unknown = |name: &str| {
        let why = format!("a hole has the reason `{name}`, which this version does not know");
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, why.into())
    };
    let known = |name: String| {
        let found = Reason::ALL.iter().copied().find(|reason| reason.name() == name);
        found.ok_or_else(|| unknown(&name))
    };
    name.map(known).transpose()
}

pub(super) fn kind(name: &str) -> ChainKind {
    if name == ChainKind::Backfill.to_string() { ChainKind::Backfill } else { ChainKind::Standard }
}

/// What was known, but for `period`, of which `news` tells all there is; neighbours that are alike are one.
fn replace(known: Vec<Stretch>, period: Interval, news: Vec<Stretch>) -> Vec<Stretch> {
    let outside = known.into_iter().flat_map(|Stretch { time, reason }| {
        let before = (time.start < period.start).then(|| Interval::new(time.start, time.end.min(period.start)));
        let after = (time.end > period.end).then(|| Interval::new(time.start.max(period.end), time.end));
        before.into_iter().chain(after).map(move |time| Stretch { time, reason })
    });
    let mut all: Vec<Stretch> = outside.chain(news).filter(|stretch| !stretch.time.is_empty()).collect();
    all.sort_by_key(|stretch| stretch.time.start);
    all.into_iter().fold(Vec::new(), |mut merged: Vec<Stretch>, next| {
        match merged.last_mut() {
            Some(last) if last.reason == next.reason && last.time.end >= next.time.start => {
                last.time = last.time.or(next.time);
            }
            _ => merged.push(next),
        }
        merged
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(start: i64, end: i64, reason: Option<Reason>) -> Stretch {
        Stretch { time: Interval::new(Time::from_unix(start), Time::from_unix(end)), reason }
    }

    #[test]
    fn what_was_looked_at_again_replaces_what_was_known() {
        let hole = Some(Reason::DigestLost);
        let known = vec![stretch(0, 10, None), stretch(10, 20, hole), stretch(20, 30, None)];
        let period = Interval::new(Time::from_unix(5), Time::from_unix(25));
        let all = replace(known.clone(), period, vec![stretch(5, 25, None)]);
        assert_eq!(all, [stretch(0, 30, None)], "a hole that was mended");
        let all = replace(known.clone(), period, vec![stretch(5, 12, hole), stretch(12, 25, None)]);
        assert_eq!(all, [stretch(0, 5, None), stretch(5, 12, hole), stretch(12, 30, None)]);
        let later = Interval::new(Time::from_unix(30), Time::from_unix(40));
        let all = replace(known, later, vec![stretch(30, 40, None)]);
        assert_eq!(all, [stretch(0, 10, None), stretch(10, 20, hole), stretch(20, 40, None)]);
        assert_eq!(replace(vec![stretch(0, 10, None)], period, Vec::new()), [stretch(0, 5, None)], "nobody can say");
    }
}
