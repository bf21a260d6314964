//! Failures one after the other, time that runs out, and authenticators of the program itself.

use super::bench::{Bench, Client, REALM, peer};
use crate::{
    authentication::{Attempt, Authenticator, Identity, Judging, Refusal, Step},
    config::{JwtSettings, Method, Secret},
    principals::{Principal, Static, Ticket},
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, advance};
use wamplex_shared::{
    auth::{ScramCredentials, scram::Cost},
    message::{Authenticate, Challenge},
    uris::{error, wamplex},
    value::Dict,
};

const LOCKED: &str = "too many attempts have failed, try again later";

#[tokio::test(start_paused = true)]
async fn after_too_many_failures_not_even_the_right_secret_is_looked_at_for_a_while() {
    for authid in ["ticket", "nobody"] {
        let mut bench = Bench::new(&[Method::Ticket]);
        bench.settings.lockout.attempts = 3;
        bench.settings.lockout.delay = Duration::from_secs(60);
        let realm = bench.open();
        let wrong = Client { secret: "wrong", ..Client::new(authid, &["ticket"]) };
        for _ in 0..3 {
            assert_eq!(wrong.hears(&realm).await.1, "the credentials are not accepted");
        }
        assert_eq!(wrong.hears(&realm).await, (wamplex::TOO_MANY_FAILURES, LOCKED.into()));
        // From now on there is no challenge either.
        assert!(matches!(wrong.begin(&realm).await.1, Step::Refuse(_)));
        let right = Client::new(authid, &["ticket"]);
        assert_eq!(right.hears(&realm).await.1, LOCKED);
        assert!(Client::new("all", &["ticket"]).join(&realm).await.is_ok());
        advance(Duration::from_secs(60)).await;
        assert_eq!(right.join(&realm).await.is_ok(), authid == "ticket");
    }
}

#[tokio::test]
async fn attempts_side_by_side_are_judged_no_more_often_than_those_in_a_row() {
    let mut bench = Bench::new(&[Method::Ticket]);
    bench.settings.lockout.attempts = 3;
    let realm = bench.open();
    let wrong = Client { secret: "wrong", ..Client::new("ticket", &["ticket"]) };
    let mut exchanges = Vec::new();
    for _ in 0..10 {
        let (exchange, step) = wrong.begin(&realm).await;
        let Step::Challenge(challenge) = step else { panic!("{step:?}") };
        exchanges.push((exchange, wrong.answer(&challenge)));
    }
    let mut judged = 0;
    for (mut exchange, proof) in exchanges {
        let Step::Refuse(refusal) = exchange.answer(proof).await else { panic!() };
        judged += usize::from(refusal.message != LOCKED);
    }
    assert_eq!(judged, 3);
}

#[tokio::test]
async fn an_address_is_locked_out_whoever_it_claims_to_be() {
    let mut bench = Bench::new(&[Method::Ticket]);
    bench.settings.lockout.address_attempts = 3;
    let realm = bench.open();
    let from = |address, authid| Client {
        peer: peer(address),
        secret: "wrong",
        ..Client::new(authid, &["ticket"])
    };
    for authid in ["a", "b", "c"] {
        assert_ne!(from("192.0.2.1:1", authid).hears(&realm).await.1, LOCKED);
    }
    assert_eq!(from("192.0.2.1:2", "d").hears(&realm).await.1, LOCKED);
    assert_ne!(from("192.0.2.2:1", "d").hears(&realm).await.1, LOCKED);
}

#[tokio::test]
async fn nobody_can_have_failures_counted_against_those_who_give_no_name() {
    let mut bench = Bench::new(&[Method::Jwt]);
    bench.settings.lockout.attempts = 3;
    bench.settings.jwt = vec![JwtSettings {
        secret: Some(Secret::new("thirty-two octets or more of a key")),
        roles: vec!["user".into()],
        ..JwtSettings::default()
    }];
    let realm = bench.open();
    // What the failures of those are counted under who give no name and come from there.
    let stranger = Client {
        peer: peer("198.51.100.1:1"),
        secret: "wrong",
        ..Client::new("\u{0}192.0.2.1", &["jwt"])
    };
    for _ in 0..5 {
        assert_eq!(stranger.hears(&realm).await.0, error::AUTHENTICATION_DENIED);
    }
    let nameless = Client { authid: None, peer: peer("192.0.2.1:1"), ..stranger };
    assert_eq!(nameless.asked(&realm).await.as_deref(), Some("jwt"));
}

#[tokio::test]
async fn a_costly_ticket_is_recognised() {
    let mut bench = Bench::new(&[Method::Ticket]);
    let kept = ScramCredentials::new("s3cret", b"salt and pepper.", Cost::pbkdf2(4096)).unwrap();
    let mut principal = Principal::new("joe", "user", "static");
    principal.ticket = Some(Ticket::Derived(kept));
    bench.principals = Arc::new(Static::new([principal]).unwrap());
    let realm = bench.open();
    assert!(Client::new("joe", &["ticket"]).join(&realm).await.is_ok());
    for authid in ["joe", "nobody"] {
        let wrong = Client { secret: "wrong", ..Client::new(authid, &["ticket"]) };
        assert_eq!(wrong.hears(&realm).await.1, "the credentials are not accepted");
    }
}

/// Asks for a ticket and then for a number, or misbehaves.
#[derive(Debug)]
struct TwoFactors;

impl Authenticator for TwoFactors {
    fn authenticate(self: Arc<Self>, mut attempt: Attempt) -> Judging<Identity> {
        Box::pin(async move {
            let ask = |method: &str| Challenge { method: method.into(), extra: Dict::new() };
            match &*attempt.challenge(ask("first")).await?.signature {
                "secret" => {}
                "panic" => panic!("as a test"),
                "circle" => loop {
                    attempt.challenge(ask("again")).await?;
                },
                _ => return Err(Refusal::denied("wrong")),
            }
            let number = attempt.challenge(ask("second")).await?.signature;
            if number != "42" {
                return Err(Refusal::denied("wrong number"));
            }
            Ok(Identity::new("joe", "user", "x_two", "program"))
        })
    }

    fn takes(&self, attempt: &Attempt) -> bool {
        attempt.offers("x_two")
    }
}

#[tokio::test]
async fn a_program_can_judge_its_clients_itself_in_several_rounds() {
    let bench = Bench::new(&[Method::Ticket]);
    bench.gate.authenticate_with(REALM, Some(Arc::new(TwoFactors)));
    let realm = bench.open();
    let say = |text: &str| Authenticate { signature: text.into(), extra: Dict::new() };
    for (answers, expected) in [
        (&["secret", "42"][..], None),
        (&["wrong"], Some(error::AUTHENTICATION_DENIED)),
        (&["secret", "41"], Some(error::AUTHENTICATION_DENIED)),
        (&["panic"], Some(error::AUTHENTICATION_FAILED)),
        (&["circle", "", "", "", "", "", "", ""], Some(error::AUTHENTICATION_FAILED)),
    ] {
        let (mut exchange, mut step) = Client::new("joe", &["x_two"]).begin(&realm).await;
        for answer in answers {
            assert!(matches!(step, Step::Challenge(_)), "{step:?}");
            step = exchange.answer(say(answer)).await;
        }
        match expected {
            None => assert!(matches!(&step, Step::Welcome(i) if i.authid == "joe"), "{step:?}"),
            Some(uri) => assert!(matches!(&step, Step::Refuse(r) if r.uri == uri), "{step:?}"),
        }
    }
    // Others are judged as the configuration says.
    assert!(Client::new("ticket", &["ticket"]).join(&realm).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_judgement_ends_where_it_is_when_nobody_waits_for_it_any_more() {
    #[derive(Debug)]
    struct Forever(#[allow(dead_code, reason = "its count is what is looked at")] Arc<()>);
    impl Authenticator for Forever {
        fn authenticate(self: Arc<Self>, _attempt: Attempt) -> Judging<Identity> {
            Box::pin(async move {
                let _held = self;
                std::future::pending().await
            })
        }
    }
    let held = Arc::new(());
    let bench = Bench::new(&[Method::Ticket]);
    bench.gate.authenticate_with(REALM, Some(Arc::new(Forever(Arc::clone(&held)))));
    let realm = bench.open();
    let mut exchange = Client::new("joe", &["ticket"]).exchange(&realm);
    let begun = Instant::now();
    let limit = Duration::from_secs(10);
    assert!(tokio::time::timeout(limit, exchange.begin()).await.is_err());
    assert!(begun.elapsed() >= limit);
    drop((exchange, realm, bench));
    assert_eq!(Arc::strong_count(&held), 1);
}
