//! Requests that are made without the SDK, signed by the SDK's signer.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4::SigningParams;

use super::http::host_of;

/// Where and when a signature is good.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    pub(super) time: SystemTime,
}

/// The headers with those of a signature over them and the body (Signature Version 4). None where the address is none.
pub(super) fn signed(
    (method, url): (&str, &str),
    mut headers: Vec<(String, String)>,
    body: &[u8],
    credentials: &Credentials,
    scope: Scope<'_>,
) -> Option<Vec<(String, String)>> {
    host_of(url)?;
    let identity = credentials.clone().into();
    let params = SigningParams::builder().identity(&identity).region(scope.region).name(scope.service);
    let mut settings = SigningSettings::default();
    if scope.service == "s3" {
        // S3 has rules of its own.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    let params = params.time(scope.time).settings(settings).build().ok()?;
    let shown = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable = SignableRequest::new(method, url, shown, SignableBody::Bytes(body)).ok()?;
    let (instructions, _) = sign(signable, &params.into()).ok()?.into_parts();
    headers.extend(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())));
    Some(headers)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::*;
    use crate::trail::Time;

    fn headers(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
        headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    fn at(time: &str) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(Time::parse_loose(time).unwrap().unix().unsigned_abs())
    }

    /// Of the test suite of Signature Version 4 that AWS publishes: `post-vanilla`, `post-vanilla-query` and
    /// `post-x-www-form-urlencoded`.
    #[test]
    fn signatures_are_those_of_the_test_suite() {
        let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None, None, "");
        let scope = Scope { service: "service", region: "us-east-1", time: at("2015-08-30T12:36:00Z") };
        for (path, sent, body, signature) in [
            ("/", headers(&[]), "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            ("/?Param1=value1", headers(&[]), "", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
            (
                "/",
                headers(&[("content-type", "application/x-www-form-urlencoded")]),
                "Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            let url = format!("https://example.amazonaws.com{path}");
            let signed = signed(("POST", &url), sent, body.as_bytes(), &credentials, scope).unwrap();
            assert_eq!(header(&signed, "authorization").rsplit('=').next(), Some(signature), "{path}");
        }
    }

    /// Keeps what it was to send.
    #[derive(Clone, Debug, Default)]
    struct Keep(Arc<Mutex<Option<HttpRequest>>>);

    impl HttpConnector for Keep {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            *self.0.lock().unwrap() = Some(request);
            HttpConnectorFuture::ready(Err(ConnectorError::other("it is not sent".into(), None)))
        }
    }

    /// A client of the SDK that keeps what it was to send.
    macro_rules! client {
        ($sdk:ident, $keep:expr) => {{
            let connector = SharedHttpConnector::new($keep.clone());
            let config = $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new("eu-central-1"))
                .credentials_provider(credentials())
                .http_client(http_client_fn(move |_, _| connector.clone()));
            $sdk::Client::from_conf(config.build())
        }};
    }

    fn credentials() -> Credentials {
        Credentials::new("AKIDEXAMPLE", "secret", Some("token/+=".to_owned()), None, "")
    }

    /// What the SDK was to send is signed by us as it signed it.
    fn is_signed_alike(keep: &Keep, method: &str, service: &str) {
        let sent = keep.0.lock().unwrap().take().unwrap();
        let authorization = sent.headers().get("authorization").unwrap();
        let names = authorization.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
        let added = ["host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"];
        let names = names.split(';').filter(|name| !added.contains(name));
        let sent_headers = names.map(|name| (name.to_owned(), sent.headers().get(name).unwrap().to_owned())).collect();
        let date = sent.headers().get("x-amz-date").unwrap();
        let time = Time::parse_compact(date).unwrap().unix().unsigned_abs();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(time);
        let scope = Scope { service, region: "eu-central-1", time };
        let body = sent.body().bytes().unwrap();
        let ours = signed((method, sent.uri()), sent_headers, body, &credentials(), scope).unwrap();
        assert_eq!(header(&ours, "authorization"), authorization);
        assert_eq!(header(&ours, "x-amz-security-token"), "token/+=");
    }

    /// Requests of the SDK to services that are asked in the same way.
    #[tokio::test]
    async fn signatures_are_those_of_the_sdk() {
        let keep = Keep::default();
        client!(aws_sdk_cloudtrail, keep).describe_trails().trail_name_list("a name").send().await.unwrap_err();
        is_signed_alike(&keep, "POST", "cloudtrail");
        let get = client!(aws_sdk_s3, keep).get_bucket_policy().bucket("logs").expected_bucket_owner("111122223333");
        get.send().await.unwrap_err();
        is_signed_alike(&keep, "GET", "s3");
        // S3 has rules of its own.
        let get = client!(aws_sdk_s3, keep).get_object_tagging().bucket("logs").key("a/../b//c d");
        get.send().await.unwrap_err();
        is_signed_alike(&keep, "GET", "s3");
    }
}
