//! Credentials, endpoints and time limits, settled once for a run.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation, StalledStreamProtectionConfig};
use aws_smithy_http_client::ConnectorBuilder;
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};

use super::failure::{told, without_secrets};
use super::http;
use super::pace::Pace;

/// How AWS is to be reached. What is not given is taken from where the AWS CLI takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessOptions {
    /// A profile of the shared configuration files, whose credentials alone are used.
    pub profile: Option<String>,
    /// The region to begin in, where neither the environment nor the profile names one.
    pub region: Option<String>,
    /// One endpoint for every service, in place of AWS's own.
    pub endpoint_url: Option<String>,
    /// A role to take on.
    pub assume_role: Option<AssumedRole>,
    /// Endpoints with FIPS 140 validated cryptography.
    pub fips: bool,
    /// Endpoints that also speak IPv6.
    pub dual_stack: bool,
    /// Whether the caller pays for requests to buckets that ask for it.
    pub request_payer: bool,
    /// The account that the bucket must belong to, else every request is refused.
    pub expected_bucket_owner: Option<String>,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long an answer, or the next piece of one, may take.
    pub read_timeout: Duration,
    /// How often a request to S3 is made before it is given up.
    pub attempts: u32,
    /// How many requests to S3 may be under way at once.
    pub concurrency: usize,
}

/// A role to take on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedRole {
    /// Its ARN.
    pub arn: String,
    /// The external id that its trust policy asks for.
    pub external_id: Option<String>,
    /// The name under which CloudTrail will record what is done.
    pub session_name: String,
}

/// Access to AWS under one set of credentials.
#[derive(Clone, Debug)]
pub struct Access {
    config: SdkConfig,
    options: Arc<AccessOptions>,
}

/// Why AWS cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// There are no credentials, or they are no longer good.
    #[error(
        "there are no usable AWS credentials: {0}; `aws sts get-caller-identity` with the same profile tells more (sign in again with `aws sso login` or `aws login`, name a profile with --profile, or set AWS_PROFILE)"
    )]
    Credentials(String),
    /// The role could not be taken on.
    #[error(
        "the role {role} could not be taken on: {why}; check its ARN, its trust policy and --external-id, and that the caller may use sts:AssumeRole on it"
    )]
    Role {
        /// Its ARN.
        role: String,
        /// AWS's own words.
        why: String,
    },
}

/// The configuration of a client of the SDK: each has a type of its own. It asks once, and where an endpoint was named, it
/// asks there, whatever the environment says.
macro_rules! settled {
    ($sdk:ident, $access:expr, $region:expr) => {{
        let mut config = $sdk::config::Builder::from(&$access.config)
            .region($sdk::config::Region::new($region.to_owned()))
            .retry_config(RetryConfig::disabled());
        if let Some(url) = &$access.options.endpoint_url {
            config.set_endpoint_url(Some(url.clone()));
        }
        config
    }};
}

impl Default for AccessOptions {
    fn default() -> AccessOptions {
        AccessOptions {
            profile: None,
            region: None,
            endpoint_url: None,
            assume_role: None,
            fips: false,
            dual_stack: false,
            request_payer: false,
            expected_bucket_owner: None,
            // Objects are small and the service answers in milliseconds: who is silent for so long will not answer.
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(20),
            attempts: 10,
            concurrency: 64,
        }
    }
}

impl Access {
    /// Settles everything and sees that there are credentials, so that a run without any ends before it begins.
    pub async fn open(options: AccessOptions) -> Result<Access, AccessError> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(options.connect_timeout)
                .read_timeout(options.read_timeout)
                .build(),
        );
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if options.fips {
            loader = loader.use_fips(true);
        }
        if options.dual_stack {
            loader = loader.use_dual_stack(true);
        }
        let mut config = loader.load().await;
        if config.region().is_none() {
            let region = options.region.clone().unwrap_or_else(|| FIRST_REGION.to_owned());
            config = config.into_builder().region(Region::new(region)).build();
        }
        if let Some(profile) = &options.profile {
            config = as_profile(config, profile, &options);
        }
        if let Some(role) = &options.assume_role {
            config = assume(config, role).await;
        }
        let config = with_credentials(config, &options).await?;
        Ok(Access { config, options: Arc::new(options) })
    }

    /// What was asked for.
    pub fn options(&self) -> &AccessOptions {
        &self.options
    }

    /// The region to begin in.
    pub fn region(&self) -> String {
        self.config.region().map_or(FIRST_REGION, Region::as_ref).to_owned()
    }

    /// The settings as the SDK has them, for what is asked without it.
    pub(super) fn settings(&self) -> &SdkConfig {
        &self.config
    }

    /// The time, for signatures.
    pub(super) fn now(&self) -> SystemTime {
        self.config.time_source().unwrap_or_default().now()
    }

    /// How requests to one service are made. The clients ask once: asking again is done in one way, in [`Pace`].
    pub(crate) fn pace(&self, most: usize) -> Pace {
        // What stands before an @ is a password.
        let endpoint = self.options.endpoint_url.as_ref().and_then(|url| url.rsplit('@').next()).map(str::to_owned);
        Pace::new(most, self.options.attempts, self.patience(), endpoint)
    }

    /// How long an answer may take in all: it is some hundred kilobytes at most. A body that is streamed is waited for elsewhere,
    /// piece by piece.
    pub(super) fn patience(&self) -> Duration {
        self.options.connect_timeout + 3 * self.options.read_timeout
    }

    /// S3 in a region.
    pub(crate) fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        let config = settled!(aws_sdk_s3, self, region)
            // Every piece of a body has its own time limit, in the store.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            // Digest and log files have hashes of their own, which are what is checked.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            // As the AWS CLI does it: other servers seldom have a name for every bucket.
            .force_path_style(self.has_own_endpoint());
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// Connections for objects alone, with the time limits that a client's have. One that has carried a page of a listing
    /// keeps room for the next, half a megabyte of it, and lends that to every small object that comes after.
    pub(crate) fn connector(&self) -> SharedHttpConnector {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(self.options.connect_timeout)
            .read_timeout(self.options.read_timeout)
            .build();
        let mut builder = ConnectorBuilder::default().connector_settings(settings);
        builder.set_sleep_impl(self.config.sleep_impl());
        SharedHttpConnector::new(http::connector(builder))
    }

    pub(crate) fn cloudtrail(&self, region: &str) -> aws_sdk_cloudtrail::Client {
        aws_sdk_cloudtrail::Client::from_conf(settled!(aws_sdk_cloudtrail, self, region).build())
    }

    pub(crate) fn organizations(&self) -> aws_sdk_organizations::Client {
        aws_sdk_organizations::Client::from_conf(settled!(aws_sdk_organizations, self, &self.region()).build())
    }

    pub(crate) fn account(&self) -> aws_sdk_account::Client {
        aws_sdk_account::Client::from_conf(settled!(aws_sdk_account, self, &self.region()).build())
    }

    pub(crate) fn kms(&self, region: &str) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::from_conf(settled!(aws_sdk_kms, self, region).build())
    }

    pub(crate) fn sts(&self) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::from_conf(settled!(aws_sdk_sts, self, &self.region()).build())
    }

    fn has_own_endpoint(&self) -> bool {
        let by_environment =
            || ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"].iter().any(|name| std::env::var_os(name).is_some());
        self.config.endpoint_url().is_some() || by_environment()
    }
}

/// Credentials of a profile that was named, and of nothing else: as with the AWS CLI, those in the environment are somebody
/// else's.
fn as_profile(config: SdkConfig, profile: &str, options: &AccessOptions) -> SdkConfig {
    let settings = ProviderConfig::without_region()
        .with_region(config.region().cloned())
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_use_fips(Some(options.fips))
        .with_use_dual_stack(Some(options.dual_stack));
    let provider = ProfileFileCredentialsProvider::builder().configure(&settings).profile_name(profile).build();
    config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

async fn assume(config: SdkConfig, role: &AssumedRole) -> SdkConfig {
    let mut provider = AssumeRoleProvider::builder(&role.arn).session_name(&role.session_name).configure(&config);
    if let Some(id) = &role.external_id {
        provider = provider.external_id(id);
    }
    let provider = SharedCredentialsProvider::new(provider.build().await);
    config.into_builder().credentials_provider(provider).build()
}

/// Asks for credentials once, before anything else is asked, and keeps them for the first request.
async fn with_credentials(config: SdkConfig, options: &AccessOptions) -> Result<SdkConfig, AccessError> {
    let none = || match &options.profile {
        Some(name) => format!("there is no profile {name} in the shared configuration files, or it gives none"),
        None => "neither the environment nor the profile gives any, nor single sign-on, a container or an instance"
            .to_owned(),
    };
    let provider = config.credentials_provider().ok_or_else(|| AccessError::Credentials(none()))?;
    match provider.provide_credentials().await {
        Ok(first) => {
            let primed = Primed { first: Mutex::new(Some(first)), then: provider };
            Ok(config.into_builder().credentials_provider(SharedCredentialsProvider::new(primed)).build())
        }
        Err(error) => {
            let why = match &error {
                CredentialsError::CredentialsNotLoaded(_) => none(),
                error => without_secrets(&told(error)),
            };
            Err(match &options.assume_role {
                Some(role) => AccessError::Role { role: role.arn.clone(), why },
                None => AccessError::Credentials(why),
            })
        }
    }
}

/// Gives credentials that were asked for already, and then asks again whenever they run out: a role is not taken on
/// twice, nor a program that hands out credentials run twice.
#[derive(Debug)]
struct Primed {
    first: Mutex<Option<Credentials>>,
    then: SharedCredentialsProvider,
}

impl ProvideCredentials for Primed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        match self.first.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(first) => future::ProvideCredentials::ready(Ok(first)),
            None => self.then.provide_credentials(),
        }
    }
}

/// Where to begin when nothing tells: the region that finds the buckets of all others of its partition.
const FIRST_REGION: &str = "us-east-1";
