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
    for text in [
        "",
        "abc",
        "äöü",
        "漢字",
        "a😀b",
        "\u{feff}x",
        "aaaaaa😀",
        "aaaaaaaä",
        "äaaaaaaa漢aaaa😀😀😀",
    ] {
        let bytes = [&[0xd9, text.len() as u8], text.as_bytes()].concat();
        let units = text.encode_utf16().count() as u32;
        assert_eq!(msgpack(&bytes), Some(vec![units << 3 | 1]), "{text}");
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
        assert_eq!(f64::from_bits(half(bits)), expected, "{bits:#06x}");
    }
    assert!(f64::from_bits(half(0x7e00)).is_nan());
    assert_eq!(f64::from_bits(half(0xfc00)), f64::NEG_INFINITY);
    assert!(f64::from_bits(half(0x8000)).is_sign_negative());
}

#[test]
fn both_formats_give_the_same_tape() {
    // [1, -1, null, true, "ab", {"k": [0.5]}], where floats of 64 bits stand as they are in the message.
    let float = 0.5_f64.to_bits();
    let with_float = |words: Option<Vec<u32>>| {
        let mut words = words.expect("well-formed");
        let [what, low, high] = words.split_off(words.len() - 3)[..] else { unreachable!() };
        let bits = u64::from(high) << 32 | u64::from(low);
        assert_eq!((what, if what == 5 { bits.swap_bytes() } else { bits }), (what, float));
        words
    };
    let expected =
        with_float(msgpack(b"\x96\x01\xff\xc0\xc3\xa2ab\x81\xa1k\x91\xcb\x3f\xe0\0\0\0\0\0\0"));
    for same in [
        b"\x86\x01\x20\xf6\xf5\x62ab\xa1\x61k\x81\xfb\x3f\xe0\0\0\0\0\0\0".as_slice(),
        b"\x9f\x01\x20\xf6\xf5\x7f\x61a\x61b\xff\xbf\x61k\x9f\xf9\x38\0\xff\xff\xff",
    ] {
        assert_eq!(with_float(cbor(same)), expected);
    }
}

#[test]
fn as_many_keys_as_messages_have_are_all_known() {
    let mut tape = Tape::default();
    let list: Vec<u8> = ('a'..='z')
        .flat_map(|first| ["ity", "een", "d", "alance"].map(|rest| format!("{first}{rest}")))
        .flat_map(|key| [&[0x81, 0xa0 | key.len() as u8], key.as_bytes(), &[1]].concat())
        .collect();
    let message = [&[0xdc, 0, 104], list.as_slice()].concat();
    for _ in 0..2 {
        write(&message, false, &mut tape).expect("well-formed");
    }
    let (_, text) = write(&message, false, &mut tape).expect("well-formed");
    assert_eq!(String::from_utf8_lossy(&text), "", "these are forgotten");
}

#[test]
fn a_short_text_has_a_slot_when_it_comes_again_and_is_known_from_then_on() {
    for text in ["a", "a\0", "a\0\0", "1234567", "12345678", "12345678\0", "éé", "123456789012"] {
        for as_key in [false, true] {
            let mut tape = Tape::default();
            let message = |text: &str, end: &[u8]| {
                let begin = if as_key { [0x81].as_slice() } else { &[] };
                let end = if as_key { [end, &[1]].concat() } else { end.to_vec() };
                let head = [0xa0 | (text.len() + end.len() - usize::from(as_key)) as u8];
                [begin, &head, text.as_bytes(), &end].concat()
            };
            let mut words = |message: &[u8]| {
                let (words, told) = write(message, false, &mut tape).expect("well-formed");
                (if as_key { words[2..words.len() - 1].to_vec() } else { words }, told)
            };
            let first = words(&message(text, b""));
            assert_eq!((first.0.len(), first.1.as_slice()), (1, text.as_bytes()), "{text:?}");
            let (again, told) = words(&message(text, b""));
            assert_eq!((again[0] & 7, again[1] & 7, told.as_slice()), (4, 1, text.as_bytes()));
            let word = again[0] | 7;
            for _ in 0..3 {
                assert_eq!(words(&message(text, b"")), (vec![word], Vec::new()), "{text:?}");
            }
            // One that only looks alike.
            assert_ne!(words(&message(text, b"\0")).0, [word], "{text:?}");
        }
    }
}

#[test]
fn what_a_malformed_message_gave_a_slot_has_none() {
    let mut tape = Tape::default();
    let dict = b"\x81\xa4name\x01";
    write(dict, false, &mut tape).expect("well-formed");
    assert!(write(b"\x82\xa4name\x01", false, &mut tape).is_none());
    for _ in 0..2 {
        let (_, text) = write(dict, false, &mut tape).expect("well-formed");
        assert_eq!(text, b"name");
    }
    let (_, text) = write(dict, false, &mut tape).expect("well-formed");
    assert_eq!(text, b"");
}

#[test]
fn dictionaries_with_the_same_known_keys_have_the_same_shape() {
    let mut tape = Tape::default();
    let mut shape = |dict: &[u8]| {
        for _ in 0..2 {
            write(dict, false, &mut tape).expect("well-formed");
        }
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
    let text = "abcdefghijklmnopqrstuvwxyz01234";
    let mut slots = std::collections::BTreeMap::new();
    for _ in 0..4 {
        for length in 1..text.len() {
            for key in [&text[..length], &text[1..=length]] {
                let dict = [&[0x81, 0xa0 | length as u8], key.as_bytes(), b"\x01"].concat();
                let (words, told) = write(&dict, false, &mut tape).expect("well-formed");
                match words[2] & 7 {
                    7 => assert_eq!(slots.get(&(words[2] >> 3)), Some(&key)),
                    4 => drop(slots.insert(words[2] >> 3, key)),
                    _ => assert_eq!(told, key.as_bytes()),
                }
            }
        }
    }
    assert!(slots.len() > 30, "{}", slots.len());
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
    let small = SMALL as i64;
    assert_eq!(word(small - 1), (0, SMALL as u32 - 1));
    assert_eq!(word(-small), (0, 1 << 28));
    for exact in [small, -small - 1, 1 << 53, -(1 << 53)] {
        assert_eq!(word(exact), (5, Number::Integer as u32), "{exact}");
    }
    for (large, inverted) in [((1 << 53) + 1, 0), (i64::MAX, 0), (-(1 << 53) - 1, 1), (i64::MIN, 1)]
    {
        assert_eq!(word(large), (5, Number::Large as u32 + inverted), "{large}");
    }
}

#[test]
fn integers_beyond_64_bits_keep_their_bytes() {
    for (bytes, inverted) in
        [(b"\xc2\x41\x07".as_slice(), 0), (b"\xc3\x41\x07", 1), (b"\xc2\x5f\x41\x07\xff", 0)]
    {
        let words = cbor(bytes).expect("well-formed");
        assert_eq!((words[0], words[2]), ((Number::Big as u32 + inverted) << 3 | 5, 1));
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
    assert!(msgpack(&deep_msgpack).is_none());
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
        b"\x9f\xc1\xff",
        b"\xbf\xc1\xff",
    ] {
        assert!(cbor(bytes).is_none(), "{bytes:x?}");
    }
}
