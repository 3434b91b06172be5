//! Text of the length and of the characters that Security Hub takes.

use crate::render::escape::visible;
use crate::render::uid;

/// The text, escaped to one visible line, cut to at most so many bytes; and never blank, for a blank one is refused.
pub(super) fn fit(text: &str, most: usize) -> String {
    let shown = visible(text);
    if shown.trim().is_empty() {
        return "-".to_owned();
    }
    if shown.len() <= most { shown.into_owned() } else { format!("{}...", cut(&shown, most - 3)) }
}

/// As [`fit`], for what must stay different from every other: what is cut ends in a hash of the whole.
pub(super) fn fit_id(text: &str, most: usize) -> String {
    let shown = fit(text, usize::MAX);
    if shown.len() <= most { shown } else { format!("{}...{}", cut(&shown, most - 19), uid::short(text)) }
}

/// At most so many bytes from the start; characters stay whole.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_fits_and_is_never_blank() {
        assert_eq!(fit("plain", 5), "plain");
        assert_eq!(fit("a\nb", 20), "a\\u{a}b");
        assert_eq!(fit("  ", 20), "-");
        assert_eq!(fit("abcdefgh", 7), "abcd...");
        assert_eq!(fit("ééééé", 8), "éé...");
    }

    #[test]
    fn ids_that_are_cut_stay_different() {
        let (one, two) = ("k".repeat(600) + "1", "k".repeat(600) + "2");
        assert_eq!(fit_id(&one, 512).len(), 512);
        assert_ne!(fit_id(&one, 512), fit_id(&two, 512));
    }
}
