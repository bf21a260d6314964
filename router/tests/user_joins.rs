//! What `wamplex user` and `wamplex key` write lets users in by every method, and nobody else.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use bytes::Bytes;
use common::{Peer, Running, start};
use serde_json::{Value, json};
use std::{fs, path::PathBuf, process::Command};
use wamplex_router::config::{PrincipalSource, RealmSettings};
use wamplex_shared::{
    auth::{
        cryptosign,
        scram::{self, CostBounds},
        wampcra,
    },
    codec,
    message::{Authenticate, Challenge, Message},
    serializer::Serializer,
    value::Dict,
};

/// A client, and what it hears.
struct Client {
    peer: Peer,
    said: Value,
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("wamplex-joins-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Runs `wamplex` in this folder.
    fn run(&self, arguments: &str) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_wamplex"))
            .args(arguments.split_whitespace())
            .current_dir(&self.0)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Client {
    /// Says HELLO and hears the answer.
    async fn hello(router: &Running, authid: &str, method: &str, extra: &Value) -> Self {
        let mut peer = Peer::connect(router.address, Serializer::Json).await;
        let details = json!({
            "roles": {"caller": {}}, "authid": authid, "authmethods": [method], "authextra": extra,
        });
        peer.say(&json!([1, "realm1", details]).to_string()).await;
        let said = peer.hear().await;
        Self { peer, said }
    }

    fn challenge(&self) -> Challenge {
        let text = Bytes::from(self.said.to_string());
        let message = codec::decode(Serializer::Json, &text).unwrap();
        let Message::Challenge(challenge) = message else {
            panic!("CHALLENGE was due: {message:?}")
        };
        challenge
    }

    /// Says AUTHENTICATE and hears the answer.
    async fn prove(mut self, proof: &Authenticate) -> Value {
        let extra = json_of(&proof.extra);
        self.peer.say(&json!([5, &*proof.signature, extra]).to_string()).await;
        self.peer.hear().await
    }
}

/// A dictionary of texts and nothing.
fn json_of(dict: &Dict) -> Value {
    let entries = dict.iter().map(|(key, value)| {
        let text = value.as_str().map(|text| Value::String(text.to_string()));
        (key.to_owned(), text.unwrap_or_default())
    });
    Value::Object(entries.collect())
}

async fn ticket(router: &Running, authid: &str, password: &str) -> Value {
    let client = Client::hello(router, authid, "ticket", &json!({})).await;
    client.prove(&Authenticate { signature: password.into(), extra: Dict::new() }).await
}

async fn cra(router: &Running, authid: &str, password: &str) -> Value {
    let client = Client::hello(router, authid, "wampcra", &json!({})).await;
    let proof = wampcra::respond(password, &client.challenge()).unwrap();
    client.prove(&proof).await
}

async fn scram(router: &Running, authid: &str, password: &str) -> Value {
    let responder =
        scram::Responder::new(authid, b"sixteen octets..", None, CostBounds::default()).unwrap();
    let client =
        Client::hello(router, authid, "wamp-scram", &json_of(&responder.authextra())).await;
    let (proof, expected) = responder.respond(password, &client.challenge()).unwrap();
    let said = client.prove(&proof).await;
    if said[0] == 2 {
        let verifier = said[2]["authextra"]["verifier"].as_str().unwrap().to_owned();
        expected.verify(&Dict::from_iter([("verifier", verifier)])).unwrap();
    }
    said
}

async fn sign(router: &Running, authid: &str, key: &str) -> Value {
    let responder = cryptosign::Responder::new(cryptosign::Key::from_hex(key).unwrap());
    let client =
        Client::hello(router, authid, "cryptosign", &json_of(&responder.authextra())).await;
    let proof = responder.respond(&client.challenge()).unwrap();
    client.prove(&proof).await
}

async fn router_with(folder: &Folder) -> Running {
    let mut realm: RealmSettings = toml::from_str(
        "name = 'realm1'\nauthentication.methods = ['cryptosign', 'wamp-scram', 'wampcra', 'ticket']",
    )
    .unwrap();
    let sqlite = Some(folder.0.join("users.db"));
    realm.principals_from = vec![PrincipalSource { sqlite, file: None }];
    start(|config| config.realms = vec![realm]).await
}

#[tokio::test]
async fn users_of_the_command_line_join_by_every_method() {
    let folder = Folder::new();
    let at = "--database users.db --realm realm1";
    let public = folder.run("key generate --output alice.key");
    let said = folder.run(&format!(
        "user add alice {at} --role user --generate --json --kdf pbkdf2 --iterations 4096 --methods scram,wampcra,ticket --cryptosign-key {public}",
    ));
    let said: Value = serde_json::from_str(&said).unwrap();
    let password = said["password"].as_str().unwrap();
    let key = fs::read_to_string(folder.0.join("alice.key")).unwrap();
    let (key, other_key) = (key.trim_end(), "01".repeat(32));
    let router = router_with(&folder).await;

    for welcome in [
        ticket(&router, "alice", password).await,
        cra(&router, "alice", password).await,
        scram(&router, "alice", password).await,
        sign(&router, "alice", key).await,
    ] {
        assert_eq!(welcome[0], 2, "{welcome}");
        let details = &welcome[2];
        assert_eq!((&details["authid"], &details["authrole"]), (&json!("alice"), &json!("user")));
        assert_eq!(details["authprovider"], "sqlite");
    }
    for abort in [
        ticket(&router, "alice", "wrong").await,
        cra(&router, "alice", "wrong").await,
        scram(&router, "alice", "wrong").await,
        sign(&router, "alice", &other_key).await,
        ticket(&router, "bob", password).await,
        cra(&router, "bob", password).await,
        scram(&router, "bob", password).await,
        sign(&router, "bob", key).await,
    ] {
        let denied = json!("wamp.error.authentication_denied");
        assert_eq!((&abort[0], &abort[2]), (&json!(3), &denied), "{abort}");
    }
}

#[tokio::test]
async fn users_that_do_not_exist_are_asked_as_those_of_the_command_line_are() {
    let folder = Folder(std::env::temp_dir().join(format!("wamplex-asked-{}", std::process::id())));
    fs::create_dir_all(&folder.0).unwrap();
    let at = "--database users.db --realm realm1 --role user --generate";
    folder.run(&format!("user add alice {at} --methods scram"));
    folder.run(&format!("user add carol {at} --methods wampcra"));
    let router = router_with(&folder).await;
    let nonce = json!({"nonce": "c2l4dGVlbiBvY3RldHMuLg==", "channel_binding": null});
    for (user, method, extra, keys) in [
        ("alice", "wamp-scram", nonce, &["kdf", "iterations", "memory"][..]),
        ("carol", "wampcra", json!({}), &["iterations", "keylen"]),
    ] {
        let known = Client::hello(&router, user, method, &extra).await.said;
        let unknown = Client::hello(&router, "nobody", method, &extra).await.said;
        assert_eq!((&known[0], &known[1]), (&json!(4), &json!(method)), "{known}");
        assert_eq!((&unknown[0], &unknown[1]), (&json!(4), &json!(method)), "{unknown}");
        for key in keys {
            assert_eq!(known[2][key], unknown[2][key], "{method} {key}");
        }
        assert!(known[2]["iterations"].is_u64(), "{known}");
        let length = |said: &Value| said[2]["salt"].as_str().unwrap().len();
        assert_eq!(length(&known), length(&unknown));
    }
}
