//! Finding out that a client is gone although nothing says so: its cable was cut, its machine sleeps.
//!
//! A timer looks at a counter that the transport keeps anyway. Messages cost nothing for it: nothing is set back when
//! one comes.

use crate::{config::KeepAlive, peer::TransportKind};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep};

/// How long silence is watched, and what is done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// How often the watch looks. After one such time without a sign of life, the client is asked for one.
    tick: Duration,
    /// How long it then may take.
    wait: Duration,
    /// Whether asking means a PING, or just that the client has been silent once.
    ping: bool,
}

/// The watch over one connection.
#[derive(Debug)]
pub(crate) struct Watch {
    patience: Patience,
    timer: Pin<Box<Sleep>>,
    /// How many bytes had come when the watch last looked.
    read: u64,
    asked: bool,
}

/// What is to be done about a silent client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// It has to be asked for a sign of life.
    Ping,
    /// It is gone.
    Gone,
}

impl Patience {
    /// The patience with clients of this transport; `None` if it never ends.
    pub(crate) fn new(config: &KeepAlive, transport: TransportKind) -> Option<Self> {
        let pings = match transport {
            TransportKind::WebSocket => true,
            TransportKind::RawSocket => config.rawsocket,
            // There is no connection that could be half open.
            TransportKind::LongPoll | TransportKind::Http | TransportKind::Local => return None,
        };
        if let Some(interval) = config.interval.filter(|_| pings) {
            return Some(Self { tick: interval / 2, wait: config.wait, ping: true });
        }
        let tick = config.idle? / 2;
        Some(Self { tick, wait: tick, ping: false })
    }
}

impl Watch {
    /// Begins to watch a connection from which nothing has come.
    pub(crate) fn new(patience: Patience) -> Self {
        Self { patience, timer: Box::pin(sleep(patience.tick)), read: 0, asked: false }
    }

    /// Says what is due. `read` is how many bytes have come so far. `excused` is a client that takes what is sent to it
    /// so slowly that no PING would reach it: there are other limits for that.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, read: u64, excused: bool) -> Poll<Due> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            if self.read != read || excused {
                (self.read, self.asked) = (read, false);
                self.rest(self.patience.tick);
            } else if self.asked {
                return Poll::Ready(Due::Gone);
            } else {
                self.asked = true;
                self.rest(self.patience.wait);
                if self.patience.ping {
                    return Poll::Ready(Due::Ping);
                }
            }
        }
    }

    fn rest(&mut self, time: Duration) {
        self.timer.as_mut().reset(Instant::now() + time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::time::{advance, timeout};

    const SECOND: Duration = Duration::from_secs(1);

    fn watch(config: &KeepAlive, transport: TransportKind) -> Watch {
        Watch::new(Patience::new(config, transport).unwrap())
    }

    async fn due(watch: &mut Watch, read: u64) -> (Due, u64) {
        let start = Instant::now();
        let due = poll_fn(|cx| watch.poll(cx, read, false)).await;
        (due, start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_client_is_asked_and_then_gone_within_interval_and_wait() {
        let mut watch = watch(&KeepAlive::default(), TransportKind::WebSocket);
        assert_eq!(due(&mut watch, 0).await, (Due::Ping, 10));
        assert_eq!(due(&mut watch, 0).await, (Due::Gone, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn any_sign_of_life_is_an_answer() {
        let mut watch = watch(&KeepAlive::default(), TransportKind::WebSocket);
        assert_eq!(due(&mut watch, 7).await, (Due::Ping, 20), "something had come");
        assert_eq!(due(&mut watch, 8).await, (Due::Ping, 20), "the answer, then silence");
        assert_eq!(due(&mut watch, 8).await, (Due::Gone, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_cannot_hear_a_ping_yet_is_excused() {
        let mut watch = watch(&KeepAlive::default(), TransportKind::WebSocket);
        let busy = timeout(100 * SECOND, poll_fn(|cx| watch.poll(cx, 0, true))).await;
        assert!(busy.is_err());
        assert_eq!(due(&mut watch, 0).await, (Due::Ping, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn without_pings_silence_alone_ends_a_connection_if_it_is_to() {
        let config = KeepAlive { idle: Some(60 * SECOND), ..KeepAlive::default() };
        let mut watch = watch(&config, TransportKind::RawSocket);
        assert_eq!(due(&mut watch, 0).await, (Due::Gone, 60));
        let mut watch = self::watch(&config, TransportKind::RawSocket);
        advance(29 * SECOND).await;
        assert_eq!(due(&mut watch, 1).await, (Due::Gone, 61), "what came last came after 29");
    }

    #[test]
    fn rawsocket_is_pinged_only_when_asked_for_and_transports_without_connections_never() {
        let default = KeepAlive::default();
        assert!(Patience::new(&default, TransportKind::WebSocket).is_some());
        assert_eq!(Patience::new(&default, TransportKind::RawSocket), None);
        assert_eq!(Patience::new(&default, TransportKind::LongPoll), None);
        assert_eq!(Patience::new(&default, TransportKind::Local), None);
        let pinged = KeepAlive { rawsocket: true, ..default };
        assert_eq!(
            Patience::new(&pinged, TransportKind::RawSocket),
            Patience::new(&pinged, TransportKind::WebSocket)
        );
        let off = KeepAlive { interval: None, ..pinged };
        assert_eq!(Patience::new(&off, TransportKind::WebSocket), None);
    }
}
