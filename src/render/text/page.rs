//! Lines, wrapping, colour, and the glyphs of the two character sets.

use std::borrow::Cow;
use std::io;

use anstyle::{AnsiColor, Style};

use super::TextOptions;
use crate::finding::Severity;
use crate::render::escape::{LONGEST_NAME, LONGEST_SENTENCE, ascii, bounded, visible};
pub(in crate::render) use crate::render::wording::counted;

/// Where the text goes.
pub(in crate::render) struct Page<'a> {
    pub(in crate::render) options: TextOptions,
    pub(in crate::render) out: &'a mut dyn io::Write,
}

/// What a colour stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) enum Role {
    Heading,
    Good,
    Bad,
    Doubtful,
}

/// The narrowest page that is laid out; on a narrower one lines run over.
const NARROWEST: usize = 60;

/// The widest prose: longer lines are hard to read.
const WIDEST_PROSE: usize = 100;

impl<'a> Page<'a> {
    pub(in crate::render) fn new(options: TextOptions, out: &'a mut dyn io::Write) -> Page<'a> {
        Page { options, out }
    }

    pub(in crate::render) fn width(&self) -> usize {
        self.options.width.max(NARROWEST)
    }

    /// A name from the evidence or the command line, fit to be printed.
    pub(in crate::render) fn name(&self, name: &str) -> String {
        self.escaped(name, LONGEST_NAME)
    }

    /// A sentence or a value that may contain such names.
    pub(in crate::render) fn sentence(&self, text: &str) -> String {
        self.escaped(text, LONGEST_SENTENCE)
    }

    fn escaped(&self, text: &str, most: usize) -> String {
        let text: Cow<'_, str> = bounded(text, most);
        if self.options.ascii { ascii(&text).into_owned() } else { visible(&text).into_owned() }
    }

    pub(in crate::render) fn more(&self) -> &'static str {
        if self.options.ascii { "..." } else { "…" }
    }

    pub(in crate::render) fn paint(&self, role: Role, text: &str) -> String {
        if !self.options.color || text.is_empty() {
            return text.to_owned();
        }
        let style = match role {
            Role::Heading => Style::new().bold(),
            Role::Good => AnsiColor::Green.on_default().bold(),
            Role::Bad => AnsiColor::Red.on_default().bold(),
            Role::Doubtful => AnsiColor::Yellow.on_default().bold(),
        };
        format!("{style}{text}{style:#}")
    }

    pub(in crate::render) fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// A line as it is: what is in it has been escaped.
    pub(in crate::render) fn line(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.trim_end_matches(' ').as_bytes())?;
        self.blank()
    }

    /// The heading of a section, after a blank line.
    pub(in crate::render) fn heading(&mut self, role: Role, text: &str) -> io::Result<()> {
        self.blank()?;
        let painted = self.paint(role, text);
        self.line(&painted)
    }

    /// Escaped words, wrapped. The lines after the first are indented as far as `first` is wide. A word that does not
    /// fit is not broken.
    pub(in crate::render) fn prose(&mut self, first: &str, text: &str) -> io::Result<()> {
        let indent = first.chars().count();
        let width = self.width().min(WIDEST_PROSE);
        let mut line = first.to_owned();
        let mut used = indent;
        let mut fresh = true;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let length = word.chars().count();
            if !fresh && used + 1 + length > width {
                self.line(&line)?;
                line = " ".repeat(indent);
                used = indent;
                fresh = true;
            }
            if !fresh {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += length;
            fresh = false;
        }
        self.line(&line)
    }
}

/// The colour of a severity.
pub(in crate::render) fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::Violation => Role::Bad,
        Severity::Unproven => Role::Doubtful,
        Severity::Note => Role::Heading,
    }
}
