#![no_main]
#[path = "../../tests/entrances/harness/mod.rs"]
mod harness;
libfuzzer_sys::fuzz_target!(|data: &[u8]| { harness::attest::run(data); });
