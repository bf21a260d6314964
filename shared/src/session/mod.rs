//! Both ends of a session as state machines ("WAMP: Sessions").
//!
//! | machine | side | from | to |
//! |---|---|---|---|
//! | [`Joiner`] | client | HELLO | WELCOME or ABORT |
//! | [`Session`] | client | WELCOME | GOODBYE, ABORT or a lost transport |
//! | [`Acceptor`] | router | HELLO | WELCOME or ABORT |
//! | [`Serving`] | router | WELCOME | GOODBYE, ABORT or a lost transport |
//!
//! [`Ledger`] and [`Joining`] are the part of the client's machines that sees no messages, for shells that cannot afford
//! typed ones. (The browser peer has its tables in JavaScript, takes [`Joining`], and is held against [`Ledger`] by a test.)
//!
//! None of them does I/O, reads a clock or draws a random number. A shell (a task with a socket, a browser's callbacks,
//! a test) drives them through four families of methods:
//!
//! - **getters**: what is known about the session;
//! - **input**: `handle_frame` or `handle_message`, `handle_timeout`, `handle_disconnect`;
//! - **commands**: what the application wants: `call`, `publish`, `leave`;
//! - **output**: `poll_transmit` or `poll_message`, `poll_event`, `poll_timeout`.
//!
//! After each input and each command the shell polls every output until it is empty. It runs no code of the
//! application in between, so that the code may come back with another command.
//!
//! ```
//! use wamplex_shared::{
//!     id::SessionId,
//!     message::{Hello, HelloDetails, WelcomeDetails},
//!     roles::{Features, Role, Roles},
//!     serializer::Serializer,
//!     session::{AcceptEvent, Acceptor, JoinEvent, Joiner, Session},
//!     uri::Uri,
//! };
//!
//! let roles = Roles::NONE.with(Role::Caller, Features::NONE);
//! let details = HelloDetails { roles, ..HelloDetails::default() };
//! let hello = Hello { realm: Uri::from_static("realm1"), details };
//! let mut client = Joiner::new(Serializer::Cbor, hello);
//! let mut router = Acceptor::new(Serializer::Cbor);
//!
//! router.handle_frame(&client.poll_transmit().unwrap())?;
//! assert!(matches!(router.poll_event(), Some(AcceptEvent::Hello(hello)) if hello.realm == "realm1"));
//! let roles = Roles::NONE.with(Role::Dealer, Features::NONE);
//! let details = WelcomeDetails { roles, ..WelcomeDetails::default() };
//! router.accept(SessionId::new(7).unwrap(), details);
//!
//! client.handle_frame(&router.poll_transmit().unwrap())?;
//! assert!(matches!(client.poll_event(), Some(JoinEvent::Welcomed(_))));
//! let session: Session<&str> = client.into_session().unwrap();
//! assert_eq!(session.id().get(), 7);
//! # Ok::<(), wamplex_shared::error::ProtocolViolation>(())
//! ```

mod acceptor;
mod client;
mod deadlines;
mod frame;
mod head;
mod invocations;
mod joiner;
mod joining;
mod ledger;
mod pending;
mod receive;
mod serving;
mod table;

pub use acceptor::{AcceptEvent, Acceptor};
pub use client::Session;
pub use deadlines::Deadline;
pub use head::Head;
pub use joiner::{JoinEvent, Joiner};
pub use joining::Joining;
pub use ledger::{Gone, Ledger, Outcome};
pub use serving::{Received, Serving};

use crate::{
    error::ProtocolViolation,
    id::{PublicationId, RegistrationId, RequestId, SubscriptionId},
    message::{
        self, Abort, Goodbye, Interrupt, Invocation, MessageCode, ResultMessage,
        UnregisteredDetails, UnsubscribedDetails,
    },
    roles::Feature,
};
use bytestring::ByteString;
use core::fmt;

/// Why a session is over.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The router said GOODBYE; it was echoed.
    Goodbye(Goodbye),
    /// The router sent ABORT.
    Abort(Abort),
    /// This side left, with GOODBYE or ABORT of its own.
    Left,
    /// The transport is gone; in the words of the shell.
    Disconnected(ByteString),
    /// The router broke the protocol; it was sent ABORT.
    Violation(ProtocolViolation),
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Goodbye(goodbye) => write!(f, "the router said goodbye: {}", goodbye.reason),
            Self::Abort(abort) => {
                write!(f, "the router aborted the session: {}", abort.reason)?;
                match &abort.details.message {
                    Some(message) => write!(f, " ({message})"),
                    None => Ok(()),
                }
            }
            Self::Left => f.write_str("the session was left"),
            Self::Disconnected(why) if why.is_empty() => f.write_str("the connection was lost"),
            Self::Disconnected(why) => write!(f, "the connection was lost: {why}"),
            Self::Violation(violation) => write!(f, "the router broke the protocol: {violation}"),
        }
    }
}

/// What a client's session tells its shell. `T` is the token that the shell gave with the request.
///
/// Every token comes back exactly once, and nothing comes after [`Closed`](Self::Closed).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<T> {
    /// SUBSCRIBE was acknowledged.
    Subscribed {
        /// The token of the SUBSCRIBE.
        token: T,
        /// The subscription: the same one again when this session has it already.
        subscription: SubscriptionId,
    },
    /// UNSUBSCRIBE was acknowledged.
    Unsubscribed {
        /// The token of the UNSUBSCRIBE.
        token: T,
    },
    /// PUBLISH was acknowledged.
    Published {
        /// The token of the PUBLISH.
        token: T,
        /// The publication it became.
        publication: PublicationId,
    },
    /// REGISTER was acknowledged.
    Registered {
        /// The token of the REGISTER.
        token: T,
        /// The registration.
        registration: RegistrationId,
    },
    /// UNREGISTER was acknowledged.
    Unregistered {
        /// The token of the UNREGISTER.
        token: T,
    },
    /// A piece of a result; [`Session::token`] lends the token until the last piece.
    Progress {
        /// The piece; its `request` names the call.
        result: ResultMessage,
    },
    /// The result of a call, or its last piece.
    Result {
        /// The token of the CALL.
        token: T,
        /// The result.
        result: ResultMessage,
    },
    /// A request of any kind failed.
    Failed {
        /// The token of the request.
        token: T,
        /// What the router or the callee said.
        error: message::Error,
    },
    /// The deadline of a call passed. The call is canceled if the router can do that, and its late answer is swallowed.
    TimedOut {
        /// The token of the CALL.
        token: T,
        /// The call.
        request: RequestId,
    },
    /// The session is closing, and this request will not be answered.
    Gone {
        /// The token of the request.
        token: T,
        /// The request.
        request: RequestId,
        /// What kind of request it was.
        kind: MessageCode,
        /// Whether it was given to the transport: if not, the router certainly never saw it.
        maybe_sent: bool,
        /// Why the session closes.
        reason: CloseReason,
    },
    /// An event arrived. The shell looks its handlers up, and drops it when it has none: an EVENT may be on its way
    /// while UNSUBSCRIBE is.
    Event(message::Event),
    /// A procedure of ours is called. The shell answers it with [`Session::yield_`] or [`Session::error`], also when it
    /// has given up the registration meanwhile: then with ERROR `wamp.error.no_such_registration`, since the caller
    /// waits.
    Invocation(Invocation),
    /// More arguments for an invocation that is being served.
    Continuation(Invocation),
    /// The caller of an invocation that is being served has lost interest. Unless the mode is `killnowait`, an answer
    /// is waited for.
    Interrupt(Interrupt),
    /// The broker took a subscription away.
    SubscriptionRevoked(UnsubscribedDetails),
    /// The dealer took a registration away.
    RegistrationRevoked(UnregisteredDetails),
    /// The session is over. The last event.
    Closed(CloseReason),
}

/// A command that a session did not take, with the token it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refused<T> {
    /// The token.
    pub token: T,
    /// Why not.
    pub reason: Refusal,
}

/// Why a session did not take a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The session is closed or closing.
    #[error("the session is closed")]
    Closed,
    /// The command needs a feature that this side or the router did not announce, so sending it would break the
    /// protocol.
    #[error("{} is not supported in this session", .0.name())]
    Unsupported(Feature),
    /// The payload is written in another serializer than the session's, and this build does not convert (feature
    /// `transcode`).
    #[error("the payload is not written in the serializer of this session")]
    ForeignPayload,
    /// The call has no more arguments to give: it is answered, or was not started with `progress`, or is finished.
    #[error("the call takes no more arguments")]
    NotContinued,
}
