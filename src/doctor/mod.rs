//! Whether a trail is set up so that its log files can be trusted: what was seen of it, and what is to be said of that.
//!
//! Pure: whoever asks AWS hands in [`Setup`], in which all that could not be asked says why, and [`examine`] makes an
//! [`Examination`] of it. A check whose facts are missing is `unknown`, with the permission that would tell; it is never passed.
//! The checks are data with stable names, in `checks.toml` beside this file; [`template()`] prints a trail as they want it.

mod catalog;
mod causes;
mod examination;
mod examine;
mod facts;
mod policy;
mod template;

pub use self::catalog::{Catalog, Check, CheckControl, Entry, Gravity, catalog};
pub use self::causes::{ACTIONS, Action, Cause, Certainty, Gap, History, Symptom};
pub use self::examination::{Checked, Counts, Examination, Mend, Outcome, SCHEMA, Subject, Unseen};
pub use self::examine::examine;
pub use self::facts::{
    ABSENT, AccessBlock, AdvancedSelector, BasicSelector, BucketFacts, DataResources, Encryption, Expiry, Fact,
    FieldSelector, KeyFacts, LifecycleRule, LockRetention, Replica, Selectors, Setup, TopicFacts, TrailFacts,
    TrailStatus, Transition, Versioning,
};
pub use self::template::{TemplateError, TemplateKind, TemplateNames, partition_of, template};
