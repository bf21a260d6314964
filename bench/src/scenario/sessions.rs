//! Sessions that do nothing: what they hold, and what joining costs.

use super::Stage;
use crate::{
    error::{BenchError, Result},
    join::Peer,
    process::{Usage, resident},
    progress::Progress,
    report::Row,
};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// How many sessions come and go first, so that what a router allocates once is there.
const FIRST: usize = 32;

/// How long a router has for what it does after joining and leaving.
const SETTLE: Duration = Duration::from_millis(500);

/// How many files this process has open besides sessions, with a margin.
const OTHER_FILES: usize = 64;

/// Opens so many sessions and looks what the router holds for each.
///
/// # Errors
/// The router lets fewer in, or its process is not known.
pub(crate) fn sessions(stage: &Stage<'_>, count: usize) -> Result<Row> {
    let pid = stage.pid()?;
    check_files(count)?;
    drop((0..FIRST).map(|_| Peer::join(stage.way())).collect::<Result<Vec<_>>>()?);
    thread::sleep(SETTLE);
    let (empty, before, began) = (resident(pid)?, Usage::of(pid)?, Instant::now());
    let mut peers = Vec::with_capacity(count);
    let progress = Progress::new();
    while peers.len() < count {
        peers.push(Peer::join(stage.way())?);
        if peers.len() % 256 == 0 {
            stage.stop.check()?;
            progress.say(format_args!("{} of {count} sessions", peers.len()));
        }
    }
    let wall = began.elapsed();
    thread::sleep(SETTLE);
    let (full, used) = (resident(pid)?, Usage::of(pid)?.since(before));
    drop(peers);
    thread::sleep(SETTLE);
    let left = resident(pid)?;
    let each = |amount: f64| amount / count.max(1) as f64;
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let mut row = stage.row("sessions").with("sessions", count);
    row.put("joins/s", (count as f64 / wall.as_secs_f64()).round());
    row.put("cpu_us", each(used.cpu().as_secs_f64() * 1e6));
    row.put("KiB_each", each(full.saturating_sub(empty) as f64 / 1024.0));
    row.put("rss_MiB", mebibytes(full));
    row.put("rss_before_MiB", mebibytes(empty));
    row.put("rss_after_MiB", mebibytes(left));
    Ok(row)
}

/// Says early that there are too few descriptors. The router needs as many.
fn check_files(count: usize) -> Result<()> {
    let Ok(limits) = fs::read_to_string("/proc/self/limits") else { return Ok(()) };
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let limit = line.and_then(|line| line.split_whitespace().nth(3)?.parse::<usize>().ok());
    match limit {
        Some(limit) if count + OTHER_FILES > limit => Err(BenchError::Arguments(format!(
            "{count} sessions need more than the {limit} files that a process may have open here"
        ))),
        _ => Ok(()),
    }
}
