//! What is to be said of a trail.

use super::super::catalog::Check;
use super::super::facts::{Setup, TrailFacts};
use super::arriving::Arriving;
use super::events::Events;
use super::key::Named;
use super::{Findings, Found, Judged, seen, settled};

/// Every check of a trail.
pub(super) fn checks(setup: &Setup, trail: &TrailFacts) -> Findings {
    let arriving = Arriving::new(setup, trail);
    let events = Events { setup, trail };
    let named = Named { setup, trail };
    vec![
        (Check::LogFileValidation, validation(trail)),
        (Check::LoggingNow, settled(arriving.logging_now())),
        (Check::LogDelivery, settled(arriving.log_delivery())),
        (Check::DigestDelivery, settled(arriving.digest_delivery())),
        (Check::MultiRegion, multi_region(trail)),
        (Check::OrganizationTrail, settled(organization(setup, trail))),
        (Check::ManagementEvents, settled(events.management())),
        (Check::DataEvents, settled(events.data())),
        (Check::InsightEvents, settled(events.insights())),
        (Check::KmsEncryption, encryption(trail)),
        (Check::KeyUsable, settled(named.key_usable())),
        (Check::KeyRotation, settled(named.key_rotation())),
        (Check::CloudwatchLogs, settled(arriving.cloudwatch_logs())),
        (Check::SnsTopic, settled(named.topic())),
    ]
}

fn validation(trail: &TrailFacts) -> Found {
    match trail.validation {
        true => Found::Pass("log file validation is on".to_owned()),
        false => Found::Fail("log file validation is off".to_owned()),
    }
}

fn multi_region(trail: &TrailFacts) -> Found {
    match trail.multi_region {
        true => Found::Pass(format!("it records every region; its home is {}", trail.home_region)),
        false => Found::Fail(format!("it records {} alone", trail.home_region)),
    }
}

/// Only the management account can make a trail one of the organization, and one is enough.
fn organization(setup: &Setup, trail: &TrailFacts) -> Judged {
    if trail.organization {
        return Ok(Found::Pass(format!(
            "it records every account of the organization that {} manages",
            trail.account_id
        )));
    }
    if let Some(other) = setup.trails.iter().find(|other| other.organization) {
        return Ok(Found::NotApplicable(format!("{} is the trail of the organization", other.arn)));
    }
    Ok(match seen(&setup.manages_organization)? {
        true => Found::Fail(format!("{} manages an organization, and it records this account alone", setup.account_id)),
        false => Found::NotApplicable(format!("{} manages no organization", setup.account_id)),
    })
}

fn encryption(trail: &TrailFacts) -> Found {
    match &trail.kms_key {
        Some(key) => Found::Pass(format!("log files are encrypted with {key}")),
        None => Found::Fail("log files are encrypted with keys of S3, and with no KMS key".to_owned()),
    }
}
