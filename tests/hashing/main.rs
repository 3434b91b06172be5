//! Log files hashed in lockstep, held against `sha2` and against one hasher that takes them one by one.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod harness;

use std::io::{self, Read};

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use trailseal::lockstep::Kernel;
use trailseal::logfile::{Framing, HashedLog, LogJob, LogLanes, LogQueue, LogRead, LogSource, hash_log};

fn kernels() -> impl Iterator<Item = Kernel> {
    Kernel::ALL.into_iter().filter(|kernel| kernel.is_available())
}

/// A queue of sources, and what came of each.
struct Sources(Vec<Option<LogSource>>, Vec<Option<LogRead>>);

impl LogQueue for Sources {
    type Ticket = usize;

    fn next(&mut self, _: bool) -> Option<LogJob<usize>> {
        let ticket = self.0.iter().position(Option::is_some)?;
        Some(LogJob { ticket, source: self.0[ticket].take()?, framing: Framing::GzipOrPlain })
    }

    fn done(&mut self, ticket: usize, read: LogRead) {
        self.1[ticket] = Some(read);
    }
}

fn run(kernel: Kernel, sources: Vec<LogSource>) -> Vec<LogRead> {
    let count = sources.len();
    let mut queue = Sources(sources.into_iter().map(Some).collect(), (0..count).map(|_| None).collect());
    LogLanes::new(kernel, u64::MAX).run(&mut queue);
    queue.1.into_iter().map(Option::unwrap).collect()
}

#[test]
fn every_length_hashes_as_sha2_hashes_it() {
    // Around the ends of blocks, and around that of what a lane holds.
    let lengths = (0..330).chain((0..8).map(|n| (256 << 10) - 70 + 17 * n)).chain([700_001]);
    let contents: Vec<Vec<u8>> =
        lengths.map(|length: usize| (0..length).map(|i| (i * 7 + length) as u8).collect()).collect();
    for kernel in kernels() {
        for gzip in [false, true] {
            let stored = |content: &Vec<u8>| if gzip { harness::packed(content, 1) } else { content.clone() };
            let sources = contents.iter().map(|content| LogSource::Bytes(stored(content).into())).collect();
            for (read, content) in run(kernel, sources).into_iter().zip(&contents) {
                let expected = HashedLog { sha256: Sha256::digest(content).into(), bytes: content.len() as u64 };
                assert_eq!(read.unwrap(), Ok(expected), "{kernel:?}, {} bytes", content.len());
            }
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_is_an_error_and_the_others_go_on() {
    struct Broken(usize);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::other("a broken disk"));
            }
            self.0 -= 1;
            buffer.fill(7);
            Ok(buffer.len())
        }
    }
    for kernel in kernels() {
        let sources = (0..40).map(|n| match n % 3 {
            0 => LogSource::Reader(Box::new(Broken(n))),
            _ => LogSource::Bytes(vec![n as u8; n * 50].into()),
        });
        for (n, read) in run(kernel, sources.collect()).into_iter().enumerate() {
            match n % 3 {
                0 => assert_eq!(read.unwrap_err().to_string(), "a broken disk"),
                _ => assert_eq!(read.unwrap(), hash_log(&vec![n as u8; n * 50], Framing::GzipOrPlain, u64::MAX)),
            }
        }
    }
}

#[test]
fn the_harness_sees_files_of_every_kind() {
    let data: Vec<u8> = (0..4_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let (files, hashed) = harness::agree(&data);
    assert!(files > 300 && hashed > files / 4 && hashed < files * 3 / 4, "{hashed} of {files} were hashed");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn lanes_give_what_a_single_hasher_gives(data in prop::collection::vec(any::<u8>(), 0..300)) {
        harness::agree(&data);
    }
}
