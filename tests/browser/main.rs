//! The page of HTML in a real browser: Chromium, headless, driven by Node.
//!
//! The test is ignored unless asked for: it needs `TRAILSEAL_CHROMIUM`, the path of a Chromium; `TRAILSEAL_NODE_MODULES`, a
//! folder with the packages playwright-core and axe-core; and `node`. `.ci/run` installs them. With `TRAILSEAL_SCREENSHOTS`,
//! pages, screenshots and PDFs are left in that folder.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

#[path = "../sample/mod.rs"]
mod sample;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sample::everything;
use sample::pages::{EVIL, as_html, inconclusive, made_by, many, nothing, one_chain, said_everywhere, somebody};

/// Looks at every page of a folder: whether all are good, and what was said of them.
fn look(folder: &Path) -> (bool, String) {
    let modules = std::env::var_os("TRAILSEAL_NODE_MODULES").expect("TRAILSEAL_NODE_MODULES is a folder of packages");
    let chromium = std::env::var_os("TRAILSEAL_CHROMIUM").expect("TRAILSEAL_CHROMIUM is the path of a Chromium");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/look.mjs");
    let mut node = Command::new("node");
    node.arg(script).arg(folder).env("TRAILSEAL_CHROMIUM", chromium).env("TRAILSEAL_NODE_MODULES", modules);
    let looked = node.output().expect("node runs");
    let said = [looked.stdout, looked.stderr].concat();
    (looked.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Else a browser that shows nothing would find every page good.
#[test]
#[ignore = "needs Chromium and Node: .ci/run installs them"]
fn what_is_wrong_with_a_page_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let good = as_html(&one_chain(), None);
    let in_body = |html: &str| good.replacen("<main", &format!("{html}<main"), 1);
    for (name, page) in [
        ("no-title", good.replacen("<title>", "<title hidden>", 1).replacen("<html lang=\"en\">", "<html>", 1)),
        ("image", in_body("<img src=\"https://192.0.2.1/x.png\">")),
        ("script", in_body("<script>alert(1)</script>")),
        ("style", good.replacen("</style>", " </style>", 1)),
        ("heading", in_body("<h4>Out of order</h4>")),
        ("wide", in_body(&format!("<pre>{}</pre>", "x".repeat(500)))),
    ] {
        fs::write(folder.path().join(format!("{name}.html")), page).unwrap();
    }
    let (good, said) = look(folder.path());
    assert!(!good && !said.contains(": good"), "{said}");
    for fault in [
        "html-has-lang",
        "image-alt",
        "console: ",
        "the style was not applied",
        "headings out of order",
        "pixels wide at 400",
    ] {
        assert!(said.contains(fault), "{fault} was not seen: {said}");
    }
}

#[test]
#[ignore = "needs Chromium and Node: .ci/run installs them"]
fn every_page_is_readable_in_a_browser() {
    let scratch = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("TRAILSEAL_SCREENSHOTS").map(PathBuf::from);
    let folder = kept.as_deref().unwrap_or(scratch.path());
    fs::create_dir_all(folder).unwrap();
    let made = Some(somebody());
    for (name, page) in [
        ("one-chain", as_html(&one_chain(), made.clone())),
        ("forty-chains", as_html(&many(4), made.clone())),
        ("thousand-chains", as_html(&many(100), None)),
        ("not-intact", as_html(&everything(), made.clone())),
        ("inconclusive", as_html(&inconclusive(), made)),
        ("nothing", as_html(&nothing(), None)),
        ("hostile", as_html(&said_everywhere(EVIL), Some(made_by(EVIL)))),
    ] {
        fs::write(folder.join(format!("{name}.html")), page).unwrap();
    }
    must_be_good(folder, 7);
}

#[cfg(feature = "monitor")]
#[test]
#[ignore = "needs Chromium and Node: .ci/run installs them"]
fn every_status_page_is_readable_in_a_browser() {
    use sample::monitored::{as_page, said_everywhere, status};
    let scratch = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("TRAILSEAL_SCREENSHOTS").map(|folder| PathBuf::from(folder).join("status"));
    let folder = kept.as_deref().unwrap_or(scratch.path());
    fs::create_dir_all(folder).unwrap();
    for (name, status) in [
        ("one-chain", status(&[("trail", one_chain())])),
        ("thousand-chains", status(&[("organization", many(100))])),
        ("two-targets", status(&[("archive", inconclusive()), ("organization", everything())])),
        ("nothing", status(&[("new", nothing())])),
        ("no-target", status(&[])),
        ("hostile", said_everywhere(EVIL)),
    ] {
        fs::write(folder.join(format!("{name}.html")), as_page(&status)).unwrap();
    }
    must_be_good(folder, 6);
}

#[track_caller]
fn must_be_good(folder: &Path, pages: usize) {
    // What a reader must see of the hostile name, as the program escapes it.
    fs::write(folder.join("hostile.txt"), trailseal::render::escape::visible(EVIL).as_bytes()).unwrap();
    let (good, said) = look(folder);
    assert!(good, "{said}");
    assert_eq!(said.lines().filter(|line| line.ends_with(": good")).count(), pages, "{said}");
}
