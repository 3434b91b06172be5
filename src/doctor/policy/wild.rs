//! Patterns with `*` and `?`.

/// Whether a pattern stands for a text.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    // A text has no wildcards of its own: what looks like one is a character.
    let text: Vec<Sign> = text.chars().map(Sign::One).collect();
    takes(&signs(pattern), &text)
}

/// Whether `wide` stands for everything that `narrow` stands for, for certain. A variable, `${..}`, stands for nothing certain.
pub(in crate::doctor) fn covers(wide: &str, narrow: &str) -> bool {
    !wide.contains("${") && takes(&signs(wide), &signs(narrow))
}

/// Whether there is a text that both stand for.
pub(in crate::doctor) fn meet(one: &str, other: &str) -> bool {
    let (one, other) = (signs(one), signs(other));
    // `row[j]`: whether what is left of `one` and what is left of `other` from `j` on have a text in common.
    let mut row = vec![false; other.len() + 1];
    for i in (0..=one.len()).rev() {
        let below = std::mem::replace(&mut row, vec![false; other.len() + 1]);
        for j in (0..=other.len()).rev() {
            row[j] = match (one.get(i), other.get(j)) {
                (None, None) => true,
                (Some(Sign::Any), _) if below[j] => true,
                (_, Some(Sign::Any)) if row[j + 1] => true,
                (Some(Sign::Any), Some(_)) => row[j + 1],
                (Some(_), Some(Sign::Any)) => below[j],
                (Some(Sign::One(a)), Some(Sign::One(b))) => a == b && below[j + 1],
                (Some(_), Some(_)) => below[j + 1],
                _ => false,
            };
        }
    }
    row[0]
}

/// The same with every variable, `${..}`, as a wildcard: whatever it may stand for.
pub(in crate::doctor) fn open(pattern: &str) -> String {
    let mut opened = String::new();
    let mut rest = pattern;
    while let Some((before, variable)) = rest.split_once("${") {
        opened.push_str(before);
        opened.push('*');
        rest = variable.split_once('}').map_or("", |(_, after)| after);
    }
    opened.push_str(rest);
    opened
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    One(char),
    /// `?`
    Single,
    /// `*`
    Any,
}

fn signs(pattern: &str) -> Vec<Sign> {
    let sign = |c| match c {
        '*' => Sign::Any,
        '?' => Sign::Single,
        c => Sign::One(c),
    };
    pattern.chars().map(sign).collect()
}

/// Whether `wide` takes each sign of `narrow`: `*` takes any, `?` takes one that is one, a character takes itself.
fn takes(wide: &[Sign], narrow: &[Sign]) -> bool {
    let (mut i, mut j) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while j < narrow.len() {
        match wide.get(i) {
            Some(Sign::Any) => {
                back = Some((i, j));
                i += 1;
            }
            Some(Sign::Single) if narrow[j] != Sign::Any => (i, j) = (i + 1, j + 1),
            Some(sign) if *sign == narrow[j] && narrow[j] != Sign::Any => (i, j) = (i + 1, j + 1),
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    (i, j) = (star + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    wide[i..].iter().all(|sign| *sign == Sign::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_what_it_stands_for() {
        for (pattern, text) in [("*", ""), ("a*c", "abbc"), ("a?c", "abc"), ("*b*", "abc"), ("a", "a"), ("a**", "a")] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a?c", "ac"), ("a*c", "abd"), ("a", "*"), ("a", "A"), ("?", "")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
        assert!(fits("*", "*") && fits("?", "*") && !fits("a?", "*"));
    }

    #[test]
    fn a_pattern_covers_only_what_is_certain() {
        for (wide, narrow) in
            [("*", "a*"), ("a*", "a*"), ("a*", "ab*c?"), ("a?", "ab"), ("a?", "a?"), ("a*/*", "ab/c/*")]
        {
            assert!(covers(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in
            [("a?", "a*"), ("ab", "a?"), ("ab*", "a*"), ("a*b", "a*"), ("${x}", "a"), ("a${*}", "a${b}")]
        {
            assert!(!covers(wide, narrow), "{wide} {narrow}");
        }
    }

    #[test]
    fn patterns_meet_where_a_text_is_of_both() {
        for (one, other) in [("a*", "*b"), ("*", ""), ("a?c", "ab*"), ("*x*", "*y*"), ("a*c", "a*c"), ("ab", "ab")] {
            assert!(meet(one, other) && meet(other, one), "{one} {other}");
        }
        for (one, other) in [("a*", "b*"), ("a?", "a"), ("a*c", "*d"), ("", "?"), ("s3:get*", "s3:put*")] {
            assert!(!meet(one, other) && !meet(other, one), "{one} {other}");
        }
        assert_eq!(open("a/${aws:username}/b${x"), "a/*/b*");
    }
}
