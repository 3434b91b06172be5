//! Waivers: known findings that someone has accepted, with a reason, until a date.

use serde::{Deserialize, Serialize};

use crate::finding::{Code, Finding};
use crate::trail::{Interval, Time, TimeError};

/// A finding accepted in advance. It must name a code, and a subject or an interval: a waiver of everything is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The finding's code.
    pub code: Code,
    /// The finding's subject, `s3://bucket/key`; with `*` at its end, every subject that begins so.
    pub subject: Option<String>,
    /// The account of the finding's chain, or of the object that it is about.
    pub account_id: Option<String>,
    /// The region of the finding's chain, or of the object that it is about.
    pub region: Option<String>,
    /// The trail of the finding's chain: the name of a log file does not say it.
    pub trail: Option<String>,
    /// The finding's time lies within.
    pub interval: Option<Interval>,
    /// Why it is accepted.
    pub reason: String,
    /// Who accepted it.
    pub who: String,
    /// Until when.
    pub until: Time,
}

/// What a waiver did, as the report has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedWaiver {
    /// The code it is for.
    pub code: Code,
    /// The subject it is for.
    pub subject: Option<String>,
    /// The account it is for; none for all.
    #[serde(default)]
    pub account_id: Option<String>,
    /// The region it is for; none for all.
    #[serde(default)]
    pub region: Option<String>,
    /// The trail it is for; none for all.
    #[serde(default)]
    pub trail: Option<String>,
    /// The time it is for.
    pub interval: Option<Interval>,
    /// Why.
    pub reason: String,
    /// Who.
    pub who: String,
    /// Until when.
    pub until: Time,
    /// Whether it had expired, and so was not applied.
    pub expired: bool,
    /// How many findings it was applied to.
    pub findings: u64,
}

/// The waivers of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waivers(Vec<Waiver>);

/// Why a text is no waiver file.
#[derive(Debug, thiserror::Error)]
pub enum WaiverError {
    /// Not TOML of the right shape.
    #[error("line {line}: {problem}")]
    Toml {
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A waiver that says too little or something wrong.
    #[error("waiver {number}: {problem}")]
    Waiver {
        /// Which one, from 1.
        number: usize,
        /// What is wrong.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    waiver: Vec<RawWaiver>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWaiver {
    code: String,
    subject: Option<String>,
    account_id: Option<String>,
    region: Option<String>,
    trail: Option<String>,
    start: Option<String>,
    end: Option<String>,
    reason: String,
    who: String,
    until: String,
}

impl Waivers {
    /// Reads a waiver file: TOML, one `[[waiver]]` each.
    pub fn parse(text: &str) -> Result<Waivers, WaiverError> {
        let file: RawFile = toml::from_str(text).map_err(|error| WaiverError::Toml {
            line: error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().lines().count().max(1)),
            problem: error.message().to_owned(),
        })?;
        let waivers = file
            .waiver
            .into_iter()
            .enumerate()
            .map(|(at, raw)| raw.check().map_err(|problem| WaiverError::Waiver { number: at + 1, problem }));
        waivers.collect::<Result<_, _>>().map(Waivers)
    }

    /// How many there are.
    #[cfg(feature = "monitor")]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Marks the findings that are accepted.
    #[cfg(feature = "monitor")]
    pub(crate) fn accept(&self, as_of: Time, findings: &mut [Finding]) {
        for finding in findings {
            finding.waived |= self.0.iter().any(|waiver| waiver.until > as_of && waiver.accepts(finding));
        }
    }

    /// Marks the findings that a waiver accepts, and adds a note for each waiver that did nothing.
    pub(super) fn apply(&self, as_of: Time, findings: &mut Vec<Finding>) -> Vec<AppliedWaiver> {
        let mut applied = Vec::new();
        for waiver in &self.0 {
            let expired = waiver.until <= as_of;
            let mut count = 0;
            for finding in findings.iter_mut().filter(|finding| !expired && waiver.accepts(finding)) {
                finding.waived = true;
                count += 1;
            }
            if count == 0 {
                let why =
                    if expired { format!("has expired at {}", waiver.until) } else { "matched nothing".to_owned() };
                findings.push(Finding::waiver_unused(&waiver.describe(), &why));
            }
            applied.push(waiver.applied(expired, count));
        }
        applied
    }
}

impl Waiver {
    /// Whether it accepts this finding.
    fn accepts(&self, finding: &Finding) -> bool {
        self.code == finding.code
            && self.subject.as_ref().is_none_or(|wanted| {
                let Some(subject) = finding.subject.as_ref().map(ToString::to_string) else { return false };
                wanted.strip_suffix('*').map_or(subject == *wanted, |start| subject.starts_with(start))
            })
            && self.interval.is_none_or(|within| {
                finding.interval.is_some_and(|interval| within.start <= interval.start && interval.end <= within.end)
            })
            && self.names_the_place_of(finding)
    }

    fn names_the_place_of(&self, finding: &Finding) -> bool {
        let same = |wanted: &Option<String>, has: Option<String>| wanted.is_none() || *wanted == has;
        let (account_id, region) = finding.place().unzip();
        let trail = finding.chain.as_ref().map(|chain| chain.trail.clone());
        same(&self.account_id, account_id) && same(&self.region, region) && same(&self.trail, trail)
    }

    fn describe(&self) -> String {
        format!("{} for {}", self.code, self.applied(false, 0).narrowed_to().join(", "))
    }

    fn applied(&self, expired: bool, findings: u64) -> AppliedWaiver {
        AppliedWaiver {
            code: self.code,
            subject: self.subject.clone(),
            account_id: self.account_id.clone(),
            region: self.region.clone(),
            trail: self.trail.clone(),
            interval: self.interval,
            reason: self.reason.clone(),
            who: self.who.clone(),
            until: self.until,
            expired,
            findings,
        }
    }
}

impl AppliedWaiver {
    /// What it is for besides its code, each by itself.
    pub fn narrowed_to(&self) -> Vec<String> {
        let names = [("account", &self.account_id), ("region", &self.region), ("trail", &self.trail)];
        let names = names.into_iter().filter_map(|(what, name)| name.as_ref().map(|name| format!("{what} {name}")));
        let times = self.interval.map(|interval| interval.to_string());
        self.subject.clone().into_iter().chain(names).chain(times).collect()
    }
}

impl RawWaiver {
    fn check(self) -> Result<Waiver, String> {
        let code = Code::from_name(&self.code).ok_or_else(|| format!("`{}` is no finding code", self.code))?;
        // Spans back from now would mean something else at every run.
        let absolute = |text: &str, parsed: Result<Time, TimeError>| {
            let time = parsed.ok().filter(|_| text.contains('-'));
            time.ok_or_else(|| format!("`{text}` is no time; write 2026-01-31 or 2026-01-31T08:00:00Z"))
        };
        let time = |text: &str| absolute(text, Time::parse_requested(text, Time::from_unix(0)));
        // Of a second of which it names a part, it names nothing.
        let from = |text: &str| absolute(text, Time::parse_requested_end(text, Time::from_unix(0)));
        let interval = match (self.start, self.end) {
            (Some(start), Some(end)) => Some(Interval::new(from(&start)?, time(&end)?)),
            (None, None) => None,
            _ => return Err("`start` and `end` go together".to_owned()),
        };
        if interval.is_some_and(Interval::is_empty) {
            return Err("its `start` is not before its `end`".to_owned());
        }
        if self.subject.is_none() && interval.is_none() {
            return Err("it needs a `subject` (s3://bucket/key), or `start` and `end`".to_owned());
        }
        if self.subject.as_deref().is_some_and(|subject| !names_a_bucket(subject)) {
            return Err("its `subject` must name a bucket: s3://bucket/key, or s3://bucket/start-of-key*".to_owned());
        }
        if self.reason.trim().is_empty() || self.who.trim().is_empty() {
            return Err("`reason` and `who` may not be empty".to_owned());
        }
        Ok(Waiver {
            code,
            subject: self.subject,
            account_id: self.account_id,
            region: self.region,
            trail: self.trail,
            interval,
            reason: self.reason,
            who: self.who,
            until: time(&self.until)?,
        })
    }
}

/// A waiver of everything everywhere is none.
fn names_a_bucket(subject: &str) -> bool {
    let bucket = subject.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).map(|(bucket, _)| bucket);
    bucket.is_some_and(|bucket| !bucket.is_empty() && !bucket.contains('*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::ObjectLocation;

    fn waivers(more: &str) -> Waivers {
        let text =
            format!("[[waiver]]\ncode = \"log-missing\"\nreason = \"r\"\nwho = \"w\"\nuntil = \"2027-01-01\"\n{more}");
        Waivers::parse(&text).unwrap()
    }

    fn applied(waivers: &Waivers, now: &str) -> (u64, Vec<Finding>) {
        let now = Time::parse_digest_time(now).unwrap();
        let finding = Finding::new(Code::LogMissing, "").about(&ObjectLocation::new("b", "dir/key"));
        let mut findings = vec![finding, Finding::new(Code::LogHashMismatch, "")];
        let count = waivers.apply(now, &mut findings)[0].findings;
        (count, findings)
    }

    #[test]
    fn a_waiver_accepts_what_it_names_and_no_more() {
        for (more, expected) in [
            ("subject = \"s3://b/dir/key\"", 1),
            ("subject = \"s3://b/dir/*\"", 1),
            ("subject = \"s3://b/dir/\"", 0),
            ("subject = \"s3://b/dir/*\"\naccount_id = \"111122223333\"", 0),
            ("start = \"2026-01-01\"\nend = \"2026-01-02\"", 0),
        ] {
            let (count, findings) = applied(&waivers(more), "2026-06-01T00:00:00Z");
            assert_eq!(count, expected, "{more}");
            assert_eq!(findings[0].waived, expected == 1);
            assert!(!findings[1].waived);
            assert_eq!(findings.len(), if expected == 0 { 3 } else { 2 }, "an unused waiver is told of");
        }
    }

    #[test]
    fn an_object_of_no_chain_is_of_the_account_and_region_that_its_name_says() {
        let key = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/10/\
                   111122223333_CloudTrail_us-east-1_20260110T1550Z_Yif086ycowW3glB9.json.gz";
        let finding = Finding::new(Code::LogMissing, "").about(&ObjectLocation::new("b", key));
        for (more, expected) in [
            ("account_id = \"111122223333\"", true),
            ("account_id = \"111122223333\"\nregion = \"us-east-1\"", true),
            ("account_id = \"444455556666\"", false),
            ("region = \"us-west-2\"", false),
            ("trail = \"management-events\"", false),
        ] {
            let waivers = waivers(&format!("subject = \"s3://b/AWSLogs/*\"\n{more}"));
            assert_eq!(waivers.0[0].accepts(&finding), expected, "{more}");
            // Whoever may write to one account's folder can name an object after another.
            let within = format!("AWSLogs/444455556666/CloudTrail/us-east-1/2026/01/10/{key}");
            let within = Finding::new(Code::LogMissing, "").about(&ObjectLocation::new("b", within));
            assert!(!waivers.0[0].accepts(&within), "{more}");
        }
    }

    #[test]
    fn what_a_waiver_is_for_is_told_whole() {
        let waivers = waivers(
            "account_id = \"111122223333\"\nregion = \"us-east-1\"\ntrail = \"t\"\nstart = \"2026-01-01\"\nend = \"2026-01-02\"",
        );
        let told = "log-missing for account 111122223333, region us-east-1, trail t, \
                    2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z";
        assert_eq!(waivers.0[0].describe(), told);
    }

    #[test]
    fn an_expired_waiver_is_not_applied() {
        let (count, findings) = applied(&waivers("subject = \"s3://b/dir/key\""), "2027-01-01T00:00:00Z");
        assert_eq!(count, 0);
        assert_eq!(findings[2].code, Code::WaiverUnused);
    }

    #[test]
    fn a_waiver_must_say_what_why_who_and_until_when() {
        for bad in [
            "[[waiver]]\ncode = \"log-missing\"",
            "[[waiver]]\ncode = \"log-missing\"\nreason = \"r\"\nwho = \"w\"\nuntil = \"2027-01-01\"",
            "[[waiver]]\ncode = \"nonsense\"\nsubject = \"s3://b/x\"\nreason = \"r\"\nwho = \"w\"\nuntil = \"2027-01-01\"",
            "[[waiver]]\ncode = \"log-missing\"\nsubject = \"s3://b/x\"\nreason = \" \"\nwho = \"w\"\nuntil = \"2027-01-01\"",
            "[[waiver]]\ncode = \"log-missing\"\nsubject = \"s3://b/x\"\nreason = \"r\"\nwho = \"w\"\nuntil = \"90d\"",
            "[[waiver]]\ncode = \"log-missing\"\nstart = \"2026-01-01\"\nreason = \"r\"\nwho = \"w\"\nuntil = \"2027-01-01\"",
            "[[waiver]]\ncode = \"log-missing\"\nsubject = \"*\"\nreason = \"r\"\nwho = \"w\"\nuntil = \"2027-01-01\"",
            "[[waiver]]\ncode = \"log-missing\"\nsubject = \"s3://*\"\nreason = \"r\"\nwho = \"w\"\nuntil = \"2027-01-01\"",
            "[[waivers]]",
        ] {
            assert!(Waivers::parse(bad).is_err(), "{bad}");
        }
    }
}
