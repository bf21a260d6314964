//! Publishers and subscribers.

use super::{
    Measured, PATIENCE, Run, Stage, fill_latency,
    flow::Flow,
    perform,
    publisher::Publisher,
    subscribers::{Faults, Subscribers},
    until_received,
};
use crate::{
    error::Result,
    join::Peer,
    report::Row,
    socket::Socket,
    turning::Turning,
    wire::{Template, publish_template},
};
use std::{
    thread,
    time::{Duration, Instant},
};
use wamplex_shared::{serializer::Serializer, uri::MatchPolicy};

/// How long a thread waits before it looks around.
const LOOK: Duration = Duration::from_millis(20);

/// From so many subscribers of a topic on, a thread that waits for the next event is woken for one batch of one session.
/// Being woken costs the router as much as it costs the generator, and a client elsewhere would not cost it that.
const CROWD: usize = 32;

/// Fewer events at once than these are few for a crowd.
const FEW: u64 = 4000;

/// How long a thread with a crowd does not look at all, so that more arrives.
const NAP: Duration = Duration::from_micros(50);

/// Between how many topics publishers change among patterns: so many that it is not one topic that is looked for.
const TOPICS: usize = 1000;

/// How many patterns these topics match, each one of them.
const MATCHING: usize = 10;

/// How many patterns a session has that none of these topics matches. Routers limit that.
const EACH: usize = 5000;

/// Who publishes what to whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventPlan {
    /// How many subscribers there are.
    pub(crate) subscribers: usize,
    /// How many publish.
    pub(crate) publishers: usize,
    /// How many topics there are. Publishers and subscribers take them in turn, one each.
    pub(crate) topics: usize,
    /// The length of the payload in bytes.
    pub(crate) payload: usize,
    /// How often all publishers together publish in a second; as fast as the subscribers follow if it is not said.
    pub(crate) rate: Option<f64>,
    /// How many publications of one publisher may be on the way; from the length of a frame if it is not said.
    pub(crate) window: Option<u64>,
    /// How many events each publisher publishes; as many as there is time for if it is not said.
    pub(crate) count: Option<u64>,
    /// What the subscribers use, if not what the publishers do.
    pub(crate) to: Option<Serializer>,
    /// How many more subscribers there are that never read, where the row is to say so.
    pub(crate) stalled: Option<usize>,
    /// So many patterns instead of one topic. Each event matches one of those that the subscribers have; the rest is
    /// that of sessions that get nothing.
    pub(crate) patterns: Option<(MatchPolicy, usize)>,
    /// Whether lost events are counted instead of making the run worthless.
    pub(crate) tolerant: bool,
}

impl EventPlan {
    /// One publisher, as fast as these subscribers of one topic follow.
    pub(crate) fn new(subscribers: usize, payload: usize) -> Self {
        Self {
            subscribers,
            publishers: 1,
            topics: 1,
            payload,
            rate: None,
            window: None,
            count: None,
            to: None,
            stalled: None,
            patterns: None,
            tolerant: false,
        }
    }

    /// Enough for batches, and less than what a router lets wait for one session.
    fn window(&self, frame: usize) -> u64 {
        const ON_THE_WAY: usize = 1 << 20;
        let each = ON_THE_WAY / frame.max(1) / self.publishers.max(1);
        self.window.unwrap_or_else(|| (each as u64).clamp(1, 1024))
    }

    fn interval(&self) -> Option<Duration> {
        let share = |rate: f64| Duration::from_secs_f64(self.publishers as f64 / rate);
        self.rate.map(share)
    }

    /// Whether a subscriber gets what a publisher publishes.
    fn is_heard(&self, publisher: usize, subscriber: usize) -> bool {
        publisher % self.topics == subscriber % self.topics
    }

    /// How many events arrive when each publisher publishes one.
    fn arriving(&self) -> usize {
        let heard = |publisher| (0..self.subscribers).filter(move |s| self.is_heard(publisher, *s));
        (0..self.publishers).flat_map(heard).count()
    }

    /// What a subscriber subscribes to.
    fn subscriptions(&self, subscriber: usize) -> (MatchPolicy, Vec<String>) {
        match self.patterns {
            Some((policy, count)) => {
                (policy, (0..count.min(MATCHING)).map(|n| pattern(policy, n)).collect())
            }
            None => (MatchPolicy::Exact, vec![topic(0, subscriber % self.topics)]),
        }
    }

    /// A PUBLISH for each topic of a publisher.
    fn templates(&self, serializer: Serializer, publisher: usize) -> Vec<Template> {
        let topics = match self.patterns {
            // Each exact pattern is one topic.
            Some((MatchPolicy::Exact, count)) => {
                (0..count.min(MATCHING)).map(|n| topic(0, n)).collect()
            }
            Some((_, count)) => (0..TOPICS).map(|n| topic(n, n % count.min(MATCHING))).collect(),
            None => vec![topic(0, publisher % self.topics)],
        };
        topics.iter().map(|topic| publish_template(serializer, topic, self.payload)).collect()
    }
}

/// Matches the prefix `com.example.n1.` and the wildcard `com.example..v1.`, say, in every variant.
fn topic(variant: usize, number: usize) -> String {
    format!("com.example.n{number}.v{number}.t{variant}")
}

fn pattern(policy: MatchPolicy, number: usize) -> String {
    match policy {
        MatchPolicy::Exact => topic(0, number),
        MatchPolicy::Prefix => format!("com.example.n{number}."),
        MatchPolicy::Wildcard => format!("com.example..v{number}."),
    }
}

/// Sessions with the patterns that nothing matches.
fn bystanders(stage: &Stage<'_>, plan: EventPlan) -> Result<Vec<Peer>> {
    let (policy, count) = plan.patterns.unwrap_or((MatchPolicy::Exact, 0));
    let numbers = (MATCHING..count).step_by(EACH);
    let session = |first: usize| {
        stage.stop.check()?;
        let mut peer = Peer::join(stage.way())?;
        let patterns = (first..count.min(first + EACH)).map(|number| pattern(policy, number));
        peer.subscribe_all(patterns, policy)?;
        Ok(peer)
    };
    numbers.map(session).collect()
}

/// Publishes to subscribers and counts what arrives.
///
/// # Errors
/// The router fails, or an event is lost, doubled or out of order.
pub(crate) fn events(stage: &Stage<'_>, name: &'static str, plan: EventPlan) -> Result<Row> {
    let threads = stage.threads().min(plan.subscribers + plan.publishers).max(1);
    let templates = |publisher| plan.templates(stage.serializer, publisher);
    let window = plan.window(templates(0).first().map_or(0, Template::len));
    let flow = Flow::new(threads, plan.publishers, window, plan.interval(), plan.count);
    let run = Run::new(threads);
    let crowded = plan.rate.is_none() && plan.subscribers / plan.topics / threads >= CROWD;
    let side = |thread| Side::new(thread, &flow, &run, (plan.tolerant, crowded));
    let mut sides = (0..threads).map(side).collect::<Result<Vec<_>>>()?;
    let mut silent = bystanders(stage, plan)?;
    for subscriber in 0..plan.subscribers + plan.stalled.unwrap_or(0) {
        let mut peer = Peer::join(stage.way_in(plan.to.unwrap_or(stage.serializer)))?;
        let (policy, topics) = plan.subscriptions(subscriber);
        peer.subscribe_all(topics.into_iter(), policy)?;
        if subscriber < plan.subscribers {
            // The first publisher is on the first thread, the first subscriber on the next.
            let hears = |publisher| plan.is_heard(publisher, subscriber);
            sides[(subscriber + 1) % threads].add_subscriber(peer, hears)?;
        } else {
            silent.push(peer);
        }
        stage.stop.check()?;
    }
    for publisher in 0..plan.publishers {
        let peer = Peer::join(stage.way())?;
        sides[publisher % threads].add_publisher(publisher, peer, templates(publisher))?;
    }
    let bodies = sides.into_iter().map(|side| move || side.run()).collect();
    let all = plan.count.unwrap_or(0) * plan.arriving() as u64;
    let done = |received| Ok(received >= all);
    let (measured, ended) = perform(stage, &run, until_received(plan.count, &done), bodies)?;
    drop(silent);
    Ok(row(stage, name, plan, measured, ended))
}

fn row(
    stage: &Stage<'_>,
    name: &'static str,
    plan: EventPlan,
    measured: Measured,
    ended: Vec<(Faults, Vec<u64>)>,
) -> Row {
    let mut row = stage.row(name);
    if let Some(to) = plan.to {
        row = row.with("to", to.name());
    }
    row = row
        .with("publishers", plan.publishers)
        .with("subscribers", plan.subscribers)
        .with("payload", plan.payload);
    if plan.topics > 1 {
        row = row.with("topics", plan.topics);
    }
    if let Some((policy, count)) = plan.patterns {
        row = row.with("match", policy.name()).with("patterns", count);
    }
    if let Some(stalled) = plan.stalled {
        row = row.with("stalled", stalled);
    }
    measured.fill(&mut row);
    let sum = |fault: fn(&Faults) -> u64| ended.iter().map(|(f, _)| fault(f)).sum::<u64>() as f64;
    row.put("lost", sum(|faults| faults.lost));
    row.put("late", sum(|faults| faults.late));
    let mut latencies: Vec<_> = ended.into_iter().flat_map(|(_, latencies)| latencies).collect();
    fill_latency(&mut row, &mut latencies);
    row
}

/// What one thread does.
struct Side<'a> {
    thread: usize,
    flow: &'a Flow,
    run: &'a Run,
    turning: Turning,
    publishers: Vec<Publisher>,
    subscribers: Subscribers<'a>,
    /// Whether so many subscribers get each event that something arrives all the time.
    is_crowded: bool,
}

impl<'a> Side<'a> {
    fn new(
        thread: usize,
        flow: &'a Flow,
        run: &'a Run,
        (tolerant, is_crowded): (bool, bool),
    ) -> Result<Self> {
        let turning = Turning::new()?;
        flow.set_waker(thread, turning.waker());
        let subscribers = Subscribers::new(thread, flow, run, tolerant);
        Ok(Self { thread, flow, run, turning, publishers: Vec::new(), subscribers, is_crowded })
    }

    /// `hears` says of which publishers it gets events.
    fn add_subscriber(&mut self, peer: Peer, hears: impl Fn(usize) -> bool) -> Result<()> {
        self.turning.add(Socket::new(peer)?)?;
        self.subscribers.add(hears);
        Ok(())
    }

    fn add_publisher(&mut self, number: usize, peer: Peer, all: Vec<Template>) -> Result<()> {
        let session = self.turning.add(Socket::new(peer)?)?;
        self.subscribers.add_other();
        self.publishers.push(Publisher::new(number, session, all));
        Ok(())
    }

    /// Until everything that was published has arrived.
    fn run(mut self) -> Result<(Faults, Vec<u64>)> {
        let (mut quiet, mut seen) = (Instant::now(), u64::MAX);
        loop {
            if self.run.is_over() {
                return Ok(self.end());
            }
            let draining = self.run.is_draining();
            let wait = if draining { self.stop_publishing()? } else { self.publish()? };
            self.turning.turn(Some(wait.unwrap_or(LOOK).min(LOOK)), &mut self.subscribers)?;
            let arrived = self.subscribers.say_progress();
            if !draining && self.is_crowded && arrived < FEW {
                thread::sleep(NAP);
            }
            if draining && self.subscribers.have_all() && self.all_sent() {
                return Ok(self.end());
            }
            if seen != self.subscribers.received || self.subscribers.count() == 0 {
                (seen, quiet) = (self.subscribers.received, Instant::now());
            } else if quiet.elapsed() > PATIENCE {
                self.subscribers.give_up()?;
                return Ok(self.end());
            }
        }
    }

    /// Publishes what may be published now and says how long there is nothing more to do: `None` until something
    /// arrives.
    fn publish(&mut self) -> Result<Option<Duration>> {
        self.flow.set_waiting(self.thread, false);
        let wait = self.publish_some()?;
        if wait.is_some_and(|time| time.is_zero()) || self.publishers.is_empty() {
            return Ok(wait);
        }
        // Once more: what arrived in between was said to nobody.
        self.flow.set_waiting(self.thread, true);
        self.publish_some()
    }

    fn publish_some(&mut self) -> Result<Option<Duration>> {
        let mut wait = None;
        for publisher in &mut self.publishers {
            let socket = self.turning.session(publisher.session);
            if !socket.flush()? {
                continue;
            }
            let again = publisher.write(self.flow, self.run, &mut socket.out);
            if socket.flush()? {
                wait = [wait, again].into_iter().flatten().min();
            }
        }
        Ok(wait)
    }

    fn stop_publishing(&mut self) -> Result<Option<Duration>> {
        for publisher in &self.publishers {
            self.flow.set_total(publisher.number, publisher.published);
            self.turning.session(publisher.session).flush()?;
        }
        Ok(None)
    }

    fn all_sent(&mut self) -> bool {
        self.publishers.iter().all(|p| self.turning.session(p.session).out.is_empty())
    }

    fn end(self) -> (Faults, Vec<u64>) {
        (self.subscribers.faults, self.subscribers.latencies)
    }
}
