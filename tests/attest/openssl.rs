//! Keys, certificates and time-stamps, made by the program `openssl`. Where there is none, what needs it is not tested, and
//! says so; `.ci/run` sees to it that there is one.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;
use trailseal::attest::{Envelope, PemSigner, Statement, Subject};
use trailseal::trail::Time;

/// A folder in which `openssl` runs.
pub(crate) struct OpenSsl {
    pub(crate) folder: TempDir,
}

/// The kinds of keys, and how `openssl` makes one in `key.pem`.
pub(crate) const KINDS: [(&str, &[&str]); 4] = [
    ("ed25519", &["genpkey", "-algorithm", "ed25519", "-out"]),
    ("p256", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"]),
    ("p384", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out"]),
    ("rsa", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"]),
];

impl OpenSsl {
    /// None, and a word about it, where there is no `openssl` of the third generation.
    pub(crate) fn find() -> Option<OpenSsl> {
        let version = Command::new("openssl").arg("version").output();
        let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        if !version.starts_with("OpenSSL 3") {
            // Past the test runner, which keeps to itself what a test that passes prints.
            let told = format!("NOT TESTED: there is no openssl 3 here (`{}`)\n", version.trim());
            std::io::stderr().write_all(told.as_bytes()).unwrap();
            // Where everything is to be tested, that does not do.
            assert!(std::env::var_os("TRAILSEAL_PYTHON").is_none(), "openssl 3 is to be had");
            return None;
        }
        Some(OpenSsl { folder: tempfile::tempdir().unwrap() })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Runs it; whether it said yes, and what it wrote.
    pub(crate) fn asks(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new("openssl").args(arguments).current_dir(self.folder.path()).output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&told).into_owned())
    }

    /// Runs it, and it must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) {
        let (good, told) = self.asks(arguments);
        assert!(good, "openssl {arguments:?}: {told}");
    }

    /// Makes a private key and its public key, `NAME.pem` and `NAME.pub`.
    pub(crate) fn key(&self, kind: &str, name: &str) -> PemSigner {
        let (_, arguments) = KINDS.iter().find(|(of, _)| *of == kind).unwrap();
        let (private, public) = (format!("{name}.pem"), format!("{name}.pub"));
        self.run(&[arguments, &[private.as_str()][..]].concat());
        self.run(&["pkey", "-in", &private, "-pubout", "-out", &public]);
        PemSigner::from_pem(&self.read(&private)).unwrap()
    }

    /// Makes a self-signed certificate `NAME.crt` of the key in `NAME.pem`.
    pub(crate) fn certificate(&self, name: &str, more: &[&str]) -> Vec<u8> {
        let (key, certificate) = (format!("{name}.pem"), format!("{name}.crt"));
        let basics = ["req", "-x509", "-key", &key, "-out", &certificate, "-subj", "/O=Example/CN=signer"];
        self.run(&[&basics[..], more].concat());
        self.read(&certificate)
    }
}

/// A moment within the validity of what `openssl` has just made.
pub(crate) fn soon() -> Time {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Time::from_unix(now.as_secs() as i64).plus(60)
}

/// A statement about two files.
pub(crate) fn statement() -> Statement {
    let file = |name: &str, byte| Subject { name: name.to_owned(), sha256: [byte; 32] };
    let predicate = serde_json::json!({"verdict": "intact", "note": "\u{e4}\u{20ac}\"\\"});
    Statement::new(vec![file("manifest.json", 1), file("report.json", 2)], predicate).unwrap()
}

/// The same, signed.
pub(crate) fn signed(signers: &[&PemSigner]) -> Envelope {
    let mut envelope = Envelope::new(&statement());
    signers.iter().for_each(|signer| envelope.sign(*signer).unwrap());
    envelope
}
