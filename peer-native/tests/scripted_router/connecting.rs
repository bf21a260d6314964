//! From the URL to the open session.

use crate::router::{Router, builder, connect, reason, session};
use core::{convert::Infallible, time::Duration};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
    net::TcpListener,
};
use tokio_tungstenite::tungstenite::Message;
use wamplex::{
    Client, CloseReason, ConnectionState, Error, Feature, Role, Serializer, TransportError, auth,
};

#[tokio::test(start_paused = true)]
async fn hello_announces_the_client_and_welcome_is_at_hand() {
    let (client, _router) = connect(builder().agent("test/1"), async |router| {
        let hello = router.receive_code(1).await;
        assert_eq!(hello[1], "realm1");
        assert_eq!(hello[2]["agent"], "test/1");
        assert_eq!(hello[2]["authmethods"], json!(["anonymous"]));
        assert_eq!(hello[2]["roles"]["callee"]["features"]["call_canceling"], true);
        assert_eq!(hello[2]["roles"]["caller"]["features"]["progressive_call_results"], true);
        router.welcome().await;
    })
    .await;
    let client = client.unwrap();
    assert_eq!(client.session_id().get(), 4711);
    assert_eq!(client.realm().as_str(), "realm1");
    assert_eq!(client.serializer(), Serializer::Json);
    assert_eq!(client.details().authid.as_deref(), Some("joe"));
    assert!(client.supports(Role::Dealer, Feature::CallCanceling));
    assert!(!client.supports(Role::Broker, Feature::EventHistory));
    assert_eq!(*client.state().borrow(), ConnectionState::Open);
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error =
        Client::builder(format!("ws://127.0.0.1:{port}/ws")).realm("realm1").connect().await;
    let error = error.unwrap_err();
    assert!(matches!(&error, Error::Transport(TransportError::Connect { .. })), "{error:?}");
    assert_eq!(error.to_string(), format!("cannot connect to 127.0.0.1:{port}"));
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn a_host_that_does_not_encrypt_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://{}/ws", listener.local_addr().unwrap());
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
    };
    let (client, ()) = tokio::join!(Client::builder(url).realm("realm1").connect(), server);
    let error = client.unwrap_err();
    assert!(matches!(error, Error::Transport(TransportError::Tls { .. })), "{error:?}");
    assert_eq!(error.to_string(), "cannot encrypt the connection to 127.0.0.1");
}

#[tokio::test]
async fn what_cannot_work_is_refused_before_anything_is_sent() {
    let refused =
        async |builder: wamplex::Connect| builder.connect().await.unwrap_err().to_string();
    assert_eq!(
        refused(Client::builder("http://localhost/ws").realm("realm1")).await,
        "not a URL to connect to: it begins neither with ws:// or wss:// nor with rs:// or rss://"
    );
    assert_eq!(refused(Client::builder("ws://localhost/ws")).await, "no realm is given");
    assert_eq!(refused(builder().serializers([])).await, "no serializer is offered");
    let ticket = Client::builder("ws://router.example/ws")
        .realm("realm1")
        .auth(auth::Ticket::new("joe", "secret"));
    assert!(!format!("{ticket:?}").contains("secret"));
    assert_eq!(
        refused(ticket).await,
        "\"ticket\" sends a secret: use wss:// or a connection on this machine"
    );
}

#[tokio::test(start_paused = true)]
async fn an_abort_instead_of_welcome_is_the_error() {
    let (client, mut router) = connect(builder(), async |router| {
        router.receive_code(1).await;
        router
            .send(json!([3, {"message": "no such realm here"}, "wamp.error.no_such_realm"]))
            .await;
        assert_eq!(router.receive_or_end().await, None, "ABORT is not answered");
    })
    .await;
    let error = client.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.no_such_realm");
    assert!(error.to_string().contains("no such realm here"), "{error}");
    assert!(matches!(reason(error), CloseReason::Abort(_)));
    assert_eq!(router.receive_or_end().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_server_without_one_of_our_subprotocols_is_refused() {
    for subprotocol in [None, Some("wamp.2.cbor"), Some("mqtt")] {
        let (near, far) = duplex(4096);
        let (client, _router) =
            tokio::join!(builder().connect_over(near), Router::accept(far, subprotocol));
        let error = client.unwrap_err();
        assert!(
            matches!(error, Error::Transport(TransportError::Subprotocol)),
            "{subprotocol:?}: {error:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_no_websocket_is_told_by_its_status() {
    let (near, mut far) = duplex(4096);
    let server = async {
        let mut request = [0; 4096];
        let _ = far.read(&mut request).await.unwrap();
        far.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    };
    let (client, ()) = tokio::join!(builder().connect_over(near), server);
    let error = client.unwrap_err();
    assert!(matches!(error, Error::Transport(TransportError::Http(404))), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_router_that_says_nothing_ends_in_a_timeout() {
    let limit = Duration::from_secs(3);
    let (client, _router) = connect(builder().connect_timeout(limit), async |router| {
        router.receive_code(1).await;
    })
    .await;
    assert!(matches!(client.unwrap_err(), Error::Timeout(after) if after == limit));
}

#[tokio::test(start_paused = true)]
async fn a_router_that_hangs_up_before_welcome_is_an_error() {
    let (near, far) = duplex(4096);
    let router = async {
        let mut router = Router::accept(far, Some("wamp.2.json")).await;
        router.receive_code(1).await;
        router.cut();
    };
    let (client, ()) = tokio::join!(builder().connect_over(near), router);
    assert!(matches!(client.unwrap_err(), Error::Transport(_) | Error::Closed(_)));
}

#[tokio::test(start_paused = true)]
async fn anything_but_welcome_or_challenge_is_answered_with_abort() {
    for message in [
        Message::text("[33, 1, 2]"),
        Message::text("{}"),
        Message::text("[2, 1"),
        Message::binary(vec![0x81, 0x02]),
        Message::text(r#"[4, "wampcra", {}]"#),
    ] {
        let (client, _router) = connect(builder(), async |router| {
            router.receive_code(1).await;
            router.send_raw(message.clone()).await;
            let abort = router.receive_code(3).await;
            assert_eq!(abort[2], "wamp.error.protocol_violation", "{abort}");
            assert_eq!(router.receive_or_end().await, None);
        })
        .await;
        let error = client.unwrap_err();
        assert!(matches!(error, Error::Violation(_)), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_challenge_is_answered_with_the_ticket() {
    let fetched = auth::Ticket::fetched("joe", || async { Ok::<_, Infallible>("secret".into()) });
    for ticket in [auth::Ticket::new("joe", "secret"), fetched] {
        let (client, _router) = connect(builder().auth(ticket), async |router| {
            let hello = router.receive_code(1).await;
            assert_eq!(hello[2]["authmethods"], json!(["ticket"]));
            assert_eq!(hello[2]["authid"], "joe");
            router.send(json!([4, "ticket", {}])).await;
            router.expect(json!([5, "secret", {}])).await;
            router.welcome().await;
        })
        .await;
        client.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_ticket_that_cannot_be_fetched_aborts_the_handshake() {
    let ticket = auth::Ticket::fetched("joe", || async {
        Err::<String, _>(std::io::Error::other("the safe is locked"))
    });
    let (client, _router) = connect(builder().auth(ticket), async |router| {
        router.receive_code(1).await;
        router.send(json!([4, "ticket", {}])).await;
        let abort = router.receive_code(3).await;
        assert_eq!(abort[2], "wamp.error.authentication_failed");
        assert!(!abort.to_string().contains("safe"), "the reason is nobody else's business");
    })
    .await;
    assert!(matches!(client.unwrap_err(), Error::Auth(auth::AuthError::Provider(_))));
}

#[tokio::test(start_paused = true)]
async fn events_right_behind_welcome_are_not_lost() {
    let (client, mut router) = connect(builder(), async |router| {
        router.receive_code(1).await;
        router.welcome().await;
        router.send(json!([36, 1, 2, {}])).await;
    })
    .await;
    router.expect_alive(&client.unwrap()).await;
    let (client, mut router) = session().await;
    router.expect_alive(&client).await;
}
