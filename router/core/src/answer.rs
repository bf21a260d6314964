//! What a callee says to an invocation, on its way back to the caller.

use crate::{
    dealer::Dealer,
    member::{Invocations, Member},
    observer::CallEnd,
    passing::PassedOptions,
    pending::{Invoked, Pending, Place},
    question::{Question, uses_passthru},
    reject::Reject,
    routing::Moment,
    sink::{Outbound, Sink},
};
use parking_lot::MutexGuard;
use std::sync::Arc;
use wamplex_shared::{
    error::ProtocolViolation,
    id::RequestId,
    message::{Error, ErrorDetails, MessageCode, Passthru, ResultDetails, ResultMessage, Yield},
    roles::{Feature, Role},
    uri::{MatchPolicy, Uri, UriRule},
    uris,
};

impl<H> Dealer<H> {
    /// Hands a result, or a part of one, back to the caller.
    pub(crate) fn yield_(
        &self,
        moment: Moment<'_>,
        from: &Member<H>,
        message: Yield,
        out: &mut impl Sink<H>,
    ) -> Result<(), ProtocolViolation> {
        let Yield { request: invocation, options, payload } = message;
        let passthru = from.may_pass(MessageCode::Yield, options.passthru.as_deref())?;
        let mut invocations = from.given(MessageCode::Yield, invocation)?;
        let Some(Invoked { call, receive_progress, .. }) = invocations.open.get(invocation) else {
            return Ok(());
        };
        if options.progress && !receive_progress {
            return Err(ProtocolViolation::ProgressNotRequested { request: invocation.get() });
        }
        let accepted = !passthru || call.caller.takes_passthru();
        let custom = moment.config.passed_options.pick(&options.custom);
        let details = ResultDetails {
            progress: options.progress && accepted,
            passthru: options.passthru,
            custom,
        };
        let result = ResultMessage { request: call.request, details, payload };
        if result.details.progress {
            let call = Arc::clone(call);
            drop(invocations);
            call.progress(result, moment.now, out);
            return Ok(());
        }
        let answered = invocations.open.remove(invocation);
        drop(invocations);
        let Some(Invoked { call, slot, .. }) = answered else { return Ok(()) };
        if accepted {
            if call.finish(result, out).is_some() {
                call.note_end(moment, CallEnd::Answered);
            }
        } else {
            if call.fail(Reject::PassthruNotSupported, out).is_some() {
                call.note_end(moment, CallEnd::Failed);
            }
            // The one ERROR that goes this way: the specification wants the callee to be told.
            let error = Reject::PassthruNotSupported.to_error(MessageCode::Invocation, invocation);
            out.deliver(from.handle(), Outbound::from(error));
        }
        self.release(moment, slot, out);
        Ok(())
    }

    /// Hands a callee's error back to the caller, or its call to another callee.
    pub(crate) fn error(
        &self,
        moment: Moment<'_>,
        from: &Member<H>,
        message: Error,
        out: &mut impl Sink<H>,
    ) -> Result<(), ProtocolViolation> {
        if message.request_type != MessageCode::Invocation {
            let state = "for a request other than INVOCATION";
            return Err(ProtocolViolation::Unexpected { message: MessageCode::Error, state });
        }
        let passthru = from.may_pass(MessageCode::Error, message.details.passthru.as_deref())?;
        let unavailable = message.error.as_str() == uris::error::UNAVAILABLE
            && from.supports(Role::Callee, Feature::CallReroute);
        let mut invocations = from.given(MessageCode::Error, message.request)?;
        let Some(invoked) = invocations.open.remove(message.request) else { return Ok(()) };
        let Invoked { call, registration, slot, .. } = invoked;
        let retry = if unavailable { call.take_back() } else { Retry::No };
        drop(invocations);
        let failed = match retry {
            Retry::No if passthru && !call.caller.takes_passthru() => {
                call.fail(Reject::PassthruNotSupported, out)
            }
            Retry::No => {
                let passed = &moment.config.passed_options;
                call.finish(error_of(&call, message, passed), out)
            }
            Retry::Nobody => call.fail(Reject::NoAvailableCallee, out),
            Retry::Others(mut question) => {
                question.tried.insert(from.session());
                self.reroute(moment, self.get(registration), &call, &mut question, out);
                None
            }
        };
        if failed.is_some() {
            call.note_end(moment, CallEnd::Failed);
        }
        self.release(moment, slot, out);
        Ok(())
    }
}

/// Whether a call can be put to somebody else.
enum Retry {
    /// It stays with the callee that has it.
    No,
    /// It could, but there is nobody else.
    Nobody,
    Others(Box<Question>),
}

impl<H> Pending<H> {
    /// Takes the call from a callee that is unavailable, unless it has begun or the caller waits for what the callee
    /// says to its INTERRUPT. Under the lock of the callee's table, from which the call was taken.
    fn take_back(&self) -> Retry {
        let mut course = self.course.lock();
        if course.begun || self.is_killed() || !matches!(course.place, Place::Serving(..)) {
            return Retry::No;
        }
        course.place = Place::Between;
        course.question.take().map_or(Retry::Nobody, Retry::Others)
    }
}

impl<H> Member<H> {
    /// The invocations this callee was given, if the one it answers is or was among them. One that is not any more was
    /// answered or given up before, which a callee cannot know yet.
    fn given(
        &self,
        message: MessageCode,
        invocation: RequestId,
    ) -> Result<MutexGuard<'_, Invocations<H>>, ProtocolViolation> {
        let invocations = self.invocations.lock();
        if invocation >= invocations.ids.peek() {
            let request = invocation.get();
            return Err(ProtocolViolation::UnknownInvocation { message, request });
        }
        Ok(invocations)
    }

    /// Whether this callee uses payload passthru; a violation if it has not announced that.
    fn may_pass(
        &self,
        message: MessageCode,
        passthru: Option<&Passthru>,
    ) -> Result<bool, ProtocolViolation> {
        let used = uses_passthru(passthru);
        if used && !self.supports(Role::Callee, Feature::PayloadPassthruMode) {
            let feature = Feature::PayloadPassthruMode.name();
            return Err(ProtocolViolation::FeatureNotAnnounced { message, feature });
        }
        Ok(used)
    }

    const fn takes_passthru(&self) -> bool {
        self.supports(Role::Caller, Feature::PayloadPassthruMode)
    }
}

/// The error of the callee, as the caller receives it.
fn error_of<H>(call: &Pending<H>, message: Error, passed: &PassedOptions) -> Error {
    // Receivers check the URI too, and some end their session over a bad one: the caller must not pay for that.
    let valid = message.error.check(UriRule::Loose, MatchPolicy::Exact).is_ok();
    let error = if valid { message.error } else { Uri::from_static(uris::error::INVALID_URI) };
    let ErrorDetails { passthru, custom } = message.details;
    let details = ErrorDetails { passthru, custom: passed.pick(&custom) };
    let (request_type, request) = (MessageCode::Call, call.request);
    Error { request_type, request, details, error, payload: message.payload }
}
