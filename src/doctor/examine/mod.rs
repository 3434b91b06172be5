//! What is to be said of what was seen.
//!
//! Where something is not certain, it is not passed: it fails, or nobody can tell, and what was seen says which and why.

mod account;
mod arriving;
mod delivery;
mod events;
mod kept;
mod key;
mod lifecycle;
mod public;
mod recorded;
mod source;
mod trail;
mod watched;
mod writers;

#[cfg(test)]
mod tests;

use super::catalog::{Check, Names, catalog};
use super::examination::{Checked, Counts, Examination, Outcome, SCHEMA, Subject, Unseen};
use super::facts::{BucketFacts, Fact, Setup, TrailFacts};
use crate::tool::ToolReport;

/// Checks everything that is to be checked of a setup.
pub fn examine(setup: &Setup) -> Examination {
    let mut checks = of_account(setup);
    checks.extend(setup.trails.iter().flat_map(|trail| of_trail(setup, trail)));
    checks.extend(buckets(setup).into_iter().flat_map(|bucket| of_bucket(setup, bucket)));
    let examination = Examination {
        schema: SCHEMA.to_owned(),
        tool: ToolReport::this(),
        catalog_version: catalog().version.clone(),
        as_of: setup.as_of,
        account_id: setup.account_id.clone(),
        trails: setup.trails.iter().map(|trail| trail.arn.clone()).collect(),
        retention_days: setup.retention_days,
        outcome: Outcome::Unknown,
        counts: Counts::default(),
        checks,
        symptoms: Vec::new(),
        not_looked_at: not_looked_at(setup),
    };
    examination.concluded()
}

/// What each check of a subject comes to.
type Findings = Vec<(Check, Found)>;

fn of_account(setup: &Setup) -> Vec<Checked> {
    let names = Names { account: setup.account_id.clone(), days: setup.retention_days, ..Names::default() };
    checked(account::checks(setup), &Subject::Account(setup.account_id.clone()), &names)
}

fn of_trail(setup: &Setup, trail: &TrailFacts) -> Vec<Checked> {
    checked(trail::checks(setup, trail), &Subject::Trail(trail.arn.clone()), &names(setup, trail))
}

fn of_bucket(setup: &Setup, name: &str) -> Vec<Checked> {
    let trails: Vec<&TrailFacts> = setup.trails.iter().filter(|trail| trail.bucket == name).collect();
    let findings = match setup.buckets.get(name) {
        None => without(Found::Undecided("the bucket was not looked at".to_owned()), Check::BucketExists),
        Some(bucket) if bucket.exists == Ok(false) => {
            let gone = Found::Fail(format!("S3 knows no bucket {name}"));
            without(gone, Check::BucketExists)
        }
        Some(bucket) => Bucket { setup, bucket, trails: &trails }.checks(),
    };
    let names = match trails.first() {
        Some(trail) => names(setup, trail),
        None => Names { bucket: name.to_owned(), account: setup.account_id.clone(), ..Names::default() },
    };
    let names = Names { days: setup.retention_days, ..names };
    checked(findings, &Subject::Bucket(name.to_owned()), &names)
}

/// Every bucket that a trail names, or that was looked at, once.
fn buckets(setup: &Setup) -> Vec<&str> {
    let named = setup.trails.iter().map(|trail| trail.bucket.as_str());
    let mut names: Vec<&str> = setup.buckets.keys().map(String::as_str).chain(named).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn names(setup: &Setup, trail: &TrailFacts) -> Names {
    Names {
        arn: trail.arn.clone(),
        trail: trail.name.clone(),
        region: trail.home_region.clone(),
        bucket: trail.bucket.clone(),
        prefix: trail.prefix.clone(),
        account: trail.account_id.clone(),
        days: setup.retention_days,
    }
}

fn checked(findings: Findings, subject: &Subject, names: &Names) -> Vec<Checked> {
    findings.into_iter().map(|(check, found)| found.of(check, subject.clone(), names)).collect()
}

/// The checks of a bucket that is not there, or of which nothing is known: the first is what is said, and the rest follow from it.
fn without(found: Found, first: Check) -> Findings {
    let rest = match &found {
        Found::Fail(_) => Found::NotApplicable("the bucket is not there".to_owned()),
        other => other.clone(),
    };
    let of_buckets = Check::ALL.iter().filter(|check| check.entry().of == "bucket");
    of_buckets.map(|check| (*check, if *check == first { found.clone() } else { rest.clone() })).collect()
}

fn not_looked_at(setup: &Setup) -> Vec<String> {
    let mut left = vec![
        "who else may stop the trail, change it or delete its objects by IAM policies, service control policies and access points: no IAM policy was read".to_owned(),
        "ACLs, retention and tags of single objects: what is said of a bucket is said of its settings".to_owned(),
    ];
    let unasked = setup.unasked_regions.iter();
    left.extend(unasked.map(|(region, unseen)| format!("trails of {region}: {}", unasked_for(unseen))));
    if let (Err(unseen), None) = (&setup.regions, &setup.only) {
        left.push(format!("trails of regions that no trail names: {}", unasked_for(unseen)));
    }
    left
}

/// A bucket, and the trails that deliver to it.
struct Bucket<'a> {
    setup: &'a Setup,
    bucket: &'a BucketFacts,
    trails: &'a [&'a TrailFacts],
}

impl Bucket<'_> {
    fn checks(&self) -> Findings {
        vec![
            (Check::BucketExists, settled(self.exists())),
            (Check::BucketAccessBlock, self.access_block()),
            (Check::BucketNotPublic, settled(self.not_public())),
            (Check::BucketPolicyDelivery, settled(self.policy_delivery())),
            (Check::BucketPolicySource, settled(self.policy_source())),
            (Check::BucketPolicyWriters, settled(self.policy_writers())),
            (Check::BucketTls, settled(self.tls())),
            (Check::BucketVersioning, settled(self.versioning())),
            (Check::BucketMfaDelete, self.mfa_delete()),
            (Check::BucketObjectLock, settled(self.object_lock())),
            (Check::BucketExpiry, settled(self.expiry())),
            (Check::BucketArchive, settled(self.archive())),
            (Check::BucketAccessLogging, self.access_logging()),
            (Check::BucketEncryption, settled(self.encryption())),
            (Check::BucketOwnership, settled(self.ownership())),
            (Check::BucketReplication, self.replication()),
        ]
    }

    fn exists(&self) -> Judged {
        seen(&self.bucket.exists)?;
        let region = seen(&self.bucket.region).map_or_else(|_| String::new(), |region| format!(", in {region}"));
        Ok(Found::Pass(format!("{} is there{region}", self.bucket.name)))
    }

    /// `arn:aws:s3:::BUCKET`.
    fn arn(&self) -> String {
        format!("arn:{}:s3:::{}", self.setup.partition, self.bucket.name)
    }
}

/// What a check came to; an `Err` is what it came to before all was considered.
type Judged = Result<Found, Found>;

fn settled(judged: Judged) -> Found {
    judged.unwrap_or_else(|early| early)
}

/// What was seen, or that the check is unknown.
fn seen<T>(fact: &Fact<T>) -> Result<&T, Found> {
    fact.as_ref().map_err(|unseen| Found::Unknown(vec![unseen.clone()]))
}

/// The first few of many names, and how many more there are.
fn few(names: &[String]) -> String {
    let named = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Names in one sentence. Stops: a policy with a thousand principals.
const NAMED: usize = 5;

/// What a check came to.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// As it should be; what was seen.
    Pass(String),
    /// Not as it should be; what was seen.
    Fail(String),
    /// What could not be asked.
    Unknown(Vec<Unseen>),
    /// Nobody can tell from what was seen, and why.
    Undecided(String),
    /// There is nothing to check, and why.
    NotApplicable(String),
}

impl Found {
    /// The same with what the catalog says of the check.
    pub(super) fn of(self, check: Check, subject: Subject, names: &Names) -> Checked {
        let entry = check.entry();
        let (outcome, saw, unseen) = match self {
            Found::Pass(saw) => (Outcome::Pass, saw, Vec::new()),
            Found::Fail(saw) => (Outcome::Fail, saw, Vec::new()),
            Found::Undecided(why) => (Outcome::Unknown, why, Vec::new()),
            Found::NotApplicable(why) => (Outcome::NotApplicable, why, Vec::new()),
            Found::Unknown(unseen) => (Outcome::Unknown, unknown(&unseen), unseen),
        };
        Checked {
            id: check.id().to_owned(),
            title: entry.title.clone(),
            severity: entry.severity,
            subject,
            outcome,
            saw,
            unseen,
            why: entry.why.clone(),
            mend: (outcome == Outcome::Fail).then(|| entry.mend(names)),
            controls: entry.controls.clone(),
        }
    }
}

fn unknown(unseen: &[Unseen]) -> String {
    let each: Vec<String> = unseen.iter().map(unasked_for).collect();
    format!("it could not be seen: {}", few(&each))
}

/// What could not be asked for, and why.
pub(super) fn unasked_for(unseen: &Unseen) -> String {
    match unseen.denied {
        true => format!("{} is not allowed", unseen.action),
        false => format!("{}: {}", unseen.action, unseen.why),
    }
}
