//! Which keys there are. A table that is read with a key that is not listed here, or without one that is, panics in a debug
//! build: nothing that is accepted is without effect.

use super::error::nearest;

/// A kind of table in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// What stands above the first header.
    Top,
    /// `[[target]]`
    Target,
    /// `[access]` and `[target.access]`
    Access,
}

impl Section {
    pub(super) const ALL: [Section; 3] = [Section::Top, Section::Target, Section::Access];

    /// The keys that it may have.
    pub(super) fn keys(self) -> &'static [&'static str] {
        match self {
            Section::Top => &TOP,
            Section::Target => &TARGET,
            Section::Access => &ACCESS,
        }
    }

    pub(super) fn shown(self) -> &'static str {
        match self {
            Section::Top => "the top of the file",
            Section::Target => "[[target]]",
            Section::Access => "[access]",
        }
    }

    /// What is wrong with a key that it may not have, and which one may have been meant.
    pub(super) fn unknown(self, key: &str) -> String {
        let here = self.shown();
        let elsewhere = Section::ALL.into_iter().find(|section| section.keys().contains(&key));
        match (elsewhere, nearest(key, self.keys().iter().copied())) {
            // In TOML, whatever follows a header belongs to it.
            (Some(Section::Top), _) => {
                format!("`{key}` is no key of {here}; move it above the first header, such as [[target]]")
            }
            (Some(section), _) => format!("`{key}` is no key of {here}; move it below {}", section.place_below(self)),
            (None, Some(near)) => format!("`{key}` is no key of {here}; the nearest is `{near}`"),
            (None, None) => format!("`{key}` is no key of {here}; there are {}", self.keys().join(", ")),
        }
    }

    /// Where a key of this section belongs that was found in another.
    fn place_below(self, found: Section) -> &'static str {
        match (self, found) {
            (Section::Access, Section::Target) => "[target.access]",
            _ => self.shown(),
        }
    }
}

const TOP: [&str; 11] = [
    "state",
    "every",
    "max_duration",
    "remind_every",
    "status_page",
    "metrics_file",
    "listen",
    "keep_runs",
    "target",
    "access",
    "sink",
];

const TARGET: [&str; 20] = [
    "name",
    "source",
    "accounts",
    "regions",
    "trails",
    "s3_prefix",
    "start",
    "retention",
    "log_files",
    "seed",
    "public_keys",
    "waivers",
    "recheck",
    "reread",
    "concurrency",
    "overdue_after",
    "bucket",
    "max_digest_bytes",
    "max_log_bytes",
    "access",
];

const ACCESS: [&str; 12] = [
    "profile",
    "endpoint_url",
    "assume_role",
    "external_id",
    "role_session_name",
    "fips",
    "dual_stack",
    "request_payer",
    "expected_bucket_owner",
    "connect_timeout",
    "read_timeout",
    "max_attempts",
];
