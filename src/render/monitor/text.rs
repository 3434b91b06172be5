//! On a terminal: the verdicts first, then what is open, then what was done.

use std::io;

use super::words::{self, did, ended, meaning, moment, open, took, verdict, waits};
use crate::finding::{Code, Severity};
use crate::monitor::status::{ChainStatus, FindingStatus, RunStatus, Status, TargetStatus};
use crate::render::TextOptions;
use crate::render::text::page::{Page, Role, counted, severity_role};
use crate::report::{Verdict, thousands};
use crate::trail::Time;

/// Writes the state of a monitor.
pub fn text(status: &Status, options: &TextOptions, out: &mut dyn io::Write) -> io::Result<()> {
    headline(status, options, out)?;
    let page = &mut Page::new(*options, out);
    page.blank()?;
    page.prose("", meaning(status.verdict()))?;
    for one in &status.targets {
        target(one, status.at, page)?;
    }
    deliveries(status, page)?;
    next(status, page)?;
    page.blank()?;
    let file = page.name(&status.state.path);
    page.line(&format!("State file {file}, {} bytes", thousands(status.state.bytes)))?;
    if !status.other_targets.is_empty() {
        let names = page.sentence(&status.other_targets.join(", "));
        page.prose("", &format!("It also knows of targets that were not asked for: {names}"))?;
    }
    Ok(())
}

/// Writes the verdicts, on one line: the quiet form.
pub fn headline(status: &Status, options: &TextOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let page = &mut Page::new(*options, out);
    let (whole, word) = (words::headline(status), verdict(status.verdict()));
    let rest = page.sentence(whole.strip_prefix(&word).unwrap_or(&whole));
    let word = page.paint(role(status.verdict()), &word);
    page.line(&format!("{word}{rest}"))
}

fn role(verdict: Option<Verdict>) -> Role {
    match verdict {
        Some(Verdict::Intact) => Role::Good,
        Some(Verdict::NotIntact) => Role::Bad,
        _ => Role::Doubtful,
    }
}

fn target(target: &TargetStatus, now: Time, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    let name = page.name(&target.name);
    let name = page.paint(Role::Heading, &name);
    let word = page.paint(role(target.verdict_now()), &verdict(target.verdict_now()));
    page.line(&format!("{name}: {word}"))?;
    if let Some(why) = words::blindness(target) {
        let why = page.sentence(&why);
        page.prose("  ", &why)?;
    }
    if let Some(what) = words::narrowed(target) {
        let what = page.sentence(&what);
        page.prose("  ", &what)?;
    }
    if let Some(source) = &target.source {
        let source = page.name(source);
        page.line(&format!("  {source}"))?;
    }
    last(target, now, page)?;
    chains(target, now, page)?;
    findings(target, now, page)?;
    runs(target, page)
}

// -- what was done --------------------------------------------------------------------------------------------------

fn last(target: &TargetStatus, now: Time, page: &mut Page<'_>) -> io::Result<()> {
    let Some(run) = &target.last_run else { return page.line("  Last run   none has ended yet") };
    fact("Last run", &ended(run, now), page)?;
    match &run.error {
        Some(error) => fact("", &format!("it could not proceed: {error}"), page)?,
        None => fact("", &did(run), page)?,
    }
    match &target.last_complete_run {
        Some(complete) if complete.run != run.run => fact("Complete", &ended(complete, now), page)?,
        Some(_) => {}
        None => fact("Complete", "no run has looked at all that it was to look at yet", page)?,
    }
    match target.without_end() {
        Some(run) => fact("Now", &ended(run, now), page),
        None => Ok(()),
    }
}

fn fact(name: &str, text: &str, page: &mut Page<'_>) -> io::Result<()> {
    let text = page.sentence(text);
    page.prose(&format!("  {name:<10} "), &text)
}

fn runs(target: &TargetStatus, page: &mut Page<'_>) -> io::Result<()> {
    let counts = target.runs_by_outcome;
    if target.runs.is_empty() {
        return Ok(());
    }
    page.blank()?;
    let [complete, partial, failed, open] =
        [counts.complete, counts.partial, counts.failed, counts.without_end].map(thousands);
    let counts = format!("{complete} complete, {partial} ended early, {failed} failed, {open} without an end");
    page.prose("  ", &format!("Runs remembered: {counts}. The last, with what was opened (+) and resolved (-):"))?;
    let most = if page.options.verbose { target.runs.len() } else { RUNS_SHOWN };
    target.runs.iter().take(most).try_for_each(|run| one_run(run, page))
}

fn one_run(run: &RunStatus, page: &mut Page<'_>) -> io::Result<()> {
    let outcome = run.outcome.as_deref().unwrap_or("no end");
    let word = run.verdict.map(|verdict| verdict.to_string()).unwrap_or_default();
    let padding = " ".repeat(12_usize.saturating_sub(word.len()));
    let word = page.paint(role(run.verdict), &word);
    let took = run.seconds().map(took).unwrap_or_default();
    let read = run.digests_read.saturating_add(run.log_files_read);
    let changed = format!("+{} -{}", thousands(run.opened), thousands(run.resolved));
    let outcome = page.name(outcome);
    let read = format!("{} read", thousands(read));
    page.line(&format!("    {}  {outcome:<8}  {word}{padding}  {took:>6}  {read:>9}  {changed}", run.began))
}

// -- what is proven -------------------------------------------------------------------------------------------------

fn chains(target: &TargetStatus, now: Time, page: &mut Page<'_>) -> io::Result<()> {
    if target.chains.is_empty() {
        return Ok(());
    }
    page.blank()?;
    let known = counted(usize::try_from(target.chains_known).unwrap_or(usize::MAX), "chain");
    page.line(&format!("  {known}: proven until, and age of the newest digest"))?;
    // Those that are furthest behind first.
    let mut chains: Vec<&ChainStatus> = target.chains.iter().collect();
    chains.sort_by_key(|chain| chain.proven_until);
    let most = if page.options.verbose || chains.len() <= CHAINS_SHOWN { chains.len() } else { CHAINS_SHOWN };
    let (shown, rest) = chains.split_at(most);
    let widest = shown.iter().map(|chain| page.name(&chain.id.to_string()).chars().count());
    let width = widest.filter(|width| *width <= WIDEST_CHAIN).max().unwrap_or_default();
    for chain in shown {
        let name = page.name(&chain.id.to_string());
        let until = chain.proven_until.map_or("nothing proven".to_owned(), |until| until.to_string());
        let newest = chain.newest_digest_end.map(|end| took(now.since(end).max(0)));
        page.line(&format!("    {name:<width$}  {until:<20}  {}", newest.unwrap_or_default()))?;
    }
    match rest.first().and_then(|chain| chain.proven_until) {
        Some(until) => page.line(&format!(
            "    {} and {}, proven until {until} or later (--verbose lists all)",
            page.more(),
            counted(rest.len(), "more chain")
        ))?,
        None if !rest.is_empty() => {
            page.line(&format!("    {} and {} (--verbose lists all)", page.more(), counted(rest.len(), "more chain")))?;
        }
        None => {}
    }
    match usize::try_from(target.chains_known).unwrap_or(usize::MAX).saturating_sub(chains.len()) {
        0 => Ok(()),
        more => page.line(&format!("    {} and {} that are not named", page.more(), counted(more, "chain"))),
    }
}

// -- what is open ---------------------------------------------------------------------------------------------------

fn findings(target: &TargetStatus, now: Time, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    page.line(&format!("  Open findings: {}", open(target)))?;
    for waived in [false, true] {
        for severity in [Severity::Violation, Severity::Unproven, Severity::Note] {
            for code in Code::ALL.iter().filter(|code| code.severity() == severity) {
                one_code(target, *code, waived, now, page)?;
            }
        }
    }
    Ok(())
}

fn one_code(target: &TargetStatus, code: Code, waived: bool, now: Time, page: &mut Page<'_>) -> io::Result<()> {
    let count = target.open_of(code, waived);
    if count == 0 {
        return Ok(());
    }
    page.blank()?;
    let severity = code.severity();
    let name = page.paint(severity_role(severity), code.name());
    let waived_too = if waived { ", waived" } else { "" };
    page.line(&format!("    {name} ({}): {severity}{waived_too}", thousands(count)))?;
    page.prose("    ", code.sentence())?;
    let of = |found: &&FindingStatus| found.finding.code == code && found.finding.waived == waived;
    let named: Vec<&FindingStatus> = target.findings.iter().filter(of).collect();
    let most = if page.options.verbose { named.len() } else { named.len().min(FINDINGS_SHOWN) };
    for found in &named[..most] {
        one_finding(found, now, page)?;
    }
    match count.saturating_sub(most as u64) {
        0 => Ok(()),
        more if most < named.len() => {
            page.line(&format!("      {} and {} more (--verbose lists more)", page.more(), thousands(more)))
        }
        more => page.line(&format!(
            "      {} and {} more: sqlite3 has them, in the view open_finding_of_target",
            page.more(),
            thousands(more)
        )),
    }
}

fn one_finding(found: &FindingStatus, now: Time, page: &mut Page<'_>) -> io::Result<()> {
    let finding = &found.finding;
    let chain = finding.chain.as_ref().map(|chain| page.name(&chain.to_string()));
    let time = finding.interval.map(|interval| interval.to_string());
    let title = match (&finding.subject, chain, time) {
        (Some(subject), ..) => Some(page.name(&subject.to_string())),
        (None, Some(chain), Some(time)) => Some(format!("{chain}, {time}")),
        (None, chain, time) => chain.or(time),
    };
    let message = page.sentence(&finding.message);
    match title {
        Some(title) => {
            page.line(&format!("      {title}"))?;
            page.prose("        ", &message)?;
        }
        None => page.prose("      ", &message)?,
    }
    let told = words::told(found);
    page.prose("        ", &format!("open since {}; {told}", moment(found.opened, now)))
}

// -- who is told, and what to do ------------------------------------------------------------------------------------

fn deliveries(status: &Status, page: &mut Page<'_>) -> io::Result<()> {
    if status.deliveries.is_empty() {
        return Ok(());
    }
    page.heading(Role::Heading, "Deliveries")?;
    for sink in &status.deliveries {
        let name = page.name(&sink.sink);
        let text = page.sentence(&waits(sink, status.at));
        page.prose("  ", &format!("{name}: {text}"))?;
    }
    Ok(())
}

fn next(status: &Status, page: &mut Page<'_>) -> io::Result<()> {
    let steps: Vec<(&str, &String)> = status
        .targets
        .iter()
        .flat_map(|target| target.next_steps.iter().map(|step| (target.name.as_str(), step)))
        .collect();
    let failing = status.deliveries.iter().filter(|sink| sink.failing > 0);
    let failing: Vec<String> = failing.map(|sink| page.name(&sink.sink)).collect();
    if steps.is_empty() && failing.is_empty() {
        return Ok(());
    }
    page.heading(Role::Heading, "Next")?;
    for (name, step) in steps {
        let text = page.sentence(&format!("{name}, {step}"));
        page.prose("  ", &text)?;
    }
    if !failing.is_empty() {
        let names = failing.join(", ");
        page.prose(
            "  ",
            &format!("{names}: see to what the sink answered; what waits is offered again, and not lost"),
        )?;
    }
    Ok(())
}

/// So many runs, chains, and findings of a code are shown unless all are asked for.
const RUNS_SHOWN: usize = 5;
const CHAINS_SHOWN: usize = 12;
const FINDINGS_SHOWN: usize = 5;

/// No column is made wider than this for one long name; the long name runs over.
const WIDEST_CHAIN: usize = 48;
