//! Public keys from where they come: `ListPublicKeys`, asked over TLS. This is the root of all trust in a digest.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types;
use tokio::sync::Mutex;

use super::{KeyOrigin, KeySource, KeySourceError};
use crate::aws::{Access, refusal};
use crate::digest::{KeySet, PublicKey};
use crate::limits::{DIGEST_DUE_AFTER, FIRST_KEYS};
use crate::trail::{Interval, Time};

/// CloudTrail itself, asked in the region of the digests; each region is asked once for a range, and remembered.
pub struct CloudTrailKeys {
    access: Access,
    /// When they are asked for.
    now: Time,
    regions: Mutex<HashMap<String, Arc<Mutex<Option<Known>>>>>,
}

/// What is known of a region.
#[derive(Clone)]
struct Known {
    range: Interval,
    answer: Result<Arc<KeySet>, KeySourceError>,
}

impl CloudTrailKeys {
    /// Asks with this access, any account's; `now` is when it does.
    pub fn new(access: Access, now: Time) -> CloudTrailKeys {
        CloudTrailKeys { access, now, regions: Mutex::default() }
    }

    async fn ask(&self, region: &str, range: Interval) -> Result<KeySet, String> {
        // One of its own: that another region is out of reach says nothing of this one.
        let (client, pace) = (self.access.cloudtrail(region), self.access.pace(1));
        // Digests were seen that were signed a month after the window of their key, so keys of some time before and
        // after are asked for too: only what is in no window far around is unknown to AWS.
        let from = range.start.plus(-AROUND).max(Time::from_unix(FIRST_KEYS)).min(range.start);
        let until = range.end.plus(AROUND).min(self.now.plus(DIGEST_DUE_AFTER)).max(range.end);
        let mut keys = KeySet::default();
        let (mut all_usable, mut token) = (true, None);
        for _ in 0..MOST_PAGES {
            let asked = pace.ask(|| async {
                let request = client.list_public_keys().start_time(moment(from)).end_time(moment(until));
                request.set_next_token(token.clone()).send().await.map_err(|error| refusal(&error))
            });
            let (page, _) = asked.await.map_err(|error| error.to_string())?;
            for key in page.public_key_list.unwrap_or_default() {
                match read(&key, region) {
                    Some(key) => keys.insert(key),
                    None => all_usable = false,
                }
            }
            match page.next_token.filter(|next| !next.is_empty()) {
                None => {
                    // A key that cannot be used may be the one that a digest names.
                    if all_usable {
                        // AWS can list a new key any time from now on.
                        keys.state_complete(region, Interval::new(range.start, range.end.min(self.now)));
                    }
                    return Ok(keys);
                }
                next if next == token => break,
                next => token = next,
            }
        }
        Err("the list of keys does not come to an end".to_owned())
    }
}

#[async_trait]
impl KeySource for CloudTrailKeys {
    fn describe(&self) -> String {
        "AWS CloudTrail, ListPublicKeys".to_owned()
    }

    fn origin(&self) -> KeyOrigin {
        KeyOrigin::Aws
    }

    async fn keys(&self, region: &str, range: Interval) -> Result<Arc<KeySet>, KeySourceError> {
        let of_region = Arc::clone(self.regions.lock().await.entry(region.to_owned()).or_default());
        let mut known = of_region.lock().await;
        let asked = match known.as_ref() {
            Some(known) if known.range.start <= range.start && range.end <= known.range.end => {
                return known.answer.clone();
            }
            Some(known) => known.range.or(range),
            None => range,
        };
        let answer = self.ask(region, asked).await;
        let answer = answer.map(Arc::new).map_err(|problem| KeySourceError { region: region.to_owned(), problem });
        // That more is not to be had does not take away what is known.
        if answer.is_ok() || known.as_ref().is_none_or(|known| known.answer.is_err()) {
            *known = Some(Known { range: asked, answer: answer.clone() });
        }
        answer
    }
}

/// A key as AWS lists it, if it is one that can be used and has the fingerprint that the list says.
fn read(listed: &types::PublicKey, region: &str) -> Option<PublicKey> {
    let mut key = PublicKey::from_der(listed.value.as_ref()?.as_ref()).ok()?;
    if listed.fingerprint.as_ref().is_some_and(|recorded| !recorded.eq_ignore_ascii_case(key.fingerprint())) {
        return None;
    }
    let time = |time: &DateTime| Time::from_unix(time.secs());
    if let (Some(start), Some(end)) = (&listed.validity_start_time, &listed.validity_end_time) {
        key.validity = Some(Interval::new(time(start), time(end)));
    }
    key.region = Some(region.to_owned());
    Some(key)
}

fn moment(time: Time) -> DateTime {
    DateTime::from_secs(time.unix())
}

/// Three windows of 30 days, in seconds.
const AROUND: i64 = 90 * Time::DAY;

/// A region has some twelve keys a year. Stops: a list that never ends.
const MOST_PAGES: usize = 1_000;
