//! What is no key, no envelope and no statement, and that it is said what to do.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use trailseal::attest::{
    Envelope, KeyError, PAYLOAD_TYPE, PREDICATE_TYPE, PemSigner, STATEMENT_TYPE, Statement, TrustedSigners,
};

use crate::openssl::{OpenSsl, statement};

#[test]
fn keys_that_are_none_or_not_good_enough() {
    let Some(openssl) = OpenSsl::find() else { return };
    let key = |arguments: &[&str]| {
        openssl.run(&[arguments, &["-out", "key.pem"]].concat());
        openssl.run(&["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub"]);
        let private = PemSigner::from_pem(&openssl.read("key.pem")).unwrap_err();
        assert_eq!(TrustedSigners::parse(&openssl.read("key.pub")).unwrap_err(), private);
        assert!(private.to_string().contains("use ") || private.to_string().contains("make "), "{private}");
        private
    };
    let rsa = |option: &str, more: &str| key(&["genpkey", "-algorithm", "RSA", "-pkeyopt", option, "-pkeyopt", more]);
    assert_eq!(rsa("rsa_keygen_bits:1024", "rsa_keygen_pubexp:65537"), KeyError::RsaSize(1024));
    assert_eq!(rsa("rsa_keygen_bits:2048", "rsa_keygen_pubexp:3"), KeyError::RsaExponent);
    assert_eq!(rsa("rsa_keygen_bits:2048", "rsa_keygen_pubexp:65539"), KeyError::RsaExponent);
    let curve = |name: &str| key(&["genpkey", "-algorithm", "EC", "-pkeyopt", &format!("ec_paramgen_curve:{name}")]);
    assert!(matches!(curve("P-521"), KeyError::Curve(_)));
    assert!(matches!(curve("secp256k1"), KeyError::Curve(_)));
    for other in ["ed448", "x25519", "RSA-PSS"] {
        assert!(matches!(key(&["genpkey", "-algorithm", other]), KeyError::Algorithm(_)), "{other}");
    }

    let signer = openssl.key("p256", "p256");
    drop(signer);
    let (private, public) = (openssl.read("p256.pem"), openssl.read("p256.pub"));
    assert_eq!(TrustedSigners::parse(&private).unwrap_err(), KeyError::Private);
    assert_eq!(PemSigner::from_pem(&public).unwrap_err(), KeyError::Public("public key".to_owned()));
    openssl.run(&["pkcs8", "-topk8", "-in", "p256.pem", "-passout", "pass:secret", "-out", "locked.pem"]);
    assert_eq!(PemSigner::from_pem(&openssl.read("locked.pem")).unwrap_err(), KeyError::Encrypted);
    assert_eq!(PemSigner::from_pem(&[&private[..], &private].concat()).unwrap_err(), KeyError::TooMany);
    for at in 30..private.len() - 30 {
        let mut damaged = private.clone();
        damaged[at] ^= 1;
        // Another number may be another key; nothing may panic.
        let _ = PemSigner::from_pem(&damaged);
        assert!(PemSigner::from_pem(&private[..at]).is_err());
    }
    for at in 0..public.len() {
        let mut damaged = public.clone();
        damaged[at] ^= 1;
        let _ = TrustedSigners::parse(&damaged);
    }
}

#[test]
fn files_that_hold_no_key() {
    for file in [&b""[..], b"x", b"-----BEGIN ", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", b"{}"]
    {
        assert!(TrustedSigners::parse(file).is_err());
        assert!(PemSigner::from_pem(file).is_err());
    }
    let long = vec![b'-'; 2 << 20];
    assert!(matches!(TrustedSigners::parse(&[b"-----BEGIN ", &long[..]].concat()), Err(KeyError::TooLong(_))));
    // The neutral point and its like, as which every signature verifies.
    let weak = BASE64_STANDARD.decode("MCowBQYDK2VwAyEA").unwrap();
    let mut point = [0; 32];
    point[0] = 1;
    assert_eq!(TrustedSigners::parse(&[&weak[..], &point].concat()).unwrap_err(), KeyError::Weak);
}

#[test]
fn envelopes_that_are_none() {
    let payload = BASE64_STANDARD.encode(b"{}");
    let good = json!({"payload": payload, "payloadType": PAYLOAD_TYPE, "signatures": [{"keyid": "a", "sig": "AAAA"}]});
    Envelope::parse(good.to_string().as_bytes()).unwrap();
    let with = |pointer: &str, value: serde_json::Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed.to_string()
    };
    let many: Vec<_> = (0..17).map(|_| json!({"sig": "AAAA"})).collect();
    let text = good.to_string();
    let refused = [
        String::new(),
        "[]".to_owned(),
        "null".to_owned(),
        format!("{text} x"),
        format!("{text}{text}"),
        text.replace("\"payload\":", "\"payload\":\"\",\"payload\":"),
        text.replace("\"sig\":", "\"sig\":\"AAAA\",\"sig\":"),
        text.replace("\"keyid\":\"a\"", &format!("\"x\":{}{}", "[".repeat(100), "]".repeat(100))),
        "[".repeat(1 << 20),
        format!("{text}{}", " ".repeat(17 << 20)),
        with("/payload", json!("AA")),
        with("/payload", json!("AA=")),
        with("/payload", json!("AB==")),
        with("/payload", json!("A A=")),
        with("/payload", json!("+-AA")),
        with("/payload", json!(["AAAA"])),
        with("/payload", json!(null)),
        with("/payloadType", json!("")),
        with("/payloadType", json!("x".repeat(2_000))),
        with("/signatures", json!([])),
        with("/signatures", json!({})),
        with("/signatures", json!(many)),
        with("/signatures/0", json!("AAAA")),
        with("/signatures/0/sig", json!("")),
        with("/signatures/0/sig", json!("A".repeat(4_000))),
        with("/signatures/0/keyid", json!(7)),
        with("/signatures/0/keyid", json!("x".repeat(2_000))),
    ];
    for text in refused {
        let start: String = text.chars().take(200).collect();
        let error = Envelope::parse(text.as_bytes()).expect_err(&start).to_string();
        assert!(error.contains("obtain it again"), "{error}");
    }
}

#[test]
fn statements_that_are_none() {
    let good: serde_json::Value = serde_json::from_slice(&statement().to_json()).unwrap();
    assert_eq!(good["_type"], STATEMENT_TYPE);
    assert_eq!(good["predicateType"], PREDICATE_TYPE);
    assert_eq!(Statement::parse(good.to_string().as_bytes()).unwrap(), statement());
    let hash = good["subject"][0]["digest"]["sha256"].as_str().unwrap();
    let changes = [
        ("/_type", json!("https://in-toto.io/Statement/v0.1")),
        ("/predicateType", json!("https://slsa.dev/provenance/v1")),
        ("/predicateType", json!(7)),
        ("/subject", json!([])),
        ("/subject", json!({})),
        ("/subject/0", json!("manifest.json")),
        ("/subject/0/name", json!("")),
        ("/subject/0/name", json!("x".repeat(2_000))),
        ("/subject/0/name", good["subject"][1]["name"].clone()),
        ("/subject/0/digest", json!({"sha512": hash})),
        ("/subject/0/digest/sha256", json!(hash[1..])),
        ("/subject/0/digest/sha256", json!(format!("{hash}00"))),
        ("/subject/0/digest/sha256", json!("AB".repeat(32))),
    ];
    for (pointer, value) in changes {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        let error = Statement::parse(changed.to_string().as_bytes()).expect_err(pointer).to_string();
        assert!(error.contains("obtain the envelope again") || error.contains("name the envelope"), "{error}");
    }
    assert!(Statement::new(vec![], json!({})).is_err());
}
