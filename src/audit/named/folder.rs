//! The log files of one folder that were asked for: looked for in its digests, and held against them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt;

use super::candidates::{Candidate, candidates};
use super::proof::{Proof, Prover};
use super::{Outcome, SpotChecked, VouchedBy, hours_of, time_of};
use crate::audit::digests::DigestReader;
use crate::audit::discover::Region;
use crate::audit::inventory::{Inventory, Listing, take_inventory_of};
use crate::audit::listing::list;
use crate::audit::logs::{LogOutcome, LogReader};
use crate::audit::misplaced::Unlistable;
use crate::audit::region::RegionOutcome;
use crate::audit::tell::Teller;
use crate::audit::{Asked, AuditError, publish};
use crate::chain::{ChainOutcome, JudgedDigest, RecordedLog, Scope, union};
use crate::digest::KeySet;
use crate::finding::{Finding, ListedLog};
use crate::limits::{DIGEST_DUE_AFTER, NAMED_LOOKS};
use crate::report::{ChainReport, LogTally};
use crate::store::{KeyRange, StoreError};
use crate::trail::{ChainId, ChainKind, Day, Interval, LogKey, ObjectLocation, Time, TrailArn};

/// A folder while it is looked at.
struct Search<'a> {
    asked: &'a Asked,
    region: &'a Region,
    prover: Prover<'a>,
    chains: Vec<ChainId>,
    proofs: BTreeMap<Candidate, Proof>,
    /// Time over which a chain was walked: its digests are counted there.
    walked: Vec<(ChainId, Interval)>,
    found: RegionOutcome,
}

/// What is known of one log file.
struct Sought<'k> {
    key: &'k LogKey,
    looked_at: BTreeSet<Candidate>,
    by: Vec<Candidate>,
    crowded: bool,
}

/// Whether a log file is there.
enum Presence {
    There,
    Absent,
    Unknown(Unlistable),
}

/// Looks for the digests that name some log files of a folder, and reads these.
pub(super) async fn look_in_folder(
    asked: &Asked,
    region: &Region,
    named: &BTreeSet<LogKey>,
    outcome: &mut Outcome,
) -> Result<(), AuditError> {
    let limits = &asked.request.limits;
    let inventory = take_inventory_of(region, limits, &days_around(named.iter())).await;
    let mut search = Search::new(asked, region, named, &inventory).await;
    let new = |key| Sought { key, looked_at: BTreeSet::new(), by: Vec::new(), crowded: false };
    let mut files: Vec<Sought<'_>> = named.iter().map(new).collect();
    for file in &mut files {
        search.look_for(file, &inventory, None).await;
    }
    let unnamed = files.iter().filter(|file| file.by.is_empty()).map(|file| file.key);
    if let Some(first) = unnamed.map(first_day).min() {
        // Of these it is asked what came later, too.
        let later = take_inventory_of(region, limits, &[(first, None)]).await;
        search.with_keys_for(&later).await;
        for file in files.iter_mut().filter(|file| file.by.is_empty()) {
            search.look_for(file, &later, Some(asked.request.as_of)).await;
        }
        search.explain(&files, &later, outcome).await;
        search.found.findings.extend(later.beside.unlistable.iter().map(Unlistable::finding));
    }
    search.count(&files, outcome);
    search.read(&files).await;
    search.conclude(files, outcome);
    Ok(())
}

impl<'a> Search<'a> {
    async fn new(asked: &'a Asked, region: &'a Region, named: &BTreeSet<LogKey>, inventory: &Inventory) -> Search<'a> {
        let mut found = RegionOutcome { region: region.region.clone(), ..RegionOutcome::default() };
        let mut unavailable = Vec::new();
        let keys = asked.keys_of(&region.region, inventory, &mut unavailable).await;
        found.findings.append(&mut unavailable);
        let reader = DigestReader {
            keys,
            limits: Arc::new(asked.request.limits.clone()),
            pace: asked.pace.clone(),
            observer: Arc::clone(&asked.observer),
        };
        let named = named.iter().map(LogKey::key).collect();
        let telling = Teller::new(&asked.observer).wanted();
        let prover = Prover { places: &region.places, reader, telling, named };
        Search { asked, region, prover, chains: Vec::new(), proofs: BTreeMap::new(), walked: Vec::new(), found }
    }

    /// A later digest may be signed with a later key; those of the digests before are still needed.
    async fn with_keys_for(&mut self, inventory: &Inventory) {
        let mut unavailable = Vec::new();
        let later = self.asked.keys_of(&self.region.region, inventory, &mut unavailable).await;
        let mut keys = Arc::unwrap_or_clone(later);
        keys.merge(KeySet::clone(&self.prover.reader.keys));
        self.prover.reader.keys = Arc::new(keys);
        self.found.findings.retain(|known| !unavailable.contains(known));
        self.found.findings.append(&mut unavailable);
    }

    /// Looks at digests that may name a log file until one does.
    async fn look_for(&mut self, file: &mut Sought<'_>, inventory: &Inventory, backfills_until: Option<Time>) {
        let chains = inventory.chains.iter().filter(|(chain, _)| wanted(self.asked, self.region, chain));
        for round in candidates(file.key, chains, backfills_until) {
            for candidate in round {
                if self.asked.request.stop.cuts() {
                    return;
                }
                if file.looked_at.contains(&candidate) {
                    continue;
                }
                if file.looked_at.len() >= NAMED_LOOKS {
                    file.crowded = true;
                    return;
                }
                let names = self.names(&candidate, &inventory.chains[&candidate.0], &file.key.key()).await;
                file.looked_at.insert(candidate.clone());
                file.by.extend(names.then_some(candidate));
            }
            if !file.by.is_empty() {
                return;
            }
        }
    }

    /// Whether a digest is a fact and names a log file.
    async fn names(&mut self, candidate: &Candidate, listing: &Listing, key: &str) -> bool {
        if !self.proofs.contains_key(candidate) {
            let known = self.chains.iter().position(|chain| *chain == candidate.0);
            let index = known.unwrap_or_else(|| {
                self.chains.push(candidate.0.clone());
                self.chains.len() - 1
            });
            let Some(proof) = self.prover.prove(candidate, listing, index).await else { return false };
            self.proofs.insert(candidate.clone(), proof);
        }
        self.proofs
            .get(candidate)
            .is_some_and(|proof| proof.names.iter().any(|(recorded, _)| recorded.log.at.key == key))
    }

    /// Says of the log files that no digest names what that comes to: walks the chains over their time, and looks whether
    /// they are there.
    async fn explain(&mut self, files: &[Sought<'_>], later: &Inventory, outcome: &mut Outcome) {
        let as_of = self.asked.request.as_of;
        let unnamed: Vec<&Sought<'_>> = files.iter().filter(|file| file.by.is_empty()).collect();
        // Around one that is crowded, more was looked at than tells anything.
        let told = unnamed.iter().filter(|file| !file.crowded);
        let hours = union(told.map(|file| hours_of(file.key, as_of)).collect());
        let mut newest: BTreeMap<ChainId, Time> = BTreeMap::new();
        for hours in &hours {
            let scope = Scope { start: Some(hours.start), end: hours.end, horizon: as_of, began_by: None };
            let (asked, region) = (self.asked, self.region);
            for (chain, listing) in later.chains.iter().filter(|(chain, _)| wanted(asked, region, chain)) {
                let (walked, judged) = self.prover.walk_over(chain, listing, scope).await;
                if !walked.began_after {
                    self.tell(chain, judged);
                }
                if let Some(end) = walked.newest_end.filter(|_| chain.kind == ChainKind::Standard) {
                    newest.entry(chain.clone()).and_modify(|known| *known = end.max(*known)).or_insert(end);
                }
                self.walked.push((chain.clone(), *hours));
                add(&mut self.found, walked);
            }
        }
        outcome.times.extend(hours);
        for file in unnamed {
            let (at, presence) = self.presence(file.key).await;
            let due = due(file.key.name.minute, &newest, later).filter(|due| as_of <= *due);
            let finding = match (presence, due) {
                _ if file.crowded => Finding::named_log_crowded(&at, file.looked_at.len()),
                (Presence::Absent, _) => Finding::named_log_absent(&at),
                (_, Some(due)) => Finding::named_log_too_new(&at, due),
                (Presence::There, None) => Finding::named_log_unlisted(&at, file.key.name.minute),
                (Presence::Unknown(folder), None) => {
                    self.found.findings.push(folder.finding());
                    Finding::named_log_unknown(&at)
                }
            };
            self.found.findings.push(finding);
        }
    }

    fn tell(&self, chain: &ChainId, judged: Vec<JudgedDigest>) {
        let teller = Teller::new(&self.asked.observer);
        judged.into_iter().for_each(|judged| teller.digest(chain, judged));
    }

    /// Whether a log file is there, in the listing of its folder.
    async fn presence(&self, key: &LogKey) -> (ObjectLocation, Presence) {
        let (key, limits) = (key.key(), &self.asked.request.limits);
        let mut presence = Presence::Absent;
        for place in &self.region.places {
            let root = place.folders.logs();
            // Keys are ASCII at their end, so what is left of one is a key that sorts just before it.
            let range = KeyRange { after: Some(key[..key.len() - 1].to_owned()), before: Some(format!("{key}\0")) };
            let mut pages = list(&*place.store, &root, range, limits);
            while let Some(page) = pages.next().await {
                match page {
                    Ok(objects) if objects.iter().any(|object| object.key == key) => {
                        return (place.at(key), Presence::There);
                    }
                    Ok(_) => {}
                    Err(failed) if failed.error == StoreError::NotFound => {}
                    Err(failed) => {
                        presence = Presence::Unknown(Unlistable::new(&place.store, &failed.prefix, &failed.error));
                    }
                }
            }
        }
        let first = self.region.places.first();
        (first.map_or_else(|| ObjectLocation::new("", &key), |place| place.at(&key)), presence)
    }

    /// Counts the digests that name the log files. Others that were met tell nothing of these, whatever they are.
    fn count(&mut self, files: &[Sought<'_>], outcome: &mut Outcome) {
        let needed: BTreeSet<&Candidate> = files.iter().flat_map(|file| &file.by).collect();
        for (candidate, proof) in &mut self.proofs {
            let (chain, end, _) = candidate;
            let hour = Interval::new(end.plus(-Time::HOUR), *end);
            if self.walked.iter().any(|(of, hours)| of == chain && hours.intersect(hour).is_some()) {
                continue;
            }
            if needed.contains(candidate) {
                let judged = std::mem::take(&mut proof.judged);
                let teller = Teller::new(&self.asked.observer);
                judged
                    .into_iter()
                    .filter(|_| !proof.outcome.began_after)
                    .for_each(|judged| teller.digest(chain, judged));
                add(&mut self.found, proof.outcome.clone());
            } else {
                self.found.keys_unknown += proof.outcome.keys_unknown;
                outcome.aside.extend((proof.outcome.tally.verified == 0).then(|| proof.at.clone()));
            }
        }
    }

    /// What is recorded of the log files, and by which digests.
    fn recorded<'s>(&'s self, file: &'s Sought<'_>) -> impl Iterator<Item = &'s (RecordedLog, VouchedBy)> {
        let names = file.by.iter().filter_map(|candidate| self.proofs.get(candidate)).flat_map(|proof| &proof.names);
        let key = file.key.key();
        names.filter(move |(recorded, _)| recorded.log.at.key == key)
    }

    /// Reads the log files that are named, each once for each hash that is recorded of it.
    async fn read(&mut self, files: &[Sought<'_>]) {
        let mut logs: Vec<RecordedLog> = Vec::new();
        let mut twice = Vec::new();
        for (recorded, by) in files.iter().flat_map(|file| self.recorded(file)) {
            if logs.iter().any(|known| known.log == recorded.log) {
                twice.push(ListedLog { chain: &by.chain, at: &by.log, covers: by.covers }.listed_twice());
            } else {
                logs.push(recorded.clone());
            }
        }
        self.found.findings.extend(twice);
        let asked = self.asked;
        asked.observer.logs_expected(logs.len() as u64);
        let reader = LogReader {
            chains: self.chains.clone().into(),
            places: self.region.places.clone().into(),
            limits: Arc::clone(&self.prover.reader.limits),
            observer: Arc::clone(&asked.observer),
            teller: Teller::new(&asked.observer),
            hashers: Arc::clone(&asked.hashers),
            pool: Arc::clone(&asked.pool),
            presence: false,
            gathered: asked.gathered.clone(),
        };
        let LogOutcome { tallies, findings, bytes, not_read, .. } = reader.check(logs).await;
        let not_read = not_read.into_iter().map(|(chain, count)| Finding::logs_not_read(&self.chains[chain], count));
        self.found.findings.extend(not_read);
        publish(&asked.observer, &self.found.findings);
        // These were told of when they were found.
        self.found.findings.extend(findings);
        self.found.bytes = bytes;
        for (chain, tally) in self.chains.iter().zip(tallies) {
            let report = self.found.chains.iter_mut().find(|(id, _)| id == chain);
            report.into_iter().for_each(|(_, report)| report.log_files.add(tally));
        }
    }

    fn conclude(mut self, files: Vec<Sought<'_>>, outcome: &mut Outcome) {
        for file in &files {
            let by: Vec<VouchedBy> = self.recorded(file).map(|(_, by)| by.clone()).collect();
            self.found.bucket = self.found.bucket.take().or(by.first().map(|by| by.digest.bucket.clone()));
            outcome.times.extend(by.iter().map(|by| by.covers));
            outcome.files.push(SpotChecked { key: file.key.clone(), by, looked_at: file.looked_at.len() });
        }
        let keys = &self.prover.reader.keys;
        let used = self.found.fingerprints.iter().filter_map(|fingerprint| keys.get(fingerprint));
        self.found.keys_used = used.cloned().collect();
        outcome.regions.push(self.found);
    }
}

/// Whether a chain is among those asked for. An organization trail's ARN has the management account, and its chains the members'.
fn wanted(asked: &Asked, region: &Region, chain: &ChainId) -> bool {
    let select = &asked.request.select;
    let of_organization = region.places.iter().any(|place| place.folders.account.organization.is_some());
    let of_trail = |arn: &TrailArn| of_organization || arn.account_id == chain.account_id;
    select.has_chain(chain) && select.trail_arn.as_ref().is_none_or(of_trail)
}

/// Adds what came of a walk over a part of a chain.
fn add(found: &mut RegionOutcome, walked: ChainOutcome) {
    found.keys_unknown += walked.keys_unknown;
    if walked.began_after {
        return;
    }
    found.findings.extend(walked.findings.iter().cloned());
    found.fingerprints.extend(walked.fingerprints.iter().cloned());
    let chain = walked.chain.clone();
    let report = ChainReport::of(walked, LogTally::default());
    match found.chains.iter_mut().find(|(id, _)| *id == chain) {
        Some((_, known)) => known.join(report),
        None => found.chains.push((chain, report)),
    }
}

/// When the digest of a minute's hour is due: an hour after its end, which the newest verified digest of each trail tells.
/// Where there is no digest at all, the first comes like any other.
fn due(minute: Time, newest: &BTreeMap<ChainId, Time>, inventory: &Inventory) -> Option<Time> {
    if inventory.chains.keys().all(|chain| chain.kind == ChainKind::Backfill) {
        return Some(minute.plus(DIGEST_DUE_AFTER));
    }
    let behind = newest.values().filter(|end| **end < minute);
    behind.map(|end| end.plus((minute.since(*end) + Time::HOUR - 1) / Time::HOUR * Time::HOUR + Time::HOUR)).max()
}

/// The first day whose digests can tell something of a log file: one that ended before it is looked at, too.
fn first_day(key: &LogKey) -> Day {
    key.name.minute.plus(-DIGEST_DUE_AFTER).day()
}

/// The days whose digest folders may hold what names the log files, and what tells the signatures of these.
fn days_around<'k>(named: impl Iterator<Item = &'k LogKey>) -> Vec<(Day, Option<Day>)> {
    let around = named.map(|key| Interval::new(time_of(key).start, time_of(key).end.plus(DIGEST_DUE_AFTER)));
    let mut days: Vec<(Day, Option<Day>)> = Vec::new();
    for time in union(around.collect()) {
        let (first, last) = (time.start.day(), time.end.day());
        match days.last_mut() {
            Some((_, until)) if until.is_some_and(|until| first <= until.next()) => *until = Some(last),
            _ => days.push((first, Some(last))),
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::inventory::Listing;

    fn time(minutes: i64) -> Time {
        Time::from_unix(minutes * 60)
    }

    fn chain(kind: ChainKind) -> ChainId {
        ChainId {
            account_id: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            trail: "audit".to_owned(),
            home_region: "us-east-1".to_owned(),
            kind,
        }
    }

    #[test]
    fn the_digest_of_its_hour_is_due_an_hour_after_its_end() {
        let due_at = |minute: i64, newest: &[i64], kind: ChainKind| {
            let mut inventory = Inventory::default();
            inventory.chains.insert(chain(kind), Listing::default());
            let newest = newest.iter().map(|end| (chain(ChainKind::Standard), time(*end))).collect();
            due(time(minute), &newest, &inventory).map(|due| due.unix() / 60)
        };
        assert_eq!(due_at(130, &[100], ChainKind::Standard), Some(220));
        assert_eq!(due_at(160, &[100], ChainKind::Standard), Some(220));
        assert_eq!(due_at(161, &[100], ChainKind::Standard), Some(280));
        // Its hour's digest is there, or none that could be believed is.
        assert_eq!(due_at(100, &[100], ChainKind::Standard), None);
        assert_eq!(due_at(130, &[], ChainKind::Standard), None);
        assert_eq!(due_at(130, &[], ChainKind::Backfill), Some(250), "a trail's first digest comes like any other");
    }

    #[test]
    fn the_days_around_several_log_files_are_listed_once() {
        let key = |day: &str, minute: &str| {
            let name = format!("111122223333_CloudTrail_us-east-1_{}T{minute}Z_abcdefghijklmnop", day.replace('/', ""));
            LogKey::parse(&format!("AWSLogs/111122223333/CloudTrail/us-east-1/{day}/{name}.json.gz")).unwrap()
        };
        let days = |keys: &[LogKey]| -> Vec<String> {
            let days = days_around(keys.iter());
            days.iter().map(|(from, to)| format!("{}-{}", from.folder(), to.unwrap().folder())).collect()
        };
        assert_eq!(days(&[key("2026/01/10", "0520")]), ["2026/01/10/-2026/01/10/"]);
        assert_eq!(days(&[key("2026/01/10", "0003")]), ["2026/01/09/-2026/01/10/"]);
        assert_eq!(days(&[key("2026/01/10", "2300")]), ["2026/01/10/-2026/01/11/"]);
        let several = [key("2026/01/10", "0520"), key("2026/01/11", "0520"), key("2026/03/01", "0520")];
        assert_eq!(days(&several), ["2026/01/10/-2026/01/11/", "2026/03/01/-2026/03/01/"]);
    }
}
