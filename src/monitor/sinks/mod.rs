//! Whom an event is told to: a webhook, SNS, EventBridge, Security Hub, or a command.
//!
//! A sink delivers one event, once; whether and when to try again is for whoever keeps the events. An error says whether that
//! can help, and what to do. It holds no secret: of a webhook's address, which often is one, only scheme and host are told.
//!
//! `docs/monitor-sinks.md` has the forms in which an event arrives, and the permissions that each sink takes.

mod aws;
mod command;
mod config;
mod event_bridge;
mod message;
mod secret;
mod security_hub;
mod signature;
mod slack;
mod sns;
mod webhook;

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;

pub use self::config::{
    AwsAccess, CommandConfig, EventBridgeConfig, SecurityHubConfig, SinkConfig, SinkKind, SnsConfig, WebhookConfig,
    WebhookFormat,
};
pub use self::message::{headline, text};
pub use self::secret::Secret;
use super::Event;
use crate::aws::AccessOptions;
use crate::report::Told;
use crate::report::escape::is_hidden;
use crate::trail::Time;

/// Somebody to tell.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Its name in the configuration.
    fn name(&self) -> &str;

    /// Delivers one event; an error says whether asking again can help.
    async fn deliver(&self, event: &Event) -> Result<(), DeliveryError>;
}

/// Why an event was not taken, in words without secrets that end in what to do. They may hold what a server or a command said,
/// and are to be escaped for where they go.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// Asked again later, it may be.
    #[error("{0}")]
    Passing(String),
    /// Something that is configured or allowed has to change first.
    #[error("{0}")]
    Lasting(String),
}

impl DeliveryError {
    /// Whether asking again can help by itself.
    pub fn may_pass(&self) -> bool {
        matches!(self, DeliveryError::Passing(_))
    }
}

/// What sinks need beside their configuration.
#[derive(Clone)]
pub struct Surroundings {
    /// How AWS is reached, but for what a sink says otherwise.
    pub access: AccessOptions,
    /// The value of an environment variable, where secrets are.
    pub variable: fn(&str) -> Option<String>,
    /// The clock, for signatures of webhooks.
    pub now: fn() -> Time,
    /// A finding in the form that Security Hub takes: `render::asff_told`. A renderer is a face, which nothing here may name.
    pub asff: fn(&Told<'_>) -> serde_json::Value,
}

/// Why sinks cannot be used as they are configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// A secret is missing.
    #[error(
        "the sink {sink}: the environment variable {variable}, which `{field}` names, is not set; set it where the monitor runs, or leave `{field}` out"
    )]
    NoVariable {
        /// The sink.
        sink: String,
        /// What names the variable.
        field: &'static str,
        /// The variable.
        variable: String,
    },
    /// A secret is no address.
    #[error(
        "the sink {sink}: what the environment variable {variable} holds is no address of a webhook; it begins with https:// or http://, with a host and no password after it"
    )]
    Address {
        /// The sink.
        sink: String,
        /// The variable.
        variable: String,
    },
    /// A name that does not tell which.
    #[error("two sinks are named {0}; give each a name of its own, for what was told is kept under it")]
    Twice(String),
}

/// All sinks of a configuration.
pub struct Sinks(Vec<Opened>);

struct Opened {
    config: SinkConfig,
    sink: Box<dyn Sink>,
}

impl Sinks {
    /// Gets the sinks ready. Nobody is asked anything yet: of AWS, credentials are asked for with the first event, so that a sink
    /// that cannot be reached keeps no run from beginning.
    pub fn open(configs: &[SinkConfig], surroundings: &Surroundings) -> Result<Sinks, SinkError> {
        let mut names = BTreeSet::new();
        if let Some(twice) = configs.iter().find(|config| !names.insert(&config.name)) {
            return Err(SinkError::Twice(twice.name.clone()));
        }
        let opened =
            configs.iter().map(|config| Ok(Opened { config: config.clone(), sink: open(config, surroundings)? }));
        Ok(Sinks(opened.collect::<Result<_, SinkError>>()?))
    }

    /// The one of a name.
    pub fn get(&self, name: &str) -> Option<&dyn Sink> {
        self.0.iter().find(|opened| opened.config.name == name).map(|opened| &*opened.sink)
    }

    /// All of them, as configured.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Sink> {
        self.0.iter().map(|opened| &*opened.sink)
    }
}

fn open(config: &SinkConfig, surroundings: &Surroundings) -> Result<Box<dyn Sink>, SinkError> {
    Ok(match &config.kind {
        SinkKind::Webhook(kind) => Box::new(webhook::Webhook::open(config, kind, surroundings)?),
        SinkKind::Sns(kind) => Box::new(sns::Sns::new(config, kind, surroundings)),
        SinkKind::EventBridge(kind) => Box::new(event_bridge::EventBridge::new(config, kind, surroundings)),
        SinkKind::SecurityHub(kind) => Box::new(security_hub::SecurityHub::new(config, kind, surroundings)),
        SinkKind::Command(kind) => Box::new(command::Command::new(config, kind)),
    })
}

/// As configured, which is without secrets.
impl fmt::Debug for Sinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|opened| &opened.config)).finish()
    }
}

/// The event in JSON, in which nothing acts or hides: what is not plainly visible stands in escapes, as in a report.
fn json(event: &Event) -> Result<String, DeliveryError> {
    let wrong = |error| DeliveryError::Lasting(format!("the event has no form in JSON ({error}); please report this"));
    let text = serde_json::to_string(event).map_err(wrong)?;
    if !text.contains(is_hidden) {
        return Ok(text);
    }
    // Outside of strings there is no such character.
    let escaped = |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
    Ok(text.chars().map(|c| if is_hidden(c) { escaped(c) } else { c.to_string() }).collect())
}
