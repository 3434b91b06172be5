//! A copy verifies as its source does.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::world::{files_below, run, stderr, stdout};

const NOW: &str = "2026-03-01";

/// Two accounts, two regions and two trails, past midnight; its keys outside.
static TRAIL: LazyLock<(TempDir, String, String)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (trail, keys) = (path("trail"), path("keys.json"));
    let options = "--accounts 2 --regions 2 --trails 2 --hours 30 --log-files-per-hour 2 --events-per-log-file 1 --backfills 2 --shared-keys";
    let mut arguments = vec!["simulate", &trail, "--public-keys", &keys];
    arguments.extend(options.split(' '));
    let made = run(&arguments);
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    (dir, trail, keys)
});

/// What a request is answered with.
fn report(dir: &str, more: &[&str]) -> Value {
    let output = run(&[&["verify", dir, "--public-keys", &TRAIL.2, "--now", NOW, "--format", "json"], more].concat());
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{}", stderr(&output));
    let mut report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    report["request"]["source"] = Value::Null;
    report
}

const REQUESTS: [&[&str]; 8] = [
    &[],
    &["--start-time", "2026-01-10T20:30:00Z", "--end-time", "2026-01-11T02:10:00Z"],
    // Log files of the last minutes before midnight are named after it.
    &["--start-time", "2026-01-10T22:00:00Z", "--end-time", "2026-01-11T00:00:00Z"],
    &["--start-time", "2026-01-10T09:30:00Z", "--end-time", "2026-01-10T13:10:00Z", "--region", "us-east-1"],
    &["--start-time", "2026-01-11T01:00:00Z"],
    &["--end-time", "2026-01-10T12:00:00Z"],
    &["--trail-name", "management-events", "--start-time", "2026-01-10T12:00:00Z"],
    &["--log-files", "none", "--end-time", "2026-01-11T03:00:00Z"],
];

fn a_copy_of_each_request_is_as(source: &str) {
    for (number, request) in REQUESTS.iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("copy");
        let to = to.to_str().unwrap();
        let pulled = run(&[&["pull", source, to, "--now", NOW], *request].concat());
        assert_eq!(pulled.status.code(), Some(0), "{request:?}: {}", stderr(&pulled));
        let (original, copy) = (report(source, request), report(to, request));
        for part in ["findings", "chains", "totals", "verdict", "request", "public_keys"] {
            assert_eq!(copy[part], original[part], "request {number} {request:?}: {part}");
        }
        assert!(original["totals"]["digests"]["verified"].as_u64() > Some(0), "{request:?}");
    }
}

#[test]
fn of_an_honest_trail() {
    a_copy_of_each_request_is_as(&TRAIL.1);
}

/// The first file of the source whose path contains all of these, in order.
fn find(source: &Path, parts: &[&str]) -> PathBuf {
    let has = |path: &PathBuf| parts.iter().all(|part| path.to_str().unwrap().contains(part));
    source.join(files_below(source).into_iter().find(has).unwrap())
}

#[test]
fn of_a_trail_with_every_kind_of_damage() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("trail");
    for file in files_below(Path::new(&TRAIL.1)) {
        fs::create_dir_all(source.join(&file).parent().unwrap()).unwrap();
        fs::copy(Path::new(&TRAIL.1).join(&file), source.join(&file)).unwrap();
    }
    let log = |parts: &[&str]| find(&source, &[&["_CloudTrail_"], parts].concat());
    let digest = |parts: &[&str]| find(&source, &[&["_CloudTrail-Digest_"], parts].concat());
    let alter = |path: PathBuf| {
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    alter(log(&["20260110T11", "us-east-1"]));
    alter(log(&["20260111T02", "us-east-1"]));
    alter(digest(&["20260110T2342", "us-east-1"]));
    fs::remove_file(log(&["20260110T12", "us-east-1"])).unwrap();
    fs::remove_file(log(&["20260111T01", "us-east-1"])).unwrap();
    fs::remove_file(digest(&["20260110T1042", "us-east-1"])).unwrap();
    fs::remove_file(digest(&["20260111T0142", "us-east-1"])).unwrap();
    // Where queries would read it, under names of every kind.
    let logs = log(&["20260110T13", "us-east-1"]).parent().unwrap().to_owned();
    let planted = log(&["20260110T13", "us-east-1"]).file_name().unwrap().to_str().unwrap().replace("T13", "T11");
    fs::write(logs.join(planted), "planted").unwrap();
    fs::write(logs.join("anything"), "planted").unwrap();
    fs::create_dir(logs.join("deeper")).unwrap();
    fs::write(logs.join("deeper/anything"), "planted").unwrap();
    fs::write(logs.parent().unwrap().join("in a month"), "planted").unwrap();
    let region = logs.ancestors().nth(3).unwrap();
    fs::write(region.join("in a region"), "planted").unwrap();
    fs::write(region.parent().unwrap().join("beside regions"), "planted").unwrap();
    // In digest folders: of days that are asked for and of one that is not, and of none.
    let digests = digest(&["20260110T1342", "us-east-1"]).parent().unwrap().to_owned();
    fs::write(digests.join("stray"), "planted").unwrap();
    fs::write(digests.parent().unwrap().join("stray of no day"), "planted").unwrap();
    fs::create_dir(digests.with_file_name("01")).unwrap();
    fs::write(digests.with_file_name("01").join("stray of another day"), "planted").unwrap();
    a_copy_of_each_request_is_as(source.to_str().unwrap());
    let whole = report(source.to_str().unwrap(), &[])["findings"].to_string();
    let narrow = report(source.to_str().unwrap(), REQUESTS[1])["findings"].to_string();
    for (name, told_of_narrow) in [("/stray\"", true), ("stray of no day", true), ("stray of another day", false)] {
        assert!(whole.contains(name), "{name}: {whole}");
        assert_eq!(narrow.contains(name), told_of_narrow, "{name}: {narrow}");
    }
}

/// A plain copy of a bucket, as `aws s3 sync` leaves one: nothing tells the bucket, the end, or any key.
#[test]
fn of_a_directory_without_records() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("trail");
    for file in files_below(Path::new(&TRAIL.1)).into_iter().filter(|file| !file.starts_with(".trailseal")) {
        fs::create_dir_all(source.join(&file).parent().unwrap()).unwrap();
        fs::copy(Path::new(&TRAIL.1).join(&file), source.join(&file)).unwrap();
    }
    let to = dir.path().join("copy");
    let (source, to) = (source.to_str().unwrap(), to.to_str().unwrap());
    let pulled = run(&["pull", source, to]);
    assert_eq!(pulled.status.code(), Some(3), "no keys: {}", stderr(&pulled));
    assert!(stderr(&pulled).contains("the public keys of us-east-1 were not to be had"), "{}", stderr(&pulled));
    let (original, copy) = (report(source, &[]), report(to, &[]));
    for part in ["findings", "chains", "totals", "verdict", "request"] {
        assert_eq!(copy[part], original[part], "{part}");
    }
    // Without entity tags the content tells that nothing was changed.
    let again = stdout(&run(&["pull", source, to]));
    assert!(again.contains("fetched     0 objects"), "{again}");
    let changed = find(Path::new(source), &["_CloudTrail_"]);
    let size = fs::metadata(&changed).unwrap().len();
    fs::write(&changed, vec![b'x'; usize::try_from(size).unwrap()]).unwrap();
    let again = stdout(&run(&["pull", source, to]));
    assert!(again.contains("fetched     1 objects"), "{again}");
}

/// Without a start asked for, a copy of a part is looked at from where it says that it begins: the one digest before is
/// there, and its log files are not.
#[test]
fn a_copy_of_a_part_begins_where_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("copy");
    let to = to.to_str().unwrap();
    let start = "2026-01-10T10:00:00Z";
    assert_eq!(run(&["pull", "testdata/trail", to, "--start-time", start]).status.code(), Some(0));
    let verify = |more: &[&str]| {
        let keys = ["verify", to, "--public-keys", "testdata/trail-public-keys.json", "--format", "json"];
        let output = run(&[&keys, more].concat());
        trailseal::report::Report::parse(&output.stdout).unwrap()
    };
    let (given, told) = (verify(&["--start-time", start]), verify(&[]));
    assert_eq!(given.verdict, trailseal::report::Verdict::Intact, "{:#?}", given.findings);
    assert_eq!((told.verdict, &told.chains, &told.totals), (given.verdict, &given.chains, &given.totals));
    assert!(told.checks.skipped.iter().any(|what| what.contains("the copy's own record")), "{:?}", told.checks);
}
