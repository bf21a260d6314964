//! What the router weighs: its size on disk, the time until the first client is welcome, and its memory.
//!
//! `cargo bench -p wamplex-router --bench weight` prints a table; it fails where a goal is missed by size, which depends
//! on nothing but the build, and only says so where it depends on the machine.

// A benchmark talks to people, and fails loudly.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use futures_util::{SinkExt, StreamExt};
use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        http::{HeaderValue, header::SEC_WEBSOCKET_PROTOCOL},
    },
};

const HELLO: &str = r#"[1,"realm1",{"roles":{"subscriber":{},"caller":{}}}]"#;

/// The goals: bytes on disk, time to the first WELCOME, bytes of memory.
const SIZE: u64 = 15 << 20;
const START: Duration = Duration::from_millis(50);
const MEMORY: u64 = 15 << 20;

/// How often the router is started.
const STARTS: usize = 20;

/// How many sessions are opened to see what one takes.
const SESSIONS: u64 = 1_000;

struct Router {
    child: Child,
    address: String,
}

impl Router {
    /// Starts the router and reads where it listens.
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wamplex"))
            .args(["--listen", "127.0.0.1:0", "--log", "warn"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the router starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ws://").expect("the first line");
        let address = url.strip_suffix("/ws").unwrap().to_owned();
        Self { child, address }
    }

    /// Memory that is really there, in bytes.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    async fn join(&self) -> WebSocketStream<tokio::net::TcpStream> {
        let socket = tokio::net::TcpStream::connect(&self.address).await.unwrap();
        let mut request = format!("ws://{}/ws", self.address).into_client_request().unwrap();
        let json = HeaderValue::from_static("wamp.2.json");
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, json);
        let (mut socket, _) = client_async(request, socket).await.unwrap();
        socket.send(Message::text(HELLO)).await.unwrap();
        let welcome = socket.next().await.unwrap().unwrap();
        assert!(welcome.to_text().unwrap().starts_with("[2,"), "{welcome}");
        socket
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main() {
    // `cargo test --benches` would run this too, unoptimized.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let size = fs::metadata(env!("CARGO_BIN_EXE_wamplex")).unwrap().len();
    row("binary", &mebibytes(size), &mebibytes(SIZE), size <= SIZE);

    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let begin = Instant::now();
        let router = Router::start();
        let _session = router.join().await;
        starts.push(begin.elapsed());
    }
    starts.sort();
    let start = starts[STARTS / 2];
    row(
        "start to first WELCOME, median",
        &format!("{start:.1?}"),
        &format!("{START:?}"),
        start <= START,
    );

    let router = Router::start();
    let idle = router.memory();
    row("memory, idle", &mebibytes(idle), &mebibytes(MEMORY), idle <= MEMORY);
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(router.join().await);
    }
    let each = (router.memory() - idle) / SESSIONS;
    row(
        "memory of one more session",
        &format!("{:.1} KiB", each as f64 / 1024.0),
        "8.0 KiB",
        each <= 8 << 10,
    );
    drop(sessions);
    assert!(size <= SIZE, "the binary is larger than it may be");
}

fn row(what: &str, found: &str, goal: &str, reached: bool) {
    let verdict = if reached { "reached" } else { "MISSED" };
    println!("{what:34} {found:>12}   goal {goal:>10}   {verdict}");
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
