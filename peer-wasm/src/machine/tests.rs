//! The ledger of native clients as the judge: with the tables that JavaScript has, both say the same.

#![allow(clippy::expect_used, clippy::wildcard_enum_match_arm)] // all of this is a test

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use wamplex_shared::{
    message::CancelMode,
    roles::{Feature, Features, Role, Roles},
    session::{Head, Ledger, Outcome},
};

fn received(code: u32) -> Received {
    Received {
        code,
        request: None,
        kind: 0,
        waiting: 0,
        progress: false,
        offered: false,
        dealer: Dealer::default(),
    }
}

fn open(dealer: Dealer) -> Machine {
    let mut machine = Machine::new();
    assert_eq!(machine.receive(&Received { dealer, ..received(2) }), Report::Welcome);
    machine
}

/// A machine with the tables that JavaScript has, and a ledger.
struct Pair {
    machine: Machine,
    /// The codes of the requests that wait.
    waiting: BTreeMap<u64, u32>,
    /// The calls that are served, and whether they take more arguments; nothing more once they are interrupted.
    running: BTreeMap<u64, bool>,
    interrupted: Vec<u64>,
    ledger: Ledger<()>,
}

#[derive(Clone, Debug)]
enum Step {
    Request(u32),
    Cancel(u64),
    Answer(u64),
    Leave,
    Receive { code: u32, request: u64, kind: u32, progress: bool },
}

const REQUESTS: [u32; 6] = [16, 32, 34, 48, 64, 66];
const MESSAGES: [u32; 14] = [2, 3, 4, 6, 8, 17, 33, 35, 36, 50, 65, 67, 68, 69];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let request = prop::sample::select(REQUESTS.as_slice());
    let kind = prop::sample::select([REQUESTS.as_slice(), &[68, 50, 0]].concat());
    // The end of the session is rare, or little would come before it.
    let code = prop_oneof![
        40 => prop::sample::select([17_u32, 33, 35, 36, 50, 65, 67, 68, 69, 8].as_slice()),
        1 => prop::sample::select(MESSAGES.as_slice()),
    ];
    let receive = (code, 0..8_u64, kind, any::<bool>());
    let step = prop_oneof![
        8 => request.prop_map(Step::Request),
        2 => (1..8_u64).prop_map(Step::Cancel),
        3 => (1..8_u64).prop_map(Step::Answer),
        12 => receive.prop_map(|(code, request, kind, progress)| Step::Receive { code, request, kind, progress }),
        1 => Just(Step::Leave),
    ];
    prop::collection::vec(step, 0..80)
}

fn id(number: u64) -> RequestId {
    RequestId::new(number).expect("an id")
}

fn code(number: u32) -> MessageCode {
    MessageCode::from_u64(number.into()).expect("a code")
}

impl Pair {
    fn new(cancels: bool, streams: bool) -> Self {
        let feature =
            |on: bool, feature| if on { Features::of(&[feature]) } else { Features::NONE };
        let both = feature(true, Feature::ProgressiveCallInvocations);
        let ours = Roles::NONE.with(Role::Caller, both).with(Role::Callee, both);
        let mut dealer = feature(cancels, Feature::CallCanceling);
        if streams {
            dealer.insert(Feature::ProgressiveCallInvocations);
        }
        Self {
            machine: open(Dealer { cancels, streams }),
            waiting: BTreeMap::new(),
            running: BTreeMap::new(),
            interrupted: Vec::new(),
            ledger: Ledger::new(ours, Roles::NONE.with(Role::Dealer, dealer)),
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Request(kind) => {
                assert_eq!(self.machine.request(false).is_ok(), self.ledger.is_open());
                if self.ledger.is_open() {
                    let given = match code(kind) {
                        MessageCode::Call => self.ledger.call(true, ()),
                        kind => self.ledger.request(kind, ()),
                    };
                    self.waiting.insert(given.get(), kind);
                    assert_eq!(self.machine.next_request(), self.ledger.next_request());
                }
            }
            Step::Cancel(request) => {
                // A call is canceled once, while it waits.
                let waits = self.waiting.get(&request) == Some(&48);
                let sends = waits && self.machine.cancels();
                assert_eq!(sends, waits && self.ledger.cancel(id(request), CancelMode::KillNoWait));
                if waits {
                    self.ledger.abandon(id(request));
                    self.waiting.remove(&request);
                }
            }
            Step::Answer(request) => {
                let answers = self.running.remove(&request).is_some() && self.machine.is_open();
                self.interrupted.retain(|interrupted| *interrupted != request);
                assert_eq!(answers, self.ledger.answer(id(request), false));
            }
            Step::Leave => assert_eq!(self.machine.leave(), self.ledger.leave()),
            Step::Receive { code, request, kind, progress } => {
                self.receive(code, request, kind, progress)
            }
        }
    }

    fn receive(&mut self, code: u32, request: u64, kind: u32, progress: bool) {
        let Some(head) = head(code, request, kind, progress) else { return };
        let waiting = self.waiting.get(&request).copied().unwrap_or_default();
        let given = Received {
            request: RequestId::new(request),
            kind,
            waiting,
            progress,
            ..received(code)
        };
        let reported = self.machine.receive(&given);
        let expected = match self.ledger.receive(head) {
            Err(_) => Report::Violation,
            Ok(outcome) => report(&outcome, head),
        };
        assert_eq!(self.filtered(reported, request, progress), expected, "{given:?}");
        if matches!(expected, Report::Abort | Report::Goodbye | Report::Left | Report::Violation) {
            drop(self.ledger.close());
            self.machine.abort();
            self.waiting.clear();
            self.running.clear();
        }
    }

    fn insert(&mut self, request: u64, progress: bool) {
        self.running.insert(request, progress);
    }

    /// What JavaScript makes of a report by its tables.
    fn filtered(&mut self, report: Report, request: u64, progress: bool) -> Report {
        let interrupted = self.interrupted.contains(&request);
        match report {
            Report::Reply => {
                self.waiting.remove(&request);
            }
            Report::Invocation | Report::More => match self.running.get_mut(&request) {
                Some(more) if *more && !interrupted => *more = progress,
                None if report == Report::Invocation => self.insert(request, progress),
                _ => return Report::Nothing,
            },
            Report::Interrupt if self.running.contains_key(&request) && !interrupted => {
                self.interrupted.push(request);
            }
            Report::Interrupt => return Report::Nothing,
            _ => return report,
        }
        if report == Report::More { Report::Invocation } else { report }
    }
}

/// As a ledger is told of a message; nothing if that is none.
fn head(number: u32, request: u64, kind: u32, progress: bool) -> Option<Head> {
    let some = RequestId::new(request);
    Some(match number {
        6 => Head::Goodbye,
        3 => Head::Abort,
        8 => Head::Error {
            kind: MessageCode::from_u64(kind.into()).filter(|kind| kind.may_fail())?,
            request: some?,
        },
        36 => Head::Event,
        50 => Head::Result { request: some?, progress },
        68 => Head::Invocation { request: some?, progress, receive_progress: true },
        69 => Head::Interrupt { request: some? },
        35 | 67 => Head::done_or_revoked(code(number - 1), some),
        17 | 33 | 65 => Head::Done { kind: code(number - 1), request: some? },
        _ => Head::Other(code(number)),
    })
}

fn report(outcome: &Outcome<()>, head: Head) -> Report {
    match outcome {
        Outcome::Nothing => Report::Nothing,
        Outcome::Continue => Report::Invocation,
        Outcome::Progress(_) => Report::Progress,
        Outcome::Answer { .. } => Report::Reply,
        Outcome::Left => Report::Left,
        Outcome::Deliver | Outcome::Closed => match head {
            Head::Goodbye => Report::Goodbye,
            Head::Abort => Report::Abort,
            Head::Invocation { .. } => Report::Invocation,
            Head::Interrupt { .. } => Report::Interrupt,
            Head::Revoked => Report::Revoked,
            _ => Report::Event,
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_ledger_of_native_clients_says_the_same(cancels: bool, streams: bool, steps in steps()) {
        let mut pair = Pair::new(cancels, streams);
        for step in &steps {
            pair.step(step);
        }
    }
}

#[test]
fn an_error_for_what_cannot_fail_breaks_the_protocol() {
    for kind in [0, 2, 50, 70, 99] {
        let mut machine = open(Dealer::default());
        assert_eq!(machine.receive(&Received { kind, ..received(8) }), Report::Violation, "{kind}");
    }
}

#[test]
fn a_session_begins_with_welcome_or_with_an_answered_challenge() {
    let mut machine = Machine::new();
    assert_eq!(machine.request(false), Err(Refused::Closed));
    assert!(!machine.authenticate() && !machine.leave());
    assert_eq!(machine.receive(&Received { offered: true, ..received(4) }), Report::Challenge);
    assert_eq!(machine.receive(&received(2)), Report::Violation, "the challenge is not answered");
    assert!(machine.authenticate() && !machine.authenticate());
    assert_eq!(machine.receive(&received(2)), Report::Welcome);
    assert_eq!(machine.request(false), Ok(RequestId::FIRST));
    assert_eq!(machine.request(true), Err(Refused::Unsupported));
    for code in [1, 36, 50, 6, 99] {
        assert_eq!(Machine::new().receive(&received(code)), Report::Violation, "{code}");
    }
    assert_eq!(
        Machine::new().receive(&received(4)),
        Report::Violation,
        "the method was not offered"
    );
}

#[test]
fn abort_is_said_once_and_everything_after_it_ignored() {
    let mut machine = open(Dealer::default());
    assert!(machine.abort() && !machine.abort());
    for code in MESSAGES {
        assert_eq!(machine.receive(&received(code)), Report::Nothing);
    }
    assert_eq!(machine.request(false), Err(Refused::Closed));
}
