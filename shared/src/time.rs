//! Time as the core sees it: what has passed since a moment that the shell chose.

use core::time::Duration;

/// A point in time, counted from a start of the shell's choosing.
///
/// The core never reads a clock: `std::time::Instant::now` panics on `wasm32-unknown-unknown`, and a time that is
/// passed in makes every timer testable without waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(Duration);

impl Time {
    /// The start itself.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// The point `since_start` after the start.
    #[must_use]
    pub const fn from_start(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// The point `millis` milliseconds after the start.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// How long after the start this is.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl core::ops::Add<Duration> for Time {
    type Output = Self;

    /// Adds and saturates: a deadline beyond the end of time is never reached.
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(rhs))
    }
}
