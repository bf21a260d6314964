//! The `wamplex` router binary.

mod cli;
mod service;
mod signals;

use clap::Parser;
use cli::{Cli, LogFormat, complain, refuse};
use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    str::FromStr,
};
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};
use wamplex_router::{Router, RouterConfig, StartError, config::ConfigSource, prepare_runtime};

/// What one thread allocates and another frees, as every message that is passed on, costs no lock in this one.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // As many connections as the system allows, not as few as it starts with. Without that there are merely fewer.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let cli = Cli::parse();
    if let Some(command) = &cli.command {
        return command.execute();
    }
    if let Err(problem) = start_log(&cli.run.log, cli.run.log_format) {
        complain(&problem);
        return ExitCode::from(2);
    }
    let source = cli.run.source();
    let config = match cli.run.config(&source) {
        Ok(config) => config,
        Err(error) => return refuse(&error),
    };
    let ended = match runtime(config.workers) {
        Ok(runtime) => runtime.block_on(run(config, source)).map_err(|error| error.to_string()),
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

/// The threads that serve clients.
fn runtime(workers: Option<usize>) -> io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    builder.enable_all().thread_name("wamplex-worker");
    prepare_runtime(&mut builder);
    if let Some(workers) = workers {
        builder.worker_threads(workers);
    }
    builder.build()
}

async fn run(config: RouterConfig, source: ConfigSource) -> Result<(), StartError> {
    let router = Router::bind(config).await?;
    // Without a file there is nothing to read again, and SIGHUP ends the process as it ends others.
    if source.path().is_some() {
        let following = router.handle().follow(source);
        signals::on_hangup(move || following.reload());
    }
    // Before anybody is told that the router is there: who is told may end it at once.
    let terminated = signals::terminated();
    announce(&router);
    service::started(&router.websocket_url());
    let terminated = async {
        terminated.await;
        service::stopping();
    };
    router.run_until(terminated).await;
    Ok(())
}

/// Says where the router is. Other programs wait for the first line.
fn announce(router: &Router) {
    let mut out = io::stdout().lock();
    let first = router.websocket_url();
    let others = router.addresses().into_iter().filter(|address| *address != first);
    let said = writeln!(out, "listening on {first}")
        .and_then(|()| writeln!(out, "web page at {}", router.site_url()))
        .and_then(|()| others.into_iter().try_for_each(|other| writeln!(out, "also on {other}")))
        .and_then(|()| out.flush());
    if let Err(error) = said {
        tracing::debug!(%error, "nobody reads standard output");
    }
}

/// Logs go to standard error. Libraries that log in another way stay silent: at their finest level the WebSocket
/// library would show what clients send.
fn start_log(directives: &str, format: LogFormat) -> Result<(), String> {
    let wrong = |why: &str| format!("`{directives}` does not say what to log: {why}");
    // A word alone is a level or, to the library, the name of a module: one that is misspelt would silence everything.
    let is_word = directives.chars().all(|c| c.is_ascii_alphanumeric());
    if is_word && !directives.is_empty() && LevelFilter::from_str(directives).is_err() {
        return Err(wrong("expected error, warn, info, debug, trace, off or directives"));
    }
    let filter = EnvFilter::try_new(directives).map_err(|error| wrong(&error.to_string()))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let started = match format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #[test]
    #[allow(clippy::unwrap_used)]
    fn as_many_threads_serve_clients_as_the_router_was_told() {
        for workers in [1, 3] {
            let runtime = super::runtime(Some(workers)).unwrap();
            assert_eq!(runtime.metrics().num_workers(), workers);
        }
    }
}
