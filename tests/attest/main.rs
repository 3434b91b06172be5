//! Signatures of bundles and time-stamps: held against `openssl`, against securesystemslib, and against whoever changes them.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

#[cfg(feature = "aws")]
mod asked;
mod at_hand;
mod changes;
mod keys;
mod openssl;
mod refused;
mod securesystemslib;
mod timestamps;
