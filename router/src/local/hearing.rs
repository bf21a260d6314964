//! What the machine of a session has to say, to those in the application whom it concerns.

use super::{
    call::Reply,
    error::LocalError,
    link::{Link, State, Token},
    registration::{Invocation, Procedure, Running},
};
use std::sync::Arc;
use tokio::runtime;
use wamplex_shared::{
    error::WampError,
    message::{self, ErrorDetails},
    payload::Payload,
    session::{CloseReason, Event},
    uri::Uri,
    uris,
};

/// What is to be done once the lock is released: it runs or drops code of the application.
#[derive(Default)]
pub(super) struct Hearing {
    serve: Vec<(Arc<Procedure>, Invocation)>,
    cancel: Vec<Arc<Running>>,
    /// Kept only to be dropped later.
    done: Vec<Arc<Procedure>>,
    over: Option<CloseReason>,
    /// Too much waits for a reader, and the session has to end.
    pub(super) is_overflowing: bool,
}

impl Hearing {
    /// Does it. Returns whether the session is over.
    pub(super) fn conclude(self, link: &Link) -> bool {
        // Without a runtime the task is being dropped, and there is nobody left to answer.
        if let Ok(runtime) = runtime::Handle::try_current() {
            for (procedure, invocation) in self.serve {
                runtime.spawn(procedure.serve(invocation));
            }
        }
        for running in self.cancel {
            running.cancel();
        }
        let Some(reason) = self.over else { return false };
        for writer in link.drive(State::take_writers) {
            writer.wake();
        }
        link.over().send_replace(Some(reason));
        true
    }

    /// Takes everything there is to hear, under the lock.
    pub(super) fn take(&mut self, link: &Arc<Link>, state: &mut State) {
        while let Some(event) = state.session.poll_event() {
            self.take_one(link, state, event);
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "event and token are looked at together")]
    fn take_one(&mut self, link: &Arc<Link>, state: &mut State, event: Event<Token>) {
        match event {
            Event::Event(event) => self.is_overflowing |= state.readers.deliver(event).is_err(),
            Event::Invocation(invocation) => self.invoke(link, state, invocation),
            Event::Interrupt(interrupt) => {
                self.cancel.extend(state.running.get(&interrupt.request).cloned());
            }
            Event::Progress { result } => {
                if let Some(Token::Call(call)) = state.session.token(result.request)
                    && let Some(pieces) = &call.pieces
                {
                    // Without a limit of bytes.
                    let _ = pieces.push(Reply::new(result), 0);
                }
            }
            Event::Result { token: Token::Call(call), result } => {
                if let Some(pieces) = &call.pieces {
                    pieces.end(None);
                }
                let _ = call.answer.send(Ok(Reply::new(result)));
            }
            Event::Published { token: Token::Publish(reply), publication } => {
                let _ = reply.send(Ok(publication));
            }
            Event::Subscribed { token: Token::Subscribe(slot), subscription } => {
                state.readers.answered(Some((subscription, Arc::clone(&slot.reader))));
                if slot.reply.send(Ok(subscription)).is_err() {
                    state.readers.release(subscription, &slot.reader);
                }
                state.give_up_unread();
            }
            Event::Registered { token: Token::Register(procedure, reply), registration } => {
                self.done.extend(state.procedures.insert(registration, procedure));
                if reply.send(Ok(registration)).is_err() {
                    let token = Token::Unregister(registration, None);
                    let _ = state.session.unregister(registration, token);
                }
            }
            Event::Unregistered { token: Token::Unregister(id, reply) } => {
                self.done.extend(state.procedures.remove(&id));
                let _ = reply.map(|reply| reply.send(Ok(())));
            }
            Event::Failed { token, error } => {
                let error = WampError { uri: error.error, payload: error.payload };
                self.fail(state, token, error.into());
            }
            Event::TimedOut { token, .. } => {
                let timeout = if let Token::Call(call) = &token { call.timeout } else { None };
                self.fail(state, token, LocalError::Timeout(timeout.unwrap_or_default()));
            }
            Event::Gone { token, reason, .. } => {
                self.fail(state, token, LocalError::closed(reason));
            }
            Event::SubscriptionRevoked(details) => {
                if let Some(id) = details.subscription {
                    let reason = details.reason.map(|reason| reason.to_string());
                    state.readers.revoke(id, &LocalError::Revoked(reason));
                }
            }
            Event::RegistrationRevoked(details) => {
                let revoked = details.registration.and_then(|id| state.procedures.remove(&id));
                self.done.extend(revoked);
            }
            Event::Closed(reason) => self.close(state, reason),
            // What is left are UNSUBSCRIBED, and arguments in pieces, which are not announced.
            _ => {}
        }
    }

    fn invoke(&mut self, link: &Arc<Link>, state: &mut State, invocation: message::Invocation) {
        let request = invocation.request;
        let Some(procedure) = state.procedures.get(&invocation.registration) else {
            // Given up meanwhile. Whoever called waits for an answer.
            let error = Uri::from_static(uris::error::NO_SUCH_REGISTRATION);
            state.session.error(request, ErrorDetails::default(), error, Payload::NONE);
            return;
        };
        let invocation = Invocation::new(invocation, procedure, Arc::clone(link));
        state.running.insert(request, Arc::clone(invocation.running()));
        self.serve.push((Arc::clone(procedure), invocation));
    }

    /// A request ends without success.
    fn fail(&mut self, state: &mut State, token: Token, error: LocalError) {
        match token {
            Token::Publish(reply) => {
                let _ = reply.send(Err(error));
            }
            Token::Subscribe(slot) => {
                state.readers.answered(None);
                state.give_up_unread();
                let _ = slot.reply.send(Err(error));
            }
            Token::Call(call) => {
                if let Some(pieces) = &call.pieces {
                    pieces.end(None);
                }
                let _ = call.answer.send(Err(error));
            }
            Token::Register(procedure, reply) => {
                self.done.push(procedure);
                let _ = reply.send(Err(error));
            }
            // What was to be given up is gone in any case.
            Token::Unsubscribe => {}
            Token::Unregister(id, reply) => {
                self.done.extend(state.procedures.remove(&id));
                let _ = reply.map(|reply| reply.send(Ok(())));
            }
        }
    }

    fn close(&mut self, state: &mut State, reason: CloseReason) {
        let error = LocalError::closed(reason.clone());
        state.readers.end((reason != CloseReason::Left).then_some(&error));
        self.done.extend(state.procedures.drain().map(|(_, procedure)| procedure));
        self.cancel.extend(state.running.drain().map(|(_, running)| running));
        state.closed = Some(reason.clone());
        self.over = Some(reason);
    }
}
