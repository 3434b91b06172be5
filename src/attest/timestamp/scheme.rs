//! The signatures that time-stamping authorities and those who certify them make. The hash is named beside each, and what is
//! not in the table is not accepted: no SHA-1, no short keys, no other curves.

use ed25519_dalek::VerifyingKey as Ed25519Key;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use rsa::Pkcs1v15Sign;
use rsa::pkcs1::DecodeRsaPublicKey;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::attest::PublicKey;

/// A hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// By its object identifier.
    pub(super) fn named(oid: der::asn1::ObjectIdentifier) -> Option<Hash> {
        match oid.to_string().as_str() {
            "2.16.840.1.101.3.4.2.1" => Some(Hash::Sha256),
            "2.16.840.1.101.3.4.2.2" => Some(Hash::Sha384),
            "2.16.840.1.101.3.4.2.3" => Some(Hash::Sha512),
            _ => None,
        }
    }

    pub(super) fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha256 => Sha256::digest(bytes).to_vec(),
            Hash::Sha384 => Sha384::digest(bytes).to_vec(),
            Hash::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

/// A way to sign.
#[derive(Debug)]
pub(super) struct Scheme {
    kind: Kind,
    hash: Hash,
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    RsaPkcs1,
    RsaPss,
    P256,
    P384,
    Ed25519,
}

const fn scheme(kind: Kind, hash: Hash, key: AlgorithmIdentifier, signature: AlgorithmIdentifier) -> Scheme {
    Scheme { kind, hash, key, signature }
}

static SCHEMES: [Scheme; 13] = [
    scheme(Kind::RsaPkcs1, Hash::Sha256, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA256),
    scheme(Kind::RsaPkcs1, Hash::Sha384, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA384),
    scheme(Kind::RsaPkcs1, Hash::Sha512, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA512),
    scheme(Kind::RsaPss, Hash::Sha256, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA256),
    scheme(Kind::RsaPss, Hash::Sha384, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA384),
    scheme(Kind::RsaPss, Hash::Sha512, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA512),
    scheme(Kind::P256, Hash::Sha256, alg_id::ECDSA_P256, alg_id::ECDSA_SHA256),
    scheme(Kind::P256, Hash::Sha384, alg_id::ECDSA_P256, alg_id::ECDSA_SHA384),
    scheme(Kind::P256, Hash::Sha512, alg_id::ECDSA_P256, alg_id::ECDSA_SHA512),
    scheme(Kind::P384, Hash::Sha256, alg_id::ECDSA_P384, alg_id::ECDSA_SHA256),
    scheme(Kind::P384, Hash::Sha384, alg_id::ECDSA_P384, alg_id::ECDSA_SHA384),
    scheme(Kind::P384, Hash::Sha512, alg_id::ECDSA_P384, alg_id::ECDSA_SHA512),
    scheme(Kind::Ed25519, Hash::Sha512, alg_id::ED25519, alg_id::ED25519),
];

/// All of them, for `webpki`.
pub(super) fn all() -> Vec<&'static dyn SignatureVerificationAlgorithm> {
    SCHEMES.iter().map(|scheme| scheme as _).collect()
}

impl Scheme {
    /// The one that a `SignerInfo` means. It may name the kind of key alone, and the hash beside it.
    ///
    /// `key` and `signature` are contents of `AlgorithmIdentifier`s.
    pub(super) fn of(key: &[u8], signature: &[u8], hash: Hash) -> Option<&'static Scheme> {
        SCHEMES.iter().find(|scheme| {
            let key_alone = scheme.kind == Kind::RsaPkcs1 && same(signature, &alg_id::RSA_ENCRYPTION);
            scheme.hash == hash && same(key, &scheme.key) && (key_alone || same(signature, &scheme.signature))
        })
    }

    /// `key` is the content of the bit string in a `SubjectPublicKeyInfo`.
    pub(super) fn verifies(&self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        self.check(key, message, signature).is_some()
    }

    fn check(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
        let hash = self.hash.of(message);
        match self.kind {
            Kind::RsaPkcs1 | Kind::RsaPss => {
                // Its size and exponent, by the rule that there is for signers.
                PublicKey::from_pkcs1(key).ok()?;
                let key = rsa::PublicKey::from_pkcs1_der(key).ok()?;
                let verified = match (self.kind, self.hash) {
                    (Kind::RsaPss, Hash::Sha256) => key.pss_verify_prehash::<Sha256>(&hash, signature),
                    (Kind::RsaPss, Hash::Sha384) => key.pss_verify_prehash::<Sha384>(&hash, signature),
                    (Kind::RsaPss, Hash::Sha512) => key.pss_verify_prehash::<Sha512>(&hash, signature),
                    (_, Hash::Sha256) => key.verify(Pkcs1v15Sign::new::<Sha256>(), &hash, signature),
                    (_, Hash::Sha384) => key.verify(Pkcs1v15Sign::new::<Sha384>(), &hash, signature),
                    (_, Hash::Sha512) => key.verify(Pkcs1v15Sign::new::<Sha512>(), &hash, signature),
                };
                verified.ok()
            }
            Kind::P256 => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
                key.verify_prehash(&hash, &p256::ecdsa::Signature::from_der(signature).ok()?).ok()
            }
            Kind::P384 => {
                let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
                key.verify_prehash(&hash, &p384::ecdsa::Signature::from_der(signature).ok()?).ok()
            }
            Kind::Ed25519 => {
                let key = Ed25519Key::from_bytes(key.try_into().ok()?).ok()?;
                key.verify_strict(message, &ed25519_dalek::Signature::from_slice(signature).ok()?).ok()
            }
        }
    }
}

impl SignatureVerificationAlgorithm for Scheme {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        self.check(key, message, signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

/// Parameters that are `NULL` may be left out, and the other way round.
fn same(one: &[u8], other: &[u8]) -> bool {
    const NULL: [u8; 2] = [0x05, 0x00];
    one.strip_suffix(&NULL).unwrap_or(one) == other.strip_suffix(&NULL).unwrap_or(other)
}
