//! Signatures changed, lost and forged; digests that are signed and contradict their own name or form.

use std::sync::Arc;

use trailseal::simulate::{DigestDraft, SimulatedObject};

use crate::stage::{Stage, attackers_key, drafted, honest, keyring, small};
use crate::table::Lie;

pub(crate) const LIES: &[Lie] = &[
    Lie {
        name: "signature-of-the-newest-changed",
        verdict: "not-intact",
        expect: &["digest-signature-invalid"],
        notes: &[],
        comment: "One digit of the signature in the newest digest's metadata was changed.",
        stage: || on_metadata(3, |object| flip_digit(signature(object))),
    },
    Lie {
        name: "signature-in-capitals",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "The signature in the newest digest's metadata was written in capitals: the same digits, and the same signature.",
        stage: || {
            let mut stage = honest();
            let newest = stage.digest(3);
            signature(stage.object(&newest)).make_ascii_uppercase();
            stage
        },
    },
    Lie {
        name: "signature-of-a-middle-digest-changed",
        verdict: "not-intact",
        expect: &["link-signature-mismatch"],
        notes: &[],
        comment: "The same for a digest whose successor knows better: with the successor's word for it the digest verifies, so its hour is \
                  proven, and that somebody changed its metadata is told. The AWS CLI calls the digest INVALID.",
        stage: || on_metadata(1, |object| flip_digit(signature(object))),
    },
    Lie {
        name: "signature-changed-below-an-edited-digest",
        verdict: "not-intact",
        expect: &["digest-signature-invalid", "link-signature-mismatch"],
        notes: &[],
        comment: "The newest digest was edited, and the signature in the metadata of the one before it was changed. The edited one is not \
                  believed, yet the signature it records for the other verifies, which is proof wherever it came from.",
        stage: || {
            let mut stage = on_metadata(2, |object| flip_digit(signature(object)));
            let newest = stage.digest(3);
            stage.edit(&newest, "\"logFiles\":", "\"logFiles\": ");
            stage.named(newest)
        },
    },
    Lie {
        name: "signature-of-another-digest",
        verdict: "not-intact",
        expect: &["digest-signature-invalid"],
        notes: &[],
        comment: "The newest digest bears the genuine signature of the one before it.",
        stage: || {
            let mut stage = honest();
            let other = signature(stage.object(&stage.digest(2).clone())).clone();
            let newest = stage.digest(3);
            *signature(stage.object(&newest)) = other;
            stage.named(newest)
        },
    },
    Lie {
        name: "signature-not-hex",
        verdict: "not-intact",
        expect: &["digest-signature-invalid"],
        notes: &[],
        comment: "The newest digest's signature is no hexadecimal number.",
        stage: || on_metadata(3, |object| *signature(object) = "no signature at all".to_owned()),
    },
    Lie {
        name: "signature-of-a-middle-digest-lost",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A digest lost its metadata on the way. Its successor, which is signed, records its signature. The AWS CLI calls it INVALID.",
        stage: || on_metadata(1, |object| object.metadata.clear()),
    },
    Lie {
        name: "signature-of-the-newest-lost",
        verdict: "inconclusive",
        expect: &["digest-signature-missing"],
        notes: &[],
        comment: "The newest digest lost its metadata, and there is no later one that would record its signature.",
        stage: || on_metadata(3, |object| object.metadata.clear()),
    },
    Lie {
        name: "signatures-lost-in-a-plain-copy",
        verdict: "inconclusive",
        expect: &["digest-signature-missing"],
        notes: &["end-from-evidence"],
        comment: "What `aws s3 sync` leaves on disk: objects, and no metadata. Each digest verifies by its successor's word, and the newest has \
                  none. The AWS CLI cannot look at copies at all.",
        stage: || {
            let stage = honest();
            let (digest, start, end) = (stage.digest(3), stage.end(2), stage.end(3));
            stage.plain().without_end().named(digest).hole("digest-unverified", start, end)
        },
    },
    Lie {
        name: "signatures-lost-and-a-later-digest-there",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A plain copy, asked about up to the end of the last digest but one: everything in the request verifies.",
        stage: || {
            let stage = honest();
            let end = stage.end(2);
            stage.plain().until(end)
        },
    },
    Lie {
        name: "signature-algorithm-sha1-in-the-newest-metadata",
        verdict: "not-intact",
        expect: &["digest-signature-invalid"],
        notes: &[],
        comment: "The metadata of the newest digest names SHA-1. CloudTrail signs with SHA256withRSA and nothing else; a validator that goes by \
                  the name could be led to a hash that can be forged.",
        stage: || {
            on_metadata(3, |object| drop(object.metadata.insert("signature-algorithm".into(), "SHA1withRSA".into())))
        },
    },
    Lie {
        name: "signature-algorithm-lost",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "The metadata of the newest digest does not say how it is signed. What is signed says so, and one way alone is understood.",
        stage: || {
            let mut stage = honest();
            let newest = stage.digest(3);
            stage.object(&newest).metadata.remove("signature-algorithm");
            stage
        },
    },
    Lie {
        name: "signature-algorithm-sha1-in-a-middle-metadata",
        verdict: "not-intact",
        expect: &["link-signature-mismatch"],
        notes: &[],
        comment: "The metadata of a digest whose successor records its signature says SHA-1: the digest verifies, and its metadata was changed.",
        stage: || {
            on_metadata(1, |object| drop(object.metadata.insert("signature-algorithm".into(), "SHA1withRSA".into())))
        },
    },
    Lie {
        name: "signature-algorithm-sha1-in-a-signed-digest",
        verdict: "not-intact",
        expect: &["digest-malformed"],
        notes: &[],
        comment: "A signed digest says that it is signed with SHA-1.",
        stage: || on_draft(3, |digest| digest.digest_signature_algorithm = "SHA1withRSA".to_owned()),
    },
    Lie {
        name: "digest-signed-by-the-attacker",
        verdict: "not-intact",
        expect: &["digest-key-unknown", "link-hash-mismatch", "log-unlisted"],
        notes: &[],
        comment: "A digest in the middle was signed anew with the attacker's own key, whose fingerprint it names. The keys at hand are known to be \
                  all that AWS lists for the region and time, and it is none of them.",
        stage: || {
            let mut stage = honest();
            let mut draft = stage.chains[0].digests[1].clone();
            let key = attackers_key();
            draft.digest.digest_public_key_fingerprint.clone_from(&key.fingerprint);
            draft.digest.log_files.pop();
            let object = draft.object(&draft.digest.sign(&key));
            let digest = object.key.clone();
            stage.objects.insert(digest.clone(), object);
            stage.named(digest)
        },
    },
    Lie {
        name: "digest-signed-by-the-attacker-under-a-genuine-fingerprint",
        verdict: "not-intact",
        expect: &["digest-signature-invalid"],
        notes: &[],
        comment: "The attacker edits a log file, writes its new hash into the newest digest, leaves the genuine fingerprint in it, and signs it with \
                  a key of his own.",
        stage: || {
            let mut stage = honest();
            let log = stage.log(3);
            stage.edit(&log, "us-east-1", "us-west-1");
            let mut draft = stage.chains[0].digests[3].clone();
            draft.digest.log_files[0].hash_value = trailseal::simulate::sha256_hex(&stage.content(&log));
            let object = draft.object(&draft.digest.sign(&attackers_key()));
            let digest = object.key.clone();
            stage.objects.insert(digest.clone(), object);
            stage.named(digest)
        },
    },
    Lie {
        name: "chain-signed-by-the-attacker",
        verdict: "not-intact",
        expect: &["digest-key-unknown", "log-unlisted"],
        notes: &[],
        comment: "The whole chain was signed anew with the attacker's key: consistent in itself, and not by AWS. The pinned keys know it.",
        stage: || {
            let stage = drafted(&small()).sign_with(&attackers_key());
            let digests: Vec<String> = (0..4).map(|hour| stage.digest(hour)).collect();
            digests.into_iter().fold(stage, Stage::named)
        },
    },
    Lie {
        name: "digest-fields-twice",
        verdict: "not-intact",
        expect: &["digest-malformed"],
        notes: &[],
        comment: "A signed digest names its account twice. Two readers could take different ones, so neither is taken.",
        stage: || odd_newest(|json| json.replacen('{', "{\"awsAccountId\":\"111122223333\",", 1)),
    },
    Lie {
        name: "digest-log-fields-twice",
        verdict: "not-intact",
        expect: &["digest-malformed"],
        notes: &[],
        comment: "An entry of a signed digest's list has two hashes.",
        stage: || odd_newest(|json| json.replacen("\"hashValue\"", "\"hashValue\":\"00\",\"hashValue\"", 1)),
    },
    Lie {
        name: "digest-without-a-field",
        verdict: "not-intact",
        expect: &["digest-malformed"],
        notes: &[],
        comment: "A signed digest has no list of log files.",
        stage: || odd_newest(|json| json.replacen("\"logFiles\"", "\"otherFiles\"", 1)),
    },
    Lie {
        name: "digest-with-an-unknown-field",
        verdict: "intact",
        expect: &[],
        notes: &[],
        comment: "A signed digest has a field that is not documented. AWS may add some.",
        stage: || odd_newest_unnamed(|json| json.replacen('{', "{\"digestVersion\":{\"major\":2},", 1)),
    },
    Lie {
        name: "digest-followed-by-another",
        verdict: "not-intact",
        expect: &["digest-malformed"],
        notes: &[],
        comment: "Signed JSON that goes on after its end.",
        stage: || odd_newest(|json| json + "{}"),
    },
    Lie {
        name: "digest-previous-fields-half-null",
        verdict: "not-intact",
        expect: &["digest-malformed"],
        notes: &[],
        comment: "A signed digest names a previous object and no hash of it: neither a starting digest nor a link.",
        stage: || {
            let mut draft = drafted(&small());
            draft.as_drafted(3).previous_digest_hash_value = None;
            let stage = draft.sign();
            let digest = stage.digest(3);
            stage.named(digest)
        },
    },
    Lie {
        name: "digest-of-another-account-by-its-content",
        verdict: "not-intact",
        expect: &["digest-identity-mismatch"],
        notes: &[],
        comment: "A signed digest says it is of another account than its name.",
        stage: || on_draft(3, |digest| digest.aws_account_id = "111122223333".to_owned()),
    },
    Lie {
        name: "digest-of-another-end-by-its-content",
        verdict: "not-intact",
        expect: &["digest-identity-mismatch"],
        notes: &[],
        comment: "A signed digest ends a minute later than its name says.",
        stage: || on_draft(3, |digest| digest.digest_end_time = digest.digest_end_time.plus(60)),
    },
    Lie {
        name: "digest-that-starts-after-its-end",
        verdict: "not-intact",
        expect: &["digest-malformed"],
        notes: &[],
        comment: "A signed digest starts a minute after it ends, which would cover a negative time.",
        stage: || on_draft(3, |digest| digest.digest_start_time = digest.digest_end_time.plus(60)),
    },
];

fn on_metadata(hour: usize, edit: fn(&mut SimulatedObject)) -> Stage {
    let mut stage = honest();
    let digest = stage.digest(hour);
    edit(stage.object(&digest));
    let named = stage.objects[&digest].metadata.contains_key("signature");
    if named { stage.named(digest) } else { stage }
}

fn on_draft(hour: usize, edit: fn(&mut DigestDraft)) -> Stage {
    let mut draft = drafted(&small());
    edit(draft.digest(hour));
    let stage = draft.sign();
    let digest = stage.digest(hour);
    stage.named(digest)
}

fn odd_newest(edit: fn(String) -> String) -> Stage {
    let stage = odd_newest_unnamed(edit);
    let digest = stage.digest(3);
    stage.named(digest)
}

fn odd_newest_unnamed(edit: fn(String) -> String) -> Stage {
    // Whoever signs here has CloudTrail's key: what is odd is the content alone.
    assert!(!Arc::ptr_eq(&keyring().at("", small().start), &attackers_key()));
    drafted(&small()).sign_odd(3, edit)
}

fn signature(object: &mut SimulatedObject) -> &mut String {
    object.metadata.get_mut("signature").expect("a signed digest")
}

fn flip_digit(signature: &mut String) {
    let last = signature.pop();
    signature.push(if last == Some('0') { '1' } else { '0' });
}
