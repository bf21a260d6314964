//! What the log tells of all this, and what it must not tell.

use super::{Client, router};
use crate::common::Peer;
use serde_json::json;
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};
use tracing_subscriber::fmt::MakeWriter;
use wamplex_shared::serializer::Serializer;

/// Everything that is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(bytes.clone()).unwrap()
    }
}

/// Begins to log, to where the test can read it.
fn log() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

const METHODS: [&str; 4] = ["cryptosign", "wamp-scram", "wampcra", "ticket"];

#[tokio::test]
async fn the_reason_of_a_refusal_is_in_the_log_and_only_there() {
    let router = router(&METHODS, "").await;
    let (log, _guard) = log();
    Client::new("joe", &["ticket"]).wrong().refusal(&router).await;
    Client::new("nobody", &["wampcra"]).refusal(&router).await;
    let log = log.text();
    for expected in ["the ticket is wrong", "no such principal", "nobody", "wampcra", "127.0.0.1"] {
        assert!(log.contains(expected), "{expected}: {log}");
    }
}

#[tokio::test]
async fn no_secret_is_ever_logged() {
    let router = router(&METHODS, "").await;
    let (log, _guard) = log();
    let secret = "c4n4ry-0f-th3-m1n3";
    for authid in ["joe", "nobody"] {
        for method in METHODS {
            let client = Client { secret, seed: [9; 32], ..Client::new(authid, &[method]) };
            let mut peer = Peer::connect(router.address, Serializer::Json).await;
            let challenge = client.begin(&mut peer).await;
            let answer: serde_json::Value =
                serde_json::from_str(&client.answer(&challenge)).unwrap();
            peer.say(&answer.to_string()).await;
            assert_eq!(peer.hear().await[0], 3);
            let log = log.text();
            assert!(!log.contains(secret), "{log}");
            assert!(!log.contains(answer[1].as_str().unwrap()), "{log}");
        }
    }
    Client::new("joe", &["ticket"]).welcome(&router).await;
    assert!(!log.text().contains("s3cret"));
}

#[tokio::test]
async fn what_a_client_says_of_itself_makes_no_lines_of_its_own_in_the_log_and_no_long_ones() {
    let router = router(&METHODS, "").await;
    let (log, _guard) = log();
    let mut client = Client::new("", &["ticket"]);
    let forged = "x\n2026-01-01T00:00:00Z  INFO everything is fine";
    for authid in [forged.to_owned(), "y".repeat(20_000), "\u{1b}[31mred".to_owned()] {
        client.details = json!({"authid": authid, "authmethods": ["ticket", authid]});
        client.refusal(&router).await;
    }
    let log = log.text();
    assert!(!log.contains("\n2026-01-01T00:00:00Z"), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
    let longest = log.lines().map(str::len).max().unwrap();
    assert!(longest < 2000, "{longest}");
}
