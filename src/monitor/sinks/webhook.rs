//! An event POSTed to an address.
//!
//! The address is a secret as often as not, and so is told of by scheme and host alone; and of what the other side answers, only
//! plain words are repeated, for it may repeat the address.

use std::fmt;

use async_trait::async_trait;

use super::config::{SinkConfig, WebhookConfig, WebhookFormat, origin};
use super::{DeliveryError, Secret, Sink, SinkError, Surroundings, json, signature, slack};
use crate::aws::{Http, HttpError, USER_AGENT, host_of};
use crate::monitor::Event;
use crate::trail::Time;

/// A webhook.
pub(super) struct Webhook {
    name: String,
    url: Secret,
    format: WebhookFormat,
    secret: Option<Secret>,
    now: fn() -> Time,
    http: Http,
}

impl Webhook {
    /// Reads the secrets that the configuration names.
    pub(super) fn open(
        config: &SinkConfig,
        webhook: &WebhookConfig,
        surroundings: &Surroundings,
    ) -> Result<Webhook, SinkError> {
        let read = |field: &'static str, variable: &Option<String>| {
            let Some(variable) = variable else { return Ok(None) };
            let value = (surroundings.variable)(variable).filter(|value| !value.trim().is_empty());
            let missing = || SinkError::NoVariable { sink: config.name.clone(), field, variable: variable.clone() };
            value.map(|value| Secret::new(value.trim())).map(Some).ok_or_else(missing)
        };
        let secret = read("hmac_secret_env", &webhook.hmac_secret_env)?;
        let url = webhook.url.clone().or(read("url_env", &webhook.url_env)?);
        let variable = webhook.url_env.clone().unwrap_or_default();
        let address = SinkError::Address { sink: config.name.clone(), variable };
        let url = url.filter(|url| host_of(url.reveal()).is_some()).ok_or(address)?;
        Ok(Webhook {
            name: config.name.clone(),
            url,
            format: webhook.format,
            secret,
            now: surroundings.now,
            http: Http::new(config.timeout),
        })
    }

    fn origin(&self) -> String {
        origin(self.url.reveal())
    }

    fn unanswered(&self, error: HttpError) -> DeliveryError {
        let origin = self.origin();
        match error {
            HttpError::Request => DeliveryError::Lasting(format!(
                "the webhook at {origin} cannot be asked, for its address is none; check it"
            )),
            HttpError::Unreachable(why) => DeliveryError::Passing(format!(
                "the webhook at {origin} cannot be reached: {why}; check its address, the network and the proxy"
            )),
            HttpError::Late(patience) => DeliveryError::Passing(format!(
                "the webhook at {origin} did not answer within {} seconds; if it is always so slow, raise timeout_seconds",
                patience.as_secs()
            )),
        }
    }

    fn refused(&self, status: u16, body: &[u8]) -> DeliveryError {
        let said = self.plain_words(body).map(|words| format!(" ({words})")).unwrap_or_default();
        let told = format!("the webhook at {} answered with HTTP status {status}{said}", self.origin());
        match status {
            300..=399 => DeliveryError::Lasting(format!(
                "{told}, which leads elsewhere, and is not followed; give the address that it leads to"
            )),
            401 | 403 => DeliveryError::Lasting(format!(
                "{told}; check its address and its secret, and whether it takes such messages"
            )),
            404 | 410 => DeliveryError::Lasting(format!("{told}; it is not there, or no more: give its address anew")),
            408 | 425 | 429 | 500..=599 => DeliveryError::Passing(format!("{told}; it may take it later")),
            _ => DeliveryError::Lasting(format!("{told}; check its address and `format`")),
        }
    }

    /// What the other side says, if it is a few words, none of which is in the address.
    fn plain_words(&self, body: &[u8]) -> Option<String> {
        let words = std::str::from_utf8(body).ok()?.trim();
        let plain = |b: u8| b.is_ascii_alphabetic() || b" _.,:-".contains(&b);
        let secrets = self.url.reveal().split(['/', '?', '&', '=', '#']).skip(3);
        let repeats = secrets.filter(|part| part.len() > 2).any(|part| words.contains(part));
        let few = !words.is_empty() && words.len() <= FEW_WORDS && words.bytes().all(plain);
        (few && !repeats).then(|| words.to_owned())
    }
}

#[async_trait]
impl Sink for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, event: &Event) -> Result<(), DeliveryError> {
        let body = match self.format {
            WebhookFormat::Json => json(event)?,
            WebhookFormat::Slack => slack::message(event),
        };
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), USER_AGENT.to_owned()),
            ("x-trailseal-event-id".to_owned(), event.id.clone()),
        ];
        if let Some(secret) = &self.secret {
            headers.push((signature::HEADER.to_owned(), signature::of(secret.reveal(), (self.now)(), &body)));
        }
        // Whoever says that it was taken need say no more.
        let read = |status| if (200..300).contains(&status) { 0 } else { ANSWER_BYTES };
        let answer = self.http.post(self.url.reveal(), &headers, body.into_bytes(), read).await;
        let answer = answer.map_err(|error| self.unanswered(error))?;
        if (200..300).contains(&answer.status) { Ok(()) } else { Err(self.refused(answer.status, &answer.body)) }
    }
}

/// Without its address and its secret.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("name", &self.name).field("at", &self.origin()).finish_non_exhaustive()
    }
}

/// What is read of an answer that refuses.
const ANSWER_BYTES: usize = 4 << 10;

/// Bytes of an answer that is repeated.
const FEW_WORDS: usize = 100;
