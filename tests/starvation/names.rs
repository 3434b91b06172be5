//! Names made to drown what is said of them.

use std::sync::Arc;

use trailseal::finding::Code;
use trailseal::limits::Limits;
use trailseal::render::{TextOptions, json, text};
use trailseal::report::Verdict;

use crate::MIB;
use crate::crowd::{Crowd, NONE, Planted};
use crate::world::{LOGS, WORLD, alone, codes, count, measured};

/// As many as are named, each as long as a key can be and of characters that take six bytes in JSON and more on a page.
#[test]
fn keys_of_a_thousand_control_characters() {
    let _alone = alone();
    let planted: Planted = |folder| {
        let name =
            |n: u64| format!("2026/01/10/{n:05}{}", "\u{1b}\u{7f}\u{0}\u{1}".repeat((1_024 - LOGS.len() - 16) / 4));
        (folder == LOGS).then_some((20_000, name))
    };
    let crowd = Crowd::new(WORLD.store(), NONE, planted);
    let (report, taken) = measured(Arc::new(crowd), WORLD.request());
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", codes(&report));
    let named = Limits::default().planted_named_per_region;
    assert_eq!(count(&report, Code::LogUnlisted), named + 1);
    assert!(taken < 64 * MIB, "{taken}");
    let (mut lines, mut page) = (Vec::new(), Vec::new());
    json(&report, &mut lines).expect("memory");
    text(&report, &TextOptions::default(), &mut page).expect("memory");
    // A few stand for all on a page; JSON has each, with what else there is to say of it.
    assert!(page.len() < 64 << 10 && lines.len() < (named + 1) * 8 * 1_024, "{} {}", page.len(), lines.len());
    for rendered in [lines, page] {
        let harmless = |byte: &u8| (*byte >= b' ' && *byte != 0x7f) || *byte == b'\n';
        assert!(rendered.iter().all(harmless), "a control character as it is");
    }
}
