//! Digest files that were proven and are gone: whoever takes the newest, the oldest or all of a chain away leaves nothing in
//! the bucket that would tell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt;

use super::looked::Looked;
use super::memory::Memory;
use super::run::Watched;
use super::state::{KnownChain, OpenFinding, Remembered, State, StateError, TargetId};
use crate::finding::{Code, Finding};
use crate::report::{ChainReport, Report};
use crate::store::{KeyRange, ObjectStore, StoreError};
use crate::trail::{ChainId, DigestKey, Interval, ObjectLocation, Time};

/// What was proven before and is not what the bucket shows now.
pub(super) async fn rewritten(
    memory: &Arc<Memory>,
    state: &State,
    target: TargetId,
    watched: &Watched,
    audits: &[(Looked, Report)],
    open: &[OpenFinding],
    known: &[KnownChain],
) -> Result<Vec<Finding>, StateError> {
    let mut findings = Vec::new();
    let mut told: BTreeSet<&ObjectLocation> = audits
        .iter()
        .flat_map(|(_, report)| &report.findings)
        .filter(|finding| finding.code.name().starts_with("digest-"))
        .filter_map(|finding| finding.subject.as_ref())
        .collect();
    // That a digest after it tells of it too, now, does not close an alarm.
    let open: BTreeSet<&ObjectLocation> = open
        .iter()
        .filter(|open| open.finding.code == Code::HistoryRewritten)
        .filter_map(|open| open.finding.subject.as_ref())
        .collect();
    told.retain(|at| !open.contains(at));
    findings.extend(memory.rewritten().into_iter().filter_map(|rewritten| {
        let key = DigestKey::parse(&rewritten.at.key)?;
        Some(Finding::history_rewritten(
            &key.chain,
            &rewritten.at,
            hour(&key),
            hex::encode(rewritten.proven),
            Some(hex::encode(rewritten.now)),
        ))
    }));
    let kept_from = watched.request.start.map(|start| start.plus(Time::HOUR));
    let folders: Vec<(String, String)> = memory
        .folders()
        .filter(|(_, folder)| folder.contains("/CloudTrail-Digest/"))
        .map(|(bucket, folder)| (bucket.to_owned(), folder.to_owned()))
        .collect();
    for (bucket, folder) in folders {
        if watched.request.stop.cuts() {
            break;
        }
        if memory.gone(&bucket, &folder).is_none() {
            findings.extend(list(memory, watched, &bucket, &folder).await);
        }
        let Some(gone) = memory.gone(&bucket, &folder).filter(|gone| !gone.is_empty()) else { continue };
        let mut of_chain: BTreeMap<ChainId, Vec<(DigestKey, Remembered)>> = BTreeMap::new();
        for digest in gone {
            let Some(key) = DigestKey::parse(&format!("{folder}{}", digest.name)) else { continue };
            let asked = watched.request.select.has_chain(&key.chain) && kept_from.is_none_or(|from| key.end > from);
            if asked {
                of_chain.entry(key.chain.clone()).or_default().push((key, digest));
            }
        }
        for (chain, gone) in of_chain {
            let count = state.digests_of(target, &bucket, &folder, &chain, kept_from)?;
            findings.extend(of_one(&bucket, &folder, &chain, gone, count, &told, &open));
        }
    }
    findings.extend(unremembered(memory, watched, audits, known, kept_from).await);
    Ok(findings)
}

/// The same of chains of which only the newest proven digest is known: where a store tells too little of its objects for a change
/// to be seen, such as a copy on a disk, none of them is remembered.
async fn unremembered(
    memory: &Memory,
    watched: &Watched,
    audits: &[(Looked, Report)],
    known: &[KnownChain],
    kept_from: Option<Time>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let there: BTreeSet<ChainId> =
        audits.iter().flat_map(|(_, report)| report.chains.iter().map(ChainReport::id)).collect();
    for chain in known.iter().filter(|chain| watched.request.select.has_chain(&chain.id)) {
        let Some((digest, signature)) = chain.newest_key.as_deref().zip(chain.newest_signature.clone()) else {
            continue;
        };
        let Some(key) = DigestKey::parse(digest).filter(|key| kept_from.is_none_or(|from| key.end > from)) else {
            continue;
        };
        let place = (key.chain.account_id.clone(), key.chain.region.clone());
        let is_looked_at = |look: &Looked| {
            look.only.as_ref().is_none_or(|only| *only == place) && look.from.is_none_or(|from| from < key.end)
        };
        if memory.remembers(digest) || !audits.iter().any(|(look, _)| is_looked_at(look)) {
            continue;
        }
        let Some(first) = watched.evidence.stores.first() else { continue };
        let mut is_gone = true;
        for store in &watched.evidence.stores {
            // Whatever else comes of it is told by the audit.
            is_gone &= matches!(store.get(digest).await, Err(StoreError::NotFound));
        }
        if !is_gone {
            continue;
        }
        let at = ObjectLocation::new(first.bucket().unwrap_or_default(), digest);
        findings.push(if there.contains(&chain.id) {
            Finding::history_rewritten(&chain.id, &at, hour(&key), signature.clone(), None)
        } else {
            Finding::chain_gone(&chain.id, &at, hour(&key), None)
        });
    }
    findings
}

/// Lists a folder that the audit did not come upon: the account or the region may be gone with all that was in it.
async fn list(memory: &Arc<Memory>, watched: &Watched, bucket: &str, folder: &str) -> Option<Finding> {
    let evidence = memory.over(watched.evidence.clone());
    let here = evidence.stores.iter().find(|store| store.bucket().unwrap_or_default() == bucket).cloned();
    let store: Option<Arc<dyn ObjectStore>> = match (here, &evidence.buckets) {
        (Some(store), _) => Some(store),
        (None, Some(buckets)) => buckets.bucket(bucket).await,
        (None, None) => None,
    };
    let unlisted = |why: &dyn std::fmt::Display| {
        let message = format!(
            "digest files of this folder were proven before, and whether they are still there was not to be seen: {why}"
        );
        Finding::new(Code::FolderUnreadable, message).about(&ObjectLocation::new(bucket, folder))
    };
    let Some(store) = store else { return Some(unlisted(&"its bucket cannot be reached")) };
    let mut pages = store.list(folder, KeyRange::ALL);
    let mut listed = 0;
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => listed += page.len() as u64,
            Err(failed) => return Some(unlisted(&failed.error)),
        }
        if listed > watched.request.limits.listed {
            return Some(unlisted(&format!("it holds more than {} names", watched.request.limits.listed)));
        }
    }
    None
}

/// What is gone of one chain, of which so many digests are known.
fn of_one(
    bucket: &str,
    folder: &str,
    chain: &ChainId,
    gone: Vec<(DigestKey, Remembered)>,
    known: u64,
    told: &BTreeSet<&ObjectLocation>,
    open: &BTreeSet<&ObjectLocation>,
) -> Vec<Finding> {
    let count = gone.len() as u64;
    let all = count >= known && count > 1;
    let mut findings = Vec::new();
    if all {
        findings.push(Finding::chain_gone(chain, &ObjectLocation::new(bucket, folder), span(&gone), Some(count)));
    }
    let mut beyond = 0;
    for (key, digest) in gone {
        let at = ObjectLocation::new(bucket, key.key());
        // Where all are gone, those that were told of one by one before stay so.
        if told.contains(&at) || all && !open.contains(&at) {
            continue;
        }
        if findings.len() >= NAMED {
            beyond += 1;
            continue;
        }
        findings.push(Finding::history_rewritten(chain, &at, hour(&key), hex::encode(digest.sha256), None));
    }
    if beyond > 0 {
        findings.push(Finding::more_like_it(Code::HistoryRewritten, &ObjectLocation::new(bucket, folder), beyond));
    }
    findings
}

fn hour(key: &DigestKey) -> Interval {
    Interval::new(key.end.plus(-Time::HOUR), key.end)
}

fn span(gone: &[(DigestKey, Remembered)]) -> Interval {
    gone.iter()
        .map(|(key, _)| hour(key))
        .reduce(Interval::or)
        .unwrap_or(Interval::new(Time::from_unix(0), Time::from_unix(0)))
}

/// Digest files of a chain that are named one by one.
const NAMED: usize = 100;
