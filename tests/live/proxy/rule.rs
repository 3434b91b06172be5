//! Which requests go wrong, and how often.

use std::collections::HashMap;

use hyper::{Method, Request};

use super::fault::Fault;
use crate::encoding::{path_decoded, value};

/// A request that came to the proxy.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    /// Decoded.
    pub(crate) path: String,
    pub(crate) query: String,
    /// The names of its headers.
    pub(crate) headers: Vec<String>,
    /// What went wrong with it.
    pub(crate) fault: Option<Fault>,
}

impl Seen {
    pub(crate) fn of<B>(request: &Request<B>) -> Seen {
        Seen {
            method: request.method().clone(),
            path: path_decoded(request.uri().path()),
            query: request.uri().query().unwrap_or_default().to_owned(),
            headers: request.headers().keys().map(|name| name.as_str().to_owned()).collect(),
            fault: None,
        }
    }

    /// The key of the object that is asked for.
    pub(crate) fn key(&self) -> Option<&str> {
        let key = self.path.trim_start_matches('/').split_once('/')?.1;
        (self.method == Method::GET && !key.is_empty()).then_some(key)
    }

    /// The prefix that is listed.
    pub(crate) fn listed(&self) -> Option<String> {
        let bucket = self.path.trim_matches('/');
        let lists = self.method == Method::GET && self.key().is_none() && !bucket.is_empty();
        let other = ["location", "acl", "versioning", "policy"].iter().any(|name| value(&self.query, name).is_some());
        (lists && !other).then(|| value(&self.query, "prefix").unwrap_or_default())
    }
}

/// Says whether a request is meant.
pub(crate) type Matcher = Box<dyn Fn(&Seen) -> bool + Send>;

pub(crate) fn anything() -> Matcher {
    Box::new(|_| true)
}

/// Every LIST.
pub(crate) fn listings() -> Matcher {
    Box::new(|seen| seen.listed().is_some())
}

/// Every LIST in or below a folder.
pub(crate) fn listing_of(folder: &str) -> Matcher {
    let folder = folder.to_owned();
    Box::new(move |seen| seen.listed().is_some_and(|listed| listed.starts_with(&folder)))
}

/// Every GET of a digest file.
pub(crate) fn digests() -> Matcher {
    Box::new(|seen| seen.key().is_some_and(|key| key.contains("/CloudTrail-Digest/")))
}

/// Every GET of a log file.
pub(crate) fn logs() -> Matcher {
    Box::new(|seen| seen.key().is_some_and(|key| key.contains("/CloudTrail/")))
}

/// Every GET of this object.
pub(crate) fn key(key: &str) -> Matcher {
    let key = key.to_owned();
    Box::new(move |seen| seen.key() == Some(&key))
}

/// How often it goes wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Times {
    /// With so many of the requests that are meant, then no more.
    First(usize),
    /// With the first so many requests of each object or page: whoever asks again often enough gets all.
    FirstOfEach(usize),
    /// With all but the first so many requests of each object or page: whoever goes round in circles is stopped.
    AfterFirstOfEach(usize),
    /// With every so-many-th.
    Every(usize),
    Forever,
}

/// What goes wrong, with which requests, how often.
pub(crate) struct Rule {
    meant: Matcher,
    fault: Fault,
    times: Times,
    met: usize,
    met_of_each: HashMap<(String, String), usize>,
}

impl Rule {
    pub(crate) fn new(meant: Matcher, fault: Fault, times: Times) -> Rule {
        Rule { meant, fault, times, met: 0, met_of_each: HashMap::new() }
    }

    pub(crate) fn fault_for(&mut self, seen: &Seen) -> Option<Fault> {
        if !(self.meant)(seen) {
            return None;
        }
        self.met += 1;
        let of_this = self.met_of_each.entry((seen.path.clone(), seen.query.clone())).or_default();
        *of_this += 1;
        let wrong = match self.times {
            Times::First(most) => self.met <= most,
            Times::FirstOfEach(most) => *of_this <= most,
            Times::AfterFirstOfEach(most) => *of_this > most,
            Times::Every(step) => self.met.is_multiple_of(step),
            Times::Forever => true,
        };
        wrong.then_some(self.fault)
    }
}
