//! The boundary to JavaScript.

use crate::{
    connection::{Connection, Thrown},
    machine::Machine,
    report::Handler,
};
use bytes::Bytes;
use bytestring::ByteString;
use js_sys::TypeError;
use std::rc::Rc;
use wamplex_shared::{
    id::{RegistrationId, RequestId, SubscriptionId},
    message::{
        Abort, CallOptions, CancelMode, CloseDetails, ErrorDetails, Goodbye, Hello, HelloDetails,
        PublishOptions, RegisterOptions, SubscribeOptions, YieldOptions,
    },
    payload::Payload,
    roles::{Feature, Features, Role, Roles},
    uri::Uri,
};
use wasm_bindgen::prelude::*;
use web_sys::WebSocket;

/// One connection: a WebSocket and the session on it. Internal to the npm package.
///
/// All methods take `&self`, and none holds a borrow while JavaScript runs, since it comes back from inside a report.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Core {
    connection: Rc<Connection>,
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
        Self { connection: Connection::new(handler, socket) }
    }

    /// Reports what has happened to the socket already.
    pub fn start(&self) {
        self.connection.start();
    }

    /// Reports every message that is sent or received.
    pub fn trace(&self, on: bool) {
        self.connection.trace(on);
    }

    /// Sends HELLO. `authmethods` stand one on a line, `authextra` is a dictionary or empty.
    ///
    /// # Errors
    /// The socket is not open.
    pub fn hello(
        &self,
        realm: String,
        authmethods: &str,
        authid: Option<String>,
        authextra: Vec<u8>,
    ) -> Thrown {
        let serializer = self.connection.serializer()?;
        let details = HelloDetails {
            roles: roles(),
            agent: Some(ByteString::from_static(concat!("wamplex-js-", env!("CARGO_PKG_VERSION")))),
            authmethods: authmethods.lines().map(ByteString::from).collect(),
            authid: authid.map(ByteString::from),
            ..HelloDetails::default()
        };
        let hello = Hello { realm: Uri::new(realm), details };
        self.connection.begin(Machine::new(serializer, hello, authextra.into()));
        Ok(())
    }

    /// Answers a CHALLENGE; `extra` is a dictionary.
    pub fn authenticate(&self, signature: String, extra: Vec<u8>) {
        self.connection.with(|machine| machine.authenticate(signature, extra.into()));
    }

    /// Calls a procedure and returns the id of the request. `bytes` are the options up to `split`, then the payload.
    /// What the options say about progressive results and invocations has to be told in the flags too.
    ///
    /// # Errors
    /// The session is not open, or a feature is missing.
    #[allow(clippy::too_many_arguments)] // each is a plain number or text, and a struct would cross as an object
    pub fn call(
        &self,
        token: u32,
        procedure: String,
        receive_progress: bool,
        progress: bool,
        split: usize,
        shape: u8,
        bytes: Vec<u8>,
    ) -> Thrown<f64> {
        let (written, payload) = self.connection.parts(split, shape, bytes)?;
        let options = CallOptions { receive_progress, progress, ..CallOptions::default() };
        let request = self.connection.command(written, |session| {
            session.call(Uri::new(procedure), options, payload, None, token).map_err(|r| r.reason)
        })?;
        Ok(request.get() as f64)
    }

    /// Gives a call one more chunk of input, or the last one.
    ///
    /// # Errors
    /// The call takes no more, or the session is not open.
    #[wasm_bindgen(js_name = callMore)]
    pub fn call_more(
        &self,
        request: f64,
        last: bool,
        split: usize,
        shape: u8,
        bytes: Vec<u8>,
    ) -> Thrown {
        let (written, payload) = self.connection.parts(split, shape, bytes)?;
        let request = id(RequestId::new, request)?;
        self.connection.command(written, |session| {
            session.call_more(request, payload, last).map_err(|r| r.reason)
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
        self.connection.command(Bytes::new(), |session| {
            session.cancel(request, mode);
            session.abandon(request);
            Ok(())
        })
    }

    /// Publishes an event. There is a token if the options ask for an acknowledgement.
    ///
    /// # Errors
    /// The session is not open.
    pub fn publish(
        &self,
        token: Option<u32>,
        topic: String,
        split: usize,
        shape: u8,
        bytes: Vec<u8>,
    ) -> Thrown {
        let (written, payload) = self.connection.parts(split, shape, bytes)?;
        self.connection.command(written, |session| {
            let options = PublishOptions::default();
            session
                .publish(Uri::new(topic), options, payload, token)
                .map_err(|r| r.reason)
                .map(drop)
        })
    }

    /// Subscribes to a topic.
    ///
    /// # Errors
    /// The session is not open.
    pub fn subscribe(&self, token: u32, topic: String, options: Vec<u8>) -> Thrown {
        self.connection.command(options.into(), |session| {
            let options = SubscribeOptions::default();
            session.subscribe(Uri::new(topic), options, token).map_err(|r| r.reason).map(drop)
        })
    }

    /// Gives a subscription up.
    ///
    /// # Errors
    /// The session is not open.
    pub fn unsubscribe(&self, token: u32, subscription: f64) -> Thrown {
        let subscription = id(SubscriptionId::new, subscription)?;
        self.connection.command(Bytes::new(), |session| {
            session.unsubscribe(subscription, token).map_err(|r| r.reason).map(drop)
        })
    }

    /// Registers a procedure.
    ///
    /// # Errors
    /// The session is not open.
    pub fn register(&self, token: u32, procedure: String, options: Vec<u8>) -> Thrown {
        self.connection.command(options.into(), |session| {
            let options = RegisterOptions::default();
            session.register(Uri::new(procedure), options, token).map_err(|r| r.reason).map(drop)
        })
    }

    /// Gives a registration up.
    ///
    /// # Errors
    /// The session is not open.
    pub fn unregister(&self, token: u32, registration: f64) -> Thrown {
        let registration = id(RegistrationId::new, registration)?;
        self.connection.command(Bytes::new(), |session| {
            session.unregister(registration, token).map_err(|r| r.reason).map(drop)
        })
    }

    /// Answers an invocation with a result, or with a piece of one (which the options have to say, too).
    ///
    /// # Errors
    /// The session is not open.
    #[wasm_bindgen(js_name = yield)]
    pub fn yield_(
        &self,
        request: f64,
        progress: bool,
        split: usize,
        shape: u8,
        bytes: Vec<u8>,
    ) -> Thrown {
        let (written, payload) = self.connection.parts(split, shape, bytes)?;
        let request = id(RequestId::new, request)?;
        self.connection.command(written, |session| {
            session.yield_(request, YieldOptions { progress, ..YieldOptions::default() }, payload);
            Ok(())
        })
    }

    /// Answers an invocation with an error.
    ///
    /// # Errors
    /// The session is not open.
    pub fn fail(
        &self,
        request: f64,
        error: String,
        split: usize,
        shape: u8,
        bytes: Vec<u8>,
    ) -> Thrown {
        let (written, payload) = self.connection.parts(split, shape, bytes)?;
        let request = id(RequestId::new, request)?;
        self.connection.command(written, |session| {
            session.error(request, ErrorDetails::default(), Uri::new(error), payload);
            Ok(())
        })
    }

    /// Ends the session with ABORT and closes the socket.
    pub fn abort(&self, reason: String, message: String) {
        let details = CloseDetails::message(message);
        let abort = Abort { details, reason: Uri::new(reason), payload: Payload::NONE };
        self.connection.with(|machine| machine.abort(abort));
        self.connection.end();
    }

    /// Leaves the session with GOODBYE. When the router has answered, the socket is closed.
    pub fn leave(&self, reason: String, message: String) {
        let details = if message.is_empty() {
            CloseDetails::default()
        } else {
            CloseDetails::message(message)
        };
        let goodbye = Goodbye { details, reason: Uri::new(reason) };
        drop(self.connection.command(Bytes::new(), |session| {
            session.leave(goodbye);
            Ok(())
        }));
    }

    /// Closes the socket.
    pub fn close(&self) {
        self.connection.close();
    }
}

fn id<T>(new: impl FnOnce(u64) -> Option<T>, number: f64) -> Thrown<T> {
    new(number as u64).ok_or_else(|| TypeError::new("this is not an id").into())
}
