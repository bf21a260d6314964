//! The end of one socket that is in the router.

use crate::proof::Attempt;
use bytes::{Bytes, BytesMut};
use std::sync::Arc;
use wamplex_realm::Member;
use wamplex_shared::{
    codec::batch,
    error::ProtocolViolation,
    message::Message,
    serializer::Serializer,
    session::{Acceptor, Serving},
    uri::Uri,
};

/// A socket by its number, from 1.
pub type SocketId = u32;

/// A message of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Text.
    Text(Bytes),
    /// Binary data.
    Binary(Bytes),
}

/// What is spoken over a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wire {
    pub(crate) serializer: Serializer,
    pub(crate) batched: bool,
}

/// Where a realm delivers to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handle {
    pub(crate) socket: SocketId,
    pub(crate) wire: Wire,
}

/// A socket, and how far its client has come.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) handle: Handle,
    /// It is of the test itself, whose sessions have every right, and are not seen by others.
    pub(crate) inside: bool,
    pub(crate) phase: Phase,
}

#[derive(Debug)]
pub(crate) enum Phase {
    /// Before WELCOME; with what the client has been asked for, if it has.
    Joining(Acceptor, Option<Box<Attempt>>),
    Joined(Seat),
}

/// A session.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) realm: Uri,
    pub(crate) serving: Serving,
    pub(crate) member: Arc<Member<Handle>>,
}

impl Wire {
    /// What a subprotocol of WebSocket stands for; `None` if it is not ours.
    pub(crate) fn from_subprotocol(name: &str) -> Option<Self> {
        let plain = Serializer::from_subprotocol(name).map(|s| (s, false));
        let (serializer, batched) =
            plain.or_else(|| batch::from_subprotocol(name).map(|s| (s, true)))?;
        Some(Self { serializer, batched })
    }

    /// The messages in a frame.
    ///
    /// # Errors
    /// It is a frame of the wrong kind.
    pub(crate) fn unpack(
        self,
        frame: Frame,
    ) -> Result<Vec<Result<Bytes, ProtocolViolation>>, ProtocolViolation> {
        let Self { serializer, batched } = self;
        let is_text = serializer == Serializer::Json;
        let bytes = match frame {
            Frame::Text(bytes) if is_text => bytes,
            Frame::Binary(bytes) if !is_text => bytes,
            Frame::Text(_) => {
                return Err(ProtocolViolation::FrameType { serializer, kind: "text" });
            }
            Frame::Binary(_) => {
                return Err(ProtocolViolation::FrameType { serializer, kind: "binary" });
            }
        };
        if !batched {
            return Ok(vec![Ok(bytes)]);
        }
        Ok(batch::split(serializer, bytes).map(|message| message.map_err(Into::into)).collect())
    }

    /// Appends a message to a frame.
    pub(crate) fn pack(self, message: &[u8], frame: &mut BytesMut) {
        if self.batched {
            batch::append(self.serializer, message, frame);
        } else {
            frame.extend_from_slice(message);
        }
    }

    /// The kind of frame that messages come in.
    pub(crate) fn frame(self, bytes: Bytes) -> Frame {
        if self.serializer == Serializer::Json { Frame::Text(bytes) } else { Frame::Binary(bytes) }
    }
}

impl Socket {
    /// A socket that has just opened.
    pub(crate) const fn new(handle: Handle, inside: bool) -> Self {
        Self { phase: Phase::joining(handle), handle, inside }
    }

    /// The next message that the session itself has to say.
    pub(crate) fn poll_message(&mut self) -> Option<Message> {
        match &mut self.phase {
            Phase::Joining(acceptor, _) => acceptor.poll_message(),
            Phase::Joined(seat) => seat.serving.poll_message(),
        }
    }

    /// Ends the session because the client broke the rules.
    pub(crate) fn fail(&mut self, violation: &ProtocolViolation) {
        match &mut self.phase {
            Phase::Joining(acceptor, _) => acceptor.fail(violation),
            Phase::Joined(seat) => seat.serving.fail(violation),
        }
    }

    /// Whether nothing more is said here.
    pub(crate) const fn is_over(&self) -> bool {
        match &self.phase {
            Phase::Joining(acceptor, _) => acceptor.is_over(),
            Phase::Joined(seat) => seat.serving.is_over(),
        }
    }
}

impl Phase {
    /// Waits for HELLO.
    pub(crate) const fn joining(handle: Handle) -> Self {
        Self::Joining(Acceptor::new(handle.wire.serializer), None)
    }
}
