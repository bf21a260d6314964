//! One client among a hundred that stops reading.

use super::{
    TOPIC,
    common::{Peer, raw::RawPeer, start},
    stopped::metric,
};
use serde_json::json;
use tokio::net::UnixStream;
use wamplex_router::config::{
    Endpoint, ListenerConfig, SlowConsumerPolicy::DropOldest, SlowConsumers,
};
use wamplex_shared::{codec, message::Message, rawsocket::MaxLength, serializer::Serializer};

const OTHERS: usize = 99;

/// How many events there are. More than the socket of one that stops reading takes, and its outbox.
const EVENTS: usize = 1_000;

const EVENT: usize = 2 << 10;

#[tokio::test]
async fn one_that_stops_reading_changes_nothing_for_ninety_nine_others() {
    let folder = std::env::temp_dir().join(format!("wamplex-crowd-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // A Unix socket, since little fits into it.
    let path = folder.join("socket");
    let router = start(|config| {
        config.listeners[0].status.metrics = true;
        config.listeners.push(ListenerConfig {
            endpoint: Endpoint::Unix(path.clone()),
            slow_consumers: SlowConsumers {
                policy: Some(DropOldest),
                bytes: Some(64 << 10),
                messages: None,
            },
            ..ListenerConfig::default()
        });
    })
    .await;
    let mut others = Vec::new();
    for serializer in Serializer::ALL.into_iter().cycle().take(OTHERS) {
        let mut peer = RawPeer::join(router.address, serializer).await;
        peer.say(&json!([32, 1, {}, TOPIC]).to_string()).await;
        assert_eq!(peer.hear().await[0], 33);
        others.push(peer);
    }
    let socket = UnixStream::connect(&path).await.unwrap();
    let mut stopped = RawPeer::over(socket, Serializer::Json, MaxLength::MAX).await;
    stopped.hello().await;
    stopped.say(&json!([32, 1, {}, TOPIC]).to_string()).await;
    assert_eq!(stopped.hear().await[0], 33);

    let mut publisher = Peer::join(router.address, Serializer::Json).await;
    let filler = "x".repeat(EVENT);
    for number in 0..EVENTS {
        let request = publisher.request();
        let options = json!({"acknowledge": true});
        publisher.say(&json!([16, request, options, TOPIC, [number, filler]]).to_string()).await;
        assert_eq!(publisher.hear().await[0], 17);
        for peer in &mut others {
            let frame = peer.next_frame().await.expect("an event was due");
            let Ok(Message::Event(event)) = codec::decode(peer.serializer, &frame.content) else {
                panic!("{frame:?}")
            };
            assert_eq!(event.details.dropped(), 0);
            assert_eq!(
                codec::read_values(&event.payload).unwrap().0[0].as_u64(),
                Some(number as u64)
            );
        }
    }
    assert_eq!(router.handle.session_count(), OTHERS + 2);
    let labels = "{realm=\"realm1\",policy=\"drop-oldest\"}";
    let dropped = metric(&router, &format!("wamplex_events_dropped_total{labels}")).await;
    assert!(dropped > 100, "the one that stopped is slow: {dropped}");
    std::fs::remove_dir_all(folder).unwrap();
}
