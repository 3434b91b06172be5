//! Every bit of every object, every length, every pair: nothing that changes what the evidence says is ever `intact`,
//! and what is told names the object that was changed.
//!
//! The trail is the smallest that has a digest of every kind. All cases are run, in whatever order threads take them.

mod gzip;
mod lie;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gzip::{idle_header_bits, padding_bits};
use lie::{Due, Lie};
use tokio::runtime::{Builder, Runtime};
use trailseal::finding::Severity;
use trailseal::logfile::Framing;
use trailseal::report::{Report, Verdict};
use trailseal::trail::DigestKey;
use world::WORLD;

/// Without this, the others would hold of a program that never says `intact`.
#[test]
fn the_honest_trail_is_intact() {
    for framing in [Framing::Gzip, Framing::GzipOrPlain] {
        let report = WORLD.audit(&runtime(), framing, WORLD.objects.iter());
        assert_eq!(report.verdict, Verdict::Intact, "{:?}", report.findings);
        assert_eq!((report.totals.digests.verified, report.totals.log_files.verified), (3, 3));
    }
}

/// The cases, and of how many of them the evidence says what it said: then, and only then, it is intact.
#[test]
fn every_bit_and_every_length_is_judged() {
    let lies = Lie::all();
    let next = AtomicUsize::new(0);
    let work = || {
        let runtime = runtime();
        let mut judged = Vec::new();
        while let Some(lie) = lies.get(next.fetch_add(1, Ordering::Relaxed)) {
            judged.push((lie.kind(), judge(&runtime, *lie)));
        }
        judged
    };
    let judged: Vec<_> = thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no case panics")).collect()
    });
    let failures: Vec<&str> = judged.iter().filter_map(|(_, judged)| Some(judged.as_ref().err()?.as_str())).collect();
    let some = failures.iter().take(12).copied().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {} cases failed\n{some}", failures.len(), lies.len());
    let mut count = BTreeMap::<_, (usize, usize)>::new();
    for (kind, intact) in judged {
        let (all, of) = count.entry(kind).or_default();
        *all += 1;
        *of += usize::from(intact == Ok(true));
    }
    let count: Vec<_> = count.into_iter().map(|(kind, (all, intact))| (kind, all, intact)).collect();
    assert_eq!(count, CASES);
}

/// Which bits of a stored object say nothing of its content: those of the header that readers pass over, what fills up the
/// last byte of the deflate stream, and those of a distance that leads to the same bytes elsewhere. No others.
#[test]
fn the_bits_that_say_nothing_are_these() {
    for (at, (padding, same)) in SILENT.into_iter().enumerate() {
        let body = &WORLD.objects[at].body;
        let stated = idle_header_bits().into_iter().chain(padding_bits(body, padding)).chain(same.iter().copied());
        let stated: BTreeSet<usize> = stated.collect();
        let silent = (0..body.len() * 8).filter(|bit| Lie::Bit(at, *bit).due() == Due::Intact);
        assert_eq!(silent.collect::<BTreeSet<_>>(), stated, "object {at}");
    }
}

/// Whether the evidence is intact with a lie in it, if that and all that is told is what is due.
fn judge(runtime: &Runtime, lie: Lie) -> Result<bool, String> {
    let (objects, due) = (lie.tell(), lie.due());
    for framing in lie.framings() {
        let report = WORLD.audit(runtime, *framing, objects.iter());
        let violated = || subjects(&report, |severity| severity == Severity::Violation);
        let fits = match &due {
            Due::Intact => report.verdict == Verdict::Intact,
            Due::NotIntact(of) => {
                // Under its own name or the one that it got.
                let keys = of.iter().flat_map(|at| [WORLD.objects.get(*at), objects.get(*at)]).flatten();
                let keys: BTreeSet<&str> = keys.map(|object| object.key.as_str()).collect();
                let named = of.iter().all(|at| names(&report, *at));
                report.verdict == Verdict::NotIntact && named && violated().is_subset(&keys)
            }
            Due::Inconclusive(at) => report.verdict == Verdict::Inconclusive && names(&report, *at),
            Due::NeverIntact(at) => report.verdict != Verdict::Intact && names(&report, *at),
        };
        if !fits {
            let told = report.findings.iter().map(|f| (f.code.name(), f.subject.as_ref().map(|at| &at.key)));
            let told: Vec<_> = told.collect();
            return Err(format!("{lie:?} {framing:?}: {due:?} is due, and it is {:?} {told:?}", report.verdict));
        }
    }
    Ok(due == Due::Intact)
}

/// The keys that findings of some severities name.
fn subjects(report: &Report, of: impl Fn(Severity) -> bool) -> BTreeSet<&str> {
    let findings = report.findings.iter().filter(|finding| of(finding.severity));
    findings.filter_map(|finding| finding.subject.as_ref()).map(|subject| subject.key.as_str()).collect()
}

/// Whether a finding names the object, or a hole the hour of the digest.
fn names(report: &Report, at: usize) -> bool {
    let key = WORLD.objects[at].key.as_str();
    let end = DigestKey::parse(key).map(|digest| digest.end);
    let hole =
        |end| report.chains.iter().flat_map(|chain| &chain.holes).any(|hole| hole.start < end && end <= hole.end);
    subjects(report, |severity| severity != Severity::Note).contains(key) || end.is_some_and(hole)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// How many cases there are of each kind, and how many of them say what the honest evidence says.
const CASES: [(&str, usize, usize); 10] = [
    ("algorithm deleted", 3, 3),
    ("bit of a digest file", 16_168, 156),
    ("bit of a key", 5_607, 0),
    ("bit of a log file", 3_592, 160),
    ("bit of a signature", 12_288, 616),
    ("bit of an algorithm", 312, 0),
    ("deletion", 6, 0),
    ("signature deleted", 3, 2),
    ("swap", 15, 0),
    ("truncation", 2_470, 0),
];

/// Of each object, how many bits fill up the last byte of its deflate stream, and which bits belong to a distance that is
/// another with the same bytes at its end: a bucket's name, or a region's, stands in a digest more than once.
const SILENT: [(usize, &[usize]); 6] = [(2, &[]), (1, &[5_612]), (4, &[5_610]), (6, &[]), (6, &[]), (1, &[])];
