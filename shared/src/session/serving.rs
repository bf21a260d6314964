//! An open session, as its router sees it.

use super::ledger::unexpected;
use crate::{
    error::ProtocolViolation,
    message::{Abort, Goodbye, Message, MessageCode},
    uris,
};
use alloc::collections::VecDeque;

/// An open session on the side of the router: what may arrive, and how it ends ("WAMP: Session Closing").
///
/// What the messages mean is the realm's affair; this says which of them the realm is to see.
#[derive(Debug)]
pub struct Serving {
    state: State,
    out: VecDeque<Message>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// GOODBYE was sent: everything but the other's is ignored.
    Closing,
    Closed,
}

/// What has arrived on an open session.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Received {
    /// A message for the realm.
    Request(Message),
    /// Nothing to see to: it came after our GOODBYE, or is one that is read and not acted upon.
    Ignored,
    /// The client said GOODBYE, and the answer is queued if one is due. The session is over.
    Left(Goodbye),
    /// The client sent ABORT. The session is over, and nothing is answered.
    Aborted(Abort),
}

impl Serving {
    /// A session that has just been welcomed.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Open, out: VecDeque::new() }
    }

    /// Whether messages still reach the realm.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Whether the session is over, and the transport may go once the output is empty.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Takes a message of the client.
    ///
    /// # Errors
    /// The message breaks the protocol: ABORT is queued, and the session is over.
    pub fn handle_message(&mut self, message: Message) -> Result<Received, ProtocolViolation> {
        match (message, self.state) {
            (_, State::Closed) => Ok(Received::Ignored),
            (Message::Abort(abort), _) => {
                self.state = State::Closed;
                Ok(Received::Aborted(abort))
            }
            (Message::Goodbye(goodbye), state) => {
                // Both at the same time: each is the answer to the other.
                if state == State::Open {
                    self.out.push_back(Goodbye::new(uris::close::GOODBYE_AND_OUT).into());
                }
                self.state = State::Closed;
                Ok(Received::Left(goodbye))
            }
            (_, State::Closing) => Ok(Received::Ignored),
            (message, State::Open) => Self::sort(message).inspect_err(|v| self.fail(v)),
        }
    }

    /// Begins to close: sends GOODBYE, and ignores everything until the client has answered.
    pub fn close(&mut self, goodbye: Goodbye) {
        if self.is_open() {
            self.state = State::Closing;
            self.out.push_back(goodbye.into());
        }
    }

    /// Ends the session at once with ABORT.
    pub fn abort(&mut self, abort: Abort) {
        if !self.is_over() {
            self.state = State::Closed;
            self.out.push_back(abort.into());
        }
    }

    /// Ends the session because the client broke the rules: for the realm's violations, and for a frame of the wrong
    /// type or too long.
    pub fn fail(&mut self, violation: &ProtocolViolation) {
        self.abort(violation.to_abort());
    }

    /// The next message of the session itself to send, behind what the realm has queued.
    pub fn poll_message(&mut self) -> Option<Message> {
        self.out.pop_front()
    }

    fn sort(message: Message) -> Result<Received, ProtocolViolation> {
        match message {
            Message::Publish(_)
            | Message::Subscribe(_)
            | Message::Unsubscribe(_)
            | Message::Call(_)
            | Message::Cancel(_)
            | Message::Register(_)
            | Message::Unregister(_)
            | Message::Yield(_) => Ok(Received::Request(message)),
            Message::Error(ref error) if error.request_type == MessageCode::Invocation => {
                Ok(Received::Request(message))
            }
            Message::EventReceived(_) => Ok(Received::Ignored),
            Message::Error(_) => {
                Err(unexpected(message.code(), "from a client but for an INVOCATION"))
            }
            Message::Hello(_) | Message::Authenticate(_) => {
                Err(unexpected(message.code(), "after WELCOME"))
            }
            Message::Welcome(_)
            | Message::Challenge(_)
            | Message::Published(_)
            | Message::Subscribed(_)
            | Message::Unsubscribed(_)
            | Message::Event(_)
            | Message::Result(_)
            | Message::Registered(_)
            | Message::Unregistered(_)
            | Message::Invocation(_)
            | Message::Interrupt(_) => Err(unexpected(message.code(), "from a client")),
            // How a session ends was seen to before.
            Message::Abort(_) | Message::Goodbye(_) => Ok(Received::Ignored),
        }
    }
}

impl Default for Serving {
    fn default() -> Self {
        Self::new()
    }
}
