//! Everything in one run, and a page with what came out.

mod chart;
mod goals;
mod page;
mod sections;
mod workers;

use crate::{
    error::{BenchError, Result, Tried},
    job::Setup,
    progress::Progress,
    report::Report,
    stop::Stop,
};
use page::Measured;
pub(crate) use sections::Scale;
use sections::{Section, sections};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// Measures everything and writes `RESULTS.md` and its graphs into a folder.
///
/// # Errors
/// A row has no figure. The page says so too, and has the others.
pub(crate) fn suite(
    setup: &Setup,
    stop: &Stop,
    report: &mut Report,
    folder: &Path,
    scale: Scale,
) -> Result<()> {
    let machine = machine(scale.time < ENOUGH);
    let sections = sections(scale);
    let jobs: usize = sections.iter().map(|section| section.jobs.len()).sum();
    let (began, mut done, mut all) = (Instant::now(), 0, Vec::new());
    for section in sections {
        let so_far = format!("row {} of {jobs}, after {} s", done + 1, began.elapsed().as_secs());
        done += section.jobs.len();
        all.push(measure(section, setup, stop, report, &so_far)?);
    }
    page::write(folder, &all, &machine).tried("cannot write the page of results")?;
    let failures: Vec<_> = all.into_iter().flat_map(|part| part.failures).collect();
    if failures.is_empty() { Ok(()) } else { Err(BenchError::Wrong(failures.join("\n  "))) }
}

fn measure(
    mut section: Section,
    setup: &Setup,
    stop: &Stop,
    report: &mut Report,
    so_far: &str,
) -> Result<Measured> {
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for job in std::mem::take(&mut section.jobs) {
        let progress = Progress::new();
        progress.say(format_args!("{}: {so_far}", section.title));
        match job.run(setup, stop) {
            Ok(row) => {
                drop(progress);
                // The page is what is asked for; who has closed standard output does without the rows.
                let _ = report.write(&row);
                rows.push(row);
            }
            Err(BenchError::Interrupted) => return Err(BenchError::Interrupted),
            Err(error) => failures.push(format!("{}: {error}", section.title)),
        }
    }
    (section.derive)(&mut rows);
    Ok(Measured { section, rows, failures })
}

/// What the figures are from.
struct Machine {
    /// How many processor cores there are.
    cores: usize,
    /// What it is, in words.
    text: String,
}

/// Rows that are measured for less time say nothing: processor time is counted in hundredths of a second.
const ENOUGH: Duration = Duration::from_millis(500);

fn machine(tiny: bool) -> Machine {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let models = cpus.lines().filter_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let (cores, model) = models.fold((0, "unknown"), |(count, _), (_, model)| (count + 1, model));
    let kernel = read("/proc/sys/kernel/osrelease");
    let kernel = kernel.split('-').next().unwrap_or_default().trim();
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("unknown");
    let version = env!("CARGO_PKG_VERSION");
    let build = if cfg!(debug_assertions) { ", not optimized" } else { "" };
    let tiny = if tiny { "This run was so short that its figures mean nothing.\n\n" } else { "" };
    let text = format!(
        "Wamplex {version}{build}, on {cores} processor cores ({model}) of one machine that runs Linux {kernel} and had a \
         load average of {load} before. Router and generator are two processes on different cores, and talk over \
         loopback.\n\n{tiny}"
    );
    Machine { cores, text }
}
