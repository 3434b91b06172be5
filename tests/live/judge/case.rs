//! A case of `testdata/cases`, told of a live bucket.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::Deserialize;
use trailseal::finding::Severity;
use trailseal::report::Report;

use crate::aws_api::PublicKey;
use crate::world::{REGION, Run, World};

/// A folder of `testdata/cases`.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) stated: Stated,
}

/// `case.toml`, as far as it concerns a bucket.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Stated {
    pub(crate) comment: String,
    pub(crate) verdict: String,
    pub(crate) expect: Vec<String>,
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    pub(crate) arguments: Vec<String>,
    pub(crate) now: String,
    public_keys: Option<toml::Value>,
}

/// The folder of test data.
pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// Every case, by name.
pub(crate) fn all() -> Vec<Case> {
    let entries = fs::read_dir(testdata().join("cases")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    let case = |folder: PathBuf| Case {
        name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
        stated: toml::from_str(&fs::read_to_string(folder.join("case.toml")).unwrap()).unwrap(),
        folder,
    };
    folders.into_iter().map(case).collect()
}

/// Does the same with each case, a few at a time.
pub(crate) fn each<T: Send>(cases: &[Case], work: impl Fn(&Case) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push((&case.name, work(case)));
        }
        done
    };
    let mut done: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker that fails fails the test")).collect()
    });
    done.sort_by_key(|(name, _)| *name);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The cases that are run at the same time.
const AT_ONCE: usize = 3;

impl Case {
    /// The bucket that the evidence is said to have been taken of.
    pub(crate) fn bucket(&self) -> String {
        let record = fs::read_to_string(self.folder.join("evidence/.trailseal/source.json")).unwrap_or_default();
        let record: serde_json::Value = serde_json::from_str(&record).unwrap_or_default();
        record["bucket"].as_str().unwrap_or("example-trail-logs").to_owned()
    }

    /// That bucket, and those that the trail delivered to before.
    pub(crate) fn buckets(&self) -> Vec<String> {
        let moved = self.arguments("--bucket-dir").map(|moved| moved.split_once('=').unwrap().0.to_owned());
        [self.bucket()].into_iter().chain(moved).collect()
    }

    /// The value of an option of the case.
    pub(crate) fn argument<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.arguments(name).next()
    }

    /// The values of an option that may be given several times.
    pub(crate) fn arguments<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.stated.arguments.chunks(2).filter(move |pair| pair[0] == name);
        pairs.map(|pair| pair[1].as_str())
    }

    /// Its evidence in S3, its pinned keys at CloudTrail.
    pub(crate) fn world(&self) -> World {
        let world = World::small();
        let s3 = &world.endpoint.s3;
        s3.create(&self.bucket(), REGION);
        s3.load_directory(&self.bucket(), &self.folder.join("evidence"));
        for moved in self.arguments("--bucket-dir") {
            let (bucket, directory) = moved.split_once('=').unwrap();
            s3.create(bucket, "eu-west-3");
            s3.load_directory(bucket, &self.folder.join(directory));
        }
        let keys = self.stated.public_keys.as_ref().map_or("../public-keys.json", |given| given.as_str().unwrap());
        let keys = fs::read_to_string(self.folder.join(keys)).unwrap();
        world.endpoint.api.state().cloudtrail.keys = PublicKey::parse(&keys);
        world
    }

    /// `trailseal verify s3://BUCKET`, as the case asks.
    pub(crate) fn verify(&self, world: &World) -> Run {
        let source = format!("s3://{}", self.bucket());
        let mut arguments = vec!["verify", &source, "--now", &self.stated.now, "--format", "json"];
        let waivers = self.argument("--waivers").map(|file| self.folder.join(file));
        for pair in self.stated.arguments.chunks(2) {
            match pair[0].as_str() {
                // The other bucket is at hand in S3.
                "--bucket-dir" => {}
                "--waivers" => arguments.extend(["--waivers", waivers.as_ref().unwrap().to_str().unwrap()]),
                _ => arguments.extend([pair[0].as_str(), pair[1].as_str()]),
            }
        }
        world.run(&arguments)
    }
}

/// The codes of a report: what counts, and what is a note.
pub(crate) fn codes(report: &Report) -> [BTreeSet<String>; 2] {
    [false, true].map(|notes| {
        let found = report.findings.iter().filter(|finding| (finding.severity == Severity::Note) == notes);
        found.map(|finding| finding.code.name().to_owned()).collect()
    })
}
