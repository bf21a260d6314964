//! What another router does differently in so many places that little else could be compared: it is counted, and
//! translated into what our scripts say.

use super::requests::code;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use wamplex_shared::{message::MessageCode, uris};

/// A way in which another router differs from ours wherever it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quirk {
    /// It counts invocations in some other way than for each session from one.
    InvocationIds,
    /// It answers GOODBYE with another reason than `wamp.close.goodbye_and_out`.
    GoodbyeReason,
    /// It closes the transport when the protocol is violated, without ABORT.
    CloseWithoutAbort,
    /// It tells every caller who the callee was.
    CalleeDisclosed,
    /// It tells subscribers of meta events about a session of its own that publishes them.
    RouterDisclosed,
}

/// The realm that scripts join.
const REALM: &str = "realm1";

/// How many messages were translated for each quirk.
pub type Seen = Arc<Mutex<BTreeMap<Quirk, usize>>>;

/// A router that is running already, with a realm for anonymous clients that nobody is in, and the session meta API.
#[derive(Clone, Debug)]
pub struct OtherRouter {
    /// Where it listens for WebSocket connections.
    pub address: SocketAddr,
    /// The realm that takes the place of `realm1`.
    pub realm: String,
    /// How long a message may take. What takes longer counts as what never comes.
    pub patience: Duration,
    /// The role of the sessions that publish its meta events.
    pub own_authrole: &'static str,
    /// What was translated.
    pub seen: Seen,
}

/// The translation for one session.
#[derive(Debug)]
pub(super) struct Translation {
    router: OtherRouter,
    to_script: HashMap<u64, u64>,
    to_wire: HashMap<u64, u64>,
    /// One of the two has said GOODBYE or ABORT.
    is_over: bool,
}

impl Translation {
    pub(super) fn new(router: OtherRouter) -> Self {
        Self { router, to_script: HashMap::new(), to_wire: HashMap::new(), is_over: false }
    }

    /// Translates a message that the script sends.
    pub(super) fn outgoing(&mut self, mut message: Value) -> Value {
        match code(&message) {
            Some(MessageCode::Hello) => {
                *self = Self::new(self.router.clone());
                if message[1] == REALM {
                    message[1] = self.router.realm.as_str().into();
                }
            }
            Some(MessageCode::Goodbye | MessageCode::Abort)
                if message[1].is_object() && message[2].is_string() =>
            {
                self.is_over = true;
            }
            Some(MessageCode::Yield) => swap(&mut message, 1, &self.to_wire),
            Some(MessageCode::Error) if message[1] == MessageCode::Invocation.number() => {
                swap(&mut message, 2, &self.to_wire);
            }
            _ => {}
        }
        message
    }

    /// Translates a message that the session receives.
    pub(super) fn incoming(&mut self, mut message: Value) -> Value {
        match code(&message) {
            Some(MessageCode::Welcome) if message[2]["realm"] == self.router.realm => {
                message[2]["realm"] = REALM.into();
            }
            Some(MessageCode::Event)
                if message[3]["publisher_authrole"] == self.router.own_authrole =>
            {
                self.hide(&mut message[3], "publisher", Quirk::RouterDisclosed);
            }
            Some(MessageCode::Result) => {
                self.hide(&mut message[2], "callee", Quirk::CalleeDisclosed);
            }
            Some(MessageCode::Invocation) => {
                if let Some(id) = message[1].as_u64() {
                    self.name_invocation(id);
                }
                swap(&mut message, 1, &self.to_script);
            }
            Some(MessageCode::Interrupt) => swap(&mut message, 1, &self.to_script),
            Some(MessageCode::Abort) => self.is_over = true,
            Some(MessageCode::Goodbye) => {
                let expected = uris::close::GOODBYE_AND_OUT;
                if self.is_over && message[2] != expected {
                    self.note(Quirk::GoodbyeReason);
                    message[2] = expected.into();
                }
                self.is_over = true;
            }
            _ => {}
        }
        message
    }

    /// What the session receives when its transport is closed, if it should have received something before.
    pub(super) fn closed(&mut self) -> Option<Value> {
        if core::mem::replace(&mut self.is_over, true) {
            return None;
        }
        self.note(Quirk::CloseWithoutAbort);
        Some(json!([MessageCode::Abort.number(), {}, uris::error::PROTOCOL_VIOLATION]))
    }

    fn name_invocation(&mut self, wire: u64) {
        let next = self.to_script.len() as u64 + 1;
        let known = *self.to_script.entry(wire).or_insert(next);
        self.to_wire.insert(known, wire);
        if known != wire {
            self.note(Quirk::InvocationIds);
        }
    }

    /// Drops the details about a peer that we would not give.
    fn hide(&self, details: &mut Value, peer: &str, quirk: Quirk) {
        if let Some(details) = details.as_object_mut() {
            let before = details.len();
            details.retain(|key, _| !key.starts_with(peer));
            if details.len() < before {
                self.note(quirk);
            }
        }
    }

    fn note(&self, quirk: Quirk) {
        *self.router.seen.lock().entry(quirk).or_default() += 1;
    }
}

fn swap(message: &mut Value, at: usize, ids: &HashMap<u64, u64>) {
    if let Some(id) = message.get(at).and_then(Value::as_u64).and_then(|id| ids.get(&id)) {
        message[at] = (*id).into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_translated_and_counted_and_nothing_else() {
        let seen = Seen::default();
        let mut session = Translation::new(OtherRouter {
            address: SocketAddr::from(([127, 0, 0, 1], 1)),
            realm: "com.example.realm".to_owned(),
            patience: Duration::ZERO,
            own_authrole: "trusted",
            seen: Arc::clone(&seen),
        });
        assert_eq!(session.outgoing(json!([1, "realm1", {}]))[1], "com.example.realm");
        assert_eq!(session.outgoing(json!([1, "realm2", {}]))[1], "realm2");
        let welcome = session.incoming(json!([2, 9, {"realm": "com.example.realm"}]));
        assert_eq!(welcome, json!([2, 9, {"realm": "realm1"}]));
        let event = session.incoming(json!([36, 1, 2, {"publisher_authrole": "trusted", "x": 1}]));
        assert_eq!(event, json!([36, 1, 2, {"x": 1}]));
        let event = json!([36, 1, 2, {"publisher_authrole": "anonymous"}]);
        assert_eq!(session.incoming(event.clone()), event);
        assert_eq!(session.incoming(json!([68, 41, 7, {}]))[1], 1);
        assert_eq!(session.incoming(json!([68, 2, 7, {}]))[1], 2, "by chance the right one");
        assert_eq!(session.incoming(json!([69, 41, {}]))[1], 1);
        assert_eq!(session.outgoing(json!([70, 1, {}]))[1], 41);
        assert_eq!(session.outgoing(json!([8, 68, 1, {}, "e"]))[2], 41);
        assert_eq!(session.outgoing(json!([8, 16, 1, {}, "e"]))[2], 1);
        assert_eq!(session.outgoing(json!([70, 3, {}]))[1], 3, "never given");
        assert_eq!(session.incoming(json!([36, 41, 41, {}]))[1], 41);
        let result = session.incoming(json!([50, 1, {"progress": true, "callee_authid": "al"}]));
        assert_eq!(result, json!([50, 1, {"progress": true}]));
        session.outgoing(json!([6, {}, "wamp.close.close_realm"]));
        let answer = session.incoming(json!([6, {}, "wamp.close.normal"]));
        assert_eq!(answer[2], "wamp.close.goodbye_and_out");
        assert_eq!(session.closed(), None);
        session.outgoing(json!([1, "realm1", {}]));
        let told = session.incoming(json!([6, {}, "wamp.close.killed"]));
        assert_eq!(told[2], "wamp.close.killed", "the router has begun");
        session.outgoing(json!([1, "realm1", {}]));
        assert_eq!(session.closed(), Some(json!([3, {}, "wamp.error.protocol_violation"])));
        assert_eq!(session.closed(), None);
        session.outgoing(json!([1, "realm1", {}]));
        session.outgoing(json!([6, {}]));
        assert!(session.closed().is_some(), "what it has sent was no GOODBYE");
        let all = [
            Quirk::InvocationIds,
            Quirk::GoodbyeReason,
            Quirk::CloseWithoutAbort,
            Quirk::CalleeDisclosed,
            Quirk::RouterDisclosed,
        ];
        assert_eq!(*seen.lock(), all.into_iter().zip([1, 1, 2, 1, 1]).collect());
    }
}
