//! gzip, strictly: one complete member and nothing after it, as a stream, within a limit.
//!
//! The usual decoders stop in silence at the end of the first member, or read every member as if they were one file.
//! Either hides something from whoever reads the file with the other, so the framing is read here (RFC 1952) and only
//! the raw deflate stream is left to a library.

use std::mem;

use flate2::{Decompress, FlushDecompress, Status};

/// What is wrong with a gzip file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GzipDefect {
    /// It does not begin as a gzip file does.
    #[error("it is not a gzip file")]
    NotGzip,
    /// It ends before its end.
    #[error("it breaks off before its end")]
    Truncated,
    /// Its compressed data or its checksum is wrong.
    #[error("it is damaged: {0}")]
    Corrupt(&'static str),
    /// It goes on after its end.
    #[error("it goes on after its end")]
    TrailingData,
    /// It inflates to more than the limit.
    #[error("it inflates to more than {0} bytes")]
    OverLimit(u64),
}

/// A strict gzip decoder that is fed pieces and hands on pieces. Its memory is reused from file to file.
pub struct Gunzip {
    inflate: Decompress,
    /// For [`Gunzip::push`]; whoever has room of their own needs none.
    buffer: Vec<u8>,
    checksum: crc32fast::Hasher,
    state: State,
    inflated: u64,
    limit: u64,
}

/// How far a decoder came with what it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the input that were taken.
    pub used: usize,
    /// Bytes that were made.
    pub made: usize,
}

/// Where in RFC 1952's member the next byte belongs.
enum State {
    Header(Header),
    Deflate,
    Trailer { bytes: [u8; 8], filled: usize },
    Done,
    Failed(GzipDefect),
}

/// The header's parts, section 2.3; `left` counts the bytes of the part still to come.
struct Header {
    part: Part,
    flags: u8,
    left: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Fixed,
    ExtraLength(u16),
    Extra,
    Name,
    Comment,
    Checksum,
}

impl Gunzip {
    /// A decoder that refuses to inflate more than `limit` bytes.
    pub fn new(limit: u64) -> Gunzip {
        Gunzip {
            inflate: Decompress::new(false),
            buffer: Vec::new(),
            checksum: crc32fast::Hasher::new(),
            state: State::Header(Header::START),
            inflated: 0,
            limit,
        }
    }

    /// Makes it ready for another file.
    pub fn reset(&mut self) {
        self.inflate.reset(false);
        self.checksum.reset();
        self.state = State::Header(Header::START);
        self.inflated = 0;
    }

    /// Takes the next piece of the file and hands what it inflates to, to `sink`.
    ///
    /// After an error every further call returns the same error.
    pub fn push(&mut self, mut input: &[u8], sink: &mut impl FnMut(&[u8])) -> Result<(), GzipDefect> {
        let mut buffer = mem::take(&mut self.buffer);
        if buffer.is_empty() {
            buffer = vec![0; BUFFER];
        }
        let mut result = Ok(());
        while !input.is_empty() && result.is_ok() {
            result = self.inflate(input, &mut buffer).map(|Progress { used, made }| {
                sink(&buffer[..made]);
                input = &input[used..];
            });
        }
        self.buffer = buffer;
        result
    }

    /// Takes from `input`, the next piece of the file, until something was made of it, and puts that into `out`, which has
    /// room for at least one byte. All of the input must be taken before the next piece comes or the file ends.
    ///
    /// After an error every further call returns the same error.
    pub fn inflate(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, GzipDefect> {
        let mut progress = Progress { used: 0, made: 0 };
        while progress.used < input.len() && progress.made == 0 {
            let input = &input[progress.used..];
            progress.used += match &mut self.state {
                State::Header(header) => match header.take(input[0]) {
                    Ok(true) => {
                        self.state = State::Deflate;
                        1
                    }
                    Ok(false) => 1,
                    Err(defect) => return self.fail(defect),
                },
                State::Deflate => {
                    let Progress { used, made } = self.deflate(input, out)?;
                    progress.made = made;
                    used
                }
                State::Trailer { bytes, filled } => {
                    bytes[*filled] = input[0];
                    *filled += 1;
                    if *filled == bytes.len() {
                        let bytes = *bytes;
                        self.close(bytes)?;
                    }
                    1
                }
                State::Done => return self.fail(GzipDefect::TrailingData),
                State::Failed(defect) => return Err(defect.clone()),
            };
        }
        Ok(progress)
    }

    /// The file has ended: how many bytes it inflated to.
    pub fn finish(&self) -> Result<u64, GzipDefect> {
        match &self.state {
            State::Done => Ok(self.inflated),
            State::Failed(defect) => Err(defect.clone()),
            State::Header(Header { part: Part::Fixed, .. }) => Err(GzipDefect::NotGzip),
            _ => Err(GzipDefect::Truncated),
        }
    }

    fn deflate(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, GzipDefect> {
        let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(input, out, FlushDecompress::None);
        let used = (self.inflate.total_in() - in_before) as usize;
        let made = (self.inflate.total_out() - out_before) as usize;
        self.inflated += made as u64;
        // Before damage further on: which of the two is told must not depend on the pieces.
        if self.inflated > self.limit {
            return self.fail(GzipDefect::OverLimit(self.limit));
        }
        match status {
            Ok(Status::StreamEnd) => self.state = State::Trailer { bytes: [0; 8], filled: 0 },
            // Neither consuming nor producing anything although there is input and room: it will never end.
            Ok(_) if used == 0 && made == 0 => {
                return self.fail(GzipDefect::Corrupt("its deflate stream does not go on"));
            }
            Ok(_) => {}
            Err(_) => return self.fail(GzipDefect::Corrupt("its deflate stream is invalid")),
        }
        self.checksum.update(&out[..made]);
        Ok(Progress { used, made })
    }

    /// Compares the trailer with what was inflated (RFC 1952, section 2.3.1).
    fn close(&mut self, trailer: [u8; 8]) -> Result<(), GzipDefect> {
        let [a, b, c, d, e, f, g, h] = trailer;
        if u32::from_le_bytes([a, b, c, d]) != self.checksum.clone().finalize() {
            return self.fail(GzipDefect::Corrupt("its checksum is wrong"));
        }
        if u64::from(u32::from_le_bytes([e, f, g, h])) != self.inflated & 0xffff_ffff {
            return self.fail(GzipDefect::Corrupt("its recorded size is wrong"));
        }
        self.state = State::Done;
        Ok(())
    }

    fn fail<T>(&mut self, defect: GzipDefect) -> Result<T, GzipDefect> {
        self.state = State::Failed(defect.clone());
        Err(defect)
    }
}

impl Header {
    const START: Header = Header { part: Part::Fixed, flags: 0, left: 10 };

    /// Takes one byte; true when the header has ended with it.
    fn take(&mut self, byte: u8) -> Result<bool, GzipDefect> {
        match self.part {
            Part::Fixed => {
                match self.left {
                    10 if byte != 0x1f => return Err(GzipDefect::NotGzip),
                    9 if byte != 0x8b => return Err(GzipDefect::NotGzip),
                    8 if byte != 8 => return Err(GzipDefect::Corrupt("its compression method is not deflate")),
                    7 if byte & 0xe0 != 0 => return Err(GzipDefect::Corrupt("its header has reserved flags")),
                    7 => self.flags = byte,
                    _ => {}
                }
                self.left -= 1;
                Ok(self.left == 0 && self.next_part())
            }
            Part::ExtraLength(low) => {
                self.left -= 1;
                if self.left == 1 {
                    self.part = Part::ExtraLength(u16::from(byte));
                    return Ok(false);
                }
                self.left = usize::from(low | u16::from(byte) << 8);
                self.part = Part::Extra;
                Ok(self.left == 0 && self.next_part())
            }
            Part::Extra | Part::Checksum => {
                self.left -= 1;
                Ok(self.left == 0 && self.next_part())
            }
            Part::Name | Part::Comment => Ok(byte == 0 && self.next_part()),
        }
    }

    /// Goes on to the next part that the flags announce; true when there is none.
    fn next_part(&mut self) -> bool {
        const PARTS: [(u8, Part, usize); 4] = [
            (0x04, Part::ExtraLength(0), 2),
            (0x08, Part::Name, 0),
            (0x10, Part::Comment, 0),
            (0x02, Part::Checksum, 2),
        ];
        for (flag, part, left) in PARTS {
            if self.flags & flag != 0 {
                self.flags &= !flag;
                (self.part, self.left) = (part, left);
                return false;
            }
        }
        true
    }
}

/// Large enough to amortise a call, small enough to stay in the second-level cache.
const BUFFER: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, GzBuilder};

    use super::*;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut gz = GzBuilder::new().filename("n").comment("c").extra(*b"xy").write(Vec::new(), Compression::fast());
        gz.write_all(content).unwrap();
        gz.finish().unwrap()
    }

    fn unpack(bytes: &[u8], piece: usize, limit: u64) -> Result<Vec<u8>, GzipDefect> {
        let mut gunzip = Gunzip::new(limit);
        let mut out = Vec::new();
        for piece in bytes.chunks(piece) {
            gunzip.push(piece, &mut |made| out.extend_from_slice(made))?;
        }
        gunzip.finish().map(|_| out)
    }

    #[test]
    fn any_pieces_give_the_same() {
        let content: Vec<u8> = (0..300_000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        let gz = packed(&content);
        for piece in [1, 2, 3, 10, 4096, gz.len()] {
            assert_eq!(unpack(&gz, piece, u64::MAX).as_deref(), Ok(&content[..]));
        }
        assert_eq!(unpack(&packed(b""), 1, 0).as_deref(), Ok(&b""[..]));
    }

    #[test]
    fn every_truncation_is_seen() {
        let gz = packed(b"some content, some content");
        for length in 0..gz.len() {
            let expected = if length < 10 { GzipDefect::NotGzip } else { GzipDefect::Truncated };
            assert_eq!(unpack(&gz[..length], 5, 100), Err(expected), "{length}");
        }
    }

    #[test]
    fn nothing_may_follow() {
        let mut gz = packed(b"first");
        gz.push(0);
        assert_eq!(unpack(&gz, 4, 100), Err(GzipDefect::TrailingData));
        gz.pop();
        gz.extend(packed(b"second"));
        assert_eq!(unpack(&gz, 64, 100), Err(GzipDefect::TrailingData));
    }

    #[test]
    fn trailer_and_limit_are_checked() {
        let gz = packed(b"some content");
        for (from_end, what) in [(8, "its checksum is wrong"), (4, "its recorded size is wrong")] {
            let mut bad = gz.clone();
            let at = bad.len() - from_end;
            bad[at] ^= 1;
            assert_eq!(unpack(&bad, 3, 100), Err(GzipDefect::Corrupt(what)));
        }
        assert_eq!(unpack(&gz, 100, 11), Err(GzipDefect::OverLimit(11)));
        // Damage behind the limit changes nothing, whatever the pieces.
        // 2,000 bytes as they are, and then a block of a kind that there is not.
        let mut bad = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x00\xd0\x07\x2f\xf8".to_vec();
        bad.extend([7; 2_000]);
        bad.push(0x07);
        for piece in [1, 7, bad.len()] {
            assert_eq!(unpack(&bad, piece, 1_999), Err(GzipDefect::OverLimit(1_999)), "{piece}");
            let damaged = unpack(&bad, piece, 2_000);
            assert_eq!(damaged, Err(GzipDefect::Corrupt("its deflate stream is invalid")), "{piece}");
        }
        assert_eq!(unpack(b"{}", 1, 100), Err(GzipDefect::NotGzip));
    }

    #[test]
    fn a_decoder_is_as_new_after_reset() {
        let mut gunzip = Gunzip::new(1_000);
        let _ = gunzip.push(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff", &mut |_| {});
        assert!(gunzip.finish().is_err());
        gunzip.reset();
        let mut out = Vec::new();
        gunzip.push(&packed(b"content"), &mut |made| out.extend_from_slice(made)).unwrap();
        assert_eq!(gunzip.finish(), Ok(7));
        assert_eq!(out, b"content");
    }

    #[test]
    fn each_byte_of_the_header_that_means_something_is_checked() {
        let gz = packed(b"content");
        let corrupt = |what| GzipDefect::Corrupt(what);
        for (at, byte, defect) in [
            (0, 0x1e, GzipDefect::NotGzip),
            (1, 0x8a, GzipDefect::NotGzip),
            (2, 7, corrupt(METHOD)),
            (3, gz[3] | 0x20, corrupt("its header has reserved flags")),
            (3, gz[3] | 0x80, corrupt("its header has reserved flags")),
        ] {
            let mut bad = gz.clone();
            bad[at] = byte;
            assert_eq!(unpack(&bad, bad.len(), 100), Err(defect), "{at}");
        }
    }

    #[test]
    fn after_an_error_the_file_is_not_said_to_be_something_else() {
        let mut gunzip = Gunzip::new(100);
        assert_eq!(gunzip.push(b"\x1f\x8b\x07", &mut |_| {}), Err(GzipDefect::Corrupt(METHOD)));
        assert_eq!(gunzip.push(b"\x08", &mut |_| {}), Err(GzipDefect::Corrupt(METHOD)));
        assert_eq!(gunzip.finish(), Err(GzipDefect::Corrupt(METHOD)));
    }

    #[test]
    fn whoever_leaves_no_room_is_not_kept_for_ever() {
        let stuck = Gunzip::new(100).inflate(&packed(b"content"), &mut []);
        assert_eq!(stuck, Err(GzipDefect::Corrupt("its deflate stream does not go on")));
    }

    #[test]
    fn every_part_of_the_header_is_as_long_as_it_says() {
        let plain = GzBuilder::new().write(Vec::new(), Compression::fast()).finish().unwrap();
        let (name, comment, checksum) = (b"a name\0", b"a comment\0", [0, 0]);
        for length in [0_u16, 1, 2, 255, 256, 300, 0x0203] {
            let extra = [&length.to_le_bytes()[..], &vec![0; usize::from(length)]].concat();
            for flags in 0..32_u8 {
                let mut gz = plain[..10].to_vec();
                gz[3] = flags;
                for (flag, part) in [(0x04, &extra[..]), (0x08, name), (0x10, comment), (0x02, &checksum)] {
                    gz.extend(if flags & flag != 0 { part } else { &[] });
                }
                gz.extend(&plain[10..]);
                assert_eq!(unpack(&gz, gz.len(), 0).as_deref(), Ok(&b""[..]), "{length}, {flags:#x}");
            }
        }
    }

    const METHOD: &str = "its compression method is not deflate";
}
