//! The table in the documentation of `codec::transcode`, row by row.

#![cfg(feature = "transcode")]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod common;

use bytes::Bytes;
use common::from_hex;
use wamplex_shared::{
    codec,
    payload::{Payload, PayloadShape},
    serializer::Serializer::{self, Cbor, Json, MsgPack},
};

/// The one element of a list, in hexadecimal digits unless it is JSON, after conversion.
fn converted(from: Serializer, element: &str, to: Serializer) -> String {
    let list = match from {
        Json => Bytes::from(format!("[{element}]")),
        MsgPack => from_hex(&format!("91{element}")),
        Cbor => from_hex(&format!("81{element}")),
    };
    let payload = codec::check_payload(from, PayloadShape::Args, &list).unwrap();
    let found = codec::transcode(&payload, to);
    codec::check_payload(to, PayloadShape::Args, found.bytes()).unwrap();
    match to {
        Json => {
            let text = core::str::from_utf8(found.bytes()).unwrap();
            text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap().to_owned()
        }
        MsgPack | Cbor => found.bytes()[1..].iter().map(|b| format!("{b:02x}")).collect(),
    }
}

#[test]
fn the_table_of_conversions_holds() {
    let table = [
        // Integers, at the edges of every width.
        (Json, "0", MsgPack, "00"),
        (Json, "127", MsgPack, "7f"),
        (Json, "128", MsgPack, "cc80"),
        (Json, "256", MsgPack, "cd0100"),
        (Json, "65536", MsgPack, "ce00010000"),
        (Json, "4294967296", MsgPack, "cf0000000100000000"),
        (Json, "-1", MsgPack, "ff"),
        (Json, "-32", MsgPack, "e0"),
        (Json, "-33", MsgPack, "d0df"),
        (Json, "-128", MsgPack, "d080"),
        (Json, "-129", MsgPack, "d1ff7f"),
        (Json, "-32769", MsgPack, "d2ffff7fff"),
        (Json, "-2147483649", MsgPack, "d3ffffffff7fffffff"),
        (Json, "-9223372036854775808", MsgPack, "d38000000000000000"),
        (Json, "23", Cbor, "17"),
        (Json, "24", Cbor, "1818"),
        (Json, "-25", Cbor, "3818"),
        (Json, "18446744073709551615", Cbor, "1bffffffffffffffff"),
        (Json, "-18446744073709551616", Cbor, "3bffffffffffffffff"),
        (MsgPack, "d38000000000000000", Json, "-9223372036854775808"),
        (MsgPack, "cfffffffffffffffff", Json, "18446744073709551615"),
        (MsgPack, "d3ffffffffffffffff", Json, "-1"),
        (Cbor, "3bffffffffffffffff", Json, "-18446744073709551616"),
        (Cbor, "3bffffffffffffffff", MsgPack, "cbc3f0000000000000"),
        (Cbor, "3b8000000000000000", MsgPack, "cbc3e0000000000000"),
        // Integers of JSON that are too large, and the zero that only floats have.
        (Json, "18446744073709551616", MsgPack, "cb43f0000000000000"),
        (Json, "-18446744073709551617", Cbor, "fbc3f0000000000000"),
        (Json, "-0", Cbor, "fb8000000000000000"),
        (Json, "-0", MsgPack, "cb8000000000000000"),
        // Floats stay floats.
        (Json, "1.0", MsgPack, "cb3ff0000000000000"),
        (Json, "1e2", Cbor, "fb4059000000000000"),
        (Json, "0.1", Cbor, "fb3fb999999999999a"),
        (Json, "1e400", MsgPack, "cb7ff0000000000000"),
        (Json, "-1e400", Cbor, "fbfff0000000000000"),
        (Json, "1e-400", Cbor, "fb0000000000000000"),
        (MsgPack, "cb3ff0000000000000", Json, "1.0"),
        (MsgPack, "cb8000000000000000", Json, "-0.0"),
        (MsgPack, "cb7fefffffffffffff", Json, "1.7976931348623157e308"),
        (MsgPack, "cb0000000000000001", Json, "5e-324"),
        (MsgPack, "cb3fb999999999999a", Json, "0.1"),
        (MsgPack, "ca3dcccccd", Json, "0.10000000149011612"),
        (MsgPack, "ca3dcccccd", Cbor, "fb3fb99999a0000000"),
        (MsgPack, "ca7fc00000", Json, "null"),
        (MsgPack, "cb7ff0000000000000", Json, "null"),
        (MsgPack, "cbfff0000000000000", Cbor, "fbfff0000000000000"),
        (Cbor, "f93c00", Json, "1.0"),
        (Cbor, "f9c400", Json, "-4.0"),
        (Cbor, "f97bff", Json, "65504.0"),
        (Cbor, "f90400", Json, "6.103515625e-5"),
        (Cbor, "f90001", Json, "5.960464477539063e-8"),
        (Cbor, "f98000", Json, "-0.0"),
        (Cbor, "f97c00", Json, "null"),
        (Cbor, "f97e00", Json, "null"),
        (Cbor, "f9fc00", MsgPack, "cbfff0000000000000"),
        // Text and binary data.
        (Json, r#""ü\ud834\udd1e\n\/""#, MsgPack, "a8c3bcf09d849e0a2f"),
        (MsgPack, "a7c3bcf09d849e0a", Json, "\"ü𝄞\\n\""),
        (MsgPack, "a51f22085c7f", Json, "\"\\u001f\\\"\\u0008\\\\\u{7f}\""),
        (MsgPack, "c403010203", Json, r#""\u0000AQID""#),
        (Cbor, "43010203", MsgPack, "c403010203"),
        (Json, r#""\u0000AQID""#, MsgPack, "c403010203"),
        (Json, r#""\u0000\/\/79""#, Cbor, "43fffefd"),
        (Json, r#""\u0000""#, Cbor, "40"),
        (Json, r#""\u0000AQI""#, Cbor, "6400415149"),
        (Json, r#""\u0000AQI=x""#, MsgPack, "a6 00 4151493d78"),
        (Cbor, "6400415149", Json, r#""\u0000AQI""#),
        // Extension types, tags, bignums, simple values.
        (MsgPack, "d40501", Json, r#""\u0000AQ==""#),
        (MsgPack, "c70305010203", Cbor, "43010203"),
        (MsgPack, "d6ff00000000", Cbor, "4400000000"),
        (Cbor, "c11a514b67b0", Json, "1363896240"),
        (Cbor, "d9d9f78101", Json, "[1]"),
        (Cbor, "c249010000000000000000", Json, "1.8446744073709552e19"),
        (Cbor, "c249010000000000000000", MsgPack, "cb43f0000000000000"),
        (Cbor, "c349010000000000000000", Json, "-1.8446744073709552e19"),
        (Cbor, "c243000100", Json, "256"),
        (Cbor, "c34100", Json, "-1"),
        (Cbor, "c240", Json, "0"),
        (Cbor, "c348ffffffffffffffff", Json, "-18446744073709551616"),
        (Cbor, "f7", Json, "null"),
        (Cbor, "f0", MsgPack, "c0"),
        (Cbor, "f8ff", Json, "null"),
        (Json, "null", MsgPack, "c0"),
        (Json, "true", Cbor, "f5"),
        (MsgPack, "c2", Json, "false"),
        // Indefinite lengths, deep in one another.
        (Cbor, "9fff", MsgPack, "90"),
        (Cbor, "9f019f0203ff80bf61619fffffff", MsgPack, "94019202039081a16190"),
        (Cbor, "7f61616162ff", MsgPack, "a26162"),
        (Cbor, "5f4101420203ff", Json, r#""\u0000AQID""#),
        (Cbor, "7fff", Json, r#""""#),
        (Json, r#"[[],{"a":[1,[2]],"b":{}}]"#, MsgPack, "929082a161920191 02a16280"),
        // Keys.
        (MsgPack, "8101c0", Json, r#"{"1":null}"#),
        (MsgPack, "81ff02", Json, r#"{"-1":2}"#),
        (MsgPack, "81c302", Cbor, "a1647472756502"),
        (MsgPack, "81c002", Json, r#"{"null":2}"#),
        (MsgPack, "81cb3ff800000000000002", Json, r#"{"1.5":2}"#),
        (MsgPack, "81c4020102 05", Json, "{\"\\u0000AQI=\":5}"),
        (MsgPack, "8192 01a161 02", Json, r#"{"[1,\"a\"]":2}"#),
        (MsgPack, "8181810102 03 04", Json, r#"{"{\"{}\":3}":4}"#),
        (MsgPack, "818191010203", Cbor, "a1687b225b5d223a327d03"),
        (Cbor, "a19f01ff02", MsgPack, "81a35b315d02"),
        (Cbor, "bf9f9fffff9f9f01ffffff", MsgPack, "81a45b5b5d5d919101"),
        (Json, r#"{"a":1,"a":2}"#, MsgPack, "82a16101a16102"),
    ];
    for (from, element, to, wanted) in table {
        let (element, wanted) = (trimmed(from, element), trimmed(to, wanted));
        assert_eq!(converted(from, &element, to), wanted, "{element} from {from} to {to}");
    }
}

fn trimmed(serializer: Serializer, text: &str) -> String {
    if serializer == Json { text.into() } else { text.replace(' ', "") }
}

#[test]
fn nothing_is_done_for_the_serializer_that_is_there_already() {
    let bytes = from_hex("9101");
    let payload = codec::check_payload(MsgPack, PayloadShape::Args, &bytes).unwrap();
    let same = codec::transcode(&payload, MsgPack);
    assert_eq!(same.bytes().as_ptr(), payload.bytes().as_ptr());
    assert_eq!(codec::transcode(&Payload::NONE, Cbor), Payload::NONE);
}

/// Counting lengths anew in every list would take these for ever, and the test run with them.
#[test]
fn nesting_and_many_lists_take_linear_time() {
    let deep_and_wide = format!(
        "[{}1{}]",
        "[".repeat(120),
        format!(",[{}]", "[],".repeat(2000) + "1").repeat(20) + &"]".repeat(120)
    );
    let flat = format!("[{}1]", "[],".repeat(300_000));
    let in_cbor = [&[0x9f], &[0x9f, 0xff].repeat(300_000)[..], &[0xff]].concat();
    for (from, list) in
        [(Json, deep_and_wide.into_bytes()), (Json, flat.into_bytes()), (Cbor, in_cbor)]
    {
        let payload = codec::check_payload(from, PayloadShape::Args, &list.into()).unwrap();
        for to in Serializer::ALL {
            let found = codec::transcode(&payload, to);
            assert!(codec::check_payload(to, PayloadShape::Args, found.bytes()).is_ok());
        }
    }
}

/// Keys inside keys inside keys: JSON inside JSON inside JSON would double its backslashes at every step.
#[test]
fn keys_inside_keys_do_not_explode() {
    for (from, open, inner) in [(MsgPack, 0x81_u8, 0xa1_u8), (Cbor, 0xa1, 0x61)] {
        let depth = 120;
        let mut element = vec![open; depth];
        element.extend([inner, b'"', 1]);
        element.extend(vec![1; depth - 1]);
        let list = [vec![if from == Cbor { 0x81 } else { 0x91 }], element].concat();
        let payload = codec::check_payload(from, PayloadShape::Args, &list.into()).unwrap();
        let found = codec::transcode(&payload, Json);
        assert!(found.bytes().len() < 100, "{} bytes", found.bytes().len());
    }
}
