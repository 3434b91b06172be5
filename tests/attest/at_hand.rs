//! Files that openssl and securesystemslib made once (`testdata/attest/make`): what is tested where there is neither.

use std::fs;
use std::path::Path;

use trailseal::attest::timestamp::{Claim, Query, TimestampError, TrustedAuthorities};
use trailseal::attest::{Certificate, CertificateProblem, Envelope, PemSigner, Refused, Signer, TrustedSigners};
use trailseal::trail::Time;

fn file(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/attest").join(name)).unwrap()
}

#[test]
fn envelopes_of_every_kind_of_key_verify() {
    let at = Time::from_unix(0);
    for kind in ["ed25519", "p256", "p384", "rsa"] {
        let envelope = Envelope::parse(&file(&format!("{kind}.json"))).unwrap();
        let trusted = TrustedSigners::parse(&file(&format!("{kind}.pub"))).unwrap();
        let verified = trusted.verify(&envelope, at).unwrap();
        assert_eq!(verified.payload(), file("statement.json"));
        assert_eq!(verified.statement().unwrap().subjects()[0].name, "manifest.json");
        assert_eq!(verified.signed_by()[0].key.key_id(), envelope.signatures()[0].key_id);
        // Written here, and read again, it is the same.
        assert_eq!(Envelope::parse(&envelope.to_json()).unwrap(), envelope);
        for other in ["ed25519", "p256", "p384", "rsa"].into_iter().filter(|other| *other != kind) {
            let others = TrustedSigners::parse(&file(&format!("{other}.pub"))).unwrap();
            let refused = others.verify(&envelope, at).unwrap_err();
            assert!(matches!(refused, Refused::ByOthers { .. }));
            assert!(refused.to_string().contains("name the public key"), "{refused}");
        }
    }
}

#[test]
fn a_key_that_everybody_has_signs_in_its_certificates_name() {
    let signer = PemSigner::from_pem(&file("everybodys-key.pem")).unwrap();
    let certificate = Certificate::parse(&file("p256.crt")).unwrap();
    assert_eq!(signer.public_key(), certificate.public_key());
    assert_eq!(certificate.subject(), "O=Example, CN=signer");
    let mut envelope = Envelope::parse(&file("rsa.json")).unwrap();
    envelope.sign(&signer).unwrap();
    envelope.sign(&signer).unwrap();
    assert_eq!(envelope.signatures().len(), 2);
    let trusted = TrustedSigners::parse(&file("p256.crt")).unwrap();
    let verified = trusted.verify(&envelope, certificate.validity().start).unwrap();
    assert_eq!(verified.unverified().len(), 1);
    assert!(matches!(trusted.verify(&envelope, Time::from_unix(0)), Err(Refused::Certificate { .. })));
    // One that lies beside is told of, where it is of the key that signed.
    let by_key = TrustedSigners::parse(&file("p256.pub")).unwrap();
    let by = by_key.verify(&envelope, Time::from_unix(0)).unwrap().signed_by()[0].clone();
    assert_eq!((by.certificate.as_ref(), by.fits(&certificate, certificate.validity().end)), (None, Ok(())));
    assert!(matches!(by.fits(&certificate, Time::from_unix(0)), Err(CertificateProblem::NotYetValid { .. })));
    let by_other = TrustedSigners::parse(&file("rsa.pub")).unwrap().verify(&envelope, Time::from_unix(0)).unwrap();
    let other = by_other.signed_by()[0].fits(&certificate, certificate.validity().end);
    assert_eq!(other, Err(CertificateProblem::OtherKey));
    // Nothing is added that does not verify.
    let before = envelope.clone();
    assert!(envelope.add(signer.public_key(), vec![0; 64]).is_err());
    assert_eq!(envelope, before);
}

#[test]
fn a_signature_in_the_name_of_a_key_that_did_not_make_it() {
    let text = String::from_utf8(file("ed25519.json")).unwrap();
    let envelope = Envelope::parse(text.replace("in-toto", "in-tota").as_bytes()).unwrap();
    let trusted = TrustedSigners::parse(&file("ed25519.pub")).unwrap();
    let refused = trusted.verify(&envelope, Time::from_unix(0)).unwrap_err();
    assert!(matches!(refused, Refused::PayloadType(_)), "{refused}");
    let mut changed: serde_json::Value = serde_json::from_str(&text).unwrap();
    changed["payload"] = serde_json::json!("e30=");
    let envelope = Envelope::parse(changed.to_string().as_bytes()).unwrap();
    let refused = trusted.verify(&envelope, Time::from_unix(0)).unwrap_err();
    assert!(matches!(refused, Refused::Invalid(_)), "{refused}");
}

#[test]
fn a_time_stamp_verifies_by_the_authority_that_was_named() {
    let (stamp, envelope) = (file("ed25519.tsr"), file("ed25519.json"));
    let claim = Claim::read(&stamp, &envelope).unwrap();
    let named = TrustedAuthorities::parse(&file("ca.crt")).unwrap();
    let stamp_of = claim.trusted_by(&named).unwrap();
    assert_eq!((stamp_of.authority(), stamp_of.vouched_by()), ("O=Example, CN=tsa", "CN=root"));
    assert_eq!(stamp_of.time(), claim.unverified_time());
    assert_eq!(claim.unverified_authority(), "O=Example, CN=tsa");
    let others = TrustedAuthorities::parse(&file("p256.crt")).unwrap();
    let untrusted = claim.trusted_by(&others).unwrap_err();
    assert!(untrusted.to_string().contains("name the authority's certificate"), "{untrusted}");
    assert_eq!(claim.trusted_by(&TrustedAuthorities::none()), Err(TimestampError::NobodyNamed));
    assert!(matches!(Claim::read(&stamp, b"other"), Err(TimestampError::Imprint { .. })));
    assert_eq!(Query::new(&envelope, 1).accept(&stamp), Err(TimestampError::Nonce));
}
