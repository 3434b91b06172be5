//! trailseal: walks the signed digest chain of AWS CloudTrail, checks every log file, and says what was altered.

pub mod audit;
pub mod chain;
pub mod cli;
pub mod digest;
pub mod finding;
pub mod keys;
pub mod limits;
pub mod logfile;
pub mod render;
pub mod report;
pub mod simulate;
pub mod store;
pub mod trail;
