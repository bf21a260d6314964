//! The clock of a router, and its random numbers: what the pure crates are handed from outside.

use crate::error::StartError;
use std::time::Instant;
use wamplex_shared::{
    id::{MAX_SAFE_ID, SessionId},
    time::Time,
};

/// Counts time from the start of the router.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// How long the router has been running.
    pub(crate) fn now(self) -> Time {
        Time::from_start(self.start.elapsed())
    }

    /// Waits until `time`; for ever if the clock does not reach that far.
    pub(crate) async fn sleep_until(self, time: Time) {
        match self.start.checked_add(time.since_start()) {
            Some(instant) => tokio::time::sleep_until(instant.into()).await,
            None => std::future::pending().await,
        }
    }
}

/// Draws a seed from the operating system.
///
/// # Errors
/// The operating system has no random numbers.
pub(crate) fn draw_seed() -> Result<u64, StartError> {
    Ok(getrandom::u64()?)
}

/// Draws a session id from the operating system, so that nobody can tell it from those drawn before.
///
/// # Errors
/// The operating system has no random numbers.
pub(crate) fn draw_session_id() -> Result<SessionId, getrandom::Error> {
    loop {
        // 53 bits of 64: every number is equally likely.
        if let Some(id) = SessionId::new(getrandom::u64()? & MAX_SAFE_ID) {
            return Ok(id);
        }
    }
}
