//! (8) The walk ends within its limit on arbitrary answers, cycles included.

use std::sync::LazyLock;

use bytes::Bytes;
use proptest::prelude::*;
use trailseal::chain::{ChainWalk, ListedDigest, Need, Observed, Scope};
use trailseal::digest::{DefectKind, DigestDefect, DigestMetadata, FetchedDigest, KeySet, VerifiedDigest};
use trailseal::finding::Reason;
use trailseal::keys::parse_key_file;
use trailseal::limits::Limits;
use trailseal::logfile::Framing;
use trailseal::simulate::{Keyring, Link, Scenario, draft};
use trailseal::trail::{ChainId, ObjectLocation, Time};

/// Verified digests of one chain whose links point anywhere: to themselves, forward, back, nowhere.
struct Maze {
    chain: ChainId,
    digests: Vec<VerifiedDigest>,
}

static MAZE: LazyLock<Maze> = LazyLock::new(|| {
    let scenario =
        Scenario { regions: vec!["us-east-1".into()], hours: 6, log_files_per_hour: 1, ..Scenario::default() };
    let keyring = Keyring::new(7, 10_000, true);
    let honest = draft(&scenario).expect("the scenario is sound").chains.remove(0);
    let mut digests = Vec::new();
    for skew in 0..4_usize {
        let mut chain = honest.clone();
        let targets = chain.digests.clone();
        let signed = chain.sign(&keyring);
        for (at, delivery) in chain.digests.iter_mut().enumerate() {
            let to = &targets[(at + skew) % targets.len()].digest;
            delivery.digest.previous_digest_s3_bucket = Some(to.digest_s3_bucket.clone());
            delivery.digest.previous_digest_s3_object = Some(to.digest_s3_object.clone());
            delivery.digest.previous_digest_hash_value = Some("00".repeat(32));
            delivery.digest.previous_digest_hash_algorithm = Some("SHA-256".into());
            delivery.digest.previous_digest_signature = Some(signed[at].signature.clone());
            delivery.link = Link::AsDrafted;
        }
        let keys = |keyring: &Keyring| -> KeySet {
            parse_key_file(&serde_json::to_vec(&keyring.public_keys()).expect("JSON")).expect("keys")
        };
        for object in chain.objects(&keyring) {
            let metadata =
                DigestMetadata { signature: object.metadata.get("signature").cloned(), ..DigestMetadata::default() };
            let at = ObjectLocation::new(&scenario.bucket, &object.key);
            let fetched = FetchedDigest { at, body: Bytes::from(object.body), framing: Framing::Gzip, metadata };
            let parsed = fetched.parse(&Limits::default()).expect("well-formed");
            digests.push(parsed.verify(&keys(&keyring), None).expect("signed"));
        }
    }
    Maze { chain: honest.chain, digests }
});

#[derive(Clone, Debug)]
enum Answer {
    Listing(Vec<(prop::sample::Index, i64)>),
    Verified(prop::sample::Index),
    Defective,
    Absent,
    Unreadable,
}

fn answers() -> impl Strategy<Value = Answer> {
    prop_oneof![
        prop::collection::vec((any::<prop::sample::Index>(), -9_i64..9), 0..6).prop_map(Answer::Listing),
        any::<prop::sample::Index>().prop_map(Answer::Verified),
        Just(Answer::Defective),
        Just(Answer::Absent),
        Just(Answer::Unreadable),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_walk_ends_whatever_it_is_told(answers in prop::collection::vec(answers(), 1..40), start: bool, most in 1_u64..30) {
        let limits = Limits { digests_per_chain: most, ..Limits::default() };
        let origin = MAZE.digests[0].covers().start;
        let scope = Scope { start: start.then_some(origin), end: origin.plus(5 * Time::HOUR), horizon: origin.plus(9 * Time::HOUR), began_by: None };
        let mut walk = ChainWalk::new(MAZE.chain.clone(), scope, &limits);
        let mut told = answers.iter().cycle();
        let (mut digests, mut listings) = (0, 0);
        let mut position = Time::from_unix(i64::MAX);
        while let Some(need) = walk.need() {
            match need {
                Need::Listing { .. } => {
                    listings += 1;
                    let from = told.clone().take(answers.len());
                    let entries = from.into_iter().find_map(|answer| match answer {
                        Answer::Listing(entries) => Some(entries.clone()),
                        _ => None,
                    });
                    let listed = entries.unwrap_or_default().into_iter().map(|(at, hours)| {
                        let near = at.get(&MAZE.digests);
                        ListedDigest { at: near.at().clone(), end: near.covers().end.plus(hours * Time::HOUR) }
                    });
                    walk.listed(listed.collect());
                    told.next();
                }
                Need::Digest { at, .. } => {
                    digests += 1;
                    let at = at.clone();
                    let observed = match told.next().expect("a cycle") {
                        Answer::Verified(which) => Observed::Verified(Box::new(which.get(&MAZE.digests).clone())),
                        Answer::Defective => Observed::Defective(Box::new(DigestDefect {
                            at, kind: DefectKind::SignatureMissing, sha256: None, previous_signature: None,
                        })),
                        Answer::Unreadable => Observed::Unreadable(Reason::Denied),
                        Answer::Absent | Answer::Listing(_) => Observed::Absent,
                    };
                    walk.observed(observed);
                }
            }
            if let Some(next) = walk.next_end() {
                prop_assert!(next <= position, "it went forward in time");
                position = next;
            }
            prop_assert!(digests <= most, "more digests than the limit");
            prop_assert!(listings <= most + 2, "it kept asking for listings");
        }
        let outcome = walk.finish();
        // Whatever was told: what is proven and what is not never overlap, and lie in the request.
        for proven in &outcome.proven {
            prop_assert!(proven.end <= scope.end && !proven.is_empty());
        }
    }
}
