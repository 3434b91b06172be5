//! (9) An audit that is stopped, whenever it may be, says so, loses nothing and claims nothing; (10) one in which anything
//! panics comes to no report.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use proptest::prelude::*;
use proptest::sample::Index;
use trailseal::audit::{AuditRequest, Evidence, Hasher, LogFiles, Observer, SampleSize, Stop, audit_blocking};
use trailseal::chain::union;
use trailseal::digest::KeySet;
use trailseal::finding::{Code, Finding, Reason, Severity};
use trailseal::keys::{KeyOrigin, KeySource, KeySourceError};
use trailseal::logfile::Framing;
use trailseal::report::{ChainReport, Report, Verdict, Waivers};
use trailseal::store::{
    Body, FetchedObject, Folder, KeyRange, ListError, MemoryStore, ObjectInfo, ObjectStore, StoreError,
};
use trailseal::trail::{ChainKind, DigestKey, Interval};

use crate::lied_to;
use crate::world::{Objects, WORLD, audit_store, gunzip, is_digest, store};

/// How a store gives its objects.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Local,
    LocalReaders,
    Remote,
}

/// What happens at one of the questions.
#[derive(Clone, Debug)]
enum Event {
    /// The end is asked for.
    Stop(Stop),
    Panic,
}

/// Counts questions: at the one of that number, something happens.
#[derive(Clone)]
struct Counter {
    event: Event,
    at: usize,
    asked: Arc<AtomicUsize>,
}

impl Counter {
    fn new(event: Event, at: usize) -> Counter {
        Counter { event, at, asked: Arc::default() }
    }

    fn step(&self) {
        if self.asked.fetch_add(1, Ordering::Relaxed) == self.at {
            match &self.event {
                Event::Stop(stop) => stop.ask(),
                Event::Panic => panic!("{ON_PURPOSE}"),
            }
        }
    }
}

const ON_PURPOSE: &str = "on purpose";

/// A store of which each question is counted.
struct Counted {
    store: MemoryStore,
    kind: Kind,
    counter: Counter,
}

impl Counted {
    fn step(&self) {
        self.counter.step();
    }

    /// The body in two pieces, or as a file: each piece is a question.
    fn watched(&self, object: FetchedObject) -> FetchedObject {
        let Body::Bytes(bytes) = object.body else { panic!("in memory") };
        self.step();
        let body = match self.kind {
            Kind::Local => Body::Bytes(bytes),
            Kind::LocalReaders => Body::Reader(Box::new(CountedFile(Cursor::new(bytes), self.counter.clone()))),
            Kind::Remote => {
                let counter = self.counter.clone();
                let half = bytes.len() / 2;
                let pieces: Vec<Result<Bytes, StoreError>> = vec![Ok(bytes.slice(..half)), Ok(bytes.slice(half..))];
                Body::Stream(stream::iter(pieces).inspect(move |_| counter.step()).boxed())
            }
        };
        FetchedObject { body, ..object }
    }
}

/// A file of which each read is a question, too.
struct CountedFile(Cursor<Bytes>, Counter);

impl Read for CountedFile {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1.step();
        self.0.read(buffer)
    }
}

#[async_trait]
impl ObjectStore for Counted {
    fn bucket(&self) -> Option<&str> {
        self.store.bucket()
    }

    fn framing(&self) -> Framing {
        self.store.framing()
    }

    fn is_remote(&self) -> bool {
        self.kind == Kind::Remote
    }

    async fn folder(&self, prefix: &str) -> Result<Folder, StoreError> {
        self.step();
        self.store.folder(prefix).await
    }

    fn list<'a>(&'a self, prefix: &'a str, range: KeyRange) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
        // In pages of one, each of which is a question.
        let pages = self.store.list(prefix, range).flat_map(|page| {
            let objects = page.expect("in memory").into_iter();
            stream::iter(objects.map(|object| Ok(vec![object])).collect::<Vec<_>>())
        });
        pages.inspect(|_| self.step()).boxed()
    }

    async fn get(&self, key: &str) -> Result<FetchedObject, StoreError> {
        self.step();
        self.store.get(key).await.map(|object| self.watched(object))
    }

    fn get_now(&self, key: &str) -> Option<Result<FetchedObject, StoreError>> {
        if self.kind == Kind::Remote {
            return None;
        }
        self.step();
        Some(self.store.get_now(key)?.map(|object| self.watched(object)))
    }
}

/// The report of an audit that is stopped at the question of that number, and how many questions there were.
fn stopped(objects: &Objects, kind: Kind, request: &AuditRequest, at: usize) -> (Report, usize) {
    let stop = Stop::default();
    let counter = Counter::new(Event::Stop(stop.clone()), at);
    let store = Counted { store: store(objects), kind, counter: counter.clone() };
    let report = audit_store(Arc::new(store), AuditRequest { stop, ..request.clone() });
    (report, counter.asked.load(Ordering::Relaxed))
}

/// Whoever watches, and gives keys, of which each question is counted.
struct Watching(Counter);

impl Observer for Watching {
    fn digest_done(&self) {
        self.0.step();
    }

    fn logs_done(&self, _: u64, _: u64) {
        self.0.step();
    }

    fn region_done(&self) {
        self.0.step();
    }
}

#[async_trait]
impl KeySource for Watching {
    fn describe(&self) -> String {
        "keys".to_owned()
    }

    fn origin(&self) -> KeyOrigin {
        KeyOrigin::Pinned
    }

    async fn keys(&self, _: &str, _: Interval) -> Result<Arc<KeySet>, KeySourceError> {
        self.0.step();
        Ok(Arc::new(WORLD.keys.clone()))
    }
}

/// What an audit comes to in which everything but the store panics at the question of that number, or the store does.
fn panicked(kind: Kind, request: &AuditRequest, at: usize, in_store: bool) -> (Option<Report>, usize) {
    let (counter, never) = (Counter::new(Event::Panic, at), Counter::new(Event::Panic, usize::MAX));
    let (of_store, of_others) = if in_store { (counter.clone(), never) } else { (never, counter.clone()) };
    let store = Counted { store: store(&WORLD.objects), kind, counter: of_store };
    let evidence = Evidence { stores: vec![Arc::new(store)], ..Evidence::default() };
    let others = Arc::new(Watching(of_others));
    // What panics in the audit's own future comes through to whoever waits for it.
    let audited =
        catch_unwind(AssertUnwindSafe(|| audit_blocking(evidence, others.clone(), request.clone(), others.clone())));
    (audited.ok().and_then(Result::ok), counter.asked.load(Ordering::Relaxed))
}

/// What is told of panics that were meant is only in the way.
fn quiet_about_panics_on_purpose() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            let meant = ["a thread that hashes log files panicked", ON_PURPOSE]
                .iter()
                .any(|text| panic.to_string().contains(text));
            if !meant {
                usual(panic);
            }
        }));
    });
}

/// Waivers of all that is unproven, by every way to name it.
fn waivers() -> Waivers {
    let unproven = Code::ALL.iter().filter(|code| code.severity() == Severity::Unproven);
    let text: String = unproven
        .flat_map(|code| {
            ["subject = \"s3://example-trail-logs/*\"", "start = \"2020-01-01\"\nend = \"2040-01-01\""].map(|which| {
                format!("[[waiver]]\ncode = \"{code}\"\n{which}\nreason = \"r\"\nwho = \"w\"\nuntil = \"2040-01-01\"\n")
            })
        })
        .collect();
    Waivers::parse(&text).expect("waivers")
}

fn violations(report: &Report) -> BTreeSet<String> {
    let violations = report.findings.iter().filter(|finding| finding.severity == Severity::Violation);
    violations.map(|finding: &Finding| format!("{} {:?}", finding.code, finding.subject)).collect()
}

fn accounted(chain: &ChainReport) -> Vec<Interval> {
    union(chain.proven.iter().copied().chain(chain.holes.iter().map(|hole| hole.interval())).collect())
}

fn same_chain<'r>(report: &'r Report, chain: &ChainReport) -> Option<&'r ChainReport> {
    let name = |chain: &ChainReport| (chain.region.clone(), chain.trail.clone(), chain.kind);
    report.chains.iter().find(|other| name(other) == name(chain))
}

/// The log files that the verified digests of a chain list: those from its oldest verified one on.
fn listed_by(chain: &ChainReport, objects: &Objects) -> u64 {
    let Some(oldest) = &chain.oldest else { return 0 };
    let of_chain = |key: &DigestKey| {
        (&key.chain.region, &key.chain.trail, key.chain.kind) == (&chain.region, &chain.trail, chain.kind)
    };
    let digests = objects.iter().filter(|(key, _)| is_digest(key));
    let listed = digests.filter_map(|(key, object)| {
        DigestKey::parse(key).filter(|key| of_chain(key) && key.end > oldest.start)?;
        let content: serde_json::Value = serde_json::from_slice(&gunzip(&object.body)).expect("JSON");
        Some(content["logFiles"].as_array().expect("a list").len() as u64)
    });
    listed.sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_audit_in_which_anything_panics_comes_to_no_report(
        at: Index,
        kind in prop_oneof![Just(Kind::Local), Just(Kind::LocalReaders), Just(Kind::Remote)],
        hasher in prop_oneof![Just(Hasher::Single), Just(Hasher::Lockstep)],
        log_files in prop_oneof![
            Just(LogFiles::All),
            Just(LogFiles::Listing),
            Just(LogFiles::None),
            Just(LogFiles::Sample { size: SampleSize::Count(9), seed: 1 })
        ],
        in_store: bool,
    ) {
        quiet_about_panics_on_purpose();
        let request = AuditRequest { log_files, hasher, concurrency: 3, ..WORLD.request() };
        let (whole, questions) = panicked(kind, &request, usize::MAX, in_store);
        prop_assert_eq!(whole.expect("a report").verdict, Verdict::Intact);
        let (report, _) = panicked(kind, &request, at.index(questions), in_store);
        prop_assert_eq!(report.map(|report| report.verdict), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stopped_audit_loses_nothing_and_claims_nothing(
        at: Index,
        lies in prop::collection::vec((any::<Index>(), 0_u8..3), 0..3),
        kind in prop_oneof![Just(Kind::Local), Just(Kind::LocalReaders), Just(Kind::Remote)],
        log_files in prop_oneof![
            Just(LogFiles::All),
            Just(LogFiles::Listing),
            Just(LogFiles::None),
            Just(LogFiles::Sample { size: SampleSize::PerMillion(500_000), seed: 1 }),
            (1_u32..45).prop_map(|count| LogFiles::Sample { size: SampleSize::Count(count), seed: 1 })
        ],
        bounded: bool,
        waived: bool,
    ) {
        let objects = lied_to(&lies);
        let mut request = AuditRequest { log_files, concurrency: 3, ..WORLD.request() };
        if !bounded {
            (request.start, request.end) = (None, None);
        }
        if waived {
            request.waivers = waivers();
        }
        let (whole, questions) = stopped(&objects, kind, &request, usize::MAX);
        prop_assert!(!whole.is_partial() && questions > 50);
        let (report, _) = stopped(&objects, kind, &request, at.index(questions));
        if !report.is_partial() {
            prop_assert_eq!(report, whole);
            return Ok(());
        }
        prop_assert!(report.headline().contains(" (partial: the run was interrupted): "), "{}", report.headline());
        prop_assert_ne!(report.verdict, Verdict::Intact);
        let shown = violations(&report);
        prop_assert!(shown.is_subset(&violations(&whole)), "{shown:?}");
        prop_assert_eq!(report.verdict == Verdict::NotIntact, !shown.is_empty());
        prop_assert!(!report.checks.performed.iter().any(|check| check.contains("log")), "{:?}", report.checks);
        for chain in &report.chains {
            let Some(full) = same_chain(&whole, chain) else { continue };
            let all = [chain.proven.clone(), full.proven.clone()].concat();
            prop_assert_eq!(&union(all), &full.proven, "proven what the whole audit does not prove");
            let of = |chain: &ChainReport| chain.digests.verified + chain.digests.violated + chain.digests.unproven;
            prop_assert!(of(chain) <= of(full));
            if chain.kind == ChainKind::Standard && bounded {
                prop_assert_eq!(accounted(chain), accounted(full), "{:?}", chain);
            }
            if lies.is_empty() && !bounded && chain.kind == ChainKind::Standard {
                prop_assert_eq!(chain.log_files.listed(), listed_by(chain, &objects), "{:?}", chain.log_files);
            }
            let told = |code| report.findings.iter().any(|finding| {
                finding.code == code && finding.reason == Some(Reason::Interrupted)
                    && finding.chain.as_ref().is_some_and(|of| (&of.region, &of.trail, of.kind) == (&chain.region, &chain.trail, chain.kind))
            });
            if chain.digests.verified + chain.digests.violated < full.digests.verified && chain.kind == ChainKind::Standard {
                prop_assert!(told(Code::DigestUnreadable) || report.findings.iter().any(|finding| finding.code == Code::FolderUnreadable), "{:?}", chain);
            }
            // Where digests were not met, what they do not list is not known either.
            if told(Code::DigestUnreadable) && log_files != LogFiles::None {
                let folder = format!("/CloudTrail/{}/", chain.region);
                prop_assert!(report.findings.iter().any(|finding| finding.code == Code::FolderUnreadable
                    && finding.subject.as_ref().is_some_and(|at| at.key.ends_with(&folder))), "{}", folder);
            }
            if lies.is_empty() && chain.log_files.unproven > 0 {
                prop_assert!(told(Code::LogUnreadable), "{:?}", chain);
            }
        }
        // Nothing is missing only because nobody looked.
        prop_assert!(whole.findings.iter().any(|finding| finding.code == Code::NothingFound)
            || report.findings.iter().all(|finding| finding.code != Code::NothingFound));
        let unlisted = |report: &Report| report.findings.iter().filter(|finding| finding.code == Code::LogUnlisted).count();
        prop_assert!(unlisted(&report) <= unlisted(&whole));
        // A saved report stays what it is.
        let json = serde_json::to_vec(&report).expect("JSON");
        prop_assert_eq!(Report::parse(&json).expect("a report"), report);
    }
}
