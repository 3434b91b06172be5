//! `trailseal keys export`: asks AWS for public keys, for use without AWS.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use super::Failure;
use super::access::AccessArgs;
use super::evidence::{EvidenceArgs, now};
use super::output::write_whole;
use super::select::SelectArgs;
use crate::audit::{AuditRequest, wanted_keys};
use crate::digest::KeySet;
use crate::keys::{CloudTrailKeys, KeySource, PublicKeyList, write_key_list};
use crate::limits::DIGEST_DUE_AFTER;
use crate::trail::Interval;

/// Ask AWS for public keys, for use without AWS
///
/// With SOURCE, of all its regions and over all of its time; without, of each --region, from --start-time to --end-time and two
/// hours more, for a digest is signed after its hour. Any AWS account may ask. What is written says for which regions and
/// times it is complete. Exit status: 0 all are written, 3 a region gave none (it is named), 2 the run could not proceed.
#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// The evidence to export the keys for: s3://BUCKET[/PREFIX], a trail's ARN, an evidence bundle, or a directory
    #[arg(value_name = "SOURCE")]
    source: Option<PathBuf>,

    #[command(flatten)]
    select: SelectArgs,

    /// Write to this file [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    access: AccessArgs,
}

pub(super) fn run(args: &ExportArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let asked = args.select.asked(None, now())?;
    let select = args.select.selection();
    let mut request =
        AuditRequest { start: asked.start, end: asked.end, select, ..AuditRequest::everything("", asked.as_of) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (keys, missing) = runtime.block_on(args.ask(&mut request))?;
    if keys.is_empty() {
        let why = if missing.is_empty() { vec!["there is no digest file to need any".to_owned()] } else { missing };
        return Err(Failure::told(format!("no public keys were to be had: {}; nothing was written", why.join("; "))));
    }
    let list = PublicKeyList::of(&keys);
    match &args.output {
        None => write_key_list(&list, out)?,
        Some(path) => write_whole(path, |out| write_key_list(&list, out))
            .map_err(|error| Failure::told(format!("{}: {error}; free space or name another file", path.display())))?,
    }
    missing.iter().for_each(|problem| super::told(problem));
    Ok(if missing.is_empty() { 0 } else { NOT_ALL })
}

impl ExportArgs {
    /// The keys, and why those of some regions are not among them.
    async fn ask(&self, request: &mut AuditRequest) -> Result<(KeySet, Vec<String>), Failure> {
        let (source, wanted, mut missing) = match &self.source {
            Some(source) => self.of_evidence(source, request).await?,
            None => self.of_regions(request).await?,
        };
        let mut keys = KeySet::default();
        for (region, range) in wanted {
            match source.keys(&region, range).await {
                Ok(of_region) => keys.merge(Arc::unwrap_or_clone(of_region)),
                Err(error) => missing.push(error.to_string()),
            }
        }
        Ok((keys, missing))
    }

    async fn of_evidence(&self, source: &std::path::Path, request: &mut AuditRequest) -> Result<Wanted, Failure> {
        let evidence = EvidenceArgs::for_keys_of(source);
        let opened = evidence.open(&self.access, request, super::directory::Purpose::Read).await?;
        let wanted = wanted_keys(&opened.evidence, &opened.keys, request).await;
        let (wanted, unlisted) = wanted.map_err(Failure::told)?;
        let unlisted = unlisted.into_iter().map(|finding| {
            let subject = finding.subject.map(|at| at.to_string()).unwrap_or_default();
            format!("{subject}: {}, so the keys that it needs are not known", finding.message)
        });
        Ok((opened.keys, wanted, unlisted.collect()))
    }

    async fn of_regions(&self, request: &AuditRequest) -> Result<Wanted, Failure> {
        let (Some(start), false) = (request.start, request.select.regions.is_empty()) else {
            return Err(Failure::told("which keys? name the evidence, or give --region and --start-time"));
        };
        let end = request.end.unwrap_or(request.as_of).plus(DIGEST_DUE_AFTER);
        let access = self.access.open(request.select.regions.first().cloned(), request.concurrency).await?;
        let source = Arc::new(CloudTrailKeys::new(access, now()));
        let wanted = request.select.regions.iter().map(|region| (region.clone(), Interval::new(start, end)));
        Ok((source, wanted.collect(), Vec::new()))
    }
}

/// Whom to ask, for which regions over which time, and what is not known of that.
type Wanted = (Arc<dyn KeySource>, BTreeMap<String, Interval>, Vec<String>);

/// The exit status where a region gave no keys.
const NOT_ALL: u8 = 3;
