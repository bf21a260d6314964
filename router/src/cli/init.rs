//! `wamplex init` and `wamplex schema`.

use super::{complain, print};
use clap::Args;
use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};
use wamplex_router::config;

/// The arguments of `wamplex init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// File to write, which must not be there yet; standard output without one
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Init {
    pub(super) fn execute(&self) -> ExitCode {
        let Some(path) = &self.output else { return print(config::example()) };
        match write_new(path, &config::example()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                complain(format_args!("cannot write {}: {error}", path.display()));
                ExitCode::FAILURE
            }
        }
    }
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    File::create_new(path)?.write_all(text.as_bytes())
}

/// Prints the JSON Schema.
pub(super) fn schema() -> ExitCode {
    print(config::schema_text())
}
