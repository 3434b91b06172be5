//! Functions of the report and of nothing else: they neither count nor decide, and read no clock.
//!
//! Whatever comes from a bucket is escaped for where it goes: [`escape`] for terminals, JSON escapes for JSON.

pub mod escape;
mod json;
mod text;

pub use json::{json, json_value, ndjson_finding, ndjson_report};
pub use text::{TextOptions, custody, headline, text};
