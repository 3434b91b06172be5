//! The services themselves, asked by AWS's own SDK: a test is worth no more than they are.

mod api;
mod faults;
mod s3;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::ProvideErrorMetadata;

use crate::credentials::{ACCESS_KEY, SECRET_KEY};
use crate::world::World;

/// A client's configuration, the same for every service.
macro_rules! config {
    ($sdk:ident, $world:expr, $region:expr, $credentials:expr) => {
        $sdk::Config::builder()
            .behavior_version($crate::servers::BehaviorVersion::latest())
            .region($crate::servers::Region::new($region.to_owned()))
            .credentials_provider($credentials)
            .endpoint_url(format!("http://{}", $world.proxy.address))
            .retry_config($crate::servers::RetryConfig::disabled())
    };
}
use config;

fn known() -> Credentials {
    Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test")
}

fn s3(world: &World, region: &str, credentials: Credentials) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::from_conf(config!(aws_sdk_s3, world, region, credentials).build())
}

/// The code of an error, as the SDK reads it.
fn code<T, E: ProvideErrorMetadata + std::fmt::Debug>(result: Result<T, E>) -> String {
    match result {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.code().map_or_else(|| format!("{error:?}"), str::to_owned),
    }
}
