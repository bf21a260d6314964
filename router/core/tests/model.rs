//! Random operations on the realm and on a model of it that scans lists: both must say the same to everybody, and the
//! realm must be consistent after each step.
//!
//! The seed is random and printed when the test fails; `WAMPLEX_SEED` repeats it. A failure shrinks to the fewest
//! operations that show it, and is printed as a script for `tests/scripts`.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod lists;
mod random;
mod stage;

use lists::{
    CALLS, INVOCATIONS, Model, REGISTRATIONS, RETAINED, SLOTS, SUBSCRIPTIONS, Session, Transcript,
    render,
};
use proptest::{collection::vec, option, prelude::*, test_runner::TestError};
use random::{OPEN, target};
use stage::{Stage, Who, args, callee_without, invocation_error, request, session};
use std::panic::{AssertUnwindSafe, catch_unwind};
use wamplex_realm::{MetaApi, Retention};
use wamplex_shared::{
    id::{RegistrationId, SubscriptionId},
    message::*,
    roles::Feature,
    time::Time,
    uri::MatchPolicy::{self, Exact, Prefix, Wildcard},
    value::Value,
};

/// Topics, procedures and patterns at once: many overlap, some are no URI, two are reserved. The first few are good
/// for anything and are drawn more often.
const URIS: [&str; 14] = [
    "a", "a.b", "a.bc", "a.b.c", "a.d.c", "a..c", "a.b.", "..c", "", "a.", "..", "wamp.x", "wamp",
    "a b",
];

/// Indices wrap around, so that every operation makes sense in every state.
#[derive(Clone, Debug)]
enum Op {
    Join {
        slot: usize,
        cancels: bool,
        progresses: bool,
    },
    Leave {
        slot: usize,
    },
    Subscribe {
        slot: usize,
        uri: usize,
        policy: MatchPolicy,
        get_retained: bool,
    },
    Unsubscribe {
        slot: usize,
        pick: usize,
    },
    Publish {
        slot: usize,
        uri: usize,
        exclude_me: Option<bool>,
        eligible: Option<u8>,
        exclude: Option<u8>,
        acknowledge: bool,
        /// For how long, if the publisher says so.
        retain: Option<Option<u64>>,
    },
    Register {
        slot: usize,
        uri: usize,
        policy: MatchPolicy,
        invoke: InvocationPolicy,
    },
    Unregister {
        slot: usize,
        pick: usize,
    },
    Call {
        slot: usize,
        uri: usize,
        progress: bool,
        timeout: Option<u64>,
    },
    Cancel {
        slot: usize,
        pick: u64,
        mode: Option<CancelMode>,
    },
    Yield {
        slot: usize,
        pick: u64,
        part: Part,
    },
    Error {
        slot: usize,
        pick: u64,
    },
    Advance {
        millis: u64,
    },
}

/// Whether a YIELD is to be a part of a result.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    No,
    IfAsked,
    Yes,
}

fn op() -> impl Strategy<Value = Op> {
    let slot = || 0..SLOTS;
    let uri = || prop_oneof![3 => 0..4_usize, 1 => 0..URIS.len()];
    let pick = || prop_oneof![40 => 0..OPEN, 5 => OPEN + 1..OPEN + 6, 1 => Just(OPEN)];
    let part =
        || prop_oneof![10 => Just(Part::No), 10 => Just(Part::IfAsked), 1 => Just(Part::Yes)];
    let policy = || prop_oneof![2 => Just(Exact), 1 => Just(Prefix), 1 => Just(Wildcard)];
    let invoke = || {
        use InvocationPolicy::{First, Last, Random, RoundRobin, Single};
        proptest::sample::select(vec![Single, First, Last, RoundRobin, Random])
    };
    let mode = || {
        use CancelMode::{Kill, KillNoWait, Skip};
        option::of(proptest::sample::select(vec![Kill, KillNoWait, Skip]))
    };
    prop_oneof![
        3 => (slot(), prop::bool::weighted(0.8), prop::bool::weighted(0.8))
            .prop_map(|(slot, cancels, progresses)| Op::Join { slot, cancels, progresses }),
        1 => slot().prop_map(|slot| Op::Leave { slot }),
        3 => (slot(), uri(), policy(), any::<bool>()).prop_map(|(slot, uri, policy, get_retained)| {
            Op::Subscribe { slot, uri, policy, get_retained }
        }),
        1 => (slot(), any::<usize>()).prop_map(|(slot, pick)| Op::Unsubscribe { slot, pick }),
        4 => (slot(), uri(), any::<Option<bool>>(), option::weighted(0.4, 0..32_u8), option::weighted(0.4, 0..32_u8), any::<bool>(), option::of(option::of(0..30_u64)))
            .prop_map(|(slot, uri, exclude_me, eligible, exclude, acknowledge, retain)| {
                Op::Publish { slot, uri, exclude_me, eligible, exclude, acknowledge, retain }
            }),
        4 => (slot(), uri(), policy(), invoke())
            .prop_map(|(slot, uri, policy, invoke)| Op::Register { slot, uri, policy, invoke }),
        1 => (slot(), any::<usize>()).prop_map(|(slot, pick)| Op::Unregister { slot, pick }),
        8 => (slot(), uri(), any::<bool>(), option::weighted(0.3, 0..20_u64))
            .prop_map(|(slot, uri, progress, timeout)| Op::Call { slot, uri, progress, timeout }),
        3 => (slot(), pick(), mode()).prop_map(|(slot, pick, mode)| Op::Cancel { slot, pick, mode }),
        12 => (slot(), pick(), part())
            .prop_map(|(slot, pick, part)| Op::Yield { slot, pick, part }),
        2 => (slot(), pick()).prop_map(|(slot, pick)| Op::Error { slot, pick }),
        2 => (0..15_u64).prop_map(|millis| Op::Advance { millis }),
    ]
}

/// Both, side by side.
struct Pair {
    stage: Stage,
    model: Model,
    gone: (SubscriptionId, RegistrationId),
    transcript: Transcript,
}

impl Pair {
    fn new() -> Self {
        let stage = Stage::with(|config| {
            // Some subscribe to `wamp`, and the model knows nothing of events about the realm itself.
            config.meta_api = MetaApi::Off;
            config.limits.subscriptions = SUBSCRIPTIONS;
            config.limits.registrations = REGISTRATIONS;
            config.limits.calls = CALLS;
            config.limits.invocations = INVOCATIONS;
            config.retention.events = RETAINED;
        });
        let gone = (SubscriptionId::new(1).unwrap(), RegistrationId::new(1).unwrap());
        Self { stage, model: Model::default(), gone, transcript: Transcript::default() }
    }

    fn step(&mut self, op: &Op) {
        let Some((who, message)) = self.message(op) else { return };
        self.transcript.sends(who, &message);
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
        self.transcript.leaves(who);
        self.stage.leave(who);
        self.model.leave(who);
        let sent = self.stage.take();
        self.compare(&sent);
    }

    /// The order in which different sessions hear of one operation is free, and so is that of several subscriptions.
    fn compare(&mut self, sent: &[(Who, Message)]) {
        sent.iter().for_each(|(to, message)| self.transcript.receives(*to, message));
        let mut sent: Vec<String> = sent.iter().map(|(to, message)| render(*to, message)).collect();
        let mut said = core::mem::take(&mut self.model.said);
        sent.sort();
        said.sort();
        assert_eq!(sent, said, "realm and model differ");
    }

    /// The message that a client sends for this operation, or the operation itself if it is none.
    fn message(&mut self, op: &Op) -> Option<(Who, Message)> {
        let slot = match *op {
            Op::Advance { millis } => {
                let now = self.model.now + millis;
                self.transcript.waits(millis);
                self.stage.at(now);
                self.model.advance(now);
                let sent = self.stage.take();
                self.compare(&sent);
                return None;
            }
            Op::Join { slot, cancels, progresses } => {
                self.join(slot, cancels, progresses);
                return None;
            }
            Op::Leave { slot }
            | Op::Subscribe { slot, .. }
            | Op::Unsubscribe { slot, .. }
            | Op::Publish { slot, .. }
            | Op::Register { slot, .. }
            | Op::Unregister { slot, .. }
            | Op::Call { slot, .. }
            | Op::Cancel { slot, .. }
            | Op::Yield { slot, .. }
            | Op::Error { slot, .. } => slot,
        };
        // Somebody who left is replaced at the next chance, so that few operations are for nobody.
        self.join(slot, true, true);
        let who = self.model.slots[slot].as_ref()?.who;
        if matches!(op, Op::Leave { .. }) {
            self.leave(who);
            return None;
        }
        Some((who, self.client_message(op, who)?))
    }

    fn join(&mut self, slot: usize, cancels: bool, progresses: bool) {
        if self.model.slots[slot].is_some() {
            return;
        }
        self.model.sessions += 1;
        let who = self.model.sessions;
        let mut lacks = Vec::new();
        lacks.extend((!cancels).then_some(Feature::CallCanceling));
        lacks.extend((!progresses).then_some(Feature::ProgressiveCallResults));
        self.transcript.joins(who, callee_without(&lacks));
        self.stage.join_as(who, callee_without(&lacks), None);
        self.model.slots[slot] =
            Some(Session { who, cancels, progresses, requests: 0, invocations: 0 });
    }

    fn client_message(&mut self, op: &Op, who: Who) -> Option<Message> {
        let model = &mut self.model;
        let Session { requests, invocations, .. } = model.session(who).clone();
        let made: Vec<_> =
            model.calls.iter().filter(|c| c.caller == who).map(|c| c.request).collect();
        let owed: Vec<_> = model.calls.iter().filter(|c| c.callee == who).cloned().collect();
        let given: Vec<_> = owed.iter().map(|c| c.invocation).collect();
        match *op {
            Op::Cancel { pick, mode, .. } => {
                let options = CancelOptions { mode, ..CancelOptions::default() };
                return Some(Cancel { request: target(&made, requests, pick)?, options }.into());
            }
            Op::Yield { pick, part, .. } => {
                let request = target(&given, invocations, pick)?;
                let asked = owed.iter().any(|c| c.invocation == request.get() && c.progress);
                let progress = part == Part::Yes || (part == Part::IfAsked && asked);
                let options = YieldOptions { progress, ..YieldOptions::default() };
                return Some(Yield { request, options, payload: args("1") }.into());
            }
            Op::Error { pick, .. } => {
                let invocation = target(&given, invocations, pick)?;
                return Some(invocation_error(invocation.get(), "com.error").into());
            }
            _ => {}
        }
        model.session(who).requests += 1;
        let request = request(requests + 1);
        Some(match *op {
            Op::Subscribe { uri, policy: match_policy, get_retained, .. } => {
                let options =
                    SubscribeOptions { match_policy, get_retained, ..SubscribeOptions::default() };
                Subscribe { request, options, topic: URIS[uri].into() }.into()
            }
            Op::Unsubscribe { pick, .. } => {
                let ids: Vec<_> = model.subscriptions.iter().map(|s| s.id).collect();
                let subscription = *ids.get(pick % ids.len().max(1)).unwrap_or(&self.gone.0);
                Unsubscribe { request, subscription }.into()
            }
            Op::Publish { uri, exclude_me, eligible, exclude, acknowledge, retain, .. } => {
                let here: Vec<Who> = model.slots.iter().flatten().map(|s| s.who).collect();
                let list = |mask: u8| {
                    here.iter()
                        .filter(|n| mask & (1 << (**n % 5)) != 0)
                        .map(|n| session(*n))
                        .collect()
                };
                let (eligible, exclude) = (eligible.map(list), exclude.map(list));
                let filters = Some(Box::new(Filters { eligible, exclude, ..Filters::default() }));
                let ttl = retain.flatten().map(|ttl| (Retention::TTL_OPTION, Value::from(ttl)));
                let options = PublishOptions {
                    acknowledge,
                    exclude_me,
                    filters,
                    retain: retain.is_some(),
                    custom: ttl.into_iter().collect(),
                    ..PublishOptions::default()
                };
                // No other event has these arguments.
                let payload = args(&format!("{who}.{request}"));
                Publish { request, options, topic: URIS[uri].into(), payload }.into()
            }
            Op::Register { uri, policy: match_policy, invoke, .. } => {
                let options =
                    RegisterOptions { match_policy, invoke, ..RegisterOptions::default() };
                Register { request, options, procedure: URIS[uri].into() }.into()
            }
            Op::Unregister { pick, .. } => {
                let ids: Vec<_> = model.registrations.iter().map(|r| r.id).collect();
                let registration = *ids.get(pick % ids.len().max(1)).unwrap_or(&self.gone.1);
                Unregister { request, registration }.into()
            }
            Op::Call { uri, progress: receive_progress, timeout, .. } => {
                let options = CallOptions { receive_progress, timeout, ..CallOptions::default() };
                Call { request, options, procedure: URIS[uri].into(), payload: args("1") }.into()
            }
            _ => unreachable!("{op:?} is no message"),
        })
    }
}

#[test]
fn the_realm_does_what_a_model_of_lists_does() {
    let result = random::runner().run(&vec(op(), 200..400), |ops| {
        let mut pair = Pair::new();
        ops.iter().for_each(|op| pair.step(op));
        assert_eq!(pair.stage.now, Time::from_millis(pair.model.now));
        Ok(())
    });
    if let Err(TestError::Fail(reason, ops)) = result {
        panic!(
            "{reason}\nas a script, where the last answers are what the realm said:\n{}",
            script(&ops)
        );
    }
    result.unwrap();
}

/// What happens up to the step at which realm and model differ.
fn script(ops: &[Op]) -> String {
    let mut pair = Pair::new();
    // The panic is the failure that is being reported.
    let _ = catch_unwind(AssertUnwindSafe(|| ops.iter().for_each(|op| pair.step(op))));
    pair.transcript.script()
}
