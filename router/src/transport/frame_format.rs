//! What transports put ahead of each message in a stream of bytes.

use super::websocket::{BATCH, head_of_message};
use bytes::{BufMut, BytesMut};
use std::ops::Range;
use wamplex_shared::{
    codec::batch,
    rawsocket::{FrameKind, MaxLength, header},
    serializer::Serializer,
};

/// How the messages of a connection are told apart: for whoever frames a message once for many connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameFormat {
    /// RFC 6455, as a server writes it.
    WebSocket,
    /// "WAMP: RawSocket Transport".
    RawSocket,
    /// "WAMP: Batched WebSocket Transport", without the frame around a batch.
    Batch,
}

impl FrameFormat {
    /// How many there are.
    pub(crate) const COUNT: usize = 3;

    /// The longest message in bytes that can be framed here.
    pub(crate) const LONGEST: usize = u16::MAX as usize;

    /// What stands ahead of a message has at most so many bytes.
    const fn head(self, serializer: Serializer) -> usize {
        if matches!(self, Self::Batch) && serializer.is_text() { 0 } else { 4 }
    }

    /// Leaves room for what stands ahead of a message, and says where that begins. The message goes behind it, and then
    /// the frame is [ended](Self::end).
    pub(crate) fn begin(self, serializer: Serializer, out: &mut BytesMut) -> usize {
        let start = out.len();
        out.put_bytes(0, self.head(serializer));
        start
    }

    /// Ends the frame that begins at `start`, and says where its message is; `None` if it is too long, and then it is
    /// taken away again.
    pub(crate) fn end(
        self,
        serializer: Serializer,
        out: &mut BytesMut,
        start: usize,
    ) -> Option<Range<usize>> {
        let message = start + self.head(serializer);
        let length = out.len() - message;
        if length > Self::LONGEST {
            out.truncate(start);
            return None;
        }
        let begin = match self {
            Self::RawSocket => {
                let head = header(FrameKind::Message, length, MaxLength::MAX).ok()?;
                out[start..message].copy_from_slice(&head);
                message
            }
            Self::Batch => {
                if let Some(head) = batch::before(serializer, length) {
                    out[start..message].copy_from_slice(&head);
                }
                out.extend_from_slice(batch::behind(serializer));
                message
            }
            Self::WebSocket => head_of_message(serializer, length, |head| {
                let begin = start + head.len();
                if begin < message {
                    out.copy_within(message.., begin);
                    out.truncate(begin + length);
                }
                out[start..begin].copy_from_slice(head);
                begin
            }),
        };
        Some(begin..begin + length)
    }

    /// How many bytes messages may have together that are sent as one piece.
    pub(crate) const fn most(self) -> usize {
        match self {
            Self::WebSocket | Self::RawSocket => usize::MAX,
            Self::Batch => BATCH,
        }
    }

    /// A dense index below [`COUNT`](Self::COUNT).
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::WebSocket => 0,
            Self::RawSocket => 1,
            Self::Batch => 2,
        }
    }
}
