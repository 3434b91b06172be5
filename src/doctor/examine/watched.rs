//! Whether it is recorded who reads and changes a bucket.

use super::super::examination::Unseen;
use super::super::facts::{Selectors, TrailFacts};
use super::{Bucket, Found, few, recorded};

impl Bucket<'_> {
    /// Server access logs in another bucket, or data events by a trail that delivers to another; what was not seen matters where
    /// nothing else tells.
    pub(super) fn access_logging(&self) -> Found {
        let target = self.bucket.access_log.as_ref().map(Option::as_deref);
        if let Ok(Some(target)) = target
            && target != self.bucket.name
        {
            return Found::Pass(format!("accesses are recorded in {target}"));
        }
        let mut unseen: Vec<Unseen> = target.err().into_iter().cloned().collect();
        for trail in self.setup.trails.iter().filter(|trail| trail.bucket != self.bucket.name) {
            match self.is_watched_by(trail) {
                Ok(true) => {
                    let what = "reads and writes of its objects are recorded by";
                    return Found::Pass(format!("{what} {}, which delivers to {}", trail.arn, trail.bucket));
                }
                Ok(false) => {}
                Err(more) => unseen.extend(more),
            }
        }
        unseen.sort();
        unseen.dedup();
        match (unseen.is_empty(), target) {
            (false, _) => Found::Unknown(unseen),
            (true, Ok(Some(_))) => Found::Fail("accesses are recorded in the bucket itself".to_owned()),
            (true, _) => Found::Fail(format!(
                "accesses are not recorded{}",
                match self.own_data_events() {
                    own if own.is_empty() => String::new(),
                    own => format!("; data events of it go to the bucket itself, by {}", few(&own)),
                }
            )),
        }
    }

    /// Whether a trail records all data events of this bucket now; an error is what would have told.
    fn is_watched_by(&self, trail: &TrailFacts) -> Result<bool, Vec<Unseen>> {
        let status = trail.status.as_ref().map(|status| status.logging);
        let selectors = trail.selectors.as_ref().map(|selectors| self.covered_by(selectors));
        let region = match trail.multi_region {
            true => Ok(true),
            false => self.bucket.region.as_ref().map(|region| *region == trail.home_region),
        };
        // A trail sees what is done to its own account's buckets, or its organization's; whether another account's is of that,
        // nothing here shows.
        let own = self.bucket.own.as_ref().map(|()| true);
        let facts = [status, selectors, region, own];
        if facts.contains(&Ok(false)) {
            return Ok(false);
        }
        let unseen: Vec<Unseen> = facts.into_iter().filter_map(Result::err).cloned().collect();
        if unseen.is_empty() { Ok(true) } else { Err(unseen) }
    }

    fn covered_by(&self, selectors: &Selectors) -> bool {
        recorded::objects(selectors, &self.setup.partition, Some(&self.bucket.name)).all.both()
    }

    /// The trails that record data events of this bucket into it.
    fn own_data_events(&self) -> Vec<String> {
        let covering =
            |trail: &&&TrailFacts| trail.selectors.as_ref().is_ok_and(|selectors| self.covered_by(selectors));
        self.trails.iter().filter(covering).map(|trail| trail.name.clone()).collect()
    }
}
