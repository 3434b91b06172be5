//! One request to a service of AWS, signed by the SDK's signer: for services whose own part of the SDK would be built for the
//! sake of one call, and is enormous.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use tokio::sync::Mutex;

use super::failure::{Refusal, by_code, told, without_secrets};
use super::http::{Answer, Http, HttpError, USER_AGENT, host_of};
use super::sign::{Scope, signed};
use super::{Access, endpoint};
use crate::store::StoreError;

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "monitor"), allow(dead_code, reason = "some are asked by the monitor alone"))]
pub(crate) enum Service {
    Sns,
    S3Control,
    EventBridge,
    SecurityHub,
}

/// Asks one service in one region.
pub(crate) struct Caller {
    access: Access,
    service: Service,
    region: String,
    /// What stands before the name of AWS's own host: nothing, or an account and a dot.
    host_prefix: String,
    http: Http,
    /// As long as they last: a role is not taken on for every request.
    credentials: Mutex<Option<Credentials>>,
}

/// What is sent.
#[cfg(feature = "monitor")]
pub(crate) struct Call {
    pub(crate) path: &'static str,
    pub(crate) headers: &'static [(&'static str, &'static str)],
    pub(crate) body: Vec<u8>,
}

/// Why it was not done, in words without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallError {
    /// Asked again later, it may be.
    Passing(String),
    /// Whoever asks may not.
    Denied(String),
    /// Nobody knows who asks: there are no credentials, or they are no good.
    Credentials {
        /// Why.
        why: String,
        /// Whether others may be had without anybody's doing.
        passes: bool,
    },
    /// Asked the same again, it will not be.
    Lasting(String),
}

impl Service {
    /// Its name in addresses and in signatures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Service::Sns => "sns",
            Service::S3Control => "s3",
            Service::EventBridge => "events",
            Service::SecurityHub => "securityhub",
        }
    }

    /// The environment variable of its endpoint.
    fn variable(self) -> &'static str {
        match self {
            Service::Sns => "AWS_ENDPOINT_URL_SNS",
            Service::S3Control => "AWS_ENDPOINT_URL_S3_CONTROL",
            Service::EventBridge => "AWS_ENDPOINT_URL_EVENTBRIDGE",
            Service::SecurityHub => "AWS_ENDPOINT_URL_SECURITYHUB",
        }
    }
}

impl Caller {
    /// Asks a service in a region, for at most so long each time.
    pub(crate) fn new(access: Access, service: Service, region: String, patience: Duration) -> Caller {
        let (host_prefix, http) = (String::new(), Http::new(patience));
        Caller { access, service, region, host_prefix, http, credentials: Mutex::default() }
    }

    /// Asks where an account has a host of its own.
    pub(crate) fn of_account(self, account: &str) -> Caller {
        Caller { host_prefix: format!("{account}."), ..self }
    }

    /// Asks once. What comes back is the body of a `200`, in which a service can still say that it did not do it.
    #[cfg(feature = "monitor")]
    pub(crate) async fn call(&self, call: Call) -> Result<Vec<u8>, CallError> {
        let answer = self.answered("POST", call.path, call.headers, call.body).await?;
        if answer.status == 200 {
            return Ok(answer.body);
        }
        let (code, message) = words(&answer);
        Err(by_word(&code, &message, answer.status))
    }

    /// Asks once, and takes any answer for one.
    pub(super) async fn answered(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, CallError> {
        let now = self.access.now();
        let credentials = self.credentials(now).await?;
        let url = format!("{}{path}", self.endpoint());
        let headers = headers.iter().chain(&[("user-agent", USER_AGENT)]);
        let headers = headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let scope = Scope { service: self.service.name(), region: &self.region, time: now };
        let headers = signed((method, &url), headers, &body, &credentials, scope);
        let headers = headers.ok_or_else(|| self.no_endpoint())?;
        let answer = self.http.ask(method, &url, &headers, body, |_| ANSWER_BYTES).await;
        let answer = answer.map_err(|error| match error {
            HttpError::Request => self.no_endpoint(),
            HttpError::Unreachable(why) => self.passing(&why),
            HttpError::Late(patience) => self.passing(&format!("no answer came within {} seconds", patience.as_secs())),
        })?;
        if answer.status != 200 {
            let (code, message) = words(&answer);
            if matches!(by_word(&code, &message, answer.status), CallError::Credentials { .. }) {
                *self.credentials.lock().await = None;
            }
        }
        Ok(answer)
    }

    async fn credentials(&self, now: SystemTime) -> Result<Credentials, CallError> {
        let mut kept = self.credentials.lock().await;
        let lasts = |credentials: &&Credentials| credentials.expiry().is_none_or(|until| until > now + SOON);
        if let Some(credentials) = kept.as_ref().filter(lasts) {
            return Ok(credentials.clone());
        }
        let none = |why: &str| CallError::Credentials { why: why.to_owned(), passes: true };
        let provider = self.access.settings().credentials_provider().ok_or_else(|| none("nothing gives any"))?;
        let fresh = provider.provide_credentials().await.map_err(|error| none(&told(&error)))?;
        Ok(kept.insert(fresh).clone())
    }

    /// Where the service is asked: as the options say, then the environment or the profile, then where AWS has it.
    fn endpoint(&self) -> String {
        let options = self.access.options();
        let settings = self.access.settings();
        let by_name = || std::env::var(self.service.variable()).ok().filter(|url| !url.is_empty());
        let named =
            options.endpoint_url.clone().or_else(by_name).or_else(|| settings.endpoint_url().map(str::to_owned));
        let (fips, dual_stack) = (settings.use_fips() == Some(true), settings.use_dual_stack() == Some(true));
        let own = || {
            let url = endpoint::of(self.service, &self.region, fips, dual_stack);
            url.replacen("https://", &format!("https://{}", self.host_prefix), 1)
        };
        let url = named.unwrap_or_else(own);
        url.trim_end_matches('/').to_owned()
    }

    fn no_endpoint(&self) -> CallError {
        CallError::Lasting(format!("the endpoint that is set for {} is no address", self.service.name()))
    }

    fn passing(&self, why: &str) -> CallError {
        let endpoint = self.endpoint();
        CallError::Passing(format!("{} could not be reached: {why}", host_of(&endpoint).unwrap_or("the endpoint")))
    }
}

/// The code and the message of an answer other than `200`, in the three forms that services have for it: XML, JSON, and JSON
/// with a header.
pub(super) fn words(answer: &Answer) -> (String, String) {
    let text = String::from_utf8_lossy(&answer.body);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let field = |names: &[&str]| names.iter().find_map(|name| json[*name].as_str()).map(str::to_owned);
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once("</")?.0.to_owned())
    };
    let by_header = || Some(answer.header("x-amzn-errortype").to_owned()).filter(|code| !code.is_empty());
    let code = by_header().or_else(|| field(&["__type", "code", "Code"])).or_else(|| element("Code"));
    let code = code.unwrap_or_default();
    // `namespace#Code:address` is how some write it.
    let code = code.rsplit('#').next().and_then(|code| code.split(':').next()).unwrap_or_default();
    let message = field(&["message", "Message"]).or_else(|| element("Message")).unwrap_or_default();
    (code.to_owned(), message)
}

/// What a service means by a code. One that says that it is the caller who may not says it with `400`, too.
pub(crate) fn by_word(code: &str, message: &str, status: u16) -> CallError {
    // In one line, however it came.
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if matches!(code, "AccessDenied" | "AccessDeniedException" | "AuthorizationError" | "NotAuthorized") {
        return CallError::Denied(without_secrets(&message));
    }
    let unreached = |error| match error {
        StoreError::Unreachable(why) => format!("it answered {why}"),
        error => error.to_string(),
    };
    match by_code(code, &message, status) {
        Refusal::Final(StoreError::Denied | StoreError::Kms) => CallError::Denied(without_secrets(&message)),
        Refusal::Final(StoreError::Credentials(why)) => CallError::Credentials { why, passes: false },
        Refusal::Passing(StoreError::Credentials(why)) => CallError::Credentials { why, passes: true },
        Refusal::Throttled(_) => CallError::Passing("it was asked too often".to_owned()),
        Refusal::Final(error) => CallError::Lasting(unreached(error)),
        Refusal::Passing(error) => CallError::Passing(unreached(error)),
    }
}

/// Without credentials.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("service", &self.service).field("region", &self.region).finish_non_exhaustive()
    }
}

/// Credentials that end so soon are asked for anew.
const SOON: Duration = Duration::from_secs(60);

/// What is read of an answer: a few hundred bytes are usual. Stops: an answer without an end.
const ANSWER_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::Headers;

    use super::*;

    fn answer(status: u16, name: &'static str, value: &'static str, body: &str) -> Answer {
        let mut headers = Headers::new();
        headers.insert(name, value);
        Answer::new(status, headers, body.as_bytes().to_vec())
    }

    #[test]
    fn what_services_answer_is_read_in_each_of_their_forms() {
        let sns = "<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code><Message>User: x is not \
                   authorized to perform: SNS:Publish</Message></Error></ErrorResponse>";
        let events = "{\"__type\":\"com.amazon.coral.service#AccessDeniedException\",\"Message\":\"User: x may not\"}";
        let hub =
            "{\"Message\":\"Account 1 is not subscribed to AWS Security Hub\",\"Code\":\"InvalidAccessException\"}";
        let told = |status, name, value, body| {
            let (code, message) = words(&answer(status, name, value, body));
            by_word(&code, &message, status)
        };
        let plain = ("content-type", "x");
        let denied = CallError::Denied("User: x is not authorized to perform: SNS:Publish".to_owned());
        assert_eq!(told(403, plain.0, plain.1, sns), denied);
        assert_eq!(told(400, plain.0, plain.1, events), CallError::Denied("User: x may not".to_owned()));
        let not_on = CallError::Lasting(
            "it answered InvalidAccessException: Account 1 is not subscribed to AWS Security Hub".to_owned(),
        );
        assert_eq!(told(401, "x-amzn-errortype", "InvalidAccessException:http://internal/", hub), not_on);
        let throttled = "{\"__type\":\"ThrottlingException\"}";
        assert!(matches!(told(400, plain.0, plain.1, throttled), CallError::Passing(_)));
        assert!(matches!(told(500, plain.0, plain.1, "<html>"), CallError::Passing(_)));
        let not_found = "<ErrorResponse><Error><Code>NotFound</Code><Message>Topic does not exist</Message></Error></ErrorResponse>";
        assert!(matches!(told(404, plain.0, plain.1, not_found), CallError::Lasting(_)));
        let expired = "<Error><Code>ExpiredToken</Code><Message>The security token is expired</Message></Error>";
        assert!(matches!(told(403, plain.0, plain.1, expired), CallError::Credentials { passes: true, .. }));
        let unknown =
            "<Error><Code>InvalidClientTokenId</Code><Message>The security token is invalid</Message></Error>";
        assert!(matches!(told(403, plain.0, plain.1, unknown), CallError::Credentials { passes: false, .. }));
        let secret = "<Error><Code>InvalidX</Code><Message>AKIAIOSFODNN7EXAMPLE is wrong</Message></Error>";
        assert_eq!(
            told(400, plain.0, plain.1, secret),
            CallError::Lasting("it answered InvalidX: [hidden] is wrong".to_owned())
        );
    }
}
