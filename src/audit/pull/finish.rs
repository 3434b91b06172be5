//! The end of a pull: the keys, and the records that make a directory a copy.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use super::region::RegionPulled;
use super::{Pull, PullError, Pulled, Tally, extent};
use crate::audit::range::EndFrom;
use crate::digest::KeySet;
use crate::keys::{KeySource, PublicKeyList, parse_key_file, write_key_list};
use crate::store::dir::{Extent, PULL_RECORD, PullRecord, SourceRecord};
use crate::trail::{Interval, Time};

impl Pull {
    /// Fetches the keys, sorts what was recorded, and says last of all that the copy is complete.
    pub(super) async fn finish(
        &self,
        record: PullRecord,
        keys: &Arc<dyn KeySource>,
        regions: Vec<RegionPulled>,
        mut tally: Tally,
    ) -> Result<Pulled, PullError> {
        let mut asked: BTreeMap<String, Interval> = BTreeMap::new();
        for (region, range) in regions.iter().filter_map(|region| region.keys.clone()) {
            asked.entry(region).and_modify(|all| *all = all.or(range)).or_insert(range);
        }
        let (keys, keys_missing) = self.fetch_keys(keys, asked).await?;
        regions.iter().for_each(|region| tally += region.tally);
        let record = extent::completed(record, self.extent(&regions));
        let mut not_copied = 0;
        // The directory itself last: its record is what tells that all of it is there.
        for copy in self.copies.iter().rev() {
            not_copied += copy.writer.sort_records()?;
            let Extent { start, end, newest } = record.extent;
            copy.writer.write_json(
                "source.json",
                &SourceRecord {
                    source: Some(record.source.clone()),
                    bucket: copy.store.bucket().map(str::to_owned),
                    start,
                    end: (!newest).then_some(end),
                    taken_at: Some(self.request.as_of),
                },
            )?;
        }
        self.copies[0].writer.write_json(PULL_RECORD, &record)?;
        for copy in &self.copies {
            copy.writer.close()?;
        }
        let Extent { start, end, .. } = record.extent;
        Ok(Pulled { start, end, tally, not_copied, keys, keys_missing })
    }

    /// The time that the copy is of. The digest of the hour under way is not there yet: until every chain whose next
    /// digest is not due has one, there is nothing to tell what was delivered, and a copy looked at later would seem to
    /// have lost it.
    fn extent(&self, regions: &[RegionPulled]) -> Extent {
        let scope = self.range.scope;
        let newest = self.range.end_from == EndFrom::NewestDigest;
        let settled = regions.iter().filter_map(|region| region.settled).min().filter(|_| !newest);
        let usable = |end: &Time| scope.start.is_none_or(|start| start < *end);
        let end = settled.filter(usable).map_or(scope.end, |settled| settled.min(scope.end));
        Extent { start: scope.start, end, newest }
    }

    /// Writes the keys of every region asked for, beside those of earlier pulls: how many, and which are not to be had.
    async fn fetch_keys(
        &self,
        source: &Arc<dyn KeySource>,
        asked: BTreeMap<String, Interval>,
    ) -> Result<(u64, Vec<String>), PullError> {
        let writer = &self.copies[0].writer;
        let mut all = self.keys_before().unwrap_or_default();
        let mut missing = Vec::new();
        for (region, range) in asked {
            match source.keys(&region, range).await {
                Err(error) => missing.push(error.to_string()),
                Ok(keys) => {
                    // Keys at hand are those of every region; of the others this one's answer says nothing.
                    let of_region = |of: Option<&str>| of.is_none_or(|of| of == region);
                    let here = keys.iter().filter(|key| of_region(key.region.as_deref()));
                    here.for_each(|key| all.insert(key.clone()));
                    let stated = keys.complete().filter(|(of, _)| *of == region);
                    stated.for_each(|(of, range)| all.state_complete(of, range));
                }
            }
        }
        if !all.is_empty() {
            writer.write_beside(PUBLIC_KEYS, |out| write_key_list(&PublicKeyList::of(&all), out))?;
        }
        Ok((all.len() as u64, missing))
    }

    /// The keys that earlier pulls left; those of a file that cannot be read are fetched anew or missing.
    fn keys_before(&self) -> Option<KeySet> {
        let path = self.copies[0].writer.root().join(crate::store::dir::SIDECAR_FOLDER).join(PUBLIC_KEYS);
        std::fs::symlink_metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
        let mut bytes = Vec::new();
        std::fs::File::open(path).ok()?.take(self.request.limits.small_file).read_to_end(&mut bytes).ok()?;
        parse_key_file(&bytes).ok()
    }
}

const PUBLIC_KEYS: &str = "public-keys.json";
