//! Findings from run to run: which opened, which are still open, which are resolved; and who is to be told.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{Transaction, params};
use sha2::{Digest, Sha256};

use super::known::{Known, each_once, identity_of};
use super::objects::proven_hash;
use super::outbox::{enqueue, hand_over, tell_newcomers};
use super::runs::{end_run, took};
use super::{RunEnd, RunId, RunOutcome, State, StateError, TargetId, chains};
use crate::finding::{Code, Finding, Reason, Severity};
use crate::monitor::event::{EVENT_SCHEMA, Event, EventKind};
use crate::monitor::looked::Looked;
use crate::monitor::resolved::Seen;
use crate::report::{ChainReport, Report, Verdict, Waivers};
use crate::trail::{Interval, ObjectLocation, Time};

/// Whom to tell of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The sink's name.
    pub sink: String,
    /// The least that it is told of.
    pub severity: Severity,
    /// Of which targets; none for all.
    pub targets: Vec<String>,
}

/// A finding that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFinding {
    /// Its id.
    pub id: String,
    /// Since when.
    pub opened: Time,
    /// When a run last saw it.
    pub seen: Time,
    /// When someone was last told of it; none if nobody was to be.
    pub told: Option<Time>,
    /// It.
    pub finding: Finding,
    pub(super) identity: String,
}

/// All that a run came to.
pub(in crate::monitor) struct Concluded<'a> {
    pub run: RunId,
    pub target: TargetId,
    pub name: &'a str,
    pub at: Time,
    pub outcome: RunOutcome,
    /// What each audit looked at, and its report.
    pub audits: &'a [(Looked, Report)],
    /// What was found besides.
    pub besides: &'a [Finding],
    pub listeners: &'a [Listener],
    /// Seconds after which who was told is reminded; none for never.
    pub remind_every: Option<i64>,
    /// Seconds that a chain may be without a digest before that is told.
    pub overdue_after: i64,
    /// Seconds without a complete run after which that is told.
    pub complete_within: i64,
    /// What is accepted now; none where that is not known.
    pub waivers: Option<&'a Waivers>,
    /// Since when anything is asked for.
    pub asked_from: Option<Time>,
    /// Whether AWS was to be asked of whom the trail should deliver, and could not.
    pub not_asked: bool,
    /// Of the objects that open findings are about: those that were verified.
    pub well: &'a HashSet<ObjectLocation>,
    pub end: RunEnd,
}

impl State {
    /// The findings that are open, in the order in which they opened.
    pub fn open_findings(&self, target: TargetId) -> Result<Vec<OpenFinding>, StateError> {
        self.transaction(|transaction| open(transaction, target))
    }

    /// Takes up what a run came to: all of it or, if it is cut off, nothing.
    pub(in crate::monitor) fn conclude(&self, concluded: Concluded<'_>) -> Result<RunEnd, StateError> {
        let (run, seconds) = (concluded.run, self.seconds_since_begun());
        self.transaction(|transaction| {
            let end = concluded.save(transaction)?;
            took(transaction, run, seconds)?;
            Ok(end)
        })
    }
}

impl Concluded<'_> {
    fn save(self, transaction: &Transaction<'_>) -> rusqlite::Result<RunEnd> {
        for (looked, report) in self.audits.iter().filter(|(_, report)| !report.is_partial()) {
            let period = Interval::new(looked.from.unwrap_or(report.period().start), looked.until);
            report.chains.iter().try_for_each(|chain| chains::save(transaction, self.target, chain, period))?;
        }
        hand_over(transaction, self.target, self.name, self.listeners, self.at)?;
        let mut end = self.end.clone();
        let mut known = Known::of(open(transaction, self.target)?);
        let found =
            self.found().into_iter().chain(self.incomplete(transaction)?.map(|found| (identity_of(&found), found)));
        for (identity, finding) in found {
            match known.take(&identity, &finding) {
                Some(open) => self.still_open(transaction, open, &finding, &identity)?,
                None => {
                    end.opened += 1;
                    self.opened(transaction, &finding, &identity)?;
                }
            }
        }
        let seen = self.seen();
        for mut open in known.left() {
            if self.outcome == RunOutcome::Complete && self.is_resolved(transaction, &seen, &open.finding)? {
                end.resolved += 1;
                self.resolved(transaction, open)?;
            } else {
                self.accept_anew(transaction, &mut open)?;
                self.remind(transaction, &open)?;
            }
        }
        if self.outcome == RunOutcome::Complete {
            transaction.execute("UPDATE target SET rounds = rounds + 1 WHERE id = ?1", [self.target.0])?;
        }
        end.verdict = Some(self.verdict(transaction)?);
        end_run(transaction, self.run, self.at, self.outcome, &end)?;
        Ok(end)
    }

    fn seen(&self) -> Seen<'_> {
        let reports = || self.audits.iter().map(|(_, report)| report);
        let findings = reports().flat_map(|report| &report.findings).chain(self.besides);
        let unlisted = findings.filter(|finding| finding.code == Code::FolderUnreadable);
        Seen {
            at: self.at,
            asked_from: self.asked_from,
            looked: self.audits.iter().map(|(looked, _)| looked).collect(),
            chains: reports().flat_map(|report| report.chains.iter().map(ChainReport::id)).collect(),
            well: self.well,
            unlisted: unlisted.filter_map(|finding| finding.subject.as_ref()).collect(),
            not_asked: self.not_asked,
        }
    }

    fn is_resolved(&self, transaction: &Transaction<'_>, seen: &Seen<'_>, finding: &Finding) -> rusqlite::Result<bool> {
        let was_proven = match &finding.subject {
            Some(at) => proven_hash(transaction, self.target, &at.key)?.is_some(),
            None => false,
        };
        Ok(seen.resolves(finding, was_proven))
    }

    /// Whether it is accepted is asked anew, also where nobody looked at it: waivers expire.
    fn accept_anew(&self, transaction: &Transaction<'_>, open: &mut OpenFinding) -> rusqlite::Result<()> {
        let Some(waivers) = self.waivers else { return Ok(()) };
        let before = std::mem::replace(&mut open.finding.waived, false);
        waivers.accept(self.at, std::slice::from_mut(&mut open.finding));
        if open.finding.waived != before {
            let sql = "UPDATE finding SET waived = ?2, json = ?3 WHERE id = ?1";
            transaction.execute(sql, params![open.id, open.finding.waived, json(&open.finding)?])?;
        }
        Ok(())
    }

    /// What was found, each trouble once.
    fn found(&self) -> Vec<(String, Finding)> {
        let all = self.audits.iter().flat_map(|(_, report)| &report.findings).chain(self.besides);
        // That it was interrupted is no trouble of the evidence.
        let all = all.filter(|finding| finding.reason != Some(Reason::Interrupted));
        each_once(all.filter(|finding| !self.is_waited_for(finding)))
    }

    /// That no run comes to its end. One that is cut off early now and then is none of it.
    fn incomplete(&self, transaction: &Transaction<'_>) -> rusqlite::Result<Option<Finding>> {
        if self.outcome != RunOutcome::Partial {
            return Ok(None);
        }
        let sql =
            "SELECT coalesce(max(began) FILTER (WHERE outcome = 'complete'), min(began)) FROM run WHERE target = ?1";
        let since = Time::from_unix(transaction.query_row(sql, [self.target.0], |row| row.get(0))?);
        let finding = || Finding::run_incomplete(Interval::new(since, self.at));
        Ok((self.at.since(since) > self.complete_within).then(finding))
    }

    /// Whether a digest may still come.
    fn is_waited_for(&self, finding: &Finding) -> bool {
        let time = finding.interval.filter(|_| finding.reason == Some(Reason::AfterNewestDigest));
        time.is_some_and(|time| self.at.since(time.start) <= self.overdue_after)
    }

    fn opened(&self, transaction: &Transaction<'_>, finding: &Finding, identity: &str) -> rusqlite::Result<()> {
        let id = short_hash(&[self.name, identity, &self.at.unix().to_string(), &self.run.0.to_string()]);
        let sql = "INSERT INTO finding (id, target, identity, code, severity, opened, seen, told, waived, json)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9)";
        let told = (!finding.waived).then(|| self.at.unix());
        transaction.execute(
            sql,
            params![
                id,
                self.target.0,
                identity,
                finding.code.name(),
                finding.severity.to_string(),
                self.at.unix(),
                told,
                finding.waived,
                json(finding)?
            ],
        )?;
        if finding.waived { Ok(()) } else { self.tell(transaction, EventKind::Opened, &id, self.at, finding) }
    }

    fn still_open(
        &self,
        transaction: &Transaction<'_>,
        open: OpenFinding,
        finding: &Finding,
        identity: &str,
    ) -> rusqlite::Result<()> {
        let sql = "UPDATE finding SET identity = ?2, seen = ?3, waived = ?4, json = ?5 WHERE id = ?1";
        transaction.execute(sql, params![open.id, identity, self.at.unix(), finding.waived, json(finding)?])?;
        self.remind(transaction, &OpenFinding { finding: finding.clone(), ..open })
    }

    fn resolved(&self, transaction: &Transaction<'_>, open: OpenFinding) -> rusqlite::Result<()> {
        transaction.execute("UPDATE finding SET resolved = ?2 WHERE id = ?1", params![open.id, self.at.unix()])?;
        match open.told {
            Some(_) => self.tell(transaction, EventKind::Resolved, &open.id, open.opened, &open.finding),
            None => Ok(()),
        }
    }

    /// Tells of what is open and nobody was told of, or not for long.
    fn remind(&self, transaction: &Transaction<'_>, open: &OpenFinding) -> rusqlite::Result<()> {
        let kind = match (open.finding.waived, open.told, self.remind_every) {
            (true, ..) => return Ok(()),
            // Its waiver has expired.
            (false, None, _) => EventKind::Opened,
            // One that was told in the future was told by a clock that was wrong.
            (false, Some(told), Some(every)) if self.at.since(told) >= every || told > self.at => EventKind::Reminder,
            _ => return tell_newcomers(transaction, &open.id, &self.listeners_of(&open.finding), self.at),
        };
        transaction.execute("UPDATE finding SET told = ?2 WHERE id = ?1", params![open.id, self.at.unix()])?;
        self.tell(transaction, kind, &open.id, open.opened, &open.finding)
    }

    fn listeners_of(&self, finding: &Finding) -> Vec<&Listener> {
        self.listeners.iter().filter(|listener| listener.hears(self.name, finding)).collect()
    }

    fn tell(
        &self,
        transaction: &Transaction<'_>,
        kind: EventKind,
        id: &str,
        opened: Time,
        finding: &Finding,
    ) -> rusqlite::Result<()> {
        let event = Event {
            schema: EVENT_SCHEMA.to_owned(),
            id: short_hash(&[id, &kind.to_string(), &self.at.unix().to_string(), &self.run.0.to_string()]),
            kind,
            at: self.at,
            target: self.name.to_owned(),
            finding_id: id.to_owned(),
            opened_at: opened,
            finding: finding.clone(),
            says: finding.code.sentence().to_owned(),
            ordinary: finding.code.ordinary().to_owned(),
            malicious: finding.code.malicious().to_owned(),
            next_step: finding.code.next_step().to_owned(),
        };
        let text =
            serde_json::to_string(&event).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        transaction.execute(
            "INSERT INTO event (id, finding, at, kind, json) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![event.id, id, self.at.unix(), kind.to_string(), text],
        )?;
        let listeners = self.listeners_of(finding);
        listeners.iter().try_for_each(|listener| enqueue(transaction, &event.id, &listener.sink, self.at))
    }

    /// By all that is open now, of this run and of those before.
    fn verdict(&self, transaction: &Transaction<'_>) -> rusqlite::Result<Verdict> {
        let sql = "SELECT severity, count(*) FROM finding WHERE target = ?1 AND resolved IS NULL AND NOT waived GROUP BY severity";
        let counts: BTreeMap<String, i64> = transaction
            .prepare(sql)?
            .query_map([self.target.0], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let any = |severity: Severity| counts.contains_key(&severity.to_string());
        let proven = self.audits.iter().any(|(_, report)| report.totals.digests.verified > 0);
        // A digest that is waited for is told to nobody, and what it would cover is not proven all the same.
        let waited = self.audits.iter().flat_map(|(_, report)| &report.findings);
        let proven = proven && !waited.into_iter().any(|finding| !finding.waived && self.is_waited_for(finding));
        Ok(match () {
            () if any(Severity::Violation) => Verdict::NotIntact,
            () if any(Severity::Unproven) || !proven || self.outcome != RunOutcome::Complete => Verdict::Inconclusive,
            () => Verdict::Intact,
        })
    }
}

fn open(transaction: &Transaction<'_>, target: TargetId) -> rusqlite::Result<Vec<OpenFinding>> {
    let sql = "SELECT id, opened, seen, told, json, identity FROM finding WHERE target = ?1 AND resolved IS NULL ORDER BY opened, id";
    let mut asked = transaction.prepare_cached(sql)?;
    let rows = asked.query_map([target.0], |row| {
        let text: String = row.get(4)?;
        let finding = serde_json::from_str(&text)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Text, error.into()))?;
        Ok(OpenFinding {
            id: row.get(0)?,
            opened: Time::from_unix(row.get(1)?),
            seen: Time::from_unix(row.get(2)?),
            told: row.get::<_, Option<i64>>(3)?.map(Time::from_unix),
            finding,
            identity: row.get(5)?,
        })
    })?;
    rows.collect()
}

fn json(finding: &Finding) -> rusqlite::Result<String> {
    serde_json::to_string(finding).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn short_hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(format!("{}:{part}", part.len())));
    hex::encode(&hasher.finalize()[..12])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::report::{Checks, RequestReport};

    fn now() -> Time {
        Time::parse_digest_time("2026-01-09T00:00:00Z").unwrap()
    }

    fn planted() -> Finding {
        let key = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/02/x.json.gz";
        let minute = Time::parse_digest_time("2026-01-02T00:00:00Z").unwrap();
        let finding = Finding::new(Code::LogUnlisted, "no digest lists it").about(&ObjectLocation::new("b", key));
        finding.during(Interval::new(minute, minute.plus(60)))
    }

    /// A report over all there is, in which nothing is wrong.
    fn clean() -> (Looked, Report) {
        let request = RequestReport {
            source: String::new(),
            start: None,
            end: now(),
            as_of: now(),
            accounts: Vec::new(),
            regions: Vec::new(),
            trails: Vec::new(),
            log_files: "all".to_owned(),
            named_log_files: Vec::new(),
            delivered_to: None,
            s3_prefix: None,
        };
        let report =
            Report::conclude(request, Vec::new(), Vec::new(), 0, &Waivers::default(), Vec::new(), Checks::default());
        (Looked { from: None, until: now(), only: None }, report)
    }

    struct Ledger {
        _folder: tempfile::TempDir,
        state: Arc<State>,
        target: TargetId,
    }

    impl Ledger {
        fn new() -> Ledger {
            let folder = tempfile::tempdir().unwrap();
            let state = Arc::new(State::open(&folder.path().join("state.sqlite")).unwrap());
            let target = state.target("t", "s3://b").unwrap();
            Ledger { _folder: folder, state, target }
        }

        fn conclude(&self, outcome: RunOutcome, audits: &[(Looked, Report)], besides: &[Finding], waivers: &str) {
            let waivers = Waivers::parse(waivers).unwrap();
            let run = self.state.begin_run(self.target, now(), "all", "none").unwrap();
            let concluded = Concluded {
                run,
                target: self.target,
                name: "t",
                at: now(),
                outcome,
                audits,
                besides,
                listeners: &[],
                remind_every: None,
                overdue_after: 0,
                complete_within: Time::DAY,
                waivers: Some(&waivers),
                asked_from: None,
                not_asked: false,
                well: &HashSet::new(),
                end: RunEnd::default(),
            };
            self.state.conclude(concluded).unwrap();
        }

        /// Whether each open finding is accepted, and whether anyone was told.
        fn open(&self) -> Vec<(bool, bool)> {
            let open = self.state.open_findings(self.target).unwrap();
            open.into_iter().map(|open| (open.finding.waived, open.told.is_some())).collect()
        }
    }

    #[test]
    fn only_a_run_that_looked_at_everything_resolves() {
        let ledger = Ledger::new();
        ledger.conclude(RunOutcome::Complete, &[], &[planted()], "");
        for outcome in [RunOutcome::Partial, RunOutcome::Failed] {
            ledger.conclude(outcome, &[clean()], &[], "");
            assert_eq!(ledger.open(), [(false, true)], "{outcome:?}");
        }
        ledger.conclude(RunOutcome::Complete, &[], &[], "");
        assert_eq!(ledger.open(), [(false, true)], "nobody looked");
        ledger.conclude(RunOutcome::Complete, &[clean()], &[], "");
        assert_eq!(ledger.open(), []);
    }

    #[test]
    fn whether_it_is_accepted_is_asked_anew_of_what_nobody_looked_at() {
        let waiver = |until: &str| {
            format!(
                "[[waiver]]\ncode = \"log-unlisted\"\nsubject = \"s3://b/*\"\nreason = \"a drill\"\nwho = \"me\"\nuntil = \"{until}\"\n"
            )
        };
        let ledger = Ledger::new();
        let accepted = Finding { waived: true, ..planted() };
        ledger.conclude(RunOutcome::Complete, &[], &[accepted], &waiver("2027-01-01"));
        assert_eq!(ledger.open(), [(true, false)]);
        ledger.conclude(RunOutcome::Complete, &[], &[], &waiver("2027-01-01"));
        assert_eq!(ledger.open(), [(true, false)]);
        ledger.conclude(RunOutcome::Complete, &[], &[], &waiver("2026-01-01"));
        assert_eq!(ledger.open(), [(false, true)], "it has expired, and whoever is to know is told");
    }
}
