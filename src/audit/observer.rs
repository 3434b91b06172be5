//! Whoever wants to watch an audit while it runs.

use crate::finding::Finding;
use crate::report::CheckedObject;
use crate::trail::ObjectLocation;

/// Is told of progress, of findings as they are made, of objects as they are counted, and of what a copy could not have. Every method does nothing unless it is given a body.
pub trait Observer: Send + Sync {
    /// So many accounts and regions will be looked at.
    fn regions_found(&self, count: u64) {
        let _ = count;
    }

    /// So many more digest files are expected.
    fn digests_expected(&self, count: u64) {
        let _ = count;
    }

    /// A digest file was looked at.
    fn digest_done(&self) {}

    /// So many log files are to be read.
    fn logs_expected(&self, count: u64) {
        let _ = count;
    }

    /// So many log files were read, of so many uncompressed bytes.
    fn logs_done(&self, count: u64, bytes: u64) {
        let _ = (count, bytes);
    }

    /// An account and region is done.
    fn region_done(&self) {}

    /// An object, or the listing of a folder, could not be copied.
    fn not_copied(&self, at: &ObjectLocation, why: &str) {
        let _ = (at, why);
    }

    /// An object that the copy had is no longer in the source; it was moved aside.
    fn removed(&self, at: &ObjectLocation) {
        let _ = at;
    }

    /// Something was found. Waivers are applied later, in the report.
    fn found(&self, finding: &Finding) {
        let _ = finding;
    }

    /// Whether [`checked`](Observer::checked) is to be told: one by one, objects are many.
    fn wants_objects(&self) -> bool {
        false
    }

    /// A digest file or a log file was counted, or an object was left out of all counts because nothing can list it yet.
    /// They come in any order. Those of which a finding alone tells are in the report.
    fn checked(&self, object: &CheckedObject) {
        let _ = object;
    }

    /// Objects without a bucket are taken to be of this one, as the report has it.
    fn bucket_is(&self, name: &str) {
        let _ = name;
    }
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
