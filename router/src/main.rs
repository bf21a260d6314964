//! The `wamplex` router binary.

mod cli;
mod signals;

use clap::Parser;
use cli::Cli;
use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};
use tracing_subscriber::EnvFilter;
use wamplex_router::{Router, StartError};

fn main() -> ExitCode {
    // As many connections as the system allows, not as few as it starts with. Without that there are merely fewer.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let cli = Cli::parse();
    if let Err(problem) = start_log(&cli.log) {
        complain(&problem);
        return ExitCode::from(2);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run(cli)).map_err(|error| error.to_string()),
        Err(error) => Err(format!("cannot start threads: {error}")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain(&problem);
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), StartError> {
    let router = Router::bind(cli.into_config()).await?;
    // Before anybody is told that the router is there: who is told may end it at once.
    let terminated = signals::terminated();
    announce(&router);
    router.run_until(terminated).await;
    Ok(())
}

/// Says where the router is. Other programs wait for the first line.
fn announce(router: &Router) {
    let mut out = io::stdout().lock();
    let said = writeln!(out, "listening on {}", router.websocket_url())
        .and_then(|()| writeln!(out, "web page at {}", router.site_url()))
        .and_then(|()| out.flush());
    if let Err(error) = said {
        tracing::debug!(%error, "nobody reads standard output");
    }
}

/// Logs go to standard error. Libraries that log in another way stay silent: at their finest level the WebSocket
/// library would show what clients send.
fn start_log(directives: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(directives)
        .map_err(|error| format!("`{directives}` does not say what to log: {error}"))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .finish();
    tracing::subscriber::set_global_default(subscriber).map_err(|error| error.to_string())
}

fn complain(problem: &str) {
    // There is nowhere left to say that standard error is closed.
    let _ = writeln!(io::stderr(), "wamplex: {problem}");
}
