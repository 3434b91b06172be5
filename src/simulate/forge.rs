//! Chains that are drafted whole, edited at will, and then linked and signed anew: where lies are built.

use std::sync::Arc;

use super::draft::{DigestDraft, SignedDigest};
use super::keyring::{Keyring, SigningKey};
use super::object::SimulatedObject;
use crate::trail::{ChainId, Time};

/// The digests of one chain, oldest first, before they are signed.
#[derive(Clone, Debug)]
pub struct ChainDraft {
    /// Which chain.
    pub chain: ChainId,
    /// Its digests, oldest first.
    pub digests: Vec<DeliveryDraft>,
}

/// A digest and the circumstances of its delivery.
#[derive(Clone, Debug)]
pub struct DeliveryDraft {
    /// What the digest says.
    pub digest: DigestDraft,
    /// When it is delivered, and signed unless it is a backfill digest.
    pub delivered: Time,
    /// When a backfill digest was generated and signed.
    pub backfill_generated: Option<Time>,
    /// What signing does to its `previousDigest*` fields.
    pub link: Link,
    /// Who signs it.
    pub signer: Signer,
}

/// What signing does to a digest's `previousDigest*` fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Nulls: a starting digest.
    Start,
    /// Names the digest before it in the chain.
    Previous,
    /// Nothing: they stay as drafted.
    AsDrafted,
}

/// Who signs a digest.
#[derive(Clone, Debug)]
pub enum Signer {
    /// The key that was due, whose fingerprint is written into the digest.
    Due,
    /// This key, and the fingerprint stays as drafted.
    Key(Arc<SigningKey>),
}

impl ChainDraft {
    /// Links and signs every digest, oldest first, and keeps what that changed in the drafts.
    pub fn sign(&mut self, keyring: &Keyring) -> Vec<SignedDigest> {
        let mut signed: Vec<SignedDigest> = Vec::with_capacity(self.digests.len());
        for draft in &mut self.digests {
            let next = draft.sign(&self.chain.region, signed.last(), keyring);
            signed.push(next);
        }
        signed
    }

    /// The same, as objects with their metadata.
    pub fn objects(&mut self, keyring: &Keyring) -> Vec<SimulatedObject> {
        let signed = self.sign(keyring);
        signed.iter().zip(&self.digests).map(|(signed, draft)| draft.object(signed)).collect()
    }
}

impl DeliveryDraft {
    /// Links it to `previous` as [`Link`] says and signs it.
    pub fn sign(&mut self, region: &str, previous: Option<&SignedDigest>, keyring: &Keyring) -> SignedDigest {
        match self.link {
            Link::Start => self.digest.link_to(None),
            Link::Previous => self.digest.link_to(previous),
            Link::AsDrafted => {}
        }
        match &self.signer {
            Signer::Key(key) => self.digest.sign(key),
            Signer::Due => {
                let key = keyring.at(region, self.backfill_generated.unwrap_or(self.delivered));
                self.digest.digest_public_key_fingerprint.clone_from(&key.fingerprint);
                self.digest.sign(&key)
            }
        }
    }

    /// `signed`, which came of this draft, as the object that is delivered.
    pub fn object(&self, signed: &SignedDigest) -> SimulatedObject {
        signed.object(self.delivered, self.backfill_generated)
    }
}
