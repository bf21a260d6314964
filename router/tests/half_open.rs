//! Clients that begin and do not go on, of every kind: they are cut in time, and nobody else notices.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod common;

use common::{
    PATIENCE, Peer,
    certificates::{Authority, Folder},
    start,
};
use futures_util::future::join_all;
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
    process::{Child, Command},
    time::timeout,
};
use wamplex_router::config::{AuthenticationSettings, Method, RealmSettings, Tls};
use wamplex_shared::serializer::Serializer;

/// How far a client goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It connects and says nothing.
    Tcp,
    /// It sends the first half of a ClientHello.
    Tls,
    /// It sends the first half of a request.
    Http,
    /// It sends the first half of a RawSocket handshake.
    RawSocket,
    /// It opens a WebSocket and says no HELLO.
    NoHello,
    /// It says HELLO and does not answer the CHALLENGE.
    NoAuthenticate,
}

const KINDS: [Kind; 6] =
    [Kind::Tcp, Kind::Tls, Kind::Http, Kind::RawSocket, Kind::NoHello, Kind::NoAuthenticate];

/// How many connect at once: fewer than the kernel keeps for a server that is busy.
const AT_ONCE: usize = 500;

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
    Sec-WebSocket-Protocol: wamp.2.json\r\n\r\n";

/// The realm at which everybody is asked for a proof.
const GUARDED: &str = "com.example.guarded";

impl Kind {
    /// What a client of this kind says.
    fn beginning(self) -> Vec<u8> {
        let hello = format!(
            r#"[1,"{GUARDED}",{{"roles":{{"caller":{{}}}},"authid":"joe","authmethods":["wampcra"]}}]"#
        );
        match self {
            Self::Tcp => Vec::new(),
            Self::Tls => [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[7; 200]].concat(),
            Self::Http => UPGRADE.as_bytes()[..100].to_vec(),
            Self::RawSocket => vec![0x7f, 0xf1],
            Self::NoHello => UPGRADE.as_bytes().to_vec(),
            Self::NoAuthenticate => {
                let length = u8::try_from(hello.len()).unwrap();
                assert!(length < 126);
                // Masked with zeros, which changes nothing.
                let frame = [0x81, 0x80 | length, 0, 0, 0, 0];
                [UPGRADE.as_bytes(), &frame, hello.as_bytes()].concat()
            }
        }
    }

    /// Connects from the `n`th address of this machine and begins.
    async fn begin(self, to: SocketAddr, n: usize) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        // One address has not enough ports for all of them.
        let last = u8::try_from(n / 2_000 + 2).unwrap();
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into()).unwrap();
        let mut socket = socket.connect(to).await.unwrap();
        socket.write_all(&self.beginning()).await.unwrap();
        socket
    }
}

/// Reads until the other side has closed the connection.
async fn is_cut(mut socket: TcpStream) {
    let mut space = [0; 4096];
    while socket.read(&mut space).await.is_ok_and(|n| n > 0) {}
}

fn guarded() -> RealmSettings {
    let mut realm = RealmSettings::new(GUARDED);
    realm.authentication = AuthenticationSettings {
        methods: vec![Method::Wampcra],
        ..AuthenticationSettings::default()
    };
    realm
}

#[tokio::test]
async fn clients_that_do_not_go_on_are_cut_and_nobody_else_notices() {
    let folder = Folder::new();
    folder.install(&Authority::new().sign_server());
    let soon = Duration::from_secs(1);
    let tls = Tls { also_plain: true, ..folder.tls() };
    let router = start(|config| {
        config.listeners[0].tls = Some(tls);
        config.realms.push(guarded());
        config.limits.http_request = soon;
        config.limits.hello = soon;
        config.limits.authentication = soon;
        config.limits.close = soon;
    })
    .await;
    let to = router.address;
    let mut neighbour = Peer::join(to, Serializer::Json).await;
    let begun = KINDS.iter().flat_map(|kind| (0..40).map(|n| kind.begin(to, n)));
    let begun = join_all(begun).await;
    neighbour.round_trip("com.example.neighbour").await;
    let cut = timeout(PATIENCE, join_all(begun.into_iter().map(is_cut))).await;
    assert!(cut.is_ok(), "some of them are still there");
    neighbour.round_trip("com.example.neighbour").await;
    assert_eq!(router.handle.session_count(), 1);
    assert_eq!(router.handle.counters().panics, 0);
}

/// Prints what 10,000 clients of each kind cost, and what others notice of them. Run it alone, on the release build:
/// `cargo test --release -p wamplex-router --test half_open -- --ignored --nocapture`. `HALF_OPEN` is another number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute and wants the machine for itself"]
async fn ten_thousand_of_each_kind() {
    let many: usize = std::env::var("HALF_OPEN").map_or(10_000, |n| n.parse().unwrap());
    let folder = Folder::new();
    folder.install(&Authority::new().sign_server());
    let (mut router, to) = spawn(&folder).await;
    let pid = router.id().unwrap();
    let mut neighbour = Peer::join(to, Serializer::Json).await;
    println!(
        "{:15} {:>6} {:>9} {:>9} {:>10} {:>10} {:>10}",
        "kind", "number", "cut after", "KiB each", "join p99", "trip p99", "KiB after"
    );
    for kind in KINDS {
        let before = resident(pid);
        let start = Instant::now();
        let mut begun = Vec::new();
        for first in (0..many).step_by(AT_ONCE) {
            let numbers = first..many.min(first + AT_ONCE);
            begun.extend(join_all(numbers.map(|n| kind.begin(to, n))).await);
            // They are accepted in order: when this is answered, all of them are.
            drop(Peer::connect(to, Serializer::Json).await);
        }
        let opened = start.elapsed();
        let (number, first_peak) = (begun.len(), resident(pid));
        let cut = tokio::spawn(async move {
            join_all(begun.into_iter().map(is_cut)).await;
            Instant::now()
        });
        let (mut joins, mut trips, mut peak) = (Vec::new(), Vec::new(), first_peak);
        while !cut.is_finished() {
            let begin = Instant::now();
            let _joined = Peer::join(to, Serializer::Json).await;
            joins.push(begin.elapsed());
            let begin = Instant::now();
            neighbour.round_trip("com.example.neighbour").await;
            trips.push(begin.elapsed());
            peak = peak.max(resident(pid));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let after = cut.await.unwrap() - start - opened;
        let each = (peak.saturating_sub(before)) as f64 / number as f64;
        println!(
            "{:15} {number:>6} {after:>9.1?} {each:>9.1} {:>10.1?} {:>10.1?} {:>10}",
            format!("{kind:?}"),
            p99(&mut joins),
            p99(&mut trips),
            resident(pid)
        );
        assert!(after < Duration::from_secs(if kind == Kind::NoAuthenticate { 12 } else { 7 }));
    }
    router.kill().await.unwrap();
}

/// The program itself, so that its memory is not ours.
async fn spawn(folder: &Folder) -> (Child, SocketAddr) {
    let config = format!(
        "[[listeners]]\naddress = \"127.0.0.1:0\"\nsite = false\n\
         [listeners.tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\nalso_plain = true\n\
         [[realms]]\nname = \"realm1\"\n\
         [[realms]]\nname = \"{GUARDED}\"\n[realms.authentication]\nmethods = [\"wampcra\"]\n"
    );
    let config = folder.write("wamplex.toml", &config);
    let mut router = Command::new(env!("CARGO_BIN_EXE_wamplex"))
        .args(["--config".as_ref(), config.as_os_str()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(router.stdout.take().unwrap()).lines();
    let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().expect("it starts");
    let port = line.split("127.0.0.1:").nth(1).expect("it says where it listens");
    let port: String = port.chars().take_while(char::is_ascii_digit).collect();
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (router, SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap())))
}

/// The resident memory of a process in KiB.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn p99(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() * 99 / 100).copied().unwrap_or_default()
}
