//! Which events a trail records.

use super::super::facts::{Selectors, Setup, TrailFacts};
use super::recorded::{self, Recorded};
use super::{Found, Judged, few, seen};

pub(super) struct Events<'a> {
    pub(super) setup: &'a Setup,
    pub(super) trail: &'a TrailFacts,
}

impl Events<'_> {
    pub(super) fn management(&self) -> Judged {
        let selectors = seen(&self.trail.selectors)?;
        let recorded = recorded::management(selectors);
        if recorded.all.both() {
            return Ok(Found::Pass("management events: reads and writes, of all services".to_owned()));
        }
        // A trail of data events beside one of management events is as it should be.
        if !recorded.some.any()
            && let Some(other) = self.another(is_all_management)?
        {
            return Ok(Found::NotApplicable(format!("it records none; {other} records them all")));
        }
        Ok(Found::Fail(format!("management events: {}", recorded.told())))
    }

    pub(super) fn data(&self) -> Judged {
        let objects = |selectors: &Selectors| recorded::objects(selectors, &self.setup.partition, None);
        let recorded: Recorded = objects(seen(&self.trail.selectors)?);
        if recorded.all.both() {
            return Ok(Found::Pass("data events of S3 objects: reads and writes, of all buckets".to_owned()));
        }
        if !recorded.some.any()
            && let Some(other) = self.another(|selectors| objects(selectors).all.both())?
        {
            return Ok(Found::NotApplicable(format!("it records none; {other} records them all")));
        }
        Ok(Found::Fail(format!("data events of S3 objects: {}", recorded.told())))
    }

    pub(super) fn insights(&self) -> Judged {
        let kinds = seen(&self.trail.insights)?;
        Ok(match kinds.is_empty() {
            true => Found::Fail("no insights are recorded".to_owned()),
            false => Found::Pass(format!("insights are recorded: {}", few(kinds))),
        })
    }

    /// Another trail that records every region now, and whose selectors are such; what was not seen of the others matters where
    /// none is.
    fn another(&self, so: impl Fn(&Selectors) -> bool) -> Result<Option<&str>, Found> {
        let mut unseen = Vec::new();
        for other in self.setup.trails.iter().filter(|other| other.arn != self.trail.arn && other.multi_region) {
            let facts = [other.status.as_ref().map(|status| status.logging), other.selectors.as_ref().map(&so)];
            if facts == [Ok(true), Ok(true)] {
                return Ok(Some(&other.arn));
            }
            if !facts.contains(&Ok(false)) {
                unseen.extend(facts.into_iter().filter_map(Result::err).cloned());
            }
        }
        unseen.sort();
        unseen.dedup();
        if unseen.is_empty() { Ok(None) } else { Err(Found::Unknown(unseen)) }
    }
}

fn is_all_management(selectors: &Selectors) -> bool {
    recorded::management(selectors).all.both()
}
