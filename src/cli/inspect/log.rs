//! One log file: is it as CloudTrail delivered it, and which digest says so? The answer is that of an audit which is asked for
//! this log file by name; here it is only told.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Runtime;

use super::given::With;
use super::told::{Told, describe, tell};
use super::{InspectArgs, NOT_AWS, Outcome, ended, step};
use crate::audit::{AuditRequest, Evidence, Selection, Silent, SpotCheck, region_folders, spot_check};
use crate::cli::Failure;
use crate::cli::directory::Purpose;
use crate::cli::evidence::Opened;
use crate::cli::place::Place;
use crate::cli::simulate::shell;
use crate::cli::unpack::Unpacked;
use crate::keys::KeySource;
use crate::limits::Limits;
use crate::logfile::{Framing, hash_log};
use crate::trail::{LogKey, LogName, ObjectLocation};

/// Looks at a log file; its bytes are given where it lies in no copy.
pub(super) fn inspect(args: &InspectArgs, body: Option<Vec<u8>>, out: &mut dyn Write) -> Result<u8, Failure> {
    let at_hand = args.log_file.is_none() && !args.is_in_s3();
    if at_hand && !args.asks_aws() && !args.access.options().is_empty() {
        return Err(Failure::told(NOT_AWS));
    }
    step(out, "log file", &args.name())?;
    let place = Sought::of(args, at_hand);
    let Some(source) = &place.source else {
        content(body.as_deref(), out)?;
        step(out, "digests", "not looked for: give the directory of evidence with --in DIR")?;
        return ended(Outcome::Unproven, true, out);
    };
    let Some(name) = place.name() else {
        content(body.as_deref(), out)?;
        step(
            out,
            "name",
            "not that of a log file, so its digest cannot be looked for; give the file under its own name",
        )?;
        return ended(Outcome::Unproven, true, out);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut request = AuditRequest::everything("", args.as_of()?);
    request.select.named.extend(place.key.clone());
    request.select.regions.push(name.region.clone());
    let given = args.evidence.of(Some(source)).beside(args.lies_in()).guessed(place.guessed.clone());
    // Without any keys it is told, and nothing is proven.
    let mut opened = runtime.block_on(given.open(&args.access, &mut request, Purpose::Copy))?;
    let unpacked = Unpacked::of(&mut opened);
    let in_place = place.key.as_ref().filter(|_| at_hand);
    match in_place {
        Some(key) => content(runtime.block_on(in_copy(&opened.evidence, key)).as_deref(), out)?,
        None => content(body.as_deref(), out)?,
    }
    if at_hand {
        args.tell_evidence(place.guessed.is_some(), source, out)?;
    }
    if at_hand && in_place.is_none() {
        step(
            out,
            "location",
            "not checked: it lies under no log file's key in the evidence; it is its content that is looked at",
        )?;
    }
    let asked = Asked { runtime: &runtime, opened: &opened, request, body: body.map(Bytes::from) };
    let Some(mut check) = asked.answer(&place, &name)? else {
        step(out, "digests", "there are none of its account and region")?;
        return ended(Outcome::Unproven, true, out);
    };
    if let Some(unpacked) = unpacked {
        unpacked.check(&mut check.report);
    }
    given.place_must_fit(&check.report)?;
    let alone = opened.bundle.as_ref().is_some_and(|bundle| bundle.holds_named_alone());
    let told = Told { check: &check, content: !at_hand, alone, options: args.options() };
    tell(&told, out)
}

/// What lies in a copy under its key, read as an audit reads it: through no link, and from no folder.
async fn in_copy(evidence: &Evidence, key: &LogKey) -> Option<Bytes> {
    let object = evidence.stores.first()?.get(&key.key()).await.ok()?;
    object.body.collect(Limits::default().log_inflated).await.ok()
}

/// What the file itself is.
fn content(body: Option<&[u8]>, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(body) = body else { return Ok(()) };
    match hash_log(body, Framing::GzipOrPlain, Limits::default().log_inflated) {
        Ok(hashed) => {
            step(out, "content", &format!("one whole file of {} uncompressed bytes", hashed.bytes))?;
            step(out, "SHA-256", &hex::encode(hashed.sha256))?;
        }
        Err(defect) => step(out, "content", &describe(&defect))?,
    }
    Ok(())
}

/// Where it is looked for.
struct Sought {
    source: Option<PathBuf>,
    /// Its key, where that is known.
    key: Option<LogKey>,
    /// Where the copy is taken to begin, if only the path tells.
    guessed: Option<Place>,
    file: PathBuf,
}

impl Sought {
    fn of(args: &InspectArgs, at_hand: bool) -> Sought {
        let file = args.file.clone();
        if !at_hand {
            let key = args.log_file.clone().or_else(|| LogKey::parse(&key_in(&args.name())));
            return Sought { source: Some(file.clone()), key, guessed: None, file };
        }
        let place = args.place();
        let key = place.as_ref().and_then(|place| LogKey::parse(&place.key));
        let key = key.map(|key| args.evidence.below_prefix(key));
        let place = place.filter(|_| key.is_some());
        let source = args.within.clone().or(place.as_ref().map(|place| place.root.clone()));
        Sought { source, key, guessed: place.filter(|place| place.guessed), file }
    }

    /// What its name tells.
    fn name(&self) -> Option<Named> {
        let name = self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.key.as_ref().map(Named::of).or_else(|| Named::by(&name))
    }
}

/// The key of an object in S3.
fn key_in(url: &str) -> String {
    url.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).map(|(_, key)| key.to_owned()).unwrap_or_default()
}

/// What is asked of the evidence.
struct Asked<'a> {
    runtime: &'a Runtime,
    opened: &'a Opened,
    request: AuditRequest,
    body: Option<Bytes>,
}

impl Asked<'_> {
    /// The answer; of a file whose key is not known, that of the folder in which a digest names it, else of any.
    fn answer(&self, place: &Sought, name: &Named) -> Result<Option<SpotCheck>, Failure> {
        let keys = match &place.key {
            Some(key) => vec![key.clone()],
            None => {
                let (accounts, regions) = (vec![name.account.clone()], vec![name.region.clone()]);
                let select = Selection { accounts, regions, ..self.request.select.clone() };
                let request = AuditRequest { select, ..self.request.clone() };
                let folders = self.runtime.block_on(region_folders(&self.opened.evidence, &request));
                let key = |folders: crate::trail::RegionFolders| LogKey {
                    folder: folders.account,
                    region: folders.region,
                    name: name.name,
                };
                folders.map_err(Failure::told)?.into_iter().map(key).collect()
            }
        };
        let mut answer = None;
        for key in keys {
            let check = self.ask(key)?;
            let named = check.files.iter().any(|file| !file.by.is_empty());
            answer = Some(check);
            if named {
                break;
            }
        }
        Ok(answer)
    }

    fn ask(&self, key: LogKey) -> Result<SpotCheck, Failure> {
        let mut evidence = self.runtime.block_on(self.opened.evidence.clone().with_those_at_hand());
        if let Some(body) = &self.body {
            let with = |store| Arc::new(With { store, key: key.key(), body: body.clone() }) as Arc<_>;
            evidence.stores = evidence.stores.into_iter().map(with).collect();
        }
        let mut request = self.request.clone();
        request.select.named = vec![key];
        let keys: Arc<dyn KeySource> = Arc::clone(&self.opened.keys);
        self.runtime.block_on(spot_check(evidence, keys, request, Arc::new(Silent))).map_err(Failure::told)
    }
}

impl InspectArgs {
    /// The options that `verify` has, too, as a shell reads them, each after a space.
    fn options(&self) -> String {
        let now = self.now.iter().map(|now| format!(" --now {}", shell(now)));
        [self.evidence.options(), self.access.options()].into_iter().chain(now).collect()
    }

    /// What it is called.
    fn name(&self) -> String {
        match &self.log_file {
            Some(key) => format!("{} in {}", key.key(), self.file.display()),
            None => self.file.display().to_string(),
        }
    }
}

/// What a log file's name tells.
struct Named {
    account: String,
    region: String,
    name: LogName,
}

impl Named {
    fn of(key: &LogKey) -> Named {
        Named { account: key.folder.account.clone(), region: key.region.clone(), name: key.name }
    }

    /// `ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_16chars.json.gz`, wherever the file lies now.
    fn by(name: &str) -> Option<Named> {
        let (account, rest) = name.split_once("_CloudTrail_")?;
        let region = rest.split('_').next()?;
        let date = rest.strip_prefix(region)?.strip_prefix('_')?;
        let day = format!("{}/{}/{}/", date.get(0..4)?, date.get(4..6)?, date.get(6..8)?);
        let key = LogKey::parse(&format!("AWSLogs/{account}/CloudTrail/{region}/{day}{name}"))?;
        Some(Named::of(&key))
    }
}

/// An object as it is named to people: without its bucket, where that is not known.
pub(super) fn shown(at: &ObjectLocation) -> String {
    if at.bucket.is_empty() { at.key.clone() } else { at.to_string() }
}
