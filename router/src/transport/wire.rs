//! A socket for tests, which needs no network.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A socket on which these parts arrive one after another, and then the end. It takes as much as there is room for, so many
/// bytes at a time.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) parts: VecDeque<Vec<u8>>,
    pub(super) paused: bool,
    /// Whether there is no pause before each part.
    pub(super) eager: bool,
    pub(super) room: usize,
    /// The most bytes of one write.
    pub(super) width: usize,
    pub(super) written: Vec<u8>,
    /// How many writes there were.
    pub(super) writes: usize,
    /// Whether the connection stays open behind the parts.
    pub(super) stays: bool,
}

impl Wire {
    pub(super) fn new(parts: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let parts = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let (written, room, width) = (Vec::new(), usize::MAX, usize::MAX);
        Self { parts, paused: false, eager: false, room, width, written, writes: 0, stays: false }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.paused = !self.paused && !self.eager;
        if self.paused || (self.parts.is_empty() && self.stays) {
            return Poll::Pending;
        }
        if let Some(part) = self.parts.front_mut() {
            let count = part.len().min(buffer.remaining());
            buffer.put_slice(&part[..count]);
            part.drain(..count);
            if part.is_empty() {
                self.parts.pop_front();
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let taken = all.len().min(self.room).min(self.width);
        if taken == 0 {
            return Poll::Pending;
        }
        self.room -= taken;
        self.writes += 1;
        self.written.extend_from_slice(&all[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
