//! One connection: a socket, the session machine on it, and reports to JavaScript.

use crate::{
    machine::{Effect, Machine},
    report::{Decoded, Handler, Report},
    socket::{Input, Socket},
    tape::{Keys, Tape},
    wire::{self, Reader},
};
use ::core::cell::{Cell, RefCell};
use alloc::{
    rc::{Rc, Weak},
    string::String,
    vec::Vec,
};
use js_sys::Uint8Array;
use wamplex_shared::{id::RequestId, serializer::Serializer, session::Refusal};
use wasm_bindgen::JsValue;
use web_sys::WebSocket;

/// A connection. No method holds a borrow while JavaScript runs, since it comes back from inside a report.
#[derive(Debug)]
pub(crate) struct Connection {
    handler: Handler,
    socket: Socket,
    /// Known once the socket is open.
    serializer: Cell<Option<Serializer>>,
    machine: RefCell<Option<Machine>>,
    keys: RefCell<Keys>,
    tracing: Cell<bool>,
}

impl Connection {
    pub(crate) fn new(handler: Handler, socket: WebSocket) -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| {
            // The socket belongs to the connection, so it must not keep it alive.
            let this = this.clone();
            let handle = move |input| {
                if let Some(connection) = this.upgrade() {
                    connection.input(input);
                }
            };
            Self {
                handler,
                socket: Socket::new(socket, handle),
                serializer: Cell::new(None),
                machine: RefCell::new(None),
                keys: RefCell::default(),
                tracing: Cell::new(false),
            }
        })
    }

    /// Reports what has happened to the socket already.
    pub(crate) fn start(&self) {
        if self.socket.is_open() {
            self.input(Input::Open);
        } else if self.socket.is_closed() {
            self.input(Input::Closed { code: 1006, reason: String::new() });
        }
    }

    pub(crate) fn trace(&self, on: bool) {
        self.tracing.set(on);
    }

    /// Sends HELLO.
    pub(crate) fn begin(&self, machine: Machine) {
        self.machine.replace(Some(machine));
        self.flush();
    }

    /// Lets the machine do something, and sends what it makes.
    pub(crate) fn with(&self, run: &mut dyn FnMut(&mut Machine)) {
        // The guard is gone before anything is sent.
        if let Some(machine) = self.machine.borrow_mut().as_mut() {
            run(machine);
        }
        self.flush();
    }

    /// Closes the socket.
    pub(crate) fn close(&self) {
        self.socket.close();
    }

    fn input(&self, input: Input) {
        match input {
            Input::Open => self.opened(),
            Input::Message(data) => self.message(&data),
            Input::Closed { code, reason } => {
                self.handler.text(Report::Closed, u32::from(code), &reason.into());
            }
        }
    }

    fn opened(&self) {
        if self.serializer.get().is_some() {
            return;
        }
        match self.socket.serializer() {
            Some(serializer) => {
                self.serializer.set(Some(serializer));
                self.handler.text(Report::Open, serializer.index() as u32, &JsValue::UNDEFINED);
            }
            None => {
                let text = JsValue::from_str("the server chose no WAMP subprotocol");
                self.handler.text(Report::Violation, 0, &text);
                self.end();
            }
        }
    }

    fn message(&self, data: &JsValue) {
        let Some(serializer) = self.serializer.get() else { return };
        if data.is_string() != serializer.is_text() {
            let kind = if serializer.is_text() { "binary" } else { "text" };
            let words = [serializer.name(), " messages do not come in ", kind, " frames"].concat();
            self.act(None, |machine| machine.fail(words));
        } else if serializer.is_text() {
            let head = self.handler.parse(data);
            let received = wire::read(Reader::msgpack(&head));
            let decoded = received.is_some().then_some(&Decoded::Parsed);
            self.act(decoded, |machine| machine.handle(received.as_ref()));
        } else {
            // The tape first: it checks all of the message.
            let decoded = self.tape(serializer, Uint8Array::new(data).to_vec());
            let received = match &decoded {
                Some(Decoded::Tape { bytes, .. }) => wire::read(reader(serializer, bytes)),
                Some(Decoded::Parsed | Decoded::Text(_)) | None => None,
            };
            self.act(decoded.as_ref(), |machine| machine.handle(received.as_ref()));
        }
    }

    /// Lets the machine handle a frame, sends what it wants to say, and reports what it means.
    fn act(&self, decoded: Option<&Decoded>, handle: impl FnOnce(&mut Machine) -> Effect) {
        if let Some(message) = decoded.filter(|_| self.tracing.get()) {
            self.handler.message(Report::Received, message.length(), message);
        }
        // The guard is gone before anything is reported.
        let effect = self.machine.borrow_mut().as_mut().map(handle).unwrap_or_default();
        self.conclude(decoded, effect);
    }

    fn conclude(&self, decoded: Option<&Decoded>, effect: Effect) {
        self.flush();
        if let (Some((kind, number)), Some(message)) = (effect.report, decoded) {
            self.handler.message(kind, number, message);
        }
        if let Some(words) = effect.violation {
            self.handler.text(Report::Violation, 0, &JsValue::from_str(&words));
        }
        if effect.end {
            self.end();
        }
    }

    fn tape(&self, serializer: Serializer, bytes: Vec<u8>) -> Option<Decoded> {
        let tape = Tape::write(reader(serializer, &bytes), &mut self.keys.borrow_mut())?;
        Some(Decoded::Tape { tape, bytes })
    }

    /// Sends what the machine has to say.
    fn flush(&self) {
        let Some(serializer) = self.serializer.get() else { return };
        // The guard is gone before the frame is reported.
        // The guard is gone before the frame is reported.
        let Some(frame) = self.take_frame() else { return };
        let length = frame.len() as u32;
        let sent = match str::from_utf8(&frame) {
            Ok(text) if serializer.is_text() => {
                self.socket.send_text(text);
                self.tracing.get().then(|| Decoded::Text(text.into()))
            }
            _ => {
                self.socket.send_binary(&frame);
                self.tracing.get().then(|| self.tape(serializer, frame)).flatten()
            }
        };
        if let Some(message) = sent {
            self.handler.message(Report::Sent, length, &message);
        }
    }

    fn take_frame(&self) -> Option<Vec<u8>> {
        self.machine.borrow_mut().as_mut()?.take_frame()
    }

    /// The session is over: what was sent before still leaves, and nobody waits for the other side to close.
    pub(crate) fn end(&self) {
        self.socket.close();
        self.handler.text(Report::Closed, 1000, &JsValue::from_str(""));
    }

    /// Runs a command and sends what it makes. Returns the id of the request, or a number below zero that says why not.
    pub(crate) fn command(
        &self,
        run: &mut dyn FnMut(&mut Machine) -> Result<RequestId, Refusal>,
    ) -> f64 {
        let result = match self.machine.borrow_mut().as_mut() {
            Some(machine) => run(machine),
            None => Err(Refusal::Closed),
        };
        self.flush();
        match result {
            Ok(request) => request.get() as f64,
            Err(Refusal::Closed) => -1.0,
            Err(Refusal::Unsupported(_)) => -2.0,
            Err(_) => -3.0,
        }
    }

    /// The serializer, once the socket is open.
    pub(crate) const fn serializer(&self) -> Option<Serializer> {
        self.serializer.get()
    }
}

/// A reader of what is not JSON.
fn reader(serializer: Serializer, bytes: &[u8]) -> Reader<'_> {
    match serializer {
        Serializer::Cbor => Reader::cbor(bytes),
        Serializer::Json | Serializer::MsgPack => Reader::msgpack(bytes),
    }
}
