//! Invocations that a callee is serving.

use super::table::Table;
use crate::id::RequestId;

/// The invocations of one session by their id.
#[derive(Debug)]
pub(super) struct Invocations {
    table: Table<Serving>,
    highest: Option<RequestId>,
}

#[derive(Debug)]
struct Serving {
    /// The caller takes the result in pieces.
    receive_progress: bool,
    /// More arguments follow.
    progress: bool,
    interrupted: bool,
}

/// What an INVOCATION is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    New,
    Continuation,
    /// For an invocation that was answered already, or the same one twice.
    Late,
}

impl Invocations {
    pub(super) const fn new() -> Self {
        Self { table: Table::new(), highest: None }
    }

    pub(super) const fn len(&self) -> usize {
        self.table.len()
    }

    /// Notes an INVOCATION. With `streams` (this callee takes arguments in pieces), an id that was used before is a
    /// piece that came too late; otherwise it is a router that does not count.
    pub(super) fn arrive(
        &mut self,
        request: RequestId,
        progress: bool,
        receive_progress: bool,
        streams: bool,
    ) -> Arrival {
        if let Some(serving) = self.table.get_mut(request) {
            if !serving.progress || serving.interrupted {
                return Arrival::Late;
            }
            serving.progress = progress;
            return Arrival::Continuation;
        }
        if streams && self.highest.is_some_and(|highest| request <= highest) {
            return Arrival::Late;
        }
        self.highest = self.highest.max(Some(request));
        self.table.insert(request, Serving { receive_progress, progress, interrupted: false });
        Arrival::New
    }

    /// Notes an INTERRUPT; `false` if the invocation is answered already or was interrupted before.
    pub(super) fn interrupt(&mut self, request: RequestId) -> bool {
        self.table
            .get_mut(request)
            .is_some_and(|serving| !core::mem::replace(&mut serving.interrupted, true))
    }

    /// Whether a piece of the result may be sent.
    pub(super) fn takes_progress(&self, request: RequestId) -> bool {
        self.table.get(request).is_some_and(|s| s.receive_progress && !s.interrupted)
    }

    /// Ends an invocation; `false` if there is none to answer.
    pub(super) fn finish(&mut self, request: RequestId) -> bool {
        self.table.remove(request).is_some()
    }

    pub(super) fn clear(&mut self) {
        self.table.clear();
    }
}
