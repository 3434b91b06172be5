//! What to do next, for every code: the same words in the text report and in `docs/findings.md`.

use super::Code;

impl Code {
    /// What someone who reads a finding of this code should do next, in a sentence or two.
    pub fn next_step(self) -> &'static str {
        match self {
            Code::DigestMissing => {
                "Look in S3 versioning, replication and backups for the object, and in S3 data events for who deleted it. The log files of that hour are unaccounted for until it is found."
            }
            Code::DigestSignatureInvalid => {
                "Keep the object and all its versions as evidence, and compare it with an earlier version or a replica. If the file was copied, make the copy again and verify it again."
            }
            Code::DigestMalformed => {
                "Keep the object as evidence, and find out from S3 data events who wrote it and when. An earlier version may be the file that AWS delivered."
            }
            Code::DigestMoved => {
                "If you moved or copied the evidence yourself, say so: `--bucket` and `--s3-prefix` name where what lies in a copy, or in a replica in S3, was delivered to. If you did not, find out who wrote the object there."
            }
            Code::DigestKeyUnknown => {
                "Ask AWS for the keys of that region and time again with `aws cloudtrail list-public-keys`. If AWS does not list the key, the digest was not signed by CloudTrail: keep it as evidence."
            }
            Code::DigestIdentityMismatch => {
                "Keep the object as evidence, and find out from S3 data events who wrote it under that name. It may be the genuine digest of another hour, region or trail."
            }
            Code::LinkHashMismatch => {
                "Look for the version of the digest file that has the recorded hash, in S3 versioning, replication or backups, and find out who replaced it."
            }
            Code::LinkSignatureMismatch => {
                "Compare the signature in the object's metadata with the recorded one, and find out who wrote the object again. Copying an object can also change or drop its metadata."
            }
            Code::LinkLocationMismatch => {
                "Compare the digest file that is there with the one that its successor names, and find out who wrote it. If the trail was moved to another bucket, verify that bucket too."
            }
            Code::LogMissing => {
                "Of a copy, see first that it is whole and that its log files are still packed (.json.gz); digest files alone are checked with `--log-files none`. Look in S3 versioning, replication and backups for the object, and in S3 data events and lifecycle rules for what deleted it. Its events may still be in CloudTrail's event history or in CloudWatch Logs."
            }
            Code::LogHashMismatch => {
                "Do not rely on this file's events. Look for the version that has the recorded hash, compare the two, and find out from S3 data events who wrote the later one."
            }
            Code::LogMalformed => {
                "Do not rely on this file's events. If it was copied, copy it again; otherwise look for an earlier version, and find out who wrote this one."
            }
            Code::LogTrailingData => {
                "Find out who wrote the object again. Its first part may be as delivered, but do not query the file until an earlier version has replaced it."
            }
            Code::BundleFileAltered | Code::BundleFileMissing => {
                "Do not rely on this bundle: ask whoever made it for another copy, and compare the two. Of the evidence in it, what still verifies under AWS's keys is genuine all the same."
            }
            Code::BundleReportDiffers => {
                "Rely on what was found now and not on the report in the bundle, and ask whoever made it which of the two was changed."
            }
            Code::BundleSignatureInvalid => {
                "Do not rely on the report in this bundle: ask whoever signed it for another copy. Of the evidence in it, what still verifies under AWS's keys is genuine all the same."
            }
            Code::BundleSignatureMissing => {
                "Ask whoever made the bundle for its signature, or for the key that it was signed with, and name that with `--signer`; with `--timestamp-authority`, the certificate of who says when."
            }
            Code::BundleGap => {
                "Find the bundle that belongs between the two, or make one of that time from the bucket while the objects are there. What happened in that time is not proven by these bundles."
            }
            Code::BundleFileUnlisted => {
                "Find out who added the file; nothing in the bundle vouches for it. The rest of the bundle is not affected."
            }
            Code::NothingFound => {
                "The message says what was looked for. Check the bucket, the prefix, the region, the account, the dates and the names asked for, and that log file validation is enabled for the trail. Of what was not found, nothing was verified."
            }
            Code::CoverageHole => {
                "Find out from the trail's history (StopLogging, UpdateTrail, DeleteTrail) whether logging was off, and look for deleted digest files in versions and backups. What happened in that time is not proven by these logs."
            }
            Code::DigestSignatureMissing => {
                "Copy the digest after it too: it records this one's signature. For the newest digest, keep the S3 metadata, which carries it, in `.trailseal/metadata.jsonl`."
            }
            Code::DigestUnreadable => {
                "Remove the cause that the reason names (permission, archive, encryption key, network or limit), and verify again. Nothing is shown against the file. If it lies in another bucket, from which the trail was moved, `--bucket-dir` names a copy of that."
            }
            Code::LogUnreadable => {
                "Remove the cause that the reason names (permission, archive, encryption key, network or limit), and verify again. Nothing is shown against the file. What a bundle was made without is still in its source, or in a bundle made with `--include-logs all`."
            }
            Code::LogUnlisted => {
                "Do not rely on this object's events. Find out who wrote it; if CloudTrail did, while validation was off or just before a hole, it stays unproven."
            }
            Code::FolderUnreadable => {
                "Grant `s3:ListBucket` on the bucket, or remove the cause that the reason names, and verify again. Nothing below this folder was checked."
            }
            Code::PublicKeyUnavailable => {
                "Get the keys of that region and time from AWS with `aws cloudtrail list-public-keys`, and give them with `--public-keys`."
            }
            Code::RunInterrupted => {
                "Verify again and let the run end, or ask for less: a shorter time, one account or region, or `--log-files listing`. What this report shows was seen; what it does not was not looked at."
            }
            Code::HistoryRewritten => {
                "Find out who deleted it: S3 data events, the bucket's version history (`aws s3api list-object-versions`). Restore it from there or from a copy. If a lifecycle rule is right to expire it, set `retention`."
            }
            Code::ChainGone => {
                "Find out who deleted the folder: S3 data events, the bucket's version history, `DeleteTrail` events. If the chain was to end and its objects with it, accept the finding with a waiver."
            }
            Code::RunFailed => {
                "Mend what the message names, and run `trailseal monitor --once` by hand. Until a run ends well, nothing new is proven."
            }
            Code::RunIncomplete => {
                "Give the runs more time (`max_duration`), or make targets of parts of it by account or region, or recheck a share (`recheck`). What no run has looked at is not proven."
            }
            Code::PublicKeyUnpinned => {
                "Get the keys from AWS yourself with `aws cloudtrail list-public-keys`, and verify again with `--public-keys FILE`. Any AWS account can ask. Of a bundle that someone you trust has signed, name their public key with `--signer`."
            }
            Code::ObjectStray => "Find out who put the object there. It proves nothing and was not read.",
            Code::KeyOutsideValidityWindow => {
                "Nothing, if the key came from AWS: digests are known to have been signed shortly after a key's window. A digest signed long after it deserves a question to AWS support."
            }
            Code::LogListedTwice => "Nothing: every digest that lists the file vouches for it. Count its events once.",
            Code::DigestLate => {
                "Nothing, if it is one of few: deliveries can be late. If it was written long after its hour, find out from S3 data events who wrote it."
            }
            Code::LogModifiedAfterDelivery => {
                "Find out who wrote the object again and why: a replication, a restore or a change of storage class is ordinary. The content is as AWS delivered it."
            }
            Code::ChainContinuesBefore => {
                "If the time before matters, verify the bucket or the backup that holds the earlier digests, or give an earlier `--start-time`."
            }
            Code::EndFromEvidence => {
                "If you know when the copy was made, verify again with `--end-time`, so that digests missing from its end become visible."
            }
            Code::WaiverUnused => {
                "Remove the waiver, correct what it names, or have it renewed by whoever answers for it."
            }
        }
    }
}
