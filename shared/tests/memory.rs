//! What decoding allocates, counted by the allocator: never much more than the message is long.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod common;

use bytes::{Bytes, BytesMut};
use common::{publish, samples};
use peak_alloc::PeakAlloc;
use wamplex_shared::{
    codec,
    error::DecodeErrorKind,
    message::{Event, EventDetails, Message},
    payload::{Payload, PayloadShape},
    serializer::Serializer::{self, Cbor, Json, MsgPack},
};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// One after the other and without the usual test runner, whose threads allocate too.
fn main() {
    the_allocator_counts();
    decoding_takes_at_most_three_times_the_message_and_64_kib();
    announced_lengths_allocate_nothing();
    text_that_has_to_be_put_together_is_counted_too();
    decoding_a_publish_without_options_allocates_nothing();
    encoding_an_event_allocates_once();
    messages_of_every_kind_are_cheap();
}

/// The most memory in use while `work` ran, beyond what was in use before.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let done = work();
    (done, ALLOCATOR.peak_usage().saturating_sub(before))
}

fn the_allocator_counts() {
    let (bytes, used) = peak(|| vec![1_u8; 1 << 20]);
    assert!((1 << 20..2 << 20).contains(&used), "{used} for {}", bytes.len());
}

fn assert_bounded(serializer: Serializer, frame: &Bytes) -> Option<DecodeErrorKind> {
    let (result, used) = peak(|| codec::decode(serializer, frame));
    let limit = 3 * frame.len() + 64 * 1024;
    let start = &frame[..frame.len().min(24)];
    assert!(used <= limit, "{used} bytes for {} of {serializer} {start:x?}", frame.len());
    result.err().map(|e| e.kind)
}

/// A dictionary of `count` entries with a key of `key` characters and the same value, or a list of values.
fn many(serializer: Serializer, count: usize, key: Option<usize>, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match (serializer, key) {
        (Json, None) => out.push(b'['),
        (Json, Some(_)) => out.push(b'{'),
        (MsgPack, _) => {
            out.push(if key.is_some() { 0xdf } else { 0xdd });
            out.extend((count as u32).to_be_bytes());
        }
        (Cbor, _) => out.push(if key.is_some() { 0xbf } else { 0x9f }),
    }
    for i in 0..count {
        if serializer == Json && i > 0 {
            out.push(b',');
        }
        if let Some(width) = key {
            let key = format!("{i:0width$}");
            match serializer {
                Json => out.extend(format!("\"{key}\":").bytes()),
                MsgPack => out.extend([&[0xd9, key.len() as u8], key.as_bytes()].concat()),
                Cbor => out.extend([&[0x78, key.len() as u8], key.as_bytes()].concat()),
            }
        }
        out.extend(value);
    }
    match (serializer, key) {
        (Json, None) => out.push(b']'),
        (Json, Some(_)) => out.push(b'}'),
        (MsgPack, _) => {}
        (Cbor, _) => out.push(0xff),
    }
    out
}

/// A PUBLISH with this value under a key.
fn with_option(serializer: Serializer, key: &str, value: &[u8]) -> Bytes {
    let mut out = Vec::new();
    match serializer {
        Json => out.extend(format!("[16,1,{{\"{key}\":").bytes()),
        MsgPack => {
            out.extend([&[0x94, 16, 1, 0x81, 0xa0 | key.len() as u8], key.as_bytes()].concat())
        }
        Cbor => out.extend([&[0x84, 16, 1, 0xa1, 0x60 | key.len() as u8], key.as_bytes()].concat()),
    }
    out.extend(value);
    match serializer {
        Json => out.extend(b"},\"a\"]"),
        MsgPack => out.extend([0xa1, b'a']),
        Cbor => out.extend([0x61, b'a']),
    }
    out.into()
}

const fn scalar(serializer: Serializer) -> &'static [u8] {
    match serializer {
        Json => b"0",
        MsgPack => &[0xc0],
        Cbor => &[0xf6],
    }
}

const fn short_text(serializer: Serializer) -> &'static [u8] {
    match serializer {
        Json => b"\"\"",
        MsgPack => &[0xa0],
        Cbor => &[0x60],
    }
}

fn decoding_takes_at_most_three_times_the_message_and_64_kib() {
    let mut refused = 0;
    for serializer in Serializer::ALL {
        let (scalar, text) = (scalar(serializer), short_text(serializer));
        for count in [10, 100, 250, 500, 999, 1000, 1001, 1999, 2001, 10_000, 300_000] {
            for inner in [
                many(serializer, count, None, scalar),
                many(serializer, count, Some(6), scalar),
                many(serializer, count, Some(40), scalar),
                many(serializer, count / 10, None, &many(serializer, 10, Some(1), scalar)),
                many(serializer, count / 2, Some(6), &many(serializer, 1, None, scalar)),
            ] {
                refused += usize::from(
                    assert_bounded(serializer, &with_option(serializer, "x", &inner)).is_some(),
                );
                // The same as arguments is only looked at.
                let args = [publish(serializer, 1, &[]).to_vec(), inner].concat();
                assert_bounded(serializer, &args.into());
            }
            let texts = many(serializer, count, None, text);
            for key in ["eligible_authid", "exclude", "forward_for"] {
                assert_bounded(serializer, &with_option(serializer, key, &texts));
            }
        }
    }
    assert!(refused > 30, "only {refused} were refused");
}

fn announced_lengths_allocate_nothing() {
    for (serializer, head) in [
        (MsgPack, &[0xdd, 0xff, 0xff, 0xff, 0xff][..]),
        (MsgPack, &[0xdf, 0xff, 0xff, 0xff, 0xff]),
        (MsgPack, &[0xdb, 0xff, 0xff, 0xff, 0xff]),
        (MsgPack, &[0xc6, 0xff, 0xff, 0xff, 0xff]),
        (Cbor, &[0x9b, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]),
        (Cbor, &[0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        (Cbor, &[0x7b, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]),
        (Cbor, &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ] {
        for frame in [
            Bytes::copy_from_slice(head),
            with_option(serializer, "x", head),
            with_option(serializer, "eligible", head),
            publish(serializer, 1, head),
        ] {
            let (result, used) = peak(|| codec::decode(serializer, &frame));
            assert!(result.is_err());
            assert!(used < 1024, "{used} bytes for {frame:?}");
        }
    }
}

fn text_that_has_to_be_put_together_is_counted_too() {
    let escaped = format!("\"{}\"", "\\n".repeat(500_000));
    let binary = format!("\"\\u0000{}\"", "QUJD".repeat(250_000));
    let chunks = [&[0x7f], &[0x61, b'a'].repeat(500_000)[..], &[0xff]].concat();
    for (serializer, value) in
        [(Json, escaped.as_bytes()), (Json, binary.as_bytes()), (Cbor, &chunks)]
    {
        for key in ["x", "rkey"] {
            assert_bounded(serializer, &with_option(serializer, key, value));
        }
        assert_bounded(
            serializer,
            &with_option(serializer, "x", &many(serializer, 3, None, value)),
        );
        assert_bounded(serializer, &publish(serializer, 1, value));
    }
}

/// The path of nearly every message: a slice for the topic, a slice for the arguments, and nothing else.
fn decoding_a_publish_without_options_allocates_nothing() {
    for serializer in Serializer::ALL {
        let args =
            codec::write_values(serializer, &["some text".into(), 7.into()], &Default::default());
        let frame = publish(serializer, 1, args.bytes());
        // A vector turns into shared memory when it is first sliced, which is not the codec's doing.
        let _shared = frame.clone();
        let (message, used) = peak(|| codec::decode(serializer, &frame));
        assert!(message.is_ok());
        assert_eq!(used, 0, "{serializer}");
    }
}

fn encoding_an_event_allocates_once() {
    for serializer in Serializer::ALL {
        let args = codec::write_values(serializer, &["x".repeat(1000).into()], &Default::default());
        let payload = Payload::from_encoded(serializer, PayloadShape::Args, args.bytes().clone());
        let event: Message = Event {
            subscription: wamplex_shared::id::SubscriptionId::new(7).unwrap(),
            publication: wamplex_shared::id::PublicationId::new(1 << 53).unwrap(),
            details: EventDetails::default(),
            payload,
        }
        .into();
        let (frame, used) = peak(|| codec::encode(serializer, &event).unwrap());
        assert!(used < frame.len() + 256, "{used} bytes for {} in {serializer}", frame.len());
        let mut out = BytesMut::with_capacity(4096);
        let ((), used) = peak(|| codec::encode_into(serializer, &event, &mut out).unwrap());
        assert_eq!(used, 0, "{serializer}");
    }
}

fn messages_of_every_kind_are_cheap() {
    for serializer in Serializer::ALL {
        for (_, frame) in samples::frames(serializer) {
            let (result, used) = peak(|| codec::decode(serializer, &frame));
            assert!(result.is_ok());
            assert!(used <= 4096, "{used} bytes for {frame:?}");
        }
    }
}
