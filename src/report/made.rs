//! By whom, when, where and with what something was made: no part of what the evidence comes to.

use serde::{Deserialize, Serialize};

use crate::trail::Time;

/// By whom, when, where and with what. Whatever is not known is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The command line, as it was given.
    #[serde(default)]
    pub command_line: Vec<String>,
    /// The machine's name.
    #[serde(default)]
    pub host: Option<String>,
    /// Who was logged in there.
    #[serde(default)]
    pub user: Option<String>,
    /// The ARN under which AWS was asked.
    #[serde(default)]
    pub caller: Option<String>,
    /// SHA-256 of the program, in hex.
    #[serde(default)]
    pub binary_sha256: Option<String>,
    /// When.
    #[serde(default)]
    pub at: Option<Time>,
}
