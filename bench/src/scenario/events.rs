//! Publishers and subscribers of one topic.

use super::{Measured, PATIENCE, Run, Stage, fill_latency, perform, unexpected};
use crate::{
    error::{BenchError, Result, Tried},
    join::Peer,
    report::Row,
    socket::{Out, Socket, Take},
    turning::Turning,
    wire::{Head, Tag, Template, publish_template},
};
use mio::Waker;
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// The topic of all events.
const TOPIC: &str = "com.example.bench.topic";

/// The code of EVENT.
const EVENT: u64 = 36;

/// How many frames a publisher writes before it sends them.
const BATCH: usize = 64 << 10;

/// How long a thread waits before it looks around.
const LOOK: Duration = Duration::from_millis(20);

/// Who publishes what to whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventPlan {
    /// How many subscribers the topic has.
    pub(crate) subscribers: usize,
    /// How many publish.
    pub(crate) publishers: usize,
    /// The length of the payload in bytes.
    pub(crate) payload: usize,
    /// How often all publishers together publish in a second; as fast as the subscribers follow if it is not said.
    pub(crate) rate: Option<f64>,
    /// How many publications of one publisher may be on the way; from the length of a frame if it is not said.
    pub(crate) window: Option<u64>,
}

impl EventPlan {
    /// Enough for batches, and less than what a router lets wait for one session.
    fn window(&self, frame: usize) -> u64 {
        const ON_THE_WAY: usize = 1 << 20;
        let each = ON_THE_WAY / frame.max(1) / self.publishers.max(1);
        self.window.unwrap_or(each as u64).clamp(1, 1024)
    }
}

/// Publishes to subscribers and counts what arrives.
///
/// # Errors
/// The router fails, or an event is lost, doubled or out of order.
pub(crate) fn events(stage: &Stage<'_>, plan: EventPlan) -> Result<Row> {
    let flow = Flow::new(stage, plan);
    let run = Run::new(flow.threads.len());
    let mut sides = (0..flow.threads.len())
        .map(|thread| Side::new(thread, &flow, &run))
        .collect::<Result<Vec<_>>>()?;
    let threads = sides.len();
    for subscriber in 0..plan.subscribers {
        let mut peer = Peer::join(stage.way())?;
        peer.subscribe(TOPIC)?;
        // The first publisher is on the first thread, the first subscriber on the next.
        sides[(subscriber + 1) % threads].add_subscriber(peer)?;
        stage.stop.check()?;
    }
    for publisher in 0..plan.publishers {
        let template = publish_template(stage.serializer, TOPIC, plan.payload);
        sides[publisher % threads].add_publisher(publisher, Peer::join(stage.way())?, template)?;
    }
    let bodies = sides.into_iter().map(|side| move || side.run()).collect();
    let (measured, latencies) = perform(stage, &run, bodies)?;
    Ok(row(stage, plan, measured, latencies.concat()))
}

fn row(stage: &Stage<'_>, plan: EventPlan, measured: Measured, mut latency: Vec<u64>) -> Row {
    let mut row = stage
        .row("events")
        .with("publishers", plan.publishers)
        .with("subscribers", plan.subscribers)
        .with("payload", plan.payload);
    measured.fill(&mut row);
    row.put("lost", 0.0);
    fill_latency(&mut row, &mut latency);
    row
}

/// What the threads tell each other so that publishers are as fast as the slowest subscriber, and no faster.
#[derive(Debug)]
struct Flow {
    threads: Vec<ThreadFlow>,
    publishers: Vec<PublisherFlow>,
    window: u64,
    interval: Option<Duration>,
}

#[derive(Debug)]
struct ThreadFlow {
    /// For each publisher: all events before this one have arrived at all subscribers of this thread.
    arrived: Vec<AtomicU64>,
    /// Whether a publisher of this thread wants to hear about progress.
    waiting: AtomicBool,
    waker: OnceLock<Arc<Waker>>,
}

#[derive(Debug)]
struct PublisherFlow {
    /// How many it has published in all, once it publishes no more.
    total: AtomicU64,
    /// When each event that is on the way was published.
    times: Vec<AtomicU64>,
}

/// What [`PublisherFlow::total`] is until it is known.
const UNKNOWN: u64 = u64::MAX;

impl Flow {
    fn new(stage: &Stage<'_>, plan: EventPlan) -> Self {
        let window = plan.window(publish_template(stage.serializer, TOPIC, plan.payload).len());
        let threads = stage.threads().min(plan.subscribers + plan.publishers).max(1);
        let thread = |_| ThreadFlow {
            // Without subscribers there is nothing to wait for.
            arrived: (0..plan.publishers).map(|_| AtomicU64::new(UNKNOWN)).collect(),
            waiting: AtomicBool::new(false),
            waker: OnceLock::new(),
        };
        let timed = if plan.rate.is_some() { window } else { 0 };
        let publisher = |_| PublisherFlow {
            total: AtomicU64::new(UNKNOWN),
            times: (0..timed).map(|_| AtomicU64::new(0)).collect(),
        };
        let share = |rate: f64| Duration::from_secs_f64(plan.publishers as f64 / rate);
        Self {
            threads: (0..threads).map(thread).collect(),
            publishers: (0..plan.publishers).map(publisher).collect(),
            window,
            interval: plan.rate.map(share),
        }
    }

    /// Before which event the slowest subscriber has all of this publisher.
    fn arrived(&self, publisher: usize) -> u64 {
        let each = self.threads.iter().map(|t| t.arrived[publisher].load(Ordering::SeqCst));
        each.min().unwrap_or(UNKNOWN)
    }
}

/// What one thread does.
struct Side<'a> {
    turning: Turning,
    publishers: Vec<Publisher>,
    receiving: Receiving<'a>,
}

struct Publisher {
    number: usize,
    session: usize,
    template: Template,
    published: u64,
    due: Instant,
}

/// What arrives at one thread.
struct Receiving<'a> {
    thread: usize,
    flow: &'a Flow,
    run: &'a Run,
    /// By session: which subscriber of this thread it is.
    subscribers: Vec<Option<usize>>,
    /// By subscriber and publisher: the event that has to come next.
    next: Vec<u64>,
    /// By subscriber: where the tag was found last.
    from_end: Vec<usize>,
    received: u64,
    /// How many had been received when progress was said last.
    said: u64,
    latencies: Vec<u64>,
}

impl<'a> Side<'a> {
    fn new(thread: usize, flow: &'a Flow, run: &'a Run) -> Result<Self> {
        let turning = Turning::new()?;
        // Set once, here.
        let _ = flow.threads[thread].waker.set(turning.waker());
        let receiving = Receiving {
            thread,
            flow,
            run,
            subscribers: Vec::new(),
            next: Vec::new(),
            from_end: Vec::new(),
            received: 0,
            said: 0,
            latencies: Vec::new(),
        };
        Ok(Self { turning, publishers: Vec::new(), receiving })
    }

    fn add_subscriber(&mut self, peer: Peer) -> Result<()> {
        self.turning.add(Socket::new(peer)?)?;
        let receiving = &mut self.receiving;
        receiving.subscribers.push(Some(receiving.from_end.len()));
        receiving.from_end.push(Tag::LENGTH);
        receiving.next.extend(receiving.flow.publishers.iter().map(|_| 0));
        for arrived in &receiving.flow.threads[receiving.thread].arrived {
            arrived.store(0, Ordering::SeqCst);
        }
        Ok(())
    }

    fn add_publisher(&mut self, number: usize, peer: Peer, template: Template) -> Result<()> {
        let session = self.turning.add(Socket::new(peer)?)?;
        self.receiving.subscribers.push(None);
        let due = Instant::now();
        self.publishers.push(Publisher { number, session, template, published: 0, due });
        Ok(())
    }

    /// Until everything that was published has arrived. Gives the latencies in nanoseconds.
    fn run(mut self) -> Result<Vec<u64>> {
        let (flow, run) = (self.receiving.flow, self.receiving.run);
        let ours = &flow.threads[self.receiving.thread];
        let mut quiet = Instant::now();
        let mut seen = u64::MAX;
        loop {
            if run.is_over() {
                return Ok(Vec::new());
            }
            let draining = run.is_draining();
            let wait = if draining { self.end_publishing() } else { self.publish()? };
            let may_wait = wait.is_none_or(|time| !time.is_zero());
            if may_wait && !draining && !self.publishers.is_empty() {
                ours.waiting.store(true, Ordering::SeqCst);
                // What arrived before anybody could know that we wait.
                if self.publish()?.is_some_and(|time| time.is_zero()) {
                    continue;
                }
            }
            self.turning.turn(Some(wait.unwrap_or(LOOK).min(LOOK)), &mut self.receiving)?;
            ours.waiting.store(false, Ordering::SeqCst);
            self.receiving.say_progress();
            if draining && self.receiving.has_all() {
                return Ok(self.receiving.latencies);
            }
            if seen != self.receiving.received || self.receiving.from_end.is_empty() {
                seen = self.receiving.received;
                quiet = Instant::now();
            } else if quiet.elapsed() > PATIENCE {
                return Err(self.receiving.missing());
            }
        }
    }

    /// Publishes what may be published now and says how long there is nothing more to do: `None` until something
    /// arrives.
    fn publish(&mut self) -> Result<Option<Duration>> {
        let mut wait = None;
        for publisher in &mut self.publishers {
            let socket = self.turning.session(publisher.session);
            if !socket.out.is_empty() && !socket.flush()? {
                continue;
            }
            let again = publisher.write(self.receiving.flow, self.receiving.run, &mut socket.out);
            if !socket.out.is_empty() {
                let all_sent = socket.flush()?;
                if all_sent && again.is_none() {
                    continue;
                }
            }
            wait = [wait, again].into_iter().flatten().min();
        }
        Ok(wait)
    }

    fn end_publishing(&self) -> Option<Duration> {
        for publisher in &self.publishers {
            let total = &self.receiving.flow.publishers[publisher.number].total;
            total.store(publisher.published, Ordering::SeqCst);
        }
        None
    }
}

impl Publisher {
    /// Writes a batch. Says when there is more to write: at once, at a time, or once there is room.
    fn write(&mut self, flow: &Flow, run: &Run, out: &mut Out) -> Option<Duration> {
        let limit = flow.arrived(self.number).saturating_add(flow.window);
        let limit = limit.min(self.published + flow.window);
        // In batches, or the router would be woken for each.
        let least = if flow.interval.is_none() { flow.window / 4 } else { 0 };
        if limit - self.published < least.max(1) {
            return None;
        }
        let times = &flow.publishers[self.number].times;
        while self.published < limit && out.bytes.len() < BATCH {
            if let Some(interval) = flow.interval {
                let left = self.due.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    // The system waits for whole milliseconds; the rest is waited for by looking.
                    let whole = Duration::from_millis(left.as_millis() as u64);
                    return Some(whole);
                }
                self.due += interval;
                let at = self.published % times.len() as u64;
                times[at as usize].store(run.now(), Ordering::SeqCst);
            }
            let tag = Tag { sender: self.number as u8, number: self.published };
            let id = out.next_id();
            let framing = out.framing;
            self.template.write(&framing, &mut out.bytes, id, tag);
            self.published += 1;
        }
        (self.published < limit).then_some(Duration::ZERO)
    }
}

impl Take for Receiving<'_> {
    fn take(&mut self, session: usize, out: &mut Out, message: &[u8]) -> Result<()> {
        let serializer = out.framing.serializer();
        let head = Head::read(serializer, message)?;
        let subscriber = self.subscribers[session];
        let (EVENT, Some(subscriber)) = (head.code, subscriber) else {
            return Err(unexpected(serializer, message));
        };
        let tag = Tag::find(message, &mut self.from_end[subscriber])?;
        let publishers = self.flow.publishers.len();
        let sender = usize::from(tag.sender);
        let next =
            self.next.get_mut(subscriber * publishers + sender).filter(|_| sender < publishers);
        let next = next.ok_or_else(|| BenchError::Wrong("an event is not ours".to_owned()))?;
        if tag.number != *next {
            let (expected, found) = (*next, tag.number);
            let what = if found > expected { "lost or overtaken" } else { "doubled or late" };
            return Err(BenchError::Wrong(format!(
                "events were {what}: number {found} arrived where {expected} should have"
            )));
        }
        *next += 1;
        self.received += 1;
        if self.flow.interval.is_some() && self.run.is_measuring() {
            let times = &self.flow.publishers[sender].times;
            let sent = times[(tag.number % times.len() as u64) as usize].load(Ordering::SeqCst);
            self.latencies.push(self.run.now().saturating_sub(sent));
        }
        Ok(())
    }
}

impl Receiving<'_> {
    /// Tells publishers how far the slowest subscriber of this thread is.
    fn say_progress(&mut self) {
        if self.received == self.said {
            return;
        }
        self.run.count(self.thread, self.received);
        self.said = self.received;
        let publishers = self.flow.publishers.len();
        for (publisher, arrived) in self.flow.threads[self.thread].arrived.iter().enumerate() {
            let slowest = self.next.iter().skip(publisher).step_by(publishers).min();
            arrived.store(slowest.copied().unwrap_or(UNKNOWN), Ordering::SeqCst);
        }
        for thread in &self.flow.threads {
            if thread.waiting.swap(false, Ordering::SeqCst)
                && let Some(waker) = thread.waker.get()
            {
                // It looks by itself before long.
                let _ = waker.wake().tried("cannot wake a thread");
            }
        }
    }

    /// Whether all that was published has arrived here.
    fn has_all(&self) -> bool {
        let totals: Vec<_> =
            self.flow.publishers.iter().map(|p| p.total.load(Ordering::SeqCst)).collect();
        !totals.contains(&UNKNOWN)
            && self.next.chunks(totals.len().max(1)).all(|next| next == totals)
    }

    fn missing(&self) -> BenchError {
        BenchError::Wrong(format!(
            "events are missing: after {} of them nothing came for {} s",
            self.received,
            PATIENCE.as_secs()
        ))
    }
}
