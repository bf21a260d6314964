//! The requests of "WAMP: HTTP Longpoll Transport".

use super::{
    Body, Front,
    body::{self, Unread},
    reply::{put, sentence},
};
use crate::{
    config,
    peer::{Peer, TransportKind},
    transport::{
        Subprotocol,
        longpoll::{Channel, Hub, Refused, Stay, Waited},
    },
};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderMap, HeaderValue},
};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use wamplex_shared::serializer::Serializer;

/// The longest body of `/open`: a list of six names.
const OPEN_LIMIT: usize = 4 << 10;

/// How long a browser may remember what it may send, in seconds.
const PREFLIGHT_AGE: &str = "600";

/// What answers the requests of a listener.
#[derive(Debug)]
pub(crate) struct LongPolls {
    pub(crate) hub: Arc<Hub>,
    pub(crate) settings: config::LongPoll,
    /// How long the body of a request may take, besides what a long one needs.
    pub(crate) time: Duration,
}

/// The body of `/open`.
#[derive(Deserialize)]
struct Open {
    protocols: Vec<String>,
}

/// What a path means.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Open,
    /// Something is wanted of the transport of this name.
    Transport(&'a str, Action),
    Unknown,
}

/// What is wanted of a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Receive,
    Send,
    Close,
}

/// Answers a request of `client`, if long-poll is spoken here.
pub(super) async fn respond(
    front: &Front,
    request: Request<Incoming>,
    client: Peer,
) -> Response<Body> {
    match &front.longpolls {
        Some(longpolls) => longpolls.respond(front, request, client).await,
        None => unknown(),
    }
}

impl LongPolls {
    /// Whether requests for this path are answered here.
    pub(super) fn serves(&self, path: &str) -> bool {
        path.strip_prefix(&*self.settings.path).is_some_and(|rest| rest.starts_with('/'))
    }

    async fn respond(
        &self,
        front: &Front,
        request: Request<Incoming>,
        client: Peer,
    ) -> Response<Body> {
        if let Err(refusal) = front.pages.check(request.headers()) {
            return *refusal;
        }
        let page = request.headers().get(header::ORIGIN).cloned();
        let mut response = match *request.method() {
            Method::OPTIONS => preflight(),
            Method::POST => self.answer(front, request, client).await,
            _ => {
                let mut refusal = sentence(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "long-poll is spoken with POST requests only",
                );
                put(refusal.headers_mut(), header::ALLOW, "POST, OPTIONS");
                refusal
            }
        };
        if let Some(page) = page {
            share(response.headers_mut(), page);
        }
        response
    }

    async fn answer(
        &self,
        front: &Front,
        request: Request<Incoming>,
        client: Peer,
    ) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let route = Route::of(path.strip_prefix(&*self.settings.path).unwrap_or_default());
        let (name, action) = match route {
            Route::Unknown => return unknown(),
            Route::Open => return self.open(front, request, client).await,
            Route::Transport(name, action) => (name, action),
        };
        let Some(channel) = self.hub.find(name) else { return gone() };
        match action {
            Action::Receive => self.receive(&channel).await,
            Action::Send => self.send(request, &channel).await,
            Action::Close if channel.close() => empty(),
            Action::Close => gone(),
        }
    }

    /// Opens a transport: its name, and the subprotocol that both sides speak.
    async fn open(
        &self,
        front: &Front,
        request: Request<Incoming>,
        mut client: Peer,
    ) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let agreed = match self.agree(&parts.headers, body).await {
            Ok(agreed) => agreed,
            Err(refusal) => return *refusal,
        };
        let stay = match stay(front, &client) {
            Ok(stay) => stay,
            Err(refusal) => return *refusal,
        };
        client.transport = TransportKind::LongPoll;
        let mut set = HeaderMap::new();
        front.renew_cookie(&parts.headers, &mut set, &mut client);
        let limit = front.shared.limits().message_size_before_welcome;
        match self.hub.open(agreed, limit, self.settings.idle, client, stay) {
            Ok(transport) => {
                let answer = serde_json::json!({"protocol": agreed.name(), "transport": transport});
                let mut response = content_response(answer.to_string().into(), "application/json");
                response.headers_mut().extend(set);
                response
            }
            Err(error) => sentence(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        }
    }

    /// The first subprotocol of the client that we speak.
    async fn agree(
        &self,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Subprotocol, Box<Response<Body>>> {
        if !has_type(headers, &["application/json"]) {
            return Err(wrong_type("application/json").into());
        }
        let content = body::read(body, OPEN_LIMIT, self.time).await;
        let content = content.map_err(|unread| Box::new(unread.into_response()))?;
        let bad = |why: String| Box::new(sentence(StatusCode::BAD_REQUEST, why));
        let Open { protocols } = serde_json::from_slice(&content)
            .map_err(|error| bad(format!("expected {{\"protocols\": [names]}}: {error}")))?;
        let agreed = protocols.iter().find_map(|name| Subprotocol::from_name(name));
        agreed
            .ok_or_else(|| bad(format!("none of the protocols is spoken here: {}", subprotocols())))
    }

    async fn receive(&self, channel: &Channel) -> Response<Body> {
        match channel.receive(Instant::now() + self.settings.receive).await {
            Waited::Said(said) => {
                content_response(Body::from(said), media_type(channel.serializer()))
            }
            Waited::Nothing => empty(),
            Waited::PushedOut => {
                sentence(StatusCode::CONFLICT, "another request receives for this transport now")
            }
            Waited::Gone => gone(),
        }
    }

    async fn send(&self, request: Request<Incoming>, channel: &Channel) -> Response<Body> {
        let expected = media_type(channel.serializer());
        if !has_type(request.headers(), media_types(channel.serializer())) {
            return wrong_type(expected);
        }
        let sent = match body::read(request.into_body(), channel.limit(), self.time).await {
            Ok(content) => channel.send(content, Instant::now() + self.settings.receive).await,
            Err(Unread::TooLong { length, .. }) => Err(channel.refuse(length)),
            Err(unread) => return unread.into_response(),
        };
        match sent {
            Ok(()) => empty(),
            Err(Refused::TooLong { limit }) => Unread::too_long(limit),
            Err(Refused::Malformed(error)) => sentence(StatusCode::BAD_REQUEST, error.to_string()),
            Err(Refused::Full) => {
                let why = "the session waits for you to receive what it has said";
                sentence(StatusCode::SERVICE_UNAVAILABLE, why)
            }
            Err(Refused::Gone) => gone(),
        }
    }
}

impl<'a> Route<'a> {
    /// What a path below the one of long-poll means.
    fn of(path: &'a str) -> Self {
        let mut segments = path.split('/').skip(1);
        match (segments.next(), segments.next(), segments.next()) {
            (Some("open"), None, None) => Self::Open,
            (Some(name), Some("receive"), None) => Self::Transport(name, Action::Receive),
            (Some(name), Some("send"), None) => Self::Transport(name, Action::Send),
            (Some(name), Some("close"), None) => Self::Transport(name, Action::Close),
            _ => Self::Unknown,
        }
    }
}

fn subprotocols() -> String {
    Subprotocol::all().map(Subprotocol::name).collect::<Vec<_>>().join(", ")
}

/// What a transport takes up, if there is as much.
fn stay(front: &Front, client: &Peer) -> Result<Stay, Box<Response<Body>>> {
    let shared = &front.shared;
    let full = |status: StatusCode, why: &str| {
        shared.tally.connections_refused.up();
        let mut refusal = sentence(status, why);
        put(refusal.headers_mut(), header::RETRY_AFTER, "5");
        Box::new(refusal)
    };
    // A proxy that has not said for whom it asks asks for many.
    let ip = client.address.ip().filter(|ip| !front.proxy.trusts(*ip));
    let counted = shared.crowd.connect(ip, &shared.limits(), shared.clock.now());
    let counted =
        counted.map_err(|crowded| full(StatusCode::TOO_MANY_REQUESTS, crowded.words()))?;
    let why = "this router has too many connections, try again later";
    let place = shared.room.enter().ok_or_else(|| full(StatusCode::SERVICE_UNAVAILABLE, why))?;
    Ok(Stay { place, counted })
}

/// What messages are called in responses.
const fn media_type(serializer: Serializer) -> &'static str {
    match serializer {
        Serializer::Json => "application/json",
        Serializer::MsgPack => "application/x-msgpack",
        Serializer::Cbor => "application/cbor",
    }
}

/// What messages may be called in requests. Nothing that a form of another page can send.
const fn media_types(serializer: Serializer) -> &'static [&'static str] {
    match serializer {
        Serializer::Json => &["application/json"],
        Serializer::MsgPack => {
            &["application/x-msgpack", "application/msgpack", "application/octet-stream"]
        }
        Serializer::Cbor => &["application/cbor", "application/octet-stream"],
    }
}

/// Whether the body of a request is said to be of one of these types, whatever its parameters are.
fn has_type(headers: &HeaderMap, types: &[&str]) -> bool {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let named = named.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    types.iter().any(|one| one.eq_ignore_ascii_case(named))
}

/// Lets a page read the response. Only pages get here that may connect.
fn share(headers: &mut HeaderMap, page: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page);
    put(headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    put(headers, header::VARY, "origin");
}

/// What a page may send.
fn preflight() -> Response<Body> {
    let mut response = empty();
    let headers = response.headers_mut();
    put(headers, header::ACCESS_CONTROL_ALLOW_METHODS, "POST");
    put(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type");
    put(headers, header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE);
    response
}

fn content_response(content: Body, media_type: &'static str) -> Response<Body> {
    let mut response = Response::new(content);
    let headers = response.headers_mut();
    put(headers, header::CONTENT_TYPE, media_type);
    put(headers, header::CACHE_CONTROL, "no-store");
    put(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

fn empty() -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    put(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    response
}

fn unknown() -> Response<Body> {
    sentence(StatusCode::NOT_FOUND, "there is no such request")
}

fn gone() -> Response<Body> {
    sentence(StatusCode::NOT_FOUND, "there is no such transport, or no longer")
}

fn wrong_type(expected: &str) -> Response<Body> {
    let why = format!("the body has to be of the content type {expected}");
    sentence(StatusCode::UNSUPPORTED_MEDIA_TYPE, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_means_one_thing() {
        for (path, route) in [
            ("/open", Route::Open),
            ("/abc/receive", Route::Transport("abc", Action::Receive)),
            ("/abc/send", Route::Transport("abc", Action::Send)),
            ("/abc/close", Route::Transport("abc", Action::Close)),
            ("/open/receive", Route::Transport("open", Action::Receive)),
            ("", Route::Unknown),
            ("/", Route::Unknown),
            ("/open/", Route::Unknown),
            ("/abc", Route::Unknown),
            ("/abc/", Route::Unknown),
            ("/abc/open", Route::Unknown),
            ("/abc/send/x", Route::Unknown),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }

    #[test]
    fn a_body_needs_a_type_that_no_form_can_give_it() {
        for (value, is_json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/json-seq", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("multipart/form-data; boundary=application/json", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
            assert_eq!(has_type(&headers, media_types(Serializer::Json)), is_json, "{value}");
        }
        assert!(!has_type(&HeaderMap::new(), media_types(Serializer::Json)));
    }
}
