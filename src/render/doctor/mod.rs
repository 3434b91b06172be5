//! An examination of how an account's trails are set up, for terminals and as a page of HTML.

mod page;
mod text;

pub use self::page::doctor_page;
pub(in crate::render) use self::page::section;
pub(in crate::render) use self::text::part;
pub use self::text::{doctor_headline, doctor_text};

use crate::doctor::{Examination, Outcome};
use crate::render::wording::counted;
use crate::report::Verdict;

/// The whole in a line, which begins with the outcome's word.
fn headline(examination: &Examination) -> String {
    let counts = &examination.counts;
    let each = [
        (counts.failed, "failed"),
        (counts.unknown, "unknown"),
        (counts.passed, "passed"),
        (counts.not_applicable, "do not apply"),
    ];
    let each: Vec<String> =
        each.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let trails = counted(examination.trails.len(), "trail");
    format!(
        "{}: checks: {}; {trails} of account {}; as of {}",
        examination.outcome.name(),
        if each.is_empty() { "none".to_owned() } else { each.join(", ") },
        examination.account_id,
        examination.as_of
    )
}

/// What the outcome means.
fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => {
            "Something about how the trails are set up keeps what they deliver from being trusted, complete or kept. Whether what was \
             delivered is intact is another question: `trailseal verify`."
        }
        Outcome::Unknown => {
            "Nothing that was seen is wrong, but not everything could be seen. What could not is not passed: grant what is named and \
             ask again."
        }
        Outcome::Pass | Outcome::NotApplicable => {
            "All that was checked of how the trails are set up is as it should be, now. It says nothing of the time before, nor whether \
             what was delivered is intact: `trailseal verify`."
        }
    }
}

/// The seal of an outcome is that of the verdict that it is like.
fn like(outcome: Outcome) -> Option<Verdict> {
    match outcome {
        Outcome::Fail => Some(Verdict::NotIntact),
        Outcome::Unknown => Some(Verdict::Inconclusive),
        Outcome::Pass | Outcome::NotApplicable => Some(Verdict::Intact),
    }
}

/// The outcomes in the order in which they are told, with what stands above each.
const TOLD: [(Outcome, &str); 4] = [
    (Outcome::Fail, "Failed"),
    (Outcome::Unknown, "Unknown"),
    (Outcome::Pass, "Passed"),
    (Outcome::NotApplicable, "Nothing to check"),
];
