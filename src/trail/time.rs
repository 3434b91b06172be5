//! Times to the second in UTC, the only precision CloudTrail's digests have.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Span;

/// A moment in UTC, in whole seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// Why a text is not a time.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is no time; write 2026-01-31, 2026-01-31T08:00:00Z, 2026-01-31T08:00:00+02:00, or a span back from now such as 36h or 90d"
)]
pub struct TimeError(pub String);

impl Time {
    /// One hour: the cadence of digest files, in seconds.
    pub const HOUR: i64 = 3_600;
    /// One day, in seconds.
    pub const DAY: i64 = 86_400;

    /// From whole seconds since 1970-01-01T00:00:00Z.
    ///
    /// Seconds outside the years 0 to 9999 are clamped to them, so that every `Time` can be written down.
    pub fn from_unix(seconds: i64) -> Time {
        Time(seconds.clamp(-62_167_219_200, 253_402_207_200))
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// This moment moved by `seconds`.
    pub fn plus(self, seconds: i64) -> Time {
        Time::from_unix(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this moment.
    pub fn since(self, earlier: Time) -> i64 {
        self.0 - earlier.0
    }

    /// The UTC day this moment lies in.
    pub fn day(self) -> Day {
        Day(self.0.div_euclid(Time::DAY))
    }

    /// Parses `2015-08-17T15:01:31Z` and nothing else: the form of the times inside digest files.
    pub fn parse_digest_time(text: &str) -> Option<Time> {
        let bytes = text.as_bytes();
        let shape = bytes.len() == 20
            && bytes[4] == b'-'
            && bytes[7] == b'-'
            && bytes[10] == b'T'
            && bytes[13] == b':'
            && bytes[16] == b':'
            && bytes[19] == b'Z';
        if !shape {
            return None;
        }
        civil(
            digits(&bytes[0..4])?,
            digits(&bytes[5..7])?,
            digits(&bytes[8..10])?,
            digits(&bytes[11..13])?,
            digits(&bytes[14..16])?,
            digits(&bytes[17..19])?,
        )
    }

    /// Parses `20150817T150131Z` (digest file names) or `20150817T1501Z` (log file names).
    pub(crate) fn parse_compact(text: &str) -> Option<Time> {
        let bytes = text.as_bytes();
        if !matches!(bytes.len(), 14 | 16) || bytes[8] != b'T' || bytes[bytes.len() - 1] != b'Z' {
            return None;
        }
        let second = if bytes.len() == 16 { digits(&bytes[13..15])? } else { 0 };
        civil(
            digits(&bytes[0..4])?,
            digits(&bytes[4..6])?,
            digits(&bytes[6..8])?,
            digits(&bytes[9..11])?,
            digits(&bytes[11..13])?,
            second,
        )
    }

    /// Writes `20150817T150131Z`, the form in digest file names.
    pub fn compact_seconds(self) -> String {
        let t = self.civil();
        format!("{:04}{:02}{:02}T{:02}{:02}{:02}Z", t.year(), t.month(), t.day(), t.hour(), t.minute(), t.second())
    }

    /// Writes `20150817T1501Z`, the form in log file names.
    pub fn compact_minutes(self) -> String {
        let t = self.civil();
        format!("{:04}{:02}{:02}T{:02}{:02}Z", t.year(), t.month(), t.day(), t.hour(), t.minute())
    }

    /// Parses what people write for a time: RFC 3339 with any offset, a date (midnight UTC), or a span back from `now`
    /// (a [`Span`]: `90d`, `36h`, `30m`). A fraction of a second is cut off.
    pub fn parse_requested(text: &str, now: Time) -> Result<Time, TimeError> {
        Time::requested(text, now, Round::Down)
    }

    /// The same for the end of a range, of which a fraction of a second takes the whole second in.
    pub fn parse_requested_end(text: &str, now: Time) -> Result<Time, TimeError> {
        Time::requested(text, now, Round::Up)
    }

    fn requested(text: &str, now: Time, fraction: Round) -> Result<Time, TimeError> {
        let text = text.trim();
        let wrong = || TimeError(text.to_owned());
        if let Ok(span) = text.parse::<Span>() {
            return Ok(span.before(now));
        }
        if let Ok(date) = text.parse::<Date>()
            && text.len() == 10
        {
            return from_civil(date.to_datetime(jiff::civil::Time::midnight())).ok_or_else(wrong);
        }
        // Off-spec: the AWS CLI drops an offset in silence; here it counts, and a time without one is refused.
        let time = text.parse::<Timestamp>().map_err(|_| wrong())?;
        // RFC 3339 has no offset of a day or more.
        let offset =
            text.get(10..).and_then(|rest| rest.rsplit_once(['+', '-'])).and_then(|(_, offset)| offset.get(..2));
        match offset.is_some_and(|hours| hours.parse::<u8>().is_ok_and(|hours| hours > 23)) {
            true => Err(wrong()),
            false => {
                let down = time.as_nanosecond().div_euclid(1_000_000_000);
                let up = i128::from(fraction == Round::Up && time.subsec_nanosecond() != 0);
                i64::try_from(down + up).map(Time::from_unix).map_err(|_| wrong())
            }
        }
    }

    /// From a timestamp as tools print it in JSON: ISO 8601, or seconds since 1970 with or without a fraction.
    pub fn parse_loose(text: &str) -> Option<Time> {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Some(Time::from_unix(time.as_second()));
        }
        let seconds: f64 = text.parse().ok()?;
        // Later than the year 9999 is nobody's key window; `as` would saturate in silence.
        (seconds.is_finite() && seconds.abs() < 253_402_207_200.0).then(|| Time::from_unix(seconds.floor() as i64))
    }

    fn civil(self) -> DateTime {
        let stamp = Timestamp::from_second(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        TimeZone::UTC.to_datetime(stamp)
    }
}

/// What becomes of a fraction of a second.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    Down,
    Up,
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.civil();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            t.year(),
            t.month(),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        Time::parse_digest_time(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no time")))
    }
}

/// A UTC day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// Midnight at which the day begins.
    pub fn start(self) -> Time {
        Time::from_unix(self.0.saturating_mul(Time::DAY))
    }

    /// Midnight at which the day ends.
    pub fn end(self) -> Time {
        self.next().start()
    }

    /// The day after.
    pub fn next(self) -> Day {
        Day(self.0 + 1)
    }

    /// The folder of this day below a region's folder: `2015/08/17/`.
    pub fn folder(self) -> String {
        let t = self.start().civil();
        format!("{:04}/{:02}/{:02}/", t.year(), t.month(), t.day())
    }

    /// Parses the folder of a day, `2015/08/17/`.
    pub fn parse_folder(text: &str) -> Option<Day> {
        let bytes = text.as_bytes();
        if bytes.len() != 11 || bytes[4] != b'/' || bytes[7] != b'/' || bytes[10] != b'/' {
            return None;
        }
        civil(digits(&bytes[0..4])?, digits(&bytes[5..7])?, digits(&bytes[8..10])?, 0, 0, 0).map(Time::day)
    }
}

/// A half-open span of time: `start` belongs to it, `end` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// The first moment inside.
    pub start: Time,
    /// The first moment after.
    pub end: Time,
}

impl Interval {
    /// The span from `start` up to `end`.
    pub fn new(start: Time, end: Time) -> Interval {
        Interval { start, end }
    }

    /// Whether nothing lies inside.
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// Seconds inside.
    pub fn seconds(self) -> i64 {
        self.end.since(self.start).max(0)
    }

    /// The span from the start of the earlier to the end of the later.
    pub fn or(self, other: Interval) -> Interval {
        Interval::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// What both spans have in common, if anything.
    pub fn intersect(self, other: Interval) -> Option<Interval> {
        let common = Interval::new(self.start.max(other.start), self.end.min(other.end));
        (!common.is_empty()).then_some(common)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.start, self.end)
    }
}

fn digits(bytes: &[u8]) -> Option<i16> {
    bytes.iter().try_fold(0_i16, |n, b| b.is_ascii_digit().then(|| n * 10 + i16::from(b - b'0')))
}

fn civil(year: i16, month: i16, day: i16, hour: i16, minute: i16, second: i16) -> Option<Time> {
    let small = |n: i16| i8::try_from(n).ok();
    let when = DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    from_civil(when)
}

fn from_civil(when: DateTime) -> Option<Time> {
    TimeZone::UTC.to_timestamp(when).ok().map(|t| Time::from_unix(t.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_times_are_strict() {
        let time = Time::parse_digest_time("2015-08-17T15:01:31Z").unwrap();
        assert_eq!(time.to_string(), "2015-08-17T15:01:31Z");
        assert_eq!(time.compact_seconds(), "20150817T150131Z");
        for bad in [
            "",
            "2015-08-17T15:01:31",
            "2015-08-17 15:01:31Z",
            "2015-02-30T00:00:00Z",
            "2015-08-17T15:01:60Z",
            "2015-08-17T15:01:31+00:00",
            "２015-08-17T15:01Z",
        ] {
            assert_eq!(Time::parse_digest_time(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_fraction_of_a_second_takes_that_second_in() {
        let now = Time::from_unix(0);
        for (text, start, end) in [
            ("2026-01-31T08:00:00.25Z", "08:00:00Z", "08:00:01Z"),
            ("2026-01-31T08:00:00.0Z", "08:00:00Z", "08:00:00Z"),
        ] {
            assert!(Time::parse_requested(text, now).unwrap().to_string().ends_with(start), "{text}");
            assert!(Time::parse_requested_end(text, now).unwrap().to_string().ends_with(end), "{text}");
        }
        let before = Time::parse_requested("1969-12-31T23:59:59.5Z", now).unwrap();
        assert_eq!((before.unix(), Time::parse_requested_end("1969-12-31T23:59:59.5Z", now).unwrap().unix()), (-1, 0));
    }

    #[test]
    fn requested_times_honour_offsets() {
        let now = Time::parse_digest_time("2026-01-31T12:00:00Z").unwrap();
        let parse = |text| Time::parse_requested(text, now).map(|t| t.to_string());
        assert_eq!(parse("2026-01-30").as_deref(), Ok("2026-01-30T00:00:00Z"));
        assert_eq!(parse("2026-01-30T02:00:00+02:00").as_deref(), Ok("2026-01-30T00:00:00Z"));
        assert_eq!(parse("36h").as_deref(), Ok("2026-01-30T00:00:00Z"));
        for bad in [
            "",
            "d",
            "-3d",
            "yesterday",
            "2026-01-30T02:00:00",
            "99999999999999999999d",
            "2026-13-01",
            "2026-01-30T02:00:00+25:00",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn loose_times_take_every_form_of_list_public_keys() {
        let expected = Time::parse_loose("2015-07-08T01:04:01Z").unwrap();
        for text in
            ["1436317441", "1436317441.0", "1436317441.9", "2015-07-08T01:04:01+00:00", "2015-07-07T18:04:01-07:00"]
        {
            assert_eq!(Time::parse_loose(text), Some(expected), "{text}");
        }
        assert_eq!(Time::parse_loose("NaN"), None);
        assert_eq!(Time::parse_loose("1e300"), None);
    }

    #[test]
    fn days_have_folders() {
        let day = Time::parse_digest_time("2024-02-29T23:59:59Z").unwrap().day();
        assert_eq!(day.folder(), "2024/02/29/");
        assert_eq!(Day::parse_folder("2024/02/29/"), Some(day));
        assert_eq!(Day::parse_folder("2023/02/29/"), None);
        assert_eq!(day.next().folder(), "2024/03/01/");
    }
}
