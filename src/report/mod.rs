//! The report: everything that an audit came to, complete before anything is rendered.
//!
//! Counting, sorting, waivers and the verdict happen here, in [`Report::conclude`], and nowhere else. Renderers are
//! functions of the report; what they show of it, and what anyone else shows of a finding, is escaped by [`escape`].

mod by_chain;
mod checked;
mod custody;
pub mod escape;
mod made;
mod model;
mod population;
mod tally;
mod told;
mod verdict;
mod waiver;

pub use crate::tool::ToolReport;
pub use by_chain::{ByChain, OneChain};
pub use checked::{CheckedObject, ObjectKind, ObjectStatus};
pub use custody::{CUSTODY_SCHEMA, Custody, Held};
pub use made::Made;
pub use model::{ChainReport, Checks, PublicKeyReport, Report, ReportError, RequestReport, SCHEMA, Totals};
pub use population::{Population, Share};
pub use tally::LogTally;
pub use told::Told;
pub use verdict::{Verdict, thousands};
pub use waiver::{AppliedWaiver, Waiver, WaiverError, Waivers};
