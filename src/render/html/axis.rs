//! The axis of a coverage picture: round moments of its period.

use super::page::Page;
use crate::trail::{Interval, Time};

/// Its height.
pub(super) const AXIS: usize = 24;

pub(super) fn axis(period: Interval, height: usize, page: &mut Page) {
    page.raw("<svg x=\"36%\" width=\"64%\" overflow=\"visible\">");
    for (at, (place, name)) in ticks(period).into_iter().enumerate() {
        page.raw(if at % 2 == 0 { "<g class=\"tick\">" } else { "<g class=\"tick odd\">" });
        page.raw("<line");
        page.attribute("x1", format!("{place:.2}%"));
        page.attribute("x2", format!("{place:.2}%"));
        page.attribute("y1", AXIS - 6);
        page.attribute("y2", height);
        page.raw("/><text y=\"12\"");
        page.attribute("x", format!("{place:.2}%"));
        page.attribute(
            "text-anchor",
            if place < 4.0 {
                "start"
            } else if place > 92.0 {
                "end"
            } else {
                "middle"
            },
        );
        page.within(">", &name, "</text></g>");
    }
    page.raw("</svg>\n");
}

/// Round moments of the period: where they lie, in hundredths, and how they are written.
fn ticks(period: Interval) -> Vec<(f64, String)> {
    let seconds = period.seconds();
    let Some(step) = STEPS.into_iter().find(|step| seconds > 0 && seconds / step <= 6) else { return Vec::new() };
    let first = (period.start.unix() + step - 1).div_euclid(step) * step;
    let moments = (0..).map(|at| Time::from_unix(first + at * step)).take(8).take_while(|at| *at <= period.end);
    let place = |at: Time| at.since(period.start) as f64 * 100.0 / seconds as f64;
    moments.map(|at| (place(at), written(at, step))).collect()
}

fn written(at: Time, step: i64) -> String {
    let whole = at.to_string();
    let part = |from: usize, to: usize| whole.get(from..to).unwrap_or_default().to_owned();
    match (step >= Time::DAY, at == at.day().start()) {
        (true, _) => part(0, 10),
        (false, true) => part(5, 10),
        (false, false) => part(11, 16),
    }
}

const STEPS: [i64; 21] = {
    const D: i64 = Time::DAY;
    let (m, h) = (60, Time::HOUR);
    [
        m,
        5 * m,
        15 * m,
        30 * m,
        h,
        2 * h,
        3 * h,
        6 * h,
        12 * h,
        D,
        2 * D,
        7 * D,
        14 * D,
        28 * D,
        56 * D,
        91 * D,
        182 * D,
        365 * D,
        3_653 * D,
        36_525 * D,
        730_500 * D,
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_few_round_and_inside() {
        let start = Time::parse_digest_time("2026-01-10T00:42:10Z").unwrap();
        for seconds in [60, 3_599, Time::HOUR, Time::DAY, 40 * Time::DAY, 3_650 * Time::DAY, 200_000_000_000] {
            let ticks = ticks(Interval::new(start, start.plus(seconds)));
            assert!(ticks.len() <= 8, "{seconds}: {ticks:?}");
            assert!(ticks.iter().all(|(place, _)| (0.0..=100.0).contains(place)), "{seconds}: {ticks:?}");
        }
        let day: Vec<String> =
            ticks(Interval::new(start, start.plus(Time::DAY))).into_iter().map(|(_, at)| at).collect();
        assert_eq!(day, ["06:00", "12:00", "18:00", "01-11"]);
        assert!(ticks(Interval::new(start, start)).is_empty());
    }
}
