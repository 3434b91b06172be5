//! trailseal: walks the signed digest chain of AWS CloudTrail, checks every log file, and says what was altered.

pub mod cli;
pub mod simulate;
pub mod trail;
