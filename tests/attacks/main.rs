//! Random honest trails, random requests, random attacks, against an oracle that shares no code with the audit.
//!
//! The cases are numbered, so a failure names the one to run again: `ATTACKS_FROM` is the first, `ATTACKS_CASES` how many.

mod attack;
#[path = "../counted/mod.rs"]
mod counted;
mod oracle;
mod world;

use attack::Attack;
use oracle::{Span, forbids, honest, sound};
use trailseal::audit::LogFiles;
use trailseal::finding::{Code, Severity};
use trailseal::report::{Report, Verdict};
use trailseal::trail::ChainKind;
use world::{Ask, Bucket, Dice, World, judge};

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Runs numbered cases, many to a world; every failure is told of before the test fails.
fn run(cases: u64, per_world: u64, case: impl Fn(&World, &mut Dice) -> Result<bool, String>) -> u64 {
    let (from, cases) = (number("ATTACKS_FROM", 0), number("ATTACKS_CASES", cases));
    let mut world = None;
    let (mut failures, mut told) = (Vec::new(), 0);
    for at in from..from + cases {
        let which = at / per_world;
        if !matches!(&world, Some((number, _)) if *number == which) {
            world = Some((which, World::draw(which)));
        }
        let Some((_, world)) = &world else { continue };
        match case(world, &mut Dice(at.wrapping_mul(0x2545_f491_4f6c_dd1d))) {
            Ok(telling) => told += u64::from(telling),
            Err(why) => failures.push(format!("case {at}: {why}")),
        }
    }
    let some: Vec<_> = failures.iter().take(12).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} of {cases} cases failed\n\n{}", failures.len(), some.join("\n\n"));
    told
}

fn codes(report: &Report) -> String {
    let told = report.findings.iter().filter(|finding| finding.severity != Severity::Note);
    let told = told.map(|f| {
        let subject = f.subject.as_ref().map(|at| at.key.clone()).unwrap_or_default();
        format!("\n   {} {:?} {:?} {subject}", f.code, f.reason, f.interval.map(|i| i.to_string()))
    });
    told.take(8).collect()
}

/// (a), (c) Honest evidence is never `not-intact`, it is `intact` where everything asked for was covered, and the
/// coverage and sums are what was drafted.
#[test]
fn honest_evidence_gets_its_due() {
    let told = run(400, 10, |world, dice| {
        let ask = Ask::draw(world, dice);
        let bucket = world.at(ask.as_of);
        check_honest(world, &bucket, &ask).map_err(|why| format!("{why}\n{ask:?}"))
    });
    assert!(told * 8 > number("ATTACKS_CASES", 400), "hardly anything was intact");
}

fn check_honest(world: &World, bucket: &Bucket, ask: &Ask) -> Result<bool, String> {
    let Some(report) = judge(bucket, ask) else { return Ok(false) };
    let expected = honest(world, bucket, ask);
    let span = Span::of(ask, bucket);
    sound(&report, &span)?;
    let wrong = |what: &str| Err(format!("{what}: {}{}", report.headline(), codes(&report)));
    if report.verdict == Verdict::NotIntact {
        return wrong("not-intact, and honest");
    }
    if report.verdict == Verdict::Intact && !expected.intact {
        return wrong("intact, and not all was covered");
    }
    for finding in report.findings.iter().filter(|finding| finding.code == Code::LogUnlisted) {
        if !finding.subject.as_ref().is_some_and(|at| expected.excused.contains(&at.key)) {
            return wrong("unlisted, and listed");
        }
    }
    if report.verdict != Verdict::Intact && expected.intact && expected.excused.is_empty() {
        return wrong("inconclusive, and all was covered");
    }
    let sum = report.totals.log_files.listed();
    if sum != expected.log_files {
        return wrong(&format!("{sum} log files, and {} are listed", expected.log_files));
    }
    for (at, (proven, holes)) in &expected.chains {
        let id = &world.chains[*at].id;
        let Some(chain) = report.chains.iter().find(|chain| {
            (&chain.account_id, &chain.region, &chain.trail, chain.kind)
                == (&id.account_id, &id.region, &id.trail, id.kind)
        }) else {
            return wrong(&format!("{id} is not reported"));
        };
        let mut found: Vec<_> = chain.holes.iter().map(|hole| hole.interval()).collect();
        found.dedup_by(|next, last| {
            let joins = last.end == next.start;
            if joins {
                last.end = next.end;
            }
            joins
        });
        if chain.proven != *proven || (id.kind == ChainKind::Standard && found != *holes) {
            return wrong(&format!("{id}: expected {proven:?} and holes {holes:?}, {:?} {found:?}", chain.proven));
        }
    }
    Ok(report.verdict == Verdict::Intact)
}

/// (b) What touches anything requested is never `intact`, and what contradicts nothing signed never `not-intact`.
#[test]
fn attacks_are_never_intact() {
    let told = run(400, 10, |world, dice| {
        let mut ask = Ask::draw(world, dice);
        if dice.percent(50) {
            (ask.plain, ask.trails, ask.log_files) = (false, vec![], LogFiles::All);
        }
        let attacks: Vec<Attack> = (0..1 + dice.below(3)).map(|_| Attack::draw(dice)).collect();
        let honest = world.at(ask.as_of);
        check_attack(world, &honest, &ask, &attacks).map_err(|why| minimized(world, &honest, &ask, attacks, why))
    });
    assert!(told * 4 > number("ATTACKS_CASES", 400), "hardly any attack touched anything");
}

fn check_attack(world: &World, honest: &Bucket, ask: &Ask, attacks: &[Attack]) -> Result<bool, String> {
    let mut bucket = honest.clone();
    attacks.iter().for_each(|attack| attack.apply(world, ask, &mut bucket));
    let Some(report) = judge(&bucket, ask) else { return Ok(false) };
    let wrong = |what: &str| Err(format!("{what}: {}{}", report.headline(), codes(&report)));
    sound(&report, &Span::of(ask, &bucket))?;
    let forbidden = forbids(world, &bucket, ask);
    if let Some(why) = forbidden.as_ref().filter(|_| report.verdict == Verdict::Intact) {
        return wrong(&format!("intact, and {why}"));
    }
    if report.verdict == Verdict::NotIntact && attacks.iter().all(|attack| attack.is_harmless()) {
        return wrong("not-intact, and nothing signed is contradicted");
    }
    Ok(forbidden.is_some())
}

/// Leaves out the attacks that it does not take.
fn minimized(world: &World, honest: &Bucket, ask: &Ask, mut attacks: Vec<Attack>, mut why: String) -> String {
    while let Some((fewer, still)) = (0..attacks.len()).find_map(|at| {
        let mut fewer = attacks.clone();
        fewer.remove(at);
        check_attack(world, honest, ask, &fewer).err().map(|still| (fewer, still))
    }) {
        (attacks, why) = (fewer, still);
    }
    let what: Vec<_> = attacks.iter().map(|attack| attack.what).collect();
    format!("{why}\n{what:?} {ask:?}")
}
