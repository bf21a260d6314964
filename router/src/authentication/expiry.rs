//! Sessions that end when what they were let in by does.

use crate::deliver::Handle;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{task::AbortHandle, time::sleep};
use wamplex_realm::Outbound;
use wamplex_shared::{
    message::{CloseDetails, Goodbye},
    uris::wamplex,
};

/// The longest sleep, after which the wall clock is looked at again: it may have been set.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Ends one session at its time, unless this is dropped before.
#[derive(Debug)]
pub(crate) struct Expiry(AbortHandle);

impl Expiry {
    /// Ends the session with this outbox at `time`. Has to be called within a runtime.
    pub(crate) fn at(time: SystemTime, outbox: &Handle) -> Self {
        let outbox = Arc::downgrade(outbox);
        let waiting = tokio::spawn(async move {
            while let Ok(left) = time.duration_since(SystemTime::now())
                && !left.is_zero()
            {
                sleep(left.min(LONGEST_SLEEP)).await;
            }
            if let Some(outbox) = outbox.upgrade() {
                let details = CloseDetails::message("the credentials have expired");
                let goodbye = Goodbye { details, ..Goodbye::new(wamplex::EXPIRED) };
                outbox.push(Outbound::from(goodbye), 0);
            }
        });
        Self(waiting.abort_handle())
    }
}

impl Drop for Expiry {
    fn drop(&mut self) {
        self.0.abort();
    }
}
