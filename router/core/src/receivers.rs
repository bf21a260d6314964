//! Those who receive what comes through one subscription.

use crate::{
    event::SharedEvent,
    member::Member,
    sink::{Outbound, Sink},
};
use core::{fmt, ops::Deref};
use std::sync::Arc;
use wamplex_shared::{id::SessionId, message::Event};

/// The subscribers of one subscription, side by side, since publishing walks them.
///
/// A [`Sink`](crate::Sink) may keep a clone for as long as the realm stays guarded for reading: it is one reference to
/// all of them. Whoever keeps one for longer makes the next change of the subscription copy them.
pub struct Receivers<H>(Arc<Vec<Arc<Member<H>>>>);

impl<H> Receivers<H> {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// The same, for changing them.
    pub(crate) fn make_mut(&mut self) -> &mut Vec<Arc<Member<H>>> {
        Arc::make_mut(&mut self.0)
    }

    /// Whether these are the receivers of the same subscription, and nobody has come or gone in between.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Queues an EVENT for each of them `except` one.
    pub fn deliver_one_by_one(
        &self,
        except: Option<SessionId>,
        event: Event,
        out: &mut (impl Sink<H> + ?Sized),
    ) {
        let event = Arc::new(SharedEvent::new(event, None));
        for member in self.iter().filter(|member| Some(member.session()) != except) {
            out.deliver(member.handle(), Outbound::Event(Arc::clone(&event)));
        }
    }
}

impl<H> Deref for Receivers<H> {
    type Target = [Arc<Member<H>>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<H> Clone for Receivers<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<H> fmt::Debug for Receivers<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
