//! While an authorizer makes up its mind: who waits, and who does not.

use crate::{
    AUTHORIZE, Gauge, ROLES,
    common::{Heard, Peer, Running},
    ended, join, publish, soon, with_roles,
};
use futures_util::{FutureExt, StreamExt, future::join_all};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore};
use wamplex_router::local::{Delivery, Invocation, LocalSession};
use wamplex_shared::{error::WampError, serializer::Serializer, uris, value::Value};

/// An authorizer that says yes once it is let.
struct Patient {
    asked: Arc<Notify>,
    let_go: Arc<Semaphore>,
    gauge: Arc<Gauge>,
    _session: LocalSession,
}

impl Patient {
    async fn register(router: &Running) -> Self {
        let session = join(router, "judge", "authorizer");
        let (asked, let_go) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
        let gauge = Arc::<Gauge>::default();
        let parts = (Arc::clone(&asked), Arc::clone(&let_go), Arc::clone(&gauge));
        let answer = move |_: Invocation| {
            let (asked, let_go, gauge) = parts.clone();
            async move {
                gauge.enter();
                asked.notify_one();
                let_go.acquire().await.unwrap().forget();
                gauge.leave();
                Ok::<_, WampError>(Value::Bool(true))
            }
        };
        soon(session.register(AUTHORIZE, answer)).await.unwrap().detach();
        Self { asked, let_go, gauge, _session: session }
    }
}

/// Clients that come over sockets are anonymous.
fn anonymous() -> String {
    ROLES.replace("guest", "anonymous")
}

#[tokio::test]
async fn the_next_messages_of_a_session_wait_in_their_order_and_no_other_session_does() {
    let open = "permissions = [{ uri = 'com.open', allow = ['publish'] }]";
    let roles = anonymous().replacen("authorizer = ", &format!("{open}\nauthorizer = "), 1);
    let router = with_roles(&roles).await;
    let patient = Patient::register(&router).await;
    let other = join(&router, "bob", "all");
    let mut events = soon(other.subscribe("com.open")).await.unwrap();
    let mut peer = Peer::join(router.address, Serializer::Json).await;
    peer.say(&json!([16, 1, {"acknowledge": true}, "com.ask.1"]).to_string()).await;
    // Allowed without a question, and yet behind the one that waits.
    peer.say(&json!([16, 2, {"acknowledge": true}, "com.open", ["peer"]]).to_string()).await;
    peer.say(&json!([16, 3, {"acknowledge": true}, "com.ask.2"]).to_string()).await;
    peer.say(&json!([34, 4, 77]).to_string()).await;
    soon(patient.asked.notified()).await;
    let third = join(&router, "carol", "all");
    for _ in 0..10 {
        soon(third.publish("com.open", [Value::from("carol")]).acknowledged()).await.unwrap();
    }
    patient.let_go.add_permits(2);
    let answers = [peer.hear().await, peer.hear().await, peer.hear().await, peer.hear().await];
    let heads = answers.map(|answer| (answer[0].clone(), answer[1].clone()));
    let expected = [(17, 1), (17, 2), (17, 3), (8, 34)].map(|(a, b)| (json!(a), json!(b)));
    assert_eq!(heads, expected);
    let mut heard = Vec::new();
    while heard.len() < 11 {
        let Some(Ok(Delivery::Event(event))) = soon(events.next()).await else { panic!() };
        heard.push(event.values().unwrap().0[0].as_str().unwrap().to_owned());
    }
    let expected = [vec!["carol"; 10], vec!["peer"]].concat();
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn a_session_that_waits_is_still_sent_what_there_is_for_it() {
    let router = with_roles(&anonymous()).await;
    let patient = Patient::register(&router).await;
    let other = join(&router, "bob", "all");
    let mut peer = Peer::join(router.address, Serializer::MsgPack).await;
    patient.let_go.add_permits(1);
    let subscription = peer.subscribe("com.t").await;
    soon(patient.asked.notified()).await;
    let request = peer.request();
    peer.say(&json!([32, request, {}, "com.u"]).to_string()).await;
    soon(patient.asked.notified()).await;
    soon(other.publish("com.t", [Value::from("news")]).acknowledged()).await.unwrap();
    let event = peer.hear().await;
    assert_eq!((&event[0], &event[1]), (&json!(36), &json!(subscription)));
    patient.let_go.add_permits(1);
    assert_eq!(peer.hear().await[0], 33);
}

#[tokio::test]
async fn a_session_that_waits_can_be_ended() {
    let admin = "[[roles]]\nname = 'admin'\npermissions = [{ uri = 'wamp.session.', match = 'prefix', allow = ['call'] }]";
    let router = with_roles(&format!("{}{admin}", anonymous())).await;
    let patient = Patient::register(&router).await;
    let admin = join(&router, "root", "admin");
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    let session = peer.hello().await[1].as_u64().unwrap();
    peer.say(&json!([32, 1, {}, "com.t"]).to_string()).await;
    soon(patient.asked.notified()).await;
    soon(admin.call(uris::session::KILL, [Value::from(session)])).await.unwrap();
    assert_eq!(peer.hear().await[2], uris::close::KILLED);
    patient.let_go.add_permits(1);
    peer.say(&json!([6, {}, "wamp.close.goodbye_and_out"]).to_string()).await;
    assert!(!matches!(peer.listen().await, Heard::Message(_)));
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_is_forgotten() {
    let router = with_roles(&anonymous()).await;
    let patient = Patient::register(&router).await;
    let mut peer = Peer::join(router.address, Serializer::Json).await;
    peer.say(&json!([32, 1, {}, "com.t"]).to_string()).await;
    soon(patient.asked.notified()).await;
    drop(peer);
    patient.let_go.add_permits(1);
    soon(async {
        while router.handle.session_count() > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn no_more_questions_are_open_than_the_realm_allows() {
    let router = with_roles(&format!("authorization.concurrency = 3\n{ROLES}")).await;
    let patient = Patient::register(&router).await;
    let guests: Vec<_> = (0..10).map(|_| join(&router, "alice", "guest")).collect();
    let all = join_all(guests.iter().map(|guest| publish(guest, "com.t")));
    let mut all = Box::pin(all);
    assert!((&mut all).now_or_never().is_none());
    patient.let_go.add_permits(10);
    assert_eq!(soon(all).await, vec![None; 10]);
    assert!((1..=3).contains(&patient.gauge.most.load(std::sync::atomic::Ordering::SeqCst)));
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_place_to_ask_in_time_is_refused() {
    let router =
        with_roles(&format!("authorization = {{ concurrency = 1, timeout = '2s' }}\n{ROLES}"))
            .await;
    let _patient = Patient::register(&router).await;
    let guests: Vec<_> = (0..3).map(|_| join(&router, "alice", "guest")).collect();
    let all = join_all(
        guests
            .iter()
            .map(|guest| async move { ended(guest.publish("com.t", ()).acknowledged().await) }),
    );
    assert_eq!(soon(all).await, vec![crate::failed(); 3]);
}
