//! A case audited by calling the library, for the same answers without a process.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use trailseal::audit::{AuditError, AuditRequest, Evidence, LogFiles, Silent, audit_blocking};
use trailseal::keys::{KeyOrigin, KeysAtHand, parse_key_file};
use trailseal::limits::Limits;
use trailseal::report::{Report, Waivers};
use trailseal::store::ObjectStore;
use trailseal::store::dir::{DirStore, SourceRecord};
use trailseal::trail::{LogKey, Time};

use super::table::{CaseFile, PublicKeysGiven};

/// What the library makes of a case; the text of the error where it comes to no verdict.
pub(crate) fn audit(folder: &Path, case: &CaseFile) -> Result<Report, String> {
    let evidence = folder.join("evidence");
    let (name, origin) = match &case.public_keys {
        PublicKeysGiven::File(name) if !name.starts_with("evidence/") => (name.as_str(), KeyOrigin::Pinned),
        PublicKeysGiven::File(name) => (name.as_str(), KeyOrigin::BesideEvidence),
        PublicKeysGiven::Given(false) => ("evidence/.trailseal/public-keys.json", KeyOrigin::BesideEvidence),
        PublicKeysGiven::Given(true) => return Err("name the file, or say false".to_owned()),
    };
    let bytes = fs::read(folder.join(name)).map_err(|error| error.to_string())?;
    let keys = parse_key_file(&bytes).map_err(|error| error.to_string())?;
    let keys = Arc::new(KeysAtHand::new(keys, name, origin));
    let asked = Asked::read(folder, case)?;
    let open = |path: &Path, bucket: Option<&str>| {
        DirStore::open(path, bucket, &asked.request.limits).map_err(|error| error.to_string())
    };
    let mut stores: Vec<Arc<dyn ObjectStore>> = vec![Arc::new(open(&evidence, asked.bucket.as_deref())?)];
    for (bucket, path) in &asked.bucket_dirs {
        stores.push(Arc::new(open(&folder.join(path), Some(bucket))?));
    }
    let record = SourceRecord::read(&evidence, &Limits::default()).map_err(|error| error.to_string())?;
    let recorded_end = record.and_then(|record| record.end);
    let report =
        audit_blocking(Evidence { stores, recorded_end, ..Evidence::default() }, keys, asked.request, Arc::new(Silent));
    report.map_err(|error: AuditError| error.to_string())
}

/// The arguments, read without the command line's own parser.
struct Asked {
    request: AuditRequest,
    bucket: Option<String>,
    bucket_dirs: Vec<(String, String)>,
}

impl Asked {
    fn read(folder: &Path, case: &CaseFile) -> Result<Asked, String> {
        let now = Time::parse_digest_time(&case.now).ok_or("`now` is no time")?;
        let time = |text: &str| Time::parse_requested(text, now).map_err(|error| error.to_string());
        let mut asked = Asked { request: AuditRequest::everything("", now), bucket: None, bucket_dirs: Vec::new() };
        for pair in case.arguments.chunks(2) {
            let [name, value] = pair else { return Err(format!("{pair:?} is no option with its value")) };
            let request = &mut asked.request;
            let number = || value.parse::<u64>().map_err(|error| error.to_string());
            match name.as_str() {
                "--start-time" => request.start = Some(time(value)?),
                "--end-time" => request.end = Some(time(value)?),
                "--account-id" => request.select.accounts.push(value.clone()),
                "--region" => request.select.regions.push(value.clone()),
                "--trail-name" => request.select.trails.push(value.clone()),
                "--trail-arn" => request.select.trail_arn = Some(value.parse().map_err(|e| format!("{e}"))?),
                "--s3-prefix" => request.select.prefix = Some(format!("{}/", value.trim_matches('/'))),
                "--log-files" => request.log_files = value.parse::<LogFiles>().map_err(|e| format!("{e}"))?,
                "--seed" => request.log_files = request.log_files.seeded(number()?),
                "--log-file" => request.select.named.push(LogKey::parse(value).ok_or("no log file's key")?),
                "--max-digest-bytes" => request.limits.digest_inflated = number()?,
                "--max-log-bytes" => request.limits.log_inflated = number()?,
                "--bucket" => asked.bucket = Some(value.clone()),
                "--bucket-dir" => {
                    let (bucket, path) = value.split_once('=').ok_or("NAME=PATH")?;
                    asked.bucket_dirs.push((bucket.to_owned(), path.to_owned()));
                }
                "--waivers" => {
                    let text = fs::read_to_string(folder.join(value)).map_err(|error| error.to_string())?;
                    request.waivers = Waivers::parse(&text).map_err(|error| error.to_string())?;
                }
                other => return Err(format!("this test does not know {other}")),
            }
        }
        Ok(asked)
    }
}
