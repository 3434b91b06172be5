//! Objects counted one by one as an audit tells of them: they are what the totals of its report count.

use std::collections::BTreeMap;
use std::sync::Mutex;

use trailseal::audit::Observer;
use trailseal::report::{CheckedObject, Report};

/// Counts objects by what they are and what they came to.
#[derive(Default)]
pub(crate) struct ObjectCounts(Mutex<BTreeMap<(&'static str, &'static str), u64>>);

impl Observer for ObjectCounts {
    fn wants_objects(&self) -> bool {
        true
    }

    fn checked(&self, object: &CheckedObject) {
        *self.0.lock().expect("no panic").entry((object.kind.name(), object.status.name())).or_default() += 1;
    }
}

impl ObjectCounts {
    /// Holds the counts against the totals.
    #[track_caller]
    pub(crate) fn against(&self, report: &Report) {
        let mut counts = self.0.lock().expect("no panic").clone();
        let (digests, logs) = (report.totals.digests, report.totals.log_files);
        for (kind, status, total) in [
            ("digest file", "verified", digests.verified),
            ("digest file", "violated", digests.violated),
            ("digest file", "unproven", digests.unproven),
            ("log file", "verified", logs.verified),
            ("log file", "violated", logs.violated),
            ("log file", "unproven", logs.unproven),
            ("log file", "not-checked", logs.not_checked),
        ] {
            let told = counts.remove(&(kind, status)).unwrap_or_default();
            assert_eq!(told, total, "{kind} {status}: {:?} {:#?}", report.totals, report.findings);
        }
        counts.remove(&("other", "not-checked"));
        assert!(counts.is_empty(), "{counts:?}");
    }
}
