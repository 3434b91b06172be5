//! The start of a pull: what the directory holds already, and what is now asked to be in it.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::{Copy, PullError};
use crate::audit::range::{EndFrom, Range};
use crate::audit::{AuditRequest, Evidence, LogFiles};
use crate::chain::Scope;
use crate::store::ObjectStore;
use crate::store::dir::{DirStore, DirWriter, Extent, PULL_RECORD, PullRecord, SIDECAR_FOLDER, is_bucket_name};

/// The record of what a directory holds already; none if it is new or empty.
pub(super) fn what_is_there(to: &Path, request: &AuditRequest) -> Result<Option<PullRecord>, PullError> {
    let sidecar = to.join(SIDECAR_FOLDER);
    let there = PullRecord::read(to, &request.limits)
        .map_err(|error| PullError::Record { path: sidecar.join(PULL_RECORD), error })?;
    let Ok(entries) = fs::read_dir(to) else { return Ok(there) };
    // A run that was killed at once leaves a `.trailseal` without a record.
    let begun = |name: OsString| name == SIDECAR_FOLDER && !sidecar.join("source.json").exists();
    let foreign = entries.flatten().any(|entry| !begun(entry.file_name()));
    if there.is_none() && foreign { Err(PullError::NotOurs(to.to_owned())) } else { Ok(there) }
}

/// What is asked for, as it is recorded.
pub(super) fn asked(evidence: &Evidence, request: &AuditRequest, range: &Range) -> PullRecord {
    let select = &request.select;
    let named = |what: &str, names: &[String]| {
        let mut names: Vec<String> = names.iter().map(|name| format!("{what} {name}")).collect();
        names.sort();
        names
    };
    let mut only = named("account", &select.accounts);
    only.extend(named("region", &select.regions));
    only.extend(named("trail", &select.trails));
    let arn = select.trail_arn.as_ref();
    only.extend(arn.map(|arn| format!("trail {} of {} in {}", arn.trail, arn.account_id, arn.home_region)));
    only.extend(select.prefix.as_ref().map(|prefix| format!("prefix `{prefix}`")));
    let Scope { start, end, .. } = range.scope;
    PullRecord {
        source: request.source.clone(),
        bucket: evidence.stores.first().and_then(|store| store.bucket()).map(str::to_owned),
        extent: Extent { start, end, newest: range.end_from == EndFrom::NewestDigest },
        earlier: None,
        only,
        log_files: if request.log_files == LogFiles::None { "none" } else { "all" }.to_owned(),
        complete: false,
    }
}

/// A pull that was interrupted is brought to its end with this one.
pub(super) fn widen(range: &mut Range, extent: Extent) {
    range.scope.start = extent.start;
    if extent.end > range.scope.end {
        range.end_from = if extent.newest { EndFrom::NewestDigest } else { EndFrom::Request };
        range.scope = Scope { end: extent.end, horizon: range.scope.horizon.max(extent.end), ..range.scope };
    }
}

/// Opens a directory for each bucket: that of the first, and those of the others in it.
pub(super) fn open_copies(
    evidence: &Evidence,
    to: &Path,
    request: &AuditRequest,
    resumed: bool,
) -> Result<Vec<Copy>, PullError> {
    let mut names: Vec<Option<&str>> = Vec::new();
    for store in &evidence.stores {
        let name = store.bucket();
        let usable = names.is_empty() || name.is_some_and(|name| is_bucket_name(name) && !names.contains(&Some(name)));
        if !usable {
            return Err(PullError::Bucket(name.unwrap_or_default().to_owned()));
        }
        names.push(name);
    }
    let mut copies: Vec<Copy> = Vec::new();
    for (store, name) in evidence.stores.iter().zip(names) {
        let writer = match (copies.first(), name) {
            (Some(main), Some(name)) => main.writer.other_bucket(name)?,
            _ => DirWriter::open(to)?,
        };
        let before = match resumed {
            true => {
                let store = DirStore::open_unfinished(writer.root(), store.bucket(), &request.limits)?;
                let store = Arc::new(store);
                Some((Arc::clone(&store), store as Arc<dyn ObjectStore>))
            }
            false => None,
        };
        copies.push(Copy { store: Arc::clone(store), writer, before });
    }
    Ok(copies)
}
