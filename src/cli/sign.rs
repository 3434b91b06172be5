//! Signing what is put together: with whose key, and what goes with the signature.

use std::io;
use std::path::{Path, PathBuf};

use super::Failure;
use super::evidence::read_small;
use crate::attest::{Certificate, Envelope, PemSigner, Signer, Statement, Subject};
use crate::bundle::Signed;
use crate::trail::Time;

/// With what to sign.
#[derive(Debug, clap::Args)]
pub(super) struct SignArgs {
    /// Sign the bundle with this private key (PEM: Ed25519, ECDSA P-256 or P-384, RSA)
    #[arg(long, value_name = "KEY.pem")]
    sign: Option<PathBuf>,

    /// The certificate of that key (X.509), to lie in the bundle
    #[arg(long, value_name = "FILE", requires = "sign")]
    certificate: Option<PathBuf>,
}

/// Whoever signs.
pub(super) struct Signing {
    signer: PemSigner,
    certificate: Option<Certificate>,
}

impl SignArgs {
    /// Reads key and certificate. That they do not fit must not come out after a long audit.
    pub(super) fn open(&self, now: Time) -> Result<Option<Signing>, Failure> {
        let Some(path) = &self.sign else { return Ok(None) };
        let wrong = |path: &Path, error: &dyn std::fmt::Display| Failure::told(format!("{}: {error}", path.display()));
        let key = read_small(path).map_err(|error| wrong(path, &format!("it cannot be read ({error})")))?;
        let signer = PemSigner::from_pem(&key).map_err(|error| wrong(path, &error))?;
        let certificate = match &self.certificate {
            None => None,
            Some(path) => {
                let file = read_small(path).map_err(|error| wrong(path, &format!("it cannot be read ({error})")))?;
                let certificate = Certificate::parse(&file).map_err(|error| wrong(path, &error))?;
                if certificate.public_key() != signer.public_key() {
                    return Err(wrong(path, &"it is the certificate of another key; name the one that --sign has"));
                }
                certificate.allows_signing(now).map_err(|problem| wrong(path, &problem))?;
                Some(certificate)
            }
        };
        Ok(Some(Signing { signer, certificate }))
    }
}

impl Signing {
    /// Signs these files, and what is said of them.
    pub(super) fn sign(&self, files: Vec<Subject>, predicate: serde_json::Value) -> io::Result<Signed> {
        let statement = Statement::new(files, predicate).map_err(io::Error::other)?;
        let mut envelope = Envelope::new(&statement);
        envelope.sign(&self.signer).map_err(io::Error::other)?;
        Ok(Signed {
            envelope: envelope.to_json(),
            certificate: self.certificate.as_ref().map(|certificate| certificate.to_pem().into_bytes()),
            timestamp: None,
        })
    }
}
