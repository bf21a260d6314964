//! A client over RawSocket that knows nothing but octets.

use super::{HELLO, Heard, PATIENCE};
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use wamplex_shared::{
    codec,
    rawsocket::{Deframer, Frame, FrameKind, Handshake, MaxLength, header},
    serializer::Serializer,
};

/// The client.
pub struct RawPeer<S> {
    pub socket: S,
    pub serializer: Serializer,
    received: BytesMut,
    requests: u64,
}

impl RawPeer<TcpStream> {
    /// Connects and joins `realm1`.
    pub async fn join(address: SocketAddr, serializer: Serializer) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        let mut peer = Self::over(socket, serializer, MaxLength::MAX).await;
        peer.hello().await;
        peer
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> RawPeer<S> {
    /// Shakes hands over this socket, announces `limit`, and says nothing.
    pub async fn over(mut socket: S, serializer: Serializer, limit: MaxLength) -> Self {
        let ours = Handshake { max_length: limit, serializer };
        socket.write_all(&ours.to_octets()).await.unwrap();
        let mut answer = [0; 4];
        socket.read_exact(&mut answer).await.unwrap();
        Handshake::from_router(answer, serializer).expect("the router agrees");
        Self { socket, serializer, received: BytesMut::new(), requests: 0 }
    }

    /// Says HELLO and hears WELCOME.
    pub async fn hello(&mut self) -> Value {
        self.say(HELLO).await;
        let welcome = self.hear().await;
        assert_eq!(welcome[0], 2, "{welcome}");
        welcome
    }

    /// The next request id.
    pub fn request(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    /// A message given in JSON, as a frame of this client.
    pub fn frame(&self, message: &str) -> Vec<u8> {
        let bytes = Bytes::from(message.to_owned());
        let message = codec::decode(Serializer::Json, &bytes).expect("a test sends messages");
        let bytes = codec::encode(self.serializer, &message).unwrap();
        framed(FrameKind::Message, &bytes)
    }

    /// Sends a message given in JSON, in the serializer of this client.
    pub async fn say(&mut self, message: &str) {
        let frame = self.frame(message);
        self.socket.write_all(&frame).await.unwrap();
    }

    /// The next message; fails if there is none.
    pub async fn hear(&mut self) -> Value {
        let heard = self.listen().await;
        let Heard::Message(message) = heard else { panic!("a message was due: {heard:?}") };
        message
    }

    /// The next thing that happens.
    pub async fn listen(&mut self) -> Heard {
        match self.next_frame().await {
            Some(Frame { kind: FrameKind::Message, content }) => {
                let message = codec::decode(self.serializer, &content).expect("a message");
                let json = codec::encode(Serializer::Json, &message).unwrap();
                Heard::Message(serde_json::from_slice(&json).unwrap())
            }
            Some(other) => panic!("a message was due: {other:?}"),
            None => Heard::Gone,
        }
    }

    /// The next frame of any kind; `None` when the connection is over.
    pub async fn next_frame(&mut self) -> Option<Frame> {
        loop {
            let frame = Deframer::new(MaxLength::MAX).next(&mut self.received);
            if let Some(frame) = frame.expect("the router sends frames") {
                return Some(frame);
            }
            let read = timeout(PATIENCE, self.socket.read_buf(&mut self.received)).await;
            if read.expect("something was due").unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// Subscribes to a topic of its own, publishes to it and hears the event: everything works.
    pub async fn round_trip(&mut self, topic: &str) {
        let (subscribe, publish) = (self.request(), self.request());
        self.say(&json!([32, subscribe, {}, topic]).to_string()).await;
        let subscription = self.hear().await[2].clone();
        let options = json!({"exclude_me": false});
        self.say(&json!([16, publish, options, topic, ["ping"]]).to_string()).await;
        let event = self.hear().await;
        assert_eq!((&event[1], &event[4]), (&subscription, &json!(["ping"])), "{event}");
        let unsubscribe = self.request();
        self.say(&json!([34, unsubscribe, subscription]).to_string()).await;
        assert_eq!(self.hear().await, json!([35, unsubscribe]));
    }
}

/// Content with the header of its frame.
pub fn framed(kind: FrameKind, content: &[u8]) -> Vec<u8> {
    let header = header(kind, content.len(), MaxLength::MAX).expect("a test keeps to the limit");
    [&header, content].concat()
}
