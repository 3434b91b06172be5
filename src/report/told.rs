//! One finding, told of apart from its report.

use crate::finding::Finding;
use crate::trail::Time;

/// A finding by itself, with what a form that is made of it needs beside it.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// Its id: the same each time it is told of.
    pub id: &'a str,
    /// Whether it is still there.
    pub open: bool,
    /// Since when it is there.
    pub since: Time,
    /// When it was last looked for.
    pub at: Time,
    /// What was audited.
    pub source: &'a str,
    /// The account in which it is told of, in twelve digits.
    pub account_id: &'a str,
    /// The region in which it is told of.
    pub region: &'a str,
}
