//! Runs what the README shows, in order, in one shell and a scratch directory, with the bundled trail in S3 and AWS's
//! services around it, and holds the output against what it quotes: a command must exit with 0 unless the line after it
//! prints its status, a line `…` stands for any lines, and `…` at the end of a line for the rest of it.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::aws_api::{PublicKey, Trail};
use crate::world::World;

/// Commands that this test cannot run as they are. They are stood in for: the first by nothing, the AWS CLI's by a copy of the
/// bundled trail without its S3 metadata, as `aws s3 sync` leaves it.
const STOOD_IN_FOR: [&str; 2] = ["cargo test --locked", "aws s3 sync s3://example-trail-logs my-plain-copy"];

/// `cargo run` is the binary that this test was built with: a build within a test run would wait for its own lock.
const CARGO: &str = r#"#!/bin/sh
case "$*" in
    "run --release --locked -- "*) shift 4; exec trailseal "$@" ;;
    "test --locked") exit 0 ;;
    *) echo "unexpected: cargo $*" >&2; exit 99 ;;
esac
"#;

const AWS: &str = r#"#!/bin/sh
case "$1 $2" in
    "s3 sync") cp -R testdata/trail "$4" && rm -rf "$4/.trailseal" ;;
    *) echo "unexpected: aws $*" >&2; exit 99 ;;
esac
"#;

/// Prints the status of the command before it, and leaves it as it was.
const AFTER_EACH: &str = "status=$?; printf '\\n%s %s\\n' '@@' \"$status\"; (exit \"$status\")\n";

const PRINTS_STATUS: &str = "echo \"exit status $?\"";

/// The bundled trail, in the bucket that it names.
fn world() -> World {
    let world = World::small();
    world.endpoint.s3.create(BUCKET, "eu-central-1");
    world.endpoint.s3.load_directory(BUCKET, &repository().join("testdata/trail"));
    let keys = fs::read_to_string(repository().join("testdata/trail-public-keys.json")).unwrap();
    let mut state = world.endpoint.api.state();
    state.cloudtrail.keys = PublicKey::parse(&keys);
    let trail = state.cloudtrail.trails[0].clone();
    let (name, trail_arn) = ("management-events".to_owned(), TRAIL.to_owned());
    state.cloudtrail.trails = vec![Trail { name, trail_arn, s3_bucket_name: BUCKET.to_owned(), ..trail }];
    state.account.enabled = ["us-east-1", "eu-west-1"].map(str::to_owned).to_vec();
    drop(state);
    world
}

#[test]
fn every_command_does_what_the_readme_says() {
    let world = world();
    let root = world.scratch.path();
    copy(&repository().join("testdata/trail"), &root.join("testdata/trail"));
    copy(&repository().join("testdata/trail-public-keys.json"), &root.join("testdata/trail-public-keys.json"));
    fs::create_dir(root.join("bin")).unwrap();
    executable(&root.join("bin/cargo"), CARGO);
    executable(&root.join("bin/aws"), AWS);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_trailseal"), root.join("bin/trailseal")).unwrap();

    let examples = shell_blocks(&readme());
    let commands: Vec<&str> = examples.iter().flat_map(|example| &example.commands).map(String::as_str).collect();
    assert!(commands.len() >= 10, "only {} commands were found", commands.len());
    for command in STOOD_IN_FOR {
        assert!(commands.contains(&command), "no longer in the README: {command}");
    }
    for command in commands.iter().filter(|command| command.starts_with("aws ") || command.starts_with("cargo ")) {
        let known = STOOD_IN_FOR.contains(command) || command.starts_with("cargo run --release --locked -- ");
        assert!(known, "neither run nor stood in for: {command}");
    }

    let script: String = commands.iter().map(|command| format!("{command}\n{AFTER_EACH}")).collect();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("PATH=\"$PWD/bin:$PATH\" TMPDIR=\"$PWD\"\n{script}")]);
    let ran = world.finish(shell);
    let (output, told) = (ran.stdout, ran.stderr);
    let mut outcomes = outcomes(&output).into_iter();
    for example in &examples {
        let mut printed = String::new();
        for (at, command) in example.commands.iter().enumerate() {
            let (text, status) = outcomes.next().unwrap_or_else(|| panic!("did not come to: {command}\n{told}"));
            let status_is_shown = example.commands.get(at + 1).is_some_and(|next| next == PRINTS_STATUS);
            assert!(status == 0 || status_is_shown, "exit status {status}: {command}\n{text}\n{told}");
            printed.push_str(&text);
        }
        if let Some(quoted) = &example.output {
            let problem = differs(quoted, &printed);
            assert!(problem.is_none(), "{}\nthe README quotes\n{quoted}\nand it printed\n{printed}", problem.unwrap());
        }
    }
}

#[test]
fn the_library_example_is_the_one_that_is_compiled() {
    let example = fs::read_to_string(repository().join("examples/audit.rs")).unwrap();
    let code = example.split_once("\n\n").unwrap().1;
    assert_eq!(fenced(&readme(), "rust"), [code]);
}

#[test]
fn the_policy_is_the_one_that_is_tested_and_the_waiver_is_well_formed() {
    let readme = readme();
    assert_eq!(fenced(&readme, "json"), [fs::read_to_string(repository().join("docs/iam/bucket.json")).unwrap()]);
    let waivers = fenced(&readme, "toml");
    assert_eq!(waivers.len(), 1);
    trailseal::report::Waivers::parse(&waivers[0]).unwrap();
}

#[test]
fn files_that_are_linked_to_exist() {
    let readme = readme();
    let links: Vec<&str> = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(!links.is_empty());
    for link in links.iter().filter(|link| !link.contains("://") && !link.starts_with('#')) {
        assert!(repository().join(link).exists(), "{link}");
    }
}

#[test]
fn quoted_output_is_compared() {
    let printed = "one\ntwo  \nthree\nfour\n";
    for same in ["one\ntwo\nthree\nfour", "one\n…", "…\nthree\nfour", "one\n…\nfo…\n", "o…\ntwo\n…\nfour"] {
        assert_eq!(differs(same, printed), None, "{same}");
    }
    for other in
        ["one", "two\n…", "one\nthree\n…", "…\nthree", "…\nfour\nthree", "one\n…\nfive\n…", "one\n…\nfour\n…\nfour"]
    {
        assert!(differs(other, printed).is_some(), "{other}");
    }
}

/// A block of commands, and the output that is quoted after it.
struct Example {
    commands: Vec<String>,
    output: Option<String>,
}

fn shell_blocks(readme: &str) -> Vec<Example> {
    let blocks = blocks(readme);
    let mut examples = Vec::new();
    for (at, (language, text)) in blocks.iter().enumerate().filter(|(_, (language, _))| language == "sh") {
        assert!(!text.contains("\\\n"), "a line, a command: {language} {text}");
        let output = blocks.get(at + 1).filter(|(language, _)| language == "text").map(|(_, text)| text.clone());
        examples.push(Example { commands: text.lines().map(str::to_owned).collect(), output });
    }
    examples
}

fn fenced(readme: &str, wanted: &str) -> Vec<String> {
    blocks(readme).into_iter().filter(|(language, _)| language == wanted).map(|(_, text)| text).collect()
}

/// The fenced blocks: the language of each, and its text.
fn blocks(readme: &str) -> Vec<(String, String)> {
    let fences: Vec<&str> = readme.split("```").collect();
    assert!(fences.len() % 2 == 1, "a fence is not closed");
    let inside = fences.iter().skip(1).step_by(2);
    inside.map(|block| block.split_once('\n').unwrap()).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}

/// What each command printed, and its exit status.
fn outcomes(output: &str) -> Vec<(String, i32)> {
    let mut outcomes = Vec::new();
    let mut printed = String::new();
    for line in output.lines() {
        match line.strip_prefix("@@ ") {
            Some(status) => {
                // The line break before the mark is the mark's.
                let text = printed.strip_suffix('\n').unwrap_or(&printed).to_owned();
                outcomes.push((text, status.parse().unwrap()));
                printed.clear();
            }
            None => {
                printed.push_str(line);
                printed.push('\n');
            }
        }
    }
    outcomes
}

/// Where the output first is not as quoted.
fn differs(quoted: &str, printed: &str) -> Option<String> {
    let mut rest = printed.lines().map(str::trim_end);
    let mut skipping = false;
    for line in quoted.lines().map(str::trim_end) {
        if line == "…" {
            skipping = true;
            continue;
        }
        let is_it = |other: &str| match line.strip_suffix('…') {
            Some(start) => other.starts_with(start),
            None => other == line,
        };
        let found = if skipping { rest.any(is_it) } else { rest.next().is_some_and(is_it) };
        if !found {
            return Some(format!("not printed where it is quoted: {line}"));
        }
        skipping = false;
    }
    let more = rest.next().filter(|_| !skipping);
    more.map(|line| format!("printed and not quoted: {line}"))
}

fn executable(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let copied = Command::new("cp").arg("-R").args([from, to]).status().unwrap();
    assert!(copied.success(), "{} could not be copied", from.display());
}

fn readme() -> String {
    fs::read_to_string(repository().join("README.md")).unwrap()
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

const BUCKET: &str = "example-trail-logs";
const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:220066383621:trail/management-events";
