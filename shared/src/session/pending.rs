//! Requests that wait for their answer, each with its shell's token.

use super::{CloseReason, Event, table::Table};
use crate::{
    id::RequestId,
    message::{Call, CallOptions, CancelMode, MessageCode},
    time::Time,
    uri::Uri,
};
use core::time::Duration;
use std::collections::VecDeque;

/// How long a call may take, or each piece of its result ("WAMP: Call Timeouts").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The time now.
    pub now: Time,
    /// How long it may take until the result, or from one piece of the result to the next.
    pub interval: Duration,
}

/// The requests of one session by their id, in the order they were made.
#[derive(Debug)]
pub(super) struct Pending<T> {
    table: Table<Entry<T>>,
    /// Sorted. Most deadlines are as far away as the last one, so they are added near the end and taken near the front.
    timers: VecDeque<(Time, RequestId)>,
    /// Calls whose interval starts anew as soon as the shell says what time it is.
    renewed: VecDeque<RequestId>,
}

#[derive(Debug)]
struct Entry<T> {
    kind: MessageCode,
    /// `None` once the shell has it back and only the late answer is still to be swallowed.
    token: Option<T>,
    sent: bool,
    call: CallState,
}

/// What is remembered about a CALL; of no meaning for other requests.
#[derive(Debug, Default)]
struct CallState {
    receive_progress: bool,
    canceled: Option<CancelMode>,
    interval: Option<Duration>,
    due: Option<Time>,
    /// Procedure and options while more arguments may follow: they are frozen by the first CALL.
    stream: Option<Box<(Uri, CallOptions)>>,
}

impl<T> Pending<T> {
    pub(super) const fn new() -> Self {
        Self { table: Table::new(), timers: VecDeque::new(), renewed: VecDeque::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn insert(&mut self, request: RequestId, kind: MessageCode, token: T) {
        let entry = Entry { kind, token: Some(token), sent: false, call: CallState::default() };
        self.table.insert(request, entry);
    }

    pub(super) fn insert_call(&mut self, call: &Call, deadline: Option<Deadline>, token: T) {
        let request = call.request;
        self.insert(request, MessageCode::Call, token);
        let Some(entry) = self.table.get_mut(request) else { return };
        entry.call.receive_progress = call.options.receive_progress;
        if call.options.progress {
            entry.call.stream = Some(Box::new((call.procedure.clone(), call.options.clone())));
        }
        if let Some(Deadline { now, interval }) = deadline {
            let due = now + interval;
            (entry.call.interval, entry.call.due) = (Some(interval), Some(due));
            self.arm(due, request);
        }
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
        self.disarm(request);
        Ok(self.table.remove(request).and_then(|e| e.token))
    }

    /// Notes a piece of a result. `Err` if no call asked for it; `Ok(false)` if nobody wants it any more.
    pub(super) fn progress(&mut self, request: RequestId) -> Result<bool, NoSuchRequest> {
        let entry = self.table.get_mut(request).ok_or(NoSuchRequest)?;
        if !entry.call.receive_progress {
            return Err(NoSuchRequest);
        }
        if entry.token.is_none() || entry.call.canceled.is_some() {
            return Ok(false);
        }
        if let Some(due) = entry.call.due.take() {
            self.unarm(due, request);
            self.renewed.push_back(request);
        }
        Ok(true)
    }

    /// Notes that a call is canceled; `false` if CANCEL need not be sent.
    ///
    /// `skip` and `killnowait` end a call for good, `kill` may be followed by one of them.
    pub(super) fn cancel(&mut self, request: RequestId, mode: CancelMode) -> bool {
        let Some(entry) = self.table.get_mut(request) else { return false };
        let news = match entry.call.canceled {
            None => true,
            Some(CancelMode::Kill) => mode != CancelMode::Kill,
            Some(CancelMode::Skip | CancelMode::KillNoWait) => false,
        };
        if entry.kind != MessageCode::Call || !news {
            return false;
        }
        entry.call.canceled = Some(mode);
        entry.call.stream = None;
        true
    }

    /// Takes the token out, and leaves the entry so that the answer is known when it comes.
    pub(super) fn abandon(&mut self, request: RequestId) -> Option<T> {
        self.disarm(request);
        let entry = self.table.get_mut(request)?;
        entry.call.stream = None;
        entry.token.take()
    }

    /// Procedure and options of a call that takes more arguments; with `last` it takes none after these.
    pub(super) fn continue_call(
        &mut self,
        request: RequestId,
        last: bool,
    ) -> Option<(Uri, CallOptions)> {
        let entry = self.table.get_mut(request)?;
        let (procedure, mut options) =
            if last { *entry.call.stream.take()? } else { (**entry.call.stream.as_ref()?).clone() };
        options.progress = !last;
        Some((procedure, options))
    }

    /// When [`expired`](Self::expired) has something to do. At once if an interval starts anew.
    pub(super) fn next_timeout(&self) -> Option<Time> {
        if self.renewed.is_empty() { self.timers.front().map(|t| t.0) } else { Some(Time::ZERO) }
    }

    /// Starts the renewed intervals, then takes out the calls whose time is over.
    pub(super) fn expired(&mut self, now: Time) -> Vec<(RequestId, T)> {
        while let Some(request) = self.renewed.pop_front() {
            let Some(entry) = self.table.get_mut(request) else { continue };
            let Some(interval) = entry.call.interval else { continue };
            entry.call.due = Some(now + interval);
            self.arm(now + interval, request);
        }
        let mut expired = Vec::new();
        while let Some(&(due, request)) = self.timers.front() {
            if due > now {
                break;
            }
            expired.extend(self.abandon(request).map(|token| (request, token)));
        }
        expired
    }

    /// Empties the table into events that say why nobody will answer.
    pub(super) fn drain(&mut self, reason: &CloseReason) -> impl Iterator<Item = Event<T>> {
        self.timers.clear();
        self.renewed.clear();
        self.table.drain().filter_map(move |(request, entry)| {
            Some(Event::Gone {
                token: entry.token?,
                request,
                kind: entry.kind,
                maybe_sent: entry.sent,
                reason: reason.clone(),
            })
        })
    }

    fn disarm(&mut self, request: RequestId) {
        self.renewed.retain(|renewed| *renewed != request);
        if let Some(due) = self.table.get_mut(request).and_then(|e| e.call.due.take()) {
            self.unarm(due, request);
        }
    }

    fn arm(&mut self, due: Time, request: RequestId) {
        if let Err(place) = self.timers.binary_search(&(due, request)) {
            self.timers.insert(place, (due, request));
        }
    }

    fn unarm(&mut self, due: Time, request: RequestId) {
        if let Ok(place) = self.timers.binary_search(&(due, request)) {
            self.timers.remove(place);
        }
    }
}

/// No request has this id, or it is of another kind.
#[derive(Debug, PartialEq)]
pub(super) struct NoSuchRequest;
