//! `trailseal pull`: a copy verifies as its source does, whatever was done to that, and nothing is written outside of it.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod buckets;
mod faults;
mod followed;
mod hostile;
mod resume;
mod same;
mod world;
