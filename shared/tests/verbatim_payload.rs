//! Arguments pass through unchanged, and keep their values where they have to be converted; what we accept is what
//! the usual libraries accept.

#![cfg(feature = "transcode")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this is a test")]
#![allow(clippy::wildcard_enum_match_arm, reason = "the rest is a failure")]

mod common;

use bytes::Bytes;
use common::{Tree, oracle_read, oracle_write, publish, styled};
use proptest::prelude::*;
use wamplex_shared::{
    codec,
    message::Message,
    payload::{Payload, PayloadShape},
    serializer::Serializer,
};

fn text() -> impl Strategy<Value = String> {
    let any = prop_oneof![
        40 => "[a-z ]{0,12}",
        20 => any::<String>(),
        20 => prop::collection::vec(prop::char::any(), 0..40).prop_map(String::from_iter),
        10 => Just("\"quoted\" \\ / \u{8}\u{c}\n\r\t\u{1f} ü€𝄞 \u{2028}".to_owned()),
        9 => Just("x".repeat(300)),
        1 => Just("x".repeat(70_000)),
    ];
    // Text that begins with NUL is binary data in JSON: see `text_that_begins_with_nul`.
    any.prop_filter("begins with NUL", |s| !s.starts_with('\0'))
}

fn integer() -> impl Strategy<Value = i128> {
    let edges = [
        0,
        1,
        23,
        24,
        127,
        128,
        255,
        256,
        65_535,
        65_536,
        1 << 31,
        (1 << 32) - 1,
        1 << 32,
        (1 << 53) - 1,
        1 << 53,
        (1 << 53) + 1,
        (1 << 63) - 1,
        1 << 63,
        (1 << 64) - 1,
    ];
    prop_oneof![
        prop::sample::select(edges.to_vec()),
        prop::sample::select(edges[..edges.len() - 2].to_vec()).prop_map(|n| -1 - n),
        any::<i64>().prop_map(i128::from),
        any::<u64>().prop_map(i128::from),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        integer().prop_map(Tree::Int),
        any::<u64>().prop_map(|bits| Tree::Float(f64::from_bits(bits))),
        any::<f32>().prop_map(|f| Tree::Float(f.into())),
        prop::sample::select(vec![0.0, -0.0, 1.0, -1.5, 1e16, 1e300, 5e-324, f64::MAX, f64::NAN])
            .prop_map(Tree::Float),
        text().prop_map(Tree::Str),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Tree::Bytes),
    ];
    leaf.prop_recursive(5, 60, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Tree::List),
            dict_of(inner).prop_map(Tree::Dict),
        ]
    })
}

fn dict_of(value: impl Strategy<Value = Tree>) -> impl Strategy<Value = Vec<(Tree, Tree)>> {
    prop::collection::vec((text().prop_map(Tree::Str), value), 0..18)
}

fn serializer() -> impl Strategy<Value = Serializer> {
    prop::sample::select(Serializer::ALL.to_vec())
}

fn decode_publish(serializer: Serializer, frame: &Bytes) -> wamplex_shared::message::Publish {
    match codec::decode(serializer, frame) {
        Ok(Message::Publish(publish)) => publish,
        other => panic!("{other:?} from {frame:?}"),
    }
}

fn args_of(tree: &Payload) -> Tree {
    oracle_read(tree.serializer(), tree.bytes()).expect("one value that the library can read")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// In whatever form the arguments are written, they leave as they came, and a change of serializer keeps what the
    /// libraries read.
    #[test]
    fn arguments_pass_unchanged_and_keep_their_values_in_every_serializer(
        args in prop::collection::vec(tree(), 0..8).prop_map(Tree::List),
        from in serializer(),
        seed in any::<u64>(),
    ) {
        let written = styled::write(from, &args, &mut styled::Choices::new(seed));
        let message = decode_publish(from, &publish(from, 1, &written));
        prop_assert_eq!(message.payload.shape(), PayloadShape::Args);
        prop_assert_eq!(message.payload.bytes(), &written);

        let again = codec::encode(from, &message.clone().into()).unwrap();
        prop_assert_eq!(&decode_publish(from, &again), &message, "unchanged");
        for to in Serializer::ALL {
            let frame = codec::encode(to, &message.clone().into()).unwrap();
            let received = decode_publish(to, &frame);
            let (found, wanted) = (args_of(&received.payload), args.clone().after(from, to));
            prop_assert!(found.same(&wanted), "{from} to {to}: {found:?}, not {wanted:?}");
            prop_assert_eq!(codec::transcode(&message.payload, to), received.payload);
        }
    }

    /// The same for keyword arguments, which stand behind positional ones.
    #[test]
    fn keyword_arguments_pass_unchanged_and_keep_their_values(
        args in prop::collection::vec(tree(), 0..3).prop_map(Tree::List),
        kwargs in dict_of(tree()).prop_map(Tree::Dict),
        from in serializer(),
        seed in any::<u64>(),
    ) {
        let mut choices = styled::Choices::new(seed);
        let mut written = styled::write(from, &args, &mut choices);
        if from == Serializer::Json {
            written.extend(b" ,");
        }
        written.extend(styled::write(from, &kwargs, &mut choices));
        let message = decode_publish(from, &publish(from, 2, &written));
        prop_assert_eq!(message.payload.bytes(), &written);
        prop_assert_eq!(message.payload.shape(), PayloadShape::ArgsKwargs);
        for to in Serializer::ALL {
            let frame = codec::encode(to, &message.clone().into()).unwrap();
            let payload = decode_publish(to, &frame).payload;
            // Both elements, as the library sees them inside one list.
            let list = match to {
                Serializer::Json => [b"[", &payload.bytes()[..], b"]"].concat(),
                Serializer::MsgPack => [&[0x92], &payload.bytes()[..]].concat(),
                Serializer::Cbor => [&[0x82], &payload.bytes()[..]].concat(),
            };
            let found = oracle_read(to, &list).unwrap();
            let wanted = Tree::List(vec![args.clone(), kwargs.clone()]).after(from, to);
            prop_assert!(found.same(&wanted), "{from} to {to}: {found:?}, not {wanted:?}");
        }
    }

    /// What we write from values, the libraries read, and the other way round.
    #[test]
    fn values_are_read_and_written_as_the_libraries_do(
        args in prop::collection::vec(tree(), 0..8).prop_map(|list| Tree::List(list).unique()),
        serializer in serializer(),
    ) {
        let written = Bytes::from(oracle_write(serializer, &args));
        let payload = codec::check_payload(serializer, PayloadShape::Args, &written).unwrap();
        let (values, kwargs) = codec::read_values(&payload).unwrap();
        prop_assert!(kwargs.is_empty());
        for to in Serializer::ALL {
            let payload = codec::write_values(to, &values, &kwargs);
            let found = if payload.is_none() { Tree::List(vec![]) } else { args_of(&payload) };
            let wanted = args.clone().after(serializer, to);
            prop_assert!(found.same(&wanted), "{serializer} to {to}: {found:?}, not {wanted:?}");
        }
    }

    /// A valid payload with some bytes changed is accepted if and only if the library accepts it.
    #[test]
    fn what_is_accepted_is_what_the_libraries_accept(
        args in prop::collection::vec(tree(), 0..5).prop_map(Tree::List),
        serializer in serializer(),
        seed in any::<u64>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = styled::write(serializer, &args, &mut styled::Choices::new(seed));
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        compare_acceptance(serializer, &bytes)?;
    }

    /// So are bytes that come from nowhere.
    #[test]
    fn random_bytes_are_accepted_if_the_libraries_accept_them(
        bytes in prop::collection::vec(any::<u8>(), 0..24),
        serializer in serializer(),
    ) {
        let list = match serializer {
            Serializer::Json => [b"[", &bytes[..], b"]"].concat(),
            Serializer::MsgPack => [&[0x91], &bytes[..]].concat(),
            Serializer::Cbor => [&[0x81], &bytes[..]].concat(),
        };
        compare_acceptance(serializer, &list)?;
    }

    /// Text of the characters that JSON is made of is more often nearly JSON than random bytes are.
    #[test]
    fn text_that_looks_like_json_is_accepted_if_the_library_accepts_it(
        text in "\\[[\\[\\]{}\",:0-9eE.+\\-tfnul \\\\/aDd]{0,12}\\]",
    ) {
        compare_acceptance(Serializer::Json, text.as_bytes())?;
    }
}

/// Where we and the libraries differ, and why:
///
/// | bytes | library | we |
/// |---|---|---|
/// | JSON numbers too large for a float64 | refuses | accept: grammar allows them, and they are only passed on |
/// | MessagePack text that is not UTF-8 | gives bytes | refuse: receivers would fail |
/// | CBOR simple values without a meaning | refuses | accept: RFC 8949 calls them well-formed |
/// | CBOR simple values below 32 in two bytes | accepts | refuse: RFC 8949 calls them not well-formed |
/// | CBOR bignums that do not fit 128 bits | refuses | accept |
/// | CBOR text in chunks that are UTF-8 only together | accepts | refuse: RFC 8949 wants each to be valid |
/// | more than 128 levels deep | varies | refuse |
fn compare_acceptance(serializer: Serializer, bytes: &[u8]) -> Result<(), TestCaseError> {
    let bytes = Bytes::copy_from_slice(bytes);
    let ours = codec::check_payload(serializer, PayloadShape::Args, &bytes);
    let theirs = oracle_read(serializer, &bytes).filter(|t| matches!(t, Tree::List(_)));
    let agree = match (&ours, &theirs) {
        (Ok(_), None) => match serializer {
            Serializer::Json => has_huge_number(&bytes),
            Serializer::MsgPack => false,
            Serializer::Cbor => true,
        },
        (Err(_), Some(tree)) => match serializer {
            Serializer::Json => false,
            Serializer::MsgPack => has_bytes(tree),
            Serializer::Cbor => true,
        },
        _ => true,
    };
    prop_assert!(agree, "{serializer} {bytes:?}: we say {ours:?}, the library {theirs:?}");
    Ok(())
}

fn has_huge_number(json: &[u8]) -> bool {
    // Infinity as the library with arbitrary numbers would see it: any number in the text that std reads as infinite.
    core::str::from_utf8(json).is_ok_and(|text| {
        text.split(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c)))
            .any(|number| number.parse::<f64>().is_ok_and(f64::is_infinite))
    })
}

fn has_bytes(tree: &Tree) -> bool {
    match tree {
        Tree::Bytes(_) => true,
        Tree::List(list) => list.iter().any(has_bytes),
        Tree::Dict(dict) => dict.iter().any(|(k, v)| has_bytes(k) || has_bytes(v)),
        _ => false,
    }
}
