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
    #[allow(clippy::wildcard_enum_match_arm)] // the ledger looks at all others
    pub fn handle_message(&mut self, message: Message) -> Result<(), ProtocolViolation> {
        // The most frequent message takes the way that the ledger would point out.
        let message = match message {
            Message::Event(event) if self.ledger.is_open() => {
                self.events.push_back(Event::Event(event));
                return Ok(());
            }
            message => message,
        };
        match self.ledger.receive(Head::from(&message)) {
            Ok(outcome) => {
                self.conclude(outcome, message);
                Ok(())
            }
            Err(violation) => {
                self.fail(violation.clone());
                Err(violation)
            }
        }
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
        match outcome {
            Outcome::Nothing => {}
            Outcome::Deliver => self.deliver(message),
            Outcome::Answer { request, token: entry } => {
                self.deadlines.stop(request, &entry);
                self.answer(entry.token, message);
            }
            Outcome::Continue => {
                if let Message::Invocation(invocation) = message {
                    self.events.push_back(Event::Continuation(invocation));
                }
            }
            Outcome::Progress(request) => {
                if let Message::Result(result) = message {
                    self.deadlines.renew(&mut self.ledger, request);
                    self.events.push_back(Event::Progress { result });
                }
            }
            Outcome::Closed => {
                if let Message::Goodbye(goodbye) = message {
                    let echo = Goodbye::new(uris::close::GOODBYE_AND_OUT);
                    self.close(CloseReason::Goodbye(goodbye), Some(echo.into()));
                } else if let Message::Abort(abort) = message {
                    self.close(CloseReason::Abort(abort), None);
                }
            }
            Outcome::Left => {
                let goodbye =
                    self.out.drain(..).map(|m| m.1).find(|m| m.code() == MessageCode::Goodbye);
                self.close(CloseReason::Left, goodbye);
            }
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

    /// Tells what the answer to a request means.
    #[allow(clippy::wildcard_enum_match_arm)] // nothing else is an answer
    fn answer(&mut self, token: T, message: Message) {
        // Each arm moves the message once: they are large.
        let events = &mut self.events;
        match message {
            Message::Result(result) => events.push_back(Event::Result { token, result }),
            Message::Error(error) => events.push_back(Event::Failed { token, error }),
            Message::Published(m) => {
                events.push_back(Event::Published { token, publication: m.publication });
            }
            Message::Subscribed(m) => {
                events.push_back(Event::Subscribed { token, subscription: m.subscription });
            }
            Message::Registered(m) => {
                events.push_back(Event::Registered { token, registration: m.registration });
            }
            Message::Unsubscribed(_) => events.push_back(Event::Unsubscribed { token }),
            Message::Unregistered(_) => events.push_back(Event::Unregistered { token }),
            _ => {}
        }
    }

    /// Tells what a message means that was not asked for.
    #[allow(clippy::wildcard_enum_match_arm)] // all else is asked for
    fn deliver(&mut self, message: Message) {
        let events = &mut self.events;
        match message {
            Message::Event(event) => events.push_back(Event::Event(event)),
            Message::Invocation(invocation) => events.push_back(Event::Invocation(invocation)),
            Message::Interrupt(interrupt) => events.push_back(Event::Interrupt(interrupt)),
            Message::Unsubscribed(m) => {
                events.push_back(Event::SubscriptionRevoked(m.details.unwrap_or_default()));
            }
            Message::Unregistered(m) => {
                events.push_back(Event::RegistrationRevoked(m.details.unwrap_or_default()));
            }
            _ => {}
        }
    }
}
