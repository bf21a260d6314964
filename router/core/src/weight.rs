//! How much memory messages take up while they wait.

use bytes::Bytes;
use bytestring::ByteString;
use wamplex_shared::{
    message::{EventDetails, Passthru},
    payload::Payload,
    value::Value,
};

/// Arguments below this length are copied before they wait, and the topic with them: they arrive in memory that they
/// share with other messages, all of which they would keep alive.
pub(crate) const COPIED: usize = 256;

/// What arguments keep alive beside themselves when they are not copied: the rest of their frame.
const FRAME: usize = 64;

/// Counts who shares bytes.
const SHARED: usize = 32;

/// What an allocation of as many bytes takes up: allocators have four sizes from one power of two to the next, and deal
/// in pages from some length on.
pub(crate) const fn allocated(bytes: usize) -> usize {
    const PAGE: usize = 4096;
    let step = match bytes {
        0 => return 0,
        1..=64 => 16,
        65..=0x4000 => 1 << ((bytes - 1).ilog2() - 2),
        _ => PAGE,
    };
    bytes.next_multiple_of(step)
}

/// What arguments take up.
pub(crate) fn payload(payload: &Payload) -> usize {
    match payload.bytes().len() {
        0 => 0,
        length @ ..COPIED => allocated(length),
        length => SHARED + allocated(length + FRAME),
    }
}

/// The same arguments, in memory of their own if they are short.
pub(crate) fn compact(payload: Payload) -> Payload {
    let bytes = payload.bytes();
    if bytes.is_empty() || bytes.len() >= COPIED {
        return payload;
    }
    let bytes = Bytes::copy_from_slice(bytes);
    Payload::from_encoded(payload.serializer(), payload.shape(), bytes)
}

/// What details take up where there are any.
pub(crate) fn details(details: &EventDetails) -> usize {
    let EventDetails {
        topic,
        publisher_authid,
        publisher_authrole,
        transaction_hash,
        passthru,
        custom,
        ..
    } = details;
    let texts = [publisher_authid, publisher_authrole, transaction_hash];
    allocated(size_of::<EventDetails>())
        + topic.as_ref().map_or(0, |topic| SHARED + allocated(topic.as_str().len()))
        + texts.into_iter().flatten().map(|text| text.len()).sum::<usize>()
        + passthru.as_deref().map_or(0, self::passthru)
        + custom.iter().map(self::custom).sum::<usize>()
}

/// Only texts are handed on, under names that the realm has only once.
pub(crate) fn custom((_, value): (&str, &Value)) -> usize {
    size_of::<(ByteString, Value)>() + value.as_str().map_or(0, |text| text.len())
}

pub(crate) fn passthru(passthru: &Passthru) -> usize {
    let Passthru { scheme, serializer, cipher, keyid, enc_algo, enc_serializer, enc_key } =
        passthru;
    let texts = [scheme, serializer, cipher, keyid, enc_algo, enc_serializer, enc_key];
    size_of::<Passthru>() + texts.into_iter().flatten().map(|text| text.len()).sum::<usize>()
}
