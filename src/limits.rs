//! Every bound that an attacker could push on: its reason, and the attack it stops.

/// The bounds of one audit. They are an argument everywhere, so that a test or a larger machine can set its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a digest file as stored. A digest of an hour with 80,000 log files compresses to some 10 MiB.
    /// Stops: filling memory with an object that is only called a digest.
    pub digest_stored: u64,
    /// Bytes of an inflated digest. An entry takes some 400 bytes, so this is 80,000 log files in one hour.
    /// Stops: a 0.6 MB digest that inflates to 600 MB.
    pub digest_inflated: u64,
    /// Bytes of an inflated log file. CloudTrail writes files of a few MiB; hashing needs no memory, only time.
    /// Stops: a gzip bomb that keeps a core busy for hours.
    pub log_inflated: u64,
    /// Digests walked in one chain: a digest an hour for more than fifty years.
    /// Stops: a listing that never ends.
    pub digests_per_chain: u64,
    /// Digest keys kept of one account and region, all trails together (about 30 bytes each).
    /// Stops: memory filled by millions of well-formed names.
    pub digest_keys_per_region: usize,
    /// Chains of one account and region. CloudTrail allows five trails a region; the rest is history.
    /// Stops: a walk that takes the square of the planted trail names.
    pub chains_per_region: usize,
    /// Lost hours named one by one in one hole; the rest of the hole is one finding. More than a year of hours.
    /// Stops: a report of a million lines from one missing digest.
    pub hours_named_per_hole: usize,
    /// Unlisted or stray objects named one by one for one account and region, and digests that are no facts for one
    /// chain; the rest are counted in one finding.
    /// Stops: ten million planted objects filling memory and drowning the report.
    pub planted_named_per_region: usize,
    /// Folders visited while looking for `AWSLogs/`, and how deep. Stops: a maze of folders.
    pub discovery_folders: usize,
    /// See `discovery_folders`.
    pub discovery_depth: usize,
    /// Bytes of a public key file or a waiver file. Stops: a device or a disk image given by mistake.
    pub small_file: u64,
    /// Bytes of one line of the metadata sidecar. S3 allows 2 KiB of user metadata and 1 KiB of key.
    /// Stops: a sidecar that is one endless line.
    pub sidecar_line: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            digest_stored: 16 << 20,
            digest_inflated: 32 << 20,
            log_inflated: 2 << 30,
            digests_per_chain: 500_000,
            digest_keys_per_region: 2_000_000,
            chains_per_region: 1_000,
            hours_named_per_hole: 10_000,
            planted_named_per_region: 10_000,
            discovery_folders: 100_000,
            discovery_depth: 16,
            small_file: 16 << 20,
            sidecar_line: 64 << 10,
        }
    }
}

/// How long a digest may take to arrive before its absence is a hole, in seconds. AWS promises no delay; digests were
/// seen up to 26 minutes after their end, and the next one ends an hour after the last.
pub const DIGEST_DUE_AFTER: i64 = 2 * 3_600;

/// How far a log file's name may be from its delivery, in seconds: CloudTrail rounds the minute up, by up to five.
pub const LOG_NAME_SKEW: i64 = 5 * 60;

/// Fields of a digest file, or of one of its entries, that this program does not know. Today there are two an entry.
/// Stops: a digest of millions of fields, each of which must be remembered to tell whether it occurs twice.
pub const UNKNOWN_FIELDS: usize = 256;

/// RSA moduli accepted, in bits. AWS uses 2,048. Stops: a 16,384-bit key that takes seconds a signature.
pub const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;

/// The one RSA exponent accepted, AWS's own. Stops: exponent 1, under which every signature verifies, and 3.
pub const RSA_EXPONENT: u64 = 65_537;

/// 2015-01-01, in Unix seconds: no key is older. Log file validation was announced that October; the oldest public key is of
/// June. Stops: asking AWS for the keys of a time that a planted name claims.
pub const FIRST_KEYS: i64 = 1_420_070_400;

/// Digests of one chain named one by one because their key was not to be had; the rest are counted, and their hours are holes
/// all the same. Stops: a year of hours that say the same thing, where a region gives out no keys.
pub const UNKNOWN_KEYS_NAMED: u64 = 24;
