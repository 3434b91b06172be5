//! Whoever answers in AWS's place: HTTP/1.1 on a free port of the loopback, one closure that answers, and a note of all that was
//! asked.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A question, as it went over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// The permission that it takes.
    pub(crate) action: String,
    /// The region that it was signed for.
    pub(crate) region: String,
    /// The account that the bucket must belong to.
    pub(crate) owner: String,
    pub(crate) body: String,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A status, a header, and a body.
    Says(u16, (&'static str, String), String),
    /// Nothing, ever.
    Hangs,
}

type Answering = dyn Fn(&Question) -> Answer + Send + Sync;

pub(crate) struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Question>>>,
    gate: Arc<Gate>,
}

/// Questions of what buckets are like are answered once so many wait.
struct Gate {
    until: usize,
    waiting: watch::Sender<usize>,
    most: watch::Sender<usize>,
}

impl Server {
    pub(crate) async fn that(answers: impl Fn(&Question) -> Answer + Send + Sync + 'static) -> Server {
        Server::held(0, answers).await
    }

    /// The first questions of what buckets are like are held back until so many wait.
    pub(crate) async fn held(until: usize, answers: impl Fn(&Question) -> Answer + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let gate = Arc::new(Gate { until, waiting: watch::Sender::default(), most: watch::Sender::default() });
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Server { url, asked: Arc::default(), gate: Arc::clone(&gate) };
        let (answers, asked): (Arc<Answering>, _) = (Arc::new(answers), Arc::clone(&server.asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answers, asked, gate) = (Arc::clone(&answers), Arc::clone(&asked), Arc::clone(&gate));
                tokio::spawn(async move {
                    let service = service_fn(|request| respond(request, &*answers, &asked, &gate));
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// How many questions of what buckets are like waited at once, at most.
    pub(crate) fn most_waiting(&self) -> usize {
        *self.gate.most.borrow()
    }

    pub(crate) fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }

    /// The regions that were asked something, sorted, each as often as it was.
    pub(crate) fn regions(&self, action: &str) -> Vec<String> {
        let asked = self.asked().into_iter().filter(|question| question.action == action);
        let mut regions: Vec<String> = asked.map(|question| question.region).collect();
        regions.sort();
        regions
    }
}

async fn respond(
    request: Request<Incoming>,
    answers: &Answering,
    asked: &Mutex<Vec<Question>>,
    gate: &Gate,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // AWS4-HMAC-SHA256 Credential=KEY/DAY/REGION/SERVICE/aws4_request, ...
    let scope: Vec<&str> = header("authorization").split(',').next().unwrap().split('/').collect();
    let [_, _, region, service, _] = scope[..] else { panic!("it was not signed: {:?}", parts.headers) };
    let question = Question {
        action: action(
            service,
            parts.method.as_str(),
            parts.uri.path(),
            parts.uri.query(),
            header("x-amz-target"),
            &body,
        ),
        region: region.to_owned(),
        owner: header("x-amz-expected-bucket-owner").to_owned(),
        body,
    };
    asked.lock().unwrap().push(question.clone());
    if question.action.starts_with("s3:GetBucket") {
        gate.pass().await;
    }
    match answers(&question) {
        Answer::Hangs => std::future::pending().await,
        Answer::Says(status, (name, value), body) => {
            let body = if parts.method == "HEAD" { String::new() } else { body };
            Ok(Response::builder().status(status).header(name, value).body(Full::from(body)).unwrap())
        }
    }
}

impl Gate {
    async fn pass(&self) {
        /// Whoever gives up no longer waits.
        struct Waits<'a>(&'a Gate);
        impl Drop for Waits<'_> {
            fn drop(&mut self) {
                self.0.waiting.send_modify(|waiting| *waiting -= 1);
            }
        }
        self.waiting.send_modify(|waiting| *waiting += 1);
        let _waits = Waits(self);
        let now = *self.waiting.borrow();
        self.most.send_if_modified(|most| std::mem::replace(most, now.max(*most)) < now);
        self.most.subscribe().wait_for(|most| *most >= self.until).await.unwrap();
        // Whoever asks more than that has the time to.
        for _ in 0..if self.until > 0 { TURNS } else { 0 } {
            tokio::task::yield_now().await;
        }
    }
}

/// What comes over the loopback meanwhile is taken, on the one thread that there is.
const TURNS: usize = 2_000;

/// The permission that a request takes, by the service authorization reference.
fn action(service: &str, method: &str, path: &str, query: Option<&str>, target: &str, body: &str) -> String {
    let of_form = || body.strip_prefix("Action=").and_then(|form| form.split('&').next()).unwrap_or_default();
    let operation = match service {
        "cloudtrail" | "kms" | "organizations" => target.rsplit('.').next().unwrap(),
        "account" if path == "/listRegions" => "ListRegions",
        "sts" | "sns" => of_form(),
        "s3" if path == "/v20180820/configuration/publicAccessBlock" => "GetAccountPublicAccessBlock",
        "s3" if method == "HEAD" => "ListBucket",
        "s3" => match query.unwrap_or_default().split(['&', '=']).next().unwrap() {
            "publicAccessBlock" => "GetBucketPublicAccessBlock",
            "policyStatus" => "GetBucketPolicyStatus",
            "policy" => "GetBucketPolicy",
            "acl" => "GetBucketAcl",
            "ownershipControls" => "GetBucketOwnershipControls",
            "versioning" => "GetBucketVersioning",
            "object-lock" => "GetBucketObjectLockConfiguration",
            "lifecycle" => "GetLifecycleConfiguration",
            "logging" => "GetBucketLogging",
            "encryption" => "GetEncryptionConfiguration",
            "replication" => "GetReplicationConfiguration",
            other => panic!("{method} {path}?{other}"),
        },
        other => panic!("{other}: {method} {path}"),
    };
    format!("{service}:{operation}")
}

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const TRAIL: &str = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit";

/// A code and a message, in the form of the service that is asked.
pub(crate) fn error(question: &Question, status: u16, code: &str, message: &str) -> Answer {
    let (service, _) = question.action.split_once(':').unwrap();
    let body = match service {
        "s3" => format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"),
        "sts" | "sns" => {
            format!("<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>")
        }
        _ => json!({ "__type": code, "message": message }).to_string(),
    };
    Answer::Says(status, ("content-type", "x".to_owned()), body)
}

/// As each service refuses whoever may not ask.
pub(crate) fn denied(question: &Question) -> Answer {
    let message = format!("User: arn:aws:iam::{ACCOUNT}:user/u is not authorized to perform: {}", question.action);
    match question.action.split_once(':').unwrap().0 {
        "s3" => error(question, 403, "AccessDenied", "Access Denied"),
        "sns" => error(question, 403, "AuthorizationError", &message),
        "account" => error(question, 403, "AccessDeniedException", &message),
        _ => error(question, 400, "AccessDeniedException", &message),
    }
}

pub(crate) fn says(body: &Value) -> Answer {
    Answer::Says(200, ("content-type", "application/x-amz-json-1.1".to_owned()), body.to_string())
}

pub(crate) fn xml(body: &str) -> Answer {
    Answer::Says(200, ("content-type", "text/xml".to_owned()), body.to_owned())
}

/// Who asks, which nobody can be forbidden to know.
pub(crate) fn identity(question: &Question) -> Option<Answer> {
    (question.action == "sts:GetCallerIdentity").then(|| {
        xml(&format!(
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::{ACCOUNT}:assumed-role/r/s</Arn>\
             <UserId>x</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
        ))
    })
}

/// A trail with a key and a topic.
pub(crate) fn trail(arn: &str, bucket: &str) -> Value {
    let home = arn.split(':').nth(3).unwrap();
    json!({
        "Name": arn.rsplit('/').next().unwrap(), "TrailARN": arn, "HomeRegion": home, "S3BucketName": bucket,
        "IsMultiRegionTrail": true, "LogFileValidationEnabled": true, "IncludeGlobalServiceEvents": true,
        "IsOrganizationTrail": false, "KmsKeyId": format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"),
        "SnsTopicARN": format!("arn:aws:sns:eu-west-2:{ACCOUNT}:topic"),
    })
}

/// The same, where trails are asked for.
pub(crate) fn trails(question: &Question) -> Option<Answer> {
    let list = || says(&json!({ "trailList": [trail(TRAIL, "logs")] }));
    (question.action == "cloudtrail:DescribeTrails").then(list)
}

/// Everything is allowed, and says the least that AWS says.
pub(crate) fn granted(question: &Question) -> Answer {
    let empty = |root: &str| xml(&format!("<{root}></{root}>"));
    if let Some(answer) = identity(question).or_else(|| trails(question)) {
        return answer;
    }
    match question.action.as_str() {
        "account:ListRegions" => says(&json!({ "Regions": [
            { "RegionName": "eu-central-1", "RegionOptStatus": "ENABLED_BY_DEFAULT" },
            { "RegionName": "us-east-1", "RegionOptStatus": "ENABLED_BY_DEFAULT" },
        ]})),
        "organizations:DescribeOrganization" => says(&json!({ "Organization": { "MasterAccountId": "999999999999" } })),
        "cloudtrail:GetTrailStatus" => says(&json!({ "IsLogging": true, "LatestDeliveryError": "" })),
        "cloudtrail:GetEventSelectors" => says(&json!({ "TrailARN": TRAIL, "EventSelectors": [] })),
        "cloudtrail:LookupEvents" => says(&json!({ "Events": [] })),
        "cloudtrail:GetInsightSelectors" => error(question, 400, "InsightNotEnabledException", "not enabled"),
        "kms:DescribeKey" => {
            let arn = format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/k");
            says(
                &json!({ "KeyMetadata": { "KeyId": "k", "Arn": arn, "KeyState": "Enabled", "KeyManager": "CUSTOMER" } }),
            )
        }
        "kms:GetKeyPolicy" => says(&json!({ "Policy": "{}" })),
        "kms:GetKeyRotationStatus" => says(&json!({ "KeyRotationEnabled": true })),
        "sns:GetTopicAttributes" => xml(
            "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes></Attributes></GetTopicAttributesResult>\
             </GetTopicAttributesResponse>",
        ),
        "s3:GetAccountPublicAccessBlock" => xml(
            "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>",
        ),
        "s3:ListBucket" => Answer::Says(200, ("x-amz-bucket-region", "ap-south-1".to_owned()), String::new()),
        "s3:GetBucketPublicAccessBlock" => error(question, 404, "NoSuchPublicAccessBlockConfiguration", "none"),
        "s3:GetBucketPolicyStatus" | "s3:GetBucketPolicy" => error(question, 404, "NoSuchBucketPolicy", "none"),
        "s3:GetBucketAcl" => xml("<AccessControlPolicy><Owner><ID>o</ID></Owner><AccessControlList><Grant><Grantee \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>o</ID></Grantee>\
             <Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>"),
        "s3:GetBucketOwnershipControls" => error(question, 404, "OwnershipControlsNotFoundError", "none"),
        "s3:GetBucketVersioning" => empty("VersioningConfiguration"),
        "s3:GetBucketObjectLockConfiguration" => error(question, 404, "ObjectLockConfigurationNotFoundError", "none"),
        "s3:GetLifecycleConfiguration" => error(question, 404, "NoSuchLifecycleConfiguration", "none"),
        "s3:GetBucketLogging" => empty("BucketLoggingStatus"),
        "s3:GetEncryptionConfiguration" => {
            error(question, 404, "ServerSideEncryptionConfigurationNotFoundError", "none")
        }
        "s3:GetReplicationConfiguration" => error(question, 404, "ReplicationConfigurationNotFoundError", "none"),
        other => panic!("{other}"),
    }
}
