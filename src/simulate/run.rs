//! Drives a simulation: hours in parallel, each chain's digests in order.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::draft::{DigestDraft, LogEntryDraft, SIGNATURE_ALGORITHM, SignedDigest};
use super::events::EventWriter;
use super::forge::{ChainDraft, DeliveryDraft, Link, Signer};
use super::keyring::Keyring;
use super::logs::{self, Workspace};
use super::object::{SimulatedObject, Sink};
use super::scenario::{Scenario, ScenarioError};
use super::schedule::{ChainPlan, Slot};
use crate::keys::{KeyRange, PublicKeyList};
use crate::trail::{ChainId, ChainKind, Interval, Time};

/// What a simulation wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What the trail covers: from the start of the first digests to the end of the last.
    pub interval: Interval,
    /// When the bucket is taken to have been looked at: some minutes after the last delivery.
    pub taken_at: Time,
    /// The keys that signed, as `ListPublicKeys` would give them out.
    pub public_keys: PublicKeyList,
    /// Chains, each with its own digests: standard and backfill.
    pub chains: u64,
    /// Digest files.
    pub digests: u64,
    /// Log files.
    pub log_files: u64,
    /// Events in all log files.
    pub events: u64,
    /// Bytes of all objects as stored.
    pub bytes: u64,
}

/// A trail in memory whose digests are not signed yet: to be edited, then signed.
#[derive(Debug)]
pub struct DraftedTrail {
    /// The log files, by key.
    pub log_files: BTreeMap<String, SimulatedObject>,
    /// The chains, standard and backfill.
    pub chains: Vec<ChainDraft>,
}

impl DraftedTrail {
    /// Links and signs every chain, and gives all objects by key.
    pub fn objects(&mut self, keyring: &Keyring) -> BTreeMap<String, SimulatedObject> {
        let mut objects = self.log_files.clone();
        for chain in &mut self.chains {
            objects.extend(chain.objects(keyring).into_iter().map(|object| (object.key.clone(), object)));
        }
        objects
    }
}

/// Writes the trail that `scenario` describes to `sink`; the same bytes every time.
pub fn simulate(scenario: &Scenario, sink: &dyn Sink) -> io::Result<Summary> {
    simulate_with(scenario, &Keyring::new(scenario.seed, scenario.key_rotation, scenario.shared_keys), sink)
}

/// Like [`simulate`], with keys from `keyring`: tests share one, for keys are slow to make.
pub fn simulate_with(scenario: &Scenario, keyring: &Keyring, sink: &dyn Sink) -> io::Result<Summary> {
    scenario.check().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let run = Run {
        scenario,
        keyring,
        sink,
        chains: plans(scenario).into_iter().map(RunningChain::new).collect(),
        next: AtomicU64::new(0),
        stop: AtomicBool::new(false),
    };
    let threads = match scenario.threads {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let mut counts = Counts::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| run.work())).collect();
        for worker in workers {
            counts.add(worker.join().map_err(|_| io::Error::other("a worker thread panicked"))??);
        }
        Ok::<(), io::Error>(())
    })?;
    Ok(run.summary(counts))
}

/// The trail that `scenario` describes, with its digests drafted and not signed. Signing the chains unchanged gives what
/// [`simulate`] writes.
pub fn draft(scenario: &Scenario) -> Result<DraftedTrail, ScenarioError> {
    scenario.check()?;
    let mut trail = DraftedTrail { log_files: BTreeMap::new(), chains: Vec::new() };
    let mut space = Workspace::default();
    for plan in plans(scenario) {
        let cast = logs::cast(scenario, &plan);
        let writer = EventWriter::new(&cast);
        let mut standard = ChainDraft { chain: plan.chain.clone(), digests: Vec::new() };
        let chain = ChainId { kind: ChainKind::Backfill, ..plan.chain.clone() };
        let mut backfill = ChainDraft { chain, digests: Vec::new() };
        for slot in (0..scenario.hours).filter_map(|hour| plan.slot(hour)) {
            let mut entries = Vec::new();
            for number in 0..slot.log_files {
                let log = logs::log_file(scenario, &plan, &slot, number, &writer, &mut space);
                entries.push(log.entry);
                trail.log_files.insert(log.object.key.clone(), log.object);
            }
            let (digest, late) = digests(scenario, &plan, &slot, entries, backfill.digests.is_empty());
            standard.digests.push(digest);
            backfill.digests.extend(late);
        }
        trail.chains.push(standard);
        if !backfill.digests.is_empty() {
            trail.chains.push(backfill);
        }
    }
    Ok(trail)
}

// -- running --

struct Run<'r> {
    scenario: &'r Scenario,
    keyring: &'r Keyring,
    sink: &'r dyn Sink,
    chains: Vec<RunningChain>,
    /// The next hour to be taken, counted through all chains.
    next: AtomicU64,
    stop: AtomicBool,
}

struct RunningChain {
    plan: ChainPlan,
    state: Mutex<ChainState>,
}

/// How far a chain's digests are.
#[derive(Default)]
struct ChainState {
    /// The hour whose digest comes next.
    hour: u32,
    /// Hours whose log files are written, and whose digests wait for earlier ones.
    ready: BTreeMap<u32, Option<(Slot, Vec<LogEntryDraft>)>>,
    /// Whether some worker is signing; the others leave their hours in `ready` and go on.
    busy: bool,
    standard: Option<SignedDigest>,
    backfill: Option<SignedDigest>,
    /// Signing times of the keys used, one each.
    keys: BTreeSet<(String, Time)>,
}

/// Counted by each worker for itself and added at the end.
#[derive(Default)]
struct Counts {
    digests: u64,
    log_files: u64,
    events: u64,
    bytes: u64,
}

impl RunningChain {
    fn new(plan: ChainPlan) -> RunningChain {
        RunningChain { plan, state: Mutex::default() }
    }
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.digests += other.digests;
        self.log_files += other.log_files;
        self.events += other.events;
        self.bytes += other.bytes;
    }
}

impl Run<'_> {
    /// Takes hours until none is left; stops early when any worker failed.
    fn work(&self) -> io::Result<Counts> {
        let mut counts = Counts::default();
        let mut space = Workspace::default();
        let chains = self.chains.len() as u64;
        while !self.stop.load(Ordering::Relaxed) {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            // The same hour of every chain, then the next: workers seldom meet in one chain or in one folder.
            let (chain, hour) = (&self.chains[(next % chains) as usize], next / chains);
            if hour >= u64::from(self.scenario.hours) {
                break;
            }
            let hour = hour as u32;
            let done = self
                .write_logs(chain, hour, &mut space, &mut counts)
                .and_then(|ready| self.write_digests(chain, hour, ready, &mut counts));
            if let Err(error) = done {
                self.stop.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(counts)
    }

    fn write_logs(
        &self,
        chain: &RunningChain,
        hour: u32,
        space: &mut Workspace,
        counts: &mut Counts,
    ) -> io::Result<Option<(Slot, Vec<LogEntryDraft>)>> {
        let Some(slot) = chain.plan.slot(hour) else { return Ok(None) };
        let mut entries = Vec::with_capacity(slot.log_files as usize);
        if slot.log_files == 0 {
            return Ok(Some((slot, entries)));
        }
        // Made anew for each hour: kept for every chain of a large organization, it would take gigabytes.
        let cast = logs::cast(self.scenario, &chain.plan);
        let writer = EventWriter::new(&cast);
        for number in 0..slot.log_files {
            let log = logs::log_file(self.scenario, &chain.plan, &slot, number, &writer, space);
            counts.log_files += 1;
            counts.events += u64::from(log.events);
            counts.bytes += log.object.body.len() as u64;
            entries.push(log.entry);
            self.sink.put(log.object)?;
        }
        Ok(Some((slot, entries)))
    }

    /// Hands in an hour, and writes the digests of every hour whose turn has come.
    fn write_digests(
        &self,
        chain: &RunningChain,
        hour: u32,
        ready: Option<(Slot, Vec<LogEntryDraft>)>,
        counts: &mut Counts,
    ) -> io::Result<()> {
        let lock = || chain.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = lock();
        state.ready.insert(hour, ready);
        if state.busy {
            return Ok(());
        }
        state.busy = true;
        loop {
            let hour = state.hour;
            let Some(ready) = state.ready.remove(&hour) else { break };
            state.hour += 1;
            let Some((slot, entries)) = ready else { continue };
            let (standard, backfill) = (state.standard.take(), state.backfill.take());
            // Signing is slow: not under the lock.
            drop(state);
            let plan = &chain.plan;
            let (digest, late) = digests(self.scenario, plan, &slot, entries, backfill.is_none());
            let standard = self.sign(plan, digest, standard.as_ref(), counts)?;
            let (mut times, mut newest) = (vec![slot.delivered], backfill);
            if let Some(late) = late {
                times.extend(late.backfill_generated);
                newest = Some(self.sign(plan, late, newest.as_ref(), counts)?);
            }
            state = lock();
            state.standard = Some(standard);
            state.backfill = newest;
            state.note_keys(self.keyring, &plan.chain.region, &times);
        }
        state.busy = false;
        Ok(())
    }

    fn sign(
        &self,
        plan: &ChainPlan,
        mut draft: DeliveryDraft,
        previous: Option<&SignedDigest>,
        counts: &mut Counts,
    ) -> io::Result<SignedDigest> {
        let mut signed = draft.sign(&plan.chain.region, previous, self.keyring);
        let object = draft.object(&signed);
        counts.digests += 1;
        counts.bytes += object.body.len() as u64;
        self.sink.put(object)?;
        // The next digest needs hash and signature alone; the content can be large, and the chains many.
        signed.json = Vec::new();
        Ok(signed)
    }

    fn summary(self, counts: Counts) -> Summary {
        let interval = self.scenario.interval();
        let mut taken_at = interval.end.plus(LOOKED_AFTER);
        let mut backfills = 0;
        let mut keys = BTreeMap::new();
        for chain in &self.chains {
            let state = chain.state.lock().unwrap_or_else(PoisonError::into_inner);
            backfills += u64::from(state.backfill.is_some());
            taken_at = taken_at.max(chain.plan.last_backfill().map_or(taken_at, |time| time.plus(LOOKED_AFTER)));
            for (_, time) in &state.keys {
                let key = self.keyring.at(&chain.plan.chain.region, *time);
                keys.insert((key.region.clone(), key.validity), Arc::clone(&key));
            }
        }
        let regions: BTreeSet<&String> = self.chains.iter().map(|chain| &chain.plan.chain.region).collect();
        let range =
            |region: &String| KeyRange { region: region.clone(), start_time: interval.start, end_time: taken_at };
        let ranges = regions.into_iter().map(range).collect();
        Summary {
            interval,
            taken_at,
            public_keys: PublicKeyList { public_key_list: keys.values().map(|key| key.entry()).collect(), ranges },
            chains: self.chains.len() as u64 + backfills,
            digests: counts.digests,
            log_files: counts.log_files,
            events: counts.events,
            bytes: counts.bytes,
        }
    }
}

impl ChainState {
    fn note_keys(&mut self, keyring: &Keyring, region: &str, times: &[Time]) {
        for &time in times {
            let key = keyring.at(region, time);
            if !self.keys.iter().any(|(fingerprint, _)| *fingerprint == key.fingerprint) {
                self.keys.insert((key.fingerprint.clone(), time));
            }
        }
    }
}

// -- drafting --

fn plans(scenario: &Scenario) -> Vec<ChainPlan> {
    scenario.chains().into_iter().map(|(folder, chain)| ChainPlan::new(scenario, folder, chain)).collect()
}

/// The digest of an hour and, where a part of its log files was delayed, the backfill digest that makes up for it.
fn digests(
    scenario: &Scenario,
    plan: &ChainPlan,
    slot: &Slot,
    mut entries: Vec<LogEntryDraft>,
    first_backfill: bool,
) -> (DeliveryDraft, Option<DeliveryDraft>) {
    let link = |starting| if starting { Link::Start } else { Link::Previous };
    let late = slot.backfill_generated.map(|generated| DeliveryDraft {
        digest: digest(scenario, plan, slot, ChainKind::Backfill, entries.split_off(entries.len().div_ceil(2))),
        delivered: generated.plus(90),
        backfill_generated: Some(generated),
        link: link(first_backfill),
        signer: Signer::Due,
    });
    let standard = DeliveryDraft {
        digest: digest(scenario, plan, slot, ChainKind::Standard, entries),
        delivered: slot.delivered,
        backfill_generated: None,
        link: link(slot.starting),
        signer: Signer::Due,
    };
    (standard, late)
}

fn digest(
    scenario: &Scenario,
    plan: &ChainPlan,
    slot: &Slot,
    kind: ChainKind,
    entries: Vec<LogEntryDraft>,
) -> DigestDraft {
    let mut digest = DigestDraft {
        aws_account_id: plan.chain.account_id.clone(),
        digest_start_time: slot.interval.start,
        digest_end_time: slot.interval.end,
        digest_s3_bucket: scenario.bucket.clone(),
        digest_s3_object: plan.digest_key(slot.interval.end, kind),
        digest_public_key_fingerprint: String::new(),
        digest_signature_algorithm: SIGNATURE_ALGORITHM.to_owned(),
        newest_event_time: None,
        oldest_event_time: None,
        previous_digest_s3_bucket: None,
        previous_digest_s3_object: None,
        previous_digest_hash_value: None,
        previous_digest_hash_algorithm: None,
        previous_digest_signature: None,
        log_files: entries,
    };
    digest.set_event_times();
    digest
}

/// Later than the latest delivery, 26 minutes after an hour's end.
const LOOKED_AFTER: i64 = 30 * 60;
