//! Runs one hot path over `testdata/trail` a fixed number of times, for `scripts/instructions` to count its instructions.
//!
//! ```text
//! hot_paths PATH        one of those in PATHS
//! hot_paths features    what this CPU offers to the code that chooses at run time
//! ```

#![allow(clippy::unwrap_used, reason = "a measurement without its trail is none")]
#![allow(clippy::print_stdout, reason = "what the script reads")]

#[path = "../benches/corpus/mod.rs"]
mod corpus;

use std::env;
use std::hint::black_box;
use std::path::Path;

use corpus::{Corpus, walk};
use trailseal::limits::Limits;
use trailseal::logfile::{Framing, LogHasher};

const PATHS: [&str; 3] = ["hash-log-files", "parse-and-verify-digests", "walk-chains"];

fn main() {
    let path = env::args().nth(1).unwrap_or_default();
    if path == "features" {
        println!("{}", features().join(" "));
        return;
    }
    let corpus = Corpus::read(Path::new("testdata/trail"), Path::new("testdata/trail-public-keys.json"));
    match path.as_str() {
        "hash-log-files" => {
            let mut hasher = LogHasher::new(Framing::Gzip, u64::MAX);
            measured(|| {
                for log in corpus.logs.iter().cycle().take(10 * corpus.logs.len()) {
                    hasher.push(log).unwrap();
                    black_box(hasher.finish().unwrap());
                    hasher.reset();
                }
            });
        }
        "parse-and-verify-digests" => {
            let limits = Limits::default();
            measured(|| {
                for digest in corpus.digests() {
                    assert!(digest.clone().parse(&limits).unwrap().verify(&corpus.keys, None).is_ok());
                }
            });
        }
        "walk-chains" => {
            let chains = vec![corpus.verified(); 10];
            measured(|| {
                for (chain, digests) in chains.into_iter().flatten() {
                    black_box(walk(chain, digests));
                }
            });
        }
        _ => panic!("give one of {}", PATHS.join(", ")),
    }
}

/// What callgrind is told to count: this and all that it calls.
#[inline(never)]
fn measured(path: impl FnOnce()) {
    path();
    // Keeps what comes after from being joined to it.
    black_box(());
}

/// The features that zlib-rs, sha2, crc32fast and memchr ask for: with other ones, other code runs.
#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    let all = [
        ("sse4.1", is_x86_feature_detected!("sse4.1")),
        ("pclmulqdq", is_x86_feature_detected!("pclmulqdq")),
        ("bmi2", is_x86_feature_detected!("bmi2")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("vpclmulqdq", is_x86_feature_detected!("vpclmulqdq")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("sha", is_x86_feature_detected!("sha")),
    ];
    all.into_iter().filter_map(|(name, there)| there.then_some(name)).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<&'static str> {
    vec![env::consts::ARCH]
}
