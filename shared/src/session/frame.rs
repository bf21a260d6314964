//! From frames to messages and back.

use crate::{
    codec,
    error::{DecodeError, ProtocolViolation},
    message::{Abort, Message},
    payload::Payload,
    serializer::Serializer,
};
use bytes::Bytes;

/// Reads a frame.
pub(super) fn read(serializer: Serializer, frame: &Bytes) -> Result<Message, ProtocolViolation> {
    codec::decode(serializer, frame).map_err(|error: DecodeError| error.into())
}

/// Writes a message. `None` only if it has a payload in another serializer and this build does not convert, which
/// [`is_writable`] tells beforehand.
pub(super) fn write(serializer: Serializer, message: &Message) -> Option<Bytes> {
    codec::encode(serializer, message).ok()
}

/// Whether a payload can be written in this serializer.
pub(super) fn is_writable(payload: &Payload, serializer: Serializer) -> bool {
    cfg!(feature = "transcode") || payload.is_none() || payload.serializer() == serializer
}

/// The ABORT, without its arguments if they cannot be written in this serializer: the reason has to arrive.
pub(super) fn writable(mut abort: Abort, serializer: Serializer) -> Abort {
    if !is_writable(&abort.payload, serializer) {
        abort.payload = Payload::NONE;
    }
    abort
}
