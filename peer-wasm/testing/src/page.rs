//! The boundary to JavaScript.

use crate::{
    outbox::Transmit,
    router::Router,
    socket::{Frame, SocketId},
};
use js_sys::{Array, JsString, Uint8Array};
use wamplex_shared::{
    codec,
    serializer::Serializer,
    time::Time,
    value::{Dict, Value},
};
use wasm_bindgen::prelude::*;

/// The router of a page. Internal to the npm package, which makes the sockets.
///
/// Times are whole milliseconds since the router was made. Nothing in here calls JavaScript back.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Page {
    router: Router,
}

#[wasm_bindgen]
impl Page {
    /// A router without realms. `seed` is a whole number; `epoch` is the time now in milliseconds since 1970.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(seed: f64, epoch: f64) -> Self {
        Self { router: Router::new(seed as u64, epoch as u64) }
    }

    /// Adds a realm; its settings are a JSON object.
    ///
    /// # Errors
    /// What is wrong with them.
    #[wasm_bindgen(js_name = addRealm)]
    pub fn add_realm(&mut self, settings: &str) -> Result<(), JsError> {
        Ok(self.router.add_realm(settings)?)
    }

    /// Opens a socket, of the test itself or not, and returns its number: 0 if the subprotocol is not known.
    pub fn open(&mut self, subprotocol: &str, inside: bool) -> SocketId {
        let router = &mut self.router;
        let opened =
            if inside { router.open_inside(subprotocol) } else { router.open(subprotocol) };
        opened.unwrap_or(0)
    }

    /// Takes a text message of a client.
    #[wasm_bindgen(js_name = receiveText)]
    pub fn receive_text(&mut self, socket: SocketId, text: String, now: f64) {
        self.router.receive(socket, Frame::Text(text.into()), time(now));
    }

    /// Takes a binary message of a client.
    #[wasm_bindgen(js_name = receiveBinary)]
    pub fn receive_binary(&mut self, socket: SocketId, bytes: Vec<u8>, now: f64) {
        self.router.receive(socket, Frame::Binary(bytes.into()), time(now));
    }

    /// Forgets a socket that is closed or lost.
    pub fn lost(&mut self, socket: SocketId, now: f64) {
        self.router.lost(socket, time(now));
    }

    /// The number of a socket and what happens there: a message, as text or bytes, or the code that it is closed with.
    /// To be asked after everything else, until there is nothing more.
    pub fn poll(&mut self) -> Option<Array> {
        let (socket, transmit) = self.router.poll_transmit()?;
        let what: JsValue = match transmit {
            // JSON is UTF-8.
            Transmit::Frame(Frame::Text(text)) => {
                JsString::from(core::str::from_utf8(&text).unwrap_or_default()).into()
            }
            Transmit::Frame(Frame::Binary(bytes)) => Uint8Array::from(&*bytes).into(),
            Transmit::Close(code) => code.into(),
        };
        Some(Array::of2(&socket.into(), &what))
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    #[wasm_bindgen(js_name = pollTimeout)]
    #[must_use]
    pub fn poll_timeout(&self) -> Option<f64> {
        // Rounded up: too early is of no use.
        let millis = |time: Time| time.since_start().as_nanos().div_ceil(1_000_000);
        self.router.poll_timeout().map(|time| millis(time) as f64)
    }

    /// Ends what has taken too long.
    #[wasm_bindgen(js_name = handleTimeout)]
    pub fn handle_timeout(&mut self, now: f64) {
        self.router.handle_timeout(time(now));
    }

    /// Says goodbye to all sessions and closes all sockets.
    #[wasm_bindgen(js_name = shutDown)]
    pub fn shut_down(&mut self, now: f64) {
        self.router.shut_down(time(now));
    }

    /// The open sessions, as a list in JSON.
    #[must_use]
    pub fn sessions(&self) -> String {
        let entry = |info: crate::SessionInfo| -> Value {
            let mut dict = Dict::new();
            dict.insert("id", info.session);
            dict.insert("realm", info.realm);
            dict.insert("authid", info.authid);
            dict.insert("authrole", info.authrole);
            dict.insert("socket", info.socket);
            dict.into()
        };
        let list: Vec<Value> = self.router.sessions().into_iter().map(entry).collect();
        let written = codec::write_values(Serializer::Json, &[list.into()], &Dict::new());
        String::from_utf8(written.bytes().to_vec()).unwrap_or_default()
    }
}

/// A time that JavaScript names; the start if it is none.
const fn time(millis: f64) -> Time {
    Time::from_millis(millis as u64)
}
