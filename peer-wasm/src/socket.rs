//! One WebSocket of the browser.

use alloc::string::String;
use js_sys::Uint8Array;
use wamplex_shared::serializer::Serializer;
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

/// What a socket tells its owner.
pub(crate) enum Input {
    Open,
    /// A text or binary message.
    Message(JsValue),
    Closed {
        code: u16,
        reason: String,
    },
}

/// A WebSocket and the closures that listen to it.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: WebSocket,
    // Kept alive for as long as the socket may call them.
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_open: Closure<dyn Fn()>,
    _on_close: Closure<dyn Fn(CloseEvent)>,
}

impl Socket {
    /// Listens to `socket`, which may be open already, and hands all input to `handle`.
    pub(crate) fn new(socket: WebSocket, handle: impl Fn(Input) + Clone + 'static) -> Self {
        // Some runtimes make blobs by default.
        socket.set_binary_type(BinaryType::Arraybuffer);
        let (opened, closed) = (handle.clone(), handle.clone());
        let on_message =
            Closure::new(move |event: MessageEvent| handle(Input::Message(event.data())));
        let on_open = Closure::new(move || opened(Input::Open));
        let on_close = Closure::new(move |event: CloseEvent| {
            closed(Input::Closed { code: event.code(), reason: event.reason() });
        });
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Self { socket, _on_message: on_message, _on_open: on_open, _on_close: on_close }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.socket.ready_state() == WebSocket::OPEN
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.socket.ready_state() == WebSocket::CLOSED
    }

    /// The serializer that the server chose.
    pub(crate) fn serializer(&self) -> Option<Serializer> {
        Serializer::from_subprotocol(&self.socket.protocol())
    }

    /// Sends a text message. A socket that is closing loses it, and says so by its close event.
    pub(crate) fn send_text(&self, text: &str) {
        drop(self.socket.send_with_str(text));
    }

    /// Sends a binary message.
    pub(crate) fn send_binary(&self, bytes: &[u8]) {
        // A copy: some runtimes send a view of this memory after it has changed.
        drop(self.socket.send_with_js_u8_array(&Uint8Array::from(bytes)));
    }

    pub(crate) fn close(&self) {
        drop(self.socket.close());
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onmessage(None);
        self.socket.set_onopen(None);
        self.socket.set_onclose(None);
    }
}
