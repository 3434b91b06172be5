//! Log files asked for by name: the digest that names each is looked for around its time, verified, and the log file held
//! against it. No other log file is read, nothing else in the log folders is judged, and no chain is walked further than to
//! the signature of that digest.
//!
//! Where no verified digest names one, the chains are walked over its time, by the rule of every audit, to say why.

mod candidates;
mod conclude;
mod folder;
mod proof;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::folder::look_in_folder;
use super::discover::{Place, Region};
use super::observer::Observer;
use super::range::Range;
use super::region::RegionOutcome;
use super::request::{AuditRequest, LogFiles};
use super::{Asked, AuditError, Evidence};
use crate::chain::Scope;
use crate::digest::{RecordedHash, SignatureSource};
use crate::keys::KeySource;
use crate::limits::{LOG_NAME_SKEW, NAMED_WITHIN};
use crate::report::Report;
use crate::trail::{ChainId, Interval, LogKey, ObjectLocation, RegionFolders, Time};

/// What an audit of log files that were asked for by name came to.
#[derive(Debug)]
pub struct SpotCheck {
    /// The report, which has the verdict.
    pub report: Report,
    /// Each log file, in order of its folder and key.
    pub files: Vec<SpotChecked>,
}

/// What verified digests say of one log file.
#[derive(Debug)]
pub struct SpotChecked {
    /// The log file.
    pub key: LogKey,
    /// The verified digests that name it.
    pub by: Vec<VouchedBy>,
    /// How many digests were looked at for it.
    pub looked_at: usize,
}

/// A verified digest that names a log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VouchedBy {
    /// The digest.
    pub digest: ObjectLocation,
    /// Its chain.
    pub chain: ChainId,
    /// The time whose deliveries it lists.
    pub covers: Interval,
    /// The key that signed it.
    pub fingerprint: String,
    /// Where the signature that verified was found.
    pub signature_from: SignatureSource,
    /// Where it says the log file was delivered.
    pub log: ObjectLocation,
    /// What it says the log file's hash is.
    pub hash: RecordedHash,
}

/// What came of all folders.
#[derive(Default)]
struct Outcome {
    regions: Vec<RegionOutcome>,
    files: Vec<SpotChecked>,
    /// The time that was looked at: that of the digests that name the log files, else that in which one would have to.
    times: Vec<Interval>,
    /// Digests that are no facts, met on the way to the one that was looked for.
    aside: Vec<ObjectLocation>,
}

/// Audits the log files that the request names, and nothing else.
pub async fn spot_check(
    evidence: Evidence,
    keys: Arc<dyn KeySource>,
    request: AuditRequest,
    observer: Arc<dyn Observer>,
) -> Result<SpotCheck, AuditError> {
    let evidence = evidence.with_those_at_hand().await.until(&request.stop);
    let request = AuditRequest { log_files: LogFiles::All, ..request };
    let mut folders: BTreeMap<RegionFolders, BTreeSet<LogKey>> = BTreeMap::new();
    for key in &request.select.named {
        let of = RegionFolders { account: key.folder.clone(), region: key.region.clone() };
        folders.entry(of).or_default().insert(key.clone());
    }
    let Some(whole) = request.select.named.iter().map(time_of).reduce(Interval::or) else {
        return Err(AuditError::NothingNamed);
    };
    let range = Range::told(Scope { start: Some(whole.start), end: whole.end, horizon: request.as_of, began_by: None });
    observer.regions_found(folders.len() as u64);
    let asked = Asked::new(&evidence, request, range, keys, observer);
    let mut outcome = Outcome::default();
    for (folders, named) in folders {
        let place = |store: &Arc<_>| Place { store: Arc::clone(store), folders: folders.clone() };
        let region = Region { region: folders.region.clone(), places: evidence.stores.iter().map(place).collect() };
        look_in_folder(&asked, &region, &named, &mut outcome).await?;
        asked.observer.region_done();
    }
    asked.conclude_named(outcome)
}

/// When the digest that names a log file ends: the name is some minutes late at most, and the digest a few hours.
fn time_of(key: &LogKey) -> Interval {
    let minute = key.name.minute;
    Interval::new(minute.plus(-LOG_NAME_SKEW), minute.plus(NAMED_WITHIN))
}

/// The time in which such a digest begins, as far as it has come by then.
fn hours_of(key: &LogKey, as_of: Time) -> Interval {
    let Interval { start, end } = time_of(key);
    Interval::new(start, end.plus(-Time::HOUR).min(as_of).max(key.name.minute.plus(60)))
}
