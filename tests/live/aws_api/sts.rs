//! STS: who asks, and roles to be assumed.

use hyper::header::CONTENT_TYPE;
use hyper::{Response, StatusCode};
use s3s::Body;

use super::AwsApi;
use crate::credentials::Scope;
use crate::encoding::{value, xml_escaped};
use crate::journal::Resource;

/// What STS knows.
#[derive(Default)]
pub(crate) struct Sts {
    /// The caller's account.
    pub(crate) account: String,
    pub(crate) roles: Vec<Role>,
}

/// A role that can be assumed.
#[derive(Clone)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) external_id: Option<String>,
    pub(crate) answer: RoleAnswer,
}

/// What comes of assuming a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoleAnswer {
    Lent,
    Denied,
    Expired,
}

pub(super) fn answer(api: &AwsApi, form: &str, scope: &Scope) -> Response<Body> {
    let operation = value(form, "Action").unwrap_or_default();
    api.journal.write(&operation, &format!("sts:{operation}"), Resource::Any, &scope.region);
    match operation.as_str() {
        "GetCallerIdentity" => {
            let account = api.state().sts.account.clone();
            let id = &scope.access_key;
            xml(
                StatusCode::OK,
                &format!(
                    "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult>\
                     <Arn>arn:aws:iam::{account}:user/auditor</Arn><UserId>{id}</UserId><Account>{account}</Account>\
                     </GetCallerIdentityResult>{METADATA}</GetCallerIdentityResponse>"
                ),
            )
        }
        "AssumeRole" => assume_role(api, form),
        other => error(StatusCode::BAD_REQUEST, "InvalidAction", &format!("Could not find operation {other}")),
    }
}

fn assume_role(api: &AwsApi, form: &str) -> Response<Body> {
    let arn = value(form, "RoleArn").unwrap_or_default();
    let external_id = value(form, "ExternalId");
    let session = value(form, "RoleSessionName").unwrap_or_default();
    let role = api.state().sts.roles.iter().find(|role| role.arn == arn && role.external_id == external_id).cloned();
    match role.map(|role| role.answer) {
        Some(RoleAnswer::Lent) => {}
        Some(RoleAnswer::Expired) => {
            let message = "The security token included in the request is expired";
            return error(StatusCode::FORBIDDEN, "ExpiredToken", message);
        }
        Some(RoleAnswer::Denied) | None => {
            let message = format!(
                "User: arn:aws:iam::111122223333:user/auditor is not authorized to perform: sts:AssumeRole on \
                 resource: {arn}"
            );
            return error(StatusCode::FORBIDDEN, "AccessDenied", &message);
        }
    }
    let (access_key, issued) = api.credentials.lend();
    let token = issued.session_token.unwrap_or_default();
    xml(
        StatusCode::OK,
        &format!(
            "<AssumeRoleResponse xmlns=\"{NAMESPACE}\"><AssumeRoleResult><AssumedRoleUser>\
             <AssumedRoleId>AROAEXAMPLE:{session}</AssumedRoleId><Arn>{arn}/{session}</Arn></AssumedRoleUser>\
             <Credentials><AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>\
             <SessionToken>{token}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
             </AssumeRoleResult>{METADATA}</AssumeRoleResponse>",
            issued.secret
        ),
    )
}

pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    xml(
        status,
        &format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{}</Message>\
             </Error><RequestId>request</RequestId></ErrorResponse>",
            xml_escaped(message)
        ),
    )
}

fn xml(status: StatusCode, text: &str) -> Response<Body> {
    let answer = Response::builder().status(status).header(CONTENT_TYPE, "text/xml");
    answer.body(Body::from(text.to_owned())).expect("an answer")
}

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const METADATA: &str = "<ResponseMetadata><RequestId>request</RequestId></ResponseMetadata>";
