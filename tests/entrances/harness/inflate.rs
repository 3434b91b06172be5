//! gzip: the same answer for every chunking, as another decoder has it where that accepts, and never more than the limit.

use std::fs;
use std::io::{Read, Write};

use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};
use sha2::{Digest, Sha256};
use trailseal::digest::{Gunzip, GzipDefect};
use trailseal::logfile::{Framing, HashedLog, LogDefect, LogHasher, hash_log};

use super::{files_below, testdata};

pub(crate) const STAGES: &[&str] = &["refused", "followed by more", "inflated"];

pub(crate) fn run(data: &[u8]) -> usize {
    let Some((&[how, seed, limit], bytes)) = data.split_first_chunk::<3>() else { return 0 };
    let limit = if how & 1 == 0 { u64::MAX } else { u64::from(limit) * 16 };
    // A wrong checksum would keep every changed deflate stream from being taken to its end.
    let mended = (how & 2 != 0).then(|| mend(bytes, how & 4 != 0));
    let bytes = mended.as_deref().unwrap_or(bytes);
    let whole = gunzip(bytes, limit, &mut |_| bytes.len().max(1));
    let pieces = gunzip(bytes, limit, &mut sizes(seed));
    assert_eq!(pieces, whole, "it depends on the pieces");
    assert_eq!(with_room(bytes, limit, usize::from(seed % 7) + 1), whole, "it depends on the room");
    match &whole {
        Ok(content) => {
            assert!(content.len() as u64 <= limit, "more than the limit");
            assert_eq!(other_decoder(bytes, limit), Some((content.clone(), 0)), "another decoder has it otherwise");
        }
        Err(defect) => {
            if let Some((content, left)) = other_decoder(bytes, limit) {
                let expected =
                    if content.len() as u64 > limit { GzipDefect::OverLimit(limit) } else { GzipDefect::TrailingData };
                assert!(left > 0 || content.len() as u64 > limit, "another decoder takes it, and here {defect}");
                assert_eq!(*defect, expected);
            }
        }
    }
    for framing in [Framing::Gzip, Framing::GzipOrPlain] {
        hashes(bytes, framing, limit, seed, &whole);
    }
    match whole {
        Ok(_) => 2,
        Err(GzipDefect::TrailingData) => 1,
        Err(_) => 0,
    }
}

/// A log file's hash is that of its content, however it is cut.
fn hashes(bytes: &[u8], framing: Framing, limit: u64, seed: u8, gunzipped: &Result<Vec<u8>, GzipDefect>) {
    let hashed = hash_log(bytes, framing, limit);
    let mut hasher = LogHasher::new(framing, limit);
    let (mut rest, mut size) = (bytes, sizes(seed));
    let mut pushed = Ok(());
    while !rest.is_empty() && pushed.is_ok() {
        let (piece, left) = rest.split_at(size(rest.len()).min(rest.len()));
        pushed = hasher.push(piece);
        rest = left;
    }
    assert_eq!(pushed.and_then(|()| hasher.finish()), hashed, "it depends on the pieces");
    let of = |content: &[u8]| HashedLog { sha256: Sha256::digest(content).into(), bytes: content.len() as u64 };
    let plain = framing == Framing::GzipOrPlain && !bytes.starts_with(&[0x1f, 0x8b]);
    match (hashed, gunzipped) {
        (hashed, _) if plain && bytes.len() as u64 > limit => assert_eq!(hashed, Err(LogDefect::OverLimit(limit))),
        (hashed, _) if plain => assert_eq!(hashed, Ok(of(bytes))),
        (hashed, Ok(content)) => assert_eq!(hashed, Ok(of(content))),
        (hashed, Err(GzipDefect::TrailingData)) => {
            let member = other_decoder(bytes, limit).expect("a member, and no other decoder takes it").0;
            assert_eq!(hashed, Err(LogDefect::TrailingData { sha256: of(&member).sha256 }));
        }
        (hashed, Err(GzipDefect::OverLimit(_))) => assert_eq!(hashed, Err(LogDefect::OverLimit(limit))),
        (hashed, Err(defect)) => assert_eq!(hashed, Err(LogDefect::Malformed(defect.clone()))),
    }
}

fn gunzip(bytes: &[u8], limit: u64, size: &mut dyn FnMut(usize) -> usize) -> Result<Vec<u8>, GzipDefect> {
    let mut gunzip = Gunzip::new(limit);
    let (mut content, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        let (piece, left) = rest.split_at(size(rest.len()).min(rest.len()));
        let pushed = gunzip.push(piece, &mut |made| content.extend_from_slice(made));
        if let Err(defect) = pushed {
            assert_eq!(gunzip.push(b"x", &mut |_| panic!("made after an error")), Err(defect.clone()));
            assert_eq!(gunzip.finish(), Err(defect.clone()));
            return Err(defect);
        }
        rest = left;
    }
    assert_eq!(gunzip.finish()?, content.len() as u64);
    Ok(content)
}

/// Into a little room at a time.
fn with_room(bytes: &[u8], limit: u64, room: usize) -> Result<Vec<u8>, GzipDefect> {
    let mut gunzip = Gunzip::new(limit);
    let (mut content, mut rest, mut out) = (Vec::new(), bytes, vec![0; room * 50]);
    while !rest.is_empty() {
        let progress = gunzip.inflate(rest, &mut out)?;
        assert!(progress.used + progress.made > 0, "it stands still");
        content.extend_from_slice(&out[..progress.made]);
        rest = &rest[progress.used..];
    }
    gunzip.finish().map(|_| content)
}

/// What `flate2` itself makes of the first member, up to one byte more than the limit, and how much follows; none where it
/// refuses. The framing is its own, the deflate stream is read by the same library.
fn other_decoder(bytes: &[u8], limit: u64) -> Option<(Vec<u8>, usize)> {
    let mut decoder = GzDecoder::new(bytes);
    let mut content = Vec::new();
    decoder.by_ref().take(limit.saturating_add(1)).read_to_end(&mut content).ok()?;
    Some((content, decoder.into_inner().len()))
}

/// Sizes of pieces that follow from a number.
fn sizes(seed: u8) -> impl FnMut(usize) -> usize {
    let mut state = u32::from(seed) + 1;
    move |_| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        (state >> 16) as usize % (1 << (state >> 28 & 7)) + 1
    }
}

/// A member around the bytes, taken for a deflate stream, with the trailer that belongs to it; what follows the stream
/// stays, if that is wanted.
fn mend(deflated: &[u8], with_rest: bool) -> Vec<u8> {
    let mut inflate = Decompress::new(false);
    let (mut checksum, mut out, mut used) = (flate2::Crc::new(), vec![0; 4096], 0);
    loop {
        let before = inflate.total_out();
        let status = inflate.decompress(&deflated[used..], &mut out, FlushDecompress::None);
        used = inflate.total_in() as usize;
        let made = (inflate.total_out() - before) as usize;
        checksum.update(&out[..made]);
        if !matches!(status, Ok(Status::Ok)) || made == 0 && used == deflated.len() || inflate.total_out() > 1 << 20 {
            break;
        }
    }
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    member.extend_from_slice(&deflated[..used]);
    member.extend_from_slice(&checksum.sum().to_le_bytes());
    member.extend_from_slice(&checksum.amount().to_le_bytes());
    if with_rest {
        member.extend_from_slice(&deflated[used..]);
    }
    member
}

fn packed(content: &[u8], level: u32) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::new(level));
    gz.write_all(content).expect("memory");
    gz.finish().expect("memory")
}

/// Log files of the bundled trail, members with every part a header can have, and bare deflate streams.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    let mut add = |how: u8, bytes: &[u8]| {
        let limit = seeds.len() as u8;
        seeds.push([&[how, limit.wrapping_mul(37), limit], bytes].concat());
    };
    let logs = files_below(&testdata("trail/AWSLogs")).into_iter().filter(|path| {
        path.components().any(|part| part.as_os_str() == "CloudTrail") && path.metadata().is_ok_and(|m| m.len() < 4096)
    });
    let small: Vec<Vec<u8>> = logs.take(4).map(|path| fs::read(path).expect("a log file")).collect();
    for log in small.iter().take(3) {
        add(0, log);
        add(1, log);
        add(2, &log[10..log.len() - 8]);
    }
    for (level, content) in [&b""[..], b"x", &b"{\"Records\":[]}".repeat(40), &[0; 5_000]].iter().enumerate() {
        let gz = packed(content, level as u32 * 3);
        add(0, &gz);
        add(0, content);
        add(2, &gz[10..gz.len() - 8]);
        add(6, &gz[10..]);
        add(0, &[&gz[..], &gz].concat());
        let header = flate2::GzBuilder::new().filename("a").comment("b").extra(vec![1, 2, 3]).mtime(7);
        let mut with_all = header.write(Vec::new(), Compression::fast());
        with_all.write_all(content).expect("memory");
        add(0, &with_all.finish().expect("memory"));
    }
    // A little less and a little more than a limit.
    for (more, how) in [(0, 1), (1, 1), (2, 3), (3, 3)] {
        let gz = packed(&vec![b'x'; 64 + more], 6);
        let bytes = if how == 1 { &gz[..] } else { &gz[10..gz.len() - 8] };
        seeds.push([&[how, 7, 4], bytes].concat());
    }
    seeds
}
