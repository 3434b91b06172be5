//! Whatever goes wrong for a while changes nothing: the report is the one without it, byte for byte.

use crate::proxy::{Fault, Matcher, Rule, Times, anything, digests, listings, logs};
use crate::world::World;

/// Impatient, and stubborn.
const OPTIONS: [&str; 4] = ["--read-timeout", "1", "--max-attempts", "6"];

type Place = (&'static str, fn() -> Matcher);

/// The kinds of requests, each of which goes wrong on its own.
const PLACES: [Place; 4] =
    [("anything", anything), ("listings", listings), ("digest files", digests), ("log files", logs)];

/// Runs with each fault in each place, and holds the report against the one without.
fn nothing_changes(faults: &[Fault], times: Times, places: &[Place]) {
    let world = World::small();
    world.endpoint.s3.pages_of(4);
    let without = world.verify(&OPTIONS);
    assert_eq!(without.status, Some(0), "{}{}", without.stdout, without.stderr);
    for &fault in faults {
        for (place, matcher) in places {
            world.proxy.clear();
            world.proxy.add(Rule::new(matcher(), fault, times));
            let with = world.verify(&OPTIONS);
            assert!(world.proxy.spoiled() > 0, "{fault:?} in {place}: nothing went wrong");
            assert_eq!(with.status, Some(0), "{fault:?} in {place}: {}{}", with.stdout, with.stderr);
            assert!(with.stdout == without.stdout, "{fault:?} in {place}: another report:\n{}", with.stdout);
        }
    }
}

#[test]
fn a_service_that_asks_to_slow_down() {
    nothing_changes(&[Fault::SlowDown, Fault::TooManyRequests], Times::FirstOfEach(2), &PLACES);
}

#[test]
fn a_service_that_fails_now_and_then() {
    nothing_changes(&[Fault::InternalError], Times::FirstOfEach(2), &PLACES);
    nothing_changes(&[Fault::InternalError, Fault::SlowDown], Times::Every(5), &PLACES[..1]);
}

#[test]
fn connections_that_are_reset() {
    nothing_changes(&[Fault::Reset], Times::FirstOfEach(2), &PLACES);
}

#[test]
fn bodies_that_break_off() {
    nothing_changes(&[Fault::Truncated], Times::FirstOfEach(1), &PLACES[1..]);
    nothing_changes(&[Fault::Truncated], Times::First(3), &PLACES[..1]);
}

#[test]
fn bodies_that_come_to_a_halt() {
    nothing_changes(&[Fault::StalledBody], Times::First(3), &PLACES[1..]);
}

#[test]
fn answers_that_do_not_come() {
    nothing_changes(&[Fault::Stalled], Times::First(3), &PLACES[1..]);
}

#[test]
fn credentials_that_are_renewed_too_late() {
    nothing_changes(&[Fault::ExpiredToken], Times::First(3), &PLACES[1..]);
}

#[test]
fn listings_that_cannot_be_read() {
    nothing_changes(&[Fault::Garbage, Fault::HalfListing], Times::First(2), &PLACES[1..2]);
}

#[test]
fn listings_in_tiny_pages() {
    let world = World::small();
    let whole = world.verify(&[]);
    assert_eq!(whole.status, Some(0), "{}{}", whole.stdout, whole.stderr);
    let listed = world.endpoint.journal.count("ListObjectsV2");
    for size in [3, 1] {
        world.endpoint.s3.pages_of(size);
        world.endpoint.journal.clear();
        assert!(world.verify(&[]).stdout == whole.stdout, "another report in pages of {size}");
        assert!(world.endpoint.journal.count("ListObjectsV2") > listed, "the pages were not tiny");
    }
}
