//! Whether names that exist can be told from others by how long the router takes to refuse them.
//!
//! Prints, for each method, how long a refusal takes for a known name with a wrong secret and for an unknown name, and
//! Welch's t of the difference without the slowest tenth of each: beyond 4.5 in either direction somebody who asks this
//! often can tell them apart.
//!
//! ```text
//! $ cargo bench -p wamplex-router --bench guessing [-- ATTEMPTS]
//! ```

// A benchmark talks to people, and stops when something goes wrong.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::{
    env,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    client_async,
    tungstenite::{Message, client::IntoClientRequest, http::header::SEC_WEBSOCKET_PROTOCOL},
};
use wamplex_router::{Router, RouterConfig, config::RealmSettings};

/// One principal with a credential for everything.
const REALM: &str = r#"
    name = "realm1"
    [authentication]
    methods = ["cryptosign", "wamp-scram", "wampcra", "ticket"]
    wampcra = { iterations = 1000 }
    lockout = { attempts = 4000000000, address_attempts = 4000000000 }
    [[principals]]
    authid = "known0"
    role = "user"
    ticket = "s3cret"
    cryptosign = ["ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"]
    wampcra = { secret = "s3cret", salt = "salt", iterations = 1000 }
    scram = { password = "s3cret" }
"#;

/// How many attempts of each kind are made if nothing else is said.
const ATTEMPTS: usize = 2000;

/// A public key for which there is a private one, as the router cannot know.
const STRANGER: &str = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";

#[tokio::main]
async fn main() {
    let given = env::args().filter_map(|argument| argument.parse().ok()).next();
    let attempts = given.unwrap_or(ATTEMPTS);
    let realm: RealmSettings = toml::from_str(REALM).unwrap();
    let mut config = RouterConfig::on(([127, 0, 0, 1], 0));
    config.realms = vec![realm];
    config.limits.joins_per_address = 0;
    let router = Router::bind(config).await.unwrap();
    let (address, handle) = (router.local_addr(), router.handle());
    let running = tokio::spawn(router.run());
    println!("{attempts} attempts each; medians in microseconds");
    println!("{:<12} {:>10} {:>10} {:>10}", "method", "known", "unknown", "t");
    for method in ["ticket", "wampcra", "wamp-scram", "cryptosign"] {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for round in 0..attempts + attempts / 10 {
            // Which comes first changes, and what is cold at the beginning is not counted.
            for is_known in [round % 2 == 0, round % 2 != 0] {
                let authid = if is_known { "known0" } else { "nobody" };
                let took = refused(address, method, authid).await;
                if round >= attempts / 10 {
                    if is_known { known.push(took) } else { unknown.push(took) }
                }
            }
        }
        let (known, unknown) = (quick(known), quick(unknown));
        let t = welch(&known, &unknown);
        println!("{method:<12} {:>10.1} {:>10.1} {t:>10.2}", median(&known), median(&unknown));
    }
    handle.shutdown();
    running.await.unwrap();
}

/// How long it takes from HELLO to the refusal, in the router and on the way.
async fn refused(address: SocketAddr, method: &str, authid: &str) -> Duration {
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, "wamp.2.json".parse().unwrap());
    let socket = TcpStream::connect(address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let (mut client, _) = client_async(request, socket).await.unwrap();
    let details = json!({
        "roles": {"caller": {}},
        "authmethods": [method],
        "authid": authid,
        "authextra": {"pubkey": STRANGER, "nonce": "c2l4dGVlbiBvZiB0aGVzZQ=="},
    });
    let hello = Message::text(json!([1, "realm1", details]).to_string());
    let begun = Instant::now();
    client.send(hello).await.unwrap();
    let challenge = client.next().await.unwrap().unwrap();
    let challenge: Value = serde_json::from_str(challenge.to_text().unwrap()).unwrap();
    assert_eq!(challenge[0], 4, "{challenge}");
    // Well-formed and wrong, so that all the work is done.
    let answer = match method {
        "cryptosign" => {
            let challenge = challenge[2]["challenge"].as_str().unwrap();
            json!([5, format!("{}{challenge}", "11".repeat(64)), {}])
        }
        "wamp-scram" => {
            let extra = json!({"nonce": challenge[2]["nonce"], "channel_binding": null});
            json!([5, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", extra])
        }
        _ => json!([5, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", {}]),
    };
    client.send(Message::text(answer.to_string())).await.unwrap();
    let abort = client.next().await.unwrap().unwrap();
    let took = begun.elapsed();
    let abort: Value = serde_json::from_str(abort.to_text().unwrap()).unwrap();
    assert_eq!(abort[2], "wamp.error.authentication_denied", "{abort}");
    took
}

/// The quickest nine tenths in microseconds: what took longest has waited for something else.
fn quick(mut times: Vec<Duration>) -> Vec<f64> {
    times.sort_unstable();
    times.truncate(times.len() / 10 * 9);
    times.iter().map(|time| time.as_secs_f64() * 1e6).collect()
}

fn median(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

#[allow(clippy::cast_precision_loss, reason = "nobody makes 2^52 attempts")]
fn welch(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let spread = |x: &[f64]| {
        let mean = mean(x);
        let squares = x.iter().map(|one| (one - mean).powi(2)).sum::<f64>();
        squares / (x.len() as f64 - 1.0) / x.len() as f64
    };
    (mean(a) - mean(b)) / (spread(a) + spread(b)).sqrt()
}
