//! The log files that verified digests vouch for, held against what lies in the log folder, one day at a time.
//!
//! Digests come newest first, so a day can be closed once every chain of the folder has gone back past it. Only open
//! days are in memory, at some 100 bytes a log file, and 60 more where it is to be checked against the listing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::day_logs::{DayLogs, Entry, Listed, LogPlace, LoggedObject, RecordedBy};
use crate::digest::LogFileRef;
use crate::trail::{Day, Interval, LogKey, ObjectLocation, RegionFolders, Time};

/// What is vouched for in the log folders of one account and region, by all trails that deliver there.
#[derive(Debug)]
pub struct VouchedLogs {
    /// Usually one; more where a trail's prefix or bucket was changed.
    folders: Arc<[(String, RegionFolders)]>,
    open: BTreeMap<Day, DayLogs>,
    /// The oldest day that was closed.
    closed: Option<Day>,
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

impl VouchedLogs {
    /// For the folders of one account and region, each with its bucket (empty: any).
    pub fn new(folders: Vec<(String, RegionFolders)>, most_candidates: usize) -> VouchedLogs {
        VouchedLogs {
            folders: folders.into(),
            open: BTreeMap::new(),
            closed: None,
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

    /// A verified digest lists `log`, one of the request where it is `asked` for. It is kept by what its digest says, where
    /// it is to be checked against the listing.
    pub fn vouch(&mut self, log: &LogFileRef, asked: bool, keep: Option<&Arc<RecordedBy>>) -> Listed {
        self.withdraw(&log.at);
        let entry = Entry::new(log, asked, keep);
        let (listed, known) = match self.place(&log.at) {
            Some(place) => {
                let day = place.1.minute.day();
                let new = || DayLogs::new(&self.folders);
                let listed = self.open.entry(day).or_insert_with(new).vouch(place, entry);
                (listed, self.closed.is_none_or(|closed| day < closed))
            }
            None => {
                let at = self.here(&log.at);
                let listed = entry.after(self.odd.get(&at));
                self.odd.insert(at, entry);
                (listed, false)
            }
        };
        match listed {
            Listed::First if !known => Listed::Late,
            listed => listed,
        }
    }

    /// The newest day of which anything is vouched for and that is not closed.
    pub fn newest_open(&self) -> Option<Day> {
        self.open.last_key_value().map(|(day, _)| *day)
    }

    /// How many log files are vouched for on days that are not closed.
    pub fn open_log_files(&self) -> usize {
        self.open.values().map(DayLogs::count).sum()
    }

    /// How many of them are on days that begin then or later.
    pub fn open_log_files_from(&self, time: Time) -> usize {
        self.open.iter().filter(|(day, _)| day.start() >= time).map(|(_, logs)| logs.count()).sum()
    }

    /// Takes out one day, which need not be open.
    pub fn close(&mut self, day: Day) -> DayLogs {
        self.closed = Some(self.closed.map_or(day, |closed| closed.min(day)));
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

    /// A digest that was looked at late vouches for it after all. Whether it was unlisted so far.
    pub fn withdraw(&mut self, at: &ObjectLocation) -> bool {
        if self.candidates.is_empty() {
            return false;
        }
        let found = self.candidates.remove(at);
        found.or_else(|| self.candidates.remove(&ObjectLocation::new("", &at.key))).is_some()
    }

    /// What remains unlisted, in order, and how many more there are that were only counted.
    pub fn into_unlisted(self) -> (BTreeMap<ObjectLocation, Unlisted>, u64) {
        (self.candidates, self.beyond)
    }

    /// As the listing of these folders shows it: under no bucket, where nobody knows from which one they were copied.
    fn here(&self, at: &ObjectLocation) -> ObjectLocation {
        let named = |name: &str| self.folders.iter().any(|(bucket, _)| bucket == name);
        let bucket = if !named(&at.bucket) && named("") { "" } else { &at.bucket };
        ObjectLocation::new(bucket, &at.key)
    }

    fn place(&self, at: &ObjectLocation) -> Option<LogPlace> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::{RecordedLog, SeenLog};
    use crate::digest::RecordedHash;
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
        assert!(matches!(ledger.vouch(&log(KEY, 1), false, None), Listed::First));
        let first = ledger.vouch(&log(KEY, 1), true, None);
        assert!(matches!(first, Listed::First), "outside the request it was not checked");
        for asked in [false, true] {
            assert!(matches!(ledger.vouch(&log(KEY, 1), asked, None), Listed::Again), "{asked}");
        }
        let other = ledger.vouch(&log(KEY, 2), true, None);
        assert!(matches!(other, Listed::Otherwise(None)), "another hash must be checked too");
        let day = ledger.newest_open().unwrap();
        assert_eq!(day.folder(), "2026/01/02/");
        let mut logs = ledger.close(day);
        assert_eq!(ledger.newest_open(), None);
        assert!(logs.see(&object(KEY)).is_some());
        assert!(logs.see(&object(KEY)).is_none());
        assert!(logs.see(&object(&KEY.replace("abcdef", "fedcba"))).is_none());
    }

    /// Nobody knows from which bucket it was copied, and the digest does.
    #[test]
    fn what_is_signed_under_an_odd_name_is_listed_wherever_it_was_copied_from() {
        let mut ledger = ledger();
        assert!(matches!(ledger.vouch(&log("odd", 1), true, None), Listed::Late));
        assert!(matches!(ledger.vouch(&log("odd", 1), true, None), Listed::Again));
        ledger.unlisted(&object("odd"));
        assert!(!ledger.has_unlisted());
        ledger.unlisted(&object("odder"));
        assert!(ledger.has_unlisted());
    }

    #[test]
    fn what_may_have_been_listed_before_is_told_from_what_was_not() {
        let mut ledger = ledger();
        let of_day =
            |day: &str| log(&KEY.replace("/02/", &format!("/{day}/")).replace("0102T", &format!("01{day}T")), 1);
        ledger.close(ledger.newest_open().unwrap_or_else(|| Day::parse_folder("2026/01/03/").unwrap()));
        assert!(matches!(ledger.vouch(&of_day("02"), true, None), Listed::First));
        assert!(matches!(ledger.vouch(&of_day("03"), true, None), Listed::Late), "its day was closed");
        assert!(matches!(ledger.vouch(&of_day("03"), true, None), Listed::Again));
        assert!(matches!(ledger.vouch(&of_day("04"), true, None), Listed::Late), "and so were those after it");
        ledger.close(Day::parse_folder("2026/01/02/").unwrap());
        ledger.close(Day::parse_folder("2026/01/03/").unwrap());
        assert!(matches!(ledger.vouch(&of_day("02"), true, None), Listed::Late));
        assert!(matches!(ledger.vouch(&of_day("01"), true, None), Listed::First));
        assert!(matches!(ledger.vouch(&log("of no day", 1), true, None), Listed::Late));
    }

    #[test]
    fn what_is_kept_comes_back_as_it_was_recorded() {
        let mut ledger = ledger();
        let by = |bucket: &str, listed_by| {
            let covers = Interval::new(Time::from_unix(0), Time::from_unix(60));
            // Whoever writes a digest again makes nothing older by it.
            let (delivered, listed_by) = (Some(Time::from_unix(900)), Some(Time::from_unix(listed_by)));
            let (bucket, key) = (bucket.to_owned(), "d".to_owned());
            Arc::new(RecordedBy {
                bucket,
                key,
                covers,
                delivered,
                listed_by,
                begins_at: None,
                from_before: 0,
                chain: 3,
            })
        };
        let log = |unique: &str, hash| log(&KEY.replace("abcdef", unique), hash);
        let odd = LogFileRef { hash: RecordedHash::Odd("no hash".into()), ..log("dbcdef", 0) };
        let logs = [(log("abcdef", 1), by("b", 9)), (log("bbcdef", 2), by("other", 9)), (odd, by("b", 9))];
        for (log, by) in &logs {
            assert!(matches!(ledger.vouch(log, true, Some(by)), Listed::First));
        }
        for (unique, listed_by) in [("ebcdef", 5), ("fbcdef", 4), ("gbcdef", 5)] {
            assert!(matches!(ledger.vouch(&log(unique, 7), true, Some(&by("b", listed_by))), Listed::First));
        }
        let mut day = ledger.close(ledger.newest_open().unwrap());
        let seen = |unique: &str, doubtful| {
            let last_modified = Some(Time::from_unix(5));
            LoggedObject { last_modified, doubtful, ..object(&KEY.replace("abcdef", unique)) }
        };
        let present = match day.see(&seen("ebcdef", false)) {
            Some(SeenLog::Present(kept)) => kept,
            other => panic!("it is there: {other:?}"),
        };
        assert_eq!(present.chain(), 3);
        let expected = RecordedLog { log: log("ebcdef", 7), by: by("b", 5) };
        assert_eq!(present.recorded(KEY.replace("abcdef", "ebcdef")), expected);
        let rewritten = |seen| match seen {
            Some(SeenLog::Rewritten(recorded)) => recorded.log,
            _ => panic!("it is to be read"),
        };
        assert_eq!(
            rewritten(day.see(&seen("fbcdef", false))),
            log("fbcdef", 7),
            "written after the time of its digest"
        );
        assert_eq!(rewritten(day.see(&seen("gbcdef", true))), log("gbcdef", 7), "doubtful");
        let unseen = day.into_unseen();
        let expected: Vec<_> = logs.into_iter().map(|(log, by)| RecordedLog { log, by }).collect();
        assert_eq!(unseen, expected);
        assert_eq!(unseen.iter().map(RecordedLog::is_elsewhere).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn what_two_digests_record_differently_is_kept_of_neither() {
        let mut ledger = ledger();
        let covers = Interval::new(Time::from_unix(0), Time::from_unix(60));
        let by = Arc::new(RecordedBy {
            bucket: "b".to_owned(),
            key: "d".to_owned(),
            covers,
            delivered: Some(covers.end),
            listed_by: Some(covers.end),
            begins_at: None,
            from_before: 0,
            chain: 0,
        });
        assert!(matches!(ledger.vouch(&log(KEY, 1), true, Some(&by)), Listed::First));
        let before = match ledger.vouch(&log(KEY, 2), true, Some(&by)) {
            Listed::Otherwise(before) => before,
            other => panic!("it contradicts the first: {other:?}"),
        };
        assert_eq!(before.map(|before| *before), Some(RecordedLog { log: log(KEY, 1), by: Arc::clone(&by) }));
        // The word of a third, outside the request, changes nothing of it.
        assert!(matches!(ledger.vouch(&log(KEY, 3), false, None), Listed::Again));
        let mut day = ledger.close(ledger.newest_open().unwrap());
        assert!(matches!(day.see(&object(KEY)), Some(SeenLog::Checked)));
        assert!(day.into_unseen().is_empty());
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
        let newest = ledger.newest_open().unwrap();
        let from = |time| ledger.open_log_files_from(time);
        assert_eq!((from(newest.end()), from(newest.start()), from(newest.start().plus(-1))), (0, 1, 1));
        assert_eq!(from(newest.start().plus(-Time::DAY)), 3);
    }

    #[test]
    fn what_is_withdrawn_is_the_object_and_not_its_namesake() {
        let mut ledger = ledger();
        ledger.unlisted(&object(KEY));
        ledger.unlisted(&LoggedObject { at: ObjectLocation::new("b", KEY), ..object(KEY) });
        assert!(ledger.withdraw(&ObjectLocation::new("b", KEY)));
        assert!(!ledger.withdraw(&ObjectLocation::new("b", KEY.replace("abcdef", "cbcdef"))));
        assert_eq!(ledger.into_unlisted().0.into_keys().collect::<Vec<_>>(), [ObjectLocation::new("", KEY)]);
    }

    #[test]
    fn where_the_store_tells_no_times_what_is_doubtful_is_read() {
        let mut ledger = ledger();
        let covers = Interval::new(Time::from_unix(0), Time::from_unix(60));
        let (bucket, key) = ("b".to_owned(), "d".to_owned());
        let by = Arc::new(RecordedBy {
            bucket,
            key,
            covers,
            delivered: None,
            listed_by: None,
            begins_at: None,
            from_before: 0,
            chain: 4,
        });
        let second = KEY.replace("abcdef", "bbcdef");
        ledger.vouch(&log(KEY, 1), true, Some(&by));
        ledger.vouch(&log(&second, 1), true, Some(&by));
        let mut day = ledger.close(ledger.newest_open().unwrap());
        assert!(matches!(day.see(&object(KEY)), Some(SeenLog::Untimed(kept)) if kept.chain() == 4));
        let doubtful = LoggedObject { doubtful: true, ..object(&second) };
        assert!(matches!(day.see(&doubtful), Some(SeenLog::Rewritten(_))));
    }
}
