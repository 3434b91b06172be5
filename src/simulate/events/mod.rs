//! Events as CloudTrail records them (user guide, "CloudTrail record contents"), written fast: a benchmark's million log
//! files hold tens of millions.

use std::sync::LazyLock;

mod cast;
mod identity;
mod kinds;
mod template;

pub(super) use cast::Cast;
use identity::Actor;
use kinds::{KINDS, Kind};

use super::random::Random;
use crate::trail::{Interval, Time};

/// Writes log files of one account and region. Where the region does not record global services, their events do not occur.
pub(super) struct EventWriter<'c> {
    cast: &'c Cast,
    kinds: &'static [&'static Kind],
}

/// What a written log file holds.
pub(super) struct Written {
    pub(super) oldest: Time,
    pub(super) newest: Time,
    pub(super) events: u32,
}

/// One event on its way out.
struct Event<'e> {
    cast: &'e Cast,
    kind: &'static Kind,
    actor: Actor<'e>,
    time: Time,
    /// Chooses the resources of this event: the same letter of a template stands for the same resource throughout.
    choice: u32,
    /// Names what this event makes or reads, likewise.
    token: u64,
    request_id: [u8; 36],
}

impl<'c> EventWriter<'c> {
    pub(super) fn new(cast: &'c Cast) -> EventWriter<'c> {
        static EVERYWHERE: LazyLock<Vec<&Kind>> = LazyLock::new(|| by_weight(|kind| !kind.global));
        static WITH_GLOBAL: LazyLock<Vec<&Kind>> = LazyLock::new(|| by_weight(|_| true));
        EventWriter { cast, kinds: if cast.region == GLOBAL_REGION { &WITH_GLOBAL } else { &EVERYWHERE } }
    }

    /// Replaces the content of `out` by a log file of `count` events inside `span`, in no order, as in life.
    pub(super) fn log_file(&self, out: &mut Vec<u8>, random: &mut Random, count: u32, span: Interval) -> Written {
        out.clear();
        out.extend_from_slice(b"{\"Records\":[");
        let mut clock = Clock::default();
        let (mut oldest, mut newest) = (span.end, span.start);
        for number in 0..count {
            if number > 0 {
                out.push(b',');
            }
            let time = span.start.plus(i64::from(random.below(span.seconds() as u32)));
            oldest = oldest.min(time);
            newest = newest.max(time);
            let kind = *random.pick(self.kinds);
            let mut event = Event {
                cast: self.cast,
                kind,
                actor: Actor::choose(kind.who, self.cast, random),
                time,
                choice: random.below(u32::MAX),
                token: random.next(),
                request_id: [0; 36],
            };
            let mut id = Vec::with_capacity(36);
            random.push_uuid(&mut id);
            event.request_id.copy_from_slice(&id);
            event.write(out, random, &mut clock);
        }
        out.extend_from_slice(b"]}");
        Written { oldest, newest, events: count }
    }
}

impl Event<'_> {
    fn write(&self, out: &mut Vec<u8>, random: &mut Random, clock: &mut Clock) {
        let kind = self.kind;
        let region = if kind.global { GLOBAL_REGION } else { &self.cast.region };
        let version = if kind.data { "1.11" } else { ["1.09", "1.10", "1.11"][kind.service.len() % 3] };
        push(out, &["{\"eventVersion\":\"", version, "\",\"userIdentity\":"]);
        self.actor.write(out, self.cast, clock, self.time);
        out.extend_from_slice(b",\"eventTime\":\"");
        clock.push(out, self.time);
        push(out, &["\",\"eventSource\":\"", kind.service, ".amazonaws.com\",\"eventName\":\"", kind.operation]);
        push(out, &["\",\"awsRegion\":\"", region, "\",\"sourceIPAddress\":\"", self.actor.address(self.cast)]);
        push(out, &["\",\"userAgent\":\"", self.actor.agent(), "\""]);

        let failed = self.write_error(out, random, clock);
        out.extend_from_slice(b",\"requestParameters\":");
        self.expand(out, kind.request, random, clock);
        out.extend_from_slice(b",\"responseElements\":");
        match (failed, kind.service) {
            (false, _) => self.expand(out, kind.response, random, clock),
            (true, "signin") => out.extend_from_slice(br#"{"ConsoleLogin":"Failure"}"#),
            (true, _) => out.extend_from_slice(b"null"),
        }
        if !kind.extra.is_empty() {
            out.extend_from_slice(b",\"additionalEventData\":");
            self.expand(out, kind.extra, random, clock);
        }
        if kind.service != "signin" {
            out.extend_from_slice(b",\"requestID\":\"");
            out.extend_from_slice(&self.request_id);
            out.push(b'"');
        }
        out.extend_from_slice(b",\"eventID\":\"");
        random.push_uuid(out);
        push(out, &["\",\"readOnly\":", if kind.reads { "true" } else { "false" }]);
        if !kind.resources.is_empty() && !failed {
            out.extend_from_slice(b",\"resources\":");
            self.expand(out, kind.resources, random, clock);
        }
        self.write_end(out, random, region);
    }

    /// Says what went wrong, if something did.
    fn write_error(&self, out: &mut Vec<u8>, random: &mut Random, clock: &mut Clock) -> bool {
        let dice = random.below(100);
        match self.kind.error {
            Some(("", message)) if dice < 12 => push(out, &[",\"errorMessage\":\"", message, "\""]),
            Some((code, message)) if !code.is_empty() && dice < 5 => {
                push(out, &[",\"errorCode\":\"", code, "\",\"errorMessage\":\""]);
                self.expand(out, message, random, clock);
                out.push(b'"');
            }
            None if dice < 2 && self.actor.is_principal() => {
                let code = if self.kind.service == "ec2" { "Client.UnauthorizedOperation" } else { "AccessDenied" };
                push(out, &[",\"errorCode\":\"", code, "\",\"errorMessage\":\"User: "]);
                self.actor.push_arn(out, self.cast);
                let operation = self.kind.operation.trim_end_matches(|c: char| c.is_ascii_digit());
                push(out, &[" is not authorized to perform: ", self.kind.service, ":", operation]);
                push(out, &[" because no identity-based policy allows the ", self.kind.service, ":", operation]);
                out.extend_from_slice(b" action\"");
            }
            _ => return false,
        }
        true
    }

    fn write_end(&self, out: &mut Vec<u8>, random: &mut Random, region: &str) {
        let kind = self.kind;
        let (event_type, management, category) = match (kind.service, kind.data) {
            ("signin", _) => ("AwsConsoleSignIn", "true", "Management"),
            (_, true) => ("AwsApiCall", "false", "Data"),
            (_, false) => ("AwsApiCall", "true", "Management"),
        };
        push(out, &[",\"eventType\":\"", event_type, "\",\"managementEvent\":", management]);
        push(out, &[",\"recipientAccountId\":\"", &self.cast.account]);
        if matches!(self.actor, Actor::Service(_)) {
            out.extend_from_slice(b"\",\"sharedEventID\":\"");
            random.push_uuid(out);
        }
        if kind.data && kind.service == "s3" {
            // Workloads reach S3 through an endpoint of their own network.
            let endpoint = &self.cast.networks[0].endpoint;
            push(out, &["\",\"vpcEndpointId\":\"", endpoint, "\",\"vpcEndpointAccountId\":\"", &self.cast.account]);
        }
        push(out, &["\",\"eventCategory\":\"", category, "\""]);
        if !matches!(self.actor, Actor::Service(_)) {
            out.extend_from_slice(
                br#","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":""#,
            );
            push(out, &[kind.service, "."]);
            if !kind.global {
                push(out, &[region, "."]);
            }
            out.extend_from_slice(b"amazonaws.com\"}");
        }
        if self.actor.agent().starts_with("Mozilla") && kind.service != "signin" {
            out.extend_from_slice(b",\"sessionCredentialFromConsole\":\"true\"");
        }
        out.push(b'}');
    }
}

/// Writes times; the day's part of the text, which is the slow one, is kept from one to the next.
#[derive(Default)]
struct Clock {
    day: Option<i64>,
    /// `2026-01-10T`
    text: String,
}

impl Clock {
    /// `2026-01-10T12:34:56Z`
    fn push(&mut self, out: &mut Vec<u8>, time: Time) {
        let day = time.unix().div_euclid(Time::DAY);
        if self.day != Some(day) {
            self.text = time.to_string();
            self.text.truncate(11);
            self.day = Some(day);
        }
        let second = time.unix().rem_euclid(Time::DAY) as u32;
        let two = |n: u32| [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        out.extend_from_slice(self.text.as_bytes());
        out.extend_from_slice(&two(second / 3600));
        out.push(b':');
        out.extend_from_slice(&two(second / 60 % 60));
        out.push(b':');
        out.extend_from_slice(&two(second % 60));
        out.push(b'Z');
    }
}

/// Kinds of event, each as often as its weight.
fn by_weight(occurs: impl Fn(&Kind) -> bool) -> Vec<&'static Kind> {
    KINDS.iter().filter(|kind| occurs(kind)).flat_map(|kind| (0..kind.weight).map(move |_| kind)).collect()
}

fn push(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Where the events of global services are recorded.
const GLOBAL_REGION: &str = "us-east-1";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn records_are_json_with_the_fields_of_genuine_ones() {
        let cast = Cast::new(1, "111122223333", "us-east-1", "trail");
        let start = Time::parse_digest_time("2026-01-31T23:50:00Z").unwrap();
        let span = Interval::new(start, start.plus(1200));
        let mut out = Vec::new();
        let mut random = Random::derived(1, &["test"]);
        let written = EventWriter::new(&cast).log_file(&mut out, &mut random, 20_000, span);
        assert!(span.start <= written.oldest && written.newest < span.end);

        let log: Value = serde_json::from_slice(&out).unwrap();
        let records = log["Records"].as_array().unwrap();
        assert_eq!(records.len(), 20_000);
        let mut seen = BTreeSet::new();
        for record in records {
            for field in
                ["eventVersion", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "eventID", "eventCategory"]
            {
                assert!(record[field].is_string(), "{field}: {record}");
            }
            assert!(record["userAgent"].is_string() && record["readOnly"].is_boolean());
            let time = Time::parse_digest_time(record["eventTime"].as_str().unwrap()).unwrap();
            assert!(written.oldest <= time && time <= written.newest);
            assert_eq!(record["recipientAccountId"], "111122223333");
            let text = record.to_string();
            assert!(!text.replace("$LATEST", "").contains('$'), "a place was left open: {text}");
            seen.insert(record["userIdentity"]["type"].as_str().unwrap().to_owned());
            seen.insert(record["eventSource"].as_str().unwrap().to_owned());
            seen.insert(if record["errorMessage"].is_string() { "an error".into() } else { "no error".into() });
        }
        for what in [
            "IAMUser",
            "AssumedRole",
            "AWSService",
            "Root",
            "an error",
            "signin.amazonaws.com",
            "cloudtrail.amazonaws.com",
        ] {
            assert!(seen.contains(what), "{what}");
        }
    }

    #[test]
    fn global_services_are_recorded_in_one_region() {
        let cast = Cast::new(1, "111122223333", "eu-west-1", "trail");
        assert!(EventWriter::new(&cast).kinds.iter().all(|kind| !kind.global));
    }
}
