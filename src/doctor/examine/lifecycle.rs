//! What the lifecycle of a bucket deletes, or moves to where it cannot be read at once.

use super::super::facts::{Expiry, LifecycleRule, Transition};
use super::{Bucket, Found, Judged, few, seen};

/// Months that are to be at hand at once, in days: PCI DSS 4.0.1, 10.5.1.
const AT_HAND: u32 = 90;

/// Classes whose objects must be restored before they can be read.
const ARCHIVES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// Classes whose objects can be read at once.
const AT_ONCE: [&str; 5] = ["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"];

/// What the rules come to.
#[derive(Default)]
struct Rules {
    /// What is too early.
    early: Vec<String>,
    /// What may be: rules for tags or sizes alone, which nobody sees of the objects from here.
    maybe: Vec<String>,
    /// What is worth knowing.
    noted: Vec<String>,
}

impl Bucket<'_> {
    /// Expiry hides an object behind a delete marker where there is versioning: to whoever audits, it is deleted all the same.
    pub(super) fn expiry(&self) -> Judged {
        let days = self.setup.retention_days;
        let mut rules = Rules::default();
        for rule in self.rules()? {
            match &rule.expiry {
                Some(Expiry::After(after)) if *after < days => {
                    rules.add(rule, format!("rule {} deletes after {after} days, before {days}", rule.id));
                }
                // On its date and ever after, a rule deletes what there is, however young it is.
                Some(Expiry::On(date)) => {
                    rules.add(rule, format!("rule {} deletes from {date} on, however young an object is", rule.id));
                }
                Some(Expiry::After(after)) => rules.noted.push(format!("rule {} deletes after {after} days", rule.id)),
                None => {}
            }
            // The original of what was overwritten or deleted; of what nobody touched, there is none.
            if let Some(after) = rule.old_versions_after.filter(|after| *after < days) {
                let what = "deletes what was overwritten or deleted";
                rules.noted.push(format!("rule {} {what} {after} days after that", rule.id));
            }
        }
        Ok(rules.found(format!("nothing expires before {days} days")))
    }

    pub(super) fn archive(&self) -> Judged {
        let mut rules = Rules::default();
        for rule in self.rules()? {
            for transition in &rule.transitions {
                rules.moved(rule, transition);
            }
        }
        Ok(rules.found(format!("nothing moves to an archive before {AT_HAND} days")))
    }

    /// The rules that are for files of the trails, or may be.
    pub(super) fn rules(&self) -> Result<Vec<&LifecycleRule>, Found> {
        let mut folders: Vec<String> = self.trails.iter().map(|trail| format!("{}AWSLogs/", trail.prefix)).collect();
        if folders.is_empty() {
            // No trail that was looked at: any rule may be for what lies here.
            folders.push(String::new());
        }
        let prefix = |rule: &LifecycleRule| rule.prefix.clone().unwrap_or_default();
        let hits = |rule: &&LifecycleRule| folders.iter().any(|folder| overlaps(&prefix(rule), folder));
        Ok(seen(&self.bucket.lifecycle)?.iter().filter(hits).collect())
    }
}

impl Rules {
    fn add(&mut self, rule: &LifecycleRule, told: String) {
        match rule.narrowed {
            true => self.maybe.push(format!("{told}, of objects with some tags or sizes")),
            false => self.early.push(told),
        }
    }

    fn moved(&mut self, rule: &LifecycleRule, Transition { class, days }: &Transition) {
        let when =
            days.map_or_else(|| "on a date, however young they are".to_owned(), |days| format!("after {days} days"));
        let told = format!("rule {} moves objects to {class} {when}", rule.id);
        match (ARCHIVES.contains(&class.as_str()), AT_ONCE.contains(&class.as_str())) {
            (true, _) if days.is_none_or(|days| days < AT_HAND) => self.add(rule, told),
            (true, _) => self.noted.push(format!("{told}: they must be restored before they can be verified")),
            (false, true) if class == "INTELLIGENT_TIERING" => {
                self.noted.push(format!("{told}, whose archive tiers were not looked at"));
            }
            (false, true) => self.noted.push(told),
            (false, false) => self.maybe.push(format!("{told}, a class that is not known here")),
        }
    }

    fn found(self, well: String) -> Found {
        if !self.early.is_empty() {
            return Found::Fail(few(&self.early));
        }
        if !self.maybe.is_empty() {
            return Found::Undecided(few(&self.maybe));
        }
        match self.noted.is_empty() {
            true => Found::Pass(well),
            false => Found::Pass(format!("{well}; {}", few(&self.noted))),
        }
    }
}

/// Whether a rule for a prefix is for files that CloudTrail writes below `AWSLogs/`: either may be the longer one.
fn overlaps(prefix: &str, folder: &str) -> bool {
    if folder.starts_with(prefix) {
        return true;
    }
    // `[ORGANIZATION/]ACCOUNT/SERVICE/..`: other services have folders of their own beside CloudTrail's.
    let Some(below) = prefix.strip_prefix(folder).filter(|_| !folder.is_empty()) else {
        return folder.is_empty();
    };
    let mut parts = below.split('/');
    let owner = parts.next().unwrap_or_default();
    let service = if owner.starts_with("o-") { parts.nth(1) } else { parts.next() };
    let rest = parts.next();
    match (service, rest) {
        (None, _) => true,
        (Some(service), Some(_)) => service.starts_with("CloudTrail"),
        (Some(begun), None) => "CloudTrail".starts_with(begun) || begun.starts_with("CloudTrail"),
    }
}
