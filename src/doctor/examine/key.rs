//! What a trail names beside its bucket: the key, and the topic.

use super::super::facts::{ABSENT, KeyFacts, Setup, TrailFacts};
use super::super::policy::{Decision, Known, Policy, Request};
use super::{Found, Judged, seen};

/// CloudTrail, as policies name it, in every partition.
pub(super) const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

pub(super) struct Named<'a> {
    pub(super) setup: &'a Setup,
    pub(super) trail: &'a TrailFacts,
}

impl Named<'_> {
    pub(super) fn key_usable(&self) -> Judged {
        let key = self.key()?;
        if key.state == ABSENT {
            return Ok(Found::Fail(format!("KMS knows no key {}", key.arn)));
        }
        if key.state != "Enabled" {
            return Ok(Found::Fail(format!("{} is in the state {}", key.arn, key.state)));
        }
        // The policy of such a key cannot be changed.
        if key.aws_managed {
            return Ok(Found::Fail(format!("{} is a key that AWS keeps, which CloudTrail cannot use", key.arn)));
        }
        let policy = match Policy::read(seen(&key.policy)?) {
            Ok(policy) => policy,
            Err(why) => return Ok(Found::Undecided(format!("the policy of {} is not understood: {why}", key.arn))),
        };
        let arn = Known::OneOf(vec![self.trail.arn.clone()]);
        let mut context = context(self.trail);
        context.push(("kms:encryptioncontext:aws:cloudtrail:arn", arn));
        let request = Request { action: "kms:generatedatakey", resource: &key.arn, context: &context };
        Ok(match policy.decides(CLOUDTRAIL, &request) {
            Decision::Allowed => {
                Found::Pass(format!("{} is enabled, and its policy lets {CLOUDTRAIL} use it", key.arn))
            }
            Decision::Refused(why) => Found::Fail(format!(
                "the policy of {} does not let {CLOUDTRAIL} use kms:GenerateDataKey for this trail: {why}",
                key.arn
            )),
            Decision::Unsure(why) => Found::Undecided(format!("the policy of {}: {why}", key.arn)),
        })
    }

    pub(super) fn key_rotation(&self) -> Judged {
        let key = self.key()?;
        Ok(match seen(&key.rotated)? {
            true => Found::Pass(format!("{} is rotated each year", key.arn)),
            false => Found::Fail(format!("{} is not rotated each year", key.arn)),
        })
    }

    fn key(&self) -> Result<&KeyFacts, Found> {
        match (&self.trail.kms_key, &self.trail.key) {
            (None, None) => Err(Found::NotApplicable("the trail names no KMS key".to_owned())),
            (Some(name), None) => Err(Found::Undecided(format!("{name} was not looked at"))),
            (_, Some(key)) => seen(key),
        }
    }

    /// A topic that was never told shows nothing, whatever its policy says.
    pub(super) fn topic(&self) -> Judged {
        let Some(topic) = &self.trail.topic else {
            return Ok(Found::Fail("it tells no topic of log files".to_owned()));
        };
        let Some(facts) = &self.trail.topic_facts else {
            return Ok(Found::Undecided(format!("{topic} was not looked at")));
        };
        let facts = seen(facts)?;
        if !facts.exists {
            return Ok(Found::Fail(format!("SNS knows no topic {topic}")));
        }
        let status = seen(&self.trail.status)?;
        if let Some(error) = &status.topic_error {
            return Ok(Found::Fail(format!("{topic} was last told in vain: {error}")));
        }
        let decision = match facts.policy.as_deref().map(Policy::read) {
            None => Decision::Refused("it has no policy".to_owned()),
            Some(Err(why)) => Decision::Unsure(format!("it is not understood: {why}")),
            Some(Ok(policy)) => self.may_tell(topic, &policy),
        };
        Ok(match (decision, status.topic_told) {
            (Decision::Refused(why), _) => {
                Found::Fail(format!("the policy of {topic} does not let {CLOUDTRAIL} tell it: {why}"))
            }
            (Decision::Allowed, Some(at)) => Found::Pass(format!("{topic} was last told at {at}")),
            (Decision::Allowed, None) => Found::Undecided(format!("{topic} was never told, without an error")),
            (Decision::Unsure(why), _) => Found::Undecided(format!("the policy of {topic}: {why}")),
        })
    }

    fn may_tell(&self, topic: &str, policy: &Policy) -> Decision {
        let TrailFacts { home_region, account_id, .. } = self.trail;
        let arn = match topic.starts_with("arn:") {
            true => topic.to_owned(),
            false => format!("arn:{}:sns:{home_region}:{account_id}:{topic}", self.setup.partition),
        };
        let context = context(self.trail);
        policy.decides(CLOUDTRAIL, &Request { action: "sns:publish", resource: &arn, context: &context })
    }
}

/// What is known of every request that CloudTrail makes for a trail.
pub(super) fn context(trail: &TrailFacts) -> Vec<(&'static str, Known)> {
    let one = |value: &str| Known::OneOf(vec![value.to_owned()]);
    vec![
        ("aws:sourcearn", one(&trail.arn)),
        ("aws:sourceaccount", one(&trail.account_id)),
        ("aws:securetransport", one("true")),
        ("aws:principalisawsservice", one("true")),
        ("aws:principalservicename", one(CLOUDTRAIL)),
        // AWS's endpoints take nothing older.
        ("s3:tlsversion", Known::OneOf(vec!["1.2".to_owned(), "1.3".to_owned()])),
    ]
}
