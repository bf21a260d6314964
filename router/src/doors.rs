//! The listeners of a router, which come, change and go while it runs.

use crate::{
    config::{Endpoint, ListenerConfig},
    error::StartError,
    listener::{Door, Entrance},
    shared::Shared,
    tls::TlsError,
};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::{fs, os::unix::fs::PermissionsExt, sync::Arc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// All listeners of a router.
pub(crate) struct Doors {
    state: Mutex<State>,
    /// Tells all of them to stop.
    stop: CancellationToken,
}

#[derive(Default)]
struct State {
    open: Vec<Slot>,
    /// Those that nobody is let in at yet.
    waiting: Vec<Door>,
    /// Those that run, and those that were retired and have connections.
    accepting: JoinSet<JoinSet<()>>,
    is_running: bool,
}

/// A listener that is open.
#[derive(Clone)]
struct Slot {
    config: ListenerConfig,
    endpoint: Endpoint,
    entrance: Arc<ArcSwap<Entrance>>,
    retire: CancellationToken,
}

/// Other listeners, prepared so that nothing can go wrong any more.
pub(crate) struct Plan(Vec<Planned>);

struct Planned {
    slot: Slot,
    step: Step,
}

enum Step {
    Stay,
    Change(Entrance),
    Open(Door),
}

impl Slot {
    fn new(config: &ListenerConfig, door: &Door) -> Self {
        Self {
            config: config.clone(),
            endpoint: door.endpoint().clone(),
            entrance: Arc::clone(door.entrance()),
            retire: door.retire().clone(),
        }
    }
}

impl Doors {
    /// Begins to listen. Clients can connect, and nobody is let in before the [start](Self::start).
    ///
    /// # Errors
    /// A listener cannot be had.
    pub(crate) fn open(
        configs: &[ListenerConfig],
        shared: &Arc<Shared>,
    ) -> Result<Self, StartError> {
        let mut state = State::default();
        for config in configs {
            let door = Door::open(config, shared)?;
            state.open.push(Slot::new(config, &door));
            state.waiting.push(door);
        }
        Ok(Self { state: Mutex::new(state), stop: CancellationToken::new() })
    }

    /// Where they listen, in the order of the configuration, and whether connections are encrypted.
    pub(crate) fn endpoints(&self) -> Vec<(Endpoint, bool)> {
        let state = self.state.lock();
        let open = state.open.iter();
        open.map(|slot| (slot.endpoint.clone(), slot.entrance.load().encryption().is_some()))
            .collect()
    }

    /// Reads all certificates and keys again. What can be used is used, and what cannot is left as it was.
    ///
    /// # Errors
    /// Why something cannot be used, the first if there are several.
    pub(crate) fn reload_certificates(&self) -> Result<(), TlsError> {
        let entrances: Vec<_> =
            self.state.lock().open.iter().map(|slot| slot.entrance.load_full()).collect();
        let mut result = Ok(());
        for encryption in entrances.iter().filter_map(|entrance| entrance.encryption()) {
            if let Err(error) = encryption.reload() {
                tracing::error!(%error, "the certificate stays as it was");
                result = result.and(Err(error));
            }
        }
        result
    }

    /// Lets clients in. Has to be called within a runtime.
    pub(crate) fn start(&self, shared: &Arc<Shared>) {
        let mut state = self.state.lock();
        state.is_running = true;
        for door in std::mem::take(&mut state.waiting) {
            self.accept(&mut state, door, shared);
        }
    }

    fn accept(&self, state: &mut State, door: Door, shared: &Arc<Shared>) {
        let stop = self.stop.clone().cancelled_owned();
        state.accepting.spawn(door.accept(Arc::clone(shared), stop));
    }

    /// Whether nobody is let in any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Cuts all connections and closes all listeners at once.
    pub(crate) fn abandon(&self) {
        self.stop.cancel();
        let state = std::mem::take(&mut *self.state.lock());
        drop(state);
    }

    /// Lets nobody in any more, and gives the tasks of the connections that are open.
    pub(crate) async fn close(&self) -> Vec<JoinSet<()>> {
        self.stop.cancel();
        let mut accepting = std::mem::take(&mut self.state.lock().accepting);
        let mut tasks = Vec::new();
        while let Some(ended) = accepting.join_next().await {
            tasks.extend(ended);
        }
        tasks
    }

    /// Prepares other listeners: opens new ones and reads what changed ones need. A listener is the same one as long as
    /// its address is.
    ///
    /// # Errors
    /// One of them cannot be had. Then all stay as they are.
    pub(crate) fn prepare(
        &self,
        configs: &[ListenerConfig],
        shared: &Arc<Shared>,
    ) -> Result<Plan, StartError> {
        let mut left = self.state.lock().open.clone();
        let mut plan = Vec::new();
        for config in configs {
            let known = left.iter().position(|slot| slot.config.endpoint == config.endpoint);
            plan.push(match known.map(|at| left.remove(at)) {
                // Certificates are read again even if their files are called what they were called before.
                Some(slot) if slot.config == *config && config.tls.is_none() => {
                    Planned { slot, step: Step::Stay }
                }
                Some(mut slot) => {
                    let entrance = slot.entrance.load().change(config, &slot.endpoint, shared)?;
                    slot.config = config.clone();
                    Planned { slot, step: Step::Change(entrance) }
                }
                None => {
                    let door = Door::open(config, shared)?;
                    Planned { slot: Slot::new(config, &door), step: Step::Open(door) }
                }
            });
        }
        Ok(Plan(plan))
    }

    /// Goes over to what was prepared. Listeners that are not in it accept nobody any more; who is connected stays.
    pub(crate) fn commit(&self, plan: Plan, shared: &Arc<Shared>) {
        let mut state = self.state.lock();
        let mut gone = std::mem::take(&mut state.open);
        for Planned { slot, step } in plan.0 {
            gone.retain(|old| !Arc::ptr_eq(&old.entrance, &slot.entrance));
            match step {
                Step::Stay => {}
                Step::Change(entrance) => {
                    slot.entrance.store(Arc::new(entrance));
                    set_mode(&slot.config);
                }
                Step::Open(door) if state.is_running => self.accept(&mut state, door, shared),
                Step::Open(door) => state.waiting.push(door),
            }
            state.open.push(slot);
        }
        for slot in gone {
            slot.retire.cancel();
            state.waiting.retain(|door| !Arc::ptr_eq(door.entrance(), &slot.entrance));
        }
    }
}

/// Says again who may connect to a Unix socket.
fn set_mode(config: &ListenerConfig) {
    if let (Endpoint::Unix(path), Some(mode)) = (&config.endpoint, config.unix_mode) {
        let set = fs::set_permissions(path, fs::Permissions::from_mode(mode));
        if let Err(error) = set {
            tracing::warn!(path = %path.display(), %error, "who may connect stays as it was");
        }
    }
}
