//! Ctrl-C ends a run, and the router that was started for it.

use crate::error::{BenchError, Result, Tried};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Whether a run is to end. Clones are the same flag.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// A flag that SIGINT and SIGTERM set.
    pub(crate) fn on_signals() -> Result<Self> {
        let stop = Self::default();
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // A second one ends the program at once.
            signal_hook::flag::register_conditional_shutdown(signal, 1, stop.0.clone())
                .and_then(|_| signal_hook::flag::register(signal, stop.0.clone()))
                .tried("cannot watch for signals")?;
        }
        Ok(stop)
    }

    /// Fails once a signal has come.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(BenchError::Interrupted) } else { Ok(()) }
    }
}
