//! One log file: is it as CloudTrail delivered it, and which digest says so?

use std::io::Write;
use std::sync::Arc;

use super::{Inspected, Outcome, step};
use crate::audit::{AuditRequest, Evidence, Selection, VouchedBy, who_vouches};
use crate::cli::Failure;
use crate::cli::evidence::now;
use crate::finding::{Code, Severity};
use crate::limits::Limits;
use crate::logfile::{Framing, LogDefect, hash_log};
use crate::trail::{LogKey, LogName, Time};

pub(super) fn inspect(file: &Inspected, limits: &Limits, out: &mut dyn Write) -> Result<Outcome, Failure> {
    step(out, "log file", &file.path.display().to_string())?;
    let sha256 = match hash_log(&file.body, Framing::GzipOrPlain, limits.log_inflated) {
        Ok(hashed) => {
            step(out, "content", &format!("one whole file of {} uncompressed bytes", hashed.bytes))?;
            step(out, "SHA-256", &hex::encode(hashed.sha256))?;
            Some(hashed.sha256)
        }
        Err(defect) => {
            step(out, "content", &describe(&defect))?;
            None
        }
    };
    let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some(told) = Told::by(&name) else {
        step(
            out,
            "name",
            "not that of a log file, so its digest cannot be looked for; give the file under its own name",
        )?;
        return Ok(Outcome::Unproven);
    };
    let Some(store) = file.store(limits)? else {
        step(out, "digests", "not looked for: give the directory of evidence with --in DIR")?;
        return Ok(Outcome::Unproven);
    };
    let evidence = Evidence { stores: vec![Arc::new(store)], ..Evidence::default() };
    let request = AuditRequest {
        select: Selection { accounts: vec![told.account], regions: vec![told.region], ..Selection::default() },
        ..AuditRequest::everything("", now())
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    let vouching =
        runtime.block_on(who_vouches(&evidence, &file.keys, &request, &name, told.minute)).map_err(Failure::told)?;
    step(
        out,
        "digests",
        &format!("{} verified digest files around {} were looked at", vouching.looked_at, told.minute),
    )?;
    for finding in vouching
        .findings
        .iter()
        .filter(|finding| finding.severity != Severity::Note && finding.code != Code::CoverageHole)
    {
        let subject = finding.subject.as_ref().map(|at| at.key.clone()).unwrap_or_default();
        step(out, "", &format!("{}: {} {subject}", finding.code, finding.message))?;
    }
    judge(file, &vouching.by, sha256, out)
}

fn judge(
    file: &Inspected,
    by: &[VouchedBy],
    sha256: Option<[u8; 32]>,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    if by.is_empty() {
        step(out, "vouched for", "by no verified digest")?;
        return Ok(Outcome::Unproven);
    }
    let mut outcome = Outcome::Proven;
    for vouched in by {
        let moved = file.key.as_ref().is_some_and(|key| *key != vouched.log.key);
        let matches = sha256.is_some_and(|sha256| vouched.hash.matches(&sha256));
        let said = match (matches, moved) {
            (true, false) => "records this very content",
            (true, true) => "records this very content, under another key",
            (false, _) => "records OTHER content",
        };
        step(out, "vouched for", &format!("{} {said}", vouched.digest))?;
        step(out, "  chain", &vouched.chain.to_string())?;
        step(out, "  covers", &vouched.covers.to_string())?;
        step(out, "  signed with", &vouched.fingerprint)?;
        step(out, "  delivered to", &vouched.log.to_string())?;
        step(out, "  recorded SHA-256", &vouched.hash.to_string())?;
        if !matches {
            outcome = Outcome::Contradicted;
        }
    }
    Ok(outcome)
}

fn describe(defect: &LogDefect) -> String {
    match defect {
        LogDefect::Malformed(why) => format!("not one complete gzip member: {why}"),
        LogDefect::TrailingData { sha256 } => {
            format!("data follows its end; up to there its SHA-256 is {}", hex::encode(sha256))
        }
        LogDefect::OverLimit(limit) => format!("it inflates to more than {limit} bytes"),
    }
}

/// What a log file's name tells.
struct Told {
    account: String,
    region: String,
    minute: Time,
}

impl Told {
    /// `ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_16chars.json.gz`, wherever the file lies now.
    fn by(name: &str) -> Option<Told> {
        let (account, rest) = name.split_once("_CloudTrail_")?;
        let region = rest.split('_').next()?;
        let date = rest.strip_prefix(region)?.strip_prefix('_')?;
        let day = format!("{}/{}/{}/", date.get(0..4)?, date.get(4..6)?, date.get(6..8)?);
        let key = LogKey::parse(&format!("AWSLogs/{account}/CloudTrail/{region}/{day}{name}"))?;
        let LogName { minute, .. } = key.name;
        Some(Told { account: account.to_owned(), region: region.to_owned(), minute })
    }
}
