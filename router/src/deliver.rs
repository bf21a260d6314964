//! From a realm to the outboxes of its sessions.

use crate::outbox::Outbox;
use std::sync::Arc;
use wamplex_realm::{Outbound, Sink};
use wamplex_shared::message::Message;

/// How a realm of this router reaches a session.
pub(crate) type Handle = Arc<Outbox<Outbound>>;

/// Puts what a realm says into outboxes. Nothing is encoded here, since it happens under the guard of the realm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deliver;

/// What a queued message costs beside its payload: the message itself with its options, and its slot. A round number
/// above what was measured, so that a flood of empty messages is bounded too.
const OVERHEAD: usize = 256;

impl Sink<Handle> for Deliver {
    fn deliver(&mut self, to: &Handle, message: Outbound) {
        let bytes = OVERHEAD + payload_length(message.message());
        to.push(message, bytes);
    }
}

fn payload_length(message: &Message) -> usize {
    let payload = match message {
        Message::Event(event) => &event.payload,
        Message::Invocation(invocation) => &invocation.payload,
        Message::Result(result) => &result.payload,
        Message::Error(error) => &error.payload,
        Message::Abort(abort) => &abort.payload,
        Message::Publish(publish) => &publish.payload,
        Message::Call(call) => &call.payload,
        Message::Yield(answer) => &answer.payload,
        Message::Hello(_)
        | Message::Welcome(_)
        | Message::Challenge(_)
        | Message::Authenticate(_)
        | Message::Goodbye(_)
        | Message::Published(_)
        | Message::Subscribe(_)
        | Message::Subscribed(_)
        | Message::Unsubscribe(_)
        | Message::Unsubscribed(_)
        | Message::Cancel(_)
        | Message::Register(_)
        | Message::Registered(_)
        | Message::Unregister(_)
        | Message::Unregistered(_)
        | Message::Interrupt(_)
        | Message::EventReceived(_) => return 0,
    };
    payload.bytes().len()
}
