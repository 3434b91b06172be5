//! How AWS is reached, as the command line names it.

#[cfg(feature = "aws")]
pub(super) use self::live::AccessArgs;

/// A build without access to AWS has no options for it.
#[cfg(not(feature = "aws"))]
#[derive(Clone, Debug, clap::Args)]
pub(super) struct AccessArgs {}

#[cfg(not(feature = "aws"))]
impl AccessArgs {
    /// What was given, as a shell reads it, each after a space.
    pub(super) fn options(&self) -> String {
        String::new()
    }
}

#[cfg(feature = "aws")]
mod live {
    use std::time::Duration;

    use crate::aws::{Access, AccessOptions, AssumedRole};
    use crate::cli::Failure;
    use crate::cli::simulate::shell;
    use crate::trail::is_account_id;

    /// How AWS is reached. What is not given is taken from where the AWS CLI takes it: environment, profile, SSO, container,
    /// instance.
    #[derive(Clone, Debug, clap::Args)]
    #[command(next_help_heading = "AWS access (as the AWS CLI finds it, where not given)")]
    pub(in crate::cli) struct AccessArgs {
        /// The profile whose credentials and region to use
        #[arg(long, value_name = "NAME")]
        profile: Option<String>,

        /// One endpoint for every service, in place of AWS's own
        #[arg(long, value_name = "URL")]
        endpoint_url: Option<String>,

        /// Take on this role first
        #[arg(long, value_name = "ARN")]
        assume_role: Option<String>,

        /// The external id that the role's trust policy asks for
        #[arg(long, value_name = "ID", requires = "assume_role")]
        external_id: Option<String>,

        /// The name under which CloudTrail records what is done with the role
        #[arg(long, value_name = "NAME", requires = "assume_role", default_value = "trailseal")]
        role_session_name: String,

        /// Use endpoints with FIPS 140 validated cryptography
        #[arg(long)]
        fips: bool,

        /// Use endpoints that also speak IPv6
        #[arg(long)]
        dual_stack: bool,

        /// Agree to pay for requests to a bucket whose requesters pay
        #[arg(long, value_name = "requester", value_parser = ["requester"])]
        request_payer: Option<String>,

        /// The account that the bucket must belong to
        #[arg(long, value_name = "ID", value_parser = owner)]
        expected_bucket_owner: Option<String>,

        /// How long a connection may take to come about
        #[arg(long, value_name = "SECONDS", default_value_t = AccessOptions::default().connect_timeout.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
        connect_timeout: u64,

        /// How long an answer, or the next piece of one, may take
        #[arg(long, value_name = "SECONDS", default_value_t = AccessOptions::default().read_timeout.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
        read_timeout: u64,

        /// How often a request to S3 is made before it is given up
        #[arg(long, value_name = "N", default_value_t = AccessOptions::default().attempts, value_parser = clap::value_parser!(u32).range(1..=100))]
        max_attempts: u32,
    }

    impl AccessArgs {
        /// As the configuration of a monitor says.
        #[cfg(feature = "monitor")]
        pub(in crate::cli) fn of(options: &AccessOptions) -> AccessArgs {
            let role = options.assume_role.clone();
            AccessArgs {
                profile: options.profile.clone(),
                endpoint_url: options.endpoint_url.clone(),
                assume_role: role.as_ref().map(|role| role.arn.clone()),
                external_id: role.as_ref().and_then(|role| role.external_id.clone()),
                role_session_name: role.map(|role| role.session_name).unwrap_or_default(),
                fips: options.fips,
                dual_stack: options.dual_stack,
                request_payer: options.request_payer.then(|| "requester".to_owned()),
                expected_bucket_owner: options.expected_bucket_owner.clone(),
                connect_timeout: options.connect_timeout.as_secs(),
                read_timeout: options.read_timeout.as_secs(),
                max_attempts: options.attempts,
            }
        }

        /// What was given, as a shell reads it, each after a space. What does not decide what is found is left out.
        pub(in crate::cli) fn options(&self) -> String {
            let session = self.assume_role.as_ref().map(|_| &self.role_session_name);
            let named = [
                ("profile", self.profile.as_ref()),
                ("endpoint-url", self.endpoint_url.as_ref()),
                ("assume-role", self.assume_role.as_ref()),
                ("external-id", self.external_id.as_ref()),
                ("role-session-name", session),
                ("request-payer", self.request_payer.as_ref()),
                ("expected-bucket-owner", self.expected_bucket_owner.as_ref()),
            ];
            let named = named.iter().filter_map(|(name, value)| Some(format!(" --{name} {}", shell(value.as_ref()?))));
            let flags = [("fips", self.fips), ("dual-stack", self.dual_stack)];
            let flags = flags.iter().filter(|(_, given)| *given).map(|(name, _)| format!(" --{name}"));
            named.chain(flags).collect()
        }

        /// Settles on credentials. `region` is where to begin if neither environment nor profile names one.
        pub(in crate::cli) async fn open(&self, region: Option<String>, concurrency: usize) -> Result<Access, Failure> {
            let role = self.assume_role.clone().map(|arn| AssumedRole {
                arn,
                external_id: self.external_id.clone(),
                session_name: self.role_session_name.clone(),
            });
            let options = AccessOptions {
                profile: self.profile.clone(),
                region,
                endpoint_url: self.endpoint_url.clone(),
                assume_role: role,
                fips: self.fips,
                dual_stack: self.dual_stack,
                request_payer: self.request_payer.is_some(),
                expected_bucket_owner: self.expected_bucket_owner.clone(),
                connect_timeout: Duration::from_secs(self.connect_timeout),
                read_timeout: Duration::from_secs(self.read_timeout),
                attempts: self.max_attempts,
                concurrency,
            };
            Access::open(options).await.map_err(Failure::told)
        }
    }

    fn owner(text: &str) -> Result<String, String> {
        is_account_id(text).then(|| text.to_owned()).ok_or_else(|| "an account id has twelve digits".to_owned())
    }
}
