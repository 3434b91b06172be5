//! Integrity validation of AWS CloudTrail log files: a library, and the program `trailseal` on top of it.
//!
//! CloudTrail leaves two sequences in a bucket. What the chain *claims*: every hour a digest file names the log files
//! delivered in that hour and the digest before it, and AWS signs it. What the bucket *shows*: a listing. An audit
//! merges the two, newest first, and says of every object and every moment asked for whether it is proven.
//!
//! ```
//! use std::{fs, path::Path, sync::Arc};
//! use trailseal::audit::{AuditRequest, Evidence, Silent, audit_blocking};
//! use trailseal::keys::{KeyOrigin, KeysAtHand, parse_key_file};
//! use trailseal::{limits::Limits, report::Verdict, store::DirStore, trail::Time};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (copy, key_file) = ("testdata/trail", "testdata/trail-public-keys.json");
//! let store = DirStore::open(Path::new(copy), None, &Limits::default())?;
//! let evidence = Evidence { stores: vec![Arc::new(store)], ..Evidence::default() };
//! let keys = parse_key_file(&fs::read(key_file)?)?;
//! let keys = KeysAtHand::new(keys, key_file, KeyOrigin::Pinned);
//! let as_of = Time::parse_loose("2030-01-01T00:00:00Z").ok_or("no time")?;
//! let request = AuditRequest::everything(copy, as_of);
//! let report = audit_blocking(evidence, Arc::new(keys), request, Arc::new(Silent))?;
//! assert_eq!(report.verdict, Verdict::Intact, "{}", report.headline());
//! # Ok(())
//! # }
//! ```
//!
//! # What is believed, and when
//!
//! Everything read from a bucket is hostile; the keys, the clock and the limits are the caller's, and are arguments.
//! Belief is a type, and each step earns the next:
//!
//! | step | from | to | believed |
//! |---|---|---|---|
//! | fetch | a location | [`FetchedDigest`](digest::FetchedDigest) | nothing: bytes that lay somewhere |
//! | parse | bytes | [`ParsedDigest`](digest::ParsedDigest) | that it is well-formed, and says it is what its name says |
//! | verify | claims, keys | [`VerifiedDigest`](digest::VerifiedDigest) | that the owner of a key signed it; only now are its log files and its predecessor to be had |
//! | link | two facts | a link, or a [`Finding`](finding::Finding) | that nothing was taken out between them |
//! | hash | a log file, a recorded hash | a match, or a finding | that it is what was delivered |
//! | conclude | findings, coverage | [`Verdict`](report::Verdict) | `intact` only where nothing asked for is left unproven |
//!
//! What is wrong with the evidence is a finding, which is a value in the report. An `Err` means that there is no
//! verdict. *Absent*, *denied* and *unreachable* are three different answers, and only the first can be tampering.
//!
//! # A guided tour
//!
//! In reading order. Dependencies point up this list only, and the first three groups are pure: no clock, no disk, no
//! network, no output. `tests/architecture.rs` holds the sources to it.
//!
//! **Names.** [`trail`] is what CloudTrail calls things: times, locations, the keys of digest and log files, parsed
//! strictly. [`limits`] is every bound that an attacker could push on, each with the attack it stops. [`finding`] is
//! what can be said about evidence: a stable code, a severity, a subject, both sides of the comparison.
//!
//! **Evidence.** [`digest`] takes one digest file from bytes to claims to facts. [`logfile`] inflates and hashes log
//! files as streams, in constant memory, one by one or several together with [`lockstep`]. [`chain`] is the heart:
//! [`ChainWalk`](chain::ChainWalk), a state machine without I/O that says what it needs, is told what was observed, and
//! accounts for every moment of the request. [`attest`] is who vouches for a bundle of evidence, and since when: signatures
//! and time-stamps of others than AWS.
//!
//! **Report.** [`report`] is where findings are sorted and counted, waivers applied, and the verdict decided: once,
//! before anything is rendered. [`controls`] says which controls of which frameworks a report can be shown for, and what it
//! does not show of them. [`doctor`] says whether a trail is set up so that what it delivers can be trusted.
//!
//! **The world.** [`store`] answers what is here and gives objects, from a directory, from memory or from S3. [`keys`] is
//! where public keys come from, which decides what is proven: keys that came with the evidence show that it is consistent,
//! not that AWS signed it. `aws` is how AWS is reached: with whose credentials, and how patiently.
//!
//! **Audit.** [`audit`] drives the walks over a store, many objects at once and bounded. Its report is the same, byte
//! for byte, at any concurrency. [`audit::pull`] copies what an audit would look at into a directory,
//! and [`bundle`] keeps what one did look at in a file that others can check, which [`attest`] lets someone vouch for.
//!
//! **For years.** `monitor` audits what is new, holds what is old against what it has proven before, and tells someone.
//!
//! **Faces.** [`render`] turns a report, and nothing else, into text, JSON, a page of HTML and the forms that other
//! programs take, and the objects that it counts, one by one, into CSV. [`cli`] is the program: the only clock and the only standard streams. [`simulate`] writes synthetic
//! trails signed by throwaway keys, for demonstrations and tests.

#![deny(unsafe_code)]
#![deny(missing_docs)]

// -- names --
pub mod finding;
pub mod limits;
pub mod tool;
pub mod trail;
// -- evidence --
pub mod attest;
pub mod chain;
pub mod digest;
pub mod lockstep;
pub mod logfile;
// -- report --
pub mod controls;
pub mod doctor;
pub mod report;
// -- the world --
#[cfg(feature = "aws")]
pub mod aws;
pub mod keys;
mod sorting;
pub mod store;
// -- audit --
pub mod audit;
pub mod bundle;
// -- for years --
#[cfg(feature = "monitor")]
pub mod monitor;
// -- faces --
pub mod cli;
pub mod render;
pub mod simulate;
