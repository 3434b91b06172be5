//! Objects that were proven, as the store described them then.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use sha2::{Digest, Sha256};

use super::{RunId, State, StateError, TargetId};
use crate::digest::DigestMetadata;
use crate::trail::{ChainId, DigestKey, Time};

/// How a store describes an object. Whoever writes the object again changes that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::monitor) struct Described {
    pub etag: String,
    pub size: u64,
    pub last_modified: Time,
}

/// An object that was proven.
#[derive(Clone, Debug)]
pub(in crate::monitor) struct Proven {
    pub bucket: String,
    pub key: String,
    pub described: Described,
    pub version_id: Option<String>,
    pub sha256: [u8; 32],
    /// Its bytes and metadata, if it is a digest.
    pub digest: Option<RememberedDigest>,
}

/// A digest file as the store gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::monitor) struct RememberedDigest {
    pub body: Vec<u8>,
    pub metadata: DigestMetadata,
}

/// What is remembered of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::monitor) struct Remembered {
    pub name: String,
    pub described: Described,
    pub sha256: [u8; 32],
}

/// A folder that has the folders of days in it, in a state file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::monitor) struct PlaceId(i64);

impl State {
    /// The folders of which anything is remembered, each with its bucket.
    pub(in crate::monitor) fn places(&self, target: TargetId) -> Result<Vec<(String, String, PlaceId)>, StateError> {
        self.with(|connection| {
            let mut asked = connection.prepare_cached("SELECT bucket, folder, id FROM place WHERE target = ?1")?;
            let rows = asked.query_map([target.0], |row| Ok((row.get(0)?, row.get(1)?, PlaceId(row.get(2)?))))?;
            rows.collect()
        })
    }

    /// What is remembered of the names from `first` to `last`, in their order, but no more than `most`.
    pub(in crate::monitor) fn remembered(
        &self,
        place: PlaceId,
        first: &str,
        last: &str,
        most: usize,
    ) -> Result<Vec<Remembered>, StateError> {
        self.with(|connection| {
            let sql = "SELECT name, etag, size, last_modified, sha256 FROM object
                       WHERE place = ?1 AND name >= ?2 AND name <= ?3 ORDER BY name LIMIT ?4";
            let mut asked = connection.prepare_cached(sql)?;
            let rows = asked.query_map(params![place.0, first, last, most as i64], remembered)?;
            rows.collect()
        })
    }

    /// A digest file that is remembered. One that is not as it was put here is not.
    pub(in crate::monitor) fn digest(
        &self,
        place: PlaceId,
        name: &str,
    ) -> Result<Option<(RememberedDigest, Described)>, StateError> {
        self.with(|connection| {
            let sql = "SELECT etag, size, last_modified, body, signature, algorithm, generated, seal
                       FROM digest JOIN object USING (place, name) WHERE place = ?1 AND name = ?2";
            let mut asked = connection.prepare_cached(sql)?;
            let row = asked.query_row(params![place.0, name], |row| {
                let described = described(row, 0)?;
                let metadata = DigestMetadata {
                    signature: row.get(4)?,
                    algorithm: row.get(5)?,
                    backfill_generated: row.get::<_, Option<i64>>(6)?.map(Time::from_unix),
                    last_modified: Some(described.last_modified),
                };
                let digest = RememberedDigest { body: row.get(3)?, metadata };
                let whole = row.get::<_, Vec<u8>>(7)? == seal(&digest);
                Ok(whole.then_some((digest, described)))
            });
            Ok(row.optional()?.flatten())
        })
    }

    /// Remembers objects that were proven, all or none of them.
    pub(in crate::monitor) fn remember(
        &self,
        target: TargetId,
        run: RunId,
        proven: &[Proven],
    ) -> Result<(), StateError> {
        self.transaction(|transaction| proven.iter().try_for_each(|object| put(transaction, target, run, object)))
    }

    /// Forgets what was proven of objects that the bucket need not keep any longer: all of days before a moment.
    pub(in crate::monitor) fn forget_before(&self, target: TargetId, before: Time) -> Result<(), StateError> {
        // Names begin with the folder of their day, so their order is that of time.
        let day = before.day().folder();
        self.transaction(|transaction| {
            for table in ["digest", "object"] {
                let sql = format!(
                    "DELETE FROM {table} WHERE place IN (SELECT id FROM place WHERE target = ?1) AND name < ?2"
                );
                transaction.execute(&sql, params![target.0, day])?;
            }
            Ok(())
        })
    }

    /// How many digest files of a chain are remembered that lie in a folder and end after a moment.
    pub(in crate::monitor) fn digests_of(
        &self,
        target: TargetId,
        bucket: &str,
        folder: &str,
        chain: &ChainId,
        after: Option<Time>,
    ) -> Result<u64, StateError> {
        self.with(|connection| {
            let sql = "SELECT name FROM object JOIN place ON place.id = object.place WHERE target = ?1 AND bucket = ?2 AND folder = ?3";
            let mut asked = connection.prepare_cached(sql)?;
            let mut rows = asked.query(params![target.0, bucket, folder])?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                let key = DigestKey::parse(&format!("{folder}{}", row.get_ref(0)?.as_str()?));
                let counts = |key: DigestKey| key.chain == *chain && after.is_none_or(|after| key.end > after);
                count += u64::from(key.is_some_and(counts));
            }
            Ok(count)
        })
    }
}

/// The folder above the folders of days, and the rest of the key: `2026/01/31/` and a name.
pub(in crate::monitor) fn split(key: &str) -> Option<(&str, &str)> {
    let at = key.rmatch_indices('/').nth(3)?.0 + 1;
    Some(key.split_at(at))
}

/// What was proven of an object of that key.
pub(super) fn proven_hash(
    transaction: &Transaction<'_>,
    target: TargetId,
    key: &str,
) -> rusqlite::Result<Option<[u8; 32]>> {
    let Some((folder, name)) = split(key) else { return Ok(None) };
    let sql = "SELECT sha256 FROM object WHERE name = ?3 AND place IN (SELECT id FROM place WHERE target = ?1 AND folder = ?2)";
    let mut asked = transaction.prepare_cached(sql)?;
    asked.query_row(params![target.0, folder, name], |row| row.get(0)).optional()
}

fn put(transaction: &Transaction<'_>, target: TargetId, run: RunId, object: &Proven) -> rusqlite::Result<()> {
    // Digest and log files lie in folders of days: nothing else is proven.
    let Some((folder, name)) = split(&object.key) else { return Ok(()) };
    let place: Option<i64> = transaction
        .prepare_cached("SELECT id FROM place WHERE target = ?1 AND bucket = ?2 AND folder = ?3")?
        .query_row(params![target.0, object.bucket, folder], |row| row.get(0))
        .optional()?;
    let place = match place {
        Some(place) => place,
        None => {
            let sql = "INSERT INTO place (target, bucket, folder) VALUES (?1, ?2, ?3)";
            transaction.execute(sql, params![target.0, object.bucket, folder])?;
            transaction.last_insert_rowid()
        }
    };
    let Described { etag, size, last_modified } = &object.described;
    transaction.prepare_cached("INSERT OR REPLACE INTO object VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(
        params![place, name, etag, size.cast_signed(), last_modified.unix(), object.version_id, object.sha256, run.0],
    )?;
    if let Some(digest) = &object.digest {
        let DigestMetadata { signature, algorithm, backfill_generated, .. } = &digest.metadata;
        transaction.prepare_cached("INSERT OR REPLACE INTO digest VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(
            params![place, name, digest.body, signature, algorithm, backfill_generated.map(Time::unix), seal(digest)],
        )?;
    }
    Ok(())
}

fn remembered(row: &Row<'_>) -> rusqlite::Result<Remembered> {
    Ok(Remembered { name: row.get(0)?, described: described(row, 1)?, sha256: row.get(4)? })
}

fn described(row: &Row<'_>, at: usize) -> rusqlite::Result<Described> {
    Ok(Described {
        etag: row.get(at)?,
        size: row.get::<_, i64>(at + 1)?.cast_unsigned(),
        last_modified: Time::from_unix(row.get(at + 2)?),
    })
}

/// What tells a digest that was damaged on this disk, so that nobody takes it for one that was altered in the bucket.
fn seal(digest: &RememberedDigest) -> Vec<u8> {
    let DigestMetadata { signature, algorithm, backfill_generated, .. } = &digest.metadata;
    let mut hasher = Sha256::new();
    for part in
        [Some(digest.body.as_slice()), signature.as_deref().map(str::as_bytes), algorithm.as_deref().map(str::as_bytes)]
    {
        hasher.update(part.map_or(0, |part| part.len() as u64 + 1).to_be_bytes());
        hasher.update(part.unwrap_or_default());
    }
    hasher.update(backfill_generated.map_or(i64::MIN, Time::unix).to_be_bytes());
    hasher.finalize().to_vec()
}
