//! An organization that grows hour by hour, is tampered with at random, and is watched by runs that are killed at random: every
//! tampering is told by the run after it, each once, and none is invented.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use trailseal::finding::Severity;
use trailseal::simulate::{Scenario, gzip};
use trailseal::trail::Time;

use super::Watched;
use super::told::Hook;
use crate::s3_server::Stored;
use crate::world::{REGION, small};

/// What is wrong: how often each code and subject.
type Wrong = BTreeMap<(String, String), u32>;

const KILLS: u32 = 200;

/// A reproducible sequence of numbers: which run is killed when is left to the machine, and what is done to the bucket is not.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most.max(1)
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        if all.is_empty() { None } else { Some(all[self.below(all.len())].clone()) }
    }
}

fn organization() -> Scenario {
    Scenario {
        organization: Some("o-exampleorgid".to_owned()),
        accounts: 2,
        regions: vec![REGION.to_owned(), "eu-west-1".to_owned()],
        hours: 60,
        log_files_per_hour: 2,
        ..small()
    }
}

impl Watched {
    /// Does one thing to the bucket, or puts one thing right.
    fn tamper(&mut self, chance: &mut Chance, undone: &mut Vec<(String, Option<Stored>)>) {
        if chance.below(3) == 0 && !undone.is_empty() {
            let (key, before) = undone.swap_remove(chance.below(undone.len()));
            match before {
                Some(stored) => self.put(&key, stored),
                None => drop(self.remove(&key)),
            }
            return;
        }
        let logs = self.keys_with("/CloudTrail/");
        // Not what was done something to already: that could not be put right.
        let of = |keys: &[String]| {
            keys.iter().filter(|key| undone.iter().all(|(other, _)| other != *key)).cloned().collect()
        };
        let (logs, digests): (Vec<String>, Vec<String>) = (of(&logs), of(&self.keys_with("/CloudTrail-Digest/")));
        match (chance.below(5), chance.of(&logs), chance.of(&digests)) {
            (0, Some(key), _) => undone.push((key.clone(), Some(self.remove(&key)))),
            (1, Some(key), _) => {
                let stored = self.remove(&key);
                let altered =
                    Stored { body: gzip(b"{\"Records\":[]}").into(), last_modified: self.at, ..stored.clone() };
                self.put(&key, altered);
                undone.push((key, Some(stored)));
            }
            (2, Some(key), _) => {
                let unique = format!("{:016}", chance.below(1 << 30));
                let planted = format!("{}{unique}.json.gz", &key[..key.len() - 24]);
                self.put(&planted, Stored::new(gzip(b"{}"), BTreeMap::new(), self.at.plus(-3 * Time::HOUR)));
                undone.push((planted, None));
            }
            (3, _, Some(key)) => undone.push((key.clone(), Some(self.remove(&key)))),
            (_, _, Some(key)) => {
                let stored = self.remove(&key);
                let altered = Stored { body: gzip(b"{}").into(), last_modified: self.at, ..stored.clone() };
                self.put(&key, altered);
                undone.push((key, Some(stored)));
            }
            _ => {}
        }
    }

    /// A run that is killed after a while, if it is not over by then. How long it took, if it was.
    fn killed_after(&self, most: Duration) -> Option<Duration> {
        let (config, now) = (self.config(), self.at.to_string());
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailseal"));
        command.args(["monitor", "--config", config.to_str().unwrap(), "--once", "--now", &now]);
        let began = Instant::now();
        let mut child = self.world.start(command);
        let mut out = child.stdout.take().unwrap();
        let (ended, end) = mpsc::channel();
        thread::spawn(move || {
            let _ = out.read_to_end(&mut Vec::new());
            let _ = ended.send(());
        });
        let over = end.recv_timeout(most).is_ok();
        child.kill().unwrap();
        child.wait().unwrap();
        over.then(|| began.elapsed())
    }

    /// What `verify` says of the bucket as it is, but for notes.
    fn verified(&self) -> Wrong {
        let (source, now) = (self.world.source(), self.at.to_string());
        let report = self.world.run(&["verify", &source, "--now", &now, "--format", "json"]).report();
        let mut wrong = Wrong::new();
        for finding in report.findings.iter().filter(|finding| finding.severity != Severity::Note) {
            let about = finding.subject.as_ref().map(|at| at.key.clone());
            let about = about.or_else(|| Some(format!("{} {}", finding.chain.as_ref()?, finding.interval?.start)));
            *wrong.entry((finding.code.name().to_owned(), about.unwrap_or_default())).or_default() += 1;
        }
        wrong
    }

    /// The findings that are open, but for notes.
    fn wrong(&self) -> Wrong {
        let sql = "SELECT json FROM finding WHERE resolved IS NULL AND severity <> 'note'";
        let database = self.database();
        let mut asked = database.prepare(sql).unwrap();
        let rows: Vec<String> = asked.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let mut wrong = Wrong::new();
        for row in rows {
            let finding: trailseal::finding::Finding = serde_json::from_str(&row).unwrap();
            let about = finding.subject.as_ref().map(|at| at.key.clone());
            let about = about.or_else(|| Some(format!("{} {}", finding.chain.as_ref()?, finding.interval?.start)));
            *wrong.entry((finding.code.name().to_owned(), about.unwrap_or_default())).or_default() += 1;
        }
        wrong
    }
}

/// The account and region of a key.
fn folder(key: &str) -> (String, String) {
    let parts: Vec<&str> = key.split('/').collect();
    let at = parts.iter().position(|part| part.starts_with("CloudTrail")).unwrap_or(1);
    (parts[at - 1].to_owned(), parts.get(at + 1).copied().unwrap_or_default().to_owned())
}

/// Whether `verify`, which remembers nothing, can know of it.
fn is_remembered(code: &str) -> bool {
    matches!(code, "history-rewritten" | "chain-gone")
}

#[test]
fn every_tampering_is_told_once_and_none_is_invented() {
    let mut watched = Watched::after(6, organization(), "");
    let hook = Hook::of(&mut watched);
    let mut chance = Chance(7);
    let mut undone = Vec::new();
    let mut killed = 0;
    let mut open = Wrong::new();
    let mut expected: BTreeMap<(String, String, String), u32> = BTreeMap::new();
    let mut usual = Duration::from_millis(300);
    while killed < KILLS {
        watched.go_on(Time::HOUR / 2);
        for _ in 0..chance.below(3) {
            watched.tamper(&mut chance, &mut undone);
        }
        for _ in 0..8 {
            let part = u32::try_from(chance.below(110)).unwrap();
            match watched.killed_after(usual * part / 100) {
                None => killed += 1,
                Some(took) => usual = (usual + took) / 2,
            }
        }
        let run = watched.run();
        assert!(matches!(run.status, Some(0 | 1 | 3)), "{}{}", run.stdout, run.stderr);
        let now = watched.wrong();
        let remembered = |(code, _): &(String, String)| is_remembered(code);
        let seen: Wrong = now.clone().into_iter().filter(|(what, _)| !remembered(what)).collect();
        let verified = watched.verified();
        for (what, count) in &verified {
            assert_eq!(seen.get(what), Some(count), "not told: {what:?}, after {killed} kills, {}", watched.at);
        }
        // An alarm over what is signed stays open until it is seen verified, though nothing may name it any more.
        let undone: Vec<&str> = undone.iter().map(|(key, _)| key.as_str()).collect();
        for (code, about) in seen.keys().filter(|what| !verified.contains_key(*what)) {
            let of_it =
                |key: &&str| about == key || key.contains("/CloudTrail-Digest/") && folder(key) == folder(about);
            assert!(undone.iter().any(of_it), "invented: {code} {about}, after {killed} kills, {}", watched.at);
        }
        for what in now.keys().filter(|what| !open.contains_key(*what)) {
            *expected.entry((what.0.clone(), what.1.clone(), "opened".to_owned())).or_default() += 1;
        }
        for what in open.keys().filter(|what| !now.contains_key(*what)) {
            *expected.entry((what.0.clone(), what.1.clone(), "resolved".to_owned())).or_default() += 1;
        }
        open = now;
    }
    let told: BTreeMap<(String, String, String), u32> =
        watched.told_of_objects().into_iter().map(|(code, about, kind, count)| ((code, about, kind), count)).collect();
    let of_objects = |(_, about, _): &(String, String, String)| about.contains('/');
    let expected: BTreeMap<_, _> = expected.into_iter().filter(|(what, _)| of_objects(what)).collect();
    assert!(expected.len() > 20, "little happened: {expected:?}");
    assert_eq!(told, expected);
    // Whoever listens has heard of each at least once, under its id, and of nothing else.
    let heard: BTreeSet<String> = hook.heard().into_iter().map(|(_, _, id)| id).collect();
    assert_eq!(heard, watched.events());
}
