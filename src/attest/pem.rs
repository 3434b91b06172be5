//! The blocks of a PEM file, each by its label. What stands between them, as `openssl x509 -text` writes it, is no matter.

use der::Document;

use crate::limits::{KEY_FILE_BLOCKS, KEY_FILE_BYTES};

use super::KeyError;

/// One block.
pub(super) struct Block {
    pub(super) label: String,
    /// Kept as a secret is: nobody knows yet what it holds.
    pub(super) der: der::SecretDocument,
}

/// Whether it is PEM at all; else it is DER, or nothing.
pub(super) fn is_pem(bytes: &[u8]) -> bool {
    find(bytes, b"-----BEGIN ").is_some()
}

/// Every block of a file.
pub(super) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, KeyError> {
    if bytes.len() > KEY_FILE_BYTES {
        return Err(KeyError::TooLong(bytes.len()));
    }
    let mut blocks = Vec::new();
    let mut rest = bytes;
    while let Some(start) = find(rest, b"-----BEGIN ") {
        if blocks.len() == KEY_FILE_BLOCKS {
            return Err(KeyError::TooMany);
        }
        rest = &rest[start..];
        // The end may name another label; then the block is refused below.
        let end = find(rest, b"-----END ").ok_or(KeyError::Malformed("PEM block"))?;
        let close = find(&rest[end + 9..], b"-----").ok_or(KeyError::Malformed("PEM block"))?;
        let (block, after) = rest.split_at(end + 9 + close + 5);
        rest = after;
        // What `openssl ecparam -genkey` writes before a key, which names its curve itself.
        if block.starts_with(b"-----BEGIN EC PARAMETERS-----") {
            continue;
        }
        let text = std::str::from_utf8(block).map_err(|_| KeyError::Malformed("PEM block"))?;
        let (label, der) = der::SecretDocument::from_pem(text).map_err(|_| KeyError::Malformed("PEM block"))?;
        blocks.push(Block { label: label.to_owned(), der });
    }
    Ok(blocks)
}

/// Writes one.
pub(super) fn write(label: &'static str, der: &[u8]) -> String {
    let document = Document::try_from(der);
    document.and_then(|document| document.to_pem(label, der::pem::LineEnding::LF)).unwrap_or_default()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
