//! Sessions inside the process: no socket, no handshake, and otherwise like any other.
//!
//! ```
//! use futures_util::StreamExt;
//! use wamplex_router::{Identity, Router, RouterConfig, local::Delivery};
//! use wamplex_shared::value::Value;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let router = Router::bind(RouterConfig::on(([127, 0, 0, 1], 0))).await?;
//! let session = router.handle().join("realm1", Identity::local("backend", "trusted"))?;
//!
//! let double = session.register("com.example.double", |call| async move {
//!     let (args, _) = call.values()?;
//!     Ok(Value::from(2 * args.first().and_then(Value::as_u64).unwrap_or_default()))
//! });
//! double.await?.detach();
//! let reply = session.call("com.example.double", [Value::from(21)]).await?;
//! assert_eq!(reply.value()?, Value::from(42));
//!
//! let mut ticks = session.subscribe("com.example.tick").await?;
//! let other = router.handle().join("realm1", Identity::local("clock", "trusted"))?;
//! other.publish("com.example.tick", [Value::from(1)]).await?;
//! assert!(matches!(ticks.next().await, Some(Ok(Delivery::Event(_)))));
//! # Ok(())
//! # }
//! ```
//!
//! Requests are handed to the realm by the session's own task, in the order they were made, exactly as the requests of a
//! socket are: every order that holds there holds here. The task never waits for an answer, so that sessions may call
//! each other, and themselves, in any way.

mod call;
mod error;
mod hearing;
mod link;
mod payload;
mod publish;
mod queue;
mod registration;
mod subscription;
mod task;

pub use call::{Call, Progress, Reply};
pub(crate) use error::sentence;
pub use error::{JoinError, LocalError};
pub use payload::IntoPayload;
pub use publish::Publish;
pub use registration::{Invocation, Register, Registration};
pub use subscription::{Delivery, Event, Subscribe, Subscription};

use crate::{
    admission::{self, Admitted},
    authentication::{Expiry, Identity, Refusal},
    crowd::Counted,
    outbox::Outbox,
    realm::RealmCell,
    shared::Shared,
    throttle::Throttle,
};
use link::{Handle, Link};
use std::{fmt, sync::Arc};
use task::Task;
use wamplex_shared::{
    error::WampError,
    id::SessionId,
    message::{Goodbye, Hello, HelloDetails, Welcome, WelcomeDetails},
    roles::{Feature, Features, Role, Roles},
    serializer::Serializer,
    session::{CloseReason, JoinEvent, Joiner, Session},
    uri::Uri,
    uris,
};

/// How many bytes may wait for a session inside the process, which takes them as soon as its task has a turn.
const OUTBOX_BYTES: usize = 64 << 20;

/// What a session inside the process can do.
const ROLES: Roles = Roles::NONE
    .with(
        Role::Publisher,
        Features::of(&[
            Feature::PublisherExclusion,
            Feature::PublisherIdentification,
            Feature::SubscriberBlackwhiteListing,
        ]),
    )
    .with(
        Role::Subscriber,
        Features::of(&[
            Feature::PatternBasedSubscription,
            Feature::PublicationTrustlevels,
            Feature::PublisherIdentification,
            Feature::SubscriptionRevocation,
        ]),
    )
    .with(
        Role::Caller,
        Features::of(&[
            Feature::CallCanceling,
            Feature::CallTimeout,
            Feature::CallerIdentification,
            Feature::ProgressiveCallResults,
        ]),
    )
    .with(
        Role::Callee,
        Features::of(&[
            Feature::CallCanceling,
            Feature::CallTrustlevels,
            Feature::CallerIdentification,
            Feature::PatternBasedRegistration,
            Feature::ProgressiveCallResults,
            Feature::RegistrationRevocation,
            Feature::SharedRegistration,
        ]),
    );

/// A session inside the process. Cheap to clone; all clones are one session.
///
/// It leaves its realm with [`leave`](Self::leave), or when the last clone is dropped together with all subscriptions,
/// registrations and calls made with it; it ends with the router, or when it is ended through the meta API.
#[derive(Clone)]
pub struct LocalSession {
    handle: Arc<Handle>,
    session: SessionId,
    details: Arc<WelcomeDetails>,
}

impl LocalSession {
    /// Joins a realm, as this identity and without any proof of it. Has to be called within a runtime.
    ///
    /// # Errors
    /// There is no runtime, or no randomness for a session id.
    pub(crate) fn open(
        shared: &Arc<Shared>,
        realm: &Arc<RealmCell>,
        identity: Identity,
    ) -> Result<Self, JoinError> {
        Self::begin(shared, admission::admit_local(realm, ROLES, identity)?)
    }

    /// Joins a realm as a part of the router, which others do not see and which has every right.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn open_privileged(
        shared: &Arc<Shared>,
        realm: &Arc<RealmCell>,
        identity: Identity,
    ) -> Result<Self, JoinError> {
        let mut admitted = admission::admit_local(realm, ROLES, identity)?;
        admitted.who.privileged = true;
        Self::begin(shared, admitted)
    }

    /// Joins a realm for a client that comes another way than over a transport: there has to be room for it, authorizers
    /// have a say, and what its identity says of an end is kept. What it sends has to be paid for, with what comes back
    /// next to the session; that also holds what the client takes of the room of its address.
    ///
    /// # Errors
    /// It may not join, or as [`open`](Self::open).
    pub(crate) async fn open_as_client(
        shared: &Arc<Shared>,
        realm: &Arc<RealmCell>,
        identity: Identity,
        counted: Option<Counted>,
    ) -> Result<(Self, Throttle), Refusal> {
        let mut admitted = admission::admit_local(realm, ROLES, identity)?.seated()?;
        let authorized = realm.authorization().admit(realm.name(), &admitted.who).await;
        authorized.map_err(|why| Refusal::new(uris::error::NOT_AUTHORIZED, why))?;
        let full = || Refusal::new(uris::wamplex::LIMIT_EXCEEDED, "there is no room");
        let throttle = Throttle::new(admitted.seats.take().ok_or_else(full)?, counted);
        let session = Self::begin(shared, admitted);
        Ok((session.map_err(|error| Refusal::failed(error.to_string()))?, throttle))
    }

    fn begin(shared: &Arc<Shared>, admitted: Admitted) -> Result<Self, JoinError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| JoinError::NoRuntime)?;
        let Admitted { realm, who, welcome, ends, .. } = admitted;
        let registered = shared.register_outbox(Outbox::new(OUTBOX_BYTES));
        let welcome = Welcome { session: who.session, details: welcome };
        let details = Arc::new(welcome.details.clone());
        let session = who.session;
        let Some(machine) = open_session(realm.name().clone(), welcome) else {
            return Err(JoinError::NoSuchRealm(realm.name().to_string()));
        };
        let membership = realm.join(who, Arc::clone(&registered.outbox));
        shared.tally.sessions_joined.up();
        tracing::debug!(%session, realm = %realm.name(), authid = ?details.authid, "session inside the process joined");
        let link = Link::new(machine, shared.clock);
        let expiry = ends.map(|time| Expiry::at(time, &registered.outbox));
        let task = Task::new(Arc::clone(&link), Arc::clone(shared), membership, registered, expiry);
        shared.tasks.spawn_on(task.run(), &runtime);
        Ok(Self { handle: Arc::new(Handle { link }), session, details })
    }

    /// The id of the session.
    #[must_use]
    pub const fn id(&self) -> SessionId {
        self.session
    }

    /// What WELCOME would have said.
    #[must_use]
    pub fn details(&self) -> &WelcomeDetails {
        &self.details
    }

    /// Calls a procedure; see [`Call`].
    pub fn call(&self, procedure: impl Into<Uri>, arguments: impl IntoPayload) -> Call {
        Call::new(Arc::clone(&self.handle), procedure.into(), arguments.into_payload())
    }

    /// Publishes an event; see [`Publish`].
    pub fn publish(&self, topic: impl Into<Uri>, arguments: impl IntoPayload) -> Publish {
        Publish::new(Arc::clone(&self.handle), topic.into(), arguments.into_payload())
    }

    /// Subscribes to a topic; see [`Subscribe`].
    pub fn subscribe(&self, topic: impl Into<Uri>) -> Subscribe {
        Subscribe::new(Arc::clone(&self.handle), topic.into())
    }

    /// Offers a procedure; see [`Register`]. Each invocation is served by a task of its own.
    ///
    /// A handler that panics is answered for with `wamp.error.runtime_error`. A handler that holds a clone of the session
    /// keeps the session open as long as it is registered.
    pub fn register<F, A, R>(&self, procedure: impl Into<Uri>, handler: F) -> Register
    where
        F: Fn(Invocation) -> A + Send + Sync + 'static,
        A: Future<Output = Result<R, WampError>> + Send + 'static,
        R: IntoPayload,
    {
        Register::new(Arc::clone(&self.handle), procedure.into(), handler)
    }

    /// Whether the session is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.handle.link.drive(|state| state.session.is_open())
    }

    /// Leaves the realm, after what was requested before, and waits until it has left.
    pub async fn leave(&self) {
        self.handle.link.leave(Goodbye::new(uris::close::CLOSE_REALM));
        self.closed().await;
    }

    /// Waits until the session is over, and says why.
    pub async fn closed(&self) -> CloseReason {
        let mut over = self.handle.link.over().subscribe();
        match over.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or(CloseReason::Left),
            // The sender is held by ourselves.
            Err(_) => CloseReason::Left,
        }
    }
}

/// The machine of a session that was welcomed without a handshake.
fn open_session<T>(realm: Uri, welcome: Welcome) -> Option<Session<T>> {
    let details = HelloDetails { roles: ROLES, ..HelloDetails::default() };
    let mut joiner = Joiner::new(Serializer::Json, Hello { realm, details });
    joiner.handle_message(welcome.into()).ok()?;
    matches!(joiner.poll_event(), Some(JoinEvent::Welcomed(_))).then_some(())?;
    joiner.into_session().ok()
}

impl fmt::Debug for LocalSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSession").field("session", &self.session.get()).finish_non_exhaustive()
    }
}
