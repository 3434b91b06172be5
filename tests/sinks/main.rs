//! Sinks of the monitor against real HTTP on the loopback, real programs, and moto, which stands for AWS.
//!
//! The tests with moto and Python are ignored unless asked for: `TRAILSEAL_PYTHON` names a Python that has
//! `tests/sinks/requirements.txt`, and `.ci/run` sees to it.
#![cfg(feature = "monitor")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod aws;
#[cfg(unix)]
mod command;
mod config;
mod docs;
mod events;
mod moto;
mod server;
mod webhook;

use trailseal::aws::AccessOptions;
use trailseal::monitor::Event;
use trailseal::monitor::sinks::{DeliveryError, SinkConfig, SinkError, Sinks, Surroundings};
use trailseal::trail::Time;

/// What is signed is signed at this time.
const NOW: i64 = 1_768_100_700;

/// The secret that is signed with.
const SECRET: &str = "whsec_4b1dTestOnly";

/// The environment: a secret, and an address that no test ever asks.
fn variable(name: &str) -> Option<String> {
    match name {
        "TRAILSEAL_WEBHOOK_SECRET" => Some(SECRET.to_owned()),
        "ON_CALL_URL" => Some("https://hooks.example.org/services/T0AAAAAAA/kept-secret\n".to_owned()),
        "NO_URL" => Some("hooks.example.org/kept-secret".to_owned()),
        "EMPTY" => Some(" ".to_owned()),
        _ => None,
    }
}

fn surroundings() -> Surroundings {
    Surroundings {
        access: AccessOptions::default(),
        variable,
        now: || Time::from_unix(NOW),
        asff: trailseal::render::asff_told,
    }
}

/// A file with sinks and nothing else.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sink: Vec<SinkConfig>,
}

fn configured(text: &str) -> Result<Vec<SinkConfig>, toml::de::Error> {
    toml::from_str::<File>(text).map(|file| file.sink)
}

fn opened(text: &str) -> Result<Sinks, SinkError> {
    Sinks::open(&configured(text).unwrap(), &surroundings())
}

/// Delivers an event to the first sink of a configuration.
async fn deliver(text: &str, event: &Event) -> Result<(), DeliveryError> {
    let sinks = opened(text).unwrap();
    let sink = sinks.iter().next().unwrap();
    sink.deliver(event).await
}
