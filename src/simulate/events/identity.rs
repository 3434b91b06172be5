//! `userIdentity`: who made a call (user guide, "CloudTrail userIdentity element").

use super::super::random::Random;
use super::cast::{Cast, Role, User};
use super::kinds::Who;
use super::{Clock, push};
use crate::trail::Time;

/// Who made one call.
#[derive(Clone, Copy)]
pub(super) enum Actor<'c> {
    User(&'c User),
    Role(&'c Role),
    Service(&'static str),
    SignIn(&'c User),
    Root(&'c str),
}

impl<'c> Actor<'c> {
    pub(super) fn choose(who: Who, cast: &'c Cast, random: &mut Random) -> Actor<'c> {
        match who {
            Who::Service(host) => Actor::Service(host),
            Who::Root => Actor::Root(&cast.root_key),
            Who::SignIn => Actor::SignIn(random.pick(&cast.users)),
            Who::Workload => Actor::Role(random.pick(&cast.workloads)),
            Who::Pipeline => Actor::Role(random.pick(&cast.pipelines)),
            Who::Person => Actor::Role(random.pick(&cast.people)),
            Who::Anyone => match random.below(100) {
                0..25 => Actor::User(random.pick(&cast.users)),
                25..50 => Actor::Role(random.pick(&cast.people)),
                50..85 => Actor::Role(random.pick(&cast.workloads)),
                _ => Actor::Role(random.pick(&cast.pipelines)),
            },
        }
    }

    /// Whether permissions can be missing.
    pub(super) fn is_principal(&self) -> bool {
        matches!(self, Actor::User(_) | Actor::Role(_))
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, cast: &Cast, clock: &mut Clock, time: Time) {
        let account = cast.account.as_str();
        match self {
            Actor::Service(host) => push(out, &[r#"{"type":"AWSService","invokedBy":""#, host, r#""}"#]),
            Actor::User(user) | Actor::SignIn(user) => {
                push(out, &[r#"{"type":"IAMUser","principalId":""#, &user.id, r#"","arn":""#]);
                self.push_arn(out, cast);
                push(out, &[r#"","accountId":""#, account]);
                if let Actor::User(user) = self {
                    push(out, &[r#"","accessKeyId":""#, &user.access_key]);
                }
                push(out, &[r#"","userName":""#, &user.name, r#""}"#]);
            }
            Actor::Role(role) => {
                push(out, &[r#"{"type":"AssumedRole","principalId":""#, &role.id, ":", &role.session, r#"","arn":""#]);
                self.push_arn(out, cast);
                // One key a role, for a session's own would have to be remembered; the letters of the role's id will do.
                push(out, &[r#"","accountId":""#, account, r#"","accessKeyId":"ASIA"#, &role.id[4..20]]);
                push(out, &[r#"","sessionContext":{"sessionIssuer":{"type":"Role","principalId":""#, &role.id]);
                push(out, &[r#"","arn":"arn:aws:iam::"#, account, ":role/", role.path(), &role.name]);
                push(out, &[r#"","accountId":""#, account, r#"","userName":""#, &role.name]);
                out.extend_from_slice(br#""},"attributes":{"creationDate":""#);
                push_session_start(out, clock, time);
                out.extend_from_slice(br#"","mfaAuthenticated":"false"}"#);
                if role.session.starts_with("i-") {
                    out.extend_from_slice(br#","ec2RoleDelivery":"2.0""#);
                }
                out.extend_from_slice(b"}}");
            }
            Actor::Root(key) => {
                push(out, &[r#"{"type":"Root","principalId":""#, account, r#"","arn":""#]);
                self.push_arn(out, cast);
                push(out, &[r#"","accountId":""#, account, r#"","accessKeyId":""#, key]);
                out.extend_from_slice(br#"","sessionContext":{"attributes":{"creationDate":""#);
                push_session_start(out, clock, time);
                out.extend_from_slice(br#"","mfaAuthenticated":"true"}}}"#);
            }
        }
    }

    pub(super) fn push_arn(&self, out: &mut Vec<u8>, cast: &Cast) {
        let account = cast.account.as_str();
        match self {
            Actor::User(user) | Actor::SignIn(user) => push(out, &["arn:aws:iam::", account, ":user/", &user.name]),
            Actor::Role(role) => {
                push(out, &["arn:aws:sts::", account, ":assumed-role/", &role.name, "/", &role.session]);
            }
            Actor::Service(host) => push(out, &[host]),
            Actor::Root(_) => push(out, &["arn:aws:iam::", account, ":root"]),
        }
    }

    pub(super) fn address<'a>(&'a self, cast: &'a Cast) -> &'a str {
        match self {
            Actor::Role(role) => &role.address,
            Actor::Service(host) => host,
            Actor::User(user) | Actor::SignIn(user) => &cast.offices[user.name.len() % cast.offices.len()],
            Actor::Root(_) => &cast.offices[0],
        }
    }

    pub(super) fn agent(&self) -> &'static str {
        match self {
            Actor::Role(role) => role.agent,
            Actor::Service(host) => host,
            Actor::SignIn(_) | Actor::Root(_) => BROWSER,
            Actor::User(_) => {
                "Boto3/1.35.80 md/Botocore#1.35.80 ua/2.0 os/linux#6.1.0-28-amd64 md/arch#x86_64 lang/python#3.11.2 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.35.80"
            }
        }
    }
}

impl Role {
    /// Roles of IAM Identity Center lie in a path of their own.
    fn path(&self) -> &'static str {
        if self.name.starts_with("AWSReservedSSO_") { "aws-reserved/sso.amazonaws.com/" } else { "" }
    }
}

/// Sessions begin on the half hour here, so that the calls of one session agree.
fn push_session_start(out: &mut Vec<u8>, clock: &mut Clock, time: Time) {
    clock.push(out, time.plus(-time.unix().rem_euclid(Time::HOUR / 2) - 7));
}

const BROWSER: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
