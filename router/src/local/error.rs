//! What can go wrong for a session inside the process.

use std::time::Duration;
use wamplex_shared::{
    codec,
    error::{DecodeError, WampError},
    roles::Feature,
    serializer::Serializer,
    session::{CloseReason, Refusal},
    uri::Uri,
    uris,
    value::{Dict, Value},
};

/// Why a session could not join a realm from inside the process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The router has no realm of this name.
    #[error("there is no realm `{0}` here")]
    NoSuchRealm(String),
    /// The operating system gives no random numbers, without which no session id can be drawn.
    #[error("cannot draw random numbers: {0}")]
    Randomness(#[from] getrandom::Error),
    /// There is no tokio runtime here for the task of the session.
    #[error("a session inside the process needs a tokio runtime")]
    NoRuntime,
}

/// What went wrong with a request of a session inside the process.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// The router or a callee answered with ERROR.
    #[error("{}", describe(.0))]
    Wamp(#[source] WampError),
    /// The session is over: it left, was ended, or the router shuts down.
    #[error("{0}")]
    Closed(Box<CloseReason>),
    /// There was no answer within this time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The request needs a feature that the router does not have.
    #[error("the router does not support {}", .0.name())]
    Unsupported(Feature),
    /// The router took the subscription away, for this reason if it gave one.
    #[error("the router took it away{}", .0.as_deref().map(|r| format!(": {r}")).unwrap_or_default())]
    Revoked(Option<String>),
    /// The arguments cannot be read as values.
    #[error("the arguments cannot be read: {0}")]
    Values(#[from] DecodeError),
}

impl LocalError {
    /// The error as a WAMP URI: the one received, or the predefined one that says the same.
    #[must_use]
    pub fn uri(&self) -> &str {
        match self {
            Self::Wamp(error) => error.uri.as_str(),
            Self::Closed(_) | Self::Revoked(_) => uris::error::CANCELED,
            Self::Timeout(_) => uris::error::TIMEOUT,
            Self::Unsupported(_) => uris::error::FEATURE_NOT_SUPPORTED,
            Self::Values(_) => uris::error::INVALID_ARGUMENT,
        }
    }

    pub(super) fn refused(refusal: Refusal, closed: Option<&CloseReason>) -> Self {
        if let Refusal::Unsupported(feature) = refusal {
            return Self::Unsupported(feature);
        }
        // Payloads are converted, and arguments in pieces are not offered here.
        Self::closed(closed.cloned().unwrap_or(CloseReason::Left))
    }

    pub(super) fn closed(reason: CloseReason) -> Self {
        Self::Closed(Box::new(reason))
    }
}

impl From<WampError> for LocalError {
    fn from(error: WampError) -> Self {
        Self::Wamp(error)
    }
}

impl From<LocalError> for WampError {
    /// What a procedure answers when a request of its own failed: an ERROR that came from elsewhere is passed on, and
    /// everything else becomes the predefined error that says the same, with the words as its argument.
    fn from(error: LocalError) -> Self {
        if let LocalError::Wamp(error) = error {
            return error;
        }
        sentence(Uri::from(error.uri()), error.to_string())
    }
}

/// An error with one sentence for people as its argument.
pub(crate) fn sentence(uri: Uri, words: impl Into<Value>) -> WampError {
    let payload = codec::write_values(Serializer::Json, &[words.into()], &Dict::new());
    WampError::new(uri).with_payload(payload)
}

/// The URI, and behind it the words that most implementations send as the first argument.
fn describe(error: &WampError) -> String {
    let arguments = codec::read_values(&error.payload);
    match arguments.as_ref().map(|(args, _)| args.first()) {
        Ok(Some(Value::Str(words))) => format!("{}: {words}", error.uri),
        _ => error.uri.to_string(),
    }
}
