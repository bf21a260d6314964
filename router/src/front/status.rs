//! What machines ask about a router: whether it lives, whether it takes sessions, and its numbers.

use super::{
    Body,
    reply::{put, sentence},
};
use crate::{config::Status, metrics, shared::Shared};
use bytes::Bytes;
use hyper::{Method, Request, Response, StatusCode, header};
use std::sync::Arc;

/// Answers if the path is one of ours, and the listener says so.
pub(super) fn respond<B>(
    request: &Request<B>,
    status: Status,
    shared: &Arc<Shared>,
) -> Option<Response<Body>> {
    let answer: fn(&Arc<Shared>) -> Response<Body> = match request.uri().path() {
        "/healthz" if status.health => |_| sentence(StatusCode::OK, "ok"),
        "/readyz" if status.health => ready,
        "/metrics" if status.metrics => numbers,
        _ => return None,
    };
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return Some(answer(shared));
    }
    let mut refusal = sentence(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are served here");
    put(refusal.headers_mut(), header::ALLOW, "GET, HEAD");
    Some(refusal)
}

fn ready(shared: &Arc<Shared>) -> Response<Body> {
    if shared.is_draining() {
        sentence(StatusCode::SERVICE_UNAVAILABLE, "shutting down")
    } else {
        sentence(StatusCode::OK, "ready")
    }
}

fn numbers(shared: &Arc<Shared>) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from(metrics::expose(shared))));
    put(response.headers_mut(), header::CONTENT_TYPE, metrics::CONTENT_TYPE);
    put(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    response
}
