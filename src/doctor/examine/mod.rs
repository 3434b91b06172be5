//! What is to be said of what was seen.

use super::catalog::{Check, Names, catalog};
use super::examination::{Checked, Counts, Examination, Outcome, SCHEMA, Subject, Unseen};
use super::facts::Setup;
use crate::report::Report;

/// Checks everything that is to be checked of a setup.
pub fn examine(setup: &Setup) -> Examination {
    let checks = Vec::new();
    let examination = Examination {
        schema: SCHEMA.to_owned(),
        tool: Report::tool(),
        catalog_version: catalog().version.clone(),
        as_of: setup.as_of,
        account_id: setup.account_id.clone(),
        trails: setup.trails.iter().map(|trail| trail.arn.clone()).collect(),
        retention_days: setup.retention_days,
        outcome: Outcome::Unknown,
        counts: Counts::default(),
        checks,
        symptoms: Vec::new(),
        not_looked_at: vec![
            "who else may stop the trail, change it or delete its objects by IAM policies, service control policies and access points: no IAM policy was read".to_owned(),
        ],
    };
    examination.concluded()
}

/// What a check came to.
pub(super) enum Found {
    /// As it should be; what was seen.
    Pass(String),
    /// Not as it should be; what was seen.
    Fail(String),
    /// What could not be asked.
    Unknown(Vec<Unseen>),
    /// There is nothing to check, and why.
    NotApplicable(String),
}

impl Found {
    /// The same with what the catalog says of the check.
    pub(super) fn of(self, check: Check, subject: Subject, names: &Names) -> Checked {
        let entry = check.entry();
        let (outcome, saw, unseen) = match self {
            Found::Pass(saw) => (Outcome::Pass, saw, Vec::new()),
            Found::Fail(saw) => (Outcome::Fail, saw, Vec::new()),
            Found::NotApplicable(why) => (Outcome::NotApplicable, why, Vec::new()),
            Found::Unknown(unseen) => (Outcome::Unknown, unknown(&unseen), unseen),
        };
        Checked {
            id: check.id().to_owned(),
            title: entry.title.clone(),
            severity: entry.severity,
            subject,
            outcome,
            saw,
            unseen,
            why: entry.why.clone(),
            mend: (outcome == Outcome::Fail).then(|| entry.mend(names)),
            controls: entry.controls.clone(),
        }
    }
}

fn unknown(unseen: &[Unseen]) -> String {
    let each: Vec<String> = unseen
        .iter()
        .map(|unseen| match unseen.denied {
            true => format!("{} is not allowed", unseen.action),
            false => format!("{}: {}", unseen.action, unseen.why),
        })
        .collect();
    format!("it could not be seen: {}", each.join("; "))
}
