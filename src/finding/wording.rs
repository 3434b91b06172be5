//! The wording of every finding: what was observed, in words that someone who has never met the tool understands.
//!
//! What to do next is the same for every finding of a code: [`Code::next_step`]. What it can mean, `docs/findings.md` has.

use super::{Code, Finding, Reason};
use crate::trail::{ChainId, DigestKey, Interval, ObjectLocation, Time};

/// A digest's hour as its name tells it, for one whose content is not believed.
fn hour(end: Time) -> Interval {
    Interval::new(end.plus(-Time::HOUR), end)
}

fn on_digest(code: Code, chain: &ChainId, at: &ObjectLocation, end: Time, message: String) -> Finding {
    Finding::new(code, message).about(at).in_chain(chain).during(hour(end))
}

// -- digests and their links ----------------------------------------------------------------------------------------

impl Finding {
    pub(crate) fn digest_missing(chain: &ChainId, at: &ObjectLocation, end: Time, by: &ObjectLocation) -> Finding {
        let message = format!("the digest file of the hour up to {end} is gone; the signed digest {} names it", by.key);
        on_digest(Code::DigestMissing, chain, at, end, message)
    }

    pub(crate) fn digest_malformed(chain: &ChainId, at: &ObjectLocation, end: Time, why: &str) -> Finding {
        on_digest(Code::DigestMalformed, chain, at, end, format!("this is no well-formed digest file: {why}"))
    }

    pub(crate) fn digest_moved(chain: &ChainId, at: &ObjectLocation, end: Time, recorded: &ObjectLocation) -> Finding {
        let message = format!("this digest file was delivered to {recorded} and lies elsewhere");
        on_digest(Code::DigestMoved, chain, at, end, message).compared(recorded.to_string(), at.to_string())
    }

    pub(crate) fn digest_identity_mismatch(
        chain: &ChainId,
        at: &ObjectLocation,
        end: Time,
        field: &str,
        (name, content): (&str, &str),
    ) -> Finding {
        let message = format!("the digest's {field} is {content}, and its name says {name}");
        on_digest(Code::DigestIdentityMismatch, chain, at, end, message).compared(name, content)
    }

    pub(crate) fn digest_key_unknown(
        chain: &ChainId,
        at: &ObjectLocation,
        end: Time,
        fingerprint: &str,
        complete: bool,
    ) -> Finding {
        if complete {
            let message = format!(
                "it names the key {fingerprint}, which is not in the list of keys, and that list states to be complete for that region and time"
            );
            return on_digest(Code::DigestKeyUnknown, chain, at, end, message).compared("no such key", fingerprint);
        }
        let message = format!("it names the key {fingerprint}, which is not among the keys given");
        on_digest(Code::PublicKeyUnavailable, chain, at, end, message).compared(fingerprint, "not given")
    }

    pub(crate) fn digest_signature_invalid(
        chain: &ChainId,
        at: &ObjectLocation,
        end: Time,
        signature: &str,
        signed_sha256: &[u8; 32],
    ) -> Finding {
        let message = "the digest file or its signature was changed: the signature does not verify".to_owned();
        on_digest(Code::DigestSignatureInvalid, chain, at, end, message).compared(
            format!("signature {signature}"),
            format!("SHA-256 of the data signing string {}", hex::encode(signed_sha256)),
        )
    }

    pub(crate) fn digest_signature_missing(chain: &ChainId, at: &ObjectLocation, end: Time) -> Finding {
        let message = "its signature is neither in its metadata nor in a verified successor".to_owned();
        on_digest(Code::DigestSignatureMissing, chain, at, end, message)
    }

    pub(crate) fn digest_unreadable(chain: &ChainId, at: &ObjectLocation, end: Time, reason: Reason) -> Finding {
        let message = format!("the digest file of the hour up to {end} could not be read: {}", why_unreadable(reason));
        on_digest(Code::DigestUnreadable, chain, at, end, message).because(reason)
    }

    pub(crate) fn digest_over_limit(chain: &ChainId, at: &ObjectLocation, end: Time, limit: u64) -> Finding {
        Finding {
            message: format!("the digest file was not read to its end: it is larger than {limit} bytes"),
            ..Finding::digest_unreadable(chain, at, end, Reason::OverLimit)
        }
    }

    pub(crate) fn chain_over_limit(chain: &ChainId, reached: Time, met: u64) -> Finding {
        let message =
            format!("the chain was walked for {met} digests, back to {reached}, and not further: that is the limit");
        Finding::new(Code::DigestUnreadable, message).in_chain(chain).because(Reason::OverLimit).during(hour(reached))
    }

    pub(crate) fn link_hash_mismatch(
        chain: &ChainId,
        at: &ObjectLocation,
        end: Time,
        by: &ObjectLocation,
        recorded: impl ToString,
        computed: &[u8; 32],
    ) -> Finding {
        let message = format!("the digest file is not the one that the signed digest after it recorded ({})", by.key);
        on_digest(Code::LinkHashMismatch, chain, at, end, message).compared(recorded.to_string(), hex::encode(computed))
    }

    pub(crate) fn link_signature_mismatch(
        chain: &ChainId,
        at: &ObjectLocation,
        end: Time,
        by: &ObjectLocation,
        (recorded, computed): (&str, &str),
    ) -> Finding {
        let message =
            format!("the digest's signature is not the one that the signed digest after it recorded ({})", by.key);
        on_digest(Code::LinkSignatureMismatch, chain, at, end, message).compared(recorded, computed)
    }

    pub(crate) fn metadata_signature_changed(
        chain: &ChainId,
        at: &ObjectLocation,
        end: Time,
        (recorded, computed): (&str, &str),
    ) -> Finding {
        let message = "the signature in the object's metadata was changed: the digest after it records the genuine one";
        on_digest(Code::LinkSignatureMismatch, chain, at, end, message.to_owned()).compared(recorded, computed)
    }

    pub(crate) fn link_location_mismatch(
        chain: &ChainId,
        newer: &ObjectLocation,
        newer_start: Time,
        recorded: &ObjectLocation,
        computed: &ObjectLocation,
    ) -> Finding {
        let message = format!(
            "this digest names {} before it; {}, which it does not name, lies between",
            recorded.key, computed.key
        );
        Finding::new(Code::LinkLocationMismatch, message)
            .about(newer)
            .in_chain(chain)
            .during(Interval::new(newer_start, newer_start.plus(Time::HOUR)))
            .compared(recorded.to_string(), computed.to_string())
    }

    pub(crate) fn link_unfollowable(
        chain: &ChainId,
        at: &ObjectLocation,
        covers: Interval,
        named: &ObjectLocation,
    ) -> Finding {
        Finding::new(
            Code::LinkLocationMismatch,
            format!("what this digest names before it is no older digest of its chain: {named}"),
        )
        .about(at)
        .in_chain(chain)
        .during(covers)
        .compared(named.to_string(), "an older digest of the same chain")
    }

    pub(crate) fn key_outside_validity(
        chain: &ChainId,
        at: &ObjectLocation,
        covers: Interval,
        window: Interval,
    ) -> Finding {
        Finding::new(
            Code::KeyOutsideValidityWindow,
            "the signature verifies, under a key listed as valid for another time",
        )
        .about(at)
        .in_chain(chain)
        .during(covers)
        .compared(window.to_string(), covers.end.to_string())
    }

    pub(crate) fn digest_late(chain: &ChainId, at: &ObjectLocation, covers: Interval, written: Time) -> Finding {
        Finding::new(
            Code::DigestLate,
            format!("the digest's hour ended at {} and it was written at {written}", covers.end),
        )
        .about(at)
        .in_chain(chain)
        .during(covers)
        .compared(covers.end.to_string(), written.to_string())
    }

    pub(crate) fn chain_continues_before(chain: &ChainId, at: &ObjectLocation) -> Finding {
        let message = "the oldest digest checked names this one before it, which is not there to be asked for";
        Finding::new(Code::ChainContinuesBefore, message).about(at).in_chain(chain)
    }

    /// Log files of the day before, that are gone as all before them is.
    pub(crate) fn logs_gone_with_what_lies_before(
        chain: &ChainId,
        by: &ObjectLocation,
        covers: Interval,
        gone: u64,
    ) -> Finding {
        let message = format!(
            "of the log files that the oldest digest lists, {gone} from before its day are gone, and so is all that was delivered before: a lifecycle rule lets objects go by the day, or somebody took them away; what is proven begins after that digest"
        );
        Finding::new(Code::ChainContinuesBefore, message).about(by).in_chain(chain).during(covers)
    }
}

// -- coverage -------------------------------------------------------------------------------------------------------

impl Finding {
    pub(crate) fn chain_turned(chain: &ChainId, end: Time, newer: &ObjectLocation) -> Finding {
        let message = format!(
            "the trail goes on in another folder, of its organization or of the account itself, and no digest there links to this one: if these are two trails of one name, digests were deleted from the end of the one; {newer} is where the other begins"
        );
        let hour = Interval::new(end.plus(-Time::HOUR), end);
        Finding::new(Code::CoverageHole, message).in_chain(chain).during(hour).because(Reason::ChainRestart)
    }

    /// `inside` is the part of the hole `whole` that was asked for; a lost digest is named after its neighbour `like`.
    pub(crate) fn coverage_hole(
        chain: &ChainId,
        inside: Interval,
        whole: Interval,
        reason: Reason,
        like: &ObjectLocation,
    ) -> Finding {
        let span = length(inside);
        let message = match reason {
            Reason::BeforeFirstDigest => {
                format!("{span} before the first digest found of this chain: nothing says what was delivered then")
            }
            Reason::AfterNewestDigest => {
                let before = Interval::new(whole.start, inside.start);
                let ended = if before.is_empty() {
                    String::new()
                } else {
                    format!(", which had ended {} before, at {}", length(before), whole.start)
                };
                format!(
                    "{span} after the newest digest of this chain{ended}, although the next one was due: digests were deleted from the end, or logging or validation was switched off"
                )
            }
            Reason::ChainRestart => format!(
                "{} between the end of the chain and its restart: logging or validation was off, and log files delivered then are in no digest",
                length(whole)
            ),
            Reason::TimeHole => {
                format!("{span} between two linked digests: the later one does not start where the earlier one ends")
            }
            Reason::Interrupted => format!("{span} not looked at: the run was interrupted before"),
            Reason::DigestUnverified => format!("{span} for which there are only digests that do not verify"),
            _ if whole.seconds() > Time::HOUR => {
                format!("{span} of digests lost: by the cadence there was one every hour")
            }
            _ => "a digest is lost: by the cadence there was one for this hour".to_owned(),
        };
        let finding = Finding::new(Code::CoverageHole, message).in_chain(chain).during(inside).because(reason);
        let lost = (reason == Reason::DigestLost && whole.seconds() <= Time::HOUR)
            .then(|| DigestKey::parse(&like.key))
            .flatten()
            .map(|key| ObjectLocation::new(&like.bucket, DigestKey { end: whole.end, ..key }.key()));
        match lost {
            Some(at) => finding.about(&at),
            None => finding,
        }
    }

    pub(crate) fn nothing_found(message: String) -> Finding {
        Finding::new(Code::NothingFound, message)
    }

    pub(crate) fn end_from_evidence(end: Time, recorded: bool) -> Finding {
        let whose = if recorded { "what the copy's own record says" } else { "the end of the newest digest found" };
        let message = format!(
            "no end was asked for, so it is {whose}, {end}: had later digests been cut off, or the last two hours of one chain, that could not be seen"
        );
        Finding::new(Code::EndFromEvidence, message).compared("not given", end.to_string())
    }
}

// -- log files ------------------------------------------------------------------------------------------------------

/// A log file, by the digest that lists it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListedLog<'a> {
    pub chain: &'a ChainId,
    pub at: &'a ObjectLocation,
    pub covers: Interval,
}

impl ListedLog<'_> {
    fn finding(self, code: Code, message: String) -> Finding {
        Finding::new(code, message).about(self.at).in_chain(self.chain).during(self.covers)
    }

    pub(crate) fn missing(self) -> Finding {
        self.finding(
            Code::LogMissing,
            format!("the log file is gone; the signed digest of the hour up to {} lists it", self.covers.end),
        )
    }

    pub(crate) fn hash_mismatch(self, recorded: String, computed: &[u8; 32]) -> Finding {
        self.finding(Code::LogHashMismatch, "the log file's content was changed after it was delivered".to_owned())
            .compared(recorded, hex::encode(computed))
    }

    pub(crate) fn malformed(self, recorded: String, why: &str) -> Finding {
        self.finding(Code::LogMalformed, format!("the log file is damaged or was replaced: {why}"))
            .compared(recorded, why)
    }

    pub(crate) fn trailing_data(self, recorded: String, member: &[u8; 32]) -> Finding {
        let message =
            "data was added after the end of the log file; some readers would take it for part of it".to_owned();
        self.finding(Code::LogTrailingData, message).compared(recorded, hex::encode(member))
    }

    pub(crate) fn unreadable(self, reason: Reason) -> Finding {
        self.finding(Code::LogUnreadable, format!("the log file could not be read: {}", why_unreadable(reason)))
            .because(reason)
    }

    pub(crate) fn over_limit(self, limit: u64) -> Finding {
        let message = format!("the log file was not read to its end: it inflates to more than {limit} bytes");
        Finding { message, ..self.unreadable(Reason::OverLimit) }
    }

    pub(crate) fn listed_twice(self) -> Finding {
        self.finding(Code::LogListedTwice, "more than one digest lists this log file".to_owned())
    }

    pub(crate) fn modified_after_delivery(self, delivered: Time, written: Time) -> Finding {
        let message = format!(
            "the log file was written again at {written}, after its digest was delivered; its content still matches"
        );
        self.finding(Code::LogModifiedAfterDelivery, message).compared(delivered.to_string(), written.to_string())
    }
}

// -- what nobody vouches for ----------------------------------------------------------------------------------------

impl Finding {
    pub(crate) fn log_unlisted(at: &ObjectLocation, interval: Option<Interval>) -> Finding {
        let finding = Finding::new(
            Code::LogUnlisted,
            "no verified digest lists this object; queries over the log folder would read it",
        )
        .about(at);
        Finding { interval, ..finding }
    }

    pub(crate) fn log_unlisted_at_edge(at: &ObjectLocation, interval: Option<Interval>) -> Finding {
        let message = "no verified digest seen lists this object; it is named within minutes of the start, so the digest before the start may list it: add that digest to the evidence, or ask for a start an hour later";
        Finding { message: message.to_owned(), ..Finding::log_unlisted(at, interval) }
    }

    pub(crate) fn object_stray(at: &ObjectLocation) -> Finding {
        Finding::new(
            Code::ObjectStray,
            "the object is not named as a digest file; it is no evidence, but someone put it there",
        )
        .about(at)
    }

    pub(crate) fn more_like_it(code: Code, folder: &ObjectLocation, more: u64) -> Finding {
        Finding::new(code, format!("{more} more of these below this folder were counted and are not named one by one"))
            .about(folder)
    }

    pub(crate) fn more_in_chain(code: Code, chain: &ChainId, more: u64) -> Finding {
        Finding::new(code, format!("{more} more of these in this chain were counted and are not named one by one"))
            .in_chain(chain)
    }

    pub(crate) fn folder_unreadable(at: &ObjectLocation, reason: Reason) -> Finding {
        let message = format!("the folder could not be listed: {}", why_unreadable(reason));
        Finding::new(Code::FolderUnreadable, message).about(at).because(reason)
    }
}

// -- keys and waivers -----------------------------------------------------------------------------------------------

impl Finding {
    pub(crate) fn public_key_unpinned(source: &str) -> Finding {
        let message = format!(
            "the public keys were taken from {source}, which came with the evidence: whoever could alter the one could have replaced the other. Give keys obtained from AWS with --public-keys"
        );
        Finding::new(Code::PublicKeyUnpinned, message)
    }

    pub(crate) fn waiver_unused(waiver: &str, why: &str) -> Finding {
        Finding::new(Code::WaiverUnused, format!("the waiver of {waiver} {why}"))
    }
}

fn why_unreadable(reason: Reason) -> &'static str {
    match reason {
        Reason::Denied => "access was denied",
        Reason::Archived => "it is in an archive storage class and must be restored first",
        Reason::Kms => "the key that encrypts it could not be used",
        Reason::Throttled => "the store kept asking to slow down",
        Reason::LeftOut => "the bundle was made without it",
        Reason::OverLimit => "it is larger than the limit",
        Reason::Interrupted => "the run was interrupted before",
        _ => "it could not be reached, or is no ordinary object",
    }
}

/// A span as people say it: `40 min`, `36 h`, `9 days 4 h`.
pub(crate) fn length(interval: Interval) -> String {
    let minutes = (interval.seconds() + 30) / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours @ 0..48, 0) => format!("{hours} h"),
        (hours @ 0..48, minutes) => format!("{hours} h {minutes} min"),
        (hours, _) => format!("{} days {} h", hours / 24, hours % 24),
    }
}
