//! What transports put ahead of each message in a stream of bytes.

use super::websocket::head_of_message;
use bytes::{BufMut, BytesMut};
use wamplex_shared::{
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
}

impl FrameFormat {
    /// How many there are.
    pub(crate) const COUNT: usize = 2;

    /// The longest message in bytes that can be framed here.
    pub(crate) const LONGEST: usize = u16::MAX as usize;

    /// What stands ahead of a message has at most so many bytes.
    const HEAD: usize = 4;

    /// Leaves room for what stands ahead of a message, and says where that begins. The message goes behind it, and then
    /// the frame is [ended](Self::end).
    pub(crate) fn begin(out: &mut BytesMut) -> usize {
        let start = out.len();
        out.put_bytes(0, Self::HEAD);
        start
    }

    /// Ends the frame that begins at `start`, and says where its message begins; `None` if it is too long, and then it
    /// is taken away again.
    pub(crate) fn end(
        self,
        serializer: Serializer,
        out: &mut BytesMut,
        start: usize,
    ) -> Option<usize> {
        let message = start + Self::HEAD;
        let length = out.len() - message;
        if length > Self::LONGEST {
            out.truncate(start);
            return None;
        }
        match self {
            Self::RawSocket => {
                let head = header(FrameKind::Message, length, MaxLength::MAX).ok()?;
                out[start..message].copy_from_slice(&head);
                Some(message)
            }
            Self::WebSocket => head_of_message(serializer, length, |head| {
                let begin = start + head.len();
                if begin < message {
                    out.copy_within(message.., begin);
                    out.truncate(begin + length);
                }
                out[start..begin].copy_from_slice(head);
                Some(begin)
            }),
        }
    }

    /// A dense index below [`COUNT`](Self::COUNT).
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::WebSocket => 0,
            Self::RawSocket => 1,
        }
    }
}
