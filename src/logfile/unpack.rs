//! A log file's content, out of the form in which it is stored.

use super::{Framing, LogDefect};
use crate::digest::{Gunzip, GzipDefect, Progress};

/// Takes a file's stored bytes and gives its content. The one place that says what is a log file, for those that are
/// hashed one by one and for those that are hashed together.
pub(super) struct Unpacker {
    gunzip: Gunzip,
    framing: Framing,
    limit: u64,
    /// The first two bytes tell gzip from plain; until then they wait here.
    head: [u8; 2],
    headed: usize,
    /// How many bytes of content there were, if it is plain.
    plain: Option<u64>,
    /// How many bytes there were as stored.
    taken: u64,
}

impl Unpacker {
    /// Room that there must be for content.
    pub(super) const LEAST_ROOM: usize = 2;

    pub(super) fn new(framing: Framing, limit: u64) -> Unpacker {
        Unpacker { gunzip: Gunzip::new(limit), framing, limit, head: [0; 2], headed: 0, plain: None, taken: 0 }
    }

    /// Makes it ready for another file.
    pub(super) fn reset(&mut self, framing: Framing) {
        self.gunzip.reset();
        self.framing = framing;
        self.headed = 0;
        self.plain = None;
        self.taken = 0;
    }

    /// Takes from `input`, the next piece of the file, and puts content into `out`. All of the input must be taken before
    /// the next piece comes or the file ends. An error ends the file.
    pub(super) fn take(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, GzipDefect> {
        // A header, or a stream of empty blocks, can go on for ever and hold nothing. Where it is cut off must not depend on
        // the pieces.
        let most = self.limit.saturating_add(self.limit / 16).saturating_add(STORED_BESIDE);
        let room = usize::try_from(most - self.taken).unwrap_or(usize::MAX);
        if room == 0 && !input.is_empty() {
            return Err(GzipDefect::OverLimit(self.limit));
        }
        let progress = self.unpack(&input[..input.len().min(room)], out)?;
        self.taken += progress.used as u64;
        Ok(progress)
    }

    fn unpack(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, GzipDefect> {
        if self.headed < self.head.len() {
            let used = input.len().min(self.head.len() - self.headed);
            self.head[self.headed..self.headed + used].copy_from_slice(&input[..used]);
            self.headed += used;
            return Ok(Progress { used, made: if self.headed == 2 { self.begin(out)? } else { 0 } });
        }
        match self.plain {
            Some(_) => self.copy(input, out).map(|made| Progress { used: made, made }),
            None => self.gunzip.inflate(input, out),
        }
    }

    /// The file has ended: how many bytes of content were put into `out`, and how many there were in all.
    pub(super) fn finish(&mut self, out: &mut [u8]) -> Result<(usize, u64), GzipDefect> {
        if self.headed == self.head.len() {
            return Ok((0, self.plain.map_or_else(|| self.gunzip.finish(), Ok)?));
        }
        if self.framing == Framing::Gzip {
            return Err(GzipDefect::NotGzip);
        }
        let (head, length) = (self.head, self.headed);
        let made = self.copy(&head[..length], out)?;
        Ok((made, made as u64))
    }

    /// Both bytes of the head are there.
    fn begin(&mut self, out: &mut [u8]) -> Result<usize, GzipDefect> {
        let head = self.head;
        if self.framing == Framing::GzipOrPlain && head != GZIP_MAGIC {
            return self.copy(&head, out);
        }
        self.gunzip.inflate(&head, out).map(|progress| progress.made)
    }

    fn copy(&mut self, input: &[u8], out: &mut [u8]) -> Result<usize, GzipDefect> {
        let made = input.len().min(out.len());
        let bytes = self.plain.unwrap_or(0) + made as u64;
        if bytes > self.limit {
            return Err(GzipDefect::OverLimit(self.limit));
        }
        out[..made].copy_from_slice(&input[..made]);
        self.plain = Some(bytes);
        Ok(made)
    }
}

impl LogDefect {
    /// What a defect of the form says of the log file, of whose content this is the hash so far.
    pub(super) fn of(defect: GzipDefect, sha256: impl FnOnce() -> [u8; 32]) -> LogDefect {
        match defect {
            GzipDefect::OverLimit(limit) => LogDefect::OverLimit(limit),
            GzipDefect::TrailingData => LogDefect::TrailingData { sha256: sha256() },
            other => LogDefect::Malformed(other),
        }
    }
}

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What a stored file may have beside its content, and what one that hardly compresses may have more of it: far more than
/// any packer leaves. Stops: an object of terabytes that inflates to nothing.
const STORED_BESIDE: u64 = 1 << 20;
