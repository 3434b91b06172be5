//! Synthetic trails, signed by throwaway keys: for demonstrations, tests and benchmarks.
//!
//! [`simulate`] writes what CloudTrail would have written to a bucket, for a [`Scenario`]: accounts, regions, trails, hours,
//! events of many services, digests that link and verify. The same scenario gives the same bytes, on any machine and
//! number of threads: nothing here reads a clock or the operating system's randomness, and each hour of each chain, and each log
//! file, has its own stream of chance.
//!
//! [`draft`] stops before the signatures, so that a test can tell a lie and sign it: a [`ChainDraft`] links and signs
//! anew whatever was done to it.
//!
//! Who can read the seed can make the keys. Nothing signed here proves anything about anyone.

mod directory;
mod draft;
mod events;
mod forge;
mod gzip;
mod keyring;
mod logs;
mod object;
mod random;
mod run;
mod scenario;
mod schedule;
#[cfg(test)]
mod tests;

pub use directory::DirectorySink;
pub use draft::{DigestDraft, HASH_ALGORITHM, LogEntryDraft, SIGNATURE_ALGORITHM, SignedDigest, sha256_hex};
pub use forge::{ChainDraft, DeliveryDraft, Link, Signer};
pub use gzip::{Gzip, gzip};
pub use keyring::{Keyring, SigningKey};
pub use object::{MemorySink, SimulatedObject, Sink};
pub use run::{DraftedTrail, Summary, draft, simulate, simulate_with};
pub use scenario::{REGIONS, Scenario, ScenarioError};

pub use crate::keys::{KeyRange, PublicKeyEntry, PublicKeyList};
