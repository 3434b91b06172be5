//! What it takes to check a digest file with `openssl` alone: what AWS signed, and the signature, each as a file; and the
//! page that says how, with names that are in this very bundle.

use std::collections::BTreeSet;
use std::io;

use super::packer::Packer;
use super::recording::Seen;
use crate::digest::{DigestClaims, DigestMetadata, FetchedDigest, data_signing_string};
use crate::limits::Limits;
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

impl ByHand {
    /// Adds what it takes to check a digest file by hand.
    pub(super) fn digest(
        &mut self,
        seen: &Seen,
        folder: &str,
        file: &str,
        record: &ObjectRecord,
        body: Vec<u8>,
        packer: &mut Packer,
    ) -> io::Result<()> {
        let at = ObjectLocation::new(seen.bucket.clone().unwrap_or_default(), &record.key);
        let metadata = DigestMetadata::from_user_metadata(|name| record.metadata.get(name).map(String::as_str));
        let digest = FetchedDigest { at, body: body.into(), framing: seen.framing, metadata };
        // What cannot be read is in the bundle as it is, and the report says what is wrong with it.
        let Ok(parsed) = digest.parse(&Limits::default()) else { return Ok(()) };
        let claims = parsed.claims();
        let by_hand = format!("by-hand/{}", file.trim_start_matches("evidence/"));
        let signed = data_signing_string(claims, parsed.sha256());
        packer.add(&format!("{by_hand}.signing-string"), &mut |out| out.write_all(signed.as_bytes()))?;
        match parsed.metadata().signature.as_deref() {
            Some(signature) => add_signature(packer, &by_hand, signature)?,
            None => drop(self.unsigned.insert(by_hand.clone())),
        }
        if let Some(previous) = &claims.previous {
            let before = format!("by-hand/{folder}/{}", previous.at.key);
            if self.unsigned.remove(&before) {
                add_signature(packer, &before, &previous.signature)?;
            }
        }
        self.consider(folder, claims);
        Ok(())
    }

    fn consider(&mut self, folder: &str, claims: &DigestClaims) {
        if let Some(log) = claims.log_files.first().filter(|_| self.candidates.len() < CANDIDATES) {
            let log = super::file_of(folder, &log.at.key);
            self.candidates.push(Example { log, linked: claims.previous.is_some() });
        }
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

fn add_signature(packer: &mut Packer, by_hand: &str, signature: &str) -> io::Result<()> {
    match hex::decode(signature) {
        Ok(bytes) => packer.add(&format!("{by_hand}.signature"), &mut |out| out.write_all(&bytes)).map(drop),
        Err(_) => Ok(()),
    }
}

/// As the shell takes it for one word, whatever it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Digest files whose first log file is looked for.
const CANDIDATES: usize = 100;
