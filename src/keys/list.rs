//! A list of public keys as it is written: what `ListPublicKeys` answers, and for which regions and ranges it is complete.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::digest::{KeySet, PublicKey};
use crate::trail::Time;

/// One entry of a `ListPublicKeys` response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PublicKeyEntry {
    /// Base64 of the PKCS#1 `RSAPublicKey` in DER.
    pub value: String,
    /// The first moment of its validity, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity_start_time: Option<Time>,
    /// The moment its validity ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity_end_time: Option<Time>,
    /// Lowercase hex MD5 of the DER.
    pub fingerprint: String,
    /// The region that would answer with it. AWS's own response has no such field: there, a region answers for itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region: String,
}

/// A `ListPublicKeys` response.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PublicKeyList {
    /// The keys, by region and time.
    pub public_key_list: Vec<PublicKeyEntry>,
    /// The regions and ranges for which the list is complete, as whoever asked AWS would know them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<KeyRange>,
}

/// A region and range for which a list of keys is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyRange {
    /// The region that was asked.
    pub region: String,
    /// The start of the range.
    pub start_time: Time,
    /// The end of the range.
    pub end_time: Time,
}

impl PublicKeyList {
    /// The keys of a set, and what that states to be complete.
    pub fn of(keys: &KeySet) -> PublicKeyList {
        let mut list = PublicKeyList::default();
        list.public_key_list.extend(keys.iter().map(PublicKeyEntry::of));
        list.public_key_list.sort_by(|a, b| order(a).cmp(&order(b)));
        let ranges = keys.complete().map(|(region, range)| KeyRange {
            region: region.to_owned(),
            start_time: range.start,
            end_time: range.end,
        });
        list.ranges.extend(ranges);
        list.ranges.sort_by(|a, b| (&a.region, a.start_time, a.end_time).cmp(&(&b.region, b.start_time, b.end_time)));
        list.ranges.dedup();
        list
    }
}

fn order(entry: &PublicKeyEntry) -> impl Ord + '_ {
    (&entry.region, entry.validity_start_time, entry.validity_end_time, &entry.fingerprint)
}

impl PublicKeyEntry {
    fn of(key: &PublicKey) -> PublicKeyEntry {
        PublicKeyEntry {
            value: STANDARD.encode(key.der()),
            validity_start_time: key.validity.map(|validity| validity.start),
            validity_end_time: key.validity.map(|validity| validity.end),
            fingerprint: key.fingerprint().to_owned(),
            region: key.region.clone().unwrap_or_default(),
        }
    }
}

/// Writes a list as indented JSON, in the spelling of the AWS CLI, that [`parse_key_file`](super::parse_key_file) reads.
pub fn write_key_list(list: &PublicKeyList, out: &mut dyn Write) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(list)?;
    text.push('\n');
    out.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::parse_key_file;
    use crate::trail::Interval;

    fn written(keys: &KeySet) -> Vec<u8> {
        let mut out = Vec::new();
        write_key_list(&PublicKeyList::of(keys), &mut out).unwrap();
        out
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let genuine = include_bytes!("../../testdata/real-digests/aws-public-keys.json");
        let mut keys = parse_key_file(genuine).unwrap();
        let range = Interval::new(Time::from_unix(1_436_317_441), Time::from_unix(1_440_000_000));
        keys.state_complete("us-east-1", range);
        keys.state_complete("us-east-1", range);
        let again = parse_key_file(&written(&keys)).unwrap();
        assert_eq!(again.iter().collect::<Vec<_>>(), keys.iter().collect::<Vec<_>>());
        assert_eq!(again.complete().collect::<Vec<_>>(), [("us-east-1", range)], "stated twice, written once");
        assert_eq!(written(&again), written(&keys));
    }

    #[test]
    fn a_certificates_key_is_written_as_what_its_fingerprint_is_of() {
        let keys = parse_key_file(include_bytes!("../../testdata/keys/certificate.pem")).unwrap();
        let again = parse_key_file(&written(&keys)).unwrap();
        let name = |keys: &KeySet| keys.iter().map(|key| key.fingerprint().to_owned()).collect::<Vec<_>>();
        assert_eq!(name(&again), name(&keys));
        assert!(again.iter().all(|key| key.validity.is_none() && key.region.is_none()));
    }
}
