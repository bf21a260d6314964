//! The session machines of one connection, and which message means what to JavaScript.

use crate::report::Report;
use bytes::Bytes;
use wamplex_shared::{
    codec,
    error::ProtocolViolation,
    message::{Abort, Hello, Message},
    serializer::Serializer,
    session::{CloseReason, Event, JoinEvent, Joiner, Session},
};

/// HELLO to GOODBYE. The token of a request is a number that JavaScript chose.
#[derive(Debug)]
pub(crate) struct Machine {
    serializer: Serializer,
    state: State,
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
    pub(crate) fn new(serializer: Serializer, hello: Hello) -> Self {
        Self { serializer, state: State::Joining(Box::new(Joiner::new(serializer, hello))) }
    }

    pub(crate) fn joiner(&mut self) -> Option<&mut Joiner> {
        if let State::Joining(joiner) = &mut self.state { Some(joiner) } else { None }
    }

    pub(crate) fn session(&mut self) -> Option<&mut Session<u32>> {
        if let State::Open(session) = &mut self.state { Some(session) } else { None }
    }

    /// The next frame to send.
    pub(crate) fn poll_frame(&mut self) -> Option<Bytes> {
        let message = match &mut self.state {
            State::Joining(joiner) => joiner.poll_message(),
            State::Open(session) => session.poll_message(),
            State::Over(last) => last.pop(),
        }?;
        // It fails for payloads in another serializer only, and all of ours are in this one.
        codec::encode(self.serializer, &message).ok()
    }

    /// Takes a frame of the router.
    pub(crate) fn handle_frame(&mut self, frame: &Bytes) -> Vec<Output> {
        match codec::decode(self.serializer, frame) {
            Ok(message) => self.handle_message(message),
            Err(error) => self.fail(error.into()),
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
        while let Some(event) = self.joiner().and_then(Joiner::poll_event) {
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
