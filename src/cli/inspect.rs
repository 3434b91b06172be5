//! `trailseal inspect`: one digest or log file, step by step.

mod digest;
mod given;
mod log;
mod told;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;

use super::access::AccessArgs;
use super::ask::log_key;
use super::evidence::{EvidenceArgs, now, read_object};
use super::key_files::{came_with, read_keys};
use super::place::{Place, log_file_in_copy, place, place_in};
use super::{Failure, say};
use crate::bundle::is_archive;
use crate::digest::KeySet;
use crate::limits::Limits;
use crate::store::dir::{DirStore, SIDECAR_FOLDER};
use crate::trail::{DigestKey, LogKey, Time};

/// Look at one digest or log file: its fields, the data signing string, each step's result
///
/// A digest file is verified by itself. Of a log file, it is told whether a verified digest vouches for it, and which; no other log
/// file is read. Exit status: 0 proven, 1 contradicted, 2 it could not be looked at, 3 could not be shown either way.
#[derive(Debug, clap::Args)]
pub(super) struct InspectArgs {
    /// The file; a log file can also be s3://BUCKET/KEY. With --log-file: what it is in, such as an evidence bundle
    #[arg(value_name = "FILE|s3://...")]
    file: PathBuf,

    /// The log file in it, by its key
    #[arg(long, value_name = "KEY", value_parser = log_key, conflicts_with = "within")]
    log_file: Option<LogKey>,

    /// The evidence to look for its neighbours and digests in [default: the directory it lies in]
    #[arg(long = "in", value_name = "DIR|s3://BUCKET")]
    within: Option<PathBuf>,

    #[command(flatten)]
    evidence: EvidenceArgs,

    /// Look at it as of this time: for tests and for old copies [default: the clock]
    #[arg(long, value_name = "TIME", value_parser = NonEmptyStringValueParser::new())]
    now: Option<String>,

    #[command(flatten)]
    access: AccessArgs,
}

/// What it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Proven,
    Contradicted,
    Unproven,
}

/// A digest file and what is known of where it lies.
struct Inspected {
    path: PathBuf,
    body: Vec<u8>,
    /// The directory of evidence it lies in.
    root: Option<PathBuf>,
    /// Its key there, if it lies under that of a digest file.
    key: Option<String>,
    /// Where the copy is taken to begin, if only the path tells.
    guessed: Option<Place>,
    keys: KeySet,
    keys_pinned: bool,
}

pub(super) fn run(args: &InspectArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let limits = Limits::default();
    if args.is_in_s3() && args.within.is_some() {
        return Err(Failure::told(
            "--in says where the digests of a file on this disk are; those of one in S3 are in its bucket",
        ));
    }
    if args.log_file.is_some() && (args.place().is_some() || args.names_key()) {
        return Err(Failure::told("FILE and --log-file name a log file each; give one of them"));
    }
    if args.log_file.is_some() || args.is_in_s3() {
        args.names_a_log_file()?;
        return log::inspect(args, None, out);
    }
    // What stands in its place, if anything, is for the audit to say.
    if args.place().is_some_and(|place| LogKey::parse(&place.key).is_some()) {
        return log::inspect(args, None, out);
    }
    if is_archive(&args.file) && log_file_in_copy(&args.file).is_none() {
        let name = args.file.display();
        return Err(Failure::told(format!(
            "{name} is an evidence bundle; say with --log-file KEY which log file in it"
        )));
    }
    let body = read_object(&args.file, &limits).map_err(|error| {
        let name = args.file.display();
        Failure::told(format!("{name} cannot be read ({error}); check its name and permissions"))
    })?;
    if !args.is_digest(&body) {
        return log::inspect(args, Some(body), out);
    }
    let inspected = Inspected::open(args, body)?;
    step(out, "digest file", &inspected.path.display().to_string())?;
    if let Some(root) = &inspected.root {
        args.tell_evidence(inspected.guessed.is_some(), root, out)?;
    }
    let outcome = digest::inspect(&inspected, &limits, out)?;
    ended(outcome, inspected.keys_pinned, out)
}

/// The last line, and the exit status that tells the same.
fn ended(outcome: Outcome, keys_pinned: bool, out: &mut dyn Write) -> Result<u8, Failure> {
    let (word, status) = match outcome {
        Outcome::Proven if !keys_pinned => {
            step(out, "keys", UNPINNED)?;
            ("inconclusive", 3)
        }
        Outcome::Proven => ("proven", 0),
        Outcome::Contradicted => ("contradicted", 1),
        Outcome::Unproven => ("inconclusive", 3),
    };
    step(out, "result", word)?;
    Ok(status)
}

impl InspectArgs {
    fn is_in_s3(&self) -> bool {
        self.file.to_string_lossy().starts_with("s3://")
    }

    fn names_a_log_file(&self) -> Result<(), Failure> {
        (self.log_file.is_some() || self.names_key()).then_some(()).ok_or_else(|| {
            Failure::told("of S3, `inspect` looks at one log file: give s3://BUCKET/KEY with its whole key, or copy a digest file first with `trailseal pull`")
        })
    }

    /// Whether it is the whole key of a log file, after a bucket.
    fn names_key(&self) -> bool {
        LogKey::parse(&self.file.to_string_lossy()).is_some()
    }

    /// Whether AWS is asked for anything but one object.
    fn asks_aws(&self) -> bool {
        let elsewhere =
            |within: &PathBuf| ["s3://", "arn:"].iter().any(|start| within.to_string_lossy().starts_with(start));
        self.evidence.asks_aws() || self.within.as_ref().is_some_and(elsewhere)
    }

    /// Where in a copy it lies, or lay.
    fn place(&self) -> Option<Place> {
        match &self.within {
            Some(within) => place_in(within, &self.file),
            None => place(&self.file),
        }
    }

    /// Which directory of evidence is looked at, and who says so.
    fn tell_evidence(&self, guessed: bool, root: &Path, out: &mut dyn Write) -> io::Result<()> {
        let why = match (&self.within, guessed) {
            (Some(_), _) => "as --in says".to_owned(),
            (None, false) => format!("which {SIDECAR_FOLDER} in it tells"),
            (None, true) => "guessed from the path, for it holds AWSLogs/; --in DIR names another".to_owned(),
        };
        step(out, "evidence", &format!("{}, {why}", root.display()))
    }

    /// The copy that it lies in, whichever it is looked at in.
    fn lies_in(&self) -> Option<PathBuf> {
        place(&self.file).map(|place| place.root)
    }

    /// By its name; failing that, by its content.
    fn is_digest(&self, body: &[u8]) -> bool {
        let name = self.file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        name.contains("_CloudTrail-Digest_")
            || (!name.contains("_CloudTrail_") && body.windows(16).any(|window| window == b"\"digestS3Object\""))
    }

    /// The moment it is looked at.
    fn as_of(&self) -> Result<Time, Failure> {
        let clock = now();
        let told = self.now.as_ref().map(|text| Time::parse_requested(text, clock).map_err(Failure::told));
        Ok(told.transpose()?.unwrap_or(clock))
    }
}

impl Inspected {
    fn open(args: &InspectArgs, body: Vec<u8>) -> Result<Inspected, Failure> {
        let path = args.file.clone();
        let place = args.place();
        let root = args.within.clone().or(place.as_ref().map(|place| place.root.clone()));
        let guessed = place.clone().filter(|place| place.guessed);
        let key = place.map(|place| place.key).filter(|key| DigestKey::parse(key).is_some());
        let given = &args.evidence.public_keys;
        if args.evidence.gives_more_than_keys() {
            let text = "a digest file is verified by itself: of what says where the evidence is, give --in and --public-keys alone";
            return Err(Failure::told(text));
        }
        if args.now.is_some() {
            return Err(Failure::told("a digest file is the same at any time: --now is for log files; leave it out"));
        }
        if !args.access.options().is_empty() {
            return Err(Failure::told(NOT_AWS));
        }
        if args.evidence.asks_aws() {
            return Err(Failure::told(
                "of a digest file, --public-keys are files: write one with `trailseal keys export`",
            ));
        }
        let beside =
            root.iter().map(|root| root.join(SIDECAR_FOLDER).join("public-keys.json")).filter(|file| file.is_file());
        let files: Vec<PathBuf> = if given.is_empty() { beside.collect() } else { given.clone() };
        let mut keys = KeySet::default();
        for file in &files {
            keys.merge(read_keys(file)?);
        }
        let copies: Vec<PathBuf> = root.iter().cloned().chain(args.lies_in()).collect();
        let keys_pinned =
            !files.is_empty() && !files.iter().any(|file| copies.iter().any(|copy| came_with(copy, file)));
        Ok(Inspected { path, body, root, key, guessed, keys, keys_pinned })
    }

    /// The directory it lies in, as a store.
    fn store(&self, limits: &Limits) -> Result<Option<DirStore>, Failure> {
        self.root.as_ref().map(|root| DirStore::open(root, None, limits).map_err(Failure::told)).transpose()
    }
}

/// One line of the account: what was done, and what came of it.
fn step(out: &mut dyn Write, name: &str, text: &str) -> io::Result<()> {
    say::line(out, &format!("{name:<20} {text}"))
}

const NOT_AWS: &str = "nothing is asked of AWS here: leave out the options of access to it";

const UNPINNED: &str =
    "they lay beside the evidence: this shows that it is consistent, not that AWS signed it; give --public-keys";
