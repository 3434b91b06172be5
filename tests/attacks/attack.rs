//! What an attacker who can write, delete and plant, but not sign, may do.

use bytes::Bytes;
use trailseal::digest::DigestMetadata;
use trailseal::simulate::{DigestDraft, gzip};
use trailseal::trail::{ChainKind, LogKey, Time};

use crate::world::{Ask, Bucket, Dice, FORGER, KEYRINGS, Thing, World, digest_key};

/// One attack: what, and the number that everything else about it follows from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attack {
    pub(crate) what: What,
    pub(crate) seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Alter,
    Append,
    Delete,
    Swap,
    Replay,
    PlantLog,
    PlantOddLog,
    TruncateEnd,
    TruncateHead,
    CutOut,
    Resign,
    Unlink,
    AlterSignature,
    PlantDigest,
    PlantCopy,
    StripMetadata,
    Rewrap,
    PlantStray,
}

use What::*;

const ALL: [What; 18] = [
    Alter,
    Append,
    Delete,
    Swap,
    Replay,
    PlantLog,
    PlantOddLog,
    TruncateEnd,
    TruncateHead,
    CutOut,
    Resign,
    Unlink,
    AlterSignature,
    PlantDigest,
    PlantCopy,
    StripMetadata,
    Rewrap,
    PlantStray,
];

impl Attack {
    pub(crate) fn draw(dice: &mut Dice) -> Attack {
        Attack { what: *dice.pick(&ALL), seed: dice.below(usize::MAX) as u64 }
    }

    /// Whether it contradicts nothing that is signed: then the verdict cannot be `not-intact`.
    pub(crate) fn is_harmless(self) -> bool {
        matches!(self.what, PlantLog | PlantOddLog | StripMetadata | Rewrap | PlantStray)
    }

    pub(crate) fn apply(self, world: &World, ask: &Ask, bucket: &mut Bucket) {
        let dice = &mut Dice(self.seed);
        let keys: Vec<String> = bucket.keys().cloned().collect();
        let digests: Vec<String> =
            keys.iter().filter(|key| is_near(ask, key) && digest_key(key).is_some()).cloned().collect();
        let near: Vec<String> = keys.iter().filter(|key| is_near(ask, key)).cloned().collect();
        if near.is_empty() || digests.is_empty() {
            return;
        }
        // Half of them digests.
        let target = if dice.percent(50) { dice.pick(&digests).clone() } else { dice.pick(&near).clone() };
        let digest = dice.pick(&digests).clone();
        // Never before the object that is replaced was written: S3 keeps the time.
        let when = |dice: &mut Dice, thing: &Thing| {
            let written = thing.metadata.last_modified.unwrap_or(ask.as_of);
            Some(written.plus(dice.seconds(0, ask.as_of.since(written) + 1)))
        };
        match self.what {
            Alter => edit(bucket, &target, dice, when, |dice, content| {
                let at = dice.below(content.len());
                content[at] ^= 1 + dice.below(255) as u8;
            }),
            Append => {
                let tail: &[u8] = dice.pick::<&[u8]>(&[b"\0", b"x", b"\n", &[0x1f, 0x8b, 8, 0]]);
                if let Some(thing) = bucket.get_mut(&target) {
                    thing.metadata.last_modified = when(dice, thing);
                    thing.body = [&thing.body[..], tail].concat().into();
                    thing.content = None;
                }
            }
            Delete => drop(bucket.remove(&target)),
            Swap | Replay => {
                let same: Vec<&String> = near
                    .iter()
                    .filter(|key| digest_key(key).is_some() == digest_key(&target).is_some() && **key != target)
                    .collect();
                if same.is_empty() {
                    return;
                }
                let other = (*dice.pick(&same)).clone();
                let (mut one, mut two) = (bucket[&target].clone(), bucket[&other].clone());
                (one.metadata.last_modified, two.metadata.last_modified) = (when(dice, &two), when(dice, &one));
                if self.what == Swap {
                    bucket.insert(target, two);
                }
                bucket.insert(other, one);
            }
            PlantLog => {
                let logs: Vec<LogKey> = keys.iter().filter_map(|key| LogKey::parse(key)).collect();
                if logs.is_empty() {
                    return;
                }
                let mut key = dice.pick(&logs).clone();
                let genuine = bucket[&key.key()].clone();
                key.name.unique[..8].copy_from_slice(b"PLANTED0");
                key.name.unique[8] = b'a' + dice.below(26) as u8;
                if dice.percent(70) {
                    let minutes = dice.seconds(-300, 300);
                    key.name.minute = key.name.minute.plus(minutes * 60);
                }
                let planted = Thing { metadata: times(when(dice, &genuine)), ..genuine };
                bucket.insert(key.key(), planted);
            }
            PlantOddLog => {
                let Some(of) = digest_key(&digest) else { return };
                let day = of.end.plus(dice.seconds(-2, 3) * Time::HOUR).day().folder();
                let region = &of.chain.region;
                let name = dice.pick(&["x.json.gz", "111.json", "a/b.json", " ", "x"]).to_string();
                let folder = dice
                    .pick(&[format!("{region}/{day}"), format!("{region}/"), format!("{region}/{}13/", &day[..5])])
                    .clone();
                let key = format!("{}CloudTrail/{folder}{name}", of.folder.path());
                bucket.insert(key, Thing { body: "x".into(), content: None, metadata: times(Some(ask.as_of)) });
            }
            PlantStray => {
                let name = *dice.pick(&["x", "z.json.gz", "_"]);
                let key = format!("{}{name}", &digest[..=digest.rfind('/').unwrap_or(0)]);
                bucket.insert(key, Thing { body: "x".into(), content: None, metadata: times(Some(ask.as_of)) });
            }
            TruncateEnd | TruncateHead | CutOut => self.cut(world, bucket, &digest, dice),
            Resign | Unlink => self.forge(world, bucket, &digest, dice),
            AlterSignature => {
                let other = bucket[dice.pick(&digests)].metadata.signature.clone();
                if let Some(thing) = bucket.get_mut(&digest) {
                    match dice.below(4) {
                        0 => thing.metadata.signature = other,
                        1 => thing.metadata.signature = Some("00".repeat(256)),
                        2 => thing.metadata.signature = Some(String::new()),
                        _ => thing.metadata.algorithm = Some("SHA1withRSA".into()),
                    }
                }
            }
            PlantDigest | PlantCopy => {
                let Some(mut key) = digest_key(&digest) else { return };
                match dice.below(5) {
                    0 => key.end = key.end.plus(dice.seconds(-9000, 9000)),
                    1 => key.end = key.end.plus(dice.seconds(-30, 30) * Time::HOUR),
                    2 => key.end = key.end.plus(dice.seconds(-9000, 9000) * Time::DAY),
                    3 => key.chain.trail = "planted".into(),
                    _ => key.folder.prefix = format!("x/{}", key.folder.prefix),
                }
                if dice.percent(15) {
                    key.chain.kind = ChainKind::Backfill;
                }
                let copy = bucket[&digest].clone();
                let junk = Thing { body: "x".into(), content: None, metadata: times(Some(ask.as_of)) };
                bucket.entry(key.key()).or_insert(if self.what == PlantCopy { copy } else { junk });
            }
            StripMetadata => {
                if let Some(thing) = bucket.get_mut(&digest) {
                    thing.metadata = times(when(dice, thing));
                }
            }
            Rewrap => {
                if let Some(thing) = bucket.get_mut(&target)
                    && let Some(content) = &thing.content
                {
                    thing.body = if dice.percent(50) { content.clone() } else { gzip(content).into() };
                    thing.metadata.last_modified = when(dice, thing);
                }
            }
        }
    }

    /// Takes digests away, with the log files that they list or without.
    fn cut(self, world: &World, bucket: &mut Bucket, digest: &str, dice: &mut Dice) {
        let Some(of) = digest_key(digest) else { return };
        let (with_logs, all, most) = (dice.percent(70), dice.percent(30), dice.seconds(1, 4) * Time::HOUR);
        for chain in &world.chains {
            if chain.id != of.chain && !(all && chain.id.region == of.chain.region) {
                continue;
            }
            for digest in &chain.digests {
                let gone = match self.what {
                    TruncateEnd => digest.end >= of.end,
                    TruncateHead => digest.end <= of.end,
                    _ => digest.end >= of.end && digest.end < of.end.plus(most),
                };
                if gone {
                    bucket.remove(&digest.key);
                    digest.logs.iter().filter(|_| with_logs).for_each(|log| drop(bucket.remove(log)));
                }
            }
        }
    }

    /// Writes a digest anew and signs it with a key that is not AWS's.
    fn forge(self, world: &World, bucket: &mut Bucket, digest: &str, dice: &mut Dice) {
        let Some(mut draft) = bucket
            .get(digest)
            .and_then(|thing| thing.content.as_ref())
            .and_then(|content| serde_json::from_slice::<DigestDraft>(content).ok())
        else {
            return;
        };
        let forger = FORGER.at("us-east-1", draft.digest_end_time);
        let key = match dice.below(3) {
            0 => {
                draft.digest_public_key_fingerprint.clone_from(&forger.fingerprint);
                forger
            }
            1 => forger,
            // AWS's own: what a genuine signature over the honest content is. The name is all that is false.
            _ => KEYRINGS[1].at("eu-west-1", draft.digest_end_time.plus(Time::DAY * 40_000)),
        };
        let previous = draft.previous_digest_s3_object.clone();
        match self.what {
            Unlink => {
                let chain = digest_key(digest).map(|key| key.chain);
                let all: Vec<_> =
                    world.chains.iter().filter(|c| Some(&c.id) == chain.as_ref()).flat_map(|c| &c.digests).collect();
                if all.is_empty() {
                    return;
                }
                let other = *dice.pick(&all);
                if dice.percent(50) {
                    draft.link_to(None);
                } else {
                    draft.previous_digest_s3_object = Some(other.key.clone());
                }
                if let Some(previous) = previous {
                    bucket.remove(&previous);
                }
            }
            _ => {
                if let Some(log) = draft.log_files.pop() {
                    bucket.remove(&log.s3_object);
                }
            }
        }
        let signed = draft.sign(&key);
        if let Some(thing) = bucket.get_mut(digest) {
            thing.body = gzip(&signed.json).into();
            thing.content = Some(signed.json.into());
            if dice.percent(70) {
                thing.metadata.signature = Some(signed.signature);
            }
        }
    }
}

fn times(last_modified: Option<Time>) -> DigestMetadata {
    DigestMetadata { last_modified, ..DigestMetadata::default() }
}

/// Whether the request may have to do with the object.
fn is_near(ask: &Ask, key: &str) -> bool {
    let end = digest_key(key).map(|key| key.end).or(LogKey::parse(key).map(|key| key.name.minute));
    let until = ask.end.unwrap_or(ask.as_of).plus(3 * Time::HOUR);
    end.is_some_and(|end| ask.start.is_none_or(|start| end >= start.plus(-2 * Time::HOUR)) && end <= until)
}

fn edit(
    bucket: &mut Bucket,
    key: &str,
    dice: &mut Dice,
    when: impl Fn(&mut Dice, &Thing) -> Option<Time>,
    change: impl Fn(&mut Dice, &mut Vec<u8>),
) {
    if let Some(thing) = bucket.get_mut(key)
        && let Some(content) = &thing.content
    {
        let mut content = content.to_vec();
        change(dice, &mut content);
        thing.metadata.last_modified = when(dice, thing);
        thing.body = gzip(&content).into();
        thing.content = Some(Bytes::from(content));
    }
}
