//! An audit that also tells how the trail is set up, and who made its holes: from the event history, over real HTTP.

use trailseal::doctor::{Certainty, Examination, Outcome};
use trailseal::report::Report;
use trailseal::trail::Time;

use crate::aws_api::Recorded;
use crate::world::{REGION, World};

/// A trail that somebody stopped for some hours, and who did it.
struct Stopped {
    world: World,
    /// The hour of which the digest file is not there.
    hole: Time,
}

const WHO: &str = "arn:aws:iam::111122223333:user/mallory";

impl Stopped {
    fn new() -> Stopped {
        let mut world = World::small();
        let digests = world.digests();
        let lost = digests[digests.len() / 2].clone();
        world.lie(|objects| drop(objects.remove(&lost)));
        let hole = trailseal::trail::DigestKey::parse(&lost).expect("a digest file").end.plus(-Time::HOUR);
        Stopped { world, hole }
    }

    fn recorded(&self, name: &'static str, at: Time) -> Recorded {
        let to = match name {
            "PutBucketPolicy" => ("bucketName", self.world.scenario.bucket.clone()),
            _ => ("name", self.world.scenario.trails[0].clone()),
        };
        let (who, from, region) = (WHO.to_owned(), "192.0.2.7".to_owned(), REGION.to_owned());
        Recorded { name, at, region, who, from, to, error: None }
    }

    fn history(&self, events: Vec<Recorded>) {
        self.world.endpoint.api.state().cloudtrail.events = events;
    }

    fn audit(&self) -> (Report, Examination) {
        let arn = self.world.trail_arn(&self.world.scenario.trails[0]);
        let report = self.world.verify_source(Some(&arn), &["--with-doctor"]).report();
        let setup = *report.setup.clone().expect("how it is set up");
        (report, setup)
    }
}

#[test]
fn who_made_a_hole_is_told() {
    let stopped = Stopped::new();
    let others = (0..5).map(|day| stopped.recorded("StopLogging", stopped.hole.plus((-30 - day) * Time::DAY)));
    let mut events = vec![stopped.recorded("StopLogging", stopped.hole.plus(60))];
    events.push(Recorded { error: Some("AccessDenied"), ..stopped.recorded("StopLogging", stopped.hole.plus(30)) });
    events.push(Recorded {
        to: ("name", "another".to_owned()),
        ..stopped.recorded("DeleteTrail", stopped.hole.plus(90))
    });
    events.push(stopped.recorded("StartLogging", stopped.hole.plus(Time::HOUR)));
    events.extend(others);
    stopped.history(events);
    let (report, setup) = stopped.audit();
    let hole = report.chains.iter().flat_map(|chain| &chain.holes).next().expect("a hole");
    assert_eq!(hole.start, stopped.hole);
    let symptom = setup
        .symptoms
        .iter()
        .find(|symptom| symptom.interval.is_some_and(|time| time.start == hole.start))
        .expect("told");
    let cause = &symptom.causes[0];
    assert_eq!(cause.certainty, Certainty::Likely, "{cause:#?}");
    let told: Vec<(&str, Time)> = cause.actions.iter().map(|action| (action.name.as_str(), action.time)).collect();
    assert_eq!(told, [("StopLogging", stopped.hole.plus(60)), ("StartLogging", stopped.hole.plus(Time::HOUR))]);
    assert_eq!((cause.actions[0].who.as_str(), cause.actions[0].from.as_str()), (WHO, "192.0.2.7"));
    // It changes no verdict, and what could not be asked is not passed.
    let arn = stopped.world.trail_arn(&stopped.world.scenario.trails[0]);
    let alone = stopped.world.verify_source(Some(&arn), &[]);
    let both = stopped.world.verify_source(Some(&arn), &["--with-doctor"]);
    assert_eq!(alone.status, both.status);
    assert!(setup.checks.iter().any(|checked| checked.outcome == Outcome::Unknown));
    let text = std::fs::read_to_string(stopped.world.scratch.path().join("report.txt")).unwrap();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&format!("StopLogging by {WHO}, from 192.0.2.7")), "{text}");
}

#[test]
fn where_nobody_did_anything_that_is_said() {
    let stopped = Stopped::new();
    stopped.history(vec![stopped.recorded("StopLogging", stopped.hole.plus(-9 * Time::DAY))]);
    let (_, setup) = stopped.audit();
    let symptom = setup.symptoms.iter().find(|symptom| symptom.interval.is_some()).expect("told");
    assert_eq!(symptom.causes[0].certainty, Certainty::Possible);
    assert!(symptom.causes[0].says.contains("nothing in the event history"), "{}", symptom.causes[0].says);
}

#[test]
fn an_event_history_that_may_not_be_asked_is_said_to_be_so() {
    let stopped = Stopped::new();
    stopped.history(vec![stopped.recorded("StopLogging", stopped.hole.plus(60))]);
    stopped.world.endpoint.api.state().cloudtrail.denied = vec!["LookupEvents"];
    let (_, setup) = stopped.audit();
    let said = setup.not_looked_at.iter().any(|what| what.contains("cloudtrail:LookupEvents"));
    assert!(said, "{:#?}", setup.not_looked_at);
    let symptom = setup.symptoms.iter().find(|symptom| symptom.interval.is_some()).expect("told");
    assert!(!symptom.causes[0].says.contains("nothing in the event history"), "{}", symptom.causes[0].says);
}

/// The server tells two an answer.
#[test]
fn an_event_history_that_is_flooded_is_said_to_be_so() {
    let stopped = Stopped::new();
    let noise = (0..50).map(|second| stopped.recorded("StopLogging", stopped.hole.plus(2 * Time::HOUR + 50 - second)));
    let noise = noise.chain([stopped.recorded("StopLogging", stopped.hole.plus(60))]);
    stopped.history(noise.collect());
    let (_, setup) = stopped.audit();
    let said = setup.not_looked_at.iter().any(|what| what.contains("there are more than the newest 40 StopLogging"));
    assert!(said, "{:#?}", setup.not_looked_at);
    let symptom = setup.symptoms.iter().find(|symptom| symptom.interval.is_some()).expect("told");
    assert!(!symptom.causes[0].says.contains("nothing in the event history"), "{}", symptom.causes[0].says);
}

#[test]
fn one_bundle_holds_both() {
    let stopped = Stopped::new();
    stopped.history(vec![stopped.recorded("StopLogging", stopped.hole.plus(60))]);
    let arn = stopped.world.trail_arn(&stopped.world.scenario.trails[0]);
    let out = stopped.world.scratch.path().join("evidence.zip").display().to_string();
    let times = stopped.world.times();
    let mut arguments = vec!["bundle", &arn, &out, "--with-doctor", "--format", "json"];
    arguments.extend(times.iter().map(String::as_str));
    let packed = stopped.world.run(&arguments);
    let report = packed.report();
    assert!(report.setup.as_ref().is_some_and(|setup| !setup.symptoms.is_empty()), "{}", packed.stderr);
    // Offline, the evidence is audited again, and agrees with a report that holds more than that.
    let checked = stopped.world.run(&["verify", &out, "--format", "json", "--now", &times[5]]).report();
    assert_eq!(checked.verdict, report.verdict);
    let differs = checked.findings.iter().any(|finding| finding.code == trailseal::finding::Code::BundleReportDiffers);
    assert!(!differs, "{:#?}", checked.findings);
}

#[test]
fn a_report_of_before_is_explained() {
    let stopped = Stopped::new();
    stopped.history(vec![stopped.recorded("StopLogging", stopped.hole.plus(60))]);
    let path = stopped.world.scratch.path().join("report.json").display().to_string();
    stopped.world.verify(&["--report", &format!("json={path}")]);
    let times = stopped.world.times();
    let asked = ["doctor", "--explain", &path, "--region", REGION, "--now", &times[5]];
    let run = stopped.world.run(&[&asked[..], &["--format", "json"]].concat());
    let told: Examination = serde_json::from_str(&run.stdout).expect("an examination");
    assert_eq!(run.status, Some(told.exit_status().into()));
    let symptom = told.symptoms.iter().find(|symptom| symptom.interval.is_some()).expect("told");
    assert_eq!(symptom.causes[0].actions[0].who, WHO);
    let without = stopped.world.run(&[&asked[..], &["--format", "json", "--no-history"]].concat());
    let told: Examination = serde_json::from_str(&without.stdout).expect("an examination");
    let symptom = told.symptoms.iter().find(|symptom| symptom.interval.is_some()).expect("told");
    assert!(symptom.causes[0].says.contains("the event history was not asked"), "{}", symptom.causes[0].says);
    let wrong = stopped.world.run(&["doctor", "--explain", "/nowhere.json"]);
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.stderr.contains("check its name and permissions"), "{}", wrong.stderr);
}

#[test]
fn what_has_no_report_to_stand_beside_is_refused() {
    let stopped = Stopped::new();
    let source = stopped.world.source();
    let dry = stopped.world.run(&["verify", &source, "--dry-run", "--with-doctor"]);
    assert_eq!(dry.status, Some(2), "{}", dry.stdout);
    assert!(dry.stderr.contains("a dry run has no report: leave out --with-doctor"), "{}", dry.stderr);
    let several = stopped.world.run(&["verify", "one.zip", "two.zip", "--with-doctor"]);
    assert_eq!(several.status, Some(2));
    assert!(
        several.stderr.contains("several bundles have one report each: leave out --with-doctor"),
        "{}",
        several.stderr
    );
}

#[test]
fn holes_beyond_what_is_explained_are_counted() {
    let stopped = Stopped::new();
    let path = stopped.world.scratch.path().join("report.json").display().to_string();
    let mut report = stopped.world.verify(&[]).report();
    let hole = report.chains.iter().flat_map(|chain| chain.holes.clone()).next().expect("a hole");
    report.chains[0].holes = (0..103).map(|_| hole).collect();
    std::fs::write(&path, serde_json::to_vec(&report).unwrap()).unwrap();
    let run =
        stopped.world.run(&["doctor", "--explain", &path, "--region", REGION, "--format", "json", "--no-history"]);
    let told: Examination = serde_json::from_str(&run.stdout).expect("an examination");
    let holes: usize = report.chains.iter().map(|chain| chain.holes.len()).sum();
    let said = format!("who made {} more holes of the audit: 100 are explained", holes - 100);
    assert!(told.not_looked_at.contains(&said), "{said}: {:#?}", told.not_looked_at);
}
