//! The days of the log folders: each held against what was vouched for, once every chain has gone past it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;

use super::{WINDOW, Walker};
use crate::audit::AuditError;
use crate::audit::digests::Ahead;
use crate::audit::folders::{Window, days_of, logged};
use crate::audit::inventory::Listing;
use crate::audit::listing::list;
use crate::audit::misplaced::Unlistable;
use crate::audit::request::LogFiles;
use crate::audit::sample::is_read;
use crate::chain::{DayLogs, Observed, RecordedBy, RecordedLog, SeenLog};
use crate::digest::VerifiedDigest;
use crate::limits::DIGEST_DUE_AFTER;
use crate::trail::{ChainKind, Day, Interval, ObjectLocation, Time};

/// Days that are closed together.
#[derive(Default)]
struct Span {
    logs: BTreeMap<Day, DayLogs>,
    /// The places that have folders for these days, each with its oldest and its newest.
    folders: BTreeMap<usize, (Day, Day)>,
}

impl Span {
    fn add(&mut self, day: Day, places: Vec<usize>, logs: DayLogs) {
        self.logs.insert(day, logs);
        for at in places {
            let (oldest, newest) = self.folders.entry(at).or_insert((day, day));
            (*oldest, *newest) = (day.min(*oldest), day.max(*newest));
        }
    }
}

impl Walker<'_> {
    /// Whether a chain may still turn out to be alive: until then nobody knows what is not yet due to be listed.
    pub(super) fn pending_is_open(&mut self) -> bool {
        let horizon = self.asked.range.scope.horizon;
        self.tracks.iter_mut().map(|track| &mut track.walk).any(|walk| {
            walk.chain().kind == ChainKind::Standard
                && walk.newest_end().is_none()
                && walk.next_end().is_some_and(|end| horizon.since(end) <= DIGEST_DUE_AFTER)
        })
    }

    /// Closes the days that all chains have gone past: holds their folders against what was vouched for. Where a listing
    /// is paid for by the page, days are closed together, so that few pages are not full.
    pub(super) async fn close_days(&mut self, reached: Option<Time>) -> Result<(), AuditError> {
        if self.asked.request.log_files == LogFiles::None {
            return Ok(());
        }
        let together = self.region.places.iter().any(|place| place.store.is_remote());
        if together && reached.is_some_and(|reached| !self.fills_pages(reached)) {
            return Ok(());
        }
        let mut span = Span::default();
        while let Some(day) = self.folders.newest().max(self.vouched.newest_open()) {
            if reached.is_some_and(|reached| day.start() < reached) {
                break;
            }
            if self.asked.request.stop.cuts() {
                self.close(span).await?;
                return self.give_up().await;
            }
            span.add(day, self.folders.take(day), self.vouched.close(day));
            if !together {
                self.close(std::mem::take(&mut span)).await?;
            }
        }
        self.close(span).await
    }

    /// Whether the days that begin then or later are worth a listing: with its last page nearly full, if they have enough
    /// pages, or else once there are so many that it matters little.
    fn fills_pages(&self, reached: Time) -> bool {
        let closed = self.vouched.open_log_files_from(reached);
        let enough = closed >= LISTED_AT_LEAST && closed % PAGE >= PAGE / 3 * 2;
        enough || self.vouched.open_log_files() >= LISTED_TOGETHER
    }

    async fn close(&mut self, mut span: Span) -> Result<(), AuditError> {
        for (at, (oldest, newest)) in std::mem::take(&mut span.folders) {
            self.close_folders(at, oldest, newest, &mut span).await?;
        }
        // What the listing does not show is asked for: only that tells absent from unlistable.
        for logs in span.logs.into_values().rev() {
            for recorded in logs.into_unseen() {
                self.read(recorded).await?;
            }
        }
        Ok(())
    }

    async fn close_folders(&mut self, at: usize, oldest: Day, newest: Day, span: &mut Span) -> Result<(), AuditError> {
        let window = self.window();
        let place = &self.region.places[at];
        let root = place.folders.logs();
        let mut pages = list(&*place.store, &root, days_of(&root, oldest, newest), &self.asked.request.limits);
        while let Some(page) = pages.next().await {
            let objects = match page {
                Ok(objects) => objects,
                Err(failed) => {
                    self.findings.push(Unlistable::new(&place.store, &failed.prefix, &failed.error).finding());
                    continue;
                }
            };
            for object in objects.into_iter().filter_map(|object| logged(place, at, object)) {
                let seen = object.day.and_then(|day| span.logs.get_mut(&day)?.see(&object));
                match seen {
                    None if window.is_pending(&object) => {
                        self.pending += 1;
                        if self.checking.teller().wanted() {
                            let minute = object.name.map(|name| Interval::new(name.minute, name.minute.plus(60)));
                            self.checking.teller().pending(&object.at, minute);
                        }
                    }
                    None if window.judges(&object) => self.vouched.unlisted(&object),
                    None => {
                        self.folders.older |= window.begins_after(&object);
                        self.folders.newer |= window.ends_before(&object);
                    }
                    Some(SeenLog::Checked) => {}
                    Some(SeenLog::Rewritten(recorded)) => self.read(*recorded).await?,
                    Some(SeenLog::Proven(kept, rewritten)) if self.asked.request.remembered => {
                        self.checking.unchanged(*kept, &object.at.key, rewritten);
                    }
                    Some(SeenLog::Proven(kept, _)) => self.read(kept.recorded(object.at.key)).await?,
                    // It was put off for the listing, which shows it otherwise than an earlier run proved it, if one did.
                    Some(SeenLog::Present(kept) | SeenLog::Untimed(kept))
                        if self.asked.request.remembered && is_read(self.asked.request.log_files, &object.at.key) =>
                    {
                        self.read(kept.recorded(object.at.key)).await?;
                    }
                    Some(SeenLog::Present(kept) | SeenLog::Untimed(kept)) => {
                        // A time that lies beside a copy is the copy's own word.
                        let untimed = !place.store.is_remote() || object.last_modified.is_none();
                        self.untimed += u64::from(untimed);
                        match &self.asked.draw {
                            Some(draw) => self.checking.offered(draw, self.number, &object.at.key, *kept, untimed),
                            None => self.checking.present(*kept, &object.at.key),
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Which unlisted objects count: those of the request, but for what no digest is due to list yet.
    fn window(&self) -> Window {
        let scope = self.asked.range.scope;
        let walks = self.tracks.iter().map(|track| &track.walk);
        let live = walks
            .filter(|walk| walk.chain().kind == ChainKind::Standard)
            .filter_map(|walk| walk.newest_end())
            .filter(|end| scope.horizon.since(*end) <= DIGEST_DUE_AFTER)
            .min();
        let pending = live.map(|end| Interval::new(end, scope.horizon.plus(DIGEST_DUE_AFTER)));
        Window { pending, ..self.asked.range.window(&self.inventory) }
    }

    /// A log file that nobody vouches for so far may be in a backfill digest that came after the request. Then it is held
    /// against that.
    pub(super) async fn consult_later_backfills(&mut self) -> Result<(), AuditError> {
        if !self.vouched.has_unlisted() {
            return Ok(());
        }
        let scope = self.asked.range.scope;
        let later = |listing: &Listing, chain| listing.after_walk(chain, &self.region.places, scope);
        let chains = self.inventory.chains.iter().enumerate();
        let backfills = chains.filter(|(_, (chain, _))| chain.kind == ChainKind::Backfill);
        let backfills: Vec<_> = backfills.map(|(number, (chain, listing))| (number, later(listing, chain))).collect();
        for (chain, later) in backfills {
            let mut ahead = Ahead::new(self.reader.clone(), later, &self.region.places, WINDOW);
            while self.vouched.has_unlisted() {
                let batch = ahead.listing();
                if batch.is_empty() {
                    break;
                }
                for listed in batch {
                    let looked = ahead.digest(&listed.at).await?;
                    if self.asked.request.stop.cuts() {
                        self.given_up = true;
                        return Ok(());
                    }
                    if let Observed::Verified(digest) = self.reader.settle(looked, None) {
                        self.listed_late(chain, &digest).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn listed_late(&mut self, chain: usize, digest: &VerifiedDigest) -> Result<(), AuditError> {
        let ObjectLocation { bucket, key } = digest.at().clone();
        let (covers, delivered) = (digest.covers(), digest.delivered());
        let by = Arc::new(RecordedBy {
            bucket,
            key,
            covers,
            delivered,
            listed_by: None,
            begins_at: None,
            from_before: 0,
            chain,
        });
        for log in digest.log_files() {
            if self.vouched.withdraw(&log.at) && self.tracks[chain].selected {
                self.read(RecordedLog { log: log.clone(), by: Arc::clone(&by) }).await?;
            }
        }
        Ok(())
    }
}

/// Log files held against one listing, where that is paid for by the page: at most one page in eight is not full.
const LISTED_TOGETHER: usize = 8_000;

/// The same, where two thirds of the last page are full.
const LISTED_AT_LEAST: usize = 3_000;

/// Objects that one request lists (S3 API reference, `ListObjectsV2`, `max-keys`).
const PAGE: usize = 1_000;
