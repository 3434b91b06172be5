//! The time that is looked at: settled once, from what was asked, what a copy says of itself, and what is there.

use super::discover::Discovery;
use super::folders::Window;
use super::inventory::{Backfills, Inventory, take_inventory};
use super::{AuditError, AuditRequest, Evidence};
use crate::chain::Scope;
use crate::limits::{DIGEST_DUE_AFTER, FIRST_KEYS, LOG_NAME_SKEW};
use crate::trail::{ChainKind, Interval, LogKey, ObjectLocation, Time};

/// The time that is looked at.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub scope: Scope,
    /// Whether the start is what the copy says of itself.
    pub start_recorded: bool,
    pub end_from: EndFrom,
    as_of: Time,
}

/// Who says where the request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndFrom {
    Request,
    /// The evidence is the bucket itself, and nobody asked for an end: it is now, and nothing can lie after it.
    Now,
    /// The record of the copy, which lies beside the evidence and is as hostile.
    Record,
    /// The newest digest found: then what lies after it is judged too.
    NewestDigest,
}

impl EndFrom {
    /// Whether it is the evidence's own word.
    pub(super) fn is_evidence(self) -> bool {
        matches!(self, EndFrom::Record | EndFrom::NewestDigest)
    }
}

impl Range {
    /// Until when, and as of when. What was asked for counts; else what the copy says; else the newest digest found.
    pub(super) async fn settle(
        evidence: &Evidence,
        request: &AuditRequest,
        discovery: &Discovery,
    ) -> Result<Range, AuditError> {
        let as_of = request.as_of;
        let recorded = match (request.start, evidence.recorded_start) {
            (None, Some(start)) if begins_at(start, evidence, request, discovery).await => Some(start),
            _ => None,
        };
        let start = request.start.or(recorded);
        let (scope, end_from) = match request.end {
            // What has not come yet cannot be proven, and is not asked for.
            Some(end) => (Scope { start, end: end.min(as_of), horizon: as_of, began_by: None }, EndFrom::Request),
            None if evidence.live => (Scope { start, end: as_of, horizon: as_of, began_by: None }, EndFrom::Now),
            None => from_evidence(evidence, request, discovery, start).await,
        };
        if let Some(start) = scope.start.filter(|start| *start >= scope.end) {
            return Err(match start >= as_of {
                true => AuditError::StartToCome { start, now: as_of },
                false => AuditError::RangeReversed { start, end: scope.end },
            });
        }
        Ok(Range { scope, start_recorded: recorded.is_some(), end_from, as_of })
    }

    /// A time that nobody asked for and that was told from elsewhere: from what digests cover.
    pub(super) fn told(scope: Scope) -> Range {
        Range { scope, start_recorded: false, end_from: EndFrom::Request, as_of: scope.horizon }
    }

    /// Whether a log file that a digest over `covers` lists is of the request. What a digest lists was delivered in its time,
    /// however late after its name. A digest across an edge of the request also lists others: of these the name tells, and
    /// counts for the request where it leaves that open. What is named within the request and was delivered after it is of it
    /// too, where that digest is looked at.
    pub(super) fn is_requested(&self, at: &ObjectLocation, covers: Interval) -> bool {
        let Scope { start, end, .. } = self.scope;
        let asked_for = self.scope.touches(covers);
        let (begins_before, ends_after) = (start.is_some_and(|start| covers.start < start), covers.end > end);
        if asked_for && !begins_before && !ends_after {
            return true;
        }
        let Some(LogKey { name, .. }) = LogKey::parse(&at.key) else { return asked_for };
        let before = start.is_some_and(|start| name.minute < start);
        if !asked_for {
            return covers.start >= end && name.minute < end && !before;
        }
        !(begins_before && before || ends_after && name.minute.plus(-LOG_NAME_SKEW) >= end)
    }

    /// The log files that are judged, but for those not yet due.
    pub(super) fn window(&self, inventory: &Inventory) -> Window {
        let oldest =
            inventory.chains.values().filter_map(|listing| listing.span(self.scope)).map(|span| span.start).min();
        Window {
            start: self.scope.start.or(oldest),
            end: (!matches!(self.end_from, EndFrom::Now | EndFrom::NewestDigest)).then_some(self.scope.end),
            pending: None,
            written_by: (self.end_from == EndFrom::Now).then_some(self.as_of),
        }
    }

    /// The days whose digest folders are searched for strays. An end that nobody asked for hides none.
    pub(super) fn stray_window(&self) -> Window {
        let end = (self.end_from == EndFrom::Request).then_some(self.scope.end);
        Window { start: self.scope.start, end, pending: None, written_by: None }
    }

    /// The range over which a region's keys are asked for; none if it has no digests.
    pub(super) fn of_keys(&self, inventory: &Inventory) -> Option<Interval> {
        let spans = inventory.chains.values().filter_map(|listing| listing.span(self.scope));
        let range = spans.reduce(Interval::or)?;
        // Planted names can claim any time; AWS has signed since 2015, and not after now.
        let latest = self.as_of.plus(DIGEST_DUE_AFTER);
        let start = range.start.max(Time::from_unix(FIRST_KEYS));
        // A digest is signed after its end, a backfill digest when it is generated, which is just before it is written.
        let signed_by = match inventory.backfills {
            Backfills::None => range.end,
            Backfills::WrittenBy(written) => range.end.max(written),
            Backfills::AtAnyTime => latest,
        };
        let end = signed_by.plus(DIGEST_DUE_AFTER).min(latest).max(start);
        Some(Interval::new(start, end))
    }
}

/// Whether a copy is what its record says of its start: of each chain it has one digest before at most, for the sake of what
/// was delivered just before. A record that would hide more is not followed.
async fn begins_at(start: Time, evidence: &Evidence, request: &AuditRequest, discovery: &Discovery) -> bool {
    // What lies in a bucket that a trail was moved from is found later, by following it.
    if let Some(buckets) = &evidence.buckets
        && !buckets.at_hand().await.is_empty()
    {
        return false;
    }
    let mut before = 0;
    for region in &discovery.regions {
        let inventory = take_inventory(region, &request.limits, Window::default()).await;
        let standard = inventory.chains.iter().filter(|(chain, _)| chain.kind == ChainKind::Standard);
        before = standard.map(|(_, listing)| listing.until(start)).fold(before, usize::max);
    }
    before <= 1
}

async fn from_evidence(
    evidence: &Evidence,
    request: &AuditRequest,
    discovery: &Discovery,
    start: Option<Time>,
) -> (Scope, EndFrom) {
    let recorded = evidence.recorded_end.filter(|end| *end <= request.as_of);
    let (mut newest, mut contradicted) = (None, false);
    for region in &discovery.regions {
        let inventory = take_inventory(region, &request.limits, Window::default()).await;
        for (chain, listing) in inventory.chains.iter().filter(|(chain, _)| request.select.has_chain(chain)) {
            // A name from the future is no reason to ask for the future.
            newest = newest.max(listing.newest(request.as_of));
            contradicted |= recorded.is_some_and(|end| listing.goes_on_after(chain, end, request.as_of));
        }
    }
    // A record that would hide what the copy holds is not followed.
    if let Some(end) = recorded.filter(|_| !contradicted) {
        return (Scope { start, end, horizon: request.as_of, began_by: None }, EndFrom::Record);
    }
    let end = newest.unwrap_or(request.as_of);
    (Scope { start, end, horizon: end, began_by: None }, EndFrom::NewestDigest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minutes after some midnight.
    fn at(minute: i64) -> Time {
        Time::parse_digest_time("2026-01-10T00:00:00Z").unwrap().plus(minute * 60)
    }

    fn range(start: Option<i64>, end: i64) -> Range {
        Range::told(Scope { start: start.map(at), end: at(end), horizon: at(10_000), began_by: None })
    }

    fn log(minute: i64) -> ObjectLocation {
        let at = at(minute).to_string();
        let minute = format!("{}{}{}T{}{}Z", &at[..4], &at[5..7], &at[8..10], &at[11..13], &at[14..16]);
        let day = format!("{}/{}/{}", &at[..4], &at[5..7], &at[8..10]);
        let folder = "AWSLogs/111122223333/CloudTrail/us-east-1";
        let key = format!("{folder}/{day}/111122223333_CloudTrail_us-east-1_{minute}_AbCdEfGhIjKlMnOp.json.gz");
        assert!(LogKey::parse(&key).is_some(), "{key}");
        ObjectLocation::new("logs", key)
    }

    /// Two requests that meet leave out nothing, wherever they meet and however late a log file was delivered.
    #[test]
    fn what_is_listed_is_asked_for_by_one_of_two_requests_that_meet() {
        let hours = (0..8).map(|hour| Interval::new(at(hour * 60 + 42), at(hour * 60 + 102)));
        for edge in [240, 282, 300, 341, 342, 343] {
            let (first, second) = (range(None, edge), range(Some(edge), 1_000));
            for covers in hours.clone() {
                for minute in (0..600).step_by(7) {
                    let (log, what) = (log(minute), format!("{edge} {covers:?} {minute}"));
                    assert!(first.is_requested(&log, covers) || second.is_requested(&log, covers), "{what}");
                    let within = second.scope.touches(covers) && covers.start >= at(edge);
                    assert!(!within || second.is_requested(&log, covers), "{what}");
                }
            }
        }
    }

    #[test]
    fn the_name_tells_of_what_a_digest_across_an_edge_lists() {
        let (asked, across) = (range(Some(300), 400), Interval::new(at(282), at(342)));
        assert_eq!([299, 300, 341].map(|minute| asked.is_requested(&log(minute), across)), [false, true, true]);
        let across = Interval::new(at(342), at(402));
        assert_eq!([343, 404, 405].map(|minute| asked.is_requested(&log(minute), across)), [true, true, false]);
        let after = Interval::new(at(402), at(462));
        assert_eq!(
            [299, 300, 399, 400].map(|minute| asked.is_requested(&log(minute), after)),
            [false, true, true, false]
        );
        let before = Interval::new(at(222), at(282));
        assert!(!asked.is_requested(&log(301), before), "delivered before");
    }
}
