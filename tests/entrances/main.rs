//! Every entrance that takes what others wrote, over its seeds, over what was found before, and over some thousands of
//! inputs that become of the seeds. The fuzz targets in `fuzz/` run the same functions, for as long as one likes.
//!
//! `ENTRANCES_ROUNDS` is how many times as many inputs to try, `ENTRANCES_SEED` another seed for them.

#![allow(clippy::print_stdout, reason = "how many inputs came how far is for whoever runs it")]

mod harness;
mod mutate;

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use harness::{ALL, Entrance};
use mutate::Mutator;

/// Runs an entrance over its seeds and `inputs` of what becomes of them, and says how many inputs came how far.
fn run(name: &str, inputs: usize) -> BTreeMap<&'static str, usize> {
    let entrance = ALL.iter().find(|entrance| entrance.name == name).expect("an entrance");
    let seeds = (entrance.seeds)();
    let mut reached: BTreeMap<&str, usize> = entrance.stages.iter().map(|stage| (*stage, 0)).collect();
    let mut take = |input: &[u8]| *reached.entry(entrance.stages[taken(entrance, input)]).or_default() += 1;
    seeds.iter().for_each(|seed| take(seed));
    regressions(name).iter().for_each(|input| take(input));
    let mut mutator = Mutator::new(number("ENTRANCES_SEED", 1), &seeds);
    for _ in 0..inputs * number("ENTRANCES_ROUNDS", 1) as usize {
        take(&mutator.next());
    }
    println!("{name}: {} seeds, {inputs} inputs made of them: {reached:?}", seeds.len());
    reached
}

/// How far an input comes. One that breaks what must hold is written down, so that it can become a regression.
fn taken(entrance: &Entrance, input: &[u8]) -> usize {
    catch_unwind(AssertUnwindSafe(|| (entrance.run)(input))).unwrap_or_else(|_| {
        panic!("{}: it does not hold for these bytes, in hex:\n{}", entrance.name, hex::encode(input))
    })
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn here(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What was found by fuzzing, or by this test: `tests/entrances/regressions/NAME/`.
fn regressions(name: &str) -> Vec<Vec<u8>> {
    let folder = here("tests/entrances/regressions").join(name);
    if !folder.is_dir() {
        return Vec::new();
    }
    harness::files_below(&folder).iter().map(|path| fs::read(path).expect("a regression")).collect()
}

/// Runs an entrance, and holds how many inputs came at least so far against the least that must.
fn reach(name: &str, inputs: usize, least: &[(&str, usize)]) {
    let reached = run(name, inputs);
    for (stage, least) in least {
        assert!(reached[stage] >= *least, "only {} came to `{stage}`: {reached:?}", reached[stage]);
    }
}

#[test]
fn digest_files() {
    reach("digest", 6_000, &[("refused", 2_000), ("claims read", 50), ("in its place", 200), ("verified", 40)]);
}

#[test]
fn gzip_members() {
    reach("inflate", 3_000, &[("refused", 1_000), ("followed by more", 100), ("inflated", 100)]);
}

#[test]
fn names() {
    let least = [("no text", 500), ("no name", 1_000), ("a time", 80), ("an ARN", 15), ("a log file", 20)];
    reach("names", 6_000, &[&least[..], &[("a digest file", 20)]].concat());
}

#[test]
fn public_keys() {
    reach("keys", 6_000, &[("refused", 2_000), ("one key", 200), ("several keys", 20)]);
}

#[test]
fn walks_of_one_chain() {
    let least = [("nothing verified", 100), ("some verified", 1_000), ("all verified and clean", 500)];
    reach("walk", 4_000, &least);
}

#[test]
fn buckets_that_lie() {
    reach("bucket", 300, &[("inconclusive", 20), ("not intact", 100), ("intact", 50)]);
}

#[test]
fn records_of_a_copy() {
    let least = [("refused", 200), ("a record read", 50), ("judged with it", 40), ("intact, were it pinned", 1)];
    reach("copy", 1_000, &least);
}

#[test]
fn evidence_bundles() {
    reach("bundle", 1_000, &[("refused", 50), ("not intact", 100), ("intact", 1)]);
}

#[test]
fn waiver_files() {
    reach("waivers", 4_000, &[("refused", 1_000), ("waivers read", 50), ("findings waived", 10)]);
}

#[test]
fn saved_reports() {
    reach("report", 3_000, &[("refused", 1_000), ("inconclusive", 15), ("not intact", 100), ("intact", 20)]);
}

#[test]
fn signatures_and_time_stamps() {
    let least = [("refused", 1_000), ("a key", 20), ("an envelope", 50), ("believed", 10), ("a time-stamp", 2)];
    reach("attest", 8_000, &least);
}

/// `tests/hashing` has more of them.
#[test]
fn log_files_hashed_in_lockstep() {
    reach("lockstep", 10, &[("some hashed", 20)]);
}

#[test]
#[ignore = "writes the seeds for the fuzzer: fuzz/corpus/NAME/"]
fn write_the_seeds() {
    for entrance in &ALL {
        let folder = here("fuzz/corpus").join(entrance.name);
        fs::create_dir_all(&folder).expect("a folder");
        for (at, seed) in (entrance.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{at:03}")), seed).expect("written");
        }
    }
}
