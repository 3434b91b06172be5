//! The one place that escapes for the terminal and for HTML: what a bucket says may be seen and may not act.
//!
//! A name in a bucket is chosen by whoever may write to it. Printed raw, it could move the cursor over a finding,
//! recolour a verdict, or reverse the text after it.

use std::borrow::Cow;

use super::thousands;

/// The longest name shown whole: an S3 location, `s3://`, at most 63 characters, `/`, at most 1,024 bytes.
pub const LONGEST_NAME: usize = 1_100;

/// The longest sentence shown whole: some words around two names.
pub const LONGEST_SENTENCE: usize = 3 * LONGEST_NAME;

/// The text with every character that is not plainly visible written as `\u{1b}`, and a backslash as `\\`, so that
/// what is shown can be read back in one way only.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c == '\\' || is_hidden(c)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\\' => shown.push_str("\\\\"),
            c if is_hidden(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// As [`visible`], of a command that is there to be run as it stands: a backslash in it is the shell's.
pub fn command(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// As [`visible`], in ASCII alone.
pub fn ascii(text: &str) -> Cow<'_, str> {
    match visible(text) {
        shown if shown.is_ascii() => shown,
        shown => {
            let escaped =
                shown.chars().map(|c| if c.is_ascii() { c.to_string() } else { c.escape_unicode().to_string() });
            Cow::Owned(escaped.collect())
        }
    }
}

/// As [`visible`], for HTML and SVG: as text, or in an attribute in quotes of either kind. Nothing in it is markup, and
/// nothing in it turns the direction of writing.
pub fn html(text: &str) -> Cow<'_, str> {
    let shown = visible(text);
    if !shown.contains(['&', '<', '>', '"', '\'']) {
        return shown;
    }
    let mut escaped = String::with_capacity(shown.len() + 16);
    for c in shown.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// The text if it has at most `most` characters; else its two ends, and how many characters were left out between
/// them. It is cut before it is escaped, so that no escape is cut in two.
pub fn bounded(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let length = text.chars().count();
    if length <= most {
        return Cow::Borrowed(text);
    }
    let half = most / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(length - half).collect();
    Cow::Owned(format!("{head} [{} characters left out] {tail}", thousands((length - 2 * half) as u64)))
}

/// Whether a character, printed, would act on the terminal or would not be seen for what it is: controls, line
/// separators, spaces other than the plain one, bidirectional and zero-width formatting, marks that draw over their
/// neighbours, fillers, tags, variation selectors and private characters.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c,
            '\u{ad}'
            | '\u{300}'..='\u{36f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fe20}'..='\u{fe2f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{ffff}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_seen_and_do_not_act() {
        for (name, shown) in [
            ("AWSLogs/111122223333/é.json.gz", "AWSLogs/111122223333/é.json.gz"),
            ("\u{1b}[2J\u{1b}]0;intact\u{7}", "\\u{1b}[2J\\u{1b}]0;intact\\u{7}"),
            ("a\r\nintact: all is well", "a\\u{d}\\u{a}intact: all is well"),
            ("csi\u{9b}31m", "csi\\u{9b}31m"),
            ("del\u{7f}", "del\\u{7f}"),
            ("gz.\u{202e}nosj", "gz.\\u{202e}nosj"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("z\u{300}\u{301}", "z\\u{300}\\u{301}"),
            ("no\u{a0}break", "no\\u{a0}break"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            ("\\u{1b}", "\\\\u{1b}"),
        ] {
            assert_eq!(visible(name), shown);
        }
        assert_eq!(command("x 'it'\\''s\u{1b}'"), "x 'it'\\''s\\u{1b}'");
        assert_eq!(ascii("é\u{1b}x"), "\\u{e9}\\u{1b}x");
    }

    #[test]
    fn no_markup_comes_through_and_what_is_hidden_is_seen() {
        for (name, shown) in [
            ("AWSLogs/é.json.gz", "AWSLogs/é.json.gz"),
            ("</script><svg onload=x()>", "&lt;/script&gt;&lt;svg onload=x()&gt;"),
            ("\"'&amp;]]>", "&quot;&#39;&amp;amp;]]&gt;"),
            ("gz.\u{202e}<b>\0", "gz.\\u{202e}&lt;b&gt;\\u{0}"),
        ] {
            assert_eq!(html(name), shown);
        }
    }

    #[test]
    fn absurd_names_are_cut_in_the_middle() {
        assert_eq!(bounded("abcdef", 6), "abcdef");
        assert_eq!(bounded("abcdefg", 6), "abc [1 characters left out] efg");
        assert_eq!(bounded(&"é".repeat(5_000), 4), "éé [4,996 characters left out] éé");
    }

    #[test]
    fn every_control_is_hidden_and_every_other_ascii_character_is_not() {
        for c in (0..=0x9f_u8).map(char::from) {
            assert_eq!(is_hidden(c), !(' '..='~').contains(&c), "{c:?}");
        }
    }
}
