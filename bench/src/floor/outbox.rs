//! What waits to be written to one connection.

use super::frame::{LONGEST_HEADER, header};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice},
};
use tokio::{net::TcpStream, sync::Notify};

/// Longer bodies are shared by all who get them, shorter ones copied: that is cheaper than to share.
const SHARED_FROM: usize = 4096;

/// How many pieces one write takes at most.
const PIECES: usize = 64;

/// What waits to be written to one connection, and the connection.
#[derive(Debug)]
pub(super) struct Outbox {
    pub(super) stream: TcpStream,
    queue: Mutex<Queue>,
    /// Told when the socket took less than there was.
    stuck: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    pieces: VecDeque<Bytes>,
    /// What was copied since the last piece that is shared.
    copied: BytesMut,
}

impl Outbox {
    /// One with nothing in it.
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, queue: Mutex::default(), stuck: Notify::new() }
    }

    /// Appends a frame with this body. Says whether it is the first that waits, and so whether this is to be written.
    pub(super) fn push(&self, head: &[u8], body: &Bytes) -> bool {
        let mut queue = self.queue.lock();
        let first = queue.is_empty();
        let (bytes, length) = header(head.len() + body.len());
        queue.copied.reserve(LONGEST_HEADER + head.len());
        queue.copied.put_slice(&bytes[..length]);
        queue.copied.put_slice(head);
        if body.len() < SHARED_FROM {
            queue.copied.put_slice(body);
        } else {
            let copied = queue.copied.split().freeze();
            queue.pieces.extend([copied, body.clone()]);
        }
        first
    }

    /// Writes as much as the socket takes now; the rest is left to [`drain`](Self::drain).
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) fn flush(&self) -> io::Result<()> {
        let mut queue = self.queue.lock();
        while !queue.is_empty() {
            match queue.write_to(&self.stream) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stuck.notify_one();
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes what the socket did not take at once, whenever it takes more.
    pub(super) async fn drain(&self) -> io::Result<()> {
        loop {
            self.stuck.notified().await;
            self.stream.writable().await?;
            self.flush()?;
        }
    }
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.copied.is_empty()
    }

    fn write_to(&mut self, stream: &TcpStream) -> io::Result<()> {
        let mut slices = [IoSlice::new(&[]); PIECES];
        let all = self.pieces.iter().map(|piece| &piece[..]).chain([&self.copied[..]]);
        let count =
            slices.iter_mut().zip(all).map(|(slice, piece)| *slice = IoSlice::new(piece)).count();
        let written = stream.try_write_vectored(&slices[..count])?;
        self.advance(written);
        Ok(())
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(piece) = self.pieces.front_mut() {
            if written < piece.len() {
                piece.advance(written);
                return;
            }
            written -= piece.len();
            self.pieces.pop_front();
        }
        self.copied.advance(written);
    }
}
