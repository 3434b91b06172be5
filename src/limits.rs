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
    /// Stops: a chain that never ends.
    pub digests_per_chain: u64,
    /// Digest keys kept of one account and region, all trails together (about 30 bytes each).
    /// Stops: memory filled by millions of well-formed names.
    pub digest_keys_per_region: usize,
    /// Objects that one listing may show: all log files of the busiest account and region, for years.
    /// Stops: a listing that never ends.
    pub listed: u64,
    /// Names in one folder of a disk, which are read as a whole to be sorted: those of a day with 80,000 log files an hour.
    /// Stops: filling memory with ten million empty files.
    pub names_per_folder: usize,
    /// Chains of one account and region. CloudTrail allows five trails a region; the rest is history.
    /// Stops: a walk that takes the square of the planted trail names.
    pub chains_per_region: usize,
    /// Chains of all accounts and regions together, which share them evenly. 10,000 accounts with two trails in all regions
    /// that are switched on by default have 340,000. Stops: the same with many invented regions.
    pub chains: usize,
    /// Lost hours named one by one in one hole; the rest of the hole is one finding. More than a year of hours.
    /// Stops: a report of a million lines from one missing digest.
    pub hours_named_per_hole: usize,
    /// Unlisted or stray objects named one by one for one account and region, and digests that are no facts for one
    /// chain; the rest are counted in one finding.
    /// Stops: ten million planted objects filling memory and drowning the report.
    pub planted_named_per_region: usize,
    /// The same, of all accounts, regions and chains together, which share it evenly; a few are named of each.
    /// Stops: the same objects, spread over as many invented accounts, regions or trails.
    pub planted_named: usize,
    /// Folders visited while looking for `AWSLogs/`, and how deep. Stops: a maze of folders.
    pub discovery_folders: usize,
    /// See `discovery_folders`.
    pub discovery_depth: usize,
    /// Folders of accounts and organizations among those asked for. AWS Organizations allows 10,000 accounts.
    /// Stops: hundreds of thousands of invented accounts, each of which would be listed.
    pub accounts: usize,
    /// Folders of regions of one account, as many of digest as of log files. AWS has some 40 regions.
    /// Stops: the same with invented regions.
    pub regions_per_account: usize,
    /// Places of accounts and regions together. Of 10,000 accounts in all regions that are switched on by default there
    /// are 170,000. Stops: both at once.
    pub regions: usize,
    /// Places where the folders of one account and region lie: a trail may have been moved a few times.
    /// Stops: a search that takes the square of the invented prefixes.
    pub places_per_region: usize,
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
            listed: 1_000_000_000,
            names_per_folder: 2_000_000,
            chains_per_region: 1_000,
            chains: 500_000,
            hours_named_per_hole: 10_000,
            planted_named_per_region: 10_000,
            planted_named: 200_000,
            discovery_folders: 100_000,
            discovery_depth: 16,
            accounts: 20_000,
            regions_per_account: 200,
            regions: 250_000,
            places_per_region: 100,
            small_file: 16 << 20,
            sidecar_line: 64 << 10,
        }
    }
}

impl Limits {
    /// The usual ones, but for the bytes of inflated files.
    pub fn of_files(digest_inflated: u64, log_inflated: u64) -> Limits {
        let usual = Limits::default();
        // What inflates to more than is usual may take more room before.
        let digest_stored = usual.digest_stored.max(digest_inflated / 2);
        Limits { digest_inflated, digest_stored, log_inflated, ..usual }
    }

    /// The same, for one of so many accounts and regions, or chains of these: what is allowed to all together is shared out
    /// evenly, so that it does not grow with what was invented, and does not hang on who is first.
    pub(crate) fn shared_by(mut self, sharers: usize) -> Limits {
        let share = |of: usize, least: usize| (of / sharers.max(1)).max(least);
        self.planted_named = share(self.planted_named, LEAST_NAMED);
        self.planted_named_per_region = self.planted_named_per_region.min(self.planted_named);
        self.chains = share(self.chains, LEAST_CHAINS);
        self.chains_per_region = self.chains_per_region.min(self.chains);
        self
    }
}

/// Planted objects named of each sharer, however many there are.
const LEAST_NAMED: usize = 10;

/// Chains walked of each account and region, however many there are: CloudTrail allows five trails, each with a second chain.
const LEAST_CHAINS: usize = 10;

/// Folders that could not be listed, or were not for a limit, that are named one by one of one folder above; the rest are
/// counted. Stops: a report that consists of them.
pub const FOLDERS_NAMED: usize = 10_000;

/// Folders out of place that are looked into, of one folder above. Stops: a request for each of hundreds of thousands.
pub const MISPLACED_FOLDERS: usize = 1_000;

/// Sibling folders such as `CloudTrail-Insight/` that the report names. AWS has a few.
/// Stops: a page of invented ones.
pub const SIBLINGS_NAMED: usize = 20;

/// How long a digest may take to arrive before its absence is a hole, in seconds. AWS promises no delay; digests were
/// seen up to 26 minutes after their end, and the next one ends an hour after the last.
pub const DIGEST_DUE_AFTER: i64 = 2 * 3_600;

/// How far S3's time of a delivery may be from the one by which CloudTrail counts it to a digest's time, in seconds. Two
/// clocks of one provider are closer; what is written later is read, which costs a request and no verdict, while what is
/// written within it goes unread where the listing alone was asked for.
pub const DELIVERY_SKEW: i64 = 60;

/// How far a log file's name may be from its delivery, in seconds: CloudTrail rounds the minute up, by up to five.
pub const LOG_NAME_SKEW: i64 = 5 * 60;

/// How long after the time in its name a log file that was asked for by name is looked for in digests, in seconds: its hour's
/// digest ends within an hour of it, and after that come as many as an audit looks at after its end. A backfill digest can
/// come at any time. Stops: a walk through all of a trail for a name that somebody made up.
pub const NAMED_WITHIN: i64 = 3 * 3_600;

/// Digest files looked at for one log file that was asked for by name; usually it is one of each trail.
/// Stops: thousands of names planted in its hour, or of backfill digests after it.
pub const NAMED_LOOKS: usize = 2_000;

/// Log files that a bundle may ask for by name. Stops: a request of a hundred thousand, each of which is looked for.
pub const NAMED_LOG_FILES: usize = 1_000;

/// Fields of a digest file, or of one of its entries, that this program does not know. Today there are two an entry.
/// Stops: a digest of millions of fields, each of which must be remembered to tell whether it occurs twice.
pub const UNKNOWN_FIELDS: usize = 256;

/// Log files of a sample of so many, at some 400 bytes each: which ones they are is known only when all chains are walked.
/// A person asks for fewer, and a share of all needs no memory. Stops: a bundle that asks for a sample that fills it.
pub const SAMPLE_LOG_FILES: u32 = 100_000;

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

/// Bytes of an envelope, or of the statement in it: some hundred bytes a file. Stops: filling memory with a signature file.
pub const ENVELOPE_BYTES: usize = 16 << 20;

/// Signatures of one envelope that are looked at. Stops: thousands, each tried with every key.
pub const ENVELOPE_SIGNATURES: usize = 16;

/// Bytes of one signature; RSA of 4,096 bits has 512. Stops: the same memory by another way.
pub const SIGNATURE_BYTES: usize = 1_024;

/// Files that one statement is about. A bundle is stated by its manifest and what lies beside that.
/// Stops: a statement that takes longer to compare than its evidence to hash.
pub const STATEMENT_SUBJECTS: usize = 10_000;

/// Bytes of a name in an envelope or a statement: an S3 key has 1,024 at most. Stops: a name that fills a report.
pub const NAME_BYTES: usize = 1_024;

/// How deep JSON of a bundle may be nested. Stops: a stack that overflows, here or in whoever reads it next.
pub const JSON_DEPTH: usize = 64;

/// Bytes of a file of signers' keys or certificates. Stops: a device or a disk image given by mistake.
pub const KEY_FILE_BYTES: usize = 1 << 20;

/// Keys or certificates in such files together. Stops: thousands, each tried with every signature.
pub const KEY_FILE_BLOCKS: usize = 64;

/// Bytes of a time-stamp; one with a chain of certificates has some 6,000. Stops: an authority that answers without end.
pub const TIMESTAMP_BYTES: usize = 256 << 10;

/// Certificates in a time-stamp. Stops: a search for a path among thousands.
pub const TIMESTAMP_CERTIFICATES: usize = 16;

/// Values in one structure of a time-stamp. Stops: a list that fills memory with its references.
pub const DER_ELEMENTS: usize = 256;
