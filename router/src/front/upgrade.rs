//! From HTTP to WebSocket: the server's half of the opening handshake.

use super::{
    Body, Pages, WEBSOCKET_PATH,
    reply::{put, sentence},
};
use crate::transport::Subprotocol;
use hyper::{
    Method, Request, Response, StatusCode, Version,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// An upgrade that was granted.
pub(super) struct Granted {
    pub(super) response: Response<Body>,
    pub(super) agreed: Subprotocol,
}

/// The response that says why an upgrade was not granted.
type Refusal = Box<Response<Body>>;

/// The characters of a `Sec-WebSocket-Key`: 16 bytes in base64.
const KEY_LENGTH: usize = 24;

/// Decides about a request to the path of the WebSocket.
///
/// # Errors
/// What is wrong with the request.
pub(super) fn negotiate<B>(request: &Request<B>, pages: &Pages) -> Result<Granted, Refusal> {
    let headers = request.headers();
    if request.method() != Method::GET {
        let mut refusal = sentence(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("{WEBSOCKET_PATH} is a WebSocket: only GET opens it"),
        );
        put(refusal.headers_mut(), header::ALLOW, "GET");
        return Err(refusal.into());
    }
    let wants_upgrade = request.version() == Version::HTTP_11
        && has_token(headers, &header::CONNECTION, "upgrade")
        && has_token(headers, &header::UPGRADE, "websocket");
    if !wants_upgrade {
        return Err(upgrade_required(format!(
            "{WEBSOCKET_PATH} is a WebSocket: connect with a WAMP client and one of the subprotocols {}",
            subprotocols()
        )));
    }
    if text(headers, &header::SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err(upgrade_required("only version 13 of WebSocket is spoken here".to_owned()));
    }
    let key = text(headers, &header::SEC_WEBSOCKET_KEY)
        .filter(|key| is_key(key))
        .ok_or_else(|| bad_request("Sec-WebSocket-Key has to be 16 bytes in base64"))?;
    pages.check(headers)?;
    let agreed = choose(headers).ok_or_else(|| {
        bad_request(format!(
            "Sec-WebSocket-Protocol names no subprotocol that is spoken here: {}",
            subprotocols()
        ))
    })?;
    Ok(Granted { response: switch(key, agreed), agreed })
}

/// The response that ends HTTP on this connection.
fn switch(key: &str, agreed: Subprotocol) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    put(headers, header::CONNECTION, "Upgrade");
    put(headers, header::UPGRADE, "websocket");
    put(headers, header::SEC_WEBSOCKET_PROTOCOL, agreed.name());
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

fn upgrade_required(why: String) -> Refusal {
    let mut refusal = sentence(StatusCode::UPGRADE_REQUIRED, why);
    let headers = refusal.headers_mut();
    put(headers, header::UPGRADE, "websocket");
    put(headers, header::CONNECTION, "Upgrade");
    put(headers, header::SEC_WEBSOCKET_VERSION, "13");
    refusal.into()
}

fn bad_request(why: impl Into<String>) -> Refusal {
    sentence(StatusCode::BAD_REQUEST, why).into()
}

/// The first subprotocol in the order of the client that we speak.
fn choose(headers: &HeaderMap) -> Option<Subprotocol> {
    tokens(headers, &header::SEC_WEBSOCKET_PROTOCOL).find_map(Subprotocol::from_name)
}

fn subprotocols() -> String {
    Subprotocol::all().map(Subprotocol::name).collect::<Vec<_>>().join(", ")
}

fn is_key(key: &str) -> bool {
    key.len() == KEY_LENGTH
        && key.ends_with("==")
        && key[..KEY_LENGTH - 2]
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// The value of a header that may be sent once.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The items of a header that is a list, which may be spread over several lines.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|found| found.eq_ignore_ascii_case(token))
}
