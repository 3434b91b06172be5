//! Where requests go that no endpoint was named for: to AWS, in the partition and the kind that was asked for. A proxy on the
//! loopback is told where, and lets nothing through.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::world::World;

/// The hosts that a run wants to reach.
fn hosts(region: &str, arguments: &[&str]) -> BTreeSet<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let record = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            let mut reader = BufReader::new(&stream);
            if reader.read_line(&mut line).is_ok() {
                record.lock().unwrap().extend(line.split(' ').nth(1).map(str::to_owned));
            }
            let _ = (&stream).write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let mut world = World::small();
    world.environment = [
        ("AWS_ENDPOINT_URL", String::new()),
        ("AWS_REGION", region.to_owned()),
        ("AWS_DEFAULT_REGION", region.to_owned()),
        ("HTTPS_PROXY", format!("http://{address}")),
    ]
    .into();
    let run = world.run(&[arguments, &["--max-attempts", "1"]].concat());
    assert_eq!(run.status, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.is_empty() && run.stderr.starts_with("error: "), "{}", run.stderr);
    let seen = seen.lock().unwrap();
    seen.clone()
}

#[test]
fn requests_go_where_the_region_and_the_options_say() {
    let bucket = ["verify", "s3://live-trail"];
    let with = |more: &[&'static str]| [&bucket[..], more].concat();
    for (region, arguments, host) in [
        ("us-west-2", with(&[]), "live-trail.s3.us-west-2.amazonaws.com:443"),
        ("us-gov-west-1", with(&["--fips"]), "live-trail.s3-fips.us-gov-west-1.amazonaws.com:443"),
        ("eu-west-1", with(&["--dual-stack"]), "live-trail.s3.dualstack.eu-west-1.amazonaws.com:443"),
        ("cn-north-1", with(&[]), "live-trail.s3.cn-north-1.amazonaws.com.cn:443"),
    ] {
        assert_eq!(hosts(region, &arguments), [host.to_owned()].into(), "{region}");
    }
    let arn = "arn:aws-us-gov:cloudtrail:us-gov-east-1:111122223333:trail/audit";
    let asked = hosts("us-gov-west-1", &["verify", arn]);
    assert_eq!(asked, ["cloudtrail.us-gov-east-1.amazonaws.com:443".to_owned()].into());
    let keys = ["keys", "export", "--region", "cn-northwest-1", "--start-time", "2026-01-10"];
    let asked = hosts("cn-north-1", &keys);
    assert_eq!(asked, ["cloudtrail.cn-northwest-1.amazonaws.com.cn:443".to_owned()].into());
}
