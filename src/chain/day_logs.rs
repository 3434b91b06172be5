//! The log files of one day that verified digests vouch for, held against the listing of that day.

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::sync::Arc;

use crate::digest::{LogFileRef, RecordedHash};
use crate::limits::{DELIVERY_SKEW, LOG_NAME_SKEW};
use crate::trail::{Day, Interval, LogKey, LogName, ObjectLocation, RegionFolders, Time};

/// The log files of one day that are vouched for.
#[derive(Debug, Default)]
pub struct DayLogs {
    folders: Arc<[(String, RegionFolders)]>,
    named: HashMap<LogPlace, Entry>,
}

/// The folder of a log file, by its number, and its name.
pub(super) type LogPlace = (u16, LogName);

/// What is kept of a log file that is vouched for.
#[derive(Debug)]
pub(super) struct Entry {
    hash: RecordedHashPrefix,
    /// Whether it is of the request, and so checked.
    asked: bool,
    kept: Option<Box<Kept>>,
}

/// What the listing may yet ask for. The key is wholly told by the folder and the name.
#[derive(Debug)]
pub struct Kept {
    hash: RecordedHash,
    by: Arc<RecordedBy>,
    /// The bucket, where it is another one than the digest's.
    bucket: Option<Box<str>>,
}

/// What a digest says of all the log files it lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedBy {
    /// The bucket that the digest lies in.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its time.
    pub covers: Interval,
    /// By when it was delivered, where the store knows when it was written.
    pub delivered: Option<Time>,
    /// By when all that it lists was delivered, as AWS signed. None for a backfill digest, which is generated later: by when,
    /// is signed nowhere.
    pub listed_by: Option<Time>,
    /// What it lists from before this moment may be gone with all that lies before it: it is the oldest that there is, names one
    /// before it, and no start was asked for.
    pub begins_at: Option<Time>,
    /// How many it lists from before that.
    pub from_before: u64,
    /// Which of the folder's chains it belongs to.
    pub chain: usize,
}

impl RecordedBy {
    /// Whether a log file of that key may be gone with what lies before the digest. Its name can be some minutes later than its
    /// delivery.
    pub fn may_have_gone(&self, key: &str) -> bool {
        let named = || LogKey::parse(key).map(|key| key.name.minute.plus(-LOG_NAME_SKEW));
        self.begins_at.is_some_and(|begins| named().is_some_and(|named| named < begins))
    }
}

/// Enough of a recorded hash to tell whether a second digest records the same.
type RecordedHashPrefix = [u8; 8];

/// A log file as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedLog {
    /// The log file and its hash.
    pub log: LogFileRef,
    /// What its digest says.
    pub by: Arc<RecordedBy>,
}

impl RecordedLog {
    /// Whether it was delivered to another bucket than the digest that lists it: the trail was moved in that hour.
    pub fn is_elsewhere(&self) -> bool {
        self.log.at.bucket != self.by.bucket
    }
}

/// An object in a log folder, as the listing shows it.
#[derive(Clone, Debug)]
pub struct LoggedObject {
    /// Which of the account's and region's folders it lies in.
    pub folder: usize,
    /// Where it lies; the bucket may be empty.
    pub at: ObjectLocation,
    /// The day of its folder; none outside the folders of days.
    pub day: Option<Day>,
    /// What its name tells, if it is that of a log file.
    pub name: Option<LogName>,
    /// When it was written, where the store knows it.
    pub last_modified: Option<Time>,
    /// The SHA-256 of its content, where an earlier run proved it and the listing shows it unchanged since.
    pub proven: Option<[u8; 32]>,
    /// Whether that it is listed shows nothing: a link, or what only the record of a copy tells of.
    pub doubtful: bool,
}

/// How what a digest lists stands to what others listed before.
#[derive(Debug)]
pub enum Listed {
    /// None of the request has listed it.
    First,
    /// None has of which anyone knows still: its day was closed before, or its name tells of none.
    Late,
    /// One of the request has, with the same hash: it is checked already.
    Again,
    /// One of the request has, with another hash. No content has both, so it must be read against each: what was kept to be
    /// checked against the listing comes back.
    Otherwise(Option<Box<RecordedLog>>),
}

/// What the listing shows of a log file that is vouched for.
#[derive(Debug)]
pub enum SeenLog {
    /// It is there, and it is checked elsewhere.
    Checked,
    /// It is there, and was not written since the time of its digest ended.
    Present(Box<Kept>),
    /// It is there, unchanged since an earlier run proved it, and what was proven is what is recorded. With when its digest was
    /// delivered and when it was written, where that was later.
    Proven(Box<Kept>, Option<(Time, Time)>),
    /// It is there, and the store does not know when it was written.
    Untimed(Box<Kept>),
    /// It was written after the time of its digest, or that it is listed shows nothing: its content must be looked at.
    Rewritten(Box<RecordedLog>),
}

impl Entry {
    /// What is to be kept of `log`: for the listing, where it is to be checked against that by what its digest says.
    pub(super) fn new(log: &LogFileRef, asked: bool, by: Option<&Arc<RecordedBy>>) -> Entry {
        let kept = by.map(|by| Kept {
            hash: log.hash.clone(),
            by: Arc::clone(by),
            bucket: (log.at.bucket != by.bucket).then(|| log.at.bucket.as_str().into()),
        });
        Entry { hash: prefix(&log.hash), asked, kept: kept.map(Box::new) }
    }

    /// How one of the request stands to what was listed before.
    pub(super) fn after(&self, before: Option<&Entry>) -> Listed {
        match before.filter(|before| before.asked) {
            None => Listed::First,
            Some(before) if before.hash == self.hash => Listed::Again,
            Some(_) => Listed::Otherwise(None),
        }
    }
}

impl Kept {
    /// Which of the folder's chains lists it.
    pub fn chain(&self) -> usize {
        self.by.chain
    }

    /// The log file as recorded; `key` is the one that it was listed by.
    pub fn recorded(self, key: String) -> RecordedLog {
        let bucket = self.bucket.map_or_else(|| self.by.bucket.clone(), String::from);
        RecordedLog { log: LogFileRef { at: ObjectLocation::new(bucket, key), hash: self.hash }, by: self.by }
    }
}

impl DayLogs {
    pub(super) fn new(folders: &Arc<[(String, RegionFolders)]>) -> DayLogs {
        DayLogs { folders: Arc::clone(folders), named: HashMap::new() }
    }

    /// How many are vouched for.
    pub(super) fn count(&self) -> usize {
        self.named.len()
    }

    pub(super) fn vouch(&mut self, place: LogPlace, mut entry: Entry) -> Listed {
        let mut before = match self.named.entry(place) {
            MapEntry::Vacant(vacant) => {
                vacant.insert(entry);
                return Listed::First;
            }
            MapEntry::Occupied(before) => before,
        };
        // What is to be checked is not forgotten for the word of a digest outside the request.
        if before.get().asked && !entry.asked {
            return Listed::Again;
        }
        let listed = entry.after(Some(before.get()));
        let Listed::Otherwise(_) = listed else {
            before.insert(entry);
            return listed;
        };
        entry.kept = None;
        let kept = before.insert(entry).kept;
        Listed::Otherwise(kept.and_then(|kept| self.recorded(place, *kept)).map(Box::new))
    }

    /// The listing shows `object`: what is recorded of it; none if nobody vouches for it.
    pub fn see(&mut self, object: &LoggedObject) -> Option<SeenLog> {
        let name = object.name?;
        let place = (u16::try_from(object.folder).ok()?, name);
        let Some(kept) = self.named.remove(&place)?.kept else { return Some(SeenLog::Checked) };
        let written = object.last_modified;
        if object.proven.is_some_and(|sha256| kept.hash.matches(&sha256)) && !object.doubtful {
            let times = kept.by.delivered.zip(written);
            return Some(SeenLog::Proven(kept, times.filter(|(delivered, written)| written > delivered)));
        }
        // Not when the digest itself was written: that is later after each time that somebody writes it again. Where nobody signed
        // when the digest was made, the name tells when the log file was delivered, and that is signed.
        let by = kept.by.listed_by.unwrap_or(name.minute.plus(DELIVERY_SKEW));
        Some(match written {
            None if !object.doubtful => SeenLog::Untimed(kept),
            Some(written) if written <= by && !object.doubtful => SeenLog::Present(kept),
            _ => SeenLog::Rewritten(Box::new(self.recorded(place, *kept)?)),
        })
    }

    /// What is recorded and was not seen in the listing, in order, where it was kept.
    pub fn into_unseen(mut self) -> Vec<RecordedLog> {
        let named = std::mem::take(&mut self.named);
        let kept = named.into_iter().filter_map(|(place, entry)| self.recorded(place, *entry.kept?));
        let mut unseen: Vec<RecordedLog> = kept.collect();
        unseen.sort_unstable_by(|a, b| a.log.at.cmp(&b.log.at));
        unseen
    }

    fn recorded(&self, (folder, name): LogPlace, kept: Kept) -> Option<RecordedLog> {
        let (_, RegionFolders { account, region }) = self.folders.get(usize::from(folder))?.clone();
        Some(kept.recorded(LogKey { folder: account, region, name }.key()))
    }
}

fn prefix(hash: &RecordedHash) -> RecordedHashPrefix {
    let mut prefix = [0; 8];
    match hash {
        RecordedHash::Sha256(bytes) => prefix.copy_from_slice(&bytes[..8]),
        RecordedHash::Odd(text) => text.bytes().take(8).zip(&mut prefix).for_each(|(byte, at)| *at = byte),
    }
    prefix
}
