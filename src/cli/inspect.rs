//! `trailseal inspect`: one digest or log file, step by step.

mod digest;
mod log;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::evidence::{holds, read_keys};
use super::{Failure, say};
use crate::digest::KeySet;
use crate::limits::Limits;
use crate::store::dir::{DirStore, SIDECAR_FOLDER};
use crate::trail::{DigestKey, LogKey};

/// Look at one digest or log file: its fields, the data signing string, each step's result
///
/// A digest file is verified by itself. Of a log file, it is told whether a verified digest vouches for it, and which. Exit status:
/// 0 proven, 1 contradicted, 2 it could not be looked at, 3 could not be shown either way.
#[derive(Debug, clap::Args)]
pub(super) struct InspectArgs {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The directory of evidence to look for its neighbours and digests in [default: the one it lies in]
    #[arg(long = "in", value_name = "DIR")]
    within: Option<PathBuf>,

    /// Public keys obtained apart from the evidence: ListPublicKeys JSON, PEM, DER or certificate
    #[arg(long, value_name = "FILE", num_args = 1..)]
    public_keys: Vec<PathBuf>,
}

/// What it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Proven,
    Contradicted,
    Unproven,
}

/// A file and what is known of where it lies.
struct Inspected {
    path: PathBuf,
    body: Vec<u8>,
    /// The directory of evidence it lies in.
    root: Option<PathBuf>,
    /// Its key there.
    key: Option<String>,
    keys: KeySet,
    keys_pinned: bool,
}

pub(super) fn run(args: &InspectArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let limits = Limits::default();
    let inspected = Inspected::open(args, &limits)?;
    let outcome = if inspected.is_digest() {
        digest::inspect(&inspected, &limits, out)?
    } else {
        log::inspect(&inspected, &limits, out)?
    };
    let (word, status) = match outcome {
        Outcome::Proven if !inspected.keys_pinned => {
            step(
                out,
                "keys",
                "they lay beside the evidence: this shows that it is consistent, not that AWS signed it; give --public-keys",
            )?;
            ("inconclusive", 3)
        }
        Outcome::Proven => ("proven", 0),
        Outcome::Contradicted => ("contradicted", 1),
        Outcome::Unproven => ("inconclusive", 3),
    };
    step(out, "result", word)?;
    Ok(status)
}

impl Inspected {
    fn open(args: &InspectArgs, limits: &Limits) -> Result<Inspected, Failure> {
        let path = args.file.clone();
        let body = super::evidence::read_object(&path, limits).map_err(|error| {
            Failure::told(format!("{} cannot be read ({error}); check its name and permissions", path.display()))
        })?;
        let place = place(&path);
        let root = args.within.clone().or(place.as_ref().map(|(root, _)| root.clone()));
        let beside =
            root.iter().map(|root| root.join(SIDECAR_FOLDER).join("public-keys.json")).filter(|file| file.is_file());
        let files: Vec<PathBuf> = if args.public_keys.is_empty() { beside.collect() } else { args.public_keys.clone() };
        let mut keys = KeySet::default();
        for file in &files {
            keys.merge(read_keys(file)?);
        }
        let keys_pinned = !files.is_empty() && !files.iter().any(|file| root.iter().any(|root| holds(root, file)));
        Ok(Inspected { path, body, root, key: place.map(|(_, key)| key), keys, keys_pinned })
    }

    /// By its name; failing that, by its content.
    fn is_digest(&self) -> bool {
        let name = self.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        name.contains("_CloudTrail-Digest_")
            || (!name.contains("_CloudTrail_") && self.body.windows(16).any(|window| window == b"\"digestS3Object\""))
    }

    /// The directory it lies in, as a store.
    fn store(&self, limits: &Limits) -> Result<Option<DirStore>, Failure> {
        self.root.as_ref().map(|root| DirStore::open(root, None, limits).map_err(Failure::told)).transpose()
    }
}

/// The directory of evidence and the key in it, told from the path: whatever leads to `AWSLogs/` can be part of either,
/// so a directory that has a sidecar is taken for the root, else the one that holds `AWSLogs/`.
fn place(path: &Path) -> Option<(PathBuf, String)> {
    let path = path.canonicalize().ok()?;
    let candidates: Vec<(PathBuf, String)> = path
        .ancestors()
        .skip(1)
        .filter_map(|root| {
            let key = path.strip_prefix(root).ok()?.to_str()?.to_owned();
            let known = DigestKey::parse(&key).is_some() || LogKey::parse(&key).is_some();
            known.then(|| (root.to_owned(), key))
        })
        .collect();
    let with_sidecar = candidates.iter().find(|(root, _)| root.join(SIDECAR_FOLDER).is_dir());
    with_sidecar.or(candidates.first()).cloned()
}

/// One line of the account: what was done, and what came of it.
fn step(out: &mut dyn Write, name: &str, text: &str) -> io::Result<()> {
    say::line(out, &format!("{name:<20} {text}"))
}
