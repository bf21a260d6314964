//! A client that stops reading, over either transport.

use super::common::{Heard, Peer, Running, http::get, raw::RawPeer};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::net::{TcpSocket, TcpStream};
use wamplex_shared::{rawsocket::MaxLength, serializer::Serializer};

/// What carries the messages of a client.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Over {
    WebSocket,
    RawSocket,
}

impl Over {
    pub(crate) const BOTH: [Self; 2] = [Self::WebSocket, Self::RawSocket];
}

/// A client that reads only when it is told to. Its socket has little room, so that it is full soon.
pub(crate) enum Stopped {
    Web(Box<Peer>),
    Raw(RawPeer<TcpStream>),
}

impl Stopped {
    /// Joins `realm1`; the id of the session, too.
    pub(crate) async fn join(
        over: Over,
        address: SocketAddr,
        serializer: Serializer,
    ) -> (Self, u64) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(8 << 10).unwrap();
        let socket = socket.connect(address).await.unwrap();
        let (peer, welcome) = match over {
            Over::WebSocket => {
                let mut peer = Peer::over(socket, serializer).await;
                let welcome = peer.hello().await;
                (Self::Web(Box::new(peer)), welcome)
            }
            Over::RawSocket => {
                let mut peer = RawPeer::over(socket, serializer, MaxLength::MAX).await;
                let welcome = peer.hello().await;
                (Self::Raw(peer), welcome)
            }
        };
        (peer, welcome[1].as_u64().unwrap())
    }

    pub(crate) fn request(&mut self) -> u64 {
        match self {
            Self::Web(peer) => peer.request(),
            Self::Raw(peer) => peer.request(),
        }
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        match self {
            Self::Web(peer) => peer.say(&message.to_string()).await,
            Self::Raw(peer) => peer.say(&message.to_string()).await,
        }
    }

    pub(crate) async fn hear(&mut self) -> Value {
        match self {
            Self::Web(peer) => peer.hear().await,
            Self::Raw(peer) => peer.hear().await,
        }
    }

    pub(crate) async fn listen(&mut self) -> Heard {
        match self {
            Self::Web(peer) => peer.listen().await,
            Self::Raw(peer) => peer.listen().await,
        }
    }

    pub(crate) async fn round_trip(&mut self, topic: &str) {
        match self {
            Self::Web(peer) => peer.round_trip(topic).await,
            Self::Raw(peer) => peer.round_trip(topic).await,
        }
    }

    /// Subscribes with these options and hears the id of the subscription.
    pub(crate) async fn subscribe(&mut self, topic: &str, options: &Value) -> u64 {
        let request = self.request();
        self.say(&json!([32, request, options, topic])).await;
        self.hear().await[2].as_u64().unwrap()
    }
}

/// A number that the router shows; 0 if it does not.
pub(crate) async fn metric(router: &Running, name: &str) -> u64 {
    let response = get(router.address, "/metrics").await;
    let text = String::from_utf8(response.body).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |value| value.parse::<f64>().unwrap() as u64)
}
