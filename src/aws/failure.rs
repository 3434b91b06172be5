//! What AWS answered where it did not give what was asked for, sorted by what it means, in words without secrets.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::store::StoreError;

/// Why a request was not answered with what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Asking again would not change it.
    Final(StoreError),
    /// Asked too often; the error is what to say if it goes on.
    Throttled(StoreError),
    /// Something that passes; the error is what to say if it goes on.
    Passing(StoreError),
}

impl Refusal {
    /// What to say if it goes on.
    pub(crate) fn into_error(self) -> StoreError {
        match self {
            Refusal::Final(error) | Refusal::Throttled(error) | Refusal::Passing(error) => error,
        }
    }
}

/// Sorts an error of the SDK. Only S3's own word that there is no such object makes it absent: a gateway's 404 is none.
pub(crate) fn refusal<E>(error: &SdkError<E, HttpResponse>) -> Refusal
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if has_source::<CredentialsError>(error) {
        return Refusal::Passing(StoreError::Credentials(told(error)));
    }
    match error {
        SdkError::ServiceError(answer) => {
            let (code, message) = (answer.err().code().unwrap_or_default(), answer.err().message().unwrap_or_default());
            by_code(code, message, answer.raw().status().as_u16())
        }
        SdkError::TimeoutError(_) => passing("no answer came in time"),
        SdkError::ResponseError(_) => passing("the answer was cut off, or was none of S3"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => passing("no connection came about in time"),
        SdkError::DispatchFailure(_) => passing(&told(error)),
        _ => Refusal::Final(StoreError::Unreachable(told(error))),
    }
}

/// The codes of the S3 API reference, "Error responses".
pub(super) fn by_code(code: &str, message: &str, status: u16) -> Refusal {
    let words =
        || without_secrets(&[code, message].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": "));
    let unreachable =
        || StoreError::Unreachable(if code.is_empty() { format!("HTTP status {status}") } else { words() });
    match code {
        "NoSuchKey" | "NoSuchVersion" => Refusal::Final(StoreError::NotFound),
        "NoSuchBucket" => Refusal::Final(StoreError::Unreachable("there is no bucket of that name".to_owned())),
        "InvalidObjectState" => Refusal::Final(StoreError::Archived),
        "SlowDown"
        | "ServiceUnavailable"
        | "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "Throttled"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "BandwidthLimitExceeded"
        | "KMS.ThrottlingException" => Refusal::Throttled(StoreError::Throttled),
        _ if code.starts_with("KMS.") => Refusal::Final(StoreError::Kms),
        "ExpiredToken"
        | "ExpiredTokenException"
        | "TokenRefreshRequired"
        | "RequestTimeTooSkewed"
        | "RequestExpired" => Refusal::Passing(StoreError::Credentials(words())),
        "InvalidAccessKeyId"
        | "InvalidToken"
        | "SignatureDoesNotMatch"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "IncompleteSignature"
        | "NotSignedUp" => Refusal::Final(StoreError::Credentials(words())),
        "PermanentRedirect" | "TemporaryRedirect" | "Redirect" | "AuthorizationHeaderMalformed" => {
            Refusal::Final(StoreError::Unreachable(format!("the bucket lies in another region ({})", words())))
        }
        "RequestTimeout" | "InternalError" | "OperationAborted" => Refusal::Passing(unreachable()),
        // A store that is like S3 and has not all of it: it will not have it in a minute.
        "NotImplemented" | "MethodNotAllowed" => Refusal::Final(unreachable()),
        _ if status == 429 => Refusal::Throttled(StoreError::Throttled),
        _ if status >= 500 || code.is_empty() && status != 403 => Refusal::Passing(unreachable()),
        _ if status == 403 && message.contains("kms:") => Refusal::Final(StoreError::Kms),
        _ if status == 403 => Refusal::Final(StoreError::Denied),
        _ => Refusal::Final(unreachable()),
    }
}

fn passing(text: &str) -> Refusal {
    Refusal::Passing(StoreError::Unreachable(text.to_owned()))
}

/// An error with all that led to it, each said once.
pub(crate) fn told(error: &dyn Error) -> String {
    let mut words: Vec<String> = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        if words.last().is_none_or(|last| !last.contains(&text)) {
            words.push(text);
        }
        source = error.source();
    }
    // Some are pages.
    without_secrets(&words.join(": ").split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The text without whatever looks like a key, a token or a signature: long runs of letters and digits that no word,
/// name or address has. A server, or a program that hands out credentials, can put anything into a message.
pub(crate) fn without_secrets(text: &str) -> String {
    let mut shown = String::new();
    let mut run = String::new();
    for c in text.chars().take(LONGEST_MESSAGE).chain(['\n']) {
        if c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=') {
            run.push(c);
            continue;
        }
        let secret = run.len() >= SHORTEST_SECRET && run.bytes().any(|b| b.is_ascii_digit());
        shown.push_str(if secret { "[hidden]" } else { &run });
        run.clear();
        shown.push(c);
    }
    shown.truncate(shown.len() - 1);
    shown
}

fn has_source<T: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if error.is::<T>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// An access key id has 20 characters, a secret key 40, tokens and signatures more.
const SHORTEST_SECRET: usize = 16;

/// Stops: a server that answers with a page in place of a message.
const LONGEST_MESSAGE: usize = 600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_what_s3_says() {
        let error = |code, message, status| by_code(code, message, status).into_error();
        assert_eq!(error("NoSuchKey", "", 404), StoreError::NotFound);
        assert_eq!(error("AccessDenied", "Access Denied", 403), StoreError::Denied);
        assert_eq!(error("", "", 403), StoreError::Denied);
        let kms = "User: arn:aws:iam::1:user/u is not authorized to perform: kms:Decrypt on this resource";
        assert_eq!(error("AccessDenied", kms, 403), StoreError::Kms);
        assert_eq!(error("KMS.DisabledException", "", 400), StoreError::Kms);
        assert_eq!(error("InvalidObjectState", "", 403), StoreError::Archived);
        assert!(matches!(by_code("SlowDown", "", 503), Refusal::Throttled(_)));
        assert!(matches!(by_code("InternalError", "", 500), Refusal::Passing(_)));
        assert!(matches!(by_code("ExpiredToken", "", 400), Refusal::Passing(StoreError::Credentials(_))));
        assert!(matches!(by_code("InvalidAccessKeyId", "", 403), Refusal::Final(StoreError::Credentials(_))));
    }

    #[test]
    fn only_s3_itself_can_say_that_an_object_is_absent() {
        for (code, status) in [("", 404), ("NotFound", 404), ("NoSuchBucket", 404), ("", 410), ("Gone", 410)] {
            assert_ne!(by_code(code, "", status).into_error(), StoreError::NotFound, "{code} {status}");
        }
    }

    #[test]
    fn secrets_are_not_repeated() {
        for secret in [
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "IQoJb3JpZ2luX2VjEOz//////////wEaCXVzLWVhc3QtMSJHMEUCIQ==",
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ] {
            let shown =
                without_secrets(&format!("the key {secret}, given by arn:aws:iam::111122223333:role/audit-role"));
            assert_eq!(shown, "the key [hidden], given by arn:aws:iam::111122223333:role/audit-role");
        }
        assert_eq!(
            without_secrets("dispatch failure: connection refused (os error 111)"),
            "dispatch failure: connection refused (os error 111)"
        );
        assert!(without_secrets(&"x ".repeat(5_000)).len() <= LONGEST_MESSAGE);
    }
}
