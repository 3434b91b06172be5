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

#[test]
#[ignore = "needs Chromium and Node: .ci/run installs them"]
fn every_page_is_readable_in_a_browser() {
    let modules = std::env::var_os("TRAILSEAL_NODE_MODULES").expect("TRAILSEAL_NODE_MODULES is a folder of packages");
    let chromium = std::env::var_os("TRAILSEAL_CHROMIUM").expect("TRAILSEAL_CHROMIUM is the path of a Chromium");
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
    // What a reader must see of the hostile name, as the program escapes it.
    fs::write(folder.join("hostile.txt"), trailseal::render::escape::visible(EVIL).as_bytes()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/look.mjs");
    let mut node = Command::new("node");
    node.arg(script).arg(folder).env("TRAILSEAL_CHROMIUM", chromium).env("TRAILSEAL_NODE_MODULES", modules);
    let looked = node.output().expect("node runs");
    let (out, err) = (String::from_utf8_lossy(&looked.stdout), String::from_utf8_lossy(&looked.stderr));
    assert!(looked.status.success(), "{out}{err}");
    assert_eq!(out.lines().filter(|line| line.ends_with(": good")).count(), 7, "{out}{err}");
}
