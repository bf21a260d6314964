//! One bucket of tokens, as the time at which it will be full again.
//!
//! That one number is all there is to keep, and adding to it is all that paying takes ("generic cell rate algorithm").

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use wamplex_shared::time::Time;

/// How fast tokens come, and how many there can be. Changes while it is in use.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// How many nanoseconds a token takes to come; 0 if there are any number.
    per_token: AtomicU64,
    /// How many nanoseconds a bucket takes to fill.
    depth: AtomicU64,
}

/// A bucket that many threads take tokens from.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// When it is full, in nanoseconds since the start of the clock.
    full_at: AtomicU64,
}

impl Pace {
    /// `per_second` tokens come in a second, and a full bucket has `burst`; 0 for as many as come in a second.
    pub(crate) fn set(&self, per_second: u64, burst: u64) {
        let per_token = Duration::from_secs(1).as_nanos() as u64 / per_second.max(1);
        let burst = if burst == 0 { per_second } else { burst };
        let (per_token, depth) = match per_second {
            0 => (0, 0),
            _ => (per_token.max(1), per_token.max(1).saturating_mul(burst)),
        };
        self.depth.store(depth, Relaxed);
        self.per_token.store(per_token, Relaxed);
    }

    /// How long an empty bucket takes to fill.
    pub(crate) fn depth(&self) -> Duration {
        Duration::from_nanos(self.depth.load(Relaxed))
    }

    /// Whether there are any number of tokens.
    pub(crate) fn is_unlimited(&self) -> bool {
        self.per_token.load(Relaxed) == 0
    }
}

impl Bucket {
    /// Takes `count` tokens, on credit if there are too few. How long the bucket needs to be out of debt.
    pub(crate) fn take(&self, pace: &Pace, count: u64, now: Time) -> Duration {
        let per_token = pace.per_token.load(Relaxed);
        if per_token == 0 {
            return Duration::ZERO;
        }
        let (now, price) = (nanos(now), per_token.saturating_mul(count));
        let paid = |full_at: u64| full_at.max(now).saturating_add(price);
        let before = self.full_at.fetch_update(Relaxed, Relaxed, |full_at| Some(paid(full_at)));
        // The closure always says what comes next, so this is the value before in either case.
        let full_at = paid(before.unwrap_or_else(|full_at| full_at));
        let debt = full_at.saturating_sub(now).saturating_sub(pace.depth.load(Relaxed));
        Duration::from_nanos(debt)
    }

    /// Whether it has been full for this long.
    pub(crate) fn is_full_since(&self, duration: Duration, now: Time) -> bool {
        let full_at = Time::from_start(Duration::from_nanos(self.full_at.load(Relaxed)));
        now.since(full_at) >= duration
    }

    /// How long the bucket needs to be out of debt.
    pub(crate) fn debt(&self, pace: &Pace, now: Time) -> Duration {
        self.take(pace, 0, now)
    }
}

fn nanos(time: Time) -> u64 {
    u64::try_from(time.since_start().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_is_free_and_then_tokens_come_at_their_pace() {
        let (pace, bucket) = (Pace::default(), Bucket::default());
        pace.set(10, 3);
        let start = Time::from_millis(1_000);
        for _ in 0..3 {
            assert_eq!(bucket.take(&pace, 1, start), ms(0));
        }
        assert_eq!(bucket.take(&pace, 1, start), ms(100));
        assert_eq!(bucket.take(&pace, 2, start), ms(300));
        assert_eq!(bucket.debt(&pace, start), ms(300), "asking costs nothing");
        assert_eq!(bucket.debt(&pace, start + ms(300)), ms(0));
        assert_eq!(bucket.take(&pace, 1, start + ms(300)), ms(100));
    }

    #[test]
    fn a_long_silence_fills_the_bucket_and_no_more() {
        let (pace, bucket) = (Pace::default(), Bucket::default());
        pace.set(10, 0);
        assert_eq!(bucket.take(&pace, 10, Time::ZERO), ms(0));
        let later = Time::ZERO + Duration::from_secs(3600);
        assert_eq!(bucket.take(&pace, 10, later), ms(0));
        assert_eq!(bucket.take(&pace, 1, later), ms(100));
    }

    #[test]
    fn without_a_pace_everything_is_free() {
        let (pace, bucket) = (Pace::default(), Bucket::default());
        assert!(pace.is_unlimited());
        assert_eq!(bucket.take(&pace, u64::MAX, Time::ZERO), ms(0));
        pace.set(u64::MAX, 0);
        assert!(!pace.is_unlimited());
        pace.set(0, 7);
        assert_eq!(bucket.take(&pace, u64::MAX, Time::ZERO), ms(0));
    }
}
