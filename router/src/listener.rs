//! Accepting connections.

use crate::{
    connection::Connection, front::Upgraded, link::Link, shared::Shared, transport::WebSocket,
};
use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinError, JoinSet},
    time::{sleep, timeout},
};

/// The first pause after accepting failed; it doubles up to [`LONGEST_PAUSE`]. What is short then, descriptors for the
/// most part, comes back when a connection ends.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// The longest pause between two attempts to accept.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How many clients at a time are told that there is no room, before further ones are dropped without a word.
const REFUSALS: usize = 32;

/// What a client is told for which there is no room.
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 54\r\nconnection: close\r\nretry-after: 5\r\n\r\nthis router has too many connections, try again later\n";

/// Accepts connections until `stop` is ready, and leaves the tasks of those that are open in `tasks`.
pub(crate) async fn accept(
    listener: TcpListener,
    shared: &Arc<Shared>,
    tasks: &mut JoinSet<()>,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(shared.limits.connections.min(Semaphore::MAX_PERMITS)));
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    let mut pause = FIRST_PAUSE;
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => return,
            Some(ended) = tasks.join_next() => {
                note_panic(shared, ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                pause = FIRST_PAUSE;
                shared.tally.connections.up();
                if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
                    tasks.spawn(serve(socket, peer, Arc::clone(shared), place));
                } else {
                    shared.tally.connections_refused.up();
                    if let Ok(place) = Arc::clone(&refusals).try_acquire_owned() {
                        tasks.spawn(refuse(socket, shared.limits.close, place));
                    }
                }
            }
            Err(error) if concerns_one_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, ?pause, "cannot accept connections, trying again");
                tokio::select! {
                    () = &mut stop => return,
                    () = sleep(pause) => {}
                }
                pause = LONGEST_PAUSE.min(pause * 2);
            }
        }
    }
}

/// A panic that was not caught where a session is served.
pub(crate) fn note_panic(shared: &Shared, ended: Result<(), JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        shared.tally.panics.up();
        tracing::error!("a connection failed");
    }
}

/// One connection, from HTTP to the end of its last session.
async fn serve(
    socket: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    place: OwnedSemaphorePermit,
) {
    // Messages are written in batches already; waiting for more only delays them.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%peer, %error, "connection lost before it began");
        return;
    }
    let Some(Upgraded { socket, read, serializer }) = greet(socket, &shared).await else { return };
    let limit = shared.limits.message_size_before_welcome;
    let registered = shared.register();
    let transport = WebSocket::new(socket, &read, serializer, limit);
    drop(read);
    let link = Link::new(transport, Arc::clone(&registered.outbox), shared.limits.stall);
    Connection::new(link, shared, peer).run().await;
    drop((registered, place));
}

/// Speaks HTTP until the client wants a WebSocket; `None` if it never does.
async fn greet(socket: TcpStream, shared: &Shared) -> Option<Upgraded<TcpStream>> {
    // Boxed, so that what HTTP needs is given back before the session begins.
    let visit = Box::pin(Arc::clone(&shared.front).serve(socket));
    tokio::select! {
        upgraded = visit => upgraded,
        () = shared.closed() => None,
    }
}

/// Tells a client that there is no room.
async fn refuse(mut socket: TcpStream, limit: Duration, place: OwnedSemaphorePermit) {
    let told = timeout(limit, async {
        socket.write_all(NO_ROOM).await?;
        socket.shutdown().await?;
        // A socket that is closed with unread bytes resets the connection, and the answer may be lost with it.
        let mut space = [0; 1024];
        while socket.read(&mut space).await? > 0 {}
        io::Result::Ok(())
    });
    // It is refused whether it hears it or not.
    let _ = told.await;
    drop(place);
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
