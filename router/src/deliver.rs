//! From a realm to the outboxes of its sessions.

use crate::outbox::Outbox;
use std::{sync::Arc, task::Waker};
use wamplex_realm::{Outbound, Sink};

/// How a realm of this router reaches a session.
pub(crate) type Handle = Arc<Outbox<Outbound>>;

/// Puts what a realm says into outboxes. Nothing is encoded here, since it happens under the guard of the realm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deliver;

impl Sink<Handle> for Deliver {
    fn deliver(&mut self, to: &Handle, message: Outbound) {
        let bytes = message.weight();
        to.push(message, bytes);
    }
}

/// Does the same for a batch of messages, and wakes the sessions together at its end: who is woken by the first message
/// finds those that come next as well, and sends them with one write.
#[derive(Debug, Default)]
pub(crate) struct DeliverBatch {
    woken: Vec<Waker>,
}

/// From this many sessions on there is enough to do for others: they are woken without waiting for the end of the batch.
const MOST_ASLEEP: usize = 32;

impl DeliverBatch {
    /// Wakes those for whom there is something.
    pub(crate) fn wake(&mut self) {
        self.woken.drain(..).for_each(Waker::wake);
    }
}

impl Sink<Handle> for DeliverBatch {
    fn deliver(&mut self, to: &Handle, message: Outbound) {
        let bytes = message.weight();
        let Some(waker) = to.push_quietly(message, bytes) else { return };
        self.woken.push(waker);
        if self.woken.len() >= MOST_ASLEEP {
            self.wake();
        }
    }
}

impl Drop for DeliverBatch {
    fn drop(&mut self) {
        self.wake();
    }
}
