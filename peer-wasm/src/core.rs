//! The boundary to JavaScript.

use crate::{
    machine::{Machine, Output},
    report::{Decoded, Handler, Report},
    socket::{Input, Socket},
    tape::{Keys, Tape},
};
use bytes::Bytes;
use bytestring::ByteString;
use js_sys::{TypeError, Uint8Array};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wamplex_shared::{
    codec::{self, Options},
    error::ProtocolViolation,
    id::{RegistrationId, RequestId, SubscriptionId},
    message::{
        Abort, CallOptions, CancelMode, CloseDetails, ErrorDetails, Goodbye, Hello, HelloDetails,
        PublishOptions, RegisterOptions, SubscribeOptions, YieldOptions,
    },
    payload::{Payload, PayloadShape},
    roles::{Feature, Features, Role, Roles},
    serializer::Serializer,
    session::Session,
    uri::Uri,
};
use wasm_bindgen::prelude::*;
use web_sys::WebSocket;

type Thrown<T = ()> = Result<T, JsValue>;

/// One connection: a WebSocket and the session on it. Internal to the npm package.
///
/// All methods take `&self`, and none holds a borrow while JavaScript runs, since it comes back from inside a report.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Core {
    inner: Rc<Inner>,
}

#[derive(Debug)]
struct Inner {
    handler: Handler,
    socket: Socket,
    /// Known once the socket is open.
    serializer: Cell<Option<Serializer>>,
    machine: RefCell<Option<Machine>>,
    keys: RefCell<Keys>,
    tracing: Cell<bool>,
}

/// What this client can do.
fn roles() -> Roles {
    use Feature as F;
    Roles::default()
        .with(
            Role::Publisher,
            Features::of(&[
                F::PublisherIdentification,
                F::PublisherExclusion,
                F::SubscriberBlackwhiteListing,
            ]),
        )
        .with(
            Role::Subscriber,
            Features::of(&[
                F::PublisherIdentification,
                F::PatternBasedSubscription,
                F::SubscriptionRevocation,
            ]),
        )
        .with(
            Role::Caller,
            Features::of(&[
                F::ProgressiveCallResults,
                F::ProgressiveCallInvocations,
                F::CallTimeout,
                F::CallCanceling,
                F::CallerIdentification,
            ]),
        )
        .with(
            Role::Callee,
            Features::of(&[
                F::ProgressiveCallResults,
                F::ProgressiveCallInvocations,
                F::CallCanceling,
                F::CallerIdentification,
                F::PatternBasedRegistration,
                F::SharedRegistration,
                F::RegistrationRevocation,
            ]),
        )
}

#[wasm_bindgen]
impl Core {
    /// Listens to a socket that is opening or open. Nothing is reported before [`start`](Self::start).
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(handler: Handler, socket: WebSocket) -> Self {
        let inner = Rc::new_cyclic(|inner: &std::rc::Weak<Inner>| {
            let inner = inner.clone();
            let handle = move |input| {
                if let Some(inner) = inner.upgrade() {
                    inner.input(input);
                }
            };
            Inner {
                handler,
                socket: Socket::new(socket, handle),
                serializer: Cell::new(None),
                machine: RefCell::new(None),
                keys: RefCell::default(),
                tracing: Cell::new(false),
            }
        });
        Self { inner }
    }

    /// Reports what has happened to the socket already.
    pub fn start(&self) {
        if self.inner.socket.is_open() {
            self.inner.input(Input::Open);
        } else if self.inner.socket.is_closed() {
            self.inner.input(Input::Closed { code: 1006, reason: String::new() });
        }
    }

    /// Reports every message that is sent or received.
    pub fn trace(&self, on: bool) {
        self.inner.tracing.set(on);
    }

    /// Sends HELLO. What this client can do is added to the details.
    ///
    /// # Errors
    /// The details are not what they should be, or the socket is not open.
    pub fn hello(&self, realm: String, details: Vec<u8>) -> Thrown {
        let (serializer, mut details) = self.inner.options::<HelloDetails>(details)?;
        details.roles = roles();
        details.agent =
            Some(ByteString::from_static(concat!("wamplex-js-", env!("CARGO_PKG_VERSION"))));
        let hello = Hello { realm: uri(realm), details };
        self.inner.machine.replace(Some(Machine::new(serializer, hello)));
        self.inner.flush();
        Ok(())
    }

    /// Answers a CHALLENGE. The extra data stand in the payload, as keyword arguments.
    ///
    /// # Errors
    /// The extra data are no dictionary.
    pub fn authenticate(
        &self,
        signature: String,
        split: usize,
        shape: u8,
        bytes: Vec<u8>,
    ) -> Thrown {
        let (_, payload) = self.inner.parts::<YieldOptions>(split, shape, bytes)?;
        let (_, extra) = codec::read_values(&payload).map_err(wrong)?;
        if let Some(joiner) = self.inner.machine.borrow_mut().as_mut().and_then(Machine::joiner) {
            joiner.authenticate(signature, extra);
        }
        self.inner.flush();
        Ok(())
    }

    /// Calls a procedure and returns the id of the request. `bytes` are the options up to `split`, then the payload.
    ///
    /// # Errors
    /// The options are not what they should be, or the session is not open.
    pub fn call(
        &self,
        token: u32,
        procedure: String,
        split: usize,
        shape: u8,
        bytes: Vec<u8>,
    ) -> Thrown<f64> {
        let (options, payload) = self.inner.parts::<CallOptions>(split, shape, bytes)?;
        let request = self.inner.command(|session| {
            session
                .call(uri(procedure), options, payload, None, token)
                .map_err(|r| refused(r.reason))
        })?;
        Ok(request.get() as f64)
    }

    /// Gives a call one more chunk of input.
    ///
    /// # Errors
    /// The call takes no more, or the session is not open.
    #[wasm_bindgen(js_name = callMore)]
    pub fn call_more(&self, request: f64, split: usize, shape: u8, bytes: Vec<u8>) -> Thrown {
        let (options, payload) = self.inner.parts::<CallOptions>(split, shape, bytes)?;
        let request = id(RequestId::new, request)?;
        self.inner.command(|session| {
            session.call_more(request, payload, !options.progress).map_err(|r| refused(r.reason))
        })
    }

    /// Cancels a call; its answer is swallowed when it comes.
    ///
    /// # Errors
    /// The mode is none of the three.
    pub fn cancel(&self, request: f64, mode: &str) -> Thrown {
        let mode = CancelMode::from_name(mode)
            .ok_or_else(|| TypeError::new("cancelMode must be 'skip', 'kill' or 'killnowait'"))?;
        let request = id(RequestId::new, request)?;
        self.inner.command(|session| {
            session.cancel(request, mode);
            session.abandon(request);
            Ok(())
        })
    }

    /// Publishes an event. The token comes back only if `options.acknowledge` is set.
    ///
    /// # Errors
    /// The options are not what they should be, or the session is not open.
    pub fn publish(
        &self,
        token: u32,
        topic: String,
        split: usize,
        shape: u8,
        bytes: Vec<u8>,
    ) -> Thrown {
        let (options, payload) = self.inner.parts::<PublishOptions>(split, shape, bytes)?;
        let token = options.acknowledge.then_some(token);
        self.inner.command(|session| {
            session
                .publish(uri(topic), options, payload, token)
                .map_err(|r| refused(r.reason))
                .map(drop)
        })
    }

    /// Subscribes to a topic.
    ///
    /// # Errors
    /// The options are not what they should be, or the session is not open.
    pub fn subscribe(&self, token: u32, topic: String, options: Vec<u8>) -> Thrown {
        let (_, options) = self.inner.options::<SubscribeOptions>(options)?;
        self.inner.command(|session| {
            session.subscribe(uri(topic), options, token).map_err(|r| refused(r.reason)).map(drop)
        })
    }

    /// Gives a subscription up.
    ///
    /// # Errors
    /// The session is not open.
    pub fn unsubscribe(&self, token: u32, subscription: f64) -> Thrown {
        let subscription = id(SubscriptionId::new, subscription)?;
        self.inner.command(|session| {
            session.unsubscribe(subscription, token).map_err(|r| refused(r.reason)).map(drop)
        })
    }

    /// Registers a procedure.
    ///
    /// # Errors
    /// The options are not what they should be, or the session is not open.
    pub fn register(&self, token: u32, procedure: String, options: Vec<u8>) -> Thrown {
        let (_, options) = self.inner.options::<RegisterOptions>(options)?;
        self.inner.command(|session| {
            session
                .register(uri(procedure), options, token)
                .map_err(|r| refused(r.reason))
                .map(drop)
        })
    }

    /// Gives a registration up.
    ///
    /// # Errors
    /// The session is not open.
    pub fn unregister(&self, token: u32, registration: f64) -> Thrown {
        let registration = id(RegistrationId::new, registration)?;
        self.inner.command(|session| {
            session.unregister(registration, token).map_err(|r| refused(r.reason)).map(drop)
        })
    }

    /// Answers an invocation with a result or a piece of one.
    ///
    /// # Errors
    /// The options are not what they should be, or the session is not open.
    #[wasm_bindgen(js_name = yield)]
    pub fn yield_(&self, request: f64, split: usize, shape: u8, bytes: Vec<u8>) -> Thrown {
        let (options, payload) = self.inner.parts::<YieldOptions>(split, shape, bytes)?;
        let request = id(RequestId::new, request)?;
        self.inner.command(|session| {
            session.yield_(request, options, payload);
            Ok(())
        })
    }

    /// Answers an invocation with an error.
    ///
    /// # Errors
    /// The details are not what they should be, or the session is not open.
    pub fn fail(
        &self,
        request: f64,
        error: String,
        split: usize,
        shape: u8,
        bytes: Vec<u8>,
    ) -> Thrown {
        let (details, payload) = self.inner.parts::<ErrorDetails>(split, shape, bytes)?;
        let request = id(RequestId::new, request)?;
        self.inner.command(|session| {
            session.error(request, details, uri(error), payload);
            Ok(())
        })
    }

    /// Ends the session with ABORT and closes the socket.
    pub fn abort(&self, reason: String, message: String) {
        let details = CloseDetails::message(message);
        let abort = Abort { details, reason: uri(reason), payload: Payload::NONE };
        if let Some(machine) = self.inner.machine.borrow_mut().as_mut() {
            machine.abort(abort);
        }
        self.inner.flush();
        self.inner.end();
    }

    /// Leaves the session with GOODBYE. When the router has answered, the socket is closed.
    pub fn leave(&self, reason: String, message: String) {
        let details = if message.is_empty() {
            CloseDetails::default()
        } else {
            CloseDetails::message(message)
        };
        let goodbye = Goodbye { details, reason: uri(reason) };
        drop(self.inner.command(|session| {
            session.leave(goodbye);
            Ok(())
        }));
    }

    /// Closes the socket.
    pub fn close(&self) {
        self.inner.socket.close();
    }
}

impl Inner {
    fn input(&self, input: Input) {
        match input {
            Input::Open => self.opened(),
            Input::Message(data) => self.message(data),
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

    fn message(&self, data: JsValue) {
        let Some(serializer) = self.serializer.get() else { return };
        let Some(frame) = frame(serializer, &data) else {
            let kind = if serializer.is_text() { "binary" } else { "text" };
            return self.act(serializer, None, |machine| {
                machine.fail(ProtocolViolation::FrameType { serializer, kind })
            });
        };
        let frame = (frame, data);
        self.act(serializer, Some(&frame), |machine| machine.handle_frame(&frame.0));
    }

    /// Lets the machine handle a frame, sends what it wants to say, and reports what it means.
    fn act(
        &self,
        serializer: Serializer,
        frame: Option<&(Bytes, JsValue)>,
        handle: impl FnOnce(&mut Machine) -> Vec<Output>,
    ) {
        // The guard is gone before anything is reported.
        let outputs = self.machine.borrow_mut().as_mut().map(handle).unwrap_or_default();
        let mut decoded = None;
        let mut report = |kind, number| {
            let Some((bytes, data)) = frame else { return };
            if decoded.is_none() {
                decoded = self.decode(serializer, bytes, || data.clone());
            }
            if let Some(message) = &decoded {
                self.handler.message(kind, number, message);
            }
        };
        if self.tracing.get() {
            report(Report::Received, frame.map_or(0, |f| f.0.len() as u32));
        }
        self.flush();
        for output in outputs {
            match output {
                Output::Message(kind, number) => report(kind, number),
                Output::Violation(violation) => {
                    self.handler.text(Report::Violation, 0, &violation.to_string().into());
                }
                Output::End => self.end(),
            }
        }
    }

    /// The message for JavaScript; `None` if it is none, which the machine has found out too.
    fn decode(
        &self,
        serializer: Serializer,
        frame: &[u8],
        text: impl FnOnce() -> JsValue,
    ) -> Option<Decoded> {
        if serializer.is_text() {
            return Some(Decoded::Text(text()));
        }
        Tape::write(serializer, frame, &mut self.keys.borrow_mut()).map(Decoded::Tape)
    }

    /// Sends all that the machine has to say.
    fn flush(&self) {
        let Some(serializer) = self.serializer.get() else { return };
        // The guard is gone before the frame is reported.
        while let Some(frame) = self.poll_frame() {
            self.socket.send(serializer, &frame);
            if self.tracing.get() {
                let text = || JsValue::from_str(&String::from_utf8_lossy(&frame));
                if let Some(message) = self.decode(serializer, &frame, text) {
                    self.handler.message(Report::Sent, frame.len() as u32, &message);
                }
            }
        }
    }

    fn poll_frame(&self) -> Option<Bytes> {
        self.machine.borrow_mut().as_mut()?.poll_frame()
    }

    /// The session is over: what was sent before still leaves, and nobody waits for the other side to close.
    fn end(&self) {
        self.socket.close();
        self.handler.text(Report::Closed, 1000, &JsValue::from_str(""));
    }

    fn command<R>(&self, run: impl FnOnce(&mut Session<u32>) -> Thrown<R>) -> Thrown<R> {
        let result = match self.machine.borrow_mut().as_mut().and_then(Machine::session) {
            Some(session) => run(session),
            None => Err(TypeError::new("the session is not open").into()),
        };
        self.flush();
        result
    }

    fn serializer(&self) -> Thrown<Serializer> {
        self.serializer.get().ok_or_else(|| TypeError::new("the socket is not open").into())
    }

    fn options<O: Options>(&self, bytes: Vec<u8>) -> Thrown<(Serializer, O)> {
        let serializer = self.serializer()?;
        let options = codec::read_options(serializer, &bytes.into()).map_err(wrong)?;
        Ok((serializer, options))
    }

    /// Options and payload that were written one behind the other.
    fn parts<O: Options>(&self, split: usize, shape: u8, bytes: Vec<u8>) -> Thrown<(O, Payload)> {
        let mut options = Bytes::from(bytes);
        let payload = options.split_off(split.min(options.len()));
        let serializer = self.serializer()?;
        let shape = match shape {
            0 => PayloadShape::None,
            1 => PayloadShape::Args,
            _ => PayloadShape::ArgsKwargs,
        };
        let options = codec::read_options(serializer, &options).map_err(wrong)?;
        Ok((options, Payload::from_encoded(serializer, shape, payload)))
    }
}

/// The bytes of a frame; `None` if it is of the wrong type for the serializer.
fn frame(serializer: Serializer, data: &JsValue) -> Option<Bytes> {
    match data.as_string() {
        Some(text) => serializer.is_text().then(|| Bytes::from(text)),
        None => (!serializer.is_text()).then(|| Bytes::from(Uint8Array::new(data).to_vec())),
    }
}

fn uri(text: String) -> Uri {
    Uri::new(text)
}

fn id<T>(new: impl FnOnce(u64) -> Option<T>, number: f64) -> Thrown<T> {
    new(number as u64).ok_or_else(|| TypeError::new("this is not an id").into())
}

fn wrong(error: wamplex_shared::error::DecodeError) -> JsValue {
    TypeError::new(&error.kind.to_string()).into()
}

fn refused(reason: wamplex_shared::session::Refusal) -> JsValue {
    TypeError::new(&reason.to_string()).into()
}
