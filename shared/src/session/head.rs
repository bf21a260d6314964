//! What a client has to know of a message to handle it.

use crate::{
    id::RequestId,
    message::{Message, MessageCode},
};

/// What a client has to know of a message of the router to handle it. All else is for the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// GOODBYE.
    Goodbye,
    /// ABORT.
    Abort,
    /// ERROR.
    Error {
        /// The kind of request that failed.
        kind: MessageCode,
        /// The request.
        request: RequestId,
    },
    /// PUBLISHED, SUBSCRIBED, UNSUBSCRIBED, REGISTERED or UNREGISTERED.
    Done {
        /// The kind of request that is acknowledged.
        kind: MessageCode,
        /// The request.
        request: RequestId,
    },
    /// UNSUBSCRIBED or UNREGISTERED for no request: a subscription or registration is taken away.
    Revoked,
    /// EVENT.
    Event,
    /// RESULT.
    Result {
        /// The call.
        request: RequestId,
        /// More follows.
        progress: bool,
    },
    /// INVOCATION.
    Invocation {
        /// The invocation.
        request: RequestId,
        /// More arguments follow.
        progress: bool,
        /// The caller takes the result in pieces.
        receive_progress: bool,
    },
    /// INTERRUPT.
    Interrupt {
        /// The invocation.
        request: RequestId,
    },
    /// A message that no router sends while a session is open.
    Other(MessageCode),
}

impl Head {
    /// UNSUBSCRIBED or UNREGISTERED, the answer to a request of this kind if there is one.
    #[must_use]
    pub const fn done_or_revoked(kind: MessageCode, request: Option<RequestId>) -> Self {
        match request {
            Some(request) => Self::Done { kind, request },
            None => Self::Revoked,
        }
    }
}

impl From<&Message> for Head {
    fn from(message: &Message) -> Self {
        use MessageCode::{Publish, Register, Subscribe, Unregister, Unsubscribe};
        match message {
            Message::Goodbye(_) => Self::Goodbye,
            Message::Abort(_) => Self::Abort,
            Message::Error(m) => Self::Error { kind: m.request_type, request: m.request },
            Message::Published(m) => Self::Done { kind: Publish, request: m.request },
            Message::Subscribed(m) => Self::Done { kind: Subscribe, request: m.request },
            Message::Registered(m) => Self::Done { kind: Register, request: m.request },
            Message::Unsubscribed(m) => Self::done_or_revoked(Unsubscribe, m.request),
            Message::Unregistered(m) => Self::done_or_revoked(Unregister, m.request),
            Message::Event(_) => Self::Event,
            Message::Result(m) => Self::Result { request: m.request, progress: m.details.progress },
            Message::Invocation(m) => Self::Invocation {
                request: m.request,
                progress: m.details.progress,
                receive_progress: m.details.receive_progress,
            },
            Message::Interrupt(m) => Self::Interrupt { request: m.request },
            Message::Hello(_)
            | Message::Welcome(_)
            | Message::Challenge(_)
            | Message::Authenticate(_)
            | Message::Publish(_)
            | Message::Subscribe(_)
            | Message::Unsubscribe(_)
            | Message::Call(_)
            | Message::Cancel(_)
            | Message::Register(_)
            | Message::Unregister(_)
            | Message::Yield(_)
            | Message::EventReceived(_) => Self::Other(message.code()),
        }
    }
}
