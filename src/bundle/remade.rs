//! What in a bundle is made of the rest of it, made again: people act on it, and a manifest can be made to fit. What is neither
//! evidence that a record tells of nor made of that has no place in a bundle.

use std::io::{self, BufRead, BufReader, Read};

use bytes::Bytes;

use super::archive::{Archive, Stored};
use super::by_hand::{ByHand, DigestByHand, Files, Of};
use super::check::NAMED;
use super::pack::add_keys;
use super::store::{Held, records_of};
use super::{Bundle, HOW_TO_CHECK, MADE, PAGE, PREVIOUS, REPORT, REQUEST, UNLISTED, WAIVERS, file_of};
use crate::finding::Code;
use crate::limits::Limits;
use crate::report::Report;
use crate::store::dir::ObjectRecord;
use crate::tool::ToolReport;
use crate::trail::DigestKey;

/// Whether an object other than a digest file has its place in a bundle though the audit of it did not ask for it; none where
/// nobody can say, for it was asked for other things.
pub type HasItsPlace<'a> = Option<&'a (dyn Fn(&str) -> bool + Sync)>;

/// What came of making again what is made of a bundle.
pub(super) struct Remade<'a> {
    archive: &'a Archive,
    has_its_place: HasItsPlace<'a>,
    /// The files that have their place in it.
    pub known: Vec<bool>,
    /// What is not as it would be made.
    pub differs: Vec<(Code, String)>,
    /// What could not be compared, and why.
    pub skipped: Vec<String>,
    /// Digest files that the audit did not ask for, though it was asked what the bundle was made for.
    idle: u64,
}

impl Remade<'_> {
    pub(super) fn of<'b>(bundle: &'b Bundle, has_its_place: HasItsPlace<'b>) -> Remade<'b> {
        let archive = &*bundle.archive;
        let known = vec![false; archive.len()];
        let mut remade = Remade { archive, has_its_place, known, differs: Vec::new(), skipped: Vec::new(), idle: 0 };
        if let Err(error) = remade.all(bundle) {
            let why = format!("what is made of the evidence in the bundle could not be made again: {error}");
            remade.differs.push((Code::BundleFileAltered, why));
        }
        remade
    }

    fn all(&mut self, bundle: &Bundle) -> io::Result<()> {
        for name in UNLISTED.into_iter().chain([REQUEST, PREVIOUS, WAIVERS, REPORT, PAGE]) {
            self.is_known(name)?;
        }
        let limits = Limits::default();
        let mut by_hand = ByHand::default();
        for held in &bundle.held {
            self.is_known(&records_of(&held.record, "folders"))?;
            self.bucket(held, &mut by_hand, &limits)?;
        }
        // A list that cannot be read is none that would be made.
        add_keys(self, &bundle.keys(&limits).unwrap_or_default())?;
        if self.idle > 0 {
            let why = "none of them was needed for what the bundle was made for";
            self.skipped.push(format!("{} of the digest files in the bundle: {why}", self.idle));
        }
        self.how_to_check(&by_hand)
    }

    /// Each object that was kept, in the order in which they were packed.
    fn bucket(&mut self, held: &Held, by_hand: &mut ByHand, limits: &Limits) -> io::Result<()> {
        let Some(lines) = self.is_known(&records_of(&held.record, "objects"))? else { return Ok(()) };
        let mut lines = BufReader::with_capacity(1 << 20, self.archive.read(&lines));
        let mut line = Vec::new();
        while (&mut lines).take(limits.sidecar_line).read_until(b'\n', &mut line)? > 0 {
            // One that cannot be read tells of nothing.
            if let Ok(record) = serde_json::from_slice::<ObjectRecord>(&line)
                && record.sha256.is_some()
            {
                self.object(held, &record, by_hand, limits)?;
            }
            line.clear();
        }
        Ok(())
    }

    fn object(&mut self, held: &Held, record: &ObjectRecord, by_hand: &mut ByHand, limits: &Limits) -> io::Result<()> {
        let folder = held.record.folder.as_str();
        let name = file_of(folder, &record.key);
        let Some(stored) = self.archive.find(&name)? else { return Ok(()) };
        let is_digest = DigestKey::parse(&record.key).is_some();
        let asked_for = self.archive.was_asked_for(&stored);
        // One may have been fetched ahead of a walk that then ended before it.
        self.idle += u64::from(is_digest && !asked_for && self.has_its_place.is_some());
        if is_digest || asked_for || self.has_its_place.is_none_or(|has_its_place| has_its_place(&record.key)) {
            self.known[stored.number] = true;
        }
        if stored.bytes.end - stored.bytes.start > limits.digest_stored || !is_digest {
            by_hand.log(&name);
            return Ok(());
        }
        let mut body = Vec::new();
        self.archive.read(&stored).read_to_end(&mut body)?;
        let of = Of { bucket: held.record.bucket.as_deref(), framing: held.framing(), folder };
        match DigestByHand::read(of, &name, record, Bytes::from(body)) {
            Some(digest) => by_hand.digest(&digest, self),
            None => Ok(()),
        }
    }

    fn how_to_check(&mut self, by_hand: &ByHand) -> io::Result<()> {
        #[derive(serde::Deserialize)]
        struct Made {
            tool: ToolReport,
        }
        let made = self.archive.read_small(MADE, 1 << 20).ok().flatten();
        let made: Option<Made> = made.and_then(|text| serde_json::from_slice(&text).ok());
        let Some(Made { tool }) = made.filter(|made| made.tool != Report::tool()) else {
            return self.file(HOW_TO_CHECK, by_hand.how_to_check().as_bytes());
        };
        let about = format!("{HOW_TO_CHECK} in the bundle, which tells what to run by hand");
        self.skipped.push(format!("{about}: trailseal {} made it", tool.version));
        self.is_known(HOW_TO_CHECK).map(drop)
    }

    /// As many as are named of whatever is wrong with a bundle.
    fn found(&mut self, code: Code, message: String) {
        if self.differs.len() <= NAMED {
            self.differs.push((code, message));
        }
    }

    /// Where a file is that has its place in the bundle, if it is there.
    fn is_known(&mut self, name: &str) -> io::Result<Option<Stored>> {
        let stored = self.archive.find(name)?;
        if let Some(known) = stored.as_ref().and_then(|stored| self.known.get_mut(stored.number)) {
            *known = true;
        }
        Ok(stored)
    }
}

impl Files for Remade<'_> {
    /// It must be in the bundle as it would be made.
    fn file(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let Some(stored) = self.is_known(name)? else {
            self.found(Code::BundleFileMissing, format!("the bundle has no {name}, which is made of what is in it"));
            return Ok(());
        };
        let mut there = Vec::new();
        self.archive.read(&stored).take(bytes.len() as u64 + 1).read_to_end(&mut there)?;
        if there != bytes {
            let why = "it is not what is made of what is in the bundle";
            self.found(Code::BundleFileAltered, format!("{name} in the bundle is not what was packed: {why}"));
        }
        Ok(())
    }
}
