//! Several messages in one WebSocket message ("WAMP: Batched WebSocket Transport").

use crate::transport::{Lost, workspace::Workspace};
use bytes::{Bytes, BytesMut};
use std::mem;
use wamplex_shared::{
    codec::{
        Pieces,
        batch::{self, Split},
    },
    serializer::Serializer,
};

/// How many bytes a batch that goes out has at most, unless one message alone is longer. The limit of messages holds
/// for batches too, and this is well below any limit that a client could have.
pub(in crate::transport) const BATCH: usize = 64 << 10;

/// A batch that came may be kept alive by a message of it that waits for a slow receiver, if it is not longer or the
/// message is most of it.
const KEPT: usize = 4 << 10;

/// What a connection with batches holds between polls.
#[derive(Debug)]
pub(super) struct Batches {
    serializer: Serializer,
    /// What is left of the batch that came last.
    incoming: Option<Split>,
    /// Messages of that batch that are shorter than this should not keep it alive.
    least: usize,
    /// The batch that is being filled.
    outgoing: BytesMut,
}

impl Batches {
    pub(super) fn new(serializer: Serializer) -> Self {
        Self { serializer, incoming: None, least: 0, outgoing: BytesMut::new() }
    }

    /// Notes a batch that came.
    pub(super) fn open(&mut self, batch: Bytes) {
        self.least = if batch.len() > KEPT { batch.len() / 2 } else { 0 };
        self.incoming = Some(batch::split(self.serializer, batch));
    }

    /// The next message of the batch that came last.
    pub(super) fn next(&mut self) -> Option<Result<Bytes, Lost>> {
        let Some(next) = self.incoming.as_mut()?.next() else {
            self.incoming = None;
            return None;
        };
        Some(match next {
            Ok(message) if message.len() < self.least => {
                Ok(Workspace::with(|workspace| workspace.arena.copy(&message, |_| ())))
            }
            Ok(message) => Ok(message),
            Err(error) => Err(Lost::Violation(error.into())),
        })
    }

    /// Puts a message into the batch that is being filled; whether that is full now.
    pub(super) fn append(&mut self, message: &Pieces<'_>) -> bool {
        let before = batch::before(self.serializer, message.len());
        self.outgoing.extend_from_slice(before.as_ref().map_or(&[], |length| length));
        message.each(|piece| self.outgoing.extend_from_slice(piece));
        self.outgoing.extend_from_slice(batch::behind(self.serializer));
        self.outgoing.len() >= BATCH
    }

    /// Puts messages into the batch that is being filled which have all that a batch has around them; whether that is
    /// full now.
    pub(super) fn append_framed(&mut self, messages: &Bytes) -> bool {
        self.outgoing.extend_from_slice(messages);
        self.outgoing.len() >= BATCH
    }

    /// Ends the batch that is being filled.
    pub(super) fn end(&mut self) -> Option<Bytes> {
        (!self.outgoing.is_empty()).then(|| mem::take(&mut self.outgoing).freeze())
    }

    /// How many bytes the batch has that is being filled.
    pub(super) fn len(&self) -> usize {
        self.outgoing.len()
    }
}
