use super::*;

/// The words of a message behind where its text is, and the text.
fn write(bytes: &[u8], is_cbor: bool, tape: &mut Tape) -> Option<(Vec<u32>, Vec<u8>)> {
    tape.room(bytes.len()).copy_from_slice(bytes);
    let words = tape.write(is_cbor)?[2..].to_vec();
    Some((words, tape.text[..tape.words[1] as usize].to_vec()))
}

fn msgpack(bytes: &[u8]) -> Option<Vec<u32>> {
    Some(write(bytes, false, &mut Tape::default())?.0)
}

fn cbor(bytes: &[u8]) -> Option<Vec<u32>> {
    Some(write(bytes, true, &mut Tape::default())?.0)
}

#[test]
fn units_are_those_of_utf16() {
    for text in ["", "abc", "äöü", "漢字", "a😀b", "\u{feff}x"] {
        assert_eq!(utf16_units(text.as_bytes()), text.encode_utf16().count(), "{text}");
    }
}

#[test]
fn halves_are_exact() {
    let cases = [
        (0x0000, 0.0),
        (0x3c00, 1.0),
        (0xc000, -2.0),
        (0x3800, 0.5),
        (0x7bff, 65504.0),
        (0x0001, 1.0 / 16_777_216.0),
        (0x0400, 0.000_061_035_156_25),
        (0x7c00, f64::INFINITY),
    ];
    for (bits, expected) in cases {
        assert_eq!(half(bits), expected, "{bits:#06x}");
    }
    assert!(half(0x7e00).is_nan());
    assert!(half(0x8000).is_sign_negative());
}

#[test]
fn both_formats_give_the_same_tape() {
    // [1, -1, null, true, "ab", {"k": [0.5]}]
    // The slot of the key depends on its head.
    let without_slot = |mut words: Vec<u32>| {
        assert_eq!((words[8] & 7, words[9] & 7), (4, 0));
        words[9] = 0;
        words
    };
    let expected = msgpack(b"\x96\x01\xff\xc0\xc3\xa2ab\x81\xa1k\x91\xcb\x3f\xe0\0\0\0\0\0\0");
    let expected = without_slot(expected.expect("well-formed"));
    for same in [
        b"\x86\x01\x20\xf6\xf5\x62ab\xa1\x61k\x81\xfb\x3f\xe0\0\0\0\0\0\0".as_slice(),
        b"\x9f\x01\x20\xf6\xf5\x7f\x61a\x61b\xff\xbf\x61k\x9f\xf9\x38\0\xff\xff\xff",
    ] {
        assert_eq!(without_slot(cbor(same).expect("well-formed")), expected);
    }
}

#[test]
fn a_key_is_defined_once_and_known_afterwards() {
    let mut tape = Tape::default();
    let dict = b"\x81\xa4name\x01";
    let (first, text) = write(dict, false, &mut tape).expect("well-formed");
    assert_eq!(text, b"name");
    let (second, text) = write(dict, false, &mut tape).expect("well-formed");
    assert!(text.is_empty());
    assert_eq!(second[2], first[3] | 7, "the same slot");
}

#[test]
fn as_many_keys_as_messages_have_are_all_known() {
    let mut tape = Tape::default();
    let list: Vec<u8> = ('a'..='z')
        .flat_map(|first| ["ity", "een", "d", "alance"].map(|rest| format!("{first}{rest}")))
        .flat_map(|key| [&[0x81, 0xa0 | key.len() as u8], key.as_bytes(), &[1]].concat())
        .collect();
    let message = [&[0xdc, 0, 104], list.as_slice()].concat();
    write(&message, false, &mut tape).expect("well-formed");
    let (_, text) = write(&message, false, &mut tape).expect("well-formed");
    assert_eq!(String::from_utf8_lossy(&text), "", "these are forgotten");
}

#[test]
fn a_short_text_is_defined_when_it_comes_again_and_known_from_then_on() {
    for text in ["a", "a\0", "a\0\0", "12345678", "12345678\0", "éé", "123456789012"] {
        let mut tape = Tape::default();
        let message = [&[0xa0 | text.len() as u8], text.as_bytes()].concat();
        let mut next = || write(&message, false, &mut tape).expect("well-formed");
        assert_eq!(next().0.len(), 1, "{text:?}");
        let (words, told) = next();
        assert_eq!((words[0], told.as_slice()), (4, text.as_bytes()));
        let word = words[1] | 7;
        assert_eq!(words[2] & 7, 1, "{text:?}");
        for _ in 0..3 {
            assert_eq!(next(), (vec![word], Vec::new()), "{text:?}");
        }
        // One that only looks alike.
        let message = [&[0xa1 + text.len() as u8], text.as_bytes(), b"\0"].concat();
        assert_ne!(write(&message, false, &mut tape).expect("well-formed").0, [word], "{text:?}");
    }
}

#[test]
fn what_a_malformed_message_defined_is_defined_again() {
    let mut tape = Tape::default();
    assert!(write(b"\x82\xa4name\x01", false, &mut tape).is_none());
    let (_, text) = write(b"\x81\xa4name\x01", false, &mut tape).expect("well-formed");
    assert_eq!(text, b"name");
}

#[test]
fn dictionaries_with_the_same_known_keys_have_the_same_shape() {
    let mut tape = Tape::default();
    let mut shape = |dict: &[u8]| {
        write(dict, false, &mut tape).expect("well-formed");
        write(dict, false, &mut tape).expect("well-formed").0[1]
    };
    let both = shape(b"\x82\xa1a\x01\xa1b\x02");
    assert_ne!(both, 0);
    assert_eq!(shape(b"\x82\xa1a\xa1x\xa1b\x80"), both);
    assert_ne!(shape(b"\x82\xa1b\x01\xa1a\x02"), both);
    assert_ne!(shape(b"\x81\xa1a\x01"), both);
    assert_eq!(shape(b"\x80"), 0);
    assert_eq!(shape(b"\x82\xa1a\x01\x07\x02"), 0, "not all of its keys are strings");
    assert_eq!(shape(b"\x82\xa1a\x01\xa9__proto__\x02"), 0, "JavaScript has to look at it");
}

#[test]
fn keys_of_every_length_are_told_apart_from_those_that_begin_alike() {
    let mut tape = Tape::default();
    let text = "abcdefghijklmnopqrstuvwxyz0123456789";
    let dict =
        |key: &str| [b"\x81\xd9".as_slice(), &[key.len() as u8], key.as_bytes(), b"\x01"].concat();
    for _ in 0..2 {
        for length in 1..text.len() {
            for key in [&text[..length], &text[1..=length]] {
                let (words, defined) = write(&dict(key), false, &mut tape).expect("well-formed");
                // Whether it is known or told anew, the next time it is the same one.
                let (again, none) = write(&dict(key), false, &mut tape).expect("well-formed");
                assert!(defined.is_empty() || defined == key.as_bytes(), "{key}");
                // Its head has two bytes.
                if length + 2 <= LONGEST {
                    assert!(none.is_empty(), "{key}");
                    let word = if defined.is_empty() { words[2] } else { words[3] | 7 };
                    assert_eq!(again[2], word, "{key}");
                } else {
                    assert_eq!(none, key.as_bytes());
                }
            }
        }
    }
}

#[test]
fn the_text_has_every_string_whatever_its_length_and_place() {
    for length in 0..40 {
        for gap in 0..9 {
            let strings = ["x".repeat(gap), "ä".repeat(length / 2), "y".repeat(length)];
            let mut bytes = vec![0x93];
            for string in &strings {
                bytes.extend([0xd9, string.len() as u8]);
                bytes.extend(string.as_bytes());
            }
            let (words, text) = write(&bytes, false, &mut Tape::default()).expect("well-formed");
            assert_eq!(text, strings.concat().as_bytes());
            let units = strings.map(|string| (string.encode_utf16().count() as u32) << 3 | 1);
            assert_eq!(words[1..], units);
        }
    }
}

#[test]
fn what_an_earlier_message_left_behind_is_no_part_of_the_next() {
    let mut tape = Tape::default();
    write(&[&[0xd9, 200], [b'z'; 200].as_slice()].concat(), false, &mut tape).expect("well-formed");
    assert!(write(b"\xa5zz", false, &mut tape).is_none());
    assert!(write(b"\x92\x01", false, &mut tape).is_none());
    assert!(write(b"", false, &mut tape).is_none());
    let (words, text) = write(b"\xa2ab", false, &mut tape).expect("well-formed");
    assert_eq!((words, text.as_slice()), (vec![2 << 3 | 1], b"ab".as_slice()));
}

#[test]
fn integers_around_every_limit() {
    let word = |value: i64| {
        let mut bytes = vec![0xd3];
        bytes.extend(value.to_be_bytes());
        let word = msgpack(&bytes).expect("well-formed")[0];
        (word & 7, word >> 3)
    };
    assert_eq!(word(SMALL - 1).0, 0);
    assert_eq!(word(-SMALL).0, 0);
    assert_eq!(word(SMALL).0, 5);
    assert_eq!(word(1 << 53).0, 5);
    assert_eq!(word((1 << 53) + 1), (4, Special::I64 as u32));
    assert_eq!(word(i64::MIN), (4, Special::I64 as u32));
}

#[test]
fn integers_beyond_64_bits_keep_their_bytes() {
    for bytes in [b"\xc2\x41\x07".as_slice(), b"\xc3\x41\x07", b"\xc2\x5f\x41\x07\xff"] {
        let words = cbor(bytes).expect("well-formed");
        assert!(matches!(words[0] >> 3, 4 | 5));
        assert_eq!(words[2], 1);
    }
}

#[test]
fn what_is_cut_off_or_continued_is_no_tape() {
    let whole = b"\x93\xa3abc\x81\xa1k\xcd\x12\x34\xc4\x02xy";
    assert!(msgpack(whole).is_some());
    for end in 0..whole.len() {
        assert!(msgpack(&whole[..end]).is_none());
    }
    assert!(msgpack(&[whole.as_slice(), b"\0"].concat()).is_none());
    let whole = b"\x83\x63abc\xa1\x61k\x19\x12\x34\x5f\x42xy\xff";
    assert!(cbor(whole).is_some());
    for end in 0..whole.len() {
        assert!(cbor(&whole[..end]).is_none());
    }
    assert!(cbor(&[whole.as_slice(), b"\0"].concat()).is_none());
}

#[test]
fn hostile_bytes_are_no_tape() {
    let deep_msgpack = [vec![0x91; 200_000], vec![0xc0]].concat();
    let deep_tags = [vec![0xc6; 200_000], vec![0xf6]].concat();
    assert!(msgpack(&deep_msgpack).is_none());
    assert!(cbor(&deep_tags).is_none());
    for bytes in [b"\xc1".as_slice(), b"\xdd\xff\xff\xff\xff\x01", b"\xdb\xff\xff\xff\xff"] {
        assert!(msgpack(bytes).is_none(), "{bytes:x?}");
    }
    for bytes in [
        b"\xf8\x10".as_slice(),
        b"\x1c",
        b"\x1f",
        b"\xff",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x7f\x41x\xff",
        b"\x7f\x61\xc3\x61\xa4\xff",
        b"\xbf\x61k\xff",
    ] {
        assert!(cbor(bytes).is_none(), "{bytes:x?}");
    }
}
