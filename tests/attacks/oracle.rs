//! What must come of an audit, told from what was drafted and what lies in the bucket. It shares no code with the walk.

use std::collections::{BTreeMap, BTreeSet};

use trailseal::audit::LogFiles;
use trailseal::report::Report;
use trailseal::simulate::DigestDraft;
use trailseal::trail::{ChainKind, Interval, LogKey, Time};

use crate::world::{Ask, Bucket, TrueChain, World, digest_key};

const DUE: i64 = 2 * Time::HOUR;
const SKEW: i64 = 5 * 60;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: Option<Time>,
    pub(crate) end: Time,
    pub(crate) horizon: Time,
}

impl Span {
    /// Without an end, the newest name of a chain asked for that can exist by then.
    pub(crate) fn of(ask: &Ask, bucket: &Bucket) -> Span {
        let names = bucket.keys().filter_map(|key| digest_key(key)).filter(|key| ask.wants(&key.chain));
        let newest = names.map(|key| key.end).filter(|end| *end <= ask.as_of).max();
        let end = ask.end.map_or(newest.unwrap_or(ask.as_of), |end| end.min(ask.as_of));
        Span { start: ask.start, end, horizon: if ask.end.is_some() { ask.as_of } else { end } }
    }

    fn touches(self, start: Time, end: Time) -> bool {
        self.start.is_none_or(|from| end > from) && start < self.end
    }

    /// A log file counts by when it was delivered: in the five minutes up to the minute in its name.
    fn asks_for(self, log: &str) -> bool {
        let Some(log) = LogKey::parse(log) else { return true };
        let minute = log.name.minute;
        self.start.is_none_or(|from| from <= minute) && minute.plus(-SKEW) < self.end
    }
}

/// Sorted, and joined where they touch.
fn union(mut parts: Vec<Interval>) -> Vec<Interval> {
    parts.retain(|part| part.seconds() > 0);
    parts.sort_by_key(|part| part.start);
    let mut joined: Vec<Interval> = Vec::new();
    for part in parts {
        match joined.last_mut() {
            Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
            _ => joined.push(part),
        }
    }
    joined
}

/// `whole` without `parts`.
fn minus(whole: Interval, parts: &[Interval]) -> Vec<Interval> {
    let mut left = Vec::new();
    let mut from = whole.start;
    for part in union(parts.to_vec()) {
        if let Some(part) = part.intersect(whole).filter(|part| !part.is_empty()) {
            left.push(Interval::new(from, part.start));
            from = part.end;
        }
    }
    left.push(Interval::new(from, whole.end));
    left.retain(|interval| interval.seconds() > 0);
    left
}

fn clip(parts: Vec<Interval>, within: Interval) -> Vec<Interval> {
    union(parts.into_iter().filter_map(|part| part.intersect(within)).collect())
}

/// What an audit of honest evidence must say.
pub(crate) struct Honest {
    /// By chain: proven and holes.
    pub(crate) chains: BTreeMap<usize, (Vec<Interval>, Vec<Interval>)>,
    pub(crate) intact: bool,
    pub(crate) log_files: u64,
    /// Log files that only digests list that have not come, or lost their signature.
    pub(crate) excused: BTreeSet<String>,
}

pub(crate) fn honest(world: &World, bucket: &Bucket, ask: &Ask) -> Honest {
    let span = Span::of(ask, bucket);
    let mut told = Honest { chains: BTreeMap::new(), intact: true, log_files: 0, excused: BTreeSet::new() };
    let come: Vec<usize> =
        world.chains.iter().map(|c| c.digests.iter().take_while(|d| bucket.contains_key(&d.key)).count()).collect();
    // One digest before the start is looked at, and none before that.
    let seen = |chain: usize, at: usize| {
        let digests = &world.chains[chain].digests[..come[chain]];
        span.start
            .is_none_or(|start| digests.get(at + 1).is_none_or(|next| next.end > start) || digests[at].end > start)
    };
    // A copy without metadata has a signature only from the next digest of the chain, if that is no starting one.
    let signed = |chain: usize, at: usize| {
        let next = world.chains[chain].digests[..come[chain]].get(at + 1);
        at < come[chain] && (!ask.plain || next.is_some_and(|next| !next.starting))
    };
    let mut reported = Vec::new();
    let mut verified = 0;
    for (number, chain) in world.chains.iter().enumerate().filter(|(_, chain)| ask.wants(&chain.id)) {
        let digests = &chain.digests[..come[number]];
        let Some(first) = digests.first() else { continue };
        let standard = chain.id.kind == ChainKind::Standard;
        if first.start >= span.end && signed(number, 0) {
            continue;
        }
        reported.push(&chain.id);
        // What only begins after the request, and lost its signature, does not tell that nothing came before.
        let oldest = if first.start >= span.end { span.end.plus(-Time::HOUR) } else { first.start };
        let from = span.start.unwrap_or(oldest);
        let whole = Interval::new(from, span.end.max(from));
        let mut proven = Vec::new();
        for (at, digest) in digests.iter().enumerate() {
            if signed(number, at) && seen(number, at) {
                proven.push(Interval::new(digest.start, digest.end));
                if span.touches(digest.start, digest.end) {
                    verified += 1;
                    told.log_files += digest.logs.iter().filter(|log| span.asks_for(log)).count() as u64;
                }
            } else if span.touches(digest.start, digest.end) {
                told.intact = false;
            }
        }
        let newest = digests[digests.len() - 1].end;
        let mut excepted = proven.clone();
        // Not due; but where nothing verifies, nothing shows that the chain is alive.
        if span.horizon.since(newest) <= DUE && newest < span.end && !proven.is_empty() {
            excepted.push(Interval::new(newest, span.end));
        }
        let holes = if standard { minus(whole, &excepted) } else { Vec::new() };
        told.intact &= holes.is_empty();
        told.chains.insert(number, (clip(proven, whole), union(holes)));
    }
    let standard: Vec<_> = reported.iter().filter(|id| id.kind == ChainKind::Standard).collect();
    let named = ask.trails.iter().all(|name| standard.iter().any(|id| id.trail == *name))
        && ask.regions.iter().all(|name| standard.iter().any(|id| id.region == *name));
    told.intact &= named && verified > 0;
    for (key, (chain, at)) in world.listed.iter().filter(|(key, _)| bucket.contains_key(*key)) {
        let of = &world.chains[*chain];
        let Some(log) = LogKey::parse(key).filter(|_| ask.wants_region(&of.id.region)) else { continue };
        let late = span.start.is_some_and(|start| log.name.minute < start);
        if late || (ask.end.is_some() && log.name.minute >= span.end) || signed(*chain, *at) {
            continue;
        }
        // Its digest has not come and is not due.
        let newest = (0..come[*chain])
            .rev()
            .find(|at| signed(*chain, *at) && seen(*chain, *at))
            .map(|last| of.digests[last].end);
        let live = newest.is_some_and(|newest| span.horizon.since(newest) <= DUE);
        let due = span.horizon.plus(DUE) <= log.name.minute;
        let pending = of.id.kind == ChainKind::Standard && live && *at >= come[*chain] && !due;
        if !pending && ask.log_files != LogFiles::None {
            told.excused.insert(key.clone());
        }
    }
    told
}

/// Why an attack may go unnoticed, or what must be noticed: none if `intact` is allowed.
pub(crate) fn forbids(world: &World, bucket: &Bucket, ask: &Ask) -> Option<String> {
    let span = Span::of(ask, bucket);
    let hints = hints(bucket);
    let mut any = false;
    let mut live = span.horizon;
    let mut oldest: BTreeMap<(String, String), Time> = BTreeMap::new();
    for chain in &world.chains {
        let fact = |at: usize| is_fact(world, bucket, ask, chain, at, &hints);
        let there: Vec<usize> =
            (0..chain.digests.len()).filter(|at| bucket.contains_key(&chain.digests[*at].key)).collect();
        let facts: Vec<usize> = there.iter().copied().filter(|at| fact(*at)).collect();
        let (Some(first), standard) = (there.first(), chain.id.kind == ChainKind::Standard) else {
            // Exception: of a chain of which nothing is left, nothing tells.
            continue;
        };
        let first = &chain.digests[*first];
        let of = oldest.entry((chain.id.account_id.clone(), chain.id.region.clone())).or_insert(first.start);
        *of = first.start.min(*of);
        if let Some(newest) = facts.last().map(|at| chain.digests[*at].end).filter(|_| standard)
            && span.horizon.since(newest) <= DUE
        {
            live = live.min(newest);
        }
        if !ask.wants(&chain.id) {
            continue;
        }
        for at in &there {
            let digest = &chain.digests[*at];
            if !span.touches(digest.start, digest.end) {
                continue;
            }
            if !fact(*at) {
                return Some(format!("no fact: {}", digest.key));
            }
            any = true;
            if let Some(why) = wrong_log(world, bucket, ask, chain, *at) {
                return Some(why);
            }
        }
        if !standard {
            if let Some(why) = lost_backfill(bucket, &span, chain, &facts) {
                return Some(why);
            }
            continue;
        }
        if first.start >= span.end {
            // Exception: as AWS signed, the chain began only after the request.
            if first.starting && fact(there[0]) {
                continue;
            }
            return Some(format!("{} goes back to before the end and nothing of it is there", first.key));
        }
        let from = span.start.unwrap_or(first.start);
        let mut covered: Vec<Interval> =
            facts.iter().map(|at| Interval::new(chain.digests[*at].start, chain.digests[*at].end)).collect();
        // Exception: what is not yet due.
        if let Some(newest) = facts.last().map(|at| chain.digests[*at].end)
            && span.horizon.since(newest) <= DUE
        {
            covered.push(Interval::new(newest, span.end.max(newest)));
        }
        if from < span.end
            && let Some(hole) = minus(Interval::new(from, span.end), &covered).first()
        {
            return Some(format!("{}: nothing covers {hole}", chain.id));
        }
    }
    if !any {
        return Some("nothing verified".into());
    }
    bucket
        .keys()
        .filter(|key| !world.objects.contains_key(*key))
        .find_map(|key| planted(key, ask, &span, &oldest, live))
}

/// The signatures that anything in the bucket gives its predecessor: wherever they come from, they verify or do not.
fn hints(bucket: &Bucket) -> BTreeSet<String> {
    let digests = bucket.iter().filter(|(key, _)| digest_key(key).is_some());
    let drafts = digests.filter_map(|(_, thing)| serde_json::from_slice::<DigestDraft>(thing.content.as_ref()?).ok());
    drafts.filter_map(|draft| draft.previous_digest_signature).collect()
}

fn is_fact(world: &World, bucket: &Bucket, ask: &Ask, chain: &TrueChain, at: usize, hints: &BTreeSet<String>) -> bool {
    let key = &chain.digests[at].key;
    let (Some(thing), Some(honest)) = (bucket.get(key), world.objects.get(key)) else { return false };
    let signature = honest.metadata.signature.as_ref();
    if thing.content.is_none() || thing.content != honest.content {
        return false;
    }
    match thing.metadata.signature.as_ref().filter(|_| !ask.plain) {
        Some(own) => Some(own) == signature && thing.metadata.algorithm == honest.metadata.algorithm,
        None => signature.is_some_and(|signature| hints.contains(signature)),
    }
}

fn wrong_log(world: &World, bucket: &Bucket, ask: &Ask, chain: &TrueChain, at: usize) -> Option<String> {
    let digest = &chain.digests[at];
    if ask.log_files == LogFiles::None {
        return None;
    }
    let span = Span::of(ask, bucket);
    digest.logs.iter().filter(|log| span.asks_for(log)).find_map(|log| {
        let Some(thing) = bucket.get(log) else { return Some(format!("missing: {log}")) };
        if thing.content.is_some() && thing.content == world.objects[log].content {
            return None;
        }
        let written = |thing: &crate::world::Thing| thing.metadata.last_modified.filter(|_| !ask.plain);
        // Exception: where content is not read, only what was written after its digest is looked at.
        let read = written(thing).zip(written(&bucket[&digest.key])).is_some_and(|(log, digest)| log > digest);
        (read || ask.log_files == LogFiles::All).then(|| format!("altered: {log}"))
    })
}

/// Exception: a backfill digest that no later one names was owed to nobody.
fn lost_backfill(bucket: &Bucket, span: &Span, chain: &TrueChain, facts: &[usize]) -> Option<String> {
    let lost = chain.digests.iter().enumerate().find(|(at, digest)| {
        let older = span.start.is_some() || chain.digests[..*at].iter().any(|older| bucket.contains_key(&older.key));
        !bucket.contains_key(&digest.key)
            && span.touches(digest.start, digest.end)
            && span.start.is_none_or(|start| digest.end > start)
            && facts.contains(&(at + 1))
            && older
    });
    lost.map(|(_, digest)| format!("lost: {}", digest.key))
}

fn planted(key: &str, ask: &Ask, span: &Span, oldest: &BTreeMap<(String, String), Time>, live: Time) -> Option<String> {
    let told = |what: &str| Some(format!("{what}: {key}"));
    if let Some(digest) = digest_key(key) {
        let asked = ask.wants(&digest.chain) && span.touches(digest.end.plus(-Time::HOUR), digest.end);
        // Exception: a name outside the request, or from after the moment of the audit.
        return if asked { told("planted digest") } else { None };
    }
    let rest = key.split_once("/CloudTrail/")?.1;
    let (region, rest) = rest.split_once('/')?;
    if ask.log_files == LogFiles::None || !ask.wants_region(region) {
        return None;
    }
    let account = key.split_once("/CloudTrail/")?.0.rsplit('/').next()?.to_owned();
    let from = span.start.or(oldest.get(&(account, region.to_owned())).copied())?;
    match LogKey::parse(key) {
        Some(log) => {
            let minute = log.name.minute;
            // Exceptions: not of the request; so near its start that a digest before may list it; not yet due.
            let judged = from.plus(SKEW) <= minute && minute < span.end.min(live.plus(-SKEW));
            if judged { told("planted log") } else { None }
        }
        None => {
            let day = rest.get(..11).and_then(trailseal::trail::Day::parse_folder);
            // Exception: below a year that is not of the request nothing is looked at.
            let years = [from, span.end].map(|time| time.day().folder()[..5].to_owned());
            if day.is_none() && rest.starts_with("20") && !(years[0].as_str()..=&years[1]).contains(&&rest[..5]) {
                return None;
            }
            let judged = day.is_none_or(|day| from < day.end() && day.start() < span.end);
            if judged { told("planted in a log folder") } else { None }
        }
    }
}

/// (c) The report's own sums, and that it survives being saved.
pub(crate) fn sound(report: &Report, span: &Span) -> Result<(), String> {
    let json = serde_json::to_vec(report).map_err(|error| error.to_string())?;
    let again: Report = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
    if again != *report {
        return Err("the saved report differs".into());
    }
    Report::parse(&json).map_err(|error| format!("the saved report is refused: {error}"))?;
    for chain in report.chains.iter().filter(|chain| chain.kind == ChainKind::Standard) {
        let holes: Vec<Interval> = chain.holes.iter().map(|hole| hole.interval()).collect();
        let all: Vec<Interval> = chain.proven.iter().chain(&holes).copied().collect();
        let sum: i64 = all.iter().map(|interval| interval.seconds()).sum();
        let joined = union(all);
        if joined.iter().map(|interval| interval.seconds()).sum::<i64>() != sum {
            return Err(format!("proven and holes overlap: {:?} {holes:?}", chain.proven));
        }
        if joined.len() > 1 || joined.iter().any(|whole| span.start.is_some_and(|start| whole.start != start)) {
            return Err(format!("{} {}: neither proven nor a hole beside {joined:?}", chain.region, chain.trail));
        }
        if joined
            .iter()
            .any(|whole| whole.end > span.end || (whole.end < span.end && span.horizon.since(whole.end) > DUE))
        {
            return Err(format!("{} {}: the end is not accounted for: {joined:?}", chain.region, chain.trail));
        }
    }
    Ok(())
}
