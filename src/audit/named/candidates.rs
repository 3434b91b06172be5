//! Which digests may name a log file, and which of them are looked at first.

use std::collections::BTreeMap;

use super::time_of;
use crate::audit::inventory::Listing;
use crate::trail::{ChainId, ChainKind, Interval, LogKey, Time};

/// A digest that a listing shows: its chain, its end, and the place it lies in.
pub(super) type Candidate = (ChainId, Time, u16);

/// Digests that may name a log file, in rounds: if one of a round does, the next is not looked at.
pub(super) fn candidates<'i>(
    key: &LogKey,
    chains: impl Iterator<Item = (&'i ChainId, &'i Listing)>,
    backfills_until: Option<Time>,
) -> Vec<Vec<Candidate>> {
    let mut rounds: BTreeMap<(ChainKind, usize), Vec<Candidate>> = BTreeMap::new();
    for (chain, listing) in chains {
        let within = time_of(key);
        let within = match chain.kind {
            ChainKind::Standard => within,
            // What is made up for in them was delivered at some time before.
            ChainKind::Backfill => {
                Interval::new(within.start, backfills_until.map_or(within.end, |until| until.max(within.end)))
            }
        };
        let (mut before, after): (Vec<_>, Vec<_>) =
            listing.ending_in(within).iter().rev().partition(|(end, _)| *end < key.name.minute);
        before.reverse();
        // The digest of its hour, then those that its rounded name leaves open, then the later ones.
        let hour = after.first().map(|(end, _)| *end);
        let (of_hour, later): (Vec<_>, Vec<_>) = after.into_iter().partition(|(end, _)| Some(*end) == hour);
        let mut round = 0;
        let mut last = None;
        for (end, place) in of_hour.into_iter().chain(before).chain(later) {
            // The same digest in two places is one question.
            round += usize::from(last.is_some_and(|last| last != end));
            last = Some(end);
            rounds.entry((chain.kind, round)).or_default().push((chain.clone(), end, place));
        }
    }
    rounds.into_values().collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::audit::discover::{Place, Region};
    use crate::audit::inventory::take_inventory_of;
    use crate::limits::Limits;
    use crate::store::MemoryStore;
    use crate::trail::RegionFolders;

    const DIGEST: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/10/111122223333_CloudTrail-Digest_us-east-1_audit_us-east-1_20260110T";

    /// The ends of the rounds for a log file of a minute, where digests end at 4:42, 5:42 and so on up to 9:42.
    async fn rounds(minute: &str, backfills_until: Option<&str>) -> Vec<Vec<String>> {
        let key = format!(
            "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/10/111122223333_CloudTrail_us-east-1_20260110T{minute}Z_abcdefghijklmnop.json.gz"
        );
        let key = LogKey::parse(&key).unwrap();
        let mut store = MemoryStore::new(None);
        for hour in 4..10 {
            store.put(&format!("{DIGEST}0{hour}4200Z.json.gz"), "", Default::default());
        }
        for end in ["050000", "230000"] {
            store.put(&format!("{DIGEST}{end}Z_backfill.json.gz"), "", Default::default());
        }
        let folders = RegionFolders { account: key.folder.clone(), region: key.region.clone() };
        let region = Region { region: key.region.clone(), places: vec![Place { store: Arc::new(store), folders }] };
        let day = key.name.minute.day();
        let inventory = take_inventory_of(&region, &Limits::default(), &[(day, Some(day))]).await;
        let until = backfills_until.map(|text| Time::parse_digest_time(text).unwrap());
        let rounds = candidates(&key, inventory.chains.iter(), until);
        let told = |(chain, end, _): &Candidate| {
            format!("{}{}", &end.to_string()[11..16], if chain.kind == ChainKind::Backfill { " backfill" } else { "" })
        };
        rounds.iter().map(|round| round.iter().map(told).collect()).collect()
    }

    #[tokio::test]
    async fn the_digest_of_its_hour_comes_first_and_then_what_may_name_it_too() {
        assert_eq!(rounds("0520", None).await, [["05:42"], ["06:42"], ["07:42"]]);
        // The name may be minutes late: so it may have been delivered before the end of the hour before.
        assert_eq!(rounds("0544", None).await, [["06:42"], ["05:42"], ["07:42"], ["08:42"]]);
        assert_eq!(rounds("0542", None).await, [["05:42"], ["06:42"], ["07:42"], ["08:42"]]);
        assert_eq!(rounds("0547", None).await, [["06:42"], ["07:42"], ["08:42"]]);
        assert!(rounds("1000", None).await.is_empty());
    }

    #[tokio::test]
    async fn backfill_digests_come_last_and_later_ones_only_if_asked_for() {
        let until = Some("2026-01-10T23:30:00Z");
        assert_eq!(rounds("0450", None).await, [["05:42"], ["06:42"], ["07:42"], ["05:00 backfill"]]);
        assert_eq!(
            rounds("0450", until).await,
            [["05:42"], ["06:42"], ["07:42"], ["05:00 backfill"], ["23:00 backfill"]]
        );
        assert_eq!(rounds("0520", Some("2026-01-01T00:00:00Z")).await.len(), 3, "a look at it before its own time");
    }
}
