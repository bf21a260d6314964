//! The session machines of one connection, and which message means what to JavaScript.

use crate::{
    report::Report,
    wire::{self, Received, Written},
};
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use wamplex_shared::{
    error::ProtocolViolation,
    id::RequestId,
    message::{CancelMode, MessageCode},
    roles::{Feature, Role, Roles},
    serializer::Serializer,
    session::{Head, Joining, Ledger, Outcome, Refusal},
    uris,
};

/// HELLO to GOODBYE. The token of a request is a number that JavaScript chose.
#[derive(Debug)]
pub(crate) struct Machine {
    serializer: Serializer,
    state: State,
    /// What the last command or message has to have sent. Each is followed by sending it, so there is never more.
    frame: Option<Vec<u8>>,
}

#[derive(Debug)]
enum State {
    Joining {
        joining: Joining,
        ours: Roles,
        /// Those of HELLO, one on a line.
        authmethods: String,
    },
    Open(Ledger<Request>),
    Over,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    token: u32,
    /// A call that takes more arguments.
    more: bool,
}

/// What is to be done about a frame, in this order.
#[derive(Debug, Default)]
pub(crate) struct Effect {
    /// Report the message that the frame held, with this number.
    pub(crate) report: Option<(Report, u32)>,
    /// Report that the router broke the protocol, in these words.
    pub(crate) violation: Option<String>,
    /// Close the socket.
    pub(crate) end: bool,
}

impl Effect {
    fn report(report: Report, number: u32) -> Self {
        Self { report: Some((report, number)), ..Self::default() }
    }
}

/// Commands.
impl Machine {
    /// Begins with HELLO.
    pub(crate) fn new(serializer: Serializer, hello: &wire::Hello<'_>) -> Self {
        let state = State::Joining {
            joining: Joining::Waiting,
            ours: *hello.roles,
            authmethods: hello.authmethods.to_owned(),
        };
        Self { serializer, state, frame: Some(wire::hello(serializer, hello)) }
    }

    /// Answers a CHALLENGE; `extra` is a dictionary as JavaScript has written it.
    pub(crate) fn authenticate(&mut self, signature: &str, extra: &[u8]) {
        if let State::Joining { joining, .. } = &mut self.state
            && joining.answer()
        {
            self.frame = Some(wire::authenticate(self.serializer, signature, extra));
        }
    }

    /// PUBLISH, SUBSCRIBE, CALL or REGISTER. Without a token nobody waits for an answer. With `progress` more arguments
    /// may follow.
    pub(crate) fn request(
        &mut self,
        kind: MessageCode,
        token: Option<u32>,
        uri: &str,
        receive_progress: bool,
        progress: bool,
        written: Written<'_>,
    ) -> Result<RequestId, Refusal> {
        let ledger = self.ledger()?;
        if progress {
            let feature = Feature::ProgressiveCallInvocations;
            ledger.check_feature(Role::Caller, Role::Dealer, feature)?;
        }
        let entry = token.map(|token| Request { token, more: progress });
        let request = match entry {
            Some(entry) if kind == MessageCode::Call => ledger.call(receive_progress, entry),
            Some(entry) => ledger.request(kind, entry),
            None => ledger.unanswered(),
        };
        self.send(&[wire::code(kind), request.get()], Some(uri), written);
        Ok(request)
    }

    /// UNSUBSCRIBE or UNREGISTER.
    pub(crate) fn give_up(
        &mut self,
        kind: MessageCode,
        token: u32,
        of: u64,
    ) -> Result<RequestId, Refusal> {
        let request = self.ledger()?.request(kind, Request { token, more: false });
        let numbers = [wire::code(kind), request.get(), of];
        self.frame = Some(wire::numbers(self.serializer, &numbers));
        Ok(request)
    }

    /// More arguments for a call, or the last ones.
    pub(crate) fn call_more(
        &mut self,
        request: RequestId,
        procedure: &str,
        last: bool,
        written: Written<'_>,
    ) -> Result<RequestId, Refusal> {
        let entry = self.ledger()?.token_mut(request);
        let entry = entry.filter(|entry| entry.more).ok_or(Refusal::NotContinued)?;
        entry.more = !last;
        let numbers = [wire::code(MessageCode::Call), request.get()];
        self.send(&numbers, Some(procedure), written);
        Ok(request)
    }

    /// Cancels a call, whose answer is then swallowed unless somebody `waits` for it.
    pub(crate) fn cancel(
        &mut self,
        request: RequestId,
        mode: CancelMode,
        waits: bool,
    ) -> Result<RequestId, Refusal> {
        let ledger = self.ledger()?;
        let sends = ledger.cancel(request, mode);
        if !waits {
            ledger.abandon(request);
        }
        if sends {
            self.frame = Some(wire::cancel(self.serializer, request.get(), mode));
        }
        Ok(request)
    }

    /// YIELD, with `progress` a piece of the result, or ERROR if there is an error.
    pub(crate) fn answer(
        &mut self,
        request: RequestId,
        progress: bool,
        error: Option<&str>,
        written: Written<'_>,
    ) -> Result<RequestId, Refusal> {
        if self.ledger()?.answer(request, progress) {
            let (yielded, failed) =
                (wire::code(MessageCode::Yield), wire::code(MessageCode::Error));
            let of = wire::code(MessageCode::Invocation);
            match error {
                None => self.send(&[yielded, request.get()], None, written),
                Some(_) => self.send(&[failed, of, request.get()], error, written),
            }
        }
        Ok(request)
    }

    /// GOODBYE.
    pub(crate) fn leave(&mut self, reason: &str, message: Option<&str>) {
        if self.ledger().is_ok_and(Ledger::leave) {
            self.close(MessageCode::Goodbye, reason, message);
        }
    }

    /// Ends the session with ABORT.
    pub(crate) fn abort(&mut self, reason: &str, message: &str) {
        if !matches!(self.state, State::Over) {
            self.state = State::Over;
            self.close(MessageCode::Abort, reason, Some(message));
        }
    }

    /// The next frame to send.
    pub(crate) const fn take_frame(&mut self) -> Option<Vec<u8>> {
        self.frame.take()
    }

    fn ledger(&mut self) -> Result<&mut Ledger<Request>, Refusal> {
        let State::Open(ledger) = &mut self.state else { return Err(Refusal::Closed) };
        ledger.check_open()?;
        Ok(ledger)
    }

    fn send(&mut self, numbers: &[u64], uri: Option<&str>, written: Written<'_>) {
        self.frame = Some(wire::message(self.serializer, numbers, uri, written));
    }

    fn close(&mut self, kind: MessageCode, reason: &str, message: Option<&str>) {
        self.frame = Some(wire::close(self.serializer, kind, reason, message));
    }
}

/// Input.
impl Machine {
    /// Takes a message of the router, or notice that its bytes were none.
    pub(crate) fn handle(&mut self, received: Option<&Received<'_>>) -> Effect {
        let Some(received) = received else {
            return self.fail("not a WAMP message".into());
        };
        let handled = match &mut self.state {
            State::Joining { joining, ours, authmethods } => {
                let (ours, method) = (*ours, &*received.method);
                let offered = wire::lines(authmethods).any(|offered| offered == method);
                joining.receive(received.code, offered).map(|()| self.joined(ours, received))
            }
            State::Open(ledger) => {
                ledger.receive(received.head).map(|outcome| self.conclude(outcome, received.head))
            }
            State::Over => Ok(Effect::default()),
        };
        handled.unwrap_or_else(|violation| self.fail(words(&violation)))
    }

    /// Ends the session because the router broke the rules, in these words.
    pub(crate) fn fail(&mut self, words: String) -> Effect {
        self.abort(uris::error::PROTOCOL_VIOLATION, &words);
        Effect { violation: Some(words), end: true, ..Effect::default() }
    }

    /// What was received while joining, and was allowed to be.
    fn joined(&mut self, ours: Roles, received: &Received<'_>) -> Effect {
        if received.code == MessageCode::Welcome {
            self.state = State::Open(Ledger::new(ours, received.roles));
            Effect::report(Report::Welcome, 0)
        } else if received.code == MessageCode::Challenge {
            Effect::report(Report::Challenge, 0)
        } else {
            self.state = State::Over;
            Effect { end: true, ..Effect::report(Report::Abort, 0) }
        }
    }

    fn conclude(&mut self, outcome: Outcome<Request>, head: Head) -> Effect {
        let (report, number) = match outcome {
            Outcome::Nothing => return Effect::default(),
            Outcome::Deliver => (unasked(head), 0),
            Outcome::Continue => (Report::Invocation, 0),
            Outcome::Progress(request) => match &self.state {
                State::Open(ledger) => {
                    let token = ledger.token(request).map_or(0, |entry| entry.token);
                    (Report::Progress, token)
                }
                State::Joining { .. } | State::Over => return Effect::default(),
            },
            Outcome::Answer { token, .. } => (Report::Reply, token.token),
            Outcome::Closed => {
                self.state = State::Over;
                if head == Head::Goodbye {
                    self.close(MessageCode::Goodbye, uris::close::GOODBYE_AND_OUT, None);
                }
                return Effect { end: true, ..Effect::report(unasked(head), 0) };
            }
            Outcome::Left => {
                self.state = State::Over;
                return Effect { end: true, ..Effect::default() };
            }
        };
        Effect::report(report, number)
    }
}

/// What a message is about that answers nothing.
#[allow(clippy::wildcard_enum_match_arm)] // all else answers something
fn unasked(head: Head) -> Report {
    match head {
        Head::Goodbye => Report::Goodbye,
        Head::Abort => Report::Abort,
        Head::Invocation { .. } => Report::Invocation,
        Head::Interrupt { .. } => Report::Interrupt,
        Head::Revoked => Report::Revoked,
        _ => Report::Event,
    }
}

/// A violation in words, without the code that formats numbers. This side knows only violations of one kind.
#[allow(clippy::wildcard_enum_match_arm)]
fn words(violation: &ProtocolViolation) -> String {
    match violation {
        ProtocolViolation::Unexpected { message, state } => {
            [message.name(), " is not allowed ", state].concat()
        }
        _ => String::new(),
    }
}
