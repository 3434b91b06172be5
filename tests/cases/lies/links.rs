//! Links that AWS signed and that are wrong all the same: a validator that checks signatures alone sees nothing.

use crate::stage::{Stage, drafted, small};
use crate::table::Lie;

pub(crate) const LIES: &[Lie] = &[
    Lie {
        name: "link-hash-wrong-though-signed",
        verdict: "not-intact",
        expect: &["link-hash-mismatch"],
        notes: &[],
        comment: "A signed digest records another hash for the one before it. The AWS CLI never compares the two.",
        stage: || wrong(|digest| digest.previous_digest_hash_value = Some("0".repeat(64))),
    },
    Lie {
        name: "link-hash-of-63-digits",
        verdict: "not-intact",
        expect: &["link-hash-mismatch"],
        notes: &[],
        comment: "A signed digest records a hash of 63 digits for the one before it: a finding, and never a crash.",
        stage: || {
            wrong(|digest| {
                digest.previous_digest_hash_value.as_mut().map(String::pop);
            })
        },
    },
    Lie {
        name: "link-signature-wrong-though-signed",
        verdict: "not-intact",
        expect: &["link-signature-mismatch"],
        notes: &[],
        comment: "A signed digest records another signature for the one before it, whose own verifies. A digest has but one.",
        stage: || wrong(|digest| digest.previous_digest_signature = Some("0".repeat(512))),
    },
    Lie {
        name: "link-to-itself",
        verdict: "not-intact",
        expect: &["link-location-mismatch"],
        notes: &[],
        comment: "A signed digest names itself as the one before it. Whoever follows it goes round for ever.",
        stage: || wrong(|digest| digest.previous_digest_s3_object = Some(digest.digest_s3_object.clone())),
    },
    Lie {
        name: "link-to-a-newer-digest",
        verdict: "not-intact",
        expect: &["link-location-mismatch"],
        notes: &[],
        comment: "A signed digest names a newer one as the one before it.",
        stage: || {
            let mut draft = drafted(&small());
            let newer = draft.digest(3).digest_s3_object.clone();
            draft.as_drafted(2).previous_digest_s3_object = Some(newer);
            draft.sign()
        },
    },
    Lie {
        name: "link-to-another-chain",
        verdict: "not-intact",
        expect: &["link-location-mismatch"],
        notes: &[],
        comment: "A signed digest names a digest of another trail as the one before it.",
        stage: || {
            wrong(|digest| {
                let own = digest.previous_digest_s3_object.clone().expect("a link");
                let other = own.replace("_us-east-1_20260110T", "-2_us-east-1_20260110T");
                assert!(own != other);
                digest.previous_digest_s3_object = Some(other);
            })
        },
    },
    Lie {
        name: "link-to-no-digest",
        verdict: "not-intact",
        expect: &["link-location-mismatch"],
        notes: &[],
        comment: "What a signed digest names before it is not the key of any digest.",
        stage: || wrong(|digest| digest.previous_digest_s3_object = Some("../../etc/passwd".to_owned())),
    },
    Lie {
        name: "link-skips-a-digest",
        verdict: "not-intact",
        expect: &["link-location-mismatch"],
        notes: &[],
        comment: "A signed digest names the one before the one before it, hash and signature right. The one between is signed as well and named by \
                  nobody: the chain is not one chain.",
        stage: || {
            let mut draft = drafted(&small());
            let skipped = draft.digest(2).clone();
            let newest = draft.as_drafted(3);
            newest.previous_digest_s3_object = skipped.previous_digest_s3_object;
            newest.previous_digest_hash_value = skipped.previous_digest_hash_value;
            newest.previous_digest_signature = skipped.previous_digest_signature;
            let stage = draft.sign();
            let digest = stage.digest(3);
            stage.named(digest)
        },
    },
    Lie {
        name: "link-to-another-bucket",
        verdict: "not-intact",
        expect: &["link-location-mismatch", "digest-unreadable"],
        notes: &[],
        comment: "A signed digest names the one before it in another bucket, which is not there to look at. The one that lies here says that it was \
                  delivered here.",
        stage: || wrong(|digest| digest.previous_digest_s3_bucket = Some("another-bucket".to_owned())),
    },
];

fn wrong(edit: fn(&mut trailseal::simulate::DigestDraft)) -> Stage {
    let mut draft = drafted(&small());
    edit(draft.as_drafted(2));
    draft.sign()
}
