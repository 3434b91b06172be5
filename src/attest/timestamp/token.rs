//! What a token says (`TSTInfo`), and that it is signed with the key of the certificate in it (CMS `SignedData`).
//!
//! RFC 3161, section 2.4.2; RFC 5652, section 5; RFC 5035 for the attribute that names the certificate.

use der::asn1::ObjectIdentifier;
use der::{AnyRef, Tag, Tagged};
use sha1::Sha1;
use sha2::Digest;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::limits::TIMESTAMP_CERTIFICATES;
use crate::trail::Time;

use super::TimestampError;
use super::asn1::{Fields, bytes, is_tagged, trimmed, whole, wrap};
use super::scheme::{Hash, Scheme};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Info {
    pub(super) policy: String,
    pub(super) imprint_hash: Option<Hash>,
    pub(super) imprint: Vec<u8>,
    pub(super) serial: String,
    pub(super) time: Time,
    pub(super) nonce: Option<Vec<u8>>,
}

/// A token whose signature verifies with the key of a certificate in it. Whose that is, is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) info: Info,
    /// DER of the certificate that signed.
    pub(super) signer: Vec<u8>,
    /// DER of all certificates that came along.
    pub(super) certificates: Vec<Vec<u8>>,
}

/// Reads a token, a `ContentInfo`, and checks its signature.
pub(super) fn read(content_info: AnyRef<'_>) -> Result<Token, TimestampError> {
    let mut content_info = Fields::of("token", content_info)?;
    if content_info.oid()? != SIGNED_DATA {
        return Err(content_info.wrong());
    }
    let explicit = content_info.tagged(0).ok_or(content_info.wrong())?;
    content_info.end()?;
    let mut signed = Fields::of("signed data", Fields::within("token", explicit)?.only()?)?;
    signed.expect(Tag::Integer)?;
    signed.expect(Tag::Set)?;
    let mut encapsulated = Fields::of("signed data", signed.next()?)?;
    if encapsulated.oid()? != TST_INFO {
        return Err(TimestampError::Malformed("content, which is no time-stamp,"));
    }
    let explicit = encapsulated.tagged(0).ok_or(encapsulated.wrong())?;
    encapsulated.end()?;
    let content = Fields::within("signed data", explicit)?.only()?;
    if content.tag() != Tag::OctetString {
        return Err(signed.wrong());
    }
    let certificates = match signed.tagged(0) {
        Some(set) => {
            Fields::within("certificates", set)?.map(|one| bytes("certificates", one)).collect::<Result<_, _>>()?
        }
        None => Vec::new(),
    };
    if certificates.len() > TIMESTAMP_CERTIFICATES {
        return Err(TimestampError::Malformed("list of certificates, which is too long,"));
    }
    // Revocation lists say nothing about the time of signing, and are passed over.
    signed.tagged(1);
    // RFC 3161, section 2.4.2: the token must not contain any signatures other than that of the authority.
    let signer_info = Fields::within("signers", signed.expect(Tag::Set)?)?.only()?;
    signed.end()?;
    let signer = verify_signer(signer_info, content.value(), &certificates)?;
    Ok(Token { info: tst_info(whole("TSTInfo", content.value())?)?, signer, certificates })
}

/// Checks a `SignerInfo`, and gives the certificate with whose key it verifies.
fn verify_signer(info: AnyRef<'_>, content: &[u8], certificates: &[Vec<u8>]) -> Result<Vec<u8>, TimestampError> {
    let mut info = Fields::of("signer", info)?;
    info.expect(Tag::Integer)?;
    let who = info.next()?;
    let mut hash = Fields::of("signer", info.next()?)?;
    let hash = Hash::named(hash.oid()?).ok_or(TimestampError::Algorithm)?;
    let attributes = info.tagged(0).ok_or(info.wrong())?;
    let algorithm = info.expect(Tag::Sequence)?;
    let signature = info.expect(Tag::OctetString)?;
    // Unsigned attributes are nobody's word.
    info.tagged(1);
    info.end()?;

    let mut signer = None;
    for der in certificates {
        let Ok((_, certificate)) = X509Certificate::from_der(der) else { continue };
        if is_meant(who, &certificate)? {
            signer = Some((der, certificate));
            break;
        }
    }
    let (der, certificate) = signer.ok_or(TimestampError::NoCertificate)?;
    signed_attributes(attributes, content, hash, der)?;
    // RFC 5652, section 5.4: signed is the SET OF, not the implicit tag that it is sent under.
    let message = wrap(Tag::Set, attributes.value())?;
    let spki = certificate.public_key();
    let mut key = Fields::of("certificate", whole("certificate", spki.raw)?)?;
    let key = key.expect(Tag::Sequence)?.value();
    let scheme = Scheme::of(key, algorithm.value(), hash).ok_or(TimestampError::Algorithm)?;
    if !scheme.verifies(&spki.subject_public_key.data, &message, signature.value()) {
        return Err(TimestampError::Signature);
    }
    Ok(der.clone())
}

/// Whether a `SignerIdentifier` means that certificate.
fn is_meant(who: AnyRef<'_>, certificate: &X509Certificate<'_>) -> Result<bool, TimestampError> {
    if who.tag() == Tag::Sequence {
        let mut who = Fields::of("signer", who)?;
        let issuer = bytes("signer", who.next()?)?;
        let serial = who.expect(Tag::Integer)?;
        return Ok(issuer == certificate.issuer().as_raw() && serial.value() == certificate.raw_serial());
    }
    let identifier = certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        x509_parser::extensions::ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0),
        _ => None,
    });
    Ok(is_tagged(who.tag(), 0) && identifier == Some(who.value()))
}

/// Checks the attributes that are signed: that they are of this content, and that the certificate is the one that is meant.
fn signed_attributes(set: AnyRef<'_>, content: &[u8], hash: Hash, signer: &[u8]) -> Result<(), TimestampError> {
    const OF: &str = "signed attributes";
    let (mut kind, mut digest, mut certificate) = (None, None, None);
    for attribute in Fields::within(OF, set)? {
        let mut attribute = Fields::of(OF, attribute)?;
        let oid = attribute.oid()?;
        let values = attribute.expect(Tag::Set)?;
        attribute.end()?;
        let seen = match oid {
            CONTENT_TYPE => &mut kind,
            MESSAGE_DIGEST => &mut digest,
            SIGNING_CERTIFICATE | SIGNING_CERTIFICATE_V2 => {
                let value = Fields::within(OF, values)?.only()?;
                let named = names_certificate(value, oid == SIGNING_CERTIFICATE_V2, signer)?;
                certificate = Some(certificate.unwrap_or(true) && named);
                continue;
            }
            _ => continue,
        };
        if seen.replace(Fields::within(OF, values)?.only()?).is_some() {
            return Err(TimestampError::Malformed(OF));
        }
    }
    let (kind, digest) = kind.zip(digest).ok_or(TimestampError::Malformed(OF))?;
    let is_time_stamp = kind.decode_as::<ObjectIdentifier>().is_ok_and(|kind| kind == TST_INFO);
    if !is_time_stamp || digest.tag() != Tag::OctetString || digest.value() != hash.of(content) {
        return Err(TimestampError::Signature);
    }
    match certificate {
        Some(true) => Ok(()),
        // RFC 3161, section 2.4.2: without it, another certificate of the same key could be put in its place.
        Some(false) | None => Err(TimestampError::NoCertificate),
    }
}

/// Whether `SigningCertificate`, of either version, means that certificate: the first that it names is the signer's.
fn names_certificate(value: AnyRef<'_>, second: bool, signer: &[u8]) -> Result<bool, TimestampError> {
    const OF: &str = "attribute that names the certificate";
    let list = Fields::of(OF, value)?.next()?;
    let mut first = Fields::of(OF, Fields::of(OF, list)?.next()?)?;
    let hash = if second {
        let algorithm = first.optional(Tag::Sequence);
        let hash =
            algorithm.map_or(Ok(Some(Hash::Sha256)), |algorithm| Fields::of(OF, algorithm)?.oid().map(Hash::named));
        hash?.ok_or(TimestampError::Algorithm)?.of(signer)
    } else {
        // The first version knows SHA-1 alone. It chooses among certificates here, and what it chose is checked.
        Sha1::digest(signer).to_vec()
    };
    Ok(first.expect(Tag::OctetString)?.value() == hash)
}

fn tst_info(value: AnyRef<'_>) -> Result<Info, TimestampError> {
    let mut fields = Fields::of("TSTInfo", value)?;
    if fields.expect(Tag::Integer)?.value() != [1] {
        return Err(fields.wrong());
    }
    let policy = fields.oid()?.to_string();
    let mut imprint = Fields::of("TSTInfo", fields.next()?)?;
    let imprint_hash = Hash::named(Fields::of("TSTInfo", imprint.next()?)?.oid()?);
    let hashed = imprint.expect(Tag::OctetString)?.value().to_vec();
    imprint.end()?;
    let serial = hex::encode(fields.expect(Tag::Integer)?.value());
    let time = generalized_time(fields.expect(Tag::GeneralizedTime)?.value()).ok_or(fields.wrong())?;
    // How exact the time is.
    fields.optional(Tag::Sequence);
    // Whether tokens can be ordered by it.
    fields.optional(Tag::Boolean);
    let nonce = fields.optional(Tag::Integer).map(|nonce| trimmed(nonce.value()).to_vec());
    // A name of the authority. The certificate has one, and is bound to the signature.
    fields.tagged(0);
    if let Some(extensions) = fields.tagged(1) {
        for extension in Fields::within("TSTInfo", extensions)? {
            let mut extension = Fields::of("TSTInfo", extension)?;
            extension.oid()?;
            if extension.optional(Tag::Boolean).is_some_and(|critical| critical.value() != [0]) {
                return Err(TimestampError::Malformed("critical extension, which is not understood here,"));
            }
        }
    }
    fields.end()?;
    Ok(Info { policy, imprint_hash, imprint: hashed, serial, time, nonce })
}

/// `20260131080000Z`, with a fraction or without; the fraction is dropped, for the time that counts is *not later than*
/// a second after.
fn generalized_time(text: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (seconds, fraction) = text.split_once('.').map_or((text, "0"), |(seconds, fraction)| (seconds, fraction));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if seconds.len() != 14 || !digits(seconds) || !digits(fraction) {
        return None;
    }
    Time::parse_compact(&format!("{}T{}Z", &seconds[..8], &seconds[8..]))
}
