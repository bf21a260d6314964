//! The boundary to JavaScript.

use crate::{
    connection::Connection,
    machine::Machine,
    report::Handler,
    wire::{Hello, Written},
};
use alloc::rc::Rc;
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
                F::PayloadPassthruMode,
            ]),
        )
        .with(
            Role::Subscriber,
            Features::of(&[
                F::PublisherIdentification,
                F::PatternBasedSubscription,
                F::SubscriptionRevocation,
                F::PayloadPassthruMode,
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
                F::PayloadPassthruMode,
            ]),
        )
        .with(
            Role::Callee,
            Features::of(&[
                F::ProgressiveCallResults,
                F::ProgressiveCallInvocations,
                F::CallTimeout,
                F::CallCanceling,
                F::CallerIdentification,
                F::PatternBasedRegistration,
                F::SharedRegistration,
                F::RegistrationRevocation,
                F::PayloadPassthruMode,
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

    /// Sends HELLO. `authmethods` stand one on a line, `authid` may be empty, `authextra` is a dictionary or empty.
    pub fn hello(&self, realm: &str, authmethods: &str, authid: &str, authextra: &[u8]) {
        let Some(serializer) = self.connection.serializer() else { return };
        let hello = Hello {
            realm,
            roles: &ROLES,
            agent: concat!("wamplex-js-", env!("CARGO_PKG_VERSION")),
            authmethods,
            authid: some(authid),
            authextra,
        };
        self.connection.begin(Machine::new(serializer, &hello));
    }

    /// Answers a CHALLENGE; `extra` is a dictionary.
    pub fn authenticate(&self, signature: &str, extra: &[u8]) {
        self.connection.with(&mut |machine| machine.authenticate(signature, extra));
    }

    /// Sends the request of which `kind` is the code: PUBLISH, SUBSCRIBE, CALL or REGISTER. There is a token unless
    /// nobody waits for an answer. `bytes` are the options up to `split`, then the payload, as for all commands.
    ///
    /// Of a CALL the flags say again what the options say: 1 for `receive_progress`, 2 for `progress`.
    #[allow(clippy::too_many_arguments)] // each is a plain number or text, and a struct would cross as an object
    pub fn request(
        &self,
        kind: u32,
        token: Option<u32>,
        uri: &str,
        flags: u8,
        split: usize,
        shape: u8,
        bytes: &[u8],
    ) -> f64 {
        let written = written(split, shape, bytes);
        self.connection.command(&mut |machine| {
            let kind = code(kind)?;
            machine.request(kind, token, uri, flags & 1 != 0, flags & 2 != 0, written)
        })
    }

    /// Gives a call one more chunk of input, or the last one.
    #[wasm_bindgen(js_name = callMore)]
    pub fn call_more(
        &self,
        request: f64,
        procedure: &str,
        last: bool,
        split: usize,
        shape: u8,
        bytes: &[u8],
    ) -> f64 {
        let written = written(split, shape, bytes);
        self.connection
            .command(&mut |machine| machine.call_more(id(request)?, procedure, last, written))
    }

    /// Cancels a call, with 0 for `skip`, 1 for `kill` or 2 for `killnowait`; its answer is swallowed when it comes,
    /// but is reported with 3, which is `kill`, too.
    pub fn cancel(&self, request: f64, mode: u8) -> f64 {
        let waits = mode == 3;
        let mode = match mode {
            0 => CancelMode::Skip,
            1 | 3 => CancelMode::Kill,
            _ => CancelMode::KillNoWait,
        };
        self.connection.command(&mut |machine| machine.cancel(id(request)?, mode, waits))
    }

    /// Gives a subscription or registration up: `kind` is the code of UNSUBSCRIBE or UNREGISTER.
    #[wasm_bindgen(js_name = giveUp)]
    pub fn give_up(&self, kind: u32, token: u32, of: f64) -> f64 {
        self.connection.command(&mut |machine| machine.give_up(code(kind)?, token, id(of)?.get()))
    }

    /// Answers an invocation: 0 with a result, 1 with a piece of one (which the options have to say, too), 2 with an
    /// error, which alone has a URI.
    pub fn answer(
        &self,
        request: f64,
        kind: u8,
        error: &str,
        split: usize,
        shape: u8,
        bytes: &[u8],
    ) -> f64 {
        let written = written(split, shape, bytes);
        let error = if kind == 2 { Some(error) } else { None };
        self.connection
            .command(&mut |machine| machine.answer(id(request)?, kind == 1, error, written))
    }

    /// Ends the session with ABORT and closes the socket.
    pub fn abort(&self, reason: &str, message: &str) {
        self.connection.with(&mut |machine| machine.abort(reason, message));
        self.connection.end();
    }

    /// Leaves the session with GOODBYE. When the router has answered, the socket is closed.
    pub fn leave(&self, reason: &str, message: &str) {
        self.connection.with(&mut |machine| machine.leave(reason, some(message)));
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

/// A text that is there unless it is empty.
const fn some(text: &str) -> Option<&str> {
    if text.is_empty() { None } else { Some(text) }
}

/// What JavaScript names a kind of message by.
fn code(code: u32) -> Result<MessageCode, Refusal> {
    MessageCode::from_u64(code.into()).ok_or(Refusal::NotContinued)
}

/// An id that JavaScript was given before.
fn id(number: f64) -> Result<RequestId, Refusal> {
    RequestId::new(number as u64).ok_or(Refusal::NotContinued)
}
