//! Signed bundles: whose they are, and that no other files can be put under a signature.

use std::path::{Path, PathBuf};
use std::process::Command;

use trailseal::finding::Code;
use trailseal::report::{Report, Verdict};

use super::altered::forged;
use super::{bundle_of_the_trail, of_the_bundle, trailseal};

/// A private key and its certificate.
pub(crate) fn key_of(folder: &Path, who: &str) -> (PathBuf, PathBuf) {
    let (key, certificate) = (folder.join(format!("{who}.pem")), folder.join(format!("{who}.crt")));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "30", "-subj", &format!("/CN={who}")])
        .args(["-addext", "keyUsage=digitalSignature"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (key, certificate)
}

/// What verifying comes to with nothing but the bundle and whom to expect.
fn verify(bundle: &Path, signer: &Path) -> (Report, Option<i32>) {
    let arguments = ["verify", bundle.to_str().unwrap(), "--signer", signer.to_str().unwrap(), "--format", "json"];
    let output = trailseal(bundle.parent().unwrap(), &arguments);
    let report = Report::parse(&output.stdout);
    (report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))), output.status.code())
}

#[test]
fn a_named_signer_makes_a_bundle_provable_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let (key, certificate) = key_of(dir.path(), "auditor");
    let sign = ["--sign", key.to_str().unwrap(), "--certificate", certificate.to_str().unwrap()];
    let bundle = bundle_of_the_trail(dir.path(), "signed.zip", &sign);
    let (report, status) = verify(&bundle, &certificate);
    assert_eq!((report.verdict, status), (Verdict::Intact, Some(0)), "{:#?}", report.findings);
    assert!(report.public_keys.iter().all(|key| key.pinned));
    let signed = report.checks.performed.iter().find(|check| check.contains("signature of the bundle")).unwrap();
    assert!(signed.contains("CN=auditor"), "{signed}");

    // Of whoever is named by key alone, the bundle says whose that is, and the report that it is not verified.
    let public = dir.path().join("auditor.pub");
    let written = Command::new("openssl").args(["pkey", "-pubout", "-in"]).arg(&key).arg("-out").arg(&public).status();
    assert!(written.unwrap().success());
    let (report, status) = verify(&bundle, &public);
    assert_eq!(status, Some(0));
    let signed = report.checks.performed.iter().find(|check| check.contains("signature of the bundle")).unwrap();
    assert!(signed.contains("which is not verified: CN=auditor"), "{signed}");

    // Nobody else's word counts.
    let (_, other) = key_of(dir.path(), "other");
    let (report, status) = verify(&bundle, &other);
    assert_eq!((report.verdict, status), (Verdict::Inconclusive, Some(3)));
    assert_eq!(of_the_bundle(&report)[0].code, Code::BundleSignatureMissing);
    assert!(report.public_keys.iter().all(|key| !key.pinned));

    let unsigned = bundle_of_the_trail(dir.path(), "unsigned.zip", &[]);
    let (report, status) = verify(&unsigned, &certificate);
    assert_eq!((of_the_bundle(&report)[0].code, status), (Code::BundleSignatureMissing, Some(3)));
}

#[test]
fn other_files_under_a_signature_are_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let (key, certificate) = key_of(dir.path(), "auditor");
    let bundle = bundle_of_the_trail(dir.path(), "signed.zip", &["--sign", key.to_str().unwrap()]);
    let other = dir.path().join("other.zip");
    let (signature, file) = (Code::BundleSignatureInvalid, Code::BundleFileAltered);
    for (name, expected) in [
        ("report.json", vec![Code::BundleReportDiffers, signature]),
        ("HOW-TO-CHECK.md", vec![file, signature]),
        ("public-keys/public-keys.json", vec![file, signature]),
    ] {
        forged(&bundle, &other, true, |files| {
            if let Some(file) = files.get_mut(name) {
                file.push(b' ');
            }
        });
        let (report, status) = verify(&other, &certificate);
        let codes: Vec<Code> = of_the_bundle(&report).iter().map(|finding| finding.code).collect();
        assert_eq!((codes, status), (expected, Some(1)), "{name}");
        assert!(report.public_keys.iter().all(|key| !key.pinned), "{name}");
    }
    // A signature that was altered, in an archive that fits.
    for at in 0..40 {
        forged(&bundle, &other, false, |files| {
            if let Some(envelope) = files.get_mut("signature.dsse.json") {
                let at = at * envelope.len() / 40;
                envelope[at] ^= 1;
            }
        });
        let (report, status) = verify(&other, &certificate);
        assert!(matches!(status, Some(1 | 3)), "byte {at}: {status:?}");
        assert!(report.public_keys.iter().all(|key| !key.pinned), "byte {at}");
    }
}

#[test]
fn what_does_not_fit_is_said_before_the_audit() {
    let dir = tempfile::tempdir().unwrap();
    let ((key, certificate), (_, other)) = (key_of(dir.path(), "auditor"), key_of(dir.path(), "other"));
    let (key, out) = (key.to_str().unwrap(), dir.path().join("out.zip"));
    let make = |more: &[&str]| {
        let mut arguments = vec!["bundle", "trail", out.to_str().unwrap(), "--public-keys", "trail-public-keys.json"];
        arguments.extend(more);
        let made = trailseal(&super::testdata(), &arguments);
        assert!(!out.exists());
        (made.status.code(), String::from_utf8_lossy(&made.stderr).into_owned())
    };
    let (status, told) = make(&["--sign", key, "--certificate", other.to_str().unwrap()]);
    assert_eq!(status, Some(2));
    assert!(told.contains("certificate of another key"), "{told}");
    let (status, told) = make(&["--sign", certificate.to_str().unwrap()]);
    assert_eq!(status, Some(2), "{told}");
    assert_eq!(make(&["--certificate", certificate.to_str().unwrap()]).0, Some(2));
    let trail = super::testdata().join("trail");
    let arguments = ["verify", trail.to_str().unwrap(), "--signer", certificate.to_str().unwrap()];
    assert_eq!(trailseal(dir.path(), &arguments).status.code(), Some(2), "a directory is not signed");
}

/// Nobody need be named for a signature to be held against what is in the bundle; the certificate in it tells the key.
#[test]
fn a_changed_signature_or_certificate_is_found_whoever_was_named() {
    let dir = tempfile::tempdir().unwrap();
    let (key, certificate) = key_of(dir.path(), "auditor");
    let sign = ["--sign", key.to_str().unwrap(), "--certificate", certificate.to_str().unwrap()];
    let (bundle, other) = (bundle_of_the_trail(dir.path(), "signed.zip", &sign), dir.path().join("other.zip"));
    let unnamed = |bundle: &Path| super::verify(bundle, &[]);
    assert_eq!(unnamed(&bundle).1, Some(0));
    let files = super::zip::read(&bundle);
    let envelope = String::from_utf8(files["signature.dsse.json"].clone()).unwrap();
    // What it says of whose key it is is a hint.
    let key_id = envelope.find("\"keyid\"").map(|at| at..at + 90).unwrap();
    let mut changed = 0;
    let step = envelope.len() / 12;
    for at in (0..envelope.trim_end().len()).step_by(step).filter(|at| !key_id.contains(at)) {
        forged(&bundle, &other, false, |files| files.get_mut("signature.dsse.json").unwrap()[at] ^= 1);
        let (report, status) = unnamed(&other);
        let codes: Vec<Code> = of_the_bundle(&report).iter().map(|finding| finding.code).collect();
        assert!(codes.contains(&Code::BundleSignatureInvalid), "byte {at}: {codes:?}");
        assert_eq!(status, Some(1), "byte {at}");
        changed += 1;
    }
    assert!(changed > 8);
    let (_, strangers) = key_of(dir.path(), "stranger");
    let strangers =
        trailseal::attest::Certificate::parse(&std::fs::read(strangers).unwrap()).unwrap().to_pem().into_bytes();
    let with_more = [&files["signer-certificate.pem"][..], b"more\n"].concat();
    for file in [strangers, with_more, b"none".to_vec()] {
        forged(&bundle, &other, false, |files| drop(files.insert("signer-certificate.pem".to_owned(), file.clone())));
        for (report, status) in [unnamed(&other), verify(&other, &certificate)] {
            let found = of_the_bundle(&report);
            assert_eq!((found[0].code, status), (Code::BundleSignatureInvalid, Some(1)));
            assert!(found[0].message.contains("signer-certificate.pem"), "{}", found[0].message);
        }
    }
    forged(&bundle, &other, false, |files| drop(files.remove("signature.dsse.json")));
    assert_eq!(unnamed(&other).1, Some(1), "a certificate without a signature");
}
