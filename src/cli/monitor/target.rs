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
            sample @ LogFiles::Sample { .. } if target.seed.is_none() => {
                sample.seeded(RandomState::new().hash_one(now.unix()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{SampleSize, Silent, audit};
    use crate::monitor::config::Config;
    use crate::report::Verdict;

    fn target(lines: &str) -> TargetConfig {
        let text = format!("[[target]]\nname = \"a\"\n{lines}");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
        Config::parse(&text, &folder).unwrap().targets.remove(0)
    }

    fn later() -> Time {
        Time::parse_digest_time("2030-01-01T00:00:00Z").unwrap()
    }

    fn refused(lines: &str) -> String {
        check(&target(lines), later()).unwrap_err().0.join("\n")
    }

    #[tokio::test]
    async fn a_copy_is_opened_and_can_be_audited() {
        let target = target(
            "source = \"trail\"\npublic_keys = [\"trail-public-keys.json\"]\nlog_files = \"sample:50%\"\nconcurrency = 3\nmax_log_bytes = 12345678\nregions = [\"us-east-1\"]",
        );
        let (opened, request) = open(&target, later()).await.unwrap();
        assert_eq!((request.concurrency, request.limits.log_inflated), (3, 12_345_678));
        assert_eq!((request.as_of, request.start, request.end), (later(), None, None));
        // Drawn by chance, and not by a seed that anyone could foresee.
        assert!(matches!(request.log_files, LogFiles::Sample { size: SampleSize::PerMillion(500_000), seed: 1.. }));
        let report = audit(opened.evidence, opened.keys, request, std::sync::Arc::new(Silent)).await.unwrap();
        assert_eq!(report.verdict, Verdict::Intact, "{}", report.headline());
    }

    #[test]
    fn what_a_target_says_is_what_is_asked() {
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit";
        let lines = format!(
            "source = \"{arn}\"\naccounts = [\"111122223333\"]\ntrails = [\"audit\"]\nstart = \"10d\"\nlog_files = \"sample:1%\"\nseed = 0"
        );
        let request = check(&target(&lines), later()).unwrap();
        assert_eq!(request.select.trail_arn, arn.parse().ok());
        assert_eq!(
            (request.select.accounts.len(), request.select.trails.len(), request.select.regions.len()),
            (1, 1, 0)
        );
        assert_eq!(request.start, Some(later().plus(-10 * Time::DAY)));
        assert_eq!(request.log_files, LogFiles::Sample { size: SampleSize::PerMillion(10_000), seed: 0 });
    }

    #[test]
    fn what_lies_on_this_disk_is_looked_at_first() {
        assert!(refused("source = \"nowhere\"").contains("there is no directory"));
        assert!(refused("source = \"trail\"\npublic_keys = [\"cases\"]").contains("the key file"));
        assert!(refused("source = \"s3://trail-logs\"\npublic_keys = [\"nowhere\"]").contains("cannot be read"));
        assert!(refused("source = \"s3://trail-logs\"\nwaivers = \"nowhere\"").contains("the waiver file"));
        assert!(check(&target("source = \"s3://trail-logs\"\npublic_keys = \"aws\""), later()).is_ok());
        let bundle = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(bundle.path(), b"PK\x03\x04").unwrap();
        let told = refused(&format!("source = \"{}\"", bundle.path().display()));
        assert!(told.contains("is a bundle, to which nothing is ever added"), "{told}");
    }

    #[test]
    fn access_is_as_the_options_of_verify() {
        #[derive(Debug, clap::Parser)]
        struct Cli {
            #[command(flatten)]
            access: AccessArgs,
        }
        let role = "arn:aws:iam::111122223333:role/auditor";
        let words = format!(
            "trailseal --profile p --endpoint-url http://x --assume-role {role} --external-id e --fips --dual-stack --request-payer requester --expected-bucket-owner 111122223333 --connect-timeout 1 --read-timeout 2 --max-attempts 3"
        );
        let cli = <Cli as clap::Parser>::parse_from(words.split(' '));
        let access = target(&format!(
            "source = \"trail\"\n[target.access]\nprofile = \"p\"\nendpoint_url = \"http://x\"\nassume_role = \"{role}\"\nexternal_id = \"e\"\nfips = true\ndual_stack = true\nrequest_payer = \"requester\"\nexpected_bucket_owner = \"111122223333\"\nconnect_timeout = 1\nread_timeout = 2\nmax_attempts = 3"
        ));
        assert_eq!(format!("{:?}", AccessArgs::of(&access.access)), format!("{:?}", cli.access));
    }
}
