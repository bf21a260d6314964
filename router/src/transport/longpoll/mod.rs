//! WAMP over plain HTTP requests ("WAMP: HTTP Longpoll Transport").
//!
//! The HTTP side and the task of the session meet in a [`Channel`]: what `/send` brings goes in on one side, what the
//! session has to say goes out on the other with the next `/receive`. [`LongPoll`] is the end of the session, a
//! transport like the others; the requests themselves are in `front::longpoll`.
//!
//! The specification leaves much open. This is what holds here:
//!
//! * `/receive` waits 10 s, then it is answered with 204 and nothing. AutobahnJS gives up after 12 s.
//! * A second `/receive` takes over, and the first is answered with 409: a client whose connection broke asks again
//!   before we notice, and two that take turns in pushing each other out hear of it.
//! * `/send` and `/close` are answered with 204. The specification says 202 and calls it "no content"; AutobahnJS takes
//!   202 for a failure.
//! * A transport that nobody asks anything of is closed after a while.

mod channel;
mod hub;

pub(crate) use channel::{Channel, Refused, Waited};
pub(crate) use hub::{Hub, Opened, Stay};

use super::{Close, Lost, Transport};
use bytes::Bytes;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep};
use wamplex_shared::{codec::Pieces, serializer::Serializer};

/// The session's end of a transport made of HTTP requests.
#[derive(Debug)]
pub(crate) struct LongPoll {
    channel: Arc<Channel>,
    /// When to look whether the client is still there.
    watch: Pin<Box<Sleep>>,
    /// How long the client may ask nothing.
    idle: Duration,
    fed: u64,
}

impl LongPoll {
    /// The session's end of `channel`, which is closed when the client asks nothing for `idle`.
    pub(crate) fn new(channel: Arc<Channel>, idle: Duration) -> Self {
        Self { channel, watch: Box::pin(tokio::time::sleep(idle)), idle, fed: 0 }
    }

    /// Ready when the client has asked nothing for too long.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.watch.as_mut().poll(cx).is_ready() {
            let heard = self.channel.last_heard().unwrap_or_else(Instant::now);
            let deadline = heard + self.idle;
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            self.watch.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

impl Transport for LongPoll {
    fn serializer(&self) -> Serializer {
        self.channel.serializer()
    }

    fn set_limit(&mut self, limit: usize) {
        self.channel.set_limit(limit);
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Lost>> {
        if let Poll::Ready(received) = self.channel.poll_take(cx) {
            return Poll::Ready(received);
        }
        self.poll_idle(cx).map(|()| {
            let silent = "no request for too long";
            Err(Lost::Broken(io::Error::new(io::ErrorKind::TimedOut, silent)))
        })
    }

    fn feed(&mut self, _cx: &mut Context<'_>, message: Pieces<'_>) -> io::Result<()> {
        self.fed += message.len() as u64;
        self.channel.put(message.to_bytes())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.channel.poll_flush(cx)
    }

    fn buffered(&self) -> usize {
        usize::try_from(self.fed.saturating_sub(self.channel.taken())).unwrap_or(usize::MAX)
    }

    fn written(&self) -> u64 {
        self.channel.taken()
    }

    /// Requests and not bytes: each is a sign of life.
    fn read(&self) -> u64 {
        self.channel.asked()
    }

    /// Does nothing: there is no connection that could be half open, and a client that is gone asks for nothing.
    fn ping(&mut self, _cx: &mut Context<'_>) -> io::Result<()> {
        Ok(())
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, _close: Close) -> Poll<()> {
        self.channel.poll_closed(cx)
    }
}

impl Drop for LongPoll {
    fn drop(&mut self) {
        self.channel.abandon();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Subprotocol;
    use std::future::poll_fn;
    use tokio::time::timeout;

    const IDLE: Duration = Duration::from_secs(30);

    fn transport() -> (LongPoll, Arc<Channel>) {
        let agreed = Subprotocol { serializer: Serializer::Json, batched: false };
        let channel = Arc::new(Channel::new(agreed, 100));
        (LongPoll::new(Arc::clone(&channel), IDLE), channel)
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_asks_nothing_is_gone_after_a_while() {
        let (mut transport, channel) = transport();
        let start = Instant::now();
        tokio::time::sleep(IDLE / 2).await;
        channel.send(Bytes::from_static(b"[1]"), start + IDLE).await.unwrap();
        assert!(poll_fn(|cx| transport.poll_receive(cx)).await.is_ok());
        let gone = poll_fn(|cx| transport.poll_receive(cx)).await;
        assert!(
            matches!(gone, Err(Lost::Broken(error)) if error.kind() == io::ErrorKind::TimedOut)
        );
        assert_eq!(start.elapsed().as_secs(), 45, "from its last request on");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_waits_for_a_message_is_not_gone_however_long_it_waits() {
        let (mut transport, channel) = transport();
        let long = Instant::now() + IDLE * 10;
        let waiting = channel.receive(long);
        let watching = timeout(IDLE * 9, poll_fn(|cx| transport.poll_receive(cx)));
        tokio::select! {
            _ = waiting => panic!("there is nothing to say"),
            watched = watching => assert!(watched.is_err(), "{watched:?}"),
        }
        let gone = timeout(IDLE * 2, poll_fn(|cx| transport.poll_receive(cx))).await;
        assert!(matches!(gone, Ok(Err(Lost::Broken(_)))), "it has gone away since");
    }

    #[tokio::test]
    async fn what_is_said_counts_until_the_client_has_taken_it() {
        let (mut transport, channel) = transport();
        let said = Bytes::from(vec![b'x'; 100 << 10]);
        poll_fn(|cx| Poll::Ready(transport.feed(cx, Pieces::whole(&said)))).await.unwrap();
        assert_eq!((transport.buffered(), transport.written()), (100 << 10, 0));
        let full = poll_fn(|cx| Poll::Ready(transport.poll_flush(cx).is_pending())).await;
        assert!(full, "the client has to take some of it first");
        let soon = Instant::now() + IDLE;
        let (taken, flushed) =
            tokio::join!(channel.receive(soon), poll_fn(|cx| transport.poll_flush(cx)));
        assert_eq!(taken, Waited::Said(said));
        flushed.unwrap();
        assert_eq!((transport.buffered(), transport.written()), (0, 100 << 10));
    }
}
