//! What it takes to check a digest file with `openssl` alone: what AWS signed, and the signature, each as a file; and the
//! page that says how, with names that are in this very bundle.

use std::collections::BTreeSet;
use std::io;

use bytes::Bytes;

use crate::digest::{DigestMetadata, FetchedDigest, data_signing_string};
use crate::limits::Limits;
use crate::logfile::Framing;
use crate::store::dir::ObjectRecord;
use crate::trail::ObjectLocation;

/// What was seen so far.
#[derive(Default)]
pub(super) struct ByHand {
    /// Digest files without a signature of their own: the next one has it.
    unsigned: BTreeSet<String>,
    /// Digest files that could be an example, each with a log file that it lists.
    candidates: Vec<Example>,
    example: Option<Example>,
}

#[derive(Clone)]
struct Example {
    log: String,
    /// Whether its digest file names one before it.
    linked: bool,
}

/// What one digest file has to say.
pub(super) struct DigestByHand {
    /// What its files are named after.
    name: String,
    signing_string: String,
    signature: Option<String>,
    /// The same of the digest file before it, whose signature it has.
    previous: Option<(String, String)>,
    example: Option<Example>,
}

/// Where files go that are made of what is in a bundle.
pub(super) trait Files {
    /// Takes one, whole.
    fn file(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;
}

/// The bucket that a digest file lies in.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub bucket: Option<&'a str>,
    pub framing: Framing,
    /// Its folder in the bundle.
    pub folder: &'a str,
}

impl DigestByHand {
    /// Of the file alone. What cannot be read is in the bundle as it is, and the report says what is wrong with it.
    pub(super) fn read(of: Of<'_>, file: &str, record: &ObjectRecord, body: Bytes) -> Option<DigestByHand> {
        let Of { bucket, framing, folder } = of;
        let at = ObjectLocation::new(bucket.unwrap_or_default(), &record.key);
        let metadata = DigestMetadata::from_user_metadata(|name| record.metadata.get(name).map(String::as_str));
        let parsed = FetchedDigest { at, body, framing, metadata }.parse(&Limits::default()).ok()?;
        let claims = parsed.claims();
        let before = claims.previous.as_ref();
        Some(DigestByHand {
            name: format!("by-hand/{}", file.trim_start_matches("evidence/")),
            signing_string: data_signing_string(claims, parsed.sha256()),
            signature: parsed.metadata().signature.clone(),
            previous: before.map(|before| (format!("by-hand/{folder}/{}", before.at.key), before.signature.clone())),
            example: claims.log_files.first().map(|log| {
                let log = super::file_of(folder, &log.at.key);
                Example { log, linked: claims.previous.is_some() }
            }),
        })
    }
}

impl ByHand {
    /// Adds what it takes to check a digest file by hand.
    pub(super) fn digest(&mut self, digest: &DigestByHand, files: &mut dyn Files) -> io::Result<()> {
        let DigestByHand { name, signing_string, signature, previous, example } = digest;
        files.file(&format!("{name}.signing-string"), signing_string.as_bytes())?;
        match signature {
            Some(signature) => add_signature(files, name, signature)?,
            None => drop(self.unsigned.insert(name.clone())),
        }
        if let Some((before, signature)) = previous
            && self.unsigned.remove(before)
        {
            add_signature(files, before, signature)?;
        }
        let room = CANDIDATES.saturating_sub(self.candidates.len());
        self.candidates.extend(example.iter().take(room).cloned());
        Ok(())
    }

    /// A log file is in the bundle.
    pub(super) fn log(&mut self, file: &str) {
        // One that also shows how digest files are linked is the better example.
        if self.example.as_ref().is_none_or(|example| !example.linked) {
            let better = |candidate: &&Example| candidate.log == file && (candidate.linked || self.example.is_none());
            self.example = self.candidates.iter().find(better).cloned().or(self.example.take());
        }
    }

    /// The page that says how to check the bundle.
    pub(super) fn how_to_check(&self) -> String {
        include_str!("how-to-check.md")
            .replace("{example}\n", &self.example.as_ref().map_or_else(no_example, Example::steps))
    }
}

fn no_example() -> String {
    "## By hand\n\nThis bundle holds no log file that a digest file in it lists, so there is none to check by hand.\n\n"
        .to_owned()
}

impl Example {
    fn steps(&self) -> String {
        include_str!("by-hand.md").replace("{log}", &quoted(&self.log))
    }
}

fn add_signature(files: &mut dyn Files, by_hand: &str, signature: &str) -> io::Result<()> {
    match hex::decode(signature) {
        Ok(bytes) => files.file(&format!("{by_hand}.signature"), &bytes),
        Err(_) => Ok(()),
    }
}

/// As the shell takes it for one word, whatever it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Digest files whose first log file is looked for.
const CANDIDATES: usize = 100;
