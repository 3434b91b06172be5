//! The evidence and the keys, as the command line names them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;

use super::Failure;
use super::directory::{Purpose, open_copy, open_others};
use crate::audit::Evidence;
use crate::digest::KeySet;
use crate::finding::{Code, Severity};
use crate::keys::{KeyOrigin, KeySource, KeySourceError, KeysAtHand, parse_key_file};
use crate::limits::Limits;
use crate::report::Report;
use crate::store::ObjectStore;
use crate::store::dir::{SIDECAR_FOLDER, SourceRecord};
use crate::trail::{Interval, Time};

/// Where the evidence lies, and the keys to check it with.
#[derive(Debug, clap::Args)]
pub(super) struct EvidenceArgs {
    /// A directory that holds objects under their S3 keys, as `aws s3 sync s3://BUCKET DIR` leaves them
    #[arg(value_name = "SOURCE")]
    source: PathBuf,

    /// Public keys obtained apart from the evidence: ListPublicKeys JSON, PEM, DER or certificate
    #[arg(long, value_name = "FILE", num_args = 1..)]
    public_keys: Vec<PathBuf>,

    /// The bucket that the digests were delivered to, if not as recorded
    #[arg(long, visible_alias = "s3-bucket", value_name = "NAME")]
    bucket: Option<String>,

    /// Where the copy of another bucket lies, for a trail that was moved from one to the other
    #[arg(long, value_name = "NAME=PATH", value_parser = bucket_dir)]
    bucket_dir: Vec<(String, PathBuf)>,

    /// The trail's S3 prefix: what stands before AWSLogs/
    #[arg(long, value_name = "PREFIX")]
    s3_prefix: Option<String>,
}

/// Evidence and keys, opened.
pub(super) struct Opened {
    pub evidence: Evidence,
    pub keys: Arc<dyn KeySource>,
    pub description: String,
}

impl EvidenceArgs {
    /// The prefix as keys have it: empty, or with a slash at its end.
    pub(super) fn prefix(&self) -> Option<String> {
        self.s3_prefix.as_ref().map(|prefix| {
            let prefix = prefix.trim_matches('/');
            if prefix.is_empty() { String::new() } else { format!("{prefix}/") }
        })
    }

    /// Opens evidence and keys, to look at them.
    pub(super) fn open(&self, limits: &Limits) -> Result<Opened, Failure> {
        let (evidence, description) = self.open_stores(limits, Purpose::Read)?;
        Ok(Opened { evidence, keys: self.keys()?, description })
    }

    /// Opens evidence and keys, to copy them. Where there are no keys at hand, that is told of each region.
    pub(super) fn open_to_copy(&self, limits: &Limits) -> Result<Opened, Failure> {
        let (evidence, description) = self.open_stores(limits, Purpose::Copy)?;
        let none = self.public_keys.is_empty() && !self.keys_beside().is_file();
        let keys = if none { Arc::new(NoKeys) } else { self.keys()? };
        Ok(Opened { evidence, keys, description })
    }

    fn open_stores(&self, limits: &Limits, purpose: Purpose) -> Result<(Evidence, String), Failure> {
        let shown = self.source.display().to_string();
        if shown.starts_with("s3://") || shown.starts_with("arn:") {
            let text = format!(
                "{shown} is not on this disk, and this version reads directories; copy it first, with `aws s3 sync s3://BUCKET DIR`, and verify DIR"
            );
            return Err(Failure::told(text));
        }
        let mut main = open_copy(&self.source, self.bucket.as_deref(), limits, purpose)?;
        if let Some(prefix) = self.prefix()
            && !self.source.join(&prefix).is_dir()
            && self.source.join("AWSLogs").is_dir()
        {
            main = main.mounted_at(&prefix);
        }
        let others = open_others(&self.source, main.bucket(), &self.bucket_dir, limits, purpose)?;
        let mut stores: Vec<Arc<dyn ObjectStore>> = vec![Arc::new(main)];
        stores.extend(others);
        let recorded_end = SourceRecord::read(&self.source, limits).ok().flatten().and_then(|record| record.end);
        Ok((Evidence { stores, recorded_end }, shown))
    }

    /// Where every digest contradicts the bucket or prefix that the caller named, a slip of the caller is likelier than
    /// that whoever altered the evidence moved all of it, and alike.
    pub(super) fn place_must_fit(&self, report: &Report) -> Result<(), Failure> {
        let named = self.bucket.is_some() || self.s3_prefix.is_some();
        let mut violations = report.findings.iter().filter(|finding| finding.severity == Severity::Violation);
        let example = violations.clone().find_map(|finding| finding.recorded.clone());
        let all_moved = violations.all(|finding| finding.code == Code::DigestMoved);
        match example {
            Some(recorded) if named && all_moved && report.totals.digests.verified == 0 => Err(Failure::told(format!(
                "every digest file says that it was delivered elsewhere than --bucket or --s3-prefix say, such as to \
                 {recorded}; check these options"
            ))),
            _ => Ok(()),
        }
    }

    fn keys(&self) -> Result<Arc<dyn KeySource>, Failure> {
        let beside = self.keys_beside();
        if self.public_keys.is_empty() {
            if !beside.is_file() {
                let text = format!(
                    "there are no public keys to check {} with; give them with --public-keys FILE, obtained with `aws cloudtrail \
                     list-public-keys --start-time T --end-time T --region R --output json > FILE` (any AWS account can ask)",
                    self.source.display()
                );
                return Err(Failure::told(text));
            }
            let keys = read_keys(&beside)?;
            return Ok(Arc::new(KeysAtHand::new(keys, beside.display().to_string(), KeyOrigin::BesideEvidence)));
        }
        let mut keys = KeySet::default();
        let mut origin = KeyOrigin::Pinned;
        let mut names = Vec::new();
        for path in &self.public_keys {
            keys.merge(read_keys(path)?);
            names.push(path.display().to_string());
            // Naming a file that lies in the evidence does not make it come from elsewhere.
            if self.holds(path) {
                origin = KeyOrigin::BesideEvidence;
            }
        }
        Ok(Arc::new(KeysAtHand::new(keys, names.join(", "), origin)))
    }

    fn keys_beside(&self) -> PathBuf {
        self.source.join(SIDECAR_FOLDER).join("public-keys.json")
    }

    /// The directories that hold the evidence.
    pub(super) fn directories(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.source).chain(self.bucket_dir.iter().map(|(_, path)| path)).map(PathBuf::as_path)
    }

    /// Whether a file or directory lies in the evidence.
    pub(super) fn holds(&self, path: &Path) -> bool {
        self.directories().any(|source| holds(source, path))
    }
}

/// There are no keys at hand.
struct NoKeys;

#[async_trait]
impl KeySource for NoKeys {
    fn describe(&self) -> String {
        "nowhere".to_owned()
    }

    fn origin(&self) -> KeyOrigin {
        KeyOrigin::BesideEvidence
    }

    async fn keys(&self, region: &str, _range: Interval) -> Result<KeySet, KeySourceError> {
        let problem = "there are none beside the source, and none were given with --public-keys FILE".to_owned();
        Err(KeySourceError { region: region.to_owned(), problem })
    }
}

/// Whether a file lies in a directory, links followed.
pub(super) fn holds(directory: &Path, file: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().ok();
    whole(directory).zip(whole(file)).is_some_and(|(directory, file)| file.starts_with(directory))
}

/// Reads a key file.
pub(super) fn read_keys(path: &Path) -> Result<KeySet, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::told(format!("the key file {}: {error}", path.display()));
    let bytes = read_small(path)
        .map_err(|error| wrong(&format!("it cannot be read ({error}); check its name and permissions")))?;
    parse_key_file(&bytes).map_err(|error| wrong(&error))
}

/// Reads a file that is small by nature, and no more of it than that.
pub(super) fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    read_up_to(path, Limits::default().small_file)
}

/// Reads a saved report: a million findings take some 600 MiB.
pub(super) fn read_report(path: &Path) -> io::Result<Vec<u8>> {
    read_up_to(path, 1 << 30)
}

/// Reads an object to be inspected.
pub(super) fn read_object(path: &Path, limits: &Limits) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no ordinary file"));
    }
    read_up_to(path, limits.log_inflated)
}

fn read_up_to(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {limit} bytes")));
    }
    Ok(bytes)
}

/// The clock.
pub(super) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

fn bucket_dir(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => Ok((name.to_owned(), PathBuf::from(path))),
        _ => Err("write NAME=PATH, the bucket's name and the directory that holds its copy".to_owned()),
    }
}
