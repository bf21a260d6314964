//! Procedures that say who may come in.

use super::bench::{Bench, COST, Client, REALM, SECRET, key, text};
use crate::{
    authentication::dynamic::{CallFailure, Calling, Procedures},
    config::{DynamicSettings, Method},
};
use data_encoding::{BASE64, HEXLOWER};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use wamplex_shared::{
    auth::{ScramCredentials, wampcra},
    uris::error,
    value::{Dict, List, Value},
};

const METHODS: [Method; 4] = [Method::Cryptosign, Method::Scram, Method::Wampcra, Method::Ticket];

const AUTHENTICATE: &str = "com.example.authenticate";

/// Answers every call the same, and notes how it was called.
#[derive(Debug)]
struct Callee {
    answer: Option<Result<Value, CallFailure>>,
    calls: Mutex<Vec<(String, String, List)>>,
    running: AtomicUsize,
    /// The most calls that ran at once.
    most: AtomicUsize,
}

/// A call that runs.
struct Running<'a>(&'a AtomicUsize);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Procedures for Callee {
    fn call<'a>(&'a self, realm: &'a str, procedure: &'a str, args: List) -> Calling<'a> {
        self.calls.lock().push((realm.to_owned(), procedure.to_owned(), args));
        Box::pin(async move {
            self.most.fetch_max(self.running.fetch_add(1, SeqCst) + 1, SeqCst);
            let _running = Running(&self.running);
            match &self.answer {
                Some(answer) => answer.clone(),
                None => std::future::pending().await,
            }
        })
    }
}

/// A realm whose authenticator answers so; `None` for never.
fn bench(answer: Option<Result<Value, CallFailure>>) -> (Bench, Arc<Callee>) {
    let callee = Callee {
        answer,
        calls: Mutex::default(),
        running: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
    };
    let callee = Arc::new(callee);
    let mut bench = Bench::new(&METHODS);
    bench.settings.dynamic = Some(DynamicSettings::new(AUTHENTICATE));
    bench.procedures = Some(Arc::clone(&callee) as Arc<dyn Procedures>);
    (bench, callee)
}

fn dict<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Dict(entries.into_iter().collect())
}

fn role() -> (&'static str, Value) {
    ("role", "guest".into())
}

#[tokio::test]
async fn each_method_is_carried_out_with_what_the_procedure_answers() {
    let scram = ScramCredentials::new(SECRET, b"salt and pepper.", COST).unwrap();
    let salting = wampcra::Salting::new("salt");
    let derived = wampcra::Key::derive(SECRET, &salting).unwrap();
    let number = |n: u32| Value::from(n);
    for (method, answer) in [
        ("ticket", Value::from("guest")),
        ("ticket", dict([role()])),
        ("wampcra", dict([role(), ("secret", SECRET.into())])),
        (
            "wampcra",
            dict([
                role(),
                ("secret", derived.as_text().into()),
                ("salt", "salt".into()),
                ("iterations", number(1000)),
                ("keylen", number(32)),
            ]),
        ),
        (
            "wamp-scram",
            dict([
                role(),
                ("kdf", "pbkdf2".into()),
                ("salt", BASE64.encode(&scram.salt).into()),
                ("iterations", number(scram.iterations)),
                ("stored_key", BASE64.encode(&scram.stored_key).into()),
                ("server_key", BASE64.encode(&scram.server_key).into()),
            ]),
        ),
        (
            "wamp-scram",
            dict([
                role(),
                ("kdf", "pbkdf2".into()),
                ("salt", HEXLOWER.encode(&scram.salt).into()),
                ("iterations", number(scram.iterations)),
                ("memory", Value::Null),
                ("stored-key", HEXLOWER.encode(&scram.stored_key).into()),
                ("server-key", HEXLOWER.encode(&scram.server_key).into()),
            ]),
        ),
        ("cryptosign", dict([role(), ("pubkey", key().public().to_string().into())])),
        (
            "cryptosign",
            dict([role(), ("authorized_keys", vec![key().public().to_string().into()].into())]),
        ),
    ] {
        let (bench, callee) = bench(Some(Ok(answer)));
        let realm = bench.open();
        let identity = Client::new("joe", &[method]).join(&realm).await.unwrap();
        let found = (&*identity.authid, &*identity.authrole, &*identity.authprovider);
        assert_eq!(found, ("joe", "guest", "dynamic"), "{method}");
        let calls = std::mem::take(&mut *callee.calls.lock());
        let [(within, procedure, args)] = &calls[..] else { panic!("{method}") };
        assert_eq!((&**within, &**procedure), (REALM, AUTHENTICATE));
        let [Value::Str(of), Value::Str(authid), Value::Dict(details)] = &args[..] else {
            panic!("{args:?}")
        };
        assert_eq!((&**of, &**authid), (REALM, "joe"));
        assert_eq!(text(details, "authmethod"), Some(method));
        assert_eq!(details.get("session"), Some(&Value::from(4711)));
        let ticket = (method == "ticket").then_some(SECRET);
        assert_eq!(text(details, "ticket"), ticket);
        let Some(Value::Dict(transport)) = details.get("transport") else { panic!() };
        assert_eq!(text(transport, "peer"), Some("127.0.0.1:1"));
        if method != "ticket" {
            let wrong = Client {
                secret: "wrong",
                key: wamplex_shared::auth::cryptosign::Key::from_seed(&[1; 32]),
                ..Client::new("joe", &[method])
            };
            assert_eq!(wrong.hears(&realm).await.0, error::AUTHENTICATION_DENIED);
        }
    }
}

#[tokio::test]
async fn the_procedure_may_name_the_principal_and_add_to_welcome() {
    let extra: Dict = [("x_team", Value::from("red"))].into_iter().collect();
    let answer = dict([
        role(),
        ("authid", "joseph".into()),
        ("realm", REALM.into()),
        ("extra", extra.into()),
    ]);
    let realm = bench(Some(Ok(answer))).0.open();
    for authid in [Some("joe"), None] {
        let client = Client { authid, ..Client::new("", &["ticket"]) };
        let identity = client.join(&realm).await.unwrap();
        assert_eq!(
            (&*identity.authid, text(&identity.authextra, "x_team")),
            ("joseph", Some("red"))
        );
    }
}

#[tokio::test]
async fn an_error_of_the_procedure_is_a_no_that_looks_like_a_wrong_secret() {
    let failure = CallFailure::Error("com.example.no_such_user".into());
    let realm = bench(Some(Err(failure))).0.open();
    for method in METHODS {
        let heard = Client::new("joe", &[method.as_str()]).hears(&realm).await;
        let message = "the credentials are not accepted".to_owned();
        assert_eq!(heard, (error::AUTHENTICATION_DENIED, message), "{method}");
    }
}

#[tokio::test]
async fn a_procedure_that_is_not_there_lets_nobody_in() {
    for failure in [
        CallFailure::Error(error::NO_SUCH_PROCEDURE.into()),
        CallFailure::Error(error::CANCELED.into()),
        CallFailure::Unreachable("the realm is closed".into()),
    ] {
        let realm = bench(Some(Err(failure.clone()))).0.open();
        for method in METHODS {
            let (uri, _) = Client::new("joe", &[method.as_str()]).hears(&realm).await;
            assert_eq!(uri, error::AUTHENTICATION_FAILED, "{method} {failure:?}");
        }
    }
    let mut bench = Bench::new(&METHODS);
    bench.settings.dynamic = Some(DynamicSettings::new(AUTHENTICATE));
    let (uri, _) = Client::new("joe", &["ticket"]).hears(&bench.open()).await;
    assert_eq!(uri, error::AUTHENTICATION_FAILED);
}

#[tokio::test(start_paused = true)]
async fn a_procedure_that_does_not_answer_lets_nobody_in() {
    let realm = bench(None).0.open();
    for method in METHODS {
        let begun = tokio::time::Instant::now();
        let (uri, _) = Client::new("joe", &[method.as_str()]).hears(&realm).await;
        assert_eq!(uri, error::AUTHENTICATION_FAILED, "{method}");
        assert_eq!(begun.elapsed().as_secs(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_run_at_once_than_the_settings_say() {
    let (mut bench, callee) = bench(None);
    let dynamic = bench.settings.dynamic.as_mut().unwrap();
    dynamic.concurrency = 2;
    dynamic.time_limit = Duration::from_secs(1);
    let realm = bench.open();
    let client = Client::new("joe", &["wampcra"]);
    let joins: Vec<_> = (0..5)
        .map(|_| {
            let (client, realm) = (client.clone(), Arc::clone(&realm));
            tokio::spawn(async move { client.join(&realm).await })
        })
        .collect();
    for join in joins {
        assert_eq!(join.await.unwrap().unwrap_err().uri, error::AUTHENTICATION_FAILED);
    }
    assert_eq!(callee.most.load(SeqCst), 2);
}

#[tokio::test]
async fn answers_that_cannot_be_read_let_nobody_in() {
    for (method, answer) in [
        ("ticket", Value::Null),
        ("ticket", true.into()),
        ("ticket", dict([])),
        ("ticket", "".into()),
        ("ticket", dict([("role", "".into())])),
        ("ticket", dict([("role", 1.into())])),
        ("ticket", dict([role(), ("realm", "another".into())])),
        ("ticket", dict([role(), ("authid", 1.into())])),
        ("ticket", dict([role(), ("extra", 1.into())])),
        ("wampcra", "guest".into()),
        ("wampcra", dict([role()])),
        ("wampcra", dict([role(), ("secret", "".into())])),
        ("wampcra", dict([role(), ("secret", "x".into()), ("salt", 1.into())])),
        ("wamp-scram", dict([role()])),
        ("wamp-scram", dict([role(), ("kdf", "md5".into())])),
        ("cryptosign", dict([role()])),
        ("cryptosign", dict([role(), ("pubkey", "abc".into())])),
    ] {
        let realm = bench(Some(Ok(answer.clone()))).0.open();
        let (uri, _) = Client::new("joe", &[method]).hears(&realm).await;
        assert_eq!(uri, error::AUTHENTICATION_FAILED, "{method} {answer:?}");
    }
}

#[tokio::test]
async fn principals_that_are_known_otherwise_are_not_asked_about() {
    let (bench, callee) = bench(Some(Ok("guest".into())));
    let realm = bench.open();
    assert_eq!(Client::new("ticket", &["ticket"]).join(&realm).await.unwrap().authrole, "user");
    let wrong = Client { secret: "wrong", ..Client::new("ticket", &["ticket"]) };
    assert!(wrong.join(&realm).await.is_err());
    assert!(Client::new("wampcra", &["ticket"]).join(&realm).await.is_err());
    assert!(callee.calls.lock().is_empty());
}

#[tokio::test]
async fn anonymous_clients_are_asked_about_if_the_settings_say_so() {
    for (methods, expected) in [(vec![], "anonymous"), (vec![Method::Anonymous], "guest")] {
        let answer = dict([role(), ("authid", "somebody".into())]);
        let (mut bench, callee) = bench(Some(Ok(answer)));
        bench.settings.methods.push(Method::Anonymous);
        bench.settings.dynamic.as_mut().unwrap().methods = methods;
        let realm = bench.open();
        let client = Client { authid: None, ..Client::new("", &[]) };
        assert_eq!(client.join(&realm).await.unwrap().authrole, expected);
        assert_eq!(callee.calls.lock().len(), usize::from(expected == "guest"));
    }
}

#[tokio::test]
async fn who_claims_to_be_a_principal_and_comes_in_as_nobody_is_asked_about_and_does_not_get_the_name()
 {
    for offers in [&["anonymous"][..], &["ticket", "anonymous"], &["anonymous", "ticket"]] {
        let (mut bench, callee) = bench(Some(Ok("guest".into())));
        bench.settings.methods.push(Method::Anonymous);
        bench.settings.dynamic.as_mut().unwrap().methods = vec![Method::Anonymous];
        // A principal that has no ticket.
        let identity = Client::new("wampcra", offers).join(&bench.open()).await.unwrap();
        assert_eq!((&*identity.authrole, &*identity.authmethod), ("guest", "anonymous"));
        assert_ne!(identity.authid, "wampcra", "{offers:?}");
        assert_eq!(callee.calls.lock().len(), 1, "{offers:?}");
    }
}

#[tokio::test]
async fn an_empty_name_is_none() {
    let (bench, _) = bench(Some(Ok("guest".into())));
    let (uri, _) = Client::new("", &["ticket"]).hears(&bench.open()).await;
    assert_eq!(uri, error::AUTHENTICATION_FAILED);
}
