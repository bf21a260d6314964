//! Chunks beside the same events one by one.

use super::*;
use crate::{
    deliver::{Deliver, DeliverBatch, Handle},
    outbox::{Outbox, Parcel, Terms},
};
use Serializer::{Cbor, Json, MsgPack};
use bytestring::ByteString;
use wamplex_realm::{Joining, Member, Outbound, Realm, RealmConfig, Sink};
use wamplex_shared::{
    id::{GlobalIds, RequestId, RequestIds, SessionId},
    message::{
        Call, CallOptions, Filters, Message, Passthru, Publish, PublishOptions, Subscribe,
        SubscribeOptions,
    },
    roles::Roles,
    time::Time,
    uri::{MatchPolicy, Uri},
    value::{Dict, Value},
};

const FRAMES: [FrameFormat; 3] =
    [FrameFormat::WebSocket, FrameFormat::RawSocket, FrameFormat::Batch];

fn formats() -> impl Iterator<Item = Format> {
    let all = Serializer::ALL.into_iter();
    all.flat_map(|serializer| FRAMES.map(|frame| Format { serializer, frame }))
}

fn text(length: usize, serializer: Serializer) -> Payload {
    codec::write_values(serializer, &[Value::from("x".repeat(length))], &Dict::new())
}

fn event(publication: u64, payload: Payload) -> Event {
    let (subscription, publication) =
        (SubscriptionId::new(7).unwrap(), PublicationId::new(publication).unwrap());
    Event { subscription, publication, details: EventDetails::default(), payload }
}

fn frames(chunk: &Arc<Chunk>, format: Format) -> Frames {
    chunk.frames(format, &Recent::default(), |frames| frames.unwrap().clone())
}

fn chunk(events: &[Event], format: Format) -> Arc<Chunk> {
    let mut draft = Draft::new(&events[0], format);
    assert!(events.iter().all(|event| Draft::suits(event) && draft.append(event)));
    Arc::new(draft.finish())
}

#[test]
fn what_events_say_keeps_no_frame_alive() {
    let frame = Bytes::from(vec![b'x'; 1000]);
    let text = || ByteString::try_from(frame.slice(0..10)).unwrap();
    let details = EventDetails {
        topic: Some(Uri::from(text())),
        transaction_hash: Some(text()),
        passthru: Some(Box::new(Passthru { keyid: Some(text()), ..Passthru::default() })),
        custom: Dict::from_iter([("_note", Value::Str(text()))]),
        ..EventDetails::default()
    };
    let chunk = chunk(&[Event { details, ..event(1, Payload::NONE) }], formats().next().unwrap());
    assert!(frame.is_unique(), "{chunk:?}");
}

/// What stands ahead of a message of this length.
fn head(frame: FrameFormat, length: usize, is_text: bool) -> Vec<u8> {
    let [_, a, b, c] = (length as u32).to_be_bytes();
    match frame {
        FrameFormat::Batch if is_text => vec![],
        FrameFormat::Batch => vec![0, a, b, c],
        FrameFormat::RawSocket => vec![0, a, b, c],
        FrameFormat::WebSocket if length < 126 => vec![if is_text { 0x81 } else { 0x82 }, c],
        FrameFormat::WebSocket => vec![if is_text { 0x81 } else { 0x82 }, 126, b, c],
    }
}

#[test]
fn a_chunk_is_the_same_bytes_as_its_events_one_by_one_in_every_format() {
    for from in formats() {
        let serializer = from.serializer;
        // Around the length at which the heads of WebSocket frames get longer, in all serializers.
        let lengths = [0, 80, 1000].into_iter().chain(90..126);
        let mut events: Vec<_> =
            (1..).zip(lengths).map(|(id, length)| event(id, text(length, serializer))).collect();
        events.push(event(1 << 40, Payload::NONE));
        let kwargs = Dict::from_iter([("a", Value::from(1))]);
        events.push(event(9, codec::write_values(serializer, &[], &kwargs)));
        let chunk = chunk(&events, from);
        assert_eq!(chunk.count(), events.len());
        for to in formats() {
            let (mut expected, mut length, mut longest) = (Vec::new(), 0, 0);
            for event in &events {
                let shared = SharedEvent::new(event.clone(), None);
                let body = shared.encode(to.serializer);
                expected.extend(head(to.frame, body.len(), to.serializer.is_text()));
                expected.extend(&body);
                if to == (Format { serializer: Json, frame: FrameFormat::Batch }) {
                    expected.push(0x1e);
                }
                length += body.len();
                longest = longest.max(body.len());
            }
            let frames = frames(&chunk, to);
            assert_eq!(frames.bytes, expected, "{from:?} to {to:?}");
            assert_eq!((frames.length, frames.longest), (length, longest));
            let bodies = chunk.bodies(to.serializer, &Recent::default()).unwrap();
            assert_eq!(bodies.len(), chunk.count());
            for (body, event) in bodies.iter().zip(&events) {
                let shared = SharedEvent::new(event.clone(), None);
                assert_eq!(body, &shared.encode(to.serializer), "{from:?} to {to:?}");
            }
        }
        assert!(chunk.events().eq(events.iter().cloned()));
        assert!(chunk.singles().iter().map(|single| single.event()).eq(events));
    }
}

#[test]
fn what_gets_too_long_for_a_batch_is_sent_one_by_one() {
    // Five characters each where others need one byte.
    let list = Value::List(vec![Value::Bool(false); 1900]);
    let event =
        |at| event(at, codec::write_values(MsgPack, std::slice::from_ref(&list), &Dict::new()));
    let format = |serializer, frame| Format { serializer, frame };
    let events: Vec<_> = (1..16).map(event).collect();
    let chunk = chunk(&events, format(MsgPack, FrameFormat::Batch));
    let is_whole =
        |to| chunk.frames(to, &Recent::default(), |frames: Option<&Frames>| frames.is_some());
    assert!(is_whole(format(Cbor, FrameFormat::Batch)));
    assert!(!is_whole(format(Json, FrameFormat::Batch)));
    assert!(is_whole(format(Json, FrameFormat::WebSocket)));
}

#[test]
fn what_all_events_say_is_kept_once_and_who_says_something_else_is_not_among_them() {
    let format = Format { serializer: Json, frame: FrameFormat::WebSocket };
    let topic = Some(Uri::from_static("com.example.a"));
    let details = EventDetails { topic, trustlevel: Some(3), ..EventDetails::default() };
    let said = Event { details, ..event(1, text(3, Json)) };
    let mut draft = Draft::new(&said, format);
    assert!(draft.append(&said));
    for other in [
        event(2, text(3, Json)),
        Event { subscription: SubscriptionId::new(8).unwrap(), ..said.clone() },
        Event { payload: text(3, Cbor), ..said.clone() },
    ] {
        assert!(!draft.append(&other), "{other:?}");
    }
    let chunk = Arc::new(draft.finish());
    assert!(chunk.events().eq([said.clone()]));
    let body = frames(&chunk, Format { serializer: MsgPack, ..format }).bytes.slice(2..);
    assert_eq!(codec::decode(MsgPack, &body).unwrap(), {
        let payload = text(3, MsgPack);
        Message::Event(Event { payload, ..said })
    });
}

#[test]
fn a_chunk_ends_before_it_is_long_and_long_events_are_in_none() {
    let format = Format { serializer: MsgPack, frame: FrameFormat::RawSocket };
    assert!(!Draft::suits(&event(1, text(2 << 10, MsgPack))));
    let long = event(1, text(2000, MsgPack));
    assert!(Draft::suits(&long));
    let mut draft = Draft::new(&long, format);
    let count = (0..100).take_while(|_| draft.append(&long)).count();
    assert_eq!(count, (32 << 10) / 2024 + 1);
    assert_eq!(draft.finish().count(), count);
    // Nothing but what it has to say makes it longer than a frame can be here.
    let details = EventDetails {
        publisher_authid: Some("x".repeat(70_000).into()),
        ..EventDetails::default()
    };
    let wordy = Event { details, ..event(1, text(1, MsgPack)) };
    for frame in FRAMES {
        let mut draft = Draft::new(&wordy, Format { frame, ..format });
        assert!(!draft.append(&wordy));
    }
}

#[test]
fn conversions_are_shared_for_as_long_as_they_are_recent() {
    let (from, recent) = (formats().next().unwrap(), Recent::new(15_000));
    let chunks: Vec<_> = (1..100).map(|id| chunk(&[event(id, text(900, Json))], from)).collect();
    let place = |chunk: &Arc<Chunk>, format| {
        chunk.frames(format, &recent, |frames| frames.unwrap().bytes.as_ptr())
    };
    for chunk in &chunks {
        for format in formats() {
            assert_eq!(place(chunk, format), place(chunk, format));
        }
    }
    let kept =
        |chunk: &&Arc<Chunk>| formats().any(|format| chunk.others.get(format.index()).is_some());
    assert!(kept(&chunks.last().unwrap()));
    assert!(chunks.iter().filter(kept).count() < 5);
}

#[test]
fn outboxes_share_single_events_while_a_chunk_is_put_into_them_and_not_later() {
    let chunk =
        chunk(&[event(1, text(9, Json)), event(2, text(9, Json))], formats().next().unwrap());
    let (one, other) = (chunk.singles(), chunk.singles());
    assert!(Arc::ptr_eq(&one, &other));
    let single = Arc::downgrade(&one[0]);
    drop((one, other));
    chunk.forget_singles();
    assert!(single.upgrade().is_none(), "nothing waits with the chunk");
    assert!(!Arc::ptr_eq(&chunk.singles(), &chunk.singles()));
    assert_eq!(chunk.singles().len(), 2);
}

/// A realm and the sessions in it.
struct Stage {
    realm: Realm<Handle>,
    members: Vec<Arc<Member<Handle>>>,
    requests: Vec<RequestIds>,
    received: Vec<Vec<Message>>,
    /// How many chunks of several events have arrived.
    chunks: usize,
}

impl Stage {
    fn new(terms: impl Fn(u64) -> Terms) -> Self {
        let mut realm = Realm::new(RealmConfig::new("realm1", 1));
        let join = |n| {
            let outbox = Arc::new(Outbox::new(1 << 20));
            outbox.set_terms(terms(n), &Arc::default());
            let who = Joining::new(SessionId::new(n).unwrap(), Roles::NONE);
            realm.join(who, outbox, Time::ZERO, &mut Deliver)
        };
        let members: Vec<_> = (1..=5).map(join).collect();
        let requests = members.iter().map(|_| RequestIds::new()).collect();
        let received = members.iter().map(|_| Vec::new()).collect();
        Self { realm, members, requests, received, chunks: 0 }
    }

    fn handle(&mut self, from: usize, message: Message, out: &mut impl Sink<Handle>) {
        let (realm, from, now) = (&mut self.realm, &self.members[from], Time::ZERO);
        let handled = if let Message::Publish(m) = message {
            realm.publish(from, m, now, out)
        } else if let Message::Subscribe(m) = message {
            realm.subscribe(from, m, now, out)
        } else if let Message::Call(m) = message {
            realm.call(from, m, now, out)
        } else {
            panic!("{message:?}")
        };
        handled.unwrap();
    }

    fn receive(&mut self) {
        self.chunks = 0;
        for (member, received) in self.members.iter().zip(&mut self.received) {
            let mut sent = 0;
            for (parcel, bytes) in member.handle().take() {
                sent += bytes;
                match parcel {
                    Parcel::One(Outbound::Event(event)) => received.push(event.event().into()),
                    Parcel::One(Outbound::Message(message)) => received.push(*message),
                    Parcel::Chunk(chunk) => {
                        self.chunks += usize::from(chunk.count() > 1);
                        received.extend(chunk.events().map(Message::from));
                    }
                }
            }
            member.handle().sent(sent);
            assert_eq!(member.handle().bytes(), 0);
        }
    }
}

/// Something that a client may send.
fn any_request(dice: &mut GlobalIds, request: RequestId) -> Message {
    let mut roll = |sides: u64| dice.draw() % sides;
    let topic = Uri::from_static(["com.b", "com.a.c", "com.a"][roll(20).min(2) as usize]);
    match roll(40) {
        0 | 1 => {
            let match_policy = [MatchPolicy::Prefix, MatchPolicy::Exact][roll(30).min(1) as usize];
            let options = SubscribeOptions { match_policy, ..SubscribeOptions::default() };
            Subscribe { request, options, topic }.into()
        }
        2 => {
            let options = CallOptions::default();
            Call { request, options, procedure: topic, payload: Payload::NONE }.into()
        }
        kind => {
            let exclude = Some(vec![SessionId::new(2).unwrap()]);
            let options = PublishOptions {
                acknowledge: kind == 3,
                exclude_me: (kind == 6).then_some(false),
                filters: (kind == 4).then(|| Box::new(Filters { exclude, ..Filters::default() })),
                disclose_me: (kind == 5).then_some(true),
                ..PublishOptions::default()
            };
            let serializer = if kind == 7 { Cbor } else { Json };
            let length = if roll(20) == 0 { 3000 } else { roll(10) as usize };
            Publish { request, options, topic, payload: text(length, serializer) }.into()
        }
    }
}

#[test]
fn what_goes_out_in_chunks_is_what_would_go_out_one_by_one() {
    use crate::config::SlowConsumerPolicy::{Disconnect, DropNewest, DropOldest, KeepLastPerTopic};
    let terms = |n| {
        let policy = [Disconnect, DropNewest, DropOldest, KeepLastPerTopic][n as usize % 4];
        let messages = if policy == Disconnect { usize::MAX } else { 5 };
        Terms { policy, bytes: 1 << 20, messages }
    };
    let mut chunks = 0;
    for seed in 0..30 {
        let (mut singly, mut together) = (Stage::new(terms), Stage::new(terms));
        let mut dice = GlobalIds::new(seed);
        for _ in 0..40 {
            let sender = dice.draw() as usize % singly.members.len();
            let mut batch = DeliverBatch::new(Format { serializer: Json, frame: FRAMES[0] });
            for _ in 0..dice.draw() % 64 {
                let request = singly.requests[sender].take();
                let message = any_request(&mut dice, request);
                singly.handle(sender, message.clone(), &mut Deliver);
                let changes = matches!(message, Message::Subscribe(_));
                if changes || dice.draw().is_multiple_of(50) {
                    batch.flush();
                }
                together.handle(sender, message, &mut batch);
                if changes {
                    batch.flush();
                }
            }
            batch.flush();
            drop(batch);
            singly.receive();
            together.receive();
            chunks += together.chunks;
            assert_eq!(singly.received, together.received, "{seed}");
        }
    }
    assert!(chunks > 1000, "{chunks}");
}
