//! The router of a page as a stage: everything but JavaScript, and a clock that only `wait` moves.

use super::notation;
use crate::script::{Incoming, PERMISSIONS, Script, Stage};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};
use wamplex_shared::{codec::batch, serializer::Serializer, time::Time};
use wamplex_testing::{Frame, Router, SocketId, Transmit};

/// A router with one realm, and the sockets of the sessions.
#[derive(Debug)]
pub struct PageStage {
    router: Router,
    serializers: Vec<Serializer>,
    batched: bool,
    connected: usize,
    peers: BTreeMap<String, Peer>,
    now: Time,
}

#[derive(Debug)]
struct Peer {
    socket: SocketId,
    serializer: Serializer,
    inbox: VecDeque<Incoming>,
}

impl PageStage {
    /// A router with the rules of this script. Its sessions use these serializers in turn.
    ///
    /// # Panics
    /// When the script sets something that is no rule.
    #[must_use]
    pub fn new(script: &Script, serializers: &[Serializer], batched: bool) -> Self {
        let mut router = Router::new(1, 0);
        router.add_realm(&settings(script)).unwrap_or_else(|bad| panic!("{bad}"));
        let (serializers, peers) = (serializers.to_vec(), BTreeMap::new());
        Self { router, serializers, batched, connected: 0, peers, now: Time::ZERO }
    }

    fn peer(&mut self, session: &str) -> Result<&mut Peer, String> {
        self.peers.get_mut(session).ok_or_else(|| format!("{session} has no transport"))
    }

    fn send_bytes(
        &mut self,
        session: &str,
        bytes: impl FnOnce(Serializer) -> bytes::Bytes,
    ) -> Result<(), String> {
        let batched = self.batched;
        let Peer { socket, serializer, .. } = *self.peer(session)?;
        let mut frame = bytes(serializer);
        if batched {
            let mut packed = bytes::BytesMut::new();
            batch::append(serializer, &frame, &mut packed);
            frame = packed.freeze();
        }
        let is_text = serializer == Serializer::Json;
        let frame = if is_text { Frame::Text(frame) } else { Frame::Binary(frame) };
        self.router.receive(socket, frame, self.now);
        self.deliver()
    }

    /// Hands out everything that the router has sent.
    fn deliver(&mut self) -> Result<(), String> {
        while let Some((socket, transmit)) = self.router.poll_transmit() {
            let peer = self.peers.values_mut().find(|peer| peer.socket == socket);
            let Some(peer) = peer else { continue };
            let frame = match transmit {
                Transmit::Frame(Frame::Text(frame) | Frame::Binary(frame)) => frame,
                Transmit::Close(_) => {
                    peer.inbox.push_back(Incoming::Closed);
                    continue;
                }
            };
            let messages: Vec<_> = if self.batched {
                let split = batch::split(peer.serializer, frame).collect::<Result<_, _>>();
                split.map_err(|bad| bad.to_string())?
            } else {
                vec![frame]
            };
            for message in messages {
                let message = notation::read(peer.serializer, &message)?;
                peer.inbox.push_back(Incoming::Message(message));
            }
        }
        self.router.check()
    }
}

impl Stage for PageStage {
    fn connect(&mut self, session: &str) -> Result<(), String> {
        let serializer = self.serializers[self.connected % self.serializers.len()];
        self.connected += 1;
        let name =
            if self.batched { batch::subprotocol(serializer) } else { serializer.subprotocol() };
        let socket = self.router.open(name).ok_or("the router does not know the subprotocol")?;
        self.peers.insert(session.to_owned(), Peer { socket, serializer, inbox: VecDeque::new() });
        Ok(())
    }

    fn send(&mut self, session: &str, message: &Value) -> Result<(), String> {
        self.send_bytes(session, |serializer| notation::write(serializer, message))
    }

    fn send_garbage(&mut self, session: &str) -> Result<(), String> {
        self.send_bytes(session, notation::garbage)
    }

    fn receive(&mut self, session: &str) -> Result<Incoming, String> {
        Ok(self.peer(session)?.inbox.pop_front().unwrap_or(Incoming::Nothing))
    }

    fn settle(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn leftover(&mut self, session: &str) -> Result<Incoming, String> {
        self.receive(session)
    }

    fn disconnect(&mut self, session: &str) -> Result<(), String> {
        if let Some(peer) = self.peers.remove(session) {
            self.router.lost(peer.socket, self.now);
        }
        self.deliver()
    }

    fn wait(&mut self, millis: u64) -> Result<(), String> {
        self.now = self.now + Duration::from_millis(millis);
        while self.router.poll_timeout().is_some_and(|due| due <= self.now) {
            self.router.handle_timeout(self.now);
        }
        self.deliver()
    }
}

/// The rules that a script sets for its realm.
fn settings(script: &Script) -> String {
    let mut settings = json!({"name": "realm1", "meta_api": "full"});
    for (key, value) in &script.realm {
        if key == PERMISSIONS {
            settings["roles"] = json!([{"name": "anonymous", PERMISSIONS: value}]);
        } else {
            settings[key] = value.clone();
        }
    }
    settings.to_string()
}
