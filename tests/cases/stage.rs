//! Where a lie is told: an honest trail, drafted, signed, and then changed.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::{Arc, OnceLock};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use trailseal::simulate::{
    ChainDraft, DigestDraft, DraftedTrail, KeyRange, Keyring, Link, PublicKeyList, Scenario, SignedDigest, Signer,
    SigningKey, SimulatedObject, draft, gzip,
};
use trailseal::trail::{ChainKind, DigestKey, Interval, Time};

/// CloudTrail's keys, the same for every case: keys are slow to make.
pub(crate) fn keyring() -> &'static Keyring {
    static KEYS: OnceLock<Keyring> = OnceLock::new();
    KEYS.get_or_init(|| Keyring::new(1, ROTATION_HOURS, true))
}

/// The attacker's own key.
pub(crate) fn attackers_key() -> Arc<SigningKey> {
    static KEYS: OnceLock<Keyring> = OnceLock::new();
    KEYS.get_or_init(|| Keyring::new(666, ROTATION_HOURS, true)).at("", start())
}

/// What AWS would answer for the two regions over two months: complete, so a key that is not in it is nobody's.
pub(crate) fn public_keys() -> PublicKeyList {
    let (from, until) = (time("2025-12-15T00:00:00Z"), time("2026-02-15T00:00:00Z"));
    let mut keys = Vec::new();
    let mut at = from;
    while at < until {
        let key = keyring().at("", at);
        at = key.validity.start.plus(i64::from(ROTATION_HOURS) * Time::HOUR);
        keys.push(key.entry());
    }
    let range = |region: &str| KeyRange { region: region.to_owned(), start_time: from, end_time: until };
    PublicKeyList { public_key_list: keys, ranges: ["us-east-1", "eu-west-1"].map(range).to_vec() }
}

/// The same keys without the word that they are all there are.
pub(crate) fn keys_without_ranges() -> PublicKeyList {
    PublicKeyList { ranges: Vec::new(), ..public_keys() }
}

pub(crate) fn time(text: &str) -> Time {
    Time::parse_digest_time(text).expect("a time of the generator's own")
}

fn start() -> Time {
    time("2026-01-10T14:00:00Z")
}

/// One account, region and trail, four hours of a working day, one or two tiny log files an hour.
pub(crate) fn small() -> Scenario {
    Scenario {
        regions: vec!["us-east-1".to_owned()],
        start: start(),
        hours: 4,
        log_files_per_hour: 1,
        events_per_log_file: 1,
        empty_hours: 0,
        late_log_files: 0,
        key_rotation: ROTATION_HOURS,
        shared_keys: true,
        threads: 1,
        ..Scenario::default()
    }
}

/// An honest trail, signed.
pub(crate) fn honest() -> Stage {
    drafted(&small()).sign()
}

/// An honest trail whose digests are linked and can still be changed before they are signed.
pub(crate) fn drafted(scenario: &Scenario) -> Draft {
    let mut trail = draft(scenario).expect("the generator's own scenario");
    trail.chains.iter_mut().for_each(|chain| drop(chain.sign(keyring())));
    Draft { scenario: scenario.clone(), trail }
}

/// A trail before it is signed for good.
pub(crate) struct Draft {
    pub(crate) scenario: Scenario,
    pub(crate) trail: DraftedTrail,
}

impl Draft {
    /// The digest numbered `hour` of the first chain.
    pub(crate) fn digest(&mut self, hour: usize) -> &mut DigestDraft {
        &mut self.trail.chains[0].digests[hour].digest
    }

    /// The first chain's.
    pub(crate) fn chain(&mut self) -> &mut ChainDraft {
        &mut self.trail.chains[0]
    }

    /// The first backfill chain.
    pub(crate) fn backfills(&mut self) -> &mut ChainDraft {
        let kind = |chain: &&mut ChainDraft| chain.chain.kind == ChainKind::Backfill;
        self.trail.chains.iter_mut().find(kind).expect("a backfill chain")
    }

    /// From now on the previous digest's fields of this digest are signed as they stand.
    pub(crate) fn as_drafted(&mut self, hour: usize) -> &mut DigestDraft {
        self.trail.chains[0].digests[hour].link = Link::AsDrafted;
        self.digest(hour)
    }

    /// CloudTrail signs it all.
    pub(crate) fn sign(self) -> Stage {
        self.sign_odd(usize::MAX, |json| json)
    }

    /// CloudTrail signs it all, and in the first chain signs other bytes for one hour than any draft can express.
    pub(crate) fn sign_odd(mut self, hour: usize, edit: fn(String) -> String) -> Stage {
        let mut objects = self.trail.log_files.clone();
        for (number, chain) in self.trail.chains.iter_mut().enumerate() {
            let mut previous: Option<SignedDigest> = None;
            for (at, delivery) in chain.digests.iter_mut().enumerate() {
                let mut signed = delivery.sign(&chain.chain.region, previous.as_ref(), keyring());
                if number == 0 && at == hour {
                    let json = String::from_utf8(signed.json).expect("JSON");
                    let key = keyring().at(&chain.chain.region, delivery.delivered);
                    signed = delivery.digest.sign_bytes(edit(json).into_bytes(), &key);
                }
                let object = delivery.object(&signed);
                objects.insert(object.key.clone(), object);
                previous = Some(signed);
            }
        }
        let interval = self.scenario.interval();
        let delivered = self.trail.chains.iter().flat_map(|chain| &chain.digests).map(|digest| digest.delivered);
        let taken_at = delivered.max().unwrap_or(interval.end).max(interval.end).plus(HALF_AN_HOUR);
        Stage {
            bucket: self.scenario.bucket,
            interval,
            taken_at,
            chains: self.trail.chains,
            objects,
            plain: false,
            keys_beside: public_keys(),
            keys: Keys::Shared,
            arguments: Vec::new(),
            end: None,
            now: None,
            subjects: Vec::new(),
            holes: Vec::new(),
            beside: BTreeMap::new(),
            other_buckets: BTreeMap::new(),
        }
    }

    /// Somebody else signs every digest, and makes the chain fit.
    pub(crate) fn sign_with(mut self, key: &Arc<SigningKey>) -> Stage {
        for delivery in self.trail.chains.iter_mut().flat_map(|chain| &mut chain.digests) {
            delivery.digest.digest_public_key_fingerprint.clone_from(&key.fingerprint);
            delivery.signer = Signer::Key(Arc::clone(key));
        }
        self.sign()
    }
}

/// Which keys the command line names.
pub(crate) enum Keys {
    /// Those that all cases share.
    Shared,
    /// None.
    NotGiven,
    /// A file beside the evidence's folder.
    Own(&'static str, PublicKeyList),
    /// A file that is there anyway.
    At(&'static str),
}

/// Until when is asked.
pub(crate) enum End {
    At(Time),
    NotGiven,
}

/// A part of the time that must be reported as not covered.
pub(crate) struct Hole {
    pub(crate) reason: &'static str,
    pub(crate) interval: Interval,
}

/// Evidence, whatever was done to it, and what is to be said of it.
pub(crate) struct Stage {
    pub(crate) bucket: String,
    pub(crate) interval: Interval,
    pub(crate) taken_at: Time,
    pub(crate) chains: Vec<ChainDraft>,
    pub(crate) objects: BTreeMap<String, SimulatedObject>,
    /// A plain copy, without `.trailseal`.
    pub(crate) plain: bool,
    /// What `.trailseal/public-keys.json` says.
    pub(crate) keys_beside: PublicKeyList,
    pub(crate) keys: Keys,
    pub(crate) arguments: Vec<String>,
    /// Until when is asked, if not until the end of the interval.
    pub(crate) end: Option<End>,
    /// The time of the audit, if not when the copy was taken.
    pub(crate) now: Option<Time>,
    pub(crate) subjects: Vec<String>,
    pub(crate) holes: Vec<Hole>,
    /// Files beside the evidence's folder, by name.
    pub(crate) beside: BTreeMap<String, Vec<u8>>,
    /// Copies of other buckets, each in a folder of this name beside the evidence.
    pub(crate) other_buckets: BTreeMap<String, BTreeMap<String, SimulatedObject>>,
}

impl Stage {
    /// The key of the digest numbered `hour` of the first chain.
    pub(crate) fn digest(&self, hour: usize) -> String {
        self.digest_of(0, hour)
    }

    pub(crate) fn digest_of(&self, chain: usize, hour: usize) -> String {
        self.chains[chain].digests[hour].digest.digest_s3_object.clone()
    }

    /// The key of the first log file of an hour of the first chain.
    pub(crate) fn log(&self, hour: usize) -> String {
        self.log_of(0, hour)
    }

    pub(crate) fn log_of(&self, chain: usize, hour: usize) -> String {
        self.chains[chain].digests[hour].digest.log_files[0].s3_object.clone()
    }

    /// The keys of all log files of an hour of the first chain.
    pub(crate) fn logs(&self, hour: usize) -> Vec<String> {
        self.chains[0].digests[hour].digest.log_files.iter().map(|log| log.s3_object.clone()).collect()
    }

    /// The end of an hour of the first chain, and so the start of the next.
    pub(crate) fn end(&self, hour: usize) -> Time {
        self.chains[0].digests[hour].digest.digest_end_time
    }

    pub(crate) fn backfill(&self, number: usize) -> String {
        let chain = self.chains.iter().find(|chain| chain.chain.kind == ChainKind::Backfill).expect("a backfill chain");
        chain.digests[number].digest.digest_s3_object.clone()
    }

    pub(crate) fn object(&mut self, key: &str) -> &mut SimulatedObject {
        self.objects.get_mut(key).expect("an object of the generator's own")
    }

    /// The content of an object.
    pub(crate) fn content(&self, key: &str) -> Vec<u8> {
        let mut content = Vec::new();
        GzDecoder::new(&self.objects[key].body[..]).read_to_end(&mut content).expect("gzip of the generator's own");
        content
    }

    /// Packs other content into an object.
    pub(crate) fn set_content(&mut self, key: &str, content: &[u8]) {
        self.object(key).body = gzip(content);
    }

    /// Replaces text that occurs in an object's content.
    pub(crate) fn edit(&mut self, key: &str, from: &str, to: &str) {
        let content = String::from_utf8(self.content(key)).expect("JSON");
        assert!(content.contains(from), "{key}: {from} in {content}");
        self.set_content(key, content.replacen(from, to, 1).as_bytes());
    }

    /// Changes the body of an object as stored.
    pub(crate) fn body(&mut self, key: &str, edit: impl FnOnce(&mut Vec<u8>)) {
        edit(&mut self.object(key).body);
    }

    pub(crate) fn delete(&mut self, key: &str) -> SimulatedObject {
        self.objects.remove(key).expect("an object of the generator's own")
    }

    /// Deletes an hour of the first chain: its digest and its log files.
    pub(crate) fn delete_hour(&mut self, hour: usize) {
        self.delete(&self.digest(hour));
        self.logs(hour).iter().for_each(|log| drop(self.delete(log)));
    }

    /// Puts an object where there was none.
    pub(crate) fn plant(&mut self, key: impl Into<String>, body: Vec<u8>) {
        let key = key.into();
        let object = SimulatedObject {
            key: key.clone(),
            body,
            metadata: BTreeMap::new(),
            last_modified: self.interval.end.plus(-HALF_AN_HOUR),
        };
        assert!(self.objects.insert(key, object).is_none(), "planted where there is something");
    }

    /// Puts a copy of an object, metadata and all, under another key.
    pub(crate) fn copy(&mut self, from: &str, to: &str) {
        let object = SimulatedObject { key: to.to_owned(), ..self.objects[from].clone() };
        self.objects.insert(to.to_owned(), object);
    }

    /// Exchanges two objects, metadata and all.
    pub(crate) fn swap(&mut self, one: &str, other: &str) {
        let (first, second) = (self.delete(one), self.delete(other));
        self.objects.insert(one.to_owned(), SimulatedObject { key: one.to_owned(), ..second });
        self.objects.insert(other.to_owned(), SimulatedObject { key: other.to_owned(), ..first });
    }

    /// The report must name this object in a finding of an expected code.
    pub(crate) fn named(mut self, key: impl Into<String>) -> Stage {
        self.subjects.push(key.into());
        self
    }

    /// The report must show this hole, and no others than the case names.
    pub(crate) fn hole(mut self, reason: &'static str, start: Time, end: Time) -> Stage {
        self.holes.push(Hole { reason, interval: Interval::new(start, end) });
        self
    }

    /// Arguments of `verify`.
    pub(crate) fn asked(mut self, arguments: &[&str]) -> Stage {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// Asks from then on.
    pub(crate) fn from(self, start: Time) -> Stage {
        self.asked(&["--start-time", &start.to_string()])
    }

    /// Asks until then.
    pub(crate) fn until(self, end: Time) -> Stage {
        Stage { end: Some(End::At(end)), ..self }
    }

    /// Names no end: the request ends where the copy, or its newest digest, says.
    pub(crate) fn without_end(self) -> Stage {
        Stage { end: Some(End::NotGiven), ..self }
    }

    /// As of then.
    pub(crate) fn audited_at(self, now: Time) -> Stage {
        Stage { now: Some(now), ..self }
    }

    /// As `aws s3 sync` leaves it: without the metadata.
    pub(crate) fn plain(self) -> Stage {
        Stage { plain: true, ..self }
    }

    pub(crate) fn keys(self, keys: Keys) -> Stage {
        Stage { keys, ..self }
    }

    /// A file beside the evidence's folder.
    pub(crate) fn file(mut self, name: &str, text: &str) -> Stage {
        self.beside.insert(name.to_owned(), text.as_bytes().to_vec());
        self
    }
}

/// The key of a digest of the same chain that ends at another time.
pub(crate) fn digest_key_at(key: &str, end: Time) -> String {
    DigestKey { end, ..DigestKey::parse(key).expect("a digest's key") }.key()
}

/// Gzip as another program would have made it.
pub(crate) fn gzip_otherwise(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

pub(crate) const HALF_AN_HOUR: i64 = 30 * 60;
const ROTATION_HOURS: u32 = 480;
