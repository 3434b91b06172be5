//! The proxy: what goes wrong through it does so as in the world, and only when it is to.

use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};

use super::{code, config, known, s3};
use crate::proxy::{Fault, Rule, Times, anything, digests, key, listing_of, listings, logs};
use crate::world::{REGION, World};

#[test]
fn errors_are_what_s3_says() {
    let world = World::small();
    let client = s3(&world, REGION, known());
    for (fault, status, expected) in [
        (Fault::SlowDown, 503, "SlowDown"),
        (Fault::InternalError, 500, "InternalError"),
        (Fault::TooManyRequests, 429, "Throttling"),
        (Fault::AccessDenied, 403, "AccessDenied"),
        (Fault::InvalidObjectState, 403, "InvalidObjectState"),
        (Fault::ExpiredToken, 400, "ExpiredToken"),
        (Fault::Kms, 403, "AccessDenied"),
    ] {
        world.proxy.clear();
        world.proxy.add(Rule::new(anything(), fault, Times::First(1)));
        let get = || world.block_on(client.get_object().bucket(&world.scenario.bucket).key(&world.logs()[0]).send());
        let wrong = get();
        assert_eq!(wrong.as_ref().unwrap_err().raw_response().unwrap().status().as_u16(), status);
        assert_eq!((code(wrong), code(get())), (expected.to_owned(), "no error".to_owned()));
        assert_eq!((world.proxy.spoiled(), world.proxy.seen().len()), (1, 2));
    }
}

#[test]
fn connections_break_where_they_are_to() {
    let world = World::small();
    let timeouts = TimeoutConfig::builder().read_timeout(Duration::from_millis(300)).build();
    let conf = config!(aws_sdk_s3, world, REGION, known()).timeout_config(timeouts).build();
    let client = aws_sdk_s3::Client::from_conf(conf);
    let log = world.logs()[0].clone();
    let get = |fault| {
        world.proxy.clear();
        world.proxy.add(Rule::new(key(&log), fault, Times::Forever));
        world.block_on(client.get_object().bucket(&world.scenario.bucket).key(&log).send())
    };
    let reset = get(Fault::Reset).unwrap_err();
    assert!(matches!(reset, SdkError::DispatchFailure(_)), "{reset:?}");
    assert!(DisplayErrorContext(&reset).to_string().contains("reset by peer"), "{reset:?}");
    let stalled = get(Fault::Stalled).unwrap_err();
    assert!(matches!(&stalled, SdkError::DispatchFailure(failure) if failure.is_timeout()), "{stalled:?}");
    let whole = world.objects[&log].body.len();
    let mut truncated = get(Fault::Truncated).unwrap();
    assert_eq!(truncated.content_length(), Some(whole as i64));
    assert_eq!(world.block_on(truncated.body.next()).unwrap().unwrap().len(), whole / 2);
    let ended = world.block_on(truncated.body.next());
    assert!(matches!(ended, Some(Err(_))), "{ended:?}");
    let mut stalled = get(Fault::StalledBody).unwrap();
    assert_eq!(world.block_on(stalled.body.next()).unwrap().unwrap().len(), whole / 2);
    let waited = world.block_on(async { tokio::time::timeout(Duration::from_millis(50), stalled.body.next()).await });
    assert!(waited.is_err(), "more came");
}

#[test]
fn listings_break_where_they_are_to() {
    let world = World::small();
    let client = s3(&world, REGION, known());
    let list = |fault| {
        world.proxy.clear();
        world.proxy.add(Rule::new(listings(), fault, Times::Forever));
        world.block_on(client.list_objects_v2().bucket(&world.scenario.bucket).prefix("AWSLogs/").send())
    };
    let refused = list(Fault::Garbage).unwrap_err();
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 200, "{refused:?}");
    // The SDK takes a half for a whole: only the count that the page states gives it away.
    let half = list(Fault::HalfListing).unwrap();
    assert_eq!(half.is_truncated(), Some(false));
    assert_eq!(half.key_count(), Some(world.objects.len() as i32));
    assert!(half.contents().len() < world.objects.len());
    let page = list(Fault::EndlessListing).unwrap();
    assert_eq!((page.is_truncated(), page.contents().len()), (Some(true), 0));
}

#[test]
fn only_what_is_meant_goes_wrong() {
    let world = World::small();
    let client = s3(&world, REGION, known());
    let bucket = &world.scenario.bucket;
    let get = |key: &str| code(world.block_on(client.get_object().bucket(bucket).key(key).send()));
    let list = |prefix: &str| code(world.block_on(client.list_objects_v2().bucket(bucket).prefix(prefix).send()));
    let (digest, log) = (&world.digests()[0], &world.logs()[0]);
    let told = |meant, times| {
        world.proxy.clear();
        world.proxy.add(Rule::new(meant, Fault::SlowDown, times));
        [get(digest), get(digest), get(log), list("AWSLogs/"), list("AWSLogs/1/"), get(log)]
            .map(|code| code != "no error")
    };
    assert_eq!(told(digests(), Times::Forever), [true, true, false, false, false, false]);
    assert_eq!(told(logs(), Times::First(1)), [false, false, true, false, false, false]);
    assert_eq!(told(listings(), Times::Forever), [false, false, false, true, true, false]);
    assert_eq!(told(listing_of("AWSLogs/1"), Times::Forever), [false, false, false, false, true, false]);
    assert_eq!(told(anything(), Times::FirstOfEach(1)), [true, false, true, true, true, false]);
    assert_eq!(told(anything(), Times::Every(3)), [false, false, true, false, false, true]);
    assert!(world.proxy.seen().iter().all(|seen| seen.headers.iter().any(|name| name == "authorization")));
}
