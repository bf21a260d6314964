//! A router that does what a test says, at the other end of a pipe in memory.

use core::time::Duration;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::{DuplexStream, duplex},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        http::HeaderValue,
    },
};
use wamplex::{Client, CloseReason, Connect, Error, Serializer};

/// Why the session is over, as this error says.
pub(crate) fn reason(error: Error) -> CloseReason {
    let Error::Closed(reason) = error else { panic!("{error:?}") };
    *reason
}

/// How much each direction of the pipe holds before a writer has to wait.
const PIPE: usize = 8 * 1024;

/// After this a test has failed. Time is paused in these tests, and passes only when nobody has anything to do.
const PATIENCE: Duration = Duration::from_secs(3600);

/// The router's end of a connection.
pub(crate) struct Router {
    socket: WebSocketStream<DuplexStream>,
}

/// A connection that is not made yet, over JSON. A router that has nothing to do for hours is not held to be gone.
pub(crate) fn builder() -> Connect {
    Client::builder("ws://localhost/ws")
        .realm("realm1")
        .serializers([Serializer::Json])
        .no_keep_alive()
}

/// Both ends of an open session.
pub(crate) async fn session() -> (Client, Router) {
    let (client, router) = connect(builder(), async |router| {
        router.receive_code(1).await;
        router.welcome().await;
    })
    .await;
    (client.unwrap(), router)
}

/// Connects while the router does what the script says.
pub(crate) async fn connect(
    builder: Connect,
    script: impl AsyncFnOnce(&mut Router),
) -> (Result<Client, Error>, Router) {
    let (near, far) = duplex(PIPE);
    let router = async {
        let mut router = Router::accept(far, Some("wamp.2.json")).await;
        script(&mut router).await;
        router
    };
    tokio::join!(builder.connect_over(near), router)
}

impl Router {
    /// Does the WebSocket handshake and claims to have chosen this subprotocol.
    #[expect(clippy::result_large_err, reason = "the type is the library's")]
    pub(crate) async fn accept(stream: DuplexStream, subprotocol: Option<&'static str>) -> Self {
        let choose = |_: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            if let Some(name) = subprotocol {
                let name = HeaderValue::from_static(name);
                response.headers_mut().insert("sec-websocket-protocol", name);
            }
            Ok(response)
        };
        Self { socket: accept_hdr_async(stream, choose).await.unwrap() }
    }

    /// What is below the messages.
    pub(crate) const fn socket_mut(&mut self) -> &mut WebSocketStream<DuplexStream> {
        &mut self.socket
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.send_raw(Message::text(message.to_string())).await;
    }

    pub(crate) async fn send_raw(&mut self, message: Message) {
        timeout(PATIENCE, self.socket.send(message)).await.expect("the client reads").unwrap();
    }

    pub(crate) async fn welcome(&mut self) {
        let dealer = json!({"progressive_call_results": true, "call_canceling": true});
        let roles = json!({"broker": {}, "dealer": {"features": dealer}});
        self.send(json!([2, 4711, {"roles": roles, "authid": "joe", "authrole": "user"}])).await;
    }

    /// The next message of the client.
    pub(crate) async fn receive(&mut self) -> Value {
        self.receive_or_end().await.expect("the client is there")
    }

    /// The next message of the client, or `None` when it has closed the connection.
    pub(crate) async fn receive_or_end(&mut self) -> Option<Value> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("the client sends something") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_))) => {}
                Some(Ok(other)) => panic!("the client sent {other:?}"),
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The next message of the client, which begins with this code.
    pub(crate) async fn receive_code(&mut self, code: u64) -> Value {
        let message = self.receive().await;
        assert_eq!(message[0], code, "{message}");
        message
    }

    pub(crate) async fn expect(&mut self, message: Value) {
        assert_eq!(self.receive().await, message);
    }

    /// Shows that the client has sent nothing: what it sends now is the next that arrives.
    pub(crate) async fn expect_nothing(&mut self, client: &Client) {
        client.publish("com.example.nothing.before").await.unwrap();
        let message = self.receive().await;
        assert_eq!(message[3], "com.example.nothing.before", "{message}");
    }

    /// Shows that the client is well and has read everything: it makes a call and gets the answer.
    pub(crate) async fn expect_alive(&mut self, client: &Client) {
        let call = client.call("com.example.alive");
        let answer = async {
            let call = self.receive_code(48).await;
            assert_eq!(call[3], "com.example.alive", "{call}");
            self.send(json!([50, call[1], {}, ["yes"]])).await;
        };
        let (alive, ()) = tokio::join!(call.get::<String>(), answer);
        assert_eq!(alive.unwrap(), "yes");
    }

    /// Answers a SUBSCRIBE and returns it.
    pub(crate) async fn subscribed(&mut self, subscription: u64) -> Value {
        let subscribe = self.receive_code(32).await;
        self.send(json!([33, subscribe[1], subscription])).await;
        subscribe
    }

    /// Answers a REGISTER and returns it.
    pub(crate) async fn registered(&mut self, registration: u64) -> Value {
        let register = self.receive_code(64).await;
        self.send(json!([65, register[1], registration])).await;
        register
    }

    /// Cuts the connection without a word.
    pub(crate) fn cut(self) {
        drop(self);
    }
}
