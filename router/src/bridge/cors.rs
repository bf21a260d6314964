//! Which web pages may use the bridge (the "CORS protocol" of the Fetch standard).

use crate::front::{Body, Pages};
use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderMap, HeaderValue},
};

/// What a page may send besides what every page may.
const HEADERS: &str = "authorization, content-type, last-event-id";

/// How long a browser may remember the answer, in seconds.
const MAX_AGE: &str = "600";

/// The page that a request comes from.
#[derive(Debug)]
pub(super) struct Page(Option<HeaderValue>);

impl Page {
    /// The page of a request, if it comes from one; `None` if its origin may not come here.
    pub(super) fn of(headers: &HeaderMap, pages: &Pages) -> Option<Self> {
        let mut sent = headers.get_all(header::ORIGIN).iter();
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        // A browser sends one; two are an attempt to have one checked and the other believed.
        match (sent.next(), sent.next()) {
            (None, _) => Some(Self(None)),
            (Some(origin), None) if pages.allow(origin.to_str().ok()?, host) => {
                Some(Self(Some(origin.clone())))
            }
            (Some(_), _) => None,
        }
    }

    /// The answer to a browser that asks beforehand, if it does.
    pub(super) fn preflight<B>(
        &self,
        request: &Request<B>,
        method: &Method,
    ) -> Option<Response<Body>> {
        let asks = request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || self.0.is_none() {
            return None;
        }
        let mut response = Response::new(Body::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        if let Ok(method) = HeaderValue::from_str(method.as_str()) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method);
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        Some(response)
    }

    /// Lets the page read the response.
    pub(super) fn admit(self, response: &mut Response<Body>) {
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = self.0 {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
    }
}
