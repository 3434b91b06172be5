//! Watching an audit: a bar on a terminal, or findings as they are found.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::say;
use crate::audit::Observer;
use crate::finding::Finding;

/// A bar on standard error.
pub(super) struct Bar {
    bar: ProgressBar,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    regions: (u64, u64),
    digests: (u64, u64),
    logs: (u64, u64),
    bytes: u64,
    violations: u64,
}

impl Bar {
    pub(super) fn new() -> Bar {
        Bar { bar: spinner(), counts: Mutex::default() }
    }

    /// Says something beside the bar.
    pub(super) fn aside(&self, say: impl FnOnce()) {
        self.bar.suspend(say);
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        // Progress is never worth a panic: a count that was lost is lost.
        let Ok(mut counts) = self.counts.lock() else { return };
        change(&mut counts);
        let of = |(done, all): (u64, u64)| format!("{}/{}", HumanCount(done), HumanCount(all));
        let violations = if counts.violations > 0 {
            format!(" · {} violations", HumanCount(counts.violations))
        } else {
            String::new()
        };
        self.bar.set_message(format!(
            "{} regions · {} digests · {} log files · {}{violations}",
            of(counts.regions),
            of(counts.digests),
            of(counts.logs),
            HumanBytes(counts.bytes),
        ));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Bar {
    fn regions_found(&self, count: u64) {
        self.count(|counts| counts.regions.1 += count);
    }

    fn region_done(&self) {
        self.count(|counts| counts.regions.0 += 1);
    }

    fn digests_expected(&self, count: u64) {
        self.count(|counts| counts.digests.1 += count);
    }

    fn digest_done(&self) {
        self.count(|counts| counts.digests.0 += 1);
    }

    fn logs_expected(&self, count: u64) {
        self.count(|counts| counts.logs.1 += count);
    }

    fn logs_done(&self, count: u64, bytes: u64) {
        self.count(|counts| {
            counts.logs.0 += count;
            counts.bytes += bytes;
        });
    }

    fn found(&self, finding: &Finding) {
        if finding.severity == crate::finding::Severity::Violation {
            self.count(|counts| counts.violations += 1);
        }
    }
}

/// A line on standard error, for as long as something is waited for that cannot be counted.
#[cfg(feature = "aws")]
pub(super) struct Waiting(ProgressBar);

#[cfg(feature = "aws")]
impl Waiting {
    /// Shows nothing yet, and never anything unless it is to.
    pub(super) fn new(shown: bool) -> Waiting {
        let bar = if shown { spinner() } else { ProgressBar::hidden() };
        Waiting(bar)
    }

    /// What is waited for now.
    pub(super) fn says(&self, what: &'static str) {
        self.0.set_message(what);
    }
}

#[cfg(feature = "aws")]
impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// Prints findings as they are found, one a line.
#[derive(Default)]
pub(super) struct Streamed(Mutex<()>);

impl Observer for Streamed {
    fn found(&self, finding: &Finding) {
        let _whole_lines = self.0.lock();
        say::stream(finding);
    }
}
