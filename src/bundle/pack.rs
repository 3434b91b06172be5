//! Packs what was recorded, sorted by name, behind what is in its place already: the same evidence gives the same bytes, whatever
//! came in which order.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::ahead::{Noted, Recorded};
use super::by_hand::{ByHand, Files};
use super::locked::lock;
use super::notes::{Notes, Sorted};
use super::packer::Packer;
use super::previous::Previous;
use super::recording::{Recording, Seen};
use super::request::{BucketRecord, RequestRecord};
use super::signed::{Signed, subjects};
use super::spooled::Spooled;
use super::{
    BundleError, CERTIFICATE, HOW_TO_CHECK, IncludeLogs, KEYS, MADE, MANIFEST, PREVIOUS, REQUEST, SIGNATURE, TIMESTAMP,
    WAIVERS,
};
use crate::attest::Subject;
use crate::digest::KeySet;
use crate::keys::{PublicKeyList, write_key_list};
use crate::logfile::Framing;
use crate::report::Report;
use crate::store::dir::Spool;
use crate::trail::DigestKey;

/// What goes into a bundle beside what was recorded.
pub struct Contents<'a> {
    /// What the audit came to.
    pub report: &'a Report,
    /// What was asked.
    pub request: RequestRecord,
    /// The bundle before it.
    pub previous: Option<&'a Previous>,
    /// The waiver file, as it was given.
    pub waivers: Option<&'a str>,
    /// The report in its forms.
    pub rendered: Vec<Rendered<'a>>,
    /// Given the SHA-256 of the manifest: by whom, when, where and with what the bundle was made.
    pub made: &'a dyn Fn(&[u8; 32]) -> io::Result<Vec<u8>>,
    /// Given the files and their hashes: the signature over all of it, if there is to be one.
    pub sign: Option<&'a Sign<'a>>,
}

/// What signs the files of a bundle.
pub type Sign<'a> = dyn Fn(Vec<Subject>) -> Result<Signed, String> + 'a;

/// A file, and what writes it.
pub struct Rendered<'a> {
    /// Its name.
    pub name: &'static str,
    /// What writes it.
    pub write: &'a dyn Fn(&mut dyn Write) -> io::Result<()>,
}

/// What was packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// Files that the manifest names.
    pub files: u64,
    /// Bytes of the whole.
    pub bytes: u64,
    /// SHA-256 of the manifest, by which a bundle is named.
    pub manifest: [u8; 32],
}

/// Ends a bundle, whole or not at all, of a recording that has [`ended`](Recording::ended) and is used up by it.
pub fn pack(recording: &Recording, contents: Contents<'_>) -> Result<Packed, BundleError> {
    write(recording, contents).map_err(|failed| match failed {
        Failed::Disk(error) => BundleError::Disk { path: recording.out.clone(), error },
        Failed::Sign(why) => BundleError::Unsigned(why),
    })
}

enum Failed {
    Disk(io::Error),
    Sign(String),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Failed {
        Failed::Disk(error)
    }
}

fn write(recording: &Recording, contents: Contents<'_>) -> Result<Packed, Failed> {
    let zip = lock(&recording.zip).take().ok_or_else(|| io::Error::other("it was packed or given up before"))?;
    let mut packer = Packer::new(zip, &recording.folder)?;
    let mut request = contents.request;
    let stores: Vec<Arc<Seen>> = lock(&recording.stores).clone();
    let about = contents.report.findings.iter().filter_map(|finding| finding.subject.as_ref());
    let told: BTreeSet<&str> = about.map(|at| at.key.as_str()).collect();
    let mut by_hand = ByHand::default();
    for seen in &stores {
        let wanted = |key: &str| match recording.include {
            IncludeLogs::All => true,
            _ if DigestKey::parse(key).is_some() => true,
            IncludeLogs::Failed => told.contains(key),
            IncludeLogs::None => false,
        };
        Bucket { recording, seen }.pack(&mut packer, &mut by_hand, &wanted)?;
        request.buckets.push(BucketRecord {
            bucket: seen.bucket.clone(),
            folder: seen.folder.clone(),
            plain: seen.framing == Framing::GzipOrPlain,
            followed: seen.followed,
        });
    }
    add_json(&mut packer, REQUEST, &request)?;
    if let Some(previous) = contents.previous {
        add_json(&mut packer, PREVIOUS, previous)?;
    }
    if let Some(waivers) = contents.waivers {
        packer.add_bytes(WAIVERS, waivers.as_bytes())?;
    }
    add_keys(&mut packer, &lock(&recording.keys))?;
    packer.add_bytes(HOW_TO_CHECK, by_hand.how_to_check().as_bytes())?;
    for rendered in &contents.rendered {
        packer.add(rendered.name, &mut |out| (rendered.write)(out))?;
    }
    let files = packer.files();
    let manifest = packer.add_manifest()?;
    let made = (contents.made)(&manifest)?;
    let made = packer.add_bytes(MADE, &made)?;
    if let Some(sign) = contents.sign {
        let unlisted =
            [(MANIFEST, manifest), (MADE, made)].map(|(name, sha256)| Subject { name: name.to_owned(), sha256 });
        let signed = sign(subjects(packer.listed()?, files, unlisted)?).map_err(Failed::Sign)?;
        let parts =
            [(SIGNATURE, Some(signed.envelope)), (CERTIFICATE, signed.certificate), (TIMESTAMP, signed.timestamp)];
        for (name, bytes) in parts.into_iter().filter_map(|(name, bytes)| Some((name, bytes?))) {
            packer.add_bytes(name, &bytes)?;
        }
    }
    let whole = packer.finish()?;
    let bytes = whole.bytes()?;
    whole.name(&recording.out)?;
    Ok(Packed { files, bytes, manifest })
}

/// What was recorded of one bucket.
struct Bucket<'a> {
    recording: &'a Recording,
    seen: &'a Seen,
}

impl Bucket<'_> {
    fn pack(self, packer: &mut Packer, by_hand: &mut ByHand, wanted: &(dyn Fn(&str) -> bool + Sync)) -> io::Result<()> {
        let mut objects = Spooled::new(&self.recording.folder)?;
        // On both cores, for as long as it takes.
        let (shown, given, placed) = std::thread::scope(|scope| {
            let shown = scope.spawn(|| self.sorted(&self.seen.shown));
            let (given, placed) = (self.sorted(&self.seen.given), self.sorted(&self.seen.placed));
            (shown.join().unwrap_or_else(|_| Err(io::Error::other("sorting failed"))), given, placed)
        });
        let bodies = &self.recording.bodies;
        let notes = Noted { shown: shown?, given: given?, placed: placed? };
        Recorded { seen: self.seen, bodies, wanted, notes }.each(|ready| {
            for file in &ready.files {
                match &file.digest {
                    None => by_hand.log(&file.name),
                    Some(digest) => digest.iter().try_for_each(|digest| by_hand.digest(digest, packer))?,
                }
                packer.add_kept(ready, file, bodies)?;
            }
            objects.write_all(&ready.records)
        })?;
        let name = |what: &str| format!("records/{}/{what}.jsonl", self.seen.folder);
        packer.add_spooled(&name("objects"), objects)?;
        let mut folders = Spooled::new(&self.recording.folder)?;
        let spool = std::mem::replace(&mut *lock(&self.seen.folders), Spool::new(PathBuf::new()));
        spool.write_sorted(&mut folders)?;
        packer.add_spooled(&name("folders"), folders)
    }

    fn sorted(&self, notes: &Mutex<Notes>) -> io::Result<Sorted> {
        std::mem::replace(&mut *lock(notes), Notes::new(&self.recording.folder)).sorted()
    }
}

fn add_json(packer: &mut Packer, name: &str, value: &impl serde::Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    packer.add_bytes(name, &text).map(drop)
}

/// Makes the files of the keys.
pub(super) fn add_keys(files: &mut dyn Files, keys: &KeySet) -> io::Result<()> {
    let mut list = Vec::new();
    write_key_list(&PublicKeyList::of(keys), &mut list)?;
    files.file(KEYS, &list)?;
    let pems: std::collections::BTreeMap<_, _> =
        keys.iter().filter_map(|key| Some((key.fingerprint(), key.to_pem()?))).collect();
    for (fingerprint, pem) in pems {
        files.file(&format!("public-keys/{fingerprint}.pem"), pem.as_bytes())?;
    }
    Ok(())
}
