//! Access to AWS: whose credentials, which endpoints, how patient. Whatever the AWS CLI understands is understood, by
//! `aws-config`: profiles, SSO, environment, containers, instance metadata, roles.
//!
//! Nothing here is ever printed but names, codes and AWS's own messages: see `failure`.

mod access;
mod failure;
mod http;
mod kms;
mod organization;
mod pace;
mod trails;
mod tsa;

pub(crate) use self::pace::{Pace, Turn};
pub use access::{Access, AccessError, AccessOptions, AssumedRole};
pub(crate) use failure::{Refusal, refusal, without_secrets};
pub use kms::{KmsError, KmsSigner};
pub use organization::{Membership, caller, membership};
pub use trails::{TrailError, TrailSettings, describe_trail};
pub use tsa::{AuthorityError, TimestampAuthority, nonce};
