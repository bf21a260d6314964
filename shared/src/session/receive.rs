//! What an open session of a client does with what arrives.

use super::{CloseReason, Event, Session, client::State, frame, invocations::Arrival};
use crate::{
    error::ProtocolViolation,
    id::RequestId,
    message::{
        self, CancelMode, Goodbye, Invocation, Message, MessageCode, ResultMessage, Unregistered,
        Unsubscribed,
    },
    roles::{Feature, Role},
    time::Time,
    uris,
};
use bytes::Bytes;

/// Input.
impl<T> Session<T> {
    /// Takes a frame of the router: [`handle_message`](Self::handle_message) for bytes.
    ///
    /// # Errors
    /// The frame is no message, or one that breaks the protocol: ABORT is queued, and the session is closed.
    pub fn handle_frame(&mut self, frame: &Bytes) -> Result<(), ProtocolViolation> {
        match (self.state, frame::read(self.serializer, frame)) {
            (State::Closed, _) => Ok(()),
            (_, Ok(message)) => self.handle_message(message),
            (State::Open, Err(violation)) => {
                self.fail(violation.clone());
                Err(violation)
            }
            (State::Leaving, Err(_)) => {
                self.ignored += 1;
                Ok(())
            }
        }
    }

    /// Takes a message of the router.
    ///
    /// What comes too late or names nothing we know is counted and ignored, since either may be nobody's fault.
    ///
    /// # Errors
    /// The message breaks the protocol: ABORT is queued, and the session is closed.
    pub fn handle_message(&mut self, message: Message) -> Result<(), ProtocolViolation> {
        match self.state {
            State::Closed => Ok(()),
            State::Leaving => {
                self.handle_while_leaving(message);
                Ok(())
            }
            State::Open => self.handle_while_open(message).inspect_err(|v| self.fail(v.clone())),
        }
    }

    /// Takes notice that time has passed.
    pub fn handle_timeout(&mut self, now: Time) {
        for (request, token) in self.pending.expired(now) {
            self.events.push_back(Event::TimedOut { token, request });
            self.cancel(request, CancelMode::KillNoWait);
        }
    }

    /// Takes notice that the transport is gone. Does nothing if the session is closed already; a session that was
    /// leaving has [`Left`](CloseReason::Left).
    pub fn handle_disconnect(&mut self, reason: CloseReason) {
        match self.state {
            State::Open => self.close(reason, None),
            State::Leaving => self.close(CloseReason::Left, None),
            State::Closed => {}
        }
        self.out.clear();
    }

    fn handle_while_leaving(&mut self, message: Message) {
        if let Message::Abort(abort) = message {
            self.close(CloseReason::Abort(abort), None);
        } else if let Message::Goodbye(_) = message {
            // Sent at the same time as ours, it counts as the answer to it.
            let unsent = self.out.drain(..).map(|m| m.1).find(|m| m.code() == MessageCode::Goodbye);
            self.close(CloseReason::Left, unsent);
        } else {
            self.ignored += 1;
        }
    }

    fn handle_while_open(&mut self, message: Message) -> Result<(), ProtocolViolation> {
        match message {
            Message::Event(event) => self.events.push_back(Event::Event(event)),
            Message::Result(result) => self.handle_result(result),
            Message::Invocation(invocation) => self.handle_invocation(invocation),
            Message::Interrupt(interrupt) => {
                if self.invocations.interrupt(&interrupt) {
                    self.events.push_back(Event::Interrupt(interrupt));
                } else {
                    self.ignored += 1;
                }
            }
            Message::Error(error) => return self.handle_error(error),
            Message::Published(m) => self.acknowledge(m.request, MessageCode::Publish, |token| {
                Event::Published { token, publication: m.publication }
            }),
            Message::Subscribed(m) => {
                self.acknowledge(m.request, MessageCode::Subscribe, |token| Event::Subscribed {
                    token,
                    subscription: m.subscription,
                });
            }
            Message::Registered(m) => {
                self.acknowledge(m.request, MessageCode::Register, |token| Event::Registered {
                    token,
                    registration: m.registration,
                });
            }
            Message::Unsubscribed(m) => self.handle_unsubscribed(m),
            Message::Unregistered(m) => self.handle_unregistered(m),
            Message::Goodbye(goodbye) => {
                let echo = Goodbye::new(uris::close::GOODBYE_AND_OUT);
                self.close(CloseReason::Goodbye(goodbye), Some(echo.into()));
            }
            Message::Abort(abort) => self.close(CloseReason::Abort(abort), None),
            Message::Welcome(_) | Message::Challenge(_) => {
                return Err(unexpected(message.code(), "after WELCOME"));
            }
            Message::Hello(_)
            | Message::Authenticate(_)
            | Message::Publish(_)
            | Message::Subscribe(_)
            | Message::Unsubscribe(_)
            | Message::Call(_)
            | Message::Cancel(_)
            | Message::Register(_)
            | Message::Unregister(_)
            | Message::Yield(_)
            | Message::EventReceived(_) => return Err(unexpected(message.code(), "from a router")),
        }
        Ok(())
    }

    fn handle_result(&mut self, result: ResultMessage) {
        if result.details.progress {
            match self.pending.progress(result.request) {
                Ok(true) => self.events.push_back(Event::Progress { result }),
                Ok(false) => {}
                Err(_) => self.ignored += 1,
            }
            return;
        }
        self.acknowledge(result.request, MessageCode::Call, |token| Event::Result {
            token,
            result,
        });
    }

    fn handle_error(&mut self, error: message::Error) -> Result<(), ProtocolViolation> {
        if error.request_type == MessageCode::Invocation {
            return Err(unexpected(MessageCode::Error, "from a router for an INVOCATION"));
        }
        self.acknowledge(error.request, error.request_type, |token| Event::Failed { token, error });
        Ok(())
    }

    fn handle_invocation(&mut self, invocation: Invocation) {
        let streams = self.both(Role::Callee, Role::Dealer, Feature::ProgressiveCallInvocations);
        match self.invocations.arrive(&invocation, streams) {
            Arrival::New => self.events.push_back(Event::Invocation(invocation)),
            Arrival::Continuation => self.events.push_back(Event::Continuation(invocation)),
            Arrival::Late => self.ignored += 1,
        }
    }

    fn handle_unsubscribed(&mut self, message: Unsubscribed) {
        match message.request {
            Some(request) => self.acknowledge(request, MessageCode::Unsubscribe, |token| {
                Event::Unsubscribed { token }
            }),
            None => self
                .events
                .push_back(Event::SubscriptionRevoked(message.details.unwrap_or_default())),
        }
    }

    fn handle_unregistered(&mut self, message: Unregistered) {
        match message.request {
            Some(request) => self.acknowledge(request, MessageCode::Unregister, |token| {
                Event::Unregistered { token }
            }),
            None => self
                .events
                .push_back(Event::RegistrationRevoked(message.details.unwrap_or_default())),
        }
    }

    fn acknowledge(
        &mut self,
        request: RequestId,
        kind: MessageCode,
        event: impl FnOnce(T) -> Event<T>,
    ) {
        match self.pending.finish(request, kind) {
            Ok(token) => self.events.extend(token.map(event)),
            Err(_) => self.ignored += 1,
        }
    }

    /// Drops what is queued, queues the last word, and gives every token back.
    pub(super) fn close(&mut self, reason: CloseReason, last: Option<Message>) {
        self.state = State::Closed;
        self.out.clear();
        self.out.extend(last.map(|message| (None, message)));
        self.invocations.clear();
        self.events.extend(self.pending.drain(&reason));
        self.events.push_back(Event::Closed(reason));
    }
}

pub(super) const fn unexpected(message: MessageCode, state: &'static str) -> ProtocolViolation {
    ProtocolViolation::Unexpected { message, state }
}
