//! Names that are the same whenever the same thing is told of, for consumers that keep what they were told.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::doctor::{Checked, Examination};
use crate::finding::{Finding, Reason};
use crate::report::Report;
use crate::trail::ChainId;

/// A UUID of these parts. It has the form of version 5, which consumers check, over SHA-256 instead of SHA-1.
pub(super) fn uuid(parts: &[&str]) -> String {
    let hash = hash(parts);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Sixteen hexadecimal digits of a text, to tell apart what was cut short.
pub(super) fn short(text: &str) -> String {
    hex::encode(&hash(&[text])[..8])
}

/// The UUID of a chain.
pub(super) fn chain(id: &ChainId) -> String {
    uuid(&["chain", &id.account_id, &id.region, &id.trail, &id.home_region, &id.kind.to_string()])
}

/// The UUID of a check of something.
pub(super) fn check(examination: &Examination, checked: &Checked) -> String {
    let subject = &checked.subject;
    uuid(&["doctor", &examination.account_id, &checked.id, subject.kind(), subject.name()])
}

/// The UUID of each finding, in the report's order. A finding that is found again tomorrow has the same one: neither its
/// message nor what was computed is in it, and of a hole only the side that stays where it is.
pub(super) fn findings(report: &Report) -> Vec<String> {
    let mut met: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    let name = |finding: &Finding| {
        let parts = identity(report, finding);
        let before = met.entry(parts.clone()).or_default();
        // Two that say the same of the same are told apart by their order.
        let nth = before.to_string();
        *before += 1;
        let parts: Vec<&str> = ["finding", &nth].into_iter().chain(parts.iter().map(String::as_str)).collect();
        uuid(&parts)
    };
    report.findings.iter().map(name).collect()
}

fn identity(report: &Report, finding: &Finding) -> Vec<String> {
    let anchor = finding.interval.map(|interval| match finding.reason {
        // Its start is where the request starts, and that moves from run to run.
        Some(Reason::BeforeFirstDigest) => interval.end,
        _ => interval.start,
    });
    let subject = match (&finding.subject, &finding.chain) {
        (Some(at), _) => at.to_string(),
        (None, None) => report.request.source.clone(),
        (None, Some(_)) => String::new(),
    };
    vec![
        finding.code.to_string(),
        finding.chain.as_ref().map(chain).unwrap_or_default(),
        subject,
        anchor.map(|at| at.to_string()).unwrap_or_default(),
        finding.reason.map(|reason| reason.to_string()).unwrap_or_default(),
    ]
}

/// Each part with its length before it, so that no two lists of parts are one text.
fn hash(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"trailseal");
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_of_its_parts_and_has_the_form() {
        let made = uuid(&["a", "b"]);
        assert_eq!(made, uuid(&["a", "b"]));
        assert!(made != uuid(&["ab"]) && made != uuid(&["a", "b", ""]));
        assert_eq!(made.len(), 36);
        assert_eq!(&made[14..15], "5");
        assert!("89ab".contains(&made[19..20]), "{made}");
    }
}
