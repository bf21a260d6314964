//! How a client opens a session.

use super::{client::Session, frame, joining::Joining};
use crate::{
    error::ProtocolViolation,
    message::{Abort, Authenticate, Challenge, Hello, Message, Welcome},
    roles::Roles,
    serializer::Serializer,
    uri::Uri,
    value::Dict,
};
use alloc::{boxed::Box, collections::VecDeque, vec::Vec};
use bytes::Bytes;
use bytestring::ByteString;

/// A client on its way into a realm: HELLO, any number of CHALLENGE and AUTHENTICATE, then WELCOME or ABORT
/// ("WAMP: Session Establishment").
#[derive(Debug)]
pub struct Joiner {
    serializer: Serializer,
    realm: Uri,
    roles: Roles,
    authmethods: Vec<ByteString>,
    state: Joining,
    welcome: Option<Box<Welcome>>,
    out: VecDeque<Message>,
    events: VecDeque<JoinEvent>,
}

/// What a [`Joiner`] tells its shell.
#[derive(Clone, Debug, PartialEq)]
pub enum JoinEvent {
    /// The router asks for a proof: answer with [`Joiner::authenticate`] or [`Joiner::abort`].
    Challenge(Challenge),
    /// The session is open: go on with [`Joiner::into_session`].
    Welcomed(Welcome),
    /// The router refused. The transport can be closed.
    Refused(Abort),
}

impl Joiner {
    /// Begins with this HELLO.
    #[must_use]
    pub fn new(serializer: Serializer, hello: Hello) -> Self {
        Self {
            serializer,
            realm: hello.realm.clone(),
            roles: hello.details.roles,
            authmethods: hello.details.authmethods.clone(),
            state: Joining::Waiting,
            welcome: None,
            out: VecDeque::from([hello.into()]),
            events: VecDeque::new(),
        }
    }

    /// The serializer of the messages.
    #[must_use]
    pub const fn serializer(&self) -> Serializer {
        self.serializer
    }

    /// Whether there is nothing more to wait for: refused, failed or aborted.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, Joining::Over)
    }

    /// Takes a frame of the router: [`handle_message`](Self::handle_message) for bytes.
    ///
    /// # Errors
    /// The frame is no message, or one that breaks the protocol: ABORT is queued, and the handshake is over.
    pub fn handle_frame(&mut self, frame: &Bytes) -> Result<(), ProtocolViolation> {
        if self.is_over() {
            return Ok(());
        }
        let message = frame::read(self.serializer, frame).inspect_err(|v| self.fail(v))?;
        self.handle_message(message)
    }

    /// Takes a message of the router.
    ///
    /// After WELCOME the next message belongs to the [`Session`], so the shell polls events in between.
    ///
    /// # Errors
    /// The message breaks the protocol: ABORT is queued, and the handshake is over.
    pub fn handle_message(&mut self, message: Message) -> Result<(), ProtocolViolation> {
        if self.is_over() {
            return Ok(());
        }
        self.handle(message).inspect_err(|v| self.fail(v))
    }

    /// Answers a CHALLENGE. Does nothing unless there is one to answer.
    pub fn authenticate(&mut self, signature: impl Into<ByteString>, extra: Dict) {
        if self.state.answer() {
            self.out.push_back(Authenticate { signature: signature.into(), extra }.into());
        }
    }

    /// Gives up, and tells the router so.
    pub fn abort(&mut self, abort: Abort) {
        if !self.is_over() {
            self.state = Joining::Over;
            self.out.clear();
            self.out.push_back(frame::writable(abort, self.serializer).into());
        }
    }

    /// Gives up because the router broke the rules: also for the shell, when it is a frame of the wrong type or too long.
    pub fn fail(&mut self, violation: &ProtocolViolation) {
        self.abort(violation.to_abort());
    }

    /// The open session, once [`JoinEvent::Welcomed`] was polled.
    ///
    /// # Errors
    /// Gives the machine back if the router has not sent WELCOME.
    pub fn into_session<T>(self) -> Result<Session<T>, Box<Self>> {
        match self.welcome {
            Some(welcome) if self.state == Joining::Welcomed => {
                Ok(Session::new(self.serializer, self.realm, self.roles, *welcome))
            }
            welcome => Err(Box::new(Self { welcome, ..self })),
        }
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
    pub fn poll_event(&mut self) -> Option<JoinEvent> {
        self.events.pop_front()
    }

    #[allow(clippy::wildcard_enum_match_arm)] // the state lets nothing else in
    fn handle(&mut self, message: Message) -> Result<(), ProtocolViolation> {
        let offered = match &message {
            Message::Challenge(challenge) => self.authmethods.contains(&challenge.method),
            _ => true,
        };
        self.state.receive(message.code(), offered)?;
        match message {
            Message::Abort(abort) => {
                self.out.clear();
                self.events.push_back(JoinEvent::Refused(abort));
            }
            Message::Welcome(welcome) => {
                self.welcome = Some(Box::new(welcome.clone()));
                self.events.push_back(JoinEvent::Welcomed(welcome));
            }
            Message::Challenge(challenge) => {
                self.events.push_back(JoinEvent::Challenge(challenge));
            }
            _ => {}
        }
        Ok(())
    }
}
