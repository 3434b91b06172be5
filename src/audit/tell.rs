//! Tells of every object that is counted, one by one, where somebody wants to know.

use std::sync::Arc;

use super::observer::Observer;
use crate::chain::{JudgedDigest, RecordedLog};
use crate::finding::{Finding, ListedLog, Reason};
use crate::report::{CheckedObject, ObjectKind, ObjectStatus};
use crate::trail::{ChainId, Interval, ObjectLocation};

/// Tells an observer of objects; nothing is made of them where it does not want to know.
#[derive(Clone)]
pub(super) struct Teller {
    observer: Arc<dyn Observer>,
    wanted: bool,
}

/// What was seen of a log file's content.
#[derive(Clone, Copy, Default)]
pub(super) struct Content {
    pub sha256: Option<[u8; 32]>,
    pub bytes: Option<u64>,
}

impl Teller {
    pub(super) fn new(observer: &Arc<dyn Observer>) -> Teller {
        Teller { wanted: observer.wants_objects(), observer: Arc::clone(observer) }
    }

    pub(super) fn wanted(&self) -> bool {
        self.wanted
    }

    /// A digest file was judged.
    pub(super) fn digest(&self, chain: &ChainId, digest: JudgedDigest) {
        let status = ObjectStatus::of_checked(digest.findings.iter().map(|finding| finding.severity).min());
        let object = CheckedObject {
            chain: Some(chain.clone()),
            interval: Some(digest.covers),
            recorded: digest.recorded.map(|hash| hash.to_string()),
            computed: digest.sha256.map(hex::encode),
            bytes: digest.bytes,
            recorded_by: digest.recorded_by,
            ..CheckedObject::new(ObjectKind::DigestFile, status, digest.at)
        };
        self.observer.checked(&object.with_findings(&digest.findings));
    }

    /// A digest file was not looked at: the run was interrupted before.
    pub(super) fn digest_not_met(&self, chain: &ChainId, at: ObjectLocation, hour: Interval) {
        let finding = Finding::digest_unreadable(chain, &at, hour.end, Reason::Interrupted);
        let object = CheckedObject {
            chain: Some(chain.clone()),
            interval: Some(hour),
            ..CheckedObject::new(ObjectKind::DigestFile, ObjectStatus::Unproven, at)
        };
        self.observer.checked(&object.with_findings([&finding]));
    }

    /// A log file was read, or should have been.
    pub(super) fn log_read(&self, chain: &ChainId, log: &RecordedLog, content: Content, findings: &[&Finding]) {
        let status = ObjectStatus::of_checked(findings.iter().map(|finding| finding.severity).min());
        let object = CheckedObject {
            computed: content.sha256.map(hex::encode),
            bytes: content.bytes,
            ..recorded(chain, log, status)
        };
        self.observer.checked(&object.with_findings(findings.iter().copied()));
    }

    /// A log file was not read: the run was interrupted before.
    pub(super) fn log_interrupted(&self, chain: &ChainId, log: &RecordedLog) {
        let listed = ListedLog { chain, at: &log.log.at, covers: log.by.covers };
        self.log_read(chain, log, Content::default(), &[&listed.unreadable(Reason::Interrupted)]);
    }

    /// A log file was not read because that was asked for; `seen` where the listing shows it.
    pub(super) fn log_not_checked(&self, chain: &ChainId, log: &RecordedLog, seen: bool) {
        if !self.wanted {
            return;
        }
        let message = if seen { "in its place in the listing, and not read" } else { "neither read nor looked for" };
        let object = recorded(chain, log, ObjectStatus::NotChecked);
        self.observer.checked(&CheckedObject { message: message.to_owned(), ..object });
    }

    /// A log file is gone with all that lies before it.
    pub(super) fn log_gone_before(&self, chain: &ChainId, log: &RecordedLog) {
        let message = "not there, as is nothing that was delivered before the day of the oldest digest file";
        let object = recorded(chain, log, ObjectStatus::NotChecked);
        self.observer.checked(&CheckedObject { message: message.to_owned(), ..object });
    }

    /// An object in a log folder was not judged: a digest that is not due yet may list it.
    pub(super) fn pending(&self, at: &ObjectLocation, interval: Option<Interval>) {
        let message = "no digest file that was seen lists it, and one that is not due yet may";
        let object = CheckedObject::new(ObjectKind::Other, ObjectStatus::NotChecked, at.clone());
        self.observer.checked(&CheckedObject { interval, message: message.to_owned(), ..object });
    }
}

fn recorded(chain: &ChainId, log: &RecordedLog, status: ObjectStatus) -> CheckedObject {
    CheckedObject {
        chain: Some(chain.clone()),
        interval: Some(log.by.covers),
        recorded: Some(log.log.hash.to_string()),
        recorded_by: Some(log.by.key.clone()),
        ..CheckedObject::new(ObjectKind::LogFile, status, log.log.at.clone())
    }
}
