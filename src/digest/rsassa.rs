//! The signature check itself: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2.2), by a crate. Which keys may be used,
//! and for what, is decided before it comes to this.
//!
//! Where the AWS SDK is built in, so is the library that its TLS stands on, which does it in a third of the time; of an
//! audit that reads nothing but digests, it is a fifth. Without the SDK there is no C in this program. Both say the same,
//! and `tests/signatures.rs` holds each to it.

use rsa::PublicKey;

/// An RSA key, ready to check signatures.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Verifier {
    key: PublicKey,
    /// PKCS#1, of the numbers of the key and nothing else.
    #[cfg(feature = "aws")]
    der: Box<[u8]>,
}

impl Verifier {
    /// None if the key cannot be written, which none that was parsed does.
    pub(super) fn new(key: PublicKey) -> Option<Verifier> {
        Some(Verifier {
            #[cfg(feature = "aws")]
            der: rsa::pkcs1::EncodeRsaPublicKey::to_pkcs1_der(&key).ok()?.into_vec().into(),
            key,
        })
    }

    pub(super) fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether `signature` is of a message with this SHA-256, and of nothing else.
    #[cfg(feature = "aws")]
    pub(super) fn verifies(&self, sha256: &[u8; 32], signature: &[u8]) -> bool {
        use aws_lc_rs::digest::{Digest, SHA256};
        use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.der);
        Digest::import_less_safe(sha256, &SHA256).and_then(|digest| key.verify_digest(&digest, signature)).is_ok()
    }

    /// Whether `signature` is of a message with this SHA-256, and of nothing else.
    #[cfg(not(feature = "aws"))]
    pub(super) fn verifies(&self, sha256: &[u8; 32], signature: &[u8]) -> bool {
        self.key.verify(rsa::Pkcs1v15Sign::new::<sha2::Sha256>(), sha256, signature).is_ok()
    }
}
