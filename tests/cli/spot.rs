//! One log file, asked for by name: what is told of it, and the exit status.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use trailseal::simulate::gzip;

use super::{TRAIL, copy_all, find, run, stderr, stdout};

const NOW: [&str; 2] = ["--now", "2026-02-01"];

/// A copy of the trail, the path of a log file in it, and what stands before its key.
struct Copy {
    _dir: tempfile::TempDir,
    root: PathBuf,
    log: PathBuf,
}

impl Copy {
    fn new() -> Copy {
        let (dir, root) = TRAIL.copy();
        let log = find(&root, "_CloudTrail_");
        Copy { _dir: dir, root: root.canonicalize().unwrap(), log: log.canonicalize().unwrap() }
    }

    fn key(&self) -> String {
        self.log.strip_prefix(&self.root).unwrap().to_str().unwrap().to_owned()
    }

    /// The digest that names the log file: the first of its hour.
    fn digest(&self) -> PathBuf {
        let name = self.log.file_name().unwrap().to_str().unwrap().to_owned();
        let mut digests = files_below(&self.root);
        digests.retain(|path| path.to_string_lossy().contains("_CloudTrail-Digest_"));
        let names = |path: &&PathBuf| gunzipped(path).windows(name.len()).any(|part| part == name.as_bytes());
        digests.iter().find(names).expect("a digest").clone()
    }

    fn inspect(&self, more: &[&str]) -> (Option<i32>, String) {
        self.inspect_file(&self.log, &[&["--public-keys", &TRAIL.keys()], more].concat())
    }

    fn inspect_file(&self, file: &Path, more: &[&str]) -> (Option<i32>, String) {
        let output = run(&[&["inspect", file.to_str().unwrap()], now(file), more].concat());
        assert_eq!(stderr(&output), "", "{}", stdout(&output));
        (output.status.code(), stdout(&output))
    }
}

/// Of a digest file it makes no difference.
fn now(file: &Path) -> &'static [&'static str] {
    if file.to_string_lossy().contains("-Digest_") { &[] } else { &NOW }
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![dir.to_owned()], Vec::new());
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// What is in a gzip file as `simulate` writes it, whose header has ten bytes and whose trailer has eight.
fn gunzipped(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    miniz_oxide::inflate::decompress_to_vec(&bytes[10..bytes.len() - 8]).unwrap()
}

/// The lines of that name, without it.
fn lines<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    text.lines()
        .filter(|line| line.get(..20).is_some_and(|start| start.trim() == name))
        .map(|line| &line[21..])
        .collect()
}

#[test]
fn every_step_of_a_log_file_that_is_as_it_was_delivered() {
    let copy = Copy::new();
    let (status, text) = copy.inspect(&[]);
    assert_eq!(status, Some(0), "{text}");
    let (digest, log) = (copy.digest(), &copy.log);
    let bucket_key = |path: &Path| {
        let source: Value =
            serde_json::from_slice(&fs::read(copy.root.join(".trailseal/source.json")).unwrap()).unwrap();
        let key = path.strip_prefix(&copy.root).unwrap().display().to_string();
        format!("s3://{}/{key}", source["bucket"].as_str().unwrap())
    };
    let content = gunzipped(log);
    let claims: Value = serde_json::from_slice(&gunzipped(&digest)).unwrap();
    let told = |name: &str| claims[name].as_str().unwrap().to_owned();
    let recorded = claims["logFiles"].as_array().unwrap().iter().find(|of| of["s3Object"] == copy.key().as_str());
    let hash = recorded.unwrap()["hashValue"].as_str().unwrap().to_owned();
    let (account, minute) = (told("awsAccountId"), lines(&text, "digests")[0].split(' ').nth(4).unwrap().to_owned());
    let chain = format!("{account} us-east-1 {}", lines(&text, "chain")[0].split(' ').nth(2).unwrap());
    let expected = [
        format!("log file             {}", log.display()),
        format!("content              one whole file of {} uncompressed bytes", content.len()),
        format!("SHA-256              {hash}"),
        format!("evidence             {}, which .trailseal in it tells", copy.root.display()),
        format!("digests              1 digest file around {minute} looked at"),
        format!("vouched for          {} records this very content", bucket_key(&digest)),
        format!("  chain              {chain}"),
        format!("  covers             {} to {}", told("digestStartTime"), told("digestEndTime")),
        format!("  signed with        {}", told("digestPublicKeyFingerprint")),
        "  signature          verifies (RSASSA-PKCS1-v1_5, SHA-256), taken from the object's metadata".to_owned(),
        format!("  delivered to       {}", bucket_key(log)),
        format!("  recorded SHA-256   {hash}"),
        format!(
            "chain                not walked before or after that digest; this does: trailseal verify {} --account-id {account} --region us-east-1 --trail-name {} --log-files none --public-keys {} --now 2026-02-01",
            copy.root.display(),
            chain.rsplit(' ').next().unwrap(),
            TRAIL.keys()
        ),
        "result               proven".to_owned(),
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_altered_is_contradicted() {
    let copy = Copy::new();
    let (whole, edited) =
        (gunzipped(&copy.log), String::from_utf8(gunzipped(&copy.log)).unwrap().replace("Records", "records"));
    for (name, body, code) in [
        ("edited", gzip(edited.as_bytes()), "log-hash-mismatch"),
        ("edited and gunzipped", edited.clone().into_bytes(), "log-hash-mismatch"),
        ("cut short", gzip(&whole)[..200].to_vec(), "log-malformed"),
        ("with data after it", [gzip(&whole), gzip(b"more")].concat(), "log-trailing-data"),
        ("a ZIP file in its place", b"PK\x03\x04and so on".to_vec(), "log-hash-mismatch"),
        ("empty", Vec::new(), "log-hash-mismatch"),
    ] {
        fs::write(&copy.log, body).unwrap();
        let (status, text) = copy.inspect(&[]);
        assert_eq!((status, lines(&text, "result")), (Some(1), vec!["contradicted"]), "{name}: {text}");
        assert!(lines(&text, "finding")[0].starts_with(code), "{name}: {text}");
        assert!(lines(&text, "vouched for")[0].ends_with("records OTHER content"), "{name}: {text}");
    }
    fs::remove_file(&copy.log).unwrap();
    let (status, text) = copy.inspect(&[]);
    assert_eq!(status, Some(1), "{text}");
    assert!(lines(&text, "finding")[0].starts_with("log-missing: "), "{text}");
    assert!(lines(&text, "vouched for")[0].ends_with("names it, and it is not there"), "{text}");
}

#[test]
fn a_file_gunzipped_under_its_own_name_is_the_same_file() {
    let copy = Copy::new();
    fs::write(&copy.log, gunzipped(&copy.log)).unwrap();
    assert_eq!(copy.inspect(&[]).0, Some(0));
}

#[test]
fn a_digest_that_names_it_and_was_altered_contradicts() {
    let copy = Copy::new();
    let digest = copy.digest();
    let edited = String::from_utf8(gunzipped(&digest)).unwrap().replace("\"hashValue\":\"", "\"hashValue\":\"0");
    fs::write(&digest, gzip(edited.as_bytes())).unwrap();
    let (status, text) = copy.inspect(&[]);
    assert_eq!(status, Some(1), "{text}");
    assert_eq!(lines(&text, "vouched for"), ["by no verified digest"], "{text}");
    assert!(text.contains("digest-signature-invalid: "), "{text}");
    // Deleted, the one after it tells.
    fs::remove_file(&digest).unwrap();
    let (status, text) = copy.inspect(&[]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("digest-missing: "), "{text}");
}

#[test]
fn other_digests_and_other_log_files_are_not_its_concern() {
    let copy = Copy::new();
    let (digest, log) = (copy.digest(), copy.log.clone());
    for path in files_below(&copy.root.join("AWSLogs")) {
        if path != digest && path != log {
            fs::write(path, "altered").unwrap();
        }
    }
    let (status, text) = copy.inspect(&[]);
    assert_eq!(status, Some(0), "{text}");
}

#[test]
fn what_no_digest_names_is_not_proven_whether_it_is_there_or_not() {
    let copy = Copy::new();
    let unique = copy.log.to_str().unwrap().rsplit_once('_').unwrap().0.to_owned();
    let planted = PathBuf::from(format!("{unique}_AAAAAAAAAAAAAAAA.json.gz"));
    let keys = ["--public-keys", &TRAIL.keys()];
    let (status, text) = copy.inspect_file(&planted, &keys);
    assert_eq!(status, Some(3), "{text}");
    assert_eq!(lines(&text, "vouched for"), ["by no verified digest"]);
    assert!(lines(&text, "finding")[0].starts_with("nothing-found: "), "{text}");
    fs::copy(&copy.log, &planted).unwrap();
    let (status, text) = copy.inspect_file(&planted, &keys);
    assert_eq!(status, Some(3), "{text}");
    assert!(lines(&text, "finding")[0].starts_with("log-unlisted: "), "{text}");
    assert_eq!(lines(&text, "result"), ["inconclusive"]);
}

#[test]
fn what_was_just_delivered_is_too_new_until_its_digest_is_due() {
    let copy = Copy::new();
    let newest =
        files_below(&copy.root).into_iter().rfind(|path| path.to_string_lossy().contains("_CloudTrail-Digest_"));
    let claims: Value = serde_json::from_slice(&gunzipped(&newest.unwrap())).unwrap();
    let end = trailseal::trail::Time::parse_digest_time(claims["digestEndTime"].as_str().unwrap()).unwrap();
    let minute = trailseal::trail::Time::from_unix(end.plus(1_800).unix() / 60 * 60);
    let account = claims["awsAccountId"].as_str().unwrap();
    let key = format!(
        "AWSLogs/{account}/CloudTrail/us-east-1/{}{account}_CloudTrail_us-east-1_{}_AAAAAAAAAAAAAAAA.json.gz",
        minute.day().folder(),
        minute.compact_minutes()
    );
    let new = copy.root.join(key);
    fs::create_dir_all(new.parent().unwrap()).unwrap();
    fs::copy(&copy.log, &new).unwrap();
    let asked = |as_of: trailseal::trail::Time| {
        let (keys, as_of) = (TRAIL.keys(), as_of.to_string());
        let output = run(&["inspect", new.to_str().unwrap(), "--public-keys", &keys, "--now", &as_of]);
        (output.status.code(), stdout(&output))
    };
    let due = end.plus(7_200);
    for as_of in [minute, due] {
        let (status, text) = asked(as_of);
        assert_eq!(status, Some(3), "{text}");
        let told = format!(
            "nothing-found: too new: no digest names this log file yet; the digest of that hour is due by {due} "
        );
        assert!(lines(&text, "finding")[0].starts_with(&told), "{text}");
        assert_eq!(lines(&text, "finding").len(), 1, "{text}");
    }
    let (status, text) = asked(due.plus(1));
    assert_eq!(status, Some(3), "{text}");
    assert!(!text.contains("too new"), "{text}");
    assert!(text.contains("log-unlisted: ") && text.contains("coverage-hole: "), "{text}");
}

#[test]
fn keys_that_came_with_it_or_are_not_there_prove_nothing() {
    let copy = Copy::new();
    let beside = copy.root.join(".trailseal/public-keys.json");
    for more in [vec![], vec!["--public-keys", beside.to_str().unwrap()]] {
        let (status, text) = copy.inspect_file(&copy.log, &more);
        assert_eq!((status, lines(&text, "result")), (Some(3), vec!["inconclusive"]), "{text}");
        assert!(lines(&text, "keys")[0].contains("not that AWS signed it"), "{text}");
        assert!(lines(&text, "vouched for")[0].ends_with("records this very content"), "{text}");
    }
    fs::remove_file(&beside).unwrap();
    let (status, text) = copy.inspect_file(&copy.log, &[]);
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains("public-key-unavailable: ") && text.contains("--public-keys"), "{text}");
    let foreign = ["--public-keys", "testdata/real-digests/aws-public-keys.json"];
    let output = run(&[&["inspect", copy.log.to_str().unwrap()], &NOW[..], &foreign].concat());
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
}

#[test]
fn a_copy_that_lost_its_metadata_takes_the_signature_from_the_next_digest() {
    let copy = Copy::new();
    fs::remove_dir_all(copy.root.join(".trailseal")).unwrap();
    let (status, text) = copy.inspect(&[]);
    assert_eq!(status, Some(0), "{text}");
    assert!(lines(&text, "signature")[0].ends_with("its successor's previousDigestSignature"), "{text}");
}

#[test]
fn a_root_that_was_guessed_wrong_is_no_contradiction() {
    let dir = tempfile::tempdir().unwrap();
    let evidence = dir.path().join("the evidence");
    let keys = dir.path().join("keys.json");
    let made = run(&[
        "simulate",
        evidence.to_str().unwrap(),
        "--public-keys",
        keys.to_str().unwrap(),
        "--hours",
        "3",
        "--prefix",
        "audit/logs",
        "--regions",
        "us-east-1",
        "--log-files-per-hour",
        "2",
        "--events-per-log-file",
        "1",
        "--empty-hours",
        "0",
    ]);
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    let log = find(&evidence, "_CloudTrail_").canonicalize().unwrap();
    let digest = find(&evidence, "_CloudTrail-Digest_").canonicalize().unwrap();
    let ask = |command: &str, file: &Path, more: &[&str]| {
        let asked = [command, file.to_str().unwrap(), "--public-keys", keys.to_str().unwrap()];
        run(&[&asked[..], now(file), more].concat())
    };
    // Of which the sidecar tells where it begins.
    for file in [&log, &digest] {
        let told = ask("inspect", file, &[]);
        assert_eq!(told.status.code(), Some(0), "{}", stdout(&told));
        assert!(lines(&stdout(&told), "evidence")[0].ends_with("which .trailseal in it tells"), "{}", stdout(&told));
    }
    fs::remove_dir_all(evidence.join(".trailseal")).unwrap();
    let root = evidence.canonicalize().unwrap();
    let root = root.to_str().unwrap();
    for (command, file) in [("inspect", &log), ("verify", &log), ("inspect", &digest)] {
        let guessed = ask(command, file, &[]);
        assert_eq!(guessed.status.code(), Some(2), "{}", stdout(&guessed));
        let what_to_do = format!("then it begins at {root}; give that to inspect with --in");
        assert!(stderr(&guessed).contains(&what_to_do), "{}", stderr(&guessed));
    }
    let told = ask("inspect", &log, &["--in", root]);
    assert_eq!(told.status.code(), Some(0), "{}", stdout(&told));
    assert!(lines(&stdout(&told), "evidence")[0].ends_with("as --in says"), "{}", stdout(&told));
}

#[test]
fn a_digest_file_that_was_moved_is_a_finding_whoever_told_where_the_copy_begins() {
    for sidecar in [true, false] {
        let copy = Copy::new();
        let digest = copy.digest();
        // The digest of the hour after, put in the place of the one that names the log file, and nothing else is left.
        let digests = digest.parent().unwrap();
        let mut digests = files_below(digests);
        let at = digests.iter().position(|path| *path == digest).unwrap();
        fs::copy(&digests[at + 1], &digest).unwrap();
        digests.retain(|path| *path != digest);
        digests.iter().for_each(|path| fs::remove_file(path).unwrap());
        if !sidecar {
            fs::remove_dir_all(copy.root.join(".trailseal")).unwrap();
        }
        let bucket = ["--bucket", "example-trail-logs"];
        for more in [&[][..], &["--in", copy.root.to_str().unwrap()], &bucket] {
            let (status, text) = copy.inspect(more);
            assert_eq!((status, lines(&text, "result")), (Some(1), vec!["contradicted"]), "{sidecar} {more:?}: {text}");
            assert!(text.contains("digest-moved: "), "{sidecar} {more:?}: {text}");
        }
        let (status, text) = copy.inspect_file(&digest, &["--public-keys", &TRAIL.keys()]);
        assert_eq!(status, Some(1), "{sidecar}: {text}");
    }
}

#[test]
fn a_log_file_is_asked_for_by_name_in_more_than_one_way() {
    let copy = Copy::new();
    let (key, keys) = (copy.key(), TRAIL.keys());
    let (root, log) = (copy.root.to_str().unwrap(), copy.log.to_str().unwrap());
    let verify = |arguments: &[&str]| {
        let output = run(&[&["verify"], arguments, &["--public-keys", &keys, "--format", "json"], &NOW].concat());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), report, stderr(&output))
    };
    let (status, by_key, told) = verify(&[root, "--log-file", &key]);
    assert_eq!(status, Some(0), "{told}");
    assert_eq!(verify(&[log]).1, by_key);
    assert_eq!(by_key["request"]["log_files"], "named");
    assert_eq!(by_key["request"]["named_log_files"], serde_json::json!([key]));
    assert_eq!(by_key["totals"]["log_files"]["verified"], 1);
    assert_eq!(by_key["totals"]["digests"]["verified"], 1);
    // Several, in several hours: each digest counts once.
    let logs = files_below(&copy.root.join("AWSLogs"));
    let logs = logs.iter().filter(|path| path.to_string_lossy().contains("_CloudTrail_"));
    let all: Vec<String> =
        logs.map(|path| path.strip_prefix(&copy.root).unwrap().to_str().unwrap().to_owned()).collect();
    let mut arguments = vec![root];
    all.iter().for_each(|key| arguments.extend(["--log-file", key]));
    arguments.extend(["--log-file", &key]);
    let (status, report, told) = verify(&arguments);
    assert_eq!(status, Some(0), "{told}");
    assert_eq!(report["totals"]["log_files"]["verified"], all.len());
    assert_eq!(report["totals"]["digests"]["verified"], 6);
    let quiet = run(&[&["verify"], &arguments[..], &["--public-keys", &keys, "-q"], &NOW].concat());
    let said =
        format!("intact: {0} of {0} log files asked for by name verified, 6 of 6 digest files verified, ", all.len());
    assert!(stdout(&quiet).starts_with(&said), "{}", stdout(&quiet));
    // One that is not there is none of the others' proof.
    let absent = format!("{}_AAAAAAAAAAAAAAAA.json.gz", key.rsplit_once('_').unwrap().0);
    let (status, report, _) = verify(&[root, "--log-file", &key, "--log-file", &absent]);
    assert_eq!((status, &report["verdict"]), (Some(3), &Value::from("inconclusive")), "{report}");
    assert_eq!(report["totals"]["log_files"]["verified"], 1);
}

#[test]
fn what_does_not_go_with_a_log_file_is_refused() {
    let copy = Copy::new();
    let (key, keys, root) = (copy.key(), TRAIL.keys(), copy.root.to_str().unwrap());
    let elsewhere = tempfile::tempdir().unwrap();
    let out = elsewhere.path().join("out.zip");
    let (out, into) = (out.to_str().unwrap(), elsewhere.path().join("into"));
    for arguments in [
        &["verify", root, "--log-file", &key, "--start-time", "2026-01-01"][..],
        &["verify", root, "--log-file", &key, "--log-files", "none"],
        &["verify", root, "--log-file", &key, "--region", "us-east-1"],
        &["verify", root, "--log-file", &format!("s3://bucket/{key}")],
        &["verify", root, "--log-file", key.rsplit('/').next().unwrap()],
        &["verify", root, "--log-file", &key, "--dry-run"],
        &["pull", copy.log.to_str().unwrap(), into.to_str().unwrap()],
        &["inspect", root],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stdout(&output));
    }
    let bundle = |arguments: &[&str]| run(&[&["bundle"], arguments, &["--public-keys", &keys, "-q"], &NOW].concat());
    let made = bundle(&[root, out, "--log-file", &key]);
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    let digest = copy.digest();
    for arguments in [&["inspect", out][..], &["inspect", digest.to_str().unwrap(), "--bucket", "b"]] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let next = elsewhere.path().join("next.zip");
    for arguments in [
        &[root, next.to_str().unwrap(), "--previous", out][..],
        &[root, next.to_str().unwrap(), "--previous", out, "--log-file", &key],
    ] {
        let refused = bundle(arguments);
        assert_eq!((refused.status.code(), next.exists()), (Some(2), false), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_log_file_that_is_a_link_or_a_pipe_in_the_copy_is_not_proven() {
    let copy = Copy::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("moved");
    fs::rename(&copy.log, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &copy.log).unwrap();
    let verify = |status: i32| {
        let (root, key) = (copy.root.to_str().unwrap(), copy.key());
        let output = run(&["verify", root, "--log-file", &key, "--public-keys", &TRAIL.keys(), "-q"]);
        assert_eq!(output.status.code(), Some(status), "{}", stdout(&output));
    };
    verify(3);
    fs::remove_file(&copy.log).unwrap();
    assert!(Command::new("mkfifo").arg(&copy.log).status().unwrap().success());
    verify(3);
    let mut named = elsewhere.path().join("copy");
    copy_all(Path::new(&TRAIL.evidence()), &named);
    named.push("nothing");
    assert_eq!(run(&["inspect", named.to_str().unwrap()]).status.code(), Some(2));
}

#[test]
fn names_planted_around_a_log_file_are_looked_at_up_to_a_bound() {
    let copy = Copy::new();
    let digest = copy.digest();
    let minute = copy.log.to_str().unwrap().split('_').rev().nth(1).unwrap().to_owned();
    let minute = format!("{}:{}:00Z", &minute[..11], &minute[11..13]);
    let minute = format!("{}-{}-{}T{}:{}", &minute[..4], &minute[4..6], &minute[6..8], &minute[9..11], &minute[12..]);
    let minute = trailseal::trail::Time::parse_digest_time(&minute).unwrap();
    let name = digest.file_name().unwrap().to_str().unwrap().rsplit_once('_').unwrap().0.to_owned();
    let plant = |seconds: std::ops::Range<i64>| {
        for second in seconds {
            let end = minute.plus(second);
            let path = digest.with_file_name(format!("{name}_{}.json.gz", end.compact_seconds()));
            if path.parent().unwrap().ends_with(end.day().folder().trim_end_matches('/')) && path != digest {
                fs::write(path, "planted").unwrap();
            }
        }
    };
    // What does not push the genuine one out of reach is only met on the way to it.
    plant(0..60);
    let (status, text) = copy.inspect(&[]);
    assert_eq!(status, Some(0), "{text}");
    plant(60..3_600);
    plant(-300..0);
    let claims: Value = serde_json::from_slice(&gunzipped(&digest)).unwrap();
    let end = trailseal::trail::Time::parse_digest_time(claims["digestEndTime"].as_str().unwrap()).unwrap();
    let before_it = end.since(minute) + 300;
    let (status, text) = copy.inspect(&[]);
    if before_it < 2_000 {
        assert_eq!(status, Some(0), "{text}");
    }
    fs::remove_file(&digest).unwrap();
    let (status, text) = copy.inspect(&[]);
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains("nothing-found: 2000 digest files") && text.contains("that is the limit"), "{text}");
}

/// The ways to ask about a log file by its path or key all say the same of it, and that it is not proven.
fn every_way_says_that_it_cannot_be_read(copy: &Copy, what: &str) {
    let (key, keys) = (copy.key(), TRAIL.keys());
    let (root, log) = (copy.root.to_str().unwrap(), copy.log.to_str().unwrap());
    for arguments in [&["inspect", log][..], &["inspect", log, "--in", root]] {
        let output = run(&[arguments, &NOW, &["--public-keys", &keys]].concat());
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(3), "{what}, {arguments:?}: {text}{}", stderr(&output));
        assert!(lines(&text, "content").is_empty(), "{what}: {text}");
        assert!(lines(&text, "finding")[0].starts_with("log-unreadable: "), "{what}: {text}");
        assert!(lines(&text, "vouched for")[0].ends_with("names it, and it could not be read"), "{what}: {text}");
    }
    for arguments in [&["verify", log][..], &["verify", root, "--log-file", &key]] {
        let output = run(&[arguments, &["--public-keys", &keys, "-q"]].concat());
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(3), "{what}, {arguments:?}: {text}{}", stderr(&output));
        assert!(text.starts_with("inconclusive: 0 of 1 log file asked for by name"), "{what}: {text}");
    }
}

#[test]
fn a_folder_in_its_place_is_neither_the_file_nor_evidence_of_its_own() {
    let copy = Copy::new();
    fs::remove_file(&copy.log).unwrap();
    fs::create_dir(&copy.log).unwrap();
    every_way_says_that_it_cannot_be_read(&copy, "an empty folder");
    copy_all(Path::new(&TRAIL.evidence()), &copy.log);
    every_way_says_that_it_cannot_be_read(&copy, "a folder that holds a whole trail");
}

#[cfg(unix)]
#[test]
fn a_link_in_its_place_or_on_the_way_to_it_is_not_followed() {
    use std::os::unix::fs::symlink;
    let copy = Copy::new();
    let another = files_below(&copy.root.join("AWSLogs"));
    let another = another.iter().find(|path| path.to_string_lossy().contains("_CloudTrail_") && **path != copy.log);
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join(copy.log.file_name().unwrap());
    fs::rename(&copy.log, &moved).unwrap();
    for (target, what) in [
        (another.unwrap().as_path(), "a link to another log file"),
        (&moved, "a link to the file itself, elsewhere"),
        (Path::new("nowhere"), "a dangling link"),
        (copy.log.as_path(), "a link to itself"),
    ] {
        symlink(target, &copy.log).unwrap();
        every_way_says_that_it_cannot_be_read(&copy, what);
        fs::remove_file(&copy.log).unwrap();
    }
    // The folder of its day, of a copy that is whole.
    let (_dir, whole) = TRAIL.copy();
    let day = copy.log.parent().unwrap();
    fs::remove_dir_all(day).unwrap();
    symlink(whole.join(day.strip_prefix(&copy.root).unwrap()), day).unwrap();
    every_way_says_that_it_cannot_be_read(&copy, "a link to another copy's folder");
}

#[cfg(unix)]
#[test]
fn a_digest_file_that_is_a_link_in_the_copy_is_not_proven() {
    let copy = Copy::new();
    let (digest, keys) = (copy.digest(), TRAIL.keys());
    let moved = copy.root.join("moved");
    fs::rename(&digest, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &digest).unwrap();
    let output = run(&["inspect", digest.to_str().unwrap(), "--public-keys", &keys]);
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    assert!(stdout(&output).contains("could not be read from the copy"), "{}", stdout(&output));
}

#[test]
fn a_path_may_lead_up_and_down_again() {
    let copy = Copy::new();
    let name = copy.log.file_name().unwrap();
    let around = copy.log.parent().unwrap().join("../..").join("01/../..").join("2026");
    let day = copy.log.parent().unwrap().strip_prefix(copy.root.join("AWSLogs")).unwrap();
    let day: PathBuf = day.components().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect();
    let (status, text) = copy.inspect_file(&around.join(day).join(name), &["--public-keys", &TRAIL.keys()]);
    assert_eq!(status, Some(0), "{text}");
}

#[test]
fn keys_of_the_copy_do_not_become_better_by_naming_a_part_of_it() {
    let copy = Copy::new();
    let beside = copy.root.join(".trailseal/public-keys.json");
    let part = copy.root.join("part");
    copy_all(&copy.root.join("AWSLogs"), &part.join("AWSLogs"));
    let (_dir, whole) = TRAIL.copy();
    for file in [&copy.log, &copy.digest()] {
        let of_part = part.join(file.strip_prefix(&copy.root).unwrap());
        for (file, within) in [(&of_part, &part), (file, &whole)] {
            let (status, text) =
                copy.inspect_file(file, &["--in", within.to_str().unwrap(), "--public-keys", beside.to_str().unwrap()]);
            assert_eq!(status, Some(3), "{text}");
            assert!(lines(&text, "keys")[0].contains("not that AWS signed it"), "{text}");
        }
    }
    let verify = run(&["verify", part.to_str().unwrap(), "--public-keys", beside.to_str().unwrap(), "-q"]);
    assert_eq!(verify.status.code(), Some(3), "{}", stdout(&verify));
}

#[test]
fn a_digest_file_is_held_against_its_place_in_the_evidence_that_was_named() {
    let copy = Copy::new();
    let (digest, keys) = (copy.digest(), TRAIL.keys());
    let evidence = tempfile::tempdir().unwrap();
    copy_all(&copy.root.join("AWSLogs"), &evidence.path().join("moved/AWSLogs"));
    let moved = evidence.path().join("moved").join(digest.strip_prefix(&copy.root).unwrap());
    let keys = ["--public-keys", &keys];
    let (status, text) = copy.inspect_file(&moved, &[&keys[..], &["--in", evidence.path().to_str().unwrap()]].concat());
    assert_eq!(status, Some(1), "{text}");
    assert!(lines(&text, "location")[0].ends_with("and lies elsewhere"), "{text}");
    // What lies in another copy has no place in this one.
    let (status, text) = copy.inspect_file(&moved, &[&keys[..], &["--in", copy.root.to_str().unwrap()]].concat());
    assert_eq!(status, Some(0), "{text}");
    assert!(lines(&text, "location")[0].starts_with("not checked: "), "{text}");
}

#[test]
fn a_log_file_that_is_gone_is_not_looked_for_in_another_copy_under_its_name() {
    let copy = Copy::new();
    fs::remove_file(&copy.log).unwrap();
    let output = run(&["inspect", copy.log.to_str().unwrap(), "--in", &TRAIL.evidence()]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    // One that lies under another name than that of its place is judged by its content, and that is said.
    let (_dir, whole) = TRAIL.copy();
    let aside = whole.join("aside").join(copy.log.file_name().unwrap());
    fs::create_dir(aside.parent().unwrap()).unwrap();
    fs::rename(whole.join(copy.key()), &aside).unwrap();
    let more = ["--public-keys", &TRAIL.keys(), "--in", whole.to_str().unwrap()];
    let (status, text) = copy.inspect_file(&aside, &more);
    assert_eq!(status, Some(0), "{text}");
    assert!(lines(&text, "location")[0].starts_with("not checked: "), "{text}");
}

#[cfg(unix)]
#[test]
fn the_command_to_go_on_with_can_be_pasted() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("it's a copy");
    copy_all(Path::new(&TRAIL.evidence()), &place);
    let log = find(&place, "_CloudTrail_");
    let keys = place.with_file_name("the keys");
    fs::copy(TRAIL.keys(), &keys).unwrap();
    let asked = [
        "inspect",
        log.to_str().unwrap(),
        "--public-keys",
        keys.to_str().unwrap(),
        "--bucket",
        "example-trail-logs",
        "--in",
        place.to_str().unwrap(),
    ];
    let output = run(&asked);
    let text = stdout(&output);
    let command = text.lines().find_map(|line| line.split_once("this does: ")).unwrap().1;
    let path = Path::new(env!("CARGO_BIN_EXE_trailseal")).parent().unwrap();
    let pasted = Command::new("/bin/sh").args(["-c", command]).env("PATH", path).output().unwrap();
    let told = stdout(&pasted);
    assert_eq!(pasted.status.code(), Some(0), "{command}: {told}{}", stderr(&pasted));
    // All of the chain, and not only the hour that was looked at.
    let digests =
        files_below(&place).iter().filter(|path| path.to_string_lossy().contains("-Digest_us-east-1_")).count();
    assert!(told.contains(&format!("{digests} of {digests} digest files verified")), "{told}");
}

#[test]
fn no_option_is_taken_and_then_ignored() {
    let copy = Copy::new();
    let (key, keys, digest) = (copy.key(), TRAIL.keys(), copy.digest());
    let (root, log, digest) = (copy.root.to_str().unwrap(), copy.log.to_str().unwrap(), digest.to_str().unwrap());
    let account = key.split('/').nth(1).unwrap();
    let other = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events";
    let own = format!("arn:aws:cloudtrail:us-east-1:{account}:trail/management-events");
    let zip = copy.root.with_file_name("out.zip");
    let zip = zip.to_str().unwrap();
    let s3 = format!("s3://example-trail-logs/{key}");
    for arguments in [
        // The key tells all of this, whether it is SOURCE or an option that has it.
        &["verify", log, "--start-time", "2020-01-01"][..],
        &["verify", log, "--end-time", "2020-01-01"],
        &["verify", log, "--region", "us-east-1"],
        &["verify", log, "--account-id", account],
        &["verify", log, "--log-files", "none"],
        &["bundle", log, zip, "--log-files", "listing"],
        &["verify", log, "--trail-arn", other],
        &["verify", root, "--log-file", &key, "--trail-arn", other],
        &["verify", root, "--log-file", &key, "--s3-prefix", "elsewhere"],
        // A seed draws nothing where there is no sample.
        &["verify", root, "--seed", "5"],
        &["verify", root, "--log-files", "listing", "--seed", "5"],
        &["verify", log, "--seed", "5"],
        &["bundle", root, zip, "--seed", "5"],
        &["inspect", &s3, "--in", root],
        &["inspect", log, "--log-file", &key],
        &["inspect", &s3, "--log-file", &key],
        &["inspect", digest, "--now", "2026-02-01"],
    ] {
        let output = run(&[arguments, &["--public-keys", &keys]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stdout(&output));
        assert!(!stderr(&output).contains("no access to AWS"), "{arguments:?}: {}", stderr(&output));
    }
    for arguments in [
        &["verify", log, "--trail-arn", &own][..],
        &["verify", log, "--trail-name", "management-events"],
        &["verify", root, "--log-files", "sample:1", "--seed", "5"],
    ] {
        let output = run(&[arguments, &["--public-keys", &keys]].concat());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
    }
}

#[test]
fn a_prefix_that_is_not_in_the_path_of_a_log_file_is_put_before_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let (evidence, keys) = (dir.path().join("evidence"), dir.path().join("keys.json"));
    let made =
        ["simulate", evidence.to_str().unwrap(), "--public-keys", keys.to_str().unwrap(), "--prefix", "audit/logs"];
    let few = ["--hours", "3", "--regions", "us-east-1", "--log-files-per-hour", "2", "--empty-hours", "0"];
    assert_eq!(run(&[&made[..], &few].concat()).status.code(), Some(0));
    let below = evidence.join("audit/logs");
    let log = find(&below, "_CloudTrail_");
    for command in [&["inspect"][..], &["inspect", "--in", below.to_str().unwrap()], &["verify"]] {
        // With no more than a copy of what lies below the prefix.
        let part = dir.path().join("part");
        copy_all(&below, &part);
        let log = part.join(log.strip_prefix(&below).unwrap());
        let within: Vec<&str> = command
            .iter()
            .map(|word| if *word == command[0] || *word == "--in" { word } else { part.to_str().unwrap() })
            .collect();
        let more = [log.to_str().unwrap(), "--s3-prefix", "audit/logs", "--public-keys", keys.to_str().unwrap()];
        let output = run(&[&within[..], &more, &NOW].concat());
        assert_eq!(output.status.code(), Some(0), "{command:?}: {}{}", stdout(&output), stderr(&output));
    }
}

#[test]
fn a_log_file_of_the_bucket_that_a_trail_was_moved_from_is_found_where_that_is_at_hand() {
    let dir = tempfile::tempdir().unwrap();
    let case = Path::new("testdata/cases/bucket-changed-and-both-at-hand");
    let keys = ["--public-keys", "testdata/cases/public-keys.json"];
    let evidence = dir.path().join("evidence");
    copy_all(&case.join("evidence"), &evidence);
    let old = evidence.join(".trailseal/buckets/old-bucket");
    fs::create_dir_all(old.parent().unwrap()).unwrap();
    copy_all(&case.join("old-bucket"), &old);
    let log = find(&old, "_CloudTrail_");
    let key = log.strip_prefix(&old).unwrap().to_str().unwrap().to_owned();
    let (root, log) = (evidence.to_str().unwrap(), log.to_str().unwrap());
    let zip = dir.path().join("one.zip");
    let zip = zip.to_str().unwrap();
    let ask = |arguments: &[&str]| {
        let output = run(&[arguments, &keys].concat());
        (output.status.code(), format!("{}{}", stdout(&output), stderr(&output)))
    };
    let everywhere = [
        &["verify", root, "--log-file", &key][..],
        &["inspect", root, "--log-file", &key],
        &["inspect", log],
        &["inspect", log, "--in", root],
        &["bundle", root, zip, "--log-file", &key],
        &["verify", zip],
        &["inspect", zip, "--log-file", &key],
    ];
    for arguments in everywhere {
        let (status, text) = ask(arguments);
        assert_eq!(status, Some(0), "{arguments:?}: {text}");
    }
    fs::write(log, gzip(b"altered")).unwrap();
    fs::remove_file(zip).unwrap();
    for arguments in everywhere {
        let (status, text) = ask(arguments);
        assert_eq!(status, Some(1), "{arguments:?}: {text}");
    }
}

#[test]
fn of_each_object_there_is_one_row_with_its_bucket() {
    let rows = |arguments: &[&str]| {
        let output = run(&[&["verify"], arguments, &["--format", "csv"]].concat());
        let text = stdout(&output);
        let fields = text.lines().skip(1).map(|line| line.splitn(16, ',').map(str::to_owned).collect::<Vec<_>>());
        let rows: Vec<Vec<String>> = fields.collect();
        assert!(!rows.is_empty(), "{}", stderr(&output));
        let mut objects: Vec<(&str, &str)> = rows.iter().map(|row| (row[7].as_str(), row[8].as_str())).collect();
        objects.sort_unstable();
        objects.dedup();
        assert_eq!(objects.len(), rows.len(), "{text}");
        assert!(rows.iter().all(|row| row[7] == "example-trail-logs"), "{text}");
        rows
    };
    // The newest digest tells no bucket any more, and nothing but digests tells which one it is.
    let copy = Copy::new();
    fs::remove_dir_all(copy.root.join(".trailseal")).unwrap();
    let mut logs = files_below(&copy.root.join("AWSLogs"));
    logs.retain(|path| path.to_string_lossy().contains("_CloudTrail_"));
    let digests = files_below(copy.digest().parent().unwrap());
    fs::write(digests.last().unwrap(), "altered").unwrap();
    let key = |path: &PathBuf| path.strip_prefix(&copy.root).unwrap().to_str().unwrap().to_owned();
    let (first, last) = (key(&logs[0]), key(logs.last().unwrap()));
    let found =
        rows(&[copy.root.to_str().unwrap(), "--log-file", &first, "--log-file", &last, "--public-keys", &TRAIL.keys()]);
    let newest = key(digests.last().unwrap());
    assert!(found.iter().any(|row| row[8] == newest && row[14].contains("digest-malformed")), "{found:?}");
    // A digest of the hour and a backfill digest name the same log file.
    let case = "testdata/cases/backfill-lists-again-what-its-hour-lists/evidence";
    let found = rows(&[case, "--public-keys", "testdata/cases/public-keys.json", "--now", "2026-02-01"]);
    let twice: Vec<_> = found.iter().filter(|row| row[14].contains("log-listed-twice")).collect();
    assert_eq!((twice.len(), twice[0][0].as_str(), twice[0][1].as_str()), (1, "log file", "verified"));
}
