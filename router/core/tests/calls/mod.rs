//! The dealer as lists that are scanned: slow, short, and so plain that it can be believed.

mod route;

use crate::stage::{self, Who};
use wamplex_shared::{
    id::RegistrationId,
    message::*,
    payload::Payload,
    uris::{self, error},
};

/// Small, so that random operations reach them.
pub(crate) const REGISTRATIONS: usize = 3;
pub(crate) const CALLS: usize = 6;
pub(crate) const INVOCATIONS: usize = 6;
pub(crate) const WAITING: usize = 3;
pub(crate) const PARTS: usize = 2;

/// How many sessions there can be at a time.
pub(crate) const SLOTS: usize = 5;

const TOO_MANY: &str = uris::wamplex::LIMIT_EXCEEDED;

type Sent<'a> = &'a [(Who, Message)];

#[derive(Default)]
pub(crate) struct Model {
    pub(crate) now: u64,
    pub(crate) slots: [Option<Session>; SLOTS],
    pub(crate) sessions: u64,
    pub(crate) registrations: Vec<Registration>,
    pub(crate) calls: Vec<OpenCall>,
    /// Invocations that nobody waits for and whose callees do not know that.
    kept: Vec<With>,
    /// Numbers for callees of a registration, and for places in a queue.
    next: u64,
    pub(crate) said: Vec<String>,
}

/// A session and what it can do as a callee.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Session {
    pub(crate) who: Who,
    pub(crate) cancels: bool,
    pub(crate) progresses: bool,
    pub(crate) streams: bool,
    pub(crate) reroutes: bool,
    /// Requests it has made.
    pub(crate) requests: u64,
    /// Invocations it was given.
    pub(crate) invocations: u64,
}

pub(crate) struct Registration {
    pub(crate) id: RegistrationId,
    procedure: String,
    invoke: InvocationPolicy,
    callees: Vec<Callee>,
    turn: usize,
}

#[derive(Clone, Copy)]
struct Callee {
    who: Who,
    number: u64,
    concurrency: Option<u64>,
    forward: bool,
}

#[derive(Clone)]
pub(crate) struct OpenCall {
    pub(crate) caller: Who,
    pub(crate) request: u64,
    pub(crate) place: Place,
    pub(crate) procedure: String,
    registration: RegistrationId,
    payload: String,
    asks_progress: bool,
    in_parts: bool,
    /// More parts may come.
    pub(crate) open: bool,
    parts: Vec<(String, bool)>,
    timeout: Option<u64>,
    expires: Option<u64>,
    forwarded: bool,
    killed: bool,
    begun: bool,
    repeatable: bool,
    tried: Vec<Who>,
}

#[derive(Clone)]
pub(crate) enum Place {
    Waiting(u64),
    With(With),
}

#[derive(Clone)]
pub(crate) struct With {
    pub(crate) callee: Who,
    pub(crate) invocation: u64,
    pub(crate) progress: bool,
    /// The callee whose room it takes.
    number: Option<u64>,
    registration: RegistrationId,
    /// What all its INVOCATIONs begin with.
    told: String,
    timeout: Option<u64>,
}

/// What a message says, with the ids that the model knows too.
pub(crate) fn render(to: Who, message: &Message) -> String {
    match message {
        Message::Registered(m) => format!("{to} REGISTERED {} {}", m.request, m.registration),
        Message::Unregistered(Unregistered { request: None, details: Some(details) }) => {
            format!("{to} REVOKED {}", details.registration.unwrap())
        }
        Message::Invocation(m) => {
            let details = &m.details;
            let told =
                format!("INVOCATION {} {} {}", m.request, m.registration, details.receive_progress);
            invocation(to, &told, details.progress, details.timeout, &text(&m.payload))
        }
        other => format!("{to} {}", stage::show(other)),
    }
}

fn invocation(to: Who, told: &str, more: bool, timeout: Option<u64>, payload: &str) -> String {
    format!("{to} {told} {more} {timeout:?} {payload}")
}

fn text(payload: &Payload) -> String {
    String::from_utf8_lossy(payload.bytes()).into_owned()
}

impl Model {
    fn say(&mut self, to: Who, what: impl core::fmt::Display) {
        // Whoever has left is told nothing.
        if self.slots.iter().flatten().any(|s| s.who == to) {
            self.said.push(format!("{to} {what}"));
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn session(&mut self, who: Who) -> &mut Session {
        self.slots.iter_mut().flatten().find(|s| s.who == who).unwrap()
    }

    fn fail(&mut self, call: &OpenCall, error: &str) {
        self.say(call.caller, format_args!("ERROR CALL {} {error}", call.request));
    }

    /// Whether the message breaks the protocol.
    pub(crate) fn handle(&mut self, who: Who, message: &Message, sent: Sent<'_>) -> bool {
        match message {
            Message::Register(m) => self.register(who, m, sent),
            Message::Unregister(m) => self.unregister(who, m, sent),
            Message::Call(m) => return self.call(who, m, sent),
            Message::Cancel(m) => self.cancel(who, m.request.get(), m.options.mode, sent),
            Message::Yield(m) => return self.yield_(who, m, sent),
            Message::Error(m) => return self.error(who, m, sent),
            other => panic!("{other:?}"),
        }
        false
    }

    fn register(&mut self, who: Who, m: &Register, sent: Sent<'_>) {
        let (n, procedure, options) = (m.request, m.procedure.as_str(), &m.options);
        let held =
            self.registrations.iter().filter(|r| r.callees.iter().any(|c| c.who == who)).count();
        let at = self.registrations.iter().position(|r| r.procedure == procedure);
        let unwise = options.concurrency == Some(0);
        let mut heirless = None;
        if let Some(at) = at.filter(|_| options.force_reregister && !unwise && held < REGISTRATIONS)
        {
            let taken = self.registrations.remove(at);
            for callee in &taken.callees {
                self.say(callee.who, format_args!("REVOKED {}", taken.id));
            }
            heirless = Some(taken.id);
        }
        let held =
            self.registrations.iter().filter(|r| r.callees.iter().any(|c| c.who == who)).count();
        let known = self.registrations.iter().position(|r| r.procedure == procedure);
        let taken = known.map(|at| &self.registrations[at]).is_some_and(|r| {
            r.invoke != options.invoke
                || options.invoke == InvocationPolicy::Single
                || r.callees.iter().any(|c| c.who == who)
        });
        let refused = unwise
            .then_some(error::OPTION_NOT_ALLOWED)
            .or_else(|| taken.then_some(error::PROCEDURE_ALREADY_EXISTS))
            .or_else(|| (held >= REGISTRATIONS).then_some(TOO_MANY));
        if let Some(error) = refused {
            return self.say(who, format_args!("ERROR REGISTER {n} {error}"));
        }
        let at = known.unwrap_or_else(|| {
            let id = sent.iter().find_map(|(_, message)| match message {
                Message::Registered(m) => Some(m.registration),
                _ => None,
            });
            let (id, procedure, invoke) = (id.unwrap(), procedure.to_owned(), options.invoke);
            assert!(self.registrations.iter().all(|r| r.id != id) && heirless != Some(id));
            let (callees, turn) = (Vec::new(), 0);
            self.registrations.push(Registration { id, procedure, invoke, callees, turn });
            self.registrations.len() - 1
        });
        let number = self.number();
        let (concurrency, forward) = (options.concurrency, options.forward_timeout);
        self.registrations[at].callees.push(Callee { who, number, concurrency, forward });
        let id = self.registrations[at].id;
        self.say(who, format_args!("REGISTERED {n} {id}"));
        let orphaned = |call: &&mut OpenCall| Some(call.registration) == heirless;
        self.calls
            .iter_mut()
            .filter(orphaned)
            .filter(|call| matches!(call.place, Place::Waiting(_)))
            .for_each(|call| call.registration = id);
        self.review(id, sent);
    }

    fn unregister(&mut self, who: Who, m: &Unregister, sent: Sent<'_>) {
        let (n, id) = (m.request, m.registration);
        let mine = |r: &&mut Registration| r.id == id && r.callees.iter().any(|c| c.who == who);
        let Some(registration) = self.registrations.iter_mut().find(mine) else {
            let error = error::NO_SUCH_REGISTRATION;
            return self.say(who, format_args!("ERROR UNREGISTER {n} {error}"));
        };
        registration.callees.retain(|c| c.who != who);
        self.registrations.retain(|r| !r.callees.is_empty());
        self.say(who, format_args!("UNREGISTERED {n}"));
        self.review(id, sent);
    }

    fn call(&mut self, who: Who, m: &Call, sent: Sent<'_>) -> bool {
        let (n, procedure) = (m.request.get(), m.procedure.as_str());
        if n <= self.session(who).requests {
            return self.go_on(who, m, sent);
        }
        self.session(who).requests = n;
        let made = self.calls.iter().filter(|c| c.caller == who).count();
        let Some(registration) = self.registrations.iter().find(|r| r.procedure == procedure)
        else {
            let error = error::NO_SUCH_PROCEDURE;
            self.say(who, format_args!("ERROR CALL {n} {error}"));
            return false;
        };
        if made >= CALLS {
            self.say(who, format_args!("ERROR CALL {n} {TOO_MANY}"));
            return false;
        }
        let timeout = m.options.timeout.filter(|t| *t > 0);
        let call = OpenCall {
            caller: who,
            request: n,
            place: Place::Waiting(0),
            procedure: procedure.to_owned(),
            registration: registration.id,
            payload: text(&m.payload),
            asks_progress: m.options.receive_progress,
            in_parts: m.options.progress,
            open: m.options.progress,
            parts: Vec::new(),
            timeout,
            expires: timeout.map(|t| self.now + t),
            forwarded: false,
            killed: false,
            begun: false,
            repeatable: false,
            tried: Vec::new(),
        };
        self.route(call, sent);
        false
    }

    fn go_on(&mut self, who: Who, m: &Call, sent: Sent<'_>) -> bool {
        let Some(at) = self.find(who, m.request.get()) else { return false };
        let (now, more, payload) = (self.now, m.options.progress, text(&m.payload));
        let call = &mut self.calls[at];
        if !call.open || call.procedure != m.procedure.as_str() {
            return true;
        }
        call.open = more;
        call.expires = call.timeout.map(|t| now + t);
        match call.place.clone() {
            Place::With(_) if call.killed => {}
            Place::With(with) => {
                call.begun = true;
                let line = invocation(with.callee, &with.told, more, with.timeout, &payload);
                self.said.push(line);
            }
            Place::Waiting(_) if call.parts.len() < PARTS => call.parts.push((payload, more)),
            Place::Waiting(_) => {
                let call = self.calls.remove(at);
                self.fail(&call, TOO_MANY);
                self.withdraw(&call, true, sent);
            }
        }
        false
    }

    fn find(&self, caller: Who, request: u64) -> Option<usize> {
        self.calls.iter().position(|c| c.caller == caller && c.request == request)
    }

    fn cancel(&mut self, who: Who, n: u64, mode: Option<CancelMode>, sent: Sent<'_>) {
        let Some(at) = self.find(who, n) else { return };
        if let Place::With(with) = self.calls[at].place.clone()
            && mode == Some(CancelMode::Kill)
            && self.session(with.callee).cancels
        {
            if !core::mem::replace(&mut self.calls[at].killed, true) {
                self.say(with.callee, format_args!("INTERRUPT {} kill", with.invocation));
            }
            return;
        }
        let call = self.calls.remove(at);
        self.fail(&call, error::CANCELED);
        self.withdraw(&call, mode != Some(CancelMode::Skip), sent);
    }

    /// Takes a call that is over from its callee.
    fn withdraw(&mut self, call: &OpenCall, interrupt: bool, sent: Sent<'_>) {
        if let Some(id) = self.interrupt(call, interrupt) {
            self.dispatch(id, sent);
        }
    }

    /// Tells the callee of a call that is over; returns where there is room again.
    fn interrupt(&mut self, call: &OpenCall, interrupt: bool) -> Option<RegistrationId> {
        let Place::With(with) = &call.place else { return None };
        let told = interrupt && !call.killed && self.session(with.callee).cancels;
        if told {
            self.say(with.callee, format_args!("INTERRUPT {} killnowait", with.invocation));
        }
        with.number?;
        if told || call.killed {
            return Some(with.registration);
        }
        self.kept.push(with.clone());
        None
    }

    fn yield_(&mut self, who: Who, m: &Yield, sent: Sent<'_>) -> bool {
        let (invocation, part) = (m.request.get(), m.options.progress);
        if invocation > self.session(who).invocations {
            return true;
        }
        let is_it = |w: &With| w.callee == who && w.invocation == invocation;
        if let Some(at) = self.kept.iter().position(is_it) {
            if part {
                return !self.kept[at].progress;
            }
            let id = self.kept.remove(at).registration;
            self.dispatch(id, sent);
            return false;
        }
        let with = |c: &OpenCall| matches!(&c.place, Place::With(w) if is_it(w));
        let Some(at) = self.calls.iter().position(with) else { return false };
        let Place::With(with) = self.calls[at].place.clone() else { unreachable!() };
        let now = self.now;
        if part {
            let call = &mut self.calls[at];
            if !with.progress {
                return true;
            }
            if !call.killed {
                call.begun = true;
                call.expires = call.timeout.map(|t| now + t);
                let (caller, request) = (call.caller, call.request);
                self.say(caller, format_args!("RESULT {request} progress [1]"));
            }
        } else {
            let call = self.calls.remove(at);
            self.say(call.caller, format_args!("RESULT {} [1]", call.request));
            self.dispatch(with.registration, sent);
        }
        false
    }

    fn error(&mut self, who: Who, m: &Error, sent: Sent<'_>) -> bool {
        let invocation = m.request.get();
        if invocation > self.session(who).invocations {
            return true;
        }
        let is_it = |w: &With| w.callee == who && w.invocation == invocation;
        if let Some(at) = self.kept.iter().position(is_it) {
            let id = self.kept.remove(at).registration;
            self.dispatch(id, sent);
            return false;
        }
        let with = |c: &OpenCall| matches!(&c.place, Place::With(w) if is_it(w));
        let Some(at) = self.calls.iter().position(with) else { return false };
        let mut call = self.calls.remove(at);
        let id = call.registration;
        let refuses = m.error.as_str() == error::UNAVAILABLE && self.session(who).reroutes;
        if !refuses || call.begun || call.killed {
            self.fail(&call, m.error.as_str());
        } else if !call.repeatable {
            self.fail(&call, error::NO_AVAILABLE_CALLEE);
        } else {
            call.tried.push(who);
            self.route(call, sent);
        }
        self.dispatch(id, sent);
        false
    }

    pub(crate) fn advance(&mut self, now: u64, sent: Sent<'_>) {
        self.now = now;
        let due = |c: &OpenCall| !c.forwarded && c.expires.is_some_and(|e| e <= now);
        let mut ended = Vec::new();
        while let Some(at) = self.calls.iter().position(due) {
            let call = self.calls.remove(at);
            self.fail(&call, error::TIMEOUT);
            ended.push(call);
        }
        self.interrupt_all(&ended, sent);
    }

    fn interrupt_all(&mut self, ended: &[OpenCall], sent: Sent<'_>) {
        let mut freed: Vec<_> =
            ended.iter().filter_map(|call| self.interrupt(call, true)).collect();
        freed.sort_unstable();
        freed.dedup();
        for id in freed {
            self.dispatch(id, sent);
        }
    }

    pub(crate) fn leave(&mut self, who: Who, sent: Sent<'_>) {
        let slot = self.slots.iter().position(|s| s.is_some_and(|s| s.who == who)).unwrap();
        self.slots[slot] = None;
        let held = |r: &&Registration| r.callees.iter().any(|c| c.who == who);
        let mut changed: Vec<_> = self.registrations.iter().filter(held).map(|r| r.id).collect();
        changed.sort_unstable();
        self.registrations.iter_mut().for_each(|r| r.callees.retain(|c| c.who != who));
        self.registrations.retain(|r| !r.callees.is_empty());
        self.kept.retain(|w| w.callee != who);
        let mine = |c: &OpenCall| matches!(&c.place, Place::With(w) if w.callee == who);
        while let Some(at) = self.calls.iter().position(mine) {
            let call = self.calls.remove(at);
            self.fail(&call, error::CANCELED);
        }
        let (ended, rest) =
            core::mem::take(&mut self.calls).into_iter().partition(|c| c.caller == who);
        self.calls = rest;
        self.interrupt_all(&ended, sent);
        for id in changed {
            self.review(id, sent);
        }
    }
}
