//! WAMP over WebSocket ("WAMP: WebSocket Transport", "WAMP: Batched WebSocket Transport").
//!
//! Frames of our own (RFC 6455, the server's side): what was read from a socket is cut and unmasked where it is, an
//! idle connection holds no buffers, and long messages leave from where they were encoded.

mod batches;
mod frame;
mod reader;
mod subprotocol;
#[cfg(test)]
mod tests;

pub(super) use batches::BATCH;
pub(super) use frame::Kind;
pub(crate) use subprotocol::Subprotocol;

use super::{
    Close, FrameFormat, Lost, MUCH, Transport,
    incoming::Incoming,
    outgoing::{COPIED, Outgoing},
    poll_hang_up,
};
use batches::Batches;
use bytes::Bytes;
use frame::Opcode;
use reader::{Reader, Said};
use std::{
    io,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite};
use wamplex_shared::{
    codec::{Pieces, batch},
    error::ProtocolViolation,
    serializer::Serializer,
};

/// How many bytes may wait to be written before a PING is answered only when they are gone.
const WAITING: usize = 64 << 10;

/// The server's end of a WebSocket connection after the upgrade.
#[derive(Debug)]
pub(crate) struct WebSocket<S> {
    socket: S,
    incoming: Incoming<Reader>,
    outgoing: Outgoing,
    serializer: Serializer,
    batches: Option<Box<Batches>>,
    /// Whether there is a PONG that nobody will flush.
    has_pong: bool,
    goodbye: Goodbye,
}

/// Gives `write` what stands before a whole message of `length` bytes.
pub(super) fn head_of_message<R>(
    serializer: Serializer,
    length: usize,
    write: impl FnOnce(&[u8]) -> R,
) -> R {
    Opcode::Data(Kind::of(serializer)).head(length, write)
}

/// How far the two sides are with closing the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goodbye {
    /// Nobody has said anything.
    Unsaid,
    /// The client has, with this code to be repeated.
    Heard(Option<u16>),
    /// The router has, or has answered.
    Said,
}

impl<S> WebSocket<S> {
    /// The connection over `socket`, from which `read` was already read behind the upgrade request.
    pub(crate) fn new(socket: S, read: &[u8], agreed: Subprotocol, limit: usize) -> Self {
        let Subprotocol { serializer, batched } = agreed;
        Self {
            socket,
            incoming: Incoming::new(Reader::new(limit), read),
            outgoing: Outgoing::default(),
            serializer,
            batches: batched.then(|| Box::new(Batches::new(serializer))),
            has_pong: false,
            goodbye: Goodbye::Unsaid,
        }
    }

    /// The kind that messages of this connection have.
    const fn kind(&self) -> Kind {
        Kind::of(self.serializer)
    }

    /// Puts a frame behind what waits.
    fn put(&mut self, opcode: Opcode, payload: &Bytes) {
        opcode.head(payload.len(), |head| self.outgoing.extend(head));
        self.outgoing.push(payload);
    }

    /// Puts a data message behind what waits.
    pub(super) fn write(&mut self, kind: Kind, message: &Bytes) -> io::Result<()> {
        self.check_open()?;
        self.put(Opcode::Data(kind), message);
        Ok(())
    }

    /// A close frame is the last one.
    fn check_open(&self) -> io::Result<()> {
        match self.goodbye {
            Goodbye::Said => Err(io::ErrorKind::NotConnected.into()),
            Goodbye::Unsaid | Goodbye::Heard(_) => Ok(()),
        }
    }

    /// Ends the batch that is being filled.
    fn write_batch(&mut self) -> io::Result<()> {
        let batch = self.batches.as_mut().and_then(|batches| batches.end());
        batch.map_or(Ok(()), |batch| self.write(self.kind(), &batch))
    }

    /// Puts a long message behind what waits, as a batch of its own.
    fn write_alone(&mut self, message: &Pieces<'_>) -> io::Result<()> {
        self.write_batch()?;
        self.check_open()?;
        let before = batch::before(self.serializer, message.len());
        let before = before.as_ref().map_or(&[][..], |length| length);
        let behind = batch::behind(self.serializer);
        let length = before.len() + message.len() + behind.len();
        Opcode::Data(self.kind()).head(length, |head| self.outgoing.extend(head));
        self.outgoing.extend(before);
        self.outgoing.push_pieces(message);
        self.outgoing.extend(behind);
        Ok(())
    }

    /// Says goodbye, or answers to that.
    fn put_close(&mut self, close: Close) {
        let payload = match self.goodbye {
            Goodbye::Said => return,
            Goodbye::Unsaid => {
                [&close.code().to_be_bytes()[..], close.reason().as_bytes()].concat()
            }
            Goodbye::Heard(Some(code)) => code.to_be_bytes().to_vec(),
            Goodbye::Heard(None) => Vec::new(),
        };
        self.goodbye = Goodbye::Said;
        self.put(Opcode::Close, &payload.into());
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The next data message of either kind.
    pub(super) fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Kind, Bytes), Lost>> {
        loop {
            ready!(self.poll_pong(cx))?;
            let said = ready!(self.incoming.poll_next(&mut self.socket, cx))?;
            if let Some(message) = self.hear(said)? {
                return Poll::Ready(Ok(message));
            }
        }
    }

    /// Writes PONGs that nobody else will flush; pending when there are too many.
    fn poll_pong(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Lost>> {
        if self.has_pong {
            let flushed = self.poll_flush_all(cx).map_err(Lost::Broken)?;
            if flushed.is_pending() && self.outgoing.len() > WAITING {
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Answers control frames, and gives data.
    fn hear(&mut self, said: Said) -> Result<Option<(Kind, Bytes)>, Lost> {
        match said {
            Said::Message(kind, message) => Ok(Some((kind, message))),
            Said::Ping(payload) => {
                self.put(Opcode::Pong, &payload);
                self.has_pong = true;
                Ok(None)
            }
            Said::Close(code) => {
                self.goodbye = Goodbye::Heard(code);
                Err(Lost::Closed)
            }
        }
    }

    /// The bytes of a data message, if it is of the right kind.
    fn check_kind(&self, (kind, bytes): (Kind, Bytes)) -> Result<Bytes, Lost> {
        if kind == self.kind() {
            return Ok(bytes);
        }
        let kind = if kind == Kind::Text { "text" } else { "binary" };
        let serializer = self.serializer;
        Err(Lost::Violation(ProtocolViolation::FrameType { serializer, kind }))
    }

    fn poll_flush_all(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.outgoing.poll_write(&mut self.socket, cx))?;
        ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
        self.has_pong = false;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Transport for WebSocket<S> {
    fn serializer(&self) -> Serializer {
        self.serializer
    }

    fn set_limit(&mut self, limit: usize) {
        self.incoming.framing_mut().set_limit(limit);
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Lost>> {
        loop {
            if let Some(message) = self.batches.as_mut().and_then(|batches| batches.next()) {
                return Poll::Ready(message);
            }
            let data = ready!(self.poll_data(cx))?;
            let bytes = self.check_kind(data)?;
            match &mut self.batches {
                Some(batches) => batches.open(bytes),
                None => return Poll::Ready(Ok(bytes)),
            }
        }
    }

    fn poll_receive_batch(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut Vec<Bytes>,
        most: usize,
    ) -> Poll<Result<(), Lost>> {
        let (ours, mut bytes) = (self.kind(), 0);
        while messages.len() < most && bytes < MUCH {
            if self.batches.is_some() {
                let message = ready!(self.poll_receive(cx))?;
                bytes += message.len();
                messages.push(message);
                continue;
            }
            ready!(self.poll_pong(cx))?;
            let mut other = None;
            let polled = self.incoming.poll_each(&mut self.socket, cx, |said| {
                match said {
                    Said::Message(kind, message) if kind == ours => {
                        bytes += message.len();
                        messages.push(message);
                    }
                    said @ (Said::Message(..) | Said::Ping(_) | Said::Close(_)) => {
                        other = Some(said);
                    }
                }
                if other.is_some() || messages.len() >= most || bytes >= MUCH {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            });
            if let Some(said) = other {
                if let Some(data) = self.hear(said)? {
                    messages.push(self.check_kind(data)?);
                }
            } else {
                ready!(polled)?;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn feed(&mut self, _cx: &mut Context<'_>, message: Pieces<'_>) -> io::Result<()> {
        match &mut self.batches {
            None => {
                self.check_open()?;
                let kind = Opcode::Data(self.kind());
                kind.head(message.len(), |head| self.outgoing.extend(head));
                self.outgoing.push_pieces(&message);
                Ok(())
            }
            Some(_) if message.len() >= COPIED => self.write_alone(&message),
            Some(batches) => {
                if batches.append(&message) {
                    self.write_batch()
                } else {
                    Ok(())
                }
            }
        }
    }

    fn frame_format(&self) -> Option<FrameFormat> {
        let is_batched = self.batches.is_some();
        Some(if is_batched { FrameFormat::Batch } else { FrameFormat::WebSocket })
    }

    fn feed_framed(&mut self, frames: &Bytes) -> io::Result<()> {
        match &mut self.batches {
            None => {
                self.check_open()?;
                self.outgoing.push(frames);
                Ok(())
            }
            // A batch of its own is written from where it is.
            Some(_) if frames.len() >= COPIED => {
                self.write_batch()?;
                self.write(self.kind(), frames)
            }
            Some(batches) => {
                if batches.append_framed(frames) {
                    self.write_batch()
                } else {
                    Ok(())
                }
            }
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write_batch()?;
        self.poll_flush_all(cx)
    }

    fn buffered(&self) -> usize {
        self.outgoing.len() + self.batches.as_ref().map_or(0, |batches| batches.len())
    }

    fn written(&self) -> u64 {
        self.outgoing.written()
    }

    fn read(&self) -> u64 {
        self.incoming.read()
    }

    fn ping(&mut self, _cx: &mut Context<'_>) -> io::Result<()> {
        if self.goodbye != Goodbye::Said {
            self.put(Opcode::Ping, &Bytes::new());
        }
        Ok(())
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, close: Close) -> Poll<()> {
        self.put_close(close);
        // What goes wrong here goes wrong again below.
        let _ = ready!(self.poll_flush_all(cx));
        poll_hang_up(&mut self.socket, cx)
    }
}

impl Close {
    /// The code of a close frame (RFC 6455, section 7.4.1).
    const fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::GoingAway => 1001,
            Self::ProtocolError => 1002,
            Self::InvalidText => 1007,
            Self::Policy => 1008,
            Self::TooLong => 1009,
            Self::InternalError => 1011,
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
