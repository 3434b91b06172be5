//! X.509 certificates of signers: whose key it is, as somebody says, and from when to when.

use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::limits::KEY_FILE_BYTES;
use crate::trail::{Interval, Time};

use super::{KeyError, PublicKey, pem};

/// A certificate. That it was parsed says nothing about who issued it: it is as good as the reason to trust it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Box<[u8]>,
    key: PublicKey,
    subject: String,
    issuer: String,
    serial: String,
    validity: Interval,
    key_usage: Option<bool>,
    unknown_critical: Option<String>,
}

/// Why a certificate does not do for a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateProblem {
    /// Of somebody else.
    #[error("it is not of the key that signed; find the one that belongs to that")]
    OtherKey,
    /// Before its time.
    #[error("it was not valid yet at {at}, but from {from}; check when the signature was made, or say so")]
    NotYetValid {
        /// The time in question.
        at: Time,
        /// Its begin.
        from: Time,
    },
    /// After its time.
    #[error(
        "it had expired at {at}, and was valid until {until}; a time-stamp of the signature would show that it was made in time"
    )]
    Expired {
        /// The time in question.
        at: Time,
        /// Its end.
        until: Time,
    },
    /// Made for something else.
    #[error("its key usage does not allow digital signatures; sign with a key whose certificate does")]
    KeyUsage,
    /// A restriction that is not understood.
    #[error(
        "it has a critical extension ({0}) that is not understood here; sign with a key whose certificate has none"
    )]
    Critical(String),
}

impl Certificate {
    /// Reads the first certificate of a PEM file, or one in DER.
    pub fn parse(file: &[u8]) -> Result<Certificate, KeyError> {
        if !pem::is_pem(file) {
            return Certificate::from_der(file);
        }
        let blocks = pem::blocks(file)?;
        let first = blocks.iter().find(|block| block.label == "CERTIFICATE");
        Certificate::from_der(first.ok_or(KeyError::Unknown("certificate"))?.der.as_bytes())
    }

    /// Reads a certificate in DER.
    pub fn from_der(der: &[u8]) -> Result<Certificate, KeyError> {
        if der.len() > KEY_FILE_BYTES {
            return Err(KeyError::TooLong(der.len()));
        }
        let wrong = || KeyError::Malformed("certificate");
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| wrong())?;
        if !rest.is_empty() {
            return Err(wrong());
        }
        // An extension that stands there twice can be read in two ways.
        parsed.extensions_map().map_err(|_| wrong())?;
        let usage = parsed.key_usage().map_err(|_| wrong())?;
        let unknown = parsed.extensions().iter().find(|extension| extension.critical && !is_understood(extension));
        let validity = parsed.validity();
        let time = |time: &x509_parser::time::ASN1Time| Time::from_unix(time.timestamp());
        Ok(Certificate {
            der: der.into(),
            key: PublicKey::from_spki(parsed.public_key().raw)?,
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            serial: hex::encode(parsed.raw_serial()),
            validity: Interval { start: time(&validity.not_before), end: time(&validity.not_after) },
            key_usage: usage.map(|usage| usage.value.digital_signature()),
            unknown_critical: unknown.map(|extension| extension.oid.to_id_string()),
        })
    }

    /// Its bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its bytes as PEM.
    pub fn to_pem(&self) -> String {
        pem::write("CERTIFICATE", &self.der)
    }

    /// The key that it is about.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// Whose key it says it is. Untrusted text, to be escaped for where it goes.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Who says so. Untrusted text, to be escaped for where it goes.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its number, in hex.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// From when to when it is valid; both ends count.
    pub fn validity(&self) -> Interval {
        self.validity
    }

    /// Whether its key may have signed something at that time.
    pub fn allows_signing(&self, at: Time) -> Result<(), CertificateProblem> {
        if at < self.validity.start {
            return Err(CertificateProblem::NotYetValid { at, from: self.validity.start });
        }
        if at > self.validity.end {
            return Err(CertificateProblem::Expired { at, until: self.validity.end });
        }
        if self.key_usage == Some(false) {
            return Err(CertificateProblem::KeyUsage);
        }
        match &self.unknown_critical {
            Some(extension) => Err(CertificateProblem::Critical(extension.clone())),
            None => Ok(()),
        }
    }
}

/// Critical extensions that do not change what is looked at here: whose key, when, and for what.
fn is_understood(extension: &x509_parser::extensions::X509Extension<'_>) -> bool {
    matches!(
        extension.parsed_extension(),
        ParsedExtension::KeyUsage(_)
            | ParsedExtension::ExtendedKeyUsage(_)
            | ParsedExtension::BasicConstraints(_)
            | ParsedExtension::SubjectAlternativeName(_)
            | ParsedExtension::SubjectKeyIdentifier(_)
            | ParsedExtension::AuthorityKeyIdentifier(_)
            | ParsedExtension::CertificatePolicies(_)
    )
}
