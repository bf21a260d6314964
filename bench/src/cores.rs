//! Which processor cores the generator and the router run on.

use std::sync::OnceLock;

/// Who runs where. Empty lists leave it to the system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cores {
    /// One for each thread of the generator.
    pub(crate) generator: Vec<usize>,
    /// Those of the router.
    pub(crate) router: Vec<usize>,
}

impl Cores {
    /// Splits the cores there are: the first half, at most two or `threads`, for the generator, and the last `workers`
    /// for the router. They overlap only where there are not enough.
    pub(crate) fn split(workers: Option<usize>, threads: Option<usize>) -> Self {
        // Only the first time: threads that are pinned since may run on fewer.
        static ALLOWED: OnceLock<Vec<usize>> = OnceLock::new();
        Self::split_of(ALLOWED.get_or_init(allowed), workers, threads)
    }

    fn split_of(all: &[usize], workers: Option<usize>, threads: Option<usize>) -> Self {
        if all.len() < 2 {
            return Self::default();
        }
        let generator = &all[..threads.unwrap_or(2).clamp(1, all.len() / 2)];
        let rest = all.len() - generator.len();
        let workers = workers.unwrap_or_else(|| rest.min(2)).clamp(1, all.len());
        let router = if workers <= rest {
            &all[generator.len()..generator.len() + workers]
        } else {
            &all[all.len() - workers..]
        };
        Self { generator: generator.to_vec(), router: router.to_vec() }
    }
}

/// The cores that this thread may run on.
#[cfg(target_os = "linux")]
fn allowed() -> Vec<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity};
    let Ok(set) = sched_getaffinity(None) else { return Vec::new() };
    (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect()
}

/// Keeps this thread, and the threads and processes it starts from now on, on these cores. No cores change nothing,
/// and neither does a system that refuses: figures are less steady then, not wrong.
#[cfg(target_os = "linux")]
pub(crate) fn pin(cores: &[usize]) {
    use rustix::thread::{CpuSet, sched_setaffinity};
    if cores.is_empty() {
        return;
    }
    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core);
    }
    let _ = sched_setaffinity(None, &set);
}

#[cfg(not(target_os = "linux"))]
fn allowed() -> Vec<usize> {
    Vec::new()
}

/// Does nothing where we do not know how.
#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(_: &[usize]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_is_pinned_does_not_leave_fewer_cores_for_the_next_run() {
        let first = Cores::split(None, None);
        pin(&first.generator[..first.generator.len().min(1)]);
        assert_eq!(Cores::split(None, None), first);
    }

    #[test]
    fn generator_and_router_share_cores_only_where_there_are_too_few() {
        for (all, workers, threads, generator, router) in [
            (&[0, 1, 2, 3][..], None, None, &[0, 1][..], &[2, 3][..]),
            (&[0, 1, 2, 3], Some(1), None, &[0, 1], &[2]),
            (&[0, 1, 2, 3], Some(4), None, &[0, 1], &[0, 1, 2, 3]),
            (&[0, 1, 2, 3], Some(9), None, &[0, 1], &[0, 1, 2, 3]),
            (&[0, 1, 2, 3], Some(3), Some(1), &[0], &[1, 2, 3]),
            (&[0, 1, 2, 3], Some(4), Some(1), &[0], &[0, 1, 2, 3]),
            (&[0, 1, 2, 3], None, Some(9), &[0, 1], &[2, 3]),
            (&[2, 3, 6, 7, 8, 9, 10, 11], Some(4), None, &[2, 3], &[6, 7, 8, 9]),
            (&[4, 5], None, None, &[4], &[5]),
            (&[4], None, None, &[], &[]),
            (&[], Some(2), None, &[], &[]),
        ] {
            let cores = Cores { generator: generator.to_vec(), router: router.to_vec() };
            let found = Cores::split_of(all, workers, threads);
            assert_eq!(found, cores, "{all:?} {workers:?} {threads:?}");
        }
    }
}
