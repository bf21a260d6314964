//! Responses that are one sentence, and the headers that all responses have.

use super::Body;
use hyper::{
    Response, StatusCode,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};

/// What a page of the site may do: run its own scripts and WebAssembly, and open WebSockets anywhere, since trying
/// another router is what the page is for.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'; form-action 'self'; \
    frame-ancestors 'self'";

/// A response that is a sentence for people.
pub(super) fn sentence(status: StatusCode, sentence: impl Into<String>) -> Response<Body> {
    let mut text = sentence.into();
    text.push('\n');
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    put(headers, header::CONTENT_TYPE, "text/plain; charset=utf-8");
    put(headers, header::CACHE_CONTROL, "no-store");
    guard(headers);
    response
}

/// Adds the headers that keep browsers from guessing and from running what is not ours.
pub(super) fn guard(headers: &mut HeaderMap) {
    put(headers, header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    put(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(headers, header::REFERRER_POLICY, "no-referrer");
}

/// Sets a header whose value is known when we compile.
pub(super) fn put(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
