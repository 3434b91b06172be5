//! Every lie in `testdata/cases`, told again from a bundle: what is judged of a bundle is what was judged of its source.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use trailseal::finding::{Code, Finding};
use trailseal::report::Report;

use super::{of_the_bundle, trailseal};

#[derive(Deserialize)]
struct Case {
    now: String,
    #[serde(default)]
    arguments: Vec<String>,
    verdict: String,
}

#[test]
fn every_case_is_judged_from_its_bundle_as_it_is_from_its_folder() {
    let entries = fs::read_dir(super::testdata().join("cases")).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(folders.len() >= 75);
    let wrong: Vec<String> = folders.iter().filter_map(|folder| judged(folder).err()).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), folders.len(), wrong.join("\n"));
}

/// Without log files a bundle shows less, and nothing that was intact becomes doubtful.
#[test]
fn what_is_intact_is_intact_from_a_bundle_without_log_files() {
    let mut tried = 0;
    for name in [
        "honest",
        "backfill-vouches-for-what-its-hour-omitted",
        "backfill-after-the-range-vouches",
        "log-listed-late",
        "log-written-again-with-the-same-content",
        "chain-restarted-without-a-gap",
    ] {
        let folder = super::testdata().join("cases").join(name);
        let case: Case = toml::from_str(&fs::read_to_string(folder.join("case.toml")).unwrap()).unwrap();
        for include in ["none", "failed"] {
            let scratch = tempfile::tempdir().unwrap();
            let out = scratch.path().join("out.zip");
            let out = out.to_str().unwrap();
            let keys = ["--public-keys", "../public-keys.json"];
            let mut arguments =
                vec!["bundle", "evidence", out, "--now", &case.now, "--include-logs", include, "--quiet"];
            arguments.extend(keys.iter().copied().chain(case.arguments.iter().map(String::as_str)));
            assert_eq!(trailseal(&folder, &arguments).status.code(), Some(0), "{name}");
            let verified = trailseal(&folder, &[&["verify", out, "--format", "json"], &keys[..]].concat());
            let report = Report::parse(&verified.stdout).unwrap();
            assert_eq!(verified.status.code(), Some(0), "{name}, {include}: {:#?}", report.findings);
            assert_eq!(report.totals.log_files.unproven, 0, "{name}");
            // What the listing would have had read, and cannot be, is told.
            let told = report.checks.skipped.iter().any(|skipped| skipped.contains("made without them"));
            let expected = match name {
                "backfill-after-the-range-vouches" => true,
                // The report has a note on it, so that it is among those that failed, and was read.
                "log-written-again-with-the-same-content" => include == "none",
                _ => false,
            };
            assert_eq!(told, expected, "{name}, {include}: {:?}", report.checks.skipped);
            tried += 1;
        }
    }
    assert_eq!(tried, 12);
}

fn judged(folder: &Path) -> Result<(), String> {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let text = fs::read_to_string(folder.join("case.toml")).unwrap();
    let case: Case = toml::from_str(&text).unwrap();
    let stated: toml::Table = text.parse().unwrap();
    let keys: Vec<&str> = match stated.get("public-keys") {
        None => vec!["--public-keys", "../public-keys.json"],
        Some(given) => given.as_str().map_or(vec![], |file| vec!["--public-keys", file]),
    };
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out.zip");
    let out = out.to_str().unwrap();
    let rows = ["made", "again"].map(|name| format!("csv={}", scratch.path().join(name).display()));
    let mut arguments = vec!["bundle", "evidence", out, "--now", &case.now, "--format", "json", "--report", &rows[0]];
    arguments.extend(case.arguments.iter().map(String::as_str));
    arguments.extend(&keys);
    let made = trailseal(folder, &arguments);
    if case.verdict == "none" {
        let written = fs::read_dir(scratch.path()).unwrap().count();
        let right = made.status.code() == Some(2) && written == 0;
        return if right { Ok(()) } else { Err(format!("{name}: {:?}, {written} files", made.status)) };
    }
    let told = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let packed = Report::parse(&made.stdout).map_err(|error| format!("{name}: {error} {}", told(&made)))?;
    if packed.verdict.to_string() != case.verdict {
        return Err(format!("{name}: bundle says {}", packed.verdict));
    }
    let mut arguments = vec!["verify", out, "--format", "json", "--report", &rows[1]];
    arguments.extend(&keys);
    let verified = trailseal(folder, &arguments);
    let again = Report::parse(&verified.stdout).map_err(|error| format!("{name}: {error} {}", told(&verified)))?;
    let of_bundle = of_the_bundle(&again);
    if !of_bundle.is_empty() {
        return Err(format!("{name}: {of_bundle:#?}"));
    }
    if case.arguments.iter().any(|argument| argument == "--waivers") {
        // `asked` has what becomes of waivers.
        return Ok(());
    }
    let differ = (of_evidence(&packed), &packed.chains, packed.totals, packed.verdict)
        != (of_evidence(&again), &again.chains, again.totals, again.verdict);
    let [made, again] = ["made", "again"].map(|name| fs::read_to_string(scratch.path().join(name)).unwrap());
    let digests = packed.totals.digests;
    let counted = digests.verified + digests.violated + digests.unproven > 0;
    if made != again || counted != made.contains("\r\ndigest file,") {
        return Err(format!("{name}: other rows from the bundle:\n{made}\n{again}"));
    }
    // Of a bundle, keys that lie beside its source are apart.
    let from_beside = keys.iter().all(|key| key.starts_with("--") || key.starts_with("evidence"));
    if differ && !from_beside { Err(format!("{name}: another report from the bundle")) } else { Ok(()) }
}

/// The findings but for those that name the keys' place, or say that the time asked for is the bundle's own word.
fn of_evidence(report: &Report) -> Vec<&Finding> {
    let of_the_desk = [Code::PublicKeyUnpinned, Code::EndFromEvidence];
    report.findings.iter().filter(|finding| !of_the_desk.contains(&finding.code)).collect()
}
