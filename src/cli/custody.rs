//! `trailseal verify` of several bundles: each by itself, and whether each meets the next.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use super::directory::Purpose;
use super::output::Format;
use super::unpack::Unpacked;
use super::verify::VerifyArgs;
use super::{Failure, signals};
use crate::audit::{self, Silent, Stop};
use crate::report::{Custody, Held};

/// Verifies each, prints what they come to together, and gives the exit status that tells it.
pub(super) fn run(args: &VerifyArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    if args.dry_run || !args.output.files()?.is_empty() || !matches!(args.output.format, Format::Text | Format::Json) {
        return Err(Failure::told(
            "of several bundles there is one answer, as text or JSON; verify each by itself for other reports",
        ));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let stop = Stop::default();
    signals::ask_for_the_end(&stop, "what is under way is given up, and a partial report follows")?;
    let held = args.source.iter().chain(&args.more).map(|path| runtime.block_on(held(args, path, &stop)));
    let custody = Custody::conclude(held.collect::<Result<_, _>>()?);
    args.output.print_custody(&custody, out)?;
    Ok(custody.verdict.exit_status())
}

async fn held(args: &VerifyArgs, path: &PathBuf, stop: &Stop) -> Result<Held, Failure> {
    let mut request = args.audit.request()?;
    request.stop = stop.clone();
    let name = path.display().to_string();
    let mut opened = args.evidence.of(Some(path)).open(&args.access, &mut request, Purpose::Read).await?;
    args.audit.goes_with(&request)?;
    let unpacked = Unpacked::ask(&mut opened, false, &args.audit, &mut request)?;
    let Some((bundle, unpacked)) = opened.bundle.zip(unpacked) else {
        return Err(Failure::told(format!("{name} is no evidence bundle; several sources are verified one by one")));
    };
    let limits = request.limits.clone();
    let audited = audit::audit(opened.evidence, opened.keys, request, Arc::new(Silent)).await;
    let mut report = audited.map_err(Failure::told)?;
    unpacked.check(&mut report);
    let previous = bundle.archive.previous(&limits).map_err(Failure::told)?;
    Ok(Held {
        name,
        manifest_sha256: hex::encode(bundle.archive.manifest_sha256().map_err(Failure::told)?),
        previous: previous.map(|previous| previous.manifest_sha256),
        report,
    })
}
