//! A histogram of times that many threads note at once without waiting for each other.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// The upper bounds of the buckets in microseconds: 100 µs to 10 s.
const BOUNDS: [u64; 15] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 10_000_000,
];

/// Times by size.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    /// The last one is for whatever is above all bounds.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

/// A [`Latency`] at one moment.
#[derive(Debug, PartialEq)]
pub(crate) struct Histogram {
    /// Upper bound in seconds, and how many are up to it and above the bound before.
    pub(crate) buckets: Vec<(f64, u64)>,
    pub(crate) count: u64,
    /// In seconds.
    pub(crate) sum: f64,
}

impl Latency {
    /// Notes a time.
    pub(crate) fn note(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        self.buckets[bucket].fetch_add(1, Relaxed);
        self.micros.fetch_add(micros, Relaxed);
    }

    /// What was noted so far.
    pub(crate) fn read(&self) -> Histogram {
        let bounds = BOUNDS.iter().map(|micros| seconds(*micros)).chain([f64::MAX]);
        let counts = self.buckets.iter().map(|count| count.load(Relaxed));
        let buckets: Vec<_> = bounds.zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        Histogram { buckets, count, sum: seconds(self.micros.load(Relaxed)) }
    }
}

const fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_first_bucket_that_reaches_it() {
        let latency = Latency::default();
        for micros in [0, 100, 101, 1_000_000, 60_000_000] {
            latency.note(Duration::from_micros(micros));
        }
        let Histogram { buckets, count, sum } = latency.read();
        let used: Vec<_> = buckets.into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(used, [(0.0001, 2), (0.00025, 1), (1.0, 1), (f64::MAX, 1)]);
        assert_eq!(count, 5);
        assert!((sum - 61.000_201).abs() < 1e-9, "{sum}");
    }
}
