//! The log files of one hour of one chain.

use std::collections::BTreeMap;

use super::draft::LogEntryDraft;
use super::events::{Cast, EventWriter};
use super::gzip::Gzip;
use super::object::SimulatedObject;
use super::random::Random;
use super::scenario::Scenario;
use super::schedule::{ChainPlan, Slot};
use crate::trail::{Interval, LogKey, LogName, ObjectLocation, Time};

/// A worker's buffers, kept from one log file to the next.
#[derive(Default)]
pub(super) struct Workspace {
    json: Vec<u8>,
    gzip: Gzip,
}

/// One log file, its entry in the digest, and how many events it holds.
pub(super) struct LogFile {
    pub(super) object: SimulatedObject,
    pub(super) entry: LogEntryDraft,
    pub(super) events: u32,
}

/// Who acts in the chain's account and region.
pub(super) fn cast(scenario: &Scenario, plan: &ChainPlan) -> Cast {
    Cast::new(scenario.seed, &plan.chain.account_id, &plan.chain.region, &plan.chain.trail)
}

/// The log file numbered `number` of an hour.
pub(super) fn log_file(
    scenario: &Scenario,
    plan: &ChainPlan,
    slot: &Slot,
    number: u32,
    writer: &EventWriter<'_>,
    space: &mut Workspace,
) -> LogFile {
    // Each log file has a stream of its own; stream 0 planned the hour.
    let mut random = Random::new(slot.key, u64::from(number) + 1);
    let delivered = slot.interval.start.plus(i64::from(random.below(Time::HOUR as u32)));
    let delay = match random.percent(scenario.late_log_files) {
        true => i64::from(random.between(1, 6)) * Time::HOUR,
        false => 0,
    };
    // CloudTrail delivers within minutes; 30 s lets no event be younger than its log file.
    let newest = delivered.plus(-delay - 30);
    let span = Interval::new(newest.plus(-i64::from(random.between(60, 840))), newest);
    let count = events(scenario.events_per_log_file, &mut random);
    let written = writer.log_file(&mut space.json, &mut random, count, span);

    let mut unique = [0; 16];
    unique.copy_from_slice(random.text(16, Random::push_alphanumeric).as_bytes());
    let minute = Time::from_unix((delivered.unix() + 299).div_euclid(300) * 300);
    let name = LogName { minute, unique };
    let key = LogKey { folder: plan.folder.clone(), region: plan.chain.region.clone(), name }.key();
    let location = ObjectLocation::new(scenario.bucket.clone(), key.clone());
    let entry = LogEntryDraft::new(location, &space.json, written.oldest, written.newest);
    let body = space.gzip.compress(&space.json);
    let object = SimulatedObject { key, body, metadata: BTreeMap::new(), last_modified: delivered };
    LogFile { object, entry, events: written.events }
}

/// How many events a log file holds: most about `mean`, some one, a few many times it; `mean` on average.
fn events(mean: u32, random: &mut Random) -> u32 {
    match random.below(100) {
        0..10 => 1,
        10..45 => random.between(1, (mean / 2).max(1)),
        45..85 => random.between((mean / 2).max(1), mean + mean / 2),
        85..98 => random.between(mean, 4 * mean),
        _ => random.between(4 * mean, 15 * mean),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_vary_about_their_mean() {
        let mut random = Random::derived(1, &["sizes"]);
        let counts: Vec<u32> = (0..20_000).map(|_| events(100, &mut random)).collect();
        let mean = counts.iter().sum::<u32>() / 20_000;
        assert!((90..110).contains(&mean), "{mean}");
        assert_eq!(counts.iter().min(), Some(&1));
        assert!(counts.iter().max() > Some(&1000));
    }
}
