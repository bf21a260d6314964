//! An open session, as its client sees it.

use super::{
    CloseReason, Deadline, Event, Refusal, Refused, frame, invocations::Invocations,
    pending::Pending,
};
use crate::{
    error::ProtocolViolation,
    id::{RegistrationId, RequestId, RequestIds, SessionId, SubscriptionId},
    message::{
        Abort, Call, CallOptions, Cancel, CancelMode, CancelOptions, Error, ErrorDetails, Goodbye,
        Message, MessageCode, Passthru, Publish, PublishOptions, Register, RegisterOptions,
        Subscribe, SubscribeOptions, Unregister, Unsubscribe, Welcome, Yield, YieldOptions,
    },
    payload::Payload,
    roles::{Feature, Role, Roles},
    serializer::Serializer,
    time::Time,
    uri::Uri,
};
use bytes::Bytes;
use std::collections::VecDeque;

/// An open session of a client. `T` is the shell's token for a request: what it needs to tell the application.
///
/// Made by [`Joiner::into_session`](super::Joiner::into_session). See the [module](super) for how it is driven.
#[derive(Debug)]
pub struct Session<T> {
    pub(super) serializer: Serializer,
    /// What we announced in HELLO.
    pub(super) roles: Roles,
    pub(super) realm: Uri,
    pub(super) welcome: Welcome,
    pub(super) state: State,
    pub(super) ids: RequestIds,
    pub(super) pending: Pending<T>,
    pub(super) invocations: Invocations,
    /// What is to be sent, with the request that it makes.
    pub(super) out: VecDeque<(Option<RequestId>, Message)>,
    pub(super) events: VecDeque<Event<T>>,
    pub(super) ignored: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// GOODBYE was sent or is about to be: everything but the other's is ignored.
    Leaving,
    Closed,
}

/// Getters.
impl<T> Session<T> {
    pub(super) fn new(serializer: Serializer, realm: Uri, roles: Roles, welcome: Welcome) -> Self {
        Self {
            serializer,
            roles,
            realm: welcome.details.realm.clone().unwrap_or(realm),
            welcome,
            state: State::Open,
            ids: RequestIds::new(),
            pending: Pending::new(),
            invocations: Invocations::default(),
            out: VecDeque::new(),
            events: VecDeque::new(),
            ignored: 0,
        }
    }

    /// The id of the session.
    #[must_use]
    pub const fn id(&self) -> SessionId {
        self.welcome.session
    }

    /// The realm joined.
    #[must_use]
    pub const fn realm(&self) -> &Uri {
        &self.realm
    }

    /// The WELCOME that opened the session: authid, authrole and so on.
    #[must_use]
    pub const fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// The serializer of its messages.
    #[must_use]
    pub const fn serializer(&self) -> Serializer {
        self.serializer
    }

    /// The roles and features that the router announced.
    #[must_use]
    pub const fn router_roles(&self) -> &Roles {
        &self.welcome.details.roles
    }

    /// Whether requests are taken: neither side has said GOODBYE or ABORT, and the transport is there.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// How many requests wait for their answer.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// How many invocations wait for an answer of ours.
    #[must_use]
    pub fn serving(&self) -> usize {
        self.invocations.len()
    }

    /// How many messages of the router were ignored because they came too late or named an id of nothing.
    #[must_use]
    pub const fn ignored(&self) -> u64 {
        self.ignored
    }

    /// The token of a request that is not answered yet, for instance to hand on a piece of a result.
    #[must_use]
    pub fn token(&self, request: RequestId) -> Option<&T> {
        self.pending.token(request)
    }

    /// The token of a request that is not answered yet, to change.
    #[must_use]
    pub fn token_mut(&mut self, request: RequestId) -> Option<&mut T> {
        self.pending.token_mut(request)
    }

    /// Whether the application behind an invocation may send a piece of its result now: the caller asked for pieces
    /// and has not lost interest.
    #[must_use]
    pub fn takes_progress(&self, invocation: RequestId) -> bool {
        self.invocations.takes_progress(invocation)
    }
}

/// Commands. Those that make a request return its id, or give the token back when they are not taken.
impl<T> Session<T> {
    /// Asks for the events of a topic ("WAMP: Subscribing and Unsubscribing").
    ///
    /// # Errors
    /// The session is not open.
    pub fn subscribe(
        &mut self,
        topic: Uri,
        options: SubscribeOptions,
        token: T,
    ) -> Result<RequestId, Refused<T>> {
        let token = self.check(token, Ok(()))?;
        let request = self.ids.take();
        Ok(self.request(request, Subscribe { request, options, topic }, token))
    }

    /// Gives a subscription up.
    ///
    /// # Errors
    /// The session is not open.
    pub fn unsubscribe(
        &mut self,
        subscription: SubscriptionId,
        token: T,
    ) -> Result<RequestId, Refused<T>> {
        let token = self.check(token, Ok(()))?;
        let request = self.ids.take();
        Ok(self.request(request, Unsubscribe { request, subscription }, token))
    }

    /// Publishes an event ("WAMP: Publishing and Events"). It is acknowledged if there is a token;
    /// `options.acknowledge` is set accordingly.
    ///
    /// # Errors
    /// The session is not open, or payload passthru was not announced.
    pub fn publish(
        &mut self,
        topic: Uri,
        mut options: PublishOptions,
        payload: Payload,
        token: Option<T>,
    ) -> Result<RequestId, Refused<Option<T>>> {
        let allowed = self.has_passthru(Role::Publisher, Role::Broker, options.passthru.as_deref());
        let token = self.check(token, allowed.and_then(|()| self.fits(&payload)))?;
        options.acknowledge = token.is_some();
        let request = self.ids.take();
        if let Some(token) = token {
            self.pending.insert(request, MessageCode::Publish, token);
        }
        self.out.push_back((Some(request), Publish { request, options, topic, payload }.into()));
        Ok(request)
    }

    /// Calls a procedure ("WAMP: Calling and Invocations").
    ///
    /// With `options.receive_progress` pieces of the result come as [`Event::Progress`]. With `options.progress` more
    /// arguments may follow through [`call_more`](Self::call_more). The deadline is this side's own and not the same
    /// as `options.timeout`, which the dealer or the callee sees to.
    ///
    /// # Errors
    /// The session is not open, or the call needs a feature that was not announced.
    pub fn call(
        &mut self,
        procedure: Uri,
        options: CallOptions,
        payload: Payload,
        deadline: Option<Deadline>,
        token: T,
    ) -> Result<RequestId, Refused<T>> {
        let feature = Feature::ProgressiveCallInvocations;
        let allowed = if options.progress && !self.both(Role::Caller, Role::Dealer, feature) {
            Err(Refusal::Unsupported(feature))
        } else {
            self.has_passthru(Role::Caller, Role::Dealer, options.passthru.as_deref())
        };
        let token = self.check(token, allowed.and_then(|()| self.fits(&payload)))?;
        let request = self.ids.take();
        let call = Call { request, options, procedure, payload };
        self.pending.insert_call(&call, deadline, token);
        self.out.push_back((Some(request), call.into()));
        Ok(request)
    }

    /// Gives a running call more arguments; `last` says that none follow ("WAMP: Progressive Call Invocations").
    ///
    /// Procedure and options stay those of the first CALL.
    ///
    /// # Errors
    /// The session is not open, or the call takes no more arguments.
    pub fn call_more(
        &mut self,
        request: RequestId,
        payload: Payload,
        last: bool,
    ) -> Result<(), Refused<()>> {
        self.check((), self.fits(&payload))?;
        let (procedure, options) = self
            .pending
            .continue_call(request, last)
            .ok_or(Refused { token: (), reason: Refusal::NotContinued })?;
        self.out.push_back((None, Call { request, options, procedure, payload }.into()));
        Ok(())
    }

    /// Takes a call back ("WAMP: Call Canceling"). Returns whether CANCEL goes out: not for a call that is answered
    /// or was canceled before, nor to a router that cannot do it.
    ///
    /// The call stays pending until its final RESULT or ERROR, which comes out as usual. A shell that does not want to
    /// wait for it takes the token out with [`abandon`](Self::abandon).
    pub fn cancel(&mut self, request: RequestId, mode: CancelMode) -> bool {
        let able = self.router_roles().supports(Role::Dealer, Feature::CallCanceling);
        if !self.is_open() || !able || !self.pending.cancel(request, mode) {
            return false;
        }
        let options = CancelOptions { mode: Some(mode), ..CancelOptions::default() };
        self.out.push_back((None, Cancel { request, options }.into()));
        true
    }

    /// Takes the token of a request out without waiting for the answer, which is swallowed when it comes.
    pub fn abandon(&mut self, request: RequestId) -> Option<T> {
        self.pending.abandon(request)
    }

    /// Offers a procedure ("WAMP: Registering and Unregistering").
    ///
    /// # Errors
    /// The session is not open.
    pub fn register(
        &mut self,
        procedure: Uri,
        options: RegisterOptions,
        token: T,
    ) -> Result<RequestId, Refused<T>> {
        let token = self.check(token, Ok(()))?;
        let request = self.ids.take();
        Ok(self.request(request, Register { request, options, procedure }, token))
    }

    /// Gives a registration up. Invocations that are being served may still be answered.
    ///
    /// # Errors
    /// The session is not open.
    pub fn unregister(
        &mut self,
        registration: RegistrationId,
        token: T,
    ) -> Result<RequestId, Refused<T>> {
        let token = self.check(token, Ok(()))?;
        let request = self.ids.take();
        Ok(self.request(request, Unregister { request, registration }, token))
    }

    /// Answers an invocation with a result, or with a piece of it (`options.progress`). Returns whether YIELD goes out:
    /// not for an invocation that is answered already, nor a piece that nobody takes, nor a payload in another
    /// serializer that this build does not convert (the invocation then still waits).
    ///
    /// The last word to an interrupted invocation is sent in every mode: the dealer drops what nobody waits for, and
    /// some dealers count the invocation as running until then.
    pub fn yield_(
        &mut self,
        invocation: RequestId,
        options: YieldOptions,
        payload: Payload,
    ) -> bool {
        if !self.may_answer(&payload) {
            return false;
        }
        let wanted = if options.progress {
            self.invocations.takes_progress(invocation)
        } else {
            self.invocations.finish(invocation)
        };
        if wanted {
            self.out.push_back((None, Yield { request: invocation, options, payload }.into()));
        }
        wanted
    }

    /// Answers an invocation with an error. Returns whether ERROR goes out, as [`yield_`](Self::yield_)
    /// does.
    pub fn error(
        &mut self,
        invocation: RequestId,
        details: ErrorDetails,
        error: Uri,
        payload: Payload,
    ) -> bool {
        if !self.may_answer(&payload) || !self.invocations.finish(invocation) {
            return false;
        }
        let (request_type, request) = (MessageCode::Invocation, invocation);
        self.out.push_back((None, Error { request_type, request, details, error, payload }.into()));
        true
    }

    /// Leaves the realm with GOODBYE, after what is queued already ("WAMP: Session Closing").
    ///
    /// [`Event::Closed`] comes when the router has answered. How long to wait for that is the shell's choice; it ends
    /// the wait with [`handle_disconnect`](Self::handle_disconnect).
    pub fn leave(&mut self, goodbye: Goodbye) {
        if self.is_open() {
            self.state = State::Leaving;
            self.out.push_back((None, goodbye.into()));
        }
    }

    /// Ends the session at once with ABORT.
    pub fn abort(&mut self, abort: Abort) {
        if self.state != State::Closed {
            let abort = frame::writable(abort, self.serializer);
            self.close(CloseReason::Left, Some(abort.into()));
        }
    }

    /// Ends the session because the router broke the rules of the transport: a frame of the wrong type, or too long.
    pub fn fail(&mut self, violation: ProtocolViolation) {
        if self.state != State::Closed {
            let abort = violation.to_abort();
            self.close(CloseReason::Violation(violation), Some(abort.into()));
        }
    }

    fn request(&mut self, request: RequestId, message: impl Into<Message>, token: T) -> RequestId {
        let message = message.into();
        self.pending.insert(request, message.code(), token);
        self.out.push_back((Some(request), message));
        request
    }

    fn check<K>(&self, token: K, allowed: Result<(), Refusal>) -> Result<K, Refused<K>> {
        let allowed = if self.is_open() { allowed } else { Err(Refusal::Closed) };
        match allowed {
            Ok(()) => Ok(token),
            Err(reason) => Err(Refused { token, reason }),
        }
    }

    fn may_answer(&self, payload: &Payload) -> bool {
        self.is_open() && self.fits(payload).is_ok()
    }

    fn fits(&self, payload: &Payload) -> Result<(), Refusal> {
        let writable = frame::is_writable(payload, self.serializer);
        if writable { Ok(()) } else { Err(Refusal::ForeignPayload) }
    }

    pub(super) fn both(&self, ours: Role, theirs: Role, feature: Feature) -> bool {
        self.roles.supports(ours, feature) && self.router_roles().supports(theirs, feature)
    }

    fn has_passthru(
        &self,
        ours: Role,
        theirs: Role,
        used: Option<&Passthru>,
    ) -> Result<(), Refusal> {
        let feature = Feature::PayloadPassthruMode;
        let used = used.is_some_and(|p| p.scheme.is_some());
        if used && !self.both(ours, theirs, feature) {
            return Err(Refusal::Unsupported(feature));
        }
        Ok(())
    }
}

/// Output.
impl<T> Session<T> {
    /// The next frame to send.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        let serializer = self.serializer;
        core::iter::from_fn(|| self.poll_message())
            .find_map(|message| frame::write(serializer, &message))
    }

    /// The next message to send, for shells that write frames themselves.
    pub fn poll_message(&mut self) -> Option<Message> {
        let (request, message) = self.out.pop_front()?;
        if let Some(request) = request {
            self.pending.mark_sent(request);
        }
        Some(message)
    }

    /// The next event for the application.
    pub fn poll_event(&mut self) -> Option<Event<T>> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, unless something else happens first. A time that
    /// has passed means at once.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        self.pending.next_timeout()
    }
}
