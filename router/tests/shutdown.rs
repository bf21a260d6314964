//! How a router stops: everybody is told, nobody is waited for without end, and the process says how it went.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Heard, PATIENCE, Peer, start};
use serde_json::json;
use std::{net::SocketAddr, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::timeout,
};
use wamplex_shared::serializer::Serializer;

const GOODBYE: &str = "wamp.close.system_shutdown";

#[tokio::test]
async fn every_session_gets_goodbye_behind_what_waits_for_it() {
    let router = start(|_| {}).await;
    let mut peers = Vec::new();
    for serializer in Serializer::ALL {
        let mut peer = Peer::join(router.address, serializer).await;
        peer.subscribe("com.example.topic").await;
        peers.push(peer);
    }
    let mut publisher = Peer::join(router.address, Serializer::Json).await;
    publisher.say(r#"[16, 1, {"acknowledge": true}, "com.example.topic", ["last"]]"#).await;
    assert_eq!(publisher.hear().await[0], 17);
    router.handle.shutdown();

    for peer in &mut peers {
        assert_eq!(peer.hear().await[4], json!(["last"]));
    }
    peers.push(publisher);
    for peer in &mut peers {
        let goodbye = peer.hear().await;
        assert_eq!((&goodbye[0], &goodbye[2]), (&json!(6), &json!(GOODBYE)));
        peer.say(r#"[6, {}, "wamp.close.goodbye_and_out"]"#).await;
        assert_eq!(peer.listen().await, Heard::Close(1001));
        assert_eq!(peer.listen().await, Heard::Gone);
    }
    timeout(PATIENCE, router.task).await.expect("the router stops").unwrap();
    assert_eq!(router.handle.session_count(), 0);
    assert!(TcpStream::connect(router.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn clients_that_do_not_answer_are_not_waited_for_without_end() {
    let router = start(|config| {
        config.limits.goodbye = Duration::from_millis(100);
        config.limits.close = Duration::from_millis(100);
    })
    .await;
    let mut silent = Peer::join(router.address, Serializer::Json).await;
    let mut before_hello = Peer::connect(router.address, Serializer::Cbor).await;
    let mut before_request = TcpStream::connect(router.address).await.unwrap();
    before_request.write_all(b"GET /ws HTTP/1.1\r\n").await.unwrap();
    // Served, and then kept open for another request.
    let mut after_request = TcpStream::connect(router.address).await.unwrap();
    after_request.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    after_request.read_u8().await.unwrap();

    router.handle.shutdown();
    timeout(PATIENCE, router.task).await.expect("the router stops").unwrap();
    assert_eq!(silent.hear().await[2], GOODBYE);
    let abort = before_hello.hear().await;
    assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!(GOODBYE)));
    assert_eq!(before_hello.listen().await, Heard::Close(1001));
    let mut rest = Vec::new();
    assert_eq!(before_request.read_to_end(&mut rest).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_client_that_leaves_at_the_same_moment_has_its_goodbye_taken_for_the_answer() {
    let router = start(|_| {}).await;
    let mut peer = Peer::join(router.address, Serializer::Json).await;
    router.handle.shutdown();
    peer.say(r#"[6, {}, "wamp.close.close_realm"]"#).await;
    let goodbye = peer.hear().await;
    assert_eq!(goodbye[0], 6);
    assert!(matches!(peer.listen().await, Heard::Close(_)));
    timeout(PATIENCE, router.task).await.expect("the router stops").unwrap();
}

/// The router as a process.
struct Process {
    child: Child,
    address: SocketAddr,
}

fn wamplex(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wamplex"));
    command.args(arguments).env_remove("RUST_LOG").kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Process {
    async fn start() -> Self {
        let mut child = wamplex(&["--listen", "127.0.0.1:0"]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        let address =
            first.strip_prefix("listening on ws://").and_then(|rest| rest.strip_suffix("/ws"));
        let address: SocketAddr = address.expect("the first line names the URL").parse().unwrap();
        let second = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        assert!(second.ends_with(&format!("http://{address}/")), "{second}");
        Self { child, address }
    }

    #[cfg(unix)]
    async fn signal(&self, signal: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let status = Command::new("kill").args([signal, &id]).status().await.unwrap();
        assert!(status.success());
    }

    async fn exit_code(&mut self) -> Option<i32> {
        timeout(PATIENCE, self.child.wait()).await.expect("the process ends").unwrap().code()
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_ends_the_process_with_goodbye_and_code_0() {
    for signal in ["-TERM", "-INT"] {
        let mut process = Process::start().await;
        let mut peer = Peer::join(process.address, Serializer::MsgPack).await;
        process.signal(signal).await;
        assert_eq!(peer.hear().await[2], GOODBYE);
        peer.say(r#"[6, {}, "wamp.close.goodbye_and_out"]"#).await;
        assert_eq!(process.exit_code().await, Some(0), "{signal}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let mut process = Process::start().await;
    let mut peer = Peer::join(process.address, Serializer::Json).await;
    process.signal("-INT").await;
    assert_eq!(peer.hear().await[2], GOODBYE);
    process.signal("-INT").await;
    assert_eq!(process.exit_code().await, Some(130));
}

#[tokio::test]
async fn a_router_that_cannot_start_says_why() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, code, sentence) in [
        (&["--listen", &taken][..], 1, "another program is listening there already"),
        (&["--listen", "192.0.2.1:1"], 1, "this machine does not have that address"),
        (&["--realm", "a..b"], 2, "expected a URI"),
        (&["--site", "/nowhere/at/all"], 2, "expected a folder that can be read"),
        (&["--allow-origin", "example.com"], 2, "expected an origin such as"),
        (&["--listen", "nowhere"], 2, "ADDRESS:PORT"),
        (&["--max-message-size", "lots"], 2, "expected a number of bytes"),
        (&["--log", "a=b=c"], 2, "does not say what to log"),
        (&["--log", "inof"], 2, "does not say what to log"),
        (&["--unknown"], 2, "--unknown"),
    ] {
        let output = timeout(PATIENCE, wamplex(arguments).output()).await.unwrap().unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {complaint}");
        assert!(complaint.contains(sentence), "{arguments:?}: {complaint}");
        assert!(!complaint.contains("panicked"), "{complaint}");
        assert!(output.stdout.is_empty(), "nothing was promised");
    }
}

#[tokio::test]
async fn version_and_help_are_printed_on_standard_output() {
    for (argument, text) in
        [("--version", env!("CARGO_PKG_VERSION")), ("--help", "ws://ADDRESS:PORT/ws")]
    {
        let output = timeout(PATIENCE, wamplex(&[argument]).output()).await.unwrap().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8(output.stdout).unwrap().contains(text));
    }
}
