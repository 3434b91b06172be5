//! From bytes to claims to facts.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{DigestClaims, Gunzip, GzipDefect, KeySet, LogFileRef, PreviousDigest, data_signing_string};
use crate::limits::{DIGEST_DUE_AFTER, Limits};
use crate::logfile::Framing;
use crate::trail::{ChainId, ChainKind, DigestKey, Interval, ObjectLocation, Time};

/// A digest file as the store gave it: believed by nobody.
#[derive(Clone, Debug)]
pub struct FetchedDigest {
    /// Where it lay. The bucket is empty where nothing says which one a directory was copied from; then the digest's
    /// own word is taken for it, which its signature covers.
    pub at: ObjectLocation,
    /// Its bytes as stored.
    pub body: Bytes,
    /// Whether it may be gunzipped already.
    pub framing: Framing,
    /// Its S3 user metadata.
    pub metadata: DigestMetadata,
}

/// The S3 user metadata of a digest file, as far as verification needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DigestMetadata {
    /// `x-amz-meta-signature`, in hex.
    pub signature: Option<String>,
    /// `x-amz-meta-signature-algorithm`.
    pub algorithm: Option<String>,
    /// `x-amz-meta-backfill-generation-timestamp`: when a backfill digest was generated and signed.
    pub backfill_generated: Option<Time>,
    /// When the object was written, where the store knows it.
    pub last_modified: Option<Time>,
}

/// A digest file that is well-formed and says it is what its name says. Its claims are still only claims.
#[derive(Clone, Debug)]
pub struct ParsedDigest {
    at: ObjectLocation,
    chain: ChainId,
    claims: DigestClaims,
    sha256: [u8; 32],
    inflated: u64,
    metadata: DigestMetadata,
}

/// A digest file that AWS signed. Nothing but [`ParsedDigest::verify`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedDigest {
    parsed: ParsedDigest,
    signature: Vec<u8>,
    source: SignatureSource,
    outside_validity: Option<Interval>,
}

/// Where the signature that verified was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureSource {
    /// In the object's own metadata.
    Metadata,
    /// In its successor's `previousDigestSignature`; the object has lost its metadata.
    Successor,
    /// In its successor, although the object has a signature in its metadata: that one is wrong.
    SuccessorDespiteMetadata,
}

/// What the digest after this one says its signature is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuccessorSignature {
    /// The signature in hex.
    pub hex: String,
    /// Whether the successor itself is verified. An unverified one's word can still lead to a signature that
    /// verifies, which is proof wherever it came from; but if it does not verify, that shows nothing.
    pub believed: bool,
}

/// A digest file that is there and is no fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestDefect {
    /// Where it lies.
    pub at: ObjectLocation,
    /// What is wrong with it.
    pub kind: DefectKind,
    /// The hash of its uncompressed bytes, where it could be inflated.
    pub sha256: Option<[u8; 32]>,
    /// What it says of its predecessor's signature, where it could be read.
    pub previous_signature: Option<String>,
}

/// What is wrong with a digest file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefectKind {
    /// No gzip, no JSON, or not a digest's JSON.
    Malformed(String),
    /// Larger than a limit.
    OverLimit(u64),
    /// It says it was delivered elsewhere.
    Moved {
        /// Where it says it was delivered.
        recorded: ObjectLocation,
    },
    /// Its content and its name disagree.
    IdentityMismatch {
        /// Which field.
        field: &'static str,
        /// What the name says.
        name: String,
        /// What the content says.
        content: String,
    },
    /// It names a key that is not among those given.
    KeyUnknown {
        /// The key's fingerprint.
        fingerprint: String,
        /// Whether the keys given are known to be all there were: then somebody else signed it.
        complete: bool,
    },
    /// No signature could be found.
    SignatureMissing,
    /// The signature does not verify.
    SignatureInvalid {
        /// The signature, as found.
        signature: String,
        /// SHA-256 of the data signing string that it should sign.
        signed_sha256: [u8; 32],
    },
}

impl DigestMetadata {
    /// From S3 user metadata, by name without the `x-amz-meta-` that stands before it on the wire.
    pub fn from_user_metadata<'m>(told: impl Fn(&str) -> Option<&'m str>) -> DigestMetadata {
        DigestMetadata {
            signature: told("signature").map(str::to_owned),
            algorithm: told("signature-algorithm").map(str::to_owned),
            backfill_generated: told("backfill-generation-timestamp").and_then(Time::parse_loose),
            last_modified: None,
        }
    }
}

impl FetchedDigest {
    /// Steps 1 and 2 of the user guide's validation procedure: inflate and hash, read, and hold the content against
    /// the name it lies under.
    pub fn parse(mut self, limits: &Limits) -> Result<ParsedDigest, Box<DigestDefect>> {
        if self.body.len() as u64 > limits.digest_stored {
            return Err(self.defect(DefectKind::OverLimit(limits.digest_stored)));
        }
        let inflated = match self.inflate(limits.digest_inflated) {
            Ok(inflated) => inflated,
            Err(GzipDefect::OverLimit(limit)) => return Err(self.defect(DefectKind::OverLimit(limit))),
            Err(defect) => return Err(self.defect(DefectKind::Malformed(defect.to_string()))),
        };
        let sha256: [u8; 32] = Sha256::digest(&inflated).into();
        let claims = match DigestClaims::parse(&inflated) {
            Ok(claims) => claims,
            Err(error) => {
                let defect = self.defect(DefectKind::Malformed(error.to_string()));
                return Err(Box::new(DigestDefect { sha256: Some(sha256), ..*defect }));
            }
        };
        if self.at.bucket.is_empty() {
            self.at.bucket.clone_from(&claims.at.bucket);
        }
        let identity = self.identity(&claims);
        match identity {
            Ok(chain) => Ok(ParsedDigest {
                at: self.at,
                chain,
                claims,
                sha256,
                inflated: inflated.len() as u64,
                metadata: self.metadata,
            }),
            Err(kind) => Err(Box::new(DigestDefect {
                at: self.at,
                kind,
                sha256: Some(sha256),
                previous_signature: claims.previous.map(|previous| previous.signature),
            })),
        }
    }

    fn inflate(&self, limit: u64) -> Result<Bytes, GzipDefect> {
        if self.framing == Framing::GzipOrPlain && !self.body.starts_with(&[0x1f, 0x8b]) {
            let fits = self.body.len() as u64 <= limit;
            return if fits { Ok(self.body.clone()) } else { Err(GzipDefect::OverLimit(limit)) };
        }
        let mut inflated = Vec::new();
        let mut gunzip = Gunzip::new(limit);
        gunzip.push(&self.body, &mut |made| inflated.extend_from_slice(made))?;
        gunzip.finish()?;
        Ok(inflated.into())
    }

    fn identity(&self, claims: &DigestClaims) -> Result<ChainId, DefectKind> {
        if claims.at != self.at {
            return Err(DefectKind::Moved { recorded: claims.at.clone() });
        }
        let Some(key) = DigestKey::parse(&self.at.key) else {
            return Err(DefectKind::Malformed("its key is not that of a digest file".to_owned()));
        };
        let differs = |field, name: String, content: String| {
            if name == content { Ok(()) } else { Err(DefectKind::IdentityMismatch { field, name, content }) }
        };
        differs("awsAccountId", key.chain.account_id.clone(), claims.account_id.clone())?;
        differs("digestEndTime", key.end.to_string(), claims.end.to_string())?;
        Ok(key.chain)
    }

    fn defect(&self, kind: DefectKind) -> Box<DigestDefect> {
        Box::new(DigestDefect { at: self.at.clone(), kind, sha256: None, previous_signature: None })
    }
}

impl ParsedDigest {
    /// Where it lies, its bucket filled in.
    pub fn at(&self) -> &ObjectLocation {
        &self.at
    }

    /// What it claims, believed by nobody.
    pub fn claims(&self) -> &DigestClaims {
        &self.claims
    }

    /// SHA-256 of its uncompressed bytes.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// How many uncompressed bytes it has.
    pub fn inflated(&self) -> u64 {
        self.inflated
    }

    /// Its metadata.
    pub fn metadata(&self) -> &DigestMetadata {
        &self.metadata
    }

    /// Steps 3 to 5: find the key by its fingerprint, form the data signing string, and check the signature: the one in
    /// the metadata, else the one that the successor recorded.
    pub fn verify(
        self,
        keys: &KeySet,
        successor: Option<&SuccessorSignature>,
    ) -> Result<VerifiedDigest, Box<(ParsedDigest, DigestDefect)>> {
        let Some(key) = keys.get(&self.claims.fingerprint) else {
            let complete = keys.is_complete(&self.chain.region, self.may_be_signed());
            let fingerprint = self.claims.fingerprint.clone();
            return Err(self.failed(DefectKind::KeyUnknown { fingerprint, complete }));
        };
        let signed_sha256: [u8; 32] = Sha256::digest(data_signing_string(&self.claims, &self.sha256)).into();
        let verified = |signature: &str| {
            let bytes = hex::decode(signature).ok()?;
            key.verifies(&signed_sha256, &bytes).then_some(bytes)
        };
        let own = self.metadata.signature.as_deref().filter(|_| self.algorithm_is_known());
        if let Some(signature) = own.and_then(verified) {
            let outside = self.outside(key.validity);
            return Ok(self.believed(signature, SignatureSource::Metadata, outside));
        }
        let told = successor.map(|successor| successor.hex.as_str());
        if let Some(signature) = told.and_then(verified) {
            let has_own = self.metadata.signature.is_some();
            let source = if has_own { SignatureSource::SuccessorDespiteMetadata } else { SignatureSource::Successor };
            let outside = self.outside(key.validity);
            return Ok(self.believed(signature, source, outside));
        }
        let believed = successor.filter(|successor| successor.believed).map(|successor| &successor.hex);
        let kind = match self.metadata.signature.as_ref().or(believed) {
            Some(signature) => DefectKind::SignatureInvalid { signature: signature.clone(), signed_sha256 },
            None => DefectKind::SignatureMissing,
        };
        Err(self.failed(kind))
    }

    /// SHA256withRSA where it is said at all; under any other name the signature is not one that is understood.
    fn algorithm_is_known(&self) -> bool {
        self.metadata.algorithm.as_deref().is_none_or(|name| name == "SHA256withRSA")
    }

    /// Backfill digests are signed when they are generated, the others after their end.
    fn signed_at(&self) -> Time {
        match self.chain.kind {
            ChainKind::Backfill => self.metadata.backfill_generated.unwrap_or(self.claims.end),
            ChainKind::Standard => self.claims.end,
        }
    }

    /// When it may have been signed: hours after its end at the latest, and not after it was delivered. A key that came
    /// into use in between is in no list that ends before.
    fn may_be_signed(&self) -> Interval {
        let from = self.signed_at();
        let latest = from.plus(DIGEST_DUE_AFTER);
        Interval::new(from, self.metadata.last_modified.map_or(latest, |written| written.max(from).min(latest)))
    }

    /// The key's window, where no moment at which the digest may have been signed lies in it.
    fn outside(&self, validity: Option<Interval>) -> Option<Interval> {
        let at = self.signed_at();
        validity.filter(|valid| valid.intersect(Interval::new(at, at.plus(DIGEST_DUE_AFTER))).is_none())
    }

    fn believed(
        self,
        signature: Vec<u8>,
        source: SignatureSource,
        outside_validity: Option<Interval>,
    ) -> VerifiedDigest {
        VerifiedDigest { parsed: self, signature, source, outside_validity }
    }

    fn failed(self, kind: DefectKind) -> Box<(ParsedDigest, DigestDefect)> {
        let defect = DigestDefect {
            at: self.at.clone(),
            kind,
            sha256: Some(self.sha256),
            previous_signature: self.claims.previous.as_ref().map(|previous| previous.signature.clone()),
        };
        Box::new((self, defect))
    }
}

impl VerifiedDigest {
    /// Where it lies.
    pub fn at(&self) -> &ObjectLocation {
        &self.parsed.at
    }

    /// The chain it belongs to.
    pub fn chain(&self) -> &ChainId {
        &self.parsed.chain
    }

    /// The time whose deliveries it lists.
    pub fn covers(&self) -> Interval {
        Interval::new(self.parsed.claims.start, self.parsed.claims.end)
    }

    /// SHA-256 of its uncompressed bytes.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.parsed.sha256
    }

    /// How many uncompressed bytes it has.
    pub fn inflated(&self) -> u64 {
        self.parsed.inflated
    }

    /// Its signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Where its signature was found.
    pub fn signature_source(&self) -> SignatureSource {
        self.source
    }

    /// The signature in its metadata, if it has one.
    pub fn metadata_signature(&self) -> Option<&str> {
        self.parsed.metadata.signature.as_deref()
    }

    /// What its metadata says the algorithm is, if it says so.
    pub fn metadata_algorithm(&self) -> Option<&str> {
        self.parsed.metadata.algorithm.as_deref()
    }

    /// When the object was written, where known.
    pub fn last_modified(&self) -> Option<Time> {
        self.parsed.metadata.last_modified
    }

    /// By when it was delivered: when it was written, but not later than it was due, for whoever writes it again does not
    /// make it a later delivery.
    pub fn delivered(&self) -> Option<Time> {
        self.last_modified().map(|written| written.min(self.parsed.signed_at().plus(DIGEST_DUE_AFTER)))
    }

    /// The fingerprint of the key that signed it.
    pub fn fingerprint(&self) -> &str {
        &self.parsed.claims.fingerprint
    }

    /// The validity window of its key, if it was signed outside.
    pub fn outside_validity(&self) -> Option<Interval> {
        self.outside_validity
    }

    /// The digest before it; none for a starting digest.
    pub fn previous(&self) -> Option<&PreviousDigest> {
        self.parsed.claims.previous.as_ref()
    }

    /// The log files it vouches for.
    pub fn log_files(&self) -> &[LogFileRef] {
        &self.parsed.claims.log_files
    }

    /// The log files it vouches for, without keeping the rest.
    pub fn into_log_files(self) -> Vec<LogFileRef> {
        self.parsed.claims.log_files
    }
}
