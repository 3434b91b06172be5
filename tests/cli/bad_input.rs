//! Bad input of every kind: one clear error that ends in what to do next, exit status 2, and nothing written.

use std::fs;

use super::{TRAIL, run, stderr, stdout};

/// Runs, and gives the one error line.
fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
    assert_eq!(stdout(&output), "", "{arguments:?}");
    assert!(told.starts_with("error: "), "{arguments:?}: {told}");
    told
}

#[track_caller]
fn tells(arguments: &[&str], what: &str, next: &str) {
    let told = refused(arguments);
    assert_eq!(told.lines().count(), 1, "one line: {told}");
    assert!(told.contains(what), "`{what}` is not in: {told}");
    assert!(told.contains(next), "`{next}` is not in: {told}");
}

#[test]
fn evidence_that_is_not_there_or_empty() {
    let keys = TRAIL.keys();
    tells(&["verify", "/nowhere/at/all", "--public-keys", &keys], "there is no directory", "give the directory");
    tells(&["verify", &keys, "--public-keys", &keys], "is a file, and neither", "give the directory");
    for url in ["S3://trail-logs", "s3:/trail-logs"] {
        tells(&["verify", url, "--public-keys", &keys], "there is no directory", "a bucket is named s3://BUCKET");
    }
    let empty = tempfile::tempdir().unwrap();
    tells(&["verify", empty.path().to_str().unwrap(), "--public-keys", &keys], "is empty", "copy the evidence into it");
    tells(&["verify"], "no evidence is named", "s3://BUCKET");
}

#[test]
fn evidence_that_an_option_takes_for_one_of_its_values() {
    let (keys, evidence) = (TRAIL.keys(), TRAIL.evidence());
    let before = "name it before the options";
    tells(&["verify", "--public-keys", &keys, &evidence], "taken for a value of --public-keys", before);
    tells(&["verify", "--signer", &keys, "s3://trail-logs"], "taken for a value of --signer", before);
    let told = refused(&["verify", "--region", "us-east-1", &evidence]);
    assert!(told.contains(before), "{told}");
}

#[test]
fn a_directory_above_the_one_in_which_the_copy_begins() {
    let (dir, keys) = (tempfile::tempdir().unwrap(), TRAIL.keys());
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (outer, inner) = (path("outer"), path("outer/my/bucket"));
    fs::create_dir_all(path("outer/my")).unwrap();
    let copied = std::process::Command::new("cp").args(["-r", &TRAIL.evidence(), &inner]).status().unwrap();
    assert!(copied.success());
    tells(&["verify", &outer, "--public-keys", &keys], &format!("begins in {inner}"), "name that directory");
    assert_eq!(run(&["verify", &inner, "--public-keys", &keys, "-q"]).status.code(), Some(0));
    for name in ["manifest.json", "HOW-TO-CHECK.md"] {
        fs::write(format!("{outer}/{name}"), "").unwrap();
    }
    tells(&["verify", &outer, "--public-keys", &keys], "is an unpacked bundle", "name the ZIP file");
}

#[test]
fn a_plan_in_a_form_that_reports_have() {
    for format in ["ocsf", "asff", "junit", "oscal", "prometheus", "csv"] {
        let arguments = ["verify", &TRAIL.evidence(), "--dry-run", "--format", format];
        tells(&arguments, "makes no report", "--format text or json");
    }
}

#[cfg(feature = "aws")]
#[test]
fn live_evidence_without_credentials_or_named_twice() {
    let (keys, arn) = (TRAIL.keys(), "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit");
    let none = |arguments: &[&str]| tells(arguments, "no usable AWS credentials", "--profile");
    none(&["verify", "s3://trail-logs", "--public-keys", &keys]);
    none(&["verify", arn]);
    none(&["verify", "--trail-arn", arn, "--start-time", "2026-01-10", "--s3-bucket", "trail-logs"]);
    none(&["verify", &TRAIL.evidence(), "--public-keys", "aws"]);
    tells(&["verify", "s3://no bucket"], "names no bucket", "s3://BUCKET/PREFIX");
    tells(&["verify", "arn:aws:s3:::trail-logs"], "is no trail ARN", "describe-trails");
    none(&["verify", "s3://trail-logs", "--s3-bucket", "other-logs"]);
    tells(&["verify", "s3://trail-logs", "--s3-bucket", "s3://other"], "names no bucket", "s3://BUCKET/PREFIX");
    tells(&["verify", arn, "--trail-arn", &arn.replace("audit", "other")], "--trail-arn is", "name one of them");
    tells(&["verify", &TRAIL.evidence(), "--public-keys", "aws", &keys], "either `aws` or files", "give one of them");
}

#[test]
fn keys_that_are_no_keys() {
    let (evidence, dir) = (TRAIL.evidence(), tempfile::tempdir().unwrap());
    let verify = |name: &str, content: &[u8], what: &str, next: &str| {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        tells(&["verify", &evidence, "--public-keys", path.to_str().unwrap()], what, next);
        tells(&["keys", "show", path.to_str().unwrap()], what, next);
    };
    verify("noise", b"\x00\x01\x02", "it is no key file", "aws cloudtrail list-public-keys");
    verify("broken.json", b"{\"PublicKeyList\": [", "no ListPublicKeys response", "aws cloudtrail list-public-keys");
    verify("empty.json", b"{\"PublicKeyList\": []}", "holds no key", "--start-time");
    verify("short.json", b"{\"PublicKeyList\": [{\"Value\": \"AAAA\"}]}", "key 1", "from AWS again");
    tells(&["verify", &evidence, "--public-keys", "/nowhere.json"], "cannot be read", "check its name");
    tells(&["verify", &evidence, "--public-keys", dir.path().to_str().unwrap()], "cannot be read", "check its name");
}

/// A device never ends: no more is read of it than of the largest key file.
#[cfg(target_os = "linux")]
#[test]
fn files_that_never_end() {
    tells(&["keys", "show", "/dev/zero"], "larger than", "check its name");
    let arguments = ["verify", &TRAIL.evidence(), "--public-keys", &TRAIL.keys(), "--waivers", "/dev/zero"];
    tells(&arguments, "larger than", "docs/findings.md");
}

#[test]
fn keys_of_another_region() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let other = path("other");
    let made = run(&[
        "simulate",
        &other,
        "--public-keys",
        &path("keys.json"),
        "--hours",
        "2",
        "--regions",
        "eu-west-1",
        "--seed",
        "9",
    ]);
    assert_eq!(made.status.code(), Some(0));
    let report = path("report.json");
    let arguments =
        ["verify", &TRAIL.evidence(), "--public-keys", &path("keys.json"), "--report", &format!("json={report}")];
    tells(&arguments, "another region or time", "obtain the keys of us-east-1");
    assert!(!std::path::Path::new(&report).exists(), "nothing is written");
}

#[test]
fn no_keys_at_all() {
    let (_dir, evidence) = TRAIL.copy();
    fs::remove_dir_all(evidence.join(".trailseal")).unwrap();
    tells(&["verify", evidence.to_str().unwrap()], "there are no public keys", "--public-keys FILE");
}

#[test]
fn times_and_ranges() {
    let (evidence, keys) = (TRAIL.evidence(), TRAIL.keys());
    let verify = |more: &[&str], what: &str, next: &str| {
        tells(&[&["verify", &evidence, "--public-keys", &keys], more].concat(), what, next);
    };
    verify(&["--start-time", "yesterday"], "`yesterday` is no time", "write 2026-01-31");
    verify(&["--end-time", "2026-01-10T01:00:00"], "is no time", "write 2026-01-31");
    verify(&["--now", "soon"], "is no time", "write 2026-01-31");
    verify(&["--start-time", "2026-01-11", "--end-time", "2026-01-10"], "is not before the end", "exchange them");
    verify(
        &["--start-time", "2026-01-20", "--now", "2026-02-01"],
        "is not before the end",
        "a copy ends where it says",
    );
    verify(
        &["--start-time", "2026-02-02", "--now", "2026-02-01"],
        "is still to come",
        "ask for a time that has passed",
    );
}

#[test]
fn options_and_files() {
    let (evidence, keys) = (TRAIL.evidence(), TRAIL.keys());
    let base = ["verify", evidence.as_str(), "--public-keys", keys.as_str()];
    for (more, what) in [
        (&["--frobnicate"][..], "--frobnicate"),
        (&["--log-files", "some"], "all, listing, none, sample:5% (a share), sample:25 (so many)"),
        (&["--log-files", "sample:0"], "all, listing, none, sample:5% (a share), sample:25 (so many)"),
        (
            &["--log-files", "sample:100001"],
            "draws more than 100000 log files; draw a share of them, such as sample:5%",
        ),
        (&["--account-id", "12"], "twelve digits"),
        (&["--region", "Mars"], "us-east-1"),
        (&["--trail-arn", "arn:aws:s3:::x"], "arn:aws:cloudtrail:"),
        (&["--concurrency", "0"], "--concurrency"),
        (&["--report", "json"], "FORMAT=PATH"),
        (&["--report", "png=x"], "png"),
        (&["--bucket-dir", "x"], "NAME=PATH"),
        (&["--format", "yaml"], "yaml"),
    ] {
        let told = refused(&[&base, more].concat());
        assert!(told.contains(what), "{told}");
        assert!(told.contains("--help") || told.contains("write"), "{told}");
    }
    tells(&[&base[..], &["--report", "json=/nowhere/at/all/report.json"]].concat(), "cannot be written", "name a file");
    tells(&[&base[..], &["--waivers", "/nowhere.toml"]].concat(), "/nowhere.toml", "docs/findings.md");
    refused(&["verify"]);
}

#[test]
fn a_damaged_sidecar() {
    let (_dir, evidence) = TRAIL.copy();
    fs::write(evidence.join(".trailseal/metadata.jsonl"), "{\"key\": 1}\n").unwrap();
    tells(
        &["verify", evidence.to_str().unwrap(), "--public-keys", &TRAIL.keys()],
        "line 1 is wrong",
        "mend or remove it",
    );
    fs::write(evidence.join(".trailseal/metadata.jsonl"), "").unwrap();
    fs::write(evidence.join(".trailseal/source.json"), "[]").unwrap();
    tells(&["verify", evidence.to_str().unwrap(), "--public-keys", &TRAIL.keys()], "source.json", "mend or remove it");
}

#[test]
fn a_bucket_or_prefix_that_is_not_the_trails() {
    for option in ["--bucket", "--s3-prefix"] {
        let arguments = ["verify", &TRAIL.evidence(), "--public-keys", &TRAIL.keys(), option, "wrong"];
        tells(&arguments, "delivered elsewhere", "check these options");
    }
}

/// A pipe would be waited for until somebody writes to it.
#[cfg(unix)]
#[test]
fn a_sidecar_that_is_a_pipe() {
    for name in ["metadata.jsonl", "source.json"] {
        let (_dir, evidence) = TRAIL.copy();
        let path = evidence.join(".trailseal").join(name);
        fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        tells(
            &["verify", evidence.to_str().unwrap(), "--public-keys", &TRAIL.keys()],
            "no ordinary file",
            "mend or remove it",
        );
    }
}

#[test]
fn reports_that_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("report.json");
    let path = path.to_str().unwrap();
    tells(&["report", path], "cannot be read", "check its name");
    fs::write(path, "{}").unwrap();
    tells(&["report", path], "no trailseal report", "--format json");
    fs::write(path, "{\"schema\": \"trailseal.report/9\"}").unwrap();
    tells(&["report", path], "trailseal.report/9", "use the version");
}

#[test]
fn rows_of_a_report_that_was_saved_without_them() {
    let saved = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/everything.json");
    tells(&["report", saved, "--format", "csv"], "no rows", "verify the evidence again with --report csv=FILE");
}

#[test]
fn inspecting_and_simulating() {
    tells(&["inspect", "/nowhere.json.gz"], "cannot be read", "check its name");
    tells(&["simulate", &TRAIL.evidence()], "is not empty", "name a new directory");
    let dir = tempfile::tempdir().unwrap();
    let new = dir.path().join("new");
    let told = refused(&["simulate", new.to_str().unwrap(), "--hours", "0"]);
    assert!(told.contains("hour"), "{told}");
    assert!(!new.exists(), "nothing is written");
}
