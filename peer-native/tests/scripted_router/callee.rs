//! Procedures as their callee sees them.

use crate::router::session;
use core::future::IntoFuture as _;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Notify;
use wamplex::{
    Args, Caller, Ctx, Error, Invocation, Invoke, Kwargs, MatchPolicy, Reply, WampError,
};

type Answer<T> = Result<T, WampError>;

#[tokio::test(start_paused = true)]
async fn an_invocation_is_answered_with_what_the_handler_returns() {
    let (client, mut router) = session().await;
    #[derive(Deserialize)]
    struct Unit {
        unit: String,
    }
    let handler = |Args((a, b)): Args<(i64, i64)>, Kwargs(unit): Kwargs<Unit>, caller: Caller| {
        assert_eq!(caller.session.map(|id| id.get()), Some(99));
        async move { Answer::Ok(format!("{} {}", a * b, unit.unit)) }
    };
    let register = client.register("com.example.area", handler).into_future();
    let (registration, _) = tokio::join!(register, router.registered(5));
    assert_eq!(registration.unwrap().id().get(), 5, "kept until here");
    router.receive_code(66).await;
    router.send(json!([68, 1, 5, {"caller": 99}, [2, 3], {"unit": "m"}])).await;
    router.expect(json!([70, 1, {}, ["6 m"]])).await;
}

#[tokio::test(start_paused = true)]
async fn options_of_a_registration_are_sent() {
    let (client, mut router) = session().await;
    let register = client
        .register("com.example.", || async { Answer::Ok(()) })
        .match_policy(MatchPolicy::Prefix)
        .invoke(Invoke::RoundRobin)
        .disclose_caller(true)
        .concurrency(8)
        .into_future();
    let (registration, register) = tokio::join!(register, router.registered(5));
    let options = json!({
        "match": "prefix", "invoke": "roundrobin", "disclose_caller": true, "concurrency": 8,
    });
    assert_eq!(register, json!([64, 1, options, "com.example."]));
    drop(registration);
}

#[tokio::test(start_paused = true)]
async fn a_refused_registration_is_an_error() {
    let (client, mut router) = session().await;
    let script = async {
        router.receive_code(64).await;
        router.send(json!([8, 64, 1, {}, "wamp.error.procedure_already_exists"])).await;
    };
    let register = client.register("com.example.x", || async { Answer::Ok(()) }).into_future();
    let (registration, ()) = tokio::join!(register, script);
    assert_eq!(registration.unwrap_err().uri(), "wamp.error.procedure_already_exists");
}

#[tokio::test(start_paused = true)]
async fn every_way_a_handler_can_fail_is_answered_with_an_error() {
    let (client, mut router) = session().await;
    let handler = |Args((what,)): Args<(String,)>| {
        assert_ne!(what, "panic at once");
        async move {
            match what.as_str() {
                "panic" => panic!("the secret is 42"),
                "error" => Err(WampError::new("com.example.error").with_args((7, "x"))?),
                "nested" => Err(Error::Canceled.into()),
                _ => Answer::Ok(what),
            }
        }
    };
    let register = client.register("com.example.x", handler).into_future();
    let (registration, _) = tokio::join!(register, router.registered(5));
    for (request, (argument, error)) in [
        (json!("panic"), "wamp.error.runtime_error"),
        (json!("panic at once"), "wamp.error.runtime_error"),
        (json!("error"), "com.example.error"),
        (json!("nested"), "wamp.error.canceled"),
        (json!(5), "wamp.error.invalid_argument"),
    ]
    .into_iter()
    .enumerate()
    {
        router.send(json!([68, request + 1, 5, {}, [argument]])).await;
        let answer = router.receive_code(8).await;
        assert_eq!((&answer[1], &answer[2]), (&json!(68), &json!(request + 1)));
        assert_eq!(answer[4], error, "{argument}: {answer}");
        assert!(!answer.to_string().contains("secret"), "what a panic says is for the log");
        if error == "com.example.error" {
            assert_eq!(answer[5], json!([7, "x"]));
        }
    }
    router.send(json!([68, 9, 5, {}, ["fine"]])).await;
    router.expect(json!([70, 9, {}, ["fine"]])).await;
    router.expect_alive(&client).await;
    drop(registration);
}

#[tokio::test(start_paused = true)]
async fn a_reply_may_have_any_arguments() {
    let (client, mut router) = session().await;
    let handler = |call: Invocation| async move {
        Answer::Ok(
            Reply::args((call.procedure().as_str().to_owned(), -1)).kwargs(json!({"k": null})),
        )
    };
    let register = client.register("com.example.", handler).into_future();
    let (registration, _) = tokio::join!(register, router.registered(5));
    router.send(json!([68, 1, 5, {"procedure": "com.example.y"}])).await;
    router.expect(json!([70, 1, {}, ["com.example.y", -1], {"k": null}])).await;
    drop(registration);
}

#[tokio::test(start_paused = true)]
async fn progress_is_sent_only_to_callers_that_take_it() {
    let (client, mut router) = session().await;
    let handler = |Args((n,)): Args<(u32,)>, cx: Ctx| async move {
        for i in 0..n {
            cx.progress(i).await?;
        }
        Answer::Ok("done")
    };
    let register = client.register("com.example.slow", handler).into_future();
    let (registration, _) = tokio::join!(register, router.registered(5));
    router.send(json!([68, 1, 5, {"receive_progress": true}, [2]])).await;
    router.expect(json!([70, 1, {"progress": true}, [0]])).await;
    router.expect(json!([70, 1, {"progress": true}, [1]])).await;
    router.expect(json!([70, 1, {}, ["done"]])).await;
    router.send(json!([68, 2, 5, {}, [2]])).await;
    router.expect(json!([70, 2, {}, ["done"]])).await;
    drop(registration);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_is_told_to_a_handler_that_listens() {
    let (client, mut router) = session().await;
    let handler = |cx: Ctx| async move {
        cx.cancel.cancelled().await;
        assert!(matches!(cx.progress(1).await, Err(Error::Canceled)));
        Answer::Ok("as far as I got")
    };
    let register = client.register("com.example.slow", handler).into_future();
    let (registration, _) = tokio::join!(register, router.registered(5));
    router.send(json!([68, 1, 5, {"receive_progress": true}])).await;
    router.send(json!([69, 1, {"mode": "kill"}])).await;
    router.expect(json!([70, 1, {}, ["as far as I got"]])).await;
    router.send(json!([69, 1, {"mode": "kill"}])).await;
    router.expect_alive(&client).await;
    drop(registration);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_drops_a_handler_that_does_not_listen() {
    let (client, mut router) = session().await;
    struct Dropped(Arc<Notify>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let dropped = Arc::new(Notify::new());
    let witness = dropped.clone();
    let handler = move || {
        let guard = Dropped(witness.clone());
        async move {
            core::future::pending::<()>().await;
            drop(guard);
            Answer::Ok(())
        }
    };
    let register = client.register("com.example.slow", handler).into_future();
    let (registration, _) = tokio::join!(register, router.registered(5));
    router.send(json!([68, 1, 5, {}])).await;
    router.send(json!([69, 1, {"mode": "killnowait"}])).await;
    router.expect(json!([8, 68, 1, {}, "wamp.error.canceled"])).await;
    dropped.notified().await;
    drop(registration);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_allowed_invocations_are_served_at_once_and_in_their_order() {
    let (client, mut router) = session().await;
    let gate = Arc::new(Notify::new());
    let open = gate.clone();
    let handler = move |Args((n,)): Args<(u32,)>, cx: Ctx| {
        let gate = gate.clone();
        async move {
            cx.progress(n).await?;
            gate.notified().await;
            Answer::Ok(n)
        }
    };
    let register = client.register("com.example.one", handler).concurrency(1).into_future();
    let (registration, _) = tokio::join!(register, router.registered(5));
    for request in 1..=4 {
        router.send(json!([68, request, 5, {"receive_progress": true}, [request]])).await;
    }
    router.expect(json!([70, 1, {"progress": true}, [1]])).await;
    router.send(json!([69, 3, {"mode": "kill"}])).await;
    router.expect(json!([8, 68, 3, {}, "wamp.error.canceled"])).await;
    for request in [1, 2, 4] {
        router.expect_nothing(&client).await;
        open.notify_one();
        router.expect(json!([70, request, {}, [request]])).await;
        if request < 4 {
            let next = if request == 1 { 2 } else { 4 };
            router.expect(json!([70, next, {"progress": true}, [next]])).await;
        }
    }
    drop(registration);
}

#[tokio::test(start_paused = true)]
async fn invocations_that_cross_unregister_are_served_and_later_ones_refused() {
    let (client, mut router) = session().await;
    let register = client.register("com.example.x", || async { Answer::Ok(1) }).into_future();
    let (registration, _) = tokio::join!(register, router.registered(5));
    let unregister = registration.unwrap().unregister();
    let script = async {
        router.expect(json!([66, 2, 5])).await;
        router.send(json!([68, 1, 5, {}])).await;
        router.expect(json!([70, 1, {}, [1]])).await;
        router.send(json!([67, 2])).await;
    };
    let (unregistered, ()) = tokio::join!(unregister, script);
    unregistered.unwrap();
    router.send(json!([68, 2, 5, {}])).await;
    router.expect(json!([8, 68, 2, {}, "wamp.error.no_such_registration"])).await;
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_is_taken_away_while_it_is_given_up_is_gone_and_that_is_all() {
    let (client, mut router) = session().await;
    let register = client.register("com.example.go", async || Answer::Ok(1)).into_future();
    let (registration, _) = tokio::join!(register, router.registered(5));
    let script = async {
        router.expect(json!([66, 2, 5])).await;
        router.send(json!([67, 0, {"registration": 5}])).await;
        router.send(json!([8, 66, 2, {}, "wamp.error.no_such_registration"])).await;
    };
    let (unregistered, ()) = tokio::join!(registration.unwrap().unregister(), script);
    unregistered.unwrap();
    router.expect_alive(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_registration_ends_when_it_is_dropped_unless_it_is_detached() {
    let (client, mut router) = session().await;
    let register = || client.register("com.example.x", || async { Answer::Ok(1) }).into_future();
    let (registration, _) = tokio::join!(register(), router.registered(5));
    drop(registration.unwrap());
    router.expect(json!([66, 2, 5])).await;
    router.send(json!([67, 2])).await;
    let (registration, _) = tokio::join!(register(), router.registered(6));
    registration.unwrap().detach();
    router.send(json!([68, 1, 6, {}])).await;
    router.expect(json!([70, 1, {}, [1]])).await;
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_nobody_waits_for_any_more_is_given_up() {
    let (client, mut router) = session().await;
    let register = client.register("com.example.x", || async { Answer::Ok(1) }).into_future();
    let wait = core::time::Duration::from_secs(1);
    assert!(tokio::time::timeout(wait, register).await.is_err());
    router.registered(5).await;
    router.expect(json!([66, 2, 5])).await;
}
