//! Messages to bytes and back.
//!
//! One codec for JSON, MessagePack and CBOR, written for WAMP: it reads the head of a message into typed options and
//! keeps the arguments as a checked slice of the received bytes. Encoding for the same serializer writes a new head
//! and appends that slice.
//!
//! ```
//! use bytes::Bytes;
//! use wamplex_shared::{codec, message::Message, serializer::Serializer};
//!
//! let frame = Bytes::from_static(br#"[16, 1, {"acknowledge": true}, "com.example.topic", ["Hello"]]"#);
//! let Message::Publish(publish) = codec::decode(Serializer::Json, &frame)? else { unreachable!() };
//! assert!(publish.options.acknowledge);
//! assert_eq!(publish.topic, "com.example.topic");
//! assert_eq!(publish.payload.bytes(), &br#"["Hello"]"#[..]);
//! # Ok::<(), wamplex_shared::error::DecodeError>(())
//! ```
//!
//! # What is refused
//!
//! Every input that is not one whole, well-formed message gets a [`DecodeError`] that names the place. Nothing panics,
//! nothing is allocated because a length was announced, nesting ends at [`MAX_DEPTH`], and the options of a message
//! may not cost more memory than twice its length and 60 KiB.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "what is read is either of the type expected or of a wrong one, whatever others there are"
)]

mod allowance;
mod base64;
pub mod batch;
mod cbor;
mod cursor;
mod dispatch;
#[cfg(feature = "transcode")]
mod events;
mod fields;
mod head;
mod json;
mod layout;
mod msgpack;
mod options;
mod pieces;
#[cfg(feature = "transcode")]
pub mod transcode;
#[cfg(feature = "serde")]
mod typed;
mod utf8;
mod values;

use alloc::vec;
pub use options::Options;
pub use pieces::{Pieces, append_event_head, event_head};
#[cfg(feature = "serde")]
pub use typed::PayloadError;
#[cfg(feature = "transcode")]
pub use {
    events::{fits_in_result, write_events},
    transcode::transcode,
};

use crate::{
    error::DecodeError,
    message::Message,
    payload::{Payload, PayloadShape},
    serializer::Serializer,
    value::{Dict, List, Value},
};
use allowance::Allowance;
use bytes::{Bytes, BytesMut};
use dispatch::{with_reader, with_writer};
#[cfg(not(target_arch = "wasm32"))]
use head::Reader;
use head::{Items, Token};

/// How deeply lists and dictionaries may be nested in a message, the message itself included. Each CBOR tag counts too.
pub const MAX_DEPTH: usize = 128;

/// A message that cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The arguments are in another serializer, and this build cannot convert them (feature `transcode`).
    #[error("the payload is written in {from} and cannot be converted to {to}")]
    ForeignPayload {
        /// What the arguments are written in.
        from: Serializer,
        /// What the message is to be written in.
        to: Serializer,
    },
}

/// Reads a message, which has to take up all of `bytes`.
///
/// Strings and arguments are slices of `bytes` and keep it alive.
///
/// # Errors
/// The first thing that makes the bytes no message.
pub fn decode(serializer: Serializer, bytes: &Bytes) -> Result<Message, DecodeError> {
    let read = || -> head::Result<Message> {
        with_reader!(serializer, bytes, 0, Allowance::head(bytes.len()), |r| {
            let message = layout::read_message(r)?;
            r.finish()?;
            Ok(message)
        })
    };
    read().map_err(|e| *e)
}

/// Writes a message.
///
/// Values nested more than [`MAX_DEPTH`] levels deep in options become null, and keys in `custom` that the protocol
/// defines are left out: there are fields for them.
///
/// # Errors
/// Only without the feature `transcode`: the arguments are in another serializer.
pub fn encode(serializer: Serializer, message: &Message) -> Result<Bytes, EncodeError> {
    let mut out = BytesMut::with_capacity(estimate(message));
    encode_into(serializer, message, &mut out)?;
    Ok(out.freeze())
}

/// Appends a message to `out`.
///
/// # Errors
/// As [`encode`]; `out` is then what it was.
pub fn encode_into(
    serializer: Serializer,
    message: &Message,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let start = out.len();
    out.reserve(estimate(message));
    let written = with_writer!(serializer, out, |w| layout::write_message(w, message));
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Enough for a head without options and with a URI that is not long.
const HEAD: usize = 128;

/// About how many bytes a message takes up. Enough for one whose options are empty and whose URI is not long.
fn estimate(message: &Message) -> usize {
    layout::payload_of(message).map_or(0, |payload| payload.bytes().len()) + HEAD
}

/// Writes arguments. Empty keyword arguments are left out, and so are empty positional ones without them.
///
/// Values nested more than [`MAX_DEPTH`] levels deep become null.
#[must_use]
pub fn write_values(serializer: Serializer, args: &[Value], kwargs: &Dict) -> Payload {
    if args.is_empty() && kwargs.is_empty() {
        return Payload::NONE;
    }
    let mut out = BytesMut::new();
    let shape = with_writer!(serializer, &mut out, |w| {
        values::write_list(w, args, 1);
        if kwargs.is_empty() {
            PayloadShape::Args
        } else {
            values::write_dict(w, kwargs, 1);
            PayloadShape::ArgsKwargs
        }
    });
    Payload::from_encoded(serializer, shape, out.freeze())
}

/// Reads arguments. A bare binary payload becomes one positional argument.
///
/// Meant for the arguments of procedures that we offer ourselves, and for tests: values take up far more memory than
/// their bytes, so a payload of many small ones is refused.
///
/// # Errors
/// The payload is not what its shape says (which decoding never lets in), a key stands twice, or there are too many
/// values.
pub fn read_values(payload: &Payload) -> Result<(List, Dict), DecodeError> {
    let bytes = payload.bytes();
    let read = || -> head::Result<(List, Dict)> {
        with_reader!(payload.serializer(), bytes, 1, Allowance::values(bytes.len()), |r| {
            let mut elements = Items::known(payload.shape().elements() as u64, false);
            let (mut args, mut kwargs) = (List::new(), Dict::new());
            if payload.shape() != PayloadShape::None {
                r.more(&mut elements)?;
                let at = r.at();
                args = match values::read_value(r)? {
                    Value::List(list) => list,
                    Value::Bytes(bytes) => vec![Value::Bytes(bytes)],
                    _ => return Err(r.error_at(at, values::NO_ARGS)),
                };
            }
            if payload.shape() == PayloadShape::ArgsKwargs {
                r.more(&mut elements)?;
                let at = r.at();
                let Token::Dict(items) = r.next()? else {
                    return Err(r.error_at(at, values::NO_KWARGS));
                };
                kwargs = values::read_dict(r, items)?;
            }
            r.finish()?;
            Ok((args, kwargs))
        })
    };
    read().map_err(|e| *e)
}

/// Checks arguments that come from elsewhere than a message.
///
/// # Errors
/// The bytes are not what `shape` says, or there is something behind them.
pub fn check_payload(
    serializer: Serializer,
    shape: PayloadShape,
    bytes: &Bytes,
) -> Result<Payload, DecodeError> {
    let read = || -> head::Result<Payload> {
        with_reader!(serializer, bytes, 1, Allowance::head(bytes.len()), |r| {
            let start = r.at();
            let mut elements = Items::known(shape.elements() as u64, false);
            if shape != PayloadShape::None {
                r.more(&mut elements)?;
                let found = values::check_args(r)?;
                if (found == PayloadShape::Bare) != (shape == PayloadShape::Bare) {
                    return Err(r.error_at(start, values::NO_ARGS));
                }
            }
            if shape == PayloadShape::ArgsKwargs {
                r.more(&mut elements)?;
                values::check_kwargs(r)?;
            }
            let end = r.end();
            r.finish()?;
            Ok(Payload::from_encoded(serializer, shape, bytes.slice(start..end)))
        })
    };
    read().map_err(|e| *e)
}

/// Reads one dictionary of options or details that stands by itself.
///
/// # Errors
/// As [`decode`], for the part of a message that this is.
pub fn read_options<O: Options>(serializer: Serializer, bytes: &Bytes) -> Result<O, DecodeError> {
    let read = || -> head::Result<O> {
        with_reader!(serializer, bytes, 1, Allowance::head(bytes.len()), |r| {
            let options = options::read_options(r)?;
            r.finish()?;
            Ok(options)
        })
    };
    read().map_err(|e| *e)
}

/// Makes options or details of a dictionary of values.
///
/// # Errors
/// As [`read_options`]; the offset means nothing.
pub fn to_options<O: Options>(dict: &Dict) -> Result<O, DecodeError> {
    let mut out = BytesMut::new();
    with_writer!(Serializer::MsgPack, &mut out, |w| values::write_dict(w, dict, 1));
    read_options(Serializer::MsgPack, &out.freeze())
}

/// Writes options or details as one dictionary that stands by itself.
#[must_use]
pub fn write_options<O: Options>(serializer: Serializer, options: &O) -> Bytes {
    let mut out = BytesMut::new();
    with_writer!(serializer, &mut out, |w| options::write_options(w, options));
    out.freeze()
}
