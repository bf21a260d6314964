//! All the ways in which a call ends without its callee's answer: CANCEL, timeout, caller gone, callee gone.

use crate::{
    dealer::Dealer,
    member::{Member, Members},
    observer::CallEnd,
    pending::{Invoked, Pending, Place, can_cancel},
    registration::{Callee, Registration},
    reject::Reject,
    routing::Moment,
    sink::Sink,
    tracing::CallOutcome,
};
use std::sync::Arc;
use wamplex_shared::message::{Cancel, CancelMode, MessageCode};

impl<H> Dealer<H> {
    /// Takes a call back ("WAMP: Call Canceling"). One that has been answered, or never was, is none of our business:
    /// the caller cannot know yet, and a CANCEL is never answered itself.
    pub(crate) fn cancel(
        &self,
        moment: Moment<'_>,
        from: &Member<H>,
        message: Cancel,
        out: &mut impl Sink<H>,
    ) {
        let Cancel { request, options } = message;
        let Some(call) = from.calls.lock().get(request).cloned() else { return };
        // The specification names no default.
        let mode = options.mode.unwrap_or(CancelMode::KillNoWait);
        let able = || call.serving().is_some_and(|(callee, _)| can_cancel(&callee));
        if mode == CancelMode::Kill && able() && call.interrupt_and_wait(out) {
            return;
        }
        // The caller is answered at once, and what the callee says will be dropped.
        let place = call.fail(Reject::Canceled, out);
        if place.is_some() {
            call.note_end(moment, CallEnd::Canceled);
        }
        let slot = self.withdraw(&call, place, mode != CancelMode::Skip, out);
        self.release(moment, slot, out);
    }

    /// Ends the calls whose time is over ("WAMP: Call Timeouts").
    pub(crate) fn handle_timeout(&self, moment: Moment<'_>, out: &mut impl Sink<H>) {
        let now = moment.now;
        let mut ended = Vec::new();
        for call in self.timers.due(now) {
            let error = || Reject::TimedOut.to_error(MessageCode::Call, call.request).into();
            let over = |call: &Pending<H>| call.deadline().is_some_and(|deadline| deadline <= now);
            if let Some(place) = call.finish_if(over, error, out) {
                call.note_end(moment, CallEnd::TimedOut);
                ended.push((call, place));
            } else if let Some(deadline) = call.deadline().filter(|deadline| *deadline > now) {
                // A part of the result came in between and began a new interval.
                self.timers.push(deadline, &call);
            }
        }
        self.withdraw_all(moment, ended, out);
    }

    /// Ends the calls that `who` made or was to answer; it has left and is told nothing.
    pub(crate) fn leave(&self, moment: Moment<'_>, who: &Member<H>, out: &mut impl Sink<H>) {
        let invocations = who.invocations.lock().open.take_all();
        for (_, Invoked { call, slot, .. }) in invocations {
            if call.fail(Reject::CalleeLeft, out).is_some() {
                call.note_end(moment, CallEnd::CalleeLeft);
            }
            if let Some(slot) = slot {
                slot.free();
            }
        }
        let calls = who.calls.lock().take_all();
        let end = |call: &Pending<H>| call.end(&CallOutcome::CallerLeft);
        let ended = calls.into_iter().map(|(_, call)| (Arc::clone(&call), end(&call))).collect();
        self.withdraw_all(moment, ended, out);
    }

    /// Whether every call in a caller's table is in its callee's and the other way round. Only while nothing is moving.
    pub(crate) fn check_calls(&self, members: &Members<H>) -> Result<(), String> {
        for seat in members.iter() {
            let member = &seat.member;
            let calls = member.calls.lock().snapshot();
            for (request, call) in calls {
                let mine = call.request == request && Arc::ptr_eq(&call.caller, member);
                if !mine || !self.has_place(&call, members) {
                    return Err(format!("{member:?} waits in vain for {request:?}"));
                }
                let watched = |deadline| self.timers.watches(&call, deadline);
                if !call.deadline().is_none_or(watched) {
                    return Err(format!("nobody watches the time of {request:?} of {member:?}"));
                }
            }
            for invoked in member.invocations.lock().open.values() {
                let call = &invoked.call;
                // A callee that does not know that nobody waits for its answer keeps its slot until it answers.
                let kept =
                    invoked.slot.is_some() && matches!(call.course.lock().place, Place::Over);
                let expected = is_here(&call.caller, members) && is_open(call);
                if !kept && !expected {
                    return Err(format!(
                        "{member:?} owes an answer to {:?}, who does not wait",
                        call.request
                    ));
                }
            }
        }
        self.registrations().into_iter().try_for_each(check_queue)
    }

    /// Whether an open call is where it says it is.
    fn has_place(&self, call: &Arc<Pending<H>>, members: &Members<H>) -> bool {
        match &call.course.lock().place {
            Place::Between | Place::Over => false,
            Place::Waiting(registration, ticket) => {
                self.get(*registration).is_some_and(|r| r.queue.lock().holds(*ticket, call))
            }
            Place::Serving(callee, request) => {
                let invocations = callee.invocations.lock();
                let there = invocations.open.get(*request);
                is_here(callee, members) && there.is_some_and(|i| Arc::ptr_eq(&i.call, call))
            }
        }
    }
}

/// Whether all slots that are taken are taken by somebody, and those who wait have to.
fn check_queue<H>(registration: &Registration<H>) -> Result<(), String> {
    let id = registration.id;
    for callee in registration.callees() {
        let room = &callee.room;
        let invocations = callee.member.invocations.lock();
        let slots = invocations.open.values().filter_map(|invoked| invoked.slot.as_ref());
        let held = slots.filter(|slot| slot.is_of(room)).count();
        if u64::try_from(held) != Ok(room.taken()) {
            return Err(format!("{held} slots of {id:?} are taken, not {}", room.taken()));
        }
    }
    for waiting in registration.queue.lock().iter() {
        let fits = |callee: &Callee<H>| {
            callee.room.is_free() && !waiting.question.has_tried(&callee.member)
        };
        let sharded = waiting.question.shard().is_some();
        if !is_open(&waiting.call) || (!sharded && registration.callees().iter().any(fits)) {
            return Err(format!("a call waits in vain for {id:?}"));
        }
    }
    Ok(())
}

fn is_here<H>(member: &Arc<Member<H>>, members: &Members<H>) -> bool {
    members.get(member.session()).is_some_and(|seat| Arc::ptr_eq(&seat.member, member))
}

fn is_open<H>(call: &Arc<Pending<H>>) -> bool {
    call.caller.calls.lock().get(call.request).is_some_and(|known| Arc::ptr_eq(known, call))
}
