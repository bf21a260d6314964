//! Which lock a message needs: the one place that decides it.
//!
//! Start reading here to follow a message: what a client sends passes [`Dispatcher::dispatch`], and what comes of it is in the
//! outboxes of the receivers before the guard of the realm is released. SUBSCRIBED is therefore ahead of every EVENT,
//! and nothing comes after UNSUBSCRIBED.

use crate::{
    chunk::Format,
    deliver::{DeliverBatch, Handle},
    guard::Held,
    realm::RealmCell,
    shared::Shared,
};
use std::sync::Arc;
use wamplex_realm::{Grant, Handled, Member, Realm, Refused, Verdict};
use wamplex_shared::{
    error::ProtocolViolation,
    message::Message,
    time::Time,
    uri::Uri,
    uris::{subscription::GET_EVENTS, wamplex::ADMIN},
};

/// A realm, and its guard for a batch of messages.
pub(crate) struct Dispatcher<'a> {
    cell: &'a RealmCell,
    held: Held<'a, Realm<Handle>>,
    // Dropped last: who is woken may need the guard.
    out: DeliverBatch,
}

/// A frame of this many bytes is decoded without the guard: whoever waits to change the realm does not wait for that.
const LONG: usize = 4 << 10;

/// What became of a message.
#[must_use]
pub(crate) enum Dispatched {
    /// It was handled, or refused.
    Done,
    /// Somebody has to be [asked](settle) first, and what the session says next has to wait.
    Waits(Box<Message>),
}

impl<'a> Dispatcher<'a> {
    /// Messages for this realm that are handled one after another, without waiting in between.
    /// `format` is how their sender writes them.
    pub(crate) const fn new(cell: &'a RealmCell, format: Format) -> Self {
        Self { cell, held: cell.hold(), out: DeliverBatch::new(format) }
    }

    /// Says how long the frame is that is decoded next.
    pub(crate) fn prepare(&mut self, length: usize) {
        if length >= LONG {
            self.release();
            self.out.wake();
        }
    }

    /// Lets go of the guard, with everything in the outboxes.
    fn release(&mut self) {
        self.out.flush();
        self.held.release();
    }

    /// Hands a request of `from` to its realm, if it has the right to it.
    ///
    /// # Errors
    /// The message breaks the protocol, and the session has to end. A request that was merely refused is not an error:
    /// its answer is on the way.
    pub(crate) fn dispatch(
        &mut self,
        from: &Arc<Member<Handle>>,
        message: Message,
        now: Time,
    ) -> Result<Dispatched, ProtocolViolation> {
        match self.cell.authorization().judge(from, &message) {
            Verdict::Allowed(grant) => route(self, from, grant, message, now)?,
            Verdict::Refused(why) => self.refuse(from, &message, why)?,
            Verdict::Ask { .. } => return Ok(Dispatched::Waits(Box::new(message))),
        }
        Ok(Dispatched::Done)
    }

    /// Refuses a request.
    ///
    /// # Errors
    /// As [`dispatch`](Self::dispatch).
    pub(crate) fn refuse(
        &mut self,
        from: &Arc<Member<Handle>>,
        message: &Message,
        why: Refused,
    ) -> Handled {
        let Self { held, out, .. } = self;
        held.read(|| out.flush()).refuse(from, message, why, out)
    }
}

impl Drop for Dispatcher<'_> {
    fn drop(&mut self) {
        self.release();
    }
}

/// Hands a request to its realm, or refuses it, once somebody has said whether its sender has the right to it.
///
/// # Errors
/// As [`Dispatcher::dispatch`].
pub(crate) async fn settle(
    shared: &Arc<Shared>,
    realm: &Arc<RealmCell>,
    from: &Arc<Member<Handle>>,
    message: Message,
    format: Format,
) -> Handled {
    match realm.authorization().ask(shared, realm, from, &message).await {
        Ok(grant) => {
            let now = shared.clock.now();
            route(&mut Dispatcher::new(realm, format), from, grant, message, now)
        }
        Err(why) => Dispatcher::new(realm, format).refuse(from, &message, why),
    }
}

/// Whether a procedure is answered by the realm itself, and may change it.
fn is_of_the_realm(procedure: &Uri) -> bool {
    procedure.is_reserved() && procedure != GET_EVENTS && !procedure.as_str().starts_with(ADMIN)
}

/// Changes the realm. What was delivered before is in the outboxes before it changes, what comes of that before it is released.
fn change(
    held: &mut Held<'_, Realm<Handle>>,
    out: &mut DeliverBatch,
    change: impl FnOnce(&mut Realm<Handle>, &mut DeliverBatch) -> Handled,
) -> Handled {
    out.flush();
    let mut realm = held.write();
    let handled = change(&mut realm, out);
    out.flush();
    handled
}

fn route(
    Dispatcher { cell, held, out }: &mut Dispatcher<'_>,
    from: &Arc<Member<Handle>>,
    grant: Grant,
    message: Message,
    now: Time,
) -> Handled {
    match message {
        Message::Publish(m) => held.read(|| out.flush()).publish_as(grant, from, m, now, out),
        Message::Yield(m) => held.read(|| out.flush()).yield_(from, m, now, out),
        Message::Error(m) => {
            // A call that goes to another callee may have to be watched again.
            let guarded = held.read(|| out.flush());
            let handled = guarded.error(from, m, now, out);
            cell.expect(guarded.poll_timeout());
            handled
        }
        Message::Cancel(m) => held.read(|| out.flush()).cancel(from, m, now, out),
        // The one procedure of the protocol that may look for long needs no more than to look.
        Message::Call(m) if is_of_the_realm(&m.procedure) => {
            change(held, out, |realm, out| realm.call_meta(from, m, now, out))
        }
        Message::Call(m) => {
            let guarded = held.read(|| out.flush());
            let handled = if m.procedure == GET_EVENTS {
                guarded.get_events(from, m, now, out)
            } else {
                guarded.call_as(grant, from, m, now, out)
            };
            cell.expect(guarded.poll_timeout());
            handled
        }
        Message::Subscribe(m) => change(held, out, |realm, out| realm.subscribe(from, m, now, out)),
        Message::Unsubscribe(m) => {
            change(held, out, |realm, out| realm.unsubscribe(from, m, now, out))
        }
        Message::Register(m) => change(held, out, |realm, out| realm.register(from, m, now, out)),
        Message::Unregister(m) => {
            change(held, out, |realm, out| realm.unregister(from, m, now, out))
        }
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
