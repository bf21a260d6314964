//! What carries the messages of a session: the seam between connections and sockets.
//!
//! A transport carries whole messages and knows no WAMP. It is polled by one task only, so one waker serves reading
//! and writing.

#[cfg(feature = "echo")]
pub(crate) mod echo;
mod frame_format;
#[cfg(feature = "framed")]
pub(crate) mod framed;
mod incoming;
pub(crate) mod longpoll;
mod messages;
mod outgoing;
pub(crate) mod rawsocket;
pub(crate) mod sniff;
mod websocket;
#[cfg(test)]
mod wire;
mod workspace;

pub(crate) use frame_format::FrameFormat;
pub(crate) use messages::Messages;
pub(crate) use websocket::{Subprotocol, WebSocket};

use bytes::Bytes;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wamplex_shared::{codec::Pieces, error::ProtocolViolation, serializer::Serializer};

/// How many bytes of messages are received before they are handled: no more than caches hold, and long messages should
/// not wait in memory for each other.
const MUCH: usize = 128 << 10;

/// A connection that carries whole messages in both directions.
pub(crate) trait Transport: Send {
    /// What the two sides agreed to write messages in.
    fn serializer(&self) -> Serializer;

    /// Sets the longest message in bytes that is received from now on.
    fn set_limit(&mut self, limit: usize);

    /// The longest message in bytes that the other side receives. A longer one may not be fed.
    fn peer_limit(&self) -> usize {
        usize::MAX
    }

    /// The next message.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Lost>>;

    /// Puts messages behind those that `messages` has, until it has `most` or they are [`MUCH`]; pending when no more
    /// have come. What was put there stays, whatever is returned.
    fn poll_receive_batch(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut Vec<Bytes>,
        most: usize,
    ) -> Poll<Result<(), Lost>> {
        let mut bytes = 0;
        while messages.len() < most && bytes < MUCH {
            let message = ready!(self.poll_receive(cx))?;
            bytes += message.len();
            messages.push(message);
        }
        Poll::Ready(Ok(()))
    }

    /// Puts a message into the buffer for writing. It may be on its way before the next flush. A short one is copied: a
    /// count of references that all cores write to would cost more.
    ///
    /// # Errors
    /// The connection is lost.
    fn feed(&mut self, cx: &mut Context<'_>, message: Pieces<'_>) -> io::Result<()>;

    /// How the messages of this connection are framed, if whole frames may be [fed](Self::feed_framed).
    fn frame_format(&self) -> Option<FrameFormat> {
        None
    }

    /// Puts messages into the buffer for writing that were framed as this connection does it, none of which is longer
    /// than what the other side receives.
    ///
    /// # Errors
    /// The connection is lost, or takes no frames.
    fn feed_framed(&mut self, _frames: &Bytes) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Writes what is buffered; pending while the socket takes no more.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// How many bytes are buffered.
    fn buffered(&self) -> usize;

    /// How many bytes the socket has taken so far: a peer that stalls is one for which this stands still.
    fn written(&self) -> u64;

    /// How many bytes have come from the socket so far: a peer of which nothing is heard is one for which this stands
    /// still.
    fn read(&self) -> u64;

    /// Asks the other side for a sign of life, which counts as [read](Self::read) when it comes.
    ///
    /// # Errors
    /// The connection is lost.
    fn ping(&mut self, cx: &mut Context<'_>) -> io::Result<()>;

    /// Says goodbye on the level of the transport, and is ready when the other side has heard it or is gone.
    ///
    /// Pass the same `close` until it is ready; what is received meanwhile is dropped.
    fn poll_close(&mut self, cx: &mut Context<'_>, close: Close) -> Poll<()>;
}

/// Why a transport has no further message.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The other side closed the connection in an orderly way.
    Closed,
    /// The connection broke.
    Broken(io::Error),
    /// The other side sent a message of the wrong kind for its serializer; it can still be told so.
    Violation(ProtocolViolation),
    /// The other side sent a message that is longer than the limit; it can still be told so.
    TooLong {
        /// Its length in bytes, as far as it is known.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The other side broke the rules of the transport itself; it can still be told so.
    Malformed {
        /// How, in words.
        how: String,
        /// How the transport wants to be closed for that.
        close: Close,
    },
}

/// Why the router closes a connection, in the few words that transports have for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Close {
    /// Nothing is wrong.
    Normal,
    /// The router shuts down.
    GoingAway,
    /// The other side broke the protocol.
    ProtocolError,
    /// The other side sent what cannot be text.
    InvalidText,
    /// The other side is not let in, or is too slow.
    Policy,
    /// A message was too long.
    TooLong,
    /// The router failed.
    InternalError,
}

/// Closes the writing half of a socket and reads what comes to its end.
///
/// A socket that is closed with unread bytes resets the connection, and what was just sent may be lost with it.
fn poll_hang_up<S>(socket: &mut S, cx: &mut Context<'_>) -> Poll<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _ = ready!(Pin::new(&mut *socket).poll_shutdown(cx));
    let mut space = [0; 1024];
    loop {
        let mut buffer = ReadBuf::new(&mut space);
        match ready!(Pin::new(&mut *socket).poll_read(cx, &mut buffer)) {
            Ok(()) if !buffer.filled().is_empty() => {}
            Ok(()) | Err(_) => return Poll::Ready(()),
        }
    }
}
