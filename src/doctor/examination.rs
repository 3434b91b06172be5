//! What an examination comes to: the value that is rendered.

use serde::{Deserialize, Serialize};

use super::catalog::{Check, CheckControl, Gravity};
use super::causes::Symptom;
use crate::tool::ToolReport;
use crate::trail::Time;

/// The schema of an examination as JSON.
pub const SCHEMA: &str = "trailseal.doctor/1";

/// Whether an account's trails are set up so that their log files can be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examination {
    /// [`SCHEMA`].
    pub schema: String,
    /// Who says so.
    pub tool: ToolReport,
    /// The version of the checks.
    pub catalog_version: String,
    /// When it was looked at.
    pub as_of: Time,
    /// Whose trails.
    pub account_id: String,
    /// The ARNs of the trails that were looked at.
    pub trails: Vec<String>,
    /// Days for which log files are to be kept.
    pub retention_days: u32,
    /// The worst that was found: a check that failed, one that is unknown, or none of these.
    pub outcome: Outcome,
    /// How many came to what.
    pub counts: Counts,
    /// Each check of each subject, those that failed first, the most severe of them first.
    pub checks: Vec<Checked>,
    /// What is wrong now, or was, and what it can come from.
    #[serde(default)]
    pub symptoms: Vec<Symptom>,
    /// What nobody looked at, and who should.
    pub not_looked_at: Vec<String>,
}

/// How many checks came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// As they should be.
    pub passed: u64,
    /// Not as they should be.
    pub failed: u64,
    /// Nobody could tell.
    pub unknown: u64,
    /// There is nothing to check.
    pub not_applicable: u64,
}

/// One check of one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Its stable id.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// How bad it is where it fails.
    pub severity: Gravity,
    /// Of what.
    pub subject: Subject,
    /// What it came to.
    pub outcome: Outcome,
    /// What was seen, in a sentence.
    pub saw: String,
    /// What kept it from being seen, where it is unknown; none where all was seen, and nobody can tell from it: then what was
    /// seen says why.
    #[serde(default)]
    pub unseen: Vec<Unseen>,
    /// Why it matters.
    pub why: String,
    /// How to mend it, where it failed.
    #[serde(default)]
    pub mend: Option<Mend>,
    /// What asks for it.
    pub controls: Vec<CheckControl>,
}

/// What is checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum Subject {
    /// An account, by its id.
    Account(String),
    /// A trail, by its ARN.
    Trail(String),
    /// A bucket, by its name.
    Bucket(String),
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is not as it should be.
    Fail,
    /// Nobody could tell: something could not be asked.
    Unknown,
    /// It is as it should be.
    Pass,
    /// There is nothing to check.
    NotApplicable,
}

/// What could not be asked of AWS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unseen {
    /// The permission that it takes, such as `s3:GetBucketPolicy`.
    pub action: String,
    /// Whether that is what is missing; else AWS could not be reached, or did not know.
    pub denied: bool,
    /// AWS's own words, without secrets.
    pub why: String,
}

/// How to mend it, with the names filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mend {
    /// Where to click.
    pub console: String,
    /// What to run.
    pub cli: String,
    /// What to write.
    pub terraform: String,
}

impl Outcome {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Fail => "fail",
            Outcome::Unknown => "unknown",
            Outcome::Pass => "pass",
            Outcome::NotApplicable => "not-applicable",
        }
    }
}

impl Subject {
    /// What it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Subject::Account(_) => "account",
            Subject::Trail(_) => "trail",
            Subject::Bucket(_) => "bucket",
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Subject::Account(name) | Subject::Trail(name) | Subject::Bucket(name) => name,
        }
    }
}

impl Examination {
    /// 0 where everything is as it should be, 1 where something is not, 3 where somebody could not tell.
    pub fn exit_status(&self) -> u8 {
        match self.outcome {
            Outcome::Fail => 1,
            Outcome::Unknown => 3,
            Outcome::Pass | Outcome::NotApplicable => 0,
        }
    }

    /// Counts, and puts the worst first.
    pub(super) fn concluded(mut self) -> Examination {
        let count = |of: Outcome| self.checks.iter().filter(|checked| checked.outcome == of).count() as u64;
        self.counts = Counts {
            passed: count(Outcome::Pass),
            failed: count(Outcome::Fail),
            unknown: count(Outcome::Unknown),
            not_applicable: count(Outcome::NotApplicable),
        };
        self.outcome = self.checks.iter().map(|checked| checked.outcome).min().unwrap_or(Outcome::Unknown);
        let place = |id: &str| Check::ALL.iter().position(|check| check.id() == id);
        self.checks.sort_by_cached_key(|checked| {
            (checked.outcome, checked.severity, place(&checked.id), checked.subject.clone())
        });
        self
    }
}
