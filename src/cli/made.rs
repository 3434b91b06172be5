//! By whom, where and with what a report is made, as this process can tell.

use std::env;
use std::fs::File;
use std::io;

use sha2::{Digest, Sha256};

use super::evidence::now;
use crate::report::Made;

/// What the environment says. Nothing is asked of AWS or of the system for it.
pub(super) fn made() -> Made {
    Made {
        command_line: command_line(env::args_os().map(|word| word.to_string_lossy().into_owned())),
        host: host(),
        user: first(&["USER", "LOGNAME", "USERNAME"]),
        caller: None,
        binary_sha256: own_hash().ok(),
        at: Some(now()),
    }
}

/// The words as they were given, but for the one that a role's owner may keep to themselves.
fn command_line(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut hidden = false;
    let shown = |word: String| {
        let was_hidden = std::mem::replace(&mut hidden, word == EXTERNAL_ID);
        match word.strip_prefix(EXTERNAL_ID).and_then(|rest| rest.strip_prefix('=')) {
            Some(_) => format!("{EXTERNAL_ID}=..."),
            None if was_hidden => "...".to_owned(),
            None => word,
        }
    };
    words.map(shown).collect()
}

const EXTERNAL_ID: &str = "--external-id";

fn host() -> Option<String> {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    told.filter(|name| !name.is_empty()).or_else(|| first(&["HOSTNAME", "COMPUTERNAME", "HOST"]))
}

fn first(names: &[&str]) -> Option<String> {
    names.iter().filter_map(|name| env::var(name).ok()).find(|value| !value.is_empty())
}

/// The SHA-256 of the program's own file, where it can be read.
fn own_hash() -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut File::open(env::current_exe()?)?, &mut Hashed(&mut hasher))?;
    Ok(hex::encode(hasher.finalize()))
}

struct Hashed<'a>(&'a mut Sha256);

impl io::Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_id_is_not_told() {
        let words = ["trailseal", "verify", "--external-id", "secret", "--external-id=secret", "x"].map(str::to_owned);
        let told = command_line(words.into_iter());
        assert_eq!(told, ["trailseal", "verify", "--external-id", "...", "--external-id=...", "x"]);
    }
}
