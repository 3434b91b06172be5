//! One object: fetched unless the copy has it as it is now, and put in its place whole or not at all.

use std::ops::{AddAssign, ControlFlow};
use std::sync::Arc;

use super::{Copy, Pull, PullError, Tally};
use crate::audit::pace::Again;
use crate::finding::Reason;
use crate::store::dir::{ObjectRecord, WriteError};
use crate::store::{ObjectInfo, ObjectStore, StoreError};
use crate::trail::{DigestKey, ObjectLocation};

/// An object that is to be copied.
pub(super) struct Wanted {
    pub store: Arc<dyn ObjectStore>,
    pub key: String,
    /// What a listing shows of it; none for one that something else names.
    pub listed: Option<ObjectInfo>,
}

/// What came of fetching one.
enum Fetched {
    Done(Tally),
    /// Asking again may give all of it.
    BrokeOff(StoreError),
}

impl Wanted {
    pub(super) fn listed(store: &Arc<dyn ObjectStore>, object: ObjectInfo) -> Wanted {
        Wanted { store: Arc::clone(store), key: object.key.clone(), listed: Some(object) }
    }

    pub(super) fn named(store: &Arc<dyn ObjectStore>, key: &str) -> Wanted {
        Wanted { store: Arc::clone(store), key: key.to_owned(), listed: None }
    }
}

impl Pull {
    /// Copies one object, unless the copy has it as it is now.
    pub(super) async fn copy(&self, wanted: &Wanted) -> Result<Tally, PullError> {
        let copy = self.copy_of(&wanted.store);
        if wanted.listed.as_ref().is_some_and(|listed| listed.special) {
            return self.not_copied(copy, wanted, Reason::Unreachable, "it is no ordinary object");
        }
        let limits = &self.request.limits;
        let most = if DigestKey::parse(&wanted.key).is_some() { limits.digest_stored } else { limits.log_inflated };
        if wanted.listed.as_ref().is_some_and(|listed| listed.size > most) {
            return self.not_copied(copy, wanted, Reason::OverLimit, &format!("it is larger than {most} bytes"));
        }
        let known = copy.before.as_ref().and_then(|(before, _)| before.record(&wanted.key));
        if let Some(known) = &known
            && wanted.listed.as_ref().is_some_and(|listed| is_unchanged(listed, known))
            && copy.writer.holds(known)
        {
            return self.kept(copy, known);
        }
        let mut again = Again::default();
        loop {
            match self.fetch(copy, wanted, known.as_ref()).await? {
                Fetched::Done(tally) => return Ok(tally),
                Fetched::BrokeOff(error) if again.may(&error).await => {}
                Fetched::BrokeOff(error) => return self.failed(copy, wanted, error),
            }
        }
    }

    async fn fetch(&self, copy: &Copy, wanted: &Wanted, known: Option<&ObjectRecord>) -> Result<Fetched, PullError> {
        let object = match wanted.store.get(&wanted.key).await {
            Ok(object) => object,
            Err(error @ StoreError::BrokeOff(_)) => return Ok(Fetched::BrokeOff(error)),
            Err(error) => return self.failed(copy, wanted, error).map(Fetched::Done),
        };
        let listed = wanted.listed.as_ref();
        let expected = object.attributes.size.or(listed.map(|listed| listed.size));
        let mut partial = copy.writer.begin()?;
        let mut broken = None;
        let read = object.body.pieces(|piece| {
            broken = partial.write(piece).err();
            let too_long = expected.is_some_and(|expected| partial.size() > expected);
            if broken.is_some() || too_long { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let read = read.await;
        if let Some(error) = broken {
            return Err(error.into());
        }
        match read {
            Ok(()) => {}
            Err(error @ StoreError::BrokeOff(_)) => return Ok(Fetched::BrokeOff(error)),
            Err(error) => return self.failed(copy, wanted, error).map(Fetched::Done),
        }
        if let Some(expected) = expected.filter(|expected| *expected != partial.size()) {
            let text = format!("{} bytes came of {expected}", partial.size());
            return Ok(Fetched::BrokeOff(StoreError::BrokeOff(text)));
        }
        let record = ObjectRecord {
            key: wanted.key.clone(),
            metadata: ObjectRecord::user_metadata(&object.attributes, &object.metadata),
            size: Some(partial.size()),
            etag: object.attributes.etag.or_else(|| listed?.etag.clone()),
            last_modified: object.metadata.last_modified.or_else(|| listed?.last_modified),
            version_id: object.attributes.version_id,
            storage_class: object.attributes.storage_class.or_else(|| listed?.storage_class.clone()),
            sha256: Some(partial.sha256()),
            ..ObjectRecord::default()
        };
        // Where nothing else tells whether an object was changed, its content does.
        if known == Some(&record) && copy.writer.holds(&record) {
            return self.kept(copy, &record).map(Fetched::Done);
        }
        match copy.writer.put(partial, &wanted.key) {
            Ok(()) => {}
            Err(WriteError::NoPlace(why)) => {
                return self.not_copied(copy, wanted, Reason::Unreachable, &why.to_string()).map(Fetched::Done);
            }
            Err(error) => return Err(error.into()),
        }
        copy.writer.record(&record)?;
        copy.is_here(&record.key)?;
        let bytes = record.size.unwrap_or_default();
        Ok(Fetched::Done(Tally { fetched: 1, fetched_bytes: bytes, ..Tally::default() }))
    }

    fn kept(&self, copy: &Copy, record: &ObjectRecord) -> Result<Tally, PullError> {
        copy.is_here(&record.key)?;
        Ok(Tally { kept: 1, kept_bytes: record.size.unwrap_or_default(), ..Tally::default() })
    }

    fn failed(&self, copy: &Copy, wanted: &Wanted, error: StoreError) -> Result<Tally, PullError> {
        match (error.reason(), error) {
            // Every object after this one would look as if access to it were denied.
            (_, StoreError::Credentials(why)) => Err(PullError::Credentials(why)),
            (Some(reason), error) => self.not_copied(copy, wanted, reason, &error.to_string()),
            (None, _) => self.gone(copy, &wanted.key),
        }
    }

    fn not_copied(&self, copy: &Copy, wanted: &Wanted, reason: Reason, why: &str) -> Result<Tally, PullError> {
        let listed = wanted.listed.clone().unwrap_or_default();
        self.observer.not_copied(&copy.at(&wanted.key), why);
        copy.writer.record_not_copied(&ObjectRecord {
            key: wanted.key.clone(),
            size: wanted.listed.as_ref().map(|listed| listed.size),
            etag: listed.etag,
            last_modified: listed.last_modified,
            storage_class: listed.storage_class,
            reason: Some(reason),
            special: listed.special,
            ..ObjectRecord::default()
        })?;
        Ok(Tally::default())
    }

    /// The source does not have this object. What the copy had of it is moved aside, and that is told.
    pub(super) fn gone(&self, copy: &Copy, key: &str) -> Result<Tally, PullError> {
        copy.is_here(key)?;
        match copy.writer.move_aside(key) {
            Ok(true) => {}
            Ok(false) | Err(WriteError::NoPlace(_)) => return Ok(Tally::default()),
            Err(error) => return Err(error.into()),
        }
        copy.writer.record(&ObjectRecord { key: key.to_owned(), withdrawn: true, ..ObjectRecord::default() })?;
        self.observer.removed(&copy.at(key));
        Ok(Tally { removed: 1, ..Tally::default() })
    }
}

impl Copy {
    /// Nothing stands any more in the way of copying this, if anything did.
    pub(super) fn is_here(&self, key: &str) -> Result<(), PullError> {
        if self.before.as_ref().is_some_and(|(before, _)| before.record_not_copied(key).is_some()) {
            let withdrawn = ObjectRecord { key: key.to_owned(), withdrawn: true, ..ObjectRecord::default() };
            self.writer.record_not_copied(&withdrawn)?;
        }
        Ok(())
    }

    pub(super) fn at(&self, key: &str) -> ObjectLocation {
        ObjectLocation::new(self.store.bucket().unwrap_or_default(), key)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Tally) {
        self.fetched += more.fetched;
        self.fetched_bytes += more.fetched_bytes;
        self.kept += more.kept;
        self.kept_bytes += more.kept_bytes;
        self.removed += more.removed;
        self.beyond += more.beyond;
    }
}

/// Whether the listing shows an object as it was when it was copied. Only an entity tag tells: without one, it is looked
/// at again.
fn is_unchanged(listed: &ObjectInfo, known: &ObjectRecord) -> bool {
    listed.etag.is_some()
        && listed.etag == known.etag
        && Some(listed.size) == known.size
        && (listed.last_modified.is_none() || listed.last_modified == known.last_modified)
}
