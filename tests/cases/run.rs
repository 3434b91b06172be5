//! One case, run by the library and by the program, and held against what its `case.toml` states.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use trailseal::finding::Severity;
use trailseal::report::{Report, Verdict};

use super::library;
use super::rows;
use super::table::{CaseFile, HoleRow, PublicKeysGiven};

/// What is wrong with the case in this folder; nothing, if all is as it says.
pub(crate) fn case(folder: &Path) -> Vec<String> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = fs::read_to_string(folder.join("case.toml")).unwrap_or_default();
    let wrong = match toml::from_str::<CaseFile>(&text) {
        Ok(case) if case.comment.trim().is_empty() => vec!["it has no comment".to_owned()],
        Ok(case) => judged(folder, &case),
        Err(error) => vec![format!("case.toml: {error}")],
    };
    wrong.into_iter().map(|wrong| format!("{name}: {wrong}")).collect()
}

fn judged(folder: &Path, case: &CaseFile) -> Vec<String> {
    let beside = tempfile::tempdir().expect("a folder");
    let csv = |name: &str| beside.path().join(name);
    let json = |name: &str, more: &[&str]| {
        let rows = format!("csv={}", csv(name).display());
        program(folder, case, &[&["--format", "json", "--report", &rows], more].concat())
    };
    let by_program = json("one", &["--concurrency", "1", "--hasher", "single"]);
    let at_once = json("many", &["--concurrency", "32", "--hasher", "lockstep"]);
    let mut wrong = Vec::new();
    if without_hasher(&by_program.stdout) != without_hasher(&at_once.stdout) {
        wrong.push("the JSON depends on the concurrency or on the hasher".to_owned());
    }
    let by_library = library::audit(folder, case);
    let status = by_program.status.code();
    if case.verdict == "none" {
        let told = String::from_utf8_lossy(&by_program.stderr);
        if status != Some(2) || !by_program.stdout.is_empty() || told.is_empty() {
            wrong.push(format!("exit status {status:?} and {told:?} where there is no verdict"));
        }
        if csv("one").exists() || csv("many").exists() {
            wrong.push("rows where there is no verdict".to_owned());
        }
        wrong.extend(by_library.ok().map(|report| format!("the library comes to {}", report.verdict)));
        return wrong;
    }
    let report = match Report::parse(&by_program.stdout) {
        Ok(report) => report,
        Err(error) => {
            wrong.push(format!("no report ({error}): {}", String::from_utf8_lossy(&by_program.stderr)));
            return wrong;
        }
    };
    if status != Some(i32::from(report.verdict.exit_status())) {
        wrong.push(format!("exit status {status:?} for {}", report.verdict));
    }
    match by_library {
        Ok(same)
            if (&same.findings, &same.chains, same.verdict) == (&report.findings, &report.chains, report.verdict) => {}
        Ok(_) => wrong.push("the library and the program differ".to_owned()),
        Err(error) => wrong.push(format!("the library: {error}")),
    }
    let (rows, same) = (fs::read(csv("one")).unwrap_or_default(), fs::read(csv("many")).unwrap_or_default());
    if rows != same {
        wrong.push("the rows depend on the concurrency or on the hasher".to_owned());
    }
    wrong.extend(rows::against(&report, &rows));
    wrong.extend(against_statement(&report, case));
    wrong.extend(unprintable(&program(folder, case, &["--verbose"])));
    wrong
}

/// A report without the line that names the hasher, the one thing in it that is another on another machine.
fn without_hasher(json: &[u8]) -> String {
    let text = String::from_utf8_lossy(json);
    text.lines().filter(|line| !line.starts_with("    \"hasher\": ")).map(|line| line.trim_end_matches(',')).collect()
}

fn against_statement(report: &Report, case: &CaseFile) -> Vec<String> {
    let mut wrong = Vec::new();
    if report.verdict.to_string() != case.verdict {
        wrong.push(format!("{}, not {}", report.verdict, case.verdict));
    }
    let codes = |notes: bool| -> BTreeSet<&str> {
        let findings = report.findings.iter().filter(|finding| (finding.severity == Severity::Note) == notes);
        findings.map(|finding| finding.code.name()).collect()
    };
    for (what, notes, stated) in [("codes", false, &case.expect), ("notes", true, &case.notes)] {
        let stated: BTreeSet<&str> = stated.iter().map(String::as_str).collect();
        if codes(notes) != stated {
            wrong.push(format!("{what} {:?}, not {stated:?}:\n{}", codes(notes), told(report)));
        }
    }
    for subject in &case.subjects {
        let named = |finding: &&trailseal::finding::Finding| {
            finding.subject.as_ref().is_some_and(|at| at.key.ends_with(subject.as_str()))
        };
        if !report.findings.iter().any(|finding| named(&finding)) {
            wrong.push(format!("nothing names {subject}:\n{}", told(report)));
        }
    }
    let mut holes: Vec<HoleRow> = report
        .chains
        .iter()
        .flat_map(|chain| &chain.holes)
        .map(|hole| HoleRow {
            start: hole.start.to_string(),
            end: hole.end.to_string(),
            reason: hole.reason.to_string(),
        })
        .collect();
    holes.sort();
    let stated = case.holes.clone().map(|mut holes| {
        holes.sort();
        holes
    });
    // Nothing intact has holes, unless somebody accepted them.
    let none = (report.verdict == Verdict::Intact && report.waivers.is_empty()).then(Vec::new);
    if let Some(stated) = stated.or(none).filter(|stated| *stated != holes) {
        wrong.push(format!("holes {holes:#?}, not {stated:#?}"));
    }
    wrong
}

fn told(report: &Report) -> String {
    let line = |finding: &trailseal::finding::Finding| {
        let subject = finding.subject.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("    {} {subject} {}", finding.code, finding.message)
    };
    report.findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Names come from the bucket, and must not reach the terminal as they are.
fn unprintable(output: &Output) -> Option<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
    bad.map(|c| format!("the text holds {c:?}"))
}

/// The program, run in the case's folder, so that no path of this machine is in its report.
fn program(folder: &Path, case: &CaseFile, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trailseal"));
    command.current_dir(folder).args(["verify", "evidence", "--now", &case.now]).args(&case.arguments).args(more);
    if let PublicKeysGiven::File(name) = &case.public_keys {
        command.args(["--public-keys", name]);
    }
    command.output().expect("the program was built")
}
