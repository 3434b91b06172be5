//! Who else may write, overwrite or delete by the policy of a bucket.

use super::super::policy::{Patterns, Policy, Principal, Principals, Statement, open};
use super::key::CLOUDTRAIL;
use super::{Bucket, Found, Judged, few};

/// Actions that write, overwrite or delete, or take away what protects from that; in small letters.
const WRITES: [&str; 13] = [
    "s3:putobject*",
    "s3:deleteobject*",
    "s3:deletebucket*",
    "s3:putbucket*",
    "s3:putlifecycleconfiguration",
    "s3:putreplicationconfiguration",
    "s3:putencryptionconfiguration",
    "s3:putintelligenttieringconfiguration",
    "s3:bypassgovernanceretention",
    "s3:replicate*",
    "s3:objectowneroverridetobucketowner",
    "s3:update*",
    "s3:rename*",
];

/// Services of AWS that write logs of their own, into folders of their own.
const LOGGERS: [&str; 4] = [
    "delivery.logs.amazonaws.com",
    "config.amazonaws.com",
    "logging.s3.amazonaws.com",
    "logdelivery.elasticloadbalancing.amazonaws.com",
];

/// Twelve digits.
const ANY_ACCOUNT: &str = "????????????";

impl Bucket<'_> {
    pub(super) fn policy_writers(&self) -> Judged {
        let Some(policy) = self.policy()? else {
            return Ok(Found::Pass("it has no policy: nobody may by it".to_owned()));
        };
        let (mut writers, mut loggers) = (Vec::new(), Vec::new());
        for statement in policy.statements.iter().filter(|statement| statement.allows) {
            let actions = self.granted(statement, &policy);
            if actions.is_empty() {
                continue;
            }
            let under = match statement.conditions.is_empty() {
                true => String::new(),
                false => format!(", where {} fit", statement.keys()),
            };
            for principal in others(&statement.principals) {
                match self.is_apart(&principal, statement, &policy) {
                    true => loggers.push(principal.told()),
                    false => writers.push(format!("{} ({}{under})", principal.told(), few(&actions))),
                }
            }
            if let Principals::AllBut(but) = &statement.principals {
                let but: Vec<String> = but.iter().map(Principal::told).collect();
                writers.push(format!("everyone but {} ({}{under})", few(&but), few(&actions)));
            }
        }
        Ok(match (writers.is_empty(), loggers.is_empty()) {
            (false, _) => Found::Fail(format!("it lets others in: {}", few(&writers))),
            (true, true) => Found::Pass(format!("its policy lets nobody but {CLOUDTRAIL} write or delete")),
            (true, false) => Found::Pass(format!(
                "its policy lets nobody but {CLOUDTRAIL} write or delete there; {} may write elsewhere in it",
                few(&loggers)
            )),
        })
    }

    /// The actions of a grant that matter, and that nothing denies.
    fn granted(&self, statement: &Statement, policy: &Policy) -> Vec<String> {
        let (bucket, objects) = (self.arn(), format!("{}/*", self.arn()));
        if !statement.resources.meet(&bucket) && !statement.resources.meet(&objects) {
            return Vec::new();
        }
        let actions = match &statement.actions {
            Patterns { all_but: false, patterns } => patterns.clone(),
            // What is not among the exceptions for certain is granted.
            actions => WRITES.iter().filter(|write| actions.meet(write)).map(|write| (*write).to_owned()).collect(),
        };
        let writes = |action: &String| WRITES.iter().any(|write| super::super::policy::meet(&open(action), write));
        // Once for all of them: a policy can have thousands of actions, and of resources.
        let denying = denying(statement, policy, &bucket, &objects);
        let is_denied = |action: &String| denying.iter().any(|deny| deny.actions.cover(&open(action)));
        actions.into_iter().filter(writes).filter(|action| !is_denied(action)).collect()
    }

    /// Whether it is a service of AWS's that may write objects elsewhere, and nothing where the trails' files are.
    fn is_apart(&self, principal: &Principal, statement: &Statement, policy: &Policy) -> bool {
        let Principal::Service(name) = principal else {
            return false;
        };
        let puts = |action: &String| ["s3:putobject", "s3:putobjectacl"].contains(&action.as_str()) || reads(action);
        let actions = !statement.actions.all_but && statement.actions.patterns.iter().all(puts);
        let mut folders = self.trails.iter().flat_map(|trail| {
            let logs = format!("{}/{}AWSLogs/", self.arn(), trail.prefix);
            let organization = self.organization(trail, policy).unwrap_or("o-*");
            let of_members = trail.organization.then(|| format!("{logs}{organization}/{ANY_ACCOUNT}/CloudTrail*"));
            of_members.into_iter().chain([format!("{logs}{ANY_ACCOUNT}/CloudTrail*")])
        });
        let known = LOGGERS.contains(&name.as_str()) && !self.trails.is_empty();
        known && actions && (names_its_own(name, statement) || !folders.any(|folder| statement.resources.meet(&folder)))
    }
}

/// Whether it is AWS Config for known accounts, as Control Tower lets it in: it writes `AWSLogs/ACCOUNT/Config/..` alone, and so
/// never over a file of a trail.
fn names_its_own(service: &str, statement: &Statement) -> bool {
    let fixed = |value: &String| !value.is_empty() && !value.contains(['*', '?', '$']);
    service == "config.amazonaws.com"
        && statement.conditions.iter().any(|condition| {
            let pinned = condition.pins().is_some_and(|values| !values.is_empty() && values.iter().all(fixed));
            pinned && ["aws:sourceorgid", "aws:sourceaccount"].contains(&condition.key.as_str())
        })
}

/// Whom a statement names beside CloudTrail.
fn others(principals: &Principals) -> Vec<Principal> {
    match principals {
        Principals::These(these) => {
            let others = these.iter().filter(|one| **one != Principal::Service(CLOUDTRAIL.to_owned()));
            others.cloned().collect()
        }
        Principals::AllBut(_) => Vec::new(),
    }
}

fn reads(action: &str) -> bool {
    ["s3:get", "s3:list"].iter().any(|reads| action.starts_with(reads))
}

/// Each `Deny` for everyone, under no condition, that covers all that a grant is for. No other is counted: what it leaves open is
/// open.
fn denying<'p>(grant: &Statement, policy: &'p Policy, bucket: &str, objects: &str) -> Vec<&'p Statement> {
    let everyone = Principals::These(vec![Principal::Anyone]);
    let plain = |deny: &&Statement| !deny.allows && deny.conditions.is_empty() && deny.principals == everyone;
    let covers = |deny: &&Statement| {
        let whole = deny.resources.cover(objects) && deny.resources.cover(bucket);
        whole
            || match &grant.resources {
                Patterns { all_but: false, patterns } => {
                    patterns.iter().all(|resource| deny.resources.cover(&open(resource)))
                }
                _ => deny.resources.cover("*"),
            }
    };
    policy.statements.iter().filter(plain).filter(covers).collect()
}
