//! Sessions that come, subscribe and leave: whether anything of them stays.

use super::{Run, Stage, Until, perform};
use crate::{error::Result, join::Peer, process::resident, report::Row};
use std::sync::atomic::{AtomicU64, Ordering};

/// Who comes and goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChurnPlan {
    /// How many sessions there are in all.
    pub(crate) cycles: u64,
    /// How many of them at once.
    pub(crate) connections: usize,
    /// Whether a connection is used for one session after the other.
    pub(crate) reuse: bool,
}

/// Opens sessions, subscribes to a topic that nobody else has, and leaves, again and again.
///
/// # Errors
/// The router fails, or its process is not known.
pub(crate) fn churn(stage: &Stage<'_>, plan: ChurnPlan) -> Result<Row> {
    let pid = stage.pid()?;
    let run = Run::new(plan.connections);
    let begun = AtomicU64::new(0);
    let empty = resident(pid)?;
    let threads = (0..plan.connections).map(|thread| {
        let (run, begun) = (&run, &begun);
        move || come_and_go(stage, plan, thread, run, begun)
    });
    let threads = threads.collect();
    // After a tenth of them all tables and buffers are there.
    let tenth = AtomicU64::new(0);
    let look = |done: u64| -> Result<bool> {
        if done >= plan.cycles / 10 && tenth.load(Ordering::Relaxed) == 0 {
            tenth.store(resident(pid)?, Ordering::Relaxed);
        }
        Ok(done >= plan.cycles)
    };
    let (measured, _) = perform(stage, &run, Until::Done(&look), threads)?;
    let mut row = stage
        .row("churn")
        .with("cycles", plan.cycles)
        .with("connections", plan.connections)
        .with("reuse", plan.reuse);
    measured.fill(&mut row);
    let (early, late) = (tenth.load(Ordering::Relaxed), resident(pid)?);
    row.put("rss_first_MiB", empty as f64 / f64::from(1 << 20));
    row.put("rss_tenth_MiB", early as f64 / f64::from(1 << 20));
    row.put("growth_KiB", (late as f64 - early as f64) / 1024.0);
    Ok(row)
}

fn come_and_go(
    stage: &Stage<'_>,
    plan: ChurnPlan,
    thread: usize,
    run: &Run,
    begun: &AtomicU64,
) -> Result<()> {
    let mut kept = None;
    let mut done = 0;
    loop {
        let number = begun.fetch_add(1, Ordering::Relaxed);
        if number >= plan.cycles || run.is_over() {
            return Ok(());
        }
        let connected = kept.take().map_or_else(|| Peer::connect(stage.way()), Ok)?;
        let mut peer = connected.enter(stage.way())?;
        peer.subscribe(&format!("com.example.bench.churn.n{number}"))?;
        peer.leave()?;
        if plan.reuse {
            kept = Some(peer);
        }
        done += 1;
        run.count(thread, done);
    }
}
