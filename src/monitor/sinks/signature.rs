//! What a webhook is sent, signed with a secret that both sides know, so that whoever receives it knows who sent it and when.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::trail::Time;

/// The header that the signature stands in.
pub(super) const HEADER: &str = "x-trailseal-signature";

/// `t=<unix time>,v1=<hexadecimal HMAC-SHA256 of "t.body">`: the form that Stripe uses. The time is in what is signed, so that what
/// was sent long ago cannot be sent again as if it were new.
pub(super) fn of(secret: &str, at: Time, body: &str) -> String {
    let at = at.unix();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf %s '1768100700.{"id":"4fd2"}' | openssl dgst -sha256 -hmac SECRET`
    #[test]
    fn a_signature_is_what_openssl_makes() {
        let at = Time::from_unix(1_768_100_700);
        let body = "{\"id\":\"4fd2\"}";
        assert_eq!(
            of("whsec_test", at, body),
            "t=1768100700,v1=af2e1f357b280511fc25e077fc86d8eb14aef7f115a3358774728a5a62d9ba96"
        );
        let long = "k".repeat(100);
        assert_eq!(
            of(&long, at, body),
            "t=1768100700,v1=dbc5617aee0e5f80b8ba8f7dfc016f51fbefb4fdba6d33b272b57ff8ddd2a7fc"
        );
    }
}
