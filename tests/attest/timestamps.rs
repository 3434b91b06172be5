//! Time-stamps that `openssl` makes as the authority, and what it makes of ours.

use trailseal::attest::timestamp::{Claim, Query, Timestamp, TimestampError, TrustedAuthorities};

use crate::openssl::{OpenSsl, signed};

const NONCE: u64 = 0x00ff_1234_5678_9abc;
const FOR_STAMPS: &str = "extendedKeyUsage=critical,timeStamping";

/// An authority in a folder: `ca.crt` certifies `sub.crt`, and that `tsa.crt`.
pub(crate) struct Authority {
    pub(crate) openssl: OpenSsl,
    pub(crate) envelope: Vec<u8>,
}

impl Authority {
    pub(crate) fn find() -> Option<Authority> {
        let openssl = OpenSsl::find()?;
        let envelope = signed(&[&openssl.key("ed25519", "signer")]).to_json();
        openssl.write("envelope.json", &envelope);
        openssl.key("rsa", "ca");
        let authority = ["-addext", "keyUsage=critical,keyCertSign", "-days", "300", "-subj", "/CN=root"];
        openssl.certificate("ca", &authority);
        let this = Authority { openssl, envelope };
        this.certify("p384", "sub", "ca", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign");
        this.configure("sha256", "sha256", "sha256");
        Some(this)
    }

    /// Makes a key and has `by` certify it.
    pub(crate) fn certify(&self, kind: &str, name: &str, by: &str, extensions: &str) {
        self.openssl.key(kind, name);
        self.openssl.write("extensions", extensions);
        let (request, key, certificate) = (format!("{name}.csr"), format!("{name}.pem"), format!("{name}.crt"));
        let (ca, ca_key) = (format!("{by}.crt"), format!("{by}.pem"));
        let subject = format!("/O=Example/CN={name}");
        self.openssl.run(&["req", "-new", "-key", &key, "-out", &request, "-subj", &subject]);
        let sign = ["x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial", "-days", "200"];
        self.openssl.run(&[&sign[..], &["-extfile", "extensions", "-out", &certificate]].concat());
    }

    fn configure(&self, signer_digest: &str, ess: &str, digests: &str) {
        self.openssl.write(
            "ts.cnf",
            format!(
                "[tsa]\ndefault_tsa=one\n[one]\nserial=serial\nsigner_cert=tsa.crt\ncerts=sub.crt\nsigner_key=tsa.pem\n\
                 signer_digest={signer_digest}\ndefault_policy=1.2.3.4.1\ndigests={digests}\naccuracy=secs:1,millisecs:500\n\
                 ordering=yes\ntsa_name=yes\ness_cert_id_chain=no\ness_cert_id_alg={ess}\n"
            ),
        );
    }

    /// Answers the query in `query.tsq`.
    pub(crate) fn reply(&self) -> Vec<u8> {
        self.openssl.run(&["ts", "-reply", "-config", "ts.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr"]);
        self.openssl.read("reply.tsr")
    }

    pub(crate) fn named(&self, name: &str) -> TrustedAuthorities {
        TrustedAuthorities::parse(&self.openssl.read(&format!("{name}.crt"))).unwrap()
    }

    /// The content of the last token, with something in it replaced.
    fn content(&self, from: &[u8], to: &[u8]) {
        self.openssl.run(&["ts", "-reply", "-config", "ts.cnf", "-in", "reply.tsr", "-token_out", "-out", "token.der"]);
        let verify =
            ["cms", "-verify", "-noverify", "-in", "token.der", "-inform", "DER", "-binary", "-out", "content"];
        self.openssl.run(&verify);
        let mut content = self.openssl.read("content");
        if !from.is_empty() {
            let at = content.windows(from.len()).position(|window| window == from).unwrap();
            content[at..at + to.len()].copy_from_slice(to);
        }
        self.openssl.write("content", content);
    }

    /// Signs the content as a token, past what `openssl ts` would do.
    fn sign(&self, name: &str, more: &[&str]) -> Vec<u8> {
        let (certificate, key) = (format!("{name}.crt"), format!("{name}.pem"));
        let sign = ["cms", "-sign", "-in", "content", "-signer", &certificate, "-inkey", &key, "-nodetach", "-binary"];
        let kind = ["-econtent_type", "1.2.840.113549.1.9.16.1.4", "-outform", "DER", "-out", "forged.der"];
        self.openssl.run(&[&sign[..], &kind, more].concat());
        self.openssl.read("forged.der")
    }

    fn believe(&self, file: &[u8], named: &str) -> Result<Timestamp, TimestampError> {
        Claim::read(file, &self.envelope)?.trusted_by(&self.named(named))
    }
}

#[test]
fn a_query_is_as_openssl_makes_it() {
    let Some(authority) = Authority::find() else { return };
    let openssl = &authority.openssl;
    openssl.write("query.tsq", Query::new(&authority.envelope, NONCE).to_der());
    let (_, ours) = openssl.asks(&["ts", "-query", "-in", "query.tsq", "-text"]);
    openssl.run(&["ts", "-query", "-data", "envelope.json", "-sha256", "-cert", "-out", "theirs.tsq"]);
    let (_, theirs) = openssl.asks(&["ts", "-query", "-in", "theirs.tsq", "-text"]);
    let without_nonce = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with("Nonce")).map(str::to_owned).collect()
    };
    assert_eq!(without_nonce(&ours), without_nonce(&theirs));
    assert!(ours.contains("Certificate required: yes") && ours.contains("Nonce: 0xFF123456789ABC"), "{ours}");
}

#[test]
fn what_openssl_answers_is_verified_here_and_there() {
    let Some(authority) = Authority::find() else { return };
    let openssl = &authority.openssl;
    for (kind, digest, ess) in [
        ("rsa", "sha256", "sha256"),
        ("rsa", "sha512", "sha1"),
        ("p256", "sha256", "sha256"),
        ("p384", "sha384", "sha512"),
        ("p256", "sha512", "sha1"),
    ] {
        authority.certify(kind, "tsa", "sub", &format!("keyUsage=critical,digitalSignature\n{FOR_STAMPS}"));
        authority.configure(digest, ess, "sha256,sha512");
        for nonce in [0, 1, 0x80, NONCE, u64::MAX] {
            let query = Query::new(&authority.envelope, nonce);
            openssl.write("query.tsq", query.to_der());
            let reply = authority.reply();
            let claim = query.accept(&reply).unwrap();
            // Named may be the authority itself, and whoever certifies it, at any distance.
            for (named, vouched_by) in [("tsa", "O=Example, CN=tsa"), ("sub", "O=Example, CN=sub"), ("ca", "CN=root")] {
                let stamp = claim.trusted_by(&authority.named(named)).unwrap();
                assert_eq!((stamp.vouched_by(), stamp.policy()), (vouched_by, "1.2.3.4.1"));
                assert_eq!(stamp.authority(), "O=Example, CN=tsa");
                let (_, told) = openssl.asks(&["ts", "-reply", "-config", "ts.cnf", "-in", "reply.tsr", "-text"]);
                let serial = format!("Serial number: 0x{}", stamp.serial().trim_start_matches('0').to_uppercase());
                assert!(told.replace("0x0", "0x").contains(&serial), "{serial}: {told}");
                let time = stamp.time().to_string();
                assert!(told.contains(&time[11..19]) && told.contains(&time[..4]), "{time}: {told}");
                assert_eq!(stamp.time(), claim.unverified_time());
            }
            assert_eq!(claim.trusted_by(&TrustedAuthorities::none()), Err(TimestampError::NobodyNamed));
            openssl.certificate("signer", &[]);
            assert!(matches!(claim.trusted_by(&authority.named("signer")), Err(TimestampError::Untrusted(_))));
            for of in [["-queryfile", "query.tsq"], ["-data", "envelope.json"]] {
                let verify = ["ts", "-verify", "-in", "reply.tsr", "-CAfile", "ca.crt", of[0], of[1]];
                openssl.run(&verify);
            }
            // To another query, even about the same bytes, it is no answer.
            let other = Query::new(&authority.envelope, nonce ^ 2);
            assert_eq!(other.accept(&reply), Err(TimestampError::Nonce));
            let other = Query::new(b"other", nonce);
            assert!(matches!(other.accept(&reply), Err(TimestampError::Imprint { .. })));
        }
        // The token alone.
        authority.content(b"", b"");
        authority.believe(&openssl.read("token.der"), "ca").unwrap();
    }
}

#[test]
fn no_byte_of_a_time_stamp_can_be_changed() {
    let Some(authority) = Authority::find() else { return };
    authority.certify("p256", "tsa", "sub", FOR_STAMPS);
    authority.openssl.write("query.tsq", Query::new(&authority.envelope, NONCE).to_der());
    let reply = authority.reply();
    let good = authority.believe(&reply, "ca").unwrap();
    for at in 0..reply.len() {
        assert!(authority.believe(&reply[..at], "ca").is_err());
        for bit in [1, 0x20, 0x80] {
            let mut changed = reply.clone();
            changed[at] ^= bit;
            // What is not signed may change, as the version of a structure, and tells nobody anything else.
            assert!(
                authority.believe(&changed, "ca").is_ok_and(|stamp| stamp == good)
                    || authority.believe(&changed, "ca").is_err()
            );
        }
    }
    assert!(authority.believe(&[&reply[..], &[0]].concat(), "ca").is_err());
    assert!(matches!(Claim::read(&vec![0x30; 1 << 20], b""), Err(TimestampError::TooLong(_))));
}

#[test]
fn an_authority_that_refuses() {
    let Some(authority) = Authority::find() else { return };
    authority.certify("rsa", "tsa", "sub", FOR_STAMPS);
    authority.configure("sha256", "sha256", "sha512");
    let query = Query::new(&authority.envelope, NONCE);
    authority.openssl.write("query.tsq", query.to_der());
    let refused = query.accept(&authority.reply()).unwrap_err();
    assert!(matches!(&refused, TimestampError::Status { status, .. } if status == "02"), "{refused:?}");
    assert!(refused.to_string().contains("algorithm is not supported"), "{refused}");
}

#[test]
fn tokens_of_who_may_not_sign_them() {
    let Some(authority) = Authority::find() else { return };
    let openssl = &authority.openssl;
    // All of them before the time-stamp, for they must be valid at its time.
    authority.certify("p256", "tsa", "sub", FOR_STAMPS);
    authority.certify("rsa", "rsa", "sub", FOR_STAMPS);
    authority.certify("p256", "child", "tsa", FOR_STAMPS);
    let others = [
        "extendedKeyUsage=timeStamping",
        "extendedKeyUsage=critical,timeStamping,serverAuth",
        "extendedKeyUsage=critical,timeStamping,1.2.3.4",
        "extendedKeyUsage=critical,codeSigning",
        "basicConstraints=CA:FALSE",
        "keyUsage=critical,keyEncipherment\nextendedKeyUsage=critical,timeStamping",
    ];
    for (at, usage) in others.iter().enumerate() {
        authority.certify("p256", &format!("other{at}"), "ca", usage);
    }
    openssl.write("query.tsq", Query::new(&authority.envelope, NONCE).to_der());
    authority.reply();
    authority.content(b"", b"");
    // By the same authority, and in other ways to sign: taken.
    authority.believe(&authority.sign("tsa", &["-cades", "-certfile", "sub.crt"]), "ca").unwrap();
    authority.believe(&authority.sign("tsa", &["-cades", "-keyid", "-certfile", "sub.crt"]), "ca").unwrap();
    let pss = ["-cades", "-certfile", "sub.crt", "-md", "sha256", "-keyopt", "rsa_padding_mode:pss"];
    let salted = [&pss[..], &["-keyopt", "rsa_pss_saltlen:digest"]].concat();
    authority.believe(&authority.sign("rsa", &salted), "ca").unwrap();

    // Without the certificates in between, or without any.
    let alone = authority.sign("tsa", &["-cades"]);
    assert!(matches!(authority.believe(&alone, "ca"), Err(TimestampError::Untrusted(_))));
    authority.believe(&alone, "sub").unwrap();
    let none = authority.sign("tsa", &["-cades", "-nocerts"]);
    assert_eq!(authority.believe(&none, "tsa"), Err(TimestampError::NoCertificate));
    // Without the attribute that says which certificate is meant.
    assert_eq!(authority.believe(&authority.sign("tsa", &[]), "tsa"), Err(TimestampError::NoCertificate));
    // Without signed attributes, with two signers, with SHA-1.
    assert!(authority.believe(&authority.sign("tsa", &["-noattr"]), "tsa").is_err());
    let two = authority.sign("tsa", &["-cades", "-signer", "rsa.crt", "-inkey", "rsa.pem"]);
    assert!(matches!(authority.believe(&two, "tsa"), Err(TimestampError::Malformed(_))));
    let weak = authority.sign("tsa", &["-cades", "-md", "sha1"]);
    assert_eq!(authority.believe(&weak, "tsa"), Err(TimestampError::Algorithm));

    // With a certificate for something else, or for more than that.
    for (at, usage) in others.iter().enumerate() {
        let other = authority.sign(&format!("other{at}"), &["-cades"]);
        assert_eq!(authority.believe(&other, "ca"), Err(TimestampError::Usage), "{usage}");
    }
    // By one who was certified by an authority that may sign, but not certify.
    let child = authority.sign("child", &["-cades", "-certfile", "tsa.crt"]);
    let told = authority.believe(&child, "tsa");
    assert!(matches!(told, Err(TimestampError::Untrusted(_))), "{told:?}");
    assert!(matches!(authority.believe(&child, "sub"), Err(TimestampError::Untrusted(_))));
    // At a time when the certificate was not valid.
    let year = authority.believe(&alone, "sub").unwrap().time().to_string()[..4].to_owned();
    for wrong in ["1999", "2097"] {
        authority.content(year.as_bytes(), wrong.as_bytes());
        assert!(matches!(
            authority.believe(&authority.sign("tsa", &["-cades"]), "sub"),
            Err(TimestampError::Validity(_))
        ));
    }
    // Something else than a time-stamp.
    authority.openssl.write("content", "hello");
    assert!(matches!(authority.believe(&authority.sign("tsa", &["-cades"]), "sub"), Err(TimestampError::Malformed(_))));
}

#[test]
fn files_that_hold_no_certificate() {
    for file in [&b""[..], b"x", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", &[0x30, 0]] {
        assert!(TrustedAuthorities::parse(file).is_err());
    }
}
