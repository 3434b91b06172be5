//! S3: signatures, regions, listings, objects.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::EncodingType;
use trailseal::trail::Time;

use super::{code, known, s3};
use crate::credentials::{ACCESS_KEY, SECRET_KEY};
use crate::encoding::path_decoded;
use crate::s3_server::Stored;
use crate::world::{REGION, World};

#[test]
fn only_what_is_signed_rightly_is_answered() {
    let world = World::small();
    let bucket = &world.scenario.bucket;
    let ask =
        |credentials| code(world.block_on(s3(&world, REGION, credentials).list_objects_v2().bucket(bucket).send()));
    assert_eq!(ask(known()), "no error");
    assert_eq!(ask(Credentials::new(ACCESS_KEY, "another", None, None, "test")), "SignatureDoesNotMatch");
    assert_eq!(ask(Credentials::new("AKIANOBODY0000000000", SECRET_KEY, None, None, "test")), "InvalidAccessKeyId");
    let token = Some("a token that nobody lent".to_owned());
    assert_eq!(ask(Credentials::new(ACCESS_KEY, SECRET_KEY, token, None, "test")), "InvalidToken");
    for (request, expected) in [
        (format!("GET /{bucket}?list-type=2 HTTP/1.1\r\n"), "<Code>AccessDenied</Code>"),
        ("POST / HTTP/1.1\r\nX-Amz-Target: ListPublicKeys\r\n".to_owned(), "MissingAuthenticationTokenException"),
    ] {
        let address = world.endpoint.address;
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{request}Host: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(expected), "{answer}");
    }
}

#[test]
fn a_listing_is_the_same_in_pages_of_any_size() {
    let world = World::small();
    let bucket = world.scenario.bucket.clone();
    let odd = ["AWSLogs/a b+c%2F", "AWSLogs/\u{1}\u{7f}", "AWSLogs/é&<>", "AWSLogs/zz/1", "AWSLogs/zz/2"];
    for key in odd {
        world.endpoint.s3.put(&bucket, key, Stored::new("x", BTreeMap::new(), Time::from_unix(1)));
    }
    let client = s3(&world, REGION, known());
    let all: Vec<String> = world.endpoint.s3.keys(&bucket).into_iter().collect();
    for size in [1, 3, 1_000] {
        world.endpoint.s3.pages_of(size);
        let asked = client.list_objects_v2().bucket(&bucket).encoding_type(EncodingType::Url);
        let pages = world.block_on(asked.into_paginator().send().collect::<Result<Vec<_>, _>>()).unwrap();
        assert!(pages.iter().all(|page| page.contents().len() <= size));
        let keys = pages.iter().flat_map(|page| page.contents()).map(|object| form_decoded(object.key().unwrap()));
        assert_eq!(keys.collect::<Vec<_>>(), all, "in pages of {size}");

        let asked = client.list_objects_v2().bucket(&bucket).prefix("AWSLogs/").delimiter("/");
        let asked = asked.encoding_type(EncodingType::Url).into_paginator();
        let pages = world.block_on(asked.send().collect::<Result<Vec<_>, _>>()).unwrap();
        let folders = pages.iter().flat_map(|page| page.common_prefixes()).map(|folder| folder.prefix().unwrap());
        let account = format!("AWSLogs/{}/", world.scenario.account_ids()[0]);
        assert_eq!(folders.collect::<Vec<_>>(), [account.as_str(), "AWSLogs/zz/"], "in pages of {size}");
        assert_eq!(pages.iter().flat_map(|page| page.contents()).count(), 3);
    }
    // The old form, gone through by its marker.
    world.endpoint.s3.pages_of(3);
    let mut keys: Vec<String> = Vec::new();
    loop {
        let asked = client.list_objects().bucket(&bucket).prefix("AWSLogs/zz/").set_marker(keys.last().cloned());
        let page = world.block_on(asked.send()).unwrap();
        keys.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
        if page.is_truncated() != Some(true) {
            break;
        }
    }
    assert_eq!(keys, ["AWSLogs/zz/1", "AWSLogs/zz/2"]);
    let asked = client.list_objects_v2().bucket(&bucket).start_after(&all[all.len() - 2]);
    assert_eq!(world.block_on(asked.send()).unwrap().contents().len(), 1);
}

fn form_decoded(text: &str) -> String {
    path_decoded(&text.replace('+', " "))
}

#[test]
fn a_bucket_elsewhere_says_where() {
    let world = World::small();
    world.endpoint.s3.create("far-away", "eu-central-1");
    let from = |region: &str| s3(&world, region, known());
    let head = world.block_on(from("eu-central-1").head_bucket().bucket("far-away").send()).unwrap();
    assert_eq!(head.bucket_region(), Some("eu-central-1"));
    let refused = world.block_on(from("us-west-2").head_bucket().bucket("far-away").send()).unwrap_err();
    let raw = refused.raw_response().unwrap();
    assert_eq!((raw.status().as_u16(), raw.headers().get("x-amz-bucket-region")), (301, Some("eu-central-1")));
    let list = |region| code(world.block_on(from(region).list_objects_v2().bucket("far-away").send()));
    assert_eq!(list("eu-central-1"), "no error");
    assert_eq!(list("us-west-2"), "PermanentRedirect");
    assert_eq!(list("us-east-1"), "AuthorizationHeaderMalformed");
    let location = world.block_on(from("us-west-2").get_bucket_location().bucket("far-away").send()).unwrap();
    assert_eq!(location.location_constraint().unwrap().as_str(), "eu-central-1");
    assert_eq!(code(world.block_on(from(REGION).get_bucket_location().bucket("nowhere").send())), "NoSuchBucket");
}

#[test]
fn objects_are_as_they_were_simulated() {
    let world = World::small();
    let (bucket, client) = (world.scenario.bucket.clone(), s3(&world, REGION, known()));
    let key = world.digests()[0].clone();
    let object = &world.objects[&key];
    let got = world.block_on(client.get_object().bucket(&bucket).key(&key).send()).unwrap();
    let metadata: BTreeMap<_, _> = got.metadata().unwrap().clone().into_iter().collect();
    assert_eq!((metadata, got.content_encoding()), (object.metadata.clone(), Some("gzip")));
    assert_eq!(got.last_modified().unwrap().secs(), object.last_modified.unix());
    assert_eq!(world.block_on(got.body.collect()).unwrap().into_bytes(), object.body);
    let head = world.block_on(client.head_object().bucket(&bucket).key(&key).send()).unwrap();
    assert_eq!(head.content_length(), Some(object.body.len() as i64));
    let part = world.block_on(client.get_object().bucket(&bucket).key(&key).range("bytes=2-5").send()).unwrap();
    assert_eq!(world.block_on(part.body.collect()).unwrap().into_bytes(), object.body[2..6]);

    let get = |key: &str| world.block_on(client.get_object().bucket(&bucket).key(key).send());
    world.endpoint.s3.alter(&bucket, &key, |stored| stored.storage_class = "DEEP_ARCHIVE".to_owned());
    assert_eq!(code(get(&key)), "InvalidObjectState");
    world.endpoint.s3.alter(&bucket, &key, |stored| stored.restored = true);
    assert_eq!(code(get(&key)), "no error");
    world.endpoint.s3.alter(&bucket, &key, |stored| stored.kms_denied = true);
    let refused = get(&key).unwrap_err();
    assert!(matches!(&refused, SdkError::ServiceError(_)));
    assert!(refused.code() == Some("AccessDenied") && refused.message().unwrap().contains("kms:Decrypt"));
    world.endpoint.s3.remove(&bucket, &key);
    assert_eq!(code(get(&key)), "NoSuchKey");
}
