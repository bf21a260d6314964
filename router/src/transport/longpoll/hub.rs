//! The long-poll transports of a listener.

use super::{Channel, LongPoll};
use crate::{crowd::Counted, peer::Peer, room::Place, transport::Subprotocol};
use data_encoding::HEXLOWER_PERMISSIVE as HEX;
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};

/// What names a transport. Whoever knows it is its client, so it is long and drawn at random.
type Id = [u8; 16];

/// The long-poll transports that are open.
#[derive(Debug)]
pub(crate) struct Hub {
    channels: Mutex<HashMap<Id, Arc<Channel>>>,
    /// How many there are.
    count: watch::Sender<usize>,
    /// To whoever runs the sessions.
    opened: mpsc::UnboundedSender<Opened>,
}

/// A transport that needs somebody to run its session.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) transport: LongPoll,
    pub(crate) peer: Peer,
    /// Dropped when the session is over.
    pub(crate) stay: Stay,
    /// Dropped when the session is over.
    pub(crate) listed: Listed,
}

/// What a transport takes up, as a connection would: a place in the room, and one of those that its address may have.
#[derive(Debug)]
pub(crate) struct Stay {
    pub(crate) place: Place,
    pub(crate) counted: Option<Counted>,
}

/// A transport that requests find, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Listed {
    hub: Arc<Hub>,
    id: Id,
}

impl Hub {
    /// A hub without transports, and where those arrive that are opened.
    pub(crate) fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<Opened>) {
        let (opened, receiver) = mpsc::unbounded_channel();
        let channels = Mutex::default();
        (Arc::new(Self { channels, count: watch::Sender::new(0), opened }), receiver)
    }

    /// Opens a transport that takes bodies of at most `limit` bytes; the name by which requests find it. A client that asks
    /// nothing for `idle` is gone.
    ///
    /// # Errors
    /// There are no random numbers, or nobody runs sessions any more.
    pub(crate) fn open(
        self: &Arc<Self>,
        agreed: Subprotocol,
        limit: usize,
        idle: Duration,
        peer: Peer,
        stay: Stay,
    ) -> Result<String, NotOpened> {
        let mut id = Id::default();
        getrandom::fill(&mut id).map_err(NotOpened::Randomness)?;
        let channel = Arc::new(Channel::new(agreed, limit));
        self.channels.lock().insert(id, Arc::clone(&channel));
        self.count.send_modify(|count| *count += 1);
        let listed = Listed { hub: Arc::clone(self), id };
        let transport = LongPoll::new(channel, idle);
        let opened = Opened { transport, peer, stay, listed };
        self.opened.send(opened).map_err(|_| NotOpened::Closing)?;
        Ok(HEX.encode(&id))
    }

    /// The transport of this name.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Channel>> {
        let mut id = Id::default();
        let length = HEX.decode_len(name.len()).ok()?;
        if length != id.len() || HEX.decode_mut(name.as_bytes(), &mut id).is_err() {
            return None;
        }
        self.channels.lock().get(&id).cloned()
    }

    /// Ready when no transport is open.
    pub(crate) async fn emptied(&self) {
        // The sender is ours, so this ends only when it is told to.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }
}

/// Why there is no new transport.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOpened {
    /// The operating system gives no random numbers.
    #[error("no random numbers: {0}")]
    Randomness(getrandom::Error),
    /// The listener is closing.
    #[error("the listener is closing")]
    Closing,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.hub.channels.lock().remove(&self.id);
        self.hub.count.send_modify(|count| *count -= 1);
    }
}
