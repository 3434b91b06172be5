//! From the certificate of a time-stamping authority to one that was named. The path is `webpki`'s to find; what a
//! certificate must allow, to sign time-stamps, is RFC 3161's to say.

use std::time::Duration;

use pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::attest::{KeyError, pem};
use crate::limits::KEY_FILE_BLOCKS;
use crate::trail::Time;

use super::TimestampError;

/// `id-kp-timeStamping`.
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

/// Certificates that whoever verifies named: of time-stamping authorities, or of those who certify them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedAuthorities {
    certificates: Vec<Vec<u8>>,
}

impl TrustedAuthorities {
    /// Nobody yet.
    pub fn none() -> TrustedAuthorities {
        TrustedAuthorities::default()
    }

    /// Reads a file that was named: certificates in PEM, or one in DER.
    pub fn parse(file: &[u8]) -> Result<TrustedAuthorities, KeyError> {
        let mut named = TrustedAuthorities::none();
        if pem::is_pem(file) {
            for block in pem::blocks(file)?.iter().filter(|block| block.label == "CERTIFICATE") {
                named.add(block.der.as_bytes())?;
            }
        } else {
            named.add(file).map_err(|_| KeyError::Unknown("certificate"))?;
        }
        if named.certificates.is_empty() { Err(KeyError::Unknown("certificate")) } else { Ok(named) }
    }

    /// Trusts those of another file too.
    pub fn merge(&mut self, others: TrustedAuthorities) -> Result<(), KeyError> {
        others.certificates.iter().try_for_each(|certificate| self.add(certificate))
    }

    fn add(&mut self, der: &[u8]) -> Result<(), KeyError> {
        let wrong = || KeyError::Malformed("certificate");
        let (rest, _) = X509Certificate::from_der(der).map_err(|_| wrong())?;
        if !rest.is_empty() {
            return Err(wrong());
        }
        if self.certificates.len() == KEY_FILE_BLOCKS {
            return Err(KeyError::TooMany);
        }
        self.certificates.push(der.to_vec());
        Ok(())
    }

    /// Whether it is nobody.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// The subject of the named certificate that vouches for `signer`, which signed at `time`.
    pub(super) fn vouch(&self, signer: &[u8], others: &[Vec<u8>], time: Time) -> Result<String, TimestampError> {
        if self.is_empty() {
            return Err(TimestampError::NobodyNamed);
        }
        if let Some(named) = self.certificates.iter().find(|named| *named == signer) {
            return Ok(subject(named));
        }
        let named: Vec<CertificateDer<'_>> =
            self.certificates.iter().filter(|der| may_certify(der, time)).map(|der| der.as_slice().into()).collect();
        let anchors: Vec<TrustAnchor<'_>> = named.iter().filter_map(|der| anchor_from_trusted_cert(der).ok()).collect();
        let others: Vec<CertificateDer<'_>> = others.iter().map(|der| der.as_slice().into()).collect();
        let signer = CertificateDer::from(signer);
        let untrusted = |error: webpki::Error| TimestampError::Untrusted(error.to_string());
        let end = EndEntityCert::try_from(&signer).map_err(untrusted)?;
        let seconds = u64::try_from(time.unix()).map_err(|_| TimestampError::Malformed("time"))?;
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        // What the signer's own certificate allows is held against the stricter rule in `may_stamp`.
        let usage = KeyUsage::required_if_present(TIME_STAMPING);
        let path = end.verify_for_usage(&super::scheme::all(), &anchors, &others, at, usage, None, None);
        let path = path.map_err(untrusted)?;
        let found = anchors.iter().position(|anchor| anchor == path.anchor());
        Ok(found.and_then(|at| named.get(at)).map_or_else(String::new, |der| subject(der)))
    }
}

/// Whether a certificate that was named may certify others at that time. That it was named to sign is not enough: then it
/// could make more of its kind.
fn may_certify(der: &[u8], time: Time) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
    let is_authority = certificate.basic_constraints().ok().flatten().is_some_and(|basic| basic.value.ca);
    let usage = certificate.key_usage().ok().is_some_and(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign()));
    is_authority && usage && covers(&certificate, time)
}

/// Checks that a certificate may sign time-stamps, and that it was valid then. RFC 3161, section 2.3: its extended key usage
/// must be critical, and time-stamping alone.
pub(super) fn may_stamp(der: &[u8], time: Time) -> Result<(), TimestampError> {
    let wrong = || TimestampError::Malformed("certificate");
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| wrong())?;
    certificate.extensions_map().map_err(|_| wrong())?;
    let usage = certificate.key_usage().map_err(|_| wrong())?.map(|usage| *usage.value);
    let extended = certificate.extended_key_usage().map_err(|_| wrong())?;
    let for_stamps = extended.is_some_and(|usage| {
        let value = usage.value;
        let others = value.any
            || value.server_auth
            || value.client_auth
            || value.code_signing
            || value.email_protection
            || value.ocsp_signing
            || !value.other.is_empty();
        usage.critical && value.time_stamping && !others
    });
    if !rest.is_empty() {
        return Err(wrong());
    }
    if !for_stamps || usage.is_some_and(|usage| !usage.digital_signature() && !usage.non_repudiation()) {
        return Err(TimestampError::Usage);
    }
    if !covers(&certificate, time) {
        return Err(TimestampError::Validity(time));
    }
    Ok(())
}

fn covers(certificate: &X509Certificate<'_>, time: Time) -> bool {
    let validity = certificate.validity();
    (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&time.unix())
}

/// Whose certificate it is. Untrusted text.
pub(super) fn subject(der: &[u8]) -> String {
    X509Certificate::from_der(der).map_or_else(|_| String::new(), |(_, certificate)| certificate.subject().to_string())
}
