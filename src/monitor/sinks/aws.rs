//! What the sinks in AWS have in common: under which credentials and where they ask, and what it means when they are refused.

use std::time::Duration;

use tokio::sync::OnceCell;

use super::{AwsAccess, DeliveryError, SinkConfig, Surroundings};
use crate::aws::{Access, AccessOptions, AssumedRole, Call, CallError, Caller, Service};
use crate::finding::Finding;
use crate::monitor::Event;
use crate::report::escape::bounded;

/// Asks one service, and finds credentials for it when it first does.
pub(super) struct Asked {
    service: Service,
    region: Option<String>,
    options: AccessOptions,
    patience: Duration,
    words: Words,
    caller: OnceCell<Caller>,
}

/// Where it is asked, and as whom.
pub(super) struct At<'a> {
    pub(super) service: Service,
    /// If nothing is said, the region of the credentials.
    pub(super) region: Option<&'a str>,
    pub(super) access: &'a Option<AwsAccess>,
    pub(super) endpoint_url: &'a Option<String>,
}

/// What is said where it refuses.
pub(super) struct Words {
    /// What is asked.
    pub(super) what: String,
    /// The actions that whoever asks must be allowed.
    pub(super) action: &'static str,
    /// What to do where it refuses for another reason.
    pub(super) check: &'static str,
}

impl Asked {
    pub(super) fn new(config: &SinkConfig, surroundings: &Surroundings, at: At<'_>, words: Words) -> Asked {
        let mut options = surroundings.access.clone();
        if let Some(access) = at.access {
            options.profile = access.profile.clone().or(options.profile);
            // Who asks is said as a whole: the monitor's own role is for the bucket.
            options.assume_role = access.assume_role.clone().map(|arn| AssumedRole {
                arn,
                external_id: access.external_id.clone(),
                session_name: "trailseal".to_owned(),
            });
        }
        options.endpoint_url = at.endpoint_url.clone().or(options.endpoint_url);
        let region = at.region.map(str::to_owned);
        options.region = region.clone().or(options.region);
        Asked { service: at.service, region, options, patience: config.timeout, words, caller: OnceCell::new() }
    }

    /// Asks once. What comes back was answered as done, and may still say that it was not.
    pub(super) async fn ask(&self, call: Call) -> Result<Vec<u8>, DeliveryError> {
        let asked = async { self.caller().await?.call(call).await };
        let late = || Err(CallError::Passing(format!("it took longer than {} seconds", self.patience.as_secs())));
        tokio::time::timeout(self.patience, asked).await.unwrap_or_else(|_| late()).map_err(|error| self.told(error))
    }

    async fn caller(&self) -> Result<&Caller, CallError> {
        let open = || async {
            let access = Access::open(self.options.clone()).await;
            // They may be there later: a role that is made, a sign-in that is renewed.
            let access = access.map_err(|error| CallError::Credentials { why: error.to_string(), passes: true })?;
            let region = self.region.clone().unwrap_or_else(|| access.region());
            Ok(Caller::new(access, self.service, region, self.patience))
        };
        self.caller.get_or_try_init(open).await
    }

    /// What was refused, and what to do about it.
    pub(super) fn told(&self, error: CallError) -> DeliveryError {
        let Words { what, action, check } = &self.words;
        match error {
            CallError::Passing(why) => {
                DeliveryError::Passing(format!("{what} did not take it: {why}; it is told again later"))
            }
            CallError::Denied(why) => {
                let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
                DeliveryError::Lasting(format!(
                    "{what} may not be told{why}; allow {action} on it to whoever the monitor runs as"
                ))
            }
            CallError::Credentials { why, passes } => {
                let told = format!(
                    "{what} cannot be told, for the credentials were refused: {why}; check the profile or role of this sink, or sign in again"
                );
                if passes { DeliveryError::Passing(told) } else { DeliveryError::Lasting(told) }
            }
            CallError::Lasting(why) => DeliveryError::Lasting(format!("{what} did not take it: {why}; {check}")),
        }
    }
}

/// The answer as JSON; anything else was answered by somebody else.
pub(super) fn answered(answer: &[u8]) -> Result<serde_json::Value, CallError> {
    serde_json::from_slice(answer).map_err(|_| CallError::Passing("what answered is not AWS".to_owned()))
}

/// The event with its long texts cut in the middle, until what is made of it has at most `most` bytes: of a key of S3 they come to
/// some kilobytes, and everything more is somebody's who would rather that nobody is told.
pub(super) fn within<E>(event: &Event, most: usize, make: impl Fn(&Event) -> Result<String, E>) -> Result<String, E> {
    let whole = make(event)?;
    if whole.len() <= most {
        return Ok(whole);
    }
    let cut = |text: &String| bounded(text, LONGEST_TEXT).into_owned();
    let finding = event.finding.clone();
    let mut subject = finding.subject.clone();
    if let Some(at) = &mut subject {
        at.key = cut(&at.key);
    }
    let (recorded, computed) = (finding.recorded.as_ref().map(cut), finding.computed.as_ref().map(cut));
    let finding = Finding { message: cut(&finding.message), recorded, computed, subject, ..finding };
    make(&Event { finding, ..event.clone() })
}

/// The region that an ARN of a service names.
pub(super) fn region_of<'a>(arn: &'a str, service: &str) -> Option<&'a str> {
    let mut parts = arn.split(':');
    let is_one = parts.next() == Some("arn") && parts.next().is_some() && parts.next() == Some(service);
    parts.next().filter(|region| is_one && crate::trail::is_region(region))
}

/// Characters of one text that is cut: every one can take a dozen bytes once it is written in JSON in JSON.
const LONGEST_TEXT: usize = 800;
