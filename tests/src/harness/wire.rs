//! The running router as a stage: sockets, tasks and a real clock.

use super::peer::Peer;
use crate::script::{Incoming, Script, Stage};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;
use wamplex_router::{Router, RouterConfig, RouterHandle, config::Site};
use wamplex_shared::serializer::Serializer;

/// A router on a port of its own, in this process, and clients over WebSocket.
#[derive(Debug)]
pub struct WireStage {
    runtime: Runtime,
    router: RouterHandle,
    address: SocketAddr,
    serializers: Vec<Serializer>,
    connected: usize,
    peers: BTreeMap<String, Peer>,
}

impl WireStage {
    /// A router with the rules of this script. Its sessions use these serializers in turn.
    ///
    /// # Panics
    /// When the router cannot start.
    #[must_use]
    pub fn new(script: &Script, serializers: &[Serializer]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime starts");
        let router = runtime.block_on(Router::bind(config(script))).expect("a router starts");
        let (address, handle) = (router.local_addr(), router.handle());
        runtime.spawn(router.run());
        Self {
            runtime,
            router: handle,
            address,
            serializers: serializers.to_vec(),
            connected: 0,
            peers: BTreeMap::new(),
        }
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
    fn await_departures(&self) -> Result<(), String> {
        let expected = self.peers.values().filter(|peer| peer.in_session()).count();
        let (begin, patience) = (Instant::now(), Duration::from_secs(20));
        while self.router.session_count() > expected {
            if begin.elapsed() > patience {
                return Err("the router does not notice that a session has gone".to_owned());
            }
            self.pause(1);
        }
        Ok(())
    }
}

impl Stage for WireStage {
    fn connect(&mut self, session: &str) -> Result<(), String> {
        let serializer = self.serializers[self.connected % self.serializers.len()];
        self.connected += 1;
        let peer = self.runtime.block_on(Peer::connect(self.address, serializer))?;
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
        self.peers.remove(session);
        self.await_departures()
    }

    fn wait(&mut self, millis: u64) -> Result<(), String> {
        self.pause(millis);
        Ok(())
    }
}

impl Drop for WireStage {
    fn drop(&mut self) {
        self.peers.clear();
        self.router.shutdown();
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

fn config(script: &Script) -> RouterConfig {
    let realm = super::realm::config(script);
    let mut config = RouterConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        site: Site::Nothing,
        ..RouterConfig::default()
    };
    config.rules.uris = realm.uri_rule;
    config.rules.strict_request_ids = realm.strict_request_ids;
    config.rules.disclosure = realm.disclosure;
    config.rules.call_timeout = realm.call_timeout;
    config.rules.max_call_timeout = realm.max_call_timeout;
    config.rules.meta_api = realm.meta_api;
    config.rules.retention = realm.retention;
    config.rules.history = realm.history;
    config
}
