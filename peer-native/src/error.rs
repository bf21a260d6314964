//! What can go wrong for a client.

use crate::{auth::AuthError, transport::TransportError};
use core::time::Duration;
use std::sync::Arc;
use wamplex_shared::{
    codec::PayloadError,
    error::{ProtocolViolation, WampError},
    roles::Feature,
    session::CloseReason,
    uris,
};

/// What went wrong with a request, a subscription or a connection.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The router or a callee answered with ERROR.
    #[error("{}", describe(.0))]
    Wamp(#[source] WampError),
    /// The session is over, or was refused: GOODBYE, ABORT, or this side left.
    #[error("{0}")]
    Closed(Box<CloseReason>),
    /// The router broke the protocol, and the session was aborted.
    #[error("the router broke the protocol")]
    Violation(#[source] ProtocolViolation),
    /// Values do not fit the type that is asked for, or a type cannot be written.
    #[error("{}", chain(.0))]
    Payload(#[source] Arc<PayloadError>),
    /// The connection could not be opened.
    #[error("{0}")]
    Transport(#[source] TransportError),
    /// The credentials could not be given.
    #[error("{0}")]
    Auth(#[source] AuthError),
    /// There was no answer within this time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// This side canceled the call.
    #[error("the call was canceled")]
    Canceled,
    /// The connection was lost before the answer came.
    #[error("the connection was lost before the answer{}", if *maybe_sent { "" } else { "; the request was never sent" })]
    ConnectionLost {
        /// Whether the router may have seen the request. If not, it is safe to make it again.
        maybe_sent: bool,
    },
    /// The application did not read fast enough, and this many pieces of a result were dropped.
    #[error("{missed} pieces of the result were dropped since they were not read in time")]
    Lagged {
        /// How many.
        missed: u64,
    },
    /// The router took the subscription or the registration away.
    #[error("the router took it away{}", .reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default())]
    Revoked {
        /// Why, in the words of the router.
        reason: Option<String>,
    },
    /// The request needs a feature that the router does not have.
    #[error("the router does not support {}", .0.name())]
    Unsupported(Feature),
    /// The client was configured in a way that cannot work; says how.
    #[error("{0}")]
    Config(&'static str),
}

impl Error {
    /// The error as a WAMP URI: the one received, or the predefined one that says the same.
    #[must_use]
    pub fn uri(&self) -> &str {
        match self {
            Self::Wamp(error) => error.uri.as_str(),
            Self::Closed(reason) => close_uri(reason),
            Self::Lagged { .. } | Self::Revoked { .. } => uris::error::CANCELED,
            Self::Violation(_) => uris::error::PROTOCOL_VIOLATION,
            Self::Payload(error) => error.uri(),
            Self::Config(_) => uris::error::INVALID_ARGUMENT,
            Self::Transport(_) | Self::ConnectionLost { .. } => uris::error::NETWORK_FAILURE,
            Self::Auth(_) => uris::error::AUTHENTICATION_FAILED,
            Self::Timeout(_) => uris::error::TIMEOUT,
            Self::Canceled => uris::error::CANCELED,
            Self::Unsupported(_) => uris::error::FEATURE_NOT_SUPPORTED,
        }
    }

    /// The ERROR that was received, if this is one.
    #[must_use]
    pub const fn as_wamp(&self) -> Option<&WampError> {
        if let Self::Wamp(error) = self { Some(error) } else { None }
    }

    /// Whether the call was canceled, by this side or by another.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        // The Basic Profile spells it with two l once.
        [uris::error::CANCELED, uris::error::CANCELLED].contains(&self.uri())
    }

    /// Whether the call took too long, for this side or for another.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.uri() == uris::error::TIMEOUT
    }
}

impl From<CloseReason> for Error {
    fn from(reason: CloseReason) -> Self {
        if let CloseReason::Violation(violation) = reason {
            return Self::Violation(violation);
        }
        Self::Closed(Box::new(reason))
    }
}

impl From<WampError> for Error {
    fn from(error: WampError) -> Self {
        Self::Wamp(error)
    }
}

impl From<PayloadError> for Error {
    fn from(error: PayloadError) -> Self {
        Self::Payload(Arc::new(error))
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
    }
}

impl From<Error> for WampError {
    /// What a handler answers when a request of its own failed: an ERROR that came from elsewhere is passed on, and
    /// everything else becomes the predefined error that says the same, with the words as its argument.
    fn from(error: Error) -> Self {
        if let Error::Wamp(error) = error {
            return error;
        }
        let answer = Self::new(error.uri());
        answer.clone().with_args((error.to_string(),)).unwrap_or(answer)
    }
}

fn close_uri(reason: &CloseReason) -> &str {
    if let CloseReason::Goodbye(goodbye) = reason {
        return goodbye.reason.as_str();
    }
    if let CloseReason::Abort(abort) = reason {
        return abort.reason.as_str();
    }
    uris::error::CANCELED
}

/// What an error says, and behind it what its causes say.
fn chain(error: &dyn core::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

/// The URI, and behind it the words that most implementations send as the first argument.
fn describe(error: &WampError) -> String {
    match error.payload.args::<(String,)>() {
        Ok((words,)) => format!("{}: {words}", error.uri),
        Err(_) => error.uri.to_string(),
    }
}
