//! An open session, as its client sees it.

use super::{
    CloseReason, Deadline, Event, Ledger, Refusal, Refused,
    deadlines::{Deadlines, Request},
    frame,
};
use crate::{
    error::ProtocolViolation,
    id::{RegistrationId, RequestId, SessionId, SubscriptionId},
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
use alloc::{boxed::Box, collections::VecDeque};
use bytes::Bytes;

/// An open session of a client. `T` is the shell's token for a request: what it needs to tell the application.
///
/// Made by [`Joiner::into_session`](super::Joiner::into_session). See the [module](super) for how it is driven.
#[derive(Debug)]
pub struct Session<T> {
    pub(super) serializer: Serializer,
    realm: Uri,
    welcome: Welcome,
    pub(super) ledger: Ledger<Request<T>>,
    pub(super) deadlines: Deadlines,
    /// What is to be sent, with the request that it makes.
    pub(super) out: VecDeque<(Option<RequestId>, Message)>,
    pub(super) events: VecDeque<Event<T>>,
}

/// Getters.
impl<T> Session<T> {
    pub(super) fn new(serializer: Serializer, realm: Uri, roles: Roles, welcome: Welcome) -> Self {
        Self {
            serializer,
            realm: welcome.details.realm.clone().unwrap_or(realm),
            ledger: Ledger::new(roles, welcome.details.roles),
            welcome,
            deadlines: Deadlines::default(),
            out: VecDeque::new(),
            events: VecDeque::new(),
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
        self.ledger.is_open()
    }

    /// How many requests wait for their answer.
    #[must_use]
    pub const fn pending(&self) -> usize {
        self.ledger.pending()
    }

    /// How many invocations wait for an answer of ours.
    #[must_use]
    pub const fn serving(&self) -> usize {
        self.ledger.serving()
    }

    /// How many messages of the router were ignored because they came too late or named an id of nothing.
    #[must_use]
    pub const fn ignored(&self) -> u64 {
        self.ledger.ignored()
    }

    /// The token of a request that is not answered yet, for instance to hand on a piece of a result.
    #[must_use]
    pub fn token(&self, request: RequestId) -> Option<&T> {
        self.ledger.token(request).map(|entry| &entry.token)
    }

    /// The token of a request that is not answered yet, to change.
    #[must_use]
    pub fn token_mut(&mut self, request: RequestId) -> Option<&mut T> {
        self.ledger.token_mut(request).map(|entry| &mut entry.token)
    }

    /// Whether the application behind an invocation may send a piece of its result now: the caller asked for pieces
    /// and has not lost interest.
    #[must_use]
    pub fn takes_progress(&self, invocation: RequestId) -> bool {
        self.ledger.takes_progress(invocation)
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
        let request = self.ledger.request(MessageCode::Subscribe, Request::new(token));
        Ok(self.send(request, Subscribe { request, options, topic }))
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
        let request = self.ledger.request(MessageCode::Unsubscribe, Request::new(token));
        Ok(self.send(request, Unsubscribe { request, subscription }))
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
        let request = match token {
            Some(token) => self.ledger.request(MessageCode::Publish, Request::new(token)),
            None => self.ledger.unanswered(),
        };
        Ok(self.send(request, Publish { request, options, topic, payload }))
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
        let allowed = if options.progress {
            self.ledger.check_feature(Role::Caller, Role::Dealer, feature)
        } else {
            Ok(())
        };
        let passthru = options.passthru.as_deref();
        let allowed =
            allowed.and_then(|()| self.has_passthru(Role::Caller, Role::Dealer, passthru));
        let token = self.check(token, allowed.and_then(|()| self.fits(&payload)))?;
        let mut entry = Request::new(token);
        if options.progress {
            entry.stream = Some(Box::new((procedure.clone(), options.clone())));
        }
        let request = self.ledger.call(options.receive_progress, entry);
        if let Some(deadline) = deadline {
            self.deadlines.start(&mut self.ledger, request, deadline);
        }
        Ok(self.send(request, Call { request, options, procedure, payload }))
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
            .stream(request, last)
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
        if !self.ledger.cancel(request, mode) {
            return false;
        }
        if let Some(entry) = self.ledger.token_mut(request) {
            entry.stream = None;
        }
        let options = CancelOptions { mode: Some(mode), ..CancelOptions::default() };
        self.out.push_back((None, Cancel { request, options }.into()));
        true
    }

    /// Takes the token of a request out without waiting for the answer, which is swallowed when it comes.
    pub fn abandon(&mut self, request: RequestId) -> Option<T> {
        let entry = self.ledger.abandon(request)?;
        self.deadlines.stop(request, &entry);
        Some(entry.token)
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
        let request = self.ledger.request(MessageCode::Register, Request::new(token));
        Ok(self.send(request, Register { request, options, procedure }))
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
        let request = self.ledger.request(MessageCode::Unregister, Request::new(token));
        Ok(self.send(request, Unregister { request, registration }))
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
        let wanted =
            self.fits(&payload).is_ok() && self.ledger.answer(invocation, options.progress);
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
        if self.fits(&payload).is_err() || !self.ledger.answer(invocation, false) {
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
        if self.ledger.leave() {
            self.out.push_back((None, goodbye.into()));
        }
    }

    /// Ends the session at once with ABORT.
    pub fn abort(&mut self, abort: Abort) {
        if !self.ledger.is_closed() {
            let abort = frame::writable(abort, self.serializer);
            self.close(CloseReason::Left, Some(abort.into()));
        }
    }

    /// Ends the session because the router broke the rules of the transport: a frame of the wrong type, or too long.
    pub fn fail(&mut self, violation: ProtocolViolation) {
        if !self.ledger.is_closed() {
            let abort = violation.to_abort();
            self.close(CloseReason::Violation(violation), Some(abort.into()));
        }
    }

    fn send(&mut self, request: RequestId, message: impl Into<Message>) -> RequestId {
        self.out.push_back((Some(request), message.into()));
        request
    }

    fn check<K>(&self, token: K, allowed: Result<(), Refusal>) -> Result<K, Refused<K>> {
        match self.ledger.check_open().and(allowed) {
            Ok(()) => Ok(token),
            Err(reason) => Err(Refused { token, reason }),
        }
    }

    /// Procedure and options of a call that takes more arguments; with `last` it takes none after these.
    fn stream(&mut self, request: RequestId, last: bool) -> Option<(Uri, CallOptions)> {
        let stream = &mut self.ledger.token_mut(request)?.stream;
        let (procedure, mut options) =
            if last { *stream.take()? } else { (**stream.as_ref()?).clone() };
        options.progress = !last;
        Some((procedure, options))
    }

    fn fits(&self, payload: &Payload) -> Result<(), Refusal> {
        let writable = frame::is_writable(payload, self.serializer);
        if writable { Ok(()) } else { Err(Refusal::ForeignPayload) }
    }

    fn has_passthru(
        &self,
        ours: Role,
        theirs: Role,
        used: Option<&Passthru>,
    ) -> Result<(), Refusal> {
        if used.is_none_or(|passthru| passthru.scheme.is_none()) {
            return Ok(());
        }
        self.ledger.check_feature(ours, theirs, Feature::PayloadPassthruMode)
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
            self.ledger.mark_sent(request);
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
        self.deadlines.next()
    }
}
