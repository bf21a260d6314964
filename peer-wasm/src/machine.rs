//! The session machines of one connection, and which message means what to JavaScript.

use crate::{report::Report, wire};
use bytes::Bytes;
use wamplex_shared::{
    error::{DecodeError, DecodeErrorKind, ProtocolViolation},
    message::{Abort, Hello, Message},
    serializer::Serializer,
    session::{CloseReason, Event, JoinEvent, Joiner, Session},
    value::Dict,
};

/// HELLO to GOODBYE. The token of a request is a number that JavaScript chose.
#[derive(Debug)]
pub(crate) struct Machine {
    serializer: Serializer,
    state: State,
    /// The options of the message that the last command made, as JavaScript has written them. Every command is followed
    /// by sending what it made, so there is never more than one.
    options: Bytes,
}

#[derive(Debug)]
enum State {
    Joining(Box<Joiner>),
    Open(Box<Session<u32>>),
    /// The messages that are still to be sent.
    Over(Vec<Message>),
}

/// What is to be done about a frame, in this order.
#[derive(Debug)]
pub(crate) enum Output {
    /// Report the message that the frame held.
    Message(Report, u32),
    /// Report that the router broke the protocol.
    Violation(ProtocolViolation),
    /// Close the socket.
    End,
}

impl Machine {
    /// Begins with HELLO. `authextra` is a dictionary as JavaScript has written it, or empty.
    pub(crate) fn new(serializer: Serializer, hello: Hello, authextra: Bytes) -> Self {
        let joiner = Box::new(Joiner::new(serializer, hello));
        Self { serializer, state: State::Joining(joiner), options: authextra }
    }

    /// Answers a CHALLENGE; `extra` is a dictionary as JavaScript has written it.
    pub(crate) fn authenticate(&mut self, signature: String, extra: Bytes) {
        if let State::Joining(joiner) = &mut self.state {
            self.options = extra;
            joiner.authenticate(signature, Dict::new());
        }
    }

    /// The open session, and the options for what it is to send.
    pub(crate) fn session(&mut self, options: Bytes) -> Option<&mut Session<u32>> {
        if let State::Open(session) = &mut self.state {
            self.options = options;
            Some(session)
        } else {
            None
        }
    }

    /// The next frame to send.
    pub(crate) fn poll_frame(&mut self) -> Option<Bytes> {
        let message = match &mut self.state {
            State::Joining(joiner) => joiner.poll_message(),
            State::Open(session) => session.poll_message(),
            State::Over(last) => last.pop(),
        }?;
        wire::write(self.serializer, &message, &core::mem::take(&mut self.options))
    }

    /// Takes a message of the router, or notice that its bytes were none.
    pub(crate) fn handle(&mut self, message: Option<Message>) -> Vec<Output> {
        match message {
            Some(message) => self.handle_message(message),
            None => {
                let kind = DecodeErrorKind::NotAMessage;
                self.fail(DecodeError { serializer: self.serializer, at: 0, kind }.into())
            }
        }
    }

    /// Ends the session because of something below the level of messages.
    pub(crate) fn fail(&mut self, violation: ProtocolViolation) -> Vec<Output> {
        self.abort(violation.to_abort());
        vec![Output::Violation(violation), Output::End]
    }

    /// Ends the session with ABORT.
    pub(crate) fn abort(&mut self, abort: Abort) {
        if !matches!(self.state, State::Over(_)) {
            self.state = State::Over(vec![abort.into()]);
        }
    }

    fn handle_message(&mut self, message: Message) -> Vec<Output> {
        match &mut self.state {
            State::Joining(joiner) => match joiner.handle_message(message) {
                Ok(()) => self.joining_events(),
                Err(violation) => vec![Output::Violation(violation), Output::End],
            },
            State::Open(session) => {
                // A violation is told by an event, too.
                drop(session.handle_message(message));
                session_events(session)
            }
            State::Over(_) => Vec::new(),
        }
    }

    fn joining_events(&mut self) -> Vec<Output> {
        let mut outputs = Vec::new();
        while let State::Joining(joiner) = &mut self.state {
            let Some(event) = joiner.poll_event() else { break };
            match event {
                JoinEvent::Challenge(_) => outputs.push(Output::Message(Report::Challenge, 0)),
                JoinEvent::Refused(_) => {
                    outputs.extend([Output::Message(Report::Abort, 0), Output::End]);
                }
                JoinEvent::Welcomed(_) => {
                    outputs.push(Output::Message(Report::Welcome, 0));
                    self.open();
                }
            }
        }
        outputs
    }

    fn open(&mut self) {
        let state = core::mem::replace(&mut self.state, State::Over(Vec::new()));
        if let State::Joining(joiner) = state {
            self.state = match joiner.into_session() {
                Ok(session) => State::Open(Box::new(session)),
                Err(joiner) => State::Joining(joiner),
            };
        }
    }
}

fn session_events(session: &mut Session<u32>) -> Vec<Output> {
    let mut outputs = Vec::new();
    while let Some(event) = session.poll_event() {
        match event {
            Event::Subscribed { token, .. }
            | Event::Unsubscribed { token }
            | Event::Published { token, .. }
            | Event::Registered { token, .. }
            | Event::Unregistered { token }
            | Event::Result { token, .. }
            | Event::Failed { token, .. } => outputs.push(Output::Message(Report::Reply, token)),
            Event::Progress { result } => {
                let token = session.token(result.request).copied();
                outputs.extend(token.map(|token| Output::Message(Report::Progress, token)));
            }
            Event::Event(_) => outputs.push(Output::Message(Report::Event, 0)),
            Event::Invocation(_) | Event::Continuation(_) => {
                outputs.push(Output::Message(Report::Invocation, 0));
            }
            Event::Interrupt(_) => outputs.push(Output::Message(Report::Interrupt, 0)),
            Event::SubscriptionRevoked(_) | Event::RegistrationRevoked(_) => {
                outputs.push(Output::Message(Report::Revoked, 0));
            }
            Event::Closed(reason) => outputs.extend(closing(reason)),
            // JavaScript keeps the time, and settles what is pending when the socket has closed.
            Event::TimedOut { .. } | Event::Gone { .. } | _ => {}
        }
    }
    outputs
}

fn closing(reason: CloseReason) -> impl Iterator<Item = Output> {
    let report = match reason {
        CloseReason::Goodbye(_) => Some(Output::Message(Report::Goodbye, 0)),
        CloseReason::Abort(_) => Some(Output::Message(Report::Abort, 0)),
        CloseReason::Violation(violation) => Some(Output::Violation(violation)),
        CloseReason::Left | CloseReason::Disconnected(_) | _ => None,
    };
    report.into_iter().chain([Output::End])
}
