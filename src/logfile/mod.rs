//! Log files: inflated and hashed as a stream, in constant memory, and compared with what a signed digest recorded.

mod lanes;
mod unpack;

use sha2::{Digest, Sha256};

pub use self::lanes::{LogJob, LogLanes, LogQueue, LogRead, LogSource};
use self::unpack::Unpacker;
use crate::digest::GzipDefect;

/// How an object's bytes may be packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// gzip, as CloudTrail delivers it.
    Gzip,
    /// gzip, or already gunzipped under the same name, as happens to copies on disk.
    GzipOrPlain,
}

/// What is wrong with a log file's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogDefect {
    /// It is not one complete gzip member.
    Malformed(GzipDefect),
    /// A complete gzip member with this hash, and then more.
    TrailingData {
        /// SHA-256 of what the member inflates to.
        sha256: [u8; 32],
    },
    /// It inflates to more than the limit.
    OverLimit(u64),
}

/// A log file's content, hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashedLog {
    /// SHA-256 of the uncompressed bytes.
    pub sha256: [u8; 32],
    /// How many uncompressed bytes there were.
    pub bytes: u64,
}

/// Hashes log files, one after the other; its memory is reused.
pub struct LogHasher {
    unpacker: Unpacker,
    sha256: Sha256,
    framing: Framing,
    /// What was unpacked and is to be hashed next.
    buffer: Box<[u8]>,
}

impl LogHasher {
    /// A hasher that refuses to inflate more than `limit` bytes.
    pub fn new(framing: Framing, limit: u64) -> LogHasher {
        LogHasher {
            unpacker: Unpacker::new(framing, limit),
            sha256: Sha256::new(),
            framing,
            buffer: vec![0; UNPACKED].into_boxed_slice(),
        }
    }

    /// Takes the next piece of the file as stored. An error ends the file: what follows need not be read.
    pub fn push(&mut self, mut piece: &[u8]) -> Result<(), LogDefect> {
        while !piece.is_empty() {
            let progress = self.unpacker.take(piece, &mut self.buffer).map_err(|defect| self.defect(defect))?;
            self.sha256.update(&self.buffer[..progress.made]);
            piece = &piece[progress.used..];
        }
        Ok(())
    }

    /// Hashes a whole file, the next one. `piece` is room for what is read of it.
    pub fn read(&mut self, source: LogSource, piece: &mut Vec<u8>) -> LogRead {
        self.reset();
        let mut reader = match source {
            LogSource::Bytes(bytes) => return Ok(self.push(&bytes).and_then(|()| self.finish())),
            LogSource::Reader(reader) => reader,
        };
        piece.resize(PIECE, 0);
        loop {
            match lanes::read(&mut *reader, piece)? {
                0 => return Ok(self.finish()),
                length => {
                    if let Err(defect) = self.push(&piece[..length]) {
                        return Ok(Err(defect));
                    }
                }
            }
        }
    }

    /// The file has ended.
    pub fn finish(&mut self) -> Result<HashedLog, LogDefect> {
        let (made, bytes) = self.unpacker.finish(&mut self.buffer).map_err(|defect| self.defect(defect))?;
        self.sha256.update(&self.buffer[..made]);
        Ok(HashedLog { sha256: self.sha256.finalize_reset().into(), bytes })
    }

    /// From the next file on, expects this framing.
    pub fn framing(&mut self, framing: Framing) {
        self.framing = framing;
        self.reset();
    }

    /// Makes it ready for another file.
    pub fn reset(&mut self) {
        self.unpacker.reset(self.framing);
        self.sha256.reset();
    }

    fn defect(&self, defect: GzipDefect) -> LogDefect {
        LogDefect::of(defect, || self.sha256.clone().finalize().into())
    }
}

/// Hashes a whole object that is in memory already.
pub fn hash_log(body: &[u8], framing: Framing, limit: u64) -> Result<HashedLog, LogDefect> {
    let mut hasher = LogHasher::new(framing, limit);
    hasher.push(body)?;
    hasher.finish()
}

/// Bytes unpacked at a time: large enough to amortise a call, small enough to stay in the second-level cache.
const UNPACKED: usize = 64 << 10;

/// Bytes read at a time, by the same measure.
const PIECE: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
        gz.write_all(content).unwrap();
        gz.finish().unwrap()
    }

    fn hash(pieces: &[&[u8]], framing: Framing) -> Result<HashedLog, LogDefect> {
        let mut hasher = LogHasher::new(framing, 100);
        for piece in pieces {
            hasher.push(piece)?;
        }
        hasher.finish()
    }

    #[test]
    fn gzip_and_plain_hash_alike() {
        let expected = HashedLog { sha256: Sha256::digest(b"{\"Records\":[]}").into(), bytes: 14 };
        let gz = packed(b"{\"Records\":[]}");
        let bytewise: Vec<&[u8]> = gz.chunks(1).collect();
        assert_eq!(hash(&[&gz], Framing::Gzip), Ok(expected));
        assert_eq!(hash(&bytewise, Framing::GzipOrPlain), Ok(expected));
        assert_eq!(hash(&[b"{", b"", b"\"Records\":[]}"], Framing::GzipOrPlain), Ok(expected));
        assert_eq!(hash(&[b"{\"Records\":[]}"], Framing::Gzip), Err(LogDefect::Malformed(GzipDefect::NotGzip)));
    }

    #[test]
    fn short_files_are_no_panic() {
        assert!(hash(&[], Framing::Gzip).is_err());
        assert_eq!(hash(&[b"x"], Framing::GzipOrPlain).map(|h| h.sha256), Ok(Sha256::digest(b"x").into()));
        assert_eq!(hash(&[b"\x1f\x8b"], Framing::GzipOrPlain), Err(LogDefect::Malformed(GzipDefect::NotGzip)));
    }

    #[test]
    fn what_follows_the_member_is_told_with_the_members_hash() {
        let mut gz = packed(b"a");
        gz.extend(packed(b"b"));
        assert_eq!(hash(&[&gz], Framing::Gzip), Err(LogDefect::TrailingData { sha256: Sha256::digest(b"a").into() }));
    }

    #[test]
    fn limits_hold_for_both_framings() {
        assert_eq!(hash(&[&packed(&[7; 101])], Framing::Gzip), Err(LogDefect::OverLimit(100)));
        assert_eq!(hash(&[&[7; 101]], Framing::GzipOrPlain), Err(LogDefect::OverLimit(100)));
    }

    /// A name that never ends, and blocks that hold nothing.
    #[test]
    fn what_goes_on_and_holds_nothing_is_given_up_at_the_limit() {
        let name = [&b"\x1f\x8b\x08\x08\0\0\0\0\0\xff"[..], &[b'x'; 2 << 20]].concat();
        let blocks = [&b"\x1f\x8b\x08\x00\0\0\0\0\0\xff"[..], &b"\0\0\0\xff\xff".repeat(400_000)].concat();
        for mut endless in [name, blocks] {
            for end in [0, 2 << 20] {
                // Whatever comes further on, and whatever the pieces.
                endless.truncate(endless.len() - end / 2);
                endless.push(7);
                for piece in [1_000, 65_536, usize::MAX] {
                    let pieces: Vec<&[u8]> = endless.chunks(piece).collect();
                    let hashed = hash(&pieces, Framing::Gzip);
                    match end {
                        0 => assert_eq!(hashed, Err(LogDefect::OverLimit(100)), "{piece}"),
                        _ => assert!(matches!(hashed, Err(LogDefect::Malformed(_))), "{piece} {hashed:?}"),
                    }
                }
            }
        }
    }

    #[test]
    fn a_hasher_is_as_new_after_reset() {
        let mut hasher = LogHasher::new(Framing::GzipOrPlain, 100);
        hasher.push(b"plain").unwrap();
        hasher.reset();
        hasher.push(&packed(b"x")).unwrap();
        assert_eq!(hasher.finish().map(|h| h.sha256), Ok(Sha256::digest(b"x").into()));
    }

    #[test]
    fn a_hasher_takes_on_another_framing() {
        let mut hasher = LogHasher::new(Framing::Gzip, 100);
        assert!(hasher.push(b"{}").and_then(|()| hasher.finish()).is_err());
        hasher.framing(Framing::GzipOrPlain);
        assert_eq!(hasher.push(b"{}").and_then(|()| hasher.finish()), hash_log(b"{}", Framing::GzipOrPlain, 2));
        hasher.framing(Framing::Gzip);
        assert!(hasher.push(b"{}").and_then(|()| hasher.finish()).is_err());
    }

    /// The limit itself is within it, and so is as much beside the content as it says.
    #[test]
    fn limits_are_reached_before_they_are_passed() {
        assert!(
            hash(&[&[7; 100]], Framing::GzipOrPlain).is_ok() && hash(&[&[7; 99], &[7]], Framing::GzipOrPlain).is_ok()
        );
        let of_name = |limit: u64, length: usize| {
            let head = b"\x1f\x8b\x08\x08\0\0\0\0\0\xff";
            let body = b"\0\x03\0\0\0\0\0\0\0\0\0";
            let name = vec![b'x'; length - head.len() - body.len()];
            hash_log(&[&head[..], &name, body].concat(), Framing::Gzip, limit).map(|hashed| hashed.bytes)
        };
        for limit in [100, 1_600] {
            let most = (limit + limit / 16 + (1 << 20)) as usize;
            assert_eq!(of_name(limit, most), Ok(0));
            assert_eq!(of_name(limit, most + 1), Err(LogDefect::OverLimit(limit)));
        }
    }
}
