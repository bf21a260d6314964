//! Where the requests of a client and the task of its session meet.

use crate::transport::{Lost, Subprotocol};
use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    io, mem,
    task::{Context, Poll, Waker},
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};
use wamplex_shared::{
    codec::batch,
    error::{DecodeError, ProtocolViolation},
    serializer::Serializer,
};

/// How many bytes a session may have said before it waits for its client: what the buffer of a socket would hold.
const ROOM_OUT: usize = 64 << 10;

/// The two directions of a long-poll transport.
#[derive(Debug)]
pub(crate) struct Channel {
    serializer: Serializer,
    /// Whether several messages travel in one request or response.
    is_batched: bool,
    state: Mutex<State>,
    /// Something changed that a request may wait for.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The longest body in bytes that is taken.
    limit: usize,
    incoming: VecDeque<Bytes>,
    incoming_bytes: usize,
    outgoing: VecDeque<Bytes>,
    outgoing_bytes: usize,
    /// How many bytes the client has taken.
    taken: u64,
    /// How many requests are waiting here now.
    requests: usize,
    /// How many requests there were.
    asked: u64,
    /// When the last request began or ended.
    heard: Option<Instant>,
    /// The number of the last `/receive`; those with a smaller one were pushed out.
    receive: u64,
    /// The client says no more, for this reason, which the session learns once.
    ended: Option<Option<Lost>>,
    /// The client has closed the transport.
    is_closed: bool,
    /// Nothing more will be said than what waits.
    is_closing: bool,
    /// The session is over.
    is_abandoned: bool,
    /// The task of the session, while it sleeps.
    waker: Option<Waker>,
}

/// What became of a `/receive`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// There is something to say: one message, or a batch.
    Said(Bytes),
    /// There was nothing to say.
    Nothing,
    /// Another `/receive` has taken over.
    PushedOut,
    /// The session is over.
    Gone,
}

/// Why a message is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is too long.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// It is not a batch.
    Malformed(DecodeError),
    /// The session takes nothing now: it waits for its client to take what it has said.
    Full,
    /// The session is over.
    Gone,
}

impl Channel {
    /// A channel that takes bodies of at most `limit` bytes.
    pub(super) fn new(agreed: Subprotocol, limit: usize) -> Self {
        let Subprotocol { serializer, batched } = agreed;
        let state = State { limit, heard: Some(Instant::now()), ..State::default() };
        Self { serializer, is_batched: batched, state: Mutex::new(state), changed: Notify::new() }
    }

    pub(crate) const fn serializer(&self) -> Serializer {
        self.serializer
    }

    /// The longest body in bytes that is taken now.
    pub(crate) fn limit(&self) -> usize {
        self.state.lock().limit
    }

    /// Hands what a `/send` brought to the session, which may have to read what came before first.
    ///
    /// # Errors
    /// It is not taken. A body that breaks the rules ends the session, too.
    pub(crate) async fn send(&self, body: Bytes, deadline: Instant) -> Result<(), Refused> {
        let _request = self.begin();
        let mut body = Some(body);
        loop {
            let changed = self.changed.notified();
            match self.try_send(&mut body) {
                Some(result) => return result,
                None if timeout_at(deadline, changed).await.is_err() => return Err(Refused::Full),
                None => {}
            }
        }
    }

    /// Tells the session that its client tried to send a body of this length, and ends it.
    pub(crate) fn refuse(&self, length: usize) -> Refused {
        let mut state = self.state.lock();
        let limit = state.limit;
        state.end(Some(Lost::TooLong { length, limit }));
        Refused::TooLong { limit }
    }

    /// Waits until there is something to say, but not longer than until `deadline`.
    pub(crate) async fn receive(&self, deadline: Instant) -> Waited {
        let _request = self.begin();
        let number = self.push_others_out();
        loop {
            let changed = self.changed.notified();
            match self.try_receive(number) {
                Some(result) => return result,
                None if timeout_at(deadline, changed).await.is_err() => return Waited::Nothing,
                None => {}
            }
        }
    }

    /// Ends the transport on behalf of the client; `false` if the session is over already.
    pub(crate) fn close(&self) -> bool {
        let mut state = self.state.lock();
        let is_open = !state.is_abandoned;
        state.is_closed = true;
        state.end(Some(Lost::Closed));
        is_open
    }

    /// The next message of the client.
    pub(super) fn poll_take(&self, cx: &Context<'_>) -> Poll<Result<Bytes, Lost>> {
        let mut state = self.state.lock();
        if let Some(message) = state.incoming.pop_front() {
            state.incoming_bytes -= message.len();
            drop(state);
            self.changed.notify_waiters();
            return Poll::Ready(Ok(message));
        }
        if let Some(ended) = &mut state.ended {
            return Poll::Ready(Err(ended.take().unwrap_or(Lost::Closed)));
        }
        state.sleep(cx);
        Poll::Pending
    }

    /// Puts a message behind what the client has not taken yet.
    ///
    /// # Errors
    /// The client takes no more.
    pub(super) fn put(&self, message: Bytes) -> io::Result<()> {
        let mut state = self.state.lock();
        state.outgoing_bytes += message.len();
        state.outgoing.push_back(message);
        Ok(())
    }

    /// Hands on what was put, and is pending while the client has to take some of it first.
    pub(super) fn poll_flush(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state.lock();
        let is_full = state.outgoing_bytes >= ROOM_OUT;
        let has_some = !state.outgoing.is_empty();
        if is_full {
            state.sleep(cx);
        }
        drop(state);
        if has_some {
            self.changed.notify_waiters();
        }
        if is_full { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    /// Ready when the client has closed the transport, or asked for more than the last words.
    pub(super) fn poll_closed(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if !mem::replace(&mut state.is_closing, true) {
            self.changed.notify_waiters();
        }
        state.incoming.clear();
        state.incoming_bytes = 0;
        if state.is_closed {
            return Poll::Ready(());
        }
        state.sleep(cx);
        Poll::Pending
    }

    pub(super) fn set_limit(&self, limit: usize) {
        self.state.lock().limit = limit;
    }

    /// How many bytes the client has taken.
    pub(super) fn taken(&self) -> u64 {
        self.state.lock().taken
    }

    /// How many requests there were.
    pub(super) fn asked(&self) -> u64 {
        self.state.lock().asked
    }

    /// When the client last asked something; `None` while it does.
    pub(super) fn last_heard(&self) -> Option<Instant> {
        let state = self.state.lock();
        if state.requests > 0 { None } else { state.heard }
    }

    /// Says that the session is over.
    pub(super) fn abandon(&self) {
        let mut state = self.state.lock();
        state.is_abandoned = true;
        state.incoming.clear();
        drop(state);
        self.changed.notify_waiters();
    }

    /// Notes that a request of the client is here for as long as what is returned lives.
    fn begin(&self) -> Request<'_> {
        let mut state = self.state.lock();
        state.requests += 1;
        state.asked += 1;
        state.heard = Some(Instant::now());
        Request(self)
    }

    fn push_others_out(&self) -> u64 {
        let mut state = self.state.lock();
        state.receive += 1;
        let number = state.receive;
        drop(state);
        self.changed.notify_waiters();
        number
    }

    fn try_receive(&self, number: u64) -> Option<Waited> {
        let mut state = self.state.lock();
        if state.receive != number {
            return Some(Waited::PushedOut);
        }
        if state.outgoing.is_empty() {
            if state.is_closing {
                state.is_closed = true;
                state.wake();
            }
            return (state.is_closing || state.is_abandoned).then_some(Waited::Gone);
        }
        let said = if self.is_batched { self.take_batch(&mut state) } else { take_one(&mut state) };
        state.wake();
        Some(Waited::Said(said))
    }

    fn take_batch(&self, state: &mut State) -> Bytes {
        let mut taken = BytesMut::with_capacity(state.outgoing_bytes);
        for message in mem::take(&mut state.outgoing) {
            batch::append(self.serializer, &message, &mut taken);
        }
        state.taken += mem::take(&mut state.outgoing_bytes) as u64;
        taken.freeze()
    }

    /// Takes the body out if the session takes it or never will; leaves it if there is no room now.
    fn try_send(&self, body: &mut Option<Bytes>) -> Option<Result<(), Refused>> {
        let mut state = self.state.lock();
        if state.is_abandoned || state.ended.is_some() {
            return Some(Err(Refused::Gone));
        }
        let length = body.as_ref().map_or(0, Bytes::len);
        if state.incoming_bytes > 0 && state.incoming_bytes + length > state.limit {
            return None;
        }
        let body = body.take()?;
        let messages = if self.is_batched {
            batch::split(self.serializer, body).collect()
        } else {
            Ok(vec![body])
        };
        let result = match messages {
            Ok(messages) => {
                state.incoming_bytes += messages.iter().map(Bytes::len).sum::<usize>();
                state.incoming.extend(messages);
                state.wake();
                Ok(())
            }
            Err(error) => {
                state.end(Some(Lost::Violation(ProtocolViolation::from(error))));
                Err(Refused::Malformed(error))
            }
        };
        Some(result)
    }
}

impl State {
    fn sleep(&mut self, cx: &Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn end(&mut self, why: Option<Lost>) {
        if self.ended.is_none() {
            self.ended = Some(why);
        }
        self.wake();
    }
}

fn take_one(state: &mut State) -> Bytes {
    let message = state.outgoing.pop_front().unwrap_or_default();
    state.outgoing_bytes -= message.len();
    state.taken += message.len() as u64;
    message
}

/// A request of the client that is here now.
struct Request<'a>(&'a Channel);

impl Drop for Request<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.requests -= 1;
        state.heard = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::Future, pin::pin, time::Duration};

    fn channel(batched: bool, limit: usize) -> Channel {
        Channel::new(Subprotocol { serializer: Serializer::Json, batched }, limit)
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    /// Polls once, without anybody to wake.
    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn take(channel: &Channel) -> Poll<Result<Bytes, Lost>> {
        channel.poll_take(&Context::from_waker(Waker::noop()))
    }

    fn put(channel: &Channel, message: &'static str) {
        channel.put(Bytes::from_static(message.as_bytes())).unwrap();
        assert!(channel.poll_flush(&Context::from_waker(Waker::noop())).is_ready());
    }

    fn said(message: &'static str) -> Poll<Waited> {
        Poll::Ready(Waited::Said(Bytes::from_static(message.as_bytes())))
    }

    #[tokio::test]
    async fn the_receive_that_came_last_gets_the_message() {
        let channel = channel(false, 100);
        let mut first = pin!(channel.receive(soon()));
        assert_eq!(poll(first.as_mut()), Poll::Pending);
        let mut second = pin!(channel.receive(soon()));
        assert_eq!(poll(second.as_mut()), Poll::Pending);
        put(&channel, "[1]");
        assert_eq!(poll(first), Poll::Ready(Waited::PushedOut));
        assert_eq!(poll(second), said("[1]"));
    }

    #[tokio::test]
    async fn a_receive_that_is_given_up_takes_nothing_with_it() {
        let channel = channel(false, 100);
        {
            let mut broken = pin!(channel.receive(soon()));
            assert_eq!(poll(broken.as_mut()), Poll::Pending);
            assert_eq!(channel.last_heard(), None, "it is here");
        }
        assert!(channel.last_heard().is_some(), "it has gone");
        put(&channel, "[1]");
        put(&channel, "[2]");
        assert_eq!(poll(pin!(channel.receive(soon()))), said("[1]"));
        assert_eq!(poll(pin!(channel.receive(soon()))), said("[2]"));
        assert_eq!(channel.taken(), 6);
    }

    #[tokio::test]
    async fn a_batch_is_everything_that_waits() {
        let channel = channel(true, 100);
        put(&channel, "[1]");
        put(&channel, "[2]");
        assert_eq!(poll(pin!(channel.receive(soon()))), said("[1]\x1e[2]\x1e"));
        assert_eq!(poll(pin!(channel.receive(soon()))), Poll::Pending);
    }

    #[tokio::test(start_paused = true)]
    async fn a_send_waits_for_room_and_gives_up_in_the_end() {
        let channel = channel(false, 10);
        let message = || Bytes::from_static(b"12345678");
        assert_eq!(channel.send(message(), soon()).await, Ok(()));
        let mut second = pin!(channel.send(message(), soon()));
        assert_eq!(poll(second.as_mut()), Poll::Pending);
        assert!(matches!(take(&channel), Poll::Ready(Ok(_))));
        assert_eq!(poll(second), Poll::Ready(Ok(())));
        assert_eq!(channel.send(message(), soon()).await, Err(Refused::Full));
    }

    #[tokio::test]
    async fn what_was_sent_before_a_close_is_still_read_and_then_the_end_is_told_once() {
        let channel = channel(false, 100);
        assert_eq!(channel.send(Bytes::from_static(b"[1]"), soon()).await, Ok(()));
        assert!(channel.close());
        let late = channel.send(Bytes::from_static(b"[2]"), soon()).await;
        assert_eq!(late, Err(Refused::Gone));
        assert!(matches!(take(&channel), Poll::Ready(Ok(message)) if message == "[1]"));
        assert!(matches!(take(&channel), Poll::Ready(Err(Lost::Closed))));
        assert!(channel.poll_closed(&Context::from_waker(Waker::noop())).is_ready());
    }

    #[tokio::test]
    async fn the_last_words_can_be_received_after_an_offence_and_nothing_after_the_end() {
        let channel = channel(false, 10);
        assert_eq!(channel.refuse(11), Refused::TooLong { limit: 10 });
        assert!(matches!(
            take(&channel),
            Poll::Ready(Err(Lost::TooLong { length: 11, limit: 10 }))
        ));
        put(&channel, "[3]");
        let closed = || channel.poll_closed(&Context::from_waker(Waker::noop()));
        assert!(closed().is_pending(), "the client has not closed it yet");
        channel.abandon();
        assert_eq!(poll(pin!(channel.receive(soon()))), said("[3]"));
        assert_eq!(poll(pin!(channel.receive(soon()))), Poll::Ready(Waited::Gone));
        assert!(!channel.close());
    }
}
