//! The client over RawSocket, at the other end of a pipe or of a socket.

use bytes::BytesMut;
use core::time::Duration;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, duplex},
    net::TcpListener,
    time::timeout,
};
use wamplex::{Client, Connect, Error, Serializer, TransportError};
use wamplex_shared::rawsocket::{Deframer, FrameKind, Handshake, MaxLength, Refusal, header};

const WELCOME: &str = r#"[2,4711,{"roles":{"broker":{},"dealer":{}},"authid":"joe"}]"#;

struct Router<S> {
    stream: S,
    received: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Router<S> {
    /// Shakes hands, and says WELCOME to whoever says HELLO in JSON.
    async fn accept(mut stream: S, limit: MaxLength) -> Self {
        let mut octets = [0; 4];
        stream.read_exact(&mut octets).await.unwrap();
        let asked = Handshake::from_client(octets).unwrap();
        assert_eq!((asked.serializer, asked.max_length), (Serializer::Json, MaxLength::MAX));
        let answer = Handshake { max_length: limit, ..asked };
        stream.write_all(&answer.to_octets()).await.unwrap();
        let mut router = Self { stream, received: BytesMut::new() };
        assert_eq!(router.receive().await[0], 1);
        router.send(FrameKind::Message, WELCOME).await;
        router
    }

    async fn send(&mut self, kind: FrameKind, content: &str) {
        let header = header(kind, content.len(), MaxLength::MAX).unwrap();
        self.stream.write_all(&[&header, content.as_bytes()].concat()).await.unwrap();
    }

    async fn frame(&mut self) -> Option<(FrameKind, String)> {
        loop {
            if let Some(frame) = Deframer::new(MaxLength::MAX).next(&mut self.received).unwrap() {
                return Some((frame.kind, String::from_utf8(frame.content.to_vec()).unwrap()));
            }
            if self.stream.read_buf(&mut self.received).await.unwrap() == 0 {
                return None;
            }
        }
    }

    async fn receive(&mut self) -> Value {
        let (kind, text) = self.frame().await.expect("the client is there");
        assert_eq!(kind, FrameKind::Message);
        serde_json::from_str(&text).unwrap()
    }
}

fn builder() -> Connect {
    Client::builder("rs://localhost:1").realm("realm1").serializers([Serializer::Json])
}

async fn session(builder: Connect, limit: MaxLength) -> (Client, Router<DuplexStream>) {
    let (near, far) = duplex(8 * 1024);
    let (client, router) = tokio::join!(builder.connect_over(near), Router::accept(far, limit));
    (client.unwrap(), router)
}

#[tokio::test(start_paused = true)]
async fn a_session_over_rawsocket_calls_and_leaves() {
    let (client, mut router) = session(builder(), MaxLength::MAX).await;
    let long = "x".repeat(100_000);
    let call = client.call("com.example.p").args((long.as_str(),));
    let answer = async {
        let call = router.receive().await;
        assert_eq!(call[4][0], long);
        // A PING in between is answered with its content, and a PONG is not.
        router.send(FrameKind::Pong, "x").await;
        router.send(FrameKind::Ping, "content").await;
        assert_eq!(router.frame().await, Some((FrameKind::Pong, "content".to_owned())));
        router.send(FrameKind::Message, &json!([50, call[1], {}, [long]]).to_string()).await;
    };
    let (result, ()) = tokio::join!(call.get::<String>(), answer);
    assert_eq!(result.unwrap(), long);

    let goodbye = async {
        assert_eq!(router.receive().await[0], 6);
        router.send(FrameKind::Message, r#"[6,{},"wamp.close.goodbye_and_out"]"#).await;
        assert_eq!(router.frame().await, None);
        drop(router);
    };
    let (left, ()) = tokio::join!(client.leave(), goodbye);
    left.unwrap();
}

#[tokio::test]
async fn a_serializer_that_the_router_does_not_have_is_followed_by_the_next() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rs://{}", listener.local_addr().unwrap());
    let serve = async {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut [0; 4]).await.unwrap();
            stream.write_all(&Refusal::SerializerUnsupported.to_octets()).await.unwrap();
        }
        let (stream, _) = listener.accept().await.unwrap();
        Router::accept(stream, MaxLength::MAX).await
    };
    let connecting = Client::builder(url).realm("realm1").connect();
    let (client, _router) = tokio::join!(connecting, serve);
    assert_eq!(client.unwrap().serializer(), Serializer::Json);
}

#[tokio::test]
async fn a_refusal_is_told_in_words() {
    for (answer, words) in [
        ([0x7f, 0x40, 0, 0], "the router has reached its maximum number of connections"),
        ([0x7f, 0x10, 0, 0], "the router does not support the serializer"),
        (*b"HTTP", "the answer is not a RawSocket handshake"),
    ] {
        let (near, mut far) = duplex(64);
        let refuse = async {
            far.read_exact(&mut [0; 4]).await.unwrap();
            far.write_all(&answer).await.unwrap();
        };
        let (client, ()) = tokio::join!(builder().connect_over(near), refuse);
        let error = client.unwrap_err();
        assert!(matches!(error, Error::Transport(TransportError::RawSocket(_))), "{error:?}");
        assert_eq!(error.to_string(), words);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_too_long_for_the_router_fails_before_it_is_sent_and_nothing_else_does() {
    let (client, mut router) = session(builder(), MaxLength::at_most(1024)).await;
    let long = "x".repeat(1024);
    let called = client.call("com.example.p").args((long.as_str(),)).get::<String>().await;
    let too_long = |error: &Error| {
        matches!(error, Error::Transport(TransportError::TooLong { limit: 1024, .. }))
    };
    assert!(too_long(&called.unwrap_err()));
    let published = client.publish("com.example.t").args((long.as_str(),)).await;
    assert!(too_long(&published.unwrap_err()));

    // The request ids go on without a gap.
    let call = client.call("com.example.p").args(("short",));
    let answer = async {
        assert_eq!(router.receive().await, json!([48, 1, {}, "com.example.p", ["short"]]));
        router.send(FrameKind::Message, r#"[50,1,{},["answer"]]"#).await;
    };
    let (result, ()) = tokio::join!(call.get::<String>(), answer);
    assert_eq!(result.unwrap(), "answer");
}

#[tokio::test(start_paused = true)]
async fn no_ping_goes_out_over_rawsocket_unless_it_is_asked_for() {
    let (client, mut router) = session(builder(), MaxLength::MAX).await;
    let month = Duration::from_secs(30 * 24 * 3600);
    assert!(timeout(month, router.frame()).await.is_err());
    drop(client);

    let second = Duration::from_secs(1);
    let builder = builder().keep_alive(20 * second, 10 * second);
    let (client, mut router) = session(builder, MaxLength::MAX).await;
    for _ in 0..3 {
        assert_eq!(router.frame().await, Some((FrameKind::Ping, String::new())));
        router.send(FrameKind::Pong, "").await;
    }
    assert_eq!(router.frame().await, Some((FrameKind::Ping, String::new())));
    let reason = client.closed().await;
    assert!(reason.to_string().contains("nothing was heard of the router"), "{reason}");
}
