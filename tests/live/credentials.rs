//! Who may ask: access keys, their secrets, and the tokens of those that are lent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use hyper::HeaderMap;
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};

/// The one access key that every world begins with.
pub(crate) const ACCESS_KEY: &str = "AKIALIVETESTEXAMPLE1";
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI+K7MDENG/bPxRfiCYliveTESTkey";

/// Every access key that is known, and every signature that was seen.
#[derive(Clone)]
pub(crate) struct Credentials(Arc<Mutex<Known>>);

struct Known {
    keys: BTreeMap<String, Issued>,
    signatures: BTreeSet<String>,
}

#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) secret: String,
    pub(crate) session_token: Option<String>,
    pub(crate) expired: bool,
}

/// What the header `Authorization` says of itself.
pub(crate) struct Scope {
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

/// Why somebody may not ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unsigned,
    UnknownKey,
    WrongToken,
    Expired,
}

impl Credentials {
    pub(crate) fn new() -> Credentials {
        let issued = Issued { secret: SECRET_KEY.to_owned(), session_token: None, expired: false };
        let keys = BTreeMap::from([(ACCESS_KEY.to_owned(), issued)]);
        Credentials(Arc::new(Mutex::new(Known { keys, signatures: BTreeSet::new() })))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap()
    }

    /// Lends an access key, as `AssumeRole` does; its secret and its token follow from its number.
    pub(crate) fn lend(&self) -> (String, Issued) {
        let mut known = self.known();
        let number = known.keys.len();
        let issued = Issued {
            secret: format!("lentSecretNumber{number:04}/bPxRfiCYliveTEST"),
            session_token: Some(format!("FwoGZXIvYXdzEBYaDlentSessionTokenNumber{number:04}==")),
            expired: false,
        };
        let access_key = format!("ASIALIVETEST{number:08}");
        known.keys.insert(access_key.clone(), issued.clone());
        (access_key, issued)
    }

    /// From now on whoever asks with this access key is told that it has expired.
    pub(crate) fn expire(&self, access_key: &str) {
        self.known().keys.get_mut(access_key).expect("a known access key").expired = true;
    }

    /// Everything that must never be printed: secrets, tokens, and the signatures that were made with them.
    pub(crate) fn secrets(&self) -> (Vec<String>, BTreeSet<String>) {
        let known = self.known();
        let secrets = known.keys.values().flat_map(|issued| [Some(&issued.secret), issued.session_token.as_ref()]);
        (secrets.flatten().cloned().collect(), known.signatures.clone())
    }

    /// Whether a request is signed with an access key that is known, with its token. The signature itself is S3's to
    /// check; what the other services answer is the same for all.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<Scope, Refusal> {
        let scope = Scope::of(headers).ok_or(Refusal::Unsigned)?;
        let mut known = self.known();
        let text = headers["authorization"].to_str().unwrap_or_default();
        known.signatures.extend(text.split_once("Signature=").map(|(_, signature)| signature.to_owned()));
        let issued = known.keys.get(&scope.access_key).ok_or(Refusal::UnknownKey)?;
        let token = headers.get("x-amz-security-token").and_then(|token| token.to_str().ok());
        match issued {
            Issued { expired: true, .. } => Err(Refusal::Expired),
            Issued { session_token, .. } if session_token.as_deref() != token => Err(Refusal::WrongToken),
            _ => Ok(scope),
        }
    }
}

#[async_trait::async_trait]
impl S3Auth for Credentials {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let known = self.known();
        match known.keys.get(access_key) {
            Some(issued) => Ok(SecretKey::from(issued.secret.as_str())),
            None => {
                Err(s3_error!(InvalidAccessKeyId, "The AWS Access Key Id you provided does not exist in our records."))
            }
        }
    }
}

impl Scope {
    /// `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=…, Signature=…`
    pub(crate) fn of(headers: &HeaderMap) -> Option<Scope> {
        let text = headers.get("authorization")?.to_str().ok()?;
        let credential = text.strip_prefix("AWS4-HMAC-SHA256 ")?.split_once("Credential=")?.1.split(',').next()?;
        let mut parts = credential.split('/');
        let (access_key, _date, region, service) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(Scope { access_key: access_key.to_owned(), region: region.to_owned(), service: service.to_owned() })
    }
}
