//! Clients behind proxies: who they are said to be, and by whom that is believed.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{
    HELLO, PATIENCE, Peer, Running,
    certificates::{Authority, Folder},
    raw::RawPeer,
    start,
};
use std::time::Duration;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::rustls::pki_types::ServerName;
use wamplex_router::config::{BridgeAction, BridgeEndpoint, ForwardedHeader, Proxy, ProxyProtocol};
use wamplex_shared::{rawsocket::MaxLength, serializer::Serializer};

const V1: &[u8] = b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\r\n";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\x0a\0\0\x01\x30\x39\x01\xbb";
const V2_LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

fn trusting(networks: &[&str], protocol: ProxyProtocol) -> Proxy {
    let trusted = networks.iter().map(|network| network.parse().unwrap()).collect();
    Proxy { trusted, protocol, ..Proxy::default() }
}

fn forwarding(networks: &[&str], forwarded: ForwardedHeader) -> Proxy {
    Proxy { forwarded, ..trusting(networks, ProxyProtocol::None) }
}

/// A router at which every address but those of this machine may have one session.
async fn behind(proxy: Proxy) -> Running {
    start(|config| {
        config.listeners[0].proxy = proxy;
        config.limits.sessions_per_address = 1;
    })
    .await
}

async fn connect(router: &Running, beginning: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(router.address).await.unwrap();
    socket.write_all(beginning).await.unwrap();
    socket
}

/// Whether a session may be opened over this socket, which is kept.
async fn joins<S: AsyncRead + AsyncWrite + Unpin>(peer: &mut Peer<S>) -> bool {
    peer.say(HELLO).await;
    match peer.hear().await {
        welcome if welcome[0] == 2 => true,
        refused => {
            assert_eq!(refused[2], "wamplex.error.limit_exceeded", "{refused}");
            false
        }
    }
}

/// Whether the router ends the connection without letting anybody speak WAMP.
async fn is_turned_away(mut socket: TcpStream) -> bool {
    let _ = socket.write_all(&[0x7f, 0xf1, 0, 0]).await;
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, socket.read_to_end(&mut rest)).await.expect("it is closed");
    rest.is_empty() || rest.starts_with(b"HTTP/1.1 400 ")
}

#[tokio::test]
async fn a_trusted_proxy_says_for_whom_it_connects() {
    for (protocol, header) in [(ProxyProtocol::V1, V1), (ProxyProtocol::V2, V2)] {
        let router = behind(trusting(&["127.0.0.0/8"], protocol)).await;
        let mut first = Peer::over(connect(&router, header).await, Serializer::Json).await;
        assert!(joins(&mut first).await);
        let mut second = Peer::over(connect(&router, header).await, Serializer::Json).await;
        assert!(!joins(&mut second).await, "192.0.2.7 has one session already");
        // Over RawSocket it is the same.
        let socket = connect(&router, header).await;
        let mut third = RawPeer::over(socket, Serializer::Cbor, MaxLength::MAX).await;
        third.say(HELLO).await;
        assert_eq!(third.hear().await[2], "wamplex.error.limit_exceeded");
    }
}

#[tokio::test]
async fn a_proxy_that_asks_whether_the_router_lives_speaks_for_itself() {
    let router = behind(trusting(&["127.0.0.1/32"], ProxyProtocol::V2)).await;
    for _ in 0..2 {
        let socket = connect(&router, V2_LOCAL).await;
        assert!(joins(&mut Peer::over(socket, Serializer::Json).await).await);
    }
}

#[tokio::test]
async fn a_trusted_address_has_to_begin_with_the_header() {
    for (protocol, beginning) in [
        (ProxyProtocol::V1, V2),
        (ProxyProtocol::V2, V1),
        (ProxyProtocol::V2, b"GET /ws HTTP/1.1\r\nHost: h\r\n\r\n"),
        (ProxyProtocol::V2, b"\r\n\r\n"),
        (ProxyProtocol::V1, b""),
    ] {
        let router = start(|config| {
            config.listeners[0].proxy = trusting(&["127.0.0.1/32"], protocol);
            config.limits.http_request = Duration::from_millis(300);
        })
        .await;
        assert!(is_turned_away(connect(&router, beginning).await).await, "{beginning:?}");
    }
}

#[tokio::test]
async fn nobody_else_is_believed() {
    for protocol in [ProxyProtocol::None, ProxyProtocol::V1, ProxyProtocol::V2] {
        let router = start(|config| {
            config.listeners[0].proxy = trusting(&["10.0.0.0/8"], protocol);
            config.limits.http_request = Duration::from_secs(1);
        })
        .await;
        for header in [V1, V2, V2_LOCAL] {
            assert!(is_turned_away(connect(&router, header).await).await, "{header:?}");
        }
        // Without a header it is a client like any other.
        Peer::join(router.address, Serializer::Json).await;
    }
}

#[tokio::test]
async fn the_header_comes_before_tls() {
    let authority = Authority::new();
    let folder = Folder::new();
    folder.install(&authority.sign_server());
    let router = start(|config| {
        config.listeners[0].proxy = trusting(&["127.0.0.1/32"], ProxyProtocol::V2);
        config.listeners[0].tls = Some(folder.tls());
        config.limits.sessions_per_address = 1;
    })
    .await;
    for is_first in [true, false] {
        let name = ServerName::try_from("localhost").unwrap();
        let socket = connect(&router, V2).await;
        let stream = authority.connector(None).connect(name, socket).await.unwrap();
        // The first one leaves again when it is dropped, unless it is kept.
        let mut peer = Peer::over(stream, Serializer::Json).await;
        assert_eq!(joins(&mut peer).await, is_first);
        std::mem::forget(peer);
    }
}

#[tokio::test]
async fn a_header_of_a_request_says_for_whom_it_is_forwarded() {
    let header = ForwardedHeader::XForwardedFor;
    let router = behind(forwarding(&["127.0.0.1/32", "10.0.0.0/8"], header)).await;
    let mut kept = Vec::new();
    for (value, may_join) in [
        ("192.0.2.1", true),
        ("192.0.2.2, 10.0.0.1", true),
        ("192.0.2.1", false),
        ("192.0.2.1, 10.0.0.1", false),
        // What the client invents comes before what the proxy has seen.
        ("198.51.100.1, 192.0.2.2", false),
        ("127.0.0.1, 192.0.2.2", false),
        ("192.0.2.3", true),
        // Nobody else is named: the proxy of this machine itself, which is not counted.
        ("nonsense", true),
        ("nonsense", true),
    ] {
        let socket = connect(&router, b"").await;
        let headers = [("x-forwarded-for", value), ("forwarded", "for=203.0.113.9")];
        let mut peer = Peer::with_headers(socket, Serializer::Json, &headers).await;
        assert_eq!(joins(&mut peer).await, may_join, "{value}");
        kept.push(peer);
    }
}

#[tokio::test]
async fn a_header_that_cannot_be_read_is_refused_wherever_it_matters_who_the_client_is() {
    let router = start(|config| {
        let listener = &mut config.listeners[0];
        listener.proxy = forwarding(&["127.0.0.1/32"], ForwardedHeader::Forwarded);
        listener.bridge = vec![BridgeEndpoint::new("/call", BridgeAction::Call)];
    })
    .await;
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: wamp.2.json\r\n";
    for (request, headers) in
        [("GET /ws", upgrade), ("POST /lp/open", ""), ("POST /call", ""), ("OPTIONS /call", "")]
    {
        let head = format!(
            "{request} HTTP/1.1\r\nhost: h\r\n{headers}forwarded: for=\"x, for=192.0.2.7\r\n\r\n"
        );
        let mut socket = connect(&router, head.as_bytes()).await;
        let mut answer = [0; 12];
        timeout(PATIENCE, socket.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!(&answer, b"HTTP/1.1 400", "{request}");
    }
}

#[tokio::test]
async fn a_header_of_a_request_of_anybody_else_says_nothing() {
    let router = behind(forwarding(&["10.0.0.0/8"], ForwardedHeader::Forwarded)).await;
    let mut kept = Vec::new();
    for _ in 0..2 {
        let socket = connect(&router, b"").await;
        let headers = [("forwarded", "for=192.0.2.1"), ("x-forwarded-for", "192.0.2.1")];
        let mut peer = Peer::with_headers(socket, Serializer::Json, &headers).await;
        assert!(joins(&mut peer).await);
        kept.push(peer);
    }
}
