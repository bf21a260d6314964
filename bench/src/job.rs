//! One row to be measured.

use crate::{
    cores::{Cores, pin},
    error::{BenchError, Result, Tried},
    report::Row,
    scenario::{CallPlan, ChurnPlan, EventPlan, Stage, calls, churn, events, sessions},
    stop::Stop,
    target::{Address, Target},
    wire::Transport,
};
use std::{path::PathBuf, time::Duration};
use wamplex_shared::serializer::Serializer;

/// One row to be measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    /// What happens.
    pub(crate) kind: Kind,
    /// What it happens to.
    pub(crate) server: Server,
    /// What messages go over.
    pub(crate) transport: Transport,
    /// What messages are written in.
    pub(crate) serializer: Serializer,
    /// How many cores a router has that is started for it, if not as many as usual.
    pub(crate) workers: Option<usize>,
    /// How many threads and cores the generator has, if not as many as usual.
    pub(crate) load_threads: Option<usize>,
    /// What the load is called, where rows of one scenario have several.
    pub(crate) load: Option<&'static str>,
    /// How long to run before measuring.
    pub(crate) warm_up: Duration,
    /// How long to measure.
    pub(crate) time: Duration,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// The router.
    Router,
    /// The router, beside the floor.
    Compared,
    /// The floor.
    Floor,
}

/// What happens, under the name of the scenario where several are of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Events.
    Events(&'static str, EventPlan),
    /// Calls.
    Calls(&'static str, CallPlan),
    /// So many sessions that do nothing.
    Sessions(usize),
    /// Sessions that come and go.
    Churn(ChurnPlan),
}

/// Which router is measured, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// What to measure.
    pub(crate) router: Choice,
    /// The realm to join.
    pub(crate) realm: String,
    /// Whether router and generator stay on their cores.
    pub(crate) pinned: bool,
}

/// What to measure.
#[derive(Clone, Debug)]
pub(crate) enum Choice {
    /// Start this program for each job; arguments are added to those that every router gets.
    Start(PathBuf, Vec<String>),
    /// What runs there already, and its process.
    Running(Address, Option<u32>),
}

impl Job {
    /// Measures the row with a router of its own: what one leaves behind is no part of the next.
    ///
    /// # Errors
    /// There is no figure.
    pub(crate) fn run(&self, setup: &Setup, stop: &Stop) -> Result<Row> {
        let split = || Cores::split(self.workers, self.load_threads);
        let cores = if setup.pinned { split() } else { Cores::default() };
        pin(&cores.generator);
        let mut target = self.target(setup, &cores)?;
        let stage = Stage {
            target: &target,
            realm: &setup.realm,
            transport: self.transport,
            serializer: self.serializer,
            cores: &cores,
            warm_up: self.warm_up,
            time: self.time,
            stop,
        };
        let row = match self.kind {
            Kind::Events(name, plan) => events(&stage, name, plan),
            Kind::Calls(name, plan) => calls(&stage, name, plan),
            Kind::Sessions(count) => sessions(&stage, count),
            Kind::Churn(plan) => churn(&stage, plan),
        };
        let row = row.map_err(|error| match error {
            BenchError::Interrupted => error,
            other => target.explain(other),
        })?;
        let server = match self.server {
            Server::Router => None,
            Server::Compared => Some("router"),
            Server::Floor => Some("floor"),
        };
        let added = [
            ("load", self.load.map(str::to_owned)),
            ("workers", self.workers.map(|count| count.to_string())),
            ("server", server.map(str::to_owned)),
        ];
        let added = added.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Ok(Row { settings: row.settings.into_iter().chain(added).collect(), ..row })
    }

    fn target(&self, setup: &Setup, cores: &Cores) -> Result<Target> {
        if self.server == Server::Floor {
            let own = std::env::current_exe().tried("cannot find this program")?;
            let arguments = ["bench", "floor"].map(str::to_owned);
            return Target::start(&own, &arguments, cores, self.workers);
        }
        match &setup.router {
            Choice::Start(program, more) => {
                let arguments = ["--listen", "127.0.0.1:0", "--log", "warn"].map(str::to_owned);
                Target::start(program, &[&arguments[..], more].concat(), cores, self.workers)
            }
            Choice::Running(address, pid) => Ok(Target::running(address.clone(), *pid)),
        }
    }
}
