//! Another S3 server than our own: `s3s-fs`, as it is.

use std::fs;
use std::net::SocketAddr;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use s3s::Body;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use trailseal::report::Verdict;
use trailseal::simulate::Scenario;

use crate::credentials::{ACCESS_KEY, SECRET_KEY};
use crate::listen::{Abort, serve};
use crate::world::{REGION, World, small};

/// A server of that kind, on files.
fn start(world: &World) -> SocketAddr {
    let root = world.scratch.path().join("s3s-fs");
    fs::create_dir_all(root.join(&world.scenario.bucket)).unwrap();
    let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).unwrap());
    builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = builder.build();
    serve(world.runtime(), move |request, _wire| {
        let service = service.clone();
        async move { service.call(request.map(Body::from)).await.map_err(|_| Abort) }
    })
}

/// Log files first: as in the world, none is written after the digest that lists it.
fn upload(world: &World, address: SocketAddr) {
    let credentials = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test");
    let conf = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials)
        .endpoint_url(format!("http://{address}"))
        .retry_config(RetryConfig::disabled())
        .build();
    let client = aws_sdk_s3::Client::from_conf(conf);
    for key in world.logs().iter().chain(&world.digests()) {
        let object = &world.objects[key];
        let mut put = client.put_object().bucket(&world.scenario.bucket).key(key).content_encoding("gzip");
        for (name, value) in &object.metadata {
            put = put.metadata(name, value);
        }
        world.block_on(put.body(ByteStream::from(object.body.clone())).send()).unwrap();
    }
}

#[test]
fn a_trail_served_by_s3s_fs_is_intact() {
    // It keeps metadata in a file named after the bucket and the key: longer names than these do not fit.
    let scenario = Scenario { bucket: "fs1".to_owned(), trails: vec!["t-1".to_owned()], ..small() };
    let world = World::of(scenario);
    let address = start(&world);
    upload(&world, address);
    let (_, keys) = world.on_disk();
    let url = format!("http://{address}");
    // That server knows nothing of CloudTrail, so the keys are given. Its objects were written just now, long after the
    // time of the audit; that proves nothing against them.
    let run = world.verify(&["--endpoint-url", &url, "--public-keys", keys.to_str().unwrap()]);
    let report = run.report();
    assert_eq!((run.status, report.verdict), (Some(0), Verdict::Intact), "{:#?}", report.findings);
    assert_eq!(report.totals.log_files.verified, world.logs().len() as u64);
    assert!(world.proxy.seen().is_empty(), "our own server was asked");
}
