//! The short way to an object. What an audit does most is to GET small objects, and of what the SDK does for each, most
//! comes out the same every time: the endpoint, the headers, the plugins. So the first GET that is answered is kept as a
//! pattern, and the next ones differ from it in their key, their time and their signature alone, which the SDK's own signer
//! makes. Connections are of the SDK's kind, credentials are the SDK's, and so is the reading of whatever is no object: an
//! answer that is not a plain `200` is handed to the SDK as if it had asked itself.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, HttpClient, Intercept, ResolveCachedIdentity, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, SdkError};
use aws_sdk_s3::operation::get_object::builders::GetObjectOutputBuilder;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::primitives::{ByteStream, DateTime, DateTimeFormat};
use aws_sdk_s3::types::StorageClass;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::auth::AuthSchemeId;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::GetIdentityResolver;

/// What came of a GET.
pub(super) type Answer = Result<GetObjectOutput, SdkError<GetObjectError, HttpResponse>>;

/// A GET that was answered, as a pattern for others to the same bucket.
pub(super) struct Pattern {
    /// The URI up to the key.
    before: String,
    /// The URI after the key.
    after: String,
    /// The headers that are the same every time.
    headers: Vec<(String, String)>,
    region: String,
    connector: SharedHttpConnector,
    components: RuntimeComponents,
    identities: SharedIdentityResolver,
    config: ConfigBag,
}

/// Keeps what the SDK sends for `key` as a pattern, if it is plain enough for one.
#[derive(Debug)]
pub(super) struct Learn {
    key: String,
    connector: SharedHttpConnector,
    sent: Arc<Mutex<Option<Pattern>>>,
}

impl Learn {
    /// Asked for `key`; the next ones by these connections.
    pub(super) fn new(key: &str, connector: SharedHttpConnector) -> Learn {
        Learn { key: key.to_owned(), connector, sent: Arc::default() }
    }

    /// Where the pattern is, once the request was sent.
    pub(super) fn sent(&self) -> Arc<Mutex<Option<Pattern>>> {
        Arc::clone(&self.sent)
    }
}

/// Whether a key stands in a URI as it is, and means there what it says.
pub(super) fn is_plain(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'.' | b'~');
    key.bytes().all(plain) && key.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

impl Pattern {
    fn of(sent: &HttpRequest, learn: &Learn, components: &RuntimeComponents) -> Option<Pattern> {
        if !is_plain(&learn.key) {
            return None;
        }
        let (path, after) = sent.uri().split_once('?').map_or((sent.uri(), None), |(path, after)| (path, Some(after)));
        let before = path.strip_suffix(&learn.key)?;
        // Other schemes than this one have other rules.
        let signature = sent.headers().get("authorization")?.strip_prefix("AWS4-HMAC-SHA256 Credential=")?;
        let mut scope = signature.split_once(',')?.0.rsplit('/');
        let (Some("aws4_request"), Some("s3"), Some(region)) = (scope.next(), scope.next(), scope.next()) else {
            return None;
        };
        Some(Pattern {
            before: before.to_owned(),
            after: after.map_or_else(String::new, |query| format!("?{query}")),
            headers: sent.headers().iter().filter(|(name, _)| !LEFT_OUT.contains(name)).map(owned).collect(),
            region: region.to_owned(),
            connector: learn.connector.clone(),
            identities: components.identity_resolver(AuthSchemeId::from("sigv4"))?,
            components: components.clone(),
            config: ConfigBag::base(),
        })
    }

    /// Asks for an object with a plain key. None where the request could not be made, which the SDK can say more of.
    pub(super) async fn get(&self, key: &str, client: &Client, bucket: &str) -> Option<Answer> {
        let request = self.request(key).await?;
        let answer = match self.connector.call(request).await {
            Ok(answer) => answer,
            Err(error) => return Some(Err(SdkError::dispatch_failure(error))),
        };
        Some(match object(&answer) {
            Some(found) => Ok(found.body(ByteStream::new(answer.into_body())).build()),
            None => {
                let read = client.get_object().bucket(bucket).key(key).customize();
                let replayed = aws_sdk_s3::config::Builder::new().http_client(Replay::client(answer));
                read.config_override(replayed).send().await
            }
        })
    }

    async fn request(&self, key: &str) -> Option<HttpRequest> {
        let cache = self.components.identity_cache();
        let identity =
            cache.resolve_cached_identity(self.identities.clone(), &self.components, &self.config).await.ok()?;
        let mut request = HttpRequest::get(format!("{}{key}{}", self.before, self.after)).ok()?;
        for (name, value) in &self.headers {
            request.headers_mut().try_insert(name.clone(), value.clone()).ok()?;
        }
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(self.components.time_source().unwrap_or_default().now())
            .settings(settings)
            .build()
            .ok()?;
        let headers = request.headers().iter();
        let signable = SignableRequest::new("GET", request.uri(), headers, SignableBody::empty()).ok()?;
        let (instructions, _) = sign(signable, &params.into()).ok()?.into_parts();
        for (name, value) in instructions.headers() {
            request.headers_mut().try_insert(name.to_owned(), value.to_owned()).ok()?;
        }
        Some(request)
    }
}

/// What the headers of a plain `200` say of the object; none for anything else, or if they say anything unheard of, or
/// anything twice.
fn object(answer: &HttpResponse) -> Option<GetObjectOutputBuilder> {
    if answer.status().as_u16() != 200 {
        return None;
    }
    let mut found = GetObjectOutput::builder();
    let mut last = "";
    for (name, value) in answer.headers().iter_bytes() {
        if std::mem::replace(&mut last, name) == name {
            return None;
        }
        let value = std::str::from_utf8(value).ok()?;
        found = match name {
            "content-length" => found.content_length(value.parse().ok()?),
            "last-modified" => found.last_modified(DateTime::from_str(value, DateTimeFormat::HttpDate).ok()?),
            "etag" => found.e_tag(value),
            "x-amz-version-id" => found.version_id(value),
            "x-amz-storage-class" => found.storage_class(StorageClass::from(value)),
            _ => match name.strip_prefix("x-amz-meta-") {
                Some(name) => found.metadata(name, value),
                None => found,
            },
        };
    }
    Some(found)
}

impl Intercept for Learn {
    fn name(&self) -> &'static str {
        "Learn"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = Pattern::of(context.request(), self, components);
        Ok(())
    }
}

/// A connector that has its answer already.
struct Replay(Mutex<Option<HttpResponse>>);

impl Replay {
    fn client(answer: HttpResponse) -> impl HttpClient + 'static {
        let connector = SharedHttpConnector::new(Replay(Mutex::new(Some(answer))));
        http_client_fn(move |_, _| connector.clone())
    }
}

impl HttpConnector for Replay {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        HttpConnectorFuture::ready(answer.ok_or_else(|| ConnectorError::other("it was read already".into(), None)))
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Replay")
    }
}

/// Without the credentials' traces.
impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pattern").field("before", &self.before).field("region", &self.region).finish_non_exhaustive()
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Headers that every request has anew, and such as tell again what the user agent tells, or of attempts, which are counted
/// elsewhere.
const LEFT_OUT: [&str; 7] = [
    "authorization",
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "x-amz-user-agent",
];

#[cfg(test)]
mod tests {
    use aws_sdk_s3::primitives::SdkBody;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> HttpResponse {
        let mut answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        for (name, value) in headers {
            answer.headers_mut().append(*name, *value);
        }
        answer
    }

    #[test]
    fn only_keys_that_mean_in_a_uri_what_they_say_go_the_short_way() {
        assert!(is_plain(
            "p/AWSLogs/1/CloudTrail/us-east-1/2026/01/10/1_CloudTrail_us-east-1_20260110T0000Z_x.json.gz"
        ));
        for key in ["", "/a", "a/", "a//b", "a/./b", "a/../b", "..", "a b", "a+b", "a%20b", "a?b", "a#b", "ä"] {
            assert!(!is_plain(key), "{key}");
        }
    }

    #[test]
    fn headers_say_of_an_object_what_the_sdk_reads_in_them() {
        let found = object(&answer(
            200,
            &[
                ("content-length", "7"),
                ("last-modified", "Sat, 10 Jan 2026 01:02:03 GMT"),
                ("etag", "\"e\""),
                ("x-amz-storage-class", "STANDARD_IA"),
                ("x-amz-meta-signature", "5d"),
                ("server", "any"),
            ],
        ));
        let found = found.unwrap().build();
        assert_eq!(found.content_length, Some(7));
        assert_eq!(found.last_modified, Some(DateTime::from_secs(1_768_006_923)));
        assert_eq!(found.e_tag.as_deref(), Some("\"e\""));
        assert_eq!(found.storage_class, Some(StorageClass::StandardIa));
        assert_eq!(found.metadata.unwrap()["signature"], "5d");
    }

    #[test]
    fn what_is_no_plain_object_is_left_to_the_sdk() {
        assert!(object(&answer(200, &[])).is_some());
        for status in [206, 304, 403, 404, 503] {
            assert!(object(&answer(status, &[])).is_none(), "{status}");
        }
        for headers in [
            [("content-length", "many"), ("etag", "e")],
            [("last-modified", "yesterday"), ("etag", "e")],
            [("x-amz-meta-signature", "5d"), ("x-amz-meta-signature", "5e")],
        ] {
            assert!(object(&answer(200, &headers)).is_none(), "{headers:?}");
        }
    }
}
