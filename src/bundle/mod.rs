//! Evidence in one file: what an audit was shown and given, the keys, and what the audit came to, so that anyone can check
//! it again, offline, with or without this program.
//!
//! ```text
//! evidence/BUCKET/KEY          objects as delivered        HOW-TO-CHECK.md   by hand, with openssl, sha256sum and gzip
//! records/BUCKET/*.jsonl       what the bucket showed      report.json       what the audit came to
//! records/request.json         what was asked              manifest.json     every other file, its size and SHA-256
//! public-keys/                 the keys, as list and PEM   made.json         by whom, when, where, with what: alone differs
//! by-hand/                     what AWS signed, and its signature             between two bundles of the same evidence
//! ```
//!
//! Nothing in a bundle is believed for being in it: reading one is an audit of the evidence, by whatever keys the reader
//! trusts.

mod agree;
mod ahead;
mod archive;
mod bodies;
mod by_hand;
mod check;
mod gathered;
mod in_turn;
mod keeping;
mod layout;
mod locked;
mod manifest;
mod notes;
mod out;
mod pack;
mod packer;
mod previous;
mod recording;
mod remade;
mod request;
mod rooms;
mod signed;
mod spooled;
mod store;
mod tee;
mod turns;
mod zip;

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use self::agree::differences;
pub use self::archive::{Archive, is_archive};
pub use self::check::{Checked, check_files};
pub use self::manifest::{Input, ManifestEntry};
pub use self::pack::{Contents, Packed, Rendered, Sign, pack};
pub use self::previous::Previous;
pub use self::recording::Recording;
pub use self::remade::HasItsPlace;
pub use self::request::RequestRecord;
pub use self::signed::{Signed, Trusted, Vouched, check_signature, check_unnamed, is_signed};
pub use self::store::Bundle;

/// The name of the manifest's schema.
pub const SCHEMA: &str = "trailseal.bundle/1";

/// The files that are not named in the manifest: itself, and what is only known once it is there.
pub(crate) const UNLISTED: [&str; 5] = [MANIFEST, MADE, SIGNATURE, CERTIFICATE, TIMESTAMP];

/// Names every other file, with size and hash.
pub const MANIFEST: &str = "manifest.json";
/// By whom, when, where and with what the bundle was made.
pub const MADE: &str = "made.json";
/// The signature over all of it.
pub const SIGNATURE: &str = "signature.dsse.json";
/// The certificate of whoever signed.
pub const CERTIFICATE: &str = "signer-certificate.pem";
/// What a time-stamping authority said of the signature.
pub const TIMESTAMP: &str = "signature.dsse.json.tsr";
/// What the audit came to.
pub const REPORT: &str = "report.json";
/// The same as a page to read.
pub const PAGE: &str = "report.html";
/// The keys, as ListPublicKeys lists them.
pub const KEYS: &str = "public-keys/public-keys.json";
/// How to check it by hand.
pub const HOW_TO_CHECK: &str = "HOW-TO-CHECK.md";
pub(crate) const PREVIOUS: &str = "records/previous.json";
pub(crate) const REQUEST: &str = "records/request.json";
pub(crate) const WAIVERS: &str = "records/waivers.toml";

/// Which log files go into a bundle. What is left out is named, and cannot be checked again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncludeLogs {
    /// Every one that was read.
    #[default]
    All,
    /// Those of which the report has something to say.
    Failed,
    /// None.
    None,
}

/// Why a bundle could not be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The disk failed.
    #[error("{}: {error}; see to the disk, or name another file", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It could not be signed, or time-stamped.
    #[error("the bundle was not written, for it could not be signed: {0}")]
    Unsigned(String),
    /// It is no bundle, or one that is damaged beyond reading.
    #[error("{} is no evidence bundle that can be read: {why}; ask whoever made it for another copy", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// The folder of a bucket in `evidence/` and `records/`: its name, if it is one that no other has. What stands in its place is
/// no bucket's name.
pub(crate) fn folder_of_bucket(bucket: Option<&str>, taken: &[String]) -> String {
    match bucket {
        Some(name) if crate::store::dir::is_bucket_name(name) && taken.iter().all(|other| other != name) => {
            name.to_owned()
        }
        _ => format!("bucket~{}", taken.len() + 1),
    }
}

/// The file of an object. One whose key would not be a plain path lies under the hash of it.
pub(crate) fn file_of(folder: &str, key: &str) -> String {
    use sha2::{Digest, Sha256};
    if crate::store::dir::has_place(key) && !key.ends_with('/') && !key.chars().any(char::is_control) {
        format!("evidence/{folder}/{key}")
    } else {
        format!("evidence/{folder}/.trailseal/{}", hex::encode(Sha256::digest(key)))
    }
}
