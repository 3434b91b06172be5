//! The machine's limit, to measure `trailseal verify DIR` against: a loop that does nothing but read the log files of a
//! directory, inflate them with zlib-rs, and hash them with `sha2`, on all cores. No framing, no checksum, no chain.
//!
//! ```text
//! machine_limit DIR            the loop
//! machine_limit DIR KERNEL     the library's lanes in its place: portable, sha-ni, avx2, avx512, best
//! machine_limit kernels        bytes a second of each kernel of this CPU, by the number of streams
//! ```

#![allow(clippy::print_stdout, reason = "a program of its own")]

use std::error::Error;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use flate2::{Decompress, FlushDecompress, Status};
use sha2::{Digest, Sha256};
use trailseal::lockstep::{INITIAL, Kernel, State, Stream};
use trailseal::logfile::{Framing, LogJob, LogLanes, LogQueue, LogRead, LogSource};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("give a directory")?;
    if folder == "kernels" {
        kernels();
        return Ok(());
    }
    let kernel = arguments.next().map(|name| kernel(&name)).transpose()?;
    let mut files = Vec::new();
    find(Path::new(&folder), &mut files)?;
    files.sort_unstable();
    let (next, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| match kernel {
                None => plain_loop(&files, &next, &bytes),
                Some(kernel) => {
                    let mut queue = Queue { files: &files, next: &next, bytes: &bytes };
                    LogLanes::new(kernel, u64::MAX).run(&mut queue);
                }
            });
        }
    });
    println!("{} files, {} bytes", files.len(), bytes.into_inner());
    Ok(())
}

fn kernel(name: &str) -> Result<Kernel, Box<dyn Error>> {
    if name == "best" {
        return Ok(Kernel::best());
    }
    let named = |kernel: &Kernel| format!("{kernel:?}").to_lowercase() == name.replace('-', "");
    Ok(Kernel::ALL.into_iter().find(named).filter(|kernel| kernel.is_available()).ok_or("no such kernel here")?)
}

/// The log files, as everything that is named so and is no digest.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            if entry.file_name() != OsStr::new("CloudTrail-Digest") {
                find(&entry.path(), files)?;
            }
        } else if entry.path().extension() == Some(OsStr::new("gz")) {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn plain_loop(files: &[PathBuf], next: &AtomicUsize, bytes: &AtomicU64) {
    let (mut inflate, mut sha256) = (Decompress::new(false), Sha256::new());
    let (mut piece, mut content) = (vec![0; 128 << 10], vec![0; 64 << 10]);
    while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
        let mut file = File::open(path).expect("the file was listed");
        inflate.reset(false);
        let mut skip = 10;
        loop {
            let length = file.read(&mut piece).expect("the file can be read");
            if length == 0 {
                break;
            }
            let mut input = &piece[std::mem::take(&mut skip)..length];
            while !input.is_empty() {
                let (used, made) = (inflate.total_in(), inflate.total_out());
                let status = inflate.decompress(input, &mut content, FlushDecompress::None).expect("deflate");
                sha256.update(&content[..(inflate.total_out() - made) as usize]);
                input = &input[(inflate.total_in() - used) as usize..];
                if status == Status::StreamEnd {
                    break;
                }
            }
        }
        bytes.fetch_add(inflate.total_out(), Ordering::Relaxed);
        black_box(sha256.finalize_reset());
    }
}

struct Queue<'a> {
    files: &'a [PathBuf],
    next: &'a AtomicUsize,
    bytes: &'a AtomicU64,
}

impl LogQueue for Queue<'_> {
    type Ticket = ();

    fn next(&mut self, _: bool) -> Option<LogJob<()>> {
        let path = self.files.get(self.next.fetch_add(1, Ordering::Relaxed))?;
        let file = File::open(path).expect("the file was listed");
        Some(LogJob { ticket: (), source: LogSource::Reader(Box::new(file)), framing: Framing::GzipOrPlain })
    }

    fn done(&mut self, (): (), read: LogRead) {
        let hashed = read.expect("the file can be read").expect("gzip");
        self.bytes.fetch_add(hashed.bytes, Ordering::Relaxed);
        black_box(hashed);
    }
}

fn kernels() {
    let blocks = vec![[7_u8; 64]; 256];
    for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
        for count in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16] {
            let mut states: Vec<State> = vec![INITIAL; count];
            let (begun, mut hashed) = (Instant::now(), 0);
            while begun.elapsed() < Duration::from_millis(200) {
                let mut streams: Vec<Stream<'_>> =
                    states.iter_mut().map(|state| Stream { state, blocks: &blocks }).collect();
                kernel.advance(&mut streams, blocks.len());
                hashed += count * blocks.len() * 64;
            }
            let speed = hashed as f64 / begun.elapsed().as_secs_f64() / 1e9;
            println!("{kernel:<30} {count:>2} streams {speed:5.2} GB/s");
        }
    }
}
