//! Signing with a key that AWS KMS keeps: what leaves this machine is a hash, and what comes back a signature.

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeyUsageType, MessageType, SigningAlgorithmSpec};

use super::{Access, refusal};
use crate::attest::{Algorithm, Envelope, KeyError, PublicKey, SignError};
use crate::trail::is_region;

/// A key in KMS that signs.
pub struct KmsSigner {
    access: Access,
    region: String,
    key: String,
    public: PublicKey,
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum KmsError {
    /// KMS did not do it.
    #[error(
        "AWS KMS did not answer for the key {key}: {why}; check its ARN, and that you may use kms:GetPublicKey and kms:Sign on it"
    )]
    Refused {
        /// The key.
        key: String,
        /// AWS's own words.
        why: String,
    },
    /// A key for something else.
    #[error(
        "the key {0} is not for signing; make one with key usage SIGN_VERIFY and key spec ECC_NIST_P256, ECC_NIST_P384 or RSA_2048 to RSA_4096"
    )]
    Usage(String),
    /// A key of another kind.
    #[error("the key {key} cannot be used: {error}")]
    Key {
        /// The key.
        key: String,
        /// What is wrong with it.
        error: KeyError,
    },
    /// A signature that does not do.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl KmsSigner {
    /// Asks for the public key of a key: its ARN, or its id or alias in the region of `access`.
    pub async fn open(access: &Access, key: &str) -> Result<KmsSigner, KmsError> {
        let region = region_of(key).map_or_else(|| access.region(), str::to_owned);
        let client = access.kms(&region);
        let asked = access.pace(1);
        let asked =
            asked.ask(|| async { client.get_public_key().key_id(key).send().await.map_err(|error| refusal(&error)) });
        let refused = |why: String| KmsError::Refused { key: key.to_owned(), why };
        let (answer, _) = asked.await.map_err(|error| refused(error.to_string()))?;
        if answer.key_usage != Some(KeyUsageType::SignVerify) {
            return Err(KmsError::Usage(key.to_owned()));
        }
        let der = answer.public_key.ok_or_else(|| refused("it gave no public key".to_owned()))?;
        let wrong = |error| KmsError::Key { key: key.to_owned(), error };
        let public = PublicKey::from_spki(der.as_ref()).map_err(wrong)?;
        if spec(public.algorithm()).is_none() {
            return Err(KmsError::Usage(key.to_owned()));
        }
        // An alias may be moved to another key before the signature is asked for.
        let key = answer.key_id.unwrap_or_else(|| key.to_owned());
        Ok(KmsSigner { access: access.clone(), region, key, public })
    }

    /// The key that its signatures verify with.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs an envelope, beside those who signed before. What KMS gives is added only if it verifies.
    pub async fn sign(&self, envelope: &mut Envelope) -> Result<(), KmsError> {
        let algorithm = self.public.algorithm();
        let (spec, digest) = spec(algorithm)
            .zip(algorithm.digest(&envelope.message()))
            .ok_or_else(|| KmsError::Usage(self.key.clone()))?;
        let (client, pace) = (self.access.kms(&self.region), self.access.pace(1));
        let asked = pace.ask(|| async {
            let request = client.sign().key_id(&self.key).signing_algorithm(spec.clone());
            let request = request.message_type(MessageType::Digest).message(Blob::new(digest.clone()));
            request.send().await.map_err(|error| refusal(&error))
        });
        let refused = |why: String| KmsError::Refused { key: self.key.clone(), why };
        let (answer, _) = asked.await.map_err(|error| refused(error.to_string()))?;
        let signature = answer.signature.ok_or_else(|| refused("it gave no signature".to_owned()))?;
        Ok(envelope.add(&self.public, signature.into_inner())?)
    }
}

/// What KMS calls it, for a key that is given a hash.
fn spec(algorithm: Algorithm) -> Option<SigningAlgorithmSpec> {
    match algorithm {
        Algorithm::EcdsaP256 => Some(SigningAlgorithmSpec::EcdsaSha256),
        Algorithm::EcdsaP384 => Some(SigningAlgorithmSpec::EcdsaSha384),
        Algorithm::RsaPss => Some(SigningAlgorithmSpec::RsassaPssSha256),
        // KMS would sign the message itself, of 4,096 bytes at most.
        Algorithm::Ed25519 => None,
    }
}

/// The region that an ARN names: `arn:aws:kms:REGION:ACCOUNT:key/ID`.
fn region_of(key: &str) -> Option<&str> {
    let mut parts = key.split(':');
    let is_kms = parts.next() == Some("arn") && parts.next().is_some() && parts.next() == Some("kms");
    parts.next().filter(|region| is_kms && is_region(region))
}
