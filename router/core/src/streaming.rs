//! Calls whose arguments come in parts ("WAMP: Progressive Call Invocations").

use crate::{
    dealer::Dealer,
    member::Member,
    pending::{Pending, Place},
    realm::{Handled, Realm},
    reject::Reject,
    routing::Moment,
    sink::{Outbound, Sink},
};
use std::sync::Arc;
use wamplex_shared::{
    error::ProtocolViolation,
    id::RequestId,
    message::{Call, Invocation, MessageCode},
    payload::Payload,
    roles::{Feature, Role},
    time::Time,
    uri::Uri,
};

/// What is remembered of the first CALL of such a call, and what has to wait.
pub(crate) struct Stream {
    procedure: Uri,
    /// The caller may send more.
    open: bool,
    /// What all INVOCATIONs say, but for `progress` and the payload: the first CALL has decided it.
    template: Option<Invocation>,
    /// What came while no callee had the call, and whether more follows.
    parts: Vec<Part>,
}

type Part = (Payload, bool);

/// The call that a CALL belongs to which is not the first of it.
pub(crate) enum Earlier<H> {
    /// This one.
    Open(Arc<Pending<H>>),
    /// One that is over, which the caller could not know.
    Over,
}

impl Stream {
    pub(crate) fn new(procedure: &Uri) -> Box<Self> {
        let (procedure, parts) = (procedure.detach(), Vec::new());
        Box::new(Self { procedure, open: true, template: None, parts })
    }

    /// Notes what the first INVOCATION to a callee says, and makes those of the parts that have waited for it.
    pub(crate) fn begin(&mut self, first: &Invocation) -> Vec<Invocation> {
        self.template = Some(Invocation { payload: Payload::NONE, ..first.clone() });
        let parts = core::mem::take(&mut self.parts);
        parts.into_iter().filter_map(|part| self.invocation(part)).collect()
    }

    fn invocation(&self, (payload, progress): Part) -> Option<Invocation> {
        let mut invocation = Invocation { payload, ..self.template.clone()? };
        invocation.details.progress = progress;
        Some(invocation)
    }

    /// Notes that the caller goes on.
    fn go_on(&mut self, call: &Call) -> Result<(), Wrong> {
        if !self.open {
            return Err(Wrong::Closed);
        }
        if call.procedure != self.procedure {
            return Err(Wrong::Procedure);
        }
        self.open = call.options.progress;
        Ok(())
    }
}

/// Why a CALL does not continue the call it names.
enum Wrong {
    Closed,
    Procedure,
}

impl<H> Member<H> {
    /// Tells a new call from more arguments of an old one. Only callers that announced the feature send the latter, so
    /// that the ids of all others are held to the rule for every request.
    ///
    /// Such a caller has to count its requests also in a realm that is lenient with ids: nothing else tells a part
    /// that came too late from a new call.
    fn earlier(&self, request: RequestId) -> Option<Earlier<H>> {
        if !self.goes_on(request) {
            return None;
        }
        Some(self.calls.lock().get(request).cloned().map_or(Earlier::Over, Earlier::Open))
    }

    /// Whether a CALL with this id is taken for more arguments of an old one.
    pub fn goes_on(&self, request: RequestId) -> bool {
        let streams = self.supports(Role::Caller, Feature::ProgressiveCallInvocations);
        streams && request.get() <= self.last_request()
    }
}

impl<H> Realm<H> {
    /// Checks the id of a CALL. If it is not the first of its call, it belongs to [`go_on`](Self::go_on).
    pub(crate) fn accept_call(
        &self,
        from: &Member<H>,
        request: RequestId,
    ) -> Result<Option<Earlier<H>>, ProtocolViolation> {
        if from.has_left() {
            return Ok(Some(Earlier::Over));
        }
        let earlier = from.earlier(request);
        if earlier.is_none() {
            self.accept(from, MessageCode::Call, request)?;
        }
        Ok(earlier)
    }

    /// Handles a CALL that is not the first of its call.
    pub(crate) fn go_on(
        &self,
        earlier: Earlier<H>,
        message: Call,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Handled {
        match earlier {
            Earlier::Open(call) => self.dealer.go_on(&call, message, self.moment(now), out),
            Earlier::Over => Ok(()),
        }
    }
}

impl<H> Dealer<H> {
    /// Hands more arguments of a call to the callee that has it.
    ///
    /// # Errors
    /// The call takes no more, or is one of another procedure.
    fn go_on(
        &self,
        call: &Arc<Pending<H>>,
        message: Call,
        moment: Moment<'_>,
        out: &mut impl Sink<H>,
    ) -> Result<(), ProtocolViolation> {
        let going = call.course.lock().stream.as_mut().map(|stream| stream.go_on(&message));
        match going {
            Some(Ok(())) => {}
            // Answered at this very moment: then it does not matter what this was.
            None if matches!(call.course.lock().place, Place::Over) => return Ok(()),
            None | Some(Err(Wrong::Closed)) => {
                return Err(call.caller.request_in_use(message.request));
            }
            Some(Err(Wrong::Procedure)) => {
                let state = "to go on with another procedure";
                return Err(ProtocolViolation::Unexpected { message: MessageCode::Call, state });
            }
        }
        call.restart_timeout(moment.now);
        let part = (message.payload, message.options.progress);
        if !call.hand_on(part, moment.config.limits.parts, out) {
            let place = call.fail(Reject::LimitExceeded("parts of a call that waits"), out);
            let slot = self.withdraw(call, place, true, out);
            self.release(moment, slot, out);
        }
        Ok(())
    }
}

impl<H> Pending<H> {
    /// Delivers a part to the callee, or keeps it until there is one. `false` if too many are kept.
    fn hand_on(&self, part: Part, limit: usize, out: &mut impl Sink<H>) -> bool {
        let mut part = Some(part);
        loop {
            let callee = {
                let mut course = self.course.lock();
                match &course.place {
                    Place::Serving(callee, _) => Arc::clone(callee),
                    Place::Over => return true,
                    Place::Between | Place::Waiting(..) => {
                        let Some(stream) = course.stream.as_mut() else { return true };
                        let fits = stream.parts.len() < limit;
                        stream.parts.extend(part.take().filter(|_| fits));
                        return fits;
                    }
                }
            };
            // The tables come before the course: by the time it is locked again, the call may be elsewhere.
            let invocations = callee.invocations.lock();
            let mut course = self.course.lock();
            let Place::Serving(there, request) = &course.place else { continue };
            if !Arc::ptr_eq(there, &callee) {
                continue;
            }
            // Otherwise the callee has answered, or was told to stop.
            if invocations.open.contains(*request)
                && !self.is_killed()
                && let Some(part) = part.take()
                && let Some(stream) = &course.stream
                && let Some(invocation) = stream.invocation(part)
            {
                course.begin();
                out.deliver(callee.handle(), Outbound::from(invocation));
            }
            return true;
        }
    }
}
