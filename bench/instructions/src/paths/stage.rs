//! What the paths have in common: frames as a transport hands them in, and a realm.

#![allow(clippy::expect_used, reason = "what is written here is well-formed")]

use bytes::{Bytes, BytesMut};
use std::sync::Arc;
use wamplex_realm::{Joining, Member, Outbound, Realm, RealmConfig, Sink};
use wamplex_shared::{
    codec,
    id::{RequestId, RequestIds, SessionId},
    message::{
        Call, CallOptions, Message, Publish, PublishOptions, Register, RegisterOptions, Subscribe,
        SubscribeOptions, Yield, YieldOptions,
    },
    payload::Payload,
    roles::{Feature, Features, Role, Roles},
    serializer::Serializer,
    time::Time,
    uri::{MatchPolicy, Uri},
    value::{Dict, Value},
};

/// The topic of every event and the procedure of every call.
pub(super) const URI: &str = "com.example.sensors.reading";

/// Arguments of about this many bytes: records with text, numbers and lists, as applications send them.
pub(super) fn payload(serializer: Serializer, size: usize) -> Payload {
    let record = |i: usize| -> Value {
        let sensor = ["north", "east", "south", "west"][i % 4];
        let path = vec![Value::from(i as u64), Value::from(-(i as i64)), Value::Null];
        Dict::from_iter([
            ("sensor", Value::from(sensor)),
            ("seq", Value::from(i as u64 * 7919)),
            ("celsius", Value::from(21.5 + i as f64 / 8.0)),
            ("ok", Value::from(!i.is_multiple_of(3))),
            ("path", Value::List(path)),
        ])
        .into()
    };
    let args: Vec<Value> = (0..size.div_ceil(100)).map(record).collect();
    codec::write_values(serializer, &args, &Dict::new())
}

pub(super) fn publish(payload: Payload, acknowledge: bool) -> Message {
    let options = PublishOptions { acknowledge, ..PublishOptions::default() };
    Publish { request: request(), options, topic: Uri::from_static(URI), payload }.into()
}

pub(super) fn call(request: RequestId, payload: Payload) -> Message {
    let (options, procedure) = (CallOptions::default(), Uri::from_static(URI));
    Call { request, options, procedure, payload }.into()
}

pub(super) fn yield_(request: RequestId, payload: Payload) -> Message {
    Yield { request, options: YieldOptions::default(), payload }.into()
}

/// A request in the middle of a session.
pub(super) fn request() -> RequestId {
    RequestId::new(71_523).expect("it is in range")
}

/// The bytes of a message, part of a larger buffer as in a connection.
pub(super) fn frame(serializer: Serializer, message: &Message) -> Bytes {
    let mut buffer = BytesMut::with_capacity(1 << 16);
    codec::encode_into(serializer, message, &mut buffer).expect("payloads can be converted");
    buffer.split().freeze()
}

/// A realm with relaxed rules for request ids, so that one message may be sent twice.
pub(super) struct Stage {
    pub(super) realm: Realm<u32>,
    pub(super) out: Queue,
    joined: u32,
}

/// What the realm has said and nobody has taken yet.
#[derive(Default)]
pub(super) struct Queue(pub(super) Vec<(u32, Outbound)>);

impl Sink<u32> for Queue {
    fn deliver(&mut self, to: &u32, message: Outbound) {
        self.0.push((*to, message));
    }
}

impl Stage {
    pub(super) fn new() -> Self {
        let mut config = RealmConfig::new("realm1", 7);
        config.strict_request_ids = false;
        config.limits.subscriptions = usize::MAX;
        Self { realm: Realm::new(config), out: Queue::default(), joined: 0 }
    }

    /// A session that announces what our own clients do.
    pub(super) fn join(&mut self) -> Arc<Member<u32>> {
        self.joined += 1;
        let callee =
            [Feature::CallCanceling, Feature::ProgressiveCallResults, Feature::CallTimeout];
        let roles = Roles::NONE.with(Role::Callee, Features::of(&callee));
        let id = SessionId::new(self.joined.into()).expect("it is in range");
        self.realm.join(Joining::new(id, roles), self.joined, Time::ZERO, &mut self.out)
    }

    pub(super) fn subscribe(
        &mut self,
        member: &Member<u32>,
        requests: &mut RequestIds,
        topic: &str,
        match_policy: MatchPolicy,
    ) {
        let options = SubscribeOptions { match_policy, ..SubscribeOptions::default() };
        let message = Subscribe { request: requests.take(), options, topic: topic.into() };
        self.realm.subscribe(member, message, Time::ZERO, &mut self.out).expect("it is allowed");
        self.out.0.clear();
    }

    pub(super) fn register(&mut self, member: &Member<u32>) {
        let (request, procedure) = (RequestId::FIRST, Uri::from_static(URI));
        let message = Register { request, options: RegisterOptions::default(), procedure };
        self.realm.register(member, message, Time::ZERO, &mut self.out).expect("it is allowed");
        self.out.0.clear();
    }
}
