//! What the tests of random operations have in common: a seed that is printed, and picks among ids.

#![allow(clippy::print_stdout, reason = "a failure is repeated by the seed it prints")]

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::hash::{BuildHasher, RandomState};
use wamplex_shared::id::RequestId;

/// A pick below this is one of the open calls or invocations of the session, if it has any. This one itself is an id
/// that was not given out yet; higher ones go back from there.
pub(crate) const OPEN: u64 = 8;

/// Runs 60 cases from a seed that is printed; `WAMPLEX_SEED` repeats it.
pub(crate) fn runner() -> TestRunner {
    let seed = std::env::var("WAMPLEX_SEED")
        .ok()
        .map_or_else(|| RandomState::new().hash_one(0), |seed| seed.parse().unwrap());
    println!("WAMPLEX_SEED={seed}");
    let bytes = [seed, !seed, seed.rotate_left(17), 7].map(u64::to_le_bytes).concat();
    let config = Config {
        cases: 60,
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// The id that a pick stands for, given those that are open and the last that was given out; `None` if there is none.
pub(crate) fn target(open: &[u64], last: u64, pick: u64) -> Option<RequestId> {
    match pick.checked_sub(OPEN) {
        None => open.get(usize::try_from(pick).unwrap() % open.len().max(1)).copied(),
        Some(0) => Some(last + 1),
        Some(back) => (last + 1).checked_sub(back),
    }
    .and_then(RequestId::new)
}
