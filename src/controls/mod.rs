//! Which controls of which frameworks a report can be shown for: what it shows of each, and what it does not.
//!
//! The mapping is data with a version, in `mapping.toml` beside this file. It says nothing about a particular report, so
//! that no renderer can claim more for one framework than for another.
//!
//! What its ids, versions and titles were held against, and where that was not the framework's own text, is in `docs/formats.md`.

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// The controls, and the version of what is said of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Another one wherever what is said of a control changes its meaning.
    pub version: String,
    /// The controls, framework by framework.
    #[serde(rename = "control")]
    pub controls: Vec<Control>,
}

/// One control of one framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Control {
    /// The framework's name.
    pub framework: String,
    /// Which version of it: the same number can mean another control in another.
    pub framework_version: String,
    /// The control's number or name there.
    pub id: String,
    /// What it asks for, in a few words.
    pub title: String,
    /// How far the evidence goes.
    pub strength: Strength,
    /// What a report shows for it, in one sentence.
    pub shows: String,
    /// What a report does not show, in one sentence.
    pub does_not_show: String,
}

/// How far the evidence goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// A report is evidence of what the control asks for, or of the part of it that is about detection.
    Direct,
    /// A report is of use beside the evidence that the control takes.
    Supporting,
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Strength::Direct => "direct",
            Strength::Supporting => "supporting",
        })
    }
}

/// The mapping of this version of the program.
pub fn mapping() -> &'static Mapping {
    static MAPPING: LazyLock<Mapping> =
        LazyLock::new(|| toml::from_str(include_str!("mapping.toml")).expect("a test reads it"));
    &MAPPING
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const DIRECT: &str = "10.3.4 AU-9 AU-9(3) SI-7(1) CCC.AuditLog.CN01.AR01 CCC.AuditLog.CN01.AR02";
    const SUPPORTING: &str = "10.3.2 10.3.3 10.5.1 SI-7(2) SI-7(7) AU-10 AU-11 CC7.2 CC7.3 PI1.3 164.312(b) \
        164.312(c)(1) 164.312(c)(2) A.8.15 A.8.16 3.3.8 3.2 CloudTrail.4 OPS-15.02AC";

    #[test]
    fn every_control_is_there_once_with_the_strength_meant() {
        for (strength, ids) in [(Strength::Direct, DIRECT), (Strength::Supporting, SUPPORTING)] {
            let expected: BTreeSet<&str> = ids.split_whitespace().collect();
            let controls = mapping().controls.iter().filter(|control| control.strength == strength);
            let there: Vec<&str> = controls.map(|control| control.id.as_str()).collect();
            assert_eq!(there.len(), expected.len(), "{strength}: one is there twice");
            assert_eq!(there.into_iter().collect::<BTreeSet<_>>(), expected, "{strength}");
        }
        assert!(!mapping().version.is_empty());
    }

    #[test]
    fn every_control_says_what_is_shown_and_what_is_not() {
        for control in &mapping().controls {
            for said in [&control.shows, &control.does_not_show] {
                let one = said.ends_with('.') && !said.contains(". ") && said.is_ascii() && said.len() > 40;
                assert!(one, "{}: {said}", control.id);
                // A table in the documentation holds them.
                assert!(!said.contains('|') && !control.title.contains('|'), "{}", control.id);
            }
            assert!(control.does_not_show.starts_with("It does not show "), "{}", control.id);
            assert!(
                [&control.framework, &control.framework_version, &control.title].iter().all(|text| !text.is_empty())
            );
        }
    }
}
