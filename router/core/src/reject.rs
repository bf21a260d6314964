//! Why a request is refused, and the one place that turns a refusal into an answer.

use crate::authorization::{Action, Refused};
use bytes::Bytes;
use wamplex_shared::{
    error::ProtocolViolation,
    id::RequestId,
    message::{Error, ErrorDetails, MessageCode},
    payload::{Payload, PayloadShape},
    serializer::Serializer,
    uri::{InvalidUri, Uri},
    uris,
};

/// A request that cannot be served. Answered with ERROR; the session goes on.
///
/// The words of each variant travel as the argument of ERROR, hence no quotes or backslashes in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reject {
    /// The topic or procedure is no URI.
    #[error("{0}")]
    InvalidUri(#[from] InvalidUri),
    /// The `wamp` and `wamplex` namespaces belong to the router.
    #[error("URIs that begin with wamp. or wamplex. are reserved for the router")]
    Reserved,
    /// The realm lets sessions ask about others, but not act on them.
    #[error("sessions of this realm may not act on others")]
    MetaApiAsksOnly,
    /// The session has no right to this, or nobody knows whether it has.
    #[error("{}", words(*.0))]
    Refused(Refused),
    /// Nobody offers the procedure.
    #[error("no callee is registered for this procedure")]
    NoSuchProcedure,
    /// Somebody offers the procedure in a way that does not go together with this one.
    #[error("the procedure is registered already, or with another invocation policy")]
    ProcedureAlreadyExists,
    /// The session is not among the callees of such a registration.
    #[error("this session has no such registration")]
    NoSuchRegistration,
    /// The session is not among the subscribers of such a subscription.
    #[error("this session has no such subscription")]
    NoSuchSubscription,
    /// There is no registration of this id.
    #[error("there is no such registration")]
    UnknownRegistration,
    /// There is no subscription of this id.
    #[error("there is no such subscription")]
    UnknownSubscription,
    /// There is no session of this id, or not where it is looked for.
    #[error("there is no such session")]
    UnknownSession,
    /// A procedure of the meta API does not take these arguments.
    #[error("{0}")]
    InvalidArgument(&'static str),
    /// The realm tells nobody who calls or publishes.
    #[error("this realm does not disclose the identity of callers and publishers")]
    DisclosureRefused,
    /// The receiver of a payload does not know the passthru mode it is in.
    #[error("the other side does not support payload passthru mode")]
    PassthruNotSupported,
    /// The callee does not take arguments in parts.
    #[error("the callee does not support progressive call invocations")]
    StreamNotSupported,
    /// An option has a value that the realm does not allow.
    #[error("{0}")]
    OptionNotAllowed(&'static str),
    /// The session holds as many of these as it may.
    #[error("this session has too many {0}")]
    LimitExceeded(&'static str),
    /// The callee owes as many answers as it may.
    #[error("the callee has too many open invocations")]
    CalleeBusy,
    /// All callees have as many calls as they take, and as many calls wait for them as may.
    #[error("too many calls wait for the callees of this procedure")]
    QueueFull,
    /// All callees have said that they are unavailable.
    #[error("no callee is available")]
    NoAvailableCallee,
    /// The caller took the call back.
    #[error("the call was canceled")]
    Canceled,
    /// The callee left.
    #[error("the callee left before it answered")]
    CalleeLeft,
    /// The callees left or gave the procedure up while the call waited for one of them.
    #[error("the callees left before one of them had time for the call")]
    CalleesGone,
    /// The realm is about to end.
    #[error("the realm is closing")]
    Closing,
    /// The callee did not answer in time.
    #[error("the call was not answered in time")]
    TimedOut,
    /// The answer is longer than what the transport of the caller takes.
    #[error("the answer is longer than the messages that this client takes")]
    TooLongForCaller,
    /// The call is longer than what the transport of the callee takes.
    #[error("the call is longer than the messages that the callee takes")]
    TooLongForCallee,
}

impl Reject {
    /// The error URI that says this.
    pub(crate) const fn uri(self) -> &'static str {
        use uris::error;
        match self {
            Self::InvalidUri(_) => error::INVALID_URI,
            Self::Reserved | Self::MetaApiAsksOnly => error::NOT_AUTHORIZED,
            Self::Refused(Refused::Failed) => error::AUTHORIZATION_FAILED,
            Self::Refused(Refused::TooFast) => uris::wamplex::RATE_EXCEEDED,
            Self::Refused(_) => error::NOT_AUTHORIZED,
            Self::NoSuchProcedure => error::NO_SUCH_PROCEDURE,
            Self::ProcedureAlreadyExists => error::PROCEDURE_ALREADY_EXISTS,
            Self::NoSuchRegistration | Self::UnknownRegistration => error::NO_SUCH_REGISTRATION,
            Self::NoSuchSubscription | Self::UnknownSubscription => error::NO_SUCH_SUBSCRIPTION,
            Self::UnknownSession => error::NO_SUCH_SESSION,
            Self::InvalidArgument(_) => error::INVALID_ARGUMENT,
            Self::DisclosureRefused => error::OPTION_DISALLOWED_DISCLOSE_ME,
            Self::PassthruNotSupported | Self::StreamNotSupported => error::FEATURE_NOT_SUPPORTED,
            Self::OptionNotAllowed(_) => error::OPTION_NOT_ALLOWED,
            Self::LimitExceeded(_) | Self::CalleeBusy | Self::QueueFull => {
                uris::wamplex::LIMIT_EXCEEDED
            }
            Self::NoAvailableCallee => error::NO_AVAILABLE_CALLEE,
            Self::Canceled | Self::CalleeLeft | Self::CalleesGone | Self::Closing => {
                error::CANCELED
            }
            Self::TimedOut => error::TIMEOUT,
            Self::TooLongForCaller | Self::TooLongForCallee => error::PAYLOAD_SIZE_EXCEEDED,
        }
    }

    /// The ERROR that answers a request of this kind.
    pub(crate) fn to_error(self, request_type: MessageCode, request: RequestId) -> Error {
        Error {
            request_type,
            request,
            details: ErrorDetails::default(),
            error: Uri::from_static(self.uri()),
            payload: Payload::from_encoded(
                Serializer::Json,
                PayloadShape::Args,
                Bytes::from(format!("[\"{self}\"]")),
            ),
        }
    }
}

const fn words(refused: Refused) -> &'static str {
    match refused {
        Refused::NotAuthorized(Action::Call) => "this session may not call this procedure",
        Refused::NotAuthorized(Action::Register) => "this session may not register this procedure",
        Refused::NotAuthorized(Action::Publish) => "this session may not publish to this topic",
        Refused::NotAuthorized(Action::Subscribe) => "this session may not subscribe to this topic",
        Refused::TakeOver => "this session may not take procedures from others",
        Refused::TooFast => "too many messages at a time",
        Refused::Failed => "it could not be found out whether this session may do this",
    }
}

/// Either end of a request that is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The sender is told.
    Reject(Reject),
    /// The sender's session ends.
    Violation(ProtocolViolation),
}

impl<R: Into<Reject>> From<R> for Refusal {
    fn from(reject: R) -> Self {
        Self::Reject(reject.into())
    }
}

impl From<ProtocolViolation> for Refusal {
    fn from(violation: ProtocolViolation) -> Self {
        Self::Violation(violation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wamplex_shared::codec;

    #[test]
    fn every_refusal_carries_its_words_as_an_argument() {
        let all = [
            Reject::InvalidUri(InvalidUri::Empty),
            Reject::InvalidUri(InvalidUri::TooLong),
            Reject::InvalidUri(InvalidUri::TooManyComponents),
            Reject::InvalidUri(InvalidUri::EmptyComponent),
            Reject::InvalidUri(InvalidUri::Character),
            Reject::Reserved,
            Reject::MetaApiAsksOnly,
            Reject::Refused(Refused::NotAuthorized(Action::Call)),
            Reject::Refused(Refused::TooFast),
            Reject::Refused(Refused::NotAuthorized(Action::Register)),
            Reject::Refused(Refused::NotAuthorized(Action::Publish)),
            Reject::Refused(Refused::NotAuthorized(Action::Subscribe)),
            Reject::Refused(Refused::TakeOver),
            Reject::Refused(Refused::Failed),
            Reject::NoSuchProcedure,
            Reject::ProcedureAlreadyExists,
            Reject::NoSuchRegistration,
            Reject::NoSuchSubscription,
            Reject::UnknownRegistration,
            Reject::UnknownSubscription,
            Reject::UnknownSession,
            Reject::InvalidArgument("words"),
            Reject::DisclosureRefused,
            Reject::PassthruNotSupported,
            Reject::LimitExceeded("subscriptions"),
            Reject::StreamNotSupported,
            Reject::OptionNotAllowed("words"),
            Reject::CalleeBusy,
            Reject::QueueFull,
            Reject::NoAvailableCallee,
            Reject::CalleesGone,
            Reject::Canceled,
            Reject::CalleeLeft,
            Reject::Closing,
            Reject::TimedOut,
            Reject::TooLongForCaller,
            Reject::TooLongForCallee,
        ];
        for reject in all {
            let error = reject.to_error(MessageCode::Call, RequestId::FIRST);
            let (args, kwargs) = codec::read_values(&error.payload).unwrap();
            assert_eq!(args, [reject.to_string().into()]);
            assert!(kwargs.is_empty());
        }
    }
}
