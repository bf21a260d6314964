use super::*;
use crate::{config::RouterConfig, peer::Address, transport::Subprotocol};
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{DuplexStream, duplex};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Message as Frame, client::IntoClientRequest, http::header::SEC_WEBSOCKET_PROTOCOL,
    },
};
use wamplex_shared::{
    codec,
    rawsocket::{Deframer, FrameKind, Handshake, MaxLength, header},
    serializer::Serializer,
};

const HELLO: &str =
    r#"[1,"realm1",{"roles":{"caller":{},"callee":{},"publisher":{},"subscriber":{}}}]"#;

/// Clients on a network that takes no time, before a router that has no sockets.
struct Network {
    shared: Arc<Shared>,
    reception: Arc<Reception>,
}

impl Network {
    fn new(keep_alive: KeepAlive) -> Self {
        let mut config = RouterConfig::on(([127, 0, 0, 1], 0));
        config.listeners[0].keep_alive = keep_alive;
        let shared = Arc::new(Shared::new(&config).unwrap());
        let reception = Reception::open(&config.listeners[0], &shared, Hub::new().0).unwrap();
        Self { shared, reception: Arc::new(reception) }
    }

    fn connect(&self) -> DuplexStream {
        let (ours, theirs) = duplex(1 << 16);
        let peer = Peer::new(Address::Local, TransportKind::WebSocket, "test".into());
        let place = self.shared.room.enter().unwrap();
        let shared = Arc::clone(&self.shared);
        tokio::spawn(Arc::clone(&self.reception).receive(theirs, peer, shared, place));
        ours
    }

    async fn websocket(&self, subprotocol: &str) -> WebSocketStream<DuplexStream> {
        let mut request = "ws://localhost/ws".into_client_request().unwrap();
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, subprotocol.parse().unwrap());
        client_async(request, self.connect()).await.unwrap().0
    }

    async fn rawsocket(&self) -> DuplexStream {
        let mut socket = self.connect();
        let ours = Handshake { max_length: MaxLength::MAX, serializer: Serializer::Json };
        socket.write_all(&ours.to_octets()).await.unwrap();
        let mut answer = [0; 4];
        socket.read_exact(&mut answer).await.unwrap();
        raw_say(&mut socket, HELLO).await;
        assert!(raw_hear(&mut socket).await.unwrap().1.starts_with("[2,"));
        socket
    }

    fn sessions(&self) -> usize {
        self.shared.realms.all().iter().map(|realm| realm.read().session_count()).sum()
    }

    async fn await_sessions(&self, count: usize) -> Duration {
        let start = Instant::now();
        while self.sessions() != count {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        start.elapsed()
    }
}

async fn raw_say(socket: &mut DuplexStream, message: &str) {
    let head = header(FrameKind::Message, message.len(), MaxLength::MAX).unwrap();
    socket.write_all(&[&head, message.as_bytes()].concat()).await.unwrap();
}

async fn raw_hear(socket: &mut DuplexStream) -> Option<(FrameKind, String)> {
    let mut received = BytesMut::new();
    while socket.read_buf(&mut received).await.unwrap() > 0 {
        if let Some(frame) = Deframer::new(MaxLength::MAX).next(&mut received).unwrap() {
            assert!(received.is_empty(), "one frame at a time");
            return Some((frame.kind, String::from_utf8(frame.content.to_vec()).unwrap()));
        }
    }
    None
}

async fn say(socket: &mut WebSocketStream<DuplexStream>, message: &str) {
    socket.send(Frame::text(message)).await.unwrap();
}

async fn hear(socket: &mut WebSocketStream<DuplexStream>) -> String {
    loop {
        if let Frame::Text(text) = socket.next().await.unwrap().unwrap() {
            return text.to_string();
        }
    }
}

#[tokio::test]
async fn a_session_holds_what_it_needs_and_nothing_of_what_led_to_it() {
    let network = Network::new(KeepAlive::default());
    let shared = || Arc::clone(&network.shared);
    let peer = || Peer::new(Address::Local, TransportKind::WebSocket, "test".into());
    let agreed = Subprotocol::from_name("wamp.2.msgpack").unwrap();
    let transport = WebSocket::new(duplex(1).0, &[], agreed, 1024);
    let conversation = network.reception.serve(transport, peer(), shared());
    let place = network.shared.room.enter().unwrap();
    let task = Arc::clone(&network.reception).receive(duplex(1).0, peer(), shared(), place);
    let (task, conversation) = (size_of_val(&task), size_of_val(&*conversation));
    assert!(task <= 256 && conversation <= 2048, "{task} and {conversation} bytes");
}

#[tokio::test(start_paused = true)]
async fn a_half_open_callee_is_found_in_time_and_the_calls_it_owes_fail_at_once() {
    let network = Network::new(KeepAlive::default());
    let mut callee = network.websocket("wamp.2.json").await;
    let mut caller = network.websocket("wamp.2.json").await;
    for peer in [&mut callee, &mut caller] {
        say(peer, HELLO).await;
        hear(peer).await;
    }
    say(&mut callee, r#"[64,1,{},"com.example.p"]"#).await;
    hear(&mut callee).await;
    let silent_since = Instant::now();
    say(&mut caller, r#"[48,1,{},"com.example.p"]"#).await;
    // The caller answers its PINGs while it waits; the callee is held, but nobody reads from it any more.
    let error = hear(&mut caller).await;
    assert!(error.starts_with(r#"[8,48,1,{},"wamp.error.canceled""#), "{error}");
    assert!(silent_since.elapsed() <= Duration::from_secs(30), "{:?}", silent_since.elapsed());
    assert_eq!(network.sessions(), 1);
    assert_eq!(network.shared.tally.read().silences, 1);
    drop(callee);
}

#[tokio::test(start_paused = true)]
async fn clients_that_answer_pings_stay_and_are_asked_again_and_again() {
    let network = Network::new(KeepAlive::default());
    let mut peer = network.websocket("wamp.2.json").await;
    say(&mut peer, HELLO).await;
    hear(&mut peer).await;
    let mut pings = 0;
    let hour = timeout(Duration::from_secs(3600), async {
        while let Some(Ok(frame)) = peer.next().await {
            assert!(matches!(frame, Frame::Ping(_)), "{frame:?}");
            pings += 1;
        }
    });
    assert!(hour.await.is_err(), "the session is still there");
    assert!((170..=190).contains(&pings), "{pings}");
}

#[tokio::test(start_paused = true)]
async fn a_client_over_rawsocket_is_sent_no_ping_unless_that_is_asked_for() {
    let network = Network::new(KeepAlive::default());
    let mut silent = network.rawsocket().await;
    let month = Duration::from_secs(30 * 24 * 3600);
    assert!(timeout(month, raw_hear(&mut silent)).await.is_err());
    assert_eq!(network.sessions(), 1);

    let pinged = KeepAlive { rawsocket: true, ..KeepAlive::default() };
    let network = Network::new(pinged);
    let mut peer = network.rawsocket().await;
    for _ in 0..3 {
        assert_eq!(raw_hear(&mut peer).await, Some((FrameKind::Ping, String::new())));
        let pong = header(FrameKind::Pong, 0, MaxLength::MAX).unwrap();
        peer.write_all(&pong).await.unwrap();
    }
    assert_eq!(raw_hear(&mut peer).await, Some((FrameKind::Ping, String::new())));
    assert!(network.await_sessions(0).await <= Duration::from_secs(11));
    let (_, abort) = raw_hear(&mut peer).await.unwrap();
    assert!(abort.ends_with(r#""wamp.error.network_failure"]"#), "{abort}");
    assert_eq!(raw_hear(&mut peer).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_client_over_rawsocket_that_is_idle_for_too_long_is_cut() {
    let idle = Duration::from_secs(60);
    let network = Network::new(KeepAlive { idle: Some(idle), ..KeepAlive::default() });
    let mut busy = network.rawsocket().await;
    let silent = network.rawsocket().await;
    for _ in 0..10 {
        tokio::time::sleep(idle / 2).await;
        raw_say(&mut busy, r#"[49,1,{}]"#).await;
    }
    assert_eq!(network.sessions(), 1);
    let waited = network.await_sessions(0).await;
    assert!(waited >= idle && waited <= idle * 3 / 2 + Duration::from_secs(1), "{waited:?}");
    drop(silent);
}

#[tokio::test]
async fn batches_carry_one_or_more_messages_both_ways_in_every_serializer() {
    let network = Network::new(KeepAlive::default());
    for serializer in Serializer::ALL {
        let name = codec::batch::subprotocol(serializer);
        let mut peer = network.websocket(name).await;
        let messages =
            [HELLO, r#"[32,1,{},"com.t"]"#, r#"[16,2,{"exclude_me":false},"com.t",["a"]]"#];
        let mut batch = BytesMut::new();
        for message in messages {
            let message = codec::decode(Serializer::Json, &Bytes::from(message)).unwrap();
            codec::batch::encode_append(serializer, &message, &mut batch).unwrap();
        }
        peer.send(frame(serializer, batch.freeze())).await.unwrap();
        let (mut codes, mut frames) = (Vec::new(), 0);
        while codes.len() < 3 {
            let bytes = peer.next().await.unwrap().unwrap().into_data();
            frames += 1;
            for message in codec::batch::split(serializer, bytes) {
                codes.push(codec::decode(serializer, &message.unwrap()).unwrap().code().number());
            }
        }
        assert_eq!(codes, [2, 33, 36], "{serializer}");
        assert!(frames <= 2, "what one batch causes is one batch: {frames}");
    }
}

#[tokio::test]
async fn batches_with_the_separator_of_autobahn_are_understood_and_empty_ones_are_violations() {
    let network = Network::new(KeepAlive::default());
    let mut peer = network.websocket("wamp.2.json.batched").await;
    say(&mut peer, &format!("{HELLO}\u{18}")).await;
    assert!(hear(&mut peer).await.ends_with('\u{1e}'));
    for wrong in ["", "\u{1e}", "[49,1,{}]", "[49,1,{}]\u{1e}\u{1e}"] {
        let mut peer = network.websocket("wamp.2.json.batched").await;
        say(&mut peer, &format!("{HELLO}\u{1e}")).await;
        hear(&mut peer).await;
        say(&mut peer, wrong).await;
        let abort = hear(&mut peer).await;
        assert!(abort.contains("wamp.error.protocol_violation"), "{wrong:?}: {abort}");
    }
}

fn frame(serializer: Serializer, bytes: Bytes) -> Frame {
    if serializer.is_text() { Frame::Text(bytes.try_into().unwrap()) } else { Frame::Binary(bytes) }
}
