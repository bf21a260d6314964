//! What can go wrong: bytes that are no message, messages that are not allowed, and the errors of applications.

use crate::{
    message::{Abort, MessageCode},
    payload::Payload,
    serializer::Serializer,
    uri::Uri,
    uris,
};
use alloc::string::ToString;
use core::fmt;

/// These bytes are no WAMP message. Ends the session with ABORT `wamp.error.protocol_violation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a WAMP message in {serializer} at byte {at}: {kind}")]
pub struct DecodeError {
    /// How the bytes were read.
    pub serializer: Serializer,
    /// The place of the first byte that is wrong.
    pub at: usize,
    /// What is wrong with it.
    pub kind: DecodeErrorKind,
}

/// What is wrong with bytes that are no WAMP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The bytes end inside a value.
    #[error("the bytes end too early")]
    UnexpectedEnd,
    /// There are bytes behind the message.
    #[error("there is something behind the message")]
    TrailingBytes,
    /// The format does not allow this byte here.
    #[error("this byte may not stand here")]
    UnexpectedByte,
    /// A string is not UTF-8, or has half of a surrogate pair.
    #[error("a string is not valid Unicode")]
    InvalidUnicode,
    /// A number cannot be written like this.
    #[error("this is not a number")]
    InvalidNumber,
    /// Lists and dictionaries are nested too deeply.
    #[error("nested more than {} levels deep", crate::codec::MAX_DEPTH)]
    TooDeep,
    /// A key of a dictionary is not a string.
    #[error("a key is not a string")]
    KeyNotString,
    /// A key stands twice in options or details.
    #[error("a key stands twice in options or details")]
    DuplicateKey,
    /// Options or details, or a list in them, have too many entries.
    #[error("options or details have too many entries")]
    TooManyEntries,
    /// The message is not a list that begins with an integer.
    #[error("a message is a list that begins with its code")]
    NotAMessage,
    /// No message has this code.
    #[error("no message has the code {0}")]
    UnknownCode(u64),
    /// The list is too short or too long for its code.
    #[error("{0} does not have this many elements")]
    WrongLength(MessageCode),
    /// An element or the value of a key has the wrong type.
    #[error("{0} must be {1}")]
    WrongType(&'static str, &'static str),
    /// An element or the value of a key has the right type, but not a value it may have.
    #[error("{0} may not have this value")]
    InvalidValue(&'static str),
    /// A key is missing that has to be there.
    #[error("{0} is missing")]
    MissingKey(&'static str),
    /// A batch has no message, or a message of length 0.
    #[error("a batch without a message")]
    EmptyBatch,
}

/// A message that is not allowed here and now, which ends the session ("WAMP: Protocol Errors").
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolViolation {
    /// The bytes were no message.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The message may not be sent in this state of the session, or not by this side.
    #[error("{message} is not allowed {state}")]
    Unexpected {
        /// The message.
        message: MessageCode,
        /// The state in words, such as `before HELLO`.
        state: &'static str,
    },
    /// The id of a request is not the one that follows.
    #[error("{message} has the request id {found} where {expected} follows")]
    RequestId {
        /// The message.
        message: MessageCode,
        /// The id that would have been right.
        expected: u64,
        /// The id it has.
        found: u64,
    },
    /// A YIELD or ERROR answers an invocation that the callee was never given.
    #[error("{message} answers the invocation {request}, which was never sent")]
    UnknownInvocation {
        /// The message.
        message: MessageCode,
        /// The invocation it names.
        request: u64,
    },
    /// A YIELD sends progress for a call that did not ask for it.
    #[error("YIELD sends progress for the invocation {request}, which did not ask for it")]
    ProgressNotRequested {
        /// The invocation it names.
        request: u64,
    },
    /// A feature is used that was not announced.
    #[error("{message} uses {feature}, which was not announced")]
    FeatureNotAnnounced {
        /// The message.
        message: MessageCode,
        /// The key of the feature.
        feature: &'static str,
    },
    /// A message of the wrong kind for the serializer: binary for JSON, text for the others.
    #[error("{serializer} messages do not come in {kind} frames")]
    FrameType {
        /// The serializer of the session.
        serializer: Serializer,
        /// `text` or `binary`.
        kind: &'static str,
    },
    /// The message is longer than the limit in force.
    #[error("the message has {length} bytes, more than the {limit} allowed {state}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
        /// The state in words, such as `before WELCOME`.
        state: &'static str,
    },
}

impl ProtocolViolation {
    /// The ABORT that tells the other side.
    #[must_use]
    pub fn to_abort(&self) -> Abort {
        Abort::new(uris::error::PROTOCOL_VIOLATION, self.to_string())
    }
}

/// What an ERROR message carries. Applications make them and receive them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WampError {
    /// What went wrong.
    pub uri: Uri,
    /// Arguments of the error.
    pub payload: Payload,
}

impl WampError {
    /// An error without arguments.
    pub fn new(uri: impl Into<Uri>) -> Self {
        Self { uri: uri.into(), payload: Payload::NONE }
    }

    /// The same error with arguments.
    #[must_use]
    pub fn with_payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }
}

impl fmt::Display for WampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uri, f)
    }
}

impl core::error::Error for WampError {}
