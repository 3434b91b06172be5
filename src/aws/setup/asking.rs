//! One question, asked until it is answered or given up, and what is said where it is not.

use std::error::Error;
use std::fmt;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use serde::de::IgnoredAny;

use super::super::failure::{Refusal, by_code, refusal};
use super::super::post::{CallError, Caller, by_word, words};
use super::super::{Access, Pace};
use crate::doctor::{ABSENT, Fact, Unseen};
use crate::store::StoreError;
use crate::trail::is_region;

/// Asks, so many at a time of each service.
pub(super) struct Asker<'a> {
    pub(super) access: &'a Access,
    /// STS, Organizations, Account Management: a handful of requests.
    pub(super) account: Pace,
    pub(super) cloudtrail: Pace,
    pub(super) s3: Pace,
    /// KMS and SNS.
    pub(super) named: Pace,
}

/// An answer that is not what was asked for: AWS's code for it, and what is said of it.
#[derive(Clone, Debug)]
pub(in crate::aws) struct Refused {
    pub(super) code: String,
    pub(super) unseen: Unseen,
}

/// What was answered in place of it.
pub(super) struct Said {
    code: String,
    message: String,
    status: u16,
    refusal: Refusal,
}

impl<'a> Asker<'a> {
    pub(super) fn new(access: &'a Access) -> Asker<'a> {
        let pace = |most: usize| access.pace(most.min(access.options().concurrency));
        Asker {
            access,
            account: pace(FEW_AT_ONCE),
            cloudtrail: pace(AT_ONCE),
            s3: pace(AT_ONCE),
            named: pace(FEW_AT_ONCE),
        }
    }
}

impl Refused {
    pub(in crate::aws) fn unseen(self) -> Unseen {
        self.unseen
    }
}

impl Said {
    pub(super) fn of<E>(error: &SdkError<E, HttpResponse>) -> Said
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let answer = error.as_service_error();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Said {
            code: text(answer.and_then(ProvideErrorMetadata::code)),
            message: text(answer.and_then(ProvideErrorMetadata::message)),
            status: error.raw_response().map_or(0, |answer| answer.status().as_u16()),
            refusal: refusal(error),
        }
    }

    fn of_call(error: CallError) -> Said {
        let refusal = match error {
            CallError::Passing(why) => Refusal::Passing(StoreError::Unreachable(why)),
            CallError::Credentials { why, passes: true } => Refusal::Passing(StoreError::Credentials(why)),
            CallError::Credentials { why, passes: false } => Refusal::Final(StoreError::Credentials(why)),
            CallError::Denied(why) | CallError::Lasting(why) => Refusal::Final(StoreError::Unreachable(why)),
        };
        Said { code: String::new(), message: String::new(), status: 0, refusal }
    }

    /// Nobody is denied who was not answered.
    fn refused(self, action: &str) -> Refused {
        let denied = match by_word(&self.code, &self.message, self.status) {
            CallError::Denied(why) if self.status != 0 => Some(why),
            _ => None,
        };
        let unseen = match denied {
            Some(why) if why.is_empty() => unseen(action, true, StoreError::Denied.to_string()),
            Some(why) => unseen(action, true, why),
            None => unseen(action, false, why(self.refusal.into_error())),
        };
        Refused { code: self.code, unseen }
    }
}

/// Asks by a client of the SDK.
pub(in crate::aws) async fn ask<T, E, F>(pace: &Pace, action: &str, mut once: impl FnMut() -> F) -> Result<T, Refused>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    ask_in_any_way(pace, action, || {
        // A question of the SDK takes kilobytes, and whoever asks a hundred at once has one stack.
        let asked = Box::pin(once());
        async { asked.await.map_err(|error| Said::of(&error)) }
    })
    .await
}

/// Asks a service that is asked without the SDK: what comes back is the body of a `200`.
pub(super) async fn call(
    pace: &Pace,
    action: &str,
    caller: &Caller,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> Result<String, Refused> {
    ask_in_any_way(pace, action, || async {
        let answer = caller.answered(method, path, headers, body.as_bytes().to_vec()).await.map_err(Said::of_call)?;
        if answer.status == 200 {
            return Ok(String::from_utf8_lossy(&answer.body).into_owned());
        }
        let (code, message) = words(&answer);
        let refusal = by_code(&code, &message, answer.status);
        Err(Said { code, message, status: answer.status, refusal })
    })
    .await
}

/// What AWS answers for good is an answer, whatever it says; everything else is asked again.
pub(super) async fn ask_in_any_way<T, F>(pace: &Pace, action: &str, mut once: impl FnMut() -> F) -> Result<T, Refused>
where
    F: Future<Output = Result<T, Said>>,
{
    let asked = pace.ask(|| {
        let asked = once();
        async move {
            match asked.await {
                Ok(answer) => Ok(Ok(answer)),
                Err(said) if matches!(said.refusal, Refusal::Final(_)) => Ok(Err(said.refused(action))),
                Err(said) => Err(said.refusal),
            }
        }
    });
    match asked.await {
        Ok((answer, _)) => answer,
        Err(error) => Err(Refused { code: String::new(), unseen: unseen(action, false, why(error)) }),
    }
}

fn unseen(action: &str, denied: bool, why: String) -> Unseen {
    Unseen { action: action.to_owned(), denied, why }
}

/// Of a service, and not of a store.
fn why(error: StoreError) -> String {
    match error {
        StoreError::Throttled => "AWS kept asking to slow down".to_owned(),
        StoreError::Unreachable(why) => why,
        error => error.to_string(),
    }
}

/// An answer that leaves out what every such answer says.
pub(super) fn nothing_said(action: &str) -> Unseen {
    unseen(action, false, "what answered does not say it".to_owned())
}

/// What there was no reason to ask for.
pub(super) fn not_asked(action: &str) -> Unseen {
    unseen(action, false, "it was not asked for".to_owned())
}

/// What cannot be asked of that which is not there.
pub(super) fn absent(action: &str) -> Unseen {
    unseen(action, false, ABSENT.to_owned())
}

/// A fact, if it is not larger than any that AWS gives. Stops: an endpoint that fills memory and reports.
pub(super) fn kept<T: fmt::Debug>(action: &str, value: T) -> Fact<T> {
    if fits(&value, FACT_BYTES) { Ok(value) } else { Err(too_large(action)) }
}

/// A policy, by the same rule. AWS keeps none that is no JSON; what else would be taken for one has no statement that allows
/// anything.
pub(super) fn kept_policy(action: &str, policy: String) -> Fact<String> {
    if policy.len() > POLICY_BYTES {
        return Err(too_large(action));
    }
    match serde_json::from_str::<IgnoredAny>(&policy) {
        Ok(_) => Ok(policy),
        Err(_) => Err(unseen(action, false, "what answered is no policy".to_owned())),
    }
}

fn too_large(action: &str) -> Unseen {
    unseen(action, false, "the answer is larger than any that AWS gives".to_owned())
}

/// Whether a value takes no more than so many bytes where it is written down.
pub(super) fn fits(value: &impl fmt::Debug, most: usize) -> bool {
    struct Room(usize);
    impl fmt::Write for Room {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    fmt::write(&mut Room(most), format_args!("{value:?}")).is_ok()
}

/// Some thirty regions, and a dozen questions of each bucket.
const AT_ONCE: usize = 16;

/// Account Management and Organizations allow few calls a second, and keys and topics are as many as trails.
const FEW_AT_ONCE: usize = 4;

/// The largest is a lifecycle configuration: 1,000 rules of some hundred bytes.
const FACT_BYTES: usize = 1 << 20;

/// A bucket's policy has 20 KB at most, a key's 32 KB, a topic's 30 KB.
const POLICY_BYTES: usize = 64 << 10;

/// The region that an ARN names.
pub(super) fn region_in(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(2).filter(|region| is_region(region))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: &str, message: &str, status: u16) -> Refused {
        let refusal = by_code(code, message, status);
        Said { code: code.to_owned(), message: message.to_owned(), status, refusal }.refused("s3:GetBucketAcl")
    }

    #[test]
    fn denied_is_what_aws_calls_so_and_nothing_else() {
        let words = "User: arn:aws:iam::111122223333:user/u is not authorized to perform: kms:DescribeKey";
        for (code, message, status) in [
            ("AccessDenied", "Access Denied", 403),
            ("AccessDeniedException", words, 400),
            ("AuthorizationError", "User: u is not authorized to perform: SNS:GetTopicAttributes", 403),
            ("", "", 403),
        ] {
            let refused = said(code, message, status);
            assert!(refused.unseen.denied, "{refused:?}");
            assert!(refused.unseen.why.contains(message) && !refused.unseen.why.is_empty(), "{refused:?}");
            assert_eq!(refused.unseen.action, "s3:GetBucketAcl");
        }
        for (code, status) in [
            ("NoSuchBucket", 404),
            ("UnrecognizedClientException", 400),
            ("InvalidClientTokenId", 403),
            ("TrailNotFoundException", 400),
            ("NotFoundException", 400),
        ] {
            assert!(!said(code, "", status).unseen.denied, "{code}");
        }
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        assert!(kept("a", vec!["x".repeat(1_000); 1_000]).is_ok());
        assert!(!kept("a", vec!["x".repeat(1_000); 1_100]).unwrap_err().denied);
        let policy = |bytes| format!("\"{}\"", "x".repeat(bytes));
        assert!(kept_policy("a", policy(32 << 10)).is_ok());
        assert!(kept_policy("a", policy(64 << 10)).unwrap_err().why.contains("larger"));
        assert!(kept_policy("a", "<html>".to_owned()).unwrap_err().why.contains("no policy"));
    }
}
