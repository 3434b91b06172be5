//! Everything that one change can do to the evidence, and what must come of each.

use trailseal::logfile::Framing;

use crate::gzip::holds_the_same;
use crate::world::{NEWEST, Object, WORLD, is_digest};

/// One change. Objects are numbered as in the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Lie {
    /// One bit of the object as stored, counted from the lowest of the first byte.
    Bit(usize, usize),
    /// Cut off after so many bytes.
    Cut(usize, usize),
    Deleted(usize),
    /// Each of two under the other's name, with its metadata.
    Swapped(usize, usize),
    /// One bit of a key: the object is deleted, and planted elsewhere.
    Key(usize, usize),
    /// One bit of the hex digits of a signature in the metadata.
    Signature(usize, usize),
    NoSignature(usize),
    /// One bit of the name of the signature's algorithm in the metadata.
    Algorithm(usize, usize),
    NoAlgorithm(usize),
}

use Lie::*;

/// What must come of a lie.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Due {
    /// What was changed says nothing: the evidence is what it was.
    Intact,
    /// Something signed is contradicted: all of these objects are named, and no violation of any other.
    NotIntact(Vec<usize>),
    /// Nothing signed is contradicted, and this object, or its hour, is not proven.
    Inconclusive(usize),
    /// One or the other, by where the object went.
    NeverIntact(usize),
}

impl Lie {
    pub(crate) fn all() -> Vec<Lie> {
        let mut lies = Vec::new();
        let bits = |text: &[u8]| 0..text.len() * 8;
        for (at, object) in WORLD.objects.iter().enumerate() {
            lies.extend(bits(&object.body).map(|bit| Bit(at, bit)));
            lies.extend((0..object.body.len()).map(|length| Cut(at, length)));
            lies.push(Deleted(at));
            lies.extend((0..at).map(|other| Swapped(other, at)));
            // S3 takes no key that is not UTF-8.
            lies.extend(bits(object.key.as_bytes()).filter(|bit| bit % 8 < 7).map(|bit| Key(at, bit)));
            if let (Some(signature), Some(algorithm)) = (&object.signature, &object.algorithm) {
                lies.extend(bits(signature.as_bytes()).map(|bit| Signature(at, bit)));
                lies.extend(bits(algorithm.as_bytes()).map(|bit| Algorithm(at, bit)));
                lies.extend([NoSignature(at), NoAlgorithm(at)]);
            }
        }
        lies
    }

    /// The kind of lie, for the count of them.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Bit(at, _) if is_digest(&WORLD.objects[at].key) => "bit of a digest file",
            Bit(..) => "bit of a log file",
            Cut(..) => "truncation",
            Deleted(_) => "deletion",
            Swapped(..) => "swap",
            Key(..) => "bit of a key",
            Signature(..) => "bit of a signature",
            NoSignature(_) => "signature deleted",
            Algorithm(..) => "bit of an algorithm",
            NoAlgorithm(_) => "algorithm deleted",
        }
    }

    /// A copy may hold objects gunzipped under their own names, which are told by their first two bytes: where these are
    /// touched, the lie is told in a copy too.
    pub(crate) fn framings(self) -> &'static [Framing] {
        match self {
            Bit(_, 0..16) | Cut(_, 0..2) => &[Framing::Gzip, Framing::GzipOrPlain],
            _ => &[Framing::Gzip],
        }
    }

    pub(crate) fn tell(self) -> Vec<Object> {
        let mut objects = WORLD.objects.clone();
        match self {
            Bit(at, bit) => objects[at].body[bit / 8] ^= 1 << (bit % 8),
            Cut(at, length) => objects[at].body.truncate(length),
            Deleted(at) => drop(objects.remove(at)),
            Swapped(one, other) => {
                objects.swap(one, other);
                for at in [one, other] {
                    objects[at].key.clone_from(&WORLD.objects[at].key);
                }
            }
            Key(at, bit) => objects[at].key = flipped(&objects[at].key, bit),
            Signature(at, bit) => objects[at].signature = objects[at].signature.as_ref().map(|text| flipped(text, bit)),
            NoSignature(at) => objects[at].signature = None,
            Algorithm(at, bit) => objects[at].algorithm = objects[at].algorithm.as_ref().map(|text| flipped(text, bit)),
            NoAlgorithm(at) => objects[at].algorithm = None,
        }
        objects
    }

    /// What must come of it, by what this file knows of gzip, of hex and of chains.
    pub(crate) fn due(self) -> Due {
        match self {
            // The signature and the log file's hash are over the content: how it is packed says nothing.
            Bit(at, _) if holds_the_same(&WORLD.objects[at].body, &self.tell()[at].body) => Due::Intact,
            Bit(at, _) | Cut(at, _) => Due::NotIntact(vec![at]),
            // Nothing that is signed names the newest digest: its hour is a hole, and its log file is listed by nobody.
            Deleted(NEWEST) => Due::Inconclusive(NEWEST),
            // The same; where it came to lie, a digest may contradict itself.
            Key(NEWEST, _) => Due::NeverIntact(NEWEST),
            Deleted(at) | Key(at, _) => Due::NotIntact(vec![at]),
            Swapped(one, other) => Due::NotIntact(vec![one, other]),
            // The same digit as a capital.
            Signature(at, bit) if bit % 8 == 5 && self.digit(at, bit).is_ascii_lowercase() => Due::Intact,
            Signature(at, _) | Algorithm(at, _) => Due::NotIntact(vec![at]),
            NoSignature(NEWEST) => Due::Inconclusive(NEWEST),
            // The digest after it says what it is, as it must where copies lose all metadata.
            NoSignature(_) => Due::Intact,
            // What is signed says it too, and only one algorithm is understood.
            NoAlgorithm(_) => Due::Intact,
        }
    }

    fn digit(self, at: usize, bit: usize) -> u8 {
        WORLD.objects[at].signature.as_ref().map_or(0, |text| text.as_bytes()[bit / 8])
    }
}

/// A text with one bit of one byte changed. Header values may hold bytes that are not ASCII, which are read as Latin-1.
fn flipped(text: &str, bit: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes.into_iter().map(char::from).collect()
}
