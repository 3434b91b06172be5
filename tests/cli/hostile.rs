//! Everything that the program says, by every command and in every form, about evidence whose every name is hostile.

use std::fs;
use std::path::{Path, PathBuf};

use trailseal::render::escape::is_hidden;

use super::{TRAIL, find, run, stderr, stdout};

/// Clears the screen, says `intact` in green, turns the direction of writing, begins a line, and is a formula and a tag. All
/// of it may stand in the name of a file.
const EVIL: &str = "=x\u{1b}[2J\u{1b}[32mintact\u{9b}0m\u{202e}\r\nintact: all\u{7}\u{200b}<b>\"',\\";

/// Every form of a report.
const FORMATS: [&str; 10] = ["text", "json", "ndjson", "html", "ocsf", "asff", "junit", "oscal", "prometheus", "csv"];

/// What no output may hold of it, whatever else it does: what acts on a terminal, and what begins a line.
#[track_caller]
fn harmless(what: &str, text: &str) {
    // The lines of CSV, and of nothing else, end in CR LF; each of them does.
    let csv = text.starts_with("kind,status,");
    let ends = if csv { "\r\n" } else { "\n" };
    assert_eq!(text.matches('\n').count(), text.matches(ends).count(), "{what}: {text}");
    let acts = text.replace(ends, "\n").chars().find(|c| is_hidden(*c) && *c != '\n');
    assert_eq!(acts, None, "{what}: {text}");
    assert!(!text.lines().any(|line| line.trim_start().starts_with("intact: all")), "{what}: {text}");
    if csv {
        no_cell_is_calculated(what, text);
    }
}

/// No cell begins a formula, wherever the comma or the semicolon parts them.
#[track_caller]
fn no_cell_is_calculated(what: &str, text: &str) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    for row in reader.records() {
        for cell in row.expect("CSV").iter() {
            let begin = cell.split(';').map(|part| part.trim_start_matches([' ', '"']));
            let formula = begin.clone().any(|part| part.starts_with(['=', '+', '-', '@', '\t', '\r']));
            assert!(!formula, "{what}: {cell}");
        }
    }
}

/// Runs the program, and looks at all that it says; the exit status must be one of these.
#[track_caller]
fn told(arguments: &[&str], statuses: &[i32]) -> String {
    let output = run(arguments);
    let (out, err) = (stdout(&output), stderr(&output));
    harmless(&format!("{arguments:?}, standard output"), &out);
    harmless(&format!("{arguments:?}, standard error"), &err);
    let status = output.status.code().expect("an exit status");
    assert!(statuses.contains(&status), "{arguments:?}: {status}\n{out}{err}");
    out + &err
}

/// A copy in which hostile names stand wherever there is a folder or a file, and in what the records and a digest say.
fn evidence(root: &Path) -> PathBuf {
    let evil = root.join(EVIL);
    super::copy_all(Path::new(&TRAIL.evidence()), &evil);
    let folders: Vec<PathBuf> = {
        let (log, digest) = (find(&evil, "_CloudTrail_us-east-1_"), find(&evil, "_CloudTrail-Digest_us-east-1_"));
        let above =
            |file: &Path| file.ancestors().skip(1).take_while(|path| *path != evil).map(Path::to_owned).collect();
        let (logs, digests): (Vec<_>, Vec<_>) = (above(&log), above(&digest));
        logs.into_iter().chain(digests).chain([evil.clone()]).collect()
    };
    for folder in folders {
        fs::write(folder.join(format!("{EVIL}.json.gz")), "planted").expect("a file");
        let inside = folder.join(format!("{EVIL}folder"));
        fs::create_dir_all(&inside).expect("a folder");
        fs::write(inside.join(EVIL), "planted").expect("a file");
        // A link, which is told of by its name.
        let _ = std::os::unix::fs::symlink("nowhere", folder.join(format!("{EVIL}link")));
    }
    // A prefix, an account's trail and a service's folder of that name.
    for folder in [format!("{EVIL}/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/10"), format!("AWSLogs/{EVIL}/x")]
    {
        fs::create_dir_all(evil.join(&folder)).expect("a folder");
        fs::write(evil.join(folder).join(EVIL), "planted").expect("a file");
    }
    let account = fs::read_dir(evil.join("AWSLogs"))
        .expect("a folder")
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit()));
    fs::create_dir_all(account.expect("an account").path().join(format!("CloudTrail-{EVIL}"))).expect("a folder");
    // What was not copied, as the copy's own record says.
    let line = serde_json::json!({ "key": format!("AWSLogs/{EVIL}"), "reason": "denied" });
    fs::write(evil.join(".trailseal/not-copied.jsonl"), format!("{line}\n")).expect("a file");
    evil
}

/// A digest of which every field is hostile.
fn digest(root: &Path) -> PathBuf {
    let original = find(Path::new(&TRAIL.evidence()), "_CloudTrail-Digest_us-east-1_");
    let out = std::process::Command::new("gzip").arg("-dc").arg(original).output().expect("gzip");
    let mut content: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    for (name, value) in content.as_object_mut().expect("an object") {
        if value.is_string() && !name.ends_with("Time") && !name.contains("Algorithm") {
            *value = format!("{EVIL}{name}").into();
        }
    }
    for log in content["logFiles"].as_array_mut().expect("a list") {
        for field in ["s3Bucket", "s3Object"] {
            log[field] = format!("{EVIL}{field}").into();
        }
    }
    let path = root.join("evil_CloudTrail-Digest_x.json");
    fs::write(&path, serde_json::to_vec(&content).expect("JSON")).expect("a file");
    path
}

#[test]
fn nothing_that_the_evidence_says_acts_or_looks_like_the_programs_own_words() {
    let dir = tempfile::tempdir().expect("a directory");
    let evil = evidence(dir.path());
    let (copy, keys) = (evil.to_str().expect("UTF-8"), TRAIL.keys());
    let evil_keys = dir.path().join(format!("{EVIL}.keys"));
    fs::copy(&keys, &evil_keys).expect("copied");
    let evil_keys = evil_keys.to_str().expect("UTF-8");
    let saved = dir.path().join(format!("{EVIL}.report"));
    let saved = saved.to_str().expect("UTF-8");
    let now = ["--now", "2026-02-01"];
    let verify =
        |more: &[&str]| told(&[&["verify", copy, "--public-keys", evil_keys], &now[..], more].concat(), &[1, 3]);
    // In every form, to standard output and to a file.
    for format in FORMATS {
        let to = format!("{format}={saved}");
        let said = verify(&["--format", format, "--report", &to]);
        assert!(said.contains("[2J"), "{format}: the names are told of: {said}");
        harmless(format, &fs::read_to_string(saved).expect("a report"));
    }
    for more in [&["--verbose"][..], &["--verbose", "--ascii"], &["--quiet"], &["--log-files", "listing", "--verbose"]]
    {
        verify(more);
    }
    verify(&["--format", "json", "--report", &format!("json={saved}")]);
    for format in FORMATS {
        // A saved report has no rows.
        let status: &[i32] = if format == "csv" { &[2] } else { &[1, 3] };
        told(&["report", saved, "--format", format], status);
    }
    for format in ["text", "json"] {
        let said = told(&[&["verify", copy, "--dry-run", "--format", format], &now[..]].concat(), &[0]);
        assert!(said.contains("[2J"), "{format}: {said}");
    }
    let to = dir.path().join(format!("{EVIL}.copy"));
    let said = told(&[&["pull", copy, to.to_str().expect("UTF-8")], &now[..]].concat(), &[3]);
    assert!(said.contains("not copied: "), "{said}");
    told(&["keys", "show", evil_keys], &[0]);
    for part in ["_CloudTrail_us-east-1_", "_CloudTrail-Digest_us-east-1_"] {
        told(&["inspect", find(&evil, part).to_str().expect("UTF-8"), "--public-keys", evil_keys], &[0, 3]);
    }
    for file in [evil.join(format!("{EVIL}.json.gz")), digest(dir.path())] {
        told(&["inspect", file.to_str().expect("UTF-8"), "--public-keys", evil_keys], &[1, 2, 3]);
    }
}

/// What goes wrong is told by names, too: of files, and of what stands in them.
#[test]
fn no_error_acts_or_looks_like_the_programs_own_words() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
    let (absent, damaged, evidence) =
        (path(&format!("{EVIL}absent")), path(&format!("{EVIL}damaged")), TRAIL.evidence());
    let json = serde_json::json!({ "schema": EVIL, EVIL: EVIL, "PublicKeyList": [{ EVIL: EVIL, "Value": EVIL }] });
    fs::write(&damaged, json.to_string()).expect("a file");
    let waivers = path("waivers.toml");
    for code in [EVIL, "log-missing"] {
        let quoted = serde_json::to_string(code).expect("JSON");
        fs::write(
            &waivers,
            format!(
                "[[waiver]]\ncode = {quoted}\nsubject = \"*\"\nreason = 'r'\nwho = 'w'\nuntil = \"{}\"\n",
                "x\\u001B[2J"
            ),
        )
        .expect("a file");
        told(&["verify", &evidence, "--waivers", &waivers], &[2]);
    }
    let (keys, into) = (TRAIL.keys(), path("into"));
    for arguments in [
        &["verify", &absent][..],
        &["verify", &evidence, "--public-keys", &absent],
        &["verify", &evidence, "--public-keys", &damaged],
        &["verify", &evidence, "--waivers", &damaged],
        &["verify", &evidence, "--public-keys", &keys, "--report", &format!("json={absent}/x")],
        &["verify", &evidence, "--start-time", EVIL],
        &["verify", &evidence, "--log-files", EVIL],
        &["verify", &evidence, &format!("--{EVIL}")],
        &["verify", &format!("s3://{EVIL}/{EVIL}"), "--trail-arn", EVIL],
        &["report", &absent],
        &["report", &damaged],
        &["keys", "show", &absent],
        &["keys", "show", &damaged],
        &["inspect", &absent],
        &["pull", &absent, &into],
        &["simulate", &into, "--regions", EVIL],
        &[EVIL],
    ] {
        told(arguments, &[2]);
    }
    // Records of a copy that cannot be read, each with a hostile word in it.
    for record in ["metadata.jsonl", "not-copied.jsonl", "source.json", "public-keys.json", "pull.json"] {
        let copy = dir.path().join(format!("{EVIL}{record}"));
        super::copy_all(Path::new(&evidence), &copy);
        fs::write(copy.join(".trailseal").join(record), json.to_string()).expect("a file");
        told(&["verify", copy.to_str().expect("UTF-8"), "--now", "2026-02-01"], &[1, 2, 3]);
    }
}
