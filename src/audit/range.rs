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
            (None, Some(start)) if begins_at(start, request, discovery).await => Some(start),
            _ => None,
        };
        let start = request.start.or(recorded);
        let (scope, end_from) = match request.end {
            // What has not come yet cannot be proven, and is not asked for.
            Some(end) => (Scope { start, end: end.min(as_of), horizon: as_of }, EndFrom::Request),
            None if evidence.live => (Scope { start, end: as_of, horizon: as_of }, EndFrom::Now),
            None => from_evidence(evidence, request, discovery, start).await,
        };
        if let Some(start) = scope.start.filter(|start| *start >= scope.end) {
            return Err(AuditError::RangeReversed { start, end: scope.end });
        }
        Ok(Range { scope, start_recorded: recorded.is_some(), end_from, as_of })
    }

    /// A time that nobody asked for and that was told from elsewhere: from what digests cover.
    pub(super) fn told(scope: Scope) -> Range {
        Range { scope, start_recorded: false, end_from: EndFrom::Request, as_of: scope.horizon }
    }

    /// Whether a log file was delivered in the time asked for: a digest across an edge also lists others. Its name tells,
    /// and counts for the request where it leaves that open.
    pub(super) fn is_requested(&self, at: &ObjectLocation) -> bool {
        let Some(LogKey { name, .. }) = LogKey::parse(&at.key) else { return true };
        let before = self.scope.start.is_some_and(|start| name.minute < start);
        let after = name.minute.plus(-LOG_NAME_SKEW) >= self.scope.end;
        !before && !after
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

/// Whether a copy is what its record says of its start: of each chain it has the one digest before, for the sake of what was
/// delivered just before, and no more. Its log files are not there, and a record that would hide more is not followed.
async fn begins_at(start: Time, request: &AuditRequest, discovery: &Discovery) -> bool {
    let mut before = 0;
    for region in &discovery.regions {
        let inventory = take_inventory(region, &request.limits, Window::default()).await;
        let standard = inventory.chains.iter().filter(|(chain, _)| chain.kind == ChainKind::Standard);
        before = standard.map(|(_, listing)| listing.until(start)).fold(before, usize::max);
    }
    before == 1
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
        return (Scope { start, end, horizon: request.as_of }, EndFrom::Record);
    }
    let end = newest.unwrap_or(request.as_of);
    (Scope { start, end, horizon: end }, EndFrom::NewestDigest)
}
