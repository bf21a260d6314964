//! What a bad client sends, and what it gets for it.

use crate::common;
use bytes::Bytes;
use wamplex_shared::serializer::Serializer;

pub(crate) const VIOLATION: &str = "wamp.error.protocol_violation";

const TOO_LARGE: &str = "wamp.error.payload_size_exceeded";

/// What a bad client sends.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// A message in JSON notation, written in the client's serializer.
    Message(String),
    /// These bytes, in a frame of the right kind.
    Bytes(Bytes),
    /// HELLO in a frame of the wrong kind.
    WrongFrame,
    /// These bytes straight to the socket.
    Socket(&'static [u8]),
}

/// When it sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    BeforeHello,
    AfterWelcome,
}

/// A bad client and what it gets.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) when: When,
    pub(crate) input: Input,
    /// The reason of the ABORT; `None` if it gets none.
    pub(crate) reason: Option<&'static str>,
    pub(crate) close: u16,
}

fn row(name: &str, when: When, input: Input, reason: &'static str, close: u16) -> Row {
    Row { name: name.to_owned(), when, input, reason: Some(reason), close }
}

fn message(text: &str) -> Input {
    Input::Message(text.to_owned())
}

/// The rows that make sense for every serializer.
pub(crate) fn rows(serializer: Serializer) -> Vec<Row> {
    use When::{AfterWelcome, BeforeHello};
    let mut rows = vec![
        row(
            "unknown realm",
            BeforeHello,
            message(r#"[1, "com.example.nowhere", {"roles": {"caller": {}}}]"#),
            "wamp.error.no_such_realm",
            1000,
        ),
        row(
            "realm that is no URI",
            BeforeHello,
            message(r#"[1, "com..example", {"roles": {"caller": {}}}]"#),
            "wamp.error.invalid_uri",
            1000,
        ),
        row(
            "empty realm",
            BeforeHello,
            message(r#"[1, "", {"roles": {"caller": {}}}]"#),
            "wamp.error.invalid_uri",
            1000,
        ),
        row(
            "unknown authentication method",
            BeforeHello,
            message(
                r#"[1, "realm1", {"roles": {"caller": {}}, "authmethods": ["ticket", "magic"]}]"#,
            ),
            "wamp.error.no_matching_auth_method",
            1000,
        ),
        row("second HELLO", AfterWelcome, message(common::HELLO), VIOLATION, 1002),
        row(
            "AUTHENTICATE after WELCOME",
            AfterWelcome,
            message(r#"[5, "secret", {}]"#),
            VIOLATION,
            1002,
        ),
        row(
            "ERROR for a CALL",
            AfterWelcome,
            message(r#"[8, 48, 1, {}, "com.example.error"]"#),
            VIOLATION,
            1002,
        ),
        row("YIELD that nobody asked for", AfterWelcome, message("[70, 1, {}]"), VIOLATION, 1002),
        row(
            "ERROR that nobody asked for",
            AfterWelcome,
            message(r#"[8, 68, 1, {}, "com.example.error"]"#),
            VIOLATION,
            1002,
        ),
        row(
            "request id that does not begin at 1",
            AfterWelcome,
            message(r#"[32, 2, {}, "com.example.topic"]"#),
            VIOLATION,
            1002,
        ),
    ];
    let before = [
        "[6, {}, \"wamp.close.close_realm\"]",
        "[5, \"secret\", {}]",
        "[32, 1, {}, \"com.example.topic\"]",
        "[70, 1, {}]",
        "[8, 68, 1, {}, \"com.example.error\"]",
        "[337, 1]",
    ];
    rows.extend(before.map(|text| {
        row(&format!("before HELLO {text}"), BeforeHello, message(text), VIOLATION, 1002)
    }));
    for text in OF_ROUTERS {
        for when in [BeforeHello, AfterWelcome] {
            rows.push(row(&format!("{when:?} {text}"), when, message(text), VIOLATION, 1002));
        }
    }
    for when in [BeforeHello, AfterWelcome] {
        rows.push(row(&format!("{when:?} wrong frame"), when, Input::WrongFrame, VIOLATION, 1002));
        for (name, bytes) in undecodable(serializer) {
            rows.push(row(&format!("{when:?} {name}"), when, Input::Bytes(bytes), VIOLATION, 1002));
        }
        for (name, bytes) in BROKEN_FRAMES {
            rows.push(row(
                &format!("{when:?} {name}"),
                when,
                Input::Socket(bytes),
                VIOLATION,
                1002,
            ));
        }
    }
    rows.push(row(
        "64 KiB before WELCOME",
        BeforeHello,
        Input::Bytes(Bytes::from(vec![b' '; (64 << 10) + 1])),
        TOO_LARGE,
        1009,
    ));
    rows.push(row(
        "1 MiB after WELCOME",
        AfterWelcome,
        Input::Bytes(Bytes::from(vec![b' '; (1 << 20) + 1])),
        TOO_LARGE,
        1009,
    ));
    rows.push(row(
        "1 GiB announced",
        AfterWelcome,
        Input::Socket(&[0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4]),
        TOO_LARGE,
        1009,
    ));
    rows.push(row(
        "2^63 bytes announced",
        AfterWelcome,
        Input::Socket(&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
        TOO_LARGE,
        1009,
    ));
    rows.push(Row {
        name: "ABORT of the client".to_owned(),
        when: AfterWelcome,
        input: message(r#"[3, {}, "com.example.reason"]"#),
        reason: None,
        close: 1000,
    });
    rows
}

/// Messages that only routers send.
const OF_ROUTERS: [&str; 11] = [
    r#"[2, 1, {"roles": {"broker": {}}}]"#,
    r#"[4, "ticket", {}]"#,
    "[17, 1, 1]",
    "[33, 1, 1]",
    "[35, 1]",
    "[36, 1, 1, {}]",
    "[50, 1, {}]",
    "[65, 1, 1]",
    "[67, 1]",
    "[68, 1, 1, {}]",
    "[69, 1, {}]",
];

/// What breaks the rules of WebSocket itself.
const BROKEN_FRAMES: [(&str, &[u8]); 5] = [
    ("frame without a mask", &[0x82, 0x01, 0x00]),
    ("frame with reserved bits", &[0xf2, 0x81, 1, 2, 3, 4, 0]),
    ("frame of an unknown kind", &[0x83, 0x81, 1, 2, 3, 4, 0]),
    ("ping in pieces", &[0x09, 0x81, 1, 2, 3, 4, 0]),
    ("continuation of nothing", &[0x80, 0x81, 1, 2, 3, 4, 0]),
];

/// Bytes that are no message.
fn undecodable(serializer: Serializer) -> Vec<(String, Bytes)> {
    const DEPTH: usize = 100_000;
    let (texts, open, close): (Vec<Vec<u8>>, &[u8], &[u8]) = match serializer {
        Serializer::Json => (
            [
                "",
                " ",
                "{",
                "[",
                "]",
                "[]",
                "{}",
                "null",
                "nonsense",
                "[16, 1, {}",
                "[1, 1, 1, 1]",
                "[0]",
                "[7]",
                "[99, 1]",
                "[1, \"realm1\", {}]",
                "[1, \"realm1\", {\"roles\": {\"broker\": {}}}]",
                "[-1]",
                "[1.5]",
                "[\"16\"]",
                "[16, 0, {}, \"a\"]",
                "[16, 1, [], \"a\"]",
                "[16, 1, {}, 5]",
                "[16, 1, {}, \"a\", {}]",
                "[16, 1, {}, \"a\", [], []]",
                "[16, 1, {}, \"a\", [], {}, 1]",
                "[16, 1, {\"acknowledge\": 1}, \"a\"]",
                "[16, 1, {\"eligible\": 5}, \"a\"]",
                "[16, 1, {}, \"a\", [1,]]",
                "[16, 1, {}, \"a\", [\"\\ud800\"]]",
                "[32, 9007199254740993, {}, \"a\"]",
                "[48, 1, {}, \"a\"] []",
                "[8, 99, 1, {}, \"a\"]",
                "[49, 1, {\"mode\": \"gently\"}]",
            ]
            .map(|text| text.as_bytes().to_vec())
            .to_vec(),
            b"[",
            b"]",
        ),
        Serializer::MsgPack => (
            vec![
                vec![],
                vec![0xc1],
                vec![0x90],
                vec![0x80],
                vec![0xc0],
                vec![0x94, 16, 1],
                vec![0x91, 99],
                vec![0xdd, 0xff, 0xff, 0xff, 0xff],
                vec![0xdf, 0xff, 0xff, 0xff, 0xff],
                vec![0xc6, 0xff, 0xff, 0xff, 0xff],
                vec![0x94, 16, 1, 0x80, 0xa1, 0xff],
                vec![0x94, 16, 1, 0x80, 0xa1, b'a', 0xc0],
                vec![0x94, 16, 1, 0x81, 1, 1, 0xa1, b'a'],
                vec![0x94, 16, 0xff, 0x80, 0xa1, b'a'],
            ],
            &[0x91],
            &[],
        ),
        Serializer::Cbor => (
            vec![
                vec![],
                vec![0xff],
                vec![0x80],
                vec![0xa0],
                vec![0xf6],
                vec![0x84, 16, 1],
                vec![0x81, 0x18, 99],
                vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                vec![0x7b, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                vec![0x84, 16, 1, 0xa0, 0x61, 0xff],
                vec![0x84, 16, 1, 0xa0, 0x61, b'a', 0xf6],
                vec![0x9f],
                vec![0x1c],
                vec![0x84, 16, 1, 0xa1, 1, 1, 0x61, b'a'],
            ],
            &[0x81],
            &[],
        ),
    };
    let mut all: Vec<(String, Bytes)> =
        texts.into_iter().map(|bytes| (format!("{bytes:x?}"), Bytes::from(bytes))).collect();
    // As deep as fits what a stranger may send.
    let depth = DEPTH.min((64 << 10) / 2 - 1);
    all.push((
        "depth bomb".to_owned(),
        Bytes::from([open.repeat(depth), close.repeat(depth)].concat()),
    ));
    all
}
