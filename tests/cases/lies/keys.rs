//! Keys: where they come from decides what is proven.

use std::sync::Arc;

use trailseal::simulate::{PublicKeyList, Scenario, Signer};
use trailseal::trail::Time;

use crate::stage::{Keys, Stage, attackers_key, drafted, honest, keyring, keys_without_ranges, public_keys, small};
use crate::table::Lie;

pub(crate) const LIES: &[Lie] = &[
    Lie {
        name: "keys-only-beside-the-evidence",
        verdict: "inconclusive",
        expect: &["public-key-unpinned"],
        notes: &[],
        comment: "An honest copy, checked with the keys that lie beside it: it is consistent, and whoever made it could have signed it.",
        stage: || honest().keys(Keys::NotGiven),
    },
    Lie {
        name: "keys-named-from-beside-the-evidence",
        verdict: "inconclusive",
        expect: &["public-key-unpinned"],
        notes: &[],
        comment: "Naming the key file that lies in the copy does not make it come from elsewhere.",
        stage: || honest().keys(Keys::At("evidence/.trailseal/public-keys.json")),
    },
    Lie {
        name: "keys-beside-the-evidence-replaced-too",
        verdict: "inconclusive",
        expect: &["public-key-unpinned"],
        notes: &[],
        comment: "The attacker edited the log files, signed the whole chain anew, and put his public key beside it. Everything fits together. Without \
                  keys from elsewhere nobody can tell, and so it is not called intact.",
        stage: || {
            let mut stage = drafted(&small()).sign_with(&attackers_key());
            stage.keys_beside = attackers_keys();
            stage.keys(Keys::NotGiven)
        },
    },
    Lie {
        name: "keys-beside-the-evidence-replaced-and-others-pinned",
        verdict: "not-intact",
        expect: &["digest-key-unknown", "log-unlisted"],
        notes: &[],
        comment: "The same, checked with keys from AWS: the attacker's key is none of them.",
        stage: || {
            let mut stage = drafted(&small()).sign_with(&attackers_key());
            stage.keys_beside = attackers_keys();
            stage
        },
    },
    Lie {
        name: "keys-of-somebody-else",
        verdict: "none",
        expect: &[],
        notes: &[],
        comment: "The keys given are not known to be all there are, and no digest names any of them. Either they are the wrong ones, or somebody \
                  else signed everything: there is no verdict before that is settled.",
        stage: || honest().keys(Keys::Own("public-keys.json", attackers_keys())),
    },
    Lie {
        name: "keys-with-a-false-fingerprint",
        verdict: "none",
        expect: &[],
        notes: &[],
        comment: "A key list gives the attacker's key the fingerprint of a genuine one. A fingerprint is the MD5 of its key, so the list is refused; \
                  the AWS CLI accepts it.",
        stage: || {
            let mut keys = attackers_keys();
            keys.public_key_list[0].fingerprint.clone_from(&keyring().at("", small().start).fingerprint);
            honest().keys(Keys::Own("public-keys.json", keys))
        },
    },
    Lie {
        name: "keys-rotated-mid-chain",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "CloudTrail changed its signing key in the middle of the chain. Links and signatures hold across it.",
        stage: || {
            let stage = rotated();
            let fingerprint = |hour: usize| &stage.chains[0].digests[hour].digest.digest_public_key_fingerprint;
            assert_ne!(fingerprint(0), fingerprint(3));
            stage
        },
    },
    Lie {
        name: "keys-lack-the-older-one",
        verdict: "inconclusive",
        expect: &["public-key-unavailable", "log-unlisted"],
        notes: &[],
        comment: "The chain spans a change of keys, and the list has only the newer one and does not say that it is complete. Nobody can say \
                  whether the older digests are genuine, nor, so far, who vouches for their log files.",
        stage: || {
            let stage = rotated();
            let newer = stage.chains[0].digests[3].digest.digest_public_key_fingerprint.clone();
            let mut keys = keys_without_ranges();
            keys.public_key_list.retain(|key| key.fingerprint == newer);
            let oldest = stage.digest(0);
            stage.named(oldest).keys(Keys::Own("public-keys.json", keys))
        },
    },
    Lie {
        name: "key-used-outside-its-window",
        verdict: "intact",
        expect: &[],
        notes: &["key-outside-validity-window"],
        comment: "A digest is signed by a listed key whose window ended before. The documentation's own samples are, so it is a note.",
        stage: || {
            let mut draft = drafted(&small());
            let key = keyring().at("", small().start.plus(-20 * Time::DAY));
            let old = keyring().at("", key.validity.start.plus(-Time::HOUR));
            assert!(old.validity.end < small().start);
            let delivery = &mut draft.chain().digests[3];
            delivery.digest.digest_public_key_fingerprint.clone_from(&old.fingerprint);
            delivery.signer = Signer::Key(Arc::clone(&old));
            let mut keys = public_keys();
            keys.public_key_list.push(old.entry());
            let stage = draft.sign();
            let digest = stage.digest(3);
            stage.named(digest).keys(Keys::Own("public-keys.json", keys))
        },
    },
    Lie {
        name: "key-of-a-digest-in-capitals",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A signed digest writes its key's fingerprint in capital letters: the same number.",
        stage: || {
            let mut draft = drafted(&small());
            let key = keyring().at("us-east-1", small().start);
            let delivery = &mut draft.chain().digests[3];
            delivery.digest.digest_public_key_fingerprint = key.fingerprint.to_uppercase();
            delivery.signer = Signer::Key(key);
            draft.sign()
        },
    },
];

fn attackers_keys() -> PublicKeyList {
    PublicKeyList { public_key_list: vec![attackers_key().entry()], ranges: Vec::new() }
}

/// A chain across the moment at which the key is replaced.
fn rotated() -> Stage {
    let first = keyring().at("", small().start);
    let replaced = first.validity.start.plus(i64::from(small().key_rotation) * Time::HOUR);
    drafted(&Scenario { start: replaced.plus(-3 * Time::HOUR), log_files_per_hour: 4, ..small() }).sign()
}
