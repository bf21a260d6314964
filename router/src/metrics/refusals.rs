//! Sessions that were refused, by reason.

use parking_lot::Mutex;
use std::collections::BTreeMap;

/// How often there was each reason. Reasons are URIs that the router itself knows, so there are few.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<BTreeMap<&'static str, u64>>);

impl Refusals {
    /// Notes a refusal for this reason.
    pub(crate) fn note(&self, reason: &'static str) {
        *self.0.lock().entry(reason).or_default() += 1;
    }

    /// How often there was each reason that there was.
    pub(crate) fn read(&self) -> Vec<(&'static str, u64)> {
        self.0.lock().iter().map(|(reason, count)| (*reason, *count)).collect()
    }
}
