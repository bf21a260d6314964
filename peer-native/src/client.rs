//! A client and what can be done with it.

use crate::{
    call::{Boxed, Call},
    connect::Connect,
    error::Error,
    handler::Handler,
    link::{ConnectionState, Handle},
    publish::Publish,
    registration::Register,
    subscription::Subscribe,
};
use core::{fmt, future::IntoFuture};
use tokio::sync::watch;
use wamplex_shared::{
    id::SessionId,
    message::{CloseDetails, Goodbye, WelcomeDetails},
    roles::{Feature, Role},
    serializer::Serializer,
    session::CloseReason,
    uri::Uri,
    uris,
};

/// A connection to a realm. Cheap to clone; all clones share the connection.
///
/// The connection is closed by [`leave`](Self::leave), or when the last clone is dropped together with all
/// subscriptions, registrations and calls made with it.
#[derive(Clone)]
pub struct Client {
    handle: Handle,
    session: SessionId,
    realm: Uri,
    details: std::sync::Arc<WelcomeDetails>,
}

impl Client {
    /// Begins to connect to the router at `url`: `ws://host:port/path`, or `wss://` with the feature `tls`.
    pub fn builder(url: impl Into<String>) -> Connect {
        Connect::new(url.into())
    }

    pub(crate) fn new(handle: Handle) -> Self {
        let (session, realm, details) = handle.link().drive(|state| {
            let session = &state.session;
            (session.id(), session.realm().clone(), session.welcome().details.clone())
        });
        Self { handle, session, realm, details: details.into() }
    }

    /// Calls a procedure; see [`Call`].
    pub fn call(&self, procedure: impl Into<Uri>) -> Call {
        Call::new(self.handle.clone(), procedure.into())
    }

    /// Publishes an event; see [`Publish`].
    pub fn publish(&self, topic: impl Into<Uri>) -> Publish {
        Publish::new(self.handle.clone(), topic.into())
    }

    /// Subscribes to a topic; see [`Subscribe`].
    pub fn subscribe<T>(&self, topic: impl Into<Uri>) -> Subscribe<T> {
        Subscribe::new(self.handle.clone(), topic.into())
    }

    /// Offers a procedure; see [`Register`] and [`Handler`].
    ///
    /// A handler that holds a clone of the client keeps the connection open as long as it is registered.
    pub fn register<P: 'static>(
        &self,
        procedure: impl Into<Uri>,
        handler: impl Handler<P>,
    ) -> Register {
        Register::new(self.handle.clone(), procedure.into(), handler)
    }

    /// Leaves the realm and closes the connection; `.await` waits until both are done ("WAMP: Session Closing").
    ///
    /// What was published before is sent before. Requests that wait for an answer end in [`Error::Closed`].
    pub const fn leave(&self) -> Leave<'_> {
        Leave { client: self, reason: None, message: None }
    }

    /// Waits until the connection is closed, by whichever side.
    pub async fn closed(&self) -> CloseReason {
        let mut state = self.state();
        loop {
            if let ConnectionState::Closed(reason) = &*state.borrow_and_update() {
                return reason.clone();
            }
            if state.changed().await.is_err() {
                return CloseReason::Left;
            }
        }
    }

    /// Whether the client is connected, now and as that changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<ConnectionState> {
        self.handle.link().status().subscribe()
    }

    /// The id of the session.
    #[must_use]
    pub const fn session_id(&self) -> SessionId {
        self.session
    }

    /// The realm joined.
    #[must_use]
    pub const fn realm(&self) -> &Uri {
        &self.realm
    }

    /// What the router said when it opened the session: authid, authrole, agent and so on.
    #[must_use]
    pub fn details(&self) -> &WelcomeDetails {
        &self.details
    }

    /// The serializer that client and router agreed on.
    #[must_use]
    pub fn serializer(&self) -> Serializer {
        self.handle.link().serializer()
    }

    /// Whether the router announced this feature in this role.
    #[must_use]
    pub fn supports(&self, role: Role, feature: Feature) -> bool {
        self.details.roles.supports(role, feature)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("session", &self.session.get())
            .field("realm", &self.realm.as_str())
            .field("serializer", &self.serializer())
            .finish_non_exhaustive()
    }
}

/// Leaving a realm; `.await` does it.
#[must_use = "the client leaves when this is awaited"]
#[derive(Debug)]
pub struct Leave<'a> {
    client: &'a Client,
    reason: Option<Uri>,
    message: Option<String>,
}

impl Leave<'_> {
    /// Sets the reason that the router is given; `wamp.close.close_realm` if not set.
    pub fn reason(mut self, reason: impl Into<Uri>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Sets the reason in words.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
}

impl IntoFuture for Leave<'_> {
    type Output = Result<(), Error>;
    type IntoFuture = Boxed<()>;

    fn into_future(self) -> Self::IntoFuture {
        let reason = self.reason.unwrap_or(Uri::from_static(uris::close::CLOSE_REALM));
        let details = self.message.map(CloseDetails::message).unwrap_or_default();
        let client = self.client.clone();
        Box::pin(async move {
            client.handle.link().leave(Goodbye { details, reason });
            let reason = client.closed().await;
            if reason == CloseReason::Left { Ok(()) } else { Err(reason.into()) }
        })
    }
}
