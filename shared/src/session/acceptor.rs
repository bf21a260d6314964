//! How a router opens a session.

use super::{frame, ledger::unexpected};
use crate::{
    error::ProtocolViolation,
    id::SessionId,
    message::{
        Abort, Authenticate, Challenge, Hello, Message, MessageCode, Welcome, WelcomeDetails,
    },
    serializer::Serializer,
};
use alloc::collections::VecDeque;
use bytes::Bytes;

/// A router that receives a client: HELLO, any number of CHALLENGE and AUTHENTICATE, then WELCOME or ABORT
/// ("WAMP: Session Establishment").
///
/// Who may join is the shell's to say, in its own time: after each event it calls [`accept`](Self::accept),
/// [`challenge`](Self::challenge) or [`refuse`](Self::refuse).
#[derive(Debug)]
pub struct Acceptor {
    serializer: Serializer,
    max_length: usize,
    state: State,
    out: VecDeque<Message>,
    events: VecDeque<AcceptEvent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing has arrived yet.
    Silent,
    /// The shell has HELLO or AUTHENTICATE to judge.
    Judging,
    /// CHALLENGE is sent or about to be.
    Challenging,
    Welcomed,
    Over,
}

/// What an [`Acceptor`] tells its shell.
#[derive(Clone, Debug, PartialEq)]
pub enum AcceptEvent {
    /// A client asks to join.
    Hello(Hello),
    /// The client answered the CHALLENGE.
    Authenticate(Authenticate),
    /// The client gave up. Nothing is answered.
    Aborted(Abort),
}

impl Acceptor {
    /// Waits for HELLO.
    #[must_use]
    pub const fn new(serializer: Serializer) -> Self {
        Self {
            serializer,
            max_length: usize::MAX,
            state: State::Silent,
            out: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// The same, with a limit in bytes on frames before WELCOME: who is not known yet gets little room.
    #[must_use]
    pub const fn with_max_length(mut self, bytes: usize) -> Self {
        self.max_length = bytes;
        self
    }

    /// The serializer of the messages.
    #[must_use]
    pub const fn serializer(&self) -> Serializer {
        self.serializer
    }

    /// Whether the handshake has failed: refused, aborted by the client, or broken.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Whether the client was welcomed, and what it sends next is for [`Serving`](super::Serving).
    #[must_use]
    pub const fn is_welcomed(&self) -> bool {
        matches!(self.state, State::Welcomed)
    }

    /// Takes a frame of the client: [`handle_message`](Self::handle_message) for bytes.
    ///
    /// # Errors
    /// The frame is too long, no message, or one that breaks the protocol: ABORT is queued, and the handshake is over.
    pub fn handle_frame(&mut self, frame: &Bytes) -> Result<(), ProtocolViolation> {
        if self.is_over() {
            return Ok(());
        }
        let message = self.read(frame).inspect_err(|v| self.fail(v))?;
        self.handle_message(message)
    }

    /// Takes a message of the client.
    ///
    /// # Errors
    /// The message breaks the protocol: ABORT is queued, and the handshake is over.
    pub fn handle_message(&mut self, message: Message) -> Result<(), ProtocolViolation> {
        if self.is_over() {
            return Ok(());
        }
        self.handle(message).inspect_err(|v| self.fail(v))
    }

    /// Opens the session. Returns `false`, and does nothing, unless HELLO or AUTHENTICATE waits for an answer: the
    /// client may have given up meanwhile.
    pub fn accept(&mut self, session: SessionId, details: WelcomeDetails) -> bool {
        self.answer(State::Welcomed, Welcome { session, details }.into())
    }

    /// Asks for a proof, or for a further one. Returns `false` like [`accept`](Self::accept).
    pub fn challenge(&mut self, challenge: Challenge) -> bool {
        self.answer(State::Challenging, challenge.into())
    }

    /// Turns the client away. Returns `false` like [`accept`](Self::accept).
    pub fn refuse(&mut self, abort: Abort) -> bool {
        self.answer(State::Over, frame::writable(abort, self.serializer).into())
    }

    /// Ends the handshake with ABORT at any point: because time is up, or the router is shutting down.
    pub fn abort(&mut self, abort: Abort) {
        if !self.is_over() {
            self.state = State::Over;
            self.out.clear();
            self.out.push_back(frame::writable(abort, self.serializer).into());
        }
    }

    /// Ends the handshake because the client broke the rules: also for the shell, when it is a frame of the wrong type.
    pub fn fail(&mut self, violation: &ProtocolViolation) {
        self.abort(violation.to_abort());
    }

    /// The next frame to send.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        core::iter::from_fn(|| self.out.pop_front())
            .find_map(|message| frame::write(self.serializer, &message))
    }

    /// The next message to send, for shells that write frames themselves.
    pub fn poll_message(&mut self) -> Option<Message> {
        self.out.pop_front()
    }

    /// The next event for the shell.
    pub fn poll_event(&mut self) -> Option<AcceptEvent> {
        self.events.pop_front()
    }

    fn read(&self, frame: &Bytes) -> Result<Message, ProtocolViolation> {
        let (length, limit) = (frame.len(), self.max_length);
        if length > limit {
            return Err(ProtocolViolation::TooLong { length, limit, state: "before WELCOME" });
        }
        frame::read(self.serializer, frame)
    }

    fn answer(&mut self, next: State, message: Message) -> bool {
        let asked = self.state == State::Judging;
        if asked {
            self.state = next;
            self.out.push_back(message);
        }
        asked
    }

    fn handle(&mut self, message: Message) -> Result<(), ProtocolViolation> {
        let event = match (message, self.state) {
            (Message::Abort(abort), _) => {
                self.state = State::Over;
                self.out.clear();
                self.events.push_back(AcceptEvent::Aborted(abort));
                return Ok(());
            }
            (Message::Hello(hello), State::Silent) => AcceptEvent::Hello(hello),
            (Message::Authenticate(proof), State::Challenging) => AcceptEvent::Authenticate(proof),
            (message, state) => return Err(out_of_turn(message.code(), state)),
        };
        self.state = State::Judging;
        self.events.push_back(event);
        Ok(())
    }
}

const fn out_of_turn(message: MessageCode, state: State) -> ProtocolViolation {
    let state = match state {
        State::Silent => "before HELLO",
        State::Judging => "before WELCOME or CHALLENGE",
        State::Challenging => "after CHALLENGE",
        State::Welcomed | State::Over => "after WELCOME",
    };
    unexpected(message, state)
}
