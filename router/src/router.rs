//! A router as a whole.

use crate::{
    admin,
    authentication::{Authenticator, Identity},
    authorization::Authorizer,
    config::{Endpoint, Problems, RouterConfig},
    counters::Counters,
    doors::Doors,
    embedding::{Guests, RouterBuilder, Running, Shutdown},
    error::StartError,
    front::WEBSOCKET_PATH,
    listener,
    local::{JoinError, LocalSession},
    principals::Principals,
    shared::{Reloader, Shared},
    tls::TlsError,
};
use std::{fmt, future::Future, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

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
    handle: RouterHandle,
    /// Seen by those who wait for the end.
    _running: Running,
    /// Offers the procedures about the router, as long as it lives.
    _administrator: Option<LocalSession>,
    /// Keeps a thread awake after messages, as long as the router lives.
    _vigil: JoinSet<()>,
}

/// What a router was told last. Held while it goes over to something else, which takes its time: reloads come one after
/// the other, and nothing else asks for this.
#[expect(clippy::disallowed_types, reason = "no message waits for this lock")]
pub(crate) type Current = tokio::sync::Mutex<RouterConfig>;

/// Reaches a router from elsewhere, also while it runs. Cheap to clone.
#[derive(Clone)]
pub struct RouterHandle {
    pub(crate) shared: Arc<Shared>,
    pub(crate) doors: Arc<Doors>,
    /// What the router was told last.
    pub(crate) current: Arc<Current>,
    stop: Arc<watch::Sender<bool>>,
    running: Arc<watch::Sender<bool>>,
    guests: Arc<Guests>,
}

impl Router {
    /// Listens on the addresses of the configuration. Clients can connect from now on, and are served once the router
    /// [runs](Self::run).
    ///
    /// # Errors
    /// The configuration cannot be put into practice: see [`StartError`].
    pub async fn bind(config: RouterConfig) -> Result<Self, StartError> {
        if config.listeners.is_empty() {
            return Err(StartError::NoListener);
        }
        Self::open(config).await
    }

    /// Begins to put a router together.
    pub fn builder() -> RouterBuilder {
        RouterBuilder::new()
    }

    /// Opens a router, which may have no listeners.
    pub(crate) async fn open(config: RouterConfig) -> Result<Self, StartError> {
        let shared = Arc::new(Shared::new(&config)?);
        let mut vigil = JoinSet::new();
        if let Some(kept) = shared.vigil.clone() {
            vigil.spawn(async move { kept.keep().await });
        }
        shared.realms.gate().inside.attach(&shared);
        let doors = Doors::open(&config.listeners, &shared)?;
        let running = Running::new();
        let mut problems = Problems::default();
        config.check_parts(&mut problems);
        if !problems.is_empty() {
            return Err(StartError::Invalid(problems.into_vec()));
        }
        let administrator = match &config.admin.realm {
            Some(realm) => Some(admin::open(&shared, realm).await?),
            None => None,
        };
        let handle = RouterHandle {
            guests: Arc::new(Guests::open(&shared)?),
            shared,
            doors: Arc::new(doors),
            current: Arc::new(Current::new(config)),
            stop: Arc::new(watch::Sender::new(false)),
            running: running.watched(),
        };
        Ok(Self { handle, _running: running, _administrator: administrator, _vigil: vigil })
    }

    /// The addresses it listens on, in the order of the configuration, with the ports that were chosen where it left
    /// them open.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.handle.doors.endpoints().into_iter().map(|(endpoint, _)| endpoint).collect()
    }

    /// The first address in a network that it listens on; unspecified and port 0 if all are elsewhere.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.first_in_network().map_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)), |(tcp, _)| tcp)
    }

    /// The first address in a network, and whether connections to it are encrypted.
    fn first_in_network(&self) -> Option<(SocketAddr, bool)> {
        self.handle.doors.endpoints().into_iter().find_map(
            |(endpoint, is_encrypted)| match endpoint {
                Endpoint::Tcp(address) => Some((address, is_encrypted)),
                Endpoint::Unix(_) => None,
            },
        )
    }

    fn is_secure(&self) -> bool {
        self.first_in_network().is_some_and(|(_, is_encrypted)| is_encrypted)
    }

    /// The URL that WAMP clients connect to.
    #[must_use]
    pub fn websocket_url(&self) -> String {
        websocket_at(self.local_addr(), self.is_secure())
    }

    /// Where it listens, in the order of the configuration: URLs that WAMP clients connect to, or `unix:` and a path.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        let address = |(endpoint, is_encrypted)| match endpoint {
            Endpoint::Tcp(address) => websocket_at(address, is_encrypted),
            Endpoint::Unix(_) => endpoint.to_string(),
        };
        self.handle.doors.endpoints().into_iter().map(address).collect()
    }

    /// The URL of the site.
    #[must_use]
    pub fn site_url(&self) -> String {
        format!("http{}://{}/", secure(self.is_secure()), self.local_addr())
    }

    /// A handle that reaches the router while it runs.
    #[must_use]
    pub fn handle(&self) -> RouterHandle {
        self.handle.clone()
    }

    /// Serves until a handle [shuts it down](RouterHandle::shutdown).
    ///
    /// Then nobody may join any more, and calls that are open have [`Limits::drain`](crate::config::Limits::drain) to be
    /// answered; the others end with ERROR. Every session gets GOODBYE `wamp.close.system_shutdown`, and when all have
    /// answered, or [`Limits::goodbye`](crate::config::Limits::goodbye) is over, the connections are closed.
    pub async fn run(self) {
        self.run_until(std::future::pending()).await;
    }

    /// Serves until `signal` is ready or a handle shuts it down, like [`run`](Self::run).
    pub async fn run_until(self, signal: impl Future<Output = ()>) {
        // Borrowed and not taken apart: whatever becomes of this future, in the end the router is dropped.
        let RouterHandle { shared, doors, stop, .. } = &self.handle;
        shared.realms.start();
        doors.start(shared);
        let mut stopped = stop.subscribe();
        tokio::select! {
            // The sender lives as long as `stop`, so this ends only when it is told to.
            _ = stopped.wait_for(|stopped| *stopped) => {}
            () = signal => {}
        }
        lame_duck(shared).await;
        let tasks = doors.close().await;
        drain(shared, tasks).await;
        if let Some(telemetry) = &shared.telemetry {
            telemetry.close(shared.limits().close).await;
        }
        shared.realms.stop();
    }
}

impl RouterHandle {
    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn guests(&self) -> &Guests {
        &self.guests
    }

    /// Says how the configuration is read again and put in force when an administrator asks for it. What it returns is
    /// told: the changes line by line, or why nothing has changed. Only the first one counts.
    pub fn on_reload<F, A>(&self, reload: F)
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = Result<Vec<String>, String>> + Send + 'static,
    {
        let boxed: Reloader = Box::new(move || Box::pin(reload()));
        drop(self.shared.reloader.set(boxed));
    }

    /// Makes the router stop; does nothing if it has stopped already. [`Router::run`] returns when it is done, and so
    /// does the [`Shutdown`], should anybody await it.
    pub fn shutdown(&self) -> Shutdown {
        self.stop.send_replace(true);
        Shutdown::new(&self.running)
    }

    /// Joins a realm from inside the process, as this identity and without any proof of it. What it may do there is said
    /// by its role, as for everybody; neither quotas nor [`Authorizer::join`] are asked. See [`local`](crate::local).
    ///
    /// # Errors
    /// There is no such realm, or no tokio runtime here.
    pub fn join(&self, realm: &str, identity: Identity) -> Result<LocalSession, JoinError> {
        let found = self.shared.realms.make_here(realm);
        let entry = found.map_err(|_| JoinError::NoSuchRealm(realm.to_owned()))?;
        LocalSession::open(&self.shared, entry.realm(), identity)
    }

    /// Reads the certificates and keys of all listeners again, from the same files. Connections that are open stay as
    /// they are, new ones get what was read.
    ///
    /// # Errors
    /// Why some of it cannot be used; that listener goes on with what it had.
    pub fn reload_certificates(&self) -> Result<(), TlsError> {
        self.doors.reload_certificates()
    }

    /// Has this source asked about the principals of a realm, from the next HELLO on, after those that the configuration
    /// names; `None` asks it no longer. It stays when the configuration changes, and needs one that names methods.
    /// Returns whether there is such a realm now.
    pub fn find_principals_with(&self, realm: &str, source: Option<Arc<dyn Principals>>) -> bool {
        self.shared.realms.gate().sources.add(realm, source);
        self.shared.realms.get(realm).is_some()
    }

    /// Has the clients of a realm judged by this, from the next HELLO on, before the methods of the configuration;
    /// `None` leaves it to those. It stays when the configuration changes. Returns whether there is such a realm now.
    pub fn authenticate_with(
        &self,
        realm: &str,
        authenticator: Option<Arc<dyn Authenticator>>,
    ) -> bool {
        self.shared.realms.gate().authenticate_with(realm, authenticator);
        self.shared.realms.get(realm).is_some()
    }

    /// Has this authorizer asked about what the roles of a realm allow, from the next message on, also when the realm is
    /// opened later, or closed and opened again; `None` leaves it to [`authorize_others_with`](Self::authorize_others_with).
    /// Returns whether there is such a realm now. See [`authorization`](crate::authorization).
    pub fn authorize_with(&self, realm: &str, authorizer: Option<Arc<dyn Authorizer>>) -> bool {
        self.shared.realms.set_hook(Some(realm), authorizer);
        self.shared.realms.get(realm).is_some()
    }

    /// Has this authorizer asked in all realms that have none of their own, those to come included.
    pub fn authorize_others_with(&self, authorizer: Option<Arc<dyn Authorizer>>) {
        self.shared.realms.set_hook(None, authorizer);
    }

    /// What has happened since the router started.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.tally.read()
    }

    /// How many sessions are open in all realms.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.shared.realms.all().iter().map(|realm| realm.read().session_count()).sum()
    }
}

/// Lets nobody join any more, and waits until the open calls are answered, but not for ever.
async fn lame_duck(shared: &Shared) {
    /// How often the calls are counted.
    const LOOK: Duration = Duration::from_millis(20);
    shared.begin_draining();
    sleep(shared.limits().notice).await;
    let open = || shared.realms.all().iter().map(|realm| realm.read().open_calls()).sum::<usize>();
    let answered = timeout(shared.limits().drain, async {
        while open() > 0 {
            sleep(LOOK).await;
        }
    });
    if answered.await.is_err() {
        tracing::warn!(calls = open(), "calls ended that were not answered in time");
        for realm in shared.realms.all() {
            realm.end_calls();
        }
    }
}

/// Says goodbye to everybody and waits for the answers, but not for ever; whoever is left is cut.
async fn drain(shared: &Shared, mut tasks: Vec<JoinSet<()>>) {
    let open = |tasks: &[JoinSet<()>]| tasks.iter().map(JoinSet::len).sum::<usize>();
    tracing::info!(connections = open(&tasks), "shutting down");
    shared.close();
    // A session takes the time for the goodbye, and then for closing the connection.
    let limit = shared.limits().goodbye + shared.limits().close;
    let drained = timeout(limit, async {
        for of_one_door in &mut tasks {
            while let Some(ended) = of_one_door.join_next().await {
                listener::note_panic(shared, ended);
            }
        }
        shared.tasks.close();
        shared.tasks.wait().await;
    });
    if drained.await.is_err() {
        let connections = open(&tasks);
        tracing::warn!(connections, "connections cut that did not close in time");
    }
    for mut of_one_door in tasks {
        of_one_door.shutdown().await;
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // A handle that is kept somewhere keeps nothing open.
        self.handle.doors.abandon();
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("endpoints", &self.endpoints()).finish_non_exhaustive()
    }
}

impl fmt::Debug for RouterHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterHandle").finish_non_exhaustive()
    }
}

/// The URL that WAMP clients connect to at this address.
fn websocket_at(address: SocketAddr, is_encrypted: bool) -> String {
    format!("ws{}://{address}{WEBSOCKET_PATH}", secure(is_encrypted))
}

/// The end of the scheme of URLs: `s` if connections are encrypted.
const fn secure(is_encrypted: bool) -> &'static str {
    if is_encrypted { "s" } else { "" }
}
