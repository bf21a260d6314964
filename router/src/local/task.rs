//! The one task of a session inside the process: requests to the realm, the outbox to the application.

use super::{
    hearing::Hearing,
    link::{Link, State},
};
use crate::{
    authentication::Expiry,
    chunk::Format,
    deliver::Handle,
    dispatch::{Dispatched, Dispatcher, settle},
    log_gate::Line,
    metrics::Batch,
    outbox::{Cut, Parcel},
    realm::Membership,
    shared::{Registered, Shared},
    slowness,
    transport::FrameFormat,
};
use std::{
    collections::VecDeque,
    future::poll_fn,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use wamplex_realm::Outbound;
use wamplex_shared::{
    message::{Abort, Goodbye, Message},
    serializer::Serializer,
    session::{CloseReason, Received, Serving},
    time::Time,
    uris::{close, wamplex},
};

/// Why a session is ended for which too much waits.
const OVERFLOW: &str = "too slow: too much is waiting to be taken";

/// How events of a session inside the process are written: for those who have a connection.
const FORMAT: Format = Format { serializer: Serializer::Json, frame: FrameFormat::WebSocket };

/// Carries messages between a realm and a session until one of them ends.
pub(super) struct Task {
    link: Arc<Link>,
    shared: Arc<Shared>,
    membership: Membership,
    registered: Registered,
    serving: Serving,
    hearing: Hearing,
    timer: Option<(Time, Timer)>,
    is_over: bool,
    /// The end of the session, if it is known.
    _expiry: Option<Expiry>,
}

type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What there is to do.
#[derive(Default)]
struct Turn {
    requests: VecDeque<Message>,
    arrived: VecDeque<(Parcel, usize)>,
    cut: Option<Cut>,
    is_due: bool,
}

impl Task {
    pub(super) fn new(
        link: Arc<Link>,
        shared: Arc<Shared>,
        membership: Membership,
        registered: Registered,
        expiry: Option<Expiry>,
    ) -> Self {
        Self {
            link,
            shared,
            membership,
            registered,
            serving: Serving::new(),
            hearing: Hearing::default(),
            timer: None,
            is_over: false,
            _expiry: expiry,
        }
    }

    pub(super) async fn run(mut self) {
        while !self.is_over {
            let turn = poll_fn(|cx| self.poll_turn(cx)).await;
            self.take(turn).await;
            self.is_over = mem::take(&mut self.hearing).conclude(&self.link);
            // Two sessions that keep each other busy leave room for others.
            tokio::task::consume_budget().await;
        }
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let mut turn = Turn::default();
        // Before anything is looked at, so that no request goes unseen.
        let due = self.link.drive(|state| {
            turn.requests = state.take_requests(cx);
            state.session.poll_timeout()
        });
        match self.outbox().poll_take(cx, &mut turn.arrived) {
            Poll::Ready(Err(cut)) => turn.cut = Some(cut),
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        turn.is_due = self.poll_due(cx, due);
        if turn.requests.is_empty() && turn.arrived.is_empty() && turn.cut.is_none() && !turn.is_due
        {
            return Poll::Pending;
        }
        Poll::Ready(turn)
    }

    /// Whether a call has run out of time.
    fn poll_due(&mut self, cx: &mut Context<'_>, due: Option<Time>) -> bool {
        let Some(due) = due else {
            self.timer = None;
            return false;
        };
        if self.timer.as_ref().is_none_or(|(time, _)| *time != due) {
            let clock = self.shared.clock;
            self.timer = Some((due, Box::pin(async move { clock.sleep_until(due).await })));
        }
        let is_due =
            self.timer.as_mut().is_some_and(|(_, timer)| timer.as_mut().poll(cx).is_ready());
        if is_due {
            self.timer = None;
        }
        is_due
    }

    async fn take(&mut self, turn: Turn) {
        let Turn { requests, arrived, cut, is_due } = turn;
        let (traffic, mut batch) = (Arc::clone(self.membership.realm.traffic()), Batch::new());
        for request in requests {
            batch.count(request.code(), 0);
            self.hand_in(request).await;
        }
        traffic.received().add(&mut batch);
        let bytes = arrived.iter().map(|(_, bytes)| bytes).sum();
        for (parcel, _) in arrived {
            let mut hear = |message: Message| {
                batch.count(message.code(), 0);
                // What breaks the protocol closes the session, and is told by its last event. Heard one by one, since a
                // piece of a result is delivered through what the next message may end.
                self.hear(|state| drop(state.session.handle_message(message)));
            };
            match parcel {
                Parcel::One(Outbound::Message(message)) => hear(*message),
                Parcel::One(Outbound::Event(event)) => hear(event.event().into()),
                Parcel::Chunk(chunk) => {
                    // The program around may keep what it hears, and that should not keep all of the chunk.
                    chunk.one_by_one().for_each(|event| hear(event.event().into()));
                }
            }
        }
        traffic.sent().add(&mut batch);
        self.outbox().sent(bytes);
        if self.hearing.is_overflowing {
            self.outbox().cut(Cut::Overflow);
        }
        if is_due {
            let now = self.link.now();
            self.hear(|state| state.session.handle_timeout(now));
        }
        if let Some(cut) = cut {
            if cut == Cut::Overflow {
                self.shared.tally.overflows.up();
                let reason = Some(OVERFLOW);
                let outbox = self.outbox();
                slowness::tell(&self.membership, outbox.policy(), outbox.take_losses(), reason);
            }
            self.hear(|state| drop(state.session.handle_message(last_word(cut))));
        }
    }

    /// Hands a request to the realm, in the order in which they were made.
    async fn hand_in(&mut self, message: Message) {
        let (realm, member) = (&self.membership.realm, &self.membership.member);
        let handled = match self.serving.handle_message(message) {
            Ok(Received::Request(request)) => {
                let now = self.shared.clock.now();
                let dispatched = Dispatcher::new(realm, FORMAT).dispatch(member, request, now);
                match dispatched {
                    Ok(Dispatched::Done) => Ok(()),
                    Ok(Dispatched::Waits(request)) => {
                        let outbox = self.outbox();
                        // A session that is cut does not wait any more: its next turn says so.
                        tokio::select! {
                            handled = settle(&self.shared, realm, member, *request, FORMAT) => handled,
                            _ = poll_fn(|cx| outbox.poll_cut(cx)) => Ok(()),
                        }
                    }
                    Err(violation) => Err(violation),
                }
            }
            Ok(_) => Ok(()),
            Err(violation) => Err(violation),
        };
        if let Err(violation) = handled {
            let (session, realm) = (member.session(), realm.name());
            let line = self.shared.log_gate.line_of_realm(realm, self.shared.clock.now());
            if let Some(Line { left_out }) = line {
                tracing::warn!(%session, %realm, %violation, left_out, "a session inside the process broke the protocol");
            }
            self.shared.tally.violations.up();
            self.hear(|state| state.session.fail(violation));
        } else if let Some(answer) = self.serving.poll_message() {
            self.hear(|state| drop(state.session.handle_message(answer)));
        }
    }

    /// Gives the session its input, and takes down what it has to say about that.
    fn hear(&mut self, input: impl FnOnce(&mut State)) {
        let Self { link, hearing, .. } = self;
        link.drive(|state| {
            input(state);
            hearing.take(link, state);
        });
    }

    const fn outbox(&self) -> &Handle {
        &self.registered.outbox
    }
}

impl Drop for Task {
    /// Also when the runtime shuts down or a bug of ours made the task panic: nobody waits for ever.
    fn drop(&mut self) {
        if !self.is_over {
            let gone = CloseReason::Disconnected("the task of the session was ended".into());
            self.hear(|state| state.session.handle_disconnect(gone));
            mem::take(&mut self.hearing).conclude(&self.link);
        }
        self.shared.tally.sessions_left.up();
        tracing::debug!(session = %self.membership.member.session(), "session inside the process left");
    }
}

/// What the router says to a session whose outbox was closed.
fn last_word(cut: Cut) -> Message {
    match cut {
        Cut::Overflow => Abort::new(wamplex::SLOW_CONSUMER, OVERFLOW).into(),
        Cut::Shutdown => Goodbye::new(close::SYSTEM_SHUTDOWN).into(),
    }
}
