//! What carries messages: frames in, frames out.

mod counted;
#[cfg(feature = "echo")]
pub(crate) mod echo;
pub(crate) mod rawsocket;
mod target;
#[cfg(feature = "tls")]
mod tls;
pub(crate) mod websocket;

pub(crate) use target::{Place, Protocol, Target};
#[cfg(feature = "tls")]
pub(crate) use tls::encrypt;

use counted::Counted;

use bytes::Bytes;
use core::task::{Context, Poll};
use std::{io, sync::Arc};
use wamplex_shared::{
    codec, error::ProtocolViolation, message::Message, rawsocket::Refusal, serializer::Serializer,
};

/// A connection that carries whole messages in both directions.
///
/// Everything polls, so that one task can write while it reads: a transport that waits for its peer to read must not
/// keep us from reading, or two peers could wait for each other.
pub(crate) trait Transport: Send + 'static {
    /// Receives a message. `Ok(None)` says that the peer closed the connection in the orderly way.
    fn poll_receive(&mut self, cx: &mut Context<'_>)
    -> Poll<Result<Option<Frame>, TransportError>>;

    /// Waits until a message may be sent.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;

    /// Takes a message for sending; [`poll_ready`](Self::poll_ready) has to have said yes.
    fn send(&mut self, serializer: Serializer, frame: Bytes) -> Result<(), TransportError>;

    /// Waits until all messages taken are with the operating system.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;

    /// Closes the connection in the orderly way and waits for the peer to do the same.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;

    /// The length of the longest message that the router receives, as far as it has said so.
    fn limit(&self) -> usize {
        usize::MAX
    }

    /// How many bytes have come so far.
    fn read(&self) -> u64;

    /// Asks the router for a sign of life, with the next flush.
    fn ping(&mut self) -> Result<(), TransportError>;
}

/// One received message, and the kind of frame it came in.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) bytes: Bytes,
    pub(crate) is_text: bool,
}

impl Frame {
    /// Reads the message.
    pub(crate) fn decode(&self, serializer: Serializer) -> Result<Message, ProtocolViolation> {
        if self.is_text == serializer.is_text() {
            return Ok(codec::decode(serializer, &self.bytes)?);
        }
        let kind = if self.is_text { "text" } else { "binary" };
        Err(ProtocolViolation::FrameType { serializer, kind })
    }
}

/// Writes a message.
///
/// Arguments in another serializer are converted, so there is nothing that could not be written.
pub(crate) fn encode(serializer: Serializer, message: &Message) -> Option<Bytes> {
    codec::encode(serializer, message)
        .inspect_err(|error| tracing::error!(%error, "a message could not be written"))
        .ok()
}

/// What can go wrong below WAMP.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The address to connect to is no URL we understand; says why.
    #[error("not a URL to connect to: {0}")]
    Url(&'static str),
    /// No connection to the host could be opened.
    #[error("cannot connect to {address}")]
    Connect {
        /// Host and port.
        address: String,
        /// Why not.
        #[source]
        source: Arc<io::Error>,
    },
    /// The URL begins with `wss://` or `rss://`, and this program was built without the feature `tls`.
    #[error("wss:// and rss:// need the feature `tls` of the crate wamplex")]
    NoTls,
    /// No encrypted connection to the host could be opened.
    #[error("cannot encrypt the connection to {host}")]
    Tls {
        /// The host.
        host: String,
        /// Why not: mostly a certificate that is not to be trusted.
        #[source]
        source: Arc<io::Error>,
    },
    /// The server answered, but not with a WebSocket: the HTTP status.
    #[error("the server refused the WebSocket with HTTP status {0}")]
    Http(u16),
    /// The server speaks none of the offered serializers, or chose one that was not offered.
    #[error("the server accepted none of the offered subprotocols")]
    Subprotocol,
    /// The server refused the RawSocket handshake.
    #[error("{0}")]
    RawSocket(#[source] Refusal),
    /// Nothing was heard of the router for too long, not even the answer to a PING.
    #[error("nothing was heard of the router for too long")]
    Silent,
    /// The other side does not keep to the protocol of the transport.
    #[error("the other side breaks the protocol of the transport: {0}")]
    Protocol(String),
    /// A message is longer than the limit.
    #[error("a message of {length} bytes is longer than the {limit} allowed")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Reading or writing failed.
    #[error("the connection failed")]
    Io(#[source] Arc<io::Error>),
}

impl From<io::Error> for TransportError {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}
