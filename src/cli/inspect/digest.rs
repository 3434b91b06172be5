//! One digest file: every step of its verification.

use std::io::Write;

use bytes::Bytes;

use super::{Inspected, Outcome, step};
use crate::cli::Failure;
use crate::digest::{
    DefectKind, DigestClaims, DigestMetadata, FetchedDigest, ParsedDigest, SignatureSource, SuccessorSignature,
    data_signing_string,
};
use crate::limits::Limits;
use crate::logfile::Framing;
use crate::store::ObjectStore;
use crate::trail::{DigestKey, ObjectLocation, Time};

pub(super) fn inspect(file: &Inspected, limits: &Limits, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let store = file.store(limits)?;
    let body = match (&store, &file.key) {
        // Where it lies in a copy, it is read as an audit reads it: through no link.
        (Some(store), Some(key)) => match runtime.block_on(stored(store, key, limits)) {
            Ok(body) => body,
            Err(why) => {
                step(out, "content", &format!("could not be read from the copy: {why}"))?;
                return Ok(Outcome::Unproven);
            }
        },
        _ => Bytes::from(file.body.clone()),
    };
    let (metadata, successor) = match (&store, file.key.clone().or_else(|| own_word(body.clone(), limits))) {
        (Some(store), Some(key)) => runtime.block_on(neighbourhood(store, &key, limits)),
        _ => (DigestMetadata::default(), None),
    };
    let fetched = FetchedDigest {
        at: ObjectLocation::new("", file.key.clone().unwrap_or_default()),
        body,
        framing: Framing::GzipOrPlain,
        metadata,
    };
    let parsed = match parse(fetched, file.key.is_some(), limits) {
        Ok(parsed) => parsed,
        Err((kind, sha256)) => {
            if let Some(sha256) = sha256 {
                step(out, "SHA-256", &hex::encode(sha256))?;
            }
            if let (DefectKind::Moved { recorded }, Some(guessed)) = (&kind, &file.guessed)
                && let Some(root) = guessed.fits(&guessed.key, &recorded.key)
            {
                return Err(guessed.is_wrong(&recorded.to_string(), &root));
            }
            return refused(&kind, out);
        }
    };
    fields(parsed.claims(), out)?;
    step(out, "SHA-256", &hex::encode(parsed.sha256()))?;
    step(
        out,
        "location",
        if file.key.is_some() {
            "it lies under the key it was delivered to"
        } else {
            "not checked: it lies under no digest file's key in a directory of evidence; its own word is taken"
        },
    )?;
    let mut name = "data signing string";
    for line in data_signing_string(parsed.claims(), parsed.sha256()).split('\n') {
        step(out, std::mem::take(&mut name), line)?;
    }
    verify(file, parsed, successor.as_ref(), out)
}

type Refusal = (DefectKind, Option<[u8; 32]>);

/// Reads it; one that lies nowhere is held against the key that it names itself.
fn parse(mut fetched: FetchedDigest, placed: bool, limits: &Limits) -> Result<ParsedDigest, Refusal> {
    let refusal = |defect: Box<crate::digest::DigestDefect>| (defect.kind, defect.sha256);
    if placed {
        return fetched.parse(limits).map_err(refusal);
    }
    match fetched.clone().parse(limits).map_err(refusal) {
        Err((DefectKind::Moved { recorded }, _)) => {
            fetched.at = recorded;
            fetched.parse(limits).map_err(refusal)
        }
        other => other,
    }
}

fn fields(claims: &DigestClaims, out: &mut dyn Write) -> Result<(), Failure> {
    step(out, "account", &claims.account_id)?;
    step(out, "covers", &format!("{} to {}", claims.start, claims.end))?;
    step(out, "delivered to", &claims.at.to_string())?;
    step(out, "key fingerprint", &claims.fingerprint)?;
    match &claims.previous {
        None => step(out, "previous digest", "none: this is a starting digest")?,
        Some(previous) => {
            step(out, "previous digest", &previous.at.to_string())?;
            step(out, "  its SHA-256", &previous.hash.to_string())?;
            step(out, "  its signature", &previous.signature)?;
        }
    }
    step(out, "log files", &claims.log_files.len().to_string())?;
    for log in &claims.log_files {
        step(out, "", &format!("{}  {}", log.hash, log.at.key))?;
    }
    Ok(())
}

fn verify(
    file: &Inspected,
    parsed: ParsedDigest,
    successor: Option<&SuccessorSignature>,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let fingerprint = parsed.claims().fingerprint.clone();
    match file.keys.get(&fingerprint) {
        Some(key) => {
            let window = key.validity.map_or("not given".to_owned(), |window| window.to_string());
            step(
                out,
                "public key",
                &format!("{} ({} bits, {}), valid {window}", key.fingerprint(), key.bits(), key.form()),
            )?;
        }
        None if file.keys.is_empty() => step(out, "public key", "none given; give --public-keys")?,
        None => step(out, "public key", &format!("{fingerprint} is not among the {} given", file.keys.len()))?,
    }
    match parsed.verify(&file.keys, successor) {
        Err(failed) => refused(&failed.1.kind, out),
        Ok(verified) => {
            let source = match verified.signature_source() {
                SignatureSource::Metadata => "the object's metadata",
                SignatureSource::Successor => "its successor's previousDigestSignature",
                SignatureSource::SuccessorDespiteMetadata => "its successor; the one in its metadata does NOT verify",
            };
            step(out, "signature", &format!("verifies (RSASSA-PKCS1-v1_5, SHA-256), taken from {source}"))?;
            if let Some(window) = verified.outside_validity() {
                step(out, "note", &format!("it was signed outside the validity window of its key, {window}"))?;
            }
            let altered = verified.signature_source() == SignatureSource::SuccessorDespiteMetadata;
            Ok(if altered { Outcome::Contradicted } else { Outcome::Proven })
        }
    }
}

fn refused(kind: &DefectKind, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let (name, text, outcome) = match kind {
        DefectKind::Malformed(why) => ("content", format!("no well-formed digest file: {why}"), Outcome::Contradicted),
        DefectKind::OverLimit(limit) => ("content", format!("larger than {limit} bytes"), Outcome::Unproven),
        DefectKind::Moved { recorded } => {
            ("location", format!("it was delivered to {recorded} and lies elsewhere"), Outcome::Contradicted)
        }
        DefectKind::IdentityMismatch { field, name, content } => {
            ("identity", format!("its name says {name}, and its {field} is {content}"), Outcome::Contradicted)
        }
        DefectKind::KeyUnknown { complete: true, .. } => {
            ("signature", "made with a key that AWS does not list".to_owned(), Outcome::Contradicted)
        }
        DefectKind::KeyUnknown { .. } => {
            ("signature", "not checked: its key was not given".to_owned(), Outcome::Unproven)
        }
        DefectKind::SignatureMissing => {
            ("signature", "none, neither in its metadata nor in a successor".to_owned(), Outcome::Unproven)
        }
        DefectKind::SignatureInvalid { signature, .. } => {
            ("signature", format!("does NOT verify: {signature}"), Outcome::Contradicted)
        }
    };
    step(out, name, &text)?;
    Ok(outcome)
}

/// What lies under a key.
async fn stored(store: &dyn ObjectStore, key: &str, limits: &Limits) -> Result<Bytes, String> {
    let object = store.get(key).await.map_err(|error| error.to_string())?;
    object.body.collect(limits.log_inflated).await.map_err(|error| error.to_string())
}

/// The key that a digest says that it was delivered to.
fn own_word(body: Bytes, limits: &Limits) -> Option<String> {
    let fetched = FetchedDigest {
        at: ObjectLocation::new("", ""),
        body,
        framing: Framing::GzipOrPlain,
        metadata: DigestMetadata::default(),
    };
    match parse(fetched, false, limits) {
        Ok(parsed) => Some(parsed.claims().at.key.clone()),
        Err(_) => None,
    }
}

/// Its metadata, and what its successor says its signature is.
async fn neighbourhood(
    store: &dyn ObjectStore,
    key: &str,
    limits: &Limits,
) -> (DigestMetadata, Option<SuccessorSignature>) {
    let metadata = store.get(key).await.map(|object| object.metadata).unwrap_or_default();
    let Some(parsed) = DigestKey::parse(key) else { return (metadata, None) };
    for hours in 1..=2 {
        let end = parsed.end.plus(hours * Time::HOUR);
        let next = DigestKey { end, ..parsed.clone() }.key();
        let Ok(object) = store.get(&next).await else { continue };
        let Ok(body) = object.body.collect(limits.digest_stored).await else { continue };
        let at = ObjectLocation::new("", next);
        let fetched = FetchedDigest { at, body, framing: store.framing(), metadata: object.metadata };
        let previous = fetched.parse(limits).ok().and_then(|digest| digest.claims().previous.clone());
        // Its word is only a candidate here: a signature that verifies is proof wherever it came from.
        if let Some(previous) = previous.filter(|previous| previous.at.key == key) {
            return (metadata, Some(SuccessorSignature { hex: previous.signature, believed: false }));
        }
    }
    (metadata, None)
}
