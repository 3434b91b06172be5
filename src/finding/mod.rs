//! What was found: a stable code, a subject, and both sides of the comparison.
//!
//! A finding is a value. It is made here, with its wording, and nowhere else; severity comes with the code, and what a
//! finding does to the verdict is decided in [`crate::report`].

mod advice;
mod code;
mod expected;
#[cfg(feature = "monitor")]
mod history;
mod interrupted;
mod meaning;
mod named;
mod wording;

use serde::{Deserialize, Serialize};

pub use code::{Code, Reason, Severity};
pub(crate) use wording::{ListedLog, length};

use crate::trail::{ChainId, DigestKey, Interval, LogKey, ObjectLocation};

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What it says, by a stable name.
    pub code: Code,
    /// What it does to the verdict; always the code's own severity.
    pub severity: Severity,
    /// The object it is about.
    pub subject: Option<ObjectLocation>,
    /// The chain it belongs to.
    pub chain: Option<ChainId>,
    /// The time it is about.
    pub interval: Option<Interval>,
    /// Why, for holes and for what could not be read.
    pub reason: Option<Reason>,
    /// What the signed side of the comparison says.
    pub recorded: Option<String>,
    /// What was seen instead.
    pub computed: Option<String>,
    /// What happened, in a sentence or two for a person.
    pub message: String,
    /// Whether a waiver accepts it: then it changes no verdict, and is reported all the same.
    #[serde(default)]
    pub waived: bool,
}

impl Finding {
    /// A finding with nothing but a message; the other parts are added by the methods below.
    pub fn new(code: Code, message: impl Into<String>) -> Finding {
        Finding {
            code,
            severity: code.severity(),
            subject: None,
            chain: None,
            interval: None,
            reason: None,
            recorded: None,
            computed: None,
            message: message.into(),
            waived: false,
        }
    }

    /// About this object.
    pub fn about(mut self, at: &ObjectLocation) -> Finding {
        self.subject = Some(at.clone());
        self
    }

    /// In this chain.
    pub fn in_chain(mut self, chain: &ChainId) -> Finding {
        self.chain = Some(chain.clone());
        self
    }

    /// About this time.
    pub fn during(mut self, interval: Interval) -> Finding {
        self.interval = Some(interval);
        self
    }

    /// For this reason.
    pub fn because(mut self, reason: Reason) -> Finding {
        self.reason = Some(reason);
        self
    }

    /// Both sides of a comparison.
    pub fn compared(mut self, recorded: impl Into<String>, computed: impl Into<String>) -> Finding {
        self.recorded = Some(recorded.into());
        self.computed = Some(computed.into());
        self
    }

    /// The account and region that it is about: those of its chain; of what is in no chain, such as a log file that no digest
    /// lists, those that the object's name says. An object below another account's folder is in none that its name could say.
    pub fn place(&self) -> Option<(String, String)> {
        if let Some(chain) = &self.chain {
            return Some((chain.account_id.clone(), chain.region.clone()));
        }
        let key = &self.subject.as_ref()?.key;
        let of_log = || LogKey::parse(key).map(|key| (key.folder, key.region));
        let of_digest = || DigestKey::parse(key).map(|key| (key.folder, key.chain.region));
        let (folder, region) = of_log().or_else(of_digest)?;
        (!folder.is_below_another()).then_some((folder.account, region))
    }

    /// The order of findings in a report: chain, time, key, code. What has no chain comes first.
    pub fn sort_key(&self) -> impl Ord + '_ {
        // What remains decides nothing but that equal evidence gives equal bytes.
        let rest = (self.interval.map(|i| i.end), self.reason, &self.recorded, &self.computed);
        (&self.chain, self.interval.map(|i| i.start), &self.subject, self.code, &self.message, rest)
    }
}
