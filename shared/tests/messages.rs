//! The layout of every message and the meaning of every key, in every serializer.

#![cfg(feature = "transcode")]
#![allow(clippy::unwrap_used, reason = "this is a test")]
#![allow(clippy::wildcard_enum_match_arm, reason = "the rest is a failure")]

mod common;

use bytes::{Bytes, BytesMut};
use common::samples::{SAMPLES, frames};
use wamplex_shared::{
    codec,
    error::DecodeErrorKind::{self, *},
    id::SessionId,
    message::{
        CallOptions, CancelMode, HelloDetails, Message, MessageCode, PublishOptions,
        RegisterOptions, Welcome, WelcomeDetails,
    },
    payload::{Payload, PayloadShape},
    roles::{Feature, Features, Role, Roles},
    serializer::Serializer,
    value::{Dict, Value},
};

fn decode(json: &str) -> Result<Message, DecodeErrorKind> {
    codec::decode(Serializer::Json, &Bytes::copy_from_slice(json.as_bytes())).map_err(|e| e.kind)
}

fn encode(message: &Message) -> String {
    String::from_utf8(codec::encode(Serializer::Json, message).unwrap().into()).unwrap()
}

#[test]
fn every_message_and_key_comes_back_the_same_from_json() {
    for json in SAMPLES {
        assert_eq!(encode(&decode(json).unwrap()), *json);
    }
    let codes: Vec<_> = SAMPLES.iter().map(|json| decode(json).unwrap().code()).collect();
    for code in MessageCode::ALL {
        assert!(codes.contains(code), "no sample of {code}");
    }
}

#[test]
fn every_message_and_key_comes_back_the_same_through_every_pair_of_serializers() {
    for from in Serializer::ALL {
        for (message, frame) in frames(from) {
            assert_eq!(codec::encode(from, &message).unwrap(), frame);
            for to in Serializer::ALL {
                let there = codec::decode(to, &codec::encode(to, &message).unwrap()).unwrap();
                let back = codec::encode(from, &there).unwrap();
                assert_eq!(back, frame, "{} {from} to {to}", message.code());
            }
        }
    }
}

#[test]
fn encoding_appends_to_what_is_there() {
    for serializer in Serializer::ALL {
        for (message, frame) in frames(serializer) {
            for before in [&b"["[..], b"x", b"{\"a\":"] {
                let mut out = BytesMut::from(before);
                codec::encode_into(serializer, &message, &mut out).unwrap();
                assert_eq!(out, [before, &frame[..]].concat());
            }
        }
    }
}

#[test]
fn the_tails_of_messages_are_optional_as_the_specification_says() {
    let accepted = [
        "[16,1,{},\"a\",[]]",
        "[16,1,{},\"a\",[],{}]",
        " [ 16 , 1 , { } , \"a\" , [ ] , { } ] \r\n\t ",
        "[34,1,2,{\"x\":1}]",
        "[66,1,2,{}]",
        "[35,1,{}]",
        "[37,5]",
        "[36,1,2,{},[1]]",
        "[68,1,2,{}]",
        "[3,{},\"x\",\"\\u0000\"]",
    ];
    for json in accepted {
        assert!(decode(json).is_ok(), "{json}: {:?}", decode(json));
    }
    use MessageCode as M;
    let refused = [
        ("[16,1,{}]", WrongLength(M::Publish)),
        ("[16,1,{},\"a\",[],{},1]", WrongLength(M::Publish)),
        ("[16,1,{},\"a\",{}]", WrongType("Arguments", "a list")),
        ("[16,1,{},\"a\",null]", WrongType("Arguments", "a list")),
        ("[16,1,{},\"a\",\"text\"]", WrongType("Arguments", "a list")),
        ("[16,1,{},\"a\",\"\\u0000text!\"]", WrongType("Arguments", "a list")),
        ("[16,1,{},\"a\",[],[]]", WrongType("ArgumentsKw", "a dictionary")),
        ("[16,1,{},\"a\",\"\\u0000AQID\",{}]", WrongLength(M::Publish)),
        ("[17,1]", WrongLength(M::Published)),
        ("[17,1,2,3]", WrongLength(M::Published)),
        ("[34,1,2,3]", WrongType("Options", "a dictionary")),
        ("[34,1,2,{},{}]", WrongLength(M::Unsubscribe)),
        ("[33,1,2,{}]", WrongLength(M::Subscribed)),
        ("[35,0]", WrongLength(M::Unsubscribed)),
        ("[67,0]", WrongLength(M::Unregistered)),
        ("[6,{}]", WrongLength(M::Goodbye)),
        ("[6,{},\"x\",[]]", WrongLength(M::Goodbye)),
        ("[]", NotAMessage),
        ("[\"16\"]", NotAMessage),
        ("[16.0,1,{},\"a\"]", NotAMessage),
        ("[-16]", NotAMessage),
        ("{}", NotAMessage),
        ("7", NotAMessage),
        ("[7]", UnknownCode(7)),
        ("[256,1]", UnknownCode(256)),
        ("[18446744073709551615]", UnknownCode(u64::MAX)),
    ];
    for (json, kind) in refused {
        assert_eq!(decode(json), Err(kind), "{json}");
    }
}

#[test]
fn ids_are_integers_from_1_to_2_to_the_53_however_they_are_written() {
    for (id, number) in [
        ("1", 1),
        ("9007199254740992", 1 << 53),
        ("1.0", 1),
        ("1e3", 1000),
        ("9007199254740992.0", 1 << 53),
        ("12.5e1", 125),
    ] {
        let Ok(Message::Published(m)) = decode(&format!("[17,{id},{id}]")) else { panic!("{id}") };
        assert_eq!((m.request.get(), m.publication.get()), (number, number));
    }
    for id in ["0", "-1", "9007199254740993", "1.5", "1e300", "-0", "\"1\"", "true", "null", "[1]"]
    {
        let kind = WrongType("PUBLISHED.PUBLISH.Request", "an integer from 1 to 2^53");
        assert_eq!(decode(&format!("[17,{id},1]")), Err(kind), "{id}");
    }
    // The same number in every width, as integer and as float.
    for id in [
        &[5][..],
        &[0xcc, 5],
        &[0xcd, 0, 5],
        &[0xce, 0, 0, 0, 5],
        &[0xcf, 0, 0, 0, 0, 0, 0, 0, 5],
        &[0xd0, 5],
        &[0xd1, 0, 5],
        &[0xd2, 0, 0, 0, 5],
        &[0xd3, 0, 0, 0, 0, 0, 0, 0, 5],
        &[0xca, 0x40, 0xa0, 0, 0],
        &[0xcb, 0x40, 0x14, 0, 0, 0, 0, 0, 0],
    ] {
        let frame = Bytes::from([&[0x92, 35], id].concat());
        let found = codec::decode(Serializer::MsgPack, &frame).unwrap();
        assert_eq!(Ok(found), decode("[35,5]"), "{id:x?}");
    }
    for id in [
        &[5][..],
        &[0x18, 5],
        &[0x19, 0, 5],
        &[0x1a, 0, 0, 0, 5],
        &[0x1b, 0, 0, 0, 0, 0, 0, 0, 5],
        &[0xf9, 0x45, 0],
        &[0xfa, 0x40, 0xa0, 0, 0],
        &[0xfb, 0x40, 0x14, 0, 0, 0, 0, 0, 0],
        &[0xc2, 0x41, 5],
        &[0xd9, 0xd9, 0xf7, 5],
    ] {
        let frame = Bytes::from([&[0x82, 0x18, 35], id].concat());
        let found = codec::decode(Serializer::Cbor, &frame).unwrap();
        assert_eq!(Ok(found), decode("[35,5]"), "{id:x?}");
    }
}

#[test]
fn an_error_names_a_request_that_can_fail() {
    for code in 0..=80_u64 {
        let may_fail = MessageCode::from_u64(code).is_some_and(MessageCode::may_fail);
        let found = decode(&format!("[8,{code},1,{{}},\"x\"]"));
        match found {
            Ok(Message::Error(m)) => {
                assert!(may_fail && u64::from(m.request_type.number()) == code)
            }
            other => {
                assert!(!may_fail, "{code}");
                assert_eq!(other, Err(InvalidValue("ERROR.REQUEST.Type")));
            }
        }
    }
}

#[test]
fn roles_are_announced_by_dictionaries_and_features_only_by_true() {
    let hello = |details: &str| match decode(&format!("[1,\"r\",{details}]")) {
        Ok(Message::Hello(m)) => Ok(m.details.roles),
        Ok(other) => panic!("{other:?}"),
        Err(kind) => Err(kind),
    };
    let found = hello(
        r#"{"roles":{"caller":{"features":{"call_cancelling":true,"call_timeout":1,"x":true,
        "progressive_call_results":{"a":[1]},"caller_identification":false}},
        "callee":{"reflection":true,"features":{"call_reroute":true}},
        "broker":{"reflection":{}},"x_own":7}}"#,
    );
    let wanted = Roles::NONE
        .with(Role::Caller, Features::of(&[Feature::CallCanceling]))
        .with(Role::Callee, Features::of(&[Feature::CallReroute, Feature::Reflection]))
        .with(Role::Broker, Features::NONE);
    assert_eq!(found, Ok(wanted));
    let missing = Err(MissingKey("HELLO.Details.roles"));
    for details in ["{}", r#"{"roles":{}}"#, r#"{"roles":{"broker":{}}}"#, r#"{"agent":"x"}"#] {
        assert_eq!(hello(details), missing, "{details}");
    }
    for details in [
        r#"{"roles":[]}"#,
        r#"{"roles":{"caller":true}}"#,
        r#"{"roles":{"caller":null}}"#,
        r#"{"roles":{"caller":{"features":[]}}}"#,
    ] {
        assert!(matches!(hello(details), Err(WrongType("HELLO.Details.roles", _))), "{details}");
    }
    for details in [
        r#"{"roles":{"caller":{},"caller":{}}}"#,
        r#"{"roles":{"caller":{"features":{},"features":{}}}}"#,
    ] {
        assert_eq!(hello(details), Err(DuplicateKey), "{details}");
    }
    assert_eq!(
        decode(r#"[2,1,{"roles":{"caller":{}}}]"#),
        Err(MissingKey("WELCOME.Details.roles"))
    );
}

#[test]
fn reflection_is_announced_beside_the_features() {
    let roles = Roles::NONE
        .with(Role::Broker, Features::of(&[Feature::Reflection]))
        .with(Role::Dealer, Features::of(&[Feature::CallTimeout, Feature::Reflection]));
    let details = WelcomeDetails { roles, ..WelcomeDetails::default() };
    let welcome: Message = Welcome { session: SessionId::new(1).unwrap(), details }.into();
    let bytes = codec::encode(Serializer::Json, &welcome).unwrap();
    let json = r#"[2,1,{"roles":{"broker":{"reflection":true},"dealer":{"features":{"call_timeout":true},"reflection":true}}}]"#;
    assert_eq!(bytes, json);
    assert_eq!(codec::decode(Serializer::Json, &bytes).unwrap(), welcome);
}

#[test]
fn words_have_to_be_known_and_other_keys_are_kept() {
    for (json, key) in [
        (r#"[32,1,{"match":"regex"},"a"]"#, "SUBSCRIBE.Options.match"),
        (r#"[64,1,{"match":""},"a"]"#, "REGISTER.Options.match"),
        (r#"[64,1,{"invoke":"load"},"a"]"#, "REGISTER.Options.invoke"),
        (r#"[49,1,{"mode":"maybe"}]"#, "CANCEL.Options.mode"),
        (r#"[69,1,{"mode":"KILL"}]"#, "INTERRUPT.Options.mode"),
        (r#"[16,1,{"enc_algo":"rot13"},"a"]"#, "enc_algo"),
        (r#"[16,1,{"enc_serializer":"xml"},"a"]"#, "enc_serializer"),
    ] {
        assert_eq!(decode(json), Err(InvalidValue(key)));
    }
    let Ok(Message::Cancel(m)) = decode(r#"[49,1,{"mode":"abort"}]"#) else { panic!() };
    assert_eq!(m.options.mode, Some(CancelMode::KillNoWait), "what old Autobahn sends");
    let Ok(Message::Call(m)) = decode(r#"[48,1,{"x_a":[1],"timeout":5,"_b":{"c":null}},"a"]"#)
    else {
        panic!()
    };
    let custom: Dict = [
        ("x_a", Value::List(vec![1.into()])),
        ("_b", Dict::from_iter([("c", Value::Null)]).into()),
    ]
    .into_iter()
    .collect();
    assert_eq!(m.options, CallOptions { timeout: Some(5), custom, ..Default::default() });
}

#[test]
fn a_key_may_stand_only_once_in_options() {
    for options in [
        r#"{"acknowledge":true,"acknowledge":true}"#,
        r#"{"x":1,"y":2,"x":3}"#,
        r#"{"ppt_scheme":"a","retain":true,"ppt_scheme":"b"}"#,
        r#"{"exclude":[1],"exclude":[1]}"#,
        r#"{"x":{"y":1,"y":2}}"#,
        r#"{"x":1,"\u0078":2}"#,
    ] {
        assert_eq!(decode(&format!("[16,1,{options},\"a\"]")), Err(DuplicateKey), "{options}");
    }
    let many = |last: usize| {
        let keys: Vec<String> = (0..500).chain([last]).map(|i| format!("\"k{i}\":{i}")).collect();
        decode(&format!("[16,1,{{{}}},\"a\",[\"{}\"]]", keys.join(","), "x".repeat(100_000)))
    };
    assert!(many(500).is_ok());
    assert_eq!(many(17), Err(DuplicateKey));
    // In arguments they are none of our business.
    assert!(decode(r#"[16,1,{},"a",[],{"x":1,"x":2}]"#).is_ok());
}

#[test]
fn an_own_key_cannot_stand_in_for_a_predefined_one() {
    let mut options = PublishOptions { acknowledge: true, ..Default::default() };
    for key in ["acknowledge", "exclude", "ppt_scheme", "x_own"] {
        options.custom.insert(key, 7);
    }
    for serializer in Serializer::ALL {
        let written = codec::write_options(serializer, &options);
        let found: PublishOptions = codec::read_options(serializer, &written).unwrap();
        assert!(found.acknowledge && found.filters.is_none() && found.passthru.is_none());
        assert_eq!(found.custom, Dict::from_iter([("x_own", 7)]));
    }
}

#[test]
fn options_stand_by_themselves_too() {
    for serializer in Serializer::ALL {
        let options = RegisterOptions { concurrency: Some(3), ..Default::default() };
        let written = codec::write_options(serializer, &options);
        assert_eq!(codec::read_options(serializer, &written), Ok(options));
        assert!(codec::read_options::<CallOptions>(serializer, &written.slice(1..)).is_err());
        let longer = Bytes::from([&written[..], b"1"].concat());
        let error = codec::read_options::<RegisterOptions>(serializer, &longer).unwrap_err();
        assert_eq!((error.kind, error.at), (TrailingBytes, written.len()));
    }
    let found = codec::read_options::<HelloDetails>(Serializer::Json, &Bytes::from_static(b"{}"));
    assert_eq!(found.unwrap_err().kind, MissingKey("HELLO.Details.roles"));
}

#[test]
fn text_fields_are_text_even_if_they_begin_with_nul() {
    // In JSON such text is binary data wherever a value of any type may stand, but not where only text may.
    let frame = codec::encode(
        Serializer::MsgPack,
        &decode(r#"[48,1,{"rkey":"\u0000AQID","ppt_keyid":"\u0000AQID"},"\u0000AQID"]"#).unwrap(),
    )
    .unwrap();
    let call = codec::decode(Serializer::MsgPack, &frame).unwrap();
    let Message::Call(m) = &call else { panic!() };
    assert_eq!(m.options.rkey.as_deref(), Some("\0AQID"));
    assert_eq!(decode(&encode(&call)), Ok(call));
}

#[test]
fn arguments_are_checked_when_they_come_from_elsewhere() {
    use PayloadShape::{Args, ArgsKwargs, Bare, None};
    let check = |shape, json: &'static str| {
        codec::check_payload(Serializer::Json, shape, &Bytes::from_static(json.as_bytes()))
            .map(|payload| payload.bytes().clone())
            .map_err(|e| e.kind)
    };
    let ok = |json: &'static str| Ok(Bytes::from_static(json.as_bytes()));
    assert_eq!(check(None, " "), ok(""));
    assert_eq!(check(Args, " [1, 2] "), ok("[1, 2]"));
    assert_eq!(check(ArgsKwargs, "[1] , {\"a\":[]}"), ok("[1] , {\"a\":[]}"));
    assert_eq!(check(Bare, "\"\\u0000AQID\""), ok("\"\\u0000AQID\""));
    assert_eq!(check(None, "[]"), Err(TrailingBytes));
    assert_eq!(check(Args, "[],{}"), Err(TrailingBytes));
    assert_eq!(check(Args, "{}"), Err(WrongType("Arguments", "a list")));
    assert_eq!(check(Bare, "[]"), Err(WrongType("Arguments", "a list")));
    assert_eq!(check(Args, "\"\\u0000AQID\""), Err(WrongType("Arguments", "a list")));
    assert_eq!(check(ArgsKwargs, "[]"), Err(UnexpectedEnd));
    assert_eq!(check(ArgsKwargs, "[],[]"), Err(WrongType("ArgumentsKw", "a dictionary")));
    assert_eq!(check(ArgsKwargs, "[] {}"), Err(UnexpectedByte));
}

#[test]
fn arguments_that_are_no_payload_at_all_become_empty_ones_of_their_shape() {
    for (shape, wanted) in [
        (PayloadShape::Args, "[[]]"),
        (PayloadShape::ArgsKwargs, "[[],{}]"),
        (PayloadShape::Bare, "[\"\\u0000\"]"),
    ] {
        let broken =
            Payload::from_encoded(Serializer::MsgPack, shape, Bytes::from_static(b"\x92\x01"));
        let payload = codec::transcode(&broken, Serializer::Json);
        assert_eq!(payload.shape(), shape);
        assert_eq!([b"[", &payload.bytes()[..], b"]"].concat(), wanted.as_bytes());
    }
}
