//! From a realm to the outboxes of its sessions.

use crate::outbox::Outbox;
use std::sync::Arc;
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
