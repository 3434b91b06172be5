//! The one place from which the command line writes: whatever it says may be from the bucket, and is escaped on its way.
//!
//! A report escapes itself, in the form that it has; `tests/architecture.rs` sees to it that nothing else writes.

use std::io::{self, Write};

use serde::Serialize;

use crate::finding::Finding;
use crate::render;
use crate::render::escape::{self, visible};

/// A line of text. What it says stays one line.
pub(super) fn line(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", visible(text))
}

/// A text of the program's own, of several lines, that is there to be used as it stands.
#[cfg(feature = "aws")]
pub(super) fn text(out: &mut dyn Write, text: &str) -> io::Result<()> {
    text.lines().try_for_each(|line| writeln!(out, "{}", escape::command(line)))
}

/// A line with a command to go on with.
pub(super) fn next(out: &mut dyn Write, command: &str) -> io::Result<()> {
    writeln!(out, "Next: {}", escape::command(command))
}

/// A line that ends in a command, to be run as it stands.
pub(super) fn line_with(out: &mut dyn Write, text: &str, command: &str) -> io::Result<()> {
    writeln!(out, "{}{}", visible(text), escape::command(command))
}

/// A value as indented JSON.
pub(super) fn json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    render::json_value(value, out)
}

/// A line on standard error. Where nobody hears it, nothing more can be said.
pub(crate) fn told(text: &str) {
    let _ = line(&mut io::stderr(), text);
}

/// Several lines on standard error, as whoever put them together parted them.
pub(super) fn told_lines(text: &str) {
    text.lines().for_each(told);
}

/// A finding on standard output, as one line of JSON.
pub(super) fn stream(finding: &Finding) {
    let mut line = Vec::new();
    // Whoever reads may have gone; the exit status still tells the verdict.
    let _ = render::ndjson_finding(finding, &mut line).and_then(|()| io::stdout().write_all(&line));
}
