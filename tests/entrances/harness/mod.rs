//! Everything that takes what others wrote: a function each, of arbitrary bytes, that panics where something that must hold
//! does not. The stable test runs them over seeds and what becomes of these, `fuzz/` over whatever a fuzzer thinks of.

#![allow(dead_code, reason = "a fuzz target runs one of them")]

pub(crate) mod attest;
pub(crate) mod bucket;
pub(crate) mod bundle;
pub(crate) mod copy;
pub(crate) mod digest;
pub(crate) mod drawn;
pub(crate) mod inflate;
pub(crate) mod keys;
#[path = "../../hashing/harness.rs"]
pub(crate) mod lockstep;
pub(crate) mod lying;
pub(crate) mod names;
pub(crate) mod report;
pub(crate) mod waivers;
pub(crate) mod walk;

use std::fs;
use std::path::{Path, PathBuf};

/// One entrance.
pub(crate) struct Entrance {
    /// The name of its fuzz target.
    pub(crate) name: &'static str,
    /// How far an input can come; the first is that it was refused at once.
    pub(crate) stages: &'static [&'static str],
    /// Takes an input, and says how far it came.
    pub(crate) run: fn(&[u8]) -> usize,
    /// Inputs that come far.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
}

pub(crate) const ALL: [Entrance; 12] = [
    Entrance { name: "digest", stages: digest::STAGES, run: digest::run, seeds: digest::seeds },
    Entrance { name: "inflate", stages: inflate::STAGES, run: inflate::run, seeds: inflate::seeds },
    Entrance { name: "names", stages: names::STAGES, run: names::run, seeds: names::seeds },
    Entrance { name: "keys", stages: keys::STAGES, run: keys::run, seeds: keys::seeds },
    Entrance { name: "walk", stages: walk::STAGES, run: walk::run, seeds: walk::seeds },
    Entrance { name: "bucket", stages: bucket::STAGES, run: bucket::run, seeds: bucket::seeds },
    Entrance { name: "copy", stages: copy::STAGES, run: copy::run, seeds: copy::seeds },
    Entrance { name: "bundle", stages: bundle::STAGES, run: bundle::run, seeds: bundle::seeds },
    Entrance { name: "waivers", stages: waivers::STAGES, run: waivers::run, seeds: waivers::seeds },
    Entrance { name: "report", stages: report::STAGES, run: report::run, seeds: report::seeds },
    Entrance { name: "attest", stages: attest::STAGES, run: attest::run, seeds: attest::seeds },
    Entrance { name: "lockstep", stages: &["nothing", "some hashed"], run: lockstep, seeds: drawn::patterns },
];

fn lockstep(data: &[u8]) -> usize {
    usize::from(lockstep::agree(data).1 > 0)
}

/// The repository's `testdata`, for the crate itself and for the one in `fuzz/`.
pub(crate) fn testdata(path: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = if here.join("testdata").is_dir() { here } else { here.parent().expect("a repository") };
    root.join("testdata").join(path)
}

/// Every file below a folder, in order.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of testdata") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}
