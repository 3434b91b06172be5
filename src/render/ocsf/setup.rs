//! How the trails of an account are set up, as OCSF: a Compliance Finding for each check of each subject.

use std::io;

use super::event::{Compliance, ComplianceEvent, Event, FindingInfo, Remediation, Resource, Severity as Level, Status};
use super::{Analytic, COMPLIANCE_FINDING, MOST_DETAILS, Teller, event, millis, uid};
use crate::doctor::{Checked, Examination, Gravity, Outcome, Subject};
use crate::render::json::json_line;
use crate::render::place::Place;

/// Writes the events, one a line, in the order of the examination. A check that does not apply is no event.
pub fn ocsf_doctor(examination: &Examination, out: &mut dyn io::Write) -> io::Result<()> {
    let apply = |checked: &&Checked| checked.outcome != Outcome::NotApplicable;
    examination.checks.iter().filter(apply).try_for_each(|checked| json_line(&of_check(examination, checked), out))
}

fn of_check<'a>(examination: &'a Examination, checked: &'a Checked) -> ComplianceEvent<'a> {
    let teller = Teller { schema: &examination.schema, tool: &examination.tool, as_of: examination.as_of };
    let (level, status) = match checked.outcome {
        Outcome::Fail => (level(checked.severity), Status::FAIL),
        Outcome::Unknown => (Level::MEDIUM, Status::UNKNOWN),
        Outcome::Pass | Outcome::NotApplicable => (Level::INFORMATIONAL, Status::PASS),
    };
    let place = place(examination, &checked.subject);
    let id = uid::check(examination, checked);
    let title = format!("{}: {}", checked.id, checked.title);
    let info = FindingInfo {
        uid: id.clone(),
        title: title.clone(),
        desc: checked.why.clone(),
        created_time: millis(examination.as_of),
        types: ["Trail configuration"],
        data_sources: &["AWS CloudTrail", "Amazon S3", "AWS KMS"],
        analytic: Analytic { uid: "trailseal.doctor", name: "trailseal.doctor", type_id: 1, kind: "Rule" },
    };
    ComplianceEvent {
        event: Event {
            message: format!("{}: {}", checked.subject.name(), checked.saw),
            status_detail: Some(checked.saw.clone()),
            ..event(teller, COMPLIANCE_FINDING, level, &place, id, None)
        },
        finding_info: info,
        compliance: Compliance {
            control: title,
            desc: checked.why.clone(),
            standards: standards(checked),
            requirements: checked.controls.iter().map(|control| control.0.clone()).collect(),
            checks: Vec::new(),
            status: status.name,
            status_id: status.id,
            status_details: checked
                .unseen
                .iter()
                .take(MOST_DETAILS)
                .map(|unseen| format!("{}: {}", unseen.action, unseen.why))
                .collect(),
        },
        resources: vec![resource(&checked.subject, &place)],
        remediation: checked
            .mend
            .as_ref()
            .map(|mend| Remediation { desc: format!("{}; or: {}", mend.console, mend.cli) }),
    }
}

/// The frameworks, each once: what stands before the number of the control.
fn standards(checked: &Checked) -> Vec<String> {
    let framework = |text: &str| text.rsplit_once(' ').map_or(text.to_owned(), |(framework, _)| framework.to_owned());
    let mut standards: Vec<String> = checked.controls.iter().map(|control| framework(&control.0)).collect();
    standards.dedup();
    standards
}

fn level(gravity: Gravity) -> Level {
    match gravity {
        Gravity::Critical => Level::CRITICAL,
        Gravity::High => Level::HIGH,
        Gravity::Medium => Level::MEDIUM,
        Gravity::Low => Level::LOW,
    }
}

/// A trail's ARN tells its region; a bucket and an account are told of in the first trail's.
fn place(examination: &Examination, subject: &Subject) -> Place {
    let arn = match subject {
        Subject::Trail(arn) => Some(arn),
        _ => examination.trails.first(),
    };
    let region = arn.and_then(|arn| arn.split(':').nth(3)).unwrap_or_default();
    Place::new(&examination.account_id, region, region)
}

fn resource(subject: &Subject, place: &Place) -> Resource {
    let (kind, uid) = match subject {
        Subject::Account(id) => ("AWS account", id.clone()),
        Subject::Trail(arn) => ("AWS CloudTrail trail", arn.clone()),
        Subject::Bucket(name) => ("AWS S3 bucket", format!("arn:{}:s3:::{name}", place.partition())),
    };
    Resource {
        uid,
        name: subject.name().to_owned(),
        kind,
        namespace: None,
        region: place.region.clone(),
        cloud_partition: place.partition(),
    }
}
