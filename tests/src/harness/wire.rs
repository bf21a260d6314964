//! The running router as a stage: sockets, tasks and a real clock.

use super::{
    carrier::Route,
    peer::Peer,
    quirks::OtherRouter,
    way::{Folder, Way},
};
use crate::script::{Incoming, Script, Stage};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;
use wamplex_router::{Router, RouterConfig, RouterHandle, config::Site};
use wamplex_shared::{message::MessageCode, serializer::Serializer};

/// How long a message of ours may take that has to come. Far more than it ever takes: it only ends a test that has
/// failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A router on a port of its own, in this process, and its clients.
pub struct WireStage {
    runtime: Runtime,
    router: UnderTest,
    patience: Duration,
    route: Route,
    /// What the router needs.
    folder: Option<Folder>,
    serializers: Vec<Serializer>,
    connected: usize,
    peers: BTreeMap<String, Peer>,
}

impl WireStage {
    /// A router with the rules of this script, reached in this way. Its sessions use these serializers in turn.
    ///
    /// # Panics
    /// When the router cannot start.
    #[must_use]
    pub fn new(script: &Script, way: Way, serializers: &[Serializer]) -> Self {
        let runtime = runtime();
        let mut config = config(script);
        let folder = way.prepare(&mut config);
        let router = runtime.block_on(Router::bind(config)).expect("a router starts");
        let (route, handle) = (way.route(&router), router.handle());
        runtime.spawn(router.run());
        let mut stage = Self::on(runtime, UnderTest::Ours(handle), PATIENCE, route, serializers);
        stage.folder = folder;
        stage
    }

    /// Another router, with its differences translated.
    ///
    /// # Errors
    /// When it lets nobody in.
    pub fn at(router: OtherRouter, serializers: &[Serializer]) -> Result<Self, String> {
        let (route, patience) = (Route::WebSocket(router.address), router.patience);
        let runtime = runtime();
        let counter = runtime.block_on(Counter::join(router))?;
        Ok(Self::on(runtime, UnderTest::Other(Box::new(counter)), patience, route, serializers))
    }

    fn on(
        runtime: Runtime,
        router: UnderTest,
        patience: Duration,
        route: Route,
        serializers: &[Serializer],
    ) -> Self {
        let (serializers, peers) = (serializers.to_vec(), BTreeMap::new());
        Self { runtime, router, patience, route, folder: None, serializers, connected: 0, peers }
    }

    fn with<T>(
        &mut self,
        session: &str,
        act: impl AsyncFnOnce(&mut Peer) -> T,
    ) -> Result<T, String> {
        let peer = self.peers.get_mut(session);
        let peer = peer.ok_or_else(|| format!("{session} has no transport"))?;
        Ok(self.runtime.block_on(act(peer)))
    }

    fn pause(&self, millis: u64) {
        // Made inside of the runtime, where its clock is.
        let pause = async { tokio::time::sleep(Duration::from_millis(millis)).await };
        self.runtime.block_on(pause);
    }

    /// Waits until the router has as many sessions as there are peers that believe to be in one.
    fn await_departures(&mut self) -> Result<(), String> {
        let expected = self.peers.values().filter(|peer| peer.in_session()).count();
        let begin = Instant::now();
        while self.session_count()? > expected {
            if begin.elapsed() > PATIENCE {
                return Err("the router does not notice that a session has gone".to_owned());
            }
            self.pause(1);
        }
        Ok(())
    }

    fn session_count(&mut self) -> Result<usize, String> {
        match &mut self.router {
            UnderTest::Ours(router) => Ok(router.session_count()),
            UnderTest::Other(counter) => self.runtime.block_on(counter.count()),
        }
    }
}

#[derive(Debug)]
enum UnderTest {
    Ours(RouterHandle),
    Other(Box<Counter>),
}

/// A session that asks how many others there are.
#[derive(Debug)]
struct Counter {
    peer: Peer,
    calls: u64,
    router: OtherRouter,
}

impl Counter {
    async fn join(router: OtherRouter) -> Result<Self, String> {
        let mut peer =
            Peer::connect(&Route::WebSocket(router.address), Serializer::Json, router.patience)
                .await?;
        peer.translate(&router);
        peer.send(&json!([1, "realm1", {"roles": {"caller": {}}}])).await;
        match peer.receive().await? {
            Incoming::Message(message) if message[0] == MessageCode::Welcome.number() => {
                Ok(Self { peer, calls: 0, router })
            }
            other => Err(format!("the router does not let a caller in: {other:?}")),
        }
    }

    async fn count(&mut self) -> Result<usize, String> {
        self.calls += 1;
        self.peer.send(&json!([48, self.calls, {}, "wamp.session.count"])).await;
        let answer = self.peer.receive().await?;
        let count = match &answer {
            Incoming::Message(message) => message[3][0].as_u64(),
            Incoming::Closed | Incoming::Nothing => None,
        };
        let count = count.and_then(|count| usize::try_from(count).ok());
        let count = count.and_then(|count| count.checked_sub(1));
        count.ok_or_else(|| format!("the router does not count its sessions: {answer:?}"))
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts")
}

impl Stage for WireStage {
    fn connect(&mut self, session: &str) -> Result<(), String> {
        let serializer = self.serializers[self.connected % self.serializers.len()];
        self.connected += 1;
        let connecting = Peer::connect(&self.route, serializer, self.patience);
        let mut peer = self.runtime.block_on(connecting)?;
        if let UnderTest::Other(counter) = &self.router {
            peer.translate(&counter.router);
        }
        self.peers.insert(session.to_owned(), peer);
        Ok(())
    }

    fn send(&mut self, session: &str, message: &Value) -> Result<(), String> {
        self.with(session, async |peer| peer.send(message).await)
    }

    fn send_garbage(&mut self, session: &str) -> Result<(), String> {
        self.with(session, async |peer| peer.send_garbage().await)
    }

    fn receive(&mut self, session: &str) -> Result<Incoming, String> {
        self.with(session, async |peer| peer.receive().await)?
    }

    fn settle(&mut self) -> Result<(), String> {
        // The first round proves that the router has handled what everybody has sent, and so has queued whatever that
        // has caused; the second proves that all of it has arrived.
        for _ in 0..2 {
            self.runtime.block_on(ask_everybody(&mut self.peers))?;
        }
        Ok(())
    }

    fn leftover(&mut self, session: &str) -> Result<Incoming, String> {
        self.with(session, async |peer| peer.leftover())
    }

    fn disconnect(&mut self, session: &str) -> Result<(), String> {
        if let Some(peer) = self.peers.remove(session) {
            self.runtime.block_on(peer.hang_up());
        }
        self.await_departures()
    }

    fn wait(&mut self, millis: u64) -> Result<(), String> {
        self.pause(millis);
        Ok(())
    }
}

impl fmt::Debug for WireStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireStage").field("peers", &self.peers).finish_non_exhaustive()
    }
}

impl Drop for WireStage {
    fn drop(&mut self) {
        self.peers.clear();
        match &self.router {
            UnderTest::Ours(router) => drop(router.shutdown()),
            // The next script finds an empty realm. That it is one is for that script to say.
            UnderTest::Other(_) => drop(self.await_departures()),
        }
    }
}

async fn ask_everybody(peers: &mut BTreeMap<String, Peer>) -> Result<(), String> {
    let mut asked = Vec::new();
    for peer in peers.values_mut() {
        if let Some(id) = peer.ask().await {
            asked.push((peer, id));
        }
    }
    for (peer, id) in asked {
        peer.await_answer(id).await?;
    }
    Ok(())
}

/// The configuration of a router that waits for its clients. A machine may be so busy that a client of a test, which
/// does nothing wrong, is late for every limit in time: none of them runs out, and nobody is asked whether they are
/// still there.
#[must_use]
pub fn patient_config() -> RouterConfig {
    const NEVER: Duration = Duration::from_secs(3600);
    let mut config = RouterConfig::on(([127, 0, 0, 1], 0));
    config.listeners[0].site = Site::Nothing;
    config.listeners[0].keep_alive.interval = None;
    let limits = &mut config.limits;
    (limits.stall, limits.http_request) = (NEVER, NEVER);
    (limits.hello, limits.authentication) = (NEVER, NEVER);
    config
}

fn config(script: &Script) -> RouterConfig {
    let realm = super::realm::config(script);
    let mut config = patient_config();
    config.realms[0].roles = super::realm::roles(script).into_iter().collect();
    let rules = &mut config.realms[0].rules;
    rules.uris = realm.uri_rule;
    rules.strict_request_ids = realm.strict_request_ids;
    rules.disclosure = realm.disclosure;
    rules.call_timeout = realm.call_timeout;
    rules.max_call_timeout = realm.max_call_timeout;
    rules.trustlevel = super::realm::trustlevel(script);
    rules.meta_api = realm.meta_api;
    rules.passed_options = realm.passed_options.keys().map(str::to_owned).collect();
    rules.validate = realm.validator.is_some();
    rules.retention = realm.retention;
    rules.history = realm.history;
    config
}
