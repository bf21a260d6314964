//! One connection: a socket, the session machine on it, and reports to JavaScript.

use crate::{
    machine::{Machine, Output},
    report::{Decoded, Handler, Report},
    socket::{Input, Socket},
    tape::{Keys, Tape},
    wire::{self, Reader},
};
use bytes::Bytes;
use js_sys::{TypeError, Uint8Array};
use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};
use wamplex_shared::{
    error::ProtocolViolation,
    payload::{Payload, PayloadShape},
    serializer::Serializer,
    session::{Refusal, Session},
};
use wasm_bindgen::JsValue;
use web_sys::WebSocket;

/// What JavaScript gets or catches.
pub(crate) type Thrown<T = ()> = Result<T, JsValue>;

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
    pub(crate) fn with(&self, run: impl FnOnce(&mut Machine)) {
        self.machine.borrow_mut().as_mut().map(run);
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
            let violation = ProtocolViolation::FrameType { serializer, kind };
            return self.act(None, |machine| machine.fail(violation));
        }
        if serializer.is_text() {
            let head = self.handler.parse(data);
            let message = wire::read(Reader::msgpack(&head));
            let decoded = message.is_some().then_some((Decoded::Parsed, 0));
            return self.act(decoded.as_ref(), |machine| machine.handle(message));
        }
        let bytes = Bytes::from(Uint8Array::new(data).to_vec());
        let length = bytes.len() as u32;
        // The tape first: it checks all of the message.
        let decoded = self.tape(serializer, &bytes).map(|decoded| (decoded, length));
        let message = decoded.as_ref().and_then(|_| wire::read(reader(serializer, &bytes)));
        self.act(decoded.as_ref(), |machine| machine.handle(message));
    }

    /// Lets the machine handle a frame, sends what it wants to say, and reports what it means. With the decoded message
    /// comes the length of its frame.
    fn act(
        &self,
        decoded: Option<&(Decoded, u32)>,
        handle: impl FnOnce(&mut Machine) -> Vec<Output>,
    ) {
        if let Some((message, length)) = decoded.filter(|_| self.tracing.get()) {
            self.handler.message(Report::Received, *length, message);
        }
        // The guard is gone before anything is reported.
        let outputs = self.machine.borrow_mut().as_mut().map(handle).unwrap_or_default();
        self.flush();
        for output in outputs {
            match (output, decoded) {
                (Output::Message(kind, number), Some((message, _))) => {
                    self.handler.message(kind, number, message);
                }
                (Output::Message(..), None) => {}
                (Output::Violation(violation), _) => {
                    self.handler.text(Report::Violation, 0, &violation.to_string().into());
                }
                (Output::End, _) => self.end(),
            }
        }
    }

    fn tape(&self, serializer: Serializer, bytes: &Bytes) -> Option<Decoded> {
        let tape = Tape::write(reader(serializer, bytes), &mut self.keys.borrow_mut())?;
        Some(Decoded::Tape { tape, _bytes: bytes.clone() })
    }

    /// Sends all that the machine has to say.
    fn flush(&self) {
        let Some(serializer) = self.serializer.get() else { return };
        // The guard is gone before the frame is reported.
        while let Some(frame) = self.poll_frame() {
            let sent = match str::from_utf8(&frame) {
                Ok(text) if serializer.is_text() => {
                    self.socket.send_text(text);
                    self.tracing.get().then(|| Decoded::Text(text.into()))
                }
                _ => {
                    self.socket.send_binary(&frame);
                    self.tracing.get().then(|| self.tape(serializer, &frame)).flatten()
                }
            };
            if let Some(message) = sent {
                self.handler.message(Report::Sent, frame.len() as u32, &message);
            }
        }
    }

    fn poll_frame(&self) -> Option<Bytes> {
        self.machine.borrow_mut().as_mut()?.poll_frame()
    }

    /// The session is over: what was sent before still leaves, and nobody waits for the other side to close.
    pub(crate) fn end(&self) {
        self.socket.close();
        self.handler.text(Report::Closed, 1000, &JsValue::from_str(""));
    }

    /// Runs a command of the session and sends what it makes, with these options.
    pub(crate) fn command<R>(
        &self,
        options: Bytes,
        run: impl FnOnce(&mut Session<u32>) -> Result<R, Refusal>,
    ) -> Thrown<R> {
        let mut result = Err(Refusal::Closed);
        self.with(|machine| {
            if let Some(session) = machine.session(options) {
                result = run(session);
            }
        });
        result.map_err(|refusal| TypeError::new(&refusal.to_string()).into())
    }

    pub(crate) fn serializer(&self) -> Thrown<Serializer> {
        self.serializer.get().ok_or_else(|| TypeError::new("the socket is not open").into())
    }

    /// Options and payload that were written one behind the other.
    pub(crate) fn parts(
        &self,
        split: usize,
        shape: u8,
        bytes: Vec<u8>,
    ) -> Thrown<(Bytes, Payload)> {
        let mut options = Bytes::from(bytes);
        let payload = options.split_off(split.min(options.len()));
        let shape = match shape {
            0 => PayloadShape::None,
            1 => PayloadShape::Args,
            _ => PayloadShape::ArgsKwargs,
        };
        Ok((options, Payload::from_encoded(self.serializer()?, shape, payload)))
    }
}

/// A reader of what is not JSON.
fn reader(serializer: Serializer, bytes: &Bytes) -> Reader<'_> {
    match serializer {
        Serializer::Cbor => Reader::cbor(bytes),
        Serializer::Json | Serializer::MsgPack => Reader::msgpack(bytes),
    }
}
