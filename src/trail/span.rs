//! Lengths of time as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::Time;

/// A length of time in whole seconds, never negative: `90d`, `36h`, `30m`, `45s`, `2w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

/// Why a text is no span.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no span of time; write a number and a unit, such as 30m, 36h or 90d")]
pub struct SpanError(String);

impl Span {
    /// From whole seconds; negative ones are none at all.
    pub fn from_seconds(seconds: i64) -> Span {
        Span(seconds.max(0))
    }

    /// In whole seconds.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// As what timers take.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0.unsigned_abs())
    }

    /// The moment so long before another.
    pub fn before(self, moment: Time) -> Time {
        moment.plus(-self.0)
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Span, SpanError> {
        parse(text).map(Span).ok_or_else(|| SpanError(text.to_owned()))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `24h` stays what people write: a day is counted in days from the second on.
        let (unit, letter) = match self.0 {
            s if s >= 2 * Time::DAY && s % Time::DAY == 0 => (Time::DAY, 'd'),
            s if s >= Time::HOUR && s % Time::HOUR == 0 => (Time::HOUR, 'h'),
            s if s >= 60 && s % 60 == 0 => (60, 'm'),
            _ => (1, 's'),
        };
        write!(f, "{}{letter}", self.0 / unit)
    }
}

fn parse(text: &str) -> Option<i64> {
    let unit = match text.as_bytes().last()? {
        b'w' => 7 * Time::DAY,
        b'd' => Time::DAY,
        b'h' => Time::HOUR,
        b'm' => 60,
        b's' => 1,
        _ => return None,
    };
    let count = &text[..text.len() - 1];
    if count.is_empty() || !count.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    count.parse::<i64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_a_number_and_a_unit() {
        for (text, seconds, shown) in [
            ("0s", 0, "0s"),
            ("90s", 90, "90s"),
            ("120s", 120, "2m"),
            ("50m", 3_000, "50m"),
            ("24h", 86_400, "24h"),
            ("1d", 86_400, "24h"),
            ("48h", 172_800, "2d"),
            ("2w", 1_209_600, "14d"),
            ("400d", 34_560_000, "400d"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!((span.seconds(), span.to_string().as_str()), (seconds, shown), "{text}");
        }
        for bad in ["", "h", "1", "-1h", "1.5h", "1 h", "+1h", "1H", "1y", "١h", "99999999999999999999d"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
        assert_eq!(Span::from_seconds(-1), Span::from_seconds(0));
        assert_eq!(Span::from_seconds(60).before(Time::from_unix(100)), Time::from_unix(40));
        assert_eq!(Span::from_seconds(60).duration(), Duration::from_secs(60));
    }
}
