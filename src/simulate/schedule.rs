//! When things happen: a chain's digests, its gaps, its backfills, and how many log files an hour has.

use std::ops::Range;

use super::random::{Random, derive};
use super::scenario::Scenario;
use crate::trail::{AccountFolder, ChainId, ChainKind, DigestKey, Interval, Time};

/// One standard chain's plan; hours are planned when asked for, so that a plan of a million hours takes no memory.
pub(super) struct ChainPlan {
    pub(super) folder: AccountFolder,
    pub(super) chain: ChainId,
    seed: u64,
    first: Interval,
    /// Hours in which logging was stopped, sorted.
    gaps: Vec<Range<u32>>,
    /// Hours of which a part was backfilled, sorted.
    backfilled: Vec<u32>,
    mean_log_files: u32,
    empty_hours: u32,
}

/// One hour of a chain in which logging was on.
pub(super) struct Slot {
    pub(super) interval: Interval,
    /// Whether the digest starts a chain anew.
    pub(super) starting: bool,
    pub(super) log_files: u32,
    /// When the digest was delivered.
    pub(super) delivered: Time,
    /// When the backfill digest was generated, if there is one.
    pub(super) backfill_generated: Option<Time>,
    /// What everything random in this hour follows from.
    pub(super) key: [u8; 32],
}

impl ChainPlan {
    pub(super) fn new(scenario: &Scenario, folder: AccountFolder, chain: ChainId) -> ChainPlan {
        let start = scenario.interval().start;
        let gaps = gaps(scenario, &chain.trail);
        let backfilled = backfilled(scenario, &chain, &gaps);
        ChainPlan {
            folder,
            chain,
            seed: scenario.seed,
            first: Interval::new(start, start.plus(Time::HOUR)),
            gaps,
            backfilled,
            mean_log_files: scenario.log_files_per_hour,
            empty_hours: scenario.empty_hours,
        }
    }

    /// The hour numbered `hour`, unless logging was stopped.
    pub(super) fn slot(&self, hour: u32) -> Option<Slot> {
        if self.gaps.iter().any(|gap| gap.contains(&hour)) {
            return None;
        }
        let shift = i64::from(hour) * Time::HOUR;
        let interval = Interval::new(self.first.start.plus(shift), self.first.end.plus(shift));
        let chain = &self.chain;
        let moment = interval.start.unix().to_string();
        let key = derive(self.seed, &["hour", &chain.trail, &chain.account_id, &chain.region, &moment]);
        let mut random = Random::new(key, 0);
        let backfill = self.backfilled.binary_search(&hour).is_ok();
        let log_files = match random.percent(self.empty_hours) && !backfill {
            true => 0,
            // A part of a backfilled hour is in its digest, a part in the backfill digest.
            false => self.log_files(interval.start, &mut random).max(if backfill { 2 } else { 0 }),
        };
        Some(Slot {
            interval,
            starting: hour == 0 || self.gaps.iter().any(|gap| gap.end == hour),
            log_files,
            // Genuine digests were seen delivered 9 and 26 minutes after their end.
            delivered: interval.end.plus(i64::from(random.between(9 * 60, 26 * 60))),
            backfill_generated: backfill.then(|| interval.end.plus(BACKFILL_DELAY + i64::from(random.below(1500)))),
            key,
        })
    }

    /// When the last of the backfill digests was generated at the latest.
    pub(super) fn last_backfill(&self) -> Option<Time> {
        let hour = *self.backfilled.last()?;
        Some(self.first.end.plus(i64::from(hour) * Time::HOUR + BACKFILL_DELAY + 1500))
    }

    /// The key of a digest that ends at `end`.
    pub(super) fn digest_key(&self, end: Time, kind: ChainKind) -> String {
        let chain = ChainId { kind, ..self.chain.clone() };
        DigestKey { folder: self.folder.clone(), chain, end }.key()
    }

    fn log_files(&self, start: Time, random: &mut Random) -> u32 {
        let local = (start.unix() + utc_offset(&self.chain.region) * Time::HOUR).rem_euclid(Time::DAY) / Time::HOUR;
        let by_day = u64::from(self.mean_log_files) * u64::from(DIURNAL[local as usize]);
        // From 65 % to 135 % of it, in millionths of a file; the fraction decides by chance.
        let millionths = by_day * u64::from(random.between(650, 1350));
        let count = (millionths / 1_000_000) as u32;
        count + u32::from(u64::from(random.below(1_000_000)) < millionths % 1_000_000)
    }
}

/// Stopping logging stops it for the whole trail: the same hours in all accounts and regions.
fn gaps(scenario: &Scenario, trail: &str) -> Vec<Range<u32>> {
    let segments = scenario.restarts + 1;
    let length = scenario.hours / segments;
    let mut random = Random::derived(scenario.seed, &["gaps", trail]);
    let gap = |number: u32| {
        // Each gap leaves an hour of its own segment, so that digests lie before and after it.
        let hours = random.between(1, 3.min(length - 1));
        let start = number * length + random.below(length - hours);
        start..start + hours
    };
    (1..segments).map(gap).collect()
}

fn backfilled(scenario: &Scenario, chain: &ChainId, gaps: &[Range<u32>]) -> Vec<u32> {
    // Where there is room, the backfill digests too are generated inside the range.
    let usable = scenario.hours.saturating_sub(6).max(scenario.backfills);
    let mut random = Random::derived(scenario.seed, &["backfills", &chain.trail, &chain.account_id, &chain.region]);
    let hour = |number: u32| {
        let at = |n: u32| (u64::from(usable) * u64::from(n) / u64::from(scenario.backfills)) as u32;
        let hour = random.between(at(number), at(number + 1) - 1);
        gaps.iter().find(|gap| gap.contains(&hour)).map_or(hour, |gap| gap.end)
    };
    let mut hours: Vec<u32> = (0..scenario.backfills).map(hour).collect();
    hours.sort_unstable();
    hours.dedup();
    hours
}

/// Hours from UTC, roughly: it only says when people are at work.
fn utc_offset(region: &str) -> i64 {
    match region {
        "us-west-1" | "us-west-2" | "us-gov-west-1" => -8,
        "sa-east-1" => -3,
        "ap-south-1" | "ap-south-2" => 5,
        _ if region.starts_with("us-") || region.starts_with("ca-") => -5,
        _ if region.starts_with("ap-southeast-2") => 10,
        _ if region.starts_with("ap-northeast") => 9,
        _ if region.starts_with("ap-") || region.starts_with("cn-") => 8,
        _ if region.starts_with("me-") => 3,
        _ => 1,
    }
}

/// Activity by the hour of the local day, in thousandths of the mean.
const DIURNAL: [u32; 24] = [
    480, 440, 420, 420, 440, 500, 640, 860, 1180, 1440, 1580, 1600, 1520, 1540, 1600, 1580, 1500, 1340, 1120, 960, 840,
    740, 660, 600,
];
/// From the end of an hour until its backfill digest is generated, at the least.
const BACKFILL_DELAY: i64 = 5 * Time::HOUR;

#[cfg(test)]
mod tests {
    use super::*;

    fn plans(scenario: &Scenario) -> Vec<ChainPlan> {
        scenario.chains().into_iter().map(|(folder, chain)| ChainPlan::new(scenario, folder, chain)).collect()
    }

    #[test]
    fn a_day_has_its_mean() {
        assert_eq!(DIURNAL.iter().sum::<u32>(), 24_000);
        let scenario = Scenario { log_files_per_hour: 100, empty_hours: 0, hours: 240, ..Scenario::default() };
        let plan = plans(&scenario).remove(0);
        let files: u32 = (0..240).filter_map(|hour| plan.slot(hour)).map(|slot| slot.log_files).sum();
        assert!((22_000..26_000).contains(&files), "{files}");
    }

    #[test]
    fn gaps_and_backfills_are_as_many_as_asked_for() {
        for restarts in 0..5 {
            for hours in 2 * (restarts + 1)..40 {
                let scenario = Scenario { hours, restarts, backfills: 2.min(hours), ..Scenario::default() };
                assert_eq!(scenario.check(), Ok(()));
                for plan in plans(&scenario) {
                    let slots: Vec<Slot> = (0..hours).filter_map(|hour| plan.slot(hour)).collect();
                    let starting = slots.iter().filter(|slot| slot.starting).count() as u32;
                    assert_eq!(starting, restarts + 1, "{hours} hours, gaps {:?}", plan.gaps);
                    let backfills = slots.iter().filter(|slot| slot.backfill_generated.is_some()).count();
                    assert!((1..=2).contains(&backfills), "{hours} hours, {:?} {:?}", plan.backfilled, plan.gaps);
                }
            }
        }
    }
}
