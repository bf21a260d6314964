//! How much may wait in an outbox, and what is done when that is not enough.

use crate::config::SlowConsumerPolicy;

/// How much may wait in an outbox, and what is done when that is not enough.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) policy: SlowConsumerPolicy,
    /// How many bytes may wait or be on their way to the socket. A message that is longer by itself may wait alone.
    pub(crate) bytes: usize,
    /// How many messages may wait, at least one; with a policy that drops events, how many events.
    pub(crate) messages: usize,
}

impl Terms {
    /// So many bytes, and no more.
    pub(crate) const fn disconnecting(bytes: usize) -> Self {
        Self { policy: SlowConsumerPolicy::Disconnect, bytes, messages: usize::MAX }
    }

    /// Whether a message of `more` bytes has room beside `bytes`.
    pub(super) const fn has_room(&self, bytes: usize, more: usize) -> bool {
        bytes == 0 || bytes.saturating_add(more) <= self.bytes
    }
}
