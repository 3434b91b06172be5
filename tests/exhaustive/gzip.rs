//! What a gzip file holds, read by an inflater that the program does not use, as RFC 1952 has it.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// The bits of `body`'s header that say nothing of the content and that readers pass over (section 2.3): whether it is
/// probably text, when it was packed, how thoroughly, and on what system.
pub(crate) fn idle_header_bits() -> Vec<usize> {
    let text = [3 * 8];
    let time_effort_and_system = 4 * 8..HEADER * 8;
    text.into_iter().chain(time_effort_and_system).collect()
}

/// The bits between the end of the deflate stream and the end of its last byte: at most seven, and the uppermost, for a
/// byte is filled from its lowest bit (RFC 1951, section 3.1.1).
pub(crate) fn padding_bits(body: &[u8], padding: usize) -> Vec<usize> {
    let end = (body.len() - TRAILER) * 8;
    (end - padding..end).collect()
}

/// Whether `changed` is a whole gzip file of the same content as `original`, with nothing in it that a reader must heed
/// and did not have to before.
pub(crate) fn holds_the_same(original: &[u8], changed: &[u8]) -> bool {
    let heeded = |body: &[u8]| [body[0], body[1], body[2], body[3] & !1];
    original.len() == changed.len() && heeded(original) == heeded(changed) && {
        let (before, after) = (inflate(original), inflate(changed));
        before.is_some() && before == after
    }
}

/// The content and the trailer, where the deflate stream goes right up to it.
fn inflate(body: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (stream, trailer) = body[HEADER..].split_at(body.len() - HEADER - TRAILER);
    let mut content = vec![0; MOST];
    let mut inflater = Box::<DecompressorOxide>::default();
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, used, made) = decompress(&mut inflater, stream, &mut content, 0, flags);
    content.truncate(made);
    (status == TINFLStatus::Done && used == stream.len()).then_some((content, trailer))
}

const HEADER: usize = 10;
const TRAILER: usize = 8;
/// More than any object of the world holds.
const MOST: usize = 8_192;
