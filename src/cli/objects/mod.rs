//! The rows of CSV: objects as an audit counts them, in any order, to rows in their own order, with what the report says of
//! them. However many there are, they take no more memory than they may.

mod kept;
mod told;

use std::io::{self, Write};
use std::mem;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::told::{RowsOf, Told};
use crate::audit::Observer;
use crate::finding::Finding;
use crate::render::CsvTable;
use crate::report::{CheckedObject, Report};
use crate::sorting::{Keep, Sorted, Sorter};
use crate::trail::ObjectLocation;

/// Collects objects, and shows everything to somebody else.
pub(super) struct Objects {
    others: Arc<dyn Observer>,
    collected: Mutex<Collected>,
}

struct Collected {
    rows: Rows,
    /// The bucket of objects without one.
    bucket: String,
}

enum Rows {
    Coming(Sorter),
    Sorted(Sorted),
    /// The disk failed.
    Failed(io::Error),
}

impl Objects {
    /// Keeps what does not fit in memory in `folder`.
    pub(super) fn new(folder: &Path, others: Arc<dyn Observer>) -> Objects {
        Objects::of(Sorter::new(folder, Keep::All, MEMORY), others)
    }

    fn of(sorter: Sorter, others: Arc<dyn Observer>) -> Objects {
        Objects { others, collected: Mutex::new(Collected { rows: Rows::Coming(sorter), bucket: String::new() }) }
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the rows of an audit that has come to this report; as often as wanted.
    pub(super) fn write(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let mut collected = self.collected();
        let Collected { rows, bucket } = &mut *collected;
        let sorted = rows.sorted()?;
        let mut rows = RowsOf::those_told_of(&report.findings);
        if !rows.is_empty() {
            while let Some(object) = next(sorted, bucket)? {
                rows.met(&object);
            }
            sorted.rewind()?;
        }
        let mut told = Told::of(&report.findings, &rows);
        let mut table = CsvTable::new(out)?;
        while let Some(mut object) = next(sorted, bucket)? {
            while let Some(other) = told.before(Some(&object)) {
                table.row(&other)?;
            }
            told.add_to(&mut object);
            table.row(&object)?;
        }
        while let Some(other) = told.before(None) {
            table.row(&other)?;
        }
        table.finish()
    }
}

/// The next row, with its bucket.
fn next(sorted: &mut Sorted, bucket: &str) -> io::Result<Option<CheckedObject>> {
    let Some((key, _)) = sorted.take()? else { return Ok(None) };
    let mut object = kept::read(&key).ok_or_else(|| io::Error::other("rows on disk were changed"))?;
    if object.at.bucket.is_empty() {
        bucket.clone_into(&mut object.at.bucket);
    }
    Ok(Some(object))
}

impl Rows {
    /// From the first one on.
    fn sorted(&mut self) -> io::Result<&mut Sorted> {
        match mem::replace(self, Rows::Failed(io::Error::other("they could not be sorted"))) {
            Rows::Coming(sorter) => *self = Rows::Sorted(sorter.sorted()?),
            Rows::Sorted(mut sorted) => {
                sorted.rewind()?;
                *self = Rows::Sorted(sorted);
            }
            Rows::Failed(error) => {
                *self = Rows::Failed(io::Error::new(error.kind(), error.to_string()));
                return Err(error);
            }
        }
        match self {
            Rows::Sorted(sorted) => Ok(sorted),
            _ => Err(io::Error::other("they could not be sorted")),
        }
    }
}

impl Observer for Objects {
    fn wants_objects(&self) -> bool {
        true
    }

    fn checked(&self, object: &CheckedObject) {
        let written = kept::write(object);
        let mut collected = self.collected();
        if let Rows::Coming(sorter) = &mut collected.rows
            && let Err(error) = written.and_then(|key| sorter.add(&key, &()))
        {
            // The audit goes on: whatever else was asked for is still to be had.
            collected.rows = Rows::Failed(error);
        }
    }

    fn bucket_is(&self, name: &str) {
        name.clone_into(&mut self.collected().bucket);
    }

    fn regions_found(&self, count: u64) {
        self.others.regions_found(count);
    }

    fn digests_expected(&self, count: u64) {
        self.others.digests_expected(count);
    }

    fn digest_done(&self) {
        self.others.digest_done();
    }

    fn logs_expected(&self, count: u64) {
        self.others.logs_expected(count);
    }

    fn logs_done(&self, count: u64, bytes: u64) {
        self.others.logs_done(count, bytes);
    }

    fn region_done(&self) {
        self.others.region_done();
    }

    fn not_copied(&self, at: &ObjectLocation, why: &str) {
        self.others.not_copied(at, why);
    }

    fn removed(&self, at: &ObjectLocation) {
        self.others.removed(at);
    }

    fn found(&self, finding: &Finding) {
        self.others.found(finding);
    }
}

/// Bytes of rows kept in memory before they go to disk.
const MEMORY: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Silent;
    use crate::finding::Code;
    use crate::report::{Checks, ObjectKind, ObjectStatus, RequestReport, Waivers};
    use crate::trail::Time;

    fn row(key: &str) -> CheckedObject {
        CheckedObject::new(ObjectKind::LogFile, ObjectStatus::Verified, ObjectLocation::new("", key))
    }

    fn report() -> Report {
        let request = RequestReport {
            source: String::new(),
            start: None,
            end: Time::from_unix(0),
            as_of: Time::from_unix(0),
            accounts: Vec::new(),
            regions: Vec::new(),
            trails: Vec::new(),
            log_files: "all".to_owned(),
            named_log_files: Vec::new(),
            delivered_to: None,
            s3_prefix: None,
        };
        let stray = Finding::new(Code::ObjectStray, "a stray").about(&ObjectLocation::new("named", "b"));
        Report::conclude(request, Vec::new(), vec![stray], 0, &Waivers::default(), Vec::new(), Checks::default())
    }

    fn written(objects: &Objects) -> String {
        let mut out = Vec::new();
        objects.write(&report(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn rows_are_the_same_in_whatever_order_they_come_and_as_often_as_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let mut texts = Vec::new();
        for (keys, room) in [(["c", "a", "d", "c"], usize::MAX), (["d", "c", "c", "a"], 0), (["a", "c", "d", "c"], 100)]
        {
            let sorter = Sorter::new(folder.path(), Keep::All, room);
            let objects = Objects::of(sorter, Arc::new(Silent));
            keys.iter().for_each(|key| objects.checked(&row(key)));
            objects.bucket_is("named");
            texts.extend([written(&objects), written(&objects)]);
        }
        assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
        let keys: Vec<&str> = texts[0].lines().skip(1).map(|line| line.split(',').nth(8).unwrap()).collect();
        assert_eq!(keys, ["a", "b", "c", "c", "d"], "with the stray, of which the report tells");
        assert!(texts[0].lines().skip(1).all(|line| line.contains(",named,")), "{}", texts[0]);
    }

    #[test]
    fn a_disk_that_fails_is_told_of_in_the_end_and_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let sorter = Sorter::new(&folder.path().join("gone"), Keep::All, 0);
        let objects = Objects::of(sorter, Arc::new(Silent));
        ["a", "b"].iter().for_each(|key| objects.checked(&row(key)));
        for _ in 0..2 {
            let error = objects.write(&report(), &mut Vec::new()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
        }
    }
}
