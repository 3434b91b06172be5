//! Holds the sources against the layering: dependencies point up the list of groups, and the pure groups touch neither
//! clock, disk, network, environment nor standard streams. What is evidence and what is believed can then be reviewed,
//! tested and fuzzed without a world around it.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The groups, top first. A module may name modules of its own group and of those above it.
const GROUPS: [(&str, &[&str]); 7] = [
    ("names", &["trail", "limits", "finding", "tool"]),
    ("evidence", &["lockstep", "digest", "logfile", "chain", "attest"]),
    ("report", &["report", "controls", "doctor"]),
    ("world", &["store", "keys", "aws", "sorting"]),
    ("audit", &["audit", "bundle"]),
    ("monitor", &["monitor"]),
    ("faces", &["render", "cli", "simulate"]),
];

/// The first so many groups are pure.
const PURE_GROUPS: usize = 3;

/// Renderers are functions of the report, or of a monitor's status: of all that is above them, they may name this.
const RENDER_MAY_NAME: [&str; 8] =
    ["render", "report", "controls", "doctor", "finding", "chain", "trail", "monitor::status"];

/// Nothing but the command line may name the command line; it and the library's tests are what uses the other faces.
const FACES: [&str; 3] = ["render", "cli", "simulate"];

/// What no pure file may name: paths that begin so.
const IMPURE: [&str; 10] = [
    "tokio",
    "rand",
    "rand_chacha",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
];

/// Crates of this prefix are the AWS SDK, but for the one that only computes.
const SDK: &str = "aws_";
const COMPUTES: &str = "aws_lc_rs";

/// The one pure file that draws numbers: from a key and a message, so that the same give the same, and from nothing else.
const DRAWS: (&str, &str) = ("src/attest/signer.rs", "rand_chacha");

/// Where services are asked, how long an answer took may be measured, and how long a run took; by this name alone.
const STOPWATCH: &str = "tokio::time::Instant::now";

/// Macros that write to the standard streams.
const PRINTING: [&str; 5] = ["println", "eprintln", "print", "eprint", "dbg"];

/// What may be used to write, and by which files alone: each of these escapes what it writes. A report that is rendered
/// writes itself through them.
const WRITERS: [&str; 8] = [
    "src/cli/say.rs",
    "src/cli/output.rs",
    "src/render/csv.rs",
    "src/render/html/page.rs",
    "src/render/json.rs",
    "src/render/junit.rs",
    "src/render/prometheus.rs",
    "src/render/text/page.rs",
];
const WRITING: [&str; 7] =
    ["write_all", "write_fmt", "write_str", "to_writer", "to_writer_pretty", "write_record", "write_field"];

/// The one file that may be `unsafe`: vector instructions, each use with its reason.
const UNSAFE: &str = "src/lockstep/x86.rs";

/// How the two crate roots keep it out.
const ROOT_LINTS: [&str; 2] = ["#![deny(unsafe_code)]", "#![forbid(unsafe_code)]"];

/// A file longer than this wants to be two.
const LONGEST_FILE: usize = 450;

// -- The tests --

#[test]
fn the_sources_keep_the_rules() {
    let files = sources();
    assert!(files.len() > 50, "only {} files were found: the scanner looks in the wrong place", files.len());
    let broken: Vec<String> = files.iter().flat_map(|(path, text)| check(path, text)).collect();
    assert!(broken.is_empty(), "{} rules broken:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn unsafe_code_is_denied_but_for_one_file_that_gives_its_reasons() {
    // `forbid` could not be lifted for that file; that it is lifted nowhere else is what the rules below see to.
    for (root, lint) in [("src/lib.rs", "#![deny(unsafe_code)]"), ("src/main.rs", "#![forbid(unsafe_code)]")] {
        let text = fs::read_to_string(repository().join(root)).unwrap();
        assert!(text.lines().any(|line| line == lint), "{root}");
    }
    let text = fs::read_to_string(repository().join(UNSAFE)).unwrap();
    let uses = text.lines().filter(|line| line.contains("unsafe {")).count();
    let reasons = text.lines().filter(|line| line.trim_start().starts_with("// SAFETY: ")).count();
    assert!(uses > 0 && uses == reasons, "{uses} uses, {reasons} reasons");
    let text = fs::read_to_string(repository().join("src/lib.rs")).unwrap();
    assert!(text.lines().any(|line| line == "#![deny(missing_docs)]"), "src/lib.rs");
}

#[test]
fn the_scanner_sees_planted_violations() {
    let planted = [
        ("src/digest/file.rs", "use std::fs;"),
        ("src/digest/file.rs", "use std::{collections::BTreeMap, fs::File};"),
        ("src/digest/file.rs", "use std as world;"),
        ("src/digest/file.rs", "use std::{self as world};"),
        ("src/digest/file.rs", "use std::*;"),
        ("src/digest/file.rs", "fn f() { let _ = ::std::fs::read(\"x\"); }"),
        ("src/digest/file.rs", "fn f() { let _ = std :: /* why */ net::TcpStream::connect(\"x\"); }"),
        ("src/trail/time.rs", "use std::time::{Duration, SystemTime};"),
        ("src/trail/time.rs", "use std::time;"),
        ("src/trail/time.rs", "fn f() { let _ = std::time::Instant::now(); }"),
        ("src/trail/time.rs", "fn f() { let _ = jiff::Timestamp::now(); }"),
        ("src/audit/mod.rs", "fn f() { let _ = jiff::Zoned::now(); }"),
        ("src/chain/walk.rs", "use tokio::sync::Mutex;"),
        ("src/chain/walk.rs", "use rand::random;"),
        ("src/chain/walk.rs", "use aws_sdk_s3::Client;"),
        ("src/chain/walk.rs", "extern crate tokio;"),
        ("src/report/model.rs", "fn f() -> String { std::env::var(\"HOME\").unwrap() }"),
        ("src/report/model.rs", "fn f() { println!(\"{}\", 1); }"),
        ("src/store/mod.rs", "fn f() { eprintln! { \"x\" } }"),
        ("src/store/mod.rs", "fn f() { std::io::stdout(); }"),
        ("src/trail/time.rs", "use crate::finding::Finding; use crate::digest::KeySet;"),
        ("src/digest/mod.rs", "use crate::report::Report;"),
        ("src/digest/mod.rs", "use crate::{limits::Limits, store::{Body, dir}};"),
        ("src/chain/walk.rs", "use super::super::store::Body;"),
        ("src/logfile.rs", "use super::audit::audit;"),
        ("src/chain/walk.rs", "mod inner { use super::super::super::keys::KeySource; }"),
        ("src/chain/walk.rs", "fn f() { crate::audit::audit_blocking(); }"),
        ("src/chain/walk.rs", "use crate as everything;"),
        ("src/report/model.rs", "use crate::render::json;"),
        ("src/audit/mod.rs", "use crate::render::json;"),
        ("src/keys/mod.rs", "use crate::audit::Evidence;"),
        ("src/render/text/mod.rs", "use crate::digest::KeySet;"),
        ("src/render/text/mod.rs", "use crate::store::ObjectStore;"),
        ("src/render/text/mod.rs", "use crate::monitor::state::State;"),
        ("src/render/text/mod.rs", "use crate::monitor;"),
        ("src/render/text/mod.rs", "use crate::monitor::{status::Status, state};"),
        ("src/render/text/mod.rs", "use std::fs;"),
        ("src/simulate/mod.rs", "use crate::cli::main;"),
        ("src/logfile/mod.rs", "fn f() { unsafe { g() } }"),
        ("src/audit/mod.rs", "#[allow(unsafe_code)] mod x;"),
        ("src/lockstep/mod.rs", "unsafe fn f() {}"),
        ("src/lib.rs", "#[allow(unsafe_code)] mod digest;"),
        ("src/lockstep/x86.rs", "use std::fs;"),
        ("src/attest/key.rs", "use rand_chacha::ChaCha20Rng;"),
        ("src/attest/signer.rs", "use rand::random;"),
        ("src/elsewhere/mod.rs", ""),
        ("src/cli/plan.rs", "fn f() { writeln!(out, \"{}\", name); }"),
        ("src/cli/plan.rs", "fn f() { serde_json::to_writer_pretty(out, plan); }"),
        ("src/cli/keys.rs", "fn f() { out.write_all(name.as_bytes()); }"),
        ("src/cli/mod.rs", "fn f() { std::io::Write::write_all(&mut io::stderr(), name); }"),
        ("src/cli/objects/mod.rs", "fn f() { table.write_record(names); }"),
        ("src/render/text/chains.rs", "fn f() { write!(page.out, \"{}\", name); }"),
        ("src/trail/long.rs", &"\n".repeat(LONGEST_FILE + 1)),
    ];
    for (path, text) in planted {
        assert!(!check(path, text).is_empty(), "not seen in {path}: {text}");
    }
    let allowed = [
        ("src/digest/file.rs", "// std::fs\n/* use tokio; /* println!() */ std::env */ fn f() {}"),
        ("src/digest/file.rs", "fn f() { g(\"println!(std::fs)\", r#\"use \"tokio\";\"#, b'\"', '\\'', '\"'); }"),
        ("src/digest/file.rs", "use crate::logfile::Framing; use super::hash::RecordedHash; fn f<'a>(a: &'a str) {}"),
        ("src/chain/walk.rs", "#[cfg(test)] mod tests { use super::*; use crate::finding::Code; }"),
        ("src/logfile.rs", "mod tests { use super::*; use std::io::Write; }"),
        ("src/lockstep/x86.rs", "fn f() { unsafe { g() } }"),
        ("src/lockstep/mod.rs", "#[allow(unsafe_code)] mod x86;"),
        ("src/cli/mod.rs", "fn f() { crate::audit::audit(std::time::SystemTime::now()); }"),
        ("src/cli/say.rs", "fn f() { writeln!(out, \"{}\", visible(text)); }"),
        ("src/cli/plan.rs", "fn print() { say::line(out, name); }"),
        ("src/render/mod.rs", "use crate::report::Report; use crate::render::escape; use super::report::Verdict;"),
        ("src/render/monitor/mod.rs", "use crate::monitor::status::{Status, TargetStatus};"),
        ("src/store/dir/mod.rs", "use std::fs; use super::super::limits::Limits;"),
    ];
    for (path, text) in allowed {
        assert_eq!(check(path, text), Vec::<String>::new(), "{path}: {text}");
    }
}

// -- The rules --

/// Everything in one file that breaks a rule.
fn check(path: &str, text: &str) -> Vec<String> {
    let mut broken = BTreeSet::new();
    let inside = path.strip_prefix("src/").unwrap().strip_suffix(".rs").unwrap();
    let mut module: Vec<&str> = inside.split('/').collect();
    if module.last() == Some(&"mod") {
        module.pop();
    }
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        broken.insert(format!("{path}: {lines} lines, more than {LONGEST_FILE}"));
    }
    let tokens = tokens(text);
    let allows = tokens.iter().any(|token| token == "unsafe_code") && path != "src/lockstep/mod.rs";
    let denies = text.lines().filter(|line| line.contains("unsafe_code")).all(|line| ROOT_LINTS.contains(&line));
    if tokens.iter().any(|token| token == "unsafe") && path != UNSAFE || allows && !denies {
        broken.insert(format!("{path}: `unsafe` outside {UNSAFE}"));
    }
    // The two crate roots hold no code but the list of modules and the call of the command line.
    if matches!(module[..], ["lib"] | ["main"]) {
        return broken.into_iter().collect();
    }
    let Some(group) = group_of(module[0]) else {
        broken.insert(format!("{path}: the module `{}` is in no group", module[0]));
        return broken.into_iter().collect();
    };
    for named in paths(&tokens, &module) {
        if (path, named[0].as_str()) == DRAWS {
            continue;
        }
        if let Some(problem) = problem_of(module[0], group, &named) {
            broken.insert(format!("{path}: {problem}"));
        }
    }
    if matches!(module[0], "cli" | "render") && !WRITERS.contains(&path) {
        // A macro, a method or a function of that name; what is defined or imported here goes by its own rules.
        let calls = tokens.windows(3).filter(|three| {
            let called = matches!(three[0].as_str(), "." | "::") && three[2] == "(";
            called && WRITING.contains(&three[1].as_str()) || three[2] == "!" && three[1].starts_with("write")
        });
        broken.extend(calls.map(|three| format!("{path}: `{}` past what escapes", three[1])));
    }
    if module[0] != "cli" {
        for pair in tokens.windows(2).filter(|pair| PRINTING.contains(&pair[0].as_str()) && pair[1] == "!") {
            broken.insert(format!("{path}: `{}!` outside the command line", pair[0]));
        }
    }
    broken.into_iter().collect()
}

/// What is wrong with naming a path in a module.
fn problem_of(module: &str, group: usize, named: &[String]) -> Option<String> {
    let shown = named.join("::");
    let is_at = |prefix: &str| shown == prefix || shown.starts_with(&format!("{prefix}::"));
    let reaches = |prefix: &str| is_at(prefix) || prefix.starts_with(&format!("{}::", shown.trim_end_matches("::*")));
    let pure = group < PURE_GROUPS || module == "render";
    if named[0] == "crate" {
        let Some(other) = named.get(1).filter(|other| other.as_str() != "*") else {
            return Some("names the whole crate, so that nobody can see what it depends on".to_owned());
        };
        let Some(other_group) = group_of(other) else { return Some(format!("`{shown}` is in no group")) };
        let within = named[1..].join("::");
        let is_in = |allowed: &str| within == allowed || within.starts_with(&format!("{allowed}::"));
        if module == "render" && !RENDER_MAY_NAME.iter().any(|allowed| is_in(allowed)) {
            return Some(format!("`{shown}` is not for renderers, which are functions of the report"));
        }
        let faces = FACES.contains(&other.as_str()) && module != other && module != "cli";
        if other_group > group || faces {
            let (from, to) = (GROUPS[group].0, GROUPS[other_group].0);
            return Some(format!("`{shown}` ({to}) is below `{module}` ({from})"));
        }
        return None;
    }
    // A clock by any name: `Timestamp::now`, `Zoned::now`, `SystemTime::now`, `Instant::now`. What only tells how long an
    // answer took is none.
    let measures = matches!(module, "aws" | "monitor") && shown == STOPWATCH;
    if module != "cli" && named.len() > 1 && named.last().unwrap() == "now" && !measures {
        return Some(format!("`{shown}` is a clock, and only the command line has one"));
    }
    let streams = ["std::io::stdin", "std::io::stdout", "std::io::stderr"];
    if module != "cli" && streams.iter().any(|stream| is_at(stream)) {
        return Some(format!("`{shown}` outside the command line"));
    }
    // Naming a parent, as `use std::time;` does, is as good as naming all that is in it.
    if pure && (IMPURE.iter().any(|impure| reaches(impure)) || named[0].starts_with(SDK) && named[0] != COMPUTES) {
        return Some(format!("`{shown}` in a pure file"));
    }
    None
}

fn group_of(module: &str) -> Option<usize> {
    GROUPS.iter().position(|(_, modules)| modules.contains(&module))
}

// -- The scanner: as much of Rust as it takes to see which paths a file names --

/// Identifiers, `::`, and single characters of punctuation; no comments, strings, characters or lifetimes.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut tokens = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && chars[i] != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            while i < chars.len() {
                let step = match (at(i), at(i + 1)) {
                    ('/', '*') => 1,
                    ('*', '/') => -1,
                    _ => 0,
                };
                depth += step;
                i += if step == 0 { 1 } else { 2 };
                if depth == 0 {
                    break;
                }
            }
        } else if c == '"' {
            i = after_string(&chars, i + 1);
        } else if c == '\'' {
            // A character has a quote after it, or a backslash in it; a lifetime has neither.
            if at(i + 1) == '\\' {
                i += 3;
                while i < chars.len() && chars[i] != '\'' {
                    i += 1;
                }
                i += 1;
            } else {
                i += if at(i + 2) == '\'' { 3 } else { 1 };
            }
        } else if c.is_alphanumeric() || c == '_' {
            let start = i;
            while at(i).is_alphanumeric() || at(i) == '_' {
                i += 1;
            }
            let word: String = chars[start..i].iter().collect();
            let hashes = chars[i..].iter().take_while(|c| **c == '#').count();
            if matches!(word.as_str(), "r" | "br" | "cr") && at(i + hashes) == '"' {
                let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
                i += hashes + 1;
                while i < chars.len() && !chars[i..].starts_with(&end) {
                    i += 1;
                }
                i += end.len();
            } else if word == "r" && hashes == 1 {
                i += 1; // r#keyword
            } else {
                tokens.push(word);
            }
        } else if c == ':' && at(i + 1) == ':' {
            tokens.push("::".to_owned());
            i += 2;
        } else {
            if !c.is_whitespace() {
                tokens.push(c.to_string());
            }
            i += 1;
        }
    }
    tokens
}

fn after_string(chars: &[char], mut i: usize) -> usize {
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// Every path that is named, `use` trees unfolded; those within the crate begin with `crate`.
fn paths(tokens: &[String], file: &[&str]) -> Vec<Vec<String>> {
    let mut module: Vec<String> = file.iter().map(|&part| part.to_owned()).collect();
    let mut opened_at = Vec::new();
    let mut depth = 0;
    let mut found = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        match tokens[i].as_str() {
            "use" => {
                let end = i + tokens[i..].iter().position(|token| token == ";").unwrap_or(tokens.len() - i);
                let mut tree = Vec::new();
                unfold(&tokens[i + 1..end], &[], &mut tree);
                found.extend(tree.into_iter().filter_map(|path| resolve(path, &module)));
                i = end;
                continue;
            }
            "extern" if tokens.get(i + 1).is_some_and(|next| next == "crate") => {
                found.extend(tokens.get(i + 2).map(|name| vec![name.clone()]));
                i += 2;
            }
            "mod" if tokens.get(i + 2).is_some_and(|next| next == "{") => {
                module.push(tokens[i + 1].clone());
                opened_at.push(depth);
                depth += 1;
                i += 3;
                continue;
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if opened_at.last() == Some(&depth) {
                    opened_at.pop();
                    module.pop();
                }
            }
            word if is_word(word) && tokens.get(i + 1).is_some_and(|next| next == "::") => {
                let mut path = vec![word.to_owned()];
                while tokens.get(i + 1).is_some_and(|next| next == "::")
                    && tokens.get(i + 2).is_some_and(|n| is_word(n))
                {
                    path.push(tokens[i + 2].clone());
                    i += 2;
                }
                found.extend(resolve(path, &module));
            }
            _ => {}
        }
        i += 1;
    }
    found
}

/// Unfolds `a::{b, c::{d as e, *}}` into its leaves.
fn unfold(tree: &[String], prefix: &[String], found: &mut Vec<Vec<String>>) {
    let mut path = prefix.to_vec();
    let mut i = 0;
    while i < tree.len() {
        match tree[i].as_str() {
            "::" => {}
            "as" => break,
            "{" => {
                let (mut depth, mut start) = (0, i + 1);
                for (at, token) in tree.iter().enumerate().skip(i) {
                    match token.as_str() {
                        "{" => depth += 1,
                        "}" => depth -= 1,
                        _ => {}
                    }
                    if (depth == 1 && token == ",") || depth == 0 {
                        unfold(&tree[start..at], &path, found);
                        start = at + 1;
                    }
                    if depth == 0 {
                        return;
                    }
                }
                return;
            }
            "self" if !path.is_empty() => {}
            part => path.push(part.to_owned()),
        }
        i += 1;
    }
    if path.len() > prefix.len() || tree.first().is_some_and(|first| first == "self") {
        found.push(path);
    }
}

/// The path from the crate's root, or as it is where it begins outside of the crate.
fn resolve(path: Vec<String>, module: &[String]) -> Option<Vec<String>> {
    let mut at = module.to_vec();
    let mut rest = &path[..];
    match rest.first()?.as_str() {
        "crate" => return Some(path),
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|part| part == "super") {
                at.pop();
                rest = &rest[1..];
            }
        }
        _ => return Some(path),
    }
    let whole = std::iter::once("crate".to_owned()).chain(at).chain(rest.iter().cloned());
    Some(whole.collect())
}

fn is_word(token: &str) -> bool {
    token.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file: its path from the repository, and its text.
fn sources() -> Vec<(String, String)> {
    let mut folders: Vec<PathBuf> = vec![repository().join("src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let shown = path.strip_prefix(repository()).unwrap().components();
                let shown: Vec<_> = shown.map(|part| part.as_os_str().to_str().unwrap()).collect();
                files.push((shown.join("/"), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}
