//! From what came of the log files asked for by name to the report.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::{Outcome, SpotCheck};
use crate::audit::conclude::name_bucket;
use crate::audit::{Asked, AuditError, publish};
use crate::finding::{Code, Finding};
use crate::keys::KeyOrigin;
use crate::report::{ChainReport, Checks, Report, RequestReport};
use crate::trail::{ChainId, Interval, LogKey};

impl Asked {
    pub(super) fn conclude_named(&self, outcome: Outcome) -> Result<SpotCheck, AuditError> {
        let Outcome { regions, files, times, aside } = outcome;
        let interrupted = self.request.stop.has_cut();
        // Keys that were not to be had are told of as that, and are no mistake.
        let had = |found: &Finding| found.code != Code::PublicKeyUnavailable || found.subject.is_some();
        if !interrupted && regions.iter().all(|region| region.findings.iter().all(had)) {
            self.keys_must_fit(&regions)?;
        }
        let mut findings = Vec::new();
        let found_any = regions.iter().any(|region| !region.chains.is_empty());
        if self.keys.origin() == KeyOrigin::BesideEvidence && found_any {
            findings.push(Finding::public_key_unpinned(&self.keys.describe()));
        }
        if interrupted {
            findings.push(Finding::run_interrupted(regions.len(), 0, 0));
        }
        publish(&self.observer, &findings);
        let period = times.into_iter().reduce(Interval::or).unwrap_or_else(|| self.period());
        let checks = self.checks_of_named(&aside.iter().map(|at| at.key.as_str()).collect());
        let public_keys = regions.iter().flat_map(|region| self.keys_used(region)).collect();
        let bytes = regions.iter().map(|region| region.bytes).sum();
        let bucket = regions.iter().find_map(|region| region.bucket.clone()).unwrap_or_default();
        self.observer.bucket_is(&bucket);
        // An account may have two folders, its own and one under its organization's id, with chains of the same name.
        let mut reports: BTreeMap<ChainId, ChainReport> = BTreeMap::new();
        for region in regions {
            findings.extend(region.findings);
            for (chain, report) in region.chains {
                match reports.entry(chain) {
                    Entry::Occupied(mut known) => known.get_mut().join(report),
                    Entry::Vacant(new) => drop(new.insert(report)),
                }
            }
        }
        let reports = reports.into_values().collect();
        findings.iter_mut().filter_map(|found| found.subject.as_mut()).for_each(|at| name_bucket(at, &bucket));
        let request = self.described_named(period);
        let waivers = &self.request.waivers;
        let report = Report::conclude(request, reports, findings, bytes, waivers, public_keys, checks);
        Ok(SpotCheck { report, files })
    }

    /// The time in which the log files are looked for.
    fn period(&self) -> Interval {
        Interval::new(self.range.scope.start.unwrap_or(self.range.scope.end), self.range.scope.end)
    }

    fn described_named(&self, period: Interval) -> RequestReport {
        let select = &self.request.select;
        let of = |part: fn(&LogKey) -> &str| -> Vec<String> {
            let parts: BTreeSet<&str> = select.named.iter().map(part).collect();
            parts.into_iter().map(str::to_owned).collect()
        };
        let trails = select.trails.iter().chain(select.trail_arn.as_ref().map(|arn| &arn.trail));
        let keys: BTreeSet<String> = select.named.iter().map(LogKey::key).collect();
        RequestReport {
            source: self.request.source.clone(),
            start: Some(period.start),
            end: period.end,
            as_of: self.request.as_of,
            accounts: of(|key| &key.folder.account),
            regions: of(|key| &key.region),
            trails: trails.cloned().collect(),
            s3_prefix: select.only_prefix().map(str::to_owned),
            log_files: "named".to_owned(),
            named_log_files: keys.into_iter().collect(),
            delivered_to: self.request.delivered_to.clone(),
        }
    }

    fn checks_of_named(&self, aside: &BTreeSet<&str>) -> Checks {
        let mut performed = vec![
            "signatures of the digest files that name the log files asked for by name",
            "content of the log files asked for by name",
        ];
        let mut skipped = vec![
            "every log file that was not asked for by name, and whatever else lies in the log folders".to_owned(),
            "the chain before and after the digest files that name them, and whether any time is left uncovered: `trailseal verify` without the names of log files walks it"
                .to_owned(),
        ];
        if self.request.stop.has_cut() {
            skipped.push(format!("whatever was left when the run was interrupted of: {}", performed.join(", ")));
            performed.clear();
        }
        self.say_whose_keys(&mut performed, &mut skipped);
        if let Some(first) = aside.first() {
            skipped.push(format!(
                "{} digest files of about the same time, {first} first, which do not verify: the log files asked for do not need them",
                aside.len()
            ));
        }
        let performed = performed.into_iter().map(str::to_owned).collect();
        Checks { performed, skipped, hasher: self.hashed_with.clone() }
    }
}
