//! WAMP over RawSocket ("WAMP: RawSocket Transport").

use super::{Counted, Frame, Transport, TransportError};
use bytes::{Buf as _, Bytes, BytesMut};
use core::{
    future::Future as _,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use wamplex_shared::{
    rawsocket::{
        Deframer, FrameError, FrameKind, HANDSHAKE_LENGTH, HEADER_LENGTH, Handshake, MaxLength,
        header,
    },
    serializer::Serializer,
};

/// How many bytes are read at once, while no long message is on its way.
const READ_BUFFER: usize = 16 * 1024;

/// Messages are gathered up to this size before they go to the operating system.
const WRITE_BUFFER: usize = 64 * 1024;

/// A connection after the handshake.
pub(crate) struct RawSocket<S> {
    stream: Counted<S>,
    serializer: Serializer,
    deframer: Deframer,
    /// The longest message that the router receives.
    limit: MaxLength,
    received: BytesMut,
    outgoing: BytesMut,
    is_closing: bool,
}

/// Does the handshake over an open stream, in which the client names one serializer and the router takes it or leaves.
pub(crate) async fn open<S>(
    stream: S,
    serializer: Serializer,
    max_message_size: usize,
) -> Result<RawSocket<S>, TransportError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = Counted::new(stream);
    let ours = Handshake { max_length: MaxLength::at_most(max_message_size), serializer };
    stream.write_all(&ours.to_octets()).await?;
    stream.flush().await?;
    let mut answer = [0; HANDSHAKE_LENGTH];
    stream.read_exact(&mut answer).await?;
    let theirs = Handshake::from_router(answer, serializer).map_err(TransportError::RawSocket)?;
    Ok(RawSocket {
        stream,
        serializer,
        deframer: Deframer::new(ours.max_length),
        limit: theirs.max_length,
        received: BytesMut::new(),
        outgoing: BytesMut::new(),
        is_closing: false,
    })
}

impl<S: AsyncRead + AsyncWrite + Unpin> RawSocket<S> {
    /// Reads more, of what is missing to a whole frame or of what comes behind.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let needed = self.deframer.needed(&self.received).unwrap_or(HEADER_LENGTH);
        let missing = needed.saturating_sub(self.received.len());
        if self.received.capacity() == self.received.len() {
            // A length alone reserves nothing: as much as has arrived already.
            self.received.reserve(READ_BUFFER.max(missing.min(self.received.len())));
        }
        let read = pin!(self.stream.read_buf(&mut self.received));
        read.poll(cx)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.outgoing))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.outgoing.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    fn put(&mut self, kind: FrameKind, content: &[u8]) -> Result<(), FrameError> {
        let header = header(kind, content.len(), self.limit)?;
        self.outgoing.extend_from_slice(&header);
        self.outgoing.extend_from_slice(content);
        Ok(())
    }
}

impl<S> Transport for RawSocket<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Frame>, TransportError>> {
        loop {
            if let Some(frame) = self.deframer.next(&mut self.received).map_err(broken)? {
                match frame.kind {
                    FrameKind::Message => {
                        let is_text = self.serializer.is_text();
                        return Poll::Ready(Ok(Some(Frame { bytes: frame.content, is_text })));
                    }
                    FrameKind::Ping => {
                        self.put(FrameKind::Pong, &frame.content).map_err(broken)?;
                        // What does not leave now leaves with the next flush.
                        let _ = self.poll_write(cx)?;
                    }
                    FrameKind::Pong => {}
                }
                continue;
            }
            if ready!(self.poll_read(cx))? == 0 {
                let is_whole = self.received.is_empty();
                let cut = || TransportError::from(io::Error::from(io::ErrorKind::UnexpectedEof));
                return Poll::Ready(if is_whole { Ok(None) } else { Err(cut()) });
            }
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if self.outgoing.len() < WRITE_BUFFER {
            return Poll::Ready(Ok(()));
        }
        self.poll_write(cx).map_err(Into::into)
    }

    fn send(&mut self, _: Serializer, frame: Bytes) -> Result<(), TransportError> {
        self.put(FrameKind::Message, &frame).map_err(broken)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        ready!(self.poll_write(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx).map_err(Into::into)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if !self.is_closing {
            ready!(self.poll_flush(cx))?;
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.is_closing = true;
        }
        // Dropping a socket with unread input resets it, and the peer may lose what we said last.
        while ready!(self.poll_read(cx))? > 0 {
            self.received.clear();
        }
        Poll::Ready(Ok(()))
    }

    fn limit(&self) -> usize {
        self.limit.bytes()
    }

    fn read(&self) -> u64 {
        self.stream.read()
    }

    fn ping(&mut self) -> Result<(), TransportError> {
        self.put(FrameKind::Ping, b"").map_err(broken)
    }
}

fn broken(error: FrameError) -> TransportError {
    if let FrameError::TooLong { length, limit } = error {
        return TransportError::TooLong { length, limit };
    }
    TransportError::Protocol(error.to_string())
}
