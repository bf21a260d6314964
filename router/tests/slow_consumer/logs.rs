//! What the log says of clients that are too slow.

use super::{
    EVENT,
    common::Peer,
    policies::{dropped, dropping, publish, street, subscribed},
    stopped::Over,
};
use std::{
    io,
    sync::{Arc, Mutex},
};
use tracing_subscriber::fmt::MakeWriter;
use wamplex_router::config::SlowConsumerPolicy::DropOldest;
use wamplex_shared::serializer::Serializer;

/// Everything that is logged, also by the other tests: one that listened to its own thread only would miss lines of which
/// another thread was the first to ask whether anybody wants them.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
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

#[tokio::test]
async fn there_is_one_line_when_events_begin_to_be_dropped_however_many_follow() {
    let router = street(dropping(DropOldest)).await;
    let mut watcher = Peer::join(router.address, Serializer::Json).await;
    watcher.subscribe("wamplex.session.on_slow").await;
    let mut publisher = Peer::join(router.address, Serializer::Json).await;
    let (stopped, session) = subscribed(Over::RawSocket, &router, Serializer::Json).await;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    tracing::callsite::rebuild_interest_cache();
    let filler = "x".repeat(EVENT);
    let mut number = 0;
    while dropped(&router, DropOldest).await < 20 {
        publish(&mut publisher, number, &filler).await;
        number += 1;
    }
    // All that was dropped has been spoken of, in at least two events.
    let mut spoken = 0;
    while spoken < 20 {
        spoken += watcher.hear().await[4][0]["dropped"].as_u64().unwrap();
    }
    drop(stopped);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let session = format!("session={session} ");
    let is_meant = |line: &&str| line.contains("dropped") && line.contains(&session);
    let lines: Vec<_> = text.lines().filter(is_meant).collect();
    let [line] = lines[..] else { panic!("{lines:?}") };
    for part in ["WARN", "realm=realm1", "policy=\"drop-oldest\""] {
        assert!(line.contains(part), "{line}");
    }
}
