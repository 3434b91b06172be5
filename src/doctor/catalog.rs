//! The checks: their stable ids, what they are of, why they matter, and how to mend what they find. Data, with a version.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::examination::Mend;

/// One table for the checks, so that none lacks its id and its place in `Check::ALL`.
macro_rules! checks {
    ($($variant:ident $id:literal,)*) => {
        /// A check, by an id that never changes once released. `docs/doctor.md` explains each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check {
            $(#[doc = $id] $variant,)*
        }

        impl Check {
            /// Every check, in the order of the catalog.
            pub const ALL: &'static [Check] = &[$(Check::$variant,)*];

            /// The stable id.
            pub fn id(self) -> &'static str {
                match self { $(Check::$variant => $id,)* }
            }
        }
    };
}

checks! {
    TrailExists "trail-exists",
    GlobalEventsOnce "global-events-once",
    LogFileValidation "log-file-validation",
    LoggingNow "logging-now",
    LogDelivery "log-delivery",
    DigestDelivery "digest-delivery",
    MultiRegion "multi-region",
    OrganizationTrail "organization-trail",
    ManagementEvents "management-events",
    DataEvents "data-events",
    InsightEvents "insight-events",
    KmsEncryption "kms-encryption",
    KeyUsable "key-usable",
    KeyRotation "key-rotation",
    CloudwatchLogs "cloudwatch-logs",
    SnsTopic "sns-topic",
    BucketExists "bucket-exists",
    BucketAccessBlock "bucket-access-block",
    BucketNotPublic "bucket-not-public",
    BucketPolicyDelivery "bucket-policy-delivery",
    BucketPolicySource "bucket-policy-source",
    BucketPolicyWriters "bucket-policy-writers",
    BucketTls "bucket-tls",
    BucketVersioning "bucket-versioning",
    BucketMfaDelete "bucket-mfa-delete",
    BucketObjectLock "bucket-object-lock",
    BucketExpiry "bucket-expiry",
    BucketArchive "bucket-archive",
    BucketAccessLogging "bucket-access-logging",
    BucketEncryption "bucket-encryption",
    BucketOwnership "bucket-ownership",
    BucketReplication "bucket-replication",
}

/// The checks, and the version of what is said of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// Another one wherever a check changes its meaning.
    pub version: String,
    /// In the order of [`Check::ALL`].
    #[serde(rename = "check")]
    pub checks: Vec<Entry>,
}

/// What is said of a check.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// How bad it is where it fails.
    pub severity: Gravity,
    /// What it is of: `account`, `trail` or `bucket`.
    pub of: String,
    /// What is so where it passes.
    pub title: String,
    /// Why that matters.
    pub why: String,
    console: String,
    cli: String,
    terraform: String,
    /// What asks for it.
    pub controls: Vec<CheckControl>,
}

/// How bad it is where a check fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gravity {
    /// Nothing is recorded, or everyone can read it.
    Critical,
    /// What is recorded cannot be trusted, or may be lost.
    High,
    /// Less protected than it should be.
    Medium,
    /// Good practice.
    Low,
}

impl Gravity {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Gravity::Critical => "critical",
            Gravity::High => "high",
            Gravity::Medium => "medium",
            Gravity::Low => "low",
        }
    }
}

/// A control that asks for what is checked: framework, version and number, such as `CIS AWS Foundations 3.0.0 3.2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckControl(pub String);

/// The names that a check's advice speaks of.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) arn: String,
    pub(super) trail: String,
    pub(super) region: String,
    pub(super) bucket: String,
    pub(super) prefix: String,
    pub(super) account: String,
    pub(super) days: u32,
}

impl Check {
    /// What is said of it.
    pub fn entry(self) -> &'static Entry {
        let place = Check::ALL.iter().position(|check| *check == self).unwrap_or_default();
        &catalog().checks[place]
    }
}

impl Entry {
    /// How to mend it, with names filled in; those that are not known stand as capitals.
    pub(super) fn mend(&self, names: &Names) -> Mend {
        let or = |name: &str, usual: &str| if name.is_empty() { usual.to_owned() } else { name.to_owned() };
        let filled = |text: &str, shell: bool| {
            // A name of AWS's can hold nothing that a shell or HCL would take for its own; what does is no name.
            let plain = |name: String| match name.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:+=@,".contains(c))
            {
                true => name,
                false if shell => "NAME".to_owned(),
                false => name.escape_default().to_string(),
            };
            text.replace("{arn}", &plain(or(&names.arn, "TRAIL_ARN")))
                .replace("{trail}", &plain(or(&names.trail, "TRAIL")))
                .replace("{region}", &plain(or(&names.region, "REGION")))
                .replace("{bucket}", &plain(or(&names.bucket, "BUCKET")))
                .replace("{prefix}", &plain(names.prefix.clone()))
                .replace("{account}", &plain(or(&names.account, "ACCOUNT")))
                .replace("{days}", &names.days.to_string())
        };
        Mend {
            console: filled(&self.console, false),
            cli: filled(&self.cli, true),
            terraform: filled(&self.terraform, true),
        }
    }
}

/// The checks of this version of the program.
pub fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> =
        LazyLock::new(|| toml::from_str(include_str!("checks.toml")).expect("a test reads it"));
    &CATALOG
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_has_each_check_in_its_place() {
        let ids: Vec<&str> = catalog().checks.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, Check::ALL.iter().map(|check| check.id()).collect::<Vec<_>>());
        for entry in &catalog().checks {
            assert!(["account", "trail", "bucket"].contains(&entry.of.as_str()), "{}", entry.id);
            assert!(entry.why.ends_with('.') && !entry.title.ends_with('.') && entry.title.is_ascii(), "{}", entry.id);
            assert!(!entry.title.contains('|') && !entry.why.contains('|'), "{}: a table holds them", entry.id);
            assert!(!entry.controls.is_empty(), "{}", entry.id);
        }
    }

    #[test]
    fn names_are_filled_in_and_can_do_no_harm_where_they_are_pasted() {
        let names = Names { bucket: "logs; rm -rf /".to_owned(), ..Names::default() };
        let mend = Check::BucketVersioning.entry().mend(&names);
        assert!(mend.cli.contains("--bucket NAME ") && !mend.cli.contains("rm -rf"), "{}", mend.cli);
        for check in Check::ALL {
            let mend = check.entry().mend(&Names { days: 365, ..Names::default() });
            for text in [mend.console, mend.cli, mend.terraform] {
                let left = ["{arn}", "{trail}", "{region}", "{bucket}", "{prefix}", "{account}", "{days}"];
                assert!(left.iter().all(|name| !text.contains(name)), "{}: {text}", check.id());
            }
        }
    }

    /// `put-event-selectors` replaces all selectors: with some written out, what else is recorded would end where it is pasted.
    #[test]
    fn no_command_takes_away_what_a_trail_records() {
        for entry in &catalog().checks {
            let put = entry.cli.contains("put-event-selectors");
            assert!(!put || entry.cli.contains("file://selectors.json"), "{}: {}", entry.id, entry.cli);
            assert!(!put || entry.console.contains("replaces all selectors"), "{}: {}", entry.id, entry.console);
            let selects = entry.terraform.contains("advanced_event_selector {");
            assert!(!selects || entry.terraform.contains("[\"Management\"]"), "{}: {}", entry.id, entry.terraform);
        }
    }
}
