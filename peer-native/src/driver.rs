//! The one task of a connection: socket ⇄ session ⇄ timer.

use crate::{
    call::CallResult,
    error::Error,
    handler::Invocation,
    link::{ConnectionState, Link, State, Token},
    registration::{Procedure, canceled_error},
    transport::{self, Transport, TransportError},
};
use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use std::sync::Arc;
use tokio::time::{Instant, Sleep, sleep_until};
use wamplex_shared::{
    error::WampError,
    message::{self, ErrorDetails, UnregisteredDetails, UnsubscribedDetails},
    payload::Payload,
    session::{CloseReason, Event},
    uri::Uri,
    uris,
};

/// How many messages are taken from the socket before something else has its turn.
const READ_BATCH: usize = 64;

/// How long the router may take to answer our GOODBYE.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the last message may take to leave, and the connection to close, once the session is over.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs a connection until it is closed.
pub(crate) struct Driver<T> {
    link: Arc<Link>,
    transport: T,
    timer: Pin<Box<Sleep>>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The session is open, or waits for the answer to our GOODBYE.
    Running,
    /// The session is over: what is still unsent leaves, then the connection is closed.
    Closing {
        until: Instant,
    },
    Closed,
}

impl<T: Transport> Driver<T> {
    pub(crate) fn new(link: Arc<Link>, transport: T) -> Self {
        let timer = Box::pin(sleep_until(Instant::now()));
        Self { link, transport, timer, phase: Phase::Running }
    }
}

impl<T: Transport + Unpin> Future for Driver<T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.phase == Phase::Running {
            // Before anything is looked at, so that no command goes unseen.
            this.link.drive(|state| state.wake_driver_with(cx.waker()));
            if let Err(error) = this.run(cx) {
                this.disconnect(&error.to_string());
            }
            this.dispatch();
        }
        if let Phase::Closing { until } = this.phase {
            if this.poll_closed(cx, until).is_pending() {
                return Poll::Pending;
            }
            this.finish();
        }
        if this.phase == Phase::Closed { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<T: Transport + Unpin> Driver<T> {
    /// Reads, lets time pass, and writes, until each of them has to wait.
    fn run(&mut self, cx: &mut Context<'_>) -> Result<(), TransportError> {
        self.receive(cx)?;
        // Handlers and readers get what arrived before we wait for the socket to take more.
        self.dispatch();
        self.expire(cx);
        self.dispatch();
        match self.transmit(cx) {
            Poll::Ready(sent) => sent,
            Poll::Pending => Ok(()),
        }
    }

    fn receive(&mut self, cx: &mut Context<'_>) -> Result<(), TransportError> {
        let serializer = self.link.serializer();
        for _ in 0..READ_BATCH {
            let Poll::Ready(frame) = self.transport.poll_receive(cx) else { return Ok(()) };
            let Some(frame) = frame? else {
                self.disconnect("closed by the router");
                return Ok(());
            };
            let message = frame.decode(serializer);
            let is_over = self.link.drive(|state| {
                match message {
                    // What breaks the protocol closes the session, and is told by its last event.
                    Ok(message) => drop(state.session.handle_message(message)),
                    Err(violation) => state.session.fail(violation),
                }
                !state.session.is_open() && state.leaving_since.is_none()
            });
            if is_over {
                return Ok(());
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// Lets time pass, and has the timer wake us when it matters again.
    fn expire(&mut self, cx: &mut Context<'_>) {
        loop {
            let link = &self.link;
            let due = link.drive(|state| {
                let goodbye = state.leaving_since.map(|since| since + GOODBYE_TIMEOUT);
                let call = state.session.poll_timeout().and_then(|time| link.instant(time));
                [goodbye, call].into_iter().flatten().min()
            });
            let Some(due) = due else { return };
            if self.timer.deadline() != due {
                self.timer.as_mut().reset(due);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return;
            }
            let now = link.now();
            link.drive(|state| {
                state.session.handle_timeout(now);
                if state.leaving_since.is_some_and(|since| since.elapsed() >= GOODBYE_TIMEOUT) {
                    state.session.handle_disconnect(CloseReason::Left);
                    state.leaving_since = None;
                }
            });
        }
    }

    /// Gives the socket what it takes, and flushes once. Ready when everything is with the operating system.
    fn transmit(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        let serializer = self.link.serializer();
        loop {
            ready!(self.transport.poll_ready(cx))?;
            let Some(message) = self.link.drive(|state| state.session.poll_message()) else {
                break;
            };
            if let Some(frame) = transport::encode(serializer, &message) {
                self.transport.send(serializer, frame)?;
            }
        }
        for writer in self.link.drive(State::all_sent) {
            writer.wake();
        }
        self.transport.poll_flush(cx)
    }

    fn disconnect(&mut self, why: &str) {
        let reason = CloseReason::Disconnected(why.into());
        self.link.drive(|state| state.session.handle_disconnect(reason));
    }

    /// Waits until what is unsent has left and the connection is closed, or too much time has passed.
    fn poll_closed(&mut self, cx: &mut Context<'_>, until: Instant) -> Poll<()> {
        if self.timer.deadline() != until {
            self.timer.as_mut().reset(until);
        }
        if self.timer.as_mut().poll(cx).is_ready() || ready!(self.transmit(cx)).is_err() {
            return Poll::Ready(());
        }
        self.transport.poll_close(cx).map(|_| ())
    }

    /// Says that the connection is closed. Whatever happens to this task, nobody waits for ever.
    fn finish(&mut self) {
        if self.phase == Phase::Closed {
            return;
        }
        self.phase = Phase::Closed;
        let reason = self.link.drive(|state| state.closed.clone()).unwrap_or(CloseReason::Left);
        self.link.status().send_replace(ConnectionState::Closed(reason));
    }
}

/// What the session has to say to the application.
impl<T> Driver<T> {
    fn dispatch(&mut self) {
        let mut outcome = Outcome::default();
        let link = &self.link;
        link.drive(|state| {
            while let Some(event) = state.session.poll_event() {
                outcome.take(link, state, event);
            }
        });
        for (procedure, invocation) in outcome.serve.drain(..) {
            tokio::spawn(procedure.serve(link.clone(), invocation));
        }
        for invocation in outcome.cancel.drain(..) {
            invocation.cancel_token().cancel();
        }
        if outcome.is_over {
            self.phase = Phase::Closing { until: Instant::now() + CLOSE_TIMEOUT };
            link.status().send_replace(ConnectionState::Closing);
            for writer in link.drive(State::take_writers) {
                writer.wake();
            }
        }
    }
}

impl<T> Drop for Driver<T> {
    /// The runtime shuts down, or a bug of ours made the task panic.
    fn drop(&mut self) {
        if self.phase == Phase::Closed {
            return;
        }
        let reason = CloseReason::Disconnected("the runtime was shut down".into());
        let mut outcome = Outcome::default();
        self.link.drive(|state| {
            state.session.handle_disconnect(reason.clone());
            while let Some(event) = state.session.poll_event() {
                outcome.take(&self.link, state, event);
            }
        });
        for invocation in &outcome.cancel {
            invocation.cancel_token().cancel();
        }
        for writer in self.link.drive(State::take_writers) {
            writer.wake();
        }
        let reason = self.link.drive(|state| state.closed.clone()).unwrap_or(reason);
        self.link.status().send_replace(ConnectionState::Closed(reason));
    }
}

/// What is to be done once the lock is released: it runs or drops code of the application.
#[derive(Default)]
struct Outcome {
    serve: Vec<(Arc<Procedure>, Invocation)>,
    cancel: Vec<Invocation>,
    /// Kept only to be dropped later.
    done: Vec<Arc<Procedure>>,
    is_over: bool,
}

impl Outcome {
    fn take(&mut self, link: &Arc<Link>, state: &mut State, event: Event<Token>) {
        match event {
            Event::Event(event) => {
                state.topics.deliver(event);
            }
            Event::Invocation(invocation) => self.invoke(link, state, invocation),
            // Not announced, so no router sends it; the first arguments are all that the handler gets.
            Event::Continuation(_) => {}
            Event::Interrupt(interrupt) => self.interrupt(state, &interrupt),
            Event::Progress { result } => {
                if let Some(Token::Call(call)) = state.session.token(result.request) {
                    if let Some(pieces) = &call.pieces {
                        pieces.push(result);
                    }
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
                if slot.reply.send(Ok(subscription)).is_err() {
                    if let Some(id) = state.topics.release(subscription, &slot.reader) {
                        state.unsubscribe(id, None);
                    }
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
            Event::SubscriptionRevoked(details) => revoke_subscription(state, details),
            Event::RegistrationRevoked(details) => self.revoke_registration(state, details),
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
                let _ = reply.map(|reply| reply.send(Err(error)));
            }
            Token::Unregister(id, reply) => {
                self.done.extend(state.procedures.remove(&id));
                let _ = reply.map(|reply| reply.send(Err(error)));
            }
        }
    }

    /// Nobody will answer a request any more.
    fn give_up(&mut self, state: &mut State, token: Token, maybe_sent: bool, reason: CloseReason) {
        match token {
            // The session is over, and everything is given up with it.
            Token::Unsubscribe(reply) | Token::Unregister(_, reply) => {
                let _ = reply.map(|reply| reply.send(Ok(())));
            }
            token => {
                let error = match reason {
                    CloseReason::Disconnected(_) => Error::ConnectionLost { maybe_sent },
                    reason => reason.into(),
                };
                self.fail(state, token, error);
            }
        }
    }

    fn revoke_registration(&mut self, state: &mut State, details: UnregisteredDetails) {
        let Some(id) = details.registration else { return };
        tracing::warn!(%id, reason = details.reason.as_deref(), "a registration was taken away");
        self.done.extend(state.procedures.remove(&id));
    }

    fn close(&mut self, state: &mut State, reason: CloseReason) {
        let error = match &reason {
            CloseReason::Left => None,
            CloseReason::Disconnected(_) => Some(Error::ConnectionLost { maybe_sent: true }),
            reason => Some(reason.clone().into()),
        };
        state.topics.end(error.as_ref());
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

fn revoke_subscription(state: &mut State, details: UnsubscribedDetails) {
    let Some(id) = details.subscription else { return };
    let reason = details.reason.map(|reason| reason.to_string());
    state.topics.revoke(id, &Error::Revoked { reason });
}
