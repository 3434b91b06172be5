//! securesystemslib, by which in-toto and TUF sign and verify, against ours: both ways, every kind of key, the same key ids.
//! `.ci/run` installs it in the version that is pinned there.

use std::path::Path;
use std::process::Command;

use trailseal::attest::{Envelope, PemSigner, Signer, TrustedSigners};

use crate::openssl::{KINDS, OpenSsl, signed, soon, statement};

/// Runs one of the scripts beside this file; what it printed, if it was content.
fn python(openssl: &OpenSsl, script: &str, arguments: &[&str]) -> Result<String, String> {
    let python = std::env::var_os("TRAILSEAL_PYTHON");
    let python = python.expect("TRAILSEAL_PYTHON is the path of a Python that has securesystemslib");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attest/python").join(script);
    let run = Command::new(python).arg(script).args(arguments).current_dir(openssl.folder.path()).output().unwrap();
    let told = String::from_utf8(run.stdout).unwrap();
    if run.status.success() { Ok(told) } else { Err(String::from_utf8_lossy(&run.stderr).into_owned()) }
}

#[test]
#[ignore = "needs securesystemslib: .ci/run installs it"]
fn ours_is_verified_by_securesystemslib() {
    let openssl = OpenSsl::find().expect("openssl 3");
    for (kind, _) in KINDS {
        let signer = openssl.key(kind, kind);
        let envelope = signed(&[&signer]);
        openssl.write("envelope.json", envelope.to_json());
        let public = format!("{kind}.pub");
        let told = python(&openssl, "verify.py", &["envelope.json", &public]).unwrap();
        let expected = format!("{}\n{}\n", signer.key_id(), String::from_utf8(statement().to_json()).unwrap());
        assert_eq!(told, expected, "{kind}");
        let changed = String::from_utf8(envelope.to_json()).unwrap().replace("in-toto", "in+toto");
        openssl.write("envelope.json", changed);
        let refused = python(&openssl, "verify.py", &["envelope.json", &public]).unwrap_err();
        assert!(refused.contains("VerificationError"), "{refused}");
    }
}

#[test]
#[ignore = "needs securesystemslib: .ci/run installs it"]
fn theirs_is_verified_here() {
    let openssl = OpenSsl::find().expect("openssl 3");
    openssl.write("statement.json", statement().to_json());
    let signers: Vec<PemSigner> = KINDS.iter().map(|(kind, _)| openssl.key(kind, kind)).collect();
    let mut keys = vec!["statement.json".to_owned()];
    for (signer, (kind, _)) in signers.iter().zip(KINDS) {
        keys.push(format!("{kind}.pem"));
        let alone = python(&openssl, "sign.py", &["statement.json", &keys[keys.len() - 1]]).unwrap();
        let envelope = Envelope::parse(alone.as_bytes()).unwrap();
        assert_eq!(envelope.signatures()[0].key_id, signer.key_id());
        let trusted = TrustedSigners::parse(&openssl.read(&format!("{kind}.pub"))).unwrap();
        let verified = trusted.verify(&envelope, soon()).unwrap();
        assert_eq!(verified.statement().unwrap(), statement(), "{kind}");
        let changed = Envelope::parse(alone.replace("in-toto", "in+toto").as_bytes()).unwrap();
        assert!(trusted.verify(&changed, soon()).is_err());
    }
    let all = python(&openssl, "sign.py", &keys.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    let envelope = Envelope::parse(all.as_bytes()).unwrap();
    let mut trusted = TrustedSigners::none();
    for (kind, _) in KINDS {
        trusted.merge(TrustedSigners::parse(&openssl.read(&format!("{kind}.pub"))).unwrap()).unwrap();
    }
    assert_eq!(trusted.verify(&envelope, soon()).unwrap().signed_by().len(), 4);
}
