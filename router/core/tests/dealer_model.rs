//! Random operations on the dealer and on a model of it that scans lists: shared callees with a limit, calls that wait,
//! that are handed on, that come in parts, and all the ways in which they end. Both must say the same to everybody, and
//! the realm must be consistent after each step.
//!
//! The seed is random and printed when the test fails; `WAMPLEX_SEED` repeats it. A failure shrinks to the fewest
//! operations that show it.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod calls;
mod random;
mod stage;

use calls::{
    CALLS, INVOCATIONS, Model, PARTS, Place, REGISTRATIONS, SLOTS, Session, WAITING, With, render,
};
use proptest::{collection::vec, option, prelude::*, test_runner::TestError};
use random::{OPEN, target};
use stage::{Stage, Who, args, callee_without, invocation_error, request};
use wamplex_shared::{id::RegistrationId, message::*, roles::Feature};

const PROCEDURES: [&str; 2] = ["com.a", "com.b"];

/// Indices wrap around, so that every operation makes sense in every state.
#[derive(Clone, Debug)]
enum Op {
    Join { slot: usize, lacks: [bool; 4] },
    Leave { slot: usize },
    Register { slot: usize, procedure: usize, options: Registering },
    Unregister { slot: usize, pick: usize },
    Call { slot: usize, procedure: usize, progress: bool, parts: bool, timeout: Option<u64> },
    GoOn { slot: usize, pick: u64, elsewhere: bool, more: bool },
    Cancel { slot: usize, pick: u64, mode: Option<CancelMode> },
    Yield { slot: usize, pick: u64, part: bool },
    Error { slot: usize, pick: u64, unavailable: bool },
    Advance { millis: u64 },
}

#[derive(Clone, Debug)]
struct Registering {
    invoke: InvocationPolicy,
    concurrency: Option<u64>,
    forward: bool,
    force: bool,
}

fn op() -> impl Strategy<Value = Op> {
    use InvocationPolicy::{First, Last, Random, RoundRobin, Single};
    let slot = || 0..SLOTS;
    let procedure = || 0..PROCEDURES.len();
    let pick = || prop_oneof![60 => 0..OPEN, 5 => OPEN + 1..OPEN + 6, 1 => Just(OPEN)];
    let rarely = || prop::bool::weighted(0.15);
    let mode = || {
        use CancelMode::{Kill, KillNoWait, Skip};
        option::of(proptest::sample::select(vec![Kill, KillNoWait, Skip]))
    };
    // One policy more than others, so that callees meet.
    let invoke = prop_oneof![
        6 => Just(RoundRobin), 1 => Just(Single), 2 => Just(First), 2 => Just(Last), 2 => Just(Random)
    ];
    let concurrency = option::weighted(0.7, prop_oneof![20 => 1..3_u64, 1 => Just(0)]);
    let options = (invoke, concurrency, rarely(), rarely()).prop_map(
        |(invoke, concurrency, forward, force)| Registering { invoke, concurrency, forward, force },
    );
    prop_oneof![
        2 => (slot(), [rarely(), rarely(), rarely(), rarely()])
            .prop_map(|(slot, lacks)| Op::Join { slot, lacks }),
        1 => slot().prop_map(|slot| Op::Leave { slot }),
        5 => (slot(), procedure(), options)
            .prop_map(|(slot, procedure, options)| Op::Register { slot, procedure, options }),
        1 => (slot(), any::<usize>()).prop_map(|(slot, pick)| Op::Unregister { slot, pick }),
        14 => (slot(), procedure(), any::<bool>(), rarely(), option::weighted(0.3, 0..30_u64))
            .prop_map(|(slot, procedure, progress, parts, timeout)| {
                Op::Call { slot, procedure, progress, parts, timeout }
            }),
        6 => (slot(), pick(), prop::bool::weighted(0.02), prop::bool::weighted(0.8))
            .prop_map(|(slot, pick, elsewhere, more)| Op::GoOn { slot, pick, elsewhere, more }),
        3 => (slot(), pick(), mode()).prop_map(|(slot, pick, mode)| Op::Cancel { slot, pick, mode }),
        10 => (slot(), pick(), prop::bool::weighted(0.3))
            .prop_map(|(slot, pick, part)| Op::Yield { slot, pick, part }),
        6 => (slot(), pick(), prop::bool::weighted(0.8))
            .prop_map(|(slot, pick, unavailable)| Op::Error { slot, pick, unavailable }),
        3 => (0..15_u64).prop_map(|millis| Op::Advance { millis }),
    ]
}

/// Both, side by side.
struct Pair {
    stage: Stage,
    model: Model,
    payloads: u64,
}

impl Pair {
    fn new() -> Self {
        let stage = Stage::with(|config| {
            config.limits.registrations = REGISTRATIONS;
            config.limits.calls = CALLS;
            config.limits.invocations = INVOCATIONS;
            config.limits.waiting = WAITING;
            config.limits.parts = PARTS;
        });
        Self { stage, model: Model::default(), payloads: 0 }
    }

    fn step(&mut self, op: &Op) {
        let slot = match *op {
            Op::Advance { millis } => {
                let now = self.model.now + millis;
                self.stage.at(now);
                let sent = self.stage.take();
                self.model.advance(now, &sent);
                return self.compare(&sent);
            }
            Op::Join { slot, lacks } => return self.join(slot, lacks),
            Op::Leave { slot }
            | Op::Register { slot, .. }
            | Op::Unregister { slot, .. }
            | Op::Call { slot, .. }
            | Op::GoOn { slot, .. }
            | Op::Cancel { slot, .. }
            | Op::Yield { slot, .. }
            | Op::Error { slot, .. } => slot,
        };
        // Somebody who left is replaced at the next chance, so that few operations are for nobody.
        self.join(slot, [false; 4]);
        let who = self.model.slots[slot].unwrap().who;
        if matches!(op, Op::Leave { .. }) {
            return self.leave(who);
        }
        let Some(message) = self.message(op, who) else { return };
        let handled = self.stage.send(who, message.clone());
        let sent = self.stage.take();
        let violation = self.model.handle(who, &message, &sent);
        assert_eq!(handled.is_err(), violation, "{handled:?}");
        self.compare(&sent);
        if violation {
            self.leave(who);
        }
    }

    fn leave(&mut self, who: Who) {
        self.stage.leave(who);
        let sent = self.stage.take();
        self.model.leave(who, &sent);
        self.compare(&sent);
    }

    /// The order in which different sessions hear of one operation is free.
    fn compare(&mut self, sent: &[(Who, Message)]) {
        let mut sent: Vec<(Who, String)> =
            sent.iter().map(|(to, m)| (*to, render(*to, m))).collect();
        let said = core::mem::take(&mut self.model.said);
        let who = |line: &str| line.split(' ').next().unwrap().parse::<Who>().unwrap();
        let mut said: Vec<(Who, String)> =
            said.into_iter().map(|line| (who(&line), line)).collect();
        sent.sort();
        said.sort();
        assert_eq!(sent, said, "realm and model differ");
    }

    fn join(&mut self, slot: usize, [cancels, progresses, streams, reroutes]: [bool; 4]) {
        if self.model.slots[slot].is_some() {
            return;
        }
        self.model.sessions += 1;
        let who = self.model.sessions;
        let lacks = [
            (cancels, Feature::CallCanceling),
            (progresses, Feature::ProgressiveCallResults),
            (streams, Feature::ProgressiveCallInvocations),
            (reroutes, Feature::CallReroute),
        ];
        let lacks: Vec<Feature> =
            lacks.into_iter().filter(|(lacks, _)| *lacks).map(|(_, f)| f).collect();
        self.stage.join_as(who, callee_without(&lacks), None);
        self.model.slots[slot] = Some(Session {
            who,
            cancels: !cancels,
            progresses: !progresses,
            streams: !streams,
            reroutes: !reroutes,
            requests: 0,
            invocations: 0,
        });
    }

    /// The message that a client sends for this operation.
    fn message(&mut self, op: &Op, who: Who) -> Option<Message> {
        self.payloads += 1;
        // No other CALL has these arguments.
        let payload = args(&self.payloads.to_string());
        let model = &mut self.model;
        let Session { requests, invocations, .. } = *model.session(who);
        let next = request(requests + 1);
        let made: Vec<u64> =
            model.calls.iter().filter(|c| c.caller == who).map(|c| c.request).collect();
        let owed: Vec<With> = model
            .calls
            .iter()
            .filter_map(|c| match &c.place {
                Place::With(with) if with.callee == who => Some(with.clone()),
                _ => None,
            })
            .collect();
        let given: Vec<u64> = owed.iter().map(|w| w.invocation).collect();
        Some(match *op {
            Op::Cancel { pick, mode, .. } => {
                let options = CancelOptions { mode, ..CancelOptions::default() };
                Cancel { request: target(&made, requests, pick)?, options }.into()
            }
            Op::Yield { pick, part, .. } => {
                let request = target(&given, invocations, pick)?;
                // A part that nobody asked for ends the session: mostly it is one that was.
                let asked = owed.iter().any(|w| w.invocation == request.get() && w.progress);
                let progress = part && (asked || pick % 10 == 0);
                let options = YieldOptions { progress, ..YieldOptions::default() };
                Yield { request, options, payload: args("1") }.into()
            }
            Op::Error { pick, unavailable, .. } => {
                let uri = if unavailable { "wamp.error.unavailable" } else { "com.error" };
                invocation_error(target(&given, invocations, pick)?.get(), uri).into()
            }
            Op::GoOn { pick, elsewhere, more, .. } => {
                let open: Vec<_> =
                    model.calls.iter().filter(|c| c.caller == who && c.open).collect();
                let ids: Vec<u64> = open.iter().map(|c| c.request).collect();
                let id = target(&ids, requests, pick).filter(|id| id.get() <= requests)?;
                let call = model.calls.iter().find(|c| c.caller == who && c.request == id.get());
                let procedure = call.map_or(PROCEDURES[0], |c| c.procedure.as_str());
                let procedure = if elsewhere { "com.elsewhere" } else { procedure }.into();
                let options = CallOptions { progress: more, ..CallOptions::default() };
                Call { request: id, options, procedure, payload }.into()
            }
            Op::Call {
                procedure, progress: receive_progress, parts: progress, timeout, ..
            } => {
                let options =
                    CallOptions { receive_progress, progress, timeout, ..CallOptions::default() };
                let procedure = PROCEDURES[procedure].into();
                Call { request: next, options, procedure, payload }.into()
            }
            Op::Register { procedure, ref options, .. } => {
                model.session(who).requests += 1;
                let options = RegisterOptions {
                    invoke: options.invoke,
                    concurrency: options.concurrency,
                    forward_timeout: options.forward,
                    force_reregister: options.force,
                    ..RegisterOptions::default()
                };
                let procedure = PROCEDURES[procedure].into();
                Register { request: next, options, procedure }.into()
            }
            Op::Unregister { pick, .. } => {
                model.session(who).requests += 1;
                let ids: Vec<_> = model.registrations.iter().map(|r| r.id).collect();
                let gone = RegistrationId::new(1).unwrap();
                let registration = *ids.get(pick % ids.len().max(1)).unwrap_or(&gone);
                Unregister { request: next, registration }.into()
            }
            _ => unreachable!("{op:?} is no message"),
        })
    }
}

#[test]
fn the_dealer_does_what_a_model_of_lists_does() {
    let result = random::runner().run(&vec(op(), 200..400), |ops| {
        let mut pair = Pair::new();
        ops.iter().for_each(|op| pair.step(op));
        Ok(())
    });
    if let Err(TestError::Fail(reason, ops)) = result {
        panic!("{reason}\nafter these operations:\n{ops:#?}");
    }
    result.unwrap();
}
