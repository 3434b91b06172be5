//! `docs/aws-cli.md`: the disagreements, for people.

use std::fs;
use std::path::Path;

use super::case::{self, Case};
use super::listed::Listed;

#[test]
fn the_page_says_what_is_listed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/aws-cli.md");
    let made = page();
    if std::env::var_os("TRAILSEAL_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, &made).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(made == there, "docs/aws-cli.md is out of date; run with TRAILSEAL_BLESS=1 if that is meant");
}

fn page() -> String {
    let listed = Listed::read();
    let cases = case::all();
    let runnable = cases.len() - listed.not_run.len();
    let differ = listed.divergence.len();
    let mut page = format!(
        "# Held against `aws cloudtrail validate-logs`\n\n\
         Each folder of [`testdata/cases`](../testdata/cases) is a trail to which something was done. {runnable} of {all} can\n\
         be told of a live bucket; a test puts each into one and asks both validators, the AWS CLI in version {version}.\n\
         They agree on {same}; on {differ} they do not. A disagreement that is not listed fails the test, and so does a listed\n\
         one that has gone away. This page is made from\n\
         [`testdata/aws-cli-divergences.toml`](../testdata/aws-cli-divergences.toml).\n\n\
         The AWS CLI takes one account, region and trail a call: it is called for each that the bucket holds, from the oldest\n\
         digest on where no start is asked for, and the worst of its answers counts. `INVALID` of anything is taken for\n\
         *not-intact*, \"No digests found\" for *inconclusive* (its exit status is 0 all the same), a run that breaks off for\n\
         *error*, one that asks for the same object over and over until it is stopped for *endless*, and everything else for\n\
         *intact*.\n\n\
         ## Where they differ\n\n\
         | case | what was done | AWS CLI | trailseal | why |\n|---|---|---|---|---|\n",
        all = cases.len(),
        version = listed.aws_cli,
        same = runnable - differ,
    );
    let comment = |name: &str| -> String {
        let case: &Case = cases.iter().find(|case| case.name == name).unwrap();
        case.stated.comment.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for one in &listed.divergence {
        let (done, reason) = (cell(&comment(&one.case)), cell(&one.reason));
        page += &format!("| `{}` | {done} | {} | {} | {reason} |\n", one.case, one.theirs, one.ours);
    }
    page += "\n## What cannot be told of a bucket\n\n| case | why not |\n|---|---|\n";
    for one in &listed.not_run {
        page += &format!("| `{}` | {} |\n", one.case, cell(&one.reason));
    }
    page
}

/// Text as it may stand in a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}
