//! A session for tests of many at once: it sends what it is told to, and hands out what it receives in the order it comes.

use super::{peer::Peer, way::Way};
use crate::script::{Incoming, default_details};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use wamplex_shared::{message::MessageCode, serializer::Serializer};

/// A session in the realm `realm1`, with every role and feature that a client can have.
#[derive(Debug)]
pub struct Client {
    peer: Peer,
    requests: u64,
}

impl Client {
    /// Joins.
    ///
    /// # Panics
    /// When it is not let in.
    pub async fn join(router: SocketAddr, serializer: Serializer, patience: Duration) -> Self {
        Self::join_over(Way::WebSocket, router, serializer, patience).await
    }

    /// Joins in this way.
    ///
    /// # Panics
    /// When it is not let in, or there is more to this way than an address.
    pub async fn join_over(
        way: Way,
        router: SocketAddr,
        serializer: Serializer,
        patience: Duration,
    ) -> Self {
        let route = way.route_to(router).expect("an address suffices");
        let mut peer = Peer::connect(&route, serializer, patience).await.expect("it connects");
        peer.send(&json!([MessageCode::Hello.number(), "realm1", default_details()])).await;
        let mut client = Self { peer, requests: 0 };
        assert_eq!(client.receive().await[0], MessageCode::Welcome.number());
        client
    }

    /// Makes a request: `rest` is what follows its id, which is returned.
    pub async fn request(
        &mut self,
        code: MessageCode,
        rest: impl IntoIterator<Item = Value>,
    ) -> u64 {
        self.requests += 1;
        let head = [code.number().into(), self.requests.into()];
        self.send(&head.into_iter().chain(rest).collect()).await;
        self.requests
    }

    /// Sends a message.
    pub async fn send(&mut self, message: &Value) {
        self.peer.send(message).await;
    }

    /// The next message.
    ///
    /// # Panics
    /// When none comes, or the transport is closed.
    pub async fn receive(&mut self) -> Value {
        match self.peer.receive().await {
            Ok(Incoming::Message(message)) => message,
            other => panic!("a message should have come: {other:?}"),
        }
    }
}
