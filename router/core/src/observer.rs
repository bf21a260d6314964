//! Who watches what becomes of calls.

use core::{fmt::Debug, time::Duration};

/// Is told how calls end, for statistics. Called while the realm is at work: it has to be quick and must not call back.
///
/// ```
/// use core::time::Duration;
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use wamplex_realm::{CallEnd, Observer};
///
/// #[derive(Debug, Default)]
/// struct Timeouts(AtomicU64);
/// impl Observer for Timeouts {
///     fn call_ended(&self, how: CallEnd, _took: Duration) {
///         if how == CallEnd::TimedOut {
///             self.0.fetch_add(1, Relaxed);
///         }
///     }
/// }
/// ```
pub trait Observer: Debug + Send + Sync {
    /// A call that a callee had, or that waited for one, is over, `took` after its CALL. Calls that were refused
    /// before are not told.
    fn call_ended(&self, how: CallEnd, took: Duration);
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallEnd {
    /// With a result.
    Answered,
    /// With an error of the callee, or because there was no callee left to ask.
    Failed,
    /// Its caller took it back.
    Canceled,
    /// Its time was over.
    TimedOut,
    /// Its callee left the realm.
    CalleeLeft,
}

impl CallEnd {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] =
        [Self::Answered, Self::Failed, Self::Canceled, Self::TimedOut, Self::CalleeLeft];
}
