//! How an account is asked how its trails are set up: against moto, which stands for AWS, and against answers as AWS gives them
//! to whoever may not ask, or gives nobody.
//!
//! The tests with moto are ignored unless asked for: `TRAILSEAL_PYTHON` names a Python that has
//! `tests/sinks/requirements.txt`, and `.ci/run` sees to it.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod absent;
mod moto;
mod narrowed;
mod policy;
mod refused;
mod regions;
mod server;

use std::process::Command;
use std::time::Duration;

use trailseal::aws::{Access, AccessOptions, SetupError, SetupRequest, setup};
use trailseal::doctor::Setup;
use trailseal::trail::Time;

/// Credentials and a region are found in the environment, which nothing in a test may change: the test runs itself again with
/// them.
pub(crate) fn with_credentials(test: &str) -> bool {
    if std::env::var_os("TRAILSEAL_AGAIN").is_some() {
        return true;
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", test, "--nocapture", "--include-ignored"]).env("TRAILSEAL_AGAIN", "1");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        again.env_remove(name);
    }
    again.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "kept-secret");
    again.env("AWS_CONFIG_FILE", "none").env("AWS_SHARED_CREDENTIALS_FILE", "none").env("AWS_REGION", "eu-central-1");
    again.env("AWS_EC2_METADATA_DISABLED", "true").env("NO_PROXY", "127.0.0.1");
    let run = again.output().unwrap();
    let told = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
    assert!(run.status.success() && told.contains("1 passed"), "{told}");
    assert!(!told.contains("kept-secret"));
    false
}

/// Few attempts, and little patience.
pub(crate) fn options(url: &str) -> AccessOptions {
    AccessOptions {
        endpoint_url: Some(url.to_owned()),
        attempts: 2,
        connect_timeout: Duration::from_secs(2),
        read_timeout: Duration::from_secs(5),
        ..AccessOptions::default()
    }
}

/// What is asked: of one trail, or of all.
pub(crate) fn request(trail: Option<&str>) -> SetupRequest {
    SetupRequest {
        trail: trail.map(|arn| arn.parse().unwrap()),
        as_of: Time::from_unix(1_768_100_700),
        retention_days: 365,
    }
}

pub(crate) async fn asked(options: AccessOptions, trail: Option<&str>) -> Result<Setup, SetupError> {
    setup(&Access::open(options).await.unwrap(), &request(trail)).await
}

/// That something can be waited for on any thread.
#[test]
fn it_can_be_spawned() {
    fn spawned<T: Send>(_: fn() -> T) {}
    spawned(|| async {
        let access = Access::open(AccessOptions::default()).await.unwrap();
        setup(&access, &request(None)).await
    });
}
