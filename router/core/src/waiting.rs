//! Calls that wait because every callee that could take them has as many as it wants.

use crate::{
    pending::{Pending, Place},
    question::Question,
    reject::Reject,
};
use std::{collections::BTreeMap, sync::Arc};
use wamplex_shared::id::RegistrationId;

/// The calls that wait for the callees of one registration, in the order they came.
///
/// Its lock is taken before those of the tables, and held while a call is handed from here to a callee: so calls reach
/// a callee in the order in which they waited, and none overtakes them.
pub(crate) struct Queue<H> {
    calls: BTreeMap<Ticket, Waiting<H>>,
    next: u64,
}

/// A place in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// A call in a queue.
pub(crate) struct Waiting<H> {
    pub(crate) call: Arc<Pending<H>>,
    pub(crate) question: Box<Question>,
}

impl<H> Queue<H> {
    pub(crate) const fn new() -> Self {
        Self { calls: BTreeMap::new(), next: 0 }
    }

    /// Puts a call at the end, unless it is over.
    pub(crate) fn push(
        &mut self,
        registration: RegistrationId,
        waiting: Waiting<H>,
        limit: usize,
    ) -> Result<(), Reject> {
        if self.calls.len() >= limit {
            return Err(Reject::QueueFull);
        }
        let ticket = Ticket(self.next);
        let call = Arc::clone(&waiting.call);
        let mut course = call.course.lock();
        if !matches!(course.place, Place::Over) {
            course.place = Place::Waiting(registration, ticket);
            self.next += 1;
            self.calls.insert(ticket, waiting);
        }
        Ok(())
    }

    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Takes in, at the end, the calls of a registration that is gone.
    pub(crate) fn adopt(&mut self, registration: RegistrationId, orphans: Self) {
        for waiting in orphans.calls.into_values() {
            // There was room for them where they were.
            let _ = self.push(registration, waiting, usize::MAX);
        }
    }

    /// Takes a call out that is over.
    pub(crate) fn remove(&mut self, ticket: Ticket) {
        self.calls.remove(&ticket);
    }

    /// Takes out the first call that `choose` finds something for.
    pub(crate) fn take_first<T>(
        &mut self,
        mut choose: impl FnMut(&Question) -> Option<T>,
    ) -> Option<(T, Waiting<H>)> {
        let found = |(ticket, waiting): (&Ticket, &Waiting<H>)| {
            choose(&waiting.question).map(|found| (found, *ticket))
        };
        let (found, ticket) = self.calls.iter().find_map(found)?;
        self.calls.remove(&ticket).map(|waiting| (found, waiting))
    }

    /// Whether this call is here under this ticket.
    pub(crate) fn holds(&self, ticket: Ticket, call: &Arc<Pending<H>>) -> bool {
        self.calls.get(&ticket).is_some_and(|waiting| Arc::ptr_eq(&waiting.call, call))
    }

    /// All calls that wait, first come first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Waiting<H>> {
        self.calls.values()
    }
}
