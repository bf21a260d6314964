//! Requests that came to nothing, and how their clients are told.

use super::{
    json::{self, Arguments},
    status::Statuses,
};
use crate::{
    authentication::Refusal,
    front::Body,
    local::{LocalError, sentence},
};
use hyper::{
    Response, StatusCode,
    header::{self, HeaderName, HeaderValue},
};
use serde::Serialize;
use wamplex_shared::{
    error::WampError,
    session::CloseReason,
    uri::Uri,
    uris::{close, error},
};

/// A request that came to nothing.
#[derive(Debug)]
pub(super) struct Failure(Box<Inner>);

#[derive(Debug)]
struct Inner {
    /// The status, if it is not that of the error.
    status: Option<StatusCode>,
    error: WampError,
    header: Option<(HeaderName, &'static str)>,
}

/// How a failure looks in JSON.
#[derive(Serialize)]
struct Told<'a> {
    error: &'a str,
    #[serde(flatten)]
    arguments: Arguments,
}

impl Failure {
    /// What an error URI says, with a sentence for people.
    pub(super) fn new(uri: &'static str, words: impl Into<String>) -> Self {
        let error = sentence(Uri::from_static(uri), words.into());
        Self(Box::new(Inner { status: None, error, header: None }))
    }

    /// The same with this status, whatever the endpoint says.
    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The same with a header.
    pub(super) fn with_header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// The body is not what the endpoint takes.
    pub(super) fn bad_request(words: impl Into<String>) -> Self {
        Self::new(error::INVALID_ARGUMENT, words).with_status(StatusCode::BAD_REQUEST)
    }

    /// Nobody may come without a token, or with this one.
    pub(super) fn unauthenticated(uri: &'static str, words: impl Into<String>) -> Self {
        Self::new(uri, words)
            .with_status(StatusCode::UNAUTHORIZED)
            .with_header(header::WWW_AUTHENTICATE, "Bearer")
    }

    /// The router stops.
    pub(super) fn shutting_down() -> Self {
        Self::new(close::SYSTEM_SHUTDOWN, "the router shuts down")
            .with_status(StatusCode::SERVICE_UNAVAILABLE)
            .with_header(header::RETRY_AFTER, "5")
    }

    /// Whether a callee or the router gave up.
    pub(super) fn is_canceled(&self) -> bool {
        self.0.error.uri.as_str() == error::CANCELED
    }

    /// What the client is told.
    pub(super) fn into_response(self, statuses: &Statuses) -> Response<Body> {
        let Inner { status, error, header } = *self.0;
        let uri = error.uri.as_str();
        let told = Told { error: uri, arguments: json::from_payload(&error.payload) };
        let mut response = answer(&told);
        *response.status_mut() = status.unwrap_or_else(|| statuses.of(uri));
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        if let LocalError::Closed(reason) = &error
            && let CloseReason::Goodbye(goodbye) = &**reason
            && goodbye.reason.as_str() == close::SYSTEM_SHUTDOWN
        {
            return Self::shutting_down();
        }
        Self(Box::new(Inner { status: None, error: error.into(), header: None }))
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.uri, refusal.message)
    }
}

/// A response in JSON.
pub(super) fn answer(content: &impl Serialize) -> Response<Body> {
    let mut response = Response::new(Body::from(json::write(content)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
