//! A router on a port of its own, and clients that speak to it in JSON notation over any serializer.

// Each test program uses a part of this; and clippy does not see that helpers of tests are tests.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

pub mod certificates;
pub mod http;
pub mod raw;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Message as Frame,
        client::IntoClientRequest,
        http::{
            HeaderMap, HeaderName, HeaderValue,
            header::{self, SEC_WEBSOCKET_PROTOCOL},
        },
        protocol::CloseFrame,
    },
};
use wamplex_router::{Router, RouterConfig, RouterHandle, config::Site};
use wamplex_shared::{codec, serializer::Serializer};

/// Longer than anything here takes, also on a slow machine with other things to do: a test that waits for what never
/// comes fails instead of hanging.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Longer than any test.
pub const NEVER: Duration = Duration::from_secs(3600);

/// What a client says first.
pub const HELLO: &str =
    r#"[1, "realm1", {"roles": {"publisher": {}, "subscriber": {}, "caller": {}, "callee": {}}}]"#;

/// A running router.
pub struct Running {
    pub address: SocketAddr,
    pub handle: RouterHandle,
    pub task: JoinHandle<()>,
}

/// Starts a router on a port that the operating system chooses. No limit in time runs out but those that the test sets.
pub async fn start(change: impl FnOnce(&mut RouterConfig)) -> Running {
    let mut config = config();
    change(&mut config);
    let router = Router::bind(config).await.unwrap();
    let (address, handle) = (router.local_addr(), router.handle());
    Running { address, handle, task: tokio::spawn(router.run()) }
}

impl Running {
    /// Changes the configuration of a router that was started without changing it. Who is there keeps to the limits that
    /// were set when they came.
    pub async fn reload(&self, change: impl FnOnce(&mut RouterConfig)) {
        let mut config = config();
        change(&mut config);
        self.handle.reload(config).await.unwrap();
    }
}

/// The configuration that a test changes. A machine may be so busy that a client of a test, which does nothing wrong, is
/// late for every limit in time: none of them runs out, and nobody is asked whether they are still there. But for the time
/// that the end of a connection may take: the last words are on their way then, and most tests do not wait for it.
pub fn config() -> RouterConfig {
    let mut config = RouterConfig::on(([127, 0, 0, 1], 0));
    config.listeners[0].site = Site::Nothing;
    config.listeners[0].keep_alive.interval = None;
    let limits = &mut config.limits;
    for limit in [
        &mut limits.stall,
        &mut limits.http_request,
        &mut limits.hello,
        &mut limits.authentication,
        &mut limits.drain,
        &mut limits.goodbye,
    ] {
        *limit = NEVER;
    }
    config
}

/// What a client hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A message, in JSON.
    Message(Value),
    /// The WebSocket is being closed, with this code.
    Close(u16),
    /// The connection is gone.
    Gone,
}

/// A WAMP client that knows nothing of the protocol but its bytes.
pub struct Peer<S = TcpStream> {
    pub socket: WebSocketStream<S>,
    pub serializer: Serializer,
    requests: u64,
}

impl Peer {
    /// Connects and says nothing.
    pub async fn connect(address: SocketAddr, serializer: Serializer) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), serializer).await
    }

    /// Joins `realm1`.
    pub async fn join(address: SocketAddr, serializer: Serializer) -> Self {
        let mut peer = Self::connect(address, serializer).await;
        peer.hello().await;
        peer
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    /// Connects over this socket and says nothing.
    pub async fn over(socket: S, serializer: Serializer) -> Self {
        Self::with_headers(socket, serializer, &[]).await
    }

    /// Connects over this socket with more headers in the request, and says nothing.
    pub async fn with_headers(socket: S, serializer: Serializer, headers: &[(&str, &str)]) -> Self {
        Self::upgrade(socket, serializer, headers).await.0
    }

    /// The same, with the headers of the response.
    pub async fn upgrade(
        socket: S,
        serializer: Serializer,
        headers: &[(&str, &str)],
    ) -> (Self, HeaderMap) {
        let mut request = "ws://localhost/ws".into_client_request().unwrap();
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).unwrap();
            if name == header::HOST {
                request.headers_mut().remove(&name);
            }
            request.headers_mut().append(name, HeaderValue::try_from(*value).unwrap());
        }
        request
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(serializer.subprotocol()));
        let (socket, response) = client_async(request, socket).await.unwrap();
        let protocol = response.headers().get(SEC_WEBSOCKET_PROTOCOL).unwrap();
        assert_eq!(protocol, serializer.subprotocol());
        (Self { socket, serializer, requests: 0 }, response.headers().clone())
    }

    /// Says HELLO and hears WELCOME.
    pub async fn hello(&mut self) -> Value {
        self.say(HELLO).await;
        self.requests = 0;
        let welcome = self.hear().await;
        assert_eq!(welcome[0], 2, "{welcome}");
        welcome
    }

    /// The next request id.
    pub fn request(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    /// Sends a message given in JSON, in the serializer of this client.
    pub async fn say(&mut self, message: &str) {
        let frame = self.frame(message);
        self.socket.send(frame).await.unwrap();
    }

    /// A message given in JSON, as a frame of this client.
    pub fn frame(&self, message: &str) -> Frame {
        let bytes = Bytes::from(message.to_owned());
        let message = codec::decode(Serializer::Json, &bytes).expect("a test sends messages");
        frame(self.serializer, codec::encode(self.serializer, &message).unwrap())
    }

    /// The next message; fails if there is none.
    pub async fn hear(&mut self) -> Value {
        let heard = self.listen().await;
        let Heard::Message(message) = heard else { panic!("a message was due: {heard:?}") };
        message
    }

    /// The next thing that happens.
    pub async fn listen(&mut self) -> Heard {
        loop {
            let next = timeout(PATIENCE, self.socket.next()).await.expect("something was due");
            return match next {
                Some(Ok(Frame::Text(text))) => {
                    assert_eq!(self.serializer, Serializer::Json);
                    self.read(&Bytes::from(text))
                }
                Some(Ok(Frame::Binary(bytes))) => {
                    assert_ne!(self.serializer, Serializer::Json);
                    self.read(&bytes)
                }
                Some(Ok(Frame::Close(close))) => {
                    Heard::Close(close.map_or(1005, |CloseFrame { code, .. }| code.into()))
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Heard::Gone,
            };
        }
    }

    fn read(&self, bytes: &Bytes) -> Heard {
        let message = codec::decode(self.serializer, bytes).expect("a router sends messages");
        let json = codec::encode(Serializer::Json, &message).unwrap();
        Heard::Message(serde_json::from_slice(&json).unwrap())
    }

    /// Calls a procedure and hears its result's arguments.
    pub async fn call(&mut self, procedure: &str, args: &Value) -> Value {
        let request = self.request();
        self.say(&json!([48, request, {}, procedure, args]).to_string()).await;
        let result = self.hear().await;
        assert_eq!((&result[0], &result[1]), (&json!(50), &json!(request)), "{result}");
        result[3].clone()
    }

    /// Subscribes and hears the id of the subscription.
    pub async fn subscribe(&mut self, topic: &str) -> u64 {
        let request = self.request();
        self.say(&json!([32, request, {}, topic]).to_string()).await;
        let subscribed = self.hear().await;
        assert_eq!((&subscribed[0], &subscribed[1]), (&json!(33), &json!(request)), "{subscribed}");
        subscribed[2].as_u64().unwrap()
    }

    /// Subscribes to a topic of its own, publishes to it and hears the event: everything works.
    pub async fn round_trip(&mut self, topic: &str) {
        let subscription = self.subscribe(topic).await;
        let publish = self.request();
        let options = json!({"exclude_me": false});
        self.say(&json!([16, publish, options, topic, ["ping"]]).to_string()).await;
        let event = self.hear().await;
        assert_eq!(
            (&event[0], &event[1], &event[4]),
            (&json!(36), &json!(subscription), &json!(["ping"]))
        );
        let unsubscribe = self.request();
        self.say(&json!([34, unsubscribe, subscription]).to_string()).await;
        assert_eq!(self.hear().await, json!([35, unsubscribe]));
    }
}

/// Bytes as a frame of the kind that belongs to the serializer.
pub fn frame(serializer: Serializer, bytes: Bytes) -> Frame {
    if serializer.is_text() {
        Frame::Text(bytes.try_into().expect("JSON is text"))
    } else {
        Frame::Binary(bytes)
    }
}
