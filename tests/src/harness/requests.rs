//! Requests that the harness slips in between those of a script.
//!
//! A session's requests are counted without gaps, so each one that the harness makes moves those of the script that
//! follow by one. The script does not see that: its ids are translated on the way out and back on the way in.

use serde_json::Value;
use std::collections::HashMap;
use wamplex_shared::message::MessageCode;

/// The request ids of one session: as the script has them, and as they are on the wire.
#[derive(Debug, Default)]
pub(super) struct Requests {
    to_wire: HashMap<u64, u64>,
    to_script: HashMap<u64, u64>,
    /// How many requests were slipped in.
    inserted: u64,
    /// The last id on the wire.
    last: u64,
}

impl Requests {
    /// The id of a request that the harness makes itself.
    pub(super) fn insert(&mut self) -> u64 {
        self.inserted += 1;
        self.last += 1;
        self.last
    }

    /// Translates a message that the script sends.
    pub(super) fn outgoing(&mut self, message: &Value) -> Value {
        let mut message = message.clone();
        let Some(kind) = code(&message) else { return message };
        let makes_request = matches!(
            kind,
            MessageCode::Publish
                | MessageCode::Subscribe
                | MessageCode::Unsubscribe
                | MessageCode::Call
                | MessageCode::Register
                | MessageCode::Unregister
        );
        let Some(id) = message.get(1).and_then(Value::as_u64) else { return message };
        if !makes_request && kind != MessageCode::Cancel {
            return message;
        }
        let wire = self.to_wire.get(&id).copied().unwrap_or(id + self.inserted);
        if makes_request && id > 0 {
            self.to_wire.insert(id, wire);
            self.to_script.insert(wire, id);
            // A CALL may repeat an id, to go on with its arguments.
            self.last = self.last.max(wire);
        }
        if id > 0 {
            message[1] = wire.into();
        }
        message
    }

    /// Translates a message that the session receives.
    pub(super) fn incoming(&self, mut message: Value) -> Value {
        let at = match code(&message) {
            Some(
                MessageCode::Published
                | MessageCode::Subscribed
                | MessageCode::Unsubscribed
                | MessageCode::Result
                | MessageCode::Registered
                | MessageCode::Unregistered,
            ) => 1,
            Some(MessageCode::Error) => 2,
            _ => return message,
        };
        let id = message.get(at).and_then(Value::as_u64);
        if let Some(script) = id.and_then(|id| self.to_script.get(&id)) {
            message[at] = (*script).into();
        }
        message
    }
}

/// What kind of message this is.
pub(super) fn code(message: &Value) -> Option<MessageCode> {
    MessageCode::from_u64(message.get(0)?.as_u64()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_ids_of_a_script_are_moved_and_wrong_ones_stay_wrong() {
        let mut requests = Requests::default();
        assert_eq!(requests.outgoing(&json!([32, 1, {}, "t"]))[1], 1);
        assert_eq!(requests.insert(), 2);
        assert_eq!(requests.insert(), 3);
        assert_eq!(requests.outgoing(&json!([48, 2, {}, "p"]))[1], 4);
        assert_eq!(requests.outgoing(&json!([49, 2, {}]))[1], 4);
        assert_eq!(requests.incoming(json!([50, 4, {}]))[1], 2);
        assert_eq!(requests.incoming(json!([8, 48, 4, {}, "e"]))[2], 2);
        assert_eq!(requests.incoming(json!([36, 4, 4, {}]))[1], 4, "not an id of a request");
        assert_eq!(requests.outgoing(&json!([48, 2, {}, "p"]))[1], 4, "the same one again");
        assert_eq!(requests.outgoing(&json!([70, 2, {}]))[1], 2, "an id of the other direction");
        assert_eq!(requests.outgoing(&json!([48, 0, {}, "p"]))[1], 0);
        assert_eq!(requests.outgoing(&json!([48, "x", {}, "p"]))[1], "x");
        assert_eq!(requests.insert(), 5);
        assert_eq!(requests.outgoing(&json!([32, 4, {}, "t"]))[1], 7, "one is left out");
    }
}
