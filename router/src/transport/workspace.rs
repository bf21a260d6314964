//! Memory that the connections of a thread use in turn, each for the length of one poll.

use bytes::{Bytes, BytesMut};
use std::cell::Cell;

/// How many bytes are read from a socket at once.
pub(super) const SCRATCH: usize = 64 << 10;

/// How many bytes of messages share one allocation. A message that waits for a slow receiver keeps all of it alive, at most four
/// times what an outbox counts for it.
const BLOCK: usize = 1 << 10;

/// A message from this length on has an allocation of its own.
const LONG: usize = 256;

/// What is shared.
#[derive(Debug)]
pub(super) struct Workspace {
    /// Where a socket is read to, [`SCRATCH`] bytes. What is in it means nothing after the poll.
    pub(super) scratch: Vec<u8>,
    pub(super) arena: Arena,
}

/// Where messages are put.
#[derive(Debug, Default)]
pub(super) struct Arena(BytesMut);

thread_local! {
    static SHARED: Cell<Option<Box<Workspace>>> = const { Cell::new(None) };
}

impl Workspace {
    /// Calls `f` with the workspace of this thread.
    pub(super) fn with<T>(f: impl FnOnce(&mut Self) -> T) -> T {
        // Taken out and put back: should a socket poll another connection meanwhile, that one finds none.
        let mut workspace = SHARED.take().unwrap_or_else(|| {
            Box::new(Self { scratch: vec![0; SCRATCH], arena: Arena::default() })
        });
        let result = f(&mut workspace);
        SHARED.set(Some(workspace));
        result
    }
}

impl Arena {
    /// A copy of `message`, with `change` applied to it.
    pub(super) fn copy(&mut self, message: &[u8], change: impl FnOnce(&mut [u8])) -> Bytes {
        if message.len() >= LONG {
            let mut bytes = message.to_vec();
            change(&mut bytes);
            return bytes.into();
        }
        if self.0.capacity() < message.len() {
            self.0 = BytesMut::with_capacity(BLOCK);
        }
        self.0.extend_from_slice(message);
        change(&mut self.0);
        self.0.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_messages_share_blocks_and_long_ones_are_alone() {
        let mut arena = Arena::default();
        for length in [0, 1, 100, LONG - 1, LONG, BLOCK, 3 * BLOCK] {
            let message = vec![7; length];
            for _ in 0..10 {
                let copy = arena.copy(&message, |bytes| bytes.iter_mut().for_each(|b| *b += 1));
                assert_eq!(copy, vec![8; length]);
                assert!(arena.0.is_empty() && arena.0.capacity() <= BLOCK);
            }
        }
    }

    #[test]
    fn a_workspace_within_a_workspace_is_another_one() {
        Workspace::with(|outer| {
            outer.scratch[0] = 1;
            Workspace::with(|inner| assert_eq!(inner.scratch[0], 0));
            assert_eq!(outer.scratch[0], 1);
        });
    }
}
