//! "WAMP: Ordering Guarantees" under load: many sessions at once, in different serializers, over WebSocket, on a router
//! with several threads. What they do is counted, and each paces the others, so that nothing depends on who is faster.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod bursts;
mod events;
mod invocations;

use serde_json::Value;
use std::{net::SocketAddr, time::Duration};
use wamplex_router::{Router, RouterHandle};
use wamplex_shared::{message::MessageCode, serializer::Serializer};
use wamplex_tests::harness::{Client, Way, patient_config};

/// How long any message may take. Far more than it takes: it only ends a test that has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A router, and how to join it.
struct Load {
    address: SocketAddr,
    router: RouterHandle,
}

impl Load {
    async fn start() -> Self {
        let router = Router::bind(patient_config()).await.expect("a free port of this machine");
        let (address, handle) = (router.local_addr(), router.handle());
        tokio::spawn(router.run());
        Self { address, router: handle }
    }

    /// The sessions use the serializers in turn.
    async fn join(&self, number: usize) -> Client {
        let serializer = Serializer::ALL[number % Serializer::ALL.len()];
        Client::join(self.address, serializer, PATIENCE).await
    }

    /// The same in another way than over WebSocket.
    async fn join_over(&self, way: Way, number: usize) -> Client {
        let serializer = Serializer::ALL[number % Serializer::ALL.len()];
        Client::join_over(way, self.address, serializer, PATIENCE).await
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.router.shutdown();
    }
}

fn code(message: &Value) -> MessageCode {
    message[0].as_u64().and_then(MessageCode::from_u64).expect("a message that WAMP knows")
}

/// A number in a message.
fn number(value: &Value) -> usize {
    value.as_u64().and_then(|n| usize::try_from(n).ok()).expect("a number")
}
