//! Whether a connection is serving a request that may take long.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

/// How many requests of a connection are being served, of those that may take as long as they do.
#[derive(Clone, Debug, Default)]
pub(super) struct Busy(Arc<AtomicUsize>);

/// One of them, until this is dropped.
#[derive(Debug)]
pub(super) struct Hold(Arc<AtomicUsize>);

impl Busy {
    /// A request begins.
    pub(super) fn begin(&self) -> Hold {
        self.0.fetch_add(1, SeqCst);
        Hold(Arc::clone(&self.0))
    }

    /// Whether there is any.
    pub(super) fn is_busy(&self) -> bool {
        self.0.load(SeqCst) > 0
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}
