//! Who vouches for a bundle: its signature and time-stamp, held against the signers that were named and against its files.

use std::collections::BTreeMap;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::archive::Archive;
use super::{CERTIFICATE, KEYS, MADE, MANIFEST, SIGNATURE, TIMESTAMP};
use crate::attest::timestamp::{Claim, TrustedAuthorities};
use crate::attest::{Certificate, Envelope, PublicKey, Refused, Statement, Subject, TrustedSigners};
use crate::finding::{Code, Finding};
use crate::limits::{ENVELOPE_BYTES, STATEMENT_SUBJECTS, TIMESTAMP_BYTES};
use crate::trail::Time;

/// A signature, and what goes with it into the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The envelope, as JSON.
    pub envelope: Vec<u8>,
    /// The signer's certificate, in PEM, for whoever has not got it. It is not trusted for being there.
    pub certificate: Option<Vec<u8>>,
    /// What a time-stamping authority answered about the envelope.
    pub timestamp: Option<Vec<u8>>,
}

/// Whom to believe.
#[derive(Clone, Debug, Default)]
pub struct Trusted {
    /// Who may have signed.
    pub signers: TrustedSigners,
    /// Who may say since when.
    pub authorities: TrustedAuthorities,
}

/// A signature that verifies under a signer that was named, of what is in the bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct Vouched {
    /// Who signed: one line each. What it says of certificates is their own word.
    pub by: Vec<String>,
    /// Since when it exists, by whose word.
    pub since: Option<String>,
}

/// The files to sign: all, or where they are too many for a statement, the manifest that names them and what it does not.
pub(super) fn subjects(
    listed: impl Iterator<Item = io::Result<Subject>>,
    count: u64,
    unlisted: [Subject; 2],
) -> io::Result<Vec<Subject>> {
    if count > (STATEMENT_SUBJECTS - unlisted.len()) as u64 {
        return Ok(unlisted.into());
    }
    unlisted.into_iter().map(Ok).chain(listed).collect()
}

/// Holds the signature of a bundle against the signers that were named. `as_of` is the time at which certificates must be
/// valid, unless a time-stamp shows another.
pub fn check_signature(archive: &Archive, trusted: &Trusted, as_of: Time) -> Result<Vouched, Box<Finding>> {
    let missing = |why: String| Box::new(Finding::new(Code::BundleSignatureMissing, why));
    let signed = envelope(archive)?;
    let (bytes, envelope) = signed.ok_or_else(|| missing("the bundle is not signed".to_owned()))?;
    let stamped = match read(archive, TIMESTAMP, TIMESTAMP_BYTES)? {
        None if trusted.authorities.is_empty() => None,
        None => return Err(missing("the bundle has no time-stamp".to_owned())),
        Some(token) => {
            let claim = Claim::read(&token, &bytes).map_err(|error| invalid(TIMESTAMP, &error))?;
            match trusted.authorities.is_empty() {
                true => None,
                false => Some(claim.trusted_by(&trusted.authorities).map_err(|error| missing(error.to_string()))?),
            }
        }
    };
    let signed_at = stamped.as_ref().map_or(as_of, |stamp| stamp.time());
    let verified = trusted.signers.verify(&envelope, signed_at).map_err(|refused| match refused {
        Refused::Invalid(_) | Refused::PayloadType(_) => invalid(SIGNATURE, &refused),
        other => missing(other.to_string()),
    })?;
    let statement = verified.statement().map_err(|error| invalid(SIGNATURE, &error))?;
    fits(archive, &statement)?;
    let beside = certificate(archive, &envelope)?;
    let by = verified.signed_by().iter().map(|by| match &by.certificate {
        // Whose key it says it is: nobody who was named vouches for that.
        None => match beside.as_ref().filter(|certificate| by.fits(certificate, signed_at).is_ok()) {
            None => by.key.key_id(),
            Some(beside) => format!(
                "{} (by the certificate in the bundle, which is not verified: {}, issued by {})",
                by.key.key_id(),
                beside.subject(),
                beside.issuer()
            ),
        },
        Some(certificate) => {
            format!("{} ({}, issued by {})", by.key.key_id(), certificate.subject(), certificate.issuer())
        }
    });
    let since = stamped
        .map(|stamp| format!("{} by {} (vouched for by {})", stamp.time(), stamp.authority(), stamp.vouched_by()));
    Ok(Vouched { by: by.collect(), since })
}

/// Holds a signature for which nobody was named against what is in the bundle: as far as it goes without a key that is believed,
/// for whoever altered the one or the other.
pub fn check_unnamed(archive: &Archive) -> Result<(), Box<Finding>> {
    let Some((bytes, envelope)) = envelope(archive)? else {
        let beside = [CERTIFICATE, TIMESTAMP].into_iter().find(|name| !matches!(archive.find(name), Ok(None)));
        return beside.map_or(Ok(()), |name| Err(invalid(name, &"there is no signature that it could belong to")));
    };
    if let Some(token) = read(archive, TIMESTAMP, TIMESTAMP_BYTES)? {
        Claim::read(&token, &bytes).map_err(|error| invalid(TIMESTAMP, &error))?;
    }
    certificate(archive, &envelope)?;
    let statement = Statement::parse(envelope.unverified_payload()).map_err(|error| invalid(SIGNATURE, &error))?;
    fits(archive, &statement)
}

/// The signature, as it lies there, and what it is.
fn envelope(archive: &Archive) -> Result<Option<(Vec<u8>, Envelope)>, Box<Finding>> {
    let Some(bytes) = read(archive, SIGNATURE, ENVELOPE_BYTES)? else { return Ok(None) };
    let envelope = Envelope::parse(&bytes).map_err(|error| invalid(SIGNATURE, &error))?;
    Ok(Some((bytes, envelope)))
}

/// The certificate in the bundle, if there is one. Nothing covers it, so it must be that of a key that signed, as it is packed.
fn certificate(archive: &Archive, envelope: &Envelope) -> Result<Option<Certificate>, Box<Finding>> {
    let Some(file) = read(archive, CERTIFICATE, ENVELOPE_BYTES)? else { return Ok(None) };
    let certificate = Certificate::parse(&file).map_err(|error| invalid(CERTIFICATE, &error))?;
    let message = envelope.message();
    let signed =
        |key: &PublicKey| envelope.signatures().iter().any(|signature| key.verifies(&message, &signature.bytes));
    if certificate.to_pem().as_bytes() != file {
        return Err(invalid(CERTIFICATE, &"there is more in it than a certificate"));
    }
    if !signed(certificate.public_key()) {
        return Err(invalid(CERTIFICATE, &"the signature in the bundle does not verify under its key"));
    }
    Ok(Some(certificate))
}

/// Whether the files that were signed are those in the bundle. The manifest names the rest, and is checked with them.
fn fits(archive: &Archive, statement: &Statement) -> Result<(), Box<Finding>> {
    let signed: BTreeMap<&str, [u8; 32]> =
        statement.subjects().iter().map(|subject| (subject.name.as_str(), subject.sha256)).collect();
    for name in [MANIFEST, MADE] {
        if !signed.contains_key(name) {
            return Err(invalid(SIGNATURE, &format!("it does not vouch for {name}")));
        }
    }
    for (name, sha256) in signed {
        let differs = |why: &dyn std::fmt::Display| {
            let about = format!("what was signed as {name} is not what is in the bundle: {why}");
            Box::new(Finding::new(Code::BundleSignatureInvalid, about))
        };
        let stored = archive.find(name).map_err(|error| differs(&error))?;
        let stored = stored.ok_or_else(|| differs(&"it is not there"))?;
        // The large ones are held against the manifest, which is among those that are held against this.
        if [MANIFEST, MADE, KEYS].contains(&name) {
            let found = hash(archive.read(&stored)).map_err(|error| differs(&error))?;
            if found != sha256 {
                let finding = differs(&"its hash is another");
                return Err(Box::new(finding.compared(hex::encode(sha256), hex::encode(found))));
            }
        }
    }
    Ok(())
}

pub(super) fn hash(mut file: impl Read) -> io::Result<[u8; 32]> {
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 128 << 10]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hash.finalize().into()),
            length => hash.update(&piece[..length]),
        }
    }
}

/// Whether a bundle is signed, by anyone.
pub fn is_signed(archive: &Archive) -> bool {
    archive.find(SIGNATURE).is_ok_and(|found| found.is_some())
}

fn read(archive: &Archive, name: &str, most: usize) -> Result<Option<Vec<u8>>, Box<Finding>> {
    archive.read_small(name, most as u64).map_err(|why| invalid(name, &why))
}

fn invalid(name: &str, why: &dyn std::fmt::Display) -> Box<Finding> {
    Box::new(Finding::new(Code::BundleSignatureInvalid, format!("{name} in the bundle does not do: {why}")))
}
