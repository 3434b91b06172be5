//! Access that is not to be had from the start, and access that is lent.

use std::fs;

use crate::aws_api::{Role, RoleAnswer};
use crate::credentials::{ACCESS_KEY, SECRET_KEY};
use crate::world::{REGION, Run, World};

/// No verdict, nothing on standard output, and one line that says why.
#[track_caller]
fn cannot_proceed(run: &Run, says: &[&str]) {
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    assert!(says.iter().any(|said| run.stderr.to_lowercase().contains(said)), "{}", run.stderr);
}

fn with(environment: &[(&'static str, &str)]) -> World {
    let mut world = World::small();
    world.environment = environment.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    world
}

const NOBODY: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];

#[test]
fn without_credentials() {
    for verbosity in ["--no-progress", "--verbose"] {
        cannot_proceed(&with(&NOBODY).verify(&[verbosity]), &["credentials"]);
    }
}

#[test]
fn with_credentials_of_nobody() {
    let world = with(&[("AWS_ACCESS_KEY_ID", "AKIANOBODY0000000000")]);
    cannot_proceed(&world.verify(&[]), &["credentials", "access key", "invalidaccesskeyid"]);
    let world = with(&[("AWS_SECRET_ACCESS_KEY", "of-somebody-else/0000000000000000000000")]);
    let run = world.verify(&["--verbose"]);
    cannot_proceed(&run, &["credentials", "signature", "access key"]);
    assert!(!run.stderr.contains("of-somebody-else"), "{}", run.stderr);
}

#[test]
fn with_credentials_that_have_expired() {
    let mut world = World::small();
    let (access_key, issued) = world.endpoint.credentials.lend();
    world.endpoint.credentials.expire(&access_key);
    world.environment = [
        ("AWS_ACCESS_KEY_ID", access_key),
        ("AWS_SECRET_ACCESS_KEY", issued.secret),
        ("AWS_SESSION_TOKEN", issued.session_token.unwrap()),
    ]
    .into();
    cannot_proceed(&world.verify(&["--verbose"]), &["expired"]);
}

#[test]
fn with_credentials_that_were_lent() {
    let mut world = World::small();
    let (access_key, issued) = world.endpoint.credentials.lend();
    world.environment = [
        ("AWS_ACCESS_KEY_ID", access_key),
        ("AWS_SECRET_ACCESS_KEY", issued.secret),
        ("AWS_SESSION_TOKEN", issued.session_token.unwrap()),
    ]
    .into();
    let run = world.verify(&["--verbose"]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
}

#[test]
fn of_a_profile() {
    let world = with(&[NOBODY[0], NOBODY[1], ("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "")]);
    let keys = format!("[audit]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n");
    fs::write(world.scratch.path().join("credentials"), keys).unwrap();
    fs::write(world.scratch.path().join("config"), format!("[profile audit]\nregion = {REGION}\n")).unwrap();
    let run = world.verify(&["--profile", "audit"]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    cannot_proceed(&world.verify(&["--profile", "nobody"]), &["no profile nobody"]);
}

/// Whoever names a profile does not mean the credentials that happen to be in the environment.
#[test]
fn of_a_profile_and_not_of_the_environment() {
    let world = World::small();
    fs::write(world.scratch.path().join("config"), format!("[profile audit]\nregion = {REGION}\n")).unwrap();
    assert_eq!(world.verify(&[]).status, Some(0), "those of the environment are good");
    world.proxy.clear();
    for profile in ["nobody", "audit"] {
        cannot_proceed(&world.verify(&["--profile", profile]), &["no usable AWS credentials", profile]);
    }
    assert!(world.proxy.seen().is_empty());
}

#[test]
fn at_the_endpoint_that_is_named() {
    let world = with(&[("AWS_ENDPOINT_URL", "")]);
    let url = format!("http://{}", world.proxy.address);
    let run = world.verify(&["--endpoint-url", &url]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    // Nobody listens at port 1.
    cannot_proceed(&world.verify(&["--endpoint-url", "http://127.0.0.1:1", "--max-attempts", "2"]), &["127.0.0.1"]);
}

#[test]
fn to_a_bucket_that_is_not_there() {
    let world = World::small();
    cannot_proceed(&world.verify_source(Some("s3://nobodys-bucket"), &[]), &["nobodys-bucket"]);
    assert!(world.proxy.seen().iter().any(|seen| seen.path.starts_with("/nobodys-bucket")), "nobody asked for it");
}

#[test]
fn by_a_role_that_is_assumed() {
    let world = World::small();
    let (lent, locked) = ("arn:aws:iam::111122223333:role/auditor", "arn:aws:iam::111122223333:role/locked");
    let role = |arn: &str, answer| Role { arn: arn.to_owned(), external_id: Some("4711".to_owned()), answer };
    world.endpoint.api.state().sts.roles = vec![role(lent, RoleAnswer::Lent), role(locked, RoleAnswer::Denied)];
    let run = world.verify(&["--assume-role", lent, "--external-id", "4711", "--verbose"]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(world.endpoint.journal.count("AssumeRole"), 1);
    cannot_proceed(&world.verify(&["--assume-role", lent, "--external-id", "wrong"]), &["role"]);
    cannot_proceed(&world.verify(&["--assume-role", lent]), &["role"]);
    cannot_proceed(&world.verify(&["--assume-role", locked, "--external-id", "4711"]), &["role"]);
}
