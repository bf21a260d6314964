//! What the suite measures.

use super::{chart::Chart, workers::workers};
use crate::{
    job::{Job, Kind, Server},
    report::Row,
    scenario::{CallPlan, ChurnPlan, EventPlan},
    wire::Transport,
};
use std::time::Duration;
use wamplex_shared::{serializer::Serializer, uri::MatchPolicy};

/// A part of the page: rows of one kind.
pub(super) struct Section {
    /// Its title.
    pub(super) title: &'static str,
    /// What is done.
    pub(super) text: &'static str,
    /// What the table shows of a row.
    pub(super) columns: &'static [&'static str],
    /// The rows to measure.
    pub(super) jobs: Vec<Job>,
    /// The graphs: name of the file, and how to draw it.
    pub(super) charts: Vec<(&'static str, Drawing)>,
    /// Adds figures that follow from several rows.
    pub(super) derive: fn(&mut [Row]),
}

/// Nothing follows from several rows.
pub(super) fn nothing(_: &mut [Row]) {}

/// How a graph is drawn from rows.
pub(super) struct Drawing {
    pub(super) title: &'static str,
    pub(super) x: (&'static str, &'static str),
    pub(super) y: (&'static str, &'static str),
    /// What the lines are called after.
    pub(super) by: &'static str,
    pub(super) logarithmic: bool,
}

impl Drawing {
    /// Draws the rows that have what is needed.
    pub(super) fn draw(&self, rows: &[Row]) -> Chart {
        let mut lines: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
        for row in rows {
            let x = row.setting(self.x.0).and_then(|x| x.parse::<f64>().ok());
            let y = row.figure(self.y.0).filter(|y| *y > 0.0);
            let (Some(x), Some(y)) = (x, y) else { continue };
            let name = row.setting(self.by).unwrap_or_default();
            match lines.iter_mut().find(|(line, _)| line == name) {
                Some((_, points)) => points.push((x, y)),
                None => lines.push((name.to_owned(), vec![(x, y)])),
            }
        }
        let (title, x, y) = (self.title, self.x.1, self.y.1);
        Chart { title, x, y, logarithmic: self.logarithmic, lines }
    }
}

/// How long rows are measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// One row.
    pub(crate) time: Duration,
    /// Before it.
    pub(crate) warm_up: Duration,
    /// How many idle sessions.
    pub(crate) sessions: usize,
    /// How many sessions come and go.
    pub(crate) cycles: u64,
    /// The most patterns.
    pub(crate) patterns: usize,
    /// The most subscribers.
    pub(crate) subscribers: usize,
}

impl Scale {
    /// All of it in less than four minutes.
    pub(crate) const FULL: Self = Self {
        time: Duration::from_secs(2),
        warm_up: Duration::from_millis(500),
        sessions: 10_000,
        cycles: 20_000,
        patterns: 100_000,
        subscribers: 1_000,
    };

    /// Everything once, for no figures: seconds.
    pub(crate) const TINY: Self = Self {
        time: Duration::from_millis(20),
        warm_up: Duration::ZERO,
        sessions: 20,
        cycles: 20,
        patterns: 100,
        subscribers: 10,
    };

    pub(super) fn job(self, kind: Kind) -> Job {
        Job {
            kind,
            server: Server::Router,
            transport: Transport::WebSocket,
            serializer: Serializer::MsgPack,
            workers: None,
            load_threads: None,
            load: None,
            warm_up: self.warm_up,
            time: self.time,
        }
    }

    fn events(self, plan: EventPlan) -> Job {
        self.job(Kind::Events("events", plan))
    }
}

/// All parts.
pub(super) fn sections(scale: Scale) -> Vec<Section> {
    vec![
        fan_out(scale),
        payloads(scale),
        long_payloads(scale),
        calls(scale),
        low_rate(scale),
        serializers(scale),
        patterns(scale),
        workers(scale),
        stalled(scale),
        sessions(scale),
        churn(scale),
    ]
}

/// The length of payloads where it is not what is changed.
pub(super) const PAYLOAD: usize = 128;

fn fan_out(scale: Scale) -> Section {
    let mut jobs = Vec::new();
    for transport in [Transport::WebSocket, Transport::RawSocket] {
        for subscribers in [1, 10, 100, 1_000].into_iter().filter(|n| *n <= scale.subscribers) {
            let plan = EventPlan::new(subscribers, PAYLOAD);
            jobs.push(Job { transport, ..scale.events(plan) });
        }
    }
    let x = ("subscribers", "subscribers");
    let by = "transport";
    Section {
        title: "Events: fan-out",
        text: "One publisher, 128 bytes, MessagePack, unacknowledged, as fast as all subscribers follow.",
        columns: &[
            "transport",
            "subscribers",
            "msgs/s",
            "cpu_us",
            "user_us",
            "sys_us",
            "waits",
            "router_%",
            "load_%",
        ],
        jobs,
        charts: vec![
            (
                "fan-out-cpu",
                Drawing {
                    title: "Processor time of the router per event",
                    x,
                    y: ("cpu_us", "µs per event"),
                    by,
                    logarithmic: true,
                },
            ),
            (
                "fan-out-rate",
                Drawing {
                    title: "Events per second",
                    x,
                    y: ("msgs/s", "events per second"),
                    by,
                    logarithmic: true,
                },
            ),
        ],
        derive: nothing,
    }
}

fn payloads(scale: Scale) -> Section {
    let mut jobs = Vec::new();
    for payload in [128, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 1 << 20] {
        for server in [Server::Compared, Server::Floor] {
            let payload = payload.min(LONGEST);
            jobs.push(Job { server, ..scale.events(EventPlan::new(10, payload)) });
        }
    }
    Section {
        title: "Events: length of the payload",
        text: "One publisher, ten subscribers, MessagePack over WebSocket, beside the floor: a server that broadcasts \
               and does nothing else.",
        columns: &[
            "payload", "server", "msgs/s", "cpu_us", "user_us", "sys_us", "router_%", "load_%",
        ],
        jobs,
        charts: vec![(
            "payload",
            Drawing {
                title: "Processor time per event, to ten subscribers",
                x: ("payload", "bytes of payload"),
                y: ("cpu_us", "µs per event"),
                by: "server",
                logarithmic: true,
            },
        )],
        derive: nothing,
    }
}

/// The longest payload that fits into what the router takes, with its head.
pub(super) const LONGEST: usize = (1 << 20) - 256;

fn long_payloads(scale: Scale) -> Section {
    let mut jobs = Vec::new();
    for payload in [64 << 10, LONGEST] {
        for server in [Server::Compared, Server::Floor] {
            jobs.push(Job { server, ..scale.events(EventPlan::new(1, payload)) });
        }
    }
    Section {
        title: "Events: long payloads to one subscriber",
        text: "One publisher, one subscriber, MessagePack over WebSocket, beside the floor. What is read cannot be shared \
               among receivers here, and each copy of it shows.",
        columns: &[
            "payload", "server", "msgs/s", "cpu_us", "user_us", "sys_us", "router_%", "load_%",
        ],
        jobs,
        charts: Vec::new(),
        derive: nothing,
    }
}

fn calls(scale: Scale) -> Section {
    let mut jobs = Vec::new();
    for transport in [Transport::WebSocket, Transport::RawSocket] {
        let plan =
            CallPlan { callers: 4, in_flight: 16, timed: false, ..CallPlan::ping_pong(PAYLOAD) };
        jobs.push(Job { transport, ..scale.job(Kind::Calls("calls", plan)) });
        let plan = CallPlan::ping_pong(PAYLOAD);
        jobs.push(Job { transport, ..scale.job(Kind::Calls("ping-pong", plan)) });
    }
    Section {
        title: "Calls",
        text: "One callee that gives back what it gets, 128 bytes, MessagePack; one caller with one call at a time, or \
               four with sixteen.",
        columns: &[
            "transport",
            "callers",
            "in_flight",
            "msgs/s",
            "cpu_us",
            "user_us",
            "sys_us",
            "waits",
            "p50_us",
            "p99_us",
        ],
        jobs,
        charts: Vec::new(),
        derive: nothing,
    }
}

fn low_rate(scale: Scale) -> Section {
    // Processor time is counted in hundredths of a second, and little is used.
    let job = |transport| {
        let plan = EventPlan { rate: Some(500.0), ..EventPlan::new(10, PAYLOAD) };
        Job { transport, time: scale.time * 4, ..scale.events(plan) }
    };
    Section {
        title: "Events at a low rate",
        text: "500 publications per second to ten subscribers, 128 bytes, MessagePack: nothing can be batched.",
        columns: &[
            "transport",
            "msgs/s",
            "cpu_us",
            "user_us",
            "sys_us",
            "waits",
            "p50_us",
            "p99_us",
        ],
        jobs: vec![job(Transport::WebSocket)],
        charts: Vec::new(),
        derive: nothing,
    }
}

fn serializers(scale: Scale) -> Section {
    let mut jobs = Vec::new();
    for serializer in Serializer::ALL {
        for to in Serializer::ALL {
            let plan = EventPlan { to: Some(to), ..EventPlan::new(1, PAYLOAD) };
            jobs.push(Job { serializer, ..scale.job(Kind::Events("transcode", plan)) });
        }
    }
    Section {
        title: "Events from one serializer to another",
        text: "One publisher, one subscriber, 128 bytes, over WebSocket.",
        columns: &["serializer", "to", "msgs/s", "cpu_us", "user_us", "sys_us"],
        jobs,
        charts: Vec::new(),
        derive: nothing,
    }
}

fn patterns(scale: Scale) -> Section {
    let mut jobs = Vec::new();
    for policy in [MatchPolicy::Prefix, MatchPolicy::Wildcard] {
        for count in [10, 100, 1_000, 10_000, 100_000].into_iter().filter(|n| *n <= scale.patterns)
        {
            let plan = EventPlan { patterns: Some((policy, count)), ..EventPlan::new(1, PAYLOAD) };
            jobs.push(scale.job(Kind::Events("patterns", plan)));
        }
    }
    Section {
        title: "Events among subscriptions by pattern",
        text: "One publisher that changes between a thousand topics, each of which matches one of ten patterns of one \
               subscriber. The other patterns are those of sessions that get nothing.",
        columns: &["match", "patterns", "msgs/s", "cpu_us", "user_us", "sys_us", "rss_MiB"],
        jobs,
        charts: vec![(
            "patterns",
            Drawing {
                title: "Processor time per event among patterns",
                x: ("patterns", "patterns"),
                y: ("cpu_us", "µs per event"),
                by: "match",
                logarithmic: false,
            },
        )],
        derive: nothing,
    }
}

fn stalled(scale: Scale) -> Section {
    let job = |stalled: usize| {
        let subscribers = scale.subscribers.min(100) - stalled;
        let plan = EventPlan::new(subscribers, 1024);
        let plan = EventPlan { rate: Some(1000.0), stalled: Some(stalled), ..plan };
        // Long enough that more than the limit waits for the one.
        Job { time: scale.time * 4, ..scale.job(Kind::Events("stalled", plan)) }
    };
    Section {
        title: "A subscriber that does not read",
        text: "1,000 publications per second of 1 KiB to a hundred subscribers: all of them read, or all but one.",
        columns: &["subscribers", "stalled", "msgs/s", "cpu_us", "p50_us", "p99_us", "rss_MiB"],
        jobs: vec![job(0), job(1)],
        charts: Vec::new(),
        derive: nothing,
    }
}

fn sessions(scale: Scale) -> Section {
    let job = |transport| Job { transport, ..scale.job(Kind::Sessions(scale.sessions)) };
    Section {
        title: "Idle sessions",
        text: "Sessions are opened one after the other and do nothing.",
        columns: &[
            "transport",
            "sessions",
            "joins/s",
            "cpu_us",
            "KiB_each",
            "rss_before_MiB",
            "rss_MiB",
            "rss_after_MiB",
        ],
        jobs: [Transport::WebSocket, Transport::RawSocket].map(job).into(),
        charts: Vec::new(),
        derive: nothing,
    }
}

fn churn(scale: Scale) -> Section {
    let job = |reuse| {
        let plan = ChurnPlan { cycles: scale.cycles, connections: 8, reuse };
        scale.job(Kind::Churn(plan))
    };
    Section {
        title: "Sessions that come and go",
        text: "Eight at once connect, join, subscribe to a topic that nobody else has, and leave; or join and leave one \
               after the other on one connection. Growth is that of memory after the first tenth of them.",
        columns: &["cycles", "reuse", "msgs/s", "cpu_us", "rss_tenth_MiB", "growth_KiB"],
        jobs: vec![job(false), job(true)],
        charts: Vec::new(),
        derive: nothing,
    }
}
