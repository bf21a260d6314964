//! What can be measured.

mod calls;
mod churn;
mod events;
mod flow;
mod publisher;
mod sessions;
mod subscribers;

pub(crate) use calls::{CallPlan, calls};
pub(crate) use churn::{ChurnPlan, churn};
pub(crate) use events::{EventPlan, events};
pub(crate) use sessions::sessions;

use crate::{
    cores::{Cores, pin},
    error::{BenchError, Result},
    join::Way,
    process::{Usage, resident},
    report::Row,
    stop::Stop,
    target::Target,
    wire::Transport,
};
use bytes::Bytes;
use std::{
    sync::atomic::{AtomicU8, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};
use wamplex_shared::{codec, message::Message, serializer::Serializer};

/// How long nothing may happen before a run is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// What all scenarios need to know.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    /// The router.
    pub(crate) target: &'a Target,
    /// The realm.
    pub(crate) realm: &'a str,
    /// What messages go over.
    pub(crate) transport: Transport,
    /// What messages are written in.
    pub(crate) serializer: Serializer,
    /// Where generator threads run, one for each.
    pub(crate) cores: &'a Cores,
    /// How long to run before measuring.
    pub(crate) warm_up: Duration,
    /// How long to measure.
    pub(crate) time: Duration,
    /// Ctrl-C.
    pub(crate) stop: &'a Stop,
}

impl Stage<'_> {
    /// How sessions are opened.
    pub(crate) fn way(&self) -> Way<'_> {
        self.way_in(self.serializer)
    }

    /// How sessions of another serializer are opened.
    pub(crate) fn way_in(&self, serializer: Serializer) -> Way<'_> {
        let (address, realm, transport) = (&self.target.address, self.realm, self.transport);
        Way { address, realm, transport, serializer }
    }

    /// How many generator threads there are.
    pub(crate) fn threads(&self) -> usize {
        self.cores.generator.len().max(1)
    }

    /// The process of the router, for scenarios that are about nothing else.
    fn pid(&self) -> Result<u32> {
        let unknown = "which process the router is has to be said with --pid";
        self.target.pid.ok_or_else(|| BenchError::Arguments(unknown.to_owned()))
    }

    fn row(&self, scenario: &'static str) -> Row {
        Row::new(scenario)
            .with("transport", self.transport.name())
            .with("serializer", self.serializer.name())
    }
}

/// How far a run is. The threads of the generator look at it each time round.
#[derive(Debug)]
pub(crate) struct Run {
    phase: AtomicU8,
    /// How many messages of the kind that is measured each thread has received.
    received: Vec<AtomicU64>,
    began: Instant,
}

const WARM_UP: u8 = 0;
const MEASURING: u8 = 1;
const DRAINING: u8 = 2;
const FAILED: u8 = 3;

impl Run {
    fn new(threads: usize) -> Self {
        let received = (0..threads).map(|_| AtomicU64::new(0)).collect();
        Self { phase: AtomicU8::new(WARM_UP), received, began: Instant::now() }
    }

    /// Whether this is the time that counts.
    pub(crate) fn is_measuring(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == MEASURING
    }

    /// Whether nothing more is to be sent.
    pub(crate) fn is_draining(&self) -> bool {
        self.phase.load(Ordering::Relaxed) >= DRAINING
    }

    /// Whether another thread has failed, so that the rest does not matter.
    pub(crate) fn is_over(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == FAILED
    }

    /// Says how many messages a thread has received in all.
    pub(crate) fn count(&self, thread: usize, received: u64) {
        self.received[thread].store(received, Ordering::Relaxed);
    }

    /// Nanoseconds since the beginning.
    pub(crate) fn now(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    fn total(&self) -> u64 {
        self.received.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// What was measured from outside.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measured {
    messages: u64,
    /// Whether these are all messages there were.
    all: bool,
    wall: Duration,
    router: Option<(Usage, u64)>,
    generator: Usage,
}

impl Measured {
    /// Adds the figures to a row.
    pub(crate) fn fill(&self, row: &mut Row) {
        let seconds = self.wall.as_secs_f64();
        let each = |amount: f64| amount / self.messages.max(1) as f64;
        if self.all {
            row.put("received", self.messages as f64);
        }
        row.put("msgs/s", (self.messages as f64 / seconds).round());
        if let Some((usage, resident)) = self.router {
            row.put("cpu_us", each(usage.cpu().as_secs_f64() * 1e6));
            row.put("user_us", each(usage.user.as_secs_f64() * 1e6));
            row.put("sys_us", each(usage.system.as_secs_f64() * 1e6));
            row.put("waits", each(usage.waits as f64));
            row.put("router_%", (usage.cpu().as_secs_f64() / seconds * 100.0).round());
            row.put("rss_MiB", resident as f64 / f64::from(1 << 20));
        }
        row.put("load_%", (self.generator.cpu().as_secs_f64() / seconds * 100.0).round());
    }
}

/// When enough is measured.
#[derive(Clone, Copy)]
enum Until<'a> {
    /// After the time of the stage, of which the warm-up does not count.
    Time,
    /// Once this says so of the number of messages received. The threads end by themselves.
    Done(&'a dyn Fn(u64) -> Result<bool>),
}

/// Until so many messages are received, or for the time of the stage if no number is said.
fn until_received(count: Option<u64>, done: &impl Fn(u64) -> Result<bool>) -> Until<'_> {
    if count.is_some() { Until::Done(done) } else { Until::Time }
}

/// Runs the threads of a generator through warm-up, measuring and draining.
///
/// # Errors
/// What a thread failed with, or a signal.
fn perform<T: Send>(
    stage: &Stage<'_>,
    run: &Run,
    until: Until<'_>,
    threads: Vec<impl FnOnce() -> Result<T> + Send>,
) -> Result<(Measured, Vec<T>)> {
    thread::scope(|scope| {
        let cores = &stage.cores.generator;
        let spawn = |(index, body)| {
            let core = cores.get(index % cores.len().max(1)).copied();
            let waits = matches!(until, Until::Done(_));
            scope.spawn(move || run_body(core, run, waits, body))
        };
        let threads: Vec<_> = threads.into_iter().enumerate().map(spawn).collect();
        let measured = observe(stage, run, until);
        let next = if measured.is_ok() { DRAINING } else { FAILED };
        run.phase.fetch_max(next, Ordering::Relaxed);
        let panicked = |_| Err(BenchError::Wrong("a thread panicked".to_owned()));
        let ended = threads.into_iter().map(|thread| thread.join().unwrap_or_else(panicked));
        // All of them have to end, whatever the first one says. It knows more than who looks from outside.
        let ended: Vec<_> = ended.collect();
        let ended = ended.into_iter().collect::<Result<_>>()?;
        Ok((measured?, ended))
    })
}

/// A thread of the generator. Where all messages count, it waits for the one that looks from outside.
fn run_body<T>(
    core: Option<usize>,
    run: &Run,
    waits: bool,
    body: impl FnOnce() -> Result<T>,
) -> Result<T> {
    pin(core.as_slice());
    while waits && run.phase.load(Ordering::Relaxed) == WARM_UP {
        thread::sleep(Duration::from_millis(1));
    }
    body().inspect_err(|_| run.phase.store(FAILED, Ordering::Relaxed))
}

fn observe(stage: &Stage<'_>, run: &Run, until: Until<'_>) -> Result<Measured> {
    if let Until::Time = until {
        wait(stage, run, stage.warm_up)?;
    }
    let usage = || stage.target.pid.map(Usage::of).transpose();
    let (before, our_before) = (usage()?, Usage::of_ourselves());
    let (start, count) = (Instant::now(), run.total());
    // A thread may have failed meanwhile.
    let _ = run.phase.compare_exchange(WARM_UP, MEASURING, Ordering::Relaxed, Ordering::Relaxed);
    match until {
        Until::Time => wait(stage, run, stage.time)?,
        Until::Done(done) => {
            while !run.is_over() && !done(run.total())? {
                wait(stage, run, Duration::from_millis(1))?;
            }
        }
    }
    let messages = run.total() - count;
    let wall = start.elapsed();
    let (after, our_after) = (usage()?, Usage::of_ourselves());
    let resident = stage.target.pid.map(resident).transpose()?;
    let router = before.zip(after).map(|(before, after)| after.since(before)).zip(resident);
    let all = matches!(until, Until::Done(_));
    Ok(Measured { messages, all, wall, router, generator: our_after.since(our_before) })
}

fn wait(stage: &Stage<'_>, run: &Run, time: Duration) -> Result<()> {
    const LOOK: Duration = Duration::from_millis(20);
    let end = Instant::now() + time;
    loop {
        stage.stop.check()?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || run.is_over() {
            return Ok(());
        }
        thread::sleep(left.min(LOOK));
    }
}

/// What to make of a message that nothing in a scenario can cause.
fn unexpected(serializer: Serializer, message: &[u8]) -> BenchError {
    let said = match codec::decode(serializer, &Bytes::copy_from_slice(message)) {
        Ok(Message::Error(error)) => format!("ERROR {}", error.error.as_str()),
        Ok(Message::Abort(abort)) => format!("ABORT {}", abort.reason.as_str()),
        Ok(Message::Goodbye(goodbye)) => format!("GOODBYE {}", goodbye.reason.as_str()),
        Ok(other) => other.code().name().to_owned(),
        Err(error) => format!("something that is no message: {error}"),
    };
    BenchError::Router(format!("sent {said}"))
}

/// The value below which this share of the samples is. Sorts them.
fn percentile(samples: &mut [u64], share: f64) -> u64 {
    if samples.is_empty() {
        return 0;
    }
    samples.sort_unstable();
    let at = (samples.len() as f64 * share) as usize;
    samples[at.min(samples.len() - 1)]
}

fn fill_latency(row: &mut Row, samples: &mut [u64]) {
    if samples.is_empty() {
        return;
    }
    for (name, share) in [("p50_us", 0.5), ("p99_us", 0.99), ("max_us", 1.0)] {
        row.put(name, percentile(samples, share) as f64 / 1e3);
    }
}
