//! One chain, walked over whatever a listing shows and whatever is answered: it ends, it is never clean where something
//! was withheld or altered, and it accounts for each moment of the request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use bytes::Bytes;
use trailseal::chain::{ChainOutcome, ChainWalk, ListedDigest, Need, Observed, Scope};
use trailseal::digest::{DefectKind, DigestDefect, DigestMetadata, FetchedDigest, KeySet, VerifiedDigest};
use trailseal::finding::{Reason, Severity};
use trailseal::keys::parse_key_file;
use trailseal::limits::Limits;
use trailseal::logfile::Framing;
use trailseal::simulate::{ChainDraft, Keyring, Link, Scenario, draft};
use trailseal::trail::{ChainId, DigestKey, Interval, ObjectLocation, Time};

use super::drawn::Drawn;

pub(crate) const STAGES: &[&str] = &["nothing verified", "some verified", "all verified and clean"];

/// How many digests the honest chain has.
const HOURS: usize = 8;

/// How late a digest may be.
const DUE: i64 = 2 * Time::HOUR;

/// One honest chain, and others of the same places whose links lead anywhere: to themselves, forward, back, nowhere.
struct Maze {
    chain: ChainId,
    /// Oldest first.
    honest: Vec<VerifiedDigest>,
    by_place: BTreeMap<ObjectLocation, usize>,
    astray: Vec<Vec<VerifiedDigest>>,
}

static MAZE: LazyLock<Maze> = LazyLock::new(|| {
    let scenario = Scenario {
        regions: vec!["us-east-1".into()],
        hours: HOURS as u32,
        log_files_per_hour: 1,
        events_per_log_file: 1,
        ..Scenario::default()
    };
    let keyring = Keyring::new(7, 10_000, true);
    let mut drafted = draft(&scenario).expect("the scenario is sound").chains.remove(0);
    let honest = verified(&mut drafted, &keyring);
    let targets = drafted.digests.clone();
    let signed = drafted.sign(&keyring);
    let mut astray = Vec::new();
    for skew in 0..4 {
        let mut chain = drafted.clone();
        for (at, delivery) in chain.digests.iter_mut().enumerate() {
            let to = (at + skew) % targets.len();
            delivery.digest.link_to(Some(&signed[to]));
            if skew == 3 {
                delivery.digest.previous_digest_hash_value = Some("00".repeat(31));
                delivery.digest.previous_digest_s3_object = Some("nowhere".into());
            }
            delivery.link = Link::AsDrafted;
        }
        astray.push(verified(&mut chain, &keyring));
    }
    let by_place = honest.iter().enumerate().map(|(at, digest)| (digest.at().clone(), at)).collect();
    Maze { chain: drafted.chain, honest, by_place, astray }
});

fn verified(chain: &mut ChainDraft, keyring: &Keyring) -> Vec<VerifiedDigest> {
    let bucket = Scenario::default().bucket;
    let objects = chain.objects(keyring);
    let keys: KeySet = parse_key_file(&serde_json::to_vec(&keyring.public_keys()).expect("JSON")).expect("keys");
    let verify = |object: trailseal::simulate::SimulatedObject| {
        let signature = object.metadata.get("signature").cloned();
        let metadata = DigestMetadata { signature, ..DigestMetadata::default() };
        let at = ObjectLocation::new(&bucket, &object.key);
        let fetched = FetchedDigest { at, body: Bytes::from(object.body), framing: Framing::Gzip, metadata };
        let parsed = fetched.parse(&Limits::default()).expect("well-formed");
        parsed.verify(&keys, None).expect("signed")
    };
    objects.into_iter().map(verify).collect()
}

/// What was told, for the judgement.
#[derive(Default)]
struct Told {
    digests: u64,
    listings: u64,
    /// The honest digests that were asked for and not given as they are, by number.
    withheld: BTreeSet<usize>,
    /// Those that were given and taken.
    taken: BTreeSet<usize>,
    /// Whether a digest was given that AWS signed and that is not the honest one of its place.
    astray: bool,
}

pub(crate) fn run(data: &[u8]) -> usize {
    let mut drawn = Drawn(data);
    let limits = Limits { digests_per_chain: 64 - drawn.below(64) as u64, ..Limits::default() };
    let scope = scope(&mut drawn);
    let mut walk = ChainWalk::new(MAZE.chain.clone(), scope, &limits);
    let mut told = Told::default();
    let mut position = Time::from_unix(i64::MAX);
    while let Some(need) = walk.need() {
        match need {
            Need::Listing { before } => {
                told.listings += 1;
                let listed = listing(&mut drawn, before);
                walk.listed(listed);
            }
            Need::Digest { at, .. } => {
                told.digests += 1;
                let at = at.clone();
                let observed = answer(&mut drawn, &at, &mut told);
                let given = match &observed {
                    Observed::Verified(digest) => Some(digest.covers()),
                    _ => None,
                };
                let vouched = walk.observed(observed);
                assert!(vouched.covers.is_none() || vouched.covers == given, "it vouches for what was not given");
                assert!(vouched.covers.is_some() || vouched.log_files.is_empty(), "log files of nothing verified");
                told.taken.extend(vouched.covers.and_then(|_| MAZE.by_place.get(&at)));
            }
        }
        if let Some(next) = walk.next_end() {
            assert!(next <= position, "it went forward in time");
            position = next;
        }
        assert!(told.digests <= limits.digests_per_chain, "more digests than the limit");
        assert!(told.listings <= limits.digests_per_chain + 2, "it kept asking for listings");
    }
    judge(&walk.finish(), scope, &told)
}

fn scope(drawn: &mut Drawn<'_>) -> Scope {
    let first = MAZE.honest[0].covers().start;
    let last = MAZE.honest[HOURS - 1].covers().end;
    let minutes = |drawn: &mut Drawn<'_>, from: Time| from.plus(drawn.signed() * 4 * 60);
    let start = minutes(drawn, first);
    let end = minutes(drawn, last).max(start.plus(1));
    let start = (drawn.byte() % 4 != 3).then_some(start);
    let horizon = end.max(minutes(drawn, end).plus(DUE / 2));
    Scope { start, end, horizon, began_by: None }
}

/// What is shown of the chain: all of it, some of it, or anything.
fn listing(drawn: &mut Drawn<'_>, before: Time) -> Vec<ListedDigest> {
    let genuine = MAZE.honest.iter().rev().filter(|digest| digest.covers().end < before);
    let genuine = genuine.map(|digest| ListedDigest { at: digest.at().clone(), end: digest.covers().end });
    match drawn.byte() % 8 {
        0..4 => genuine.collect(),
        // A page.
        4 => genuine.take(1 + drawn.below(3)).collect(),
        5 => {
            let hidden = drawn.byte();
            genuine.enumerate().filter(|(at, _)| hidden >> (at % 8) & 1 == 0).map(|(_, digest)| digest).collect()
        }
        6 => Vec::new(),
        _ => {
            let count = drawn.below(6);
            let entry = |drawn: &mut Drawn<'_>| {
                let near = drawn.pick(&MAZE.honest);
                let end = near.covers().end.plus(drawn.signed() * Time::HOUR / 2);
                let mut at = near.at().clone();
                // The end is always that of the name, as whoever lists takes it from there.
                if let Some(named) = DigestKey::parse(&at.key) {
                    at.key = DigestKey { end, ..named }.key();
                }
                if drawn.byte() & 1 == 1 {
                    at.key = drawn.text(40);
                }
                ListedDigest { at, end }
            };
            (0..count).map(|_| entry(drawn)).collect()
        }
    }
}

/// What is answered about a digest: the truth, unless the input says otherwise.
fn answer(drawn: &mut Drawn<'_>, at: &ObjectLocation, told: &mut Told) -> Observed {
    let here = MAZE.by_place.get(at).copied();
    let genuine = here.map(|here| MAZE.honest[here].clone());
    let decision = drawn.byte() % 16;
    if decision < 9 {
        return genuine.map_or(Observed::Absent, |digest| Observed::Verified(Box::new(digest)));
    }
    if (9..11).contains(&decision)
        && let Some(here) = here
    {
        told.astray = true;
        return Observed::Verified(Box::new(drawn.pick(&MAZE.astray)[here].clone()));
    }
    told.withheld.extend(here);
    match decision {
        11 => Observed::Absent,
        12 => Observed::Unreadable(*drawn.pick(&[
            Reason::Denied,
            Reason::Archived,
            Reason::Unreachable,
            Reason::OverLimit,
        ])),
        13 => {
            // Genuine, and of another place.
            let other = drawn.pick(&MAZE.honest);
            if other.at() == at { Observed::Absent } else { Observed::Verified(Box::new(other.clone())) }
        }
        _ => Observed::Defective(Box::new(defect(drawn, at))),
    }
}

fn defect(drawn: &mut Drawn<'_>, at: &ObjectLocation) -> DigestDefect {
    let text = drawn.text(20);
    let kind = match drawn.below(8) {
        0 => DefectKind::Malformed(text.clone()),
        1 => DefectKind::OverLimit(7),
        2 => DefectKind::Moved { recorded: ObjectLocation::new(text.clone(), "x") },
        3 => DefectKind::IdentityMismatch { field: "awsAccountId", name: "1".into(), content: text.clone() },
        4 => DefectKind::KeyUnknown { fingerprint: text.clone(), complete: text.len().is_multiple_of(2) },
        5 => DefectKind::SignatureMissing,
        _ => DefectKind::SignatureInvalid { signature: text.clone(), signed_sha256: [1; 32] },
    };
    let known = drawn.byte();
    DigestDefect {
        at: at.clone(),
        kind,
        sha256: (known & 1 == 0).then_some([known; 32]),
        previous_signature: (known & 2 == 0).then_some(text),
    }
}

fn judge(outcome: &ChainOutcome, scope: Scope, told: &Told) -> usize {
    let holes: Vec<Interval> = outcome.holes.iter().map(|hole| hole.interval()).collect();
    for interval in outcome.proven.iter().chain(&holes) {
        assert!(!interval.is_empty() && interval.end <= scope.end.max(scope.horizon), "{interval} in {scope:?}");
        assert!(scope.start.is_none_or(|start| interval.start >= start), "{interval} in {scope:?}");
    }
    let met = outcome.tally.verified + outcome.tally.violated + outcome.tally.unproven;
    assert!(met <= told.digests, "more counted than met");
    if outcome.proven.is_empty() && holes.is_empty() {
        // Of a chain of which nothing of the request was met, the audit tells.
        assert_eq!(outcome.tally.verified, 0, "verified, and neither proven nor a hole");
        return 0;
    }
    accounts_for_each_moment(outcome, &holes, scope);
    let clean = outcome.findings.iter().all(|finding| finding.severity == Severity::Note);
    if clean && outcome.tally.verified > 0 {
        assert!(holes.is_empty(), "clean, and {holes:?} are holes");
        is_clean(outcome, scope, told);
    }
    if outcome.tally.verified == 0 { 0 } else { 1 + usize::from(clean) }
}

/// Proven and holes lie beside each other without a gap: from the start asked for, to the end or to what is not yet due.
fn accounts_for_each_moment(outcome: &ChainOutcome, holes: &[Interval], scope: Scope) {
    let mut all: Vec<Interval> = outcome.proven.iter().chain(holes).copied().collect();
    all.sort();
    let mut joined = all[0];
    for next in &all[1..] {
        assert!(next.start <= joined.end, "nothing is said of {} to {}", joined.end, next.start);
        joined = joined.or(*next);
    }
    for hole in holes {
        let twice = outcome.proven.iter().find_map(|proven| proven.intersect(*hole));
        assert!(twice.is_none(), "{twice:?} is proven and a hole");
    }
    if let Some(start) = scope.start.filter(|_| !outcome.began_after) {
        assert_eq!(joined.start, start, "nothing is said of the start");
    }
    let due = scope.horizon.since(joined.end) > DUE && joined.end < scope.end;
    assert!(!due, "nothing is said of {} to {}", joined.end, scope.end);
}

/// Nothing found but notes: then everything asked for was given as it is.
fn is_clean(outcome: &ChainOutcome, scope: Scope, told: &Told) {
    if !told.astray {
        for (at, digest) in MAZE.honest.iter().enumerate().filter(|(at, _)| !told.taken.contains(at)) {
            let covers = digest.covers();
            let inside = covers.start < scope.end && scope.start.is_some_and(|start| covers.end > start);
            let due = scope.horizon.since(covers.end) >= DUE;
            assert!(!inside || !due && !told.withheld.contains(&at), "clean, and {covers} was never shown");
        }
    }
    // What was signed to lie elsewhere in time proves no moment but its own: each moment proven is one of an honest digest.
    let honest = Interval::new(MAZE.honest[0].covers().start, MAZE.honest[HOURS - 1].covers().end);
    for proven in &outcome.proven {
        assert!(honest.start <= proven.start && proven.end <= honest.end, "{proven} was never delivered");
    }
    if let Some(start) = scope.start {
        assert!(outcome.proven.iter().any(|proven| proven.start <= start), "clean, and the start is not proven");
    }
}

/// The honest chain under requests of every kind, and single lies to it.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![vec![], vec![0, 0, 0, 3], vec![60], vec![0, 30, 226, 0, 0], vec![0, 0, 226, 0, 200]];
    for lie in 9..16 {
        for at in [0, 1, 4, 7] {
            let mut seed = vec![0, 0, 0, (lie % 2) * 3, 0, 0];
            seed.extend(std::iter::repeat_n(0, at));
            seed.extend([lie, lie * 3, 2, 1, 1]);
            seeds.push(seed);
        }
    }
    for listing in 4..8 {
        seeds.push(vec![0, 0, 0, 0, 0, listing, 5, 1, 2, 0, 3, 254, 1, 3, b'a', b'b', b'c', 9, 1, 9, 2, 10, 3]);
    }
    seeds
}
