//! The policy of `docs/iam/doctor.json`: it allows what is asked for, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use trailseal::aws::{Access, event_history};

use crate::server::{Server, granted};
use crate::{asked, options, with_credentials};

fn policy(name: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/iam").join(name);
    let policy: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    let statements = policy["Statement"].as_array().unwrap();
    assert!(statements.iter().all(|statement| statement["Effect"] == "Allow"));
    let actions = statements.iter().map(|statement| statement["Action"].as_str().unwrap().to_owned());
    let actions: BTreeSet<String> = actions.collect();
    assert_eq!(actions.len(), statements.len(), "it says something twice");
    actions
}

/// The actions that were asked for where everything was answered.
async fn asked_for(trail: Option<&str>) -> BTreeSet<String> {
    let server = Server::that(granted).await;
    let setup = asked(options(server.url()), trail).await.unwrap();
    let access = Access::open(options(server.url())).await.unwrap();
    let history = event_history(&access, &["eu-central-1".to_owned()], None, setup.as_of).await;
    assert_eq!(history.unasked, []);
    assert!(setup.buckets["logs"].replicas.is_ok() && setup.trails[0].status.is_ok());
    // Nobody can be forbidden this.
    server.asked().into_iter().map(|one| one.action).filter(|action| action != "sts:GetCallerIdentity").collect()
}

#[track_caller]
fn holds(name: &str, asked: &BTreeSet<String>) {
    assert_eq!(*asked, policy(name), "{name}: what was asked for, and what it allows");
}

#[tokio::test]
async fn all_trails_and_one() {
    if !with_credentials("policy::all_trails_and_one") {
        return;
    }
    holds("doctor.json", &asked_for(None).await);
    holds("doctor.json", &asked_for(Some(crate::server::TRAIL)).await);
}
