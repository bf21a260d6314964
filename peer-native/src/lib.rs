#![doc = include_str!("../README.md")]

pub mod auth;
mod call;
mod client;
mod connect;
mod dispatch;
mod driver;
mod error;
mod handler;
mod link;
mod payload;
mod publish;
mod queue;
mod registration;
mod silence;
mod subscription;
#[cfg(feature = "tls")]
mod tls;
mod topics;
mod transport;

pub use call::{Call, CallFuture, CallResult, Progress};
pub use client::{Client, Leave};
pub use connect::Connect;
pub use error::Error;
pub use handler::{
    Args, Caller, Ctx, FromInvocation, Handler, IntoReply, Invocation, Kwargs, Reply,
};
pub use link::ConnectionState;
pub use publish::{Acknowledged, Publish, PublishFuture};
pub use queue::Overflow;
pub use registration::{Register, Registration};
pub use subscription::{Delivery, Event, Subscribe, Subscription};
#[cfg(feature = "tls")]
pub use tls::{Tls, TlsError};
pub use transport::TransportError;
#[cfg(feature = "echo")]
#[doc(hidden)]
pub use transport::echo::echo;

pub use tokio_util::sync::CancellationToken;
pub use wamplex_shared::{
    codec::PayloadError,
    error::{ProtocolViolation, WampError},
    id::{PublicationId, RegistrationId, SessionId, SubscriptionId},
    message::{
        CancelMode, EventDetails, InvocationDetails, InvocationPolicy as Invoke, ResultDetails,
        WelcomeDetails,
    },
    payload::Payload,
    roles::{Feature, Role},
    serializer::Serializer,
    session::CloseReason,
    uri::{MatchPolicy, Uri},
    uris,
};
