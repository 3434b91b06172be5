//! Functions of the report and of nothing else: they neither count nor decide, and read no clock. CSV alone shows what is
//! not in the report: the objects that it counts, one by one.
//!
//! Whatever comes from a bucket is escaped for where it goes: [`escape`] for terminals and for HTML, JSON escapes for JSON,
//! and each other form by its own rules on top of those of [`escape`]. `docs/formats.md` has each form's shape and whom it
//! is for.

mod asff;
mod aspect;
mod csv;
mod doctor;
mod groups;
mod html;
mod json;
mod junit;
#[cfg(feature = "monitor")]
pub mod monitor;
mod ocsf;
mod oscal;
mod place;
mod prometheus;
mod text;
mod timeline;
mod uid;
mod wording;

pub use self::csv::{CSV_COLUMNS, CsvTable};
pub use crate::report::escape;
pub use asff::{asff, asff_doctor, asff_told};
pub use doctor::{doctor_headline, doctor_page, doctor_text};
pub use html::{HtmlOptions, html};
pub use json::{json, json_value, ndjson_finding, ndjson_report};
pub use junit::junit;
pub use ocsf::{ocsf, ocsf_doctor};
pub use oscal::oscal;
pub use prometheus::prometheus;
pub use text::{TextOptions, custody, headline, text};
