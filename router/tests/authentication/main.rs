//! Who gets in, from outside: raw messages over WebSocket, so that nothing depends on a client of ours.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;
mod cookies;
mod dynamic;
mod lockout;
mod logs;
mod methods;
mod program;
mod refusals;
mod tls;
mod tokens;

use common::{Heard, Peer, Running, start};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use wamplex_router::{RouterConfig, config::RealmSettings};
use wamplex_shared::{
    auth::{
        cryptosign,
        scram::{CostBounds, Responder},
        wampcra,
    },
    codec,
    message::{Authenticate, Challenge, Message},
    serializer::Serializer,
};

/// The private key of the principal that has one.
const SEED: [u8; 32] = [7; 32];

/// One principal with a credential for everything, and two with one only. The key is the public half of [`SEED`].
const PRINCIPALS: &str = r#"
    [[principals]]
    authid = "joe"
    role = "user"
    ticket = "s3cret"
    wampcra = { secret = "s3cret", salt = "salt", iterations = 1000 }
    scram = { password = "s3cret", kdf = "pbkdf2", iterations = 4096 }
    cryptosign = ["ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"]
    extra = { x_team = "blue" }

    [[principals]]
    authid = "key"
    role = "user"
    cryptosign = ["8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"]

    [[principals]]
    authid = "authenticator"
    role = "authenticator"
    ticket = "s3cret"

    [authentication.wampcra]
    iterations = 1000
    [authentication.scram]
    kdf = "pbkdf2"
    iterations = 4096
"#;

/// A realm with those principals, that takes these methods, and whatever else it is told.
fn realm(methods: &[&str], more: &str) -> RealmSettings {
    #[derive(Deserialize)]
    struct Realm {
        #[serde(flatten)]
        settings: RealmSettings,
    }
    let methods = format!("[authentication]\nmethods = {methods:?}\n");
    let Realm { settings } = toml::from_str(&format!("{PRINCIPALS}\n{methods}{more}")).unwrap();
    RealmSettings { name: "realm1".into(), ..settings }
}

/// A router with that realm.
async fn router(methods: &[&str], more: &str) -> Running {
    configured(methods, more, |_| {}).await
}

async fn configured(
    methods: &[&str],
    more: &str,
    change: impl FnOnce(&mut RouterConfig),
) -> Running {
    start(|config| {
        config.realms[0] = realm(methods, more);
        config.listeners[0].hosts = vec!["router.example".to_owned()];
        change(config);
        assert_eq!(config.check().iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    })
    .await
}

/// What a client knows and offers.
#[derive(Clone)]
struct Client {
    authid: Option<&'static str>,
    offers: Vec<&'static str>,
    secret: &'static str,
    seed: [u8; 32],
    /// What HELLO says besides.
    details: Value,
}

impl Client {
    fn new(authid: &'static str, offers: &[&'static str]) -> Self {
        let authid = (!authid.is_empty()).then_some(authid);
        Self { authid, offers: offers.to_vec(), secret: "s3cret", seed: SEED, details: json!({}) }
    }

    /// The same, with a wrong secret and another key.
    fn wrong(&self) -> Self {
        Self { secret: "wr0ng", seed: [9; 32], ..self.clone() }
    }

    fn scram(&self) -> Responder {
        let authid = self.authid.unwrap_or("nobody");
        Responder::new(authid, b"sixteen of these", None, CostBounds::default()).unwrap()
    }

    fn cryptosign(&self) -> cryptosign::Responder {
        cryptosign::Responder::new(cryptosign::Key::from_seed(&self.seed))
    }

    fn hello(&self) -> String {
        let mut extra = serde_json::Map::new();
        if self.offers.contains(&"cryptosign") {
            let key = cryptosign::Key::from_seed(&self.seed).public().to_string();
            extra.insert("pubkey".into(), key.into());
        }
        if self.offers.contains(&"wamp-scram") {
            let nonce =
                self.scram().authextra().get("nonce").unwrap().as_str().unwrap().to_string();
            extra.insert("nonce".into(), nonce.into());
        }
        let mut details = json!({"roles": {"caller": {}, "callee": {}}, "authmethods": self.offers, "authextra": extra});
        if let Some(authid) = self.authid {
            details["authid"] = authid.into();
        }
        for (key, value) in self.details.as_object().unwrap() {
            details[key] = value.clone();
        }
        json!([1, "realm1", details]).to_string()
    }

    /// The AUTHENTICATE for a CHALLENGE.
    fn answer(&self, challenge: &Value) -> String {
        let challenge = typed(challenge);
        let answer = match &*challenge.method {
            "ticket" | "jwt" => Authenticate {
                signature: self.secret.into(),
                extra: wamplex_shared::value::Dict::new(),
            },
            "wampcra" => wampcra::respond(self.secret, &challenge).unwrap(),
            "wamp-scram" => self.scram().respond(self.secret, &challenge).unwrap().0,
            "cryptosign" => self.cryptosign().respond(&challenge).unwrap(),
            method => panic!("no answer to {method}"),
        };
        let json = codec::encode(Serializer::Json, &answer.into()).unwrap();
        String::from_utf8(json.to_vec()).unwrap()
    }

    /// Says HELLO and hears what the router says to that.
    async fn begin<S: AsyncRead + AsyncWrite + Unpin>(&self, peer: &mut Peer<S>) -> Value {
        peer.say(&self.hello()).await;
        peer.hear().await
    }

    /// From HELLO to WELCOME or ABORT.
    async fn join<S: AsyncRead + AsyncWrite + Unpin>(&self, peer: &mut Peer<S>) -> Value {
        let mut heard = self.begin(peer).await;
        while heard[0] == 4 {
            peer.say(&self.answer(&heard)).await;
            heard = peer.hear().await;
        }
        heard
    }

    /// The same on a connection of its own, and the end of it if there is no session: the details of WELCOME, or the
    /// reason of ABORT and its words.
    async fn try_to_join(&self, router: &Running) -> Result<Value, (String, String)> {
        let mut peer = Peer::connect(router.address, Serializer::Json).await;
        let heard = self.join(&mut peer).await;
        if heard[0] == 2 {
            return Ok(heard[2].clone());
        }
        assert_eq!(heard[0], 3, "{heard}");
        assert_eq!(peer.listen().await, Heard::Close(1000));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Err((text(&heard[2]), text(&heard[1]["message"])))
    }

    async fn welcome(&self, router: &Running) -> Value {
        self.try_to_join(router).await.expect("WELCOME was due")
    }

    /// Why it is not let in.
    async fn refusal(&self, router: &Running) -> (String, String) {
        self.try_to_join(router).await.expect_err("ABORT was due")
    }
}

/// What everybody hears whose proof is not accepted, whatever the reason.
fn denied() -> (String, String) {
    ("wamp.error.authentication_denied".into(), "the credentials are not accepted".into())
}

fn typed(challenge: &Value) -> Challenge {
    let message = codec::decode(Serializer::Json, &challenge.to_string().into()).unwrap();
    let Message::Challenge(challenge) = message else { panic!("{challenge}") };
    challenge
}
