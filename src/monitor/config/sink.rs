//! Who is told: what `[[sink]]` holds.

/// One `[[sink]]`. Until the sinks are there, what the file says of it: this line is the only place to change then.
pub type SinkConfig = toml::Table;
