//! An authenticator of one's own: whoever offers `riddle` is let in by the right answer, and everybody else as the
//! configuration says.
//!
//! ```text
//! $ cargo run -p wamplex-router --example custom_authenticator
//! man: WELCOME oedipus
//! horse: ABORT wamp.error.authentication_denied
//! ```

// An example talks to people.
#![allow(clippy::print_stdout)]

use futures_util::{SinkExt, StreamExt};
use std::{error::Error, sync::Arc};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    client_async,
    tungstenite::{Message, client::IntoClientRequest, http::header::SEC_WEBSOCKET_PROTOCOL},
};
use wamplex_router::{
    Identity, Router,
    authentication::{Attempt, Authenticator, Judging, Refusal},
};
use wamplex_shared::{message::Challenge, value::Dict};

#[derive(Debug)]
struct Sphinx;

impl Authenticator for Sphinx {
    fn takes(&self, attempt: &Attempt) -> bool {
        attempt.offers("riddle")
    }

    fn authenticate(self: Arc<Self>, mut attempt: Attempt) -> Judging<Identity> {
        Box::pin(async move {
            let mut extra = Dict::new();
            extra.insert("question", "what walks on four legs, then on two, then on three?");
            let asked = Challenge { method: "riddle".into(), extra };
            // A second question would be asked in the same way.
            if attempt.challenge(asked).await?.signature != "man" {
                return Err(Refusal::denied("the answer was wrong"));
            }
            Ok(Identity::new("oedipus", "king", "riddle", "sphinx"))
        })
    }
}

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let router = Router::builder()
        .realm("realm1")
        .listen(([127, 0, 0, 1], 0))
        .authenticator("realm1", Sphinx)
        .bind()
        .await?;
    let (url, address, handle) = (router.websocket_url(), router.local_addr(), router.handle());
    let running = tokio::spawn(router.run());
    for answer in ["man", "horse"] {
        let mut request = url.as_str().into_client_request()?;
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, "wamp.2.json".parse()?);
        let (mut client, _) = client_async(request, TcpStream::connect(address).await?).await?;
        let hello = r#"[1, "realm1", {"roles": {"caller": {}}, "authmethods": ["riddle"]}]"#;
        client.send(Message::text(hello)).await?;
        let _question = client.next().await.ok_or("no CHALLENGE")??;
        client.send(Message::text(format!(r#"[5, "{answer}", {{}}]"#))).await?;
        let heard = client.next().await.ok_or("no answer")??;
        let heard: serde_json::Value = serde_json::from_str(heard.to_text()?)?;
        let (word, what) = match heard[0].as_u64() {
            Some(2) => ("WELCOME", &heard[2]["authid"]),
            _ => ("ABORT", &heard[2]),
        };
        println!("{answer}: {word} {}", what.as_str().unwrap_or_default());
    }
    handle.shutdown();
    running.await?;
    Ok(())
}
