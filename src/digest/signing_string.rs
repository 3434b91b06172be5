//! The data signing string: what AWS signs.

use super::DigestClaims;

/// Step 3 of the user guide's "Custom implementations of CloudTrail log file integrity validation":
///
/// ```text
/// digestEndTime \n digestS3Bucket/digestS3Object \n hex(SHA-256(uncompressed digest)) \n previousDigestSignature
/// ```
///
/// without a newline at its end, `digestEndTime` to the letter, and the word `null` for a starting digest.
pub fn data_signing_string(claims: &DigestClaims, sha256: &[u8; 32]) -> String {
    let previous = claims.previous.as_ref().map_or("null", |previous| previous.signature.as_str());
    format!("{}\n{}/{}\n{}\n{previous}", claims.end_verbatim, claims.at.bucket, claims.at.key, hex::encode(sha256),)
}
