//! The life of a connection, on a transport without a network.

use super::*;
use crate::{
    config::RouterConfig,
    link::Link,
    peer::{Address, TransportKind},
    transport::{Close, Lost},
};
use parking_lot::Mutex;
use std::io;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wamplex_realm::Outbound;
use wamplex_shared::{
    codec::{self, Pieces},
    id::{PublicationId, SubscriptionId},
    message::{Event, EventDetails},
    payload::Payload,
    uris,
};

const HELLO: &str = r#"[1, "realm1", {"roles": {"caller": {}}}]"#;

/// A transport without a network.
struct Pipe {
    received: UnboundedReceiver<&'static str>,
    sent: Arc<Mutex<Vec<Message>>>,
    closed: Arc<Mutex<Option<Close>>>,
    outbox: Handle,
}

/// What the pipe does instead of handing this on.
const PANIC: &str = "panic";

/// A GOODBYE of the client, for which there is an EVENT and then a GOODBYE of the realm at the same moment.
const BOTH_GO: &str = r#"[6, {"both": true}, "wamp.close.close_realm"]"#;

/// A GOODBYE of the client, for which more than may comes at the same moment.
const TOO_MUCH: &str = r#"[6, {"much": true}, "wamp.close.close_realm"]"#;

impl Transport for Pipe {
    fn serializer(&self) -> Serializer {
        Serializer::Json
    }

    fn set_limit(&mut self, _limit: usize) {}

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Lost>> {
        self.received.poll_recv(cx).map(|frame| match frame {
            Some(PANIC) => panic!("as a test"),
            Some(BOTH_GO) => {
                self.outbox.push(event(), 1);
                self.outbox.push(Outbound::from(Goodbye::new(uris::close::KILLED)), 1);
                self.outbox.push(event(), 1);
                Ok(Bytes::from_static(BOTH_GO.as_bytes()))
            }
            Some(TOO_MUCH) => {
                self.outbox.push(event(), usize::MAX / 2);
                self.outbox.push(event(), usize::MAX / 2);
                Ok(Bytes::from_static(TOO_MUCH.as_bytes()))
            }
            Some(frame) => Ok(Bytes::from_static(frame.as_bytes())),
            None => Err(Lost::Closed),
        })
    }

    fn feed(&mut self, _cx: &mut Context<'_>, message: Pieces<'_>) -> io::Result<()> {
        self.sent.lock().push(codec::decode(Serializer::Json, &message.to_bytes()).unwrap());
        Ok(())
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn buffered(&self) -> usize {
        0
    }

    fn written(&self) -> u64 {
        0
    }

    fn read(&self) -> u64 {
        0
    }

    fn ping(&mut self, _cx: &mut Context<'_>) -> io::Result<()> {
        Ok(())
    }

    fn poll_close(&mut self, _cx: &mut Context<'_>, close: Close) -> Poll<()> {
        *self.closed.lock() = Some(close);
        Poll::Ready(())
    }
}

struct Bench {
    shared: Arc<Shared>,
    outbox: Handle,
    say: UnboundedSender<&'static str>,
    sent: Arc<Mutex<Vec<Message>>>,
    closed: Arc<Mutex<Option<Close>>>,
    connection: Connection<Pipe>,
}

fn bench() -> Bench {
    let shared = Arc::new(Shared::new(&RouterConfig::default()).unwrap());
    let outbox = Arc::clone(&shared.register().outbox);
    let (say, received) = unbounded_channel();
    let (sent, closed) = (Arc::default(), Arc::default());
    let pipe = Pipe {
        received,
        sent: Arc::clone(&sent),
        closed: Arc::clone(&closed),
        outbox: Arc::clone(&outbox),
    };
    let link = Link::new(pipe, Arc::clone(&outbox), Arc::default(), Duration::from_secs(10));
    let peer = Peer::new(Address::Local, TransportKind::Local, "test".into());
    let connection = Connection::new(link, Arc::clone(&shared), shared.limits(), peer);
    Bench { shared, outbox, say, sent, closed, connection }
}

fn event() -> Outbound {
    let (subscription, publication) = (SubscriptionId::new(1), PublicationId::new(1));
    Outbound::from(Event {
        subscription: subscription.unwrap(),
        publication: publication.unwrap(),
        details: EventDetails::default(),
        payload: Payload::NONE,
    })
}

/// How many events count as sent.
fn counted_events(shared: &Shared) -> u64 {
    let realm = shared.realms.get("realm1").unwrap();
    realm.traffic().sent().messages().map(|(_, count)| count).sum()
}

fn sessions(shared: &Shared) -> usize {
    shared.realms.get("realm1").unwrap().read().session_count()
}

#[tokio::test]
async fn a_panic_ends_one_session_with_a_word_and_is_counted() {
    let Bench { shared, say, sent, closed, mut connection, .. } = bench();
    say.send(HELLO).unwrap();
    say.send(PANIC).unwrap();
    connection.run().await;
    let sent = sent.lock();
    assert!(
        matches!(&sent[..], [Message::Welcome(_), Message::Abort(abort)] if abort.reason == error::RUNTIME_ERROR)
    );
    assert_eq!(*closed.lock(), Some(Close::InternalError));
    assert_eq!((shared.tally.read().panics, sessions(&shared)), (1, 0));
}

#[tokio::test]
async fn a_session_that_the_realm_ends_gets_what_waits_and_the_reason_and_leaves() {
    let Bench { shared, outbox, say, sent, closed, mut connection } = bench();
    say.send(HELLO).unwrap();
    let running = tokio::spawn(async move { connection.run().await });
    while sessions(&shared) == 0 {
        tokio::task::yield_now().await;
    }
    let goodbye = Goodbye::new(uris::close::KILLED);
    outbox.push(Outbound::from(goodbye.clone()), 1);
    outbox.push(Outbound::from(Goodbye::new("com.example.behind")), 1);
    // Until the client answers, whatever else it says is ignored.
    say.send("[70, 5, {}]").unwrap();
    say.send(r#"[6, {}, "wamp.close.goodbye_and_out"]"#).unwrap();
    running.await.unwrap();
    let sent = sent.lock();
    assert!(matches!(&sent[..], [Message::Welcome(_), Message::Goodbye(said)] if *said == goodbye));
    assert_eq!(*closed.lock(), Some(Close::Normal));
    assert_eq!((shared.tally.read().violations, sessions(&shared)), (0, 0));
}

/// Ends a session with `end` and joins again: the second session is served, and nothing is left of either. How the first one
/// was parted with.
async fn parted_before_the_next_session(end: &'static str) -> Goodbye {
    let Bench { shared, outbox, say, sent, mut connection, .. } = bench();
    for message in [HELLO, end, HELLO, "[48, 1, {}, \"com.example.nobody\"]"] {
        say.send(message).unwrap();
    }
    drop(say);
    connection.run().await;
    let sent = sent.lock();
    let [
        Message::Welcome(_),
        Message::Event(_),
        Message::Goodbye(said),
        Message::Welcome(_),
        Message::Error(_),
    ] = &sent[..]
    else {
        panic!("{sent:?}")
    };
    assert_eq!((sessions(&shared), outbox.bytes(), shared.tally.read().overflows), (0, 0, 0));
    said.clone()
}

#[tokio::test]
async fn a_session_is_not_ended_by_what_the_realm_said_to_the_one_before() {
    let echo = parted_before_the_next_session(BOTH_GO).await;
    assert_eq!(echo.reason, uris::close::GOODBYE_AND_OUT);
}

#[tokio::test]
async fn a_session_is_not_ended_because_too_much_waited_for_the_one_before() {
    parted_before_the_next_session(TOO_MUCH).await;
}

#[tokio::test]
async fn what_is_sent_to_a_client_that_only_listens_is_counted() {
    let Bench { shared, outbox, say, sent, mut connection, .. } = bench();
    say.send(HELLO).unwrap();
    let running = tokio::spawn(async move { connection.run().await });
    while sessions(&shared) == 0 {
        tokio::task::yield_now().await;
    }
    for count in 1..=2000 {
        outbox.push(event(), 1);
        while sent.lock().len() <= count {
            tokio::task::yield_now().await;
        }
    }
    assert!(counted_events(&shared) > 1000, "{}", counted_events(&shared));
    // Another one is sent while the session ends.
    say.send(BOTH_GO).unwrap();
    drop(say);
    running.await.unwrap();
    assert_eq!(counted_events(&shared), 2001);
}

#[test]
fn short_arguments_do_not_keep_long_options_alive() {
    let junk = "x".repeat(10_000);
    for (head, is_alone) in [
        (format!(r#"[16, 1, {{"_junk": "{junk}"}}, "com.example.a""#), true),
        (format!(r#"[48, 1, {{"_junk": "{junk}"}}, "com.example.a""#), true),
        (format!(r#"[70, 1, {{"_junk": "{junk}"}}"#), true),
        (format!(r#"[8, 68, 1, {{"_junk": "{junk}"}}, "com.example.a""#), true),
        (r#"[16, 1, {}, "com.example.a""#.to_owned(), false),
    ] {
        let frame = Bytes::from(format!(r#"{head}, ["{}"]]"#, "y".repeat(2000)));
        let payload = match decode_frugally(Serializer::Json, &frame) {
            Ok(
                Message::Publish(Publish { payload, .. })
                | Message::Call(Call { payload, .. })
                | Message::Yield(Yield { payload, .. })
                | Message::Error(Error { payload, .. }),
            ) => payload,
            other => panic!("{other:?}"),
        };
        assert_eq!(frame.is_unique(), is_alone, "{head:.20}");
        assert_eq!(payload.bytes().len(), 2004);
    }
}
