//! Signing what is put together: with whose key, and what goes with the signature.

use std::path::{Path, PathBuf};

use super::Failure;
use super::access::AccessArgs;
use super::evidence::read_small;
use crate::attest::{Certificate, Envelope, PemSigner, PublicKey, Signer, Statement, Subject};
#[cfg(feature = "aws")]
use crate::aws::{KmsSigner, TimestampAuthority};
use crate::bundle::Signed;
use crate::trail::Time;

/// With what to sign.
#[derive(Debug, clap::Args)]
pub(super) struct SignArgs {
    /// Sign the bundle with this private key (PEM: Ed25519, ECDSA P-256 or P-384, RSA)
    #[arg(long, value_name = "KEY.pem", group = "signer_key")]
    sign: Option<PathBuf>,

    /// Sign the bundle with this key in AWS KMS (ECC_NIST_P256, ECC_NIST_P384 or RSA)
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "KEY", group = "signer_key")]
    sign_kms: Option<String>,

    /// The certificate of that key (X.509), to lie in the bundle
    #[arg(long, value_name = "FILE", requires = "signer_key")]
    certificate: Option<PathBuf>,

    /// Ask this time-stamping authority (RFC 3161) to say when it was signed
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "URL", requires = "signer_key")]
    timestamp_url: Option<String>,
}

/// Whoever signs.
pub(super) struct Signing {
    key: Key,
    certificate: Option<Certificate>,
    #[cfg(feature = "aws")]
    authority: Option<TimestampAuthority>,
}

enum Key {
    Pem(Box<PemSigner>),
    #[cfg(feature = "aws")]
    Kms(Box<KmsSigner>),
}

impl SignArgs {
    /// Opens key, certificate and authority. That they do not fit must not come out after a long audit.
    pub(super) async fn open(&self, access: &AccessArgs, now: Time) -> Result<Option<Signing>, Failure> {
        let Some(key) = self.key(access).await? else { return Ok(None) };
        let certificate =
            self.certificate.as_deref().map(|path| certificate(path, key.public_key(), now)).transpose()?;
        Ok(Some(Signing {
            key,
            certificate,
            #[cfg(feature = "aws")]
            authority: match &self.timestamp_url {
                None => None,
                Some(url) => Some(TimestampAuthority::at(url, PATIENCE).map_err(Failure::told)?),
            },
        }))
    }

    #[cfg_attr(not(feature = "aws"), allow(clippy::unused_async, reason = "a key in a file is at hand"))]
    async fn key(&self, access: &AccessArgs) -> Result<Option<Key>, Failure> {
        #[cfg(feature = "aws")]
        if let Some(key) = &self.sign_kms {
            let access = access.open(None, 1).await?;
            return KmsSigner::open(&access, key).await.map(|key| Some(Key::Kms(Box::new(key)))).map_err(Failure::told);
        }
        #[cfg(not(feature = "aws"))]
        let _ = access;
        let Some(path) = &self.sign else { return Ok(None) };
        PemSigner::from_pem(&read(path)?).map(|key| Some(Key::Pem(Box::new(key)))).map_err(|error| wrong(path, &error))
    }
}

fn certificate(path: &Path, key: &PublicKey, now: Time) -> Result<Certificate, Failure> {
    let certificate = Certificate::parse(&read(path)?).map_err(|error| wrong(path, &error))?;
    if certificate.public_key() != key {
        return Err(wrong(path, &"it is the certificate of another key; name that of the key that signs"));
    }
    certificate.allows_signing(now).map_err(|problem| wrong(path, &problem))?;
    Ok(certificate)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    read_small(path)
        .map_err(|error| wrong(path, &format!("it cannot be read ({error}); check its name and permissions")))
}

fn wrong(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::told(format!("{}: {error}", path.display()))
}

impl Key {
    fn public_key(&self) -> &PublicKey {
        match self {
            Key::Pem(key) => key.public_key(),
            #[cfg(feature = "aws")]
            Key::Kms(key) => key.public_key(),
        }
    }

    #[cfg_attr(not(feature = "aws"), allow(clippy::unused_async, reason = "a key in a file is at hand"))]
    async fn sign(&self, envelope: &mut Envelope) -> Result<(), String> {
        match self {
            Key::Pem(key) => envelope.sign(&**key).map_err(|error| error.to_string()),
            #[cfg(feature = "aws")]
            Key::Kms(key) => key.sign(envelope).await.map_err(|error| error.to_string()),
        }
    }
}

impl Signing {
    /// Signs these files, and what is said of them.
    pub(super) async fn sign(&self, files: Vec<Subject>, predicate: serde_json::Value) -> Result<Signed, String> {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let statement = Statement::new(files, predicate).map_err(|error| told(&error))?;
        let mut envelope = Envelope::new(&statement);
        self.key.sign(&mut envelope).await?;
        let envelope = envelope.to_json();
        Ok(Signed {
            timestamp: self.timestamp(&envelope).await?,
            certificate: self.certificate.as_ref().map(|certificate| certificate.to_pem().into_bytes()),
            envelope,
        })
    }

    #[cfg(feature = "aws")]
    async fn timestamp(&self, envelope: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let Some(authority) = &self.authority else { return Ok(None) };
        let query = crate::attest::timestamp::Query::new(envelope, crate::aws::nonce());
        authority.ask(&query).await.map(Some).map_err(|error| error.to_string())
    }

    #[cfg(not(feature = "aws"))]
    #[allow(clippy::unused_async, reason = "a build without the network has nobody to ask")]
    async fn timestamp(&self, _: &[u8]) -> Result<Option<Vec<u8>>, String> {
        Ok(None)
    }
}

/// How long an authority may take to answer.
#[cfg(feature = "aws")]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
