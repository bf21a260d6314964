//! An echo over the WebSocket transport, to hold that against suites that know nothing of WAMP.

use super::{Place, Protocol, Target, Transport, TransportError, websocket};
use core::{future::poll_fn, time::Duration};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// How long the connection may take to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Connects and sends every message back, until the server closes the connection or breaks the protocol. Returns the
/// first message, if it was text.
///
/// # Errors
/// There is no connection.
pub async fn echo(url: &str, limit: usize) -> Result<Option<String>, TransportError> {
    let target = Target::parse(url)?;
    let (Protocol::WebSocket(uri), Place::Network { host, port }) =
        (&target.protocol, &target.place)
    else {
        return Err(TransportError::Url("it begins not with ws://"));
    };
    let stream = TcpStream::connect((host.as_str(), *port)).await?;
    stream.set_nodelay(true)?;
    let request = uri.clone().into_client_request();
    let request = request.map_err(|_| TransportError::Url("it is malformed"))?;
    let (stream, _) = websocket::handshake(stream, request, limit).await?;
    let mut transport = websocket::WebSocket::new(stream, None);
    let mut first = None;
    // An error is for the close below to tell.
    while let Ok(Some(frame)) = poll_fn(|cx| transport.poll_receive(cx)).await {
        if first.is_none() {
            first = String::from_utf8(frame.bytes.to_vec()).ok().filter(|_| frame.is_text);
        }
        let sent = transport.write(frame.is_text, frame.bytes);
        if sent.is_err() || poll_fn(|cx| transport.poll_flush(cx)).await.is_err() {
            break;
        }
    }
    // Whether the server hears it or not.
    let _ = timeout(CLOSE_TIMEOUT, poll_fn(|cx| transport.poll_close(cx))).await;
    Ok(first)
}
