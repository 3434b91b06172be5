//! What a finding of every code can mean, ordinary and malicious: the same words in reports and in `docs/findings.md`.

use super::Code;

impl Code {
    /// The ordinary explanation, to be read after "it can be ordinary:".
    pub fn ordinary(self) -> &'static str {
        match self {
            Code::DigestMissing => {
                "a lifecycle rule, a clean-up job or an incomplete copy removed the digest file, and would have done so to any object of that age."
            }
            Code::DigestSignatureInvalid => {
                "the file or its signature was damaged, or rewritten by a tool that stores JSON again, or the wrong signature was copied with it."
            }
            Code::DigestMalformed => {
                "a copy broke off, or a tool stored the object decompressed and compressed again in a form that is not one complete gzip member."
            }
            Code::DigestMoved => {
                "the evidence was copied to another bucket or prefix, and the program was not told where it came from."
            }
            Code::DigestKeyUnknown => "AWS was asked in another region or about another time than the digest's own.",
            Code::DigestIdentityMismatch => "a copy renamed objects.",
            Code::LinkHashMismatch => {
                "a tool rewrote the digest file, or an earlier version was restored that differs."
            }
            Code::LinkSignatureMismatch => "the object was copied and its metadata changed on the way.",
            Code::LinkLocationMismatch => {
                "the trail was reconfigured, so that two digests were delivered for about the same time, or digests of two trails of one name were copied together."
            }
            Code::LogMissing => "a lifecycle rule deleted old log files, or a copy is incomplete or was unpacked.",
            Code::LogHashMismatch => {
                "a tool rewrote the file, for instance by formatting its JSON, or a copy was damaged."
            }
            Code::LogMalformed => "a copy broke off, or a disk is faulty.",
            Code::LogTrailingData => "a tool appended to the file by mistake.",
            Code::BundleFileAltered => {
                "the bundle was damaged when it was copied, or someone unpacked it, looked at a file with a program that saved it again, and packed it anew."
            }
            Code::BundleFileMissing => "someone unpacked the bundle and packed it again without the file.",
            Code::BundleReportDiffers => {
                "another version of trailseal made the bundle, and one of the two judges something differently."
            }
            Code::BundleSignatureInvalid => {
                "the signature of another bundle was put into this one, or it was damaged when it was copied."
            }
            Code::BundleSignatureMissing => {
                "the bundle was never signed, or by someone else than you expected, or its certificate has expired and no time-stamp shows that it was signed before."
            }
            Code::BundleGap => {
                "a bundle between the two was not named, or one was made late, or not with `--previous`."
            }
            Code::BundleFileUnlisted => "someone added a note to the archive.",
            Code::NothingFound => {
                "the bucket, prefix, region, account or dates are not the right ones, or log file validation was never enabled for the trail."
            }
            Code::CoverageHole => {
                "logging or validation was off for that time, or the trail did not exist yet. The reason with the finding says which."
            }
            Code::DigestSignatureMissing => {
                "the evidence was copied with a tool that drops S3 metadata (`aws s3 sync` to a disk always does), and this digest is the newest, so that no successor records its signature."
            }
            Code::DigestUnreadable => "a permission is missing, the object is archived, or the network failed.",
            Code::LogUnreadable => {
                "a permission is missing, the object is archived, the network failed, or a bundle was made without it."
            }
            Code::LogUnlisted => {
                "CloudTrail delivered it while validation was off, or its digest is among those that are missing or outside what was asked for, or another program writes to the folder."
            }
            Code::FolderUnreadable => "a permission to list is missing, or the network failed.",
            Code::PublicKeyUnavailable => {
                "the keys given do not reach to that time or region, or AWS could not be asked."
            }
            Code::RunInterrupted => "someone pressed Ctrl-C, or a scheduler, a time limit or a shutdown sent SIGTERM.",
            Code::HistoryRewritten => {
                "a lifecycle rule expires objects and the configuration's `retention` does not say so, or somebody tidied up."
            }
            Code::ChainGone => {
                "the trail was deleted and its folder with it, or a lifecycle rule expired all of an account that was closed."
            }
            Code::RunFailed => {
                "credentials have expired, a permission was taken away, or the network or AWS could not be reached."
            }
            Code::RunIncomplete => {
                "`max_duration`, or the time that a function has, is too short for so large a history."
            }
            Code::PublicKeyUnpinned => {
                "the evidence was copied together with its keys, and is checked without a connection to AWS."
            }
            Code::ObjectStray => "a tool left a file, or an object was uploaded to the wrong folder.",
            Code::KeyOutsideValidityWindow => {
                "AWS signed shortly before or after the window that it gives for the key; its own published samples do so."
            }
            Code::LogListedTwice => "CloudTrail listed it again, for instance in a backfill digest.",
            Code::DigestLate => {
                "AWS delivered late, which it makes no promise about, or the object was copied or restored later."
            }
            Code::LogModifiedAfterDelivery => "the object was copied, restored, or moved to another storage class.",
            Code::ChainContinuesBefore => {
                "earlier digest files were deleted by a lifecycle rule, or the copy starts there."
            }
            Code::EndFromEvidence => "a copy was checked, and no end was asked for.",
            Code::WaiverUnused => "what the waiver was for has been put right, or it has run out.",
        }
    }

    /// The malicious one, to be read after "it can be malicious:".
    pub fn malicious(self) -> &'static str {
        match self {
            Code::DigestMissing => {
                "someone deleted the digest file so that nothing names the log files of that hour any more, which can then be altered or deleted unseen."
            }
            Code::DigestSignatureInvalid => {
                "someone changed the digest file, for instance to leave out a log file or to record another hash for it. Only AWS can sign, so the change cannot be hidden."
            }
            Code::DigestMalformed => {
                "someone wrote another object under the name of a digest file, or appended data to one in the hope that another reader sees a different content."
            }
            Code::DigestMoved => {
                "someone copied a genuine digest of another trail or bucket to this place, so that it stands in for one that is missing."
            }
            Code::DigestKeyUnknown => "someone made the digest file and signed it with a key of their own.",
            Code::DigestIdentityMismatch => {
                "someone stored a genuine digest file of another hour, account, region or trail under this name, to replace one that would have told of something."
            }
            Code::LinkHashMismatch => "someone replaced the digest file after its successor was made.",
            Code::LinkSignatureMismatch => "someone replaced the digest file and its signature with another pair.",
            Code::LinkLocationMismatch => {
                "someone planted a genuine digest file from elsewhere between two others, or removed the ones that it belonged to."
            }
            Code::LogMissing => "someone deleted the log file because of the events in it.",
            Code::LogHashMismatch => "someone removed or changed events.",
            Code::LogMalformed => {
                "someone replaced the log file with something else, or damaged it so that it can no longer be read."
            }
            Code::LogTrailingData => {
                "someone added events after the end of the genuine ones: many readers go on into a second gzip member, and would show them as CloudTrail's."
            }
            Code::BundleFileAltered => "someone altered the evidence or the report after the bundle was made.",
            Code::BundleFileMissing => "someone took the file away after the bundle was made.",
            Code::BundleReportDiffers => {
                "someone edited the report to say something else, or the evidence so that it says what the report does not."
            }
            Code::BundleSignatureInvalid => {
                "someone altered the bundle after it was signed, and made a manifest that fits."
            }
            Code::BundleSignatureMissing => {
                "someone altered the bundle and signed it anew, or took the signature away."
            }
            Code::BundleGap => {
                "someone left out the bundle of a time that shows something, or replaced one by another of the same name."
            }
            Code::BundleFileUnlisted => "someone planted a file that readers take for part of the evidence.",
            Code::NothingFound => "someone deleted every digest file.",
            Code::CoverageHole => {
                "someone switched logging off for a while, or deleted digest files, together with the log files that they listed."
            }
            Code::DigestSignatureMissing => {
                "someone removed the metadata, so that a changed digest does not show as such."
            }
            Code::DigestUnreadable | Code::LogUnreadable => {
                "someone took the right to read it away, or the key that encrypts it."
            }
            Code::LogUnlisted => {
                "someone planted a log file with invented events. Athena and its like read the whole folder, so such events appear in queries."
            }
            Code::FolderUnreadable => {
                "someone took the right to list away, so that missing and planted objects cannot be seen. With the reason `over-limit`, someone invented more accounts, regions or folders than are looked into: `--account-id` and `--region` ask for those that there are, and the others count no more."
            }
            Code::PublicKeyUnavailable => {
                "someone replaced a digest by one signed with a key of their own, and the list of keys at hand cannot show it."
            }
            Code::RunInterrupted => {
                "none that is known: whoever can send signals to the run is trusted. A bucket made so large that runs are given up has the same effect."
            }
            Code::HistoryRewritten => {
                "someone took away the newest or the oldest digest files, which nothing else in the bucket would tell of."
            }
            Code::ChainGone => {
                "someone deleted the whole history of an account and region, so that nothing is left to contradict."
            }
            Code::RunFailed => "someone took the monitor's access away before doing what it would have seen.",
            Code::RunIncomplete => {
                "someone fills the bucket with so much that no run comes to its end, and whatever is looked at last is never seen."
            }
            Code::PublicKeyUnpinned => {
                "whoever could alter the evidence has signed it anew and put their own key beside it."
            }
            Code::ObjectStray => "someone hoped to confuse validators: some stop at a name that they do not expect.",
            Code::KeyOutsideValidityWindow => {
                "none that is known: the signature verifies, and only AWS has the private key."
            }
            Code::LogListedTwice => "none that is known: both digests are signed by AWS.",
            Code::DigestLate => "someone deleted the digest file for a while and put it back.",
            Code::LogModifiedAfterDelivery => {
                "someone replaced it and later put the genuine file back; what was read in between may not have been genuine."
            }
            Code::ChainContinuesBefore => "someone deleted the beginning of the chain, to hide what came before.",
            Code::EndFromEvidence => {
                "someone cut the newest hours off the copy, which cannot be seen without knowing where it should end."
            }
            Code::WaiverUnused => "none.",
        }
    }
}
