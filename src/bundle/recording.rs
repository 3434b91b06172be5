//! What an audit was shown and given, noted while it asks: so that a bundle answers as the source did.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::watch;

use super::bodies::{Bodies, Kept};
use super::gathered::{Gathered, Note as TakesNote};
use super::in_turn::InTurn;
use super::keeping::{Keeping, Small, Whole};
use super::locked::lock;
use super::notes::{Note, Notes};
use super::tee::{Teed, tee};
use super::zip::{Zip, folder_of};
use super::{IncludeLogs, folder_of_bucket};
use crate::audit::Evidence;
use crate::digest::KeySet;
use crate::keys::{KeyOrigin, KeySource, KeySourceError};
use crate::limits::Limits;
use crate::logfile::Framing;
use crate::store::dir::{ObjectRecord, Spool};
use crate::store::{
    AskedFor, Buckets, FetchedObject, Folder, KeyRange, ListError, ObjectInfo, ObjectStore, StoreError,
};
use crate::trail::{DigestKey, Interval, Time};

/// All that an audit was shown and given.
pub struct Recording {
    pub(super) bodies: Bodies,
    /// By what they lie below, so that those that are packed one after the other lie beside each other.
    gathered: [Gathered<Asked>; 16],
    /// What is not kept beside the bundle, but in it.
    pub(super) in_turn: InTurn,
    /// The bundle, until it is packed or given up.
    pub(super) zip: Mutex<Option<Zip>>,
    pub(super) include: IncludeLogs,
    /// Bytes of a log file, and of a digest file, as stored, beyond which no more of it is kept.
    most: (u64, u64),
    pub(super) stores: Mutex<Vec<Arc<Seen>>>,
    pub(super) keys: Mutex<KeySet>,
    /// The bundle's file, and the folder that it is to lie in.
    pub(super) out: PathBuf,
    pub(super) folder: PathBuf,
    failed: Mutex<Option<io::Error>>,
    under_way: watch::Sender<usize>,
}

/// What one bucket showed and gave.
pub(super) struct Seen {
    pub bucket: Option<String>,
    /// Its folder in the bundle.
    pub folder: String,
    pub framing: Framing,
    /// Whether it was opened only because a trail had been moved from it.
    pub followed: bool,
    pub shown: Mutex<Notes>,
    /// Apart from the objects, for one can have the name of a folder.
    pub folders: Mutex<Spool>,
    pub given: Mutex<Notes>,
    /// Of what was given, that which is in its place in the bundle already.
    pub placed: Mutex<Notes>,
}

/// An object that was asked for, and its store's place in the recording.
pub(super) struct Asked {
    pub seen: Arc<Seen>,
    pub key: String,
    pub note: Note,
    /// Whether it was told of, and has a turn by that.
    pub in_turn: bool,
}

impl Recording {
    /// Evidence and keys that are recorded while an audit asks for them, for a bundle that is to be at `out`. What is kept lies
    /// in the same folder.
    pub fn of(
        evidence: Evidence,
        keys: Arc<dyn KeySource>,
        include: IncludeLogs,
        limits: &Limits,
        out: &Path,
    ) -> io::Result<(Arc<Recording>, Evidence, Arc<dyn KeySource>)> {
        let folder = folder_of(out);
        let recording = Arc::new(Recording {
            bodies: Bodies::beside(folder)?,
            gathered: Default::default(),
            in_turn: InTurn::default(),
            zip: Mutex::new(Some(Zip::new(out)?)),
            include,
            most: (limits.log_inflated, limits.digest_stored),
            stores: Mutex::default(),
            keys: Mutex::default(),
            out: out.to_owned(),
            folder: folder.to_owned(),
            failed: Mutex::default(),
            under_way: watch::Sender::new(0),
        });
        let stores = evidence.stores.iter().map(|store| recording.store(store, false)).collect();
        let buckets = evidence.buckets.map(|inner| {
            Arc::new(RecordedBuckets { recording: Arc::clone(&recording), inner, opened: Mutex::default() }) as _
        });
        let evidence = Evidence { stores, buckets, ..evidence };
        let keys = Arc::new(RecordedKeys { recording: Arc::clone(&recording), inner: keys });
        Ok((recording, evidence, keys))
    }

    fn store(self: &Arc<Recording>, inner: &Arc<dyn ObjectStore>, followed: bool) -> Arc<dyn ObjectStore> {
        let mut stores = lock(&self.stores);
        let name = format!(".trailseal-bundle-{}-{}", std::process::id(), stores.len());
        let notes = || Mutex::new(Notes::new(&self.folder));
        let folders: Vec<String> = stores.iter().map(|seen| seen.folder.clone()).collect();
        // In one order alone can anything be written while others are read.
        let in_turn = stores.is_empty() && self.include == IncludeLogs::All;
        let seen = Arc::new(Seen {
            bucket: inner.bucket().map(str::to_owned),
            folder: folder_of_bucket(inner.bucket(), &folders),
            framing: inner.framing(),
            followed,
            shown: notes(),
            folders: Mutex::new(Spool::new(self.folder.join(name))),
            given: notes(),
            placed: notes(),
        });
        stores.push(Arc::clone(&seen));
        Arc::new(RecordedStore { recording: Arc::clone(self), inner: Arc::clone(inner), seen, in_turn })
    }

    /// Waits for what is still being read, and tells whether all could be kept.
    pub async fn ended(&self) -> io::Result<()> {
        let _ = self.under_way.subscribe().wait_for(|count| *count == 0).await;
        self.turns_end();
        for gathered in &self.gathered {
            gathered.done(gathered.last(), &Beside(self)).unwrap_or_else(|error| self.failed(error));
        }
        lock(&self.failed).take().map_or(Ok(()), Err)
    }

    /// Something is being read, and kept; dropped once it is.
    pub(super) fn begin(self: &Arc<Recording>) -> UnderWay {
        self.under_way.send_modify(|count| *count += 1);
        UnderWay(Arc::clone(self))
    }

    pub(super) fn failed(&self, error: io::Error) {
        lock(&self.failed).get_or_insert(error);
    }

    /// Where an object is gathered: with others of its account and region, for as long as it lies in a folder of a day.
    fn gathered(&self, key: &str) -> &Gathered<Asked> {
        let is_year = |part: &str| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_digit());
        let above = key.split_inclusive('/').take_while(|part| !is_year(part.trim_end_matches('/')));
        let above = &key[..above.map(str::len).sum()];
        &self.gathered[crc32fast::hash(above.as_bytes()) as usize % self.gathered.len()]
    }

    /// Gives up the bundle, unless it is packed already.
    pub fn give_up(&self) {
        drop(lock(&self.zip).take());
    }

    pub(super) fn given(&self, asked: Asked, whole: io::Result<Whole>) {
        let kept = whole.and_then(|whole| match asked.in_turn {
            true => self.came(asked, whole),
            false => self.gather(asked, Some(whole)),
        });
        kept.unwrap_or_else(|error| self.failed(error));
    }

    /// Of what was asked for, nothing is kept.
    fn not_kept(&self, asked: Asked) {
        self.gather(asked, None).unwrap_or_else(|error| self.failed(error));
    }

    pub(super) fn gather(&self, asked: Asked, whole: Option<Whole>) -> io::Result<()> {
        let gathered = self.gathered(&asked.key);
        gathered.put(asked, whole).map_or(Ok(()), |full| gathered.done(full, &Beside(self)))
    }

    pub(super) fn noted(&self, asked: Asked, kept: Option<Kept>, to: impl FnOnce(&Seen) -> &Mutex<Notes>) {
        let Asked { seen, key, mut note, .. } = asked;
        if let Some(kept) = kept {
            if !note.cut {
                note.size = Some(kept.size);
            }
            note.kept = Some(kept);
        }
        self.note(to(&seen), &key, &note);
    }

    fn not_given(&self, seen: &Arc<Seen>, key: &str, error: &StoreError) {
        // That it was not there is an answer too, and not the same as that nobody asked.
        let reason = error.reason();
        let note = Note { reason, absent: reason.is_none(), ..Note::default() };
        self.not_kept(Asked { seen: Arc::clone(seen), key: key.to_owned(), note, in_turn: false });
    }

    fn note(&self, notes: &Mutex<Notes>, key: &str, note: &Note) {
        if let Err(error) = lock(notes).add(key, note) {
            self.failed(error);
        }
    }

    fn is_kept(&self, key: &str) -> bool {
        self.include != IncludeLogs::None || DigestKey::parse(key).is_some()
    }
}

/// Notes what is kept beside the bundle.
struct Beside<'a>(&'a Recording);

impl TakesNote<Asked> for Beside<'_> {
    fn keep(&self, all: &[&Small]) -> io::Result<Vec<(u64, u64)>> {
        self.0.bodies.append_all(all)
    }

    fn note(&self, asked: Asked, kept: Option<Kept>, _: Option<&[u8]>) {
        self.0.noted(asked, kept, |seen| &seen.given);
    }
}

/// Something that is being read.
pub(super) struct UnderWay(Arc<Recording>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.send_modify(|count| *count -= 1);
    }
}

/// A store that is recorded.
struct RecordedStore {
    recording: Arc<Recording>,
    inner: Arc<dyn ObjectStore>,
    seen: Arc<Seen>,
    /// Whether what it gives can have a turn.
    in_turn: bool,
}

impl RecordedStore {
    fn shown_object(&self, object: &ObjectInfo) {
        let note = Note {
            size: Some(object.size),
            etag: object.etag.clone(),
            last_modified: object.last_modified.map(Time::unix),
            storage_class: object.storage_class.clone(),
            special: object.special,
            only_told: object.only_told,
            ..Note::default()
        };
        self.recording.note(&self.seen.shown, &object.key, &note);
    }

    /// That there is such a folder, and why it could not be looked into, if it could not.
    fn shown_folder(&self, prefix: &str, error: Option<&StoreError>) {
        let reason = error.and_then(StoreError::reason);
        if error.is_none() || reason.is_some() {
            let record = ObjectRecord { key: prefix.to_owned(), folder: true, reason, ..ObjectRecord::default() };
            let noted = serde_json::to_string(&record).map_err(io::Error::from);
            if let Err(error) = noted.and_then(|line| lock(&self.seen.folders).add(prefix, &line)) {
                self.recording.failed(error);
            }
        }
    }

    fn given(&self, key: &str, answer: Result<FetchedObject, StoreError>) -> Result<FetchedObject, StoreError> {
        let object = answer.inspect_err(|error| self.recording.not_given(&self.seen, key, error))?;
        let FetchedObject { body, metadata, attributes } = object;
        let note = Note {
            metadata: ObjectRecord::user_metadata(&attributes, &metadata),
            size: attributes.size,
            etag: attributes.etag.clone(),
            last_modified: metadata.last_modified.map(Time::unix),
            version_id: attributes.version_id.clone(),
            storage_class: attributes.storage_class.clone(),
            ..Note::default()
        };
        let in_turn = self.in_turn && self.recording.in_turn.begin(key);
        let asked = Asked { seen: Arc::clone(&self.seen), key: key.to_owned(), note, in_turn };
        let body = if self.recording.is_kept(key) {
            let (of_log, of_digest) = self.recording.most;
            let most = if DigestKey::parse(key).is_some() { of_digest } else { of_log };
            tee(
                body,
                Teed {
                    recording: Arc::clone(&self.recording),
                    asked,
                    keeping: Keeping::within(&self.recording.bodies),
                    most,
                    under_way: self.recording.begin(),
                },
            )
        } else {
            self.recording.not_kept(asked);
            body
        };
        Ok(FetchedObject { body, metadata, attributes })
    }
}

#[async_trait]
impl ObjectStore for RecordedStore {
    fn bucket(&self) -> Option<&str> {
        self.inner.bucket()
    }

    fn framing(&self) -> Framing {
        self.inner.framing()
    }

    fn is_remote(&self) -> bool {
        self.inner.is_remote()
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        let answer = self.inner.folder(prefix).await;
        match &answer {
            Ok(folder) => {
                folder.folders.iter().for_each(|prefix| self.shown_folder(prefix, None));
                folder.objects.iter().for_each(|object| self.shown_object(object));
            }
            Err(error) => self.shown_folder(prefix, Some(error)),
        }
        answer
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        let noted = |page: &Result<Vec<ObjectInfo>, ListError>| match page {
            Ok(objects) => objects.iter().for_each(|object| self.shown_object(object)),
            Err(failed) => self.shown_folder(&failed.prefix, Some(&failed.error)),
        };
        self.inner.list(prefix, range).inspect(noted).boxed()
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        if self.in_turn {
            self.recording.in_turn.room_for(key).await;
        }
        self.given(key, self.inner.get(key).await)
    }

    fn get_now(&self, key: &str) -> Option<Result<FetchedObject, StoreError>> {
        Some(self.given(key, self.inner.get_now(key)?))
    }

    fn in_turn(&self, key: &str) -> Option<AskedFor> {
        // A digest file is asked for by whoever walks, too.
        let has_turn = self.in_turn && DigestKey::parse(key).is_none();
        has_turn.then(|| Box::new(self.recording.tell(key)) as AskedFor)
    }
}

/// The buckets that a trail was moved from, recorded each once.
struct RecordedBuckets {
    recording: Arc<Recording>,
    inner: Arc<dyn Buckets>,
    opened: Mutex<Vec<Arc<dyn ObjectStore>>>,
}

#[async_trait]
impl Buckets for RecordedBuckets {
    async fn bucket(&self, name: &str) -> Option<Arc<dyn ObjectStore>> {
        let store = self.inner.bucket(name).await?;
        let mut opened = lock(&self.opened);
        if let Some(known) = opened.iter().find(|known| known.bucket() == Some(name)) {
            return Some(Arc::clone(known));
        }
        let recorded = self.recording.store(&store, true);
        opened.push(Arc::clone(&recorded));
        Some(recorded)
    }

    async fn at_hand(&self) -> Vec<Arc<dyn ObjectStore>> {
        let mut recorded = Vec::new();
        for store in self.inner.at_hand().await {
            if let Some(name) = store.bucket() {
                recorded.extend(self.bucket(name).await);
            }
        }
        recorded
    }
}

/// A source of keys that is recorded.
struct RecordedKeys {
    recording: Arc<Recording>,
    inner: Arc<dyn KeySource>,
}

#[async_trait]
impl KeySource for RecordedKeys {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    fn origin(&self) -> KeyOrigin {
        self.inner.origin()
    }

    async fn keys(&self, region: &str, range: Interval) -> Result<Arc<KeySet>, KeySourceError> {
        let keys = self.inner.keys(region, range).await?;
        let mut all = lock(&self.recording.keys);
        let of_region = keys.iter().filter(|key| key.region.as_deref().is_none_or(|of| of == region));
        of_region.for_each(|key| all.insert(key.clone()));
        keys.complete().filter(|(of, _)| *of == region).for_each(|(of, range)| all.state_complete(of, range));
        drop(all);
        Ok(keys)
    }
}
