//! The help of every command is a snapshot: whoever changes an option sees what users will see.
//!
//! `TRAILSEAL_BLESS=1 cargo test --test cli` writes the snapshots anew.

use std::fs;
use std::path::Path;

use super::{run, stdout};

#[test]
fn help_is_as_recorded() {
    for (name, arguments) in [
        ("trailseal", &["--help"][..]),
        ("verify", &["verify", "--help"]),
        ("pull", &["pull", "--help"]),
        ("bundle", &["bundle", "--help"]),
        #[cfg(feature = "monitor")]
        ("monitor", &["monitor", "--help"]),
        #[cfg(feature = "monitor")]
        ("monitor-status", &["monitor", "status", "--help"]),
        #[cfg(feature = "aws")]
        ("doctor", &["doctor", "--help"]),
        ("inspect", &["inspect", "--help"]),
        ("keys-show", &["keys", "show", "--help"]),
        #[cfg(feature = "aws")]
        ("keys-export", &["keys", "export", "--help"]),
        ("report", &["report", "--help"]),
        ("simulate", &["simulate", "--help"]),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/snapshots/help-{name}.txt"));
        if std::env::var_os("TRAILSEAL_BLESS").is_some() {
            fs::write(&path, stdout(&output)).expect("written");
        }
        assert_eq!(fs::read_to_string(&path).unwrap_or_default(), stdout(&output), "{name}");
    }
}
