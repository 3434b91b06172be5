//! Every change of one byte, and of what else decides, is seen.

use serde_json::{Value, json};
use trailseal::attest::{Envelope, TrustedSigners};

use crate::openssl::{KINDS, OpenSsl, signed, soon};

#[test]
fn no_byte_of_an_envelope_can_be_changed() {
    let Some(openssl) = OpenSsl::find() else { return };
    for (kind, _) in KINDS {
        let signer = openssl.key(kind, kind);
        let envelope = signed(&[&signer]);
        let trusted = TrustedSigners::parse(&openssl.read(&format!("{kind}.pub"))).unwrap();
        let good: Value = serde_json::from_slice(&envelope.to_json()).unwrap();
        let believed = |changed: &Value| {
            let read = Envelope::parse(changed.to_string().as_bytes()).ok()?;
            trusted.verify(&read, soon()).ok().map(|_| read)
        };
        assert!(believed(&good).is_some());
        for pointer in ["/payload", "/payloadType", "/signatures/0/sig"] {
            let text = good.pointer(pointer).unwrap().as_str().unwrap();
            for at in 0..text.len() {
                for to in [b'A', b'-', b'=', text.as_bytes()[at] ^ 1] {
                    let mut bytes = text.as_bytes().to_vec();
                    if bytes[at] == to {
                        continue;
                    }
                    bytes[at] = to;
                    let Ok(changed) = String::from_utf8(bytes) else { continue };
                    let mut whole = good.clone();
                    *whole.pointer_mut(pointer).unwrap() = json!(changed);
                    // The other alphabet may spell the same bytes; nothing else may be believed.
                    assert!(believed(&whole).is_none_or(|read| read == envelope), "{kind} {pointer} {at} {to}");
                }
            }
        }
        // What is no more than a hint decides nothing.
        let mut unnamed = good.clone();
        unnamed["signatures"][0].as_object_mut().unwrap().remove("keyid");
        unnamed["unknown"] = json!({"of": "no matter"});
        assert!(believed(&unnamed).is_some());
        let url_safe = |text: &Value| json!(text.as_str().unwrap().replace('+', "-").replace('/', "_"));
        let mut other = good.clone();
        other["payload"] = url_safe(&good["payload"]);
        other["signatures"][0]["sig"] = url_safe(&good["signatures"][0]["sig"]);
        assert_eq!(believed(&other), Some(envelope));
    }
}
