//! A bucket that lies: any listing and any answer, audited. It comes to a verdict, which is never `intact` where something
//! requested was withheld or altered, and never `not-intact` where nothing signed is contradicted.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, LazyLock};

use flate2::Compression;
use flate2::write::GzEncoder;
use trailseal::audit::{AuditError, AuditRequest, Evidence, LogFiles, Silent, audit};
use trailseal::digest::{DigestMetadata, Gunzip};
use trailseal::finding::Severity;
use trailseal::keys::{KeyOrigin, KeysAtHand, parse_key_file};
use trailseal::limits::Limits;
use trailseal::report::{Report, Verdict};
use trailseal::simulate::{Keyring, Scenario, draft};
use trailseal::store::StoreError;
use trailseal::trail::{ChainKind, DigestKey, Interval, LogKey, Time};

use super::drawn::Drawn;
use super::lying::{BUCKET, Lying, Thing};

pub(crate) const STAGES: &[&str] = &["no verdict", "inconclusive", "not intact", "intact"];

/// How far the minute in a log file's name may lie after its delivery.
const SKEW: i64 = 5 * 60;

/// Two regions, four hours, six log files or so.
struct World {
    objects: BTreeMap<String, Thing>,
    keys: Arc<KeysAtHand>,
    interval: Interval,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let scenario = Scenario {
        bucket: BUCKET.into(),
        hours: 4,
        log_files_per_hour: 4,
        events_per_log_file: 1,
        empty_hours: 20,
        shared_keys: true,
        ..Scenario::default()
    };
    let keyring = Keyring::new(7, 10_000, true);
    let thing = |object: trailseal::simulate::SimulatedObject| {
        let value = |name: &str| object.metadata.get(name).cloned();
        let metadata = DigestMetadata {
            signature: value("signature"),
            algorithm: value("signature-algorithm"),
            last_modified: Some(object.last_modified),
            ..DigestMetadata::default()
        };
        (object.key, Thing { body: object.body.into(), metadata })
    };
    let objects = draft(&scenario).expect("the scenario is sound").objects(&keyring);
    let keys = parse_key_file(&serde_json::to_vec(&keyring.public_keys()).expect("JSON")).expect("keys");
    World {
        objects: objects.into_values().map(thing).collect(),
        keys: Arc::new(KeysAtHand::new(keys, "keys", KeyOrigin::Pinned)),
        interval: scenario.interval(),
    }
});

pub(crate) fn run(data: &[u8]) -> usize {
    let (mut request, lying, done) = told(data);
    let Some(report) = judged(&lying, &request) else { return 0 };
    sound(&report, &request);
    if done.asked_twice {
        request.concurrency = 1;
        let again = judged(&Lying { page: 7, ..lying.clone() }, &request);
        assert_eq!(again.as_ref(), Some(&report), "it depends on pages and order");
    }
    match report.verdict {
        Verdict::Intact => {
            let why = forbids(&lying, &request);
            assert!(why.is_none(), "intact, and {why:?}");
            3
        }
        Verdict::NotIntact => {
            assert!(done.contradicts, "not intact, and nothing signed is contradicted: {:?}", report.findings);
            2
        }
        Verdict::Inconclusive => {
            assert!(done.lies, "inconclusive, and honest: {:?}", report.findings);
            1
        }
    }
}

/// The report of an input, for whoever wants reports.
pub(crate) fn report_of(data: &[u8]) -> Option<Report> {
    let (request, lying, _) = told(data);
    judged(&lying, &request)
}

/// What an input says: what is asked, of which bucket, and what was done to it.
fn told(data: &[u8]) -> (AuditRequest, Lying, Done) {
    let mut drawn = Drawn(data);
    let request = request(&mut drawn);
    let (page, piece, kind) = (drawn.below(4), drawn.below(4), drawn.byte());
    let mut lying = Lying {
        objects: WORLD.objects.clone(),
        page: [1_000, 1, 2, 3][page],
        piece: [1 << 20, 1, 13, 500][piece],
        nameless: kind % 8 == 7,
        near: kind & 8 != 0,
        ..Lying::default()
    };
    let mut done = Done::default();
    for _ in 0..12 {
        if drawn.is_empty() {
            break;
        }
        lie(&mut drawn, &mut lying, &mut done);
    }
    (request, lying, done)
}

fn request(drawn: &mut Drawn<'_>) -> AuditRequest {
    let whole = WORLD.interval;
    let start = whole.start.plus(drawn.signed().max(0) * 100);
    let end = whole.end.plus(-drawn.signed().max(0) * 100).max(start.plus(1));
    let open = drawn.byte();
    AuditRequest {
        start: (open & 3 != 3).then_some(start),
        end: (open & 12 != 12).then_some(end),
        log_files: *[LogFiles::All, LogFiles::All, LogFiles::Listing, LogFiles::None]
            .get(drawn.below(4))
            .expect("four"),
        limits: Limits {
            planted_named_per_region: 6,
            digests_per_chain: 100,
            hours_named_per_hole: 50,
            ..Limits::default()
        },
        ..AuditRequest::everything("bucket", whole.end.plus(10 * Time::DAY))
    }
}

/// What was done, for the judgement.
#[derive(Default)]
struct Done {
    /// Whether anything was told otherwise than it is.
    lies: bool,
    /// Whether something that was signed can be contradicted by it.
    contradicts: bool,
    asked_twice: bool,
}

fn lie(drawn: &mut Drawn<'_>, lying: &mut Lying, done: &mut Done) {
    let key = pick(drawn, &WORLD.objects);
    let decision = drawn.byte() % 20;
    done.lies |= decision != 19;
    done.contradicts |= !matches!(decision, 5..=7 | 9 | 19);
    let errors =
        [StoreError::Denied, StoreError::Archived, StoreError::Throttled, StoreError::Unreachable("reset".into())];
    match decision {
        0 | 1 => drop(lying.objects.remove(&key)),
        2 => edit(lying, &key, |body| change(drawn, body)),
        3 => edit(lying, &key, |body| {
            let mut content = gunzip(body).unwrap_or_default();
            change(drawn, &mut content);
            *body = packed(&content);
        }),
        4 => edit(lying, &key, |body| body.truncate(drawn.word())),
        5 => drop(lying.failing.insert(key, drawn.pick(&errors).clone())),
        6 => {
            let folder = folder_of(&key, drawn.below(6));
            lying.closed.insert(folder, drawn.pick(&errors).clone());
        }
        7 => {
            if let Some(thing) = lying.objects.get_mut(&key) {
                (thing.metadata.signature, thing.metadata.algorithm) = (None, None);
            }
        }
        8 => {
            let other = WORLD.objects[&pick(drawn, &WORLD.objects)].metadata.signature.clone();
            if let Some(thing) = lying.objects.get_mut(&key) {
                thing.metadata.signature = if drawn.byte() & 1 == 0 { other } else { Some(drawn.text(20)) };
            }
        }
        9 => {
            // An object beside the others, under any name.
            let name = format!("{}{}", folder_of(&key, drawn.below(4)), drawn.text(60));
            let thing = Thing { body: drawn.text(9).into(), metadata: DigestMetadata::default() };
            // Nothing that is planted under a digest's or a log file's very name is only planted.
            done.contradicts |= lying.objects.contains_key(&name) || DigestKey::parse(&name).is_some();
            lying.objects.entry(name).or_insert(thing);
        }
        10 | 11 => {
            // One object in place of another.
            let other = pick(drawn, &WORLD.objects);
            let thing = WORLD.objects[&other].clone();
            lying.objects.insert(key, thing);
        }
        12 => {
            // A copy of it, under a name of its kind.
            let thing = WORLD.objects[&key].clone();
            if let Some(mut digest) = DigestKey::parse(&key) {
                digest.end = digest.end.plus(drawn.signed() * Time::HOUR / 2);
                if drawn.byte() & 1 == 1 {
                    digest.chain.kind = ChainKind::Backfill;
                }
                lying.objects.entry(digest.key()).or_insert(thing);
            } else if let Some(mut log) = LogKey::parse(&key) {
                log.name.minute = log.name.minute.plus(drawn.signed() * 60);
                log.name.unique[0] = b'Z';
                lying.objects.entry(log.key()).or_insert(thing);
            }
        }
        13 => drop(lying.hidden.insert(key)),
        14 => {
            let name = format!("{}{}", folder_of(&key, 0), drawn.text(90));
            lying.shown.insert(name);
        }
        15 => lying.objects.retain(|name, _| !name.starts_with(&folder_of(&key, drawn.below(6)))),
        16 => edit(lying, &key, |body| *body = [&body[..], &body[..]].concat()),
        17 => {
            if let Some(thing) = lying.objects.get_mut(&key) {
                thing.metadata.last_modified = Some(Time::from_unix(drawn.signed() << 25));
            }
        }
        18 => edit(lying, &key, |body| *body = drawn.text(200).into_bytes()),
        _ => done.asked_twice = true,
    }
}

fn pick(drawn: &mut Drawn<'_>, objects: &BTreeMap<String, Thing>) -> String {
    objects.keys().nth(drawn.below(objects.len())).expect("an object").clone()
}

/// The folder that an object lies in, so many levels up.
fn folder_of(key: &str, up: usize) -> String {
    let at = key.rmatch_indices('/').nth(up).map_or(0, |(at, _)| at + 1);
    key[..at].to_owned()
}

fn edit(lying: &mut Lying, key: &str, change: impl FnOnce(&mut Vec<u8>)) {
    if let Some(thing) = lying.objects.get_mut(key) {
        let mut body = thing.body.to_vec();
        change(&mut body);
        thing.body = body.into();
    }
}

fn change(drawn: &mut Drawn<'_>, bytes: &mut [u8]) {
    let at = drawn.word();
    if !bytes.is_empty() {
        bytes[at % bytes.len()] ^= drawn.byte();
    }
}

/// Why it cannot be intact, told from the objects alone; none if it can. Only of requests with both ends, and of chains of
/// which something is left: of the others nothing tells.
fn forbids(lying: &Lying, request: &AuditRequest) -> Option<String> {
    let (start, end) = (request.start?, request.end?);
    let same = |key: &str| {
        let thing = lying.objects.get(key).filter(|_| !lying.failing.contains_key(key))?;
        let content = if thing.body.starts_with(&[0x1f, 0x8b]) { gunzip(&thing.body)? } else { thing.body.to_vec() };
        (Some(content) == gunzip(&WORLD.objects[key].body)).then_some(())
    };
    for (key, thing) in &WORLD.objects {
        let Some(digest) = DigestKey::parse(key) else { continue };
        let left =
            lying.objects.keys().filter_map(|key| DigestKey::parse(key)).any(|other| other.chain == digest.chain);
        let inside = digest.end > start && digest.end.plus(-Time::HOUR) < end;
        if !left || !inside {
            continue;
        }
        if same(key).is_none() {
            return Some(format!("{key} is withheld or altered"));
        }
        let content: serde_json::Value = serde_json::from_slice(&gunzip(&thing.body)?).ok()?;
        for log in content["logFiles"].as_array()? {
            let log = log["s3Object"].as_str()?;
            let minute = LogKey::parse(log)?.name.minute;
            let asked_for = start <= minute && minute.plus(-SKEW) < end;
            if request.log_files == LogFiles::All && asked_for && same(log).is_none() {
                return Some(format!("{log} is withheld or altered"));
            }
        }
    }
    None
}

fn judged(lying: &Lying, request: &AuditRequest) -> Option<Report> {
    let evidence = Evidence { stores: vec![Arc::new(lying.clone())], ..Evidence::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    match runtime.block_on(audit(evidence, WORLD.keys.clone(), request.clone(), Arc::new(Silent))) {
        Ok(report) => Some(report),
        Err(error @ (AuditError::Task(_) | AuditError::Start(_))) => panic!("{error}"),
        Err(_) => None,
    }
}

/// The report's own sums, and that it can be saved.
fn sound(report: &Report, request: &AuditRequest) {
    // Where nobody asked for an end, nothing is due after the newest digest of all.
    let horizon = request.end.map_or(report.request.end, |_| request.as_of);
    let json = serde_json::to_vec(report).expect("JSON");
    assert_eq!(Report::parse(&json).as_ref().ok(), Some(report), "saved, and read otherwise");
    let worst = report.findings.iter().map(|finding| finding.severity).min();
    let expected = match worst {
        Some(Severity::Violation) => Verdict::NotIntact,
        Some(Severity::Unproven) => Verdict::Inconclusive,
        _ => Verdict::Intact,
    };
    assert_eq!(report.verdict, expected, "{:?}", report.findings);
    assert!(
        report.verdict != Verdict::Intact || report.totals.digests.verified > 0,
        "intact, and nothing was verified"
    );
    for chain in report.chains.iter().filter(|chain| chain.kind == ChainKind::Standard) {
        let mut all: Vec<Interval> =
            chain.proven.iter().copied().chain(chain.holes.iter().map(|h| h.interval())).collect();
        all.sort();
        for pair in all.windows(2) {
            assert_eq!(pair[0].end, pair[1].start, "proven and holes do not meet in {chain:?}");
        }
        if let (Some(first), Some(start)) = (all.first(), report.request.start) {
            assert_eq!(first.start, start, "nothing is said of the start in {chain:?}");
        }
        if let Some(last) = all.last() {
            assert!(last.end <= report.request.end, "more than was asked for in {chain:?}");
            let due = horizon.since(last.end) > 2 * Time::HOUR && last.end < report.request.end;
            assert!(!due, "nothing is said of the end in {chain:?}");
        }
        assert!(report.verdict != Verdict::Intact || chain.holes.is_empty(), "intact, with holes: {chain:?}");
    }
}

fn gunzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    let mut gunzip = Gunzip::new(1 << 20);
    gunzip.push(body, &mut |made| content.extend_from_slice(made)).ok()?;
    gunzip.finish().ok()?;
    Some(content)
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(content).expect("memory");
    gz.finish().expect("memory")
}

/// Each lie once, to a digest and to a log file; each kind of request, each size of page.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds =
        vec![vec![], vec![40, 40], vec![0, 0, 3], vec![0, 0, 12], vec![0, 0, 0, 2], vec![0, 0, 0, 3, 1, 1, 7]];
    for decision in 0..20 {
        for at in (0..WORLD.objects.len() as u8).step_by(3) {
            let head = if decision % 2 == 0 { [0, 0, 0, 0, 0, 0, 0] } else { [0, 0, 0, 0, 1, 2, 0] };
            let mut seed = [&head[..], &[at, decision, 2, 30]].concat();
            // What is planted has a name.
            if matches!(decision, 8 | 9 | 12 | 14 | 18) {
                seed.extend(b"20260110T0042Z_a/b.json.gz\xe2\x80\xae");
            }
            seeds.push(seed);
        }
    }
    seeds
}
