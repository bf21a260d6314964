//! The way of a call to a callee: at once, after waiting for one, or after another one was unavailable.

use crate::{
    authorization::Grant,
    config::RealmConfig,
    dealer::Dealer,
    member::Member,
    pending::{Offer, Pending, Place},
    question::{Question, check_options},
    registration::{Callee, NoCallee, Registration},
    reject::{Refusal, Reject},
    sink::Sink,
    slot::Slot,
    streaming::Stream,
    tracing::CallSpan,
    waiting::{Queue, Waiting},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use wamplex_shared::{
    id::{RegistrationId, RequestId},
    message::{Call, Invocation, InvocationPolicy, Message},
    payload::Payload,
    roles::{Feature, Role},
    time::Time,
    uri::MatchPolicy,
};

/// What holds while one message is handled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) config: &'a RealmConfig,
    pub(crate) now: Time,
}

impl<H> Dealer<H> {
    /// Handles the first CALL of a call. Takes the span if there is a call to follow from now on.
    pub(crate) fn call(
        &self,
        moment: Moment<'_>,
        grant: Grant,
        from: &Arc<Member<H>>,
        message: Call,
        span: &mut Option<Box<dyn CallSpan>>,
        out: &mut impl Sink<H>,
    ) -> Result<(), Refusal> {
        let Call { request, mut options, procedure, payload } = message;
        check_options(from, &options)?;
        procedure.check(moment.config.uri_rule, MatchPolicy::Exact)?;
        let registration = self.matching(&procedure).ok_or(Reject::NoSuchProcedure)?;
        let timeout = moment.config.effective_timeout(options.timeout);
        let stream = options.progress.then(|| Stream::new(&procedure));
        let call = Pending::new(Arc::clone(from), request, timeout, stream, moment.now);
        let call = Arc::new(call);
        // The caller's table first, so that even the fastest YIELD finds somebody to answer.
        call.open(from.limits(moment.config).calls)?;
        if let Some(span) = span.take() {
            span.inject(&mut options.custom);
            call.course.lock().span = Some(span);
        }
        let disclosure = moment.config.disclosure.overridden(grant.disclose);
        let mut question =
            Question { procedure, options, payload, disclosure, tried: BTreeSet::new() };
        self.route(moment, registration, &call, &mut question, out);
        Ok(())
    }

    /// Asks another callee, after one was unavailable ("WAMP: Call Re-Routing").
    pub(crate) fn reroute(
        &self,
        moment: Moment<'_>,
        registration: Option<&Registration<H>>,
        call: &Arc<Pending<H>>,
        question: &mut Question,
        out: &mut impl Sink<H>,
    ) {
        match registration {
            Some(registration) => self.route(moment, registration, call, question, out),
            None => {
                call.fail(Reject::NoAvailableCallee, out);
            }
        }
    }

    /// Finds a callee for a call, or a place to wait, or ends the call. Uses the question up.
    fn route(
        &self,
        moment: Moment<'_>,
        registration: &Registration<H>,
        call: &Arc<Pending<H>>,
        question: &mut Question,
        out: &mut impl Sink<H>,
    ) {
        // Where nobody has a limit, nobody waits: all cores may choose at once.
        let mut queue = registration.is_limited().then(|| registration.queue.lock());
        match (registration.choose(question, &self.dice), &mut queue) {
            (Ok(callee), _) => self.invoke(moment, registration, callee, call, question, out),
            (Err(NoCallee::Busy), Some(queue)) => {
                call.set_forwarded(false);
                let waiting = Waiting { call: Arc::clone(call), question: question.take() };
                let limit = moment.config.limits.waiting;
                if let Err(reject) = queue.push(registration.id, waiting, limit) {
                    call.fail(reject, out);
                }
            }
            (Err(_), _) => {
                call.fail(question.nobody(), out);
            }
        }
        drop(queue);
        if let Some(deadline) = call.deadline() {
            self.timers.push(deadline, call);
        }
    }

    /// Hands a call to this callee, which has room for it. Uses the question up.
    fn invoke(
        &self,
        Moment { config, now }: Moment<'_>,
        registration: &Registration<H>,
        callee: &Callee<H>,
        call: &Arc<Pending<H>>,
        question: &mut Question,
        out: &mut impl Sink<H>,
    ) {
        let details = match question.details(config, registration, callee, call, now) {
            Ok(details) => details,
            Err(reject) => {
                call.fail(reject, out);
                return;
            }
        };
        let member = &callee.member;
        // Remembering costs memory: only if there may be another callee, and this one knows that it can refuse.
        let may_refuse = registration.invoke != InvocationPolicy::Single
            && member.supports(Role::Callee, Feature::CallReroute);
        let kept = may_refuse.then(|| question.take());
        let payload = match &kept {
            Some(kept) => kept.payload.clone(),
            None => core::mem::replace(&mut question.payload, Payload::NONE),
        };
        let (request, registration) = (RequestId::FIRST, registration.id);
        let receive_progress = details.receive_progress;
        let invocation = Invocation { request, registration, details, payload };
        let invocation = Box::new(Message::Invocation(invocation));
        let slot = callee.room.take(registration);
        let offer = Offer {
            callee: member,
            registration,
            receive_progress,
            invocation,
            slot,
            question: kept,
        };
        let unused = match call.invoke(offer, member.limits(config).invocations, out) {
            Ok(unused) => unused,
            Err((reject, unused)) => {
                call.fail(reject, out);
                unused
            }
        };
        if let Some(slot) = unused {
            slot.free();
        }
    }

    /// Hands waiting calls to callees that have room.
    fn dispatch(
        &self,
        moment: Moment<'_>,
        registration: &Registration<H>,
        queue: &mut Queue<H>,
        out: &mut impl Sink<H>,
    ) {
        let choose = |question: &Question| registration.choose(question, &self.dice).ok();
        while registration.has_room()
            && let Some((callee, Waiting { call, mut question })) = queue.take_first(choose)
        {
            self.invoke(moment, registration, callee, &call, &mut question, out);
        }
    }

    /// Sees to the calls that wait, after callees have come or gone.
    pub(crate) fn review(
        &self,
        moment: Moment<'_>,
        registration: &Registration<H>,
        out: &mut impl Sink<H>,
    ) {
        let mut queue = registration.queue.lock();
        let lost = |question: &Question| registration.has_nobody_for(question).then_some(());
        while let Some(((), Waiting { call, question })) = queue.take_first(lost) {
            call.fail(question.nobody(), out);
        }
        self.dispatch(moment, registration, &mut queue, out);
    }

    /// Ends the calls that wait for callees who are all gone.
    pub(crate) fn dismiss(mut queue: Queue<H>, out: &mut impl Sink<H>) {
        while let Some(((), Waiting { call, question })) = queue.take_first(|_| Some(())) {
            call.fail(question.nobody(), out);
        }
    }

    /// Takes a call that is over from where it was. Returns the slot that it had.
    pub(crate) fn withdraw(
        &self,
        call: &Pending<H>,
        place: Option<Place<H>>,
        interrupt: bool,
        out: &mut impl Sink<H>,
    ) -> Option<Slot> {
        match place {
            Some(Place::Serving(callee, request)) => {
                call.withdraw(&callee, request, interrupt, out)
            }
            Some(Place::Waiting(registration, ticket)) => {
                self.get(registration)?.queue.lock().remove(ticket);
                None
            }
            Some(Place::Between | Place::Over) | None => None,
        }
    }

    /// Takes calls that are over from where they were and interrupts their callees. Only then are others given the room
    /// they had, so that it does not matter in which order they ended.
    pub(crate) fn withdraw_all(
        &self,
        moment: Moment<'_>,
        ended: Vec<(Arc<Pending<H>>, Place<H>)>,
        out: &mut impl Sink<H>,
    ) {
        let mut slots: BTreeMap<RegistrationId, Vec<Slot>> = BTreeMap::new();
        for (call, place) in ended {
            if let Some(slot) = self.withdraw(&call, Some(place), true, out) {
                slots.entry(slot.registration).or_default().push(slot);
            }
        }
        for (registration, slots) in slots {
            self.free(moment, registration, slots, out);
        }
    }

    /// Gives a slot back, and the next call that waits for one its turn.
    pub(crate) fn release(&self, moment: Moment<'_>, slot: Option<Slot>, out: &mut impl Sink<H>) {
        if let Some(slot) = slot {
            self.free(moment, slot.registration, [slot], out);
        }
    }

    /// Room and queue change under one lock: otherwise a new call could take the room before those that wait for it.
    fn free(
        &self,
        moment: Moment<'_>,
        registration: RegistrationId,
        slots: impl IntoIterator<Item = Slot>,
        out: &mut impl Sink<H>,
    ) {
        let Some(registration) = self.get(registration) else {
            return slots.into_iter().for_each(Slot::free);
        };
        let mut queue = registration.queue.lock();
        slots.into_iter().for_each(Slot::free);
        self.dispatch(moment, registration, &mut queue, out);
    }
}

impl Question {
    /// The answer when there is nobody (left) to ask.
    fn nobody(&self) -> Reject {
        if self.tried.is_empty() { Reject::CalleesGone } else { Reject::NoAvailableCallee }
    }
}
