//! What goes where: text, JSON, streams, files, exit statuses.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{TRAIL, find, run, stderr, stdout};

const NOW: &str = "2026-02-01";

fn verify(evidence: &str, more: &[&str]) -> std::process::Output {
    run(&[&["verify", evidence, "--public-keys", &TRAIL.keys(), "--now", NOW], more].concat())
}

/// Changes one byte in the middle of a file.
fn change_a_byte(path: &Path) {
    let mut bytes = fs::read(path).expect("readable");
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(path, bytes).expect("writable");
}

#[test]
fn an_honest_trail_is_intact_and_quietly_so() {
    let output = verify(&TRAIL.evidence(), &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), "", "no progress unless on a terminal");
    let text = stdout(&output);
    assert!(text.starts_with("intact: 6 of 6 log files verified, 6 of 6 digest files verified, "), "{text}");
    assert!(!text.contains('\u{1b}'), "no colour unless on a terminal");
    let quiet = stdout(&verify(&TRAIL.evidence(), &["-q"]));
    assert_eq!(quiet.lines().collect::<Vec<_>>(), [text.lines().next().unwrap()]);
    assert!(stdout(&verify(&TRAIL.evidence(), &["--color", "always"])).contains('\u{1b}'));
}

#[test]
fn the_hasher_is_named_and_nothing_else_depends_on_it() {
    let report = |hasher: &[&str]| -> Value {
        let output = verify(&TRAIL.evidence(), &[&["--format", "json"], hasher].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let mut single = report(&["--hasher", "single"]);
    assert_eq!(single["checks"]["hasher"].take(), "sha2");
    for other in [&["--hasher", "lockstep"][..], &["--hasher", "auto"], &[]] {
        let mut other = report(other);
        assert!(other["checks"]["hasher"].take().is_string());
        assert_eq!(single, other);
    }
    assert!(report(&["--log-files", "none"])["checks"].get("hasher").is_none());
    let text = stdout(&verify(&TRAIL.evidence(), &["--hasher", "single", "--verbose"]));
    assert!(text.contains("log files hashed with sha2"), "{text}");
    assert_eq!(verify(&TRAIL.evidence(), &["--hasher", "md5"]).status.code(), Some(2));
}

#[test]
fn one_changed_byte_is_named() {
    let (_dir, evidence) = TRAIL.copy();
    let log = find(&evidence, "_CloudTrail_");
    change_a_byte(&log);
    let output = verify(evidence.to_str().unwrap(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.starts_with("not-intact: "), "{text}");
    assert!(text.contains(log.file_name().unwrap().to_str().unwrap()), "{text}");
}

/// What stands where a folder should be hides all that the folder would hold.
#[cfg(unix)]
#[test]
fn a_folder_replaced_by_a_link_a_pipe_or_a_file_is_told() {
    use std::os::unix::fs::symlink;
    let account = |evidence: &Path| fs::read_dir(evidence.join("AWSLogs")).unwrap().next().unwrap().unwrap().path();
    for inside in ["", "CloudTrail", "CloudTrail-Digest", "CloudTrail-Digest/us-east-1"] {
        for kind in ["link", "pipe", "file"] {
            let (dir, evidence) = TRAIL.copy();
            let folder = account(&evidence).join(inside);
            let folder = Path::new(folder.to_str().unwrap().trim_end_matches('/')).to_owned();
            fs::rename(&folder, dir.path().join("elsewhere")).unwrap();
            match kind {
                "link" => symlink(dir.path().join("elsewhere"), &folder).unwrap(),
                "pipe" => assert!(Command::new("mkfifo").arg(&folder).status().unwrap().success()),
                _ => fs::write(&folder, "").unwrap(),
            }
            let output = verify(evidence.to_str().unwrap(), &["--format", "json"]);
            // Where digests are there to say so, log files that a file has taken the place of are gone.
            let status = if inside == "CloudTrail" && kind != "link" { 1 } else { 3 };
            assert_eq!(output.status.code(), Some(status), "{inside} {kind}: {}", stderr(&output));
            assert!(stdout(&output).contains("folder-unreadable"), "{inside} {kind}: {}", stdout(&output));
        }
    }
}

#[test]
fn keys_that_came_with_the_evidence_prove_too_little() {
    let beside = format!("{}/.trailseal/public-keys.json", TRAIL.evidence());
    for arguments in [vec!["verify", &*TRAIL.evidence()], vec!["verify", &*TRAIL.evidence(), "--public-keys", &beside]]
    {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        assert!(stdout(&output).contains("public-key-unpinned"));
    }
}

#[test]
fn files_streams_and_saved_reports_say_the_same() {
    let (dir, evidence) = TRAIL.copy();
    change_a_byte(&find(&evidence, "_CloudTrail_"));
    fs::remove_file(find(&evidence, "T044210Z.json.gz")).unwrap();
    let evidence = evidence.to_str().unwrap();
    let file = dir.path().join("report.json");
    let to_file = format!("json={}", file.display());
    let output = verify(evidence, &["--format", "json", "--report", &to_file]);
    assert_eq!(output.status.code(), Some(1));
    let json = stdout(&output);
    assert_eq!(fs::read_to_string(&file).unwrap(), json);
    assert!(!dir.path().join("report.json.partial").exists());

    let mut report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["schema"], "trailseal.report/1");
    assert_eq!(report["verdict"], "not-intact");
    assert_eq!(report["request"]["as_of"], "2026-02-01T00:00:00Z");

    let streamed = stdout(&verify(evidence, &["--format", "ndjson"]));
    let mut lines: Vec<Value> = streamed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.pop().unwrap();
    let mut findings = report["findings"].as_array().unwrap().clone();
    report.as_object_mut().unwrap().remove("findings");
    assert_eq!(last, report);
    let order = |value: &Value| value.to_string();
    lines.sort_by_key(order);
    findings.sort_by_key(order);
    assert_eq!(lines, findings, "each finding once");

    let again = run(&["report", file.to_str().unwrap(), "--format", "json"]);
    assert_eq!((again.status.code(), stdout(&again)), (Some(1), json));
    let text = run(&["report", file.to_str().unwrap()]);
    assert_eq!(stdout(&text), stdout(&verify(evidence, &[])));
    let edited = fs::read_to_string(&file).unwrap().replace("\"verdict\": \"not-intact\"", "\"verdict\": \"intact\"");
    fs::write(&file, edited).unwrap();
    assert_eq!(run(&["report", file.to_str().unwrap()]).status.code(), Some(2));
}

#[test]
fn rows_are_the_same_wherever_they_go() {
    let (dir, evidence) = TRAIL.copy();
    fs::remove_file(find(&evidence, "T044210Z.json.gz")).unwrap();
    let files = ["one.csv", "two.csv"].map(|name| dir.path().join(name));
    let to = files.each_ref().map(|file| format!("csv={}", file.display()));
    let output = verify(evidence.to_str().unwrap(), &["--format", "csv", "--report", &to[0], "--report", &to[1]]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(1), String::new()));
    let rows = stdout(&output);
    assert!(rows.starts_with("kind,status,account_id,") && rows.contains("digest file,violated,"), "{rows}");
    assert_eq!(files.map(|file| fs::read_to_string(file).unwrap()), [rows.clone(), rows]);
}

#[test]
fn a_page_says_who_made_it_and_one_of_a_saved_report_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let (page, saved) = (dir.path().join("report.html"), dir.path().join("report.json"));
    let (to_page, to_saved) = (format!("html={}", page.display()), format!("json={}", saved.display()));
    let output = verify(&TRAIL.evidence(), &["--quiet", "--report", &to_page, "--report", &to_saved]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let page = fs::read_to_string(page).unwrap();
    let headline = stdout(&output);
    let scope = headline.trim_end().strip_prefix("intact: ").unwrap();
    let count = scope.split(',').next().unwrap();
    assert!(page.contains("<span class=\"word\">intact</span>") && page.contains(count), "{page}");
    assert!(page.contains("<dt>Command</dt>") && page.contains("--quiet") && page.contains("SHA-256 of the program"));
    let again = run(&["report", saved.to_str().unwrap(), "--format", "html"]);
    assert_eq!(again.status.code(), Some(0));
    let again = stdout(&again);
    assert!(again.contains("this page was rendered from a saved report") && !again.contains("<dt>Command</dt>"));
    let after = |page: &str| page.split_once("<section aria-labelledby=\"coverage\">").unwrap().1.to_owned();
    assert_eq!(after(&page), after(&again), "what was found is told the same");
}

#[test]
fn a_reader_that_leaves_early_costs_nothing_but_the_output() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_trailseal"))
        .args(["verify", &TRAIL.evidence(), "--public-keys", &TRAIL.keys(), "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(stderr(&output), "", "neither an error nor a panic is told");
    assert_eq!(output.status.code(), Some(0), "the verdict is told all the same");
}

#[test]
fn inspect_shows_every_step_of_a_digest() {
    let digest = find(Path::new(&TRAIL.evidence()), "_CloudTrail-Digest_");
    let digest = digest.to_str().unwrap();
    let output = run(&["inspect", digest, "--public-keys", &TRAIL.keys()]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for part in [
        "SHA-256",
        "data signing string",
        "public key",
        "verifies (RSASSA-PKCS1-v1_5, SHA-256)",
        "result               proven",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let unpinned = run(&["inspect", digest]);
    assert_eq!(unpinned.status.code(), Some(3), "keys beside the evidence prove too little");

    let (_dir, evidence) = TRAIL.copy();
    let digest = find(&evidence, "_CloudTrail-Digest_");
    change_a_byte(&digest);
    let output = run(&["inspect", digest.to_str().unwrap(), "--public-keys", &TRAIL.keys()]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
}

#[test]
fn inspect_tells_who_vouches_for_a_log_file() {
    let log = find(Path::new(&TRAIL.evidence()), "_CloudTrail_");
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join(log.file_name().unwrap());
    fs::copy(&log, &copy).unwrap();
    let inspect = |file: &Path, more: &[&str]| {
        let output = run(&[&["inspect", file.to_str().unwrap(), "--public-keys", &TRAIL.keys()], more].concat());
        (output.status.code(), stdout(&output))
    };
    let (status, text) = inspect(&copy, &["--in", &TRAIL.evidence()]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("_CloudTrail-Digest_") && text.contains("records this very content"), "{text}");
    assert_eq!(inspect(&log, &[]).0, Some(0), "the directory is found from the path");
    assert_eq!(inspect(&copy, &[]).0, Some(3), "without its directory nobody vouches");
    change_a_byte(&copy);
    assert_eq!(inspect(&copy, &["--in", &TRAIL.evidence()]).0, Some(1));
}

#[test]
fn keys_show_computes_the_fingerprint() {
    let output = run(&["keys", "show", "testdata/real-digests/aws-public-keys.json"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert_eq!(text.lines().count(), 4);
    assert!(text.contains("31e8b5433410dfb61a9dc45cc65b22ff  SubjectPublicKeyInfo, RSA 2048 bits, valid 2015-06-18T01:02:50Z to 2015-07-18T01:02:50Z"), "{text}");
}
