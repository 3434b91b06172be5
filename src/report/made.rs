//! By whom, where and with what a report was made.
//!
//! It stands beside the report and is no part of it: the same evidence gives the same report, whoever asks.

use serde::{Deserialize, Serialize};

use crate::trail::Time;

/// By whom, where and with what a report was made, as far as the caller tells. None of it is verified: it is what whoever
/// made the report says, for whoever signs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The command line, the program's name first.
    #[serde(default)]
    pub command_line: Vec<String>,
    /// The machine's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The name of the user on that machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The ARN of the AWS identity that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// The SHA-256 of the program's file, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_sha256: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_written_and_all_comes_back() {
        let made = Made { command_line: vec!["trailseal".to_owned()], ..Made::default() };
        let json = serde_json::to_string(&made).unwrap();
        assert_eq!(json, r#"{"command_line":["trailseal"]}"#);
        assert_eq!(serde_json::from_str::<Made>(&json).unwrap(), made);
        let made = Made { host: Some("h".to_owned()), at: Some(Time::from_unix(0)), ..Made::default() };
        let json = serde_json::to_string(&made).unwrap();
        assert_eq!(json, r#"{"command_line":[],"host":"h","at":"1970-01-01T00:00:00Z"}"#);
        assert_eq!(serde_json::from_str::<Made>(&json).unwrap(), made);
        assert_eq!(serde_json::from_str::<Made>("{}").unwrap(), Made::default());
    }
}
