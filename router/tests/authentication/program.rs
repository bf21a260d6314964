//! Clients that the program around the router judges itself.

use super::{Client, denied, router};
use crate::common::Peer;
use serde_json::json;
use std::sync::Arc;
use wamplex_router::{
    Identity,
    authentication::{Attempt, Authenticator, Judging, Refusal},
    principals::{Principal, Static, Ticket},
};
use wamplex_shared::{message::Challenge, serializer::Serializer, value::Dict};

/// Asks for two tickets, one after the other.
#[derive(Debug)]
struct TwoTickets;

impl Authenticator for TwoTickets {
    fn takes(&self, attempt: &Attempt) -> bool {
        attempt.offers("x_two")
    }

    fn authenticate(self: Arc<Self>, mut attempt: Attempt) -> Judging<Identity> {
        Box::pin(async move {
            for expected in ["first", "second"] {
                let method = "ticket".into();
                let proof = attempt.challenge(Challenge { method, extra: Dict::new() }).await?;
                assert_ne!(proof.signature, "panic");
                if proof.signature != expected {
                    return Err(Refusal::denied("wrong ticket"));
                }
            }
            let mut identity = Identity::new("two", "user", "x_two", "program");
            identity.authextra.insert("x_session", attempt.session());
            Ok(identity)
        })
    }
}

#[tokio::test]
async fn a_program_can_judge_its_clients_in_several_rounds() {
    let router = router(&["ticket"], "").await;
    assert!(router.handle.authenticate_with("realm1", Some(Arc::new(TwoTickets))));
    assert!(!router.handle.authenticate_with("realm2", Some(Arc::new(TwoTickets))));
    for (answers, expected) in [
        (&["first", "second"][..], None),
        (&["first", "first"], Some("wamp.error.authentication_denied")),
        (&["second"], Some("wamp.error.authentication_denied")),
        (&["panic"], Some("wamp.error.authentication_failed")),
    ] {
        let mut peer = Peer::connect(router.address, Serializer::Json).await;
        let mut heard = Client::new("", &["x_two"]).begin(&mut peer).await;
        for answer in answers {
            assert_eq!(heard[0], 4, "{heard}");
            peer.say(&json!([5, answer, {}]).to_string()).await;
            heard = peer.hear().await;
        }
        match expected {
            None => {
                assert_eq!(heard[2]["authmethod"], "x_two", "{heard}");
                assert_eq!(heard[2]["authextra"]["x_session"], heard[1]);
            }
            Some(uri) => assert_eq!(heard[2], uri),
        }
    }
    // Others are judged as the configuration says, and when it is taken back, all are.
    assert_eq!(Client::new("joe", &["ticket"]).wrong().refusal(&router).await, denied());
    router.handle.authenticate_with("realm1", None);
    let (uri, _) = Client::new("", &["x_two"]).refusal(&router).await;
    assert_eq!(uri, "wamp.error.no_matching_auth_method");
}

#[tokio::test]
async fn a_program_can_know_principals_that_nothing_else_knows() {
    let router = router(&["ticket"], "").await;
    let known = |authid: &'static str, ticket| {
        let mut principal = Principal::new(authid, "guest", "program");
        principal.ticket = Some(Ticket::new(ticket));
        principal
    };
    let source = Static::new([known("ann", "s3cret"), known("joe", "an0ther")]).unwrap();
    assert!(router.handle.find_principals_with("realm1", Some(Arc::new(source))));
    let (ann, joe) = (Client::new("ann", &["ticket"]), Client::new("joe", &["ticket"]));
    let welcome = ann.welcome(&router).await;
    assert_eq!(
        (&welcome["authrole"], &welcome["authprovider"]),
        (&json!("guest"), &json!("program"))
    );
    // Whom the configuration knows, only the configuration knows.
    assert_eq!(joe.welcome(&router).await["authrole"], "user");
    let other = Client { secret: "an0ther", ..joe };
    assert_eq!(other.refusal(&router).await, denied());
    router.handle.find_principals_with("realm1", None);
    assert_eq!(ann.refusal(&router).await, denied());
}
