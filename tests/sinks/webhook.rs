//! Webhooks: what is sent, and what each kind of answer comes to.

use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use trailseal::monitor::sinks::DeliveryError;
use trailseal::monitor::{Event, EventKind};

use crate::events::{altered, hostile};
use crate::server::{Answer, Server};
use crate::{NOW, SECRET, deliver};

/// The path of an address that is a secret.
const PATH: &str = "/services/T0AAAAAAA/kept-secret?token=hidden";

fn webhook(server: &Server, more: &str) -> String {
    format!("[[sink]]\nname = \"on-call\"\nkind = \"webhook\"\nurl = \"{}{PATH}\"\n{more}\n", server.url())
}

async fn told(answer: Answer) -> (Server, Result<(), DeliveryError>) {
    let server = Server::that(answer).await;
    let outcome = deliver(&webhook(&server, "timeout_seconds = 1"), &altered(EventKind::Opened)).await;
    (server, outcome)
}

#[tokio::test]
async fn the_event_arrives_as_it_is_and_signed() {
    let server = Server::that(Answer::Says(200, "ok".to_owned())).await;
    let config = webhook(&server, "hmac_secret_env = \"TRAILSEAL_WEBHOOK_SECRET\"");
    for event in [altered(EventKind::Opened), hostile()] {
        deliver(&config, &event).await.unwrap();
        let received = server.received().pop().unwrap();
        assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", PATH));
        assert_eq!(received.header("content-type"), "application/json");
        assert_eq!(received.header("x-trailseal-event-id"), event.id);
        assert_eq!(serde_json::from_str::<Event>(&received.body).unwrap(), event);
        assert!(!received.body.contains(trailseal::render::escape::is_hidden));
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{NOW}.{}", received.body).as_bytes());
        let expected = format!("t={NOW},v1={}", hex::encode(mac.finalize().into_bytes()));
        assert_eq!(received.header("x-trailseal-signature"), expected);
    }
}

#[tokio::test]
async fn a_message_for_people_arrives_unsigned_where_no_secret_is_named() {
    let server = Server::that(Answer::Says(204, String::new())).await;
    deliver(&webhook(&server, "format = \"slack\""), &altered(EventKind::Reminder)).await.unwrap();
    let received = server.only();
    assert_eq!(received.header("x-trailseal-signature"), "");
    let message: serde_json::Value = serde_json::from_str(&received.body).unwrap();
    assert!(
        message["text"].as_str().unwrap().starts_with("VIOLATION still open: log-hash-mismatch, target org: s3://")
    );
    assert_eq!(message["blocks"][0]["type"], "header");
}

#[tokio::test]
async fn what_is_answered_says_whether_to_ask_again() {
    for status in [408, 425, 429, 500, 502, 503, 504] {
        let (_, outcome) = told(Answer::Says(status, String::new())).await;
        assert!(outcome.as_ref().unwrap_err().may_pass(), "{status}: {outcome:?}");
    }
    for status in [400, 401, 403, 404, 410, 422] {
        let (_, outcome) = told(Answer::Says(status, String::new())).await;
        assert!(!outcome.as_ref().unwrap_err().may_pass(), "{status}: {outcome:?}");
    }
    let (_, outcome) = told(Answer::Says(404, "no_service".to_owned())).await;
    assert!(outcome.unwrap_err().to_string().contains("HTTP status 404 (no_service); it is not there"));
}

#[tokio::test]
async fn no_redirect_is_followed() {
    for status in [301, 302, 303, 307, 308] {
        let (server, outcome) = told(Answer::Elsewhere(status)).await;
        let error = outcome.unwrap_err();
        assert!(!error.may_pass() && error.to_string().contains("is not followed"), "{error}");
        assert_eq!(server.only().path, PATH);
    }
}

#[tokio::test]
async fn nobody_is_waited_for_without_an_end() {
    for answer in [Answer::Hangs, Answer::Stalls(500)] {
        let started = Instant::now();
        let (_, outcome) = told(answer).await;
        let error = outcome.unwrap_err();
        assert!(error.may_pass() && error.to_string().contains("did not answer within 1 seconds"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(10));
    }
    let (_, outcome) = told(Answer::Endless(500)).await;
    assert!(outcome.unwrap_err().to_string().contains("HTTP status 500;"));
    // Whoever says that it was taken has taken it, whatever else it goes on to say.
    for answer in [Answer::Endless(200), Answer::Stalls(200)] {
        let (_, outcome) = told(answer).await;
        outcome.unwrap();
    }
}

#[tokio::test]
async fn nobody_is_there() {
    let server = Server::that(Answer::Hangs).await;
    // Nobody listens at port 1.
    let config = webhook(&server, "").replace(&server.url(), "http://127.0.0.1:1");
    let error = deliver(&config, &altered(EventKind::Opened)).await.unwrap_err();
    assert!(error.may_pass(), "{error}");
    assert!(error.to_string().starts_with("the webhook at http://127.0.0.1:1 cannot be reached: "), "{error}");
}

#[tokio::test]
async fn no_error_holds_the_address() {
    let echoes =
        ["kept-secret", "Cannot POST /services/T0AAAAAAA/kept-secret", "hidden", "unknown service kept-secret"];
    let echoes = echoes.map(|text| Answer::Says(404, text.to_owned()));
    for answer in echoes.into_iter().chain([Answer::Elsewhere(302), Answer::Hangs, Answer::Endless(403)]) {
        let (server, outcome) = told(answer.clone()).await;
        let error = outcome.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(&server.url()), "{shown}");
        assert!(!shown.contains("secret") || shown.contains("its secret"), "{answer:?}: {shown}");
        assert!(!shown.contains("kept-secret") && !shown.contains("hidden") && !shown.contains("T0A"), "{shown}");
    }
}
