//! Messages that the transport of their receiver cannot carry, because they are longer than it takes
//! ("WAMP: RawSocket Transport", the limits of its handshake).

use crate::{
    dealer::Dealer,
    member::Member,
    pending::Invoked,
    realm::Realm,
    reject::Reject,
    routing::Moment,
    sink::{Outbound, Sink},
};
use std::sync::Arc;
use wamplex_shared::{
    id::RequestId,
    message::{Message, MessageCode, ResultMessage},
    time::Time,
};

impl<H> Realm<H> {
    /// Sees to a message for `to` that is too long to be sent to it: whoever waits for it, or for an answer to it, gets
    /// ERROR `wamp.error.payload_size_exceeded` instead. For an EVENT nobody waits.
    pub fn undelivered(
        &self,
        to: &Member<H>,
        message: Outbound,
        now: Time,
        out: &mut impl Sink<H>,
    ) {
        if to.has_left() {
            return;
        }
        let Outbound::Message(message) = message else { return };
        let moment = self.moment(now);
        match *message {
            Message::Result(part) if part.details.progress => {
                self.dealer.part_undelivered(moment, to, &part, out);
            }
            Message::Result(result) => {
                refuse(to, MessageCode::Call, result.request, out);
            }
            Message::Error(error) => refuse(to, error.request_type, error.request, out),
            Message::Invocation(invocation) => {
                self.dealer.invocation_undelivered(moment, to, invocation.request, out);
            }
            Message::Hello(_)
            | Message::Welcome(_)
            | Message::Abort(_)
            | Message::Challenge(_)
            | Message::Authenticate(_)
            | Message::Goodbye(_)
            | Message::Publish(_)
            | Message::Published(_)
            | Message::Subscribe(_)
            | Message::Subscribed(_)
            | Message::Unsubscribe(_)
            | Message::Unsubscribed(_)
            | Message::Event(_)
            | Message::EventReceived(_)
            | Message::Call(_)
            | Message::Cancel(_)
            | Message::Register(_)
            | Message::Registered(_)
            | Message::Unregister(_)
            | Message::Unregistered(_)
            | Message::Interrupt(_)
            | Message::Yield(_) => {}
        }
    }
}

/// Puts a short answer in the place of a long one.
fn refuse<H>(to: &Member<H>, code: MessageCode, request: RequestId, out: &mut impl Sink<H>) {
    let error = Reject::TooLongForCaller.to_error(code, request);
    out.deliver(to.handle(), Outbound::from(error));
}

impl<H> Dealer<H> {
    /// A result without one of its parts is none: the call ends, and its callee need not go on.
    fn part_undelivered(
        &self,
        moment: Moment<'_>,
        caller: &Member<H>,
        part: &ResultMessage,
        out: &mut impl Sink<H>,
    ) {
        let Some(call) = caller.calls.lock().get(part.request).cloned() else { return };
        let place = call.fail(Reject::TooLongForCaller, out);
        let slot = self.withdraw(&call, place, true, out);
        self.release(moment, slot, out);
    }

    /// Ends a call that its callee cannot be told of, or not all of it.
    fn invocation_undelivered(
        &self,
        moment: Moment<'_>,
        callee: &Member<H>,
        request: RequestId,
        out: &mut impl Sink<H>,
    ) {
        let invocations = callee.invocations.lock();
        let Some(Invoked { call, .. }) = invocations.open.get(request) else { return };
        let call = Arc::clone(call);
        drop(invocations);
        call.fail(Reject::TooLongForCallee, out);
        // It may have received other parts of the arguments.
        let begun = call.course.lock().begun;
        let slot = if begun { call.withdraw(callee, request, true, out) } else { None };
        // A callee that was told nothing owes nothing.
        let open = || callee.invocations.lock().open.remove(request);
        let slot = slot.or_else(|| open().and_then(|invoked| invoked.slot));
        self.release(moment, slot, out);
    }
}
