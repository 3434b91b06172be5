//! A target of the configuration, as what an audit takes.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use crate::audit::{AuditRequest, LogFiles, Selection};
use crate::bundle::is_archive;
use crate::cli::Failure;
use crate::cli::access::AccessArgs;
use crate::cli::directory::{Purpose, open_copy};
use crate::cli::evidence::{EvidenceArgs, Opened, read_small};
use crate::limits::Limits;
use crate::monitor::config::{PublicKeys, TargetConfig, TargetSource};
use crate::report::Waivers;
use crate::trail::Time;

/// Opens what a target names, and asks of it what the target says: from its start on, or from the oldest digest on.
pub(super) async fn open(target: &TargetConfig, now: Time) -> Result<(Opened, AuditRequest), Failure> {
    let mut request = request(target, now)?;
    let access = AccessArgs::of(&target.access);
    let opened = evidence_of(target)?.open(&access, &mut request, Purpose::Read).await?;
    Ok((opened, request))
}

/// Opens what of it lies on this disk: a copy, key files, waivers.
pub(super) fn check(target: &TargetConfig, now: Time) -> Result<AuditRequest, Failure> {
    let request = request(target, now)?;
    let evidence = evidence_of(target)?;
    let root = match &target.source {
        TargetSource::Directory(root) => {
            open_copy(root, target.bucket.as_deref(), &request.limits, Purpose::Read)?;
            Some(root.as_path())
        }
        _ => None,
    };
    let at_hand = matches!(target.public_keys, PublicKeys::Files(_)) || root.is_some() && !evidence.asks_aws();
    if at_hand {
        evidence.keys_at_hand(root, Purpose::Read)?;
    }
    Ok(request)
}

/// Where the evidence lies, and the keys.
fn evidence_of(target: &TargetConfig) -> Result<EvidenceArgs, Failure> {
    if let TargetSource::Directory(path) = &target.source
        && is_archive(path)
    {
        let text =
            "is a bundle, to which nothing is ever added; check it with `trailseal verify`, and leave it out here";
        return Err(Failure::told(format!("{} {text}", path.display())));
    }
    let public_keys = match &target.public_keys {
        PublicKeys::Default => Vec::new(),
        PublicKeys::Aws => vec![PathBuf::from("aws")],
        // On the command line, and so in these arguments, `aws` alone is no file.
        PublicKeys::Files(files) => files.iter().map(|file| Path::new(".").join(file)).collect(),
    };
    Ok(EvidenceArgs::of_target(&target.source.path(), public_keys, target.bucket.clone(), target.s3_prefix.clone()))
}

/// What is asked of it.
fn request(target: &TargetConfig, now: Time) -> Result<AuditRequest, Failure> {
    let trail_arn = match &target.source {
        TargetSource::Trail(arn) => Some(arn.clone()),
        _ => None,
    };
    Ok(AuditRequest {
        start: target.start_at(now),
        select: Selection {
            accounts: target.accounts.clone(),
            regions: target.regions.clone(),
            trails: target.trails.clone(),
            trail_arn,
            ..Selection::default()
        },
        log_files: match target.log_files {
            // A seed that can be foreseen tells an attacker which log files nobody reads.
            LogFiles::Sample { per_million, .. } if target.seed.is_none() => {
                LogFiles::Sample { per_million, seed: RandomState::new().hash_one(now.unix()) }
            }
            how => how,
        },
        waivers: waivers(target)?,
        concurrency: usize::from(target.concurrency),
        limits: Limits::of_files(target.max_digest_bytes, target.max_log_bytes),
        ..AuditRequest::everything("", now)
    })
}

fn waivers(target: &TargetConfig) -> Result<Waivers, Failure> {
    let Some(path) = &target.waivers else { return Ok(Waivers::default()) };
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::told(format!("the waiver file {}: {error}; see docs/findings.md for its form", path.display()))
    };
    let bytes = read_small(path).map_err(|error| wrong(&error))?;
    let text = String::from_utf8(bytes).map_err(|error| wrong(&error))?;
    Waivers::parse(&text).map_err(|error| wrong(&error))
}
