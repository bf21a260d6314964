//! Offering procedures.

use crate::{
    auth::BoxFuture,
    call::{Boxed, answer},
    error::Error,
    handler::{Answer, Handler, Invocation},
    link::{Handle, Link, Token},
};
use core::{fmt, future::IntoFuture, panic::AssertUnwindSafe};
use futures_util::FutureExt as _;
use parking_lot::Mutex;
use std::{collections::VecDeque, sync::Arc};
use tokio::sync::oneshot;
use wamplex_shared::{
    error::WampError,
    id::{RegistrationId, RequestId},
    message::{InvocationPolicy, RegisterOptions},
    uri::{MatchPolicy, Uri},
    uris,
};

/// A registration that is being put together; `.await` makes it ("WAMP: Registering and Unregistering").
///
/// # Errors
/// [`Error::Wamp`] when the router refuses, and any other [`Error`].
///
/// ```no_run
/// # async fn example(client: wamplex::Client) -> Result<(), wamplex::Error> {
/// use wamplex::{Args, Invoke, WampError};
///
/// let registration = client
///     .register("com.example.add2", |Args((a, b)): Args<(i64, i64)>| async move {
///         Ok::<_, WampError>(a + b)
///     })
///     .invoke(Invoke::RoundRobin)
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a registration is made when this is awaited"]
pub struct Register {
    handle: Handle,
    options: RegisterOptions,
    procedure: Procedure,
}

impl Register {
    pub(crate) fn new<P: 'static>(handle: Handle, uri: Uri, handler: impl Handler<P>) -> Self {
        let procedure = Procedure {
            uri,
            handler: Box::new(move |invocation| handler.call(invocation)),
            lane: Mutex::default(),
        };
        Self { handle, options: RegisterOptions::default(), procedure }
    }

    /// Sets how procedures are compared with the one given; [`MatchPolicy::Exact`] if not set
    /// ("WAMP: Pattern-based Registrations").
    pub const fn match_policy(mut self, policy: MatchPolicy) -> Self {
        self.options.match_policy = policy;
        self
    }

    /// Sets which of several callees a call goes to; there may be only one if not set ("WAMP: Shared Registration").
    pub const fn invoke(mut self, policy: InvocationPolicy) -> Self {
        self.options.invoke = policy;
        self
    }

    /// Asks the router to say who calls ("WAMP: Caller Identification").
    pub const fn disclose_caller(mut self, disclose: bool) -> Self {
        self.options.disclose_caller = Some(disclose);
        self
    }

    /// Sets how many invocations are served at once, at least one; any number if not set.
    ///
    /// More of them wait here in the order they came, should the router send more.
    pub fn concurrency(mut self, invocations: usize) -> Self {
        let limit = invocations.max(1);
        self.options.concurrency = u64::try_from(limit).ok();
        self.procedure.lane.get_mut().limit = Some(limit);
        self
    }
}

impl IntoFuture for Register {
    type Output = Result<Registration, Error>;
    type IntoFuture = Boxed<Registration>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { handle, options, procedure } = self;
        Box::pin(async move {
            let procedure = Arc::new(procedure);
            let (reply, registered) = oneshot::channel();
            handle
                .link()
                .send(0, |state| {
                    let token = Token::Register(procedure.clone(), reply);
                    match state.session.register(procedure.uri.clone(), options, token) {
                        Ok(_) => Ok(()),
                        Err(refused) => Err(state.refusal(refused.reason)),
                    }
                })
                .await?;
            let mut waiting = Waiting { handle, registered };
            let id = answer(&mut waiting.registered).await?;
            let handle = waiting.handle.clone();
            Ok(Registration { handle, id, procedure: procedure.uri.clone(), is_held: true })
        })
    }
}

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Register").field("procedure", &self.procedure.uri).finish_non_exhaustive()
    }
}

/// A REGISTER on its way. Dropped before its end, it gives the registration up should it be there already; if it is
/// not, the driver finds nobody waiting and does the same.
struct Waiting {
    handle: Handle,
    registered: oneshot::Receiver<Result<RegistrationId, Error>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.registered.close();
        if let Ok(Ok(id)) = self.registered.try_recv() {
            self.handle.link().unregister(id, None);
        }
    }
}

/// A procedure that this client offers. Dropping it unregisters the procedure in the background; invocations that are
/// being served end as usual.
#[derive(Debug)]
#[must_use = "dropping a registration unregisters the procedure: keep it, or detach it"]
pub struct Registration {
    handle: Handle,
    id: RegistrationId,
    procedure: Uri,
    /// Not given up yet.
    is_held: bool,
}

impl Registration {
    /// The id that the router gave it.
    #[must_use]
    pub const fn id(&self) -> RegistrationId {
        self.id
    }

    /// The procedure or pattern registered.
    #[must_use]
    pub const fn procedure(&self) -> &Uri {
        &self.procedure
    }

    /// Unregisters, and waits until the router has agreed.
    ///
    /// # Errors
    /// [`Error::Wamp`] when the router refuses.
    pub async fn unregister(mut self) -> Result<(), Error> {
        self.is_held = false;
        let (reply, unregistered) = oneshot::channel();
        self.handle.link().unregister(self.id, Some(reply));
        answer(unregistered).await
    }

    /// Lets the procedure live as long as the session.
    pub fn detach(mut self) {
        self.is_held = false;
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if self.is_held {
            self.handle.link().unregister(self.id, None);
        }
    }
}

/// A procedure and the invocations of it that are being served.
pub(crate) struct Procedure {
    uri: Uri,
    handler: Box<dyn Fn(Invocation) -> BoxFuture<'static, Answer> + Send + Sync>,
    lane: Mutex<Lane>,
}

#[derive(Debug, Default)]
struct Lane {
    limit: Option<usize>,
    busy: usize,
    waiting: VecDeque<Invocation>,
}

impl Procedure {
    pub(crate) const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether this invocation is to be served now. If not, it waits for [`serve`](Self::serve) to take it.
    pub(crate) fn admit(&self, invocation: &Invocation) -> bool {
        let mut lane = self.lane.lock();
        let free = lane.limit.is_none_or(|limit| lane.busy < limit);
        if free {
            lane.busy += 1;
        } else {
            lane.waiting.push_back(invocation.clone());
        }
        free
    }

    /// Takes a waiting invocation out; `false` if it is not waiting.
    pub(crate) fn withdraw(&self, request: RequestId) -> bool {
        let mut lane = self.lane.lock();
        let before = lane.waiting.len();
        lane.waiting.retain(|invocation| invocation.request() != request);
        lane.waiting.len() < before
    }

    /// Serves an admitted invocation, and then those that have waited meanwhile.
    pub(crate) async fn serve(self: Arc<Self>, link: Arc<Link>, mut invocation: Invocation) {
        loop {
            let request = invocation.request();
            let answer = self.run(invocation).await;
            link.answer(request, answer).await;
            let mut lane = self.lane.lock();
            let Some(next) = lane.waiting.pop_front() else {
                lane.busy -= 1;
                return;
            };
            invocation = next;
        }
    }

    /// Runs the handler to its end, or until the call is canceled if the handler does not see to that itself.
    async fn run(&self, invocation: Invocation) -> Answer {
        let canceled = {
            let invocation = invocation.clone();
            async move { invocation.canceled_behind_its_back().await }
        };
        // The closure itself runs inside of the future, so that its panics are caught too.
        let answer = AssertUnwindSafe(async { (self.handler)(invocation).await }).catch_unwind();
        tokio::select! {
            biased;
            answer = answer => answer.unwrap_or_else(|_| {
                tracing::error!(procedure = %self.uri, "a handler panicked");
                Err(panicked())
            }),
            () = canceled => Err(canceled_error()),
        }
    }
}

impl fmt::Debug for Procedure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Procedure").field("uri", &self.uri).finish_non_exhaustive()
    }
}

/// What the caller is answered when a call was canceled before its handler had an answer.
pub(crate) fn canceled_error() -> WampError {
    WampError::new(Uri::from_static(uris::error::CANCELED))
}

/// Says no more than that: what a panic says is for the log, not for strangers.
fn panicked() -> WampError {
    let error = WampError::new(Uri::from_static(uris::error::RUNTIME_ERROR));
    error.clone().with_args(("the procedure panicked",)).unwrap_or(error)
}
