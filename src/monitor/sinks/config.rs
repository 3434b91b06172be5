//! Sinks as they are configured: a `[[sink]]` of the monitor's file.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::Secret;
use super::aws::region_of;
use crate::aws::host_of;
use crate::finding::Severity;
use crate::monitor::state::Listener;
use crate::trail::{is_account_id, is_region};

/// One sink: what all have, and what its kind has. Nothing in it is a secret that is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkConfig {
    /// Its name, under which is kept what it was told: changed, it is another sink.
    pub name: String,
    /// The least severe finding that it is told of; `unproven`, if nothing else is said.
    pub severity: Severity,
    /// The targets that it is told of; none for all.
    pub targets: Vec<String>,
    /// How long one delivery may take: `timeout_seconds`, 10 if nothing else is said.
    pub timeout: Duration,
    /// `kind`, and what comes with it.
    pub kind: SinkKind,
}

/// What a sink is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SinkKind {
    /// An address that events are POSTed to.
    Webhook(WebhookConfig),
    /// A topic of Amazon SNS.
    Sns(SnsConfig),
    /// An event bus of Amazon EventBridge.
    EventBridge(EventBridgeConfig),
    /// AWS Security Hub.
    SecurityHub(SecurityHubConfig),
    /// A program that is run.
    Command(CommandConfig),
}

/// An address that events are POSTed to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// The address, if it is no secret.
    pub url: Option<Secret>,
    /// The environment variable that holds the address.
    pub url_env: Option<String>,
    /// What is sent.
    #[serde(default)]
    pub format: WebhookFormat,
    /// The environment variable that holds the secret that what is sent is signed with.
    pub hmac_secret_env: Option<String>,
}

/// What a webhook is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookFormat {
    /// The event as it is.
    #[default]
    Json,
    /// A message for people, as Slack and what is compatible with it take it.
    Slack,
}

/// A topic of Amazon SNS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnsConfig {
    /// The topic's ARN, which names its region, too.
    pub topic_arn: String,
    /// Another endpoint than AWS's own.
    pub endpoint_url: Option<String>,
    /// Under other credentials than the monitor's.
    pub access: Option<AwsAccess>,
}

/// An event bus of Amazon EventBridge.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventBridgeConfig {
    /// The bus: its name, or its ARN.
    #[serde(default = "default_bus")]
    pub bus: String,
    /// Its region; if nothing is said, the one in its ARN, else the one of the credentials.
    pub region: Option<String>,
    /// Another endpoint than AWS's own.
    pub endpoint_url: Option<String>,
    /// Under other credentials than the monitor's.
    pub access: Option<AwsAccess>,
}

/// AWS Security Hub in one account and region.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityHubConfig {
    /// The account that findings are imported into, which is the one of the credentials.
    pub account_id: String,
    /// The region that they are imported into.
    pub region: String,
    /// Another endpoint than AWS's own.
    pub endpoint_url: Option<String>,
    /// Under other credentials than the monitor's.
    pub access: Option<AwsAccess>,
}

/// Other credentials than the monitor's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsAccess {
    /// A profile of the shared configuration files.
    pub profile: Option<String>,
    /// A role to take on.
    pub assume_role: Option<String>,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
}

/// A program that is run for each event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandConfig {
    /// The program and its arguments. No shell is between: nothing in it is expanded.
    pub command: Vec<String>,
}

/// What all kinds have.
#[derive(Deserialize)]
struct Common {
    name: String,
    #[serde(default = "default_severity")]
    severity: Severity,
    #[serde(default)]
    targets: Vec<String>,
    #[serde(default = "default_timeout")]
    timeout_seconds: u64,
}

impl<'de> Deserialize<'de> for SinkConfig {
    /// A field that is in neither part is refused. The two are taken apart by hand: serde refuses nothing in what it flattens.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SinkConfig, D::Error> {
        let mut kind = toml::Table::deserialize(deserializer)?;
        let common: toml::Table = COMMON.iter().filter_map(|name| kind.remove_entry(*name)).collect();
        let common: Common = common.try_into().map_err(of_toml)?;
        let of_sink = |why: String| D::Error::custom(format!("the sink `{}`: {why}", common.name));
        let kind: SinkKind = kind.try_into().map_err(|error| of_sink(words(&error)))?;
        let config = SinkConfig {
            timeout: Duration::from_secs(common.timeout_seconds),
            severity: common.severity,
            targets: common.targets.clone(),
            name: common.name.clone(),
            kind,
        };
        config.check().map_err(of_sink)?;
        Ok(config)
    }
}

fn of_toml<E: serde::de::Error>(error: toml::de::Error) -> E {
    E::custom(words(&error))
}

/// What is wrong, without the line that it is in: that may hold a secret.
fn words(error: &toml::de::Error) -> String {
    error.message().to_owned()
}

// -- What is wanted, and what is said of it ---------------------------------------------------------------------------

impl SinkConfig {
    /// Of what it is told.
    pub fn listener(&self) -> Listener {
        Listener { sink: self.name.clone(), severity: self.severity, targets: self.targets.clone() }
    }

    /// The sink in a line, without secrets.
    pub fn describe(&self) -> String {
        let severity = match self.severity {
            Severity::Violation => "violations",
            Severity::Unproven => "violations and what is unproven",
            Severity::Note => "every finding",
        };
        let targets = if self.targets.is_empty() { "all targets".to_owned() } else { self.targets.join(", ") };
        let (name, kind, seconds) = (&self.name, self.kind.describe(), self.timeout.as_secs());
        format!("{name}: {kind}; told of {severity}, of {targets}; {seconds} s for each delivery")
    }

    fn check(&self) -> Result<(), String> {
        if self.name.is_empty() || self.name.len() > LONGEST_NAME || self.name.chars().any(char::is_control) {
            return Err(format!("a name has 1 to {LONGEST_NAME} bytes, and no control characters"));
        }
        if !(1..=LONGEST_TIMEOUT).contains(&self.timeout.as_secs()) {
            return Err(format!("timeout_seconds is between 1 and {LONGEST_TIMEOUT}"));
        }
        self.kind.check()
    }
}

impl SinkKind {
    fn describe(&self) -> String {
        match self {
            SinkKind::Webhook(webhook) => webhook.describe(),
            SinkKind::Sns(sns) => format!("SNS topic {}{}", sns.topic_arn, by(&sns.access, &sns.endpoint_url)),
            SinkKind::EventBridge(config) => {
                let region = config.region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
                format!("EventBridge bus {}{region}{}", config.bus, by(&config.access, &config.endpoint_url))
            }
            SinkKind::SecurityHub(hub) => {
                let SecurityHubConfig { account_id, region, access, endpoint_url } = hub;
                format!("Security Hub of {account_id} in {region}{}", by(access, endpoint_url))
            }
            // Arguments can be secrets.
            SinkKind::Command(CommandConfig { command }) => match command.len().saturating_sub(1) {
                0 => format!("command {}", command.concat()),
                more => format!("command {} with {more} arguments", command[0]),
            },
        }
    }

    fn check(&self) -> Result<(), String> {
        match self {
            SinkKind::Webhook(webhook) => webhook.check(),
            SinkKind::Sns(sns) => {
                let parts: Vec<&str> = sns.topic_arn.split(':').collect();
                let is_topic = matches!(parts[..], ["arn", _, "sns", region, account, topic]
                    if is_region(region) && is_account_id(account) && !topic.is_empty());
                let wrong = "topic_arn is the ARN of a topic, such as arn:aws:sns:eu-central-1:111122223333:audit";
                if is_topic { check_aws(&sns.access, &sns.endpoint_url) } else { Err(wrong.to_owned()) }
            }
            SinkKind::EventBridge(config) => {
                let plain = |b: u8| b.is_ascii_alphanumeric() || b"/.-_:".contains(&b);
                let named = !config.bus.is_empty() && config.bus.bytes().all(plain);
                if !named || config.bus.contains(':') && region_of(&config.bus, "events").is_none() {
                    return Err("bus is the name of an event bus, or its ARN".to_owned());
                }
                check_region(config.region.as_deref())?;
                check_aws(&config.access, &config.endpoint_url)
            }
            SinkKind::SecurityHub(hub) => {
                if !is_account_id(&hub.account_id) {
                    return Err("account_id has twelve digits".to_owned());
                }
                check_region(Some(&hub.region))?;
                check_aws(&hub.access, &hub.endpoint_url)
            }
            SinkKind::Command(CommandConfig { command }) => {
                let named = command.first().is_some_and(|program| !program.is_empty());
                let wrong = "command is a list: a program, and its arguments";
                if named { Ok(()) } else { Err(wrong.to_owned()) }
            }
        }
    }
}

impl WebhookConfig {
    fn describe(&self) -> String {
        let format = match self.format {
            WebhookFormat::Json => "the event as JSON",
            WebhookFormat::Slack => "a message as Slack takes it",
        };
        let to = match (&self.url, &self.url_env) {
            (Some(url), _) => origin(url.reveal()),
            (None, Some(variable)) => format!("the address in {variable}"),
            (None, None) => "nowhere".to_owned(),
        };
        let signed = if self.hmac_secret_env.is_some() { ", signed" } else { "" };
        format!("webhook at {to}, {format}{signed}")
    }

    fn check(&self) -> Result<(), String> {
        match (&self.url, &self.url_env) {
            (Some(_), Some(_)) | (None, None) => Err("a webhook has either `url` or `url_env`".to_owned()),
            (Some(url), None) if host_of(url.reveal()).is_none() => {
                Err("url begins with https:// or http://, with a host and no password after it".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Scheme and host: the rest of a webhook's address often is a secret.
pub(super) fn origin(url: &str) -> String {
    let scheme = if url.starts_with("https://") { "https" } else { "http" };
    format!("{scheme}://{}", host_of(url).unwrap_or("?"))
}

fn by(access: &Option<AwsAccess>, endpoint: &Option<String>) -> String {
    let AwsAccess { profile, assume_role, .. } = access.clone().unwrap_or_default();
    let profile = profile.map(|profile| format!(", with the profile {profile}"));
    let role = assume_role.map(|role| format!(", with the role {role}"));
    let endpoint = endpoint.as_deref().map(|url| format!(", at {}", origin(url)));
    [profile, role, endpoint].into_iter().flatten().collect()
}

fn check_region(region: Option<&str>) -> Result<(), String> {
    let wrong = || "region is the name of a region, such as eu-central-1".to_owned();
    region.is_none_or(is_region).then_some(()).ok_or_else(wrong)
}

fn check_aws(access: &Option<AwsAccess>, endpoint: &Option<String>) -> Result<(), String> {
    if endpoint.as_deref().is_some_and(|url| host_of(url).is_none()) {
        return Err("endpoint_url begins with https:// or http://, with a host and no password after it".to_owned());
    }
    let alone = access.as_ref().is_some_and(|access| access.external_id.is_some() && access.assume_role.is_none());
    if alone { Err("external_id is for a role: name it with assume_role".to_owned()) } else { Ok(()) }
}

fn default_severity() -> Severity {
    Severity::Unproven
}

fn default_timeout() -> u64 {
    10
}

fn default_bus() -> String {
    "default".to_owned()
}

/// The fields that all kinds have.
const COMMON: [&str; 4] = ["name", "severity", "targets", "timeout_seconds"];

/// Bytes of a name.
const LONGEST_NAME: usize = 100;

/// Seconds. A run waits for its deliveries.
const LONGEST_TIMEOUT: u64 = 300;
