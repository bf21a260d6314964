//! The arguments.

mod scenarios;

use crate::{
    error::{BenchError, Result, Tried},
    job::{Choice, Job, Server, Setup},
    progress::Progress,
    report::Report,
    stop::Stop,
    suite::{Scale, suite},
    target::Address,
    wire::Transport,
};
use clap::Args;
use scenarios::Scenario;
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
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Bench {
    #[command(subcommand)]
    scenario: Option<Scenario>,
    /// Measure everything in some minutes, and write RESULTS.md and its graphs into this folder
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, default_missing_value = "bench", conflicts_with = "url")]
    suite: Option<PathBuf>,
    /// Measure everything in seconds, to see that it can be measured
    #[arg(long, hide = true, requires = "suite")]
    tiny: bool,
    #[command(flatten)]
    common: Common,
}

/// The shortest time that says anything about a rate.
const LEAST: Duration = Duration::from_millis(10);

const EXAMPLES: &str = "\
Examples:
  wamplex bench events --subscribers 1,10,100
  wamplex bench events --subscribers 10 --rate 500          latencies without load
  wamplex bench calls --callers 4 --in-flight 16 --transport rawsocket --serializer cbor
  wamplex bench --suite results                             everything, as a page with graphs
  wamplex bench ping-pong --url ws://127.0.0.1:8080/ws --pid 4711

cpu_us, user_us and sys_us are microseconds of the router's processor time per message received by the generator, waits
how often per message a thread of the router fell asleep, router_% and load_% the processor time of router and generator
in percent of one core. Exit codes: 0 measured, 1 something failed and there is no figure, 2 wrong arguments.";

#[derive(Debug, Args)]
struct Common {
    /// Serializers: json, msgpack, cbor; several give several rows [default: msgpack]
    #[arg(long, global = true, value_delimiter = ',', value_parser = serializer)]
    serializer: Vec<Serializer>,
    /// Transports; several give several rows [default: that of --url, else websocket]
    #[arg(long, global = true, value_delimiter = ',', value_enum)]
    transport: Vec<Transport>,
    /// How long to measure each row, in seconds [default: 3, or 2 in the suite]
    #[arg(long, global = true, value_parser = some_seconds)]
    seconds: Option<Duration>,
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
    // The router itself has an argument of this name, and a global one needs an id of its own beside that.
    #[arg(id = "bench_workers", long = "workers", global = true, value_name = "COUNT", conflicts_with = "url", value_parser = clap::value_parser!(u16).range(1..))]
    workers: Option<u16>,
    /// How many threads and cores the generator has [default: 2, and never more than half of what is there]
    #[arg(long, global = true, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    load_threads: Option<u16>,
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

    fn measure(&self) -> Result<()> {
        if let Some(Scenario::Floor(floor)) = &self.scenario {
            return floor.run();
        }
        let setup = self.common.setup()?;
        let stop = Stop::on_signals()?;
        let mut report = Report::new(self.common.json);
        if let Some(folder) = &self.suite {
            let scale = match self.common.seconds {
                _ if self.tiny => Scale::TINY,
                Some(time) => Scale { time, warm_up: self.common.warm_up, ..Scale::FULL },
                None => Scale::FULL,
            };
            return suite(&setup, &stop, &mut report, folder, scale);
        }
        let Some(scenario) = &self.scenario else {
            return Err(BenchError::Arguments("nothing is said to be measured".to_owned()));
        };
        self.check_floor(scenario)?;
        let jobs = self.jobs(scenario);
        for (number, job) in jobs.iter().enumerate() {
            let progress = Progress::new();
            progress.say(format_args!("row {} of {}", number + 1, jobs.len()));
            let row = job.run(&setup, &stop)?;
            drop(progress);
            if report.write(&row).is_err() {
                // Who has closed standard output has seen enough, as `head` has.
                return Ok(());
            }
        }
        Ok(())
    }

    /// The floor speaks no more than one scenario needs.
    fn check_floor(&self, scenario: &Scenario) -> Result<()> {
        let common = &self.common;
        let speaks = matches!(scenario, Scenario::Events(_))
            && common.transports() == [Transport::WebSocket]
            && matches!(common.serializer[..], [] | [Serializer::MsgPack]);
        if common.floor && !speaks {
            let problem = "the floor can only be measured with events over websocket in msgpack";
            return Err(BenchError::Arguments(problem.to_owned()));
        }
        Ok(())
    }

    fn jobs(&self, scenario: &Scenario) -> Vec<Job> {
        let servers = if self.common.floor {
            &[Server::Compared, Server::Floor][..]
        } else {
            &[Server::Router]
        };
        let common = &self.common;
        let all = if scenario.is_about_serializers() {
            &Serializer::ALL[..]
        } else {
            &[Serializer::MsgPack]
        };
        let serializers = if common.serializer.is_empty() { all } else { &common.serializer };
        let mut jobs = Vec::new();
        for transport in common.transports() {
            for &serializer in serializers {
                for (workers, kind) in scenario.rows() {
                    jobs.extend(servers.iter().map(|&server| Job {
                        kind,
                        server,
                        transport,
                        serializer,
                        workers: workers.or_else(|| common.workers.map(usize::from)),
                        load_threads: common.load_threads.map(usize::from),
                        load: None,
                        warm_up: common.warm_up,
                        time: common.seconds.unwrap_or(Duration::from_secs(3)),
                    }));
                }
            }
        }
        jobs
    }
}

impl Common {
    fn transports(&self) -> Vec<Transport> {
        if !self.transport.is_empty() {
            return self.transport.clone();
        }
        let websocket = self.url.as_ref().is_none_or(|url| url.starts_with("ws"));
        vec![if websocket { Transport::WebSocket } else { Transport::RawSocket }]
    }

    fn setup(&self) -> Result<Setup> {
        let router = match (&self.url, &self.router) {
            (Some(url), _) => Choice::Running(Address::parse(url)?, self.pid),
            (None, Some(program)) => Choice::Start(program.clone(), self.router_arg.clone()),
            (None, None) => {
                let own = std::env::current_exe().tried("cannot find this program")?;
                Choice::Start(own, self.router_arg.clone())
            }
        };
        Ok(Setup { router, realm: self.realm.clone(), pinned: !self.no_pinning })
    }
}

fn serializer(name: &str) -> Result<Serializer, String> {
    Serializer::from_name(name).ok_or_else(|| "expected json, msgpack or cbor".to_owned())
}

fn some_seconds(text: &str) -> Result<Duration, String> {
    let time = seconds(text).ok().filter(|time| *time >= LEAST);
    time.ok_or_else(|| format!("expected seconds, from {} to 3600", LEAST.as_secs_f64()))
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| (0.0..=3600.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "expected seconds, from 0 to 3600".to_owned())
}
