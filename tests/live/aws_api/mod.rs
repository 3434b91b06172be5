//! AWS's other services, as far as an auditor asks them.

mod account;
mod cloudtrail;
mod organizations;
mod sts;

use std::sync::{Arc, Mutex, MutexGuard};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response, StatusCode};
use s3s::Body;
use serde_json::{Value, json};

pub(crate) use cloudtrail::{CloudTrail, PublicKey, Recorded, RegionAnswer, Trail};
pub(crate) use organizations::{Member, Organization};
pub(crate) use sts::{Role, RoleAnswer, Sts};

use crate::credentials::{Credentials, Refusal, Scope};
use crate::journal::{Journal, Resource};

/// The services, or a handle on them.
#[derive(Clone)]
pub(crate) struct AwsApi {
    state: Arc<Mutex<State>>,
    credentials: Credentials,
    journal: Journal,
}

/// What the services know, for a test to change.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) cloudtrail: CloudTrail,
    /// None: the caller's account is in none.
    pub(crate) organization: Option<Organization>,
    pub(crate) sts: Sts,
    pub(crate) account: account::Account,
}

/// An API that answers in JSON: what it answers, or a status, an error's name and a message.
type Answer = Result<Value, (u16, &'static str, String)>;

impl AwsApi {
    pub(crate) fn new(credentials: &Credentials, journal: Journal) -> AwsApi {
        AwsApi { state: Arc::default(), credentials: credentials.clone(), journal }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let Ok(body) = body.collect().await else { return plain(StatusCode::BAD_REQUEST, "no body") };
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default();
        let scope = match self.credentials.check(&parts.headers) {
            Ok(scope) => scope,
            Err(refusal) => return refused(refusal, Scope::of(&parts.headers)),
        };
        let service = match scope.service.as_str() {
            "sts" => return sts::answer(self, &body, &scope),
            "account" => parts.uri.path().trim_start_matches('/'),
            _ => operation,
        };
        let asked: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
        let answer = match scope.service.as_str() {
            "cloudtrail" => {
                self.journal.write(operation, &format!("cloudtrail:{operation}"), Resource::Any, &scope.region);
                cloudtrail::answer(&mut self.state().cloudtrail, operation, &asked, &scope.region)
            }
            "organizations" => {
                self.journal.write(operation, &format!("organizations:{operation}"), Resource::Any, &scope.region);
                organizations::answer(self.state().organization.as_ref(), operation, &asked)
            }
            "account" => {
                self.journal.write("ListRegions", "account:ListRegions", Resource::Any, &scope.region);
                account::answer(&self.state().account, service, &asked)
            }
            other => Err((400, "UnknownOperationException", format!("no service {other} here"))),
        };
        in_json(answer)
    }
}

/// A page of a list: what begins where the token says, and the token of the next.
fn page<T: Clone>(all: &[T], size: usize, asked: &Value) -> (Vec<T>, Option<String>) {
    let token = asked["NextToken"].as_str().and_then(|token| token.strip_prefix("page-at-"));
    let start: usize = token.and_then(|token| token.parse().ok()).unwrap_or(0);
    let size = if size == 0 { usize::MAX } else { size };
    let end = all.len().min(start.saturating_add(size));
    let next = (end < all.len()).then(|| format!("page-at-{end}"));
    (all.get(start..end).unwrap_or_default().to_vec(), next)
}

fn denied(action: &str) -> (u16, &'static str, String) {
    let message = format!(
        "User: arn:aws:iam::111122223333:user/auditor is not authorized to perform: {action} because no \
         identity-based policy allows the {action} action"
    );
    (400, "AccessDeniedException", message)
}

fn in_json(answer: Answer) -> Response<Body> {
    let (status, kind, body) = match answer {
        Ok(body) => (200, None, body),
        Err((status, kind, message)) => (status, Some(kind), json!({ "__type": kind, "message": message })),
    };
    let mut answer = Response::builder().status(status).header(CONTENT_TYPE, "application/x-amz-json-1.1");
    if let Some(kind) = kind {
        answer = answer.header("x-amzn-errortype", kind);
    }
    answer.body(Body::from(body.to_string())).expect("an answer")
}

/// The answer to whoever may not ask at all.
fn refused(refusal: Refusal, scope: Option<Scope>) -> Response<Body> {
    let (kind, message) = match refusal {
        Refusal::Unsigned => ("MissingAuthenticationTokenException", "Missing Authentication Token"),
        Refusal::Expired => ("ExpiredTokenException", "The security token included in the request is expired"),
        Refusal::UnknownKey | Refusal::WrongToken => {
            ("UnrecognizedClientException", "The security token included in the request is invalid.")
        }
    };
    match scope {
        Some(scope) if scope.service == "sts" => {
            let code = match refusal {
                Refusal::Unsigned => "MissingAuthenticationToken",
                Refusal::Expired => "ExpiredToken",
                Refusal::UnknownKey | Refusal::WrongToken => "InvalidClientTokenId",
            };
            sts::error(StatusCode::FORBIDDEN, code, message)
        }
        _ => in_json(Err((400, kind, message.to_owned()))),
    }
}

fn plain(status: StatusCode, text: &str) -> Response<Body> {
    Response::builder().status(status).body(Body::from(text.to_owned())).expect("an answer")
}
