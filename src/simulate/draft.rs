//! Digest files before they are signed, with every field open: the honest generator and the forger of test cases use
//! the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::gzip::gzip;
use super::keyring::SigningKey;
use super::object::SimulatedObject;
use crate::trail::{ObjectLocation, Time};

/// The fields of a digest file, in AWS's order and under AWS's names (user guide, "CloudTrail digest file structure").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DigestDraft {
    /// The account whose activity is recorded.
    pub aws_account_id: String,
    /// The hour begins: delivery times, not event times.
    pub digest_start_time: Time,
    /// The hour ends; the time in the file name.
    pub digest_end_time: Time,
    /// The bucket the digest is delivered to.
    pub digest_s3_bucket: String,
    /// Its key there.
    pub digest_s3_object: String,
    /// Lowercase hex fingerprint of the key that signs it.
    pub digest_public_key_fingerprint: String,
    /// [`SIGNATURE_ALGORITHM`], if honest.
    pub digest_signature_algorithm: String,
    /// The newest event in the listed log files; none for an empty digest.
    pub newest_event_time: Option<Time>,
    /// The oldest event in the listed log files.
    pub oldest_event_time: Option<Time>,
    /// Where the digest before it was delivered; none, as the four that follow, in a starting digest.
    pub previous_digest_s3_bucket: Option<String>,
    /// Its key there.
    pub previous_digest_s3_object: Option<String>,
    /// Hex SHA-256 of its uncompressed bytes.
    pub previous_digest_hash_value: Option<String>,
    /// [`HASH_ALGORITHM`], if honest.
    pub previous_digest_hash_algorithm: Option<String>,
    /// Its hex signature.
    pub previous_digest_signature: Option<String>,
    /// The log files delivered in the hour.
    pub log_files: Vec<LogEntryDraft>,
}

/// One log file in a digest's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntryDraft {
    /// The bucket of the log file.
    pub s3_bucket: String,
    /// Its key there.
    pub s3_object: String,
    /// Hex SHA-256 of the log file's uncompressed bytes.
    pub hash_value: String,
    /// [`HASH_ALGORITHM`], if honest.
    pub hash_algorithm: String,
    /// The newest event inside.
    pub newest_event_time: Time,
    /// The oldest event inside.
    pub oldest_event_time: Time,
}

/// A digest file with its signature, ready to be put into a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDigest {
    /// Where its content says it lies.
    pub location: ObjectLocation,
    /// The uncompressed bytes.
    pub json: Vec<u8>,
    /// Hex SHA-256 of `json`: what the next digest names.
    pub hash: String,
    /// Hex signature: what goes into the metadata and into the next digest.
    pub signature: String,
    /// What goes into the metadata as the algorithm.
    pub signature_algorithm: String,
}

impl DigestDraft {
    /// The compact JSON in which CloudTrail delivers digests.
    pub fn to_json_bytes(&self) -> Vec<u8> {
        // Strings, numbers and lists: nothing here that JSON could refuse.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Makes it the successor of `previous`, or a starting digest.
    pub fn link_to(&mut self, previous: Option<&SignedDigest>) {
        self.previous_digest_s3_bucket = previous.map(|p| p.location.bucket.clone());
        self.previous_digest_s3_object = previous.map(|p| p.location.key.clone());
        self.previous_digest_hash_value = previous.map(|p| p.hash.clone());
        self.previous_digest_hash_algorithm = previous.map(|_| HASH_ALGORITHM.to_owned());
        self.previous_digest_signature = previous.map(|p| p.signature.clone());
    }

    /// Sets the newest and oldest event times to what the listed log files say.
    pub fn set_event_times(&mut self) {
        self.newest_event_time = self.log_files.iter().map(|log| log.newest_event_time).max();
        self.oldest_event_time = self.log_files.iter().map(|log| log.oldest_event_time).min();
    }

    /// Signs it as it stands; the fingerprint inside is not touched.
    pub fn sign(&self, key: &SigningKey) -> SignedDigest {
        self.sign_bytes(self.to_json_bytes(), key)
    }

    /// Signs `json` in the place of this draft's own, for content that no draft can express. The data signing string takes
    /// the end time, the location and the previous signature from the draft.
    pub fn sign_bytes(&self, json: Vec<u8>, key: &SigningKey) -> SignedDigest {
        let hash = sha256_hex(&json);
        let signature = key.sign(self.signing_string(&hash).as_bytes());
        SignedDigest {
            location: ObjectLocation::new(self.digest_s3_bucket.clone(), self.digest_s3_object.clone()),
            json,
            hash,
            signature,
            signature_algorithm: self.digest_signature_algorithm.clone(),
        }
    }

    /// The data signing string over the digest whose hash is `hash` (user guide, "Custom implementations of log file integrity
    /// validation").
    pub fn signing_string(&self, hash: &str) -> String {
        let previous = self.previous_digest_signature.as_deref().unwrap_or("null");
        format!("{}\n{}/{}\n{hash}\n{previous}", self.digest_end_time, self.digest_s3_bucket, self.digest_s3_object)
    }
}

impl SignedDigest {
    /// The object as CloudTrail delivers it: gzip, the signature in the metadata.
    pub fn object(&self, delivered: Time, backfill_generated: Option<Time>) -> SimulatedObject {
        let mut metadata = BTreeMap::from([
            ("signature".to_owned(), self.signature.clone()),
            ("signature-algorithm".to_owned(), self.signature_algorithm.clone()),
        ]);
        if let Some(time) = backfill_generated {
            metadata.insert("backfill-generation-timestamp".to_owned(), time.to_string());
        }
        SimulatedObject { key: self.location.key.clone(), body: gzip(&self.json), metadata, last_modified: delivered }
    }
}

impl LogEntryDraft {
    /// The honest entry of a log file whose uncompressed bytes are `content`.
    pub fn new(location: ObjectLocation, content: &[u8], oldest_event: Time, newest_event: Time) -> LogEntryDraft {
        LogEntryDraft {
            s3_bucket: location.bucket,
            s3_object: location.key,
            hash_value: sha256_hex(content),
            hash_algorithm: HASH_ALGORITHM.to_owned(),
            newest_event_time: newest_event,
            oldest_event_time: oldest_event,
        }
    }
}

/// Lowercase hex SHA-256.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// What `hashAlgorithm` says.
pub const HASH_ALGORITHM: &str = "SHA-256";
/// What `digestSignatureAlgorithm` and the metadata say.
pub const SIGNATURE_ALGORITHM: &str = "SHA256withRSA";

#[cfg(test)]
mod tests {
    use super::*;

    /// The order of fields in a genuine digest, and that nothing is left out when it is null.
    #[test]
    fn fields_come_in_the_order_of_genuine_digests() {
        let time = Time::parse_digest_time("2026-01-10T00:00:00Z").unwrap();
        let draft = DigestDraft {
            aws_account_id: "111122223333".into(),
            digest_start_time: time,
            digest_end_time: time,
            digest_s3_bucket: "b".into(),
            digest_s3_object: "k".into(),
            digest_public_key_fingerprint: "f".into(),
            digest_signature_algorithm: SIGNATURE_ALGORITHM.into(),
            newest_event_time: None,
            oldest_event_time: None,
            previous_digest_s3_bucket: None,
            previous_digest_s3_object: None,
            previous_digest_hash_value: None,
            previous_digest_hash_algorithm: None,
            previous_digest_signature: None,
            log_files: vec![LogEntryDraft {
                s3_bucket: "b".into(),
                s3_object: "l".into(),
                hash_value: "h".into(),
                hash_algorithm: HASH_ALGORITHM.into(),
                newest_event_time: time,
                oldest_event_time: time,
            }],
        };
        let expected = concat!(
            r#"{"awsAccountId":"111122223333","digestStartTime":"2026-01-10T00:00:00Z","digestEndTime":"2026-01-10T00:00:00Z","#,
            r#""digestS3Bucket":"b","digestS3Object":"k","digestPublicKeyFingerprint":"f","digestSignatureAlgorithm":"SHA256withRSA","#,
            r#""newestEventTime":null,"oldestEventTime":null,"previousDigestS3Bucket":null,"previousDigestS3Object":null,"#,
            r#""previousDigestHashValue":null,"previousDigestHashAlgorithm":null,"previousDigestSignature":null,"logFiles":["#,
            r#"{"s3Bucket":"b","s3Object":"l","hashValue":"h","hashAlgorithm":"SHA-256","#,
            r#""newestEventTime":"2026-01-10T00:00:00Z","oldestEventTime":"2026-01-10T00:00:00Z"}]}"#
        );
        assert_eq!(String::from_utf8(draft.to_json_bytes()).unwrap(), expected);
        assert_eq!(draft.signing_string("ab"), "2026-01-10T00:00:00Z\nb/k\nab\nnull");
        let parsed: DigestDraft = serde_json::from_str(expected).unwrap();
        assert_eq!(parsed, draft);
    }
}
