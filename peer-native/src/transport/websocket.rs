//! WAMP over WebSocket ("WAMP: WebSocket Transport").

use super::{Counted, Frame, Transport, TransportError};
use bytes::{Bytes, BytesMut};
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
        handshake::client::{Request, Response},
        http::{HeaderValue, Uri, header::SEC_WEBSOCKET_PROTOCOL},
        protocol::{Message, WebSocketConfig},
    },
};
use wamplex_shared::{
    codec::batch::{self, Split},
    error::ProtocolViolation,
    serializer::Serializer,
};

/// Allocated at once for each connection, hence well below the library's 128 KiB.
const READ_BUFFER: usize = 16 * 1024;

/// Messages are gathered up to this size before they go to the operating system.
const WRITE_BUFFER: usize = 64 * 1024;

/// What a client offers a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proposal<'a> {
    pub(crate) serializers: &'a [Serializer],
    /// Whether batches are offered as well, and preferred.
    pub(crate) batched: bool,
    pub(crate) max_message_size: usize,
}

impl Proposal<'_> {
    /// The subprotocols, the favourite first.
    fn subprotocols(&self) -> Vec<&'static str> {
        let batched = self.serializers.iter().filter(|_| self.batched);
        let batched = batched.map(|serializer| batch::subprotocol(*serializer));
        batched.chain(self.serializers.iter().map(|serializer| serializer.subprotocol())).collect()
    }

    /// What the server has chosen, and whether messages come in batches, if it was offered.
    fn chosen(&self, name: &str) -> Option<(Serializer, bool)> {
        let batched = batch::from_subprotocol(name).filter(|_| self.batched);
        let plain = Serializer::from_subprotocol(name).map(|serializer| (serializer, false));
        let chosen = batched.map(|serializer| (serializer, true)).or(plain);
        chosen.filter(|(serializer, _)| self.serializers.contains(serializer))
    }
}

/// Does the WebSocket handshake over an open stream and says which serializer the server chose.
pub(crate) async fn open<S>(
    stream: S,
    uri: &Uri,
    proposal: Proposal<'_>,
) -> Result<(WebSocket<S>, Serializer), TransportError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = uri.clone().into_client_request().map_err(transport_error)?;
    let offered = HeaderValue::from_str(&proposal.subprotocols().join(", "))
        .map_err(|_| TransportError::Url("the subprotocols fit no header"))?;
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, offered);
    let (stream, response) = handshake(stream, request, proposal.max_message_size).await?;
    let (serializer, batched) = response
        .headers()
        .get(SEC_WEBSOCKET_PROTOCOL)
        .and_then(|name| name.to_str().ok())
        .and_then(|name| proposal.chosen(name))
        .ok_or(TransportError::Subprotocol)?;
    let batches =
        batched.then(|| Batches { serializer, incoming: None, outgoing: BytesMut::new() });
    Ok((WebSocket::new(stream, batches), serializer))
}

/// Does the WebSocket handshake.
pub(super) async fn handshake<S>(
    stream: S,
    request: Request,
    max_message_size: usize,
) -> Result<(WebSocketStream<Counted<S>>, Response), TransportError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(max_message_size))
        .max_frame_size(Some(max_message_size));
    client_async_with_config(request, Counted::new(stream), Some(config))
        .await
        .map_err(transport_error)
}

/// What a connection with batches ("WAMP: Batched WebSocket Transport") holds between polls.
pub(super) struct Batches {
    serializer: Serializer,
    /// What is left of the batch that came last.
    incoming: Option<Split>,
    /// The batch that is being filled.
    outgoing: BytesMut,
}

/// A WebSocket after the handshake.
pub(crate) struct WebSocket<S> {
    stream: WebSocketStream<Counted<S>>,
    batches: Option<Batches>,
    /// The close frame is sent.
    is_closing: bool,
}

impl<S> WebSocket<S> {
    pub(super) const fn new(stream: WebSocketStream<Counted<S>>, batches: Option<Batches>) -> Self {
        Self { stream, batches, is_closing: false }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The next message of the batch that came last.
    fn next_of_batch(&mut self) -> Option<Result<Frame, TransportError>> {
        let batches = self.batches.as_mut()?;
        let Some(next) = batches.incoming.as_mut()?.next() else {
            batches.incoming = None;
            return None;
        };
        let is_text = batches.serializer.is_text();
        let frame = next.map(|bytes| Frame { bytes, is_text });
        Some(frame.map_err(|error| TransportError::Protocol(error.to_string())))
    }

    /// What a data frame carries: a message, or a batch that is taken apart first.
    fn take(&mut self, frame: Frame) -> Result<Option<Frame>, TransportError> {
        let Some(batches) = &mut self.batches else { return Ok(Some(frame)) };
        let serializer = batches.serializer;
        if frame.is_text != serializer.is_text() {
            let kind = if frame.is_text { "text" } else { "binary" };
            let violation = ProtocolViolation::FrameType { serializer, kind };
            return Err(TransportError::Protocol(violation.to_string()));
        }
        batches.incoming = Some(batch::split(serializer, frame.bytes));
        Ok(None)
    }

    pub(super) fn write(&mut self, is_text: bool, bytes: Bytes) -> Result<(), TransportError> {
        let message = if is_text {
            let text = bytes.try_into().map_err(|error: core::str::Utf8Error| {
                TransportError::Protocol(error.to_string())
            })?;
            Message::Text(text)
        } else {
            Message::Binary(bytes)
        };
        Pin::new(&mut self.stream).start_send(message).map_err(transport_error)
    }

    /// Ends the batch that is being filled.
    fn write_batch(&mut self) -> Result<(), TransportError> {
        match &mut self.batches {
            Some(Batches { serializer, outgoing, .. }) if !outgoing.is_empty() => {
                let (is_text, batch) = (serializer.is_text(), outgoing.split().freeze());
                self.write(is_text, batch)
            }
            _ => Ok(()),
        }
    }
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
            if let Some(frame) = self.next_of_batch() {
                return Poll::Ready(frame.map(Some));
            }
            let message = match Pin::new(&mut self.stream).poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Ok(None)),
                Poll::Ready(Some(Err(tungstenite::Error::ConnectionClosed))) => {
                    return Poll::Ready(Ok(None));
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(transport_error(error))),
                Poll::Ready(Some(Ok(message))) => message,
            };
            let frame = match message {
                Message::Text(text) => Frame { bytes: text.into(), is_text: true },
                Message::Binary(bytes) => Frame { bytes, is_text: false },
                // The library answers pings and closes by itself; the end of the stream follows a close.
                Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {
                    continue;
                }
            };
            if let Some(frame) = self.take(frame)? {
                return Poll::Ready(Ok(Some(frame)));
            }
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Pin::new(&mut self.stream).poll_ready(cx).map_err(transport_error)
    }

    fn send(&mut self, serializer: Serializer, frame: Bytes) -> Result<(), TransportError> {
        let Some(batches) = &mut self.batches else {
            return self.write(serializer.is_text(), frame);
        };
        batch::append(serializer, &frame, &mut batches.outgoing);
        if batches.outgoing.len() >= WRITE_BUFFER { self.write_batch() } else { Ok(()) }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.write_batch()?;
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

    fn read(&self) -> u64 {
        self.stream.get_ref().read()
    }

    fn ping(&mut self) -> Result<(), TransportError> {
        let ping = Message::Ping(Bytes::new());
        Pin::new(&mut self.stream).start_send(ping).map_err(transport_error)
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
