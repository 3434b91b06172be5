//! trailseal.

fn main() {}
