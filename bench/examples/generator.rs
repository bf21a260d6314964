//! `wamplex bench` without a router around it: builds in seconds, and measures what `--router` or `--url` names.

use clap::Parser;
use std::process::ExitCode;
use wamplex_bench::Bench;

#[derive(Debug, Parser)]
enum Generator {
    Bench(Box<Bench>),
}

fn main() -> ExitCode {
    let Generator::Bench(bench) = Generator::parse();
    bench.execute()
}
