//! Envelopes, statements, keys, certificates and time-stamps: whatever is read can be written and read again, and nothing is
//! believed but what the genuine files hold.

use std::fs;
use std::sync::OnceLock;

use trailseal::attest::timestamp::{Claim, Query, TrustedAuthorities};
use trailseal::attest::{Certificate, Envelope, PemSigner, Signer, Statement, TrustedSigners};
use trailseal::trail::Time;

use super::{files_below, testdata};

pub(crate) const STAGES: &[&str] = &["refused", "a key", "a statement", "an envelope", "believed", "a time-stamp"];

/// What is trusted, and what was signed by that.
struct World {
    signers: TrustedSigners,
    authorities: TrustedAuthorities,
    statement: Vec<u8>,
    stamped: Vec<u8>,
    time: Time,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let file = |name: &str| fs::read(testdata("attest").join(name)).expect("a file of testdata");
        let mut signers = TrustedSigners::none();
        for kind in ["ed25519.pub", "p256.crt", "p384.pub", "rsa.pub"] {
            signers.merge(TrustedSigners::parse(&file(kind)).expect("a signer")).expect("room");
        }
        let authorities = TrustedAuthorities::parse(&file("ca.crt")).expect("an authority");
        let stamped = file("ed25519.json");
        let stamp = Claim::read(&file("ed25519.tsr"), &stamped).and_then(|claim| claim.trusted_by(&authorities));
        let time = stamp.expect("a time-stamp").time();
        World { signers, authorities, statement: file("statement.json"), stamped, time }
    })
}

pub(crate) fn run(data: &[u8]) -> usize {
    let world = world();
    let mut stage = 0;
    if let Ok(signers) = TrustedSigners::parse(data) {
        stage = 1;
        for signer in signers.iter() {
            let key = signer.public_key();
            let again = TrustedSigners::parse(key.to_pem().as_bytes()).expect("a key that was written");
            assert_eq!(again.iter().next().map(|signer| signer.public_key()), Some(key));
            assert!(!key.verifies(b"message", &[0; 64]) && !key.verifies(b"message", &[]));
        }
    }
    if let Ok(certificate) = Certificate::parse(data) {
        stage = 1;
        assert_eq!(Certificate::parse(certificate.to_pem().as_bytes()).as_ref(), Ok(&certificate));
        let _ = certificate.allows_signing(world.time);
    }
    if let Ok(signer) = PemSigner::from_pem(data) {
        stage = 1;
        let signature = signer.sign(b"message").expect("a signature");
        assert!(signer.public_key().verifies(b"message", &signature));
    }
    let _ = TrustedAuthorities::parse(data);
    if let Ok(statement) = Statement::parse(data) {
        stage = 2;
        assert_eq!(Statement::parse(&statement.to_json()).expect("a statement that was written"), statement);
    }
    if let Ok(envelope) = Envelope::parse(data) {
        stage = 3;
        assert_eq!(Envelope::parse(&envelope.to_json()).expect("an envelope that was written"), envelope);
        if let Ok(verified) = world.signers.verify(&envelope, world.time) {
            stage = 4;
            assert_eq!(verified.payload(), world.statement, "what nobody signed is believed");
            assert!(!verified.signed_by().is_empty() && verified.statement().is_ok());
        }
    }
    if let Ok(claim) = Claim::read(data, &world.stamped) {
        stage = 5;
        let _ = Query::new(&world.stamped, 1).accept(data);
        if let Ok(stamp) = claim.trusted_by(&world.authorities) {
            assert_eq!(stamp.time(), world.time, "a time that no authority said is believed");
        }
    }
    stage
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let files = files_below(&testdata("attest"));
    files.iter().map(|path| fs::read(path).expect("a file of testdata")).collect()
}
