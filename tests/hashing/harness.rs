//! Log files made of arbitrary bytes, hashed by every kernel and one by one. A fuzz target can include this file and call
//! [`agree`] with whatever its fuzzer thinks of.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use trailseal::lockstep::Kernel;
use trailseal::logfile::{Framing, HashedLog, LogDefect, LogHasher, LogJob, LogLanes, LogQueue, LogRead, LogSource};

/// How the bytes of a log file came to be.
pub(crate) struct Stored {
    pub(crate) bytes: Vec<u8>,
    pub(crate) framing: Framing,
    /// Bytes of a piece; none for all at once, in memory.
    pub(crate) piece: Option<usize>,
}

/// Hashes the files that `data` describes with every kernel of this CPU, and panics where one says something else than a
/// [`LogHasher`] says: that is how many files were compared, and how many of them were hashed and no defect.
pub(crate) fn agree(data: &[u8]) -> (usize, usize) {
    let mut drawn = Drawn(data.iter().copied().collect());
    let limit = if drawn.byte().is_multiple_of(8) { u64::from(drawn.word()) * 4 } else { u64::MAX };
    let mut files = Vec::new();
    while !drawn.0.is_empty() {
        files.push(drawn.file());
    }
    let expected: Vec<Result<HashedLog, LogDefect>> = files.iter().map(|file| one_by_one(file, limit)).collect();
    for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
        let mut lanes = LogLanes::new(kernel, limit);
        // Twice, for the second time its memory was used before.
        for _ in 0..2 {
            let mut queue = Queue { files: &files, next: 0, found: files.iter().map(|_| None).collect() };
            lanes.run(&mut queue);
            for (at, (found, expected)) in queue.found.iter().zip(&expected).enumerate() {
                assert_eq!(found.as_ref(), Some(expected), "{kernel:?}, file {at} of {}", files.len());
            }
        }
    }
    (files.len(), expected.iter().filter(|hashed| hashed.is_ok()).count())
}

fn one_by_one(file: &Stored, limit: u64) -> Result<HashedLog, LogDefect> {
    let mut hasher = LogHasher::new(file.framing, limit);
    for piece in file.bytes.chunks(file.piece.unwrap_or(usize::MAX)) {
        hasher.push(piece)?;
    }
    hasher.finish()
}

struct Queue<'a> {
    files: &'a [Stored],
    next: usize,
    found: Vec<Option<Result<HashedLog, LogDefect>>>,
}

impl LogQueue for Queue<'_> {
    type Ticket = usize;

    fn next(&mut self, _: bool) -> Option<LogJob<usize>> {
        let file = self.files.get(self.next)?;
        self.next += 1;
        let source = match file.piece {
            None => LogSource::Bytes(file.bytes.clone().into()),
            Some(piece) => LogSource::Reader(Box::new(Pieces { bytes: file.bytes.clone().into(), piece, calls: 0 })),
        };
        Some(LogJob { ticket: self.next - 1, source, framing: file.framing })
    }

    fn done(&mut self, ticket: usize, read: LogRead) {
        assert!(self.found[ticket].is_none(), "file {ticket} was told of twice");
        self.found[ticket] = Some(read.expect("nothing fails here"));
    }
}

/// A reader that gives a few bytes at a time, and is interrupted now and then.
struct Pieces {
    bytes: VecDeque<u8>,
    piece: usize,
    calls: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(5) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = self.piece.min(buffer.len());
        self.bytes.read(&mut buffer[..most])
    }
}

/// Bytes that decide what the files are like.
struct Drawn(VecDeque<u8>);

impl Drawn {
    fn byte(&mut self) -> u8 {
        self.0.pop_front().unwrap_or(0)
    }

    fn word(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// Lengths around the ends of blocks, and around those of the buffers.
    fn length(&mut self) -> usize {
        match self.byte() % 32 {
            0..=15 => usize::from(self.word() % 330),
            16..=27 => 64 * usize::from(self.byte()) + usize::from(self.byte() % 4),
            28..=30 => usize::from(self.word()),
            _ => (262_144 * usize::from(self.byte() % 3) + usize::from(self.byte())).saturating_sub(130),
        }
    }

    fn file(&mut self) -> Stored {
        let (kind, seed) = (self.byte(), self.byte());
        let length = self.length();
        let content: Vec<u8> = (0..length).map(|i| ((i * i) >> (seed % 13)) as u8 ^ seed).collect();
        let framing = if kind & 1 == 0 { Framing::Gzip } else { Framing::GzipOrPlain };
        let piece = (kind & 2 == 0).then(|| usize::from(self.byte()).pow(2) + 1);
        let mut bytes = if kind & 12 == 12 { content } else { packed(&content, seed) };
        match kind >> 4 {
            0 => bytes.extend(packed(b"hidden", seed)),
            1 => bytes.push(seed),
            2 => bytes.truncate(usize::from(self.word())),
            3 | 4 if !bytes.is_empty() => {
                let at = usize::from(self.word()) % bytes.len();
                bytes[at] ^= 1 << (seed % 8);
            }
            _ => {}
        }
        Stored { bytes, framing, piece }
    }
}

pub(crate) fn packed(content: &[u8], seed: u8) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::new(u32::from(seed % 7)));
    gz.write_all(content).expect("memory");
    gz.finish().expect("memory")
}
