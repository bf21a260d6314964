//! Offering procedures from inside the process.

use super::{
    error::{LocalError, sentence},
    link::{Handle, Link, Token},
    payload::IntoPayload,
};
use futures_util::{FutureExt, future::BoxFuture};
use std::{
    fmt,
    future::IntoFuture,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use wamplex_shared::{
    codec,
    error::WampError,
    id::{RegistrationId, RequestId},
    message::{self, ErrorDetails, InvocationDetails, RegisterOptions, YieldOptions},
    payload::Payload,
    uri::{MatchPolicy, Uri},
    uris,
    value::{Dict, List},
};

/// A procedure of the application.
pub(super) struct Procedure {
    uri: Uri,
    handler:
        Box<dyn Fn(Invocation) -> BoxFuture<'static, Result<Payload, WampError>> + Send + Sync>,
}

/// An invocation that is being served.
#[derive(Debug)]
pub(super) struct Running {
    canceled: CancellationToken,
    /// Somebody holds the token, and sees to being canceled.
    is_cooperative: AtomicBool,
}

impl Running {
    pub(super) fn cancel(&self) {
        self.canceled.cancel();
    }
}

/// A registration that is being put together; `.await` makes it ("WAMP: Registering and Unregistering").
///
/// # Errors
/// [`LocalError::Wamp`] when the dealer refuses, and any other [`LocalError`].
#[must_use = "a registration is made when this is awaited"]
#[derive(Debug)]
pub struct Register {
    handle: Arc<Handle>,
    options: RegisterOptions,
    procedure: Procedure,
}

impl Register {
    pub(super) fn new<F, A, R>(handle: Arc<Handle>, uri: Uri, handler: F) -> Self
    where
        F: Fn(Invocation) -> A + Send + Sync + 'static,
        A: Future<Output = Result<R, WampError>> + Send + 'static,
        R: IntoPayload,
    {
        let handler = Box::new(move |invocation| {
            let answer = handler(invocation);
            async move { answer.await.map(IntoPayload::into_payload) }.boxed()
        });
        Self { handle, options: RegisterOptions::default(), procedure: Procedure { uri, handler } }
    }

    /// Sets the options of REGISTER.
    pub fn options(mut self, options: RegisterOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets how procedures are compared with the one given; [`MatchPolicy::Exact`] if not set.
    pub const fn match_policy(mut self, policy: MatchPolicy) -> Self {
        self.options.match_policy = policy;
        self
    }

    /// Sets how many calls are served at once, at least one; any number if not set. More of them wait in the router.
    pub fn concurrency(mut self, calls: u64) -> Self {
        self.options.concurrency = Some(calls.max(1));
        self
    }

    async fn begin(self) -> Result<Registration, LocalError> {
        let Self { handle, options, procedure } = self;
        let (reply, registered) = oneshot::channel();
        let uri = procedure.uri.clone();
        let token = Token::Register(Arc::new(procedure), reply);
        let sent = handle.link.send(0, |state| match state.session.register(uri, options, token) {
            Ok(_) => Ok(()),
            Err(refused) => Err(LocalError::refused(refused.reason, state.closed.as_ref())),
        });
        sent.await?;
        let mut waiting = Waiting { handle, registered };
        let gone = |_| waiting.handle.link.drive(|state| Err(state.closed_error()));
        let id = (&mut waiting.registered).await.unwrap_or_else(gone)?;
        Ok(Registration { handle: Arc::clone(&waiting.handle), id, is_held: true })
    }
}

impl IntoFuture for Register {
    type Output = Result<Registration, LocalError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.begin())
    }
}

/// A REGISTER on its way; see the one for SUBSCRIBE.
struct Waiting {
    handle: Arc<Handle>,
    registered: oneshot::Receiver<Result<RegistrationId, LocalError>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.registered.close();
        if let Ok(Ok(id)) = self.registered.try_recv() {
            self.handle.link.unregister(id, None);
        }
    }
}

/// A procedure that is offered. Dropping it unregisters the procedure; invocations that are being served end as usual.
#[must_use = "dropping a registration unregisters the procedure: keep it, or detach it"]
#[derive(Debug)]
pub struct Registration {
    handle: Arc<Handle>,
    id: RegistrationId,
    is_held: bool,
}

impl Registration {
    /// The id that the router gave it.
    #[must_use]
    pub const fn id(&self) -> RegistrationId {
        self.id
    }

    /// Unregisters, and waits until the router has agreed.
    ///
    /// # Errors
    /// [`LocalError::Wamp`] when it refuses.
    pub async fn unregister(mut self) -> Result<(), LocalError> {
        self.is_held = false;
        let (reply, unregistered) = oneshot::channel();
        self.handle.link.unregister(self.id, Some(reply));
        unregistered.await.unwrap_or(Ok(()))
    }

    /// Lets the procedure live as long as the session.
    pub fn detach(mut self) {
        self.is_held = false;
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if self.is_held {
            self.handle.link.unregister(self.id, None);
        }
    }
}

/// A call on its way to a procedure of the application.
#[derive(Clone)]
pub struct Invocation {
    request: RequestId,
    procedure: Uri,
    details: InvocationDetails,
    payload: Payload,
    running: Arc<Running>,
    link: Arc<Link>,
}

impl Invocation {
    pub(super) fn new(
        invocation: message::Invocation,
        procedure: &Procedure,
        link: Arc<Link>,
    ) -> Self {
        let message::Invocation { request, details, payload, .. } = invocation;
        let procedure = details.procedure.clone().unwrap_or_else(|| procedure.uri.clone());
        let (canceled, is_cooperative) = (CancellationToken::new(), AtomicBool::new(false));
        let running = Arc::new(Running { canceled, is_cooperative });
        Self { request, procedure, details, payload, running, link }
    }

    /// The procedure that was called: of interest when the registration is by pattern.
    #[must_use]
    pub const fn procedure(&self) -> &Uri {
        &self.procedure
    }

    /// What the router says about the call.
    #[must_use]
    pub const fn details(&self) -> &InvocationDetails {
        &self.details
    }

    /// The arguments as they came.
    #[must_use]
    pub const fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The arguments as values.
    ///
    /// # Errors
    /// `wamp.error.invalid_argument`: there are too many values in them, or a key stands twice.
    pub fn values(&self) -> Result<(List, Dict), WampError> {
        codec::read_values(&self.payload).map_err(|error| LocalError::from(error).into())
    }

    /// Cancelled when the caller has lost interest or the session is over.
    ///
    /// Whoever asks for this decides what to answer then. A procedure that does not is dropped, and
    /// `wamp.error.canceled` is answered in its place.
    #[must_use]
    pub fn canceled(&self) -> &CancellationToken {
        self.running.is_cooperative.store(true, Relaxed);
        &self.running.canceled
    }

    /// Sends a piece of the result ("WAMP: Progressive Call Results"); `false` if the caller takes none, or no more.
    #[must_use]
    pub fn progress(&self, piece: impl IntoPayload) -> bool {
        let options = YieldOptions { progress: true, ..YieldOptions::default() };
        let payload = piece.into_payload();
        self.link.with(|state| {
            state.session.takes_progress(self.request)
                && state.session.yield_(self.request, options, payload)
        })
    }

    pub(super) const fn running(&self) -> &Arc<Running> {
        &self.running
    }

    /// Completes when the call is canceled and the procedure has nothing that would tell it so.
    async fn canceled_behind_its_back(running: Arc<Running>) {
        running.canceled.cancelled().await;
        if running.is_cooperative.load(Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

impl Procedure {
    /// Serves an invocation and answers it.
    pub(super) async fn serve(self: Arc<Self>, invocation: Invocation) {
        let (request, link) = (invocation.request, Arc::clone(&invocation.link));
        let answer = self.run(invocation).await;
        link.with(|state| {
            state.running.remove(&request);
            match answer {
                Ok(payload) => state.session.yield_(request, YieldOptions::default(), payload),
                Err(WampError { uri, payload }) => {
                    state.session.error(request, ErrorDetails::default(), uri, payload)
                }
            }
        });
    }

    async fn run(&self, invocation: Invocation) -> Result<Payload, WampError> {
        let canceled = Invocation::canceled_behind_its_back(Arc::clone(&invocation.running));
        // The handler itself is called inside of the future, so that its panics are caught too.
        let answer = AssertUnwindSafe(async { (self.handler)(invocation).await }).catch_unwind();
        tokio::select! {
            biased;
            answer = answer => answer.unwrap_or_else(|_| {
                tracing::error!(procedure = %self.uri, "a procedure inside the process panicked");
                // What a panic says is for the log, not for strangers.
                Err(sentence(Uri::from_static(uris::error::RUNTIME_ERROR), "the procedure panicked"))
            }),
            () = canceled => Err(WampError::new(Uri::from_static(uris::error::CANCELED))),
        }
    }
}

impl fmt::Debug for Procedure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Procedure").field("uri", &self.uri).finish_non_exhaustive()
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation").field("procedure", &self.procedure).finish_non_exhaustive()
    }
}
