//! Log files hashed together: as many at once as a [`Kernel`] has lanes, each inflated into its lane's own buffer, all
//! hashed in lockstep, and a lane that is done takes the next file.

use std::io::{self, Read};

use bytes::Bytes;

use super::unpack::Unpacker;
use super::{Framing, HashedLog, LogDefect};
use crate::digest::GzipDefect;
use crate::lockstep::{self, BLOCK, INITIAL, Kernel, State, Stream};

/// A log file's bytes as stored, from wherever they come.
pub enum LogSource {
    /// In memory already.
    Bytes(Bytes),
    /// Read as they are needed; reading may block.
    Reader(Box<dyn Read + Send>),
}

/// A log file to be hashed.
pub struct LogJob<T> {
    /// How the caller knows it again.
    pub ticket: T,
    /// Its bytes.
    pub source: LogSource,
    /// How they may be packed.
    pub framing: Framing,
}

/// What came of a log file: an error only if it could not be read.
pub type LogRead = io::Result<Result<HashedLog, LogDefect>>;

/// Where log files come from, and where what came of them goes.
pub trait LogQueue {
    /// How a log file is known again.
    type Ticket;

    /// The next log file. None if there is none now; if `idle`, nothing else is under way, so that it may be waited for, and
    /// none means the end.
    fn next(&mut self, idle: bool) -> Option<LogJob<Self::Ticket>>;

    /// This came of a log file.
    fn done(&mut self, ticket: Self::Ticket, read: LogRead);
}

/// Hashes log files in lockstep; its memory is reused. What it gives for each is what
/// [`LogHasher`](super::LogHasher) gives.
pub struct LogLanes<T> {
    kernel: Kernel,
    lanes: Vec<Lane<T>>,
    limit: u64,
}

impl<T> LogLanes<T> {
    /// Lanes that refuse to inflate more than `limit` bytes of a file.
    pub fn new(kernel: Kernel, limit: u64) -> LogLanes<T> {
        LogLanes { kernel, lanes: Vec::new(), limit }
    }

    /// Hashes all that the queue has, in no particular order.
    pub fn run(&mut self, queue: &mut impl LogQueue<Ticket = T>) {
        let mut busy = 0;
        loop {
            for lane in &mut self.lanes {
                lane.supply(queue, &mut busy);
            }
            while busy == self.lanes.len() && busy < self.kernel.lanes().max(1) {
                let mut lane = Lane::new(self.limit, self.lanes.len());
                lane.supply(queue, &mut busy);
                self.lanes.push(lane);
            }
            let mut streams: Vec<Stream<'_>> = self.lanes.iter_mut().filter_map(Lane::stream).collect();
            let Some(blocks) = streams.iter().map(|stream| stream.blocks.len()).min() else { return };
            self.kernel.advance(&mut streams, blocks);
            self.lanes.iter_mut().for_each(|lane| lane.advanced(blocks));
        }
    }
}

/// A file under way.
struct Lane<T> {
    file: Option<File<T>>,
    unpacker: Unpacker,
    state: State,
    /// Content, of which what lies between `hashed` and `filled` is to be hashed yet.
    content: Box<[u8]>,
    /// Where content begins.
    start: usize,
    hashed: usize,
    filled: usize,
    /// Bytes of content so far.
    length: u64,
    /// Room for what is read.
    piece: Box<[u8]>,
}

struct File<T> {
    ticket: T,
    source: LogSource,
    /// What was taken of the bytes in memory, or of what was read last.
    taken: usize,
    /// Bytes that were read last.
    read: usize,
    /// Once all its content is there: what came of it, but for the hash.
    end: Option<Result<u64, GzipDefect>>,
}

impl<T> Lane<T> {
    fn new(limit: u64, number: usize) -> Lane<T> {
        let content = vec![0; CONTENT + PADDING + ASIDE].into_boxed_slice();
        // A block is then a line of the CPU's cache, and those of all lanes have room in it. Nothing but speed depends on it, for
        // there may be no such place.
        let start = content.as_ptr().align_offset(BLOCK).min(BLOCK) + number % LINES * BLOCK;
        Lane {
            file: None,
            unpacker: Unpacker::new(Framing::Gzip, limit),
            state: INITIAL,
            content,
            start,
            hashed: start,
            filled: start,
            length: 0,
            piece: vec![0; PIECE].into_boxed_slice(),
        }
    }

    /// The blocks that can be hashed now; none if it has no file.
    fn stream(&mut self) -> Option<Stream<'_>> {
        let blocks = self.content[self.hashed..self.filled].as_chunks().0;
        (!blocks.is_empty()).then_some(Stream { state: &mut self.state, blocks })
    }

    fn has_blocks(&self) -> bool {
        self.filled - self.hashed >= BLOCK
    }

    fn advanced(&mut self, blocks: usize) {
        if self.has_blocks() {
            self.hashed += blocks * BLOCK;
        }
    }

    /// Sees to it that there are blocks, of this file or of the next ones, for as long as the queue has some.
    fn supply(&mut self, queue: &mut impl LogQueue<Ticket = T>, busy: &mut usize) {
        while !self.has_blocks() {
            let Some(file) = &mut self.file else {
                let Some(job) = queue.next(*busy == 0) else { return };
                *busy += 1;
                self.begin(job);
                continue;
            };
            let read = match file.end.clone() {
                None => match self.fill() {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                },
                Some(end) => Ok(self.outcome(end)),
            };
            if let Some(file) = self.file.take() {
                *busy -= 1;
                queue.done(file.ticket, read);
            }
        }
    }

    fn begin(&mut self, job: LogJob<T>) {
        self.unpacker.reset(job.framing);
        self.state = INITIAL;
        (self.hashed, self.filled, self.length) = (self.start, self.start, 0);
        self.file = Some(File { ticket: job.ticket, source: job.source, taken: 0, read: 0, end: None });
    }

    fn outcome(&self, end: Result<u64, GzipDefect>) -> Result<HashedLog, LogDefect> {
        let sha256 = lockstep::sha256(&self.state);
        match end {
            Ok(bytes) => Ok(HashedLog { sha256, bytes }),
            Err(defect) => Err(LogDefect::of(defect, || sha256)),
        }
    }

    /// Fills the buffer, or to the file's end.
    fn fill(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        // Less than a block is left; it goes on from the start of the buffer.
        self.content.copy_within(self.hashed..self.filled, self.start);
        (self.filled, self.hashed) = (self.start + self.filled - self.hashed, self.start);
        let most = self.start + CONTENT;
        while file.end.is_none() && most - self.filled >= Unpacker::LEAST_ROOM {
            let input = match &mut file.source {
                LogSource::Bytes(bytes) => &bytes[file.taken..],
                LogSource::Reader(reader) => {
                    if file.taken == file.read {
                        (file.taken, file.read) = (0, read(&mut **reader, &mut self.piece)?);
                    }
                    &self.piece[file.taken..file.read]
                }
            };
            let room = &mut self.content[self.filled..most];
            let made = if input.is_empty() {
                let finished = self.unpacker.finish(room);
                file.end = Some(finished.clone().map(|(_, bytes)| bytes));
                finished.map(|(made, _)| made)
            } else {
                let taken = self.unpacker.take(input, room);
                taken.map(|progress| {
                    file.taken += progress.used;
                    progress.made
                })
            };
            match made {
                Ok(made) => {
                    self.filled += made;
                    self.length += made as u64;
                }
                Err(defect) => file.end = Some(Err(defect)),
            }
        }
        match &file.end {
            None => {}
            Some(Ok(_) | Err(GzipDefect::TrailingData)) => self.pad(),
            // Nobody asks for the hash.
            Some(Err(_)) => self.filled = self.start,
        }
        Ok(())
    }

    /// What follows the content in its last one or two blocks.
    fn pad(&mut self) {
        let padding = lockstep::padding(self.length);
        let end = self.filled + padding.bytes().len();
        self.content[self.filled..end].copy_from_slice(padding.bytes());
        self.filled = end;
    }
}

/// Reads on, whatever interrupts it.
pub(super) fn read(reader: &mut dyn Read, piece: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// Bytes of content that a lane holds. With fewer, zlib copies its window more often; with more, that of all lanes leaves the
/// last cache that a core has to itself by too much. Measured from 64 to 512 KiB.
const CONTENT: usize = 256 << 10;

/// Lanes whose content begins at different places of a page. A cache finds a line by its place there, and has room for a dozen
/// lines or so with the same.
const LINES: usize = 16;

/// What that and its beginning with a line take.
const ASIDE: usize = (LINES + 1) * BLOCK;

/// Padding takes up to a block more than was begun.
const PADDING: usize = 2 * BLOCK;

/// Bytes read at a time.
const PIECE: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::super::hash_log;
    use super::*;

    /// Gives its bytes a few at a time, is interrupted in between, and ends as it is told.
    struct Slow(Vec<u8>, usize, Option<io::ErrorKind>);

    impl Read for Slow {
        fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(3) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let length = self.0.len().min(piece.len()).min(50_000);
            if length == 0 {
                return self.2.map_or(Ok(0), |kind| Err(kind.into()));
            }
            piece[..length].copy_from_slice(&self.0[..length]);
            self.0.drain(..length);
            Ok(length)
        }
    }

    struct Files {
        sources: Vec<LogSource>,
        reads: Vec<(usize, LogRead)>,
        under_way: usize,
        most: usize,
    }

    impl LogQueue for Files {
        type Ticket = usize;

        fn next(&mut self, idle: bool) -> Option<LogJob<usize>> {
            assert_eq!(idle, self.under_way == 0);
            let source = self.sources.pop()?;
            self.under_way += 1;
            self.most = self.most.max(self.under_way);
            Some(LogJob { ticket: self.sources.len(), source, framing: Framing::GzipOrPlain })
        }

        fn done(&mut self, ticket: usize, read: LogRead) {
            self.under_way -= 1;
            self.reads.push((ticket, read));
        }
    }

    const LIMIT: u64 = (CONTENT + 100) as u64;

    fn run(kernel: Kernel, sources: Vec<LogSource>) -> (Vec<LogRead>, usize) {
        let mut files = Files { sources, reads: Vec::new(), under_way: 0, most: 0 };
        LogLanes::new(kernel, LIMIT).run(&mut files);
        files.reads.sort_by_key(|(ticket, _)| *ticket);
        (files.reads.into_iter().map(|(_, read)| read).collect(), files.most)
    }

    #[test]
    fn lanes_give_what_one_hasher_gives() {
        let lengths = [0, 1, 2, 55, 56, 63, 64, 65, 119, 120, 1_000, CONTENT - 9, CONTENT, CONTENT + 65, CONTENT + 101];
        let mut files: Vec<Vec<u8>> =
            lengths.iter().map(|length| (0..*length).map(|n| (n * 7 + length) as u8).collect()).collect();
        // An empty member; the same and more after it; one that breaks off.
        let empty = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\0\0\0\0\0\0\0\0\0";
        files.extend([empty.to_vec(), [&empty[..], b"more"].concat(), empty[..15].to_vec()]);
        for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
            let bytes = files.iter().map(|file| LogSource::Bytes(file.clone().into()));
            let slow = files.iter().map(|file| LogSource::Reader(Box::new(Slow(file.clone(), 0, None))));
            let (reads, most) = run(kernel, bytes.chain(slow).collect());
            assert_eq!((reads.len(), most), (2 * files.len(), kernel.lanes().max(1)), "{kernel:?}");
            for (read, file) in reads.into_iter().zip(files.iter().chain(&files)) {
                assert_eq!(read.unwrap(), hash_log(file, Framing::GzipOrPlain, LIMIT), "{kernel:?} {}", file.len());
            }
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_and_no_hash() {
        let broken = || LogSource::Reader(Box::new(Slow(vec![7; 100], 0, Some(io::ErrorKind::PermissionDenied))));
        let sources = vec![broken(), LogSource::Bytes(Bytes::from_static(b"sound")), broken()];
        let (reads, _) = run(Kernel::ALL[0], sources);
        let kinds: Vec<_> = reads.iter().map(|read| read.as_ref().err().map(io::Error::kind)).collect();
        let denied = Some(io::ErrorKind::PermissionDenied);
        assert_eq!(kinds, [denied, None, denied]);
    }
}
