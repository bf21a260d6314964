//! The boundary to JavaScript.

use crate::{
    connection::Connection,
    machine::Machine,
    report::Handler,
    wire::{Hello, Written},
};
use alloc::{rc::Rc, string::String};
use wamplex_shared::{
    id::RequestId,
    message::{CancelMode, MessageCode},
    roles::{Feature, Features, Role, Roles},
    session::Refusal,
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
const ROLES: Roles = {
    use Feature as F;
    Roles::NONE
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
};

/// Commands return the id of the request, or a number below zero that `npm/src/core.ts` has words for.
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
    #[allow(clippy::needless_pass_by_value)] // an optional text crosses only as a value
    pub fn hello(&self, realm: &str, authmethods: &str, authid: Option<String>, authextra: &[u8]) {
        let Some(serializer) = self.connection.serializer() else { return };
        let hello = Hello {
            realm,
            roles: &ROLES,
            agent: concat!("wamplex-js-", env!("CARGO_PKG_VERSION")),
            authmethods,
            authid: authid.as_deref(),
            authextra,
        };
        self.connection.begin(Machine::new(serializer, &hello));
    }

    /// Answers a CHALLENGE; `extra` is a dictionary.
    pub fn authenticate(&self, signature: &str, extra: &[u8]) {
        self.connection.with(&mut |machine| machine.authenticate(signature, extra));
    }

    /// Calls a procedure. `bytes` are the options up to `split`, then the payload, as for all commands. What the
    /// options say about progressive results and invocations has to be told in the flags too.
    #[allow(clippy::too_many_arguments)] // each is a plain number or text, and a struct would cross as an object
    pub fn call(
        &self,
        token: u32,
        procedure: &str,
        receive_progress: bool,
        progress: bool,
        split: usize,
        shape: u8,
        bytes: &[u8],
    ) -> f64 {
        let written = written(split, shape, bytes);
        self.connection.command(&mut |machine| {
            machine.call(token, procedure, receive_progress, progress, written)
        })
    }

    /// Gives a call one more chunk of input, or the last one.
    #[wasm_bindgen(js_name = callMore)]
    pub fn call_more(
        &self,
        request: f64,
        last: bool,
        split: usize,
        shape: u8,
        bytes: &[u8],
    ) -> f64 {
        let written = written(split, shape, bytes);
        self.connection.command(&mut |machine| machine.call_more(id(request)?, last, written))
    }

    /// Cancels a call, with 0 for `skip`, 1 for `kill` or 2 for `killnowait`; its answer is swallowed when it comes.
    pub fn cancel(&self, request: f64, mode: u8) -> f64 {
        let mode = match mode {
            0 => CancelMode::Skip,
            1 => CancelMode::Kill,
            _ => CancelMode::KillNoWait,
        };
        self.connection.command(&mut |machine| machine.cancel(id(request)?, mode))
    }

    /// Publishes an event. There is a token if the options ask for an acknowledgement.
    pub fn publish(
        &self,
        token: Option<u32>,
        topic: &str,
        split: usize,
        shape: u8,
        bytes: &[u8],
    ) -> f64 {
        let written = written(split, shape, bytes);
        self.connection
            .command(&mut |machine| machine.request(MessageCode::Publish, token, topic, written))
    }

    /// Subscribes to a topic.
    pub fn subscribe(&self, token: u32, topic: &str, options: &[u8]) -> f64 {
        let written = Written { options, ..Written::default() };
        self.connection.command(&mut |machine| {
            machine.request(MessageCode::Subscribe, Some(token), topic, written)
        })
    }

    /// Gives a subscription up.
    pub fn unsubscribe(&self, token: u32, subscription: f64) -> f64 {
        self.connection.command(&mut |machine| {
            machine.give_up(MessageCode::Unsubscribe, token, id(subscription)?.get())
        })
    }

    /// Registers a procedure.
    pub fn register(&self, token: u32, procedure: &str, options: &[u8]) -> f64 {
        let written = Written { options, ..Written::default() };
        self.connection.command(&mut |machine| {
            machine.request(MessageCode::Register, Some(token), procedure, written)
        })
    }

    /// Gives a registration up.
    pub fn unregister(&self, token: u32, registration: f64) -> f64 {
        self.connection.command(&mut |machine| {
            machine.give_up(MessageCode::Unregister, token, id(registration)?.get())
        })
    }

    /// Answers an invocation with a result, or with a piece of one (which the options have to say, too).
    #[wasm_bindgen(js_name = yield)]
    pub fn yield_(
        &self,
        request: f64,
        progress: bool,
        split: usize,
        shape: u8,
        bytes: &[u8],
    ) -> f64 {
        let written = written(split, shape, bytes);
        self.connection
            .command(&mut |machine| machine.answer(id(request)?, progress, None, written))
    }

    /// Answers an invocation with an error.
    pub fn fail(&self, request: f64, error: &str, split: usize, shape: u8, bytes: &[u8]) -> f64 {
        let written = written(split, shape, bytes);
        self.connection
            .command(&mut |machine| machine.answer(id(request)?, false, Some(error), written))
    }

    /// Ends the session with ABORT and closes the socket.
    pub fn abort(&self, reason: &str, message: &str) {
        self.connection.with(&mut |machine| machine.abort(reason, message));
        self.connection.end();
    }

    /// Leaves the session with GOODBYE. When the router has answered, the socket is closed.
    pub fn leave(&self, reason: &str, message: &str) {
        let message = if message.is_empty() { None } else { Some(message) };
        self.connection.with(&mut |machine| machine.leave(reason, message));
    }

    /// Closes the socket.
    pub fn close(&self) {
        self.connection.close();
    }
}

/// Options and payload that were written one behind the other.
fn written(split: usize, shape: u8, bytes: &[u8]) -> Written<'_> {
    let (options, payload) = bytes.split_at_checked(split).unwrap_or_default();
    Written { options, payload, elements: shape.into() }
}

/// An id that JavaScript was given before.
fn id(number: f64) -> Result<RequestId, Refusal> {
    RequestId::new(number as u64).ok_or(Refusal::NotContinued)
}
