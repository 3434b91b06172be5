//! A time-stamping authority and a KMS on the loopback, asked by the clients that the build with the AWS SDK has.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use trailseal::attest::timestamp::{Claim, Query};
use trailseal::attest::{Envelope, TrustedSigners};
use trailseal::aws::{Access, AccessOptions, AuthorityError, KmsError, KmsSigner, TimestampAuthority, nonce};

use crate::openssl::{OpenSsl, soon, statement};
use crate::timestamps::Authority;

type Answer = Response<Full<Bytes>>;

/// Answers requests, by their target and body, until the runtime is gone.
fn serve<A: Future<Output = Answer> + Send + 'static>(
    runtime: &Runtime,
    answer: impl Fn(String, Vec<u8>) -> A + Clone + Send + Sync + 'static,
) -> SocketAddr {
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let service = service_fn(|request: Request<Incoming>| async {
                    let header =
                        |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
                    let target = header("x-amz-target").or_else(|| header("content-type")).unwrap_or_default();
                    let target = format!("{target} {}", request.uri().path());
                    let body = request.into_body().collect().await.unwrap().to_bytes().to_vec();
                    Ok::<_, Infallible>(answer(target, body).await)
                });
                let server = hyper::server::conn::http1::Builder::new();
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

fn answer(status: u16, kind: &str, body: Vec<u8>) -> Answer {
    Response::builder().status(status).header("content-type", kind).body(Full::new(body.into())).unwrap()
}

#[test]
fn an_authority_is_asked_and_what_it_answers_is_checked() {
    let Some(authority) = Authority::find() else { return };
    authority.certify("p256", "tsa", "sub", "extendedKeyUsage=critical,timeStamping");
    let (envelope, named) = (authority.envelope.clone(), authority.named("ca"));
    let authority = std::sync::Arc::new(authority);
    let runtime = Runtime::new().unwrap();
    let address = serve(&runtime, move |target, body| {
        let authority = authority.clone();
        async move {
            let reply = |body: Vec<u8>| {
                authority.openssl.write("query.tsq", body);
                authority.reply()
            };
            let kind = "application/timestamp-reply";
            match target.strip_prefix("application/timestamp-query ").unwrap() {
                "/good" => answer(200, kind, reply(body)),
                "/old" => answer(200, kind, reply(Query::new(&authority.envelope, 1).to_der())),
                "/endless" => answer(200, kind, vec![0x30; 1 << 20]),
                "/page" => answer(200, "text/html", b"hello".to_vec()),
                "/silent" => std::future::pending().await,
                _ => answer(302, kind, reply(body)),
            }
        }
    });
    let ask = |path: &str| {
        let patience = Duration::from_secs(if path == "/silent" { 1 } else { 20 });
        let client = TimestampAuthority::at(&format!("http://{address}{path}"), patience).unwrap();
        runtime.block_on(client.ask(&Query::new(&envelope, nonce())))
    };
    let stamp = ask("/good").unwrap();
    Claim::read(&stamp, &envelope).unwrap().trusted_by(&named).unwrap();
    for path in ["/old", "/endless"] {
        assert!(matches!(ask(path), Err(AuthorityError::Answer(_))), "{path}");
    }
    for path in ["/page", "/moved"] {
        assert!(matches!(ask(path), Err(AuthorityError::Other(_))), "{path}");
    }
    assert!(matches!(ask("/silent"), Err(AuthorityError::Late(_))));
    let nobody = TimestampAuthority::at("http://127.0.0.1:1/", Duration::from_secs(20)).unwrap();
    let refused = runtime.block_on(nobody.ask(&Query::new(&envelope, nonce()))).unwrap_err();
    assert!(matches!(&refused, AuthorityError::Unreachable(why) if why.contains("refused")), "{refused}");
    for url in ["", "ftp://a", "http://", "https:///x", "http://user:secret@host/", "file:///etc/passwd"] {
        let refused = TimestampAuthority::at(url, Duration::from_secs(1));
        assert!(matches!(refused, Err(AuthorityError::Url(_))), "{url}");
    }
    assert_ne!(nonce(), nonce());
}

/// Runs itself again with credentials in its environment, which nothing in a test may change.
#[test]
fn a_key_that_kms_keeps_signs() {
    if std::env::var_os("AWS_ENDPOINT_URL").is_none() {
        let Some(openssl) = OpenSsl::find() else { return };
        drop(openssl);
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "asked::a_key_that_kms_keeps_signs", "--nocapture"]);
        again.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        again.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").env("AWS_CONFIG_FILE", "none");
        again.env("AWS_SHARED_CREDENTIALS_FILE", "none").env("AWS_EC2_METADATA_DISABLED", "true");
        let run = again.output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&[run.stdout, run.stderr].concat()));
        return;
    }
    let runtime = Runtime::new().unwrap();
    for kind in ["p256", "p384", "rsa", "ed25519"] {
        let openssl = OpenSsl::find().unwrap();
        openssl.key(kind, kind);
        openssl.run(&["pkey", "-in", &format!("{kind}.pem"), "-pubout", "-outform", "DER", "-out", "key.der"]);
        let trusted = TrustedSigners::parse(&openssl.read("key.der")).unwrap();
        let openssl = std::sync::Arc::new(openssl);
        let address = serve(&runtime, move |target, body| {
            let openssl = openssl.clone();
            async move {
                let asked: Value = serde_json::from_slice(&body).unwrap();
                let told = kms(&openssl, kind, target.split(' ').next().unwrap(), &asked);
                let status = if told.get("__type").is_some() { 400 } else { 200 };
                answer(status, "application/x-amz-json-1.1", told.to_string().into_bytes())
            }
        });
        let endpoint_url = Some(format!("http://{address}"));
        let options =
            AccessOptions { endpoint_url, region: Some("eu-central-1".to_owned()), ..AccessOptions::default() };
        runtime.block_on(async {
            let access = Access::open(options).await.unwrap();
            let opened = KmsSigner::open(&access, "alias/evidence").await;
            if kind == "ed25519" {
                assert!(matches!(opened, Err(KmsError::Usage(_))));
                return;
            }
            let mut envelope = Envelope::new(&statement());
            opened.unwrap().sign(&mut envelope).await.unwrap();
            let verified = trusted.verify(&envelope, soon()).unwrap();
            assert_eq!(verified.statement().unwrap(), statement());
            for (key, why) in [("alias/none", "NotFoundException"), ("alias/encrypt", "SIGN_VERIFY")] {
                let refused = KmsSigner::open(&access, key).await.map(|_| ()).unwrap_err();
                assert!(refused.to_string().contains(why), "{refused}");
            }
            let faulty = KmsSigner::open(&access, "alias/faulty").await.unwrap();
            let before = envelope.clone();
            assert!(matches!(faulty.sign(&mut envelope).await, Err(KmsError::Sign(_))));
            assert_eq!(envelope, before);
        });
    }
}

/// What KMS answers, as its API reference has it.
fn kms(openssl: &OpenSsl, kind: &str, target: &str, asked: &Value) -> Value {
    let key = asked["KeyId"].as_str().unwrap();
    match (target, key) {
        ("TrentService.GetPublicKey", "alias/none") => {
            json!({"__type": "NotFoundException", "message": "no such alias"})
        }
        ("TrentService.GetPublicKey", _) => json!({
            "KeyId": format!("arn:aws:kms:eu-central-1:123456789012:key/{}", key.trim_start_matches("alias/")),
            "KeyUsage": if key == "alias/encrypt" { "ENCRYPT_DECRYPT" } else { "SIGN_VERIFY" },
            "PublicKey": BASE64_STANDARD.encode(openssl.read("key.der")),
        }),
        ("TrentService.Sign", _) => {
            assert_eq!(asked["MessageType"], "DIGEST");
            let (algorithm, digest) = match kind {
                "p256" => ("ECDSA_SHA_256", "digest:sha256"),
                "p384" => ("ECDSA_SHA_384", "digest:sha384"),
                _ => ("RSASSA_PSS_SHA_256", "digest:sha256"),
            };
            assert_eq!(asked["SigningAlgorithm"], algorithm);
            let mut hash = BASE64_STANDARD.decode(asked["Message"].as_str().unwrap()).unwrap();
            hash[0] ^= u8::from(key.ends_with("/faulty"));
            openssl.write("hash", hash);
            let private = format!("{kind}.pem");
            let sign = ["pkeyutl", "-sign", "-inkey", &private, "-in", "hash", "-out", "signature", "-pkeyopt", digest];
            let padding = ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:32"];
            openssl.run(&[&sign[..], if kind == "rsa" { &padding } else { &[] }].concat());
            json!({"KeyId": key, "SigningAlgorithm": algorithm, "Signature": BASE64_STANDARD.encode(openssl.read("signature"))})
        }
        other => panic!("{other:?}"),
    }
}
