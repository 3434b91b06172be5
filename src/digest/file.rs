//! The digest file's JSON, read strictly: what it claims, believed by nobody yet.
//!
//! Every field is as the user guide's page "CloudTrail digest file structure" has it. Unknown fields are let pass, for
//! AWS may add some; a field that occurs twice is refused, for two readers could take different ones.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::RecordedHash;
use crate::limits::UNKNOWN_FIELDS;
use crate::trail::{ObjectLocation, Time};

/// What a digest file claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestClaims {
    /// `awsAccountId`.
    pub account_id: String,
    /// `digestStartTime`: log files delivered from then on are listed.
    pub start: Time,
    /// `digestEndTime`, up to which log files are listed.
    pub end: Time,
    /// `digestEndTime` to the letter, as it is signed.
    pub end_verbatim: String,
    /// `digestS3Bucket` and `digestS3Object`: where it was delivered.
    pub at: ObjectLocation,
    /// `digestPublicKeyFingerprint`, in lowercase.
    pub fingerprint: String,
    /// The digest before it; none for a starting digest.
    pub previous: Option<PreviousDigest>,
    /// The log files delivered in its hour.
    pub log_files: Vec<LogFileRef>,
}

/// What a digest claims of the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousDigest {
    /// Where it was delivered.
    pub at: ObjectLocation,
    /// Hash of its uncompressed bytes.
    pub hash: RecordedHash,
    /// Its signature in hex, to the letter, as it is signed.
    pub signature: String,
}

/// What a digest claims of one log file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogFileRef {
    /// Where it was delivered.
    pub at: ObjectLocation,
    /// Hash of its uncompressed bytes.
    pub hash: RecordedHash,
}

/// Why bytes are no digest file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DigestParseError(pub String);

impl DigestClaims {
    /// Reads the uncompressed bytes of a digest file.
    pub fn parse(bytes: &[u8]) -> Result<DigestClaims, DigestParseError> {
        let raw: RawDigest<'_> = serde_json::from_slice(bytes).map_err(|e| DigestParseError(e.to_string()))?;
        raw.check().map_err(DigestParseError)
    }
}

/// Gives a struct of borrowed fields a `Deserialize` that refuses any key that occurs twice, unknown ones included.
macro_rules! strict_object {
    ($name:ident<$life:lifetime> { $($field:ident: $type:ty = $key:literal,)* }) => {
        struct $name<$life> { $($field: $type,)* }

        impl<'de: $life, $life> Deserialize<'de> for $name<$life> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields<$life>(std::marker::PhantomData<&$life ()>);
                impl<'de: $life, $life> Visitor<'de> for Fields<$life> {
                    type Value = $name<$life>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a JSON object")
                    }
                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        $(let mut $field: Option<$type> = None;)*
                        let mut unknown = HashSet::new();
                        while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
                            match &*key {
                                $($key => if $field.replace(map.next_value()?).is_some() {
                                    return Err(A::Error::custom(concat!("`", $key, "` occurs twice")));
                                },)*
                                _ => {
                                    map.next_value::<IgnoredAny>()?;
                                    if unknown.len() >= UNKNOWN_FIELDS {
                                        return Err(A::Error::custom("it has too many unknown fields"));
                                    }
                                    if !unknown.insert(key) {
                                        return Err(A::Error::custom("a field occurs twice"));
                                    }
                                }
                            }
                        }
                        Ok($name { $($field: $field.ok_or_else(|| A::Error::custom(concat!("`", $key, "` is missing")))?,)* })
                    }
                }
                deserializer.deserialize_map(Fields(std::marker::PhantomData))
            }
        }
    };
}

strict_object! { RawDigest<'a> {
    account_id: Text<'a> = "awsAccountId",
    start: Text<'a> = "digestStartTime",
    end: Text<'a> = "digestEndTime",
    bucket: Text<'a> = "digestS3Bucket",
    object: Text<'a> = "digestS3Object",
    fingerprint: Text<'a> = "digestPublicKeyFingerprint",
    algorithm: Text<'a> = "digestSignatureAlgorithm",
    previous_bucket: Option<Text<'a>> = "previousDigestS3Bucket",
    previous_object: Option<Text<'a>> = "previousDigestS3Object",
    previous_hash: Option<Text<'a>> = "previousDigestHashValue",
    previous_hash_algorithm: Option<Text<'a>> = "previousDigestHashAlgorithm",
    previous_signature: Option<Text<'a>> = "previousDigestSignature",
    log_files: LogFiles = "logFiles",
} }

strict_object! { RawLogFile<'a> {
    bucket: Text<'a> = "s3Bucket",
    object: Text<'a> = "s3Object",
    hash: Text<'a> = "hashValue",
    algorithm: Text<'a> = "hashAlgorithm",
} }

impl RawDigest<'_> {
    fn check(self) -> Result<DigestClaims, String> {
        if self.algorithm.0 != "SHA256withRSA" {
            return Err(format!("its signature algorithm is `{}`, not SHA256withRSA", self.algorithm.0));
        }
        let time = |name: &str, text: &str| {
            Time::parse_digest_time(text).ok_or_else(|| format!("its {name} `{text}` is no time"))
        };
        let (start, end) = (time("digestStartTime", &self.start.0)?, time("digestEndTime", &self.end.0)?);
        if start >= end {
            return Err(format!("it starts at {start}, which is not before its end at {end}"));
        }
        Ok(DigestClaims {
            account_id: self.account_id.0.into_owned(),
            start,
            end,
            end_verbatim: self.end.0.into_owned(),
            at: ObjectLocation::new(self.bucket.0, self.object.0),
            fingerprint: self.fingerprint.0.to_lowercase(),
            previous: previous([
                self.previous_bucket,
                self.previous_object,
                self.previous_hash,
                self.previous_hash_algorithm,
                self.previous_signature,
            ])?,
            log_files: self.log_files.0,
        })
    }
}

/// All five `previousDigest*` fields say something, or all five are null: a starting digest.
fn previous(fields: [Option<Text<'_>>; 5]) -> Result<Option<PreviousDigest>, String> {
    match fields {
        [None, None, None, None, None] => Ok(None),
        [Some(bucket), Some(object), Some(hash), Some(algorithm), Some(signature)] => {
            sha256(&algorithm.0)?;
            Ok(Some(PreviousDigest {
                at: ObjectLocation::new(bucket.0, object.0),
                hash: RecordedHash::parse(&hash.0),
                signature: signature.0.into_owned(),
            }))
        }
        _ => Err("some of its previousDigest fields are null and some are not".to_owned()),
    }
}

fn sha256(algorithm: &str) -> Result<(), String> {
    (algorithm == "SHA-256").then_some(()).ok_or_else(|| format!("a hash algorithm is `{algorithm}`, not SHA-256"))
}

/// A string, borrowed from the file where it holds no escapes.
#[derive(PartialEq, Eq, Hash)]
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyText;
        impl<'de> Visitor<'de> for AnyText {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(AnyText)
    }
}

/// The entries, turned into claims one by one so that a large digest is not held twice.
struct LogFiles(Vec<LogFileRef>);

impl<'de> Deserialize<'de> for LogFiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = LogFiles;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of log files")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<LogFiles, A::Error> {
                let mut log_files = Vec::new();
                while let Some(entry) = entries.next_element::<RawLogFile<'de>>()? {
                    sha256(&entry.algorithm.0).map_err(A::Error::custom)?;
                    log_files.push(LogFileRef {
                        at: ObjectLocation::new(entry.bucket.0, entry.object.0),
                        hash: RecordedHash::parse(&entry.hash.0),
                    });
                }
                // Hundreds of digests are held at once.
                log_files.shrink_to_fit();
                Ok(LogFiles(log_files))
            }
        }
        deserializer.deserialize_seq(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENUINE: [&str; 3] = [
        include_str!("../../testdata/real-digests/aws-docs-sample-20150817T150131Z.json"),
        include_str!("../../testdata/real-digests/aws-docs-empty-20150820T180131Z.json"),
        include_str!("../../testdata/real-digests/llm-guard-ap-northeast-1-20231015T230404Z.json"),
    ];

    fn refusal(json: &str) -> String {
        DigestClaims::parse(json.as_bytes()).unwrap_err().0
    }

    #[test]
    fn genuine_digests_parse() {
        let counts = GENUINE.map(|json| DigestClaims::parse(json.as_bytes()).unwrap().log_files.len());
        assert_eq!(counts, [1, 0, 5]);
        let escaped = DigestClaims::parse(GENUINE[2].as_bytes()).unwrap();
        assert!(escaped.log_files[0].at.key.starts_with("AWSLogs/327878933619/CloudTrail/"));
        assert_eq!(escaped.previous.unwrap().signature.len(), 512);
    }

    #[test]
    fn doubled_fields_are_refused_at_every_depth() {
        let json = GENUINE[0];
        assert!(refusal(&json.replacen('{', "{\"awsAccountId\":\"1\",", 1)).contains("`awsAccountId` occurs twice"));
        assert!(refusal(&json.replacen('{', "{\"x\":1,\"x\":2,", 1)).contains("occurs twice"));
        assert!(
            refusal(&json.replacen("\"hashValue\"", "\"s3Bucket\":\"b\",\"hashValue\"", 1)).contains("occurs twice")
        );
        assert!(DigestClaims::parse(json.replacen('{', "{\"new\":{\"a\":[1]},", 1).as_bytes()).is_ok());
    }

    #[test]
    fn what_is_not_of_the_form_is_refused() {
        let json = GENUINE[0];
        for (from, to) in [
            ("SHA256withRSA", "SHA1withRSA"),
            ("\"hashAlgorithm\": \"SHA-256\"", "\"hashAlgorithm\": \"MD5\""),
            ("2015-08-17T14:01:31Z", "2015-08-17T15:01:31Z"),
            ("\"previousDigestS3Bucket\": \"S3-bucket-name\"", "\"previousDigestS3Bucket\": null"),
            ("\"awsAccountId\": \"111122223333\"", "\"awsAccountId\": 111122223333"),
            ("\"logFiles\": [", "\"logFiles\": null, \"other\": ["),
        ] {
            assert!(json.contains(from), "{from}");
            assert!(DigestClaims::parse(json.replacen(from, to, 1).as_bytes()).is_err(), "{from} -> {to}");
        }
        assert!(DigestClaims::parse(format!("{json} x").as_bytes()).is_err());
        assert!(DigestClaims::parse(&[0xff, 0xfe]).is_err());
        assert!(DigestClaims::parse("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn a_refusal_says_what_should_stand_there() {
        let json = GENUINE[0];
        let number = refusal(&json.replacen("\"awsAccountId\": \"111122223333\"", "\"awsAccountId\": 111122223333", 1));
        assert!(number.contains("expected a string"), "{number}");
        let null = refusal(&json.replacen("\"logFiles\": [", "\"logFiles\": null, \"other\": [", 1));
        assert!(null.contains("expected a list of log files"), "{null}");
        assert!(refusal("[]").contains("expected a JSON object"));
    }
}
