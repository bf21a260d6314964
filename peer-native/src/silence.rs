//! Finding out that the router is gone although nothing says so.

use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep};

/// How long the router may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// After half of this up to all of this it is sent a PING.
    pub(crate) interval: Duration,
    /// How long it then may take.
    pub(crate) wait: Duration,
}

/// The watch over one connection. Messages cost nothing for it: the timer looks at a counter now and then.
#[derive(Debug)]
pub(crate) struct Watch {
    patience: Patience,
    timer: Pin<Box<Sleep>>,
    read: u64,
    asked: bool,
}

/// What is to be done about a silent router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Ping,
    Gone,
}

impl Watch {
    pub(crate) fn new(patience: Patience) -> Self {
        Self { patience, timer: Box::pin(sleep(patience.interval / 2)), read: 0, asked: false }
    }

    /// Says what is due, if so many bytes have come so far.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, read: u64) -> Poll<Due> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            let heard = self.read != read;
            if self.asked && !heard {
                return Poll::Ready(Due::Gone);
            }
            (self.read, self.asked) = (read, !heard);
            let rest = if heard { self.patience.interval / 2 } else { self.patience.wait };
            self.timer.as_mut().reset(Instant::now() + rest);
            if self.asked {
                return Poll::Ready(Due::Ping);
            }
        }
    }
}
