//! Hashes as digest files record them.

use std::fmt;

/// A hash as recorded: 32 bytes, or whatever else stood there.
///
/// A hash of the wrong length is no reason to crash and none to give up on the digest: it is a recorded value that no
/// file can match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordedHash {
    /// SHA-256, decoded from hex in either case.
    Sha256([u8; 32]),
    /// Something else, kept as it was.
    Odd(Box<str>),
}

impl RecordedHash {
    /// Reads a recorded hash.
    pub fn parse(text: &str) -> RecordedHash {
        let mut bytes = [0; 32];
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) => RecordedHash::Sha256(bytes),
            Err(_) => RecordedHash::Odd(text.into()),
        }
    }

    /// Whether it is this hash.
    pub fn matches(&self, computed: &[u8; 32]) -> bool {
        matches!(self, RecordedHash::Sha256(recorded) if recorded == computed)
    }
}

impl fmt::Display for RecordedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordedHash::Sha256(bytes) => f.write_str(&hex::encode(bytes)),
            RecordedHash::Odd(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_case_and_odd_lengths() {
        let text = "97FB791cf91ffc440d274f8190dbdd9aa09c34432aba82739df18b6d3c13df2d";
        let hash = RecordedHash::parse(text);
        assert_eq!(hash.to_string(), text.to_lowercase());
        assert_eq!(RecordedHash::parse(&text[1..]), RecordedHash::Odd(text[1..].into()));
        assert!(!RecordedHash::parse("").matches(&[0; 32]));
    }

    #[test]
    fn a_hash_matches_itself_alone() {
        let hash = RecordedHash::parse(&"07".repeat(32));
        assert!(hash.matches(&[7; 32]));
        assert!(!hash.matches(&[8; 32]));
        assert_eq!(RecordedHash::parse("no hash").to_string(), "no hash");
    }
}
