//! What an open session of a client does with what arrives.

use super::{CloseReason, Event, Head, Outcome, Session, deadlines::Request, frame};
use crate::{
    error::ProtocolViolation,
    message::{CancelMode, Goodbye, Message, MessageCode},
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
        match frame::read(self.serializer, frame) {
            Ok(message) => self.handle_message(message),
            Err(violation) if self.ledger.is_open() => {
                self.fail(violation.clone());
                Err(violation)
            }
            Err(_) => {
                if !self.ledger.is_closed() {
                    self.ledger.ignore();
                }
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
        let outcome = self.ledger.receive(Head::from(&message));
        outcome.map(|outcome| self.conclude(outcome, message)).inspect_err(|v| self.fail(v.clone()))
    }

    /// Takes notice that time has passed.
    pub fn handle_timeout(&mut self, now: Time) {
        while let Some((request, token)) = self.deadlines.expired(&mut self.ledger, now) {
            self.events.push_back(Event::TimedOut { token, request });
            self.cancel(request, CancelMode::KillNoWait);
        }
    }

    /// Takes notice that the transport is gone. Does nothing if the session is closed already; a session that was
    /// leaving has [`Left`](CloseReason::Left).
    pub fn handle_disconnect(&mut self, reason: CloseReason) {
        if self.ledger.is_open() {
            self.close(reason, None);
        } else if !self.ledger.is_closed() {
            self.close(CloseReason::Left, None);
        }
        self.out.clear();
    }

    /// Tells the shell what a message means.
    fn conclude(&mut self, outcome: Outcome<Request<T>>, message: Message) {
        match (outcome, message) {
            (Outcome::Nothing, _) => {}
            (Outcome::Answer { request, token: entry }, message) => {
                self.deadlines.stop(request, &entry);
                self.events.extend(answered(entry.token, message));
            }
            (Outcome::Continue, Message::Invocation(invocation)) => {
                self.events.push_back(Event::Continuation(invocation));
            }
            (Outcome::Progress(request), Message::Result(result)) => {
                self.deadlines.renew(&mut self.ledger, request);
                self.events.push_back(Event::Progress { result });
            }
            (Outcome::Closed, Message::Goodbye(goodbye)) => {
                let echo = Goodbye::new(uris::close::GOODBYE_AND_OUT);
                self.close(CloseReason::Goodbye(goodbye), Some(echo.into()));
            }
            (Outcome::Closed, Message::Abort(abort)) => {
                self.close(CloseReason::Abort(abort), None);
            }
            (Outcome::Left, _) => {
                let mut unsent = self.out.drain(..).map(|m| m.1);
                let goodbye = unsent.find(|m| m.code() == MessageCode::Goodbye);
                drop(unsent);
                self.close(CloseReason::Left, goodbye);
            }
            (_, message) => self.events.extend(delivered(message)),
        }
    }

    /// Drops what is queued, queues the last word, and gives every token back.
    pub(super) fn close(&mut self, reason: CloseReason, last: Option<Message>) {
        self.out.clear();
        self.out.extend(last.map(|message| (None, message)));
        self.deadlines.clear();
        self.events.extend(self.ledger.close().map(|gone| Event::Gone {
            token: gone.token.token,
            request: gone.request,
            kind: gone.kind,
            maybe_sent: gone.maybe_sent,
            reason: reason.clone(),
        }));
        self.events.push_back(Event::Closed(reason));
    }
}

/// What the answer to a request tells.
#[allow(clippy::wildcard_enum_match_arm)] // nothing else is an answer
fn answered<T>(token: T, message: Message) -> Option<Event<T>> {
    Some(match message {
        Message::Result(result) => Event::Result { token, result },
        Message::Error(error) => Event::Failed { token, error },
        Message::Published(m) => Event::Published { token, publication: m.publication },
        Message::Subscribed(m) => Event::Subscribed { token, subscription: m.subscription },
        Message::Registered(m) => Event::Registered { token, registration: m.registration },
        Message::Unsubscribed(_) => Event::Unsubscribed { token },
        Message::Unregistered(_) => Event::Unregistered { token },
        _ => return None,
    })
}

/// What a message that was not asked for tells.
#[allow(clippy::wildcard_enum_match_arm)] // all else is asked for
fn delivered<T>(message: Message) -> Option<Event<T>> {
    Some(match message {
        Message::Event(event) => Event::Event(event),
        Message::Invocation(invocation) => Event::Invocation(invocation),
        Message::Interrupt(interrupt) => Event::Interrupt(interrupt),
        Message::Unsubscribed(m) => Event::SubscriptionRevoked(m.details.unwrap_or_default()),
        Message::Unregistered(m) => Event::RegistrationRevoked(m.details.unwrap_or_default()),
        _ => return None,
    })
}
