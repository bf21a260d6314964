//! A call between its CALL and its last answer.

use crate::{
    member::Member,
    reject::{Refusal, Reject},
    sink::{Outbound, Sink},
};
use core::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use std::{collections::btree_map::Entry, sync::Arc};
use wamplex_shared::{
    id::{RegistrationId, RequestId},
    message::{
        CancelMode, Interrupt, InterruptOptions, Invocation, InvocationDetails, Message,
        MessageCode,
    },
    payload::Payload,
    roles::{Feature, Role},
    time::Time,
};

/// One call in flight, in two tables: under its request among the caller's calls, under its invocation among the
/// callee's. The two are locked one after the other, never together.
///
/// The caller's table decides what the caller is told: an answer is delivered under its lock, and only while the call
/// is in it. The callee's table decides what the callee is told, in the same way. An operation that ends the call takes
/// it out of both, so in every race the second comer finds nothing and says nothing.
///
/// The members and the call hold each other. Answering the call breaks the circle; so does dropping the realm.
pub(crate) struct Pending<H> {
    pub(crate) caller: Arc<Member<H>>,
    pub(crate) callee: Arc<Member<H>>,
    /// The id of the CALL.
    pub(crate) request: RequestId,
    /// Whether results may come in several pieces.
    pub(crate) receive_progress: bool,
    /// How long the dealer waits for the next answer.
    timeout: Option<Duration>,
    // Relaxed throughout: each of these is written under a lock that whoever reads it has taken since.
    /// The id of the INVOCATION; 0 until it is sent.
    invocation: AtomicU64,
    /// When the timeout is over, in nanoseconds.
    deadline: AtomicU64,
    /// The callee was told to stop and the caller waits for what it says to that. Written under the callee's lock.
    killed: AtomicBool,
}

impl<H> Pending<H> {
    pub(crate) const fn new(
        caller: Arc<Member<H>>,
        callee: Arc<Member<H>>,
        request: RequestId,
        receive_progress: bool,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            caller,
            callee,
            request,
            receive_progress,
            timeout,
            invocation: AtomicU64::new(0),
            deadline: AtomicU64::new(NEVER),
            killed: AtomicBool::new(false),
        }
    }

    /// Enters the call among the caller's.
    pub(crate) fn open(self: &Arc<Self>, limit: usize) -> Result<(), Refusal> {
        let mut calls = self.caller.calls.lock();
        let full = calls.len() >= limit;
        match calls.entry(self.request) {
            // Strict request ids let this happen once in 2^53 requests.
            Entry::Occupied(_) => Err(self.caller.request_in_use(self.request).into()),
            Entry::Vacant(_) if full => Err(Reject::LimitExceeded("open calls").into()),
            Entry::Vacant(entry) => {
                entry.insert(Arc::clone(self));
                Ok(())
            }
        }
    }

    /// Enters the call among the callee's invocations and delivers INVOCATION.
    ///
    /// Delivered before the lock is let go, so that the ids rise on the wire.
    pub(crate) fn invoke(
        self: &Arc<Self>,
        registration: RegistrationId,
        details: InvocationDetails,
        payload: Payload,
        limit: usize,
        out: &mut impl Sink<H>,
    ) -> Result<(), Reject> {
        let mut invocations = self.callee.invocations.lock();
        if invocations.open.len() >= limit {
            return Err(Reject::CalleeBusy);
        }
        let request = invocations.ids.take();
        self.invocation.store(request.get(), Relaxed);
        invocations.open.insert(request, Arc::clone(self));
        let invocation = Invocation { request, registration, details, payload };
        out.deliver(self.callee.handle(), Outbound::from(invocation));
        Ok(())
    }

    /// Takes the call out of the caller's table without an answer: for when it could not begin.
    pub(crate) fn abandon(self: &Arc<Self>) {
        let mut calls = self.caller.calls.lock();
        if calls.get(&self.request).is_some_and(|call| Arc::ptr_eq(call, self)) {
            calls.remove(&self.request);
        }
    }

    /// Gives the caller its last answer, unless it has it already.
    pub(crate) fn finish(self: &Arc<Self>, answer: impl Into<Message>, out: &mut impl Sink<H>) {
        self.finish_if(|_| true, || answer.into(), out);
    }

    /// Gives the caller its last answer, unless it has it already, or `may` says no. Says whether it did.
    pub(crate) fn finish_if(
        self: &Arc<Self>,
        may: impl FnOnce(&Self) -> bool,
        answer: impl FnOnce() -> Message,
        out: &mut impl Sink<H>,
    ) -> bool {
        let mut calls = self.caller.calls.lock();
        let Entry::Occupied(entry) = calls.entry(self.request) else { return false };
        if !Arc::ptr_eq(entry.get(), self) || !may(self) {
            return false;
        }
        entry.remove();
        out.deliver(self.caller.handle(), Outbound::from(answer()));
        true
    }

    /// Gives the caller a part of the result and starts the next interval of the timeout. Nothing, once the caller has
    /// its last answer or took the call back.
    pub(crate) fn progress(
        self: &Arc<Self>,
        part: impl Into<Message>,
        now: Time,
        out: &mut impl Sink<H>,
    ) {
        let calls = self.caller.calls.lock();
        let open = calls.get(&self.request).is_some_and(|call| Arc::ptr_eq(call, self));
        if open && !self.killed.load(Relaxed) {
            self.restart_timeout(now);
            out.deliver(self.caller.handle(), Outbound::from(part.into()));
        }
    }

    /// Refuses the call with an ERROR to the caller.
    pub(crate) fn fail(self: &Arc<Self>, reject: Reject, out: &mut impl Sink<H>) {
        self.finish_if(|_| true, || reject.to_error(MessageCode::Call, self.request).into(), out);
    }

    /// Tells the callee to stop, once, with the caller waiting for what it says to that.
    pub(crate) fn interrupt_and_wait(&self, out: &mut impl Sink<H>) {
        let invocations = self.callee.invocations.lock();
        let Some(request) = self.invocation() else { return };
        if invocations.open.contains_key(&request) && !self.killed.swap(true, Relaxed) {
            self.deliver_interrupt(request, CancelMode::Kill, out);
        }
    }

    /// Takes the call from the callee, whose answer nobody waits for any more; `interrupt` tells it so, if it
    /// understands that and was not told before.
    pub(crate) fn withdraw(&self, interrupt: bool, out: &mut impl Sink<H>) {
        let mut invocations = self.callee.invocations.lock();
        let Some(request) = self.invocation() else { return };
        let found = invocations.open.remove(&request).is_some();
        let told = self.killed.load(Relaxed) || self.callee.has_left();
        if found && interrupt && !told && self.callee_can_cancel() {
            self.deliver_interrupt(request, CancelMode::KillNoWait, out);
        }
    }

    fn deliver_interrupt(&self, request: RequestId, mode: CancelMode, out: &mut impl Sink<H>) {
        let options = InterruptOptions { mode: Some(mode), ..InterruptOptions::default() };
        out.deliver(self.callee.handle(), Outbound::from(Interrupt { request, options }));
    }

    /// Whether the callee understands INTERRUPT.
    pub(crate) fn callee_can_cancel(&self) -> bool {
        self.callee.supports(Role::Callee, Feature::CallCanceling)
    }

    /// The id of the INVOCATION, once it is sent.
    pub(crate) fn invocation(&self) -> Option<RequestId> {
        RequestId::new(self.invocation.load(Relaxed))
    }

    /// Starts an interval of the timeout and says when it is over; `None` if never.
    pub(crate) fn restart_timeout(&self, now: Time) -> Option<Time> {
        self.deadline.store(to_nanos(now + self.timeout?), Relaxed);
        self.deadline()
    }

    /// When the interval is over; `None` if never.
    pub(crate) fn deadline(&self) -> Option<Time> {
        from_nanos(self.deadline.load(Relaxed))
    }
}

/// What [`to_nanos`] makes of times that do not fit.
pub(crate) const NEVER: u64 = u64::MAX;

/// 64 bits of nanoseconds last 584 years; later is never.
pub(crate) fn to_nanos(time: Time) -> u64 {
    u64::try_from(time.since_start().as_nanos()).unwrap_or(NEVER)
}

pub(crate) const fn from_nanos(nanos: u64) -> Option<Time> {
    if nanos == NEVER { None } else { Some(Time::from_start(Duration::from_nanos(nanos))) }
}
