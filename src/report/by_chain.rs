//! The findings of a report chain by chain, and what each chain comes to: decided here, for renderers to tell.

use std::collections::BTreeMap;

use super::model::{ChainReport, Report};
use super::verdict::{Verdict, decide, scope, waived};
use crate::finding::Finding;
use crate::trail::ChainId;

/// A report's findings, each in one place, in the report's order.
#[derive(Clone, Debug)]
pub struct ByChain<'a> {
    /// Each chain, in the report's order.
    pub chains: Vec<OneChain<'a>>,
    /// Findings of no chain: they may be about any.
    pub of_none: Vec<&'a Finding>,
    /// Findings of chains that the report has nothing else of, such as those that never were delivered.
    pub elsewhere: Vec<&'a Finding>,
}

/// A chain and what was found in it.
#[derive(Clone, Debug)]
pub struct OneChain<'a> {
    /// The chain.
    pub chain: &'a ChainReport,
    /// Which one it is.
    pub id: ChainId,
    /// What it comes to, by the rule that decides the whole: its own findings, and those of no chain. So no chain is intact
    /// where the report tells of something that counts and has no chain.
    pub verdict: Verdict,
    /// The verdict with its scope, in one line.
    pub headline: String,
    /// Whether log files were not read because that was asked for, or the run was interrupted.
    pub narrowed: bool,
    /// Its own findings.
    pub findings: Vec<&'a Finding>,
}

impl Report {
    /// The findings chain by chain.
    pub fn by_chain(&self) -> ByChain<'_> {
        let ids: Vec<ChainId> = self.chains.iter().map(ChainReport::id).collect();
        let places: BTreeMap<&ChainId, usize> = ids.iter().enumerate().map(|(at, id)| (id, at)).collect();
        let mut own: Vec<Vec<&Finding>> = vec![Vec::new(); ids.len()];
        let (mut of_none, mut elsewhere) = (Vec::new(), Vec::new());
        for finding in &self.findings {
            match finding.chain.as_ref().map(|id| places.get(id)) {
                None => of_none.push(finding),
                Some(None) => elsewhere.push(finding),
                Some(Some(at)) => own[*at].push(finding),
            }
        }
        let chains = self.chains.iter().zip(ids).zip(own).map(|((chain, id), findings)| {
            let verdict = decide(findings.iter().chain(&of_none).copied(), chain.digests);
            // Of those asked for by name, how many are this chain's nobody knows but the digests that name them.
            let named = self.request.named_log_files.len();
            let of_chain = usize::try_from(chain.log_files.listed()).unwrap_or(usize::MAX).clamp(1, named.max(1));
            let named = if named == 0 { 0 } else { of_chain };
            let scope = scope(&self.request.log_files, named, chain.log_files, chain.digests);
            let waived = waived(findings.iter().chain(&of_none).copied());
            let headline = format!("{verdict}: {scope}, {}{waived}", self.period());
            let narrowed = chain.log_files.not_checked > 0 || named > 0 || self.is_partial();
            OneChain { chain, id, verdict, headline, narrowed, findings }
        });
        ByChain { chains: chains.collect(), of_none, elsewhere }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Tally;
    use crate::finding::Code;
    use crate::report::{Checks, LogTally, RequestReport, Waivers};
    use crate::trail::{ChainKind, Time};

    fn chain(region: &str) -> ChainReport {
        ChainReport {
            account_id: "111122223333".to_owned(),
            region: region.to_owned(),
            trail: "t".to_owned(),
            home_region: "us-east-1".to_owned(),
            kind: ChainKind::Standard,
            digests: Tally { verified: 1, ..Tally::default() },
            log_files: LogTally::default(),
            newest: None,
            oldest: None,
            proven: Vec::new(),
            holes: Vec::new(),
        }
    }

    fn of(findings: Vec<Finding>) -> Report {
        let request = RequestReport {
            source: String::new(),
            start: None,
            end: Time::from_unix(0),
            as_of: Time::from_unix(0),
            accounts: Vec::new(),
            regions: Vec::new(),
            trails: Vec::new(),
            log_files: "all".to_owned(),
            named_log_files: Vec::new(),
            delivered_to: None,
            s3_prefix: None,
        };
        let chains = vec![chain("us-east-1"), chain("us-west-2")];
        Report::conclude(request, chains, findings, 0, &Waivers::default(), Vec::new(), Checks::default())
    }

    #[test]
    fn a_chain_comes_to_what_is_found_in_it_or_in_none() {
        use Verdict::{Inconclusive, Intact, NotIntact};
        let missing = || Finding::new(Code::LogMissing, "");
        let (east, west, gone) = (chain("us-east-1").id(), chain("us-west-2").id(), chain("eu-west-1").id());
        let unlisted = Finding::new(Code::LogUnlisted, "");
        for (findings, expected, whole) in [
            (vec![], [Intact, Intact], Intact),
            (vec![missing().in_chain(&east)], [NotIntact, Intact], NotIntact),
            (vec![missing()], [NotIntact, NotIntact], NotIntact),
            (vec![missing().in_chain(&gone)], [Intact, Intact], NotIntact),
            (vec![unlisted, missing().in_chain(&west)], [Inconclusive, NotIntact], NotIntact),
        ] {
            let report = of(findings);
            let by_chain = report.by_chain();
            let verdicts: Vec<Verdict> = by_chain.chains.iter().map(|one| one.verdict).collect();
            assert_eq!((verdicts, report.verdict), (expected.to_vec(), whole));
            let told = by_chain.chains.iter().map(|one| one.findings.len()).sum::<usize>();
            assert_eq!(told + by_chain.of_none.len() + by_chain.elsewhere.len(), report.findings.len());
        }
    }
}
