//! What the session has to say, to those in the application whom it concerns.

use crate::{
    call::CallResult,
    error::Error,
    handler::Invocation,
    link::{ConnectionState, Link, State, Token},
    registration::{Procedure, canceled_error},
};
use core::time::Duration;
use std::sync::Arc;
use tokio::runtime;
use wamplex_shared::{
    error::WampError,
    message::{self, ErrorDetails, UnregisteredDetails, UnsubscribedDetails},
    payload::Payload,
    session::{CloseReason, Event},
    uri::Uri,
    uris,
};

/// What is to be done once the lock is released: it runs or drops code of the application.
#[derive(Default)]
pub(crate) struct Outcome {
    serve: Vec<(Arc<Procedure>, Invocation)>,
    cancel: Vec<Invocation>,
    /// Kept only to be dropped later.
    done: Vec<Arc<Procedure>>,
    is_over: bool,
}

impl Outcome {
    /// Whether the session is over.
    pub(crate) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Does it. Returns whether the session is over.
    pub(crate) fn conclude(self, link: &Arc<Link>) -> bool {
        // Without a runtime the driver is being dropped, and there is nobody left to answer.
        if let Ok(runtime) = runtime::Handle::try_current() {
            for (procedure, invocation) in self.serve {
                runtime.spawn(procedure.serve(link.clone(), invocation));
            }
        }
        for invocation in self.cancel {
            invocation.cancel_token().cancel();
        }
        if self.is_over {
            link.status().send_replace(ConnectionState::Closing);
            for writer in link.drive(State::take_writers) {
                writer.wake();
            }
        }
        self.is_over
    }

    /// Takes one event, under the lock.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the pairs of event and token are checked at once"
    )]
    pub(crate) fn take(&mut self, link: &Arc<Link>, state: &mut State, event: Event<Token>) {
        match event {
            Event::Event(event) => {
                state.topics.deliver(event);
            }
            Event::Invocation(invocation) => self.invoke(link, state, invocation),
            // Not announced, so no router sends it; the first arguments are all that the handler gets.
            Event::Continuation(_) => {}
            Event::Interrupt(interrupt) => self.interrupt(state, &interrupt),
            Event::Progress { result } => {
                if let Some(Token::Call(call)) = state.session.token(result.request)
                    && let Some(pieces) = &call.pieces
                {
                    pieces.push(result);
                }
            }
            Event::Result { token: Token::Call(call), result } => {
                if let Some(pieces) = &call.pieces {
                    pieces.end(None);
                }
                let _ = call.reply.send(Ok(CallResult::new(result)));
            }
            Event::Published { token: Token::Publish(reply), publication } => {
                let _ = reply.send(Ok(publication));
            }
            Event::Subscribed { token: Token::Subscribe(slot), subscription } => {
                state.topics.add(subscription, slot.pattern, slot.reader.clone());
                if slot.reply.send(Ok(subscription)).is_err()
                    && let Some(id) = state.topics.release(subscription, &slot.reader)
                {
                    state.unsubscribe(id, None);
                }
            }
            Event::Registered { token: Token::Register(procedure, reply), registration } => {
                self.done.extend(state.procedures.insert(registration, procedure));
                if reply.send(Ok(registration)).is_err() {
                    let token = Token::Unregister(registration, None);
                    let _ = state.session.unregister(registration, token);
                }
            }
            Event::Unsubscribed { token: Token::Unsubscribe(reply) } => {
                let _ = reply.map(|reply| reply.send(Ok(())));
            }
            Event::Unregistered { token: Token::Unregister(id, reply) } => {
                self.done.extend(state.procedures.remove(&id));
                let _ = reply.map(|reply| reply.send(Ok(())));
            }
            Event::Failed { token, error } => self.fail_with(state, token, error),
            Event::TimedOut { token, .. } => {
                let timeout = token.timeout().unwrap_or_default();
                self.fail(state, token, Error::Timeout(timeout));
            }
            Event::Gone { token, maybe_sent, reason, .. } => {
                self.give_up(state, token, maybe_sent, reason);
            }
            Event::SubscriptionRevoked(details) => revoke_subscription(state, &details),
            Event::RegistrationRevoked(details) => self.revoke_registration(state, &details),
            Event::Closed(reason) => self.close(state, reason),
            // The session returns each token with the event that belongs to its request.
            _ => tracing::error!("the session answered a request with an event of another kind"),
        }
    }

    fn invoke(&mut self, link: &Arc<Link>, state: &mut State, invocation: message::Invocation) {
        let message::Invocation { request, registration, details, payload } = invocation;
        let Some(procedure) = state.procedures.get(&registration).cloned() else {
            // Given up meanwhile. Whoever called waits for an answer.
            let error = Uri::from_static(uris::error::NO_SUCH_REGISTRATION);
            state.session.error(request, ErrorDetails::default(), error, Payload::NONE);
            return;
        };
        let uri = details.procedure.clone().unwrap_or_else(|| procedure.uri().clone());
        let invocation = Invocation::new(request, uri, details, payload, link.clone());
        state.running.insert(request, (invocation.clone(), procedure.clone()));
        if procedure.admit(&invocation) {
            self.serve.push((procedure, invocation));
        }
    }

    fn interrupt(&mut self, state: &mut State, interrupt: &message::Interrupt) {
        let Some((invocation, procedure)) = state.running.get(&interrupt.request) else { return };
        self.cancel.push(invocation.clone());
        if procedure.withdraw(interrupt.request) {
            // It had not begun, so nobody but us will answer.
            let WampError { uri, payload } = canceled_error();
            state.session.error(interrupt.request, ErrorDetails::default(), uri, payload);
            self.done.extend(state.running.remove(&interrupt.request).map(|running| running.1));
        }
    }

    /// The router or a callee answered a request with ERROR.
    fn fail_with(&mut self, state: &mut State, token: Token, error: message::Error) {
        let error = WampError { uri: error.error, payload: error.payload };
        // Which of the two timers was faster is nothing the application could care about.
        let error = match token.timeout() {
            Some(timeout) if error.uri.as_str() == uris::error::TIMEOUT => Error::Timeout(timeout),
            _ => Error::Wamp(error),
        };
        self.fail(state, token, error);
    }

    fn fail(&mut self, state: &mut State, token: Token, error: Error) {
        match token {
            Token::Publish(reply) => {
                let _ = reply.send(Err(error));
            }
            Token::Subscribe(slot) => {
                if let Some(id) = state.topics.refuse(&slot.pattern) {
                    state.unsubscribe(id, None);
                }
                let _ = slot.reply.send(Err(error));
            }
            Token::Call(call) => {
                if let Some(pieces) = &call.pieces {
                    pieces.end(None);
                }
                let _ = call.reply.send(Err(error));
            }
            Token::Register(procedure, reply) => {
                self.done.push(procedure);
                let _ = reply.send(Err(error));
            }
            Token::Unsubscribe(reply) => {
                let outcome = gone_anyway(error, uris::error::NO_SUCH_SUBSCRIPTION);
                let _ = reply.map(|reply| reply.send(outcome));
            }
            Token::Unregister(id, reply) => {
                self.done.extend(state.procedures.remove(&id));
                let outcome = gone_anyway(error, uris::error::NO_SUCH_REGISTRATION);
                let _ = reply.map(|reply| reply.send(outcome));
            }
        }
    }

    /// Nobody will answer a request any more.
    fn give_up(&mut self, state: &mut State, token: Token, maybe_sent: bool, reason: CloseReason) {
        // The session is over, and everything is given up with it.
        if let Token::Unsubscribe(reply) | Token::Unregister(_, reply) = token {
            let _ = reply.map(|reply| reply.send(Ok(())));
            return;
        }
        self.fail(state, token, gone(reason, maybe_sent));
    }

    fn revoke_registration(&mut self, state: &mut State, details: &UnregisteredDetails) {
        let Some(id) = details.registration else { return };
        tracing::warn!(%id, reason = details.reason.as_deref(), "a registration was taken away");
        self.done.extend(state.procedures.remove(&id));
    }

    fn close(&mut self, state: &mut State, reason: CloseReason) {
        let error = gone(reason.clone(), true);
        state.topics.end((reason != CloseReason::Left).then_some(&error));
        self.done.extend(state.procedures.drain().map(|(_, procedure)| procedure));
        for (request, (invocation, procedure)) in state.running.drain() {
            procedure.withdraw(request);
            self.cancel.push(invocation);
            self.done.push(procedure);
        }
        state.leaving_since = None;
        state.closed = Some(reason);
        self.is_over = true;
    }
}

impl Token {
    const fn timeout(&self) -> Option<Duration> {
        if let Self::Call(call) = self { call.timeout } else { None }
    }
}

/// What comes of giving something up that the router has taken away meanwhile: just what was wanted.
fn gone_anyway(error: Error, unknown: &str) -> Result<(), Error> {
    if error.uri() == unknown { Ok(()) } else { Err(error) }
}

/// What a request ends in when the session does.
fn gone(reason: CloseReason, maybe_sent: bool) -> Error {
    if matches!(reason, CloseReason::Disconnected(_)) {
        return Error::ConnectionLost { maybe_sent };
    }
    reason.into()
}

fn revoke_subscription(state: &mut State, details: &UnsubscribedDetails) {
    let Some(id) = details.subscription else { return };
    let reason = details.reason.as_ref().map(ToString::to_string);
    state.topics.revoke(id, &Error::Revoked { reason });
}
