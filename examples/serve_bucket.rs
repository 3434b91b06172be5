//! Serves a simulated trail as S3 and CloudTrail would, for measuring: from memory, on the loopback, unsigned requests
//! welcome, with as much latency as is asked for. It prints its address once it can be asked, and answers
//! `GET /-/requests` with how many listings and objects it was asked for since it last said so.
//!
//! ```text
//! cargo run --release --example serve_bucket -- DIR KEYS.json [LATENCY_MS] [PORT] [from-disk]
//! AWS_ENDPOINT_URL=http://127.0.0.1:PORT trailseal verify s3://example-trail-logs
//! ```
//!
//! `from-disk` leaves the bodies where they are and reads each when it is asked for: for trails larger than memory.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error;
use std::fmt::Write;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{env, fs, io};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, server};
use hyper_util::rt::TokioIo;

/// An object, and its metadata as headers.
struct Object {
    /// None where it is left on the disk.
    body: Option<Bytes>,
    size: u64,
    metadata: Vec<(String, String)>,
    last_modified: String,
}

impl Object {
    /// Nothing is written here while it is served, so this need not change with the content.
    fn etag(&self) -> String {
        format!("{:032x}", self.size)
    }
}

/// What is served.
struct Bucket {
    name: String,
    directory: PathBuf,
    objects: BTreeMap<String, Object>,
    keys: serde_json::Value,
    latency: Duration,
    lists: AtomicU64,
    gets: AtomicU64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [directory, keys, rest @ ..] = &arguments[..] else {
        return Err("give DIR KEYS.json [LATENCY_MS] [PORT] [from-disk]".into());
    };
    let number = |at: usize| rest.get(at).map_or(Ok(0), |text| text.parse::<u16>());
    let (latency, port) = (Duration::from_millis(number(0)?.into()), number(1)?);
    let from_disk = rest.get(2).is_some_and(|how| how == "from-disk");
    let bucket = Arc::new(Bucket::load(Path::new(directory), Path::new(keys), latency, from_disk)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        // The line that whoever starts it waits for.
        io::Write::write_all(&mut io::stdout(), format!("{}\n", listener.local_addr()?).as_bytes())?;
        loop {
            let (stream, _) = listener.accept().await?;
            // Nagle's algorithm would make every small answer wait for 40 ms.
            stream.set_nodelay(true)?;
            let bucket = Arc::clone(&bucket);
            tokio::spawn(async move {
                let answer = service_fn(|request| answer(Arc::clone(&bucket), request));
                server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await
            });
        }
    })
}

impl Bucket {
    fn load(directory: &Path, keys: &Path, latency: Duration, from_disk: bool) -> Result<Bucket, Box<dyn Error>> {
        let source: serde_json::Value = serde_json::from_slice(&fs::read(directory.join(".trailseal/source.json"))?)?;
        let mut objects = BTreeMap::new();
        for line in BufReader::new(File::open(directory.join(".trailseal/metadata.jsonl"))?).lines() {
            let line: serde_json::Value = serde_json::from_str(&line?)?;
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            let body = if from_disk { None } else { Some(Bytes::from(fs::read(directory.join(text("key")))?)) };
            let size = line["size"].as_u64().unwrap_or_default();
            let metadata = line["metadata"].as_object().into_iter().flatten();
            let metadata = metadata
                .map(|(name, value)| (format!("x-amz-meta-{name}"), value.as_str().unwrap_or_default().to_owned()));
            let object = Object { body, size, metadata: metadata.collect(), last_modified: text("last_modified") };
            objects.insert(text("key"), object);
        }
        Ok(Bucket {
            name: source["bucket"].as_str().unwrap_or_default().to_owned(),
            directory: directory.to_owned(),
            objects,
            keys: serde_json::from_slice(&fs::read(keys)?)?,
            latency,
            lists: AtomicU64::new(0),
            gets: AtomicU64::new(0),
        })
    }

    fn object(&self, key: &str) -> Response<Full<Bytes>> {
        self.gets.fetch_add(1, Ordering::Relaxed);
        let Some(object) = self.objects.get(key) else {
            return xml(404, "<Error><Code>NoSuchKey</Code></Error>".to_owned());
        };
        let body = match &object.body {
            Some(body) => body.clone(),
            None => fs::read(self.directory.join(key)).unwrap_or_default().into(),
        };
        let mut answer = Response::builder().header("last-modified", http_date(&object.last_modified));
        answer = answer.header("etag", format!("\"{}\"", object.etag()));
        for (name, value) in &object.metadata {
            answer = answer.header(name, value);
        }
        answer.header("content-encoding", "gzip").body(Full::new(body)).unwrap_or_default()
    }

    /// `ListObjectsV2`, and `ListObjects` where the query has no `list-type`.
    fn list(&self, query: &BTreeMap<String, String>) -> Response<Full<Bytes>> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        let get = |name: &str| query.get(name).map_or("", String::as_str);
        let (prefix, delimiter) = (get("prefix"), get("delimiter"));
        let after = ["continuation-token", "marker", "start-after"].map(get).into_iter().find(|text| !text.is_empty());
        let from = after.unwrap_or_default().max(prefix).to_owned();
        let (mut names, mut contents, mut folders) = (0, String::new(), String::new());
        let (mut last, mut more, mut folder) = (String::new(), false, String::new());
        for (key, object) in self.objects.range(from..).take_while(|(key, _)| key.starts_with(prefix)) {
            if after.is_some_and(|after| {
                key.as_str() <= after || !delimiter.is_empty() && after.ends_with('/') && key.starts_with(after)
            }) {
                continue;
            }
            let cut = if delimiter.is_empty() { None } else { key[prefix.len()..].find(delimiter) };
            if cut.is_some() && !folder.is_empty() && key.starts_with(&folder) {
                continue;
            }
            if names == 1_000 {
                more = true;
                break;
            }
            names += 1;
            if let Some(at) = cut {
                folder = key[..=prefix.len() + at].to_owned();
                let _ = write!(folders, "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>");
                last.clone_from(&folder);
            } else {
                let (time, size, etag) = (&object.last_modified, object.size, object.etag());
                let _ = write!(
                    contents,
                    "<Contents><Key>{key}</Key><LastModified>{time}</LastModified><ETag>&quot;{etag}&quot;</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
                );
                last.clone_from(key);
            }
        }
        let next = if more {
            format!("<NextContinuationToken>{last}</NextContinuationToken><NextMarker>{last}</NextMarker>")
        } else {
            String::new()
        };
        xml(
            200,
            format!(
                "<?xml version=\"1.0\"?><ListBucketResult><Name>{}</Name><Prefix>{prefix}</Prefix><KeyCount>{names}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>{more}</IsTruncated>{next}{contents}{folders}</ListBucketResult>",
                self.name
            ),
        )
    }
}

async fn answer(bucket: Arc<Bucket>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if !bucket.latency.is_zero() {
        tokio::time::sleep(bucket.latency).await;
    }
    let target =
        request.headers().get("x-amz-target").and_then(|name| name.to_str().ok()).unwrap_or_default().to_owned();
    if target.ends_with("ListPublicKeys") {
        let _ = request.into_body().collect().await;
        let answer = Response::builder().header("content-type", "application/x-amz-json-1.1");
        return Ok(answer.body(Full::new(key_list(&bucket.keys).into())).unwrap_or_default());
    }
    let query: BTreeMap<String, String> = request
        .uri()
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), decoded(value)))
        .collect();
    let path = decoded(request.uri().path());
    let root = format!("/{}", bucket.name);
    if request.method() == Method::POST && path == "/" {
        // Whoever makes a bundle asks STS who that is; nothing else is asked in this way.
        return Ok(xml(200, CALLER.to_owned()));
    }
    Ok(match path.strip_prefix(&root).map(|key| key.trim_start_matches('/')) {
        _ if path == "/-/requests" => {
            let (lists, gets) = (bucket.lists.swap(0, Ordering::Relaxed), bucket.gets.swap(0, Ordering::Relaxed));
            xml(200, format!("{lists} LIST {gets} GET\n"))
        }
        Some("") if request.uri().query().is_some_and(|query| query.contains("location")) => {
            xml(200, "<LocationConstraint/>".to_owned())
        }
        Some("") if request.method() == "HEAD" => xml(200, String::new()),
        Some("") => bucket.list(&query),
        Some(key) => bucket.object(key),
        None => xml(404, "<Error><Code>NoSuchBucket</Code></Error>".to_owned()),
    })
}

/// Times as the JSON protocol has them: seconds since 1970.
fn key_list(keys: &serde_json::Value) -> String {
    let mut keys = keys["PublicKeyList"].clone();
    for key in keys.as_array_mut().into_iter().flatten() {
        for name in ["ValidityStartTime", "ValidityEndTime"] {
            let time = key[name].as_str().and_then(trailseal::trail::Time::parse_digest_time);
            key[name] = time.map_or(0, |time| time.unix()).into();
        }
    }
    serde_json::json!({ "PublicKeyList": keys }).to_string()
}

/// `2026-01-10T01:02:03Z` as HTTP writes it.
fn http_date(time: &str) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = time.get(5..7).and_then(|month| month.parse::<usize>().ok()).unwrap_or(1);
    let day = trailseal::trail::Time::parse_digest_time(time).map_or(0, |time| time.unix().div_euclid(86_400));
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][day.rem_euclid(7) as usize];
    let (year, date, clock) = (time.get(0..4), time.get(8..10), time.get(11..19));
    format!(
        "{weekday}, {} {} {} {} GMT",
        date.unwrap_or("01"),
        MONTHS[month - 1],
        year.unwrap_or("2026"),
        clock.unwrap_or("00:00:00")
    )
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).unwrap_or(0) as u8;
        match byte {
            b'%' => bytes.push(hex(rest.next()) << 4 | hex(rest.next())),
            b'+' => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn xml(status: u16, text: String) -> Response<Full<Bytes>> {
    let answer = Response::builder().status(status).header("content-type", "application/xml");
    answer.body(Full::new(text.into())).unwrap_or_default()
}

/// The answer to `GetCallerIdentity`.
const CALLER: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
    <Arn>arn:aws:iam::111122223333:user/example</Arn><UserId>AIDAIOSFODNN7EXAMPLE</UserId><Account>111122223333</Account>\
    </GetCallerIdentityResult></GetCallerIdentityResponse>";
