//! Which callee is given a call, and when.

use super::{
    Callee, INVOCATIONS, Model, OpenCall, Place, Sent, TOO_MANY, WAITING, With, invocation, text,
};
use crate::stage::Who;
use wamplex_shared::{id::RegistrationId, message::*, uris::error};

impl Model {
    /// Hands a call to a callee, lets it wait, or ends it.
    pub(super) fn route(&mut self, mut call: OpenCall, sent: Sent<'_>) {
        let id = call.registration;
        match self.choose(&call, sent) {
            Ok(callee) => self.invoke(call, callee),
            Err(true) => {
                let here =
                    |c: &&OpenCall| c.registration == id && matches!(c.place, Place::Waiting(_));
                if self.calls.iter().filter(here).count() >= WAITING {
                    return self.fail(&call, TOO_MANY);
                }
                call.forwarded = false;
                call.place = Place::Waiting(self.number());
                self.calls.push(call);
            }
            Err(false) => self.fail(&call, nobody(&call)),
        }
    }

    /// The callee for a call, or whether waiting may help.
    fn choose(&mut self, call: &OpenCall, sent: Sent<'_>) -> Result<Callee, bool> {
        let Some(at) = self.registrations.iter().position(|r| r.id == call.registration) else {
            return Err(false);
        };
        let registration = &self.registrations[at];
        let untried = |c: &Callee| !call.tried.contains(&c.who);
        let fits = |c: &Callee| untried(c) && self.has_room(c);
        let callees = registration.callees.clone();
        let fitting: Vec<Callee> = callees.iter().copied().filter(fits).collect();
        let chosen = match registration.invoke {
            InvocationPolicy::Single | InvocationPolicy::First => fitting.first().copied(),
            InvocationPolicy::Last => fitting.last().copied(),
            InvocationPolicy::RoundRobin => {
                let turns = callees.iter().cycle().skip(registration.turn % callees.len());
                let found = turns.take(callees.len()).enumerate().find(|(_, c)| fits(c));
                let found = found.map(|(passed, callee)| (passed, *callee));
                self.registrations[at].turn += found.map_or(0, |(passed, _)| passed + 1);
                found.map(|(_, callee)| callee)
            }
            // Any will do, so look which one it was.
            InvocationPolicy::Random => {
                let was = |c: &Callee| match self.objection(call, c) {
                    None => sent.iter().any(|(to, message)| match message {
                        Message::Invocation(m) => *to == c.who && text(&m.payload) == call.payload,
                        _ => false,
                    }),
                    Some(error) => sent.iter().any(|(to, message)| match message {
                        Message::Error(m) => {
                            *to == call.caller
                                && m.request.get() == call.request
                                && m.error.as_str() == error
                        }
                        _ => false,
                    }),
                };
                fitting.iter().copied().find(was).or_else(|| fitting.first().copied())
            }
        };
        chosen.ok_or_else(|| callees.iter().any(untried))
    }

    fn has_room(&self, callee: &Callee) -> bool {
        let withs = self.calls.iter().filter_map(|c| match &c.place {
            Place::With(with) => Some(with),
            Place::Waiting(_) => None,
        });
        let taken = withs.chain(&self.kept).filter(|w| w.number == Some(callee.number)).count();
        callee.concurrency.is_none_or(|limit| (taken as u64) < limit)
    }

    /// Why this callee cannot be given this call.
    fn objection(&self, call: &OpenCall, callee: &Callee) -> Option<&'static str> {
        let session = self.slots.iter().flatten().find(|s| s.who == callee.who).unwrap();
        let mine = |w: &With| w.callee == callee.who;
        let owed =
            self.calls.iter().filter(|c| matches!(&c.place, Place::With(w) if mine(w))).count()
                + self.kept.iter().filter(|w| mine(w)).count();
        if call.in_parts && !(session.streams && session.cancels) {
            Some(error::FEATURE_NOT_SUPPORTED)
        } else if callee.forward && call.expires.is_some_and(|e| e <= self.now) {
            Some(error::TIMEOUT)
        } else {
            (owed >= INVOCATIONS).then_some(TOO_MANY)
        }
    }

    fn invoke(&mut self, mut call: OpenCall, callee: Callee) {
        if let Some(error) = self.objection(&call, &callee) {
            return self.fail(&call, error);
        }
        let policy = self.registrations.iter().find(|r| r.id == call.registration).unwrap().invoke;
        let now = self.now;
        let session = self.session(callee.who);
        session.invocations += 1;
        let number = session.invocations;
        let progress = call.asks_progress && session.progresses && session.cancels;
        call.repeatable = policy != InvocationPolicy::Single && session.reroutes;
        call.forwarded = callee.forward;
        let timeout = call.expires.filter(|_| callee.forward).map(|e| e - now);
        let told = format!("INVOCATION {number} {} {progress}", call.registration);
        let first = invocation(callee.who, &told, call.in_parts, timeout, &call.payload);
        self.said.push(first);
        for (payload, more) in core::mem::take(&mut call.parts) {
            call.begun = true;
            self.said.push(invocation(callee.who, &told, more, timeout, &payload));
        }
        call.place = Place::With(With {
            callee: callee.who,
            invocation: number,
            progress,
            number: callee.concurrency.map(|_| callee.number),
            registration: call.registration,
            told,
            timeout,
        });
        self.calls.push(call);
    }

    /// Hands waiting calls to callees with room.
    pub(super) fn dispatch(&mut self, id: RegistrationId, sent: Sent<'_>) {
        loop {
            let mut waiting: Vec<(u64, Who, u64)> = self
                .calls
                .iter()
                .filter(|c| c.registration == id)
                .filter_map(|c| match c.place {
                    Place::Waiting(ticket) => Some((ticket, c.caller, c.request)),
                    Place::With(_) => None,
                })
                .collect();
            waiting.sort_unstable();
            let found = waiting.into_iter().find_map(|(_, caller, request)| {
                let call = self.calls[self.find(caller, request)?].clone();
                Some((call.clone(), self.choose(&call, sent).ok()?))
            });
            let Some((call, callee)) = found else { break };
            self.calls.retain(|c| (c.caller, c.request) != (call.caller, call.request));
            self.invoke(call, callee);
        }
    }

    /// Ends the calls that wait in vain, after callees have come or gone.
    pub(super) fn review(&mut self, id: RegistrationId, sent: Sent<'_>) {
        let callees: Vec<Who> = self
            .registrations
            .iter()
            .filter(|r| r.id == id)
            .flat_map(|r| r.callees.iter().map(|c| c.who))
            .collect();
        let lost = |c: &OpenCall| {
            c.registration == id
                && matches!(c.place, Place::Waiting(_))
                && callees.iter().all(|who| c.tried.contains(who))
        };
        while let Some(at) = self.calls.iter().position(lost) {
            let call = self.calls.remove(at);
            self.fail(&call, nobody(&call));
        }
        self.dispatch(id, sent);
    }
}

/// The end of a call that nobody is left to be asked for.
fn nobody(call: &OpenCall) -> &'static str {
    if call.tried.is_empty() { error::CANCELED } else { error::NO_AVAILABLE_CALLEE }
}
