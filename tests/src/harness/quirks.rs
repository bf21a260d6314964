//! What another router does differently in so many places that little else could be compared: it is counted, and
//! translated into what our scripts say.

use super::requests::code;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
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
}

/// How many messages were translated for each quirk.
pub type Seen = Arc<Mutex<BTreeMap<Quirk, usize>>>;

/// The translation for one session.
#[derive(Debug)]
pub(super) struct Translation {
    seen: Seen,
    to_script: HashMap<u64, u64>,
    to_wire: HashMap<u64, u64>,
    /// One of the two has said GOODBYE or ABORT.
    is_over: bool,
}

impl Translation {
    pub(super) fn new(seen: Seen) -> Self {
        Self { seen, to_script: HashMap::new(), to_wire: HashMap::new(), is_over: false }
    }

    /// Translates a message that the script sends.
    pub(super) fn outgoing(&mut self, mut message: Value) -> Value {
        match code(&message) {
            Some(MessageCode::Hello) => *self = Self::new(Arc::clone(&self.seen)),
            Some(MessageCode::Goodbye | MessageCode::Abort) => self.is_over = true,
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
            Some(MessageCode::Invocation) => {
                if let Some(id) = message[1].as_u64() {
                    self.name_invocation(id);
                }
                swap(&mut message, 1, &self.to_script);
            }
            Some(MessageCode::Interrupt) => swap(&mut message, 1, &self.to_script),
            Some(MessageCode::Result) => self.hide_callee(&mut message),
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

    fn hide_callee(&self, result: &mut Value) {
        if let Some(details) = result[2].as_object_mut() {
            let before = details.len();
            details.retain(|key, _| !key.starts_with("callee"));
            if details.len() < before {
                self.note(Quirk::CalleeDisclosed);
            }
        }
    }

    fn note(&self, quirk: Quirk) {
        *self.seen.lock().entry(quirk).or_default() += 1;
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
        let mut session = Translation::new(Arc::clone(&seen));
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
        let all = [
            Quirk::InvocationIds,
            Quirk::GoodbyeReason,
            Quirk::CloseWithoutAbort,
            Quirk::CalleeDisclosed,
        ];
        assert_eq!(*seen.lock(), all.into_iter().map(|quirk| (quirk, 1)).collect());
    }
}
