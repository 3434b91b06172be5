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
        command_line: env::args_os().map(|word| word.to_string_lossy().into_owned()).collect(),
        host: first(&["HOSTNAME", "COMPUTERNAME", "HOST"]),
        user: first(&["USER", "LOGNAME", "USERNAME"]),
        caller: None,
        binary_sha256: own_hash().ok(),
        at: Some(now()),
    }
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
