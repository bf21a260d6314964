//! Calls as their caller sees them.

use crate::router::session;
use core::time::Duration;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::timeout;
use wamplex::{CancelMode, CancellationToken, Error};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_result_is_read_as_the_first_argument_or_as_a_whole() {
    let (client, mut router) = session().await;
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Options {
        unit: String,
    }
    let script = async {
        router
            .expect(
                json!([48, 1, {"disclose_me": true}, "com.example.area", [2, 3], {"unit": "m"}]),
            )
            .await;
        router.send(json!([50, 1, {}, [6, "square"], {"unit": "m"}])).await;
        router.expect(json!([48, 2, {}, "com.example.nothing"])).await;
        router.send(json!([50, 2, {}])).await;
    };
    let calls = async {
        let unit = Options { unit: "m".into() };
        let call = client.call("com.example.area").args((2, 3)).kwargs(&unit).disclose_me(true);
        let result = call.await.unwrap();
        assert_eq!(result.get::<i64>().unwrap(), 6);
        assert_eq!(result.args::<(i64, String)>().unwrap(), (6, "square".into()));
        assert_eq!(result.kwargs::<Options>().unwrap(), unit);
        assert!(matches!(result.get::<String>(), Err(Error::Payload(_))));
        client.call("com.example.nothing").get::<()>().await.unwrap();
    };
    tokio::join!(calls, script);
}

#[tokio::test(start_paused = true)]
async fn an_error_keeps_its_uri_and_its_arguments() {
    let (client, mut router) = session().await;
    let script = async {
        router.receive_code(48).await;
        router.send(json!([8, 48, 1, {}, "com.example.error", ["too big", 7], {"max": 5}])).await;
    };
    let (result, ()) = tokio::join!(client.call("com.example.x").get::<i64>(), script);
    let error = result.unwrap_err();
    assert_eq!(error.uri(), "com.example.error");
    let error = error.as_wamp().unwrap();
    assert_eq!(error.args::<(String, i64)>().unwrap(), ("too big".into(), 7));
    assert_eq!(error.kwargs::<Value>().unwrap(), json!({"max": 5}));
}

#[tokio::test(start_paused = true)]
async fn answers_find_their_calls_in_any_order() {
    let (client, mut router) = session().await;
    let script = async {
        for _ in 0..3 {
            router.receive_code(48).await;
        }
        for request in [2, 3, 1] {
            router.send(json!([50, request, {}, [request * 10]])).await;
        }
    };
    let call = |name: &str| client.call(name.to_owned()).get::<i64>();
    let (a, b, c, ()) = tokio::join!(call("a.a"), call("b.b"), call("c.c"), script);
    assert_eq!([a.unwrap(), b.unwrap(), c.unwrap()], [10, 20, 30]);
}

#[tokio::test(start_paused = true)]
async fn arguments_that_cannot_be_written_are_an_error_and_send_nothing() {
    let (client, mut router) = session().await;
    let no_list = client.call("com.example.x").args(5).await;
    assert!(matches!(no_list, Err(Error::Payload(_))), "{no_list:?}");
    let no_map = client.publish("com.example.x").kwargs([1, 2]).await;
    assert!(matches!(no_map, Err(Error::Payload(_))), "{no_map:?}");
    router.expect_nothing(&client).await;
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_cancels_it_and_its_late_answer_is_swallowed() {
    let (client, mut router) = session().await;
    let call = client.call("com.example.slow").get::<i64>();
    timeout(SECOND, call).await.unwrap_err();
    assert_eq!(router.receive_code(48).await[3], "com.example.slow");
    router.expect(json!([49, 1, {"mode": "killnowait"}])).await;
    router.send(json!([50, 1, {}, [7]])).await;
    router.send(json!([8, 48, 1, {}, "wamp.error.canceled"])).await;
    router.expect_alive(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_before_it_was_made_is_not_made() {
    let (client, mut router) = session().await;
    drop(client.call("com.example.never").get::<i64>());
    router.expect_nothing(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_sent_and_kept_by_this_side_too() {
    let (client, mut router) = session().await;
    let script = async {
        router.expect(json!([48, 1, {"timeout": 1001}, "com.example.slow"])).await;
        router.expect(json!([49, 1, {"mode": "killnowait"}])).await;
        router.send(json!([50, 1, {}, ["late"]])).await;
    };
    let limit = Duration::from_micros(1_000_500);
    let call = client.call("com.example.slow").timeout(limit).get::<String>();
    let (result, ()) = tokio::join!(call, script);
    assert!(matches!(result, Err(Error::Timeout(after)) if after == limit), "{result:?}");
    router.expect_alive(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_the_router_is_the_same_error_as_one_of_this_side() {
    let (client, mut router) = session().await;
    let script = async {
        router.receive_code(48).await;
        router.send(json!([8, 48, 1, {}, "wamp.error.timeout"])).await;
    };
    let call = client.call("com.example.slow").timeout(SECOND).get::<String>();
    let (result, ()) = tokio::join!(call, script);
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Timeout(SECOND)) && error.is_timeout());
}

#[tokio::test(start_paused = true)]
async fn progress_is_a_stream_and_then_a_result() {
    let (client, mut router) = session().await;
    let script = async {
        router.expect(json!([48, 1, {"receive_progress": true}, "com.example.slow", [3]])).await;
        for i in 0..3 {
            router.send(json!([50, 1, {"progress": true}, [i]])).await;
        }
        router.send(json!([50, 1, {}, ["done"]])).await;
    };
    let call = async {
        let call = client.call("com.example.slow").args((3,));
        let mut steps = call.progress::<u32, String>().await.unwrap();
        let mut seen = Vec::new();
        while let Some(step) = steps.next().await {
            seen.push(step.unwrap());
        }
        assert_eq!(seen, [0, 1, 2]);
        assert_eq!(steps.result().await.unwrap(), "done");
    };
    tokio::join!(call, script);
}

#[tokio::test(start_paused = true)]
async fn each_piece_of_a_result_starts_the_timeout_anew() {
    let (client, mut router) = session().await;
    let script = async {
        router.receive_code(48).await;
        for i in 0..5 {
            tokio::time::sleep(SECOND / 2).await;
            router.send(json!([50, 1, {"progress": true}, [i]])).await;
        }
        router.expect(json!([49, 1, {"mode": "killnowait"}])).await;
    };
    let call = async {
        let call = client.call("com.example.slow").timeout(SECOND);
        let mut steps = call.progress::<u32, ()>().await.unwrap();
        let mut seen = 0;
        while let Some(step) = steps.next().await {
            step.unwrap();
            seen += 1;
        }
        assert_eq!(seen, 5);
        assert!(matches!(steps.result().await, Err(Error::Timeout(SECOND))));
    };
    tokio::join!(call, script);
}

#[tokio::test(start_paused = true)]
async fn pieces_that_are_not_read_leave_a_gap_and_the_result_is_unharmed() {
    let (client, mut router) = session().await;
    let steps = client.call("com.example.slow").progress::<u32, String>().await.unwrap();
    router.receive_code(48).await;
    for i in 0..1030 {
        router.send(json!([50, 1, {"progress": true}, [i]])).await;
    }
    router.send(json!([50, 1, {}, ["done"]])).await;
    router.expect_alive(&client).await;
    let mut steps = steps;
    let first = steps.next().await.unwrap();
    assert!(matches!(first, Err(Error::Lagged { missed: 6 })), "{first:?}");
    assert_eq!(steps.next().await.unwrap().unwrap(), 6);
    assert_eq!(steps.by_ref().count().await, 1023);
    assert_eq!(steps.result().await.unwrap(), "done");
}

#[tokio::test(start_paused = true)]
async fn dropping_a_stream_of_progress_cancels_the_call() {
    let (client, mut router) = session().await;
    let steps = client.call("com.example.slow").progress::<u32, ()>().await.unwrap();
    router.receive_code(48).await;
    drop(steps);
    router.expect(json!([49, 1, {"mode": "killnowait"}])).await;
    router.send(json!([50, 1, {"progress": true}, [1]])).await;
    router.expect_alive(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_cancels_its_calls_at_once() {
    for (mode, name) in [(CancelMode::Skip, "skip"), (CancelMode::KillNoWait, "killnowait")] {
        let (client, mut router) = session().await;
        let token = CancellationToken::new();
        let script = async {
            router.receive_code(48).await;
            token.cancel();
            router.expect(json!([49, 1, {"mode": name}])).await;
        };
        let call = client.call("com.example.slow").cancel_mode(mode).cancel_on(token.clone());
        let (result, ()) = tokio::join!(call.get::<i64>(), script);
        assert!(matches!(result, Err(Error::Canceled)), "{result:?}");
        router.expect_alive(&client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_killed_waits_for_what_the_callee_says() {
    for (answer, canceled) in [
        (json!([50, 1, {}, [7]]), false),
        (json!([8, 48, 1, {}, "wamp.error.canceled"]), true),
        (json!([8, 48, 1, {}, "wamp.error.cancelled"]), true),
    ] {
        let (client, mut router) = session().await;
        let token = CancellationToken::new();
        let script = async {
            router.receive_code(48).await;
            token.cancel();
            router.expect(json!([49, 1, {"mode": "kill"}])).await;
            router.send(answer).await;
        };
        let call = client.call("com.example.slow").cancel_mode(CancelMode::Kill);
        let (result, ()) = tokio::join!(call.cancel_on(token.clone()).get::<i64>(), script);
        match result {
            Ok(result) => assert!(result == 7 && !canceled),
            Err(error) => assert!(error.is_canceled() && canceled, "{error}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn answers_to_nothing_are_ignored() {
    let (client, mut router) = session().await;
    for stray in [
        json!([50, 77, {}, [1]]),
        json!([50, 77, {"progress": true}, [1]]),
        json!([8, 48, 77, {}, "com.example.error"]),
        json!([8, 68, 77, {}, "wamp.error.feature_not_supported"]),
        json!([33, 77, 5]),
        json!([35, 77]),
        json!([17, 77, 5]),
        json!([65, 77, 5]),
        json!([67, 77]),
        json!([35, 0, {"subscription": 77}]),
        json!([67, 0, {"registration": 77}]),
        json!([69, 77, {}]),
        json!([36, 77, 5, {}]),
    ] {
        router.send(stray).await;
    }
    router.expect_alive(&client).await;
}
