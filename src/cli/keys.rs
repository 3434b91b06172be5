//! `trailseal keys`: looks at public keys.

use std::io::Write;
use std::path::PathBuf;

use super::Failure;
use super::evidence::read_keys;

/// What to do with keys.
#[derive(Debug, clap::Subcommand)]
pub(super) enum KeysCommand {
    /// Show the public keys in files: fingerprint, form, size, validity, region
    ///
    /// Every fingerprint shown was computed from the key itself; a file that says otherwise is refused.
    Show {
        /// ListPublicKeys JSON, PEM, DER or certificate
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
}

pub(super) fn run(command: &KeysCommand, out: &mut dyn Write) -> Result<(), Failure> {
    let KeysCommand::Show { files } = command;
    for file in files {
        for key in read_keys(file)?.iter() {
            let validity = key.validity.map_or("validity not given".to_owned(), |window| format!("valid {window}"));
            let region = key.region.as_deref().unwrap_or("region not given");
            writeln!(out, "{}  {}, RSA {} bits, {validity}, {region}", key.fingerprint(), key.form(), key.bits())?;
        }
    }
    Ok(())
}
