//! The log folders of one account and region: which days they have, and which objects are to be judged.

use std::collections::BTreeMap;

use super::discover::{Place, Region};
use super::misplaced::{Beside, Misplaced, UNLISTED, Unlistable};
use crate::chain::LoggedObject;
use crate::limits::{LOG_NAME_SKEW, Limits};
use crate::store::{Folder, KeyRange, ObjectInfo, StoreError};
use crate::trail::{Day, Interval, LogName, Time};

/// The days that the log folders have, within a window.
#[derive(Default)]
pub(super) struct LogFolders {
    /// For each day, the places that have a folder for it.
    days: BTreeMap<Day, Vec<usize>>,
    /// Whether there are days, or log files, before the window.
    pub older: bool,
    /// Whether there are days, or log files, after it.
    pub newer: bool,
    /// What lies in the log folders outside the folders of days, and what could not be listed.
    pub beside: Beside,
}

/// Which objects of a log folder are judged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    /// Not those before; none for as far back as there are any.
    pub start: Option<Time>,
    /// Not those from then on; none for as far as there are any.
    pub end: Option<Time>,
    /// From the end of the newest digest until the next one is due: what was delivered then is in no digest yet.
    pub pending: Option<Interval>,
    /// Not what was written after then, where the store's own word for that is to be trusted: the audit has begun before.
    pub written_by: Option<Time>,
}

impl Window {
    pub(super) fn judges(&self, object: &LoggedObject) -> bool {
        if self.written_by.zip(object.last_modified).is_some_and(|(by, written)| written > by) {
            return false;
        }
        let Some(name) = object.name else {
            return object.day.is_none_or(|day| self.has_day(day));
        };
        self.has_minute(name.minute) && !self.is_pending(object)
    }

    /// Whether it is one of those that no digest is due to list yet.
    pub(super) fn is_pending(&self, object: &LoggedObject) -> bool {
        let minute = object.name.map(|name| name.minute).filter(|minute| self.has_minute(*minute));
        minute.zip(self.pending).is_some_and(|(minute, pending)| is_pending(pending, minute, object.last_modified))
    }

    /// Whether it is named before the window begins.
    pub(super) fn begins_after(&self, object: &LoggedObject) -> bool {
        self.start.zip(object.name).is_some_and(|(start, name)| name.minute < start)
    }

    /// Whether it is named after the window ends.
    pub(super) fn ends_before(&self, object: &LoggedObject) -> bool {
        self.end.zip(object.name).is_some_and(|(end, name)| end <= name.minute)
    }

    fn has_minute(&self, minute: Time) -> bool {
        self.start.is_none_or(|start| start <= minute) && self.end.is_none_or(|end| minute < end)
    }

    /// Whether it begins after this day.
    fn is_after(&self, day: Day) -> bool {
        self.start.is_some_and(|start| day.end() <= start)
    }

    /// Whether it ends before this day.
    fn is_before(&self, day: Day) -> bool {
        self.end.is_some_and(|end| end <= day.start())
    }

    pub(super) fn has_day(&self, day: Day) -> bool {
        self.start.is_none_or(|start| start < day.end()) && self.end.is_none_or(|end| day.start() < end)
    }

    /// Whether any day of a folder such as `2026/` or `2026/01/` can be in the window.
    fn has_folder(&self, path: &str) -> bool {
        let day = |rest: &str| Day::parse_folder(&format!("{path}{rest}"));
        let span = match path.len() {
            // The last year that can be written down ends a day early.
            5 => day("01/01/").zip(day("12/31/").or(day("12/30/"))),
            8 => day("01/").zip(day("31/").or(day("30/")).or(day("29/")).or(day("28/"))),
            _ => day("").zip(day("")),
        };
        span.is_some_and(|(first, last)| {
            self.start.is_none_or(|start| start < last.end()) && self.end.is_none_or(|end| first.start() < end)
        })
    }
}

impl LogFolders {
    /// Finds the days; whatever else lies in the log folders is told of at once.
    pub(super) async fn find(region: &Region, window: Window, limits: &Limits) -> LogFolders {
        let mut found = LogFolders::default();
        for (at, place) in region.places.iter().enumerate() {
            found.below(place, at, window, limits).await;
        }
        found
    }

    async fn below(&mut self, place: &Place, at: usize, window: Window, limits: &Limits) {
        let root = place.folders.logs();
        let mut misplaced = Misplaced::new(&place.store, &root, UNLISTED, limits);
        // Newest first, so that a limit met leaves out the oldest.
        let mut open = vec![root.clone()];
        while let Some(path) = open.pop() {
            let folder = match place.store.folder(&path).await {
                Ok(folder) => folder,
                Err(StoreError::NotFound) => Folder::default(),
                Err(error) => {
                    self.beside.unlistable(Unlistable::new(&place.store, &path, &error));
                    continue;
                }
            };
            folder.objects.into_iter().for_each(|object| misplaced.tell(object));
            for name in folder.folders {
                let below = &name[root.len()..];
                if let Some(day) = Day::parse_folder(below) {
                    if window.has_day(day) {
                        self.days.entry(day).or_default().push(at);
                    }
                    self.older |= window.is_after(day);
                    self.newer |= window.is_before(day);
                } else if !is_date_folder(below) {
                    self.beside.tell_below(&mut misplaced, &name, limits).await;
                } else if window.has_folder(below) {
                    open.push(name);
                } else {
                    self.older |= last_day(below).is_some_and(|day| window.is_after(day));
                    self.newer |= first_day(below).is_some_and(|day| window.is_before(day));
                }
            }
        }
        self.beside.place(misplaced);
    }

    /// The newest day not taken yet.
    pub(super) fn newest(&self) -> Option<Day> {
        self.days.last_key_value().map(|(day, _)| *day)
    }

    /// The places that have a folder for the day; each day is taken once.
    pub(super) fn take(&mut self, day: Day) -> Vec<usize> {
        self.days.remove(&day).unwrap_or_default()
    }
}

/// Whether a log file may have been delivered after the newest digest ended. When it was written tells, where the store
/// knows it; else its name does, which is some minutes off.
fn is_pending(pending: Interval, minute: Time, written: Option<Time>) -> bool {
    let near = minute < pending.start && written.is_none_or(|written| written >= pending.start);
    let from = if near { pending.start.plus(-LOG_NAME_SKEW) } else { pending.start };
    from <= minute && minute < pending.end
}

/// The keys in the folders of some days, and what lies between these.
pub(super) fn days_of(root: &str, oldest: Day, newest: Day) -> KeyRange {
    // An object can be named like the folder itself: what sorts just before a slash comes before that, too.
    let below = |day: Day| format!("{root}{}.", day.folder().trim_end_matches('/'));
    KeyRange { after: Some(below(oldest)), before: Some(below(newest.next())) }
}

/// What the listing of log folders shows in a day's folder; none for what lies elsewhere.
pub(super) fn logged(place: &Place, at: usize, object: ObjectInfo) -> Option<LoggedObject> {
    if object.is_folder_marker() {
        return None;
    }
    let folders = &place.folders;
    let (day, file) = object.key.strip_prefix(&folders.logs())?.split_at_checked(DAY_FOLDER)?;
    let day = Day::parse_folder(day)?;
    let name = LogName::parse(file, &folders.account.account, &folders.region, day);
    Some(LoggedObject {
        folder: at,
        day: Some(day),
        name,
        last_modified: object.last_modified,
        doubtful: object.special || object.only_told,
        proven: object.proven,
        at: place.at(object.key),
    })
}

/// The length of `2026/01/31/`.
pub(super) const DAY_FOLDER: usize = 11;

/// The first day in a folder such as `2026/` or `2026/01/`.
fn first_day(path: &str) -> Option<Day> {
    ["01/01/", "01/", ""].iter().find_map(|rest| Day::parse_folder(&format!("{path}{rest}")))
}

/// The last day in a folder such as `2026/` or `2026/01/`.
fn last_day(path: &str) -> Option<Day> {
    let ends = ["12/31/", "31/", "30/", "29/", "28/", ""];
    ends.iter().find_map(|rest| Day::parse_folder(&format!("{path}{rest}")))
}

/// `2026/` or `2026/01/`.
fn is_date_folder(path: &str) -> bool {
    match path.len() {
        5 => Day::parse_folder(&format!("{path}01/01/")).is_some(),
        8 => Day::parse_folder(&format!("{path}01/")).is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        Time::parse_digest_time(text).unwrap()
    }

    #[test]
    fn folders_outside_the_window_are_not_entered() {
        let window = Window {
            start: Some(time("2026-02-28T12:00:00Z")),
            end: Some(time("2026-03-01T00:00:00Z")),
            pending: None,
            written_by: None,
        };
        for (path, expected) in [
            ("2026/", true),
            ("2025/", false),
            ("2026/02/", true),
            ("2026/03/", false),
            ("2026/01/", false),
            ("2026/02/28/", true),
        ] {
            assert_eq!(window.has_folder(path), expected, "{path}");
        }
        assert!(window.has_day(Day::parse_folder("2026/02/28/").unwrap()));
        assert!(!window.has_day(Day::parse_folder("2026/02/27/").unwrap()));
        assert!(is_date_folder("2026/02/") && !is_date_folder("2026/13/") && !is_date_folder("x2026"));
    }
}
