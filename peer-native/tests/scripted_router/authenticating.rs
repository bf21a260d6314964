//! Proving who the client is, and finding out who the router is.

use crate::router::{Router, builder, connect};
use serde_json::{Value, json};
use wamplex::{
    Client, Connect, Error,
    auth::{
        self, Anonymous, AuthError, BindingKind, ChallengeError, ChannelBinding, CostBounds,
        Cryptosign, Key, Scram, Secret, Ticket, WampCra,
    },
};
use wamplex_shared::{
    auth::{cryptosign, scram, wampcra},
    codec,
    id::SessionId,
    message::{Authenticate, Challenge, Hello, Message},
    serializer::Serializer,
    value::Dict,
};

impl Router {
    async fn hello(&mut self) -> Hello {
        let Message::Hello(hello) = self.message().await else { panic!("no HELLO") };
        hello
    }

    /// Sends a CHALLENGE and receives the answer.
    async fn ask(&mut self, challenge: Challenge) -> Authenticate {
        self.send_message(challenge.into()).await;
        let Message::Authenticate(proof) = self.message().await else { panic!("no AUTHENTICATE") };
        proof
    }

    async fn welcome_by(&mut self, method: &str, authextra: Value) {
        let roles = json!({"dealer": {}});
        let details = json!({"roles": roles, "authmethod": method, "authextra": authextra});
        self.send(json!([2, 4711, details])).await;
    }

    /// The client wants no session, says so, and closes the connection.
    async fn expect_declined(&mut self) {
        let abort = self.receive_code(3).await;
        assert_eq!(abort[2], "wamp.error.authentication_failed", "{abort}");
        assert_eq!(self.receive_or_end().await, None);
    }

    async fn message(&mut self) -> Message {
        let text = self.receive().await.to_string();
        codec::decode(Serializer::Json, &text.into()).unwrap()
    }

    async fn send_message(&mut self, message: Message) {
        let text = codec::encode(Serializer::Json, &message).unwrap();
        self.send(serde_json::from_slice(&text).unwrap()).await;
    }
}

fn why(client: Result<Client, Error>) -> AuthError {
    match client {
        Err(Error::Auth(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn untrusted(client: Result<Client, Error>) {
    let error = why(client);
    let untrusted = matches!(error, AuthError::Challenge(ChallengeError::UntrustedRouter));
    assert!(untrusted, "{error:?}");
}

fn kept() -> scram::ScramCredentials {
    scram::ScramCredentials::new("pencil", &[1; 16], scram::Cost::pbkdf2(4096)).unwrap()
}

fn scram_router(hello: &Hello, channel: Option<ChannelBinding>) -> scram::Challenger {
    let request = scram::Request::read(&hello.details.authextra).unwrap();
    let authid = hello.details.authid.as_ref().unwrap();
    scram::Challenger::new(authid, request, &kept(), &[2; 16], channel).unwrap()
}

fn verifier(welcome: &Dict) -> Value {
    json!({"verifier": welcome.get("verifier").unwrap().as_str().unwrap().to_string()})
}

fn key(seed: u8) -> Key {
    Key::from_seed(&[seed; 32])
}

/// A connection that both ends know by these octets.
fn identified(builder: Connect) -> Connect {
    builder.identified_by(channel())
}

fn channel() -> ChannelBinding {
    ChannelBinding::tls_exporter([7; 32])
}

#[tokio::test(start_paused = true)]
async fn a_challenge_is_signed_with_the_secret_salted_or_not() {
    for salting in [None, Some(wampcra::Salting::new("salt"))] {
        let fetched = Secret::fetched(|| async { Ok::<_, std::io::Error>("secret".into()) });
        for secret in ["secret".into(), fetched] {
            let (client, _) =
                connect(builder().auth(WampCra::new("joe", secret)), async |router| {
                    let hello = router.hello().await;
                    assert_eq!(hello.details.authmethods, ["wampcra"]);
                    let key = match &salting {
                        Some(salting) => wampcra::Key::derive("secret", salting).unwrap(),
                        None => wampcra::Key::plain("secret"),
                    };
                    let subject = wampcra::Subject {
                        authid: hello.details.authid.as_ref().unwrap(),
                        authrole: "user",
                        authprovider: "static",
                        nonce: "n0nce",
                        timestamp: "2014-06-22T16:36:25.448Z",
                        session: SessionId::new(1).unwrap(),
                    };
                    let challenger = wampcra::Challenger::new(key, salting.clone(), &subject);
                    let proof = router.ask(challenger.challenge()).await;
                    challenger.verify(&proof).unwrap();
                    router.welcome_by("wampcra", json!({})).await;
                })
                .await;
            client.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_is_proved_and_so_is_the_router() {
    let (client, _) = connect(builder().auth(Scram::new("joe", "pencil")), async |router| {
        let hello = router.hello().await;
        assert_eq!(hello.details.authid.as_deref(), Some("joe"));
        let challenger = scram_router(&hello, None);
        let proof = router.ask(challenger.challenge()).await;
        let welcome = challenger.verify(&proof).unwrap();
        router.welcome_by("wamp-scram", verifier(&welcome)).await;
    })
    .await;
    client.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_router_that_does_not_know_the_password_is_left_after_welcome() {
    for authextra in [json!({}), json!({"verifier": null}), json!({"verifier": "AAAA"})] {
        let (client, _) = connect(builder().auth(Scram::new("joe", "pencil")), async |router| {
            let challenger = scram_router(&router.hello().await, None);
            router.ask(challenger.challenge()).await;
            router.welcome_by("wamp-scram", authextra.clone()).await;
            router.expect_declined().await;
        })
        .await;
        untrusted(client);
    }
}

#[tokio::test(start_paused = true)]
async fn a_router_that_should_prove_itself_may_not_welcome_without_a_challenge() {
    let trusting = Cryptosign::new(key(1)).trusting(key(2).public());
    for builder in [builder().auth(Scram::new("joe", "pencil")), builder().auth(trusting)] {
        let (client, _) = connect(builder, async |router| {
            router.hello().await;
            router.welcome().await;
            router.expect_declined().await;
        })
        .await;
        untrusted(client);
    }
}

#[tokio::test(start_paused = true)]
async fn a_router_may_not_welcome_by_a_method_that_was_not_offered() {
    for (builder, method) in [
        (builder().auth(Ticket::new("joe", "secret")), "anonymous"),
        (builder().auth(WampCra::new("joe", "secret")), "ticket"),
        (builder(), "cookie"),
    ] {
        let (client, _) = connect(builder, async |router| {
            router.hello().await;
            router.welcome_by(method, json!({})).await;
            router.expect_declined().await;
        })
        .await;
        assert!(matches!(why(client), AuthError::UnknownMethod(name) if name == method));
    }
}

#[tokio::test(start_paused = true)]
async fn hashing_too_little_or_too_much_is_declined_before_anything_is_computed() {
    let strict = CostBounds { pbkdf2_iterations: 10_000..=20_000, ..CostBounds::default() };
    let table = [
        (Scram::new("joe", "pencil"), 1),
        (Scram::new("joe", "pencil"), 4_095),
        (Scram::new("joe", "pencil"), 4_000_001),
        (Scram::new("joe", "pencil").cost_bounds(strict.clone()), 9_999),
        (Scram::new("joe", "pencil").cost_bounds(strict), 20_001),
    ];
    for (auth, iterations) in table {
        let (client, _) = connect(builder().auth(auth), async |router| {
            let mut challenge = scram_router(&router.hello().await, None).challenge();
            challenge.extra.insert("iterations", iterations);
            router.send_message(challenge.into()).await;
            router.expect_declined().await;
        })
        .await;
        let error = why(client);
        assert!(matches!(error, AuthError::Challenge(ChallengeError::Cost(_))), "{error:?}");
    }
    let (client, _) = connect(builder().auth(WampCra::new("joe", "secret")), async |router| {
        router.hello().await;
        let salt = json!({"challenge": "{}", "salt": "salt", "iterations": 1, "keylen": 32});
        router.send(json!([4, "wampcra", salt])).await;
        router.expect_declined().await;
    })
    .await;
    assert!(matches!(why(client), AuthError::Challenge(ChallengeError::Cost(_))));
}

#[tokio::test(start_paused = true)]
async fn a_challenge_is_signed_with_the_private_key() {
    let joe = Cryptosign::new(key(1)).authid("joe");
    for (auth, authid) in [(Cryptosign::new(key(1)), None), (joe, Some("joe"))] {
        let (client, _) = connect(builder().auth(auth), async |router| {
            let hello = router.hello().await;
            assert_eq!(hello.details.authid.as_deref(), authid);
            let request = cryptosign::Request::read(&hello.details.authextra).unwrap();
            assert!(!request.wants_router_proof());
            let challenger = cryptosign::Challenger::new(request, [3; 32], None, None);
            let proof = router.ask(challenger.challenge()).await;
            assert_eq!(challenger.verify(&proof), Ok(key(1).public()));
            router.welcome_by("cryptosign", json!({})).await;
        })
        .await;
        client.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_router_is_trusted_by_its_public_key_and_by_no_other() {
    let trusting = || builder().auth(Cryptosign::new(key(1)).trusting(key(2).public()));
    for (router_key, trusted) in [(Some(key(2)), true), (Some(key(3)), false), (None, false)] {
        let (client, _) = connect(trusting(), async |router| {
            let hello = router.hello().await;
            let request = cryptosign::Request::read(&hello.details.authextra).unwrap();
            let challenger =
                cryptosign::Challenger::new(request, [3; 32], None, router_key.as_ref());
            router.send_message(challenger.challenge().into()).await;
            if trusted {
                router.receive_code(5).await;
                router.welcome_by("cryptosign", json!({})).await;
            } else {
                router.expect_declined().await;
            }
        })
        .await;
        match trusted {
            true => drop(client.unwrap()),
            false => untrusted(client),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_router_is_asked_something_else_each_time() {
    let auth = Cryptosign::new(key(1)).trusting(key(2).public());
    let mut asked = Vec::new();
    for _ in 0..2 {
        let (_, _) = connect(builder().auth(auth.clone()), async |router| {
            asked.push(router.hello().await.details.authextra.get("challenge").cloned());
            router.send(json!([3, {}, "wamp.error.no_such_realm"])).await;
        })
        .await;
    }
    assert!(asked[0].is_some() && asked[0] != asked[1]);
}

#[tokio::test(start_paused = true)]
async fn a_proof_is_bound_to_the_connection_on_demand() {
    let scram = builder().auth(Scram::new("joe", "pencil").channel_binding());
    let (client, _) = connect(identified(scram), async |router| {
        let hello = router.hello().await;
        let challenger = scram_router(&hello, Some(channel()));
        let proof = router.ask(challenger.challenge()).await;
        let welcome = challenger.verify(&proof).unwrap();
        router.welcome_by("wamp-scram", verifier(&welcome)).await;
    })
    .await;
    client.unwrap();

    let cryptosign = || identified(builder().auth(Cryptosign::new(key(1)).channel_binding()));
    for bound in [true, false] {
        let (client, _) = connect(cryptosign(), async |router| {
            let hello = router.hello().await;
            let request = cryptosign::Request::read(&hello.details.authextra).unwrap();
            assert_eq!(request.binding(), Some(BindingKind::TlsExporter));
            let channel = bound.then(channel);
            let challenger = cryptosign::Challenger::new(request, [3; 32], channel.as_ref(), None);
            router.send_message(challenger.challenge().into()).await;
            if bound {
                let Message::Authenticate(proof) = router.message().await else { panic!() };
                challenger.verify(&proof).unwrap();
                router.welcome_by("cryptosign", json!({})).await;
            } else {
                router.expect_declined().await;
            }
        })
        .await;
        if bound {
            client.unwrap();
        } else {
            let error = why(client);
            let downgrade = matches!(error, AuthError::Challenge(ChallengeError::Downgrade { .. }));
            assert!(downgrade, "{error:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_proof_that_cannot_be_bound_as_demanded_is_not_given() {
    let scram = builder().auth(Scram::new("joe", "pencil").channel_binding());
    let cryptosign = builder().auth(Cryptosign::new(key(1)).channel_binding());
    for builder in [scram, cryptosign] {
        let (client, _) = connect(builder, async |router| {
            assert_eq!(router.receive_or_end().await, None, "not even HELLO");
        })
        .await;
        assert!(matches!(why(client), AuthError::NoBinding(_)));
    }
}

#[tokio::test(start_paused = true)]
async fn of_several_methods_the_router_chooses() {
    let several = || {
        builder()
            .auth(Cryptosign::new(key(1)))
            .auth(Scram::new("joe", "pencil"))
            .auth(WampCra::new("joe", "secret"))
            .auth(Ticket::new("joe", "secret"))
            .auth(Anonymous)
    };
    let names = ["cryptosign", "wamp-scram", "wampcra", "ticket", "anonymous"];
    for chosen in names {
        let (client, _) = connect(several(), async |router| {
            let hello = router.hello().await;
            assert_eq!(hello.details.authmethods, names);
            assert_eq!(hello.details.authid.as_deref(), Some("joe"));
            let authextra = &hello.details.authextra;
            let mut welcome = json!({});
            match chosen {
                "cryptosign" => {
                    let request = cryptosign::Request::read(authextra).unwrap();
                    let challenger = cryptosign::Challenger::new(request, [3; 32], None, None);
                    let proof = router.ask(challenger.challenge()).await;
                    challenger.verify(&proof).unwrap();
                }
                "wamp-scram" => {
                    let challenger = scram_router(&hello, None);
                    let proof = router.ask(challenger.challenge()).await;
                    welcome = verifier(&challenger.verify(&proof).unwrap());
                }
                "wampcra" => {
                    let extra = [("challenge", "{}")].into_iter().collect();
                    let proof = router.ask(Challenge { method: chosen.into(), extra }).await;
                    wampcra::Key::plain("secret").verify("{}", &proof.signature).unwrap();
                }
                "ticket" => {
                    let extra = Dict::new();
                    let proof = router.ask(Challenge { method: chosen.into(), extra }).await;
                    assert_eq!(proof.signature, "secret");
                }
                _ => {}
            }
            router.welcome_by(chosen, welcome).await;
        })
        .await;
        client.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn two_rounds_are_two_proofs_and_each_counts() {
    for proves in [true, false] {
        let both = builder().auth(Scram::new("joe", "pencil")).auth(Ticket::new("joe", "one-time"));
        let (client, _) = connect(both, async |router| {
            let challenger = scram_router(&router.hello().await, None);
            let proof = router.ask(challenger.challenge()).await;
            let welcome = verifier(&challenger.verify(&proof).unwrap());
            let extra = Dict::new();
            let proof = router.ask(Challenge { method: "ticket".into(), extra }).await;
            assert_eq!(proof.signature, "one-time");
            router.welcome_by("ticket", if proves { welcome } else { json!({}) }).await;
            if !proves {
                router.expect_declined().await;
            }
        })
        .await;
        match proves {
            true => drop(client.unwrap()),
            false => untrusted(client),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn methods_that_contradict_each_other_are_not_offered() {
    for builder in [
        builder().auth(Ticket::new("joe", "secret")).auth(WampCra::new("jim", "secret")),
        builder().auth(Cryptosign::new(key(1))).auth(Cryptosign::new(key(2))),
        identified(builder())
            .auth(Scram::new("joe", "pencil").channel_binding())
            .auth(Named("other")),
    ] {
        let (client, _) = connect(builder, async |router| {
            assert_eq!(router.receive_or_end().await, None, "not even HELLO");
        })
        .await;
        assert!(matches!(why(client), AuthError::Contradiction(_)));
    }
}

/// An authenticator of one's own.
struct Named(&'static str);

impl auth::Authenticator for Named {
    fn method(&self) -> &'static str {
        "x-named"
    }

    fn begin(&self, _: &auth::Connection) -> Result<Box<dyn auth::Attempt>, AuthError> {
        Ok(Box::new(Self(self.0)))
    }
}

impl auth::Attempt for Named {
    fn authextra(&self) -> Dict {
        [("channel_binding", self.0)].into_iter().collect()
    }

    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> auth::BoxFuture<'a, Result<auth::Answer, AuthError>> {
        let extra = challenge.extra.clone();
        Box::pin(async { Ok(auth::Answer::new(self.0).with_extra(extra)) })
    }
}

#[tokio::test(start_paused = true)]
async fn an_authenticator_of_ones_own_is_asked_like_the_others() {
    let (client, _) = connect(builder().auth(Named("mine")), async |router| {
        let hello = router.receive_code(1).await;
        assert_eq!(hello[2]["authmethods"], json!(["x-named"]));
        router.send(json!([4, "x-named", {"riddle": 1}])).await;
        router.expect(json!([5, "mine", {"riddle": 1}])).await;
        router.welcome().await;
    })
    .await;
    client.unwrap();
}

#[tokio::test]
async fn a_ticket_is_not_offered_where_others_can_read_it_not_even_among_others() {
    let builder = Client::builder("ws://router.example/ws")
        .realm("realm1")
        .auth(Scram::new("joe", "pencil"))
        .auth(Ticket::new("joe", "secret"));
    let shown = format!("{builder:?}");
    assert!(shown.contains("wamp-scram") && !shown.contains("pencil"), "{shown}");
    let error = why(builder.connect().await);
    assert!(matches!(error, AuthError::NotConfidential(method) if method == "ticket"));
}
