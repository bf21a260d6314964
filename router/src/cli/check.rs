//! `wamplex check`.

use super::{complain, print};
use clap::Args;
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};
use wamplex_router::{
    RouterConfig,
    config::{ConfigError, ConfigSource},
};

/// The arguments of `wamplex check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 nothing is wrong, 2 something is; then each line on standard error is one thing."
)]
pub(crate) struct Check {
    /// Configuration file; without one the default is checked with what the environment changes
    #[arg(long, value_name = "FILE", env = "WAMPLEX_CONFIG")]
    config: Option<PathBuf>,

    /// Print the configuration in effect, with every key and with … for secrets
    #[arg(long)]
    print: bool,
}

impl Check {
    pub(super) fn execute(&self) -> ExitCode {
        let config = match source(self.config.as_ref()).load() {
            Ok(config) => config,
            Err(error) => return refuse(&error),
        };
        if !self.print {
            let (listeners, realms) = (config.listeners.len(), config.realms.len());
            let count =
                |count, what| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
            let (listeners, realms) = (count(listeners, "listener"), count(realms, "realm"));
            return print(format_args!("nothing is wrong: {listeners}, {realms}\n"));
        }
        match effective(&config) {
            Ok(text) => print(text),
            Err(error) => {
                complain(format_args!("cannot write the configuration: {error}"));
                ExitCode::FAILURE
            }
        }
    }
}

/// The file, or the default without one.
pub(super) fn source(file: Option<&PathBuf>) -> ConfigSource {
    file.map_or_else(ConfigSource::environment, ConfigSource::file)
}

/// Says what is wrong with a configuration, one thing in a line.
pub(crate) fn refuse(error: &ConfigError) -> ExitCode {
    // There is nowhere left to say that standard error is closed.
    let _ = writeln!(io::stderr(), "{error}");
    ExitCode::from(2)
}

fn effective(config: &RouterConfig) -> Result<String, toml::ser::Error> {
    toml::to_string(config)
}
