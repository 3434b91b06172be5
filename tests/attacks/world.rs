//! Honest trails drawn by number, requests about them, and the audit of whatever becomes of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex};

use bytes::Bytes;
use trailseal::audit::{AuditError, AuditRequest, Evidence, LogFiles, SampleSize, audit};
use trailseal::digest::{DigestMetadata, Gunzip};
use trailseal::keys::{KeyOrigin, KeysAtHand, parse_key_file};
use trailseal::report::Report;
use trailseal::simulate::{Keyring, Link, Scenario, draft};
use trailseal::store::MemoryStore;
use trailseal::trail::{ChainId, DigestKey, Time};

use crate::counted::ObjectCounts;

/// SplitMix64: the same number, the same case.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % most.max(1) as u64) as usize
    }

    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn seconds(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from).max(1) as usize) as i64
    }

    pub(crate) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }
}

/// An object, with what its content is where it has any.
#[derive(Clone, Debug)]
pub(crate) struct Thing {
    pub(crate) body: Bytes,
    pub(crate) content: Option<Bytes>,
    pub(crate) metadata: DigestMetadata,
}

pub(crate) type Bucket = BTreeMap<String, Thing>;

pub(crate) struct TrueDigest {
    pub(crate) key: String,
    pub(crate) start: Time,
    pub(crate) end: Time,
    pub(crate) starting: bool,
    pub(crate) logs: Vec<String>,
}

pub(crate) struct TrueChain {
    pub(crate) id: ChainId,
    /// Oldest first.
    pub(crate) digests: Vec<TrueDigest>,
}

pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) chains: Vec<TrueChain>,
    pub(crate) objects: Bucket,
    /// By log file: the chain and the digest that list it.
    pub(crate) listed: HashMap<String, (usize, usize)>,
}

/// Keys that change every 9 hours, and one that does not.
pub(crate) static KEYRINGS: LazyLock<[Keyring; 2]> =
    LazyLock::new(|| [Keyring::new(11, 9, true), Keyring::new(7, 1_000_000, true)]);
/// The attacker's.
pub(crate) static FORGER: LazyLock<Keyring> = LazyLock::new(|| Keyring::new(666, 1_000_000, true));

/// 2026-01-10, new year's eve, a leap day's eve: days, months and years end inside the range.
const BASES: [i64; 3] = [1_768_003_200, 1_767_182_400, 1_709_150_400];

impl World {
    pub(crate) fn draw(number: u64) -> World {
        let mut dice = Dice(number.wrapping_mul(0x5851_f42d_4c95_7f2d) ^ 0xa11);
        let hours = 5 + dice.below(9) as u32;
        let rotating = dice.percent(25);
        let base = if rotating { BASES[0] } else { *dice.pick(&BASES) };
        let scenario = Scenario {
            seed: number + 1,
            bucket: "example-trail-logs".into(),
            prefix: dice.pick(&["", "", "audit", "o-exampleorgid/x"]).to_string(),
            organization: dice.percent(25).then(|| Scenario::organization_id(number)),
            accounts: 1 + u32::from(dice.percent(15)),
            regions: ["us-east-1", "eu-west-1"][..1 + dice.below(2)].iter().map(|name| name.to_string()).collect(),
            trails: ["audit", "siem_b.c-d"][..1 + dice.below(2)].iter().map(|name| name.to_string()).collect(),
            start: Time::from_unix(base + dice.below(24) as i64 * Time::HOUR),
            hours,
            log_files_per_hour: 1 + dice.below(2) as u32,
            events_per_log_file: 1,
            empty_hours: dice.below(60) as u32,
            restarts: if dice.percent(40) { 1 + dice.below(hours as usize / 2 - 1).min(1) as u32 } else { 0 },
            backfills: if dice.percent(40) { 1 + dice.below(2) as u32 } else { 0 },
            ..Scenario::default()
        };
        let keyring = &KEYRINGS[usize::from(!rotating)];
        let mut drafted = draft(&scenario).expect("the scenario is sound");
        let signed = drafted.objects(keyring);
        let mut world =
            World { chains: Vec::new(), objects: Bucket::new(), listed: HashMap::new(), scenario: scenario.clone() };
        for (at, chain) in drafted.chains.iter().enumerate() {
            let digests = chain.digests.iter().enumerate().map(|(number, delivery)| {
                let logs: Vec<String> = delivery.digest.log_files.iter().map(|log| log.s3_object.clone()).collect();
                logs.iter().for_each(|log| {
                    world.listed.insert(log.clone(), (at, number));
                });
                TrueDigest {
                    key: delivery.digest.digest_s3_object.clone(),
                    start: delivery.digest.digest_start_time,
                    end: delivery.digest.digest_end_time,
                    starting: delivery.link == Link::Start,
                    logs,
                }
            });
            let digests = digests.collect();
            world.chains.push(TrueChain { id: chain.chain.clone(), digests });
        }
        for object in signed.into_values() {
            let value = |name: &str| object.metadata.get(name).cloned();
            let metadata = DigestMetadata {
                signature: value("signature"),
                algorithm: value("signature-algorithm"),
                backfill_generated: value("backfill-generation-timestamp").and_then(|text| Time::parse_loose(&text)),
                last_modified: Some(object.last_modified),
            };
            let content = Some(gunzip(&object.body));
            world.objects.insert(object.key, Thing { body: object.body.into(), content, metadata });
        }
        world
    }

    /// The honest bucket at a moment: what had been delivered.
    pub(crate) fn at(&self, moment: Time) -> Bucket {
        let delivered = |thing: &Thing| thing.metadata.last_modified.is_some_and(|written| written <= moment);
        self.objects.iter().filter(|(_, thing)| delivered(thing)).map(|(k, t)| (k.clone(), t.clone())).collect()
    }
}

/// What is asked, and in what state the evidence is.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) start: Option<Time>,
    pub(crate) end: Option<Time>,
    pub(crate) as_of: Time,
    pub(crate) trails: Vec<String>,
    pub(crate) regions: Vec<String>,
    pub(crate) log_files: LogFiles,
    /// A copy that lost all metadata and times, from nobody knows which bucket.
    pub(crate) plain: bool,
    pub(crate) named_bucket: bool,
}

impl Ask {
    pub(crate) fn draw(world: &World, dice: &mut Dice) -> Ask {
        let range = world.scenario.interval();
        let ends: Vec<Time> = world.chains.iter().flat_map(|chain| chain.digests.iter().map(|d| d.end)).collect();
        let as_of = match dice.below(4) {
            0 => range.end.plus(dice.seconds(0, 20 * Time::DAY)),
            1 => dice.pick(&ends).plus(dice.seconds(0, 3 * Time::HOUR)),
            _ => range.start.plus(dice.seconds(1200, range.seconds() + 9 * Time::HOUR)),
        };
        let within = |dice: &mut Dice, to: Time| match dice.below(3) {
            0 => dice.pick(&ends).plus(*dice.pick(&[0, 0, 1, -1, 300, -300])).min(to),
            _ => range.start.plus(dice.seconds(-2 * Time::HOUR, to.since(range.start) + 1)),
        };
        let end = match dice.below(10) {
            0..3 => None,
            3..5 => Some(as_of),
            5 => Some(as_of.plus(dice.seconds(0, 9000))),
            _ => Some(within(dice, as_of)),
        };
        let start = dice.percent(60).then(|| within(dice, end.unwrap_or(as_of).min(as_of)));
        let some = |dice: &mut Dice, of: &[String]| if dice.percent(20) { vec![dice.pick(of).clone()] } else { vec![] };
        let plain = dice.percent(30);
        Ask {
            start,
            end,
            as_of,
            trails: some(dice, &world.scenario.trails),
            regions: some(dice, &world.scenario.regions),
            log_files: match dice.below(10) {
                0 => LogFiles::None,
                1 | 2 => LogFiles::Listing,
                3 if dice.percent(50) => LogFiles::Sample { size: SampleSize::PerMillion(300_000), seed: 5 },
                3 => LogFiles::Sample { size: SampleSize::Count(10), seed: 5 },
                _ => LogFiles::All,
            },
            plain,
            named_bucket: !plain && dice.percent(80),
        }
    }

    pub(crate) fn wants(&self, chain: &ChainId) -> bool {
        let has = |names: &[String], name: &String| names.is_empty() || names.contains(name);
        has(&self.trails, &chain.trail) && has(&self.regions, &chain.region)
    }

    pub(crate) fn wants_region(&self, region: &str) -> bool {
        self.regions.is_empty() || self.regions.iter().any(|name| name == region)
    }
}

static KEYS_READ: Mutex<BTreeMap<usize, Arc<KeysAtHand>>> = Mutex::new(BTreeMap::new());

/// Every key made so far but the attacker's.
fn keys() -> Arc<KeysAtHand> {
    let rings = KEYRINGS.each_ref().map(Keyring::public_keys);
    let count = rings.iter().map(|ring| ring.public_key_list.len()).sum();
    let mut read = KEYS_READ.lock().expect("no panic");
    let parse = || {
        let [mut all, more] = rings;
        all.public_key_list.extend(more.public_key_list);
        let list = serde_json::to_vec(&all).expect("JSON");
        Arc::new(KeysAtHand::new(parse_key_file(&list).expect("keys"), "keys", KeyOrigin::Pinned))
    };
    Arc::clone(read.entry(count).or_insert_with(parse))
}

/// Audits a bucket; none where the program says that there is nothing to judge.
pub(crate) fn judge(bucket: &Bucket, ask: &Ask) -> Option<Report> {
    let mut store = MemoryStore::new(ask.named_bucket.then_some("example-trail-logs"));
    for (key, thing) in bucket {
        let metadata = if ask.plain { DigestMetadata::default() } else { thing.metadata.clone() };
        store.put(key, thing.body.clone(), metadata);
    }
    let mut request = AuditRequest::everything("bucket", ask.as_of);
    (request.start, request.end, request.log_files) = (ask.start, ask.end, ask.log_files);
    request.select.trails.clone_from(&ask.trails);
    request.select.regions.clone_from(&ask.regions);
    let evidence = Evidence { stores: vec![Arc::new(store)], ..Evidence::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let counted = Arc::new(ObjectCounts::default());
    match runtime.block_on(audit(evidence, keys(), request, Arc::clone(&counted) as _)) {
        Ok(report) => {
            counted.against(&report);
            Some(report)
        }
        Err(AuditError::RangeReversed { .. } | AuditError::StartToCome { .. } | AuditError::KeysForeign { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn gunzip(body: &[u8]) -> Bytes {
    let mut content = Vec::new();
    let mut gunzip = Gunzip::new(u64::MAX);
    gunzip.push(body, &mut |made| content.extend_from_slice(made)).expect("gzip");
    content.into()
}

/// The digest's chain and end, from a key in its proper place.
pub(crate) fn digest_key(key: &str) -> Option<DigestKey> {
    DigestKey::parse(key)
}
