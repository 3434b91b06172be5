//! The sinks in AWS against answers as AWS gives them, on the loopback. That AWS takes what is sent, moto says.

use std::process::Command;

use serde_json::{Value, json};
use trailseal::monitor::sinks::DeliveryError;
use trailseal::monitor::{Event, EventKind};

use crate::deliver;
use crate::events::{altered, hostile};
use crate::server::{Answer, Received, Server};

/// Credentials are found in the environment, which nothing in a test may change: the test runs itself again with them.
pub(crate) fn with_credentials(test: &str, credentials: bool) -> bool {
    if std::env::var_os("TRAILSEAL_AGAIN").is_some() {
        return true;
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", test, "--nocapture", "--include-ignored"]).env("TRAILSEAL_AGAIN", "1");
    for name in ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"] {
        again.env_remove(name);
    }
    if credentials {
        again.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "kept-secret");
    }
    again.env("AWS_CONFIG_FILE", "none").env("AWS_SHARED_CREDENTIALS_FILE", "none").env("AWS_REGION", "us-west-2");
    again.env("AWS_EC2_METADATA_DISABLED", "true").env("NO_PROXY", "127.0.0.1");
    let run = again.output().unwrap();
    let told = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
    assert!(run.status.success() && told.contains("1 passed"), "{told}");
    false
}

pub(crate) const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:audit";

pub(crate) fn sns(topic: &str, url: &str) -> String {
    format!("[[sink]]\nname = \"x\"\nkind = \"sns\"\ntopic_arn = \"{topic}\"\nendpoint_url = \"{url}\"\n")
}

pub(crate) fn bus(url: &str) -> String {
    format!("[[sink]]\nname = \"x\"\nkind = \"event-bridge\"\nbus = \"audit\"\nendpoint_url = \"{url}\"\n")
}

pub(crate) fn hub(url: &str) -> String {
    let at = "region = \"eu-central-1\"\naccount_id = \"123456789012\"";
    format!("[[sink]]\nname = \"x\"\nkind = \"security-hub\"\n{at}\nendpoint_url = \"{url}\"\n")
}

/// Tells whoever answers so.
async fn told(sink: fn(&str) -> String, status: u16, body: &str) -> (Received, Result<(), DeliveryError>) {
    let server = Server::that(Answer::Says(status, body.to_owned())).await;
    let outcome = deliver(&sink(&server.url()), &altered(EventKind::Opened)).await;
    (server.only(), outcome)
}

fn topic(url: &str) -> String {
    sns(TOPIC, url)
}

fn field(received: &Received, name: &str) -> String {
    let encoded =
        received.body.split('&').find_map(|field| field.strip_prefix(&format!("{name}="))).unwrap_or_default();
    percent_encoding::percent_decode_str(encoded).decode_utf8().unwrap().into_owned()
}

const PUBLISHED: &str = "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";

#[tokio::test]
async fn a_topic_is_sent_what_each_subscription_wants() {
    if !with_credentials("aws::a_topic_is_sent_what_each_subscription_wants", true) {
        return;
    }
    let (received, outcome) = told(topic, 200, PUBLISHED).await;
    outcome.unwrap();
    assert!(received.header("user-agent").starts_with("trailseal/"), "CloudTrail says who it was");
    let authorization = received.header("authorization");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/"), "{authorization}");
    assert!(authorization.contains("/eu-central-1/sns/aws4_request, SignedHeaders=content-type;host;x-amz-date, "));
    assert_eq!((field(&received, "Action"), field(&received, "TopicArn")), ("Publish".to_owned(), TOPIC.to_owned()));
    assert_eq!(field(&received, "Subject"), "trailseal: VIOLATION opened: log-hash-mismatch, target org");
    assert_eq!(field(&received, "MessageAttributes.entry.2.Name"), "code");
    assert_eq!(field(&received, "MessageAttributes.entry.2.Value.StringValue"), "log-hash-mismatch");
    assert_eq!(field(&received, "MessageGroupId"), "");
    let message: Value = serde_json::from_str(&field(&received, "Message")).unwrap();
    let event: Event = serde_json::from_str(message["lambda"].as_str().unwrap()).unwrap();
    assert_eq!(event, altered(EventKind::Opened));
    assert!(message["default"].as_str().unwrap().starts_with("VIOLATION opened: "));

    // In order, and once.
    let (received, _) = told(|url| sns(&format!("{TOPIC}.fifo"), url), 200, PUBLISHED).await;
    assert_eq!(field(&received, "MessageGroupId"), altered(EventKind::Opened).finding_id);
    assert_eq!(field(&received, "MessageDeduplicationId"), altered(EventKind::Opened).id);

    let server = Server::that(Answer::Says(200, PUBLISHED.to_owned())).await;
    deliver(&topic(&server.url()), &hostile()).await.unwrap();
    assert!(field(&server.only(), "Message").len() <= 256 << 10);
}

#[tokio::test]
async fn a_bus_and_security_hub_are_sent_what_they_take() {
    if !with_credentials("aws::a_bus_and_security_hub_are_sent_what_they_take", true) {
        return;
    }
    let (received, outcome) = told(bus, 200, "{\"FailedEntryCount\":0,\"Entries\":[{\"EventId\":\"1\"}]}").await;
    outcome.unwrap();
    assert_eq!(received.header("x-amz-target"), "AWSEvents.PutEvents");
    assert!(
        received.header("authorization").contains("/us-west-2/events/aws4_request"),
        "the region of the environment"
    );
    let sent: Value = serde_json::from_str(&received.body).unwrap();
    let entry = &sent["Entries"][0];
    let said = ["Source", "DetailType", "EventBusName"].map(|name| entry[name].as_str().unwrap());
    assert_eq!(said, ["trailseal", "Trailseal Finding Opened", "audit"]);
    let event: Event = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(event, altered(EventKind::Opened));

    let (received, outcome) = told(hub, 200, "{\"FailedCount\":0,\"SuccessCount\":1,\"FailedFindings\":[]}").await;
    outcome.unwrap();
    assert_eq!(received.path, "/findings/import");
    assert!(received.header("authorization").contains("/eu-central-1/securityhub/aws4_request"));
    let sent: Value = serde_json::from_str(&received.body).unwrap();
    let finding = &sent["Findings"][0];
    assert_eq!(finding["Id"], "trailseal/6f7a3c1e-2b4d-5e6f-8a9b-0c1d2e3f4a5b");
    assert_eq!(finding["Resources"][0]["Region"], "eu-west-1");
    let account = "arn:aws:securityhub:eu-central-1:123456789012:product/123456789012/default";
    assert_eq!((&finding["ProductArn"], &finding["AwsAccountId"]), (&json!(account), &json!("123456789012")));
    assert_eq!((&finding["Compliance"]["Status"], &finding["RecordState"]), (&json!("FAILED"), &json!("ACTIVE")));
    let of_resolved = {
        let server = Server::that(Answer::Says(200, "{\"FailedCount\":0}".to_owned())).await;
        deliver(&hub(&server.url()), &altered(EventKind::Resolved)).await.unwrap();
        serde_json::from_str::<Value>(&server.only().body).unwrap()["Findings"][0].clone()
    };
    assert_eq!(of_resolved["Id"], finding["Id"]);
    let status = (&of_resolved["Compliance"]["Status"], &of_resolved["RecordState"]);
    assert_eq!(status, (&json!("PASSED"), &json!("ARCHIVED")));
    assert_eq!(of_resolved["CreatedAt"], finding["CreatedAt"]);
}

#[tokio::test]
async fn what_aws_refuses_says_what_to_do() {
    if !with_credentials("aws::what_aws_refuses_says_what_to_do", true) {
        return;
    }
    let xml =
        |code: &str| format!("<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>");
    let json = |code: &str| format!("{{\"__type\":\"{code}\",\"message\":\"m\"}}");
    let failed = |code: &str| {
        format!("{{\"FailedEntryCount\":1,\"Entries\":[{{\"ErrorCode\":\"{code}\",\"ErrorMessage\":\"m\"}}]}}")
    };
    let topic: fn(&str) -> String = topic;
    for (sink, status, body, passes, says) in [
        (topic, 403, xml("AuthorizationError"), false, "may not be told (m); allow sns:Publish"),
        (topic, 404, xml("NotFound"), false, "it answered NotFound: m; check topic_arn"),
        (topic, 400, xml("Throttled"), true, "it was asked too often; it is told again later"),
        (
            topic,
            403,
            xml("InvalidClientTokenId"),
            false,
            "the credentials were refused: InvalidClientTokenId: m; check the profile or role",
        ),
        (topic, 403, xml("ExpiredToken"), true, "the credentials were refused: ExpiredToken"),
        (topic, 500, String::new(), true, "it answered HTTP status 500"),
        (topic, 200, "<html>sign in</html>".to_owned(), true, "what answered is not SNS"),
        (bus, 400, json("AccessDeniedException"), false, "allow events:PutEvents on it"),
        (bus, 400, json("ResourceNotFoundException"), false, "check bus and region"),
        (bus, 200, failed("ThrottlingException"), true, "asked too often"),
        (bus, 200, failed("NotAuthorizedForSourceException"), false, "check bus and region"),
        (bus, 200, "<html>sign in</html>".to_owned(), true, "what answered is not AWS"),
        (hub, 403, json("AccessDeniedException"), false, "allow securityhub:BatchImportFindings on it"),
        (
            hub,
            401,
            json("InvalidAccessException"),
            false,
            "check account_id and region, and that Security Hub is on there",
        ),
        (
            hub,
            200,
            "{\"FailedCount\":1,\"FailedFindings\":[{\"ErrorCode\":\"InvalidInput\"}]}".to_owned(),
            false,
            "InvalidInput",
        ),
    ] {
        let (_, outcome) = told(sink, status, &body).await;
        let error = outcome.unwrap_err();
        assert!(error.to_string().contains(says) && error.may_pass() == passes, "{status} {body}: {error:?}");
        assert!(!error.to_string().contains("kept-secret") && !error.to_string().contains("AKIA"), "{error}");
    }
    for answer in [Answer::Hangs, Answer::Stalls(200)] {
        let server = Server::that(answer).await;
        let config = format!("{}timeout_seconds = 1\n", topic(&server.url()));
        let error = deliver(&config, &altered(EventKind::Opened)).await.unwrap_err();
        assert!(error.may_pass() && error.to_string().contains("1 seconds"), "{error}");
    }
    let error = deliver(&topic("http://127.0.0.1:1"), &altered(EventKind::Opened)).await.unwrap_err();
    assert!(error.may_pass() && error.to_string().contains("127.0.0.1:1 could not be reached"), "{error}");
}

#[tokio::test]
async fn without_credentials_nothing_is_sent_and_it_may_pass() {
    if !with_credentials("aws::without_credentials_nothing_is_sent_and_it_may_pass", false) {
        return;
    }
    let server = Server::that(Answer::Says(200, PUBLISHED.to_owned())).await;
    let error = deliver(&topic(&server.url()), &altered(EventKind::Opened)).await.unwrap_err();
    assert!(error.may_pass() && error.to_string().contains("there are no usable AWS credentials"), "{error}");
    assert!(server.received().is_empty());
}
