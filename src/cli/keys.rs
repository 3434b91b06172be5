//! `trailseal keys`: obtains and looks at public keys.

use std::io::Write;
use std::path::PathBuf;

use super::key_files::read_keys;
use super::{Failure, say};

/// What to do with keys.
#[derive(Debug, clap::Subcommand)]
pub(super) enum KeysCommand {
    #[cfg(feature = "aws")]
    Export(Box<super::export::ExportArgs>),
    /// Show the public keys in files: fingerprint, form, size, validity, region
    ///
    /// Every fingerprint shown was computed from the key itself; a file that says otherwise is refused.
    Show {
        /// ListPublicKeys JSON, PEM, DER or certificate
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
}

pub(super) fn run(command: &KeysCommand, out: &mut dyn Write) -> Result<u8, Failure> {
    match command {
        #[cfg(feature = "aws")]
        KeysCommand::Export(args) => super::export::run(args, out),
        KeysCommand::Show { files } => show(files, out).map(|()| 0),
    }
}

fn show(files: &[PathBuf], out: &mut dyn Write) -> Result<(), Failure> {
    for file in files {
        for key in read_keys(file)?.iter() {
            let validity = key.validity.map_or("validity not given".to_owned(), |window| format!("valid {window}"));
            let region = key.region.as_deref().unwrap_or("region not given");
            let (fingerprint, form, bits) = (key.fingerprint(), key.form(), key.bits());
            say::line(out, &format!("{fingerprint}  {form}, RSA {bits} bits, {validity}, {region}"))?;
        }
    }
    Ok(())
}
