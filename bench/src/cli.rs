//! The arguments.

use crate::{
    cores::Cores,
    error::{BenchError, Result},
    floor::Floor,
    report::Report,
    scenario::{CallPlan, EventPlan, Stage, calls, events},
    stop::Stop,
    target::{Address, Target},
    wire::{LEAST_PAYLOAD, Transport},
};
use clap::{Args, Subcommand};
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};
use wamplex_shared::serializer::Serializer;

/// Measures a router under load: its processor time per message, rates, latencies and memory.
///
/// The router is another process on other processor cores: this program itself unless --router or --url names one.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Bench {
    #[command(subcommand)]
    scenario: Scenario,
    #[command(flatten)]
    common: Common,
}

const EXAMPLES: &str = "\
Examples:
  wamplex bench events --subscribers 1,10,100
  wamplex bench events --subscribers 10 --rate 500          latencies without load
  wamplex bench calls --callers 4 --in-flight 16 --transport rawsocket --serializer cbor
  wamplex bench ping-pong --url ws://127.0.0.1:8080/ws --pid 4711

cpu_us, user_us and sys_us are microseconds of the router's processor time per message received by the generator, waits
how often per message a thread of the router fell asleep, router_% and load_% the processor time of router and generator
in percent of one core. Exit codes: 0 measured, 1 something failed and there is no figure, 2 wrong arguments.";

#[derive(Debug, Subcommand)]
enum Scenario {
    /// Publishers and subscribers of one topic, as fast as the subscribers follow or at a fixed rate
    Events(Events),
    /// Callers and one callee, with several calls open at once
    Calls(Calls),
    /// One caller, one callee, one call at a time: how long a call takes
    PingPong(PingPong),
    /// Nothing: serve as the floor that --floor compares a router with
    Floor(Floor),
}

#[derive(Debug, Args)]
struct Events {
    /// How many subscribers; several numbers give several rows
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_value = "1,10,100")]
    subscribers: Vec<usize>,
    /// How many publishers
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    publishers: u8,
    /// Length of the payload in bytes; several numbers give several rows
    #[arg(long, value_name = "BYTES", value_delimiter = ',', default_value = "128")]
    payload: Vec<usize>,
    /// Publications per second, of all publishers together; with it latencies are measured
    #[arg(long, value_name = "PER-SECOND")]
    rate: Option<f64>,
    /// How many publications of one publisher may be on the way [default: as many as fit into 1 MiB, at most 1024]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    window: Option<u64>,
}

#[derive(Debug, Args)]
struct Calls {
    /// How many callers; several numbers give several rows
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_value = "4")]
    callers: Vec<u8>,
    /// How many calls each caller has open
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    in_flight: u16,
    /// Length of arguments and results in bytes; several numbers give several rows
    #[arg(long, value_name = "BYTES", value_delimiter = ',', default_value = "128")]
    payload: Vec<usize>,
}

#[derive(Debug, Args)]
struct PingPong {
    /// Length of arguments and results in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 128)]
    payload: usize,
}

#[derive(Debug, Args)]
struct Common {
    /// Serializers: json, msgpack, cbor; several give several rows
    #[arg(long, global = true, value_delimiter = ',', default_value = "msgpack", value_parser = serializer)]
    serializer: Vec<Serializer>,
    /// Transports; several give several rows [default: that of --url, else websocket]
    #[arg(long, global = true, value_delimiter = ',', value_enum)]
    transport: Vec<Transport>,
    /// How long to measure each row, in seconds
    #[arg(long, global = true, default_value = "3", value_parser = seconds)]
    seconds: Duration,
    /// How long to run before that, in seconds
    #[arg(long, global = true, value_name = "SECONDS", default_value = "0.5", value_parser = seconds)]
    warm_up: Duration,
    /// Another build of the router to start
    #[arg(long, global = true, value_name = "PATH")]
    router: Option<PathBuf>,
    /// An argument for the router that is started; may be given several times
    #[arg(
        long,
        global = true,
        value_name = "ARGUMENT",
        allow_hyphen_values = true,
        conflicts_with = "url"
    )]
    router_arg: Vec<String>,
    /// How many threads and cores the router that is started has [default: 2, or what is there]
    #[arg(long, global = true, value_name = "COUNT", conflicts_with = "url", value_parser = clap::value_parser!(u16).range(1..))]
    workers: Option<u16>,
    /// A router that runs already: ws://HOST:PORT/PATH or tcp://HOST:PORT
    #[arg(long, global = true, conflicts_with = "router")]
    url: Option<String>,
    /// The process of the router at --url; without it only rates and latencies are measured
    #[arg(long, global = true, requires = "url")]
    pid: Option<u32>,
    /// Measure the floor too, each row in turn with the router's: a server that broadcasts and does nothing else
    #[arg(long, global = true, conflicts_with = "url")]
    floor: bool,
    /// The realm to join
    #[arg(long, global = true, value_name = "URI", default_value = "realm1")]
    realm: String,
    /// Leave it to the system where router and generator run
    #[arg(long, global = true)]
    no_pinning: bool,
    /// One JSON object per row instead of a table
    #[arg(long, global = true)]
    json: bool,
}

impl Bench {
    /// Measures, and writes rows to standard output.
    #[must_use]
    pub fn execute(&self) -> ExitCode {
        match self.measure() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                // There is nowhere left to say that standard error is closed.
                let _ = writeln!(io::stderr(), "wamplex bench: {error}");
                ExitCode::from(if matches!(error, BenchError::Arguments(_)) { 2 } else { 1 })
            }
        }
    }

    /// The floor speaks no more than one scenario needs.
    fn check_floor(&self) -> Result<()> {
        let common = &self.common;
        let speaks = matches!(self.scenario, Scenario::Events(_))
            && common.transports() == [Transport::WebSocket]
            && common.serializer == [Serializer::MsgPack];
        if common.floor && !speaks {
            let problem = "the floor can only be measured with events over websocket in msgpack";
            return Err(BenchError::Arguments(problem.to_owned()));
        }
        Ok(())
    }

    fn measure(&self) -> Result<()> {
        if let Scenario::Floor(floor) = &self.scenario {
            return floor.run();
        }
        self.scenario.check()?;
        self.check_floor()?;
        let stop = Stop::on_signals()?;
        let mut report = Report::new(self.common.json);
        let cores = self.common.cores();
        for transport in self.common.transports() {
            for serializer in &self.common.serializer {
                let jobs = self.scenario.jobs();
                let turns = jobs.iter().flat_map(|job| self.common.servers().map(|it| (*job, it)));
                for (job, server) in turns {
                    // A fresh router for each row: what one leaves behind is no part of the next.
                    let mut target = self.common.target(server, &cores)?;
                    let stage = Stage {
                        target: &target,
                        realm: &self.common.realm,
                        transport,
                        serializer: *serializer,
                        cores: &cores,
                        warm_up: self.common.warm_up,
                        time: self.common.seconds,
                        stop: &stop,
                    };
                    let row = match job {
                        Job::Events(plan) => events(&stage, plan),
                        Job::Calls(name, plan) => calls(&stage, name, plan),
                    };
                    let mut row = row.map_err(|error| target.explain(error))?;
                    if self.common.floor {
                        row = row.with("server", server.name());
                    }
                    if report.write(&row).is_err() {
                        // Who has closed standard output has seen enough, as `head` has.
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Router,
    Floor,
}

impl Server {
    fn name(self) -> &'static str {
        match self {
            Self::Router => "router",
            Self::Floor => "floor",
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Job {
    Events(EventPlan),
    Calls(&'static str, CallPlan),
}

impl Scenario {
    fn check(&self) -> Result<()> {
        let payloads = match self {
            Self::Events(events) => &events.payload,
            Self::Calls(calls) => &calls.payload,
            Self::PingPong(ping_pong) => &vec![ping_pong.payload],
            Self::Floor(_) => &Vec::new(),
        };
        let most = 15 << 20;
        match payloads.iter().find(|length| !(LEAST_PAYLOAD..=most).contains(length)) {
            Some(length) => Err(BenchError::Arguments(format!(
                "a payload of {length} bytes cannot be measured: expected {LEAST_PAYLOAD} to {most}"
            ))),
            None => Ok(()),
        }
    }

    fn jobs(&self) -> Vec<Job> {
        let mut jobs = Vec::new();
        match self {
            Self::Events(events) => {
                for &payload in &events.payload {
                    jobs.extend(events.subscribers.iter().map(|&subscribers| {
                        Job::Events(EventPlan {
                            subscribers,
                            publishers: events.publishers.into(),
                            payload,
                            rate: events.rate,
                            window: events.window,
                        })
                    }));
                }
            }
            Self::Calls(calls) => {
                for &payload in &calls.payload {
                    jobs.extend(calls.callers.iter().map(|&callers| {
                        let (callers, in_flight) = (callers.into(), calls.in_flight.into());
                        Job::Calls("calls", CallPlan { callers, in_flight, payload, timed: false })
                    }));
                }
            }
            Self::PingPong(PingPong { payload }) => {
                let plan = CallPlan { callers: 1, in_flight: 1, payload: *payload, timed: true };
                jobs.push(Job::Calls("ping-pong", plan));
            }
            Self::Floor(_) => {}
        }
        jobs
    }
}

impl Common {
    fn cores(&self) -> Cores {
        if self.no_pinning {
            return Cores::default();
        }
        Cores::split(self.workers.map(usize::from))
    }

    fn transports(&self) -> Vec<Transport> {
        if !self.transport.is_empty() {
            return self.transport.clone();
        }
        let websocket = self.url.as_ref().is_none_or(|url| url.starts_with("ws"));
        vec![if websocket { Transport::WebSocket } else { Transport::RawSocket }]
    }

    fn servers(&self) -> impl Iterator<Item = Server> + use<> {
        [Server::Router, Server::Floor].into_iter().take(if self.floor { 2 } else { 1 })
    }

    fn target(&self, server: Server, cores: &Cores) -> Result<Target> {
        if let Some(url) = &self.url {
            return Ok(Target::running(Address::parse(url)?, self.pid));
        }
        let own = || {
            std::env::current_exe().map_err(|error| BenchError::Start {
                path: "this program".to_owned(),
                reason: error.to_string(),
            })
        };
        if server == Server::Floor {
            let arguments = ["bench", "floor"].map(str::to_owned);
            return Target::start(&own()?, &arguments, cores);
        }
        let program = self.router.clone().map_or_else(own, Ok)?;
        let arguments = ["--listen", "127.0.0.1:0", "--log", "warn"].map(str::to_owned);
        Target::start(&program, &[&arguments[..], &self.router_arg].concat(), cores)
    }
}

fn serializer(name: &str) -> Result<Serializer, String> {
    Serializer::from_name(name).ok_or_else(|| "expected json, msgpack or cbor".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| (0.0..=3600.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "expected seconds, from 0 to 3600".to_owned())
}
