//! A call between its CALL and its last answer.

use crate::{
    member::Member,
    observer::CallEnd,
    question::Question,
    reject::{Refusal, Reject},
    routing::Moment,
    sink::{Outbound, Sink},
    slot::Slot,
    streaming::Stream,
    tracing::{CallOutcome, CallSpan},
    waiting::Ticket,
};
use core::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use parking_lot::Mutex;
use std::sync::Arc;
use wamplex_shared::{
    id::{RegistrationId, RequestId},
    message::{CancelMode, Interrupt, InterruptOptions, Invocation, Message, MessageCode},
    roles::{Feature, Role},
    time::Time,
};

/// One call in flight: under its request among the caller's calls, and either under its invocation among the
/// invocations of a callee or in the queue of a registration. None of these is locked while another one is.
///
/// The caller's table decides what the caller is told: an answer is delivered under its lock, and only while the call
/// is in it. The callee's table decides what the callee is told, in the same way. Whoever takes the call out of the
/// caller's table learns where else it is, and takes it from there: in every race the second comer finds nothing and
/// says nothing.
///
/// The members and the call hold each other. Answering the call breaks the circle; so does dropping the realm.
pub(crate) struct Pending<H> {
    pub(crate) caller: Arc<Member<H>>,
    /// The id of the CALL.
    pub(crate) request: RequestId,
    /// When the CALL came.
    began: Time,
    /// How long each answer may take.
    timeout: Option<Duration>,
    // Relaxed throughout: whoever reads these has taken a lock since they were written, or may as well see them late.
    /// When the timeout is over, in nanoseconds.
    expires: AtomicU64,
    /// The callee sees to the timeout, and the dealer does not.
    forwarded: AtomicBool,
    /// The callee was told to stop and the caller waits for what it says to that. Written under the callee's lock.
    killed: AtomicBool,
    /// Locked last, inside any of the tables.
    pub(crate) course: Mutex<Course<H>>,
}

/// How far a call has come.
pub(crate) struct Course<H> {
    pub(crate) place: Place<H>,
    /// What was asked, for as long as it may be asked of another callee.
    pub(crate) question: Option<Box<Question>>,
    /// Parts of the arguments or of the result have passed: no other callee can take the call over.
    pub(crate) begun: bool,
    /// For a call whose arguments come in parts.
    pub(crate) stream: Option<Box<Stream>>,
    /// For a call that somebody follows.
    pub(crate) span: Option<Box<dyn CallSpan>>,
}

/// Where a call is, apart from the caller's table.
pub(crate) enum Place<H> {
    /// On its way from one place to another, in the hands of one thread.
    Between,
    /// In the queue of a registration.
    Waiting(RegistrationId, Ticket),
    /// With a callee, under this invocation.
    Serving(Arc<Member<H>>, RequestId),
    /// Answered.
    Over,
}

/// A call in the table of its callee.
pub(crate) struct Invoked<H> {
    pub(crate) call: Arc<Pending<H>>,
    /// Where it was routed.
    pub(crate) registration: RegistrationId,
    /// Whether results may come in several pieces.
    pub(crate) receive_progress: bool,
    /// What it takes of the callee's concurrency.
    pub(crate) slot: Option<Slot>,
}

/// Everything that invoking a callee takes.
pub(crate) struct Offer<'a, H> {
    pub(crate) callee: &'a Arc<Member<H>>,
    pub(crate) registration: RegistrationId,
    pub(crate) receive_progress: bool,
    /// The INVOCATION, made where it stays until it is sent. Its id is given under the lock of the callee's table.
    pub(crate) invocation: Box<Message>,
    pub(crate) slot: Option<Slot>,
    /// What to ask another callee if this one is unavailable.
    pub(crate) question: Option<Box<Question>>,
}

impl<H> Pending<H> {
    pub(crate) fn new(
        caller: Arc<Member<H>>,
        request: RequestId,
        timeout: Option<Duration>,
        stream: Option<Box<Stream>>,
        now: Time,
    ) -> Self {
        let (place, question, begun, span) = (Place::Between, None, false, None);
        let call = Self {
            caller,
            request,
            began: now,
            timeout,
            expires: AtomicU64::new(NEVER),
            forwarded: AtomicBool::new(false),
            killed: AtomicBool::new(false),
            course: Mutex::new(Course { place, question, begun, stream, span }),
        };
        call.restart_timeout(now);
        call
    }

    /// Enters the call among the caller's.
    pub(crate) fn open(self: &Arc<Self>, limit: usize) -> Result<(), Refusal> {
        let mut calls = self.caller.calls.lock();
        let in_use = || Err(self.caller.request_in_use(self.request).into());
        if calls.len() >= limit {
            let full = Err(Reject::LimitExceeded("open calls").into());
            return if calls.contains(self.request) { in_use() } else { full };
        }
        // Strict request ids let this happen once in 2^53 requests.
        if calls.insert(self.request, Arc::clone(self)) { Ok(()) } else { in_use() }
    }

    /// Enters the call among the callee's invocations and delivers INVOCATION, with the parts that have come meanwhile
    /// behind it. Gives the slot back if nobody waits for the call any more.
    ///
    /// Delivered before the lock is let go, so that the ids rise on the wire.
    pub(crate) fn invoke(
        self: &Arc<Self>,
        offer: Offer<'_, H>,
        limit: usize,
        out: &mut impl Sink<H>,
    ) -> Result<Option<Slot>, (Reject, Option<Slot>)> {
        let Offer { callee, registration, receive_progress, mut invocation, slot, question } =
            offer;
        let mut invocations = callee.invocations.lock();
        if invocations.open.len() >= limit {
            return Err((Reject::CalleeBusy, slot));
        }
        let mut course = self.course.lock();
        if matches!(course.place, Place::Over) || self.caller.has_left() {
            return Ok(slot);
        }
        let request = invocations.ids.take();
        if let Message::Invocation(invocation) = &mut *invocation {
            invocation.request = request;
        }
        let call = Arc::clone(self);
        let invoked = Invoked { call, registration, receive_progress, slot };
        invocations.open.insert(request, invoked);
        course.place = Place::Serving(Arc::clone(callee), request);
        course.question = question;
        let more = course.begin_stream(&invocation);
        out.deliver(callee.handle(), Outbound::boxed(invocation));
        for invocation in more {
            course.begin();
            out.deliver(callee.handle(), Outbound::from(invocation));
        }
        Ok(None)
    }

    /// Gives the caller its last answer, unless it has it already. Says where the call was.
    pub(crate) fn finish(
        self: &Arc<Self>,
        answer: impl Into<Outbound>,
        out: &mut impl Sink<H>,
    ) -> Option<Place<H>> {
        self.finish_if(|_| true, || answer.into(), out)
    }

    /// Refuses the call with an ERROR to the caller. Says where the call was.
    pub(crate) fn fail(
        self: &Arc<Self>,
        reject: Reject,
        out: &mut impl Sink<H>,
    ) -> Option<Place<H>> {
        self.finish_if(|_| true, || reject.to_error(MessageCode::Call, self.request).into(), out)
    }

    /// Gives the caller its last answer, unless it has it already, or `may` says no. Says where the call was if so.
    pub(crate) fn finish_if(
        self: &Arc<Self>,
        may: impl FnOnce(&Self) -> bool,
        answer: impl FnOnce() -> Outbound,
        out: &mut impl Sink<H>,
    ) -> Option<Place<H>> {
        let mut calls = self.caller.calls.lock();
        calls.remove_if(self.request, |call| Arc::ptr_eq(call, self) && may(self))?;
        if self.caller.has_left() {
            return Some(self.end(&CallOutcome::CallerLeft));
        }
        let answer = answer();
        let outcome = CallOutcome::of(&answer);
        out.deliver(self.caller.handle(), answer);
        Some(self.end(&outcome))
    }

    /// Notes that the call is over, and says where it was. For whoever has taken it out of the caller's table.
    pub(crate) fn end(&self, outcome: &CallOutcome) -> Place<H> {
        let mut course = self.course.lock();
        if let Some(span) = course.span.take() {
            span.end(outcome);
        }
        (course.question, course.stream) = (None, None);
        core::mem::replace(&mut course.place, Place::Over)
    }

    /// Gives the caller a part of the result and starts the next interval of the timeout. Nothing, once the caller has
    /// its last answer or took the call back.
    pub(crate) fn progress(
        self: &Arc<Self>,
        part: impl Into<Outbound>,
        now: Time,
        out: &mut impl Sink<H>,
    ) {
        let calls = self.caller.calls.lock();
        let open = calls.get(self.request).is_some_and(|call| Arc::ptr_eq(call, self));
        if open && !self.is_killed() {
            self.restart_timeout(now);
            self.course.lock().begin();
            out.deliver(self.caller.handle(), part.into());
        }
    }

    /// Tells the callee to stop, once, with the caller waiting for what it says to that. Says whether it will say
    /// something: not if the call is with nobody.
    pub(crate) fn interrupt_and_wait(&self, out: &mut impl Sink<H>) -> bool {
        while let Some((callee, request)) = self.serving() {
            let invocations = callee.invocations.lock();
            if invocations.open.contains(request) {
                if !self.killed.swap(true, Relaxed) {
                    deliver_interrupt(&callee, request, CancelMode::Kill, out);
                }
                return true;
            }
            let same = |(c, r): (Arc<Member<H>>, _)| Arc::ptr_eq(&c, &callee) && r == request;
            if self.serving().is_some_and(same) {
                // Its answer is on the way to the caller.
                return true;
            }
        }
        false
    }

    /// Takes the call from the callee, whose answer nobody waits for any more; `interrupt` tells it so, if it
    /// understands that and was not told before. Gives the slot back.
    ///
    /// A callee that does not know that it may stop keeps its slot, and the invocation, until it answers.
    pub(crate) fn withdraw(
        &self,
        callee: &Member<H>,
        request: RequestId,
        interrupt: bool,
        out: &mut impl Sink<H>,
    ) -> Option<Slot> {
        let mut invocations = callee.invocations.lock();
        let had_slot = invocations.open.get(request)?.slot.is_some();
        let knows = self.is_killed() || callee.has_left();
        let told = interrupt && !knows && can_cancel(callee);
        if told {
            deliver_interrupt(callee, request, CancelMode::KillNoWait, out);
        }
        if had_slot && !told && !knows {
            return None;
        }
        invocations.open.remove(request)?.slot
    }

    /// The callee that has the call, and the id of the INVOCATION.
    pub(crate) fn serving(&self) -> Option<(Arc<Member<H>>, RequestId)> {
        match &self.course.lock().place {
            Place::Serving(callee, request) => Some((Arc::clone(callee), *request)),
            Place::Between | Place::Waiting(..) | Place::Over => None,
        }
    }

    /// Tells whoever watches that the call is over.
    pub(crate) fn note_end(&self, moment: Moment<'_>, how: CallEnd) {
        if let Some(observer) = &moment.config.observer {
            observer.call_ended(how, moment.now.since(self.began));
        }
    }

    /// Whether the callee was told to stop and will say something to that.
    pub(crate) fn is_killed(&self) -> bool {
        self.killed.load(Relaxed)
    }

    /// Starts an interval of the timeout.
    pub(crate) fn restart_timeout(&self, now: Time) {
        if let Some(timeout) = self.timeout {
            self.expires.store(to_nanos(now + timeout), Relaxed);
        }
    }

    /// Hands the timeout to the callee, or takes it back.
    pub(crate) fn set_forwarded(&self, forwarded: bool) {
        self.forwarded.store(forwarded, Relaxed);
    }

    /// When the interval is over, whoever sees to that; `None` if never.
    pub(crate) fn expires(&self) -> Option<Time> {
        from_nanos(self.expires.load(Relaxed))
    }

    /// When the dealer has to end the call; `None` if never.
    pub(crate) fn deadline(&self) -> Option<Time> {
        if self.forwarded.load(Relaxed) { None } else { self.expires() }
    }
}

impl<H> Course<H> {
    /// The parts of the arguments that have come before the first INVOCATION, which they follow.
    fn begin_stream(&mut self, first: &Message) -> Vec<Invocation> {
        match (self.stream.as_deref_mut(), first) {
            (Some(stream), Message::Invocation(first)) => stream.begin(first),
            _ => Vec::new(),
        }
    }

    /// From here on the call stays with its callee.
    pub(crate) fn begin(&mut self) {
        (self.begun, self.question) = (true, None);
    }
}

/// Whether a callee understands INTERRUPT.
pub(crate) const fn can_cancel<H>(callee: &Member<H>) -> bool {
    callee.supports(Role::Callee, Feature::CallCanceling)
}

fn deliver_interrupt<H>(
    callee: &Member<H>,
    request: RequestId,
    mode: CancelMode,
    out: &mut impl Sink<H>,
) {
    let options = InterruptOptions { mode: Some(mode), ..InterruptOptions::default() };
    out.deliver(callee.handle(), Outbound::from(Interrupt { request, options }));
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
