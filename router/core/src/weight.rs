//! How much memory messages take up while they wait.

use bytestring::ByteString;
use std::mem;
use wamplex_shared::{
    message::{
        CallOptions, Error, EventDetails, Invocation, InvocationDetails, Message, Passthru,
        ResultMessage,
    },
    payload::Payload,
    uri::Uri,
    value::{Dict, Value},
};

/// Arguments below this length are copied before they wait: they arrive in memory that they share with other messages, all
/// of which they would keep alive.
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

/// What memory that is handed out as so many bytes costs a process: allocators leave gaps between what they hand out. A queue
/// of events of 1 KiB was measured to take a third more than the sum of them.
#[must_use]
pub const fn with_gaps(bytes: usize) -> usize {
    bytes + bytes / 3
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
    payload.detach()
}

/// What arguments and details take up that a message passes on. The other messages have none, or come once in the life
/// of a session.
pub(crate) fn passed_on(message: &Message) -> usize {
    let (payload, passthru, custom, uri, text) = if let Message::Invocation(message) = message {
        let Invocation { details, payload, .. } = message;
        let InvocationDetails { procedure, transaction_hash, passthru, custom, .. } = details;
        (payload, passthru, custom, procedure.as_ref(), transaction_hash.as_ref())
    } else if let Message::Result(ResultMessage { details, payload, .. }) = message {
        (payload, &details.passthru, &details.custom, None, None)
    } else if let Message::Error(Error { details, error, payload, .. }) = message {
        (payload, &details.passthru, &details.custom, Some(error), None)
    } else {
        return 0;
    };
    self::payload(payload)
        + uri.map_or(0, self::uri)
        + text.map_or(0, |text| text.len())
        + passthru.as_deref().map_or(0, self::passthru)
        + custom.iter().map(self::custom).sum::<usize>()
}

/// Puts what a message passes on into memory of its own, as far as that is short.
pub(crate) fn compact_message(message: &mut Message) {
    let (payload, passthru, custom) = if let Message::Invocation(message) = message {
        let Invocation { details, payload, .. } = message;
        if let Some(procedure) = &mut details.procedure {
            *procedure = procedure.detach();
        }
        detach(&mut details.transaction_hash);
        (payload, &mut details.passthru, &mut details.custom)
    } else if let Message::Result(ResultMessage { details, payload, .. }) = message {
        (payload, &mut details.passthru, &mut details.custom)
    } else if let Message::Error(Error { details, error, payload, .. }) = message {
        *error = error.detach();
        (payload, &mut details.passthru, &mut details.custom)
    } else {
        return;
    };
    *payload = compact(mem::take(payload));
    detach_passed(passthru.as_deref_mut(), custom);
}

/// Puts what details pass on into memory of their own: as they come they may be slices of the frame of a publisher.
pub fn detach_details(details: &mut EventDetails) {
    let EventDetails { topic, transaction_hash, passthru, custom, .. } = details;
    if let Some(topic) = topic {
        *topic = topic.detach();
    }
    detach(transaction_hash);
    detach_passed(passthru.as_deref_mut(), custom);
}

/// The same for the options of a CALL.
pub(crate) fn detach_call_options(options: &mut CallOptions) {
    let CallOptions { rkey, runmode, transaction_hash, passthru, custom, .. } = options;
    for text in [rkey, runmode, transaction_hash] {
        detach(text);
    }
    detach_passed(passthru.as_deref_mut(), custom);
}

/// Detaches what the sender of a message may have handed on in its options.
fn detach_passed(passthru: Option<&mut Passthru>, custom: &mut Dict) {
    if let Some(passthru) = passthru {
        let Passthru { scheme, serializer, cipher, keyid, enc_algo, enc_serializer, enc_key } =
            passthru;
        for text in [scheme, serializer, cipher, keyid, enc_algo, enc_serializer, enc_key] {
            detach(text);
        }
    }
    for (_, value) in custom.iter_mut() {
        if let Value::Str(text) = value {
            *text = ByteString::from(&**text);
        }
    }
}

/// The same text without the frame that it may be a slice of.
pub(crate) fn detach(text: &mut Option<ByteString>) {
    if let Some(text) = text {
        *text = ByteString::from(&**text);
    }
}

fn uri(uri: &Uri) -> usize {
    SHARED + allocated(uri.as_str().len())
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
        + topic.as_ref().map_or(0, uri)
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
