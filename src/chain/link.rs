//! Two neighbours held against each other: what the newer one recorded, and what the older one is.

use crate::digest::{DefectKind, DigestDefect, RecordedHash, SignatureSource, VerifiedDigest};
use crate::finding::Finding;
use crate::trail::{ChainId, ChainKind, DigestKey, ObjectLocation, Time};

/// A digest as named by a verified digest after it.
#[derive(Clone, Debug)]
pub(super) struct NamedDigest {
    /// Where it was delivered.
    pub at: ObjectLocation,
    /// The end of its hour, from its name.
    pub end: Time,
    /// What its hash is.
    pub hash: RecordedHash,
    /// What its signature is, in hex.
    pub signature: String,
    /// The digest that says so.
    pub by: ObjectLocation,
}

/// What a verified digest says of the one before it.
pub(super) enum Claim {
    /// A starting digest: there is none before it.
    Starting,
    /// An older digest of the same chain.
    Names(Box<NamedDigest>),
    /// Something that cannot be its predecessor. Following it could lead round in circles or out of the chain.
    Unfollowable(ObjectLocation),
}

impl Claim {
    pub(super) fn of(digest: &VerifiedDigest) -> Claim {
        let Some(previous) = digest.previous() else {
            return Claim::Starting;
        };
        match DigestKey::parse(&previous.at.key) {
            Some(key) if key.chain == *digest.chain() && key.end < digest.covers().end => {
                Claim::Names(Box::new(NamedDigest {
                    at: previous.at.clone(),
                    end: key.end,
                    hash: previous.hash.clone(),
                    signature: previous.signature.clone(),
                    by: digest.at().clone(),
                }))
            }
            _ => Claim::Unfollowable(previous.at.clone()),
        }
    }
}

/// Compares the hash that a signed digest recorded with the bytes that are there.
pub(super) fn check_hash(chain: &ChainId, named: &NamedDigest, sha256: &[u8; 32]) -> Option<Finding> {
    (!named.hash.matches(sha256))
        .then(|| Finding::link_hash_mismatch(chain, &named.at, named.end, &named.by, &named.hash, sha256))
}

/// Compares the signature that a signed digest recorded with the one that verified.
///
/// PKCS#1 v1.5 signatures are unique: a digest has one, and two that differ cannot both be it.
pub(super) fn check_signature(chain: &ChainId, named: &NamedDigest, digest: &VerifiedDigest) -> Option<Finding> {
    let mismatch = |computed: &str| {
        Some(Finding::link_signature_mismatch(chain, &named.at, named.end, &named.by, (&named.signature, computed)))
    };
    if digest.signature_source() == SignatureSource::SuccessorDespiteMetadata {
        let signature = digest.metadata_signature().unwrap_or_default();
        // Where the signature is right and what it is said to be is not, both sides would look alike.
        return match digest.metadata_algorithm().filter(|name| *name != "SHA256withRSA") {
            Some(name) => mismatch(&format!("{signature} ({name})")),
            None => mismatch(signature),
        };
    }
    let recorded = hex::decode(&named.signature).ok();
    if recorded.as_deref() == Some(digest.signature()) { None } else { mismatch(&hex::encode(digest.signature())) }
}

/// Where only an unverified successor told the signature that verified: the one in the metadata was changed.
pub(super) fn check_own_signature(chain: &ChainId, digest: &VerifiedDigest) -> Option<Finding> {
    let changed = digest.signature_source() == SignatureSource::SuccessorDespiteMetadata;
    let own = digest.metadata_signature().unwrap_or_default();
    changed.then(|| {
        let genuine = hex::encode(digest.signature());
        Finding::metadata_signature_changed(chain, digest.at(), digest.covers().end, (&genuine, own))
    })
}

/// A chain that begins anew in the folder of an organization, or of the account itself, where it ended in the other: that the one
/// trail was turned into the other, nothing signed says. If they are two, the end of the one may have been deleted.
pub(super) fn check_turned(
    chain: &ChainId,
    newer: &ObjectLocation,
    older: &ObjectLocation,
    end: Time,
) -> Option<Finding> {
    let organization = |at: &ObjectLocation| DigestKey::parse(&at.key).map(|key| key.folder.organization);
    let turned = chain.kind == ChainKind::Standard && organization(newer) != organization(older);
    turned.then(|| Finding::chain_turned(chain, end, newer))
}

/// What a digest that is no fact comes to.
pub(super) fn defect_finding(chain: &ChainId, defect: &DigestDefect, end: Time) -> Finding {
    let at = &defect.at;
    match &defect.kind {
        DefectKind::Malformed(why) => Finding::digest_malformed(chain, at, end, why),
        DefectKind::OverLimit(limit) => Finding::digest_over_limit(chain, at, end, *limit),
        DefectKind::Moved { recorded } => Finding::digest_moved(chain, at, end, recorded),
        DefectKind::IdentityMismatch { field, name, content } => {
            Finding::digest_identity_mismatch(chain, at, end, field, (name, content))
        }
        DefectKind::KeyUnknown { fingerprint, complete } => {
            Finding::digest_key_unknown(chain, at, end, fingerprint, *complete)
        }
        DefectKind::SignatureMissing => Finding::digest_signature_missing(chain, at, end),
        DefectKind::SignatureInvalid { signature, signed_sha256 } => {
            Finding::digest_signature_invalid(chain, at, end, signature, signed_sha256)
        }
    }
}
