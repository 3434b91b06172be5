//! The log files that verified digests vouch for, held against what lies in the log folder, one day at a time.
//!
//! Digests come newest first, so a day can be closed once every chain of the folder has gone back past it. Only open
//! days are in memory, at some 100 bytes a log file, and 60 more where it is to be checked against the listing.

use std::collections::hash_map::Entry as MapEntry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::digest::{LogFileRef, RecordedHash};
use crate::trail::{Day, Interval, LogKey, LogName, ObjectLocation, RegionFolders, Time};

/// What is vouched for in the log folders of one account and region, by all trails that deliver there.
#[derive(Debug)]
pub struct VouchedLogs {
    /// Usually one; more where a trail's prefix or bucket was changed.
    folders: Arc<[(String, RegionFolders)]>,
    open: BTreeMap<Day, DayLogs>,
    /// Whatever is signed and yet not named as log files are; of these the day cannot be told.
    odd: HashMap<ObjectLocation, Entry>,
    /// Objects of closed days that nobody vouched for so far.
    candidates: BTreeMap<ObjectLocation, Unlisted>,
    most_candidates: usize,
    beyond: u64,
}

/// An object that nobody vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unlisted {
    /// The minute in its name, or the day of its folder.
    pub interval: Option<Interval>,
    /// When it was written, where the store knows it.
    pub last_modified: Option<Time>,
}

/// The log files of one day that are vouched for.
#[derive(Debug, Default)]
pub struct DayLogs {
    folders: Arc<[(String, RegionFolders)]>,
    named: HashMap<(u16, LogName), Entry>,
}

/// What is kept of a log file that is vouched for.
#[derive(Debug)]
struct Entry {
    hash: RecordedHashPrefix,
    /// Whether it is of the request, and so checked.
    asked: bool,
    kept: Option<Box<KeptLog>>,
}

/// What a digest records of a log file that was to be seen in the listing. The key is wholly told by the folder and the name.
#[derive(Debug)]
pub struct KeptLog {
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
    /// Which of the folder's chains it belongs to.
    pub chain: usize,
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

impl KeptLog {
    /// The chain that its digest belongs to.
    pub fn chain(&self) -> usize {
        self.by.chain
    }

    /// As it was recorded, under its key.
    pub fn recorded(self, key: String) -> RecordedLog {
        let bucket = self.bucket.map_or_else(|| self.by.bucket.clone(), String::from);
        RecordedLog { log: LogFileRef { at: ObjectLocation::new(bucket, key), hash: self.hash }, by: self.by }
    }
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

/// What the listing shows of a log file that is vouched for.
#[derive(Debug)]
pub enum SeenLog {
    /// It is there, and it is checked elsewhere.
    Checked,
    /// It is there, and was not written since its digest was delivered.
    Present(Box<KeptLog>),
    /// It is there, unchanged since an earlier run proved it, and what was proven is what is recorded. With when its digest was
    /// delivered and when it was written, where that was later.
    Proven(Box<KeptLog>, Option<(Time, Time)>),
    /// It is there, and the store does not know when it was written.
    Untimed(Box<KeptLog>),
    /// It was written after its digest, or that it is listed shows nothing: its content must be looked at.
    Rewritten(Box<RecordedLog>),
}

impl VouchedLogs {
    /// For the folders of one account and region, each with its bucket (empty: any).
    pub fn new(folders: Vec<(String, RegionFolders)>, most_candidates: usize) -> VouchedLogs {
        VouchedLogs {
            folders: folders.into(),
            open: BTreeMap::new(),
            odd: HashMap::new(),
            candidates: BTreeMap::new(),
            most_candidates,
            beyond: 0,
        }
    }

    /// Whether the listing of these folders can show this log file.
    pub fn can_show(&self, at: &ObjectLocation) -> bool {
        self.place(at).is_some()
    }

    /// A verified digest lists `log`, one of the request where it is `asked` for. False if another one of the request
    /// has listed it before, with the same hash: then it is checked already. It is kept by what its digest says, where it
    /// is to be checked against the listing.
    pub fn vouch(&mut self, log: &LogFileRef, asked: bool, keep: Option<&Arc<RecordedBy>>) -> bool {
        self.withdraw(&log.at);
        let kept = keep.map(|by| KeptLog {
            hash: log.hash.clone(),
            by: Arc::clone(by),
            bucket: (log.at.bucket != by.bucket).then(|| log.at.bucket.as_str().into()),
        });
        let entry = Entry { hash: prefix(&log.hash), asked, kept: kept.map(Box::new) };
        let before = match self.place(&log.at) {
            None => self.odd.insert(log.at.clone(), entry),
            Some((folder, name)) => {
                let new = || DayLogs { folders: Arc::clone(&self.folders), ..DayLogs::default() };
                let day = self.open.entry(name.minute.day()).or_insert_with(new);
                match day.named.entry((folder, name)) {
                    // What is to be checked is not forgotten for the word of a digest outside the request.
                    MapEntry::Occupied(before) if before.get().asked && !asked => return false,
                    MapEntry::Occupied(mut before) => Some(before.insert(entry)),
                    MapEntry::Vacant(place) => {
                        place.insert(entry);
                        None
                    }
                }
            }
        };
        before.is_none_or(|before| !before.asked || before.hash != prefix(&log.hash))
    }

    /// The newest day of which anything is vouched for and that is not closed.
    pub fn newest_open(&self) -> Option<Day> {
        self.open.last_key_value().map(|(day, _)| *day)
    }

    /// How many log files are vouched for on days that are not closed.
    pub fn open_log_files(&self) -> usize {
        self.open.values().map(|day| day.named.len()).sum()
    }

    /// Takes out one day, which need not be open.
    pub fn close(&mut self, day: Day) -> DayLogs {
        self.open.remove(&day).unwrap_or_default()
    }

    /// Nobody vouches for this object, as far as is known yet.
    pub fn unlisted(&mut self, object: &LoggedObject) {
        if self.odd.contains_key(&object.at) {
            return;
        }
        if self.candidates.len() >= self.most_candidates {
            self.beyond += 1;
            return;
        }
        let interval = match (object.name, object.day) {
            (Some(name), _) => Some(Interval::new(name.minute, name.minute.plus(60))),
            (None, day) => day.map(|day| Interval::new(day.start(), day.end())),
        };
        self.candidates.insert(object.at.clone(), Unlisted { interval, last_modified: object.last_modified });
    }

    /// Whether anything is unlisted so far.
    pub fn has_unlisted(&self) -> bool {
        !self.candidates.is_empty()
    }

    /// A digest that was looked at late vouches for it after all.
    pub fn withdraw(&mut self, at: &ObjectLocation) {
        if !self.candidates.is_empty() && self.candidates.remove(at).is_none() {
            self.candidates.remove(&ObjectLocation::new("", &at.key));
        }
    }

    /// What remains unlisted, in order, and how many more there are that were only counted.
    pub fn into_unlisted(self) -> (BTreeMap<ObjectLocation, Unlisted>, u64) {
        (self.candidates, self.beyond)
    }

    fn place(&self, at: &ObjectLocation) -> Option<(u16, LogName)> {
        let key = LogKey::parse(&at.key)?;
        // The folder in the bucket of that name before one of which nobody knows where it was copied from.
        let within = |name: &str| {
            self.folders.iter().position(|(bucket, folder)| {
                bucket == name && folder.account == key.folder && folder.region == key.region
            })
        };
        let folder = within(&at.bucket).or_else(|| within(""))?;
        Some((u16::try_from(folder).ok()?, key.name))
    }
}

impl DayLogs {
    /// The listing shows `object`: what is recorded of it; none if nobody vouches for it.
    pub fn see(&mut self, object: &LoggedObject) -> Option<SeenLog> {
        let place = (u16::try_from(object.folder).ok()?, object.name?);
        let Some(kept) = self.named.remove(&place)?.kept else { return Some(SeenLog::Checked) };
        let by = &kept.by;
        let times = by.delivered.zip(object.last_modified);
        if object.proven.is_some_and(|sha256| kept.hash.matches(&sha256)) && !object.doubtful {
            return Some(SeenLog::Proven(kept, times.filter(|(delivered, written)| written > delivered)));
        }
        Some(match times {
            None if !object.doubtful => SeenLog::Untimed(kept),
            Some((delivered, written)) if written <= delivered && !object.doubtful => SeenLog::Present(kept),
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

    fn recorded(&self, (folder, name): (u16, LogName), kept: KeptLog) -> Option<RecordedLog> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::AccountFolder;

    const KEY: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/02/111122223333_CloudTrail_us-east-1_20260102T0005Z_abcdefghijklmnop.json.gz";

    fn ledger() -> VouchedLogs {
        let account = AccountFolder { prefix: String::new(), organization: None, account: "111122223333".into() };
        VouchedLogs::new(vec![(String::new(), RegionFolders { account, region: "us-east-1".into() })], 2)
    }

    fn log(key: &str, hash: u8) -> LogFileRef {
        LogFileRef { at: ObjectLocation::new("b", key), hash: RecordedHash::Sha256([hash; 32]) }
    }

    fn object(key: &str) -> LoggedObject {
        let parsed = LogKey::parse(key);
        LoggedObject {
            folder: 0,
            at: ObjectLocation::new("", key),
            day: Day::parse_folder("2026/01/02/"),
            name: parsed.map(|key| key.name),
            last_modified: None,
            proven: None,
            doubtful: false,
        }
    }

    #[test]
    fn what_is_vouched_for_is_seen_once() {
        let mut ledger = ledger();
        assert!(ledger.vouch(&log(KEY, 1), false, None));
        assert!(ledger.vouch(&log(KEY, 1), true, None), "outside the request it was not checked");
        assert!(!ledger.vouch(&log(KEY, 1), false, None));
        assert!(!ledger.vouch(&log(KEY, 1), true, None), "listed twice");
        assert!(ledger.vouch(&log(KEY, 2), true, None), "another hash must be checked too");
        let day = ledger.newest_open().unwrap();
        assert_eq!(day.folder(), "2026/01/02/");
        let mut logs = ledger.close(day);
        assert_eq!(ledger.newest_open(), None);
        assert!(logs.see(&object(KEY)).is_some());
        assert!(logs.see(&object(KEY)).is_none());
        assert!(logs.see(&object(&KEY.replace("abcdef", "fedcba"))).is_none());
    }

    #[test]
    fn what_is_kept_comes_back_as_it_was_recorded() {
        let mut ledger = ledger();
        let by = |bucket: &str, delivered| {
            let covers = Interval::new(Time::from_unix(0), Time::from_unix(60));
            let delivered = Some(Time::from_unix(delivered));
            Arc::new(RecordedBy { bucket: bucket.to_owned(), key: "d".to_owned(), covers, delivered, chain: 3 })
        };
        let log = |unique: &str, hash| log(&KEY.replace("abcdef", unique), hash);
        let odd = LogFileRef { hash: RecordedHash::Odd("no hash".into()), ..log("dbcdef", 0) };
        let logs = [(log("abcdef", 1), by("b", 9)), (log("bbcdef", 2), by("other", 9)), (odd, by("b", 9))];
        for (log, by) in &logs {
            assert!(ledger.vouch(log, true, Some(by)));
        }
        for (unique, delivered) in [("ebcdef", 5), ("fbcdef", 4), ("gbcdef", 5)] {
            assert!(ledger.vouch(&log(unique, 7), true, Some(&by("b", delivered))));
        }
        let mut day = ledger.close(ledger.newest_open().unwrap());
        let seen = |unique: &str, doubtful| {
            let last_modified = Some(Time::from_unix(5));
            LoggedObject { last_modified, doubtful, ..object(&KEY.replace("abcdef", unique)) }
        };
        assert!(matches!(day.see(&seen("ebcdef", false)), Some(SeenLog::Present(kept)) if kept.chain() == 3));
        let rewritten = |seen| match seen {
            Some(SeenLog::Rewritten(recorded)) => recorded.log,
            _ => panic!("it is to be read"),
        };
        assert_eq!(rewritten(day.see(&seen("fbcdef", false))), log("fbcdef", 7), "written after its digest");
        assert_eq!(rewritten(day.see(&seen("gbcdef", true))), log("gbcdef", 7), "doubtful");
        let unseen = day.into_unseen();
        let expected: Vec<_> = logs.into_iter().map(|(log, by)| RecordedLog { log, by }).collect();
        assert_eq!(unseen, expected);
        assert_eq!(unseen.iter().map(RecordedLog::is_elsewhere).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn a_late_digest_withdraws_and_the_number_named_is_bounded() {
        let mut ledger = ledger();
        for unique in ["abcdef", "bbcdef", "cbcdef"] {
            ledger.unlisted(&object(&KEY.replace("abcdef", unique)));
        }
        ledger.vouch(&log(KEY, 1), true, None);
        let (named, beyond) = ledger.into_unlisted();
        assert_eq!((named.len(), beyond), (1, 1));
    }

    #[test]
    fn a_log_file_is_shown_by_the_folder_of_its_bucket_account_and_region() {
        let folders = |account: &str, region: &str| RegionFolders {
            account: AccountFolder { prefix: String::new(), organization: None, account: account.into() },
            region: region.into(),
        };
        let shows = |bucket: &str, account, region| {
            let ledger = VouchedLogs::new(vec![(bucket.to_owned(), folders(account, region))], 2);
            ledger.can_show(&ObjectLocation::new("b", KEY))
        };
        assert!(shows("b", "111122223333", "us-east-1"));
        assert!(shows("", "111122223333", "us-east-1"), "of which bucket the folder is, nobody knows");
        assert!(!shows("other", "111122223333", "us-east-1"));
        assert!(!shows("b", "444455556666", "us-east-1"));
        assert!(!shows("b", "111122223333", "eu-west-1"));
        assert!(!ledger().can_show(&ObjectLocation::new("b", "no log file's name")));
    }

    #[test]
    fn open_log_files_and_unlisted_objects_are_counted() {
        let mut ledger = ledger();
        assert_eq!((ledger.open_log_files(), ledger.has_unlisted()), (0, false));
        for unique in ["abcdef", "bbcdef"] {
            ledger.vouch(&log(&KEY.replace("abcdef", unique), 1), true, None);
        }
        ledger.vouch(&log(&KEY.replace("2026/01/02", "2026/01/03").replace("_20260102", "_20260103"), 1), true, None);
        ledger.unlisted(&object(&KEY.replace("abcdef", "cbcdef")));
        assert_eq!((ledger.open_log_files(), ledger.has_unlisted()), (3, true));
    }

    #[test]
    fn what_is_withdrawn_is_the_object_and_not_its_namesake() {
        let mut ledger = ledger();
        ledger.unlisted(&object(KEY));
        ledger.unlisted(&LoggedObject { at: ObjectLocation::new("b", KEY), ..object(KEY) });
        ledger.withdraw(&ObjectLocation::new("b", KEY));
        assert_eq!(ledger.into_unlisted().0.into_keys().collect::<Vec<_>>(), [ObjectLocation::new("", KEY)]);
    }

    #[test]
    fn where_the_store_tells_no_times_what_is_doubtful_is_read() {
        let mut ledger = ledger();
        let covers = Interval::new(Time::from_unix(0), Time::from_unix(60));
        let by =
            Arc::new(RecordedBy { bucket: "b".to_owned(), key: "d".to_owned(), covers, delivered: None, chain: 4 });
        let second = KEY.replace("abcdef", "bbcdef");
        ledger.vouch(&log(KEY, 1), true, Some(&by));
        ledger.vouch(&log(&second, 1), true, Some(&by));
        let mut day = ledger.close(ledger.newest_open().unwrap());
        assert!(matches!(day.see(&object(KEY)), Some(SeenLog::Untimed(kept)) if kept.chain() == 4));
        let doubtful = LoggedObject { doubtful: true, ..object(&second) };
        assert!(matches!(day.see(&doubtful), Some(SeenLog::Rewritten(_))));
    }
}
