//! What a router counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// What has happened since the router started.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Counters { $($(#[doc = $doc])* pub $name: u64,)* }

        impl Counters {
            /// All of them, each with its name and in words.
            pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
                [$((stringify!($name), concat!($($doc),*).trim_ascii(), self.$name),)*].into_iter()
            }
        }

        /// The counters while they count.
        #[derive(Debug, Default)]
        pub(crate) struct Tally { $(pub(crate) $name: Count,)* }

        impl Tally {
            /// The counters as they stand.
            pub(crate) fn read(&self) -> Counters {
                Counters { $($name: self.$name.0.load(Relaxed),)* }
            }
        }
    };
}

counters! {
    /// Connections that were accepted.
    connections,
    /// Connections that were turned away because too many were open.
    connections_refused,
    /// Sessions that were opened.
    sessions_joined,
    /// Sessions that are over.
    sessions_left,
    /// HELLOs that were answered with ABORT.
    sessions_refused,
    /// Connections that were ended because the client broke the protocol.
    violations,
    /// Sessions that were cut because too much waited for them.
    overflows,
    /// Sessions that were cut because they took nothing of what waited for them.
    stalls,
    /// Sessions that were cut because nothing was heard of them.
    silences,
    /// Events that were not sent to a subscriber because they are longer than its transport takes.
    events_too_long,
    /// Requests that were refused because their sender sent far too fast.
    rate_refusals,
    /// Sessions that were ended by an error in the router itself.
    panics,
}

/// One number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn up(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}
