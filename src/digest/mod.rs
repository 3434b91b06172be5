//! One digest file: fetched, parsed, verified. Each step gives another type, and only the last is believed.
//!
//! ```text
//! FetchedDigest --parse--> ParsedDigest --verify--> VerifiedDigest
//!   bytes                    claims                   facts
//! ```
//!
//! Only [`ParsedDigest::verify`] makes a [`VerifiedDigest`], and only that hands out log files and the digest before.

mod file;
mod hash;
mod inflate;
mod public_key;
mod rsassa;
mod signing_string;
mod verify;

pub use file::{DigestClaims, DigestParseError, LogFileRef, PreviousDigest};
pub use hash::RecordedHash;
pub use inflate::{Gunzip, GzipDefect, Progress};
pub(crate) use public_key::from_base64;
pub use public_key::{KeyError, KeyForm, KeySet, PublicKey};
pub use signing_string::data_signing_string;
pub use verify::{
    DefectKind, DigestDefect, DigestMetadata, FetchedDigest, ParsedDigest, SignatureSource, SuccessorSignature,
    VerifiedDigest,
};
