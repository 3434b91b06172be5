//! Access to AWS: whose credentials, which endpoints, how patient. Whatever the AWS CLI understands is understood, by
//! `aws-config`: profiles, SSO, environment, containers, instance metadata, roles.
//!
//! Nothing here is ever printed but names, codes and AWS's own messages: see `failure`.

mod access;
mod endpoint;
mod events;
mod failure;
mod http;
#[cfg(feature = "lambda")]
mod kept;
mod kms;
mod organization;
mod pace;
mod post;
mod setup;
mod sign;
mod trails;
mod tsa;

#[cfg(feature = "monitor")]
pub(crate) use self::http::{Http, HttpError, USER_AGENT, host_of};
pub(crate) use self::pace::{Pace, Turn};
#[cfg(feature = "monitor")]
pub(crate) use self::post::{Call, CallError, Caller, Service, by_word};
pub use access::{Access, AccessError, AccessOptions, AssumedRole};
pub use events::event_history;
pub(crate) use failure::{Refusal, refusal, without_secrets};
#[cfg(feature = "lambda")]
pub use kept::{Edition, KeptError, KeptObject};
pub use kms::{KmsError, KmsSigner};
pub use organization::{Membership, caller, membership};
pub use setup::{SetupError, SetupRequest, setup};
pub use trails::{TrailError, TrailSettings, describe_trail};
pub use tsa::{AuthorityError, TimestampAuthority, nonce};
