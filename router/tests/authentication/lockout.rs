//! Those who guess.

use super::{Client, denied, router};
use crate::common::Peer;
use wamplex_shared::serializer::Serializer;

const LOCKED: &str = "too many attempts have failed, try again later";

/// Three attempts, and then nothing for longer than the test takes.
const LOCKOUT: &str = r#"
    [authentication.lockout]
    attempts = 3
    refill = "1h"
    delay = "1h"
    max_delay = "1h"
"#;

#[tokio::test]
async fn after_too_many_failures_the_right_secret_does_not_help_and_others_are_not_concerned() {
    let router = router(&["cryptosign", "wamp-scram", "wampcra", "ticket"], LOCKOUT).await;
    for (authid, method) in [("joe", "ticket"), ("nobody", "wampcra"), ("key", "wamp-scram")] {
        let client = Client::new(authid, &[method]);
        for _ in 0..3 {
            assert_eq!(client.wrong().refusal(&router).await, denied());
        }
        let (uri, message) = client.wrong().refusal(&router).await;
        assert_eq!((&*uri, &*message), ("wamplex.error.too_many_failures", LOCKED));
        // Whatever the method.
        for method in ["wamp-scram", "wampcra", "ticket"] {
            assert_eq!(Client::new(authid, &[method]).refusal(&router).await.1, LOCKED);
        }
    }
    assert_eq!(
        Client::new("authenticator", &["ticket"]).welcome(&router).await["authid"],
        "authenticator"
    );
}

#[tokio::test]
async fn challenges_that_nobody_answers_are_no_failures() {
    let router = router(&["ticket"], LOCKOUT).await;
    for _ in 0..10 {
        let mut peer = Peer::connect(router.address, Serializer::Json).await;
        assert_eq!(Client::new("joe", &["ticket"]).begin(&mut peer).await[0], 4);
    }
    Client::new("joe", &["ticket"]).welcome(&router).await;
}

#[tokio::test]
async fn guesses_that_are_made_at_the_same_time_are_judged_no_more_often() {
    let router = router(&["ticket"], LOCKOUT).await;
    let client = Client::new("joe", &["ticket"]).wrong();
    let mut peers = Vec::new();
    for _ in 0..10 {
        let mut peer = Peer::connect(router.address, Serializer::Json).await;
        let challenge = client.begin(&mut peer).await;
        peers.push((peer, client.answer(&challenge)));
    }
    for (peer, answer) in &mut peers {
        peer.say(answer).await;
    }
    let mut judged = 0;
    for (mut peer, _) in peers {
        judged += usize::from(peer.hear().await[1]["message"] != LOCKED);
    }
    assert_eq!(judged, 3);
}
