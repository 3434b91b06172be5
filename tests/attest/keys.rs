//! Keys in every form that `openssl` writes, and certificates.

use trailseal::attest::{Algorithm, Certificate, CertificateProblem, PemSigner, Refused, Signer, TrustedSigners};
use trailseal::trail::Time;

use crate::openssl::{KINDS, OpenSsl, signed, soon, statement};

#[test]
fn every_kind_of_key_signs_and_its_public_key_verifies() {
    let Some(openssl) = OpenSsl::find() else { return };
    for (kind, _) in KINDS {
        let signer = openssl.key(kind, kind);
        let envelope = signed(&[&signer]);
        let read = trailseal::attest::Envelope::parse(&envelope.to_json()).unwrap();
        assert_eq!(read, envelope);
        let trusted = TrustedSigners::parse(&openssl.read(&format!("{kind}.pub"))).unwrap();
        let verified = trusted.verify(&read, soon()).unwrap();
        assert_eq!(verified.statement().unwrap(), statement());
        assert_eq!(verified.signed_by()[0].key, *signer.public_key());
        assert_eq!(verified.unverified(), [""; 0]);
        // The same key and message, the same bytes: a bundle can be made again.
        assert_eq!(signed(&[&signer]), envelope);
        // In DER as well, and as openssl fingerprints it.
        openssl.run(&["pkey", "-in", &format!("{kind}.pem"), "-pubout", "-outform", "DER", "-out", "key.der"]);
        assert_eq!(TrustedSigners::parse(&openssl.read("key.der")).unwrap(), trusted);
        let (_, told) = openssl.asks(&["sha256", "key.der"]);
        assert!(told.contains(&signer.public_key().fingerprint()), "{told}");
        // openssl verifies the signature itself.
        openssl.write("message", envelope.message());
        openssl.write("signature", &envelope.signatures()[0].bytes);
        let key = format!("{kind}.pub");
        let verify =
            ["pkeyutl", "-verify", "-pubin", "-inkey", &key, "-sigfile", "signature", "-in", "message", "-rawin"];
        let more: &[&str] = match signer.public_key().algorithm() {
            Algorithm::Ed25519 => &[],
            Algorithm::EcdsaP256 => &["-digest", "sha256"],
            Algorithm::EcdsaP384 => &["-digest", "sha384"],
            Algorithm::RsaPss => {
                &["-digest", "sha256", "-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:32"]
            }
        };
        openssl.run(&[&verify[..], more].concat());
    }
}

#[test]
fn older_forms_of_private_keys_are_read() {
    let Some(openssl) = OpenSsl::find() else { return };
    for (curve, kind) in [("prime256v1", Algorithm::EcdsaP256), ("secp384r1", Algorithm::EcdsaP384)] {
        // With the block of parameters before the key that openssl writes.
        openssl.run(&["ecparam", "-name", curve, "-genkey", "-out", "sec1.pem"]);
        assert!(String::from_utf8(openssl.read("sec1.pem")).unwrap().contains("EC PARAMETERS"));
        let signer = PemSigner::from_pem(&openssl.read("sec1.pem")).unwrap();
        assert_eq!(signer.public_key().algorithm(), kind);
    }
    let signer = openssl.key("rsa", "rsa");
    openssl.run(&["rsa", "-in", "rsa.pem", "-traditional", "-out", "pkcs1.pem"]);
    let older = PemSigner::from_pem(&openssl.read("pkcs1.pem")).unwrap();
    assert_eq!(older.public_key(), signer.public_key());
    openssl.run(&["rsa", "-in", "rsa.pem", "-RSAPublicKey_out", "-out", "pkcs1.pub"]);
    let trusted = TrustedSigners::parse(&openssl.read("pkcs1.pub")).unwrap();
    trusted.verify(&signed(&[&signer]), soon()).unwrap();
}

#[test]
fn several_sign_and_it_is_said_who() {
    let Some(openssl) = OpenSsl::find() else { return };
    let signers: Vec<PemSigner> = KINDS.iter().map(|(kind, _)| openssl.key(kind, kind)).collect();
    let envelope = signed(&signers.iter().collect::<Vec<_>>());
    let mut all = TrustedSigners::none();
    for (at, (kind, _)) in KINDS.iter().enumerate() {
        let one = TrustedSigners::parse(&openssl.read(&format!("{kind}.pub"))).unwrap();
        all.merge(one.clone()).unwrap();
        let verified = one.verify(&envelope, soon()).unwrap();
        assert_eq!(verified.signed_by().len(), 1);
        assert_eq!(verified.signed_by()[0].key, *signers[at].public_key());
        assert_eq!(verified.unverified().len(), 3);
    }
    assert_eq!(all.verify(&envelope, soon()).unwrap().signed_by().len(), 4);
    let stranger = openssl.key("ed25519", "stranger");
    let refused = TrustedSigners::parse(stranger.public_key().to_pem().as_bytes()).unwrap().verify(&envelope, soon());
    assert!(matches!(refused, Err(Refused::ByOthers { .. })), "{refused:?}");
    assert_eq!(TrustedSigners::none().verify(&envelope, soon()), Err(Refused::NobodyNamed));
}

#[test]
fn certificates_must_be_of_the_key_in_their_time_and_for_signing() {
    let Some(openssl) = OpenSsl::find() else { return };
    for (kind, _) in KINDS {
        let signer = openssl.key(kind, kind);
        let envelope = signed(&[&signer]);
        let pem = openssl.certificate(kind, &["-days", "30", "-addext", "keyUsage=critical,digitalSignature"]);
        let certificate = Certificate::parse(&pem).unwrap();
        assert_eq!((certificate.subject(), certificate.issuer()), ("O=Example, CN=signer", "O=Example, CN=signer"));
        let verified = TrustedSigners::parse(&pem).unwrap().verify(&envelope, soon()).unwrap();
        assert_eq!(verified.signed_by()[0].certificate, Some(certificate.clone()));
        let der = TrustedSigners::parse(certificate.der()).unwrap();
        assert_eq!(der.verify(&envelope, soon()).unwrap(), verified);
        assert_eq!(Certificate::parse(certificate.to_pem().as_bytes()).unwrap(), certificate);

        let problem = |pem: &[u8], at: Time| match TrustedSigners::parse(pem).unwrap().verify(&envelope, at) {
            Err(Refused::Certificate { problem, .. }) => problem,
            other => panic!("{other:?}"),
        };
        let validity = certificate.validity();
        assert!(matches!(problem(&pem, validity.end.plus(1)), CertificateProblem::Expired { .. }));
        assert!(matches!(problem(&pem, validity.start.plus(-1)), CertificateProblem::NotYetValid { .. }));
        der.verify(&envelope, validity.end).unwrap();
        der.verify(&envelope, validity.start).unwrap();
        // Without the extension, a certificate allows everything; with another use in it, not this one.
        let bare = openssl.certificate(kind, &["-config", "/dev/null"]);
        TrustedSigners::parse(&bare).unwrap().verify(&envelope, soon()).unwrap();
        let other = openssl.certificate(kind, &["-addext", "keyUsage=critical,keyCertSign"]);
        assert_eq!(problem(&other, soon()), CertificateProblem::KeyUsage);
        let other = openssl.certificate(kind, &["-addext", "1.2.3.4=critical,DER:0500"]);
        assert_eq!(problem(&other, soon()), CertificateProblem::Critical("1.2.3.4".to_owned()));
        openssl.key(kind, "else");
        let other = openssl.certificate("else", &[]);
        let refused = TrustedSigners::parse(&other).unwrap().verify(&envelope, soon());
        assert!(matches!(refused, Err(Refused::ByOthers { .. })), "{refused:?}");
    }
}
