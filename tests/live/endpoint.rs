//! All of AWS at one address: the service that a request is signed for answers it, as with `AWS_ENDPOINT_URL`.

use std::net::SocketAddr;

use tokio::runtime::Runtime;

use crate::aws_api::AwsApi;
use crate::credentials::{Credentials, Scope};
use crate::journal::Journal;
use crate::listen;
use crate::s3_server::S3Server;

/// The services, and where they are.
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    pub(crate) s3: S3Server,
    pub(crate) api: AwsApi,
    pub(crate) credentials: Credentials,
    pub(crate) journal: Journal,
}

impl Endpoint {
    pub(crate) fn start(runtime: &Runtime) -> Endpoint {
        let (credentials, journal) = (Credentials::new(), Journal::default());
        let s3 = S3Server::new(journal.clone());
        let api = AwsApi::new(&credentials, journal.clone());
        let (front, others) = (s3.service(&credentials), api.clone());
        let address = listen::serve(runtime, move |request, _wire| {
            let (front, others) = (front.clone(), others.clone());
            async move {
                let service = Scope::of(request.headers()).map(|scope| scope.service);
                let is_api = request.headers().contains_key("x-amz-target") || request.method() == hyper::Method::POST;
                match service.as_deref() {
                    Some("s3") => Ok(front.answer(request).await),
                    None if !is_api => Ok(front.answer(request).await),
                    _ => Ok(others.answer(request).await),
                }
            }
        });
        Endpoint { address, s3, api, credentials, journal }
    }
}
