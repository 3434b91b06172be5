//! Whose bucket it is, and who pays for asking.

use crate::world::{Run, World};

const OWNER: &str = "111122223333";

#[track_caller]
fn denied(run: &Run) {
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{}", run.stderr);
    let told = run.stderr.to_lowercase();
    assert!(told.starts_with("error: ") && told.contains("denied"), "{}", run.stderr);
}

#[test]
fn a_bucket_of_somebody_else_is_not_read() {
    let world = World::small();
    world.endpoint.s3.belongs_to(&world.scenario.bucket, OWNER);
    denied(&world.verify(&["--expected-bucket-owner", "444455556666"]));
    assert_eq!(world.endpoint.journal.count("GetObject"), 0);
    let run = world.verify(&["--expected-bucket-owner", OWNER]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    // Nothing is asked for without saying whose it must be.
    let asked = world.proxy.seen();
    let asked = asked.iter().filter(|seen| seen.path.starts_with(&format!("/{}", world.scenario.bucket)));
    let silent: Vec<_> =
        asked.filter(|seen| !seen.headers.iter().any(|name| name == "x-amz-expected-bucket-owner")).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn whoever_asks_pays_if_he_says_so() {
    let world = World::small();
    world.endpoint.s3.requester_pays(&world.scenario.bucket);
    denied(&world.verify(&[]));
    let run = world.verify(&["--request-payer", "requester"]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
}
