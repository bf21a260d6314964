//! What all connections of a router share.

use crate::{
    admin::Taps,
    clock::Clock,
    config::{Limits, RouterConfig},
    counters::Tally,
    crowd::Crowd,
    deliver::Handle,
    error::StartError,
    log_gate::LogGate,
    metrics::Refusals,
    outbox::{Cut, Outbox, Parcel},
    realms::Realms,
    room::Room,
    telemetry::Telemetry,
    vigil::Vigil,
};
use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use wamplex_realm::Recent;

/// The state of a router.
pub(crate) struct Shared {
    pub(crate) realms: Realms,
    /// Where traces go, if anywhere.
    pub(crate) telemetry: Option<Telemetry>,
    limits: ArcSwap<Limits>,
    /// Room for connections, of all listeners together.
    pub(crate) room: Arc<Room>,
    /// Who listens to which session.
    pub(crate) taps: Arc<Taps>,
    /// How the configuration is read again, if there is a way.
    pub(crate) reloader: OnceLock<Reloader>,
    /// Why sessions were refused.
    pub(crate) refusals: Refusals,
    /// Who may write into the log.
    pub(crate) log_gate: LogGate,
    /// Who is here, by address.
    pub(crate) crowd: Arc<Crowd>,
    pub(crate) clock: Clock,
    pub(crate) tally: Tally,
    /// What links have converted, for others that need the same.
    pub(crate) recent: Arc<Recent>,
    /// The outboxes of all WAMP connections, whether their sessions are open yet or not.
    outboxes: Mutex<Outboxes>,
    is_closing: watch::Sender<bool>,
    /// Nobody may join any more.
    is_draining: AtomicBool,
    /// The sessions and connections inside the process.
    pub(crate) tasks: TaskTracker,
    /// Who stays awake for the next message, if anybody.
    pub(crate) vigil: Option<Arc<Vigil>>,
}

/// Reads the configuration again and puts it in force.
pub(crate) type Reloader =
    Box<dyn Fn() -> BoxFuture<'static, Result<Vec<String>, String>> + Send + Sync>;

#[derive(Default)]
struct Outboxes {
    next: u64,
    open: HashMap<u64, Weak<Outbox<Parcel>>>,
}

/// An outbox that a shutdown reaches, for as long as this lives.
pub(crate) struct Registered {
    shared: Arc<Shared>,
    key: u64,
    pub(crate) outbox: Handle,
}

impl Shared {
    /// Prepares everything that needs no socket.
    ///
    /// # Errors
    /// The configuration cannot be put into practice.
    pub(crate) fn new(config: &RouterConfig) -> Result<Self, StartError> {
        let clock = Clock::start();
        if config.realms.is_empty() && config.templates.is_empty() {
            return Err(StartError::NoRealm);
        }
        let telemetry = Telemetry::open(&config.telemetry)?;
        let realms = Realms::new(clock, telemetry.as_ref().map(Telemetry::tracer));
        for settings in &config.realms {
            realms.open(settings)?;
        }
        realms.set_templates(&config.templates);
        Ok(Self {
            realms,
            telemetry,
            room: Room::new(config.limits.connections),
            taps: Arc::default(),
            reloader: OnceLock::new(),
            refusals: Refusals::default(),
            log_gate: LogGate::default(),
            crowd: Arc::default(),
            limits: ArcSwap::from_pointee(config.limits.clone()),
            clock,
            tally: Tally::default(),
            recent: Arc::default(),
            outboxes: Mutex::default(),
            is_closing: watch::Sender::new(false),
            is_draining: AtomicBool::new(false),
            tasks: TaskTracker::new(),
            vigil: Vigil::new(config.busy_poll, clock).map(Arc::new),
        })
    }

    /// What a client can cost, as far as it is the same for all.
    pub(crate) fn limits(&self) -> Arc<Limits> {
        self.limits.load_full()
    }

    /// Puts other limits in force. What a connection has begun with, it keeps.
    pub(crate) fn set_limits(&self, limits: Limits) {
        self.room.resize(limits.connections);
        self.limits.store(Arc::new(limits));
    }

    /// Makes the outbox of a new connection.
    pub(crate) fn register(self: &Arc<Self>) -> Registered {
        self.register_outbox(Outbox::new(self.limits().outbox_bytes))
    }

    /// Takes note of an outbox that was made elsewhere.
    pub(crate) fn register_outbox(self: &Arc<Self>, outbox: Outbox<Parcel>) -> Registered {
        let outbox = Arc::new(outbox);
        let mut outboxes = self.outboxes.lock();
        let key = outboxes.next;
        outboxes.next += 1;
        outboxes.open.insert(key, Arc::downgrade(&outbox));
        drop(outboxes);
        if *self.is_closing.borrow() {
            outbox.cut(Cut::Shutdown);
        }
        Registered { shared: Arc::clone(self), key, outbox }
    }

    /// Ready once the router shuts down. For connections that have no outbox yet.
    pub(crate) async fn closed(&self) {
        // The sender is ours, so this ends only when it is told to.
        let _ = self.is_closing.subscribe().wait_for(|is_closing| *is_closing).await;
    }

    /// Reads the configuration again; what has changed, line by line.
    ///
    /// # Errors
    /// Why nothing has changed.
    pub(crate) async fn reload(&self) -> Result<Vec<String>, String> {
        match self.reloader.get() {
            Some(reload) => reload().await,
            None => Err("this router was started without a file to load again".to_owned()),
        }
    }

    /// Lets nobody join any more.
    pub(crate) fn begin_draining(&self) {
        self.is_draining.store(true, Relaxed);
    }

    /// Whether nobody may join any more.
    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Relaxed)
    }

    /// How many connections are open.
    pub(crate) fn open_connections(&self) -> usize {
        self.room.taken()
    }

    /// How many bytes wait to be sent, of all sessions together.
    pub(crate) fn waiting_bytes(&self) -> usize {
        let open: Vec<_> = self.outboxes.lock().open.values().cloned().collect();
        open.iter().filter_map(Weak::upgrade).map(|outbox| outbox.bytes()).sum()
    }

    /// Tells every connection, and those to come, that the router shuts down.
    pub(crate) fn close(&self) {
        // Before the list is read: whoever registers later sees it.
        self.is_closing.send_replace(true);
        let open: Vec<_> = self.outboxes.lock().open.values().cloned().collect();
        for outbox in open.iter().filter_map(Weak::upgrade) {
            outbox.cut(Cut::Shutdown);
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.shared.outboxes.lock().open.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::HistoryRule;
    use wamplex_shared::uri::MatchPolicy;

    #[test]
    fn a_history_of_topics_that_there_cannot_be_is_refused() {
        let mut config = RouterConfig::default();
        config.realms[0]
            .rules
            .history
            .rules
            .push(HistoryRule::new(MatchPolicy::Prefix, "com.example."));
        assert!(Shared::new(&config).is_ok());
        config.realms[0]
            .rules
            .history
            .rules
            .push(HistoryRule::new(MatchPolicy::Exact, "com.example."));
        let error = Shared::new(&config).err().map(|error| error.to_string());
        let expected = "`com.example.` is no pattern of topics to keep the history of: the URI has an empty component";
        assert_eq!(error.as_deref(), Some(expected));
    }
}
