//! The page under construction: the only place of this form that writes.
//!
//! Markup is `&'static str`, which nothing from a bucket is; everything else goes through [`escape::html`].

use std::fmt::{Display, Write as _};
use std::io;

use crate::render::escape::{self, LONGEST_NAME, LONGEST_SENTENCE, bounded};
use crate::report::thousands;
use crate::trail::Time;

/// The page so far.
pub(in crate::render) struct Page {
    out: String,
    /// Where what it leaves out is to be had.
    rest: Rest,
}

/// Where what a page leaves out is to be had: what is said before and after the command.
#[derive(Clone, Copy)]
pub(in crate::render) struct Rest {
    pub(in crate::render) says: &'static str,
    pub(in crate::render) command: &'static str,
}

impl Default for Page {
    fn default() -> Page {
        Page::with_rest(Rest {
            says: "are in the JSON report, which has them all: ",
            command: "trailseal verify … --report json=PATH",
        })
    }
}

impl Page {
    /// An empty page.
    pub(in crate::render) fn with_rest(rest: Rest) -> Page {
        Page { out: String::new(), rest }
    }

    /// Markup of the program's own.
    pub(in crate::render) fn raw(&mut self, markup: &'static str) {
        self.out.push_str(markup);
    }

    /// A name from the evidence or the command line.
    pub(in crate::render) fn name(&mut self, name: &str) {
        self.out.push_str(&escape::html(&bounded(name, LONGEST_NAME)));
    }

    /// A sentence or a value that may contain such names.
    pub(in crate::render) fn text(&mut self, text: &str) {
        self.out.push_str(&escape::html(&bounded(text, LONGEST_SENTENCE)));
    }

    /// A value cut to so many characters.
    pub(in crate::render) fn short(&mut self, text: &str, most: usize) {
        self.out.push_str(&escape::html(&bounded(text, most)));
    }

    /// The program's own prose: what stands in backquotes is code.
    pub(in crate::render) fn prose(&mut self, text: &'static str) {
        for (at, part) in text.split('`').enumerate() {
            if at % 2 == 1 {
                self.within("<code>", part, "</code>");
            } else {
                self.text(part);
            }
        }
    }

    /// Text between two pieces of markup.
    pub(in crate::render) fn within(&mut self, before: &'static str, text: &str, after: &'static str) {
        self.raw(before);
        self.text(text);
        self.raw(after);
    }

    /// A sentence that times stand in: no line ends within one of them.
    pub(in crate::render) fn timed(&mut self, before: &'static str, text: &str, after: &'static str) {
        self.raw(before);
        for (at, word) in bounded(text, LONGEST_SENTENCE).split(' ').enumerate() {
            let time = word.trim_end_matches(['.', ',']);
            self.raw(if at > 0 { " " } else { "" });
            if Time::parse_digest_time(time).is_some() {
                self.within("<span class=\"time\">", time, "</span>");
                self.text(&word[time.len()..]);
            } else {
                self.out.push_str(&escape::html(word));
            }
        }
        self.raw(after);
    }

    /// A number between two pieces of markup.
    pub(in crate::render) fn count(&mut self, before: &'static str, number: u64, after: &'static str) {
        self.within(before, &thousands(number), after);
    }

    /// Prose between two pieces of markup.
    pub(in crate::render) fn says(&mut self, before: &'static str, text: &'static str, after: &'static str) {
        self.raw(before);
        self.prose(text);
        self.raw(after);
    }

    /// An attribute of the element that is open.
    pub(in crate::render) fn attribute(&mut self, name: &'static str, value: impl Display) {
        // Writing to a string does not fail.
        let _ = write!(self.out, " {name}=\"{}\"", escape::html(&value.to_string()));
    }

    /// A term and what there is to say of it, where there is anything.
    pub(in crate::render) fn term(&mut self, term: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.raw("<dt>");
            self.raw(term);
            self.timed("</dt><dd>", value, "</dd>\n");
        }
    }

    /// A table with its caption, which also names the region that it may be scrolled in.
    pub(in crate::render) fn table(
        &mut self,
        id: &str,
        caption: &str,
        heads: &[&'static str],
        rows: impl FnOnce(&mut Page),
    ) {
        self.raw("<div class=\"wide\" role=\"region\" tabindex=\"0\"");
        self.attribute("aria-labelledby", id);
        self.raw(">\n<table>\n<caption");
        self.attribute("id", id);
        self.within(">", caption, "</caption>\n<thead><tr>");
        for head in heads {
            self.raw("<th scope=\"col\">");
            self.raw(head);
            self.raw("</th>");
        }
        self.raw("</tr></thead>\n<tbody>\n");
        rows(self);
        self.raw("</tbody>\n</table>\n</div>\n");
    }

    /// How many were not shown, and where they are: never silently.
    pub(in crate::render) fn omitted(&mut self, shown: usize, all: usize, what: &'static str) {
        if shown < all {
            self.count("<p class=\"omitted\"><strong>", shown as u64, " of ");
            self.count("", all as u64, " ");
            self.raw(what);
            self.count(" are shown.</strong> The other ", (all - shown) as u64, " ");
            self.raw(self.rest.says);
            self.within("<code>", self.rest.command, "</code>.</p>\n");
        }
    }

    /// Bytes so far.
    pub(in crate::render) fn len(&self) -> usize {
        self.out.len()
    }

    /// The page so far, for tests.
    #[cfg(test)]
    pub(in crate::render) fn shown(&self) -> &str {
        &self.out
    }

    pub(in crate::render) fn finish(self, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(self.out.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_stay_what_they_are() {
        let mut page = Page::default();
        page.raw("<a");
        page.attribute("title", "\"><svg onload='x'>");
        page.within(">", "</a><script>", "</a>");
        page.prose("give `--end-time` & see");
        let expected = "<a title=\"&quot;&gt;&lt;svg onload=&#39;x&#39;&gt;\">&lt;/a&gt;&lt;script&gt;</a>\
                        give <code>--end-time</code> &amp; see";
        assert_eq!(page.shown(), expected);
    }
}
