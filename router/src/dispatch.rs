//! Which lock a message needs: the one place that decides it.
//!
//! Start reading here to follow a message: what a client sends passes [`dispatch`], and what comes of it is in the
//! outboxes of the receivers before the guard of the realm is released. SUBSCRIBED is therefore ahead of every EVENT,
//! and nothing comes after UNSUBSCRIBED.

use crate::{
    deliver::{Deliver, Handle},
    realm::RealmCell,
    shared::Shared,
};
use std::sync::Arc;
use wamplex_realm::{Grant, Handled, Member, Refused, Verdict};
use wamplex_shared::{
    error::ProtocolViolation,
    message::Message,
    time::Time,
    uri::Uri,
    uris::{subscription::GET_EVENTS, wamplex::ADMIN},
};

/// What became of a message.
#[must_use]
pub(crate) enum Dispatched {
    /// It was handled, or refused.
    Done,
    /// Somebody has to be [asked](settle) first, and what the session says next has to wait.
    Waits(Box<Message>),
}

/// Hands a request of `from` to its realm, if it has the right to it.
///
/// # Errors
/// The message breaks the protocol, and the session has to end. A request that was merely refused is not an error: its
/// answer is on the way.
pub(crate) fn dispatch(
    realm: &RealmCell,
    from: &Arc<Member<Handle>>,
    message: Message,
    now: Time,
) -> Result<Dispatched, ProtocolViolation> {
    match realm.authorization().judge(from, &message) {
        Verdict::Allowed(grant) => route(realm, from, grant, message, now)?,
        Verdict::Refused(why) => refuse(realm, from, &message, why)?,
        Verdict::Ask { .. } => return Ok(Dispatched::Waits(Box::new(message))),
    }
    Ok(Dispatched::Done)
}

/// Hands a request to its realm, or refuses it, once somebody has said whether its sender has the right to it.
///
/// # Errors
/// As [`dispatch`].
pub(crate) async fn settle(
    shared: &Arc<Shared>,
    realm: &Arc<RealmCell>,
    from: &Arc<Member<Handle>>,
    message: Message,
) -> Handled {
    match realm.authorization().ask(shared, realm, from, &message).await {
        Ok(grant) => route(realm, from, grant, message, shared.clock.now()),
        Err(why) => refuse(realm, from, &message, why),
    }
}

/// Whether a procedure is answered by the realm itself, and may change it.
fn is_of_the_realm(procedure: &Uri) -> bool {
    procedure.is_reserved() && procedure != GET_EVENTS && !procedure.as_str().starts_with(ADMIN)
}

fn refuse(
    realm: &RealmCell,
    from: &Arc<Member<Handle>>,
    message: &Message,
    why: Refused,
) -> Handled {
    realm.read().refuse(from, message, why, &mut Deliver)
}

fn route(
    realm: &RealmCell,
    from: &Arc<Member<Handle>>,
    grant: Grant,
    message: Message,
    now: Time,
) -> Handled {
    let out = &mut Deliver;
    match message {
        Message::Publish(m) => realm.read().publish_as(grant, from, m, now, out),
        Message::Yield(m) => realm.read().yield_(from, m, now, out),
        Message::Error(m) => {
            // A call that goes to another callee may have to be watched again.
            let guarded = realm.read();
            let handled = guarded.error(from, m, now, out);
            realm.expect(guarded.poll_timeout());
            handled
        }
        Message::Cancel(m) => realm.read().cancel(from, m, now, out),
        // The one procedure of the protocol that may look for long needs no more than to look.
        Message::Call(m) if is_of_the_realm(&m.procedure) => {
            realm.write().call_meta(from, m, now, out)
        }
        Message::Call(m) => {
            let guarded = realm.read();
            let handled = if m.procedure == GET_EVENTS {
                guarded.get_events(from, m, now, out)
            } else {
                guarded.call_as(grant, from, m, now, out)
            };
            realm.expect(guarded.poll_timeout());
            handled
        }
        Message::Subscribe(m) => realm.write().subscribe(from, m, now, out),
        Message::Unsubscribe(m) => realm.write().unsubscribe(from, m, now, out),
        Message::Register(m) => realm.write().register(from, m, now, out),
        Message::Unregister(m) => realm.write().unregister(from, m, now, out),
        Message::Hello(_)
        | Message::Welcome(_)
        | Message::Abort(_)
        | Message::Challenge(_)
        | Message::Authenticate(_)
        | Message::Goodbye(_)
        | Message::Published(_)
        | Message::Subscribed(_)
        | Message::Unsubscribed(_)
        | Message::Event(_)
        | Message::Result(_)
        | Message::Registered(_)
        | Message::Unregistered(_)
        | Message::Invocation(_)
        | Message::Interrupt(_)
        | Message::EventReceived(_) => Err(ProtocolViolation::Unexpected {
            message: message.code(),
            state: "as a request of a client",
        }),
    }
}
