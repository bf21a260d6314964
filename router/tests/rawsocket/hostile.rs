//! The offences of bad clients over RawSocket: those that are the same over WebSocket, and those of RawSocket itself.

use crate::{
    common::{
        Heard, PATIENCE, Peer, Running,
        raw::{RawPeer, framed},
        start,
    },
    offences::{Input, Row, VIOLATION, When, rows},
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use wamplex_shared::{
    rawsocket::{FrameKind, MaxLength},
    serializer::Serializer,
};

const TOO_LARGE: &str = "wamp.error.payload_size_exceeded";

/// What breaks the rules of RawSocket, and the reason of the ABORT.
const BROKEN_FRAMES: [(&str, &[u8], &str); 18] = [
    ("reserved bit 7", &[0x80, 0, 0, 0], VIOLATION),
    ("reserved bit 6", &[0x40, 0, 0, 0], VIOLATION),
    ("reserved bit 5", &[0x20, 0, 0, 0], VIOLATION),
    ("reserved bit 4", &[0x10, 0, 0, 0], VIOLATION),
    ("all reserved bits", &[0xf0, 0, 0, 2, b'[', b']'], VIOLATION),
    ("kind 3", &[0x03, 0, 0, 0], VIOLATION),
    ("kind 4", &[0x04, 0, 0, 0], VIOLATION),
    ("kind 5", &[0x05, 0, 0, 0], VIOLATION),
    ("kind 6", &[0x06, 0, 0, 0], VIOLATION),
    ("kind 7", &[0x07, 0, 0, 0], VIOLATION),
    ("more than 16 MiB", &[0x08, 0, 0, 1], VIOLATION),
    ("much more than 16 MiB", &[0x08, 0xff, 0xff, 0xff], VIOLATION),
    ("16 MiB", &[0x08, 0, 0, 0], TOO_LARGE),
    ("16 MiB less 1", &[0x00, 0xff, 0xff, 0xff], TOO_LARGE),
    ("PING of 16 MiB", &[0x09, 0, 0, 0], TOO_LARGE),
    ("PONG of 16 MiB", &[0x0a, 0, 0, 0], TOO_LARGE),
    ("1 GiB as a number of 32 bits", &[0x40, 0, 0, 0, 1, 2, 3], VIOLATION),
    ("HTTP behind the handshake", b"GET / HTTP/1.1\r\n\r\n", VIOLATION),
];

/// A router, and a client with a session that has nothing to do with what happens.
struct Street {
    router: Running,
    neighbour: Peer,
}

impl Street {
    async fn new() -> Self {
        let router = start(|_| {}).await;
        let neighbour = Peer::join(router.address, Serializer::Json).await;
        Self { router, neighbour }
    }

    async fn connect(&self, serializer: Serializer) -> RawPeer<TcpStream> {
        let socket = TcpStream::connect(self.router.address).await.unwrap();
        RawPeer::over(socket, serializer, MaxLength::MAX).await
    }

    async fn is_untouched(&mut self, after: &str) {
        self.neighbour.round_trip("com.example.neighbour").await;
        assert_eq!(self.router.handle.session_count(), 1, "after {after}");
        assert_eq!(self.router.handle.counters().panics, 0, "after {after}");
    }
}

/// What a row sends here; `None` if it makes sense over WebSocket only.
fn wire(peer: &RawPeer<TcpStream>, row: &Row) -> Option<Vec<u8>> {
    match &row.input {
        Input::Message(text) => Some(peer.frame(text)),
        Input::Bytes(bytes) => Some(framed(FrameKind::Message, bytes)),
        Input::WrongFrame | Input::Socket(_) => None,
    }
}

#[tokio::test]
async fn every_offence_is_answered_and_ends_one_session_only() {
    let mut street = Street::new().await;
    let mut count = 0;
    for serializer in Serializer::ALL {
        for row in rows(serializer) {
            let name = format!("{serializer}: {}", row.name);
            let mut peer = street.connect(serializer).await;
            let Some(bytes) = wire(&peer, &row) else { continue };
            if row.when == When::AfterWelcome {
                peer.hello().await;
            }
            peer.socket.write_all(&bytes).await.unwrap();
            if let Some(reason) = row.reason {
                assert_eq!(peer.hear().await[2], reason, "{name}");
            }
            assert_eq!(peer.listen().await, Heard::Gone, "{name}");
            street.is_untouched(&name).await;
            count += 1;
        }
    }
    assert!(count > 120, "{count}");
}

#[tokio::test]
async fn broken_frames_are_answered_with_abort_before_and_after_welcome() {
    let mut street = Street::new().await;
    for serializer in Serializer::ALL {
        for welcomed in [false, true] {
            for (name, bytes, reason) in BROKEN_FRAMES {
                let mut peer = street.connect(serializer).await;
                if welcomed {
                    peer.hello().await;
                }
                peer.socket.write_all(bytes).await.unwrap();
                assert_eq!(peer.hear().await[2], reason, "{serializer}: {name}");
                assert_eq!(peer.listen().await, Heard::Gone, "{serializer}: {name}");
                street.is_untouched(name).await;
            }
        }
    }
}

#[tokio::test]
async fn half_handshakes_and_frames_that_never_end_leave_nothing_behind() {
    let mut street = Street::new().await;
    for beginning in
        [&b"\x7f"[..], b"\x7f\xf1", b"\x7f\xf1\0", b"\x7f\xf1\0\0", b"\x7f\xf1\0\0\0\0"]
    {
        let mut socket = TcpStream::connect(street.router.address).await.unwrap();
        socket.write_all(beginning).await.unwrap();
        drop(socket);
        street.is_untouched(&format!("{beginning:x?}")).await;
    }
    for (octets, answer) in [
        ([0x7f, 0xf4, 0, 0], [0x7f, 0x10, 0, 0]),
        ([0x7f, 0xf0, 0, 0], [0x7f, 0x10, 0, 0]),
        ([0x7f, 0x03, 0, 0], [0x7f, 0x20, 0, 0]),
        ([0x7f, 0xf1, 1, 0], [0x7f, 0x30, 0, 0]),
        ([0x7f, 0xf1, 0, 0x80], [0x7f, 0x30, 0, 0]),
    ] {
        let mut socket = TcpStream::connect(street.router.address).await.unwrap();
        socket.write_all(&octets).await.unwrap();
        let mut heard = Vec::new();
        socket.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, answer);
        street.is_untouched(&format!("{octets:x?}")).await;
    }
}

#[tokio::test]
async fn a_flood_of_clients_that_never_go_on_is_cut_in_time_and_nobody_else_waits() {
    const EACH: usize = 300;
    let limit = Duration::from_secs(1);
    let router = start(|config| {
        (config.limits.http_request, config.limits.hello) = (limit, limit);
    })
    .await;
    let mut neighbour = RawPeer::join(router.address, Serializer::Cbor).await;
    let mut flood = Vec::new();
    // Nothing, half a handshake, no HELLO, half a header, and a message that is announced and does not come.
    for beginning in
        [&b""[..], b"\x7f\xf1", b"\x7f\xf1\0\0", b"\x7f\xf1\0\0\0", b"\x7f\xf1\0\0\0\0\xff\xff["]
    {
        for _ in 0..EACH {
            let mut socket = TcpStream::connect(router.address).await.unwrap();
            socket.write_all(beginning).await.unwrap();
            flood.push(socket);
        }
        neighbour.round_trip("com.example.neighbour").await;
    }
    for mut socket in flood {
        let mut heard = Vec::new();
        let cut = timeout(PATIENCE, socket.read_to_end(&mut heard)).await;
        assert!(cut.is_ok(), "it is still there, after {heard:?}");
    }
    neighbour.round_trip("com.example.neighbour").await;
    assert_eq!((router.handle.session_count(), router.handle.counters().panics), (1, 0));
}

#[tokio::test]
async fn a_router_without_room_says_so_in_the_protocol_of_the_client() {
    let router = start(|config| config.limits.connections = 1).await;
    let mut first = RawPeer::join(router.address, Serializer::Json).await;
    for (request, answer) in [
        (&b"\x7f\xf1\0\0"[..], &b"\x7f\x40\0\0"[..]),
        (b"GET /ws HTTP/1.1\r\n\r\n", b"HTTP/1.1 503"),
    ] {
        let mut socket = TcpStream::connect(router.address).await.unwrap();
        socket.write_all(request).await.unwrap();
        let mut heard = Vec::new();
        socket.read_to_end(&mut heard).await.unwrap();
        assert!(heard.starts_with(answer), "{heard:?}");
    }
    assert_eq!(router.handle.counters().connections_refused, 2);
    first.round_trip("com.example.topic").await;
}
