//! Several messages in one frame ("WAMP: Batched WebSocket Transport").
//!
//! In JSON every message is followed by one record separator, 0x1e. Autobahn writes 0x18 instead, and neither may
//! stand in JSON text, so both are understood. In MessagePack every message has its length before it, four bytes,
//! big-endian; the specification does not say what holds for CBOR, and everybody does the same there.

use super::{EncodeError, encode_into};
use crate::{
    error::{DecodeError, DecodeErrorKind},
    message::Message,
    serializer::Serializer,
};
use bytes::{BufMut, Bytes, BytesMut};

/// The record separator of ASCII.
const SEPARATOR: u8 = 0x1e;

/// What Autobahn writes where it means the record separator: octal 30 instead of decimal.
const SEPARATOR_OF_AUTOBAHN: u8 = 0x18;

const LENGTH: usize = size_of::<u32>();

/// The WebSocket subprotocol of batches: `wamp.2.json.batched` and so on.
#[must_use]
pub const fn subprotocol(serializer: Serializer) -> &'static str {
    match serializer {
        Serializer::Json => "wamp.2.json.batched",
        Serializer::MsgPack => "wamp.2.msgpack.batched",
        Serializer::Cbor => "wamp.2.cbor.batched",
    }
}

/// The serializer of a WebSocket subprotocol for batches; `None` for one that is not ours.
#[must_use]
pub fn from_subprotocol(name: &str) -> Option<Serializer> {
    Serializer::ALL.into_iter().find(|s| subprotocol(*s) == name)
}

/// Appends a message that is encoded already to a batch. A lone message makes a batch too.
pub fn append(serializer: Serializer, message: &[u8], batch: &mut BytesMut) {
    batch.reserve(message.len() + LENGTH);
    batch.put_slice(before(serializer, message.len()).as_ref().map_or(&[], |length| &length[..]));
    batch.put_slice(message);
    batch.put_slice(behind(serializer));
}

/// What stands before a message of `length` bytes in a batch, if anything.
#[must_use]
pub fn before(serializer: Serializer, length: usize) -> Option<[u8; LENGTH]> {
    // No message comes near 4 GiB: the longest a transport carries has 16 MiB.
    (serializer != Serializer::Json).then(|| (length as u32).to_be_bytes())
}

/// What stands behind a message in a batch.
#[must_use]
pub fn behind(serializer: Serializer) -> &'static [u8] {
    if serializer == Serializer::Json { &[SEPARATOR] } else { &[] }
}

/// Encodes a message and appends it to a batch.
///
/// # Errors
/// As [`encode`](super::encode); the batch is then what it was.
pub fn encode_append(
    serializer: Serializer,
    message: &Message,
    batch: &mut BytesMut,
) -> Result<(), EncodeError> {
    if serializer == Serializer::Json {
        encode_into(serializer, message, batch)?;
        batch.put_u8(SEPARATOR);
        return Ok(());
    }
    let start = batch.len();
    batch.put_u32(0);
    if let Err(e) = encode_into(serializer, message, batch) {
        batch.truncate(start);
        return Err(e);
    }
    let length = (batch.len() - start - LENGTH) as u32;
    batch[start..start + LENGTH].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// The messages of a batch, each a slice of it. Ends behind the first error.
#[must_use]
pub const fn split(serializer: Serializer, batch: Bytes) -> Split {
    Split { serializer, batch, at: 0, is_over: false }
}

/// The messages of a batch, from [`split`].
#[derive(Clone, Debug)]
pub struct Split {
    serializer: Serializer,
    batch: Bytes,
    at: usize,
    is_over: bool,
}

impl Split {
    /// Where the message is that begins here, and where the next one begins.
    fn place(&self) -> Result<(usize, usize, usize), DecodeErrorKind> {
        let rest = &self.batch[self.at..];
        let (start, length, behind) = if self.serializer == Serializer::Json {
            let length = rest
                .iter()
                .position(|b| matches!(*b, SEPARATOR | SEPARATOR_OF_AUTOBAHN))
                .ok_or(DecodeErrorKind::UnexpectedEnd)?;
            (self.at, length, 1)
        } else {
            let length = rest.first_chunk::<LENGTH>().ok_or(DecodeErrorKind::UnexpectedEnd)?;
            let length = usize::try_from(u32::from_be_bytes(*length))
                .ok()
                .filter(|length| *length <= rest.len() - LENGTH)
                .ok_or(DecodeErrorKind::UnexpectedEnd)?;
            (self.at + LENGTH, length, 0)
        };
        if length == 0 {
            return Err(DecodeErrorKind::EmptyBatch);
        }
        Ok((start, start + length, start + length + behind))
    }
}

impl Iterator for Split {
    type Item = Result<Bytes, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over || (self.at > 0 && self.at == self.batch.len()) {
            return None;
        }
        let place =
            if self.batch.is_empty() { Err(DecodeErrorKind::EmptyBatch) } else { self.place() };
        Some(match place {
            Ok((start, end, next)) => {
                self.at = next;
                Ok(self.batch.slice(start..end))
            }
            Err(kind) => {
                self.is_over = true;
                Err(DecodeError { serializer: self.serializer, at: self.at, kind })
            }
        })
    }
}

impl core::iter::FusedIterator for Split {}

#[cfg(test)]
mod tests {
    use super::*;
    use DecodeErrorKind::{EmptyBatch, UnexpectedEnd};

    fn messages(
        serializer: Serializer,
        batch: &'static [u8],
    ) -> Vec<Result<Bytes, DecodeErrorKind>> {
        split(serializer, Bytes::from_static(batch)).map(|m| m.map_err(|e| e.kind)).collect()
    }

    #[test]
    fn what_was_appended_comes_out_again_in_every_serializer() {
        for serializer in Serializer::ALL {
            let mut batch = BytesMut::new();
            for message in [&b"[1]"[..], b"[2,{}]", b"x"] {
                append(serializer, message, &mut batch);
            }
            let found: Result<Vec<_>, _> = split(serializer, batch.freeze()).collect();
            assert_eq!(found.unwrap(), [&b"[1]"[..], b"[2,{}]", b"x"]);
            assert_eq!(from_subprotocol(subprotocol(serializer)), Some(serializer));
        }
    }

    #[test]
    fn json_is_separated_by_the_record_separator_or_by_what_autobahn_writes() {
        let ok = |s: &'static [u8]| Ok(Bytes::from_static(s));
        assert_eq!(messages(Serializer::Json, b"[1]\x1e[2]\x18"), [ok(b"[1]"), ok(b"[2]")]);
        assert_eq!(messages(Serializer::Json, b"[1]\x1e[2]"), [ok(b"[1]"), Err(UnexpectedEnd)]);
        assert_eq!(
            messages(Serializer::Json, b"[1]\x1e\x1e[2]\x1e"),
            [ok(b"[1]"), Err(EmptyBatch)]
        );
    }

    #[test]
    fn an_empty_batch_and_a_cut_one_are_errors() {
        for serializer in Serializer::ALL {
            assert_eq!(messages(serializer, b""), [Err(EmptyBatch)]);
        }
        for serializer in [Serializer::MsgPack, Serializer::Cbor] {
            let ok = |s: &'static [u8]| Ok(Bytes::from_static(s));
            assert_eq!(messages(serializer, b"\0\0\0"), [Err(UnexpectedEnd)]);
            assert_eq!(messages(serializer, b"\0\0\0\0"), [Err(EmptyBatch)]);
            assert_eq!(messages(serializer, b"\0\0\0\x01a\0"), [ok(b"a"), Err(UnexpectedEnd)]);
            assert_eq!(messages(serializer, b"\0\0\0\x02a"), [Err(UnexpectedEnd)]);
            assert_eq!(messages(serializer, b"\xff\xff\xff\xffa"), [Err(UnexpectedEnd)]);
        }
    }
}
