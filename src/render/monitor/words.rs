//! What both faces of a status say.

use crate::finding::{Severity, length};
use crate::monitor::status::{DeliveryStatus, FindingStatus, RunStatus, Status, TargetStatus};
use crate::render::wording::counted;
use crate::report::{Verdict, thousands};
use crate::trail::{Interval, Time};

/// The whole in a line, which begins with the verdict's word.
pub(super) fn headline(status: &Status) -> String {
    let word = verdict(status.verdict());
    let targets = counted(status.targets.len(), "target");
    let of = |verdict: Verdict| status.targets.iter().filter(|target| target.verdict_now() == Some(verdict)).count();
    let blind = status.targets.iter().filter(|target| target.blind.is_some()).count();
    let waiting = status.targets.iter().filter(|target| target.last_complete_run.is_none()).count();
    let narrowed = status.targets.iter().filter(|target| target.narrowed().is_some()).count();
    let waived = status.targets.iter().filter(|target| target.waived() > 0).count();
    let each = [
        (of(Verdict::NotIntact), "not intact"),
        (of(Verdict::Inconclusive), "inconclusive"),
        (of(Verdict::Intact), "intact"),
        (waiting, "without a complete run"),
        (blind, "without one lately"),
        (narrowed, "of less than everything"),
        (waived, "with waived findings"),
    ];
    let each: Vec<String> = each.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let each = if each.is_empty() { String::new() } else { format!(": {}", each.join(", ")) };
    format!("{word}: {targets}{each}; as of {}", status.at)
}

pub(super) fn verdict(verdict: Option<Verdict>) -> String {
    verdict.map_or("no verdict".to_owned(), |verdict| verdict.to_string())
}

/// Why the last verdict of a target says nothing of now.
pub(super) fn blindness(target: &TargetStatus) -> Option<String> {
    let why = target.blind.as_ref()?;
    Some(format!("Its last verdict, {}, says nothing of now: {why}", verdict(target.verdict)))
}

/// What the last verdict of a target does not speak of.
pub(super) fn narrowed(target: &TargetStatus) -> Option<String> {
    target.narrowed().map(|narrowed| format!("Its verdict is of less than everything: {narrowed}"))
}

/// What the verdict of all targets means.
pub(super) fn meaning(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Intact) => {
            "By the last runs, everything that was to be watched is proven or waived, and of what was proven before and looked \
             at again, nothing has changed."
        }
        Some(Verdict::NotIntact) => {
            "Something that was signed or chained is contradicted by what is there: evidence was altered, deleted or \
             replaced. This shows that it happened, and neither who did it nor why."
        }
        Some(Verdict::Inconclusive) => {
            "No tampering is shown, but not everything that was to be watched could be proven. This is not a clean \
             result: tampering may hide in what is unproven."
        }
        None => "Of some target nothing can be said: no run has looked at all of it, or none has lately.",
    }
}

/// How long something took.
pub(super) fn took(seconds: i64) -> String {
    if seconds < 120 {
        return format!("{seconds} s");
    }
    length(Interval::new(Time::from_unix(0), Time::from_unix(seconds)))
}

/// A moment with its distance from now.
pub(super) fn moment(at: Time, now: Time) -> String {
    match now.since(at) {
        passed @ 0.. => format!("{at} ({} ago)", took(passed)),
        to_come => format!("{at} (in {})", took(to_come.saturating_neg())),
    }
}

/// How and when a run ended.
pub(super) fn ended(run: &RunStatus, now: Time) -> String {
    let outcome = run.outcome.as_deref().unwrap_or("without an end");
    match (run.ended, run.seconds()) {
        (Some(at), Some(seconds)) => format!("{}: {outcome}, in {}", moment(at, now), took(seconds)),
        _ => format!("begun {}: under way, or cut off", moment(run.began, now)),
    }
}

/// What a run did.
pub(super) fn did(run: &RunStatus) -> String {
    let [digests, digests_read, logs, logs_read, bytes] =
        [run.digests, run.digests_read, run.log_files, run.log_files_read, run.bytes_hashed].map(thousands);
    format!(
        "{digests} digest files verified ({digests_read} read), {logs} log files verified ({logs_read} read), {bytes} bytes \
         hashed; {} opened, {} resolved",
        counted(usize::try_from(run.opened).unwrap_or(usize::MAX), "finding"),
        thousands(run.resolved)
    )
}

/// How many findings are open, by severity.
pub(super) fn open(target: &TargetStatus) -> String {
    let mut said = Vec::new();
    for waived in [false, true] {
        for severity in [Severity::Violation, Severity::Unproven, Severity::Note] {
            let count = target.open(severity, waived);
            let noun = match (severity, count) {
                (Severity::Violation, 1) => "violation",
                (Severity::Violation, _) => "violations",
                (Severity::Unproven, _) => "unproven",
                (Severity::Note, 1) => "note",
                (Severity::Note, _) => "notes",
            };
            if count > 0 {
                said.push(format!("{} {noun}{}", thousands(count), if waived { " waived" } else { "" }));
            }
        }
    }
    if said.is_empty() { "none".to_owned() } else { said.join(", ") }
}

/// Whether anyone was told of a finding.
pub(super) fn told(found: &FindingStatus) -> String {
    let waits = if found.waiting > 0 { ", and there is more to tell" } else { "" };
    match (found.told, found.waiting, found.finding.waived) {
        (Some(told), ..) => format!("last told {told}{waits}"),
        (None, 1.., _) => "waits to be told".to_owned(),
        (None, 0, true) => "told to nobody: it is waived".to_owned(),
        (None, 0, false) => "told to nobody: no sink is there for it".to_owned(),
    }
}

/// What waits for a sink, and why.
pub(super) fn waits(sink: &DeliveryStatus, now: Time) -> String {
    let mut said = match sink.waiting_since {
        Some(since) => {
            let events = counted(usize::try_from(sink.waiting).unwrap_or(usize::MAX), "event");
            let verb = if sink.waiting == 1 { "waits" } else { "wait" };
            format!("{events} {verb}, the oldest since {}", moment(since, now))
        }
        None => "nothing waits".to_owned(),
    };
    if let Some(error) = &sink.error {
        said += &format!("; {} failed so far: {error}", thousands(sink.failing));
    }
    if let Some(next) = sink.next_attempt {
        said += &format!("; the next attempt is due at {next}");
    }
    if let Some(last) = sink.last_delivered {
        said += &format!("; {} taken, the last {}", thousands(sink.delivered), moment(last, now));
    }
    said
}
