//! Callers and callees of one procedure.

use super::{PATIENCE, Run, Stage, fill_latency, perform, unexpected, until_received};
use crate::{
    error::{BenchError, Result},
    join::Peer,
    report::Row,
    socket::{Out, Socket, Take},
    turning::Turning,
    wire::{Head, Tag, Template, payload},
};
use std::{
    collections::VecDeque,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use wamplex_shared::{
    id::RequestId,
    message::{Call, CallOptions, Message, Yield, YieldOptions},
    serializer::Serializer,
    uri::Uri,
};

/// A procedure that is called.
fn procedure(number: usize) -> String {
    format!("com.example.bench.procedure{number}")
}

const RESULT: u64 = 50;
const INVOCATION: u64 = 68;

/// How long a thread waits before it looks around.
const LOOK: Duration = Duration::from_millis(20);

/// Who calls how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallPlan {
    /// How many sessions call.
    pub(crate) callers: usize,
    /// How many procedures there are, each with a callee of its own. Callers take them in turn, one each.
    pub(crate) callees: usize,
    /// How many calls each of them has open.
    pub(crate) in_flight: usize,
    /// The length of arguments and of results in bytes.
    pub(crate) payload: usize,
    /// How many calls each of them makes; as many as there is time for if it is not said.
    pub(crate) count: Option<u64>,
    /// Whether to say how long calls take.
    pub(crate) timed: bool,
}

impl CallPlan {
    /// One call at a time.
    pub(crate) const fn ping_pong(payload: usize) -> Self {
        Self { callers: 1, callees: 1, in_flight: 1, payload, count: None, timed: true }
    }
}

/// Calls a procedure that gives back what it gets, and counts results.
///
/// # Errors
/// The router fails, or a result is lost, doubled or not that of its call.
pub(crate) fn calls(stage: &Stage<'_>, scenario: &'static str, plan: CallPlan) -> Result<Row> {
    let threads = stage.threads().min(2);
    let run = Run::new(threads);
    let working = AtomicUsize::new(plan.callers);
    let mut sides = (0..threads)
        .map(|thread| Side::new(thread, plan, &run, &working))
        .collect::<Result<Vec<_>>>()?;
    for number in 0..plan.callees {
        let mut callee = Peer::join(stage.way())?;
        callee.register(&procedure(number))?;
        let answer = yield_template(stage.serializer, plan.payload);
        sides[threads - 1].add(callee, Role::Callee(answer))?;
    }
    for number in 0..plan.callers {
        let called = procedure(number % plan.callees);
        let template = call_template(stage.serializer, called, plan.payload);
        let open = VecDeque::with_capacity(plan.in_flight);
        let left = plan.count.unwrap_or(u64::MAX);
        let caller = Caller { number: number as u8, left, template, open, from_end: Tag::LENGTH };
        sides[0].add(Peer::join(stage.way())?, Role::Caller(caller))?;
        stage.stop.check()?;
    }
    let bodies = sides.into_iter().map(|side| move || side.run()).collect();
    let all = plan.count.unwrap_or(0) * plan.callers as u64;
    let done = |received| Ok(received >= all);
    let until = until_received(plan.count, &done);
    let (measured, latencies) = perform(stage, &run, until, bodies)?;
    let mut row = stage
        .row(scenario)
        .with("callers", plan.callers)
        .with("in_flight", plan.in_flight)
        .with("payload", plan.payload);
    if plan.callees > 1 {
        row = row.with("callees", plan.callees);
    }
    measured.fill(&mut row);
    row.put("lost", 0.0);
    fill_latency(&mut row, &mut latencies.concat());
    Ok(row)
}

struct Side<'a> {
    turning: Turning,
    receiving: Receiving<'a>,
}

struct Receiving<'a> {
    thread: usize,
    plan: CallPlan,
    run: &'a Run,
    /// How many callers have open calls.
    working: &'a AtomicUsize,
    sessions: Vec<Role>,
    received: u64,
    latencies: Vec<u64>,
}

enum Role {
    Caller(Caller),
    Callee(Template),
}

struct Caller {
    number: u8,
    /// How many calls it still has to make.
    left: u64,
    template: Template,
    /// Calls without a result: id, and when it was made if that matters.
    open: VecDeque<(u64, u64)>,
    from_end: usize,
}

impl<'a> Side<'a> {
    fn new(thread: usize, plan: CallPlan, run: &'a Run, working: &'a AtomicUsize) -> Result<Self> {
        let (sessions, latencies) = (Vec::new(), Vec::new());
        let receiving = Receiving { thread, plan, run, working, sessions, received: 0, latencies };
        Ok(Self { turning: Turning::new()?, receiving })
    }

    fn add(&mut self, peer: Peer, role: Role) -> Result<()> {
        self.turning.add(Socket::new(peer)?)?;
        self.receiving.sessions.push(role);
        Ok(())
    }

    /// Until all calls have their result. Gives latencies in nanoseconds.
    fn run(mut self) -> Result<Vec<u64>> {
        let run = self.receiving.run;
        for (index, role) in self.receiving.sessions.iter_mut().enumerate() {
            let Role::Caller(caller) = role else { continue };
            let socket = self.turning.session(index);
            for _ in 0..caller.left.min(self.receiving.plan.in_flight as u64) {
                caller.call(self.receiving.plan.timed.then(|| run.now()), &mut socket.out);
            }
            socket.flush()?;
        }
        let (mut quiet, mut seen) = (Instant::now(), u64::MAX);
        loop {
            if run.is_over() || self.receiving.working.load(Ordering::SeqCst) == 0 {
                return Ok(self.receiving.latencies);
            }
            self.turning.turn(Some(LOOK), &mut self.receiving)?;
            run.count(self.receiving.thread, self.receiving.received);
            let calls = self.receiving.sessions.iter().any(|role| matches!(role, Role::Caller(_)));
            if seen != self.receiving.received || !calls {
                (seen, quiet) = (self.receiving.received, Instant::now());
            } else if quiet.elapsed() > PATIENCE {
                return Err(BenchError::Wrong(format!(
                    "results are missing: after {seen} of them nothing came for {} s",
                    PATIENCE.as_secs()
                )));
            }
        }
    }
}

impl Caller {
    fn call(&mut self, now: Option<u64>, out: &mut Out) {
        let id = out.next_id();
        let framing = out.framing;
        let tag = Tag { sender: self.number, number: id };
        self.template.write(&framing, &mut out.bytes, id, tag);
        self.open.push_back((id, now.unwrap_or(0)));
        self.left -= 1;
    }

    /// Takes a result and says when it was called for.
    fn finish(&mut self, id: u64, message: &[u8]) -> Result<u64> {
        let place = self.open.iter().position(|(open, _)| *open == id);
        let call = place.and_then(|place| self.open.remove(place));
        let (_, called) = call.ok_or_else(|| {
            BenchError::Wrong(format!("a result for call {id} came, which is not open"))
        })?;
        let expected = Tag { sender: self.number, number: id };
        if Tag::find(message, &mut self.from_end)? == expected {
            Ok(called)
        } else {
            Err(BenchError::Wrong(format!("call {id} has the result of another")))
        }
    }
}

impl Take for Receiving<'_> {
    fn take(&mut self, session: usize, out: &mut Out, message: &[u8]) -> Result<()> {
        let framing = out.framing;
        let head = Head::read(framing.serializer(), message)?;
        match (head.code, &mut self.sessions[session]) {
            (INVOCATION, Role::Callee(template)) => {
                let tag = Tag::find(message, &mut Tag::LENGTH.clone())?;
                template.write(&framing, &mut out.bytes, head.ids[0], tag);
                Ok(())
            }
            (RESULT, Role::Caller(caller)) => {
                let called = caller.finish(head.ids[0], message)?;
                self.received += 1;
                if self.plan.timed && self.run.is_measuring() {
                    self.latencies.push(self.run.now().saturating_sub(called));
                }
                if !self.run.is_draining() && caller.left > 0 {
                    caller.call(self.plan.timed.then(|| self.run.now()), out);
                } else if caller.open.is_empty() {
                    self.working.fetch_sub(1, Ordering::SeqCst);
                }
                Ok(())
            }
            _ => Err(unexpected(framing.serializer(), message)),
        }
    }
}

fn call_template(serializer: Serializer, procedure: String, length: usize) -> Template {
    let call = Call {
        request: RequestId::FIRST,
        options: CallOptions::default(),
        procedure: Uri::new(procedure),
        payload: payload(serializer, length),
    };
    Template::new(serializer, &Message::Call(call))
}

fn yield_template(serializer: Serializer, length: usize) -> Template {
    let result = Yield {
        request: RequestId::FIRST,
        options: YieldOptions::default(),
        payload: payload(serializer, length),
    };
    Template::new(serializer, &Message::Yield(result))
}
