//! The evidence and the keys, as the command line names them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures::future::BoxFuture;

use super::Failure;
use super::access::AccessArgs;
use super::directory::{DirBuckets, Purpose, open_copy, open_named};
use super::place::{Moved, Place, begins_below, log_file_in_copy};
use super::simulate::{shell, shell_path};
use super::source::{Source, is_evidence};
use crate::attest::TrustedSigners;
use crate::attest::timestamp::TrustedAuthorities;
use crate::audit::{AuditRequest, Evidence};
use crate::bundle::{Bundle, KEYS, Trusted, Vouched, check_signature, is_archive};
use crate::finding::{Finding, Severity};
use crate::keys::{KeyOrigin, KeySource, KeysAtHand};
use crate::limits::Limits;
use crate::report::Report;
use crate::store::ObjectStore;
use crate::store::dir::{PULL_RECORD, SIDECAR_FOLDER, SourceRecord};
use crate::trail::{AccountFolder, LogKey, Time};

/// Where the evidence lies, and the keys to check it with.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct EvidenceArgs {
    /// SOURCE, which each command has in its own place.
    #[arg(skip)]
    source: Option<PathBuf>,

    /// Where the copy was guessed to begin, if SOURCE is the path of a file in it and nothing else tells.
    #[arg(skip)]
    guessed: Option<Place>,

    /// The log file, where SOURCE is the path of one in a copy.
    #[arg(skip)]
    log_file: Option<LogKey>,

    /// The copy that the file in question lies in, where it is looked at in another.
    #[arg(skip)]
    pub(super) beside: Option<PathBuf>,

    /// Public keys obtained apart from the evidence: ListPublicKeys JSON, PEM, DER or certificate; or `aws` to ask AWS, with
    /// any account's credentials [default: asks AWS, but for a directory]
    #[arg(long, value_name = "FILE|aws", num_args = 1..)]
    pub(super) public_keys: Vec<PathBuf>,

    /// The bucket; for a directory, or a replica in S3, the one that the digests were delivered to, if not as recorded
    #[arg(long, visible_alias = "s3-bucket", value_name = "NAME")]
    bucket: Option<String>,

    /// Where the copy of another bucket lies, for a trail that was moved from one to the other
    #[arg(long, value_name = "NAME=PATH", value_parser = bucket_dir)]
    bucket_dir: Vec<(String, PathBuf)>,

    /// For an evidence bundle: the public key or certificate of whoever is expected to have signed it. Where the signature is
    /// theirs, the keys in the bundle count as obtained from AWS by them
    #[arg(long, value_name = "FILE", num_args = 1..)]
    signer: Vec<PathBuf>,

    /// For an evidence bundle: the certificate of the authority, or of who vouches for it, that says when it was signed
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "signer")]
    timestamp_authority: Vec<PathBuf>,

    /// The trail's S3 prefix: what stands before AWSLogs/
    #[arg(long, value_name = "PREFIX")]
    s3_prefix: Option<String>,
}

/// Evidence and keys, opened.
pub(super) struct Opened {
    pub evidence: Evidence,
    pub keys: Arc<dyn KeySource>,
    /// The bundle that it lies in, if it does.
    pub bundle: Option<Arc<Bundle>>,
    /// Whether whoever was named vouches for the bundle, or what was found instead; none if nobody was named.
    pub vouched: Option<Result<Vouched, Box<Finding>>>,
    /// Asks for the ARN of whoever asks AWS, where the evidence is to be kept; none where AWS is not asked.
    pub caller: Option<BoxFuture<'static, Option<String>>>,
}

impl EvidenceArgs {
    /// The evidence in SOURCE; where that is a log file in a copy, the copy.
    pub(super) fn of(&self, source: Option<&PathBuf>) -> EvidenceArgs {
        match source.and_then(|path| log_file_in_copy(path)) {
            Some((place, log)) => EvidenceArgs {
                source: Some(place.root.clone()),
                log_file: Some(log),
                guessed: Some(place).filter(|place| place.guessed),
                ..self.clone()
            },
            None => EvidenceArgs { source: source.cloned(), log_file: None, guessed: None, ..self.clone() },
        }
    }

    /// The same, where the copy that is the source was guessed from the path of a file in it.
    pub(super) fn guessed(self, place: Option<Place>) -> EvidenceArgs {
        EvidenceArgs { guessed: place, ..self }
    }

    /// The same; keys from that copy are no better than keys from the evidence.
    pub(super) fn beside(self, copy: Option<PathBuf>) -> EvidenceArgs {
        EvidenceArgs { beside: copy, ..self }
    }

    /// What was given beside SOURCE, as a shell reads it, each after a space.
    pub(super) fn options(&self) -> String {
        let bucket = self.bucket.iter().map(|name| format!(" --bucket {}", shell(name)));
        let prefix = self.s3_prefix.iter().map(|prefix| format!(" --s3-prefix {}", shell(prefix)));
        let dirs = self.bucket_dir.iter();
        let dirs = dirs.map(|(name, path)| format!(" --bucket-dir {}", shell(&format!("{name}={}", path.display()))));
        let files = [
            ("public-keys", &self.public_keys),
            ("signer", &self.signer),
            ("timestamp-authority", &self.timestamp_authority),
        ];
        let files = files.iter().flat_map(|(name, paths)| paths.iter().map(move |path| (name, path)));
        let files = files.map(|(name, path)| format!(" --{name} {}", shell_path(path)));
        bucket.chain(prefix).chain(dirs).chain(files).collect()
    }

    /// The evidence in `source`, and the keys that AWS lists for it.
    #[cfg(feature = "aws")]
    pub(super) fn for_keys_of(source: &Path) -> EvidenceArgs {
        EvidenceArgs {
            source: Some(source.to_owned()),
            guessed: None,
            log_file: None,
            beside: None,
            public_keys: vec![PathBuf::from("aws")],
            bucket: None,
            bucket_dir: Vec::new(),
            signer: Vec::new(),
            timestamp_authority: Vec::new(),
            s3_prefix: None,
        }
    }

    /// The evidence in `source`, as the configuration of a monitor names it.
    #[cfg(feature = "monitor")]
    pub(super) fn of_target(
        source: &Path,
        public_keys: Vec<PathBuf>,
        bucket: Option<String>,
        s3_prefix: Option<String>,
    ) -> EvidenceArgs {
        EvidenceArgs { public_keys, bucket, s3_prefix, ..EvidenceArgs::for_keys_of(source) }
    }

    /// Opens the evidence and the keys, to look at them or to copy them. What SOURCE says of the request beyond where the
    /// evidence lies goes into `request`.
    pub(super) async fn open(
        &self,
        access: &AccessArgs,
        request: &mut AuditRequest,
        purpose: Purpose,
    ) -> Result<Opened, Failure> {
        request.select.prefix = self.prefix();
        request.select.named.extend(self.log_file.clone().map(|log| self.below_prefix(log)));
        let source = self.source(request)?;
        if !self.signer.is_empty() && !matches!(&source, Source::Directory(path) if is_archive(path)) {
            return Err(Failure::told("--signer is for evidence bundles, and the source is none; leave it out"));
        }
        let opened = match source {
            Source::Directory(path) if is_archive(&path) => self.open_bundle(&path, access, request, purpose).await,
            Source::Directory(root) => self.open_directory(&root, access, request, purpose).await,
            live => self.open_live(live, access, request, purpose).await,
        }?;
        let prefix = self.prefix();
        let other = |log: &&LogKey| prefix.as_ref().is_some_and(|prefix| *prefix != log.folder.prefix);
        match request.select.named.iter().find(other) {
            Some(log) => {
                Err(Failure::told(format!("{} does not begin with what --s3-prefix says; leave it out", log.key())))
            }
            None => Ok(opened),
        }
    }

    /// The key of a log file in a copy: of one that lacks the prefix, --s3-prefix tells it.
    pub(super) fn below_prefix(&self, log: LogKey) -> LogKey {
        let lacks = self.prefix().filter(|_| log.folder.prefix.is_empty());
        let Some(prefix) = lacks else { return log };
        LogKey { folder: AccountFolder { prefix, ..log.folder }, ..log }
    }

    /// Where the evidence lies. A trail that SOURCE names is the one that is meant, wherever its evidence is said to lie.
    fn source(&self, request: &mut AuditRequest) -> Result<Source, Failure> {
        if let Some(failure) = self.source_was_swallowed() {
            return Err(failure);
        }
        let source = Source::named(self.source.as_ref(), self.bucket.as_ref(), request.select.trail_arn.as_ref())?;
        let named = self.source.as_deref().and_then(Path::to_str).filter(|text| text.starts_with("arn:"));
        if let Some(arn) = named {
            request.select.trail_arn = Some(arn.parse().map_err(Failure::told)?);
        }
        Ok(source)
    }

    /// An option that takes several values takes what follows for one more of them.
    fn source_was_swallowed(&self) -> Option<Failure> {
        let nothing_else = self.source.is_none() && self.bucket.is_none();
        let taken = [
            ("--public-keys", &self.public_keys),
            ("--signer", &self.signer),
            ("--timestamp-authority", &self.timestamp_authority),
        ];
        let mut taken = taken.into_iter().filter_map(|(option, values)| Some((option, values.last()?)));
        let (option, evidence) = taken.find(|(_, value)| nothing_else && is_evidence(value))?;
        let evidence = evidence.display();
        let why =
            format!("{evidence} was taken for a value of {option}, for it follows one; name it before the options");
        Some(Failure::told(why))
    }

    async fn open_directory(
        &self,
        root: &Path,
        access: &AccessArgs,
        request: &mut AuditRequest,
        purpose: Purpose,
    ) -> Result<Opened, Failure> {
        request.source = root.display().to_string();
        request.delivered_to.clone_from(&self.bucket);
        let limits = &request.limits;
        let mut main = open_copy(root, self.bucket.as_deref(), limits, purpose)?;
        if let Some(prefix) = self.prefix()
            && !root.join(&prefix).is_dir()
            && root.join("AWSLogs").is_dir()
        {
            main = main.mounted_at(&prefix);
        }
        let buckets = DirBuckets::open(root, main.bucket(), &self.bucket_dir, limits, purpose)?;
        let mut stores: Vec<Arc<dyn ObjectStore>> = vec![Arc::new(main)];
        stores.extend(open_named(&self.bucket_dir, limits, purpose)?);
        let record = SourceRecord::read(root, limits).ok().flatten();
        let (recorded_start, recorded_end) = record.map_or((None, None), |record| (record.start, record.end));
        // `pull` copies the digest before its start, and not the log files of that.
        let pulled = root.join(SIDECAR_FOLDER).join(PULL_RECORD).is_file();
        let recorded_start = recorded_start.filter(|_| pulled);
        let keys = if self.asks_aws() {
            self.keys_of_aws(access, request).await?
        } else {
            self.keys_at_hand(Some(root), purpose)?
        };
        Ok(Opened {
            evidence: Evidence { stores, recorded_start, recorded_end, live: false, buckets: Some(Arc::new(buckets)) },
            keys,
            bundle: None,
            vouched: None,
            caller: None,
        })
    }

    async fn open_bundle(
        &self,
        path: &Path,
        access: &AccessArgs,
        request: &mut AuditRequest,
        purpose: Purpose,
    ) -> Result<Opened, Failure> {
        request.source = path.display().to_string();
        if self.bucket.is_some() || !self.bucket_dir.is_empty() || self.s3_prefix.is_some() {
            return Err(Failure::told(
                "a bundle says itself which buckets it holds; leave out --bucket, --bucket-dir and --s3-prefix",
            ));
        }
        let bundle = Arc::new(Bundle::open(path, &request.limits).map_err(Failure::told)?);
        let vouched = match self.signer.is_empty() {
            true => None,
            false => Some(check_signature(&bundle.archive, &self.trusted()?, now())),
        };
        let keys: Arc<dyn KeySource> = if self.asks_aws() {
            self.keys_of_aws(access, request).await?
        } else if self.public_keys.is_empty() {
            let keys = bundle.keys(&request.limits).map_err(Failure::told)?;
            // Whoever signed the bundle says that these are the keys that AWS gave them.
            let signed = vouched.as_ref().is_some_and(Result::is_ok);
            let origin = if signed { KeyOrigin::Pinned } else { KeyOrigin::BesideEvidence };
            Arc::new(KeysAtHand::new(keys, format!("{}: {KEYS}", path.display()), origin))
        } else {
            self.keys_at_hand(None, purpose)?
        };
        Ok(Opened { evidence: bundle.evidence(), keys, bundle: Some(bundle), vouched, caller: None })
    }

    /// Who was named to be believed.
    fn trusted(&self) -> Result<Trusted, Failure> {
        let mut trusted = Trusted::default();
        for path in &self.signer {
            let wrong = |error: &dyn std::fmt::Display| Failure::told(format!("--signer {}: {error}", path.display()));
            let named = TrustedSigners::parse(&read_small(path).map_err(|error| wrong(&error))?);
            named.and_then(|named| trusted.signers.merge(named)).map_err(|error| wrong(&error))?;
        }
        for path in &self.timestamp_authority {
            let name = path.display();
            let wrong = |error: &dyn std::fmt::Display| Failure::told(format!("--timestamp-authority {name}: {error}"));
            let named = TrustedAuthorities::parse(&read_small(path).map_err(|error| wrong(&error))?);
            named.and_then(|named| trusted.authorities.merge(named)).map_err(|error| wrong(&error))?;
        }
        Ok(trusted)
    }

    /// The directories that hold the evidence.
    pub(super) fn directories(&self) -> impl Iterator<Item = &Path> {
        let source = self.source.iter().map(PathBuf::as_path).filter(|path| path.is_dir());
        source.chain(self.bucket_dir.iter().map(|(_, path)| path.as_path()))
    }

    /// Whether a file or directory lies in the evidence.
    pub(super) fn holds(&self, path: &Path) -> bool {
        self.directories().any(|source| holds(source, path))
    }

    #[cfg(not(feature = "aws"))]
    async fn open_live(&self, _: Source, _: &AccessArgs, _: &mut AuditRequest, _: Purpose) -> Result<Opened, Failure> {
        Err(Failure::told(OFFLINE_BUILD))
    }

    #[cfg(not(feature = "aws"))]
    async fn keys_of_aws(&self, _: &AccessArgs, _: &AuditRequest) -> Result<Arc<dyn KeySource>, Failure> {
        Err(Failure::told(OFFLINE_BUILD))
    }

    /// Whether anything but keys was given.
    pub(super) fn gives_more_than_keys(&self) -> bool {
        let lists = [self.signer.len(), self.timestamp_authority.len(), self.bucket_dir.len()];
        self.bucket.is_some() || self.s3_prefix.is_some() || lists.iter().any(|given| *given > 0)
    }

    /// Whether `--public-keys aws` was given.
    pub(super) fn asks_aws(&self) -> bool {
        self.public_keys.iter().any(|path| path.as_os_str() == "aws")
    }

    /// The prefix as keys have it: empty, or with a slash at its end.
    fn prefix(&self) -> Option<String> {
        self.s3_prefix.as_ref().map(|prefix| {
            let prefix = prefix.trim_matches('/');
            if prefix.is_empty() { String::new() } else { format!("{prefix}/") }
        })
    }

    /// Where every digest contradicts the bucket or prefix that the caller named, and nothing else, a slip of the caller is
    /// likelier than that whoever altered the evidence moved all of it, and alike; and so it is where the directory in which a
    /// copy begins was only guessed, and they fit another one, or where they all fit one further down.
    pub(super) fn place_must_fit(&self, report: &Report) -> Result<(), Failure> {
        // In a bucket, where a digest lies is no slip of the caller, unless they say that it is a replica.
        let copy = self.directories().next().is_some() || report.request.delivered_to.is_some();
        let violations = report.findings.iter().filter(|finding| finding.severity == Severity::Violation);
        let moved: Option<Vec<Moved<'_>>> = violations.map(Moved::of).collect();
        let Some(moved) = moved.filter(|moved| copy && !moved.is_empty()) else { return Ok(()) };
        if report.totals.digests.verified > 0 {
            return Ok(());
        }
        let recorded = moved[0].recorded;
        if let Some(guessed) = &self.guessed
            && let Some(root) = moved[0].fits(guessed)
            && moved.iter().all(|moved| moved.fits(guessed).as_ref() == Some(&root))
        {
            return Err(guessed.is_wrong(recorded, &root));
        }
        if self.s3_prefix.is_none()
            && let Some(lead) = moved[0].lead()
            && moved.iter().all(|moved| moved.lead() == Some(lead))
            && let [directory] = self.directories().collect::<Vec<_>>()[..]
            && directory.is_dir()
        {
            return Err(begins_below(directory, lead, recorded));
        }
        let named = (self.bucket.is_some(), self.s3_prefix.is_some());
        match moved.iter().all(|moved| moved.differs_only(named)) {
            true => Err(Failure::told(format!(
                "every digest file says that it was delivered elsewhere than --bucket or --s3-prefix say, such as to \
                 {recorded}; check these options"
            ))),
            false => Ok(()),
        }
    }
}

/// Whether a file lies in a directory, links followed.
pub(super) fn holds(directory: &Path, file: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().ok();
    whole(directory).zip(whole(file)).is_some_and(|(directory, file)| file.starts_with(directory))
}

/// Reads a file that is small by nature, and no more of it than that.
pub(super) fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    read_up_to(path, Limits::default().small_file)
}

/// Reads a saved report.
pub(super) fn read_report(path: &Path) -> io::Result<Vec<u8>> {
    read_up_to(path, REPORT_BYTES)
}

/// Bytes of a saved report: a million findings take some 600 MiB.
pub(super) const REPORT_BYTES: u64 = 1 << 30;

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

#[cfg(not(feature = "aws"))]
const OFFLINE_BUILD: &str =
    "this build has no access to AWS: copy the evidence and the keys first, or build with the feature `aws`";
