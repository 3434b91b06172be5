//! The stable codes, each with its severity and its sentence.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a finding does to the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Tampering or loss is shown.
    Violation,
    /// It could not be shown either way.
    Unproven,
    /// Worth knowing; changes no verdict.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Violation => "violation",
            Severity::Unproven => "unproven",
            Severity::Note => "note",
        })
    }
}

/// One table for the codes, so that none can lack a severity, a sentence or its place in `Code::ALL`.
macro_rules! codes {
    ($($variant:ident $name:literal $severity:ident $sentence:literal,)*) => {
        /// What a finding says, by a name that never changes once released. `docs/findings.md` explains each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(#[doc = $sentence] #[serde(rename = $name)] $variant,)*
        }

        impl Code {
            /// Every code, worst first.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable name.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// What it does to the verdict.
            pub fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)* }
            }

            /// One sentence: what was observed.
            pub fn sentence(self) -> &'static str {
                match self { $(Code::$variant => $sentence,)* }
            }
        }
    };
}

codes! {
    DigestMissing "digest-missing" Violation "A digest file that a signed digest names is not in the bucket.",
    DigestSignatureInvalid "digest-signature-invalid" Violation "A digest file's signature does not verify under the key it names.",
    DigestMalformed "digest-malformed" Violation "An object named as a digest file is not a well-formed digest file.",
    DigestMoved "digest-moved" Violation "A digest file lies elsewhere than where it says it was delivered.",
    DigestKeyUnknown "digest-key-unknown" Violation "A digest file names a signing key that AWS does not list.",
    DigestIdentityMismatch "digest-identity-mismatch" Violation "A digest file's content and its name disagree.",
    LinkHashMismatch "link-hash-mismatch" Violation "A digest file's hash is not the one that its signed successor recorded.",
    LinkSignatureMismatch "link-signature-mismatch" Violation "A digest file's signature is not the one that its signed successor recorded.",
    LinkLocationMismatch "link-location-mismatch" Violation "A signed digest names another predecessor than the one that is there.",
    LogMissing "log-missing" Violation "A log file that a signed digest lists is not in the bucket.",
    LogHashMismatch "log-hash-mismatch" Violation "A log file's hash is not the one that a signed digest recorded.",
    LogMalformed "log-malformed" Violation "A listed log file is not one complete gzip member.",
    LogTrailingData "log-trailing-data" Violation "A listed log file goes on after its end.",
    HistoryRewritten "history-rewritten" Violation "A digest file that an earlier run proved is no longer in the bucket as it was.",
    ChainGone "chain-gone" Violation "All digest files of a chain that earlier runs proved are gone.",
    BundleFileAltered "bundle-file-altered" Violation "A file of the evidence bundle is not the one that was packed.",
    BundleFileMissing "bundle-file-missing" Violation "A file that the bundle's manifest names is not in the bundle.",
    BundleReportDiffers "bundle-report-differs" Violation "The report in the evidence bundle is not what the evidence in it comes to.",
    BundleSignatureInvalid "bundle-signature-invalid" Violation "The signature of the evidence bundle is not one of what is in it.",
    NothingFound "nothing-found" Unproven "Something that was asked for was not found.",
    PublicKeyUnavailable "public-key-unavailable" Unproven "The public key that a digest names was not to be had.",
    CoverageHole "coverage-hole" Unproven "No verified digest covers a part of the requested time.",
    DigestSignatureMissing "digest-signature-missing" Unproven "A digest file's signature is neither in its metadata nor in a verified successor.",
    DigestUnreadable "digest-unreadable" Unproven "A digest file is there and could not be read.",
    LogUnreadable "log-unreadable" Unproven "A listed log file is there and could not be read.",
    LogUnlisted "log-unlisted" Unproven "An object in a log folder is listed by no verified digest.",
    FolderUnreadable "folder-unreadable" Unproven "A folder could not be listed, so what lies in it was not checked.",
    BundleFileUnlisted "bundle-file-unlisted" Unproven "The evidence bundle has a file that nothing in it vouches for.",
    BundleSignatureMissing "bundle-signature-missing" Unproven "The evidence bundle has no signature of a signer that was named, or none that can be believed.",
    BundleGap "bundle-gap" Unproven "Two bundles of a chain of custody do not meet.",
    RunInterrupted "run-interrupted" Unproven "The run was interrupted before everything was looked at, so the report is a partial one.",
    RunFailed "run-failed" Unproven "A scheduled run could not proceed, so nothing was checked.",
    RunIncomplete "run-incomplete" Unproven "For long, no scheduled run has looked at everything: each ended early.",
    PublicKeyUnpinned "public-key-unpinned" Unproven "The public keys came with the evidence, so they prove that it is consistent and not that AWS signed it.",
    ObjectStray "object-stray" Note "An object in a digest folder is not named as a digest file.",
    KeyOutsideValidityWindow "key-outside-validity-window" Note "A digest was signed outside the validity window of its key.",
    LogListedTwice "log-listed-twice" Note "A log file is listed more than once.",
    DigestLate "digest-late" Note "A digest file was delivered more than two hours after its end.",
    LogModifiedAfterDelivery "log-modified-after-delivery" Note "A log file was written again after its digest was delivered; its content still matches.",
    ChainContinuesBefore "chain-continues-before" Note "The oldest digest checked names one before it that is not there to be asked for.",
    EndFromEvidence "end-from-evidence" Note "The end of the request was taken from the evidence, so what was cut off its end cannot be seen.",
    WaiverUnused "waiver-unused" Note "A waiver matched nothing, or has expired.",
}

impl Code {
    /// The code of that name.
    pub fn from_name(name: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.name() == name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One table for the reasons, as for the codes.
macro_rules! reasons {
    ($($variant:ident $name:literal $sentence:literal,)*) => {
        /// Why there is a hole, or why an object could not be read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $(#[doc = $sentence] #[serde(rename = $name)] $variant,)*
        }

        impl Reason {
            /// Every reason: those of holes, those of unreadable objects, and the one that both can have.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The stable name.
            pub fn name(self) -> &'static str {
                match self { $(Reason::$variant => $name,)* }
            }

            /// One sentence: what it says.
            pub fn sentence(self) -> &'static str {
                match self { $(Reason::$variant => $sentence,)* }
            }
        }
    };
}

reasons! {
    BeforeFirstDigest "before-first-digest" "Hole: the chain's first digest starts later.",
    AfterNewestDigest "after-newest-digest" "Hole: the chain's newest digest ends earlier, and the next was due.",
    ChainRestart "chain-restart" "Hole: logging or validation was switched off and on again.",
    DigestLost "digest-lost" "Hole: by the cadence there was a digest, and it is gone.",
    DigestUnverified "digest-unverified" "Hole: the digest of that hour is there and does not verify.",
    NeverDelivered "never-delivered" "Hole: AWS says that the trail records this account and region, and there is no digest of them at all.",
    TimeHole "time-hole" "Hole: two linked digests do not meet.",
    Denied "denied" "Unreadable: access was denied. It says nothing about whether the object exists.",
    Archived "archived" "Unreadable: in an archive storage class; it must be restored first.",
    Kms "kms" "Unreadable: the key that encrypts it may not be used, or is gone.",
    Throttled "throttled" "Unreadable: the store kept asking to slow down.",
    Unreachable "unreachable" "Unreadable: the store did not answer, broke off, or gave something that is no ordinary object.",
    LeftOut "left-out" "Unreadable: the bundle was made without it.",
    OverLimit "over-limit" "Unreadable: larger than a limit.",
    Interrupted "interrupted" "Not looked at: the run was interrupted before.",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_unique_and_what_serde_writes() {
        let mut names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        for (code, name) in Code::ALL.iter().zip(&names) {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{name}\""));
            assert_eq!(Code::from_name(name), Some(*code));
            assert!(code.sentence().ends_with('.'));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn reasons_write_as_named() {
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_string(reason).unwrap(), format!("\"{reason}\""));
        }
    }
}
