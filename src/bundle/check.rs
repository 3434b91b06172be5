//! Whether the files of a bundle are what its manifest says.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::archive::{Archive, Stored};
use super::locked::lock;
use super::manifest::{ManifestEntry, read_manifest};
use super::remade::{HasItsPlace, Remade};
use super::{Bundle, MADE, MANIFEST, UNLISTED};
use crate::finding::{Code, Finding};

/// What was found of the files of a bundle.
pub struct Checked {
    /// Whatever is wrong, by name.
    pub findings: Vec<Finding>,
    /// How many files the manifest names.
    pub files: u64,
    /// What was not checked, and why.
    pub skipped: Vec<String>,
}

/// Holds the files of a bundle against its manifest, and against what they are made of: whoever can alter it can make the
/// manifest fit. Once the bundle was audited for what it was made for, no object has a place in it that was not asked for, but
/// where `has_its_place` says so.
pub fn check_files(bundle: &Bundle, has_its_place: HasItsPlace<'_>) -> Checked {
    let check = Check::of(&bundle.archive);
    // Neither takes from the other but the processor.
    let (files, remade) = std::thread::scope(|scope| {
        let remade = scope.spawn(|| Remade::of(bundle, has_its_place));
        let files = check.all();
        (files, remade.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let Remade { known, differs, mut skipped, .. } = remade;
    let fits = lock(&check.findings).is_empty();
    if fits {
        differs.into_iter().for_each(|(code, message)| check.found(code, message));
    } else {
        // Of files that are not those that were packed, others cannot be made as they were.
        let why = "what is made of the evidence in the bundle: its files are not those that the manifest names";
        skipped = vec![why.to_owned()];
    }
    check.unlisted(Some(&known[..]).filter(|_| fits));
    let mut findings = check.findings.into_inner().unwrap_or_else(PoisonError::into_inner);
    findings.sort_by(|a, b| a.message.cmp(&b.message));
    Checked { findings, files, skipped }
}

/// The first of the records and keys that is not what the manifest names.
pub(super) fn altered_record(archive: &Archive) -> Option<String> {
    let check = Check::of(archive);
    let manifest = archive.find(MANIFEST).ok()??;
    let mut altered = None;
    let _ = read_manifest(std::io::BufReader::new(archive.read(&manifest)), |entry| {
        if !["records/", "public-keys/"].iter().any(|folder| entry.name.starts_with(folder)) {
            return Ok(());
        }
        let same =
            |stored: &Stored| check.hash(stored, &mut vec![0; PIECE]).is_ok_and(|(sha256, _)| sha256 == entry.sha256);
        match archive.find(&entry.name) {
            // Whoever names a file a million times would have it hashed as often.
            Ok(Some(stored)) if !check.see(&stored) => Err("it is named twice".to_owned()),
            Ok(Some(stored)) if same(&stored) => Ok(()),
            _ => {
                altered = Some(entry.name);
                Err("it is found".to_owned())
            }
        }
    });
    altered
}

struct Check<'a> {
    archive: &'a Archive,
    findings: Mutex<Vec<Finding>>,
    seen: Mutex<Vec<bool>>,
}

impl<'a> Check<'a> {
    fn of(archive: &'a Archive) -> Check<'a> {
        Check { archive, findings: Mutex::default(), seen: Mutex::new(vec![false; archive.len()]) }
    }

    fn all(&self) -> u64 {
        for name in UNLISTED {
            match self.archive.find(name) {
                Ok(Some(stored)) => self.by_checksum(name, &stored),
                Ok(None) if ![MANIFEST, MADE].contains(&name) => {}
                Ok(None) => self.found(Code::BundleFileMissing, format!("the bundle has no {name}")),
                Err(error) => self.altered(name, &error.to_string()),
            }
        }
        let Ok(Some(manifest)) = self.archive.find(MANIFEST) else { return 0 };
        let manifest = std::io::BufReader::with_capacity(1 << 20, self.archive.read(&manifest));
        let mut files = 0;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let read = std::thread::scope(|scope| {
            let (send, receive) = std::sync::mpsc::sync_channel::<ManifestEntry>(1_000);
            let receive = std::sync::Arc::new(Mutex::new(receive));
            for _ in 0..threads {
                let receive = std::sync::Arc::clone(&receive);
                scope.spawn(move || {
                    let mut piece = vec![0; PIECE];
                    loop {
                        let next = lock(&receive).recv().ok();
                        let Some(entry) = next else { return };
                        self.file(&entry, &mut piece);
                    }
                });
            }
            read_manifest(manifest, |entry| {
                files += 1;
                send.send(entry).map_err(|_| "nobody checks it".to_owned())
            })
        });
        if let Err(why) = read {
            self.altered(MANIFEST, &why);
        }
        files
    }

    fn file(&self, entry: &ManifestEntry, piece: &mut [u8]) {
        let name = entry.name.as_str();
        match self.archive.find(name) {
            Err(error) => self.altered(name, &error.to_string()),
            Ok(None) => {
                self.found(Code::BundleFileMissing, format!("the manifest names {name}, and the bundle has not got it"))
            }
            // Whoever names a file a million times would have it hashed as often.
            Ok(Some(stored)) if !self.see(&stored) => self.altered(MANIFEST, &format!("it names {name} twice")),
            Ok(Some(stored)) => {
                let size = stored.bytes.end - stored.bytes.start;
                let hashed = self.hash(&stored, piece);
                match hashed {
                    Err(error) => self.altered(name, &error.to_string()),
                    Ok((sha256, _)) if sha256 != entry.sha256 || size != entry.size => {
                        let about = format!("{name} in the bundle is not what the manifest says");
                        let recorded = format!("{} bytes, SHA-256 {}", entry.size, entry.sha256);
                        let computed = format!("{size} bytes, SHA-256 {sha256}");
                        self.add(Finding::new(Code::BundleFileAltered, about).compared(recorded, computed));
                    }
                    Ok((_, crc32)) if crc32 != stored.crc32 => {
                        self.altered(name, "its checksum in the ZIP directory is another")
                    }
                    Ok(_) => {}
                }
            }
        }
    }

    /// Of what the manifest cannot name, the ZIP directory's checksum tells of a slip; of more than a slip, the signature.
    fn by_checksum(&self, name: &str, stored: &Stored) {
        self.see(stored);
        match self.hash(stored, &mut vec![0; PIECE]) {
            Err(error) => self.altered(name, &error.to_string()),
            Ok((_, crc32)) if crc32 != stored.crc32 => {
                self.altered(name, "its checksum in the ZIP directory is another")
            }
            Ok((sha256, _)) if name == MANIFEST => self.made_of(&sha256),
            Ok(_) => {}
        }
    }

    /// `made.json` names the manifest that it was made with.
    fn made_of(&self, manifest: &str) {
        #[derive(serde::Deserialize)]
        struct Made {
            manifest_sha256: String,
        }
        let made = self.archive.read_small(MADE, 1 << 20).ok().flatten();
        let made: Option<Made> = made.and_then(|text| serde_json::from_slice(&text).ok());
        match made {
            Some(made) if made.manifest_sha256 == manifest => {}
            _ => self.altered(MANIFEST, &format!("{MADE} names another manifest, or none")),
        }
    }

    fn hash(&self, stored: &Stored, piece: &mut [u8]) -> std::io::Result<(String, u32)> {
        let (mut sha256, mut crc32) = (Sha256::new(), crc32fast::Hasher::new());
        let mut file = self.archive.read(stored);
        loop {
            let length = file.read(piece)?;
            if length == 0 {
                return Ok((hex::encode(sha256.finalize()), crc32.finalize()));
            }
            sha256.update(&piece[..length]);
            crc32.update(&piece[..length]);
        }
    }

    /// What nobody vouches for: neither the manifest, nor, where that could be told, that it has its place in a bundle.
    fn unlisted(&self, known: Option<&[bool]>) {
        let seen = lock(&self.seen).clone();
        let named = self.archive.names(|number, name| {
            let why = match (seen.get(number), known.and_then(|known| known.get(number))) {
                (Some(false), _) => "the manifest does not name it",
                (_, Some(false)) => "it is neither evidence that the records tell of nor made of that",
                _ => return,
            };
            self.found(Code::BundleFileUnlisted, format!("the bundle has {name}, and {why}"));
        });
        if let Err(error) = named {
            self.altered("the ZIP directory", &error.to_string());
        }
    }

    /// Whether a file is seen for the first time.
    fn see(&self, stored: &Stored) -> bool {
        !std::mem::replace(&mut lock(&self.seen)[stored.number], true)
    }

    fn altered(&self, name: &str, why: &str) {
        self.found(Code::BundleFileAltered, format!("{name} in the bundle is not what was packed: {why}"));
    }

    fn found(&self, code: Code, message: String) {
        self.add(Finding::new(code, message));
    }

    fn add(&self, finding: Finding) {
        let mut findings = lock(&self.findings);
        if findings.len() < NAMED {
            findings.push(finding);
        } else if findings.len() == NAMED {
            let about = format!("more than {NAMED} things are wrong with the files of the bundle; no more are named");
            findings.push(Finding::new(Code::BundleFileAltered, about));
        }
    }
}

/// So many findings are named. Stops: a manifest of millions of files that are not there.
pub(super) const NAMED: usize = 1_000;

/// Bytes hashed at once.
const PIECE: usize = 128 << 10;
