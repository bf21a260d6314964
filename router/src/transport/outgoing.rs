//! Bytes on their way to a socket: short pieces are copied together, long ones are written from where they are.

use bytes::{Buf, Bytes};
use std::{
    cell::Cell,
    collections::VecDeque,
    io::{self, IoSlice},
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::AsyncWrite;
use wamplex_shared::codec::Pieces;

/// From this length on a piece is not copied: a slice in a vectored write costs less than moving its bytes.
pub(super) const COPIED: usize = 4 << 10;

/// The most pieces of one write.
const PIECES: usize = 64;

/// The most room for short pieces that a thread keeps for the next connection that writes.
const KEPT: usize = 128 << 10;

/// The most pieces that a connection keeps room for while nothing waits.
const KEPT_PIECES: usize = 4;

thread_local! {
    /// Room for short pieces. An idle connection has none of its own.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What waits to be written.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// What goes first.
    pieces: VecDeque<Bytes>,
    /// Short pieces behind those, copied together; written up to `start`.
    tail: Vec<u8>,
    start: usize,
    length: usize,
    written: u64,
}

impl Outgoing {
    /// How many bytes wait.
    pub(super) const fn len(&self) -> usize {
        self.length
    }

    /// How many bytes the socket has taken so far.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// How much room is held for what waits.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.tail.capacity() + self.pieces.capacity()
    }

    /// Puts a few bytes behind what waits.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        if self.tail.capacity() == 0 {
            self.tail = SPARE.take();
        }
        self.length += bytes.len();
        self.tail.extend_from_slice(bytes);
    }

    /// Puts a piece of any length behind what waits.
    pub(super) fn push(&mut self, piece: &Bytes) {
        if piece.len() < COPIED {
            self.extend(piece);
            return;
        }
        self.length += piece.len();
        if self.start < self.tail.len() {
            self.end_tail();
        }
        self.pieces.push_back(piece.clone());
    }

    /// Puts a message behind what waits.
    pub(super) fn push_pieces(&mut self, message: &Pieces<'_>) {
        if !message.head.is_empty() {
            self.extend(message.head);
        }
        self.push(message.arguments);
        if !message.end.is_empty() {
            self.extend(message.end);
        }
    }

    /// Makes a piece of the tail, in as much memory as it needs: it may be the head of a frame alone.
    fn end_tail(&mut self) {
        self.pieces.push_back(Bytes::copy_from_slice(&self.tail[self.start..]));
        self.start = 0;
        self.tail.clear();
    }

    /// Writes until nothing waits; pending while the socket takes no more.
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        socket: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.length > 0 {
            let taken = ready!(self.poll_write_once(socket, cx))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += taken as u64;
            self.advance(taken);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_once<S: AsyncWrite + Unpin>(
        &self,
        socket: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let tail = &self.tail[self.start..];
        if self.pieces.is_empty() {
            return Pin::new(socket).poll_write(cx, tail);
        }
        let mut slices = [IoSlice::new(&[]); PIECES];
        let tail = (!tail.is_empty()).then_some(tail);
        let pieces = self.pieces.iter().map(|piece| &piece[..]).chain(tail);
        let mut count = 0;
        for (slice, piece) in slices.iter_mut().zip(pieces) {
            *slice = IoSlice::new(piece);
            count += 1;
        }
        Pin::new(socket).poll_write_vectored(cx, &slices[..count])
    }

    fn advance(&mut self, mut taken: usize) {
        self.length -= taken;
        while let Some(first) = self.pieces.front_mut() {
            if taken < first.len() {
                first.advance(taken);
                return;
            }
            taken -= first.len();
            self.pieces.pop_front();
        }
        self.start += taken;
        if self.start == self.tail.len() {
            self.start = 0;
            let mut tail = mem::take(&mut self.tail);
            if tail.capacity() <= KEPT {
                tail.clear();
                SPARE.set(tail);
            }
        } else if self.start >= COPIED.max(self.tail.len() - self.start) {
            // A socket that never takes all of it would otherwise let it grow for ever. No byte is moved that has not
            // had another one written ahead of it.
            self.tail.drain(..mem::take(&mut self.start));
        }
        if self.pieces.is_empty() && self.pieces.capacity() > KEPT_PIECES {
            self.pieces = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::wire::Wire;
    use futures_util::task::noop_waker_ref;
    use std::io::ErrorKind;

    fn piece(length: usize, seed: u8) -> Bytes {
        (0..length).map(|at| seed.wrapping_add(at as u8)).collect()
    }

    #[test]
    fn bytes_leave_in_order_however_little_the_socket_takes() {
        let lengths = [3, COPIED, 1, COPIED - 1, 0, 9000, COPIED + 1, 5];
        for width in [1, 2, 7, 4096, 100_000] {
            let (mut outgoing, mut all) = (Outgoing::default(), Vec::new());
            for (seed, length) in lengths.into_iter().enumerate() {
                let piece = piece(length, seed as u8);
                all.extend_from_slice(&piece);
                outgoing.push(&piece);
            }
            assert_eq!(outgoing.len(), all.len());
            let mut socket = Wire { width, room: 0, ..Wire::new([]) };
            let mut cx = Context::from_waker(noop_waker_ref());
            while outgoing.len() > 0 {
                assert!(outgoing.poll_write(&mut socket, &mut cx).is_pending());
                socket.room = 5000;
                let _ = outgoing.poll_write(&mut socket, &mut cx).map(Result::unwrap);
                assert_eq!(outgoing.written() as usize, socket.written.len());
                assert_eq!(outgoing.len(), all.len() - socket.written.len());
            }
            assert!(socket.written == all, "width {width}");
        }
    }

    #[test]
    fn a_socket_that_always_takes_less_than_waits_leaves_no_more_than_waits() {
        let mut outgoing = Outgoing::default();
        let mut socket = Wire { room: 0, ..Wire::new([]) };
        let mut cx = Context::from_waker(noop_waker_ref());
        let (mut all, most) = (Vec::new(), 64 << 10);
        for seed in 0..1000 {
            while outgoing.len() < most {
                let piece = piece(1000, seed as u8);
                all.extend_from_slice(&piece);
                outgoing.push(&piece);
            }
            socket.room = 5000;
            assert!(outgoing.poll_write(&mut socket, &mut cx).is_pending());
            assert!(outgoing.held() <= 4 * most, "{} bytes for {most}", outgoing.held());
        }
        socket.room = usize::MAX;
        assert!(outgoing.poll_write(&mut socket, &mut cx).is_ready());
        assert!(socket.written == all);
    }

    #[test]
    fn many_long_pieces_are_more_than_one_write() {
        let mut outgoing = Outgoing::default();
        (0..3 * PIECES).for_each(|seed| outgoing.push(&piece(COPIED, seed as u8)));
        let mut socket = Wire::new([]);
        let mut cx = Context::from_waker(noop_waker_ref());
        assert!(outgoing.poll_write(&mut socket, &mut cx).is_ready());
        assert_eq!(socket.written.len(), 3 * PIECES * COPIED);
        assert!(outgoing.pieces.capacity() <= KEPT_PIECES && outgoing.tail.capacity() == 0);
    }

    #[test]
    fn a_socket_that_takes_nothing_for_ever_is_broken() {
        struct Full;
        impl AsyncWrite for Full {
            fn poll_write(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
                _: &[u8],
            ) -> Poll<io::Result<usize>> {
                Poll::Ready(Ok(0))
            }
            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }
            fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }
        }
        let mut outgoing = Outgoing::default();
        outgoing.extend(b"x");
        let mut cx = Context::from_waker(noop_waker_ref());
        let Poll::Ready(Err(error)) = outgoing.poll_write(&mut Full, &mut cx) else { panic!() };
        assert_eq!(error.kind(), ErrorKind::WriteZero);
    }
}
