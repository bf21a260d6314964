//! WAMP over WebSocket ("WAMP: WebSocket Transport").

use super::{Frame, Transport, TransportError};
use bytes::Bytes;
use core::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        self,
        client::IntoClientRequest,
        error::{CapacityError, ProtocolError},
        http::{HeaderValue, Uri, header::SEC_WEBSOCKET_PROTOCOL},
        protocol::{Message, WebSocketConfig},
    },
};
use wamplex_shared::serializer::Serializer;

/// Allocated at once for each connection, hence well below the library's 128 KiB.
const READ_BUFFER: usize = 16 * 1024;

/// Messages are gathered up to this size before they go to the operating system.
const WRITE_BUFFER: usize = 64 * 1024;

/// Where a URL leads.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    uri: Uri,
    host: String,
    port: u16,
    tls: bool,
}

impl Target {
    /// Understands `ws://host:port/path` and `wss://host:port/path`.
    pub(crate) fn parse(url: &str) -> Result<Self, TransportError> {
        let uri: Uri = url.parse().map_err(|_| TransportError::Url("it is malformed"))?;
        let tls = match uri.scheme_str() {
            Some("ws") => false,
            Some("wss") => true,
            _ => return Err(TransportError::Url("it begins neither with ws:// nor with wss://")),
        };
        let host = uri.host().unwrap_or_default();
        if host.is_empty() {
            return Err(TransportError::Url("it has no host"));
        }
        // The brackets of an IPv6 address belong to the URL, not to the address.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self { uri, host, port, tls })
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) const fn is_tls(&self) -> bool {
        self.tls
    }

    /// Whether nobody on the way can read along: encrypted, or never leaving this machine.
    pub(crate) fn is_confidential(&self) -> bool {
        let loopback = self.host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        self.tls || loopback || self.host.eq_ignore_ascii_case("localhost")
    }
}

/// Does the WebSocket handshake over an open stream and says which serializer the server chose.
pub(crate) async fn open<S>(
    stream: S,
    target: &Target,
    serializers: &[Serializer],
    max_message_size: usize,
) -> Result<(WebSocket<S>, Serializer), TransportError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = target.uri.clone().into_client_request().map_err(transport_error)?;
    let offered: Vec<&str> = serializers.iter().map(|s| s.subprotocol()).collect();
    let offered = HeaderValue::from_str(&offered.join(", "))
        .map_err(|_| TransportError::Url("the subprotocols fit no header"))?;
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, offered);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(max_message_size))
        .max_frame_size(Some(max_message_size));
    let (stream, response) =
        client_async_with_config(request, stream, Some(config)).await.map_err(transport_error)?;
    let serializer = response
        .headers()
        .get(SEC_WEBSOCKET_PROTOCOL)
        .and_then(|name| name.to_str().ok())
        .and_then(Serializer::from_subprotocol)
        .filter(|chosen| serializers.contains(chosen))
        .ok_or(TransportError::Subprotocol)?;
    Ok((WebSocket { stream, is_closing: false }, serializer))
}

/// A WebSocket after the handshake.
pub(crate) struct WebSocket<S> {
    stream: WebSocketStream<S>,
    /// The close frame is sent.
    is_closing: bool,
}

impl<S> Transport for WebSocket<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Frame>, TransportError>> {
        loop {
            let message = match Pin::new(&mut self.stream).poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Ok(None)),
                Poll::Ready(Some(Err(tungstenite::Error::ConnectionClosed))) => {
                    return Poll::Ready(Ok(None));
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(transport_error(error))),
                Poll::Ready(Some(Ok(message))) => message,
            };
            match message {
                Message::Text(text) => {
                    return Poll::Ready(Ok(Some(Frame { bytes: text.into(), is_text: true })));
                }
                Message::Binary(bytes) => {
                    return Poll::Ready(Ok(Some(Frame { bytes, is_text: false })));
                }
                // The library answers pings and closes by itself; the end of the stream follows a close.
                Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {}
            }
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Pin::new(&mut self.stream).poll_ready(cx).map_err(transport_error)
    }

    fn send(&mut self, serializer: Serializer, frame: Bytes) -> Result<(), TransportError> {
        let message = if serializer.is_text() {
            let text = frame.try_into().map_err(|error: core::str::Utf8Error| {
                TransportError::Protocol(error.to_string())
            })?;
            Message::Text(text)
        } else {
            Message::Binary(frame)
        };
        Pin::new(&mut self.stream).start_send(message).map_err(transport_error)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Pin::new(&mut self.stream).poll_flush(cx).map_err(transport_error)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if !self.is_closing {
            ready!(Pin::new(&mut self.stream).poll_close(cx)).map_err(transport_error)?;
            self.is_closing = true;
        }
        // Dropping a socket with unread input resets it, and the peer may lose what we said last.
        while ready!(self.poll_receive(cx))?.is_some() {}
        Poll::Ready(Ok(()))
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all others are described by their words")]
fn transport_error(error: tungstenite::Error) -> TransportError {
    match error {
        tungstenite::Error::Io(error) => error.into(),
        tungstenite::Error::Http(response) => TransportError::Http(response.status().as_u16()),
        tungstenite::Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
            TransportError::TooLong { length: size, limit: max_size }
        }
        tungstenite::Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => {
            TransportError::Subprotocol
        }
        other => TransportError::Protocol(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_host_and_port_and_knows_whether_others_can_read_along() {
        for (url, host, port, confidential) in [
            ("ws://127.0.0.1:8080/ws", "127.0.0.1", 8080, true),
            ("ws://[::1]:9/ws", "::1", 9, true),
            ("ws://localhost/ws", "localhost", 80, true),
            ("ws://router.example/ws", "router.example", 80, false),
            ("wss://router.example", "router.example", 443, true),
        ] {
            let target = Target::parse(url).unwrap();
            assert_eq!((target.host(), target.port()), (host, port), "{url}");
            assert_eq!(target.is_confidential(), confidential, "{url}");
        }
    }

    #[test]
    fn what_is_no_websocket_url_is_refused_with_a_reason() {
        for url in ["", "localhost:8080", "http://localhost/ws", "ws://", "ws:///ws", "ws://a b/"] {
            assert!(matches!(Target::parse(url), Err(TransportError::Url(_))), "{url:?}");
        }
    }
}
