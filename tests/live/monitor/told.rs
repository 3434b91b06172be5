//! Who is told, over real HTTP: once, also by a sink that was out of order, and none that was not to be.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{Response, StatusCode};
use s3s::Body;
use trailseal::finding::Severity;
use trailseal::monitor::{Event, EventKind};
use trailseal::simulate::gzip;
use trailseal::trail::Time;

use super::{Watched, two_days};
use crate::listen::serve;

/// Whoever listens: what was sent, and what is answered.
#[derive(Clone)]
pub(super) struct Hook {
    heard: Arc<Mutex<Vec<Event>>>,
    answer: Arc<Mutex<StatusCode>>,
    /// What is answered before that, once.
    first: Arc<Mutex<Option<StatusCode>>>,
}

impl Hook {
    /// Begins to listen; the configuration names it.
    pub(super) fn of(watched: &mut Watched) -> Hook {
        let hook = Hook { heard: Arc::default(), answer: Arc::new(Mutex::new(StatusCode::OK)), first: Arc::default() };
        let listening = hook.clone();
        let address = serve(watched.world.runtime(), move |request, _| {
            let hook = listening.clone();
            async move {
                let body: Bytes = request.into_body().collect().await.expect("a body").to_bytes();
                hook.heard.lock().unwrap().push(serde_json::from_slice(&body).expect("an event"));
                let mut answer = Response::new(Body::empty());
                let first = hook.first.lock().unwrap().take();
                *answer.status_mut() = first.unwrap_or(*hook.answer.lock().unwrap());
                Ok(answer)
            }
        });
        watched.sinks = format!("[[sink]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"http://{address}/\"\n");
        hook
    }

    pub(super) fn answers(&self, status: StatusCode) {
        *self.answer.lock().unwrap() = status;
    }

    /// To one event, before all others.
    pub(super) fn answers_first(&self, status: StatusCode) {
        *self.first.lock().unwrap() = Some(status);
    }

    /// How bad that is which was heard since this was last asked.
    pub(super) fn severities(&self) -> Vec<Severity> {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        heard.into_iter().map(|event| event.finding.severity).collect()
    }

    /// What was heard since this was last asked: what happened, to what, under which id.
    pub(super) fn heard(&self) -> Vec<(EventKind, String, String)> {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        heard.into_iter().map(|event| (event.kind, event.finding.code.name().to_owned(), event.id)).collect()
    }

    /// The same without ids.
    fn kinds(&self) -> Vec<(EventKind, String)> {
        self.heard().into_iter().map(|(kind, code, _)| (kind, code)).collect()
    }
}

pub(super) fn alter(watched: &Watched, key: &str) -> crate::s3_server::Stored {
    let stored = watched.remove(key);
    let altered = crate::s3_server::Stored {
        body: gzip(b"{\"Records\":[]}").into(),
        last_modified: watched.at,
        ..stored.clone()
    };
    watched.put(key, altered);
    stored
}

#[test]
fn a_webhook_is_told_once_of_each_thing() {
    let mut watched = Watched::after(10, two_days(), "");
    let hook = Hook::of(&mut watched);
    watched.comes_to(0);
    assert_eq!(hook.kinds(), [], "nothing is wrong");
    let key = watched.keys_with("/CloudTrail/")[2].clone();
    let stored = alter(&watched, &key);
    watched.comes_to(1);
    let mismatch = |kind| (kind, "log-hash-mismatch".to_owned());
    assert_eq!(hook.kinds(), [mismatch(EventKind::Opened)]);
    watched.comes_to(1);
    assert_eq!(hook.kinds(), [], "it was told");
    watched.put(&key, stored);
    watched.comes_to(0);
    assert_eq!(hook.kinds(), [mismatch(EventKind::Resolved)]);
}

#[test]
fn a_sink_out_of_order_is_told_when_it_is_well_again() {
    let mut watched = Watched::after(10, two_days(), "");
    let hook = Hook::of(&mut watched);
    watched.comes_to(0);
    let key = watched.keys_with("/CloudTrail/")[2].clone();
    let stored = alter(&watched, &key);
    hook.answers(StatusCode::SERVICE_UNAVAILABLE);
    let run = watched.comes_to(1);
    assert!(run.stdout.contains("could not be told yet") && run.stdout.contains("hook"), "{}", run.stdout);
    let first = hook.heard();
    assert_eq!(first.len(), 1);
    // Put right meanwhile: a run that found nothing has still something to tell.
    watched.put(&key, stored);
    hook.answers(StatusCode::OK);
    watched.make_due();
    watched.comes_to(0);
    let then = hook.heard();
    assert_eq!(then.len(), 2);
    assert_eq!((&then[0], then[1].0), (&first[0], EventKind::Resolved), "under the same id, and in their order");
}

#[test]
fn what_stays_open_is_told_again_after_a_while() {
    let mut watched = Watched::after(10, two_days(), "");
    let hook = Hook::of(&mut watched);
    watched.remind_every = "3h".to_owned();
    let key = watched.keys_with("/CloudTrail/")[2].clone();
    watched.comes_to(0);
    alter(&watched, &key);
    let mut kinds = Vec::new();
    for _ in 0..8 {
        watched.comes_to(1);
        kinds.extend(hook.kinds().into_iter().map(|(kind, _)| kind));
        watched.go_on(Time::HOUR);
    }
    assert_eq!(kinds, [EventKind::Opened, EventKind::Reminder, EventKind::Reminder]);
}

#[test]
fn a_run_that_cannot_proceed_is_told_too() {
    let mut watched = Watched::after(10, two_days(), "");
    let hook = Hook::of(&mut watched);
    watched.comes_to(0);
    watched.world.environment.insert("AWS_ACCESS_KEY_ID", "AKIANOBODYKNOWS00000".to_owned());
    watched.comes_to(2);
    let failed = |kind| (kind, "run-failed".to_owned());
    assert_eq!(hook.kinds(), [failed(EventKind::Opened)]);
    watched.comes_to(2);
    assert_eq!(hook.kinds(), [], "once");
    watched.world.environment.clear();
    watched.comes_to(0);
    assert_eq!(hook.kinds(), [failed(EventKind::Resolved)]);
}

#[test]
fn an_accepted_finding_is_told_to_nobody() {
    let mut watched = Watched::after(10, two_days(), "waivers = \"waivers.toml\"");
    let hook = Hook::of(&mut watched);
    let key = watched.keys_with("/CloudTrail/")[2].clone();
    let waiver = format!(
        "[[waiver]]\ncode = \"log-hash-mismatch\"\nsubject = \"{}/{key}\"\nreason = \"a drill\"\nwho = \"the auditor\"\nuntil = \"2027-01-01\"\n",
        watched.world.source()
    );
    std::fs::write(watched.world.scratch.path().join("waivers.toml"), waiver).unwrap();
    alter(&watched, &key);
    let run = watched.comes_to(0);
    assert_eq!(hook.kinds(), [], "{}", run.stdout);
}
