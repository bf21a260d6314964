//! Time limits of calls.

use super::ledger::Ledger;
use crate::{id::RequestId, message::CallOptions, time::Time, uri::Uri};
use alloc::{boxed::Box, collections::BTreeSet};
use core::time::Duration;

/// How long a call may take, or each piece of its result ("WAMP: Call Timeouts").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The time now.
    pub now: Time,
    /// How long it may take until the result, or from one piece of the result to the next.
    pub interval: Duration,
}

/// What a session keeps with a request until it is answered.
#[derive(Debug)]
pub(super) struct Request<T> {
    /// The shell's.
    pub(super) token: T,
    timer: Option<Timer>,
    /// Procedure and options of a call while more arguments may follow: they are frozen by the first CALL.
    pub(super) stream: Option<Box<(Uri, CallOptions)>>,
}

#[derive(Clone, Copy, Debug)]
struct Timer {
    interval: Duration,
    /// `None` until the shell says what time it is.
    due: Option<Time>,
}

impl<T> Request<T> {
    pub(super) const fn new(token: T) -> Self {
        Self { token, timer: None, stream: None }
    }
}

/// The time limits of all calls of one session.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    timers: BTreeSet<(Time, RequestId)>,
    /// Calls whose interval starts anew as soon as the shell says what time it is.
    renewed: BTreeSet<RequestId>,
}

impl Deadlines {
    /// Starts the interval of a call that has just begun.
    pub(super) fn start<T>(
        &mut self,
        ledger: &mut Ledger<Request<T>>,
        request: RequestId,
        deadline: Deadline,
    ) {
        let Deadline { now, interval } = deadline;
        let due = now + interval;
        if let Some(entry) = ledger.token_mut(request) {
            entry.timer = Some(Timer { interval, due: Some(due) });
            self.timers.insert((due, request));
        }
    }

    /// Notes that the interval of a call starts anew now, whatever time that is.
    pub(super) fn renew<T>(&mut self, ledger: &mut Ledger<Request<T>>, request: RequestId) {
        let timer = ledger.token_mut(request).and_then(|entry| entry.timer.as_mut());
        if let Some(due) = timer.and_then(|timer| timer.due.take()) {
            self.timers.remove(&(due, request));
            self.renewed.insert(request);
        }
    }

    /// Forgets a request that was answered or given up.
    pub(super) fn stop<T>(&mut self, request: RequestId, entry: &Request<T>) {
        match entry.timer {
            Some(Timer { due: Some(due), .. }) => drop(self.timers.remove(&(due, request))),
            Some(Timer { due: None, .. }) => drop(self.renewed.remove(&request)),
            None => {}
        }
    }

    pub(super) fn clear(&mut self) {
        self.timers.clear();
        self.renewed.clear();
    }

    /// When [`expired`](Self::expired) has something to do. At once if an interval starts anew.
    pub(super) fn next(&self) -> Option<Time> {
        if self.renewed.is_empty() { self.timers.first().map(|t| t.0) } else { Some(Time::ZERO) }
    }

    /// Starts the renewed intervals, then takes out a call whose time is over.
    pub(super) fn expired<T>(
        &mut self,
        ledger: &mut Ledger<Request<T>>,
        now: Time,
    ) -> Option<(RequestId, T)> {
        while let Some(request) = self.renewed.pop_first() {
            let timer = ledger.token_mut(request).and_then(|entry| entry.timer.as_mut());
            if let Some(Timer { interval, due }) = timer {
                self.timers.insert((now + *interval, request));
                *due = Some(now + *interval);
            }
        }
        while self.timers.first().is_some_and(|(due, _)| *due <= now) {
            let (_, request) = self.timers.pop_first()?;
            if let Some(entry) = ledger.abandon(request) {
                return Some((request, entry.token));
            }
        }
        None
    }
}
