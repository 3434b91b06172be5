//! Of whom a trail should have delivered and never did: what an empty folder cannot tell.

use std::collections::{BTreeMap, BTreeSet};

use super::Asked;
use super::region::RegionOutcome;
use crate::finding::Finding;
use crate::limits::DIGEST_DUE_AFTER;
use crate::trail::{ChainId, ChainKind, ExpectedChain, Interval, Time};

impl Asked {
    /// A hole for every account and region of which there is no digest file at all; one for all regions of an account of
    /// which there is none in any.
    pub(super) fn never_delivered(&self, outcomes: &[RegionOutcome]) -> Vec<Finding> {
        let Some(arn) = &self.request.select.trail_arn else { return Vec::new() };
        let reported = outcomes.iter().flat_map(|outcome| outcome.chains.iter().map(|(chain, _)| chain));
        let began_after = outcomes.iter().flat_map(|outcome| &outcome.began_after);
        let of_trail = reported.chain(began_after).filter(|chain| chain.kind == ChainKind::Standard);
        let there: BTreeSet<(&str, &str)> =
            of_trail.map(|chain| (chain.account_id.as_str(), chain.region.as_str())).collect();
        // Nothing tells since when there is the trail but its oldest digest.
        let reports = outcomes.iter().flat_map(|outcome| &outcome.chains).map(|(_, report)| report);
        let trail_since = reports.filter_map(|report| Some(report.oldest.as_ref()?.start)).min();
        let mut silent: BTreeMap<&str, Vec<(ChainId, Interval)>> = BTreeMap::new();
        for expected in &self.request.expected {
            let ExpectedChain { account_id, region, since } = expected;
            let chain = ChainId {
                account_id: account_id.clone(),
                region: region.clone(),
                trail: arn.trail.clone(),
                home_region: arn.home_region.clone(),
                kind: ChainKind::Standard,
            };
            // The first digest of a new account or trail comes like any other: an hour later, and then some.
            let scope = self.range.scope;
            let start = scope.start.max(*since).max(trail_since).unwrap_or(scope.end.plus(-Time::DAY));
            if there.contains(&(account_id.as_str(), region.as_str()))
                || !self.request.select.has_chain(&chain)
                || start.plus(DIGEST_DUE_AFTER) >= scope.end
            {
                continue;
            }
            silent.entry(account_id).or_default().push((chain, Interval::new(start, scope.end)));
        }
        let mut findings = Vec::new();
        for (account, chains) in silent {
            let whole = there.iter().all(|(of, _)| *of != account) && chains.len() > 1;
            if whole {
                findings.extend(Finding::account_never_delivered(account, &chains));
            } else {
                findings.extend(chains.iter().map(|(chain, during)| Finding::never_delivered(chain, *during)));
            }
        }
        findings
    }

    /// Backfill digests make up for what the others of their trail lack: where there are some and no others, those are gone.
    pub(super) fn backfills_alone(&self, outcomes: &[RegionOutcome]) -> Vec<Finding> {
        let reported = outcomes.iter().flat_map(|outcome| outcome.chains.iter().map(|(chain, _)| chain));
        let chains: Vec<&ChainId> = reported.chain(outcomes.iter().flat_map(|outcome| &outcome.began_after)).collect();
        let of = |chain: &ChainId| -> [String; 4] {
            [&chain.account_id, &chain.region, chain.trail_name(), &chain.home_region].map(str::to_owned)
        };
        let (others, backfills): (Vec<&ChainId>, _) =
            chains.into_iter().partition(|chain| chain.kind == ChainKind::Standard);
        let there: BTreeSet<_> = others.into_iter().map(of).collect();
        let alone = backfills.into_iter().filter(|chain| !there.contains(&of(chain)));
        let end = self.range.scope.end;
        let asked = self.range.scope.start.map(|start| Interval::new(start, end));
        let standard = |chain: &ChainId| ChainId { kind: ChainKind::Standard, ..chain.clone() };
        alone.map(|chain| Finding::backfills_alone(&standard(chain), asked)).collect()
    }
}
