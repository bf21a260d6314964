//! All the ways in which a call ends without its callee's answer: CANCEL, timeout, caller gone, callee gone.

use crate::{
    dealer::Dealer,
    member::{Member, Members},
    pending::Pending,
    reject::Reject,
    sink::Sink,
};
use std::sync::Arc;
use wamplex_shared::{
    message::{Cancel, CancelMode, MessageCode},
    time::Time,
};

impl<H> Dealer<H> {
    /// Takes a call back ("WAMP: Call Canceling"). One that has been answered, or never was, is none of our business:
    /// the caller cannot know yet, and a CANCEL is never answered itself.
    pub(crate) fn cancel(&self, from: &Member<H>, message: Cancel, out: &mut impl Sink<H>) {
        let Cancel { request, options } = message;
        let Some(call) = from.calls.lock().get(&request).cloned() else { return };
        // The specification names no default.
        let mode = options.mode.unwrap_or(CancelMode::KillNoWait);
        match mode {
            CancelMode::Kill if call.callee_can_cancel() => call.interrupt_and_wait(out),
            CancelMode::Skip => give_up(&call, false, out),
            CancelMode::Kill | CancelMode::KillNoWait => give_up(&call, true, out),
        }
    }

    /// Ends the calls whose time is over ("WAMP: Call Timeouts").
    pub(crate) fn handle_timeout(&self, now: Time, out: &mut impl Sink<H>) {
        for call in self.timers.due(now) {
            let error = || Reject::TimedOut.to_error(MessageCode::Call, call.request).into();
            let over = |call: &Pending<H>| call.deadline().is_some_and(|deadline| deadline <= now);
            if call.finish_if(over, error, out) {
                call.withdraw(true, out);
            } else if let Some(deadline) = call.deadline().filter(|deadline| *deadline > now) {
                // A part of the result came in between and began a new interval.
                self.timers.push(deadline, &call);
            }
        }
    }

    /// Ends the calls that `who` made or was to answer; it has left and is told nothing.
    pub(crate) fn leave(&self, who: &Member<H>, out: &mut impl Sink<H>) {
        let calls = core::mem::take(&mut *who.calls.lock());
        for call in calls.values() {
            call.withdraw(true, out);
        }
        let invocations = core::mem::take(&mut who.invocations.lock().open);
        for call in invocations.values() {
            call.fail(Reject::CalleeLeft, out);
        }
    }

    /// Whether every call in a caller's table is in its callee's and the other way round. Only while nothing is moving.
    pub(crate) fn check_calls(&self, members: &Members<H>) -> Result<(), String> {
        let here = |m: &Arc<Member<H>>| {
            members.get(m.session()).is_some_and(|s| Arc::ptr_eq(&s.member, m))
        };
        for seat in members.iter() {
            let member = &seat.member;
            let calls: Vec<_> = member.calls.lock().iter().map(|(k, v)| (*k, v.clone())).collect();
            for (request, call) in calls {
                let there = call
                    .invocation()
                    .and_then(|id| call.callee.invocations.lock().open.get(&id).cloned());
                let sound = call.request == request
                    && Arc::ptr_eq(&call.caller, member)
                    && here(&call.callee)
                    && there.is_some_and(|there| Arc::ptr_eq(&there, &call));
                if !sound {
                    return Err(format!("{member:?} waits in vain for {request:?}"));
                }
                let watched = |deadline| self.timers.watches(&call, deadline);
                if !call.deadline().is_none_or(watched) {
                    return Err(format!("nobody watches the time of {request:?} of {member:?}"));
                }
            }
            let open = member.invocations.lock().open.clone();
            for (id, call) in open {
                let known = call.caller.calls.lock().get(&call.request).cloned();
                if !here(&call.caller) || !known.is_some_and(|known| Arc::ptr_eq(&known, &call)) {
                    return Err(format!("{member:?} owes {id:?} to nobody"));
                }
            }
        }
        Ok(())
    }
}

/// The caller is answered at once, and the callee's answer will be dropped.
fn give_up<H>(call: &Arc<Pending<H>>, interrupt: bool, out: &mut impl Sink<H>) {
    call.fail(Reject::Canceled, out);
    call.withdraw(interrupt, out);
}
