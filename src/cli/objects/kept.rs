//! Rows as they are kept until all have come.

use std::io;

use crate::finding::Code;
use crate::report::{CheckedObject, ObjectKind, ObjectStatus};
use crate::trail::{ChainId, ChainKind, Interval, ObjectLocation, Time};

/// What there is in a row beside its chain and its place.
type Facts = (
    ObjectKind,
    ObjectStatus,
    Option<(i64, i64)>,
    Option<String>,
    Option<String>,
    Option<u64>,
    Vec<Code>,
    Option<String>,
    String,
);

/// An object as bytes that sort as rows do: by chain, key and bucket; then by what else there is, so that the order in which
/// they came decides nothing.
pub(super) fn write(object: &CheckedObject) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(512);
    match &object.chain {
        None => bytes.push(0),
        Some(chain) => {
            bytes.push(1);
            for name in [&chain.account_id, &chain.region, &chain.trail, &chain.home_region] {
                put(name, &mut bytes);
            }
            bytes.push(u8::from(chain.kind == ChainKind::Backfill));
        }
    }
    put(&object.at.key, &mut bytes);
    put(&object.at.bucket, &mut bytes);
    let same = Some(String::new());
    let facts = (
        object.kind,
        object.status,
        object.interval.map(|interval| (interval.start.unix(), interval.end.unix())),
        &object.recorded,
        // No hash is empty: this stands for the one recorded, as of nearly all of them.
        if object.computed.is_some() && object.computed == object.recorded { &same } else { &object.computed },
        object.bytes,
        &object.codes,
        &object.recorded_by,
        &object.message,
    );
    postcard::to_extend(&facts, bytes).map_err(io::Error::other)
}

pub(super) fn read(mut bytes: &[u8]) -> Option<CheckedObject> {
    let chain = match byte(&mut bytes)? {
        0 => None,
        _ => Some(ChainId {
            account_id: get(&mut bytes)?,
            region: get(&mut bytes)?,
            trail: get(&mut bytes)?,
            home_region: get(&mut bytes)?,
            kind: if byte(&mut bytes)? == 0 { ChainKind::Standard } else { ChainKind::Backfill },
        }),
    };
    let (key, bucket) = (get(&mut bytes)?, get(&mut bytes)?);
    let (kind, status, interval, recorded, computed, hashed, codes, recorded_by, message): Facts =
        postcard::from_bytes(bytes).ok()?;
    Some(CheckedObject {
        chain,
        interval: interval.map(|(start, end)| Interval::new(Time::from_unix(start), Time::from_unix(end))),
        computed: if computed.as_deref() == Some("") { recorded.clone() } else { computed },
        recorded,
        bytes: hashed,
        codes,
        recorded_by,
        message,
        ..CheckedObject::new(kind, status, ObjectLocation::new(bucket, key))
    })
}

/// A text so that it sorts as itself, whatever follows: it ends in two zeros, and a zero in it is followed by 255.
fn put(text: &str, bytes: &mut Vec<u8>) {
    for byte in text.bytes() {
        bytes.push(byte);
        if byte == 0 {
            bytes.push(255);
        }
    }
    bytes.extend([0, 0]);
}

fn get(bytes: &mut &[u8]) -> Option<String> {
    let mut text = Vec::new();
    loop {
        match byte(bytes)? {
            0 if byte(bytes)? == 0 => return String::from_utf8(text).ok(),
            byte => text.push(byte),
        }
    }
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(trail: &str, kind: ChainKind) -> ChainId {
        let name = |text: &str| text.to_owned();
        ChainId { account_id: name("1"), region: name("r"), trail: name(trail), home_region: name("h"), kind }
    }

    fn row(chain: Option<ChainId>, key: &str, bucket: &str) -> CheckedObject {
        let at = ObjectLocation::new(bucket, key);
        CheckedObject { chain, ..CheckedObject::new(ObjectKind::LogFile, ObjectStatus::Verified, at) }
    }

    #[test]
    fn rows_come_back_as_they_were_and_sort_by_chain_key_and_bucket() {
        use ChainKind::{Backfill, Standard};
        let full = CheckedObject {
            interval: Some(Interval::new(Time::from_unix(-1), Time::from_unix(3600))),
            recorded: Some("r".into()),
            computed: Some("c".into()),
            bytes: Some(u64::MAX),
            codes: vec![Code::DigestMissing, Code::DigestLate],
            recorded_by: Some("d".into()),
            message: "m".into(),
            ..row(Some(chain("t", Standard)), "k", "b")
        };
        let rows = [
            row(None, "z", "z"),
            row(Some(chain("", Backfill)), "k", ""),
            row(Some(chain("t", Standard)), "", "b"),
            row(Some(chain("t", Standard)), "\0", "b"),
            row(Some(chain("t", Standard)), "\0\0", "a"),
            row(Some(chain("t", Standard)), "\0\u{1}", "a"),
            row(Some(chain("t", Standard)), "k", ""),
            full,
            row(Some(chain("t", Standard)), "k\0", "b"),
            row(Some(chain("t", Standard)), "k/", "b"),
            row(Some(chain("t", Standard)), "\u{10ffff}", "b"),
            row(Some(chain("t", Backfill)), "k", "b"),
            CheckedObject {
                recorded: Some("r".into()),
                computed: Some("r".into()),
                ..row(Some(chain("t\0", Standard)), "a", "a")
            },
        ];
        let kept: Vec<Vec<u8>> = rows.iter().map(|row| write(row).unwrap()).collect();
        assert!(kept.is_sorted());
        for (row, kept) in rows.iter().zip(&kept) {
            assert_eq!(read(kept).as_ref(), Some(row));
            assert!((0..kept.len()).all(|length| read(&kept[..length]).is_none()), "half of it is none");
        }
    }
}
