//! The places in the texts of `kinds`: a dollar sign and a letter.

use super::super::random::Random;
use super::{Clock, Event};
use crate::trail::Time;

impl Event<'_> {
    /// Writes `template` with every place filled in.
    pub(super) fn expand(&self, out: &mut Vec<u8>, template: &str, random: &mut Random, clock: &mut Clock) {
        let mut parts = template.split('$');
        out.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
        while let Some(part) = parts.next() {
            match part.as_bytes() {
                // A doubled sign stands for itself, and what follows it for itself.
                [] => {
                    out.push(b'$');
                    out.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
                }
                [place, rest @ ..] => {
                    self.fill(out, *place, random, clock);
                    out.extend_from_slice(rest);
                }
            }
        }
    }

    fn fill(&self, out: &mut Vec<u8>, place: u8, random: &mut Random, clock: &mut Clock) {
        let cast = self.cast;
        let network = &cast.networks[self.chosen(3, cast.networks.len())];
        let role = &cast.workloads[self.chosen(5, cast.workloads.len())];
        let text = match place {
            b'a' => &cast.account,
            b'r' => &cast.region,
            b'T' => &cast.trail,
            b'v' => &network.vpc,
            b's' => &network.subnet,
            b'g' => &network.group,
            b'R' => &role.name,
            b'Q' => &role.id,
            b'J' => &role.session,
            b'b' => self.one(&cast.buckets, 7),
            b'f' => self.one(&cast.functions, 9),
            b'd' => self.one(&cast.tables, 11),
            b'i' => self.one(&cast.instances, 13),
            b'm' => self.one(&cast.images, 15),
            b'K' => self.one(&cast.kms_keys, 17),
            b'L' => self.one(&cast.log_groups, 19),
            b'Z' => self.one(&cast.queues, 21),
            b'S' => self.one(&cast.secrets, 23),
            b'P' => self.one(&cast.parameters, 25),
            b'D' => self.one(&cast.databases, 27),
            b'c' => self.one(&cast.clusters, 29),
            b'U' => &cast.users[self.chosen(1, cast.users.len())].name,
            b'x' => return push_hex(out, self.token.into(), 16),
            b'h' => return push_hex(out, (self.token >> 8).into(), 8),
            b'k' => return self.push_object_key(out),
            _ => return self.fill_fresh(out, place, random, clock),
        };
        out.extend_from_slice(text.as_bytes());
    }

    /// Places that are filled in anew each time.
    fn fill_fresh(&self, out: &mut Vec<u8>, place: u8, random: &mut Random, clock: &mut Clock) {
        match place {
            b't' => clock.push(out, self.time),
            b'o' => clock.push(out, self.time.plus(-Time::HOUR)),
            // As AWS's Java prints a date in responses: `Jan 10, 2026, 1:04:04 AM`.
            b'l' => push_american(out, self.time),
            b'E' => push_american(out, self.time.plus(Time::HOUR)),
            b'M' => push_number(out, self.time.unix().unsigned_abs()),
            b'q' => out.extend_from_slice(&self.request_id),
            b'u' => random.push_uuid(out),
            b'y' => random.push_hex(out, 16),
            b'z' => random.push_alphanumeric(out, 43),
            b'B' => random.push_base32(out, 16),
            b'A' => {
                out.extend_from_slice(b"ASIA");
                random.push_base32(out, 16);
            }
            b'n' => push_number(out, random.between(2, 250).into()),
            b'N' => push_number(out, random.between(100, 4_000_000).into()),
            b'p' => {
                out.extend_from_slice(b"10.0.");
                push_number(out, random.below(64).into());
                out.push(b'.');
                push_number(out, random.between(4, 250).into());
            }
            b'W' => self.actor.push_arn(out, self.cast),
            // Left as it is, for the test of the texts to find.
            other => out.extend_from_slice(&[b'$', other]),
        }
    }

    fn push_object_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(FOLDERS[self.chosen(2, FOLDERS.len())].as_bytes());
        let wide = u128::from(self.token).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        push_hex(out, wide, 32);
        out.extend_from_slice(SUFFIXES[self.chosen(4, SUFFIXES.len())].as_bytes());
    }

    fn one<'c>(&self, of: &'c [String], salt: u32) -> &'c String {
        &of[self.chosen(salt, of.len())]
    }

    /// An index below `length`, the same throughout this event for the same `salt`.
    fn chosen(&self, salt: u32, length: usize) -> usize {
        let mixed = self.choice.rotate_left(salt).wrapping_mul(0x9e37_79b9) >> 8;
        mixed as usize % length
    }
}

/// The last `length` hex digits of `number`.
fn push_hex(out: &mut Vec<u8>, number: u128, length: u32) {
    out.extend((0..length).rev().map(|digit| b"0123456789abcdef"[(number >> (4 * digit)) as usize & 0xf]));
}

fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn push_american(out: &mut Vec<u8>, time: Time) {
    let text = time.to_string();
    let number = |range: std::ops::Range<usize>| text[range].parse::<usize>().unwrap_or_default();
    let (month, day, hour) = (number(5..7), number(8..10), number(11..13));
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    let written = format!("{} {day}, {}, {hour}{} {half}", MONTHS[(month + 11) % 12], &text[..4], &text[13..19]);
    out.extend_from_slice(written.as_bytes());
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const FOLDERS: &[&str] =
    &["incoming/", "orders/year=2026/month=01/", "thumbnails/256/", "exports/daily/", "raw/clickstream/"];
const SUFFIXES: &[&str] = &[".json", ".parquet", ".jpg", ".csv.gz"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn american_times_know_noon_and_midnight() {
        for (time, expected) in [
            ("2026-01-10T00:04:05Z", "Jan 10, 2026, 12:04:05 AM"),
            ("2026-12-01T12:00:00Z", "Dec 1, 2026, 12:00:00 PM"),
            ("2026-06-30T23:59:59Z", "Jun 30, 2026, 11:59:59 PM"),
        ] {
            let mut out = Vec::new();
            push_american(&mut out, Time::parse_digest_time(time).unwrap());
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
