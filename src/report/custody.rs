//! Several bundles of the same evidence's history, one after the other: whether each meets the next.

use std::collections::BTreeMap;

use serde::Serialize;

use super::model::{ChainReport, Report};
use super::verdict::{Verdict, waived};
use crate::finding::{Code, Finding};
use crate::limits::DIGEST_DUE_AFTER;
use crate::trail::{ChainId, ChainKind, Interval, Time};

/// The name of the schema.
pub const CUSTODY_SCHEMA: &str = "trailseal.custody/1";

/// A bundle, and what verifying it came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Held {
    /// Its file.
    pub name: String,
    /// SHA-256 of its manifest, in hex: what the next bundle knows it by.
    pub manifest_sha256: String,
    /// SHA-256 of the manifest of the bundle before it, as it says.
    pub previous: Option<String>,
    /// What verifying it came to.
    pub report: Report,
}

/// What several bundles come to together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Custody {
    /// [`CUSTODY_SCHEMA`].
    pub schema: String,
    /// The worst of the bundles' own, and of where they do not meet.
    pub verdict: Verdict,
    /// The bundles, by time.
    pub bundles: Vec<Held>,
    /// Where two do not meet.
    pub findings: Vec<Finding>,
}

impl Custody {
    /// Puts bundles in their order, and holds each against the one before it.
    pub fn conclude(mut bundles: Vec<Held>) -> Custody {
        bundles.sort_by(|a, b| (a.report.request.end, &a.name).cmp(&(b.report.request.end, &b.name)));
        let apart = bundles.windows(2).flat_map(|two| between(&two[0], &two[1]));
        let findings: Vec<Finding> = bundles.iter().filter_map(of_some_log_files).chain(apart).collect();
        let apart = if findings.is_empty() { Verdict::Intact } else { Verdict::Inconclusive };
        let verdicts = bundles.iter().map(|held| held.report.verdict);
        let verdict = verdicts.fold(apart, |worst, verdict| match (worst, verdict) {
            (Verdict::NotIntact, _) | (_, Verdict::NotIntact) => Verdict::NotIntact,
            (Verdict::Intact, verdict) => verdict,
            (worst, _) => worst,
        });
        Custody { schema: CUSTODY_SCHEMA.to_owned(), verdict, bundles, findings }
    }

    /// The verdict and its scope, in one line.
    pub fn headline(&self) -> String {
        let periods = self.bundles.iter().map(|held| held.report.period());
        let period = periods.reduce(Interval::or);
        let times = period.map_or_else(String::new, |period| format!(", {} to {}", period.start, period.end));
        let count = self.bundles.len();
        let intact = self.bundles.iter().filter(|held| held.report.verdict == Verdict::Intact).count();
        let meet = match self.findings.len() {
            0 => "each meets the next".to_owned(),
            1 => "in 1 place two do not meet".to_owned(),
            places => format!("in {places} places two do not meet"),
        };
        let of_fewer = |what: &str, narrowed: fn(&Report) -> bool| match self.narrowed(narrowed) {
            0 => String::new(),
            some if some == count => format!(", all {what}"),
            some => format!(", {some} of them {what}"),
        };
        let logs = of_fewer("without the content of all log files", |report| report.is_narrowed());
        let filters =
            of_fewer("of some accounts, regions, trails or prefixes only", |report| !report.only().is_empty());
        let waived = waived(self.bundles.iter().flat_map(|held| &held.report.findings));
        format!("{}: {intact} of {count} bundles intact{logs}{filters}, {meet}{times}{waived}", self.verdict)
    }

    /// How many bundles are of less than everything.
    fn narrowed(&self, narrowed: fn(&Report) -> bool) -> usize {
        self.bundles.iter().filter(|held| narrowed(&held.report)).count()
    }
}

/// A bundle of log files that were asked for by name proves nothing else of its time, so no chain of custody leads through it.
fn of_some_log_files(held: &Held) -> Option<Finding> {
    let named = &held.report.request.named_log_files;
    let about = format!("{} has nothing but {} log files that were asked for by name", held.name, named.len());
    let finding = Finding::new(Code::BundleGap, about).during(held.report.period());
    (!named.is_empty()).then_some(finding)
}

/// Where a bundle does not go on where the one before it ends.
fn between(before: &Held, after: &Held) -> Vec<Finding> {
    let (names, mut findings) = ((&before.name, &after.name), Vec::new());
    if after.previous.as_deref() != Some(&before.manifest_sha256) {
        let about = format!("{} does not name {} as the bundle before it", names.1, names.0);
        let told = after.previous.clone().unwrap_or_else(|| "no bundle".to_owned());
        findings.push(Finding::new(Code::BundleGap, about).compared(told, before.manifest_sha256.clone()));
    }
    let later: BTreeMap<ChainId, &ChainReport> = after.report.chains.iter().map(|chain| (chain.id(), chain)).collect();
    for chain in before.report.chains.iter().filter(|chain| chain.kind == ChainKind::Standard) {
        let id = chain.id();
        let Some(proven) = chain.proven.last() else { continue };
        // A chain that had ended before is told of in its own report.
        if before.report.request.end.since(proven.end) > DIGEST_DUE_AFTER {
            continue;
        }
        let from = later.get(&id).and_then(|chain| start_of(chain));
        match from {
            Some(start) if start <= proven.end => {}
            from => {
                let until = from.unwrap_or(after.report.request.end);
                let about = match from {
                    Some(_) => format!("{} goes on later than {} ends", names.1, names.0),
                    None => format!("{} has nothing of a chain that {} has", names.1, names.0),
                };
                let gap = Interval::new(proven.end, until);
                findings.push(Finding::new(Code::BundleGap, about).in_chain(&id).during(gap));
            }
        }
    }
    findings
}

/// Where what a report says of a chain begins, proven or not: a hole in it is told of there.
fn start_of(chain: &ChainReport) -> Option<Time> {
    let proven = chain.proven.first().map(|proven| proven.start);
    let hole = chain.holes.first().map(|hole| hole.start);
    proven.into_iter().chain(hole).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Tally;
    use crate::report::RequestReport;
    use crate::report::{Checks, LogTally, Waivers};

    fn held(name: &str, (start, end): (i64, i64), previous: Option<&str>, regions: &[&str]) -> Held {
        let time = Time::from_unix;
        let request = RequestReport {
            source: String::new(),
            start: None,
            end: time(end),
            as_of: time(end),
            accounts: vec![],
            regions: vec![],
            trails: vec![],
            log_files: "all".to_owned(),
            named_log_files: Vec::new(),
            delivered_to: None,
            s3_prefix: None,
        };
        let chain = |region: &&str| ChainReport {
            account_id: "111122223333".to_owned(),
            region: (*region).to_owned(),
            trail: "t".to_owned(),
            home_region: "us-east-1".to_owned(),
            kind: ChainKind::Standard,
            digests: Tally { verified: 1, ..Tally::default() },
            log_files: LogTally::default(),
            newest: None,
            oldest: None,
            proven: vec![Interval::new(time(start), time(end))],
            holes: vec![],
        };
        let chains = regions.iter().map(chain).collect();
        let (waivers, checks) = (Waivers::default(), Checks::default());
        let report = Report::conclude(request, chains, vec![], 0, &waivers, vec![], checks);
        Held { name: name.to_owned(), manifest_sha256: name.to_owned(), previous: previous.map(str::to_owned), report }
    }

    /// A region, and from when until when.
    type Gap = (Option<String>, Option<(i64, i64)>);

    fn gaps(bundles: Vec<Held>) -> Vec<Gap> {
        let gap = |finding: &Finding| {
            let times = finding.interval.map(|interval| (interval.start.unix(), interval.end.unix()));
            (finding.chain.as_ref().map(|chain| chain.region.clone()), times)
        };
        Custody::conclude(bundles).findings.iter().map(gap).collect()
    }

    #[test]
    fn bundles_that_meet_are_one_history_in_whatever_order_they_are_named() {
        let (a, b) = (held("a", (0, 100), None, &["r"]), held("b", (100, 200), Some("a"), &["r"]));
        let c = held("c", (150, 300), Some("b"), &["r", "new"]);
        assert_eq!(gaps(vec![c.clone(), a.clone(), b.clone()]), []);
        let custody = Custody::conclude(vec![c, a, b]);
        let order: Vec<&str> = custody.bundles.iter().map(|held| held.name.as_str()).collect();
        assert_eq!(order, ["a", "b", "c"]);
    }

    #[test]
    fn where_two_do_not_meet_is_told_for_each_chain() {
        let a = held("a", (0, 100), None, &["r", "s"]);
        let late = held("b", (101, 200), Some("a"), &["r", "s"]);
        let (r, s) = (Some("r".to_owned()), Some("s".to_owned()));
        assert_eq!(gaps(vec![a.clone(), late]), [(r.clone(), Some((100, 101))), (s.clone(), Some((100, 101)))]);
        let lost = held("b", (100, 200), Some("a"), &["r"]);
        assert_eq!(gaps(vec![a.clone(), lost]), [(s, Some((100, 200)))]);
        let stranger = held("b", (100, 200), Some("x"), &["r", "s"]);
        assert_eq!(gaps(vec![a.clone(), stranger]), [(None, None)]);
        let first = held("b", (100, 200), None, &["r", "s"]);
        assert_eq!(gaps(vec![a, first]), [(None, None)]);
    }

    #[test]
    fn the_headline_says_what_narrows_the_bundles() {
        let (mut a, mut b) = (held("a", (0, 100), None, &["r"]), held("b", (100, 200), Some("a"), &["r"]));
        let said = |a: &Held, b: &Held| {
            let headline = Custody::conclude(vec![a.clone(), b.clone()]).headline();
            let told = headline.strip_prefix("intact: 2 of 2 bundles intact").unwrap();
            told.split_once(", each meets the next").unwrap().0.to_owned()
        };
        assert_eq!(said(&a, &b), "");
        a.report.totals.log_files.not_checked = 1;
        assert_eq!(said(&a, &b), ", 1 of them without the content of all log files");
        b.report.totals.log_files.not_checked = 1;
        assert_eq!(said(&a, &b), ", all without the content of all log files");
        b.report.request.regions.push("r".to_owned());
        let both =
            ", all without the content of all log files, 1 of them of some accounts, regions, trails or prefixes only";
        assert_eq!(said(&a, &b), both);
        b.report.findings.push(Finding { waived: true, ..Finding::new(Code::LogMissing, "") });
        assert!(Custody::conclude(vec![a, b]).headline().ends_with(", 1 finding waived"));
    }

    #[test]
    fn the_worst_verdict_is_that_of_all() {
        let verdict = |verdicts: &[Verdict]| {
            let mut before: Option<String> = None;
            let bundles = verdicts.iter().enumerate().map(|(at, verdict)| {
                let at = i64::try_from(at).unwrap();
                let mut held = held(&at.to_string(), (at * 100, at * 100 + 100), before.as_deref(), &["r"]);
                before = Some(held.name.clone());
                held.report.verdict = *verdict;
                held
            });
            Custody::conclude(bundles.collect()).verdict
        };
        use Verdict::{Inconclusive, Intact, NotIntact};
        assert_eq!(verdict(&[Intact, Intact]), Intact);
        assert_eq!(verdict(&[Intact, Inconclusive, Intact]), Inconclusive);
        assert_eq!(verdict(&[Inconclusive, NotIntact, Intact]), NotIntact);
        assert_eq!(verdict(&[NotIntact, Inconclusive]), NotIntact);
    }
}
