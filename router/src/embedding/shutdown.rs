//! Waiting for a router to stop.

use futures_util::future::BoxFuture;
use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::watch;

/// A router that stops; `.await` waits until it has. It stops whether this is awaited or not.
pub struct Shutdown(BoxFuture<'static, ()>);

/// Held by a router as long as it runs, or could.
pub(crate) struct Running(Arc<watch::Sender<bool>>);

impl Running {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(true)))
    }

    /// Where it is seen when this is dropped.
    pub(crate) fn watched(&self) -> Arc<watch::Sender<bool>> {
        Arc::clone(&self.0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

impl Shutdown {
    pub(crate) fn new(running: &watch::Sender<bool>) -> Self {
        let mut running = running.subscribe();
        Self(Box::pin(async move {
            // Who held the sender is gone in any case.
            let _ = running.wait_for(|is_running| !*is_running).await;
        }))
    }
}

impl Future for Shutdown {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown").finish_non_exhaustive()
    }
}
