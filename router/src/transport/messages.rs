//! Transports of programs that embed a router: a stream and a sink of whole messages.

use super::{Close, Lost, Transport};
use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use std::{
    collections::VecDeque,
    io,
    task::{Context, Poll, ready},
};
use wamplex_shared::{codec::Pieces, serializer::Serializer};

/// Messages over something that is not ours.
pub(crate) struct Messages<I, O> {
    incoming: I,
    outgoing: O,
    serializer: Serializer,
    limit: usize,
    waiting: VecDeque<Bytes>,
    buffered: usize,
    written: u64,
    read: u64,
}

impl<I, O> Messages<I, O> {
    pub(crate) fn new(incoming: I, outgoing: O, serializer: Serializer) -> Self {
        let (waiting, limit) = (VecDeque::new(), usize::MAX);
        Self { incoming, outgoing, serializer, limit, waiting, buffered: 0, written: 0, read: 0 }
    }
}

impl<I, O> Transport for Messages<I, O>
where
    I: Stream<Item = io::Result<Bytes>> + Send + Unpin,
    O: Sink<Bytes, Error = io::Error> + Send + Unpin,
{
    fn serializer(&self) -> Serializer {
        self.serializer
    }

    fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Lost>> {
        Poll::Ready(match ready!(self.incoming.poll_next_unpin(cx)) {
            Some(Ok(message)) if message.len() > self.limit => {
                Err(Lost::TooLong { length: message.len(), limit: self.limit })
            }
            Some(Ok(message)) => {
                self.read += message.len() as u64;
                Ok(message)
            }
            Some(Err(error)) => Err(Lost::Broken(error)),
            None => Err(Lost::Closed),
        })
    }

    fn feed(&mut self, _cx: &mut Context<'_>, message: Pieces<'_>) -> io::Result<()> {
        self.buffered += message.len();
        self.waiting.push_back(message.to_bytes());
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.waiting.is_empty() {
            ready!(self.outgoing.poll_ready_unpin(cx))?;
            let Some(message) = self.waiting.pop_front() else { break };
            self.buffered -= message.len();
            self.written += message.len() as u64;
            self.outgoing.start_send_unpin(message)?;
        }
        self.outgoing.poll_flush_unpin(cx)
    }

    fn buffered(&self) -> usize {
        self.buffered
    }

    fn written(&self) -> u64 {
        self.written
    }

    fn read(&self) -> u64 {
        self.read
    }

    fn ping(&mut self, _cx: &mut Context<'_>) -> io::Result<()> {
        Ok(())
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, _close: Close) -> Poll<()> {
        // Closed is closed, however that went.
        self.outgoing.poll_close_unpin(cx).map(|_| ())
    }
}
