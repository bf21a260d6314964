//! The one task of a connection: socket ⇄ session ⇄ timer.

use crate::{
    dispatch::Outcome,
    link::{ConnectionState, Link, State},
    silence::{Due, Patience, Watch},
    transport::{self, Transport, TransportError},
};
use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use std::sync::Arc;
use tokio::time::{Instant, Sleep, sleep_until};
use wamplex_shared::session::CloseReason;

/// How many messages are taken from the socket before something else has its turn.
const READ_BATCH: usize = 64;

/// How long the router may take to answer our GOODBYE.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the last message may take to leave, and the connection to close, once the session is over.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs a connection until it is closed.
pub(crate) struct Driver<T> {
    link: Arc<Link>,
    transport: T,
    timer: Pin<Box<Sleep>>,
    watch: Option<Watch>,
    phase: Phase,
    /// What the application is to be told, once the lock is released.
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The session is open, or waits for the answer to our GOODBYE.
    Running,
    /// The session is over: what is still unsent leaves, then the connection is closed.
    Closing {
        until: Instant,
    },
    Closed,
}

impl<T: Transport> Driver<T> {
    pub(crate) fn new(link: Arc<Link>, transport: T, patience: Option<Patience>) -> Self {
        let timer = Box::pin(sleep_until(Instant::now()));
        let (watch, outcome) = (patience.map(Watch::new), Outcome::default());
        Self { link, transport, timer, watch, phase: Phase::Running, outcome }
    }
}

impl<T: Transport + Unpin> Future for Driver<T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.phase == Phase::Running {
            // Before anything is looked at, so that no command goes unseen.
            this.link.drive(|state| state.wake_driver_with(cx.waker()));
            if let Err(error) = this.run(cx) {
                this.disconnect(&error.to_string());
            }
            this.conclude();
        }
        if let Phase::Closing { until } = this.phase {
            if this.poll_closed(cx, until).is_pending() {
                return Poll::Pending;
            }
            this.finish();
        }
        if this.phase == Phase::Closed { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<T: Transport + Unpin> Driver<T> {
    /// Reads, lets time pass, and writes, until each of them has to wait.
    fn run(&mut self, cx: &mut Context<'_>) -> Result<(), TransportError> {
        self.receive(cx)?;
        self.expire(cx);
        if let Poll::Ready(sent) = self.transmit(cx) {
            sent?;
        }
        self.listen(cx)
    }

    fn receive(&mut self, cx: &mut Context<'_>) -> Result<(), TransportError> {
        let serializer = self.link.serializer();
        for _ in 0..READ_BATCH {
            let Poll::Ready(frame) = self.transport.poll_receive(cx) else { return Ok(()) };
            let Some(frame) = frame? else {
                self.disconnect("closed by the router");
                return Ok(());
            };
            let message = frame.decode(serializer);
            self.input(|state| match message {
                // What breaks the protocol closes the session, and is told by its last event.
                Ok(message) => drop(state.session.handle_message(message)),
                Err(violation) => state.session.fail(violation),
            });
            if self.outcome.is_over() {
                return Ok(());
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// Lets time pass, and has the timer wake us when it matters again.
    fn expire(&mut self, cx: &mut Context<'_>) {
        loop {
            let due = self.link.drive(|state| {
                let goodbye = state.leaving_since.map(|since| since + GOODBYE_TIMEOUT);
                let call = state.session.poll_timeout().and_then(|time| self.link.instant(time));
                [goodbye, call].into_iter().flatten().min()
            });
            let Some(due) = due else { return };
            if self.timer.deadline() != due {
                self.timer.as_mut().reset(due);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return;
            }
            let now = self.link.now();
            self.input(|state| {
                state.session.handle_timeout(now);
                if state.leaving_since.is_some_and(|since| since.elapsed() >= GOODBYE_TIMEOUT) {
                    state.session.handle_disconnect(CloseReason::Left);
                    state.leaving_since = None;
                }
            });
        }
    }

    /// Asks a silent router for a sign of life, and takes it for gone if none comes.
    fn listen(&mut self, cx: &mut Context<'_>) -> Result<(), TransportError> {
        let Some(watch) = &mut self.watch else { return Ok(()) };
        while let Poll::Ready(due) = watch.poll(cx, self.transport.read()) {
            if due == Due::Gone {
                return Err(TransportError::Silent);
            }
            self.transport.ping()?;
            if let Poll::Ready(flushed) = self.transport.poll_flush(cx) {
                flushed?;
            }
        }
        Ok(())
    }

    /// Gives the socket what it takes, and flushes once. Ready when everything is with the operating system.
    fn transmit(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        let serializer = self.link.serializer();
        loop {
            ready!(self.transport.poll_ready(cx))?;
            let Some(message) = self.link.drive(|state| state.session.poll_message()) else {
                break;
            };
            if let Some(frame) = transport::encode(serializer, &message) {
                self.transport.send(serializer, frame)?;
            }
        }
        for writer in self.link.drive(State::all_sent) {
            writer.wake();
        }
        self.transport.poll_flush(cx)
    }

    /// Waits until what is unsent has left and the connection is closed, or too much time has passed.
    fn poll_closed(&mut self, cx: &mut Context<'_>, until: Instant) -> Poll<()> {
        if self.timer.deadline() != until {
            self.timer.as_mut().reset(until);
        }
        if self.timer.as_mut().poll(cx).is_ready() || ready!(self.transmit(cx)).is_err() {
            return Poll::Ready(());
        }
        self.transport.poll_close(cx).map(|_| ())
    }
}

impl<T> Driver<T> {
    /// Gives the session its input, and takes down what it has to say about that.
    fn input(&mut self, input: impl FnOnce(&mut State)) {
        let Self { link, outcome, .. } = self;
        link.drive(|state| {
            input(state);
            // After each input, since a piece of a result is delivered through what the next one may end.
            while let Some(event) = state.session.poll_event() {
                outcome.take(link, state, event);
            }
        });
    }

    fn disconnect(&mut self, why: &str) {
        let reason = CloseReason::Disconnected(why.into());
        self.input(|state| state.session.handle_disconnect(reason));
    }

    /// Says that the connection is closed.
    fn finish(&mut self) {
        self.phase = Phase::Closed;
        let reason = self.link.drive(|state| state.closed.clone()).unwrap_or(CloseReason::Left);
        self.link.status().send_replace(ConnectionState::Closed(reason));
    }

    /// Tells the application.
    fn conclude(&mut self) {
        if core::mem::take(&mut self.outcome).conclude(&self.link) {
            self.phase = Phase::Closing { until: Instant::now() + CLOSE_TIMEOUT };
        }
    }
}

impl<T> Drop for Driver<T> {
    /// The runtime shuts down, or a bug of ours made the task panic. Nobody waits for ever.
    fn drop(&mut self) {
        if self.phase != Phase::Closed {
            self.disconnect("the runtime was shut down");
            self.conclude();
            self.finish();
        }
    }
}
