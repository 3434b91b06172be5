//! Audits a copy of a trail with pinned keys: `cargo run --example audit -- DIR KEYS`.

use std::{env, error::Error, fs, path::Path, process::ExitCode, sync::Arc, time::SystemTime};
use trailseal::audit::{AuditRequest, Evidence, Silent, audit_blocking};
use trailseal::keys::{KeyOrigin, KeysAtHand, parse_key_file};
use trailseal::{limits::Limits, store::DirStore, trail::Time};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (copy, key_file) = arguments.next().zip(arguments.next()).ok_or("give DIR and KEYS")?;
    let store = DirStore::open(Path::new(&copy), None, &Limits::default())?;
    let evidence = Evidence { stores: vec![Arc::new(store)], ..Evidence::default() };
    let keys = KeysAtHand::new(parse_key_file(&fs::read(&key_file)?)?, key_file, KeyOrigin::Pinned);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let request = AuditRequest::everything(copy, Time::from_unix(now.as_secs().try_into()?));
    let report = audit_blocking(evidence, Arc::new(keys), request, Arc::new(Silent))?;
    trailseal::render::json(&report, &mut std::io::stdout())?;
    Ok(ExitCode::from(report.verdict.exit_status()))
}
