//! The ledger of native clients as the judge: with the tables that JavaScript has, both say the same.

#![allow(clippy::expect_used, clippy::wildcard_enum_match_arm)] // all of this is a test

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use wamplex_shared::{
    id::RequestId,
    message::{CancelMode, MessageCode},
    roles::{Feature, Features, Role, Roles},
    session::{Head, Joining, Ledger, Outcome},
};

/// As JavaScript has it: the state, and what it counts.
#[derive(Debug)]
struct Machine {
    state: State,
    next: RequestId,
    invoked: u64,
}

impl Machine {
    const fn new() -> Self {
        Self { state: State(0), next: RequestId::FIRST, invoked: 0 }
    }

    fn open(features: u32) -> Self {
        let mut machine = Self::new();
        let welcome = Received { flags: features, ..received(2) };
        assert_eq!(machine.receive(welcome, 1), Report::Welcome);
        machine
    }

    fn receive(&mut self, received: Received, request: u64) -> Report {
        let flag = |is: bool, flag| if is { flag } else { 0 };
        let flags = flag(request <= self.invoked, AGAIN) | flag(request == 0, NAMELESS);
        let (state, report) =
            self.state.receive(Received { flags: received.flags | flags, ..received });
        self.state = state;
        if report == Report::Invocation {
            self.invoked = request;
        }
        report
    }

    fn sends(&mut self, code: u32) -> bool {
        let state = self.state.send(code, false);
        self.state = state.unwrap_or(self.state);
        state.is_some()
    }

    fn request(&mut self, code: u32) -> bool {
        let sends = self.sends(code);
        if sends {
            self.next = self.next.next();
        }
        sends
    }
}

fn received(code: u32) -> Received {
    Received { code, ..Received::default() }
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
            machine: Machine::open(
                if cancels { CANCELS } else { 0 } | if streams { STREAMS } else { 0 },
            ),
            waiting: BTreeMap::new(),
            running: BTreeMap::new(),
            interrupted: Vec::new(),
            ledger: Ledger::new(ours, Roles::NONE.with(Role::Dealer, dealer)),
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Request(kind) => {
                assert_eq!(self.machine.request(kind), self.ledger.is_open());
                if self.ledger.is_open() {
                    let given = match code(kind) {
                        MessageCode::Call => self.ledger.call(true, ()),
                        kind => self.ledger.request(kind, ()),
                    };
                    self.waiting.insert(given.get(), kind);
                    assert_eq!(self.machine.next, self.ledger.next_request());
                }
            }
            Step::Cancel(request) => {
                // A call is canceled once, while it waits.
                let waits = self.waiting.get(&request) == Some(&48);
                let sends = waits && self.machine.sends(49);
                assert_eq!(sends, waits && self.ledger.cancel(id(request), CancelMode::KillNoWait));
                if waits {
                    self.ledger.abandon(id(request));
                    self.waiting.remove(&request);
                }
            }
            Step::Answer(request) => {
                let answers = self.running.remove(&request).is_some() && self.machine.sends(70);
                self.interrupted.retain(|interrupted| *interrupted != request);
                assert_eq!(answers, self.ledger.answer(id(request), false));
            }
            Step::Leave => assert_eq!(self.machine.sends(6), self.ledger.leave()),
            Step::Receive { code, request, kind, progress } => {
                self.receive(code, request, kind, progress)
            }
        }
    }

    fn receive(&mut self, code: u32, request: u64, kind: u32, progress: bool) {
        let Some(head) = head(code, request, kind, progress) else { return };
        let waiting = self.waiting.get(&request).copied().unwrap_or_default();
        let flags = if progress { PROGRESS } else { 0 };
        let given = Received { kind, waiting, flags, ..received(code) };
        let reported = self.machine.receive(given, request);
        let expected = match self.ledger.receive(head) {
            Err(_) => Report::Violation,
            Ok(outcome) => report(&outcome, head),
        };
        assert_eq!(self.filtered(reported, request, progress), expected, "{given:?}");
        if matches!(expected, Report::Abort | Report::Goodbye | Report::Left | Report::Violation) {
            drop(self.ledger.close());
            self.machine.sends(3);
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
        let mut machine = Machine::open(0);
        assert_eq!(
            machine.receive(Received { kind, ..received(8) }, 1),
            Report::Violation,
            "{kind}"
        );
    }
}

#[test]
fn a_session_begins_with_welcome_or_with_an_answered_challenge() {
    let mut machine = Machine::new();
    assert!(!machine.request(48));
    assert!(!machine.sends(5) && !machine.sends(6));
    assert_eq!(machine.receive(received(4), 0), Report::Challenge);
    assert_eq!(machine.receive(received(2), 1), Report::Violation, "the challenge is not answered");
    assert!(machine.sends(5) && !machine.sends(5));
    assert_eq!(machine.receive(received(2), 1), Report::Welcome);
    assert!(machine.request(48));
    assert_eq!(machine.state.send(48, true), None, "the dealer does not take arguments in pieces");
    assert!(Machine::open(STREAMS).state.send(48, true).is_some());
    assert!(!Machine::new().sends(49) && !machine.sends(49) && Machine::open(CANCELS).sends(49));
    for code in [1, 36, 50, 6, 99] {
        assert_eq!(Machine::new().receive(received(code), 1), Report::Violation, "{code}");
    }
}

#[test]
fn joining_is_that_of_native_clients() {
    for code in MESSAGES {
        for challenged in [false, true] {
            let (mut machine, mut joining) = (Machine::new(), Joining::Waiting);
            if challenged {
                machine.receive(received(4), 0);
                joining.receive(MessageCode::Challenge, true).expect("it was offered");
            }
            let report = machine.receive(received(code), 1);
            let may = joining.receive(self::code(code), true).is_ok();
            assert_eq!(report != Report::Violation, may, "{code}");
        }
    }
}

#[test]
fn abort_is_said_once_and_everything_after_it_ignored() {
    let mut machine = Machine::open(0);
    assert!(machine.sends(3) && !machine.sends(3));
    for code in MESSAGES {
        assert_eq!(machine.receive(received(code), 1), Report::Nothing);
    }
    assert!(!machine.request(48));
}
