//! The clock of a router, and its random numbers: what the pure crates are handed from outside.

use crate::error::StartError;
use std::time::{Instant, SystemTime};
use wamplex_shared::{
    id::{MAX_SAFE_ID, SessionId},
    time::Time,
};

/// Counts time from the start of the router.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
    /// What the wall clock showed then, in milliseconds since 1970.
    epoch: u64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let epoch = u64::try_from(epoch.as_millis()).unwrap_or(u64::MAX);
        Self { start: Instant::now(), epoch }
    }

    /// How long the router has been running.
    pub(crate) fn now(self) -> Time {
        Time::from_start(self.start.elapsed())
    }

    /// What the wall clock showed at the start, in milliseconds since 1970; 0 if it showed an earlier time. Adjustments
    /// of the wall clock since then are not followed: what happens later has a later time.
    pub(crate) const fn epoch(self) -> u64 {
        self.epoch
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
