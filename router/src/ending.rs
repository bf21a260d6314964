//! How conversations end: every reason, what is said to the client, and how the connection is closed.

use crate::{
    authentication::Refusal,
    link::Stop,
    outbox::Cut,
    transport::{Close, Lost},
};
use std::borrow::Cow;
use wamplex_shared::{
    error::ProtocolViolation,
    message::{Abort, Goodbye, Message},
    uris::{close, error, wamplex},
};

/// Why a session is ended for which too much waits.
const OVERFLOW: &str = "too slow: too much is waiting to be sent";

/// Why a session is ended that takes nothing.
const STALL: &str = "too slow: nothing that is waiting was taken";

/// Where in the life of a connection something happens, in the words of [`ProtocolViolation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The client is not known yet.
    BeforeWelcome,
    /// The session is open.
    Open,
}

/// Why a conversation is over, or did not begin.
#[derive(Debug)]
pub(crate) enum End {
    /// The client said GOODBYE. The echo, if one is due.
    Left(Option<Box<Message>>),
    /// The client sent ABORT.
    Aborted,
    /// The client broke the protocol.
    Violated(ProtocolViolation),
    /// The client broke the rules of the transport, in these words.
    Malformed(String, Close),
    /// The client may not join.
    Refused(Refusal),
    /// The client took too long to say HELLO.
    Silent,
    /// The client took too long to answer a CHALLENGE.
    Unproven,
    /// The realm ends the session with this GOODBYE or ABORT.
    Dismissed(Box<Message>),
    /// The router shuts down.
    Shutdown(Phase),
    /// Too much waits for the client.
    Overflow,
    /// The client takes nothing of what waits for it.
    Stalled,
    /// Nothing was heard of the client for too long.
    Unheard,
    /// The client closed the connection without a word.
    Closed,
    /// The connection is lost.
    Lost(String),
    /// The router itself failed, in this way.
    Failed(String),
}

/// What is still to be done when a conversation is over.
#[derive(Debug)]
pub(crate) struct Parting {
    /// The last message.
    pub(crate) last: Option<Message>,
    /// Whether what waits is sent before it, or forgotten.
    pub(crate) flush: bool,
    /// How the transport is closed; `None` leaves it open for another HELLO.
    pub(crate) close: Option<Close>,
}

impl End {
    /// What it means that a link does not go on.
    pub(crate) fn of_link(stop: Stop, phase: Phase) -> Self {
        match stop {
            Stop::Lost(Lost::Closed) => Self::Closed,
            Stop::Lost(Lost::Broken(error)) | Stop::Broken(error) => Self::Lost(error.to_string()),
            Stop::Lost(Lost::Violation(violation)) => Self::Violated(violation),
            Stop::Lost(Lost::TooLong { length, limit }) => {
                Self::Violated(ProtocolViolation::TooLong { length, limit, state: phase.words() })
            }
            Stop::Lost(Lost::Malformed { how, close }) => Self::Malformed(how, close),
            Stop::Stalled => Self::Stalled,
            Stop::Silent => Self::Unheard,
            Stop::TooLong { message, length, limit } => Self::Refused(Refusal::new(
                error::PAYLOAD_SIZE_EXCEEDED,
                format!("{message} has {length} bytes, more than the {limit} this client takes"),
            )),
            Stop::Cut(Cut::Overflow) => Self::Overflow,
            Stop::Cut(Cut::Shutdown) => Self::Shutdown(phase),
            Stop::Dismissed(message) => Self::Dismissed(message),
            Stop::Unwritable(error) => {
                Self::Failed(format!("a message cannot be written: {error}"))
            }
        }
    }

    /// What it means while an answer to a CHALLENGE is waited for.
    pub(crate) fn of_authentication(self) -> Self {
        if let Self::Silent = self { Self::Unproven } else { self }
    }

    /// What is still to be said and done.
    pub(crate) fn parting(self) -> Parting {
        let flushed =
            |last: Message, close| Parting { last: Some(last), flush: true, close: Some(close) };
        let at_once = |last: Abort, close| Parting {
            last: Some(last.into()),
            flush: false,
            close: Some(close),
        };
        match self {
            Self::Left(echo) => Parting { last: echo.map(|m| *m), flush: true, close: None },
            Self::Violated(violation) => {
                let is_length = matches!(violation, ProtocolViolation::TooLong { .. });
                let (reason, close) = if is_length {
                    (error::PAYLOAD_SIZE_EXCEEDED, Close::TooLong)
                } else {
                    (error::PROTOCOL_VIOLATION, Close::ProtocolError)
                };
                flushed(Abort::new(reason, violation.to_string()).into(), close)
            }
            Self::Malformed(how, close) => {
                flushed(Abort::new(error::PROTOCOL_VIOLATION, how).into(), close)
            }
            Self::Refused(refusal) => flushed(refusal.to_abort().into(), Close::Normal),
            Self::Dismissed(message) => flushed(*message, Close::Normal),
            Self::Shutdown(Phase::Open) => {
                flushed(Goodbye::new(close::SYSTEM_SHUTDOWN).into(), Close::GoingAway)
            }
            Self::Shutdown(Phase::BeforeWelcome) => at_once(
                Abort::new(close::SYSTEM_SHUTDOWN, "the router shuts down"),
                Close::GoingAway,
            ),
            Self::Silent => {
                at_once(Abort::new(error::TIMEOUT, "HELLO took too long"), Close::Policy)
            }
            Self::Unproven => {
                at_once(Abort::new(error::TIMEOUT, "AUTHENTICATE took too long"), Close::Policy)
            }
            Self::Overflow => at_once(Abort::new(wamplex::SLOW_CONSUMER, OVERFLOW), Close::Policy),
            Self::Stalled => at_once(Abort::new(wamplex::SLOW_CONSUMER, STALL), Close::Policy),
            Self::Unheard => at_once(
                Abort::new(error::NETWORK_FAILURE, "nothing was heard of this client for too long"),
                Close::Policy,
            ),
            Self::Failed(_) => at_once(
                Abort::new(error::RUNTIME_ERROR, "the router failed to serve this session"),
                Close::InternalError,
            ),
            Self::Aborted | Self::Closed | Self::Lost(_) => {
                Parting { last: None, flush: false, close: Some(Close::Normal) }
            }
        }
    }

    /// Why the session is ended, if it is for being too slow.
    pub(crate) const fn slowness(&self) -> Option<&'static str> {
        if let Self::Overflow = self {
            Some(OVERFLOW)
        } else if let Self::Stalled = self {
            Some(STALL)
        } else {
            None
        }
    }

    /// The reason in words, for the log.
    pub(crate) fn reason(&self) -> Cow<'static, str> {
        match self {
            Self::Left(_) => "goodbye of the client".into(),
            Self::Aborted => "abort of the client".into(),
            Self::Violated(violation) => violation.to_string().into(),
            Self::Malformed(how, _) => how.clone().into(),
            Self::Refused(refusal) => refusal.uri.into(),
            Self::Silent => "no HELLO in time".into(),
            Self::Unproven => "no AUTHENTICATE in time".into(),
            Self::Dismissed(_) => "ended by the realm".into(),
            Self::Shutdown(_) => "shutdown".into(),
            Self::Overflow => "too slow: outbox full".into(),
            Self::Stalled => "too slow: stalled".into(),
            Self::Unheard => "nothing heard for too long".into(),
            Self::Closed => "connection closed by the client".into(),
            Self::Lost(error) => format!("connection lost: {error}").into(),
            Self::Failed(how) => format!("internal error: {how}").into(),
        }
    }
}

impl Phase {
    const fn words(self) -> &'static str {
        match self {
            Self::BeforeWelcome => "before WELCOME",
            Self::Open => "in an open session",
        }
    }
}

impl From<ProtocolViolation> for End {
    fn from(violation: ProtocolViolation) -> Self {
        Self::Violated(violation)
    }
}
