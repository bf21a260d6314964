//! The subcommands, and what there is to measure for each.

use crate::{
    floor::Floor,
    job::Kind,
    scenario::{CallPlan, ChurnPlan, EventPlan},
    wire::LEAST_PAYLOAD,
};
use clap::{Args, Subcommand, value_parser};
use wamplex_shared::{serializer::Serializer, uri::MatchPolicy};

/// The longest payload: with everything around it, it has to fit into a frame of RawSocket.
const MOST_PAYLOAD: usize = 15 << 20;

/// What can be measured.
#[derive(Debug, Subcommand)]
pub(super) enum Scenario {
    /// Publishers and subscribers of one topic, as fast as the subscribers follow or at a fixed rate
    Events(Events),
    /// Callers and one callee, with several calls open at once
    Calls(Calls),
    /// One caller, one callee, one call at a time: how long a call takes
    PingPong(PingPong),
    /// Sessions that do nothing: memory for each, and what joining costs
    Sessions(Sessions),
    /// Sessions that come, subscribe and leave: whether anything of them stays in memory
    Churn(Churn),
    /// Publishing among many subscriptions by pattern
    Patterns(Patterns),
    /// Subscribers that use another serializer than the publisher, beside the same for both
    Transcode(Transcode),
    /// The same events with and without a subscriber that does not read
    Stalled(Stalled),
    /// Events for routers with several numbers of threads
    Workers(Workers),
    /// Nothing: serve as the floor that --floor compares a router with
    Floor(Floor),
}

#[derive(Debug, Args)]
pub(super) struct Events {
    /// How many subscribers; several numbers give several rows
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_value = "1,10,100", value_parser = count)]
    subscribers: Vec<usize>,
    /// How many publishers
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = value_parser!(u8).range(1..))]
    publishers: u8,
    /// How many topics, which publishers and subscribers take in turn
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = value_parser!(u8).range(1..))]
    topics: u8,
    /// What subscribers use, if not what publishers do
    #[arg(long, value_name = "SERIALIZER", value_parser = super::serializer)]
    to: Option<Serializer>,
    #[command(flatten)]
    load: Load,
    #[command(flatten)]
    pace: Pace,
    /// Count lost events instead of failing: for routers that drop some
    #[arg(long)]
    tolerate_loss: bool,
}

#[derive(Debug, Args)]
struct Load {
    /// How much each publisher publishes or each caller calls, instead of as much as there is time for
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    count: Option<u64>,
    /// Length of the payload in bytes; several numbers give several rows
    #[arg(long, value_name = "BYTES", value_delimiter = ',', default_value = "128", value_parser = payload)]
    payload: Vec<usize>,
}

#[derive(Debug, Args)]
struct Pace {
    /// Publications per second, of all publishers together; with it latencies are measured
    #[arg(long, value_name = "PER-SECOND", value_parser = rate)]
    rate: Option<f64>,
    /// How many publications of one publisher may be on the way [default: as many as fit into 1 MiB, at most 1024]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u64).range(1..=1_000_000))]
    window: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct Calls {
    /// How many callers; several numbers give several rows
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_value = "4", value_parser = value_parser!(u8).range(1..))]
    callers: Vec<u8>,
    /// How many procedures, each with a callee of its own
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = value_parser!(u8).range(1..))]
    callees: u8,
    /// How many calls each caller has open
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = value_parser!(u16).range(1..))]
    in_flight: u16,
    #[command(flatten)]
    load: Load,
}

#[derive(Debug, Args)]
pub(super) struct PingPong {
    #[command(flatten)]
    load: Load,
}

#[derive(Debug, Args)]
pub(super) struct Sessions {
    /// How many sessions; several numbers give several rows
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_value = "10000", value_parser = count)]
    count: Vec<usize>,
}

#[derive(Debug, Args)]
pub(super) struct Churn {
    /// How many sessions in all
    #[arg(long, value_name = "COUNT", default_value_t = 100_000, value_parser = value_parser!(u64).range(1..))]
    cycles: u64,
    /// How many of them at once
    #[arg(long, value_name = "COUNT", default_value_t = 8, value_parser = value_parser!(u16).range(1..=1000))]
    connections: u16,
    /// Open one session after the other on a connection, instead of connecting anew for each
    #[arg(long)]
    reuse: bool,
}

#[derive(Debug, Args)]
pub(super) struct Patterns {
    /// How many patterns, of which each event matches one; several numbers give several rows
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_value = "10,1000,100000", value_parser = count)]
    counts: Vec<usize>,
    /// How they match
    #[arg(long = "match", value_name = "POLICIES", value_delimiter = ',', default_value = "prefix,wildcard", value_parser = policy)]
    policies: Vec<MatchPolicy>,
    #[command(flatten)]
    load: Load,
}

#[derive(Debug, Args)]
pub(super) struct Transcode {
    /// How many subscribers
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_value = "1", value_parser = count)]
    subscribers: Vec<usize>,
    /// What subscribers use; --serializer is what the publisher uses, all three for both unless said otherwise
    #[arg(long, value_name = "SERIALIZERS", value_delimiter = ',', default_value = "json,msgpack,cbor", value_parser = super::serializer)]
    to: Vec<Serializer>,
    #[command(flatten)]
    load: Load,
}

#[derive(Debug, Args)]
pub(super) struct Stalled {
    /// How many subscribers there are in all
    #[arg(long, value_name = "COUNT", default_value = "100", value_parser = count)]
    subscribers: usize,
    /// Publications per second
    #[arg(long, value_name = "PER-SECOND", default_value = "1000", value_parser = rate)]
    rate: f64,
    /// Length of the payload in bytes
    #[arg(long, value_name = "BYTES", default_value = "1024", value_parser = payload)]
    payload: usize,
    /// How much is published, instead of as much as there is time for
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    count: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct Workers {
    /// How many threads, each on a core of its own; several numbers give several rows
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_value = "1,2,4", value_parser = count)]
    threads: Vec<usize>,
    /// How many subscribers
    #[arg(long, value_name = "COUNT", default_value = "100", value_parser = count)]
    subscribers: usize,
    /// How many publishers
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = value_parser!(u8).range(1..))]
    publishers: u8,
    /// How many publications of one publisher may be on the way [default: as many as fit into 1 MiB, at most 1024]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u64).range(1..=1_000_000))]
    window: Option<u64>,
    #[command(flatten)]
    load: Load,
}

impl Scenario {
    /// Whether the serializer of the publisher is one of many here unless it is said.
    pub(super) fn is_about_serializers(&self) -> bool {
        matches!(self, Self::Transcode(_))
    }

    /// The rows, each with the number of threads that the router has if that is what it is about.
    pub(super) fn rows(&self) -> Vec<(Option<usize>, Kind)> {
        let usual = |kinds: Vec<Kind>| kinds.into_iter().map(|kind| (None, kind)).collect();
        match self {
            Self::Events(events) => usual(events.rows()),
            Self::Calls(calls) => usual(calls.rows()),
            Self::PingPong(PingPong { load }) => usual(load.each(|payload| {
                let plan = CallPlan { count: load.count, ..CallPlan::ping_pong(payload) };
                Kind::Calls("ping-pong", plan)
            })),
            Self::Sessions(sessions) => {
                usual(sessions.count.iter().copied().map(Kind::Sessions).collect())
            }
            Self::Churn(Churn { cycles, connections, reuse }) => {
                usual(vec![Kind::Churn(ChurnPlan {
                    cycles: *cycles,
                    connections: (*connections).into(),
                    reuse: *reuse,
                })])
            }
            Self::Patterns(patterns) => usual(patterns.rows()),
            Self::Transcode(transcode) => usual(transcode.rows()),
            Self::Stalled(stalled) => usual(stalled.rows()),
            Self::Workers(workers) => workers.rows(),
            Self::Floor(_) => Vec::new(),
        }
    }
}

impl Load {
    fn each(&self, kind: impl Fn(usize) -> Kind) -> Vec<Kind> {
        self.payload.iter().copied().map(kind).collect()
    }
}

impl Events {
    fn rows(&self) -> Vec<Kind> {
        let row = |subscribers, payload| {
            Kind::Events(
                "events",
                EventPlan {
                    publishers: self.publishers.into(),
                    topics: self.topics.into(),
                    to: self.to,
                    rate: self.pace.rate,
                    window: self.pace.window,
                    count: self.load.count,
                    tolerant: self.tolerate_loss,
                    ..EventPlan::new(subscribers, payload)
                },
            )
        };
        let rows = |&subscribers| self.load.each(|payload| row(subscribers, payload));
        self.subscribers.iter().flat_map(rows).collect()
    }
}

impl Calls {
    fn rows(&self) -> Vec<Kind> {
        let in_flight = self.in_flight.into();
        let row = |callers, payload| {
            Kind::Calls(
                "calls",
                CallPlan {
                    callers,
                    callees: self.callees.into(),
                    in_flight,
                    payload,
                    count: self.load.count,
                    timed: false,
                },
            )
        };
        let rows = |&callers: &u8| self.load.each(|payload| row(callers.into(), payload));
        self.callers.iter().flat_map(rows).collect()
    }
}

impl Patterns {
    fn rows(&self) -> Vec<Kind> {
        let mut rows = Vec::new();
        for &policy in &self.policies {
            for &count in &self.counts {
                let patterns = Some((policy, count));
                rows.extend(self.load.each(|payload| {
                    Kind::Events(
                        "patterns",
                        EventPlan {
                            patterns,
                            count: self.load.count,
                            ..EventPlan::new(1, payload)
                        },
                    )
                }));
            }
        }
        rows
    }
}

impl Transcode {
    fn rows(&self) -> Vec<Kind> {
        let mut rows = Vec::new();
        for &subscribers in &self.subscribers {
            for &to in &self.to {
                rows.extend(self.load.each(|payload| {
                    let (to, count) = (Some(to), self.load.count);
                    let plan = EventPlan { to, count, ..EventPlan::new(subscribers, payload) };
                    Kind::Events("transcode", plan)
                }));
            }
        }
        rows
    }
}

impl Stalled {
    fn rows(&self) -> Vec<Kind> {
        let row = |stalled: usize| {
            let reading = self.subscribers.saturating_sub(stalled);
            let plan = EventPlan {
                rate: Some(self.rate),
                count: self.count,
                stalled: Some(stalled),
                ..EventPlan::new(reading, self.payload)
            };
            Kind::Events("stalled", plan)
        };
        vec![row(0), row(1)]
    }
}

impl Workers {
    fn rows(&self) -> Vec<(Option<usize>, Kind)> {
        let row = |payload| {
            let (publishers, count) = (self.publishers.into(), self.load.count);
            let plan = EventPlan::new(self.subscribers, payload);
            let plan = EventPlan { publishers, count, window: self.window, ..plan };
            Kind::Events("workers", plan)
        };
        let rows = |&threads| self.load.each(row).into_iter().map(move |k| (Some(threads), k));
        self.threads.iter().flat_map(rows).collect()
    }
}

fn count(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|count| (1..=1_000_000).contains(count));
    number.ok_or_else(|| "expected a number from 1 to 1000000".to_owned())
}

fn payload(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|b| (LEAST_PAYLOAD..=MOST_PAYLOAD).contains(b));
    number.ok_or_else(|| {
        format!("expected {LEAST_PAYLOAD} to {MOST_PAYLOAD} bytes, as a number without a unit")
    })
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|rate| (0.1..=1e6).contains(rate));
    number.ok_or_else(|| "expected a number from 0.1 to 1000000".to_owned())
}

fn policy(text: &str) -> Result<MatchPolicy, String> {
    MatchPolicy::from_name(text).ok_or_else(|| "expected exact, prefix or wildcard".to_owned())
}
