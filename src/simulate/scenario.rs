//! What a simulated trail is to be like.

use std::collections::HashSet;

use super::random::{Random, derive};
use crate::store::dir::has_place;
use crate::trail::{AccountFolder, ChainId, ChainKind, Interval, Time, is_organization_id, is_region, is_trail_name};

/// The description of a simulated trail; the same description gives the same bytes, on any machine and number of threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What everything random follows from, keys included.
    pub seed: u64,
    /// The bucket the trail delivers to.
    pub bucket: String,
    /// The prefix in front of `AWSLogs/`; a slash is added where it lacks one.
    pub prefix: String,
    /// The id of the organization, for an organization trail.
    pub organization: Option<String>,
    /// How many accounts; their ids follow from the seed.
    pub accounts: u32,
    /// The source regions.
    pub regions: Vec<String>,
    /// The names of the trails; all deliver into the one bucket, each its own log files.
    pub trails: Vec<String>,
    /// The region in which the trails were created.
    pub home_region: String,
    /// When the range begins; the first digests begin within the hour after.
    pub start: Time,
    /// How many hours, and so digests a chain.
    pub hours: u32,
    /// Mean number of log files in a chain's hour; more by day, fewer by night.
    pub log_files_per_hour: u32,
    /// Mean number of events in a log file; single files hold from 1 to 15 times as many.
    pub events_per_log_file: u32,
    /// How many hours in a hundred have no log file.
    pub empty_hours: u32,
    /// How many log files in a hundred hold events that are hours older than their delivery.
    pub late_log_files: u32,
    /// How often logging was stopped and started again, in each trail.
    pub restarts: u32,
    /// How many backfill digests, in each chain.
    pub backfills: u32,
    /// Hours after which a region's signing key is replaced.
    pub key_rotation: u32,
    /// Whether one sequence of keys serves all regions: not as at AWS, but fewer keys to make.
    pub shared_keys: bool,
    /// Worker threads; 0 for as many as the machine has cores.
    pub threads: usize,
}

/// Why a scenario cannot be simulated.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct ScenarioError(String);

impl Default for Scenario {
    /// One account, two regions, one day: a trail of some hundred small files.
    fn default() -> Scenario {
        Scenario {
            seed: 1,
            bucket: "example-trail-logs".to_owned(),
            prefix: String::new(),
            organization: None,
            accounts: 1,
            regions: REGIONS[..2].iter().map(|&region| region.to_owned()).collect(),
            trails: vec![Scenario::trail_name(0)],
            home_region: REGIONS[0].to_owned(),
            // 2026-01-10T00:00:00Z: a fixed date, for the clock must not matter.
            start: Time::from_unix(1_768_003_200),
            hours: 24,
            log_files_per_hour: 4,
            events_per_log_file: 20,
            empty_hours: 10,
            late_log_files: 2,
            restarts: 0,
            backfills: 0,
            key_rotation: 480,
            shared_keys: false,
            threads: 0,
        }
    }
}

impl Scenario {
    /// Whether everything fits together; says what to change where it does not.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let last = self.start.plus(i64::from(self.hours) * Time::HOUR);
        let segments = self.restarts.saturating_add(1);
        let wrong = if let Some(region) = self.regions.iter().chain([&self.home_region]).find(|r| !is_region(r)) {
            format!("`{region}` is no region; write regions as us-east-1,eu-west-1, or a number for the first of them")
        } else if let Some(trail) = self.trails.iter().find(|name| !is_trail_name(name)) {
            format!("`{trail}` is no trail name; use 3 to 128 letters, digits, dots, dashes or underscores")
        } else if let Some(id) = self.organization.as_ref().filter(|id| !is_organization_id(id)) {
            format!("`{id}` is no organization id; write o- and 10 to 32 lowercase letters or digits")
        } else if self.accounts == 0 || self.regions.is_empty() || self.trails.is_empty() || self.hours == 0 {
            "nothing to simulate; ask for at least one account, region, trail and hour".to_owned()
        } else if has_twins(&self.regions) || has_twins(&self.trails) {
            "a region or trail is named twice; name each once".to_owned()
        } else if self.accounts > MAX_ACCOUNTS {
            format!("{} accounts are too many; ask for at most {MAX_ACCOUNTS}", self.accounts)
        } else if !self.bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b))
            || !(3..=63).contains(&self.bucket.len())
        {
            format!("`{}` is no bucket name; use 3 to 63 lowercase letters, digits, dots or dashes", self.bucket)
        } else if !self.prefix.is_empty() && !has_place(&self.prefix) {
            format!(
                "`{}` does not work as a prefix in a directory; leave out `.`, `..` and needless slashes",
                self.prefix
            )
        } else if self.prefix.bytes().any(|b| b.is_ascii_control() || b == b'"' || b == b'\\') {
            "the prefix holds a control character, quote or backslash; leave it out".to_owned()
        } else if self.empty_hours > 100 || self.late_log_files > 100 {
            "a percentage is over 100; give 0 to 100".to_owned()
        } else if self.events_per_log_file == 0 {
            "a log file holds at least one event; give a mean of 1 or more".to_owned()
        } else if self.log_files_per_hour > MAX_MEAN || self.events_per_log_file > MAX_MEAN {
            format!("a mean over {MAX_MEAN} would not fit in memory; spread it over more accounts, regions or hours")
        } else if self.hours < segments.saturating_mul(2) && self.restarts > 0 {
            format!("{} hours are too few for {} restarts; ask for {} hours", self.hours, self.restarts, 2 * segments)
        } else if self.hours < self.backfills {
            format!("{} hours are too few for {} backfills; ask for more hours", self.hours, self.backfills)
        } else if self.start.unix() < 0 || last.unix() > LAST_MOMENT {
            "the range leaves the years 1970 to 9998; choose another --start".to_owned()
        } else {
            return Ok(());
        };
        Err(ScenarioError(wrong))
    }

    /// The ids of the accounts, the management account of an organization first.
    pub fn account_ids(&self) -> Vec<String> {
        let mut ids = Vec::new();
        let mut seen = HashSet::new();
        let mut attempt = 0_u32;
        while ids.len() < self.accounts as usize {
            let bytes = derive(self.seed, &["account", &attempt.to_string()]);
            let number = bytes[..8].iter().fold(0_u64, |n, &b| n << 8 | u64::from(b));
            let number = 100_000_000_000 + number % 900_000_000_000;
            if seen.insert(number) {
                ids.push(number.to_string());
            }
            attempt += 1;
        }
        ids
    }

    /// The minute and second of the hour at which every digest begins and ends.
    pub fn phase(&self) -> i64 {
        i64::from(Random::derived(self.seed, &["phase"]).below(3600))
    }

    /// From the start of the first digests to the end of the last: what the simulated trail covers.
    pub fn interval(&self) -> Interval {
        let start = self.start.plus(self.phase());
        Interval::new(start, start.plus(i64::from(self.hours) * Time::HOUR))
    }

    /// Every standard chain, sorted as their keys are.
    pub fn chains(&self) -> Vec<(AccountFolder, ChainId)> {
        let prefix = match self.prefix.as_str() {
            "" => String::new(),
            prefix => format!("{}/", prefix.trim_end_matches('/')),
        };
        let mut chains = Vec::new();
        for account_id in self.account_ids() {
            for region in &self.regions {
                for trail in &self.trails {
                    let folder = AccountFolder {
                        prefix: prefix.clone(),
                        organization: self.organization.clone(),
                        account: account_id.clone(),
                    };
                    let chain = ChainId {
                        account_id: account_id.clone(),
                        region: region.clone(),
                        trail: trail.clone(),
                        home_region: self.home_region.clone(),
                        kind: ChainKind::Standard,
                    };
                    chains.push((folder, chain));
                }
            }
        }
        chains.sort();
        chains
    }

    /// The organization id that follows from `seed`, for those who do not care which.
    pub fn organization_id(seed: u64) -> String {
        let text = Random::derived(seed, &["organization"]).text(10, Random::push_alphanumeric);
        format!("o-{}", text.to_ascii_lowercase())
    }

    /// A likely name for the trail numbered `number`, from 0.
    pub fn trail_name(number: u32) -> String {
        match TRAILS.get(number as usize) {
            Some(&name) => name.to_owned(),
            None => format!("trail-{}", number + 1),
        }
    }
}

fn has_twins(names: &[String]) -> bool {
    names.iter().enumerate().any(|(i, name)| names[..i].contains(name))
}

const TRAILS: [&str; 4] = ["management-events", "security_audit", "data-events", "siem.export"];

/// Well-known regions, the busiest first.
pub const REGIONS: [&str; 17] = [
    "us-east-1",
    "eu-west-1",
    "us-west-2",
    "eu-central-1",
    "us-east-2",
    "ap-southeast-1",
    "ap-northeast-1",
    "ap-southeast-2",
    "eu-west-2",
    "ap-south-1",
    "us-west-1",
    "ca-central-1",
    "eu-west-3",
    "sa-east-1",
    "ap-northeast-2",
    "eu-north-1",
    "ap-northeast-3",
];

/// More than AWS Organizations allows without a special arrangement.
const MAX_ACCOUNTS: u32 = 10_000;
/// One hour's list of log files, and one log file's events, are in memory whole.
const MAX_MEAN: u32 = 100_000;
/// 9998-01-01T00:00:00Z.
const LAST_MOMENT: i64 = 253_339_228_800;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_possible_and_its_names_are_strict() {
        let scenario = Scenario { accounts: 50, ..Scenario::default() };
        assert_eq!(scenario.check(), Ok(()));
        assert_eq!(scenario.start.to_string(), "2026-01-10T00:00:00Z");
        assert!(scenario.account_ids().iter().all(|id| crate::trail::is_account_id(id)));
        assert!((0..9).all(|seed| is_organization_id(&Scenario::organization_id(seed))));
        assert!(REGIONS.iter().all(|region| is_region(region)));
    }

    #[test]
    fn impossible_scenarios_say_what_to_change() {
        let base = Scenario::default;
        for (scenario, says) in [
            (Scenario { regions: vec!["nowhere".into()], ..base() }, "is no region"),
            (Scenario { trails: vec!["a/b".into()], ..base() }, "is no trail name"),
            (Scenario { organization: Some("o-X".into()), ..base() }, "is no organization id"),
            (Scenario { accounts: 0, ..base() }, "nothing to simulate"),
            (Scenario { restarts: 12, ..base() }, "too few for 12 restarts"),
            (Scenario { prefix: "../up".into(), ..base() }, "does not work as a prefix"),
            (Scenario { bucket: "X".into(), ..base() }, "is no bucket name"),
            (Scenario { empty_hours: 101, ..base() }, "percentage"),
            (Scenario { hours: u32::MAX, start: Time::from_unix(LAST_MOMENT), ..base() }, "years"),
        ] {
            let error = scenario.check().unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
