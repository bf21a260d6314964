//! The command line.

#[cfg(feature = "bench")]
mod bench;
mod check;
mod init;
mod key;
mod run;
mod user;

pub(crate) use check::refuse;
pub(crate) use run::LogFormat;
use run::Run;

use clap::{Parser, Subcommand};
use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

/// WAMP router: routes events and calls between clients over WebSocket and RawSocket, and serves a web page to try it.
///
/// Without arguments it serves the realm `realm1` to anonymous clients of this machine.
#[derive(Debug, Parser)]
#[command(name = "wamplex", version, after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// What there is to do besides running a router.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what is wrong with a configuration: file, line, column, key, what is expected and what is there
    Check(check::Check),
    /// Write a configuration file in which every key is explained
    Init(init::Init),
    /// Print the JSON Schema of the configuration file, for editors
    Schema,
    /// Add, change, list and remove users in a SQLite database that a router reads
    #[command(subcommand)]
    User(user::User),
    /// Make keys for cryptosign
    #[command(subcommand)]
    Key(key::Key),
    /// Measure a router under load
    #[cfg(feature = "bench")]
    Bench(Box<bench::Bench>),
}

const AFTER_HELP: &str = "\
Clients connect to ws://ADDRESS:PORT/ws with the subprotocol wamp.2.json, wamp.2.msgpack or wamp.2.cbor.
The first line on standard output names that URL once the router listens, the second line the web page.
Ctrl-C says goodbye to all clients and ends; a second Ctrl-C ends at once. SIGHUP reads the configuration file again.

The environment changes single keys of the configuration, of the file or the default: WAMPLEX_LISTENERS__0__ADDRESS is
the address of the first listener. The options that build a configuration (--listen to --any-request-ids) are stronger,
and cannot be given together with --config.

Exit codes: 0 ended by a signal, 1 could not start, 2 wrong arguments or configuration.";

impl Command {
    /// Does it.
    pub(crate) fn execute(&self) -> ExitCode {
        match self {
            Self::Check(check) => check.execute(),
            Self::Init(init) => init.execute(),
            Self::Schema => init::schema(),
            Self::User(user) => user.execute(),
            Self::Key(key) => key.execute(),
            #[cfg(feature = "bench")]
            Self::Bench(bench) => bench.execute(),
        }
    }
}

/// Writes to standard output.
fn print(text: impl Display) -> ExitCode {
    let mut out = io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // Who has closed it has seen enough, as `head` has.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("cannot write to standard output: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Says on standard error what went wrong.
pub(crate) fn complain(problem: impl Display) {
    // There is nowhere left to say that standard error is closed.
    let _ = writeln!(io::stderr(), "wamplex: {problem}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_description_of_the_arguments_is_sound() {
        Cli::command().debug_assert();
    }

    /// What a subcommand calls by the same name as the router does, clap confuses, and says so by a panic.
    #[test]
    #[cfg(feature = "bench")]
    fn arguments_of_the_load_generator_are_not_taken_for_those_of_the_router() {
        let line = ["wamplex", "bench", "events", "--workers", "1", "--realm", "a", "--floor"];
        assert!(Cli::try_parse_from(line).unwrap().command.is_some());
    }
}
