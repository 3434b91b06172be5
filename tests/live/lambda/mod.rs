//! The program as a Lambda function: the real handler, against a server that is Lambda's runtime API.

mod runtime_api;

use std::fs;
use std::io::Read;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Response;
use rusqlite::Connection;
use s3s::Body;
use serde_json::{Value, json};
use trailseal::monitor::Event;
use trailseal::simulate::Scenario;
use trailseal::trail::Time;

use self::runtime_api::RuntimeApi;
use crate::listen::serve;
use crate::monitor::{Watched, two_days};
use crate::proxy::{Fault, Rule, Times, logs};
use crate::s3_server::{STATE_BUCKET, Stored};
use crate::world::REGION;

const STATE: &str = "state.sqlite";

/// A bucket that is watched by a function, which is as warm as it is in Lambda.
pub(crate) struct Function {
    pub(crate) watched: Watched,
    api: RuntimeApi,
    /// What was told, as code and kind.
    heard: Arc<Mutex<Vec<(String, String)>>>,
    child: Child,
}

impl Function {
    /// A trail that was delivered until an hour ago, by the clock, which a function goes by.
    pub(crate) fn begun() -> Function {
        Function::with(&[("TRAILSEAL_STATE_NEW", "yes")])
    }

    fn with(environment: &[(&'static str, &str)]) -> Function {
        let mut watched = Watched::after(17, delivered_until_now(), "");
        // Digests are delivered within half an hour.
        watched.go_on(Time::HOUR / 2);
        watched.world.endpoint.s3.create(STATE_BUCKET, REGION);
        let heard: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let hook = listening(&watched, &heard);
        let config = watched.world.scratch.path().join("lambda.toml");
        let source = watched.world.source();
        let text = format!(
            "state = \"s3://{STATE_BUCKET}/{STATE}\"\n[[target]]\nname = \"trail\"\nsource = \"{source}\"\n[[sink]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"{hook}\"\n"
        );
        fs::write(&config, text).unwrap();
        let api = RuntimeApi::start(watched.world.runtime());
        let temporary = watched.world.scratch.path().display().to_string();
        let usual = [
            ("AWS_LAMBDA_RUNTIME_API", api.address.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", "trailseal".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("TRAILSEAL_CONFIG", config.display().to_string()),
            ("TMPDIR", temporary),
        ];
        watched.world.environment.extend(usual);
        watched.world.environment.extend(environment.iter().map(|(name, value)| (*name, (*value).to_owned())));
        // As in the function's package.
        let bootstrap = watched.world.scratch.path().join("bootstrap");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_trailseal"), bootstrap).unwrap();
        let child = started(&watched);
        Function { watched, api, heard, child }
    }

    /// It was deployed anew: what is not there is an error from now on.
    pub(crate) fn goes_on(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.watched.world.environment.remove("TRAILSEAL_STATE_NEW");
        self.child = started(&self.watched);
    }

    /// One invocation: what it answered, or its error.
    fn invoke(&self, event: &Value, left: Duration) -> Result<Value, String> {
        self.watched.world.endpoint.journal.clear();
        let answer = self.api.invoke(event, left);
        answer.map_err(|error| error["errorMessage"].as_str().expect("an error").to_owned())
    }

    /// One on schedule, which is answered.
    #[track_caller]
    pub(crate) fn scheduled(&self) -> Value {
        self.invoke(&schedule(), MINUTES).unwrap_or_else(|error| panic!("{error}"))
    }

    fn kept(&self) -> Option<Bytes> {
        self.watched.world.endpoint.s3.body(STATE_BUCKET, STATE)
    }

    /// What was told since this was last asked.
    fn heard(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn started(watched: &Watched) -> Child {
    let mut child = watched.world.start(Command::new(watched.world.scratch.path().join("bootstrap")));
    // What it says is not looked at, and must not fill the pipes.
    let pipes: [Box<dyn Read + Send>; 2] =
        [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
    for mut pipe in pipes {
        thread::spawn(move || std::io::copy(&mut pipe, &mut std::io::sink()));
    }
    child
}

/// Two days, of which 18 hours and a half are over by the clock.
fn delivered_until_now() -> Scenario {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed();
    let usual = two_days();
    let late = now - usual.interval().start.plus(18 * Time::HOUR + Time::HOUR / 2).unix();
    Scenario { start: usual.start.plus(late), ..usual }
}

/// Whoever is told; its address.
fn listening(watched: &Watched, heard: &Arc<Mutex<Vec<(String, String)>>>) -> String {
    let heard = Arc::clone(heard);
    let address = serve(watched.world.runtime(), move |request, _| {
        let heard = Arc::clone(&heard);
        async move {
            let body = request.into_body().collect().await.expect("a body").to_bytes();
            let event: Event = serde_json::from_slice(&body).expect("an event");
            heard.lock().unwrap().push((event.finding.code.name().to_owned(), event.kind.to_string()));
            Ok(Response::new(Body::empty()))
        }
    });
    format!("http://{address}/")
}

fn schedule() -> Value {
    json!({"source": "aws.events", "detail-type": "Scheduled Event", "resources": [], "detail": {}})
}

fn created(bucket: &str, key: &str) -> Value {
    let detail = json!({"bucket": {"name": bucket}, "object": {"key": key}, "reason": "PutObject"});
    json!({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})
}

fn told(code: &str, kind: &str) -> (String, String) {
    (code.to_owned(), kind.to_owned())
}

/// Longer than any of this takes.
const MINUTES: Duration = Duration::from_secs(120);

#[test]
fn what_was_proven_is_remembered_in_the_object() {
    let mut function = Function::begun();
    let first = function.scheduled();
    assert_eq!(first["targets"][0]["verdict"], "intact", "{first}");
    assert_eq!(
        (&first["targets"][0]["target"], &first["targets"][0]["outcome"]),
        (&json!("trail"), &json!("complete"))
    );
    assert!(first["targets"][0]["log_files"].as_u64() > Some(10), "{first}");
    // It is a whole file by itself, as anyone's sqlite3 reads it.
    let copy = function.watched.world.scratch.path().join("copy.sqlite");
    fs::write(&copy, function.kept().unwrap()).unwrap();
    let runs = Connection::open(copy).unwrap().query_row("SELECT count(*) FROM run", [], |row| row.get(0));
    assert_eq!(runs, Ok(1));
    // Left as it is, it would begin anew silently where the object is taken away.
    let error = function.invoke(&schedule(), MINUTES).unwrap_err();
    assert!(
        error.contains("TRAILSEAL_STATE_NEW=yes is set, and s3://trailseal-state/state.sqlite is there"),
        "{error}"
    );
    function.goes_on();
    let second = function.scheduled();
    assert_eq!(second["targets"][0]["verdict"], "intact", "{second}");
    // The state alone.
    assert_eq!(function.watched.asked().0, 1);

    // A new digest, and one log file that was tampered with: which is no failure of the function's.
    function.watched.go_on(Time::HOUR);
    let log = function.watched.keys_with("/CloudTrail/")[0].clone();
    function.watched.remove(&log);
    let digest = function.watched.keys_with("/CloudTrail-Digest/").pop().unwrap();
    let event = created(&function.watched.world.scenario.bucket, &digest);
    let third = function.invoke(&event, MINUTES).unwrap();
    assert_eq!((&third["targets"][0]["verdict"], &third["targets"][0]["open"]), (&json!("not-intact"), &json!(1)));
    assert_eq!(function.heard(), [told("log-missing", "opened")]);
    // What was told is in the object too: nobody is told twice.
    let fourth = function.scheduled();
    assert_eq!((&fourth["targets"][0]["verdict"], &fourth["targets"][0]["opened"]), (&json!("not-intact"), &json!(0)));
    assert_eq!(function.heard(), []);
}

#[test]
fn of_two_invocations_at_once_one_keeps_and_tells_what_it_found() {
    let function = Function::begun();
    let log = function.watched.keys_with("/CloudTrail/")[0].clone();
    function.watched.remove(&log);
    let (s3, journal) = (function.watched.world.endpoint.s3.clone(), function.watched.world.endpoint.journal.clone());
    // The other one is faster: it writes when this one has read, and has begun its round.
    let other = Bytes::from_static(b"what the other one remembers");
    let written = Stored::new(other.clone(), Default::default(), Time::from_unix(0));
    journal.clear();
    function.watched.world.runtime().spawn(async move {
        while journal.count("ListObjectsV2") == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        s3.put(STATE_BUCKET, STATE, written);
    });
    let error = function.invoke(&schedule(), MINUTES).unwrap_err();
    assert!(error.contains("was written by somebody else meanwhile"), "{error}");
    assert_eq!(function.kept(), Some(other));
    assert_eq!(function.heard(), []);
}

#[test]
fn a_state_that_is_gone_is_told_and_never_begun_anew() {
    let function = Function::with(&[]);
    let error = function.invoke(&schedule(), MINUTES).unwrap_err();
    assert!(error.contains("there is no s3://trailseal-state/state.sqlite: restore it"), "{error}");
    assert!(error.contains("TRAILSEAL_STATE_NEW=yes"), "{error}");
    assert_eq!((function.kept(), function.watched.asked()), (None, (1, 0)));
    // One that is damaged is another thing.
    let damaged = Stored::new(&b"no database"[..], Default::default(), Time::from_unix(0));
    function.watched.world.endpoint.s3.put(STATE_BUCKET, STATE, damaged);
    let error = function.invoke(&schedule(), MINUTES).unwrap_err();
    assert!(error.contains("is damaged or is none of trailseal's"), "{error}");
}

#[test]
fn an_event_about_anything_but_a_digest_file_of_a_target_is_ignored() {
    let function = Function::begun();
    let bucket = &function.watched.world.scenario.bucket;
    let (log, digest) =
        (&function.watched.keys_with("/CloudTrail/")[0], &function.watched.keys_with("/CloudTrail-Digest/")[0]);
    for (event, why) in [
        (created(bucket, log), format!("s3://{bucket}/{log} is no digest file")),
        (created("other-trail", digest), format!("s3://other-trail/{digest} is of no target")),
    ] {
        let answer = function.invoke(&event, MINUTES).unwrap();
        assert_eq!(answer, json!({"targets": [], "ignored": [why]}));
        assert_eq!(function.watched.asked(), (0, 0));
    }
    let object = json!({"bucket": {"name": bucket}, "object": {"key": digest.replace('/', "%2F")}});
    let answer = function.invoke(&json!({"Records": [{"eventSource": "aws:s3", "s3": object}]}), MINUTES).unwrap();
    assert_eq!(answer["targets"][0]["verdict"], "intact", "{answer}");
}

#[test]
fn a_round_ends_before_lambda_ends_it() {
    let mut function = Function::begun();
    let error = function.invoke(&schedule(), Duration::from_secs(1)).unwrap_err();
    assert!(error.contains("trail: there was no time left to look at it"), "{error}");
    function.goes_on();
    function.watched.world.proxy.add(Rule::new(logs(), Fault::Stalled, Times::Forever));
    let cut = function.invoke(&schedule(), Duration::from_secs(8)).unwrap();
    assert_eq!(
        (&cut["targets"][0]["outcome"], &cut["targets"][0]["verdict"]),
        (&json!("partial"), &json!("inconclusive"))
    );
    // What the digests showed until then was kept.
    function.watched.world.proxy.clear();
    let rest = function.scheduled();
    assert_eq!(rest["targets"][0]["verdict"], "intact", "{rest}");
}

#[test]
fn the_configuration_may_be_an_object() {
    let function =
        Function::with(&[("TRAILSEAL_CONFIG", "s3://trailseal-state/config.toml"), ("TRAILSEAL_STATE_NEW", "yes")]);
    let error = function.invoke(&schedule(), MINUTES).unwrap_err();
    assert!(error.contains("there is no target"), "{error}");
    let text = fs::read(function.watched.world.scratch.path().join("lambda.toml")).unwrap();
    let config = Stored::new(text, Default::default(), Time::from_unix(0));
    function.watched.world.endpoint.s3.put(STATE_BUCKET, "config.toml", config);
    assert_eq!(function.scheduled()["targets"][0]["verdict"], "intact");
}
