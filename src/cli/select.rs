//! Which accounts, regions, trails and which time, as the command line names them.

use super::Failure;
use crate::audit::{AuditError, Selection};
use crate::trail::{Time, TrailArn, is_account_id, is_region, is_trail_name};

/// What is asked for.
#[derive(Debug, clap::Args)]
pub(super) struct SelectArgs {
    /// Only this trail
    #[arg(long, value_name = "ARN")]
    trail_arn: Option<TrailArn>,

    /// From when on: 2026-01-31, 2026-01-31T08:00:00+02:00, or a span back from now such as 90d [default: the oldest digest]
    #[arg(long, value_name = "TIME")]
    start_time: Option<String>,

    /// Until when [default: now; for a directory, where the copy says it ends, else the newest digest]
    #[arg(long, value_name = "TIME")]
    end_time: Option<String>,

    /// Only these accounts
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', value_parser = account)]
    account_id: Vec<String>,

    /// Only these source regions
    #[arg(long, value_name = "REGION", num_args = 1.., value_delimiter = ',', value_parser = region)]
    region: Vec<String>,

    /// Only trails of these names
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', value_parser = trail)]
    trail_name: Vec<String>,
}

/// The time asked for.
pub(super) struct AskedTime {
    pub start: Option<Time>,
    pub end: Option<Time>,
    /// The moment the evidence is looked at.
    pub as_of: Time,
}

impl SelectArgs {
    /// The time asked for, by the clock, or by what `--now` says in its place.
    pub(super) fn asked(&self, now: Option<&str>, clock: Time) -> Result<AskedTime, Failure> {
        let time = |text: &str| Time::parse_requested(text, clock).map_err(Failure::told);
        let as_of = now.map(time).transpose()?.unwrap_or(clock);
        let time = |text: &String| Time::parse_requested(text, as_of).map_err(Failure::told);
        let start = self.start_time.as_ref().map(time).transpose()?;
        let end = self.end_time.as_ref().map(|text| Time::parse_requested_end(text, as_of).map_err(Failure::told));
        let end = end.transpose()?;
        match start.zip(end) {
            Some((start, end)) if start >= end => Err(Failure::told(AuditError::RangeReversed { start, end })),
            _ => Ok(AskedTime { start, end, as_of }),
        }
    }

    /// Whether anything was asked for by name.
    pub(super) fn names_something(&self) -> bool {
        self.trail_arn.is_some() || !self.trail_name.is_empty() || self.names_time_or_folder()
    }

    /// Whether a time, an account or a region was asked for.
    pub(super) fn names_time_or_folder(&self) -> bool {
        let (names, times) = ([&self.account_id, &self.region], [&self.start_time, &self.end_time]);
        times.iter().any(|time| time.is_some()) || names.iter().any(|names| !names.is_empty())
    }

    /// Which of what is found.
    pub(super) fn selection(&self) -> Selection {
        Selection {
            accounts: self.account_id.clone(),
            regions: self.region.clone(),
            trails: self.trail_name.clone(),
            trail_arn: self.trail_arn.clone(),
            ..Selection::default()
        }
    }
}

fn account(text: &str) -> Result<String, String> {
    is_account_id(text).then(|| text.to_owned()).ok_or_else(|| {
        "an account id has twelve digits; if that is the evidence, name it before the options".to_owned()
    })
}

fn region(text: &str) -> Result<String, String> {
    is_region(text)
        .then(|| text.to_owned())
        .ok_or_else(|| "a region looks like us-east-1; if that is the evidence, name it before the options".to_owned())
}

fn trail(text: &str) -> Result<String, String> {
    is_trail_name(text)
        .then(|| text.to_owned())
        .ok_or_else(|| "a trail name has 3 to 128 letters, digits, dots, dashes or underscores".to_owned())
}
