//! HTTP that is malformed, ambiguous, too much, or too slow.

use crate::{
    Street,
    common::{PATIENCE, Peer, start},
};
use futures_util::future::join_all;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{interval, timeout},
};
use wamplex_shared::serializer::Serializer;

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The response has this status.
    Status(u16),
    /// The connection is closed without a word.
    Closed,
}

use Fate::{Closed, Status};

/// A request, and what it gets.
fn rows() -> Vec<(&'static str, Vec<u8>, Fate)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let head = |line: &str| format!("{line}\r\nHost: h\r\n\r\n").into_bytes();
    let with = |headers: &str| format!("GET / HTTP/1.1\r\nHost: h\r\n{headers}\r\n").into_bytes();
    let post = |headers: &str, body: &str| {
        let json = "Content-Type: application/json";
        format!("POST /lp/open HTTP/1.1\r\nHost: h\r\n{json}\r\n{headers}\r\n{body}").into_bytes()
    };
    let chunked = "Transfer-Encoding: chunked\r\n";
    vec![
        ("nothing but line ends", text("\r\n\r\n\r\n\r\n"), Closed),
        ("a line of HTTP/0.9", text("GET /\r\n\r\n"), Status(400)),
        ("the preface of HTTP/2", text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Closed),
        ("a version that there is not", head("GET / HTTP/7.7"), Status(400)),
        ("a version without a number", head("GET / HTTP/"), Status(400)),
        ("no version", head("GET /"), Status(400)),
        ("no path", head("GET HTTP/1.1"), Status(400)),
        ("a path with a space", head("GET /a b HTTP/1.1"), Status(400)),
        ("a path with a control character", head("GET /\x01 HTTP/1.1"), Status(400)),
        ("a path out of the site", head("GET /../../etc/passwd HTTP/1.1"), Status(400)),
        ("the same in disguise", head("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1"), Status(400)),
        ("a path that is not percent-encoded well", head("GET /%zz HTTP/1.1"), Status(400)),
        ("a method of control characters", head("\x02\x03 / HTTP/1.1"), Status(400)),
        ("a method that there is not", head("BREW / HTTP/1.1"), Status(405)),
        ("a tunnel", head("CONNECT evil.example:443 HTTP/1.1"), Status(405)),
        ("a request for the server", head("OPTIONS * HTTP/1.1"), Status(405)),
        ("a request to another server", head("GET http://evil.example/ HTTP/1.1"), Status(404)),
        ("a long path", head(&format!("GET /{} HTTP/1.1", "x".repeat(20_000))), Status(431)),
        ("a header without a colon", with("Nonsense\r\n"), Status(400)),
        ("a header without a name", with(": x\r\n"), Status(400)),
        ("a name with a space", with("X : y\r\n"), Status(400)),
        ("a value with a NUL", with("X: a\0b\r\n"), Status(400)),
        ("a value in two lines", with("X: a\r\n b\r\n"), Status(400)),
        ("a value with a lone CR", with("X: a\rb\r\n"), Status(400)),
        ("65 headers", with(&"X: y\r\n".repeat(64)), Status(431)),
        ("a header of 20 kB", with(&format!("X: {}\r\n", "y".repeat(20_000))), Status(431)),
        ("a length that is no number", post("Content-Length: many\r\n", ""), Status(400)),
        ("a negative length", post("Content-Length: -1\r\n", ""), Status(400)),
        ("a length with a sign", post("Content-Length: +2\r\n", "{}"), Status(400)),
        ("a length of 2^64", post("Content-Length: 18446744073709551616\r\n", ""), Status(400)),
        ("a length of 2^62", post("Content-Length: 4611686018427387904\r\n", ""), Status(413)),
        ("two lengths", post("Content-Length: 2\r\nContent-Length: 3\r\n", "{}x"), Status(400)),
        ("a list of lengths", post("Content-Length: 2, 3\r\n", "{}x"), Status(400)),
        ("an unknown coding", post("Transfer-Encoding: gzip\r\n", "x"), Status(400)),
        ("chunked, then something", post("Transfer-Encoding: chunked, x\r\n", "x"), Status(400)),
        ("a chunk without a size", post(chunked, "\r\n\r\n"), Status(400)),
        ("a chunk with half a size", post(chunked, "zz\r\n{}\r\n0\r\n\r\n"), Status(400)),
        ("a chunk of 2^64", post(chunked, "10000000000000000\r\n"), Status(400)),
        ("a chunk longer than it says", post(chunked, "1\r\n{}\r\n0\r\n\r\n"), Status(400)),
        (
            "a chunk with a long extension",
            post(chunked, &format!("1;{}\r\nx\r\n0\r\n\r\n", "y".repeat(20_000))),
            Status(400),
        ),
        (
            "a body in many small chunks",
            post(chunked, &format!("{}0\r\n\r\n", "1\r\nx\r\n".repeat(5_000))),
            Status(413),
        ),
        ("binary garbage", (0..=255).rev().cycle().take(5_000).collect(), Status(400)),
        ("a RawSocket of a kind that there is not", vec![0x7f, 0xff, 0, 0], Status(0)),
    ]
}

#[tokio::test]
async fn malformed_requests_are_refused_and_nobody_else_notices() {
    let mut street = Street::new().await;
    let mut wrong = Vec::new();
    for (name, request, expected) in rows() {
        let (fate, response) = send(&street, &request).await;
        if fate != expected {
            wrong.push(format!("{name}: expected {expected:?}, got {fate:?}: {response}"));
        }
        street.is_untouched(name).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn send(street: &Street, request: &[u8]) -> (Fate, String) {
    let mut socket = TcpStream::connect(street.router.address).await.unwrap();
    // The other side may have seen enough before everything is sent.
    let _ = socket.write_all(request).await;
    let _ = socket.shutdown().await;
    let mut response = Vec::new();
    let _ = timeout(PATIENCE, socket.read_to_end(&mut response)).await.expect("it is closed");
    let response = String::from_utf8_lossy(&response).into_owned();
    if response.is_empty() {
        return (Closed, response);
    }
    let status = response.split(' ').nth(1).and_then(|status| status.parse().ok());
    (Status(status.unwrap_or(0)), response.chars().take(200).collect())
}

#[tokio::test]
async fn a_client_that_says_a_byte_now_and_then_is_cut() {
    let router = start(|config| config.limits.http_request = Duration::from_secs(1)).await;
    let mut neighbour = Peer::join(router.address, Serializer::Json).await;
    let json = "Content-Type: application/json\r\n";
    let open = "POST /lp/open HTTP/1.1\r\nHost: h\r\n";
    let all = [
        String::new(),
        "GET ".to_owned(),
        "GET / HTTP/1.1\r\nHost: h\r\nX: ".to_owned(),
        "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nX: ".to_owned(),
        format!("{open}{json}Content-Length: 4000\r\n\r\n"),
        format!("{open}{json}Transfer-Encoding: chunked\r\n\r\n3e8\r\n"),
    ];
    let trickling = join_all(all.iter().map(|beginning| trickle(router.address, beginning)));
    timeout(PATIENCE, trickling).await.expect("all of them are cut");
    neighbour.round_trip("com.example.neighbour").await;
}

/// Says this and then a byte now and then, until the other side has had enough.
async fn trickle(to: SocketAddr, beginning: &str) {
    let mut socket = TcpStream::connect(to).await.unwrap();
    socket.write_all(beginning.as_bytes()).await.unwrap();
    let mut pace = interval(Duration::from_millis(10));
    while socket.write_all(b"x").await.is_ok() {
        pace.tick().await;
    }
}

#[tokio::test]
async fn requests_in_one_piece_are_answered_one_after_another() {
    let router = start(|_| {}).await;
    let mut socket = TcpStream::connect(router.address).await.unwrap();
    let requests = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n".repeat(500);
    let last = "GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    socket.write_all(format!("{requests}{last}").as_bytes()).await.unwrap();
    let mut response = String::new();
    timeout(PATIENCE, socket.read_to_string(&mut response)).await.unwrap().unwrap();
    let statuses: Vec<&str> = response.lines().filter(|l| l.starts_with("HTTP/1.1 ")).collect();
    assert_eq!(statuses.len(), 501);
    assert!(statuses[..500].iter().all(|status| *status == "HTTP/1.1 200 OK"));
    assert_eq!(statuses[500], "HTTP/1.1 404 Not Found");
}

#[tokio::test]
async fn a_length_and_chunks_at_once_hide_no_second_request() {
    let router = start(|_| {}).await;
    let mut socket = TcpStream::connect(router.address).await.unwrap();
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    let request = format!(
        "POST /lp/open HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}",
        smuggled.len() + 5
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    socket.shutdown().await.unwrap();
    let mut response = String::new();
    timeout(PATIENCE, socket.read_to_string(&mut response)).await.unwrap().unwrap();
    // Whichever of the two is believed, what comes behind is not taken for a request of somebody else: either it is the
    // body, or the connection says that it was one of its own.
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
    assert!(response.matches("HTTP/1.1 ").count() <= 2, "{response}");
}
