//! Evidence made to exhaust whoever looks at it: it ends in bounded memory and after a bounded number of requests, with a
//! finding that says which limit was met, and never `intact` where something was left out.
//!
//! Counted, not timed. What takes minutes in a debug build is told in a smaller size, and `--ignored` in full.

mod bombs;
mod crowd;
mod crowds;
mod names;
mod world;

const MIB: usize = 1 << 20;
