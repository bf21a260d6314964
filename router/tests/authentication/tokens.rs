//! Tokens that somebody else has signed.

use super::{Client, denied, router};
use crate::common::{Heard, Peer};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;
use std::time::SystemTime;
use wamplex_shared::serializer::Serializer;

const KEY: &str = "thirty-two octets or more of a key";

const ISSUER: &str = r#"
    [[authentication.jwt]]
    secret = "thirty-two octets or more of a key"
    audience = ["wamplex"]
    roles = ["user"]
    leeway = "0s"
"#;

/// A token for `ann` that ends so many seconds from now.
fn token(key: &str, audience: &str, seconds: i64) -> &'static str {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let expires = now.checked_add_signed(seconds).unwrap();
    let claims = json!({"sub": "ann", "role": "user", "aud": audience, "exp": expires});
    let token = encode(&Header::default(), &claims, &EncodingKey::from_secret(key.as_bytes()));
    Box::leak(token.unwrap().into_boxed_str())
}

#[tokio::test]
async fn a_token_lets_its_bearer_in_as_such_and_as_a_ticket() {
    let router = router(&["jwt", "ticket"], ISSUER).await;
    for method in ["jwt", "ticket"] {
        for authid in ["", "ann"] {
            let secret = token(KEY, "wamplex", 3600);
            let welcome =
                Client { secret, ..Client::new(authid, &[method]) }.welcome(&router).await;
            let found = (&welcome["authid"], &welcome["authrole"], &welcome["authmethod"]);
            assert_eq!(found, (&json!("ann"), &json!("user"), &json!("jwt")));
        }
        for (authid, secret) in [
            ("", token("another key of thirty-two octets", "wamplex", 3600)),
            ("", token(KEY, "another", 3600)),
            ("", token(KEY, "wamplex", -3600)),
            ("joe", token(KEY, "wamplex", 3600)),
            ("", "eyJ.eyJ.x"),
        ] {
            let client = Client { secret, ..Client::new(authid, &[method]) };
            assert_eq!(client.refusal(&router).await, denied(), "{method} {authid}");
        }
    }
    Client::new("joe", &["ticket"]).welcome(&router).await;
}

#[tokio::test]
async fn a_session_ends_with_its_token_if_the_issuer_wants_that() {
    let router = router(&["jwt"], &format!("{ISSUER}end_at_expiry = true")).await;
    let client = Client { secret: token(KEY, "wamplex", 2), ..Client::new("", &["jwt"]) };
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    assert_eq!(client.join(&mut peer).await[0], 2);
    let goodbye = peer.hear().await;
    assert_eq!(
        (&goodbye[0], &goodbye[2]),
        (&json!(6), &json!("wamplex.close.expired")),
        "{goodbye}"
    );
    assert_eq!(goodbye[1]["message"], "the credentials have expired");
    peer.say(r#"[6, {}, "wamp.close.goodbye_and_out"]"#).await;
    assert_eq!(peer.listen().await, Heard::Close(1000));
}
