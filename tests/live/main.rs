//! The program against live services: real HTTP on the loopback, signatures checked, no other network.
//!
//! `endpoint` is all of AWS at one address: `s3_server` and `aws_api`. `proxy` stands before it and goes wrong when told.
//! `world` brings a simulated trail, these, and the built program together.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]
#![allow(clippy::result_large_err, reason = "the SDK's errors are as large as they are")]

mod aws_api;
mod credentials;
mod encoding;
mod endpoint;
mod journal;
mod listen;
mod proxy;
mod s3_server;
mod world;

mod access;
mod aws_cli;
mod bundle;
mod dry_run;
mod endpoints;
mod faults_that_end;
mod faults_that_stay;
mod iam;
#[cfg(unix)]
mod interrupted;
mod judge;
#[cfg(feature = "lambda")]
mod lambda;
mod listing;
#[cfg(feature = "monitor")]
mod monitor;
mod names;
mod never_delivered;
mod organization;
mod owner;
mod pull;
mod readme;
mod regions;
mod replica;
mod requests;
mod s3s_fs;
mod same_as_a_copy;
mod servers;
mod setup;
mod spot;
