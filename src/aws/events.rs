//! CloudTrail's event history: who changed a trail, its bucket or its key in the last 90 days.

use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use futures::StreamExt;
use serde::Deserialize;

use super::setup::asking::{Refused, ask};
use super::{Access, Pace};
use crate::doctor::{ACTIONS, Action, History, Unseen};
use crate::trail::Time;

/// Asks each region for what changes trails, buckets and keys, from `since` or 90 days ago on.
pub async fn event_history(access: &Access, regions: &[String], since: Option<Time>, now: Time) -> History {
    let kept = now.plus(-KEPT);
    let since = since.map_or(kept, |since| since.max(kept));
    let asked = futures::stream::iter(regions)
        .map(|region| async move { (region, of_region(access, region, since, now).await) });
    let answers: Vec<_> = asked.buffered(REGIONS_AT_ONCE).collect().await;
    let mut history = History { since: Some(since), ..History::default() };
    for (region, answer) in answers {
        match answer {
            Ok((actions, left)) => {
                history.actions.extend(actions);
                history.unasked.extend(left.into_iter().map(|left| (region.clone(), left)));
            }
            Err(unseen) => history.unasked.push((region.clone(), unseen)),
        }
    }
    history
}

async fn of_region(
    access: &Access,
    region: &str,
    since: Time,
    now: Time,
) -> Result<(Vec<Action>, Vec<Unseen>), Unseen> {
    // Two requests a second are what CloudTrail answers in a region: what is asked too soon is asked again.
    let pace = access.pace(1);
    let (mut found, mut left) = (Vec::new(), Vec::new());
    for name in ACTIONS {
        let (actions, is_all) = of_name(access, &pace, region, name, since, now).await?;
        if !is_all {
            let why =
                format!("there are more than the newest {} {name}, and older ones were not looked at", actions.len());
            left.push(Unseen { action: LOOKUP.to_owned(), denied: false, why });
        }
        found.extend(actions);
    }
    let unread = found.iter().filter(|action| action.error.as_deref() == Some(UNREAD)).count();
    if unread > 0 {
        let why =
            format!("{unread} events have a record that could not be read, and whether they were done is not known");
        left.push(Unseen { action: LOOKUP.to_owned(), denied: false, why });
    }
    Ok((found, left))
}

async fn of_name(
    access: &Access,
    pace: &Pace,
    region: &str,
    name: &str,
    since: Time,
    now: Time,
) -> Result<(Vec<Action>, bool), Unseen> {
    let client = access.cloudtrail(region);
    let by_name = LookupAttribute::builder().attribute_key(LookupAttributeKey::EventName).attribute_value(name).build();
    let by_name =
        by_name.map_err(|error| Unseen { action: LOOKUP.to_owned(), denied: false, why: error.to_string() })?;
    let (mut found, mut token) = (Vec::new(), None);
    for _ in 0..PAGES {
        let asked = ask(pace, LOOKUP, || {
            let request = client.lookup_events().lookup_attributes(by_name.clone()).set_next_token(token.clone());
            request.start_time(DateTime::from_secs(since.unix())).end_time(DateTime::from_secs(now.unix())).send()
        });
        let page = asked.await.map_err(Refused::unseen)?;
        found.extend(page.events.unwrap_or_default().into_iter().filter_map(|event| action(event, region)));
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok((found, true));
        }
    }
    Ok((found, false))
}

/// What an event tells, in the names of its own record.
fn action(event: Event, region: &str) -> Option<Action> {
    let record = event.cloud_trail_event.as_deref().and_then(|text| serde_json::from_str::<Record>(text).ok());
    // Whether it was done at all, and to what, would be in its record.
    let unread = record.is_none().then(|| UNREAD.to_owned());
    let record = record.unwrap_or_default();
    let who = [record.user_identity.arn, record.user_identity.invoked_by, event.username, record.user_identity.kind];
    let resources = event.resources.unwrap_or_default().into_iter().filter_map(|resource| resource.resource_name);
    let mut resources: Vec<String> = resources.map(bounded).take(RESOURCES).collect();
    let parameters = record.request_parameters.unwrap_or_default();
    resources.extend(
        [parameters.name, parameters.trail_name, parameters.bucket_name, parameters.key_id]
            .into_iter()
            .flatten()
            .map(bounded),
    );
    resources.sort();
    resources.dedup();
    Some(Action {
        time: Time::from_unix(event.event_time?.secs()),
        name: bounded(event.event_name?),
        who: bounded(who.into_iter().flatten().find(|who| !who.is_empty()).unwrap_or_else(|| "somebody".to_owned())),
        from: bounded(record.source_ip_address.unwrap_or_else(|| "an address that the event does not tell".to_owned())),
        region: region.to_owned(),
        id: bounded(event.event_id.unwrap_or_default()),
        resources,
        error: unread.or(record.error_code.map(bounded)),
    })
}

fn bounded(mut text: String) -> String {
    let end = (0..=LONGEST.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    text.truncate(end);
    text
}

/// Of the record, what is told.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Record {
    user_identity: Identity,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: Option<String>,
    error_code: Option<String>,
    request_parameters: Option<Parameters>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Identity {
    #[serde(rename = "type")]
    kind: Option<String>,
    arn: Option<String>,
    invoked_by: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Parameters {
    name: Option<String>,
    trail_name: Option<String>,
    bucket_name: Option<String>,
    key_id: Option<String>,
}

/// The error of an event that tells nothing of itself.
const UNREAD: &str = "its record could not be read";

const LOOKUP: &str = "cloudtrail:LookupEvents";

/// Seconds for which the event history keeps an event.
const KEPT: i64 = 90 * Time::DAY;

/// Pages of 50 that are asked for of one name. What is left out is said.
const PAGES: usize = 20;

/// Regions that are asked at once.
const REGIONS_AT_ONCE: usize = 8;

/// Resources of an event that are kept.
const RESOURCES: usize = 20;

/// The longest name that is kept, in bytes: an ARN can have 2,048.
const LONGEST: usize = 2_048;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(record: &str) -> Action {
        let event = Event::builder().event_name("StopLogging").event_time(DateTime::from_secs(1));
        action(event.cloud_trail_event(record).build(), "us-east-1").unwrap()
    }

    #[test]
    fn an_event_that_tells_nothing_of_itself_is_none_that_was_done() {
        let done = told(
            r#"{"userIdentity":{"arn":"arn:x"},"sourceIPAddress":"192.0.2.7","requestParameters":{"name":"main"}}"#,
        );
        assert_eq!((done.who.as_str(), done.from.as_str(), done.error), ("arn:x", "192.0.2.7", None));
        assert_eq!(done.resources, ["main"]);
        assert_eq!(told(r#"{"errorCode":"AccessDenied"}"#).error.as_deref(), Some("AccessDenied"));
        for unread in ["", "{", r#"{"errorCode":1}"#] {
            assert_eq!(told(unread).error.as_deref(), Some(UNREAD), "{unread}");
        }
    }
}
