//! Every case in a live bucket: `trailseal` held against what the case states, and against the AWS CLI.
//!
//! The AWS CLI is the outside judge. Where the two disagree, `testdata/aws-cli-divergences.toml` says why, and a
//! disagreement that is not listed there fails, as does a listed one that has gone away.

mod aws;
mod case;
mod listed;
mod page;

use std::collections::{BTreeMap, BTreeSet};

use aws::Says;
use case::{Case, codes, each};
use listed::Listed;

#[test]
fn every_case_gets_in_s3_the_verdict_it_states() {
    let listed = Listed::read();
    let cases = listed.runnable();
    assert!(cases.len() >= 170, "only {} cases can be run", cases.len());
    let wrong: Vec<String> = each(&cases, |case| against_statement(case, &listed)).into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What is wrong with a case in S3.
fn against_statement(case: &Case, listed: &Listed) -> Option<String> {
    let of_directory = (&case.stated.verdict, &case.stated.expect, &case.stated.notes);
    let (verdict, expect, notes) =
        listed.in_s3(case).map_or(of_directory, |one| (&one.verdict, &one.expect, &one.notes));
    let stated = [expect, notes].map(|codes| codes.iter().cloned().collect::<BTreeSet<String>>());
    let run = case.verify(&case.world());
    if run.stdout.is_empty() {
        return Some(format!("{}: {:?}: {}", case.name, run.status, run.stderr));
    }
    let report = run.report();
    let same = report.verdict.to_string() == *verdict
        && run.status == Some(report.verdict.exit_status().into())
        && codes(&report) == stated;
    (!same).then(|| {
        let told = report.findings.iter().map(|found| format!("\n    {} {}", found.code, found.message));
        let told: String = told.collect();
        format!("{}: {} {:?}, not {verdict} {stated:?}{told}", case.name, report.verdict, codes(&report))
    })
}

#[test]
#[ignore = "needs the AWS CLI: .ci/run installs it"]
fn the_aws_cli_says_the_same_but_for_what_is_listed() {
    let listed = Listed::read();
    let cases = listed.runnable();
    let judged = each(&cases, |case| {
        let world = case.world();
        let ours = Says::of_trailseal(&case.verify(&world));
        let (theirs, printed) = aws::judge(case, &world);
        (theirs, ours, printed)
    });
    let mut expected: BTreeMap<String, (Says, Says)> = listed.divergences();
    let mut wrong = Vec::new();
    for (case, (theirs, ours, printed)) in cases.iter().zip(judged) {
        let differ = (theirs != ours).then_some((theirs, ours));
        let told = |both: Option<(Says, Says)>| {
            both.map_or("agreement".to_owned(), |(theirs, ours)| format!("the AWS CLI {theirs}, trailseal {ours}"))
        };
        let stated = expected.remove(&case.name);
        if stated != differ {
            wrong.push(format!("{}: {}; listed is {}\n{printed}", case.name, told(differ), told(stated)));
        }
    }
    wrong.extend(expected.into_keys().map(|name| format!("{name} is listed and was not run")));
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
