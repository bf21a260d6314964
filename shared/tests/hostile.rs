//! Bytes that somebody sends who means harm: each gets an error that says what is wrong, and nothing panics.

#![cfg(feature = "transcode")]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod common;

use bytes::Bytes;
use common::{
    from_hex, publish,
    samples::frames,
    styled::{self, Choices},
};
use wamplex_shared::{
    codec::{self, MAX_DEPTH, batch},
    error::{
        DecodeError,
        DecodeErrorKind::{self, *},
    },
    message::{Message, MessageCode},
    serializer::Serializer::{self, Cbor, Json, MsgPack},
};

/// Half of what threads get by default. Builds for debugging need about a quarter of that, others far less.
const STACK: usize = 1024 * 1024;

/// Decodes on a thread with a small stack.
fn decode(serializer: Serializer, frame: Bytes) -> Result<Message, DecodeError> {
    let thread = std::thread::Builder::new().stack_size(STACK);
    thread.spawn(move || codec::decode(serializer, &frame)).unwrap().join().unwrap()
}

#[test]
fn every_hostile_message_gets_the_error_that_says_what_is_wrong() {
    let wrong_args = WrongType("Arguments", "a list");
    let json = [
        ("", UnexpectedEnd, 0),
        (" \n", UnexpectedEnd, 2),
        ("[", UnexpectedEnd, 1),
        ("[16", UnexpectedEnd, 3),
        ("[16,", UnexpectedEnd, 4),
        ("[17,1,2] x", TrailingBytes, 9),
        ("[17,1,2][17,1,2]", TrailingBytes, 8),
        ("[17,1,2],", TrailingBytes, 8),
        ("[17,1,2]\0", TrailingBytes, 8),
        ("\u{feff}[17,1,2]", UnexpectedByte, 0),
        ("]", UnexpectedByte, 0),
        ("[17,,2]", UnexpectedByte, 4),
        ("[17,1,2,]", WrongLength(MessageCode::Published), 0),
        ("[,17,1,2]", UnexpectedByte, 1),
        ("[17 1 2]", UnexpectedByte, 4),
        ("[17;1;2]", UnexpectedByte, 3),
        ("[17,1,2}", UnexpectedByte, 7),
        ("{17:1}", NotAMessage, 0),
        ("[017,1,2]", UnexpectedByte, 2),
        ("[17,+1,2]", UnexpectedByte, 4),
        ("[17,.5,2]", UnexpectedByte, 4),
        ("[17,1.,2]", UnexpectedByte, 6),
        ("[17,1e,2]", UnexpectedByte, 6),
        ("[17,1e+,2]", UnexpectedByte, 7),
        ("[17,-,2]", UnexpectedByte, 5),
        ("[17,1x10,2]", UnexpectedByte, 5),
        ("[17,NaN,2]", UnexpectedByte, 4),
        ("[17,Infinity,2]", UnexpectedByte, 4),
        ("[17,tru,2]", UnexpectedByte, 7),
        ("[17,1,2] // comment", TrailingBytes, 9),
        ("[/* */17,1,2]", UnexpectedByte, 1),
        ("['17',1,2]", UnexpectedByte, 1),
        ("[16,1,{a:1},\"a\"]", UnexpectedByte, 7),
        ("[16,1,{1:1},\"a\"]", UnexpectedByte, 7),
        ("[16,1,{\"a\"},\"a\"]", UnexpectedByte, 10),
        ("[16,1,{\"a\":},\"a\"]", UnexpectedByte, 11),
        ("[16,1,{\"a\":1,},\"a\"]", UnexpectedByte, 13),
        ("[16,1,{\"a\":1 \"b\":2},\"a\"]", UnexpectedByte, 13),
        ("[16,1,{},\"a]", UnexpectedEnd, 12),
        ("[16,1,{},\"a\n\"]", UnexpectedByte, 11),
        ("[16,1,{},\"a\0\"]", UnexpectedByte, 11),
        ("[16,1,{},\"\\x41\"]", UnexpectedByte, 11),
        ("[16,1,{},\"\\u12g4\"]", UnexpectedByte, 14),
        ("[16,1,{},\"\\u+123\"]", UnexpectedByte, 12),
        ("[16,1,{},\"\\ud800\"]", InvalidUnicode, 10),
        ("[16,1,{},\"\\udc00\"]", InvalidUnicode, 10),
        ("[16,1,{},\"\\ud800\\u0041\"]", InvalidUnicode, 10),
        ("[16,1,{},\"\\ud800\\ud800\"]", InvalidUnicode, 10),
        ("[16,1,{},\"a\",[\"\\udfff\"]]", InvalidUnicode, 15),
        ("[16,1,{},\"a\",[\"\t\"]]", UnexpectedByte, 15),
        ("[16,1,{},\"a\",[1,]]", UnexpectedByte, 16),
        ("[16,1,{},\"a\",[01]]", UnexpectedByte, 15),
        ("[16,1,{},\"a\",[],{\"a\":[nul]}]", UnexpectedByte, 25),
        ("[16,1,{},\"a\",[],{1:2}]", UnexpectedByte, 17),
        ("[16,1,{},\"a\",7]", wrong_args, 13),
    ];
    for (text, kind, at) in json {
        check(Json, &Bytes::from(text), kind, at);
    }
    for (bytes, at) in [
        (&b"[17,\xff,2]"[..], 4),
        (b"[16,1,{},\"\xed\xa0\x80\"]", 10),
        (b"[16,1,{},\"a\",[\"\xc0\x80\"]]", 15),
    ] {
        check(Json, &Bytes::from_static(bytes), InvalidUnicode, at);
    }

    let msgpack = [
        ("", UnexpectedEnd, 0),
        ("93", UnexpectedEnd, 1),
        ("9311", UnexpectedEnd, 2),
        ("93110102ff", TrailingBytes, 4),
        ("9311010293110102", TrailingBytes, 4),
        ("c1", UnexpectedByte, 0),
        ("9311c102", UnexpectedByte, 2),
        ("81a16101", NotAMessage, 0),
        ("93a1310102", NotAMessage, 1),
        ("9111", WrongLength(MessageCode::Published), 0),
        ("ddffffffff", UnexpectedEnd, 5),
        ("dcffff1101", UnexpectedEnd, 5),
        ("dfffffffff", UnexpectedEnd, 5),
        ("9410 01 dfffffffff a161", UnexpectedEnd, 10),
        ("9410 01 deffff a161", UnexpectedEnd, 8),
        ("9410 01 8101c0 a161", KeyNotString, 4),
        ("9410 01 819001 a161", KeyNotString, 4),
        ("9410 01 81c40161 c0 a161", KeyNotString, 4),
        ("9410 01 80 dbffffffff61", UnexpectedEnd, 10),
        ("9410 01 80 a1ff", InvalidUnicode, 5),
        ("9410 01 80 a3eda080", InvalidUnicode, 5),
        ("9410 01 80 c40161", WrongType("PUBLISH.Topic", "a string"), 4),
        ("9410 01 90 a161", WrongType("PUBLISH.Options", "a dictionary"), 3),
        ("9410 01 c0 a161", WrongType("PUBLISH.Options", "a dictionary"), 3),
        ("9410 c3 80 a161", WrongType("PUBLISH.Request", "an integer from 1 to 2^53"), 2),
        ("9510 01 80 a161 91a1ff", InvalidUnicode, 8),
        ("9510 01 80 a161 91c1", UnexpectedByte, 7),
        ("9510 01 80 a161 ddffffffff", UnexpectedEnd, 11),
        ("9510 01 80 a161 91dfffffffff", UnexpectedEnd, 12),
        ("9510 01 80 a161 91c6ffffffff", UnexpectedEnd, 12),
        ("9510 01 80 a161 91c9ffffffff05", UnexpectedEnd, 13),
        ("9510 01 80 a161 91d8", UnexpectedEnd, 8),
        ("9510 01 80 a161 91cb000000", UnexpectedEnd, 11),
        ("9510 01 80 a161 a161", wrong_args, 6),
        ("9610 01 80 a161 90 8101c0", KeyNotString, 8),
        ("9610 01 80 a161 90 90", WrongType("ArgumentsKw", "a dictionary"), 7),
    ];
    for (hex, kind, at) in msgpack {
        check(MsgPack, &from_hex(&hex.replace(' ', "")), kind, at);
    }

    let cbor = [
        ("", UnexpectedEnd, 0),
        ("83", UnexpectedEnd, 1),
        ("83110102ff", TrailingBytes, 4),
        ("9f110102", UnexpectedEnd, 4),
        ("9f110102ff00", TrailingBytes, 5),
        ("ff", UnexpectedByte, 0),
        ("8311ff02", UnexpectedByte, 2),
        ("1c", UnexpectedByte, 0),
        ("9d", UnexpectedByte, 0),
        ("1f", UnexpectedByte, 0),
        ("df", UnexpectedByte, 0),
        ("a16161 01", NotAMessage, 0),
        ("9bffffffffffffffff", UnexpectedEnd, 9),
        ("9a0fffffff", UnexpectedEnd, 5),
        ("8410 01 bbffffffffffffffff 6161", UnexpectedEnd, 14),
        ("8410 01 bb8000000000000000 6161", UnexpectedEnd, 14),
        ("8410 01 a101f6 6161", KeyNotString, 4),
        ("8410 01 a18001 6161", KeyNotString, 4),
        ("8410 01 a14161f6 6161", KeyNotString, 4),
        ("8410 01 a0 7bffffffffffffffff61", UnexpectedEnd, 14),
        ("8410 01 a0 61ff", InvalidUnicode, 5),
        ("8410 01 a0 7f61c361bcff", InvalidUnicode, 6),
        ("8410 01 a0 7f4161ff", UnexpectedByte, 5),
        ("8410 01 a0 7f7f6161ffff", UnexpectedByte, 5),
        ("8410 01 a0 7f6161", UnexpectedEnd, 7),
        ("8410 01 a0 4161", WrongType("PUBLISH.Topic", "a string"), 4),
        ("8410 01 80 6161", WrongType("PUBLISH.Options", "a dictionary"), 3),
        ("8410 f5 a0 6161", WrongType("PUBLISH.Request", "an integer from 1 to 2^53"), 2),
        ("8410 20 a0 6161", WrongType("PUBLISH.Request", "an integer from 1 to 2^53"), 2),
        ("8510 01 a0 6161 81f800", UnexpectedByte, 7),
        ("8510 01 a0 6161 81f81f", UnexpectedByte, 7),
        ("8510 01 a0 6161 81fc", UnexpectedByte, 7),
        ("8510 01 a0 6161 81ff", UnexpectedByte, 7),
        ("8510 01 a0 6161 bf6161ff", wrong_args, 6),
        ("8510 01 a0 6161 81bf6161ff", UnexpectedByte, 10),
        ("8510 01 a0 6161 815f6161ff", UnexpectedByte, 8),
        ("8510 01 a0 6161 81c1", UnexpectedEnd, 8),
        ("8510 01 a0 6161 81c1ff", UnexpectedByte, 8),
        ("8510 01 a0 6161 819bffffffffffffffff", UnexpectedEnd, 16),
        ("8510 01 a0 6161 815bffffffffffffffff", UnexpectedEnd, 16),
        ("8510 01 a0 6161 817f", UnexpectedEnd, 8),
        ("8610 01 a0 6161 80 a101f6", KeyNotString, 8),
        ("8610 01 a0 6161 80 80", WrongType("ArgumentsKw", "a dictionary"), 7),
        ("9f10 01 a0 6161 80 a0 01ff", WrongLength(MessageCode::Publish), 0),
    ];
    for (hex, kind, at) in cbor {
        check(Cbor, &from_hex(&hex.replace(' ', "")), kind, at);
    }
}

#[track_caller]
fn check(serializer: Serializer, frame: &Bytes, kind: DecodeErrorKind, at: usize) {
    let found = codec::decode(serializer, frame);
    assert_eq!(found, Err(DecodeError { serializer, at, kind }), "{frame:?}");
}

/// `depth` lists or dictionaries in one another, as the only argument or the value of an option.
fn nested(serializer: Serializer, depth: usize, form: usize) -> Vec<u8> {
    let (open, inner, close): (&[u8], &[u8], &[u8]) = match (serializer, form) {
        (Json, 0) => (b"[", b"1", b"]"),
        (Json, 1) => (b"{\"a\":", b"1", b"}"),
        (Json, _) => (b" [ 0 , ", b"1", b"]"),
        (MsgPack, 0) => (&[0x91], &[1], &[]),
        (MsgPack, 1) => (&[0x81, 0xa1, b'a'], &[1], &[]),
        (MsgPack, _) => (&[0xdc, 0, 2, 0], &[1], &[]),
        (Cbor, 0) => (&[0x81], &[1], &[]),
        (Cbor, 1) => (&[0xbf, 0x61, b'a'], &[1], &[0xff]),
        (Cbor, 2) => (&[0x9f, 0], &[1], &[0xff]),
        // A tag is a level too.
        (Cbor, _) => (&[0xc1], &[1], &[]),
    };
    [open.repeat(depth), inner.to_vec(), close.repeat(depth)].concat()
}

fn list_of(serializer: Serializer, element: &[u8]) -> Vec<u8> {
    match serializer {
        Json => [b"[", element, b"]"].concat(),
        MsgPack => [&[0x91], element].concat(),
        Cbor => [&[0x81], element].concat(),
    }
}

fn with_option(serializer: Serializer, value: &[u8]) -> Vec<u8> {
    match serializer {
        Json => [b"[16,1,{\"x\":", value, b"},\"a\"]"].concat(),
        MsgPack => [&[0x94, 16, 1, 0x81, 0xa1, b'x'], value, &[0xa1, b'a']].concat(),
        Cbor => [&[0x84, 16, 1, 0xa1, 0x61, b'x'], value, &[0x61, b'a']].concat(),
    }
}

#[test]
fn nesting_of_128_levels_is_accepted_and_of_129_refused() {
    // The message and its list of arguments, or its options, are two levels.
    let room = MAX_DEPTH - 2;
    for serializer in Serializer::ALL {
        for form in 0..4 {
            for (depth, fits) in [(room, true), (room + 1, false)] {
                let value = nested(serializer, depth, form);
                let in_args = publish(serializer, 1, &list_of(serializer, &value));
                let in_options = Bytes::from(with_option(serializer, &value));
                for frame in [in_args, in_options] {
                    let found = codec::decode(serializer, &frame);
                    if fits {
                        let message = found.unwrap();
                        for to in Serializer::ALL {
                            let there = codec::encode(to, &message).unwrap();
                            assert!(codec::decode(to, &there).is_ok(), "{serializer} to {to}");
                        }
                    } else {
                        assert_eq!(found.unwrap_err().kind, TooDeep, "{serializer} {form}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_megabyte_of_nesting_does_not_overflow_a_small_stack() {
    for serializer in Serializer::ALL {
        for form in 0..4 {
            let open = nested(serializer, 1_000_000, form);
            for frame in [
                Bytes::from(open.clone()),
                publish(serializer, 1, &open),
                publish(serializer, 1, &list_of(serializer, &open)),
                Bytes::from(with_option(serializer, &open)),
            ] {
                let kind = decode(serializer, frame).unwrap_err().kind;
                assert!(
                    matches!(
                        kind,
                        TooDeep | NotAMessage | UnknownCode(0) | WrongType("Arguments", _)
                    ),
                    "{serializer} {form}: {kind:?}"
                );
            }
        }
    }
    // Keys can be nested too.
    for (serializer, open) in [(MsgPack, 0x81), (Cbor, 0xa1), (Cbor, 0xbf)] {
        let frame = publish(serializer, 1, &list_of(serializer, &vec![open; 1_000_000]));
        assert_eq!(decode(serializer, frame).unwrap_err().kind, TooDeep);
    }
}

#[test]
fn what_is_accepted_fits_a_small_stack_however_it_is_used() {
    for serializer in Serializer::ALL {
        for form in 0..4 {
            let value = nested(serializer, MAX_DEPTH - 2, form);
            let frames = [
                publish(serializer, 1, &list_of(serializer, &value)),
                Bytes::from(with_option(serializer, &value)),
            ];
            let thread = std::thread::Builder::new().stack_size(STACK);
            let used = thread.spawn(move || {
                for frame in frames {
                    let message = codec::decode(serializer, &frame).unwrap();
                    let Message::Publish(publish) = &message else { unreachable!() };
                    codec::read_values(&publish.payload).unwrap();
                    for to in Serializer::ALL {
                        codec::encode(to, &message).unwrap();
                    }
                }
            });
            used.unwrap().join().unwrap();
        }
    }
}

#[test]
fn every_message_cut_anywhere_is_an_error_and_so_is_one_with_something_behind() {
    for serializer in Serializer::ALL {
        for (message, frame) in frames(serializer) {
            for end in 0..frame.len() {
                let found = codec::decode(serializer, &frame.slice(..end));
                assert!(found.is_err(), "{} {serializer} cut at {end}", message.code());
            }
            for byte in 0..=u8::MAX {
                let longer = Bytes::from([&frame[..], &[byte]].concat());
                let found = codec::decode(serializer, &longer);
                if serializer == Json && b" \t\r\n".contains(&byte) {
                    assert!(found.is_ok(), "white space");
                } else if serializer == Json && byte >= 0x80 {
                    assert_eq!(found.unwrap_err().kind, InvalidUnicode);
                } else {
                    let DecodeError { at, kind, .. } = found.unwrap_err();
                    assert_eq!((at, kind), (frame.len(), TrailingBytes));
                }
            }
        }
    }
}

#[test]
fn options_with_too_many_entries_are_refused() {
    let with_entries = |count: usize, padding: usize| {
        let keys: Vec<String> =
            (0..count).map(|i| format!("\"k{i}{}\":0", "_".repeat(padding))).collect();
        let frame = format!("[16,1,{{{}}},\"a\"]", keys.join(","));
        codec::decode(Json, &Bytes::from(frame)).map(|_| ()).map_err(|e| e.kind)
    };
    assert_eq!(with_entries(200, 0), Ok(()));
    assert_eq!(with_entries(1000, 60), Ok(()));
    assert_eq!(with_entries(1001, 60), Err(TooManyEntries));
    let with_list = |key: &str, item: &str, count: usize| {
        let list = vec![item; count].join(",");
        let frame = format!("[16,1,{{\"{key}\":[{list}]}},\"a\"]");
        codec::decode(Json, &Bytes::from(frame)).map(|_| ()).map_err(|e| e.kind)
    };
    for (key, item) in [("exclude", "9"), ("eligible_authid", "\"a\"")] {
        assert_eq!(with_list(key, item, 1000), Ok(()));
        assert_eq!(with_list(key, item, 1001), Err(TooManyEntries));
    }
    assert_eq!(with_list("x", "[0,0,0]", 100), Ok(()));
    assert_eq!(with_list("x", "[0,0,0]", 800), Err(TooManyEntries), "2,000 values in all");
    // Arguments are not counted.
    let args = format!("[16,1,{{}},\"a\",[{}]]", vec!["[0]"; 100_000].join(","));
    assert!(codec::decode(Json, &Bytes::from(args)).is_ok());
}

/// A message that is accepted is one that every receiver of ours accepts too, whatever its serializer.
fn assert_harmless(serializer: Serializer, frame: &Bytes) -> bool {
    let Ok(message) = codec::decode(serializer, frame) else { return false };
    for to in Serializer::ALL {
        let there = codec::encode(to, &message).unwrap();
        let received = codec::decode(to, &there);
        assert!(received.is_ok(), "{serializer} {frame:?} to {to} {there:?}: {received:?}");
        assert_eq!(
            codec::encode(to, &received.unwrap()).unwrap(),
            there,
            "{serializer} {frame:?} to {to}"
        );
    }
    true
}

#[test]
fn changed_messages_never_panic_and_what_is_accepted_harms_nobody() {
    let mut accepted = 0;
    for serializer in Serializer::ALL {
        let frames = frames(serializer);
        let mut choices = Choices::new(0x5eed_0001 + serializer.index() as u64);
        for _ in 0..60_000 {
            let mut bytes = frames[choices.below(frames.len())].1.to_vec();
            for _ in 0..=choices.below(3) {
                let at = choices.below(bytes.len());
                match choices.below(4) {
                    0 => bytes[at] = choices.below(256) as u8,
                    1 => bytes.insert(at, choices.below(256) as u8),
                    2 if bytes.len() > 1 => drop(bytes.remove(at)),
                    _ => {
                        // A piece of another message.
                        let other = &frames[choices.below(frames.len())].1;
                        let from = choices.below(other.len());
                        let to = from + choices.below(other.len() - from).min(12);
                        bytes.splice(at..at, other[from..to].iter().copied());
                    }
                }
            }
            accepted += usize::from(assert_harmless(serializer, &Bytes::from(bytes)));
        }
    }
    assert!(
        accepted > 5_000,
        "only {accepted} were accepted, so most of this test saw errors only"
    );
}

#[test]
fn random_bytes_never_panic() {
    for serializer in Serializer::ALL {
        let mut choices = Choices::new(0x5eed_0002 + serializer.index() as u64);
        for _ in 0..200_000 {
            let length = choices.below(40);
            let mut bytes: Vec<u8> = (0..length).map(|_| choices.below(256) as u8).collect();
            if choices.below(2) == 0 {
                // What begins like a message gets further.
                bytes.splice(0..0, publish(serializer, 1, &[]).iter().copied());
            }
            let frame = Bytes::from(bytes);
            assert_harmless(serializer, &frame);
            batch::split(serializer, frame).for_each(drop);
        }
    }
}

#[test]
fn messages_written_in_every_form_harm_nobody() {
    use common::Tree;
    for serializer in Serializer::ALL {
        let mut choices = Choices::new(0x5eed_0003 + serializer.index() as u64);
        for _ in 0..2000 {
            let text = |choices: &mut Choices| {
                Tree::str(["a", "", "com.x", "\0AQID", "ü"][choices.below(5)])
            };
            let key = text(&mut choices);
            let message = Tree::List(vec![
                Tree::Int([16, 48, 32, 64, 8, 36][choices.below(6)]),
                Tree::Int(1 + choices.below(70_000) as i128),
                Tree::Dict(vec![
                    (key, Tree::Float(1.0)),
                    (
                        Tree::str("x_list"),
                        Tree::List(vec![text(&mut choices), Tree::Bytes(vec![7; 5])]),
                    ),
                    (Tree::str("ppt_scheme"), text(&mut choices)),
                ]),
                text(&mut choices),
                Tree::List(vec![
                    text(&mut choices),
                    Tree::Dict(vec![(text(&mut choices), Tree::Null)]),
                ]),
            ]);
            let frame = Bytes::from(styled::write(serializer, &message, &mut choices));
            assert_harmless(serializer, &frame);
        }
    }
}
