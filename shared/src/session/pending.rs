//! Requests that wait for their answer.

use super::table::Table;
use crate::{
    id::RequestId,
    message::{CancelMode, MessageCode},
};

/// The requests of one session by their id, in the order they were made.
#[derive(Debug)]
pub(super) struct Pending<T> {
    table: Table<Entry<T>>,
}

#[derive(Debug)]
struct Entry<T> {
    kind: MessageCode,
    /// `None` once the shell has it back and only the late answer is still to be swallowed.
    token: Option<T>,
    sent: bool,
    /// Of a call: its result may come in pieces.
    receive_progress: bool,
    /// Of a call: how it was taken back.
    canceled: Option<CancelMode>,
}

/// A request that will not be answered, since the session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone<T> {
    /// What came with the request.
    pub token: T,
    /// The request.
    pub request: RequestId,
    /// What kind of request it was.
    pub kind: MessageCode,
    /// Whether it was given to the transport.
    pub maybe_sent: bool,
}

impl<T> Pending<T> {
    pub(super) const fn new() -> Self {
        Self { table: Table::new() }
    }

    pub(super) const fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn insert(
        &mut self,
        request: RequestId,
        kind: MessageCode,
        receive_progress: bool,
        token: T,
    ) {
        let token = Some(token);
        let entry = Entry { kind, token, sent: false, receive_progress, canceled: None };
        self.table.insert(request, entry);
    }

    pub(super) fn token(&self, request: RequestId) -> Option<&T> {
        self.table.get(request)?.token.as_ref()
    }

    pub(super) fn token_mut(&mut self, request: RequestId) -> Option<&mut T> {
        self.table.get_mut(request)?.token.as_mut()
    }

    /// The transport has the request now.
    pub(super) fn mark_sent(&mut self, request: RequestId) {
        if let Some(entry) = self.table.get_mut(request) {
            entry.sent = true;
        }
    }

    /// Ends the request that an answer of this kind names. `Err` if there is none such; `Ok(None)` if nobody waits.
    pub(super) fn finish(
        &mut self,
        request: RequestId,
        kind: MessageCode,
    ) -> Result<Option<T>, NoSuchRequest> {
        if self.table.get(request).is_none_or(|e| e.kind != kind) {
            return Err(NoSuchRequest);
        }
        Ok(self.table.remove(request).and_then(|e| e.token))
    }

    /// Notes a piece of a result. `Err` if no call asked for it; `Ok(false)` if nobody wants it any more.
    pub(super) fn progress(&self, request: RequestId) -> Result<bool, NoSuchRequest> {
        match self.table.get(request) {
            Some(entry) if entry.receive_progress => {
                Ok(entry.token.is_some() && entry.canceled.is_none())
            }
            _ => Err(NoSuchRequest),
        }
    }

    /// Notes that a call is canceled; `false` if CANCEL need not be sent.
    ///
    /// `skip` and `killnowait` end a call for good, `kill` may be followed by one of them.
    pub(super) fn cancel(&mut self, request: RequestId, mode: CancelMode) -> bool {
        let Some(entry) = self.table.get_mut(request) else { return false };
        let news = match entry.canceled {
            None => true,
            Some(CancelMode::Kill) => mode != CancelMode::Kill,
            Some(CancelMode::Skip | CancelMode::KillNoWait) => false,
        };
        if entry.kind != MessageCode::Call || !news {
            return false;
        }
        entry.canceled = Some(mode);
        true
    }

    /// Takes the token out, and leaves the entry so that the answer is known when it comes.
    pub(super) fn abandon(&mut self, request: RequestId) -> Option<T> {
        self.table.get_mut(request)?.token.take()
    }

    /// Empties the table, in the order of the ids.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Gone<T>> {
        self.table.drain().filter_map(|(request, entry)| {
            let Entry { kind, token, sent, .. } = entry;
            Some(Gone { token: token?, request, kind, maybe_sent: sent })
        })
    }
}

/// No request has this id, or it is of another kind.
#[derive(Debug, PartialEq)]
pub(super) struct NoSuchRequest;
