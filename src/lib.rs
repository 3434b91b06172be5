//! trailseal: walks the signed digest chain of AWS CloudTrail, checks every log file, and says what was altered.

pub mod chain;
pub mod digest;
pub mod finding;
pub mod limits;
pub mod logfile;
pub mod render;
pub mod report;
pub mod trail;
