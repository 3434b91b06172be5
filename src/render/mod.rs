//! Functions of the report and of nothing else: they neither count nor decide, and read no clock.
//!
//! Whatever comes from a bucket is escaped for where it goes: [`escape`] for terminals and for HTML, JSON escapes for
//! JSON.

pub mod escape;
mod groups;
mod html;
mod json;
mod text;
mod timeline;
mod wording;

pub use html::{HtmlOptions, html};
pub use json::{json, json_value, ndjson_finding, ndjson_report};
pub use text::{TextOptions, custody, headline, text};
