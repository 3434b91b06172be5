//! What is recorded: selectors of both kinds.

use super::super::super::facts::{AdvancedSelector, FieldSelector};
use super::*;

fn basic(change: impl FnOnce(&mut Vec<BasicSelector>)) -> Setup {
    trail_with(|trail| change(&mut trail.selectors.as_mut().unwrap().basic))
}

type Field = (&'static str, &'static str, &'static [&'static str]);

fn selector(fields: &[Field]) -> AdvancedSelector {
    let field = |(field, condition, values): &Field| FieldSelector {
        field: (*field).to_owned(),
        conditions: vec![((*condition).to_owned(), values.iter().map(|value| (*value).to_owned()).collect())],
    };
    AdvancedSelector { name: "selector".to_owned(), fields: fields.iter().map(field).collect() }
}

fn advanced(selectors: &[&[Field]]) -> Setup {
    let advanced = selectors.iter().map(|fields| selector(fields)).collect();
    trail_with(|trail| trail.selectors = Ok(Selectors { basic: Vec::new(), advanced }))
}

const MANAGEMENT: Field = ("eventCategory", "Equals", &["Management"]);
const DATA: Field = ("eventCategory", "Equals", &["Data"]);
const OBJECTS: Field = ("resources.type", "Equals", &["AWS::S3::Object"]);
const READS: Field = ("readOnly", "Equals", &["true"]);
const WRITES: Field = ("readOnly", "Equals", &["false"]);

#[test]
fn management_events_by_basic_selectors() {
    passes(&good(), Check::ManagementEvents, "reads and writes, of all services");
    fails(&basic(Vec::clear), Check::ManagementEvents, "none");
    fails(&basic(|basic| basic[0].management = false), Check::ManagementEvents, "none");
    fails(
        &basic(|basic| basic[0].read_write = "ReadOnly".to_owned()),
        Check::ManagementEvents,
        "all reads, and not all writes",
    );
    let excluded = basic(|basic| basic[0].excluded_sources.push("kms.amazonaws.com".to_owned()));
    fails(&excluded, Check::ManagementEvents, "without those of kms.amazonaws.com");
    let both = basic(|basic| {
        basic.push(basic[0].clone());
        (basic[0].read_write, basic[1].read_write) = ("ReadOnly".to_owned(), "WriteOnly".to_owned());
    });
    passes(&both, Check::ManagementEvents, "reads and writes");
    is_unknown(
        &trail_with(|trail| trail.selectors = denied("cloudtrail:GetEventSelectors")),
        Check::ManagementEvents,
        "cloudtrail:GetEventSelectors",
    );
}

#[test]
fn management_events_by_advanced_selectors() {
    passes(&advanced(&[&[MANAGEMENT]]), Check::ManagementEvents, "reads and writes");
    passes(&advanced(&[&[MANAGEMENT, READS], &[MANAGEMENT, WRITES]]), Check::ManagementEvents, "reads and writes");
    passes(&advanced(&[&[MANAGEMENT, ("readOnly", "Equals", &["true", "false"])]]), Check::ManagementEvents, "reads");
    fails(&advanced(&[&[MANAGEMENT, READS]]), Check::ManagementEvents, "all reads, and not all writes");
    fails(&advanced(&[&[DATA, OBJECTS]]), Check::ManagementEvents, "none");
    fails(&advanced(&[&[("eventCategory", "NotEquals", &["Data"])]]), Check::ManagementEvents, "none");
    let narrow: Field = ("eventSource", "NotEquals", &["kms.amazonaws.com"]);
    fails(
        &advanced(&[&[MANAGEMENT, narrow]]),
        Check::ManagementEvents,
        "where eventSource NotEquals kms.amazonaws.com",
    );
    fails(&advanced(&[&[MANAGEMENT, READS], &[MANAGEMENT, WRITES, narrow]]), Check::ManagementEvents, "not all writes");
    passes(&advanced(&[&[MANAGEMENT, narrow], &[MANAGEMENT]]), Check::ManagementEvents, "reads and writes");
    fails(&advanced(&[&[MANAGEMENT, ("readOnly", "NotEquals", &["true"])]]), Check::ManagementEvents, "where readOnly");
}

#[test]
fn data_events_of_s3() {
    passes(&good(), Check::DataEvents, "of all buckets");
    fails(&basic(|basic| basic[0].data.clear()), Check::DataEvents, "none");
    let one = basic(|basic| basic[0].data[0].arns = vec!["arn:aws:s3:::b/".to_owned()]);
    fails(&one, Check::DataEvents, "of arn:aws:s3:::b/");
    fails(&basic(|basic| basic[0].data[0].kind = "AWS::Lambda::Function".to_owned()), Check::DataEvents, "none");
    fails(&basic(|basic| basic[0].data[0].arns.clear()), Check::DataEvents, "of no bucket");
    passes(&advanced(&[&[DATA, OBJECTS]]), Check::DataEvents, "of all buckets");
    passes(&advanced(&[&[DATA, OBJECTS, READS], &[DATA, OBJECTS, WRITES]]), Check::DataEvents, "of all buckets");
    fails(&advanced(&[&[DATA, OBJECTS, WRITES]]), Check::DataEvents, "all writes, and not all reads");
    fails(&advanced(&[&[DATA]]), Check::DataEvents, "none");
    let but: Field = ("resources.ARN", "NotStartsWith", &["arn:aws:s3:::logs/"]);
    fails(&advanced(&[&[DATA, OBJECTS, but]]), Check::DataEvents, "where resources.ARN NotStartsWith");
    is_unknown(
        &trail_with(|trail| trail.selectors = denied("cloudtrail:GetEventSelectors")),
        Check::DataEvents,
        "cloudtrail:GetEventSelectors",
    );
}

#[test]
fn a_trail_for_one_kind_of_events_may_stand_beside_one_for_the_other() {
    let mut setup = with_another(|_| ());
    setup.trails[0].selectors = Ok(Selectors { basic: Vec::new(), advanced: vec![selector(&[DATA, OBJECTS])] });
    is_not_applicable(&setup, Check::ManagementEvents, "trail/other records them all");
    setup.trails[0].selectors = Ok(Selectors { basic: Vec::new(), advanced: vec![selector(&[MANAGEMENT])] });
    is_not_applicable(&setup, Check::DataEvents, "trail/other records them all");
    // One that does not record now, or not everywhere, stands for nothing.
    setup.trails[1].multi_region = false;
    fails(&setup, Check::DataEvents, "none");
    setup.trails[1].multi_region = true;
    setup.trails[1].status.as_mut().unwrap().logging = false;
    fails(&setup, Check::DataEvents, "none");
}

#[test]
fn insights() {
    passes(&good(), Check::InsightEvents, "ApiCallRateInsight");
    fails(&trail_with(|trail| trail.insights = Ok(Vec::new())), Check::InsightEvents, "no insights");
    is_unknown(
        &trail_with(|trail| trail.insights = denied("cloudtrail:GetInsightSelectors")),
        Check::InsightEvents,
        "cloudtrail:GetInsightSelectors",
    );
}

#[test]
fn who_reads_the_bucket_is_recorded_elsewhere() {
    let bucket = |log: Option<&str>| bucket_with(|bucket| bucket.access_log = Ok(log.map(str::to_owned)));
    passes(&good(), Check::BucketAccessLogging, "recorded in access");
    fails(&bucket(Some("logs")), Check::BucketAccessLogging, "in the bucket itself");
    fails(&bucket(None), Check::BucketAccessLogging, "data events of it go to the bucket itself, by main");
    is_unknown(
        &bucket_with(|bucket| bucket.access_log = denied("s3:GetBucketLogging")),
        Check::BucketAccessLogging,
        "s3:GetBucketLogging",
    );
    // Another trail records it, and delivers elsewhere.
    let watched = |change: fn(&mut TrailFacts)| {
        let mut setup = with_another(change);
        setup.buckets.get_mut("logs").unwrap().access_log = Ok(None);
        setup
    };
    passes(&watched(|_| ()), Check::BucketAccessLogging, "trail/other, which delivers to elsewhere");
    // What others do to a bucket of theirs, no trail of this account sees.
    let mut foreign = watched(|_| ());
    foreign.buckets.get_mut("logs").unwrap().own = denied("s3:ListBucket");
    is_unknown(&foreign, Check::BucketAccessLogging, "s3:ListBucket");
    // Nor whether another account's bucket is of its organization.
    foreign.trails.iter_mut().for_each(|trail| trail.organization = true);
    is_unknown(&foreign, Check::BucketAccessLogging, "s3:ListBucket");
    let only: fn(&mut TrailFacts) = |other| {
        let this: Field = ("resources.ARN", "StartsWith", &["arn:aws:s3:::logs/"]);
        other.selectors = Ok(Selectors { basic: Vec::new(), advanced: vec![selector(&[DATA, OBJECTS, this])] });
    };
    passes(&watched(only), Check::BucketAccessLogging, "trail/other");
    for change in [
        (|other| other.status.as_mut().unwrap().logging = false) as fn(&mut TrailFacts),
        |other| other.selectors.as_mut().unwrap().basic[0].read_write = "WriteOnly".to_owned(),
        |other| other.selectors.as_mut().unwrap().basic[0].data[0].arns = vec!["arn:aws:s3:::log/".to_owned()],
        |other| (other.multi_region, other.home_region) = (false, "eu-west-1".to_owned()),
    ] {
        fails(&watched(change), Check::BucketAccessLogging, "accesses are not recorded");
    }
    is_unknown(
        &watched(|other| other.status = denied("cloudtrail:GetTrailStatus")),
        Check::BucketAccessLogging,
        "cloudtrail:GetTrailStatus",
    );
    is_unknown(
        &watched(|other| other.selectors = denied("cloudtrail:GetEventSelectors")),
        Check::BucketAccessLogging,
        "cloudtrail:GetEventSelectors",
    );
}

#[test]
fn whether_another_trail_records_what_this_one_does_not_may_be_unseen() {
    let nothing = |trail: &mut TrailFacts| trail.selectors = Ok(Selectors::default());
    let mut setup = with_another(nothing);
    for check in [Check::ManagementEvents, Check::DataEvents] {
        let of_other = |setup: &Setup| {
            let checks = examine(setup).checks;
            checks.into_iter().find(|one| one.id == check.id() && one.subject.name() != ARN).unwrap()
        };
        assert_eq!(of_other(&setup).outcome, Outcome::NotApplicable);
        let told = setup.trails[0].clone();
        setup.trails[0].status = denied("cloudtrail:GetTrailStatus");
        let found = of_other(&setup);
        assert_eq!((found.outcome, found.unseen[0].action.as_str()), (Outcome::Unknown, "cloudtrail:GetTrailStatus"));
        // It records too little, or nothing, whatever else is not seen of it.
        setup.trails[0].selectors = Ok(Selectors::default());
        assert_eq!(of_other(&setup).outcome, Outcome::Fail);
        setup.trails[0] = told.clone();
        setup.trails[0].selectors = denied("cloudtrail:GetEventSelectors");
        assert_eq!(of_other(&setup).outcome, Outcome::Unknown);
        setup.trails[0].status.as_mut().unwrap().logging = false;
        assert_eq!(of_other(&setup).outcome, Outcome::Fail);
        setup.trails[0] = told;
    }
}
