//! Gzip whose bytes depend on the content alone: no time, no name, no operating system.

use flate2::{Compress, Compression, FlushCompress};

/// Magic, deflate, no flags, mtime 0, no extra flags, "unknown" operating system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A compressor that is used again and again, for its state costs more to make than a small log file to compress.
pub struct Gzip {
    deflate: Compress,
}

impl Default for Gzip {
    fn default() -> Gzip {
        Gzip { deflate: Compress::new(Compression::new(LEVEL), false) }
    }
}

impl Gzip {
    /// `content` as one complete gzip member.
    pub fn compress(&mut self, content: &[u8]) -> Vec<u8> {
        self.deflate.reset();
        let mut out = Vec::with_capacity(content.len() / 4 + 128);
        out.extend_from_slice(&HEADER);
        loop {
            let read = usize::try_from(self.deflate.total_in()).unwrap_or(usize::MAX);
            let status = self.deflate.compress_vec(&content[read..], &mut out, FlushCompress::Finish);
            match status {
                Ok(flate2::Status::StreamEnd) => break,
                _ => out.reserve(out.capacity()),
            }
        }
        out.extend_from_slice(&crc32fast::hash(content).to_le_bytes());
        // ISIZE is the length modulo 2^32 (RFC 1952, 2.3.1).
        out.extend_from_slice(&(content.len() as u32).to_le_bytes());
        out
    }
}

/// `content` as one complete gzip member, for the occasional caller.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    Gzip::default().compress(content)
}

/// The first level with Huffman trees of its own: CloudTrail's ratios at nearly the speed of the fastest.
const LEVEL: u32 = 2;

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_used_compressor_writes_what_a_new_one_writes() {
        let mut used = Gzip::default();
        for length in [0, 1, 100, 70_000, 3, 300_000] {
            let content: Vec<u8> = (0..length).map(|i: u64| (i * i / 7 % 251) as u8).collect();
            let body = used.compress(&content);
            assert_eq!(body, gzip(&content));
            let mut inflated = Vec::new();
            flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut inflated).unwrap();
            assert_eq!(inflated, content);
        }
    }
}
