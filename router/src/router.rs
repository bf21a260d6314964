//! A router as a whole.

use crate::{
    config::RouterConfig, counters::Counters, error::StartError, front::WEBSOCKET_PATH, listener,
    shared::Shared,
};
use std::{fmt, future::Future, net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::timeout};

/// A WAMP router that listens, and serves once it runs.
///
/// ```no_run
/// use wamplex_router::{Router, RouterConfig};
///
/// # async fn run() -> Result<(), wamplex_router::StartError> {
/// let router = Router::bind(RouterConfig::default()).await?;
/// println!("clients connect to {}", router.websocket_url());
/// router.run().await;
/// # Ok(())
/// # }
/// ```
pub struct Router {
    listener: TcpListener,
    address: SocketAddr,
    handle: RouterHandle,
}

/// Reaches a router from elsewhere, also while it runs. Cheap to clone.
#[derive(Clone)]
pub struct RouterHandle {
    shared: Arc<Shared>,
    stop: Arc<watch::Sender<bool>>,
}

impl Router {
    /// Listens on the address of the configuration. Clients can connect from now on, and are served once the router
    /// [runs](Self::run).
    ///
    /// # Errors
    /// The configuration cannot be put into practice: see [`StartError`].
    pub async fn bind(config: RouterConfig) -> Result<Self, StartError> {
        let shared = Arc::new(Shared::new(&config)?);
        let failed = |source| StartError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let handle = RouterHandle { shared, stop: Arc::new(watch::Sender::new(false)) };
        Ok(Self { listener, address, handle })
    }

    /// The address it listens on, with the port that was chosen if the configuration left it open.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The URL that WAMP clients connect to.
    #[must_use]
    pub fn websocket_url(&self) -> String {
        format!("ws://{}{WEBSOCKET_PATH}", self.address)
    }

    /// The URL of the site.
    #[must_use]
    pub fn site_url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// A handle that reaches the router while it runs.
    #[must_use]
    pub fn handle(&self) -> RouterHandle {
        self.handle.clone()
    }

    /// Serves until a handle [shuts it down](RouterHandle::shutdown).
    ///
    /// Then nobody is let in any more, every session gets GOODBYE `wamp.close.system_shutdown`, and when all have
    /// answered, or [`Limits::goodbye`](crate::config::Limits::goodbye) is over, the connections are closed.
    pub async fn run(self) {
        self.run_until(std::future::pending()).await;
    }

    /// Serves until `signal` is ready or a handle shuts it down, like [`run`](Self::run).
    pub async fn run_until(self, signal: impl Future<Output = ()>) {
        let Self { listener, handle: RouterHandle { shared, stop }, .. } = self;
        let mut keepers = JoinSet::new();
        for realm in shared.realms.values().map(Arc::clone) {
            keepers.spawn(async move { realm.keep_time().await });
        }
        let mut stopped = stop.subscribe();
        let stopped = async move {
            tokio::select! {
                // The sender lives as long as `stop`, so this ends only when it is told to.
                _ = stopped.wait_for(|stopped| *stopped) => {}
                () = signal => {}
            }
        };
        let mut tasks = JoinSet::new();
        listener::accept(listener, &shared, &mut tasks, stopped).await;
        drain(&shared, &mut tasks).await;
    }
}

impl RouterHandle {
    /// Makes the router stop; does nothing if it has stopped already. [`Router::run`] returns when it is done.
    pub fn shutdown(&self) {
        self.stop.send_replace(true);
    }

    /// What has happened since the router started.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.tally.read()
    }

    /// How many sessions are open in all realms.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.shared.realms.values().map(|realm| realm.read().session_count()).sum()
    }
}

/// Says goodbye to everybody and waits for the answers, but not for ever; whoever is left is cut.
async fn drain(shared: &Shared, tasks: &mut JoinSet<()>) {
    tracing::info!(connections = tasks.len(), "shutting down");
    shared.close();
    // A session takes the time for the goodbye, and then for closing the connection.
    let limit = shared.limits.goodbye + shared.limits.close;
    let drained = timeout(limit, async {
        while let Some(ended) = tasks.join_next().await {
            listener::note_panic(shared, ended);
        }
    });
    if drained.await.is_err() {
        tracing::warn!(connections = tasks.len(), "connections cut that did not close in time");
    }
    tasks.shutdown().await;
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("address", &self.address).finish_non_exhaustive()
    }
}

impl fmt::Debug for RouterHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterHandle").finish_non_exhaustive()
    }
}
