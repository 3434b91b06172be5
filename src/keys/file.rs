//! Public keys from a file: a `ListPublicKeys` response, PEM, DER, or an X.509 certificate.

use serde::Deserialize;
use x509_parser::pem::Pem;

use crate::digest::{KeyError, KeySet, PublicKey, from_base64};
use crate::trail::{Interval, Time, is_region};

/// Why a file holds no keys to check digests with.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Not in any known form.
    #[error(
        "it is no key file; it can be the JSON that `aws cloudtrail list-public-keys` prints, or a PEM, DER or certificate file"
    )]
    Unknown,
    /// JSON, and no ListPublicKeys response.
    #[error(
        "it is no ListPublicKeys response: {0}; save what `aws cloudtrail list-public-keys --start-time T --end-time T --region R --output json` prints"
    )]
    Json(#[from] serde_json::Error),
    /// A key that cannot be used.
    #[error("key {number}: {error}; obtain the keys from AWS again")]
    Key {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        error: KeyError,
    },
    /// A time that cannot be read.
    #[error("`{0}` is no time; obtain the keys from AWS again")]
    Time(String),
    /// A well-formed list of nothing.
    #[error(
        "it holds no key; ListPublicKeys returns only today's key unless it is asked for a range: give it --start-time and --end-time"
    )]
    Empty,
}

/// `ListPublicKeys`, in the spelling of every tool that prints it, with what trailseal adds when it writes one.
#[derive(Deserialize)]
struct KeyList {
    #[serde(rename = "PublicKeyList", alias = "publicKeyList")]
    keys: Vec<KeyEntry>,
    /// Ours: the regions and ranges for which the list is complete.
    #[serde(rename = "Ranges", default)]
    ranges: Vec<Range>,
}

#[derive(Deserialize)]
struct KeyEntry {
    #[serde(rename = "Value", alias = "value")]
    value: String,
    #[serde(rename = "ValidityStartTime", alias = "validityStartTime")]
    start: Option<LooseTime>,
    #[serde(rename = "ValidityEndTime", alias = "validityEndTime")]
    end: Option<LooseTime>,
    #[serde(rename = "Fingerprint", alias = "fingerprint")]
    fingerprint: Option<String>,
    /// Ours: the region that was asked.
    #[serde(rename = "Region")]
    region: Option<String>,
}

#[derive(Deserialize)]
struct Range {
    #[serde(rename = "Region")]
    region: String,
    #[serde(rename = "StartTime")]
    start: LooseTime,
    #[serde(rename = "EndTime")]
    end: LooseTime,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum LooseTime {
    Text(String),
    Number(f64),
}

/// Reads the keys of a file.
pub fn parse_key_file(bytes: &[u8]) -> Result<KeySet, KeyFileError> {
    let start = bytes.trim_ascii_start();
    let keys = if start.starts_with(b"{") {
        from_list(serde_json::from_slice(bytes)?)?
    } else if start.starts_with(b"-----BEGIN") {
        from_pem(bytes)?
    } else {
        let key = PublicKey::from_der(bytes).map_err(|error| match error {
            KeyError::Unknown => KeyFileError::Unknown,
            error => KeyFileError::Key { number: 1, error },
        });
        in_both_forms(vec![key?])
    };
    if keys.is_empty() { Err(KeyFileError::Empty) } else { Ok(keys) }
}

fn from_list(list: KeyList) -> Result<KeySet, KeyFileError> {
    let mut keys = KeySet::default();
    for (at, entry) in list.keys.into_iter().enumerate() {
        let wrong = |error| KeyFileError::Key { number: at + 1, error };
        let mut key = from_base64(&entry.value).map_err(wrong)?;
        if let Some(recorded) = entry.fingerprint
            && !recorded.eq_ignore_ascii_case(key.fingerprint())
        {
            return Err(wrong(KeyError::Fingerprint { recorded, computed: key.fingerprint().to_owned() }));
        }
        if let (Some(start), Some(end)) = (entry.start, entry.end) {
            key.validity = Some(Interval::new(start.read()?, end.read()?));
        }
        key.region = entry.region.filter(|region| is_region(region));
        keys.insert(key);
    }
    for range in list.ranges {
        keys.state_complete(&range.region, Interval::new(range.start.read()?, range.end.read()?));
    }
    Ok(keys)
}

/// Keys that no list gave: nothing tells by which of its two fingerprints digest files name each.
fn in_both_forms(given: Vec<PublicKey>) -> KeySet {
    let mut keys = KeySet::default();
    given.iter().filter_map(PublicKey::other_form).for_each(|key| keys.insert(key));
    given.into_iter().for_each(|key| keys.insert(key));
    keys
}

fn from_pem(bytes: &[u8]) -> Result<KeySet, KeyFileError> {
    let mut keys = Vec::new();
    for (at, block) in Pem::iter_from_buffer(bytes).enumerate() {
        let wrong = |error| KeyFileError::Key { number: at + 1, error };
        let block = block.map_err(|_| wrong(KeyError::Unknown))?;
        keys.push(PublicKey::from_der(&block.contents).map_err(wrong)?);
    }
    Ok(in_both_forms(keys))
}

impl LooseTime {
    fn read(self) -> Result<Time, KeyFileError> {
        let text = match self {
            LooseTime::Text(text) => text,
            LooseTime::Number(number) => number.to_string(),
        };
        Time::parse_loose(&text).ok_or(KeyFileError::Time(text))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::digest::KeyForm;

    const GENUINE: &str = include_str!("../../testdata/real-digests/aws-public-keys.json");

    fn pem(label: &str, der: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
    }

    fn genuine(at: usize) -> (Vec<u8>, String) {
        let list: serde_json::Value = serde_json::from_str(GENUINE).unwrap();
        let entry = &list["PublicKeyList"][at];
        let der = BASE64_STANDARD.decode(entry["Value"].as_str().unwrap()).unwrap();
        (der, entry["Fingerprint"].as_str().unwrap().to_owned())
    }

    #[test]
    fn genuine_lists_parse_whatever_the_spelling() {
        let keys = parse_key_file(GENUINE.as_bytes()).unwrap();
        assert_eq!(keys.len(), 4);
        let window = keys.get("7f3f401420072e50a65a141430817ab3").unwrap().validity.unwrap();
        assert_eq!(window.to_string(), "2016-01-18T00:25:02Z to 2016-02-17T00:25:02Z");
        assert_eq!(keys.get("31e8b5433410dfb61a9dc45cc65b22ff").unwrap().form(), KeyForm::Spki);
        let old = GENUINE
            .replace("PublicKeyList", "publicKeyList")
            .replace("\"1436317441.0\"", "\"2015-07-08T01:04:01+00:00\"");
        assert_eq!(parse_key_file(old.as_bytes()).unwrap().len(), 4);
    }

    #[test]
    fn single_keys_parse_in_every_form() {
        let (pkcs1, pkcs1_name) = genuine(0);
        let (spki, spki_name) = genuine(2);
        for (bytes, name) in [
            (pkcs1.clone(), &pkcs1_name),
            (spki.clone(), &spki_name),
            (pem("RSA PUBLIC KEY", &pkcs1).into_bytes(), &pkcs1_name),
            (pem("PUBLIC KEY", &spki).into_bytes(), &spki_name),
            (format!("{}{}", pem("RSA PUBLIC KEY", &pkcs1), pem("PUBLIC KEY", &spki)).into_bytes(), &spki_name),
        ] {
            assert!(parse_key_file(&bytes).unwrap().get(name).is_some());
        }
    }

    #[test]
    fn one_key_in_every_form_is_one_key() {
        let pkcs1 = parse_key_file(include_bytes!("../../testdata/keys/pkcs1.pem")).unwrap();
        let of_form =
            |keys: &KeySet, form| keys.iter().find(|key| key.form() == form).map(|key| key.fingerprint().to_owned());
        let name = of_form(&pkcs1, KeyForm::Pkcs1).unwrap();
        for bytes in [
            &include_bytes!("../../testdata/keys/certificate.pem")[..],
            include_bytes!("../../testdata/keys/certificate.der"),
        ] {
            let keys = parse_key_file(bytes).unwrap();
            assert_eq!(keys.get(&name).map(PublicKey::form), Some(KeyForm::Certificate));
        }
        // As at AWS, the fingerprint is that of the DER as listed, and of a key alone nothing tells how it is listed.
        let spki = parse_key_file(include_bytes!("../../testdata/keys/spki.pem")).unwrap();
        assert_eq!(spki.get(&name).map(PublicKey::form), Some(KeyForm::Pkcs1));
        let other = of_form(&spki, KeyForm::Spki).unwrap();
        assert_eq!(pkcs1.get(&other).map(PublicKey::der), spki.get(&other).map(PublicKey::der));
        assert_eq!((pkcs1.len(), spki.len()), (2, 2));
    }

    #[test]
    fn keys_that_are_no_keys_of_aws_are_refused() {
        let error = |bytes: &[u8]| match parse_key_file(bytes) {
            Err(KeyFileError::Key { error, .. }) => error,
            other => panic!("{other:?}"),
        };
        assert_eq!(error(include_bytes!("../../testdata/keys/rsa-1024.pem")), KeyError::Size(1024));
        assert_eq!(error(include_bytes!("../../testdata/keys/rsa-8192.pem")), KeyError::Size(8192));
        assert_eq!(error(include_bytes!("../../testdata/keys/exponent-3.pem")), KeyError::Exponent);
        assert_eq!(error(include_bytes!("../../testdata/keys/ecdsa.pem")), KeyError::Unknown);
    }

    #[test]
    fn what_holds_no_usable_key_is_refused() {
        assert!(matches!(parse_key_file(b""), Err(KeyFileError::Unknown)));
        assert!(matches!(parse_key_file(b"{\"PublicKeyList\":[]}"), Err(KeyFileError::Empty)));
        assert!(matches!(parse_key_file(b"{\"Keys\":[]}"), Err(KeyFileError::Json(_))));
        assert!(parse_key_file(b"-----BEGIN PUBLIC KEY-----\nxx\n").is_err());
        let swapped = GENUINE.replace("8eba5db5bea9b640d1c96a77256fe7f2", "8eba5db5bea9b640d1c96a77256fe7f3");
        assert!(matches!(
            parse_key_file(swapped.as_bytes()),
            Err(KeyFileError::Key { number: 1, error: KeyError::Fingerprint { .. } })
        ));
    }
}
