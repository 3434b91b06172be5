//! How the trails of an account are set up, as ASFF: a finding for each check of each subject.

use std::collections::BTreeMap;
use std::io;

use super::fit::{fit, fit_id};
use super::{
    Asff, Compliance, Details, LONGEST_ID, MOST_REQUIREMENTS, Recommendation, Remediation, Resource, Setting,
    Severities, StatusReason, base,
};
use crate::doctor::{Checked, Examination, Gravity, Outcome, Subject};
use crate::render::json::json_value;
use crate::render::place::Place;
use crate::render::uid;

/// Writes the findings, in the order of the examination. A check that does not apply is none.
pub fn asff_doctor(examination: &Examination, out: &mut dyn io::Write) -> io::Result<()> {
    json_value(&findings(examination).collect::<Vec<_>>(), out)
}

pub(super) fn findings(examination: &Examination) -> impl Iterator<Item = Asff> {
    let apply = |checked: &&Checked| checked.outcome != Outcome::NotApplicable;
    examination.checks.iter().filter(apply).map(|checked| of_check(examination, checked))
}

fn of_check(examination: &Examination, checked: &Checked) -> Asff {
    let arn = match &checked.subject {
        Subject::Trail(arn) => Some(arn),
        _ => examination.trails.first(),
    };
    let region = arn.and_then(|arn| arn.split(':').nth(3)).unwrap_or_default();
    let setting = Setting {
        place: Place::new(&examination.account_id, region, region),
        version: &examination.tool.version,
        source: &examination.account_id,
        created_at: examination.as_of,
        updated_at: examination.as_of,
    };
    let (label, status) = match checked.outcome {
        Outcome::Fail => (label(checked.severity), "FAILED"),
        Outcome::Unknown => ("MEDIUM", "WARNING"),
        Outcome::Pass | Outcome::NotApplicable => ("INFORMATIONAL", "PASSED"),
    };
    let requirements = checked.controls.iter().map(|control| fit(&control.0, 64)).take(MOST_REQUIREMENTS);
    let reason = |unseen: &crate::doctor::Unseen| StatusReason {
        reason_code: if unseen.denied { "PERMISSION_MISSING" } else { "NOT_ANSWERED" }.to_owned(),
        description: fit(&format!("{}: {}", unseen.action, unseen.why), 2_048),
    };
    let uid = uid::check(examination, checked);
    let text = |mend: &crate::doctor::Mend| Remediation {
        recommendation: Recommendation { text: fit(&format!("{}; or: {}", mend.console, mend.cli), 512) },
    };
    Asff {
        types: ["Software and Configuration Checks/AWS Security Best Practices"],
        remediation: checked.mend.as_ref().map(text),
        compliance: Some(Compliance {
            status,
            related_requirements: requirements.collect(),
            status_reasons: checked.unseen.iter().take(super::MOST_REASONS).map(reason).collect(),
        }),
        product_fields: BTreeMap::from([
            ("trailseal/version".to_owned(), fit(&examination.tool.version, 2_048)),
            ("trailseal/check".to_owned(), fit(&checked.id, 2_048)),
            ("trailseal/checks-version".to_owned(), fit(&examination.catalog_version, 2_048)),
        ]),
        resources: vec![resource(&checked.subject, &setting.place, &checked.id)],
        ..base(
            &setting,
            &uid,
            &fit(&format!("doctor/{}", checked.id), 256),
            Severities { label, original: checked.severity.name().to_owned() },
            (format!("{}: {}", checked.id, checked.title), checked.saw.clone()),
        )
    }
}

fn label(gravity: Gravity) -> &'static str {
    match gravity {
        Gravity::Critical => "CRITICAL",
        Gravity::High => "HIGH",
        Gravity::Medium => "MEDIUM",
        Gravity::Low => "LOW",
    }
}

fn resource(subject: &Subject, place: &Place, check: &str) -> Resource {
    let partition = place.partition();
    let (kind, id) = match subject {
        Subject::Account(id) => ("AwsAccount", format!("AWS::::Account:{id}")),
        Subject::Trail(arn) => ("AwsCloudTrailTrail", arn.clone()),
        Subject::Bucket(name) => ("AwsS3Bucket", format!("arn:{partition}:s3:::{name}")),
    };
    let check = BTreeMap::from([("check".to_owned(), fit(check, 512))]);
    Resource {
        kind,
        id: fit_id(&id, LONGEST_ID),
        partition,
        region: place.region.clone(),
        details: Details::Other(check),
    }
}
