//! WAMP over WebSocket ("WAMP: WebSocket Transport").
//!
//! The protocol machine of tungstenite, driven without a stream wrapper of its own: it is handed the socket for the
//! length of one poll. That leaves the limits changeable while the connection lives, shows how many bytes the socket
//! takes, and saves a layer between read batch and socket.

use super::{Close, Lost, Transport, poll_hang_up};
use bytes::{Bytes, BytesMut};
use std::{
    io::{self, Read, Write},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::{
    Message,
    error::{CapacityError, Error, ProtocolError},
    protocol::{
        Role, WebSocketConfig, WebSocketContext,
        frame::{
            CloseFrame, Frame,
            coding::{CloseCode, Data, OpCode},
        },
    },
};
use wamplex_shared::{
    codec::batch::{self, Split},
    error::ProtocolViolation,
    serializer::Serializer,
};

/// How many bytes are read from the socket at once. Allocated with the connection, so it rules what an idle one holds.
const READ_BUFFER: usize = 4 << 10;

/// How many bytes are collected before they are written without being asked to.
const WRITE_BUFFER: usize = 64 << 10;

/// The most bytes a frame header of a server has.
const HEADER: usize = 10;

/// What the two sides agree on by the name of a subprotocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subprotocol {
    pub(crate) serializer: Serializer,
    /// A WebSocket message carries one or more WAMP messages ("WAMP: Batched WebSocket Transport"), not just one.
    pub(crate) batched: bool,
}

/// What a data message is marked as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Binary,
}

/// The server's end of a WebSocket connection after the upgrade.
#[derive(Debug)]
pub(crate) struct WebSocket<S> {
    socket: S,
    context: WebSocketContext,
    serializer: Serializer,
    batches: Option<Batches>,
    /// Bytes handed to `context`, an upper bound: headers are counted at their longest.
    fed: u64,
    written: u64,
    read: u64,
    /// Whether a long message has made the read buffer grow.
    has_grown: bool,
    closing: bool,
}

/// What a connection with batches holds between polls.
#[derive(Debug, Default)]
struct Batches {
    /// What is left of the batch that came last.
    incoming: Option<Split>,
    /// The batch that is being filled. The limit of incoming messages holds for batches too: those that go out end
    /// well below any limit a client could have, unless one message alone is longer.
    outgoing: BytesMut,
}

/// The socket for the length of one poll, as the blocking one that tungstenite expects.
struct Polled<'a, 'b, S> {
    socket: &'a mut S,
    written: &'a mut u64,
    read: &'a mut u64,
    cx: &'a mut Context<'b>,
}

impl Subprotocol {
    /// All there are.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let of = |batched| Serializer::ALL.map(|serializer| Self { serializer, batched });
        [of(false), of(true)].into_iter().flatten()
    }

    /// Its name in HTTP.
    pub(crate) const fn name(self) -> &'static str {
        if self.batched {
            batch::subprotocol(self.serializer)
        } else {
            self.serializer.subprotocol()
        }
    }

    /// The one of this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|subprotocol| subprotocol.name() == name)
    }
}

impl<S> WebSocket<S> {
    /// The connection over `socket`, from which `read` was already read behind the upgrade request.
    pub(crate) fn new(socket: S, read: &[u8], agreed: Subprotocol, limit: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(limit))
            .max_frame_size(Some(limit));
        let context =
            WebSocketContext::from_partially_read(read.to_vec(), Role::Server, Some(config));
        Self {
            socket,
            context,
            serializer: agreed.serializer,
            batches: agreed.batched.then(Batches::default),
            fed: 0,
            written: 0,
            read: 0,
            has_grown: false,
            closing: false,
        }
    }

    fn parts<'a, 'b>(
        &'a mut self,
        cx: &'a mut Context<'b>,
    ) -> (&'a mut WebSocketContext, Polled<'a, 'b, S>) {
        let polled = Polled {
            socket: &mut self.socket,
            written: &mut self.written,
            read: &mut self.read,
            cx,
        };
        (&mut self.context, polled)
    }

    /// The next message of the batch that came last.
    fn next_of_batch(&mut self) -> Option<Result<Bytes, Lost>> {
        let batches = self.batches.as_mut()?;
        let Some(next) = batches.incoming.as_mut()?.next() else {
            batches.incoming = None;
            return None;
        };
        Some(match next {
            Ok(message) => Ok(self.detach(message)),
            Err(error) => Err(Lost::Violation(error.into())),
        })
    }

    /// The kind and the bytes of a data message; control messages were answered by tungstenite.
    fn data(&mut self, message: Message) -> Result<Option<(Kind, Bytes)>, Lost> {
        let (kind, bytes) = match message {
            Message::Text(text) => (Kind::Text, Bytes::from(text)),
            Message::Binary(bytes) => (Kind::Binary, bytes),
            Message::Close(_) => return Err(Lost::Closed),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(None),
        };
        Ok(Some((kind, self.detach(bytes))))
    }

    /// The same bytes, if need be in a place of their own.
    ///
    /// A message is a slice of the read buffer, and keeps all of it alive while it waits for a slow receiver. That is
    /// cheap as long as the buffer is small, but once it has grown a short message could keep a thousand times its
    /// length.
    fn detach(&mut self, bytes: Bytes) -> Bytes {
        if bytes.len() > READ_BUFFER {
            self.has_grown = true;
            return bytes;
        }
        if self.has_grown { Bytes::copy_from_slice(&bytes) } else { bytes }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The next data message of either kind.
    pub(super) fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Kind, Bytes), Lost>> {
        loop {
            let (context, mut socket) = self.parts(cx);
            match context.read(&mut socket) {
                Ok(message) => {
                    if let Some(data) = self.data(message)? {
                        return Poll::Ready(Ok(data));
                    }
                }
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Poll::Pending;
                }
                Err(error) => return Poll::Ready(Err(lost(error))),
            }
        }
    }

    /// Puts a data message into the buffer for writing.
    pub(super) fn write(
        &mut self,
        cx: &mut Context<'_>,
        kind: Kind,
        message: Bytes,
    ) -> io::Result<()> {
        let code = match kind {
            Kind::Text => Data::Text,
            Kind::Binary => Data::Binary,
        };
        self.fed += (message.len() + HEADER) as u64;
        // Made by hand, since `Message::text` would check once more that the text is UTF-8.
        let frame = Frame::message(message, OpCode::Data(code), true);
        self.write_frame(cx, Message::Frame(frame))
    }

    /// The kind that messages of this connection have.
    const fn kind(&self) -> Kind {
        if self.serializer.is_text() { Kind::Text } else { Kind::Binary }
    }

    fn write_frame(&mut self, cx: &mut Context<'_>, frame: Message) -> io::Result<()> {
        let (context, mut socket) = self.parts(cx);
        match context.write(&mut socket, frame) {
            Ok(()) => Ok(()),
            // The frame is in the buffer nevertheless; a flush goes on.
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(into_io(error)),
        }
    }

    /// Ends the batch that is being filled.
    fn write_batch(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match &mut self.batches {
            Some(Batches { outgoing, .. }) if !outgoing.is_empty() => {
                let batch = outgoing.split().freeze();
                self.write(cx, self.kind(), batch)
            }
            _ => Ok(()),
        }
    }
}

/// What an error of tungstenite means for the connection.
fn lost(error: Error) -> Lost {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
            Lost::TooLong { length: size, limit: max_size }
        }
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            Lost::Broken(io::ErrorKind::ConnectionReset.into())
        }
        Error::Io(error) => Lost::Broken(error),
        Error::ConnectionClosed | Error::AlreadyClosed => Lost::Closed,
        Error::Utf8(how) => Lost::Malformed { how, close: Close::InvalidText },
        error @ (Error::Protocol(_)
        | Error::Capacity(_)
        | Error::WriteBufferFull(_)
        | Error::AttackAttempt
        | Error::Tls(_)
        | Error::Url(_)
        | Error::Http(_)
        | Error::HttpFormat(_)) => {
            Lost::Malformed { how: error.to_string(), close: Close::ProtocolError }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Transport for WebSocket<S> {
    fn serializer(&self) -> Serializer {
        self.serializer
    }

    fn set_limit(&mut self, limit: usize) {
        self.context.set_config(|config| {
            config.max_message_size = Some(limit);
            config.max_frame_size = Some(limit);
        });
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Lost>> {
        loop {
            if let Some(message) = self.next_of_batch() {
                return Poll::Ready(message);
            }
            let (kind, bytes) = ready!(self.poll_data(cx))?;
            if kind != self.kind() {
                let kind = if kind == Kind::Text { "text" } else { "binary" };
                let serializer = self.serializer;
                let violation = ProtocolViolation::FrameType { serializer, kind };
                return Poll::Ready(Err(Lost::Violation(violation)));
            }
            match &mut self.batches {
                Some(batches) => batches.incoming = Some(batch::split(self.serializer, bytes)),
                None => return Poll::Ready(Ok(bytes)),
            }
        }
    }

    fn feed(&mut self, cx: &mut Context<'_>, message: Bytes) -> io::Result<()> {
        let Some(batches) = &mut self.batches else {
            return self.write(cx, self.kind(), message);
        };
        batch::append(self.serializer, &message, &mut batches.outgoing);
        if batches.outgoing.len() >= WRITE_BUFFER { self.write_batch(cx) } else { Ok(()) }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write_batch(cx)?;
        let (context, mut socket) = self.parts(cx);
        match context.flush(&mut socket) {
            Ok(()) => {
                self.fed = self.written;
                Poll::Ready(Ok(()))
            }
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(error) => Poll::Ready(Err(into_io(error))),
        }
    }

    fn buffered(&self) -> usize {
        let gathered = self.batches.as_ref().map_or(0, |batches| batches.outgoing.len());
        usize::try_from(self.fed.saturating_sub(self.written)).map_or(usize::MAX, |n| n + gathered)
    }

    fn written(&self) -> u64 {
        self.written
    }

    fn read(&self) -> u64 {
        self.read
    }

    fn ping(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        self.fed += HEADER as u64;
        self.write_frame(cx, Message::Ping(Bytes::new()))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, close: Close) -> Poll<()> {
        if !self.closing {
            self.closing = true;
            let frame = CloseFrame { code: close.code(), reason: close.reason().into() };
            let (context, mut socket) = self.parts(cx);
            // What goes wrong here goes wrong again below.
            let _ = context.close(&mut socket, Some(frame));
        }
        let (context, mut socket) = self.parts(cx);
        let flushed = context.flush(&mut socket);
        if matches!(flushed, Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock) {
            return Poll::Pending;
        }
        poll_hang_up(&mut self.socket, cx)
    }
}

fn into_io(error: Error) -> io::Error {
    if let Error::Io(error) = error { error } else { io::Error::other(error) }
}

impl Close {
    const fn code(self) -> CloseCode {
        match self {
            Self::Normal => CloseCode::Normal,
            Self::GoingAway => CloseCode::Away,
            Self::ProtocolError => CloseCode::Protocol,
            Self::InvalidText => CloseCode::Invalid,
            Self::Policy => CloseCode::Policy,
            Self::TooLong => CloseCode::Size,
            Self::InternalError => CloseCode::Error,
        }
    }

    const fn reason(self) -> &'static str {
        match self {
            Self::Normal => "",
            Self::GoingAway => "the router shuts down",
            Self::ProtocolError => "protocol violation",
            Self::InvalidText => "a text message is not UTF-8",
            Self::Policy => "not accepted",
            Self::TooLong => "the message is too long",
            Self::InternalError => "internal error",
        }
    }
}

impl<S: AsyncRead + Unpin> Read for Polled<'_, '_, S> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(space);
        match Pin::new(&mut *self.socket).poll_read(self.cx, &mut buffer) {
            Poll::Ready(result) => {
                let count = buffer.filled().len();
                *self.read += count as u64;
                result.map(|()| count)
            }
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl<S: AsyncWrite + Unpin> Write for Polled<'_, '_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match Pin::new(&mut *self.socket).poll_write(self.cx, bytes) {
            Poll::Ready(result) => result.inspect(|n| *self.written += *n as u64),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match Pin::new(&mut *self.socket).poll_flush(self.cx) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}
