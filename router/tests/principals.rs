//! Where a running router finds who may come in, and what tokens of others are good for.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Heard, PATIENCE, Peer, Running, start};
use futures_util::{SinkExt, StreamExt};
use jsonwebtoken::{EncodingKey, Header, get_current_timestamp};
use serde_json::{Value, json};
use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
    time::{Instant, timeout},
};
use tokio_tungstenite::{
    client_async,
    tungstenite::{
        Message as Frame,
        client::IntoClientRequest,
        http::{
            HeaderValue,
            header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL},
        },
    },
};
use wamplex_router::{
    config::{BridgeAction, BridgeEndpoint, PrincipalSource, RealmSettings},
    principals::{Principal, Static, Ticket, sqlite::Database},
};
use wamplex_shared::serializer::Serializer;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wamplex-join-{}-{n}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A router whose one realm is described in TOML.
async fn serve(realm: &str) -> Running {
    let realm: RealmSettings = toml::from_str(realm).unwrap();
    start(|config| config.realms = vec![realm]).await
}

/// Shows `secret` with a method, whoever asks for it; gives WELCOME or ABORT.
async fn join_as(peer: &mut Peer, authid: &str, method: &str, secret: &str) -> Value {
    let mut details = json!({"roles": {"caller": {}, "publisher": {}, "subscriber": {}}, "authmethods": [method]});
    if !authid.is_empty() {
        details["authid"] = authid.into();
    }
    peer.say(&json!([1, "realm1", details]).to_string()).await;
    let asked = peer.hear().await;
    if asked[0] != 4 {
        return asked;
    }
    peer.say(&json!([5, secret, {}]).to_string()).await;
    peer.hear().await
}

/// Whether somebody may join with this, and the URI of the refusal otherwise.
async fn joins(
    router: &Running,
    authid: &str,
    method: &str,
    secret: &str,
) -> Result<Value, String> {
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    let said = join_as(&mut peer, authid, method, secret).await;
    if said[0] == 2 { Ok(said[2].clone()) } else { Err(said[2].as_str().unwrap().to_owned()) }
}

fn user(name: &str, ticket: &str) -> Principal {
    let mut user = Principal::new(name, "user", "sqlite");
    user.ticket = Some(Ticket::new(ticket));
    user
}

const TICKETS: &str = "name = 'realm1'\nauthentication.methods = ['ticket']\n";

#[tokio::test]
async fn users_of_a_database_come_and_go_while_the_router_runs() {
    let folder = Folder::new();
    let path = folder.path("users.db");
    let mut database = Database::create(&path).unwrap();
    let source = PrincipalSource { sqlite: Some(path.clone()), file: None };
    let mut realm: RealmSettings = toml::from_str(TICKETS).unwrap();
    realm.principals_from = vec![source];
    let router = start(|config| config.realms = vec![realm]).await;

    let denied = Err("wamp.error.authentication_denied".to_owned());
    assert_eq!(joins(&router, "alice", "ticket", "open sesame").await, denied);
    database.add("realm1", &user("alice", "open sesame")).unwrap();
    let welcome = joins(&router, "alice", "ticket", "open sesame").await.unwrap();
    assert_eq!(
        [
            &welcome["authid"],
            &welcome["authrole"],
            &welcome["authmethod"],
            &welcome["authprovider"]
        ],
        ["alice", "user", "ticket", "sqlite"]
    );
    assert_eq!(joins(&router, "alice", "ticket", "open barley").await, denied);
    database.update("realm1", "alice", |alice| alice.role = "admin".into()).unwrap();
    let welcome = joins(&router, "alice", "ticket", "open sesame").await.unwrap();
    assert_eq!(welcome["authrole"], "admin");
    database.remove("realm1", "alice").unwrap();
    assert_eq!(joins(&router, "alice", "ticket", "open sesame").await, denied);

    // What the command line writes is as good.
    let command = Command::new(env!("CARGO_BIN_EXE_wamplex"))
        .args(["user", "add", "bob", "--realm", "realm1", "--role", "user", "--methods", "ticket"])
        .args(["--generate", "--json", "--database"])
        .arg(&path)
        .output()
        .await
        .unwrap();
    assert!(command.status.success());
    let said: Value = serde_json::from_slice(&command.stdout).unwrap();
    joins(&router, "bob", "ticket", said["password"].as_str().unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_source_that_fails_lets_nobody_in_and_says_so() {
    let folder = Folder::new();
    let path = folder.path("users.db");
    Database::create(&path).unwrap().add("realm1", &user("alice", "open sesame")).unwrap();
    let text = format!(
        "{TICKETS}principals = [{{ authid = 'carol', role = 'user', ticket = 'c' }}]\n\
         principals_from = [{{ sqlite = '{}' }}]",
        path.display()
    );
    let router = serve(&text).await;
    joins(&router, "alice", "ticket", "open sesame").await.unwrap();
    fs::remove_file(&path).unwrap();
    let failed = Err("wamp.error.authentication_failed".to_owned());
    assert_eq!(joins(&router, "alice", "ticket", "open sesame").await, failed);
    assert_eq!(joins(&router, "nobody", "ticket", "x").await, failed);
    // Whom an earlier source knows, no later one is asked about.
    joins(&router, "carol", "ticket", "c").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joins_go_on_while_others_write_to_the_database() {
    let folder = Folder::new();
    let path = folder.path("users.db");
    Database::create(&path).unwrap().add("realm1", &user("alice", "open sesame")).unwrap();
    let text = format!("{TICKETS}principals_from = [{{ sqlite = '{}' }}]", path.display());
    let router = Arc::new(serve(&text).await);
    let writing = std::thread::spawn(move || {
        let mut database = Database::open(path).unwrap();
        for i in 0..200 {
            let name = format!("user{i}");
            database.add("realm1", &user(&name, &name)).unwrap();
        }
    });
    let joining: Vec<_> = (0..4)
        .map(|_| {
            let router = Arc::clone(&router);
            tokio::spawn(async move {
                for _ in 0..25 {
                    joins(&router, "alice", "ticket", "open sesame").await.unwrap();
                }
            })
        })
        .collect();
    for task in joining {
        task.await.unwrap();
    }
    tokio::task::spawn_blocking(move || writing.join().unwrap()).await.unwrap();
    joins(&router, "user199", "ticket", "user199").await.unwrap();
}

#[tokio::test]
async fn a_program_may_find_principals_itself_after_the_configuration() {
    let text =
        format!("{TICKETS}principals = [{{ authid = 'alice', role = 'static', ticket = 'a' }}]");
    let router = serve(&text).await;
    let denied = Err("wamp.error.authentication_denied".to_owned());
    assert_eq!(joins(&router, "bob", "ticket", "b").await, denied);
    let of_program = |name: &str, ticket: &str| {
        let mut principal = Principal::new(name, "program", "program");
        principal.ticket = Some(Ticket::new(ticket));
        principal
    };
    let source = Static::new([of_program("alice", "other"), of_program("bob", "b")]).unwrap();
    router.handle.find_principals_with("realm1", Some(Arc::new(source)));
    assert_eq!(joins(&router, "bob", "ticket", "b").await.unwrap()["authprovider"], "program");
    assert_eq!(joins(&router, "alice", "ticket", "a").await.unwrap()["authrole"], "static");
    assert_eq!(joins(&router, "alice", "ticket", "other").await, denied);
    router.handle.find_principals_with("realm1", None);
    assert_eq!(joins(&router, "bob", "ticket", "b").await, denied);
}

#[tokio::test]
async fn a_changed_file_is_picked_up_by_itself() {
    let folder = Folder::new();
    let path = folder.path("users.toml");
    let alice = "[[principals]]\nauthid = 'alice'\nrole = 'user'\nticket = 'a'\n";
    fs::write(&path, alice).unwrap();
    let text = format!("{TICKETS}principals_from = [{{ file = '{}' }}]", path.display());
    let router = serve(&text).await;
    joins(&router, "alice", "ticket", "a").await.unwrap();
    // Broken on the way: what was there before holds.
    fs::write(&path, "[[principals]]\nauthid = ").unwrap();
    joins(&router, "alice", "ticket", "a").await.unwrap();
    fs::write(&path, alice.replace("alice", "bob")).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while joins(&router, "bob", "ticket", "a").await.is_err() {
        assert!(Instant::now() < deadline, "the file was not read again");
    }
    assert!(joins(&router, "alice", "ticket", "a").await.is_err());
}

fn token(claims: &Value) -> String {
    let mut all = json!({"sub": "alice", "role": "user", "exp": get_current_timestamp() + 600});
    for (name, value) in claims.as_object().unwrap() {
        all[name] = value.clone();
    }
    jsonwebtoken::encode(&Header::default(), &all, &EncodingKey::from_secret(SECRET.as_bytes()))
        .unwrap()
}

fn with_tokens(more: &str) -> String {
    format!(
        "name = 'realm1'\n[authentication]\nmethods = ['jwt', 'ticket']\n\
         [[authentication.jwt]]\nsecret = '{SECRET}'\nroles = ['user']\nextra_claims = ['team']\n{more}"
    )
}

#[tokio::test]
async fn tokens_of_others_let_in_as_jwt_and_as_ticket() {
    let router = serve(&with_tokens("")).await;
    let good = token(&json!({"team": "blue"}));
    for method in ["jwt", "ticket"] {
        for authid in ["alice", ""] {
            let welcome = joins(&router, authid, method, &good).await.unwrap();
            assert_eq!(
                (&welcome["authid"], &welcome["authrole"]),
                (&json!("alice"), &json!("user"))
            );
            assert_eq!(welcome["authprovider"], "jwt");
            assert_eq!(welcome["authextra"]["team"], "blue");
        }
        for (authid, refused) in [
            ("bob", good.clone()),
            ("alice", token(&json!({"role": "admin"}))),
            ("alice", token(&json!({"exp": 1}))),
            ("alice", format!("{}x", &good[..good.len() - 1])),
            ("alice", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsInJvbGUiOiJ1c2VyIn0.".to_owned()),
            ("alice", "open sesame".to_owned()),
        ] {
            let said = joins(&router, authid, method, &refused).await;
            assert_eq!(said, Err("wamp.error.authentication_denied".to_owned()), "{refused}");
        }
    }
}

/// Says HELLO over a WebSocket whose request has this header, and offers these methods; gives what is answered.
async fn upgraded(router: &Running, authorization: &str, methods: &Value) -> Value {
    let mut request = format!("ws://{}/ws", router.address).into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("wamp.2.json"));
    headers.insert(AUTHORIZATION, authorization.parse().unwrap());
    let socket = TcpStream::connect(router.address).await.unwrap();
    let (mut socket, _) = client_async(request, socket).await.unwrap();
    let details = json!({"roles": {"caller": {}}, "authmethods": methods});
    let hello = json!([1, "realm1", details]).to_string();
    socket.send(Frame::Text(hello.into())).await.unwrap();
    let answer = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
    serde_json::from_str(answer.to_text().unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_may_come_with_the_request_for_a_websocket() {
    let router = serve(&with_tokens("")).await;
    let bearer = format!("Bearer {}", token(&json!({})));
    for methods in [json!(["jwt"]), json!([]), json!(["anonymous", "jwt"])] {
        let welcome = upgraded(&router, &bearer, &methods).await;
        assert_eq!(welcome[0], 2, "{welcome}");
        assert_eq!(
            (&welcome[2]["authid"], &welcome[2]["authmethod"]),
            (&json!("alice"), &json!("jwt"))
        );
    }
    let expired = format!("Bearer {}", token(&json!({"exp": 1})));
    for (header, methods, expected) in [
        (&*expired, json!(["jwt"]), "wamp.error.authentication_denied"),
        (&*expired, json!([]), "wamp.error.authentication_denied"),
        ("Bearer abc", json!(["jwt"]), "wamp.error.authentication_denied"),
        ("Basic abc", json!([]), "wamp.error.authentication_required"),
        (&*bearer, json!(["anonymous"]), "wamp.error.authentication_required"),
    ] {
        let abort = upgraded(&router, header, &methods).await;
        assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!(expected)), "{header} {methods}");
    }
    // A header that shows nothing is no reason not to ask.
    assert_eq!(upgraded(&router, "Basic abc", &json!(["jwt"])).await[0], 4);
}

#[tokio::test]
async fn the_bridge_takes_the_tokens_that_its_realm_takes() {
    let realm: RealmSettings = toml::from_str(&with_tokens("")).unwrap();
    let router = start(|config| {
        config.realms = vec![realm];
        config.listeners[0].bridge = vec![BridgeEndpoint::new("/publish", BridgeAction::Publish)];
    })
    .await;
    let body = r#"{"topic": "com.example.topic"}"#;
    let length = body.len();
    for (header, expected) in [
        (format!("Authorization: Bearer {}\r\n", token(&json!({}))), 200),
        (format!("Authorization: Bearer {}\r\n", token(&json!({"exp": 1}))), 401),
        (format!("Authorization: Bearer {}\r\n", token(&json!({"role": "admin"}))), 401),
        ("Authorization: Bearer abc\r\n".to_owned(), 401),
        (String::new(), 401),
    ] {
        let head =
            format!("{header}Content-Type: application/json\r\nContent-Length: {length}\r\n");
        // The body follows the empty line that ends the head.
        let mut socket = TcpStream::connect(router.address).await.unwrap();
        let request =
            format!("POST /publish HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{head}\r\n{body}");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, socket.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected} ")), "{header}: {answer}");
    }
}

#[tokio::test]
async fn a_session_ends_with_its_token_if_that_is_wanted() {
    let router = serve(&with_tokens("leeway = '0s'\nend_at_expiry = true")).await;
    // On a slow machine a token may be over before it is shown.
    let mut peer = loop {
        let mut peer = Peer::connect(router.address, Serializer::Json).await;
        let short = token(&json!({"exp": get_current_timestamp() + 1}));
        if join_as(&mut peer, "alice", "jwt", &short).await[0] == 2 {
            break peer;
        }
    };
    let goodbye = peer.hear().await;
    assert_eq!((&goodbye[0], &goodbye[2]), (&json!(6), &json!("wamplex.close.expired")));
    peer.say(r#"[6, {}, "wamp.close.goodbye_and_out"]"#).await;
    assert_eq!(peer.listen().await, Heard::Close(1000));
    assert_eq!(router.handle.session_count(), 0);
}
