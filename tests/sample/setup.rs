//! How a trail is set up, by hand: each outcome, and what each symptom can come from.

use trailseal::doctor::{
    Action, Cause, Certainty, CheckControl, Checked, Counts, Examination, Gravity, Mend, Outcome, SCHEMA, Subject,
    Symptom, Unseen, catalog,
};
use trailseal::report::Report;

use super::{hour, hours};

/// Of an account with one trail.
pub(crate) fn setup() -> Examination {
    let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management";
    let mut setup = of(["111122223333", arn, "audit-logs", "cloudtrail:GetTrailStatus", "AccessDenied"], "seen");
    for (checked, (id, saw)) in setup.checks.iter_mut().zip([
        ("bucket-versioning", "versioning was never switched on"),
        ("logging-now", "it could not be seen: cloudtrail:GetTrailStatus is not allowed"),
        ("trail-exists", "the trail management records every region"),
        ("key-usable", "the trail names no key"),
    ]) {
        let entry = catalog().checks.iter().find(|entry| entry.id == id).unwrap();
        checked.id = id.to_owned();
        (checked.title, checked.why, checked.saw) = (entry.title.clone(), entry.why.clone(), saw.to_owned());
        checked.controls.clone_from(&entry.controls);
    }
    let symptom = &mut setup.symptoms[0];
    symptom.saw = "log files do not arrive: S3 answered AccessDenied".to_owned();
    symptom.causes[0].says = "the policy of the bucket audit-logs does not let CloudTrail in".to_owned();
    symptom.causes[0].next_step = "put CloudTrail's two statements into the bucket policy".to_owned();
    symptom.causes[0].actions[0].name = "PutBucketPolicy".to_owned();
    setup
}

/// One word in every field that can hold one.
pub(crate) fn said_everywhere(word: &str) -> Examination {
    let mut setup = of([word; 5], word);
    (setup.schema, setup.catalog_version) = (word.to_owned(), word.to_owned());
    setup.tool.version = word.to_owned();
    setup
}

fn of([account, arn, bucket, action, why]: [&str; 5], word: &str) -> Examination {
    let text = word.to_owned();
    let checked = |subject: Subject, severity, outcome| Checked {
        id: text.clone(),
        title: text.clone(),
        severity,
        subject,
        outcome,
        saw: text.clone(),
        unseen: Vec::new(),
        why: text.clone(),
        mend: None,
        controls: vec![CheckControl(text.clone())],
    };
    let unseen = Unseen { action: action.to_owned(), denied: true, why: why.to_owned() };
    let lines = format!("{word}\n  {word}");
    let mend = Mend { console: text.clone(), cli: text.clone(), terraform: lines };
    let checks = vec![
        Checked { mend: Some(mend), ..checked(Subject::Bucket(bucket.to_owned()), Gravity::Medium, Outcome::Fail) },
        Checked {
            unseen: vec![unseen.clone(), Unseen { denied: false, ..unseen }],
            ..checked(Subject::Trail(arn.to_owned()), Gravity::Critical, Outcome::Unknown)
        },
        checked(Subject::Account(account.to_owned()), Gravity::High, Outcome::Pass),
        checked(Subject::Trail(arn.to_owned()), Gravity::Low, Outcome::NotApplicable),
    ];
    let did = Action {
        time: hour(3),
        name: text.clone(),
        who: text.clone(),
        from: text.clone(),
        region: text.clone(),
        id: text.clone(),
        resources: vec![text.clone()],
        error: Some(text.clone()),
    };
    let cause = Cause {
        certainty: Certainty::Likely,
        says: text.clone(),
        evidence: vec![text.clone()],
        actions: vec![did],
        next_step: text.clone(),
    };
    Examination {
        schema: SCHEMA.to_owned(),
        tool: Report::tool(),
        catalog_version: catalog().version.clone(),
        as_of: hour(24),
        account_id: account.to_owned(),
        trails: vec![arn.to_owned()],
        retention_days: 365,
        outcome: Outcome::Fail,
        counts: Counts { passed: 1, failed: 1, unknown: 1, not_applicable: 1 },
        checks,
        symptoms: vec![Symptom {
            saw: text.clone(),
            of: arn.to_owned(),
            interval: Some(hours(3, 4)),
            causes: vec![cause],
        }],
        not_looked_at: vec![text],
    }
}
