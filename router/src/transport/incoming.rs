//! Bytes on their way from a socket: what every transport that cuts a stream into messages has in common.
//!
//! A connection holds nothing while nothing is on its way to it. Sockets are read into a [`Workspace`] that all
//! connections of a thread share, one at a time; what a connection keeps is the unfinished end of what was read.

use super::{
    Lost,
    workspace::{Arena, SCRATCH, Workspace},
};
use bytes::{BufMut, Bytes};
use std::{
    io, mem,
    ops::ControlFlow,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

/// How many times as much room as has come of a long message there is for the rest of it.
const AHEAD: usize = 16;

/// From this length on the rest of a message is read to where it belongs.
const LONG_REST: usize = 16 << 10;

/// How many bytes are read behind a long message, which may be the beginning of another: what is read here is moved.
pub(super) const PEEK: usize = 8 << 10;

/// What cuts a stream of bytes into messages.
pub(super) trait Framing {
    /// What is cut out.
    type Item;

    /// Takes bytes from the front of `input`, until there is an item or they do not suffice for another step. What is
    /// left then is short, and stands at the front of the next input.
    ///
    /// # Errors
    /// There will be no further item.
    fn advance(&mut self, input: &mut &[u8], arena: &mut Arena)
    -> Result<Option<Self::Item>, Lost>;

    /// The message that is being received.
    fn body(&self) -> &Body;

    /// The message that is being received.
    fn body_mut(&mut self) -> &mut Body;

    /// What it means that the stream ends with `unread` bytes that were not taken.
    fn at_end(&self, unread: usize) -> Lost;
}

/// A message that has not arrived whole.
#[derive(Debug, Default)]
pub(super) struct Body {
    bytes: Vec<u8>,
    missing: usize,
    /// Whether it comes in pieces, of which there may be more than was announced.
    is_pieced: bool,
}

/// The receiving half of a connection.
#[derive(Debug)]
pub(super) struct Incoming<F> {
    framing: F,
    /// What was read and not taken begins at `start`.
    unread: Vec<u8>,
    start: usize,
    read: u64,
    /// Whether a long message came last.
    was_long: bool,
    is_over: bool,
}

impl Body {
    /// What has arrived.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What has arrived.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// How many bytes are known to be missing.
    pub(super) const fn missing(&self) -> usize {
        self.missing
    }

    /// Says that as many bytes more belong to it.
    pub(super) const fn expect(&mut self, length: usize) {
        self.missing += length;
        self.is_pieced = !self.bytes.is_empty();
    }

    /// Takes what belongs to it from the front of `input`.
    pub(super) fn take(&mut self, input: &mut &[u8]) {
        let count = self.missing.min(input.len());
        let Some((ours, rest)) = input.split_at_checked(count) else { return };
        self.reserve(count);
        self.bytes.extend_from_slice(ours);
        self.missing -= count;
        *input = rest;
    }

    /// The message, which is whole.
    pub(super) fn finish(&mut self) -> Bytes {
        self.missing = 0;
        mem::take(&mut self.bytes).into()
    }

    /// Whether the rest is so long that it is read to where it belongs, and enough has come that room can be made.
    fn is_long(&self) -> bool {
        self.missing >= LONG_REST && self.bytes.len() >= PEEK / 2
    }

    /// Makes room for `count` bytes, and for as much again as has arrived already: a length alone reserves nothing,
    /// and a long message is not moved often.
    fn reserve(&mut self, count: usize) {
        if self.bytes.capacity() - self.bytes.len() < count {
            let ahead = if count >= PEEK / 2 { AHEAD } else { 2 };
            let room = (ahead * count).max(self.bytes.len());
            self.bytes.reserve_exact(room.min(self.most_ahead()));
        }
    }

    /// The most room that there is for what comes. Behind a piece there may be more of them, which must not move all that
    /// has come once for each.
    fn most_ahead(&self) -> usize {
        let pieces = if self.is_pieced { self.bytes.len() } else { 0 };
        self.missing.max(pieces)
    }

    /// Reads into the place where the bytes belong. There is room for much more than what has come, since memory that
    /// is not written to costs nothing, and moving what has come does.
    fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        socket: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.bytes.capacity() - self.bytes.len() < SCRATCH.min(self.missing) {
            self.bytes.reserve_exact((AHEAD * self.bytes.len()).min(self.most_ahead()));
        }
        let room = (self.bytes.capacity() - self.bytes.len()).min(self.missing);
        let mut place = (&mut self.bytes).limit(room);
        let count = ready!(pin!(socket.read_buf(&mut place)).poll(cx))?;
        self.missing -= count;
        Poll::Ready(Ok(count))
    }
}

impl<F: Framing> Incoming<F> {
    /// What `framing` cuts out, beginning with what was `read` before.
    pub(super) fn new(framing: F, read: &[u8]) -> Self {
        Self { framing, unread: read.to_vec(), start: 0, read: 0, was_long: false, is_over: false }
    }

    pub(super) const fn framing_mut(&mut self) -> &mut F {
        &mut self.framing
    }

    /// How many bytes have come from the socket.
    pub(super) const fn read(&self) -> u64 {
        self.read
    }

    /// How many bytes of memory are held for what has not arrived whole.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.unread.capacity() + self.framing.body().bytes.capacity()
    }

    /// The next item. Behind an error there is only the end.
    pub(super) fn poll_next<S: AsyncRead + Unpin>(
        &mut self,
        socket: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<Result<F::Item, Lost>> {
        let mut next = None;
        let polled = self.poll_each(socket, cx, |item| {
            next = Some(item);
            ControlFlow::Break(())
        });
        match (polled, next) {
            (_, Some(item)) => Poll::Ready(Ok(item)),
            (Poll::Ready(Err(lost)), None) => Poll::Ready(Err(lost)),
            (Poll::Ready(Ok(())) | Poll::Pending, None) => Poll::Pending,
        }
    }

    /// Hands every item to `take`, until that breaks or there is none for now. Behind an error there is only the end.
    pub(super) fn poll_each<S: AsyncRead + Unpin>(
        &mut self,
        socket: &mut S,
        cx: &mut Context<'_>,
        mut take: impl FnMut(F::Item) -> ControlFlow<()>,
    ) -> Poll<Result<(), Lost>> {
        if self.is_over {
            return Poll::Ready(Err(Lost::Closed));
        }
        let polled =
            Workspace::with(|workspace| self.poll_within(workspace, socket, cx, &mut take));
        if let Poll::Ready(Err(_)) = &polled {
            self.is_over = true;
            self.keep(&[]);
        }
        polled
    }

    fn poll_within<S: AsyncRead + Unpin>(
        &mut self,
        workspace: &mut Workspace,
        socket: &mut S,
        cx: &mut Context<'_>,
        take: &mut impl FnMut(F::Item) -> ControlFlow<()>,
    ) -> Poll<Result<(), Lost>> {
        let mut flow = self.take_unread(&mut workspace.arena, take)?;
        while flow.is_continue() {
            flow = if self.framing.body().is_long() {
                let count = ready!(self.framing.body_mut().poll_read(socket, cx));
                self.was_long = true;
                self.count(count.map_err(Lost::Broken)?)?;
                cut(&mut self.framing, &mut &[][..], &mut workspace.arena, take)?
            } else {
                ready!(self.poll_scratch(workspace, socket, cx, take))?
            };
        }
        Poll::Ready(Ok(()))
    }

    /// Takes what was read before.
    fn take_unread(
        &mut self,
        arena: &mut Arena,
        take: &mut impl FnMut(F::Item) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Lost> {
        let mut input = &self.unread[self.start..];
        if input.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        let flow = cut(&mut self.framing, &mut input, arena, take)?;
        self.start = self.unread.len() - input.len();
        if input.is_empty() {
            self.keep(&[]);
        }
        Ok(flow)
    }

    /// Reads once, and takes what has come.
    fn poll_scratch<S: AsyncRead + Unpin>(
        &mut self,
        workspace: &mut Workspace,
        socket: &mut S,
        cx: &mut Context<'_>,
        take: &mut impl FnMut(F::Item) -> ControlFlow<()>,
    ) -> Poll<Result<ControlFlow<()>, Lost>> {
        let Workspace { scratch, arena } = workspace;
        let before = &self.unread[self.start..];
        let end = before.len();
        scratch[..end].copy_from_slice(before);
        let most = if self.was_long { end + PEEK } else { SCRATCH };
        let mut buffer = ReadBuf::new(&mut scratch[end..most.min(SCRATCH)]);
        ready!(Pin::new(socket).poll_read(cx, &mut buffer)).map_err(Lost::Broken)?;
        let count = buffer.filled().len();
        self.count(count)?;
        self.was_long = false;
        let mut input = &scratch[..end + count];
        let flow = cut(&mut self.framing, &mut input, arena, take)?;
        self.keep(input);
        Poll::Ready(Ok(flow))
    }

    /// Notes that as many bytes were read; none is the end.
    fn count(&mut self, count: usize) -> Result<(), Lost> {
        self.read += count as u64;
        if count == 0 { Err(self.framing.at_end(self.unread.len() - self.start)) } else { Ok(()) }
    }

    /// Keeps what was read and not taken, in as much memory as it needs.
    fn keep(&mut self, unread: &[u8]) {
        self.start = 0;
        if !unread.is_empty() || self.unread.capacity() > 0 {
            self.unread = unread.to_vec();
        }
    }
}

/// Hands every item at the front of `input` to `take`, until that breaks.
fn cut<F: Framing>(
    framing: &mut F,
    input: &mut &[u8],
    arena: &mut Arena,
    take: &mut impl FnMut(F::Item) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Lost> {
    while let Some(item) = framing.advance(input, arena)? {
        if take(item).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}
