//! The WebSocket transport by itself, to count what framing takes.

use super::{Subprotocol, Transport, WebSocket};
use bytes::Bytes;
use std::{
    io,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite};
use wamplex_shared::{codec::Pieces, serializer::Serializer};

/// The router's end of a WebSocket connection, as connections use it.
#[derive(Debug)]
pub struct Framed<S>(WebSocket<S>);

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Framed<S> {
    /// The connection over `socket`, after the upgrade. Messages have at most `limit` bytes.
    pub fn new(socket: S, serializer: Serializer, limit: usize) -> Self {
        Self(WebSocket::new(socket, &[], Subprotocol { serializer, batched: false }, limit))
    }

    /// Puts the messages that have come behind those that are there, until there are `most`. Whether there were so
    /// many, rather than no more for now; `None` once there will be no further one.
    pub fn receive(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut Vec<Bytes>,
        most: usize,
    ) -> Option<bool> {
        match self.0.poll_receive_batch(cx, messages, most) {
            Poll::Ready(done) => done.ok().map(|()| true),
            Poll::Pending => Some(false),
        }
    }

    /// Writes messages at once. Pending while the socket takes no more.
    ///
    /// # Errors
    /// The connection is lost.
    pub fn poll_send<'a>(
        &mut self,
        cx: &mut Context<'_>,
        messages: impl IntoIterator<Item = Pieces<'a>>,
    ) -> Poll<io::Result<()>> {
        for message in messages {
            self.0.feed(cx, message)?;
        }
        self.0.poll_flush(cx)
    }
}
