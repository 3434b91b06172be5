//! Who vouches for a bundle of evidence, and since when: signatures of people other than AWS.
//!
//! A [`Statement`] (in-toto v1) names the files of a bundle and their SHA-256. It is signed in an [`Envelope`] (DSSE v1) by
//! one [`Signer`] or several, and verified with [`TrustedSigners`] that whoever verifies has named. A time-stamping
//! authority (RFC 3161) can say since when the envelope exists: [`timestamp`].
//!
//! These are formats that others read: an envelope can be verified with securesystemslib or in-toto's tools, a time-stamp
//! with `openssl ts -verify`. `docs/signing.md` tells how.
//!
//! As everywhere, what was read is believed by nobody: an [`Envelope`] gives its content away only as
//! [`unverified`](Envelope::unverified_payload), and [`Verified`] can only be had by verifying. A certificate or a key that
//! lies in the bundle is never trusted for that; only what was named is.

mod certificate;
mod dsse;
mod json;
mod key;
mod pem;
mod signer;
mod statement;
pub mod timestamp;
mod verifier;

pub use certificate::{Certificate, CertificateProblem};
pub use dsse::{Envelope, EnvelopeError, PAYLOAD_TYPE, Signature, pae};
pub use json::JsonError;
pub use key::{Algorithm, KeyError, PublicKey};
pub use signer::{PemSigner, SignError, Signer};
pub use statement::{PREDICATE_TYPE, STATEMENT_TYPE, Statement, StatementError, Subject};
pub use verifier::{Refused, SignedBy, TrustedSigner, TrustedSigners, Verified};
