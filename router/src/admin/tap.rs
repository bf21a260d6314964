//! Listening to the messages of one session while they pass.

use super::{realms::realm_of, refuse};
use crate::{
    local::{IntoPayload, Invocation},
    shared::Shared,
};
use bytes::Bytes;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};
use tokio::sync::mpsc;
use wamplex_shared::{
    codec,
    error::WampError,
    id::SessionId,
    payload::Payload,
    serializer::Serializer,
    uris::error,
    value::{Dict, Value},
};

/// How many messages may wait for one who listens. Then further ones are counted and left out: nobody waits for a
/// listener.
const WAITING: usize = 1_000;

/// The longest text of a message that is shown, in bytes; the rest is cut.
const SHOWN: usize = 16 << 10;

/// Everybody who listens.
#[derive(Debug, Default)]
pub(crate) struct Taps {
    /// Grows with every change, so that a session has to look only then.
    generation: AtomicU64,
    listeners: Mutex<HashMap<Key, Vec<Listener>>>,
}

/// A session: the number of its realm, and its id there.
type Key = (u64, SessionId);

/// The place in a session where others can listen.
#[derive(Debug)]
pub(crate) struct Tap {
    taps: Arc<Taps>,
    key: Key,
    generation: u64,
    listeners: Vec<Listener>,
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the client.
    In,
    /// To the client.
    Out,
}

/// One who listens.
#[derive(Clone, Debug)]
struct Listener {
    messages: mpsc::Sender<Tapped>,
    left_out: Arc<AtomicU64>,
}

/// A message that has passed.
#[derive(Debug)]
struct Tapped {
    direction: Direction,
    serializer: Serializer,
    frame: Bytes,
}

/// A place among those who listen, given up when dropped.
struct Listening<'a> {
    taps: &'a Taps,
    key: Key,
    messages: mpsc::Receiver<Tapped>,
    left_out: Arc<AtomicU64>,
}

impl Taps {
    fn listen(&self, key: Key) -> Listening<'_> {
        let (sender, messages) = mpsc::channel(WAITING);
        let left_out = Arc::<AtomicU64>::default();
        let listener = Listener { messages: sender, left_out: Arc::clone(&left_out) };
        self.listeners.lock().entry(key).or_default().push(listener);
        self.generation.fetch_add(1, Relaxed);
        Listening { taps: self, key, messages, left_out }
    }
}

impl Tap {
    /// The place in this session.
    pub(crate) fn new(taps: &Arc<Taps>, realm: u64, session: SessionId) -> Self {
        let key = (realm, session);
        Self { taps: Arc::clone(taps), key, generation: 0, listeners: Vec::new() }
    }

    /// Whether anybody listens.
    pub(crate) fn is_heard(&mut self) -> bool {
        self.look();
        !self.listeners.is_empty()
    }

    /// Notes who listens now.
    fn look(&mut self) {
        let generation = self.taps.generation.load(Relaxed);
        if generation != self.generation {
            self.generation = generation;
            let listeners = self.taps.listeners.lock();
            self.listeners = listeners.get(&self.key).cloned().unwrap_or_default();
        }
    }

    /// Passes a message on to those who listen, as far as they have room for it.
    pub(crate) fn note(&mut self, direction: Direction, serializer: Serializer, frame: &Bytes) {
        self.look();
        for listener in &self.listeners {
            let tapped = Tapped { direction, serializer, frame: frame.clone() };
            if listener.messages.try_send(tapped).is_err() {
                listener.left_out.fetch_add(1, Relaxed);
            }
        }
    }
}

impl Drop for Tap {
    /// The session is over: those who listen hear that.
    fn drop(&mut self) {
        if self.taps.generation.load(Relaxed) > 0 {
            self.taps.listeners.lock().remove(&self.key);
        }
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.messages.close();
        let mut listeners = self.taps.listeners.lock();
        if let Some(all) = listeners.get_mut(&self.key) {
            all.retain(|listener| !listener.messages.is_closed());
            if all.is_empty() {
                listeners.remove(&self.key);
            }
        }
        self.taps.generation.fetch_add(1, Relaxed);
    }
}

/// Says that it listens, then sends every message of a session as a piece of the result, until the call is canceled or the session is over.
pub(super) async fn serve(shared: Arc<Shared>, call: Invocation) -> Result<Payload, WampError> {
    let key = key_of(&shared, &call)?;
    if !call.details().receive_progress {
        let words = "messages come as pieces of the result: call with receive_progress";
        return Err(refuse(error::INVALID_ARGUMENT, words));
    }
    let canceled = call.canceled().clone();
    let mut listening = shared.taps.listen(key);
    let mut begun = Dict::new();
    begun.insert("listening", true);
    if !call.progress(Value::from(begun)) {
        return Err(refuse(error::CANCELED, "nobody listens"));
    }
    let mut heard = 0_u64;
    loop {
        let tapped = tokio::select! {
            tapped = listening.messages.recv() => tapped,
            () = canceled.cancelled() => return Err(refuse(error::CANCELED, "nobody listens")),
        };
        let Some(tapped) = tapped else { break };
        heard += 1;
        let left_out = listening.left_out.swap(0, Relaxed);
        if !call.progress(Value::from(show(&tapped, left_out))) {
            break;
        }
    }
    let mut summary = Dict::new();
    summary.insert("messages", heard);
    Ok(Value::from(summary).into_payload())
}

fn key_of(shared: &Shared, call: &Invocation) -> Result<Key, WampError> {
    let wrong = || refuse(error::INVALID_ARGUMENT, "expected the name of a realm and a session id");
    let (args, kwargs) = call.values()?;
    let [realm, session] = &args[..] else { return Err(wrong()) };
    if !kwargs.is_empty() {
        return Err(wrong());
    }
    let name = realm_of(realm)?;
    let session = session.as_u64().and_then(SessionId::new).ok_or_else(wrong)?;
    let realm = shared.realms.get(&name);
    let realm = realm.ok_or_else(|| refuse(error::NO_SUCH_REALM, "there is no such realm"))?;
    if realm.read().session(session).is_none() {
        return Err(refuse(error::NO_SUCH_SESSION, "there is no such session in that realm"));
    }
    Ok((realm.number(), session))
}

fn show(tapped: &Tapped, left_out: u64) -> Dict {
    let Tapped { direction, serializer, frame } = tapped;
    let mut shown = Dict::new();
    shown.insert("direction", if *direction == Direction::In { "in" } else { "out" });
    shown.insert("bytes", frame.len() as u64);
    shown.insert("message", text_of(*serializer, frame));
    if left_out > 0 {
        shown.insert("left_out", left_out);
    }
    shown
}

/// The message in JSON.
fn text_of(serializer: Serializer, frame: &Bytes) -> String {
    let message = codec::decode(serializer, frame).map_err(|error| error.to_string());
    let json = message.and_then(|message| {
        codec::encode(Serializer::Json, &message).map_err(|error| error.to_string())
    });
    match json {
        Ok(json) => {
            let end = json.len().min(SHOWN);
            String::from_utf8_lossy(&json[..end]).into_owned()
        }
        Err(why) => format!("not a message: {why}"),
    }
}
