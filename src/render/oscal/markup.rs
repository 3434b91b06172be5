//! Text for OSCAL, in which prose is Markdown and names are tokens.

use crate::render::escape::visible;

/// One line of prose in which nothing is markup: what is special in Markdown is escaped.
pub(super) fn markup(text: &str) -> String {
    let text = visible(text);
    let mut shown = String::with_capacity(text.len());
    for c in text.trim().chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '^' | '{' | '}' | '$' | '#' | '|') {
            shown.push('\\');
        }
        shown.push(c);
    }
    if shown.is_empty() { "-".to_owned() } else { shown }
}

/// A property's value: one line, neither empty nor with a space at either end.
pub(super) fn value(text: &str) -> String {
    let text = visible(text);
    let text = text.trim();
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}

/// A token: it begins with a letter; what it may not hold becomes a hyphen.
pub(super) fn token(text: &str) -> String {
    let may = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let mut token: String = text.chars().map(|c| if may(c) { c } else { '-' }).collect();
    if !token.starts_with(|c: char| c.is_ascii_alphabetic()) {
        token.insert(0, '_');
    }
    token.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup_and_tokens_are_tokens() {
        assert_eq!(markup("![x](y) <b>\n"), "!\\[x\\](y) \\<b\\>\\\\u\\{a\\}");
        assert_eq!((markup(" "), value("\u{20}")), ("-".to_owned(), "-".to_owned()));
        assert_eq!(token("hipaa security rule-164.312(c)(1)"), "hipaa-security-rule-164.312-c--1");
        assert_eq!(token("3.3.8"), "_3.3.8");
    }
}
