//! Accepting connections.

use crate::{
    config::{Endpoint, ListenerConfig},
    error::StartError,
    log_gate::Line,
    peer::{Address, Peer, TransportKind},
    reception::{Reception, refuse},
    shared::Shared,
    tls::Encryption,
    transport::longpoll::{Hub, Opened},
    unix::UnixDoor,
};
use arc_swap::ArcSwap;
use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream, UnixStream},
    sync::{Semaphore, mpsc},
    task::{JoinError, JoinSet},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// The first pause after accepting failed; it doubles up to [`LONGEST_PAUSE`]. What is short then, descriptors for the
/// most part, comes back when a connection ends.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// The longest pause between two attempts to accept.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How many clients may wait to be accepted, if the system allows as many. Those of a router that was started again all
/// come at once; one that finds no room believes to be connected and is not.
const BACKLOG: u32 = 4096;

/// How many clients at a time are told that there is no room, before further ones are dropped without a word.
const REFUSALS: usize = 32;

/// A place where clients connect, open.
pub(crate) struct Door {
    /// Closed once the listener is retired.
    socket: Option<Socket>,
    endpoint: Endpoint,
    entrance: Arc<ArcSwap<Entrance>>,
    /// Sessions over long-poll that begin.
    opened: mpsc::UnboundedReceiver<Opened>,
    retire: CancellationToken,
}

/// How clients are received at a listener. It can change while the listener is open.
pub(crate) struct Entrance {
    /// What the listener is called in logs.
    name: Arc<str>,
    reception: Arc<Reception>,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixDoor),
}

/// A client that has just connected.
enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

impl Door {
    /// Begins to listen.
    ///
    /// # Errors
    /// The configuration of the listener cannot be put into practice.
    pub(crate) fn open(config: &ListenerConfig, shared: &Arc<Shared>) -> Result<Self, StartError> {
        let (hub, opened) = Hub::new();
        let reception = Reception::open(config, shared, hub)?;
        let failed = |source| StartError::Listen { endpoint: config.endpoint.clone(), source };
        let (socket, endpoint) = match &config.endpoint {
            Endpoint::Tcp(address) => {
                let listener = listen(*address).map_err(failed)?;
                let address = listener.local_addr().map_err(failed)?;
                (Socket::Tcp(listener), Endpoint::Tcp(address))
            }
            Endpoint::Unix(path) => {
                let door = UnixDoor::bind(path, config.unix_mode).map_err(failed)?;
                (Socket::Unix(door), config.endpoint.clone())
            }
        };
        let entrance = Entrance::new(config, &endpoint, reception);
        Ok(Self {
            socket: Some(socket),
            endpoint,
            entrance: Arc::new(ArcSwap::from_pointee(entrance)),
            opened,
            retire: CancellationToken::new(),
        })
    }

    /// Where it listens, with the port that was chosen if the configuration left it open.
    pub(crate) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// How clients are received, to change it.
    pub(crate) const fn entrance(&self) -> &Arc<ArcSwap<Entrance>> {
        &self.entrance
    }

    /// Retires the listener: it lets nobody in any more, and ends with its last connection.
    pub(crate) const fn retire(&self) -> &CancellationToken {
        &self.retire
    }

    /// Accepts connections until `stop` is ready, and gives the tasks of those that are open then.
    pub(crate) async fn accept(
        mut self,
        shared: Arc<Shared>,
        stop: impl Future<Output = ()>,
    ) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let refusals = Arc::new(Semaphore::new(REFUSALS));
        let mut pause = FIRST_PAUSE;
        let mut stop = pin!(stop);
        loop {
            if self.socket.is_none() && tasks.is_empty() {
                return tasks;
            }
            let accepted = tokio::select! {
                () = &mut stop => return tasks,
                () = self.retire.cancelled(), if self.socket.is_some() => {
                    self.socket = None;
                    continue;
                }
                Some(ended) = tasks.join_next() => {
                    note_panic(&shared, ended);
                    continue;
                }
                Some(opened) = self.opened.recv() => {
                    let reception = Arc::clone(&self.entrance.load().reception);
                    tasks.spawn(reception.serve_polled(opened, Arc::clone(&shared)));
                    continue;
                }
                accepted = accept(self.socket.as_ref()) => accepted,
            };
            match accepted {
                Ok(accepted) => {
                    pause = FIRST_PAUSE;
                    self.take(accepted, &shared, &refusals, &mut tasks);
                }
                Err(error) if concerns_one_client(&error) => {}
                Err(error) => {
                    let listener = &self.entrance.load_full().name;
                    tracing::warn!(%listener, %error, ?pause, "cannot accept connections, trying again");
                    tokio::select! {
                        () = &mut stop => return tasks,
                        () = sleep(pause) => {}
                    }
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
        }
    }

    /// Serves a client if there is room for it.
    fn take(
        &self,
        accepted: Accepted,
        shared: &Arc<Shared>,
        refusals: &Arc<Semaphore>,
        tasks: &mut JoinSet<()>,
    ) {
        shared.tally.connections.up();
        let entrance = self.entrance.load_full();
        let is_full = tasks.len() >= entrance.reception.most_connections();
        let Some(place) = (!is_full).then(|| shared.room.enter()).flatten() else {
            shared.tally.connections_refused.up();
            if let Ok(place) = Arc::clone(refusals).try_acquire_owned() {
                let limit = shared.limits().close;
                match accepted {
                    Accepted::Tcp(socket, _) => tasks.spawn(refuse(socket, limit, place)),
                    Accepted::Unix(socket) => tasks.spawn(refuse(socket, limit, place)),
                };
            }
            return;
        };
        let (shared, reception) = (Arc::clone(shared), Arc::clone(&entrance.reception));
        match accepted {
            Accepted::Tcp(socket, address) => {
                // Messages are written in batches already; waiting for more only delays them.
                if let Err(error) = socket.set_nodelay(true) {
                    tracing::debug!(%address, %error, "connection lost before it began");
                    return;
                }
                let peer = entrance.peer(address.into());
                tasks.spawn(reception.receive(socket, peer, shared, place));
            }
            Accepted::Unix(socket) => match socket.peer_cred() {
                Ok(who) => {
                    let address = Address::Unix { pid: who.pid(), uid: who.uid(), gid: who.gid() };
                    tasks.spawn(reception.receive(socket, entrance.peer(address), shared, place));
                }
                Err(error) => tracing::debug!(%error, "connection lost before it began"),
            },
        }
    }
}

impl Entrance {
    fn new(config: &ListenerConfig, endpoint: &Endpoint, reception: Reception) -> Self {
        let name = match &config.name[..] {
            "" => endpoint.to_string().into(),
            name => name.into(),
        };
        Self { name, reception: Arc::new(reception) }
    }

    /// Prepares to receive clients in another way. Sessions over long-poll are found by both.
    ///
    /// # Errors
    /// It cannot be put into practice.
    pub(crate) fn change(
        &self,
        config: &ListenerConfig,
        endpoint: &Endpoint,
        shared: &Arc<Shared>,
    ) -> Result<Self, StartError> {
        let hub = Arc::clone(self.reception.hub());
        Ok(Self::new(config, endpoint, Reception::open(config, shared, hub)?))
    }

    /// What connections are encrypted with, if they are.
    pub(crate) fn encryption(&self) -> Option<&Encryption> {
        self.reception.encryption()
    }

    fn peer(&self, address: Address) -> Peer {
        Peer::new(address, TransportKind::WebSocket, Arc::clone(&self.name))
    }
}

/// Listens at an address, also at one that a router has just left.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The next client, or none for ever.
async fn accept(socket: Option<&Socket>) -> io::Result<Accepted> {
    match socket {
        Some(socket) => socket.accept().await,
        None => std::future::pending().await,
    }
}

impl Socket {
    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                listener.accept().await.map(|(socket, peer)| Accepted::Tcp(socket, peer))
            }
            Self::Unix(door) => {
                door.listener.accept().await.map(|(socket, _)| Accepted::Unix(socket))
            }
        }
    }
}

/// A panic that was not caught where a session is served.
pub(crate) fn note_panic(shared: &Shared, ended: Result<(), JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        shared.tally.panics.up();
        // Whose it was went with it.
        if let Some(Line { left_out }) = shared.log_gate.line(&Address::Local, shared.clock.now()) {
            tracing::error!(left_out, "a connection failed");
        }
    }
}

/// Errors that the client whose connection was next brought about.
fn concerns_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
