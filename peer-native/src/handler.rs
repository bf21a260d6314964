//! Functions that answer calls, and what they may ask for.

use crate::{auth::BoxFuture, error::Error, link::Link, payload::write_single};
use core::{
    future::{Future, ready},
    sync::atomic::{AtomicBool, Ordering},
};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use wamplex_shared::{
    codec::PayloadError,
    error::WampError,
    id::{RequestId, SessionId},
    message::InvocationDetails,
    payload::Payload,
    serializer::Serializer,
    uri::Uri,
};

/// What a handler answers: a result that is already written, or an error.
pub(crate) type Answer = Result<Payload, WampError>;

/// A call on its way to a handler.
#[derive(Clone, Debug)]
pub struct Invocation {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    request: RequestId,
    procedure: Uri,
    details: InvocationDetails,
    payload: Payload,
    cancel: CancellationToken,
    /// Somebody holds the token, and sees to being canceled.
    is_cooperative: AtomicBool,
    link: Arc<Link>,
}

impl Invocation {
    pub(crate) fn new(
        request: RequestId,
        procedure: Uri,
        details: InvocationDetails,
        payload: Payload,
        link: Arc<Link>,
    ) -> Self {
        let inner = Inner {
            request,
            procedure,
            details,
            payload,
            cancel: CancellationToken::new(),
            is_cooperative: AtomicBool::new(false),
            link,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The procedure that was called: of interest when the registration is by pattern.
    #[must_use]
    pub fn procedure(&self) -> &Uri {
        &self.inner.procedure
    }

    /// What the router says about the call.
    #[must_use]
    pub fn details(&self) -> &InvocationDetails {
        &self.inner.details
    }

    /// The arguments as they arrived.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.inner.payload
    }

    pub(crate) fn request(&self) -> RequestId {
        self.inner.request
    }

    pub(crate) fn cancel_token(&self) -> &CancellationToken {
        &self.inner.cancel
    }

    /// Completes when the call is canceled and the handler has nothing that would tell it so.
    pub(crate) async fn canceled_behind_its_back(&self) {
        self.inner.cancel.cancelled().await;
        if self.inner.is_cooperative.load(Ordering::Relaxed) {
            core::future::pending::<()>().await;
        }
    }

    fn serializer(&self) -> Serializer {
        self.inner.link.serializer()
    }
}

/// Something that a handler may take as a parameter.
pub trait FromInvocation: Sized {
    /// Takes it out of the call.
    ///
    /// # Errors
    /// What the caller is answered when it is not there.
    fn from_invocation(invocation: &Invocation) -> Result<Self, WampError>;
}

/// The positional arguments, as a tuple or a list.
///
/// Arguments that do not fit are answered with `wamp.error.invalid_argument`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Args<T>(pub T);

impl<T: DeserializeOwned> FromInvocation for Args<T> {
    fn from_invocation(invocation: &Invocation) -> Result<Self, WampError> {
        invocation.payload().args().map(Self).map_err(Into::into)
    }
}

/// The keyword arguments, as a struct or a map.
///
/// Arguments that do not fit are answered with `wamp.error.invalid_argument`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kwargs<T>(pub T);

impl<T: DeserializeOwned> FromInvocation for Kwargs<T> {
    fn from_invocation(invocation: &Invocation) -> Result<Self, WampError> {
        invocation.payload().kwargs().map(Self).map_err(Into::into)
    }
}

/// Who calls, as far as the router discloses it ("WAMP: Caller Identification").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caller {
    /// The calling session.
    pub session: Option<SessionId>,
    /// Who it belongs to.
    pub authid: Option<String>,
    /// The role it has.
    pub authrole: Option<String>,
}

impl FromInvocation for Caller {
    fn from_invocation(invocation: &Invocation) -> Result<Self, WampError> {
        let details = invocation.details();
        Ok(Self {
            session: details.caller,
            authid: details.caller_authid.as_ref().map(ToString::to_string),
            authrole: details.caller_authrole.as_ref().map(ToString::to_string),
        })
    }
}

impl FromInvocation for Invocation {
    fn from_invocation(invocation: &Invocation) -> Result<Self, WampError> {
        Ok(invocation.clone())
    }
}

/// The course of a call: whether it is canceled, and pieces of its result.
///
/// A handler that takes this is told of a cancellation through [`cancel`](Self::cancel) and decides itself what to
/// answer. One that does not is simply dropped, and `wamp.error.canceled` is answered in its place.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ctx {
    /// Cancelled when the caller has lost interest, or the connection is gone.
    pub cancel: CancellationToken,
    invocation: Invocation,
}

impl FromInvocation for Ctx {
    fn from_invocation(invocation: &Invocation) -> Result<Self, WampError> {
        invocation.inner.is_cooperative.store(true, Ordering::Relaxed);
        Ok(Self { cancel: invocation.cancel_token().clone(), invocation: invocation.clone() })
    }
}

impl Ctx {
    /// The call itself.
    #[must_use]
    pub const fn invocation(&self) -> &Invocation {
        &self.invocation
    }

    /// Whether the caller takes the result in pieces.
    #[must_use]
    pub fn wants_progress(&self) -> bool {
        self.invocation.details().receive_progress
    }

    /// Sends a piece of the result ("WAMP: Progressive Call Results"), and waits while too much is unsent.
    ///
    /// Does nothing when the caller does not take the result in pieces.
    ///
    /// # Errors
    /// [`Error::Canceled`] when the call is canceled, so that `?` ends the handler; [`Error::Payload`] when the value
    /// cannot be written.
    pub async fn progress(&self, piece: impl IntoReply) -> Result<(), Error> {
        if self.cancel.is_cancelled() {
            return Err(Error::Canceled);
        }
        if !self.wants_progress() {
            return Ok(());
        }
        let payload = piece.into_reply(self.invocation.serializer())?;
        self.invocation.inner.link.progress(self.invocation.request(), payload).await
    }
}

/// Something that a handler may return as a result: anything serializable as the only positional argument, or a
/// [`Reply`] with any arguments.
pub trait IntoReply {
    /// Writes the result.
    ///
    /// # Errors
    /// When a value cannot be written in this serializer.
    fn into_reply(self, serializer: Serializer) -> Result<Payload, PayloadError>;
}

impl<T: Serialize> IntoReply for T {
    fn into_reply(self, serializer: Serializer) -> Result<Payload, PayloadError> {
        write_single(serializer, &self)
    }
}

/// A result with any positional and keyword arguments.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reply<A, K = ()> {
    args: A,
    kwargs: Option<K>,
}

impl<A: Serialize> Reply<A> {
    /// A result of these positional arguments: a tuple or a list.
    pub const fn args(args: A) -> Self {
        Self { args, kwargs: None }
    }
}

impl<A: Serialize, K> Reply<A, K> {
    /// The same result with these keyword arguments: a struct or a map.
    pub fn kwargs<L: Serialize>(self, kwargs: L) -> Reply<A, L> {
        Reply { args: self.args, kwargs: Some(kwargs) }
    }
}

impl<A: Serialize, K: Serialize> IntoReply for Reply<A, K> {
    fn into_reply(self, serializer: Serializer) -> Result<Payload, PayloadError> {
        Payload::encode(serializer, &self.args, self.kwargs.as_ref())
    }
}

/// A function that answers calls: `async` and with up to six parameters that are [`FromInvocation`].
///
/// It returns `Result<R, E>` where `R` is [`IntoReply`] and `E` turns into a [`WampError`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler",
    note = "a handler is an async function or closure whose parameters are extractors such as `Args<(i64, i64)>`, `Kwargs<T>` or `Ctx`, and which returns `Result<impl Serialize, impl Into<WampError>>`"
)]
pub trait Handler<Parameters>: Send + Sync + 'static {
    /// Answers one call.
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Payload, WampError>>;
}

macro_rules! handlers {
    ($(($($name:ident),*);)*) => {$(
        #[allow(non_snake_case, unused_variables)]
        impl<F, Fut, R, E, $($name,)*> Handler<($($name,)*)> for F
        where
            F: Fn($($name),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<R, E>> + Send + 'static,
            R: IntoReply,
            E: Into<WampError>,
            $($name: FromInvocation,)*
        {
            fn call(&self, invocation: Invocation) -> BoxFuture<'static, Answer> {
                $(let $name = match $name::from_invocation(&invocation) {
                    Ok(value) => value,
                    Err(error) => return Box::pin(ready(Err(error))),
                };)*
                let serializer = invocation.serializer();
                let answer = self($($name),*);
                Box::pin(async move {
                    let reply = answer.await.map_err(Into::into)?;
                    reply.into_reply(serializer).map_err(Into::into)
                })
            }
        }
    )*};
}

handlers! {
    ();
    (A);
    (A, B);
    (A, B, C);
    (A, B, C, D);
    (A, B, C, D, G);
    (A, B, C, D, G, H);
}
