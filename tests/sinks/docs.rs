//! What `docs/monitor-sinks.md` shows is what is sent, and what it says how to check is so.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use trailseal::monitor::{Event, EventKind};

use crate::events::altered;
use crate::server::{Answer, Server};
use crate::{SECRET, configured, deliver};

/// The blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/monitor-sinks.md");
    let text = fs::read_to_string(path).unwrap();
    let opening = format!("```{language}\n");
    text.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_sinks_that_are_shown_can_be_configured() {
    let shown = blocks("toml").concat();
    let configs = configured(&shown).unwrap();
    let names: Vec<&str> = configs.iter().map(|config| config.name.as_str()).collect();
    assert_eq!(names, ["on-call", "topic", "bus", "hub", "page"]);
}

#[test]
fn the_event_that_is_shown_is_one() {
    for shown in blocks("json").iter().filter(|block| block.contains("trailseal.event/1")) {
        let event: Event = serde_json::from_str(shown).unwrap();
        let code = event.finding.code;
        let said = [&event.says, &event.ordinary, &event.malicious, &event.next_step].map(String::as_str);
        assert_eq!(said, [code.sentence(), code.ordinary(), code.malicious(), code.next_step()]);
        let fields = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(fields(shown), fields(&serde_json::to_string(&event).unwrap()));
    }
}

#[tokio::test]
#[ignore = "needs Python: .ci/run has it"]
async fn a_signature_is_checked_as_it_is_shown() {
    let python = std::env::var_os("TRAILSEAL_PYTHON").expect("TRAILSEAL_PYTHON is a Python");
    let server = Server::that(Answer::Says(200, String::new())).await;
    let url = server.url();
    let config = format!(
        "[[sink]]\nname = \"x\"\nkind = \"webhook\"\nurl = \"{url}\"\nhmac_secret_env = \"TRAILSEAL_WEBHOOK_SECRET\"\n"
    );
    deliver(&config, &altered(EventKind::Opened)).await.unwrap();
    let received = server.only();
    let folder = TempDir::new().unwrap();
    let script = "import sys\nheader, body, now = sys.argv[1], open(sys.argv[2], 'rb').read(), int(sys.argv[3])\n\
                  time.time = lambda: now\nprint(is_genuine(header, body, sys.argv[4]))\n";
    fs::write(folder.path().join("check.py"), blocks("python").concat() + script).unwrap();
    let check = |header: &str, body: &str, now: i64, secret: &str| {
        fs::write(folder.path().join("body"), body).unwrap();
        let mut command = Command::new(&python);
        command.current_dir(folder.path()).args(["check.py", header, "body", &now.to_string(), secret]);
        let run = command.output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr)).trim().to_owned()
    };
    let header = received.header("x-trailseal-signature");
    assert_eq!(check(header, &received.body, crate::NOW + 60, SECRET), "True");
    assert_eq!(check(header, &received.body, crate::NOW + 600, SECRET), "False", "long ago");
    assert_eq!(check(header, &received.body, crate::NOW, "another"), "False");
    assert_eq!(check(header, &received.body.replace("opened", "closed"), crate::NOW, SECRET), "False");
    assert_eq!(check(&header.replace("t=1", "t=2"), &received.body, crate::NOW, SECRET), "False");
    assert_eq!(check("", &received.body, crate::NOW, SECRET), "False");
}
