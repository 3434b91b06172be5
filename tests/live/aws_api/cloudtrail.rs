//! CloudTrail: public keys and trails.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Value, json};
use trailseal::simulate::PublicKeyList;
use trailseal::trail::Time;

use super::{Answer, denied, page};

/// What CloudTrail knows.
#[derive(Default)]
pub(crate) struct CloudTrail {
    pub(crate) keys: Vec<PublicKey>,
    /// The most keys of an answer; 0 for all.
    pub(crate) keys_a_page: usize,
    /// What a region answers in place of its keys.
    pub(crate) regions: BTreeMap<String, RegionAnswer>,
    pub(crate) trails: Vec<Trail>,
    /// The event history, newest first.
    pub(crate) events: Vec<Recorded>,
    /// What nobody is told, by the name of the operation.
    pub(crate) denied: Vec<&'static str>,
}

/// An event of the event history.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) name: &'static str,
    pub(crate) at: Time,
    pub(crate) region: String,
    pub(crate) who: String,
    pub(crate) from: String,
    /// What it was done to, as the request named it: a field and its value.
    pub(crate) to: (&'static str, String),
    pub(crate) error: Option<&'static str>,
}

/// A public key.
#[derive(Clone)]
pub(crate) struct PublicKey {
    /// The region that gives it out; empty for every region.
    pub(crate) region: String,
    pub(crate) value: String,
    pub(crate) fingerprint: String,
    pub(crate) from: Time,
    pub(crate) until: Time,
}

/// What a region answers in place of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RegionAnswer {
    Denied,
    /// So many times, and then the keys.
    Throttled(usize),
    /// As a region answers that is not enabled in the account.
    Unrecognized,
}

/// A trail, as `DescribeTrails` tells of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Trail {
    pub(crate) name: String,
    #[serde(rename = "S3BucketName")]
    pub(crate) s3_bucket_name: String,
    #[serde(rename = "S3KeyPrefix", skip_serializing_if = "Option::is_none")]
    pub(crate) s3_key_prefix: Option<String>,
    pub(crate) include_global_service_events: bool,
    pub(crate) is_multi_region_trail: bool,
    pub(crate) home_region: String,
    #[serde(rename = "TrailARN")]
    pub(crate) trail_arn: String,
    pub(crate) log_file_validation_enabled: bool,
    pub(crate) has_custom_event_selectors: bool,
    pub(crate) has_insight_selectors: bool,
    pub(crate) is_organization_trail: bool,
}

impl PublicKey {
    pub(crate) fn of(list: &PublicKeyList) -> Vec<PublicKey> {
        let key = |entry: &trailseal::simulate::PublicKeyEntry| PublicKey {
            region: entry.region.clone(),
            value: entry.value.clone(),
            fingerprint: entry.fingerprint.clone(),
            from: entry.validity_start_time.unwrap(),
            until: entry.validity_end_time.unwrap(),
        };
        list.public_key_list.iter().map(key).collect()
    }

    /// The keys of a file in `testdata`: a response of `ListPublicKeys`.
    pub(crate) fn parse(json: &str) -> Vec<PublicKey> {
        let list: Value = serde_json::from_str(json).expect("JSON");
        let text = |key: &Value, name: &str| key[name].as_str().unwrap_or_default().to_owned();
        let time = |key: &Value, name: &str| Time::parse_loose(&text(key, name)).expect("a time");
        let keys = list["PublicKeyList"].as_array().expect("a list").iter();
        keys.map(|key| PublicKey {
            region: text(key, "Region"),
            value: text(key, "Value"),
            fingerprint: text(key, "Fingerprint"),
            from: time(key, "ValidityStartTime"),
            until: time(key, "ValidityEndTime"),
        })
        .collect()
    }
}

pub(super) fn answer(state: &mut CloudTrail, operation: &str, asked: &Value, region: &str) -> Answer {
    if state.denied.contains(&operation) {
        return Err(denied(operation));
    }
    match operation {
        "LookupEvents" => lookup_events(state, asked, region),
        "GetTrailStatus" => Ok(json!({ "IsLogging": true, "StartLoggingTime": 1_700_000_000 })),
        "ListPublicKeys" => list_public_keys(state, asked, region),
        "DescribeTrails" => {
            let names = asked["trailNameList"].as_array().cloned().unwrap_or_default();
            let wanted = |trail: &&Trail| names.is_empty() || names.iter().any(|name| trail.is(name));
            let trails: Vec<&Trail> =
                state.trails.iter().filter(|trail| trail.is_seen_in(region)).filter(wanted).collect();
            Ok(json!({ "trailList": trails }))
        }
        "GetTrail" => {
            let trail = state.trails.iter().find(|trail| trail.is_seen_in(region) && trail.is(&asked["Name"]));
            let unknown = || (400, "TrailNotFoundException", format!("Unknown trail: {}", asked["Name"]));
            Ok(json!({ "Trail": trail.ok_or_else(unknown)? }))
        }
        other => Err((400, "UnknownOperationException", other.to_owned())),
    }
}

/// Of one name, two an answer.
fn lookup_events(state: &CloudTrail, asked: &Value, region: &str) -> Answer {
    let name = &asked["LookupAttributes"][0];
    assert_eq!(name["AttributeKey"], "EventName");
    let time = |name: &str| asked[name].as_f64().expect("a time");
    let is_asked = |event: &&Recorded| {
        let at = event.at.unix() as f64;
        name["AttributeValue"] == event.name
            && event.region == region
            && time("StartTime") <= at
            && at <= time("EndTime")
    };
    let found: Vec<&Recorded> = state.events.iter().filter(is_asked).collect();
    let (found, next) = page(&found, 2, asked);
    let event = |event: &&Recorded| {
        let mut record = json!({
            "userIdentity": { "type": "IAMUser", "arn": event.who },
            "sourceIPAddress": event.from,
            "requestParameters": {},
        });
        record["requestParameters"][event.to.0] = json!(event.to.1);
        if let Some(error) = event.error {
            record["errorCode"] = json!(error);
        }
        json!({
            "EventId": format!("{}-{}", event.name, event.at.unix()),
            "EventName": event.name,
            "EventTime": event.at.unix() as f64,
            "Username": "somebody",
            "Resources": [],
            "CloudTrailEvent": record.to_string(),
        })
    };
    let mut answer = json!({ "Events": found.iter().map(event).collect::<Vec<_>>() });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

fn list_public_keys(state: &mut CloudTrail, asked: &Value, region: &str) -> Answer {
    match state.regions.get_mut(region) {
        Some(RegionAnswer::Denied) => return Err(denied("cloudtrail:ListPublicKeys")),
        Some(RegionAnswer::Unrecognized) => {
            let message = "The security token included in the request is invalid.";
            return Err((400, "UnrecognizedClientException", message.to_owned()));
        }
        Some(RegionAnswer::Throttled(left)) if *left > 0 => {
            *left -= 1;
            return Err((400, "ThrottlingException", "Rate exceeded".to_owned()));
        }
        Some(RegionAnswer::Throttled(_)) | None => {}
    }
    // Without a range, AWS gives out the key of today alone.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
    let (from, until) = (asked["StartTime"].as_f64().unwrap_or(now), asked["EndTime"].as_f64().unwrap_or(now));
    if from > until {
        return Err((400, "InvalidTimeRangeException", "the start is after the end".to_owned()));
    }
    let here = |key: &&PublicKey| key.region.is_empty() || key.region == region;
    let valid = |key: &&PublicKey| key.from.unix() as f64 <= until && from <= key.until.unix() as f64;
    let keys: Vec<PublicKey> = state.keys.iter().filter(here).filter(valid).cloned().collect();
    let (keys, next) = page(&keys, state.keys_a_page, asked);
    let entry = |key: &PublicKey| {
        json!({
            "Value": key.value,
            "ValidityStartTime": key.from.unix() as f64,
            "ValidityEndTime": key.until.unix() as f64,
            "Fingerprint": key.fingerprint,
        })
    };
    let mut answer = json!({ "PublicKeyList": keys.iter().map(entry).collect::<Vec<_>>() });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

impl Trail {
    fn is(&self, name: &Value) -> bool {
        name == &json!(self.name) || name == &json!(self.trail_arn)
    }

    /// Regions other than the home region show a trail's shadow, if it is for all of them.
    fn is_seen_in(&self, region: &str) -> bool {
        self.is_multi_region_trail || self.home_region == region
    }
}
