//! The task of one client: HELLO, the conversation, and the parting.

#[cfg(test)]
mod tests;

use crate::{
    admin::Tap,
    admission::{Admission, Admitted},
    authentication::{Expiry, Refusal, Step},
    config::{Limits, SlowConsumers},
    deliver::{Deliver, Handle},
    dispatch::{self, Dispatched, Dispatcher},
    ending::{End, Parting, Phase},
    link::Link,
    metrics::{Batch, Traffic},
    notes::Notes,
    outbox::Cut,
    peer::Peer,
    realm::Membership,
    shared::Shared,
    slowness::{self, News, Vigil},
    throttle::Throttle,
    transport::Transport,
};
use bytes::Bytes;
use futures_util::FutureExt;
use std::{
    future::poll_fn,
    mem,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
    vec::Drain,
};
use tokio::time::{Instant, error::Elapsed, timeout, timeout_at};
use wamplex_realm::{Member, Refused};
use wamplex_shared::{
    codec,
    error::ProtocolViolation,
    message::{Call, Error, Goodbye, Message, MessageCode, Publish, Yield},
    serializer::Serializer,
    session::{AcceptEvent, Acceptor, Received, Serving},
    time::Time,
    uris::error,
};

/// How many frames a session that has fallen silent keeps room for.
const KEPT_FRAMES: usize = 8;

/// From this length on a frame is not kept alive by a lesser part of it.
const SPLIT: usize = 1 << 10;

/// One client from the upgrade to the end.
pub(crate) struct Connection<T> {
    link: Link<T>,
    shared: Arc<Shared>,
    /// What held when it began.
    limits: Arc<Limits>,
    peer: Arc<Peer>,
    /// What its listener says of clients that are too slow.
    slow_consumers: SlowConsumers,
    /// What the session may send, once there is one.
    throttle: Option<Throttle>,
    /// The end of the session, if it is known.
    expiry: Option<Expiry>,
    /// Where what is sent counts, once there was a session.
    traffic: Option<Arc<Traffic>>,
}

impl<T: Transport> Connection<T> {
    /// A client that `limits` hold for, whatever becomes of those of the router.
    pub(crate) fn new(link: Link<T>, shared: Arc<Shared>, limits: Arc<Limits>, peer: Peer) -> Self {
        let slow_consumers = SlowConsumers::default();
        let peer = Arc::new(peer);
        let (throttle, expiry, traffic) = (None, None, None);
        Self { link, shared, limits, peer, slow_consumers, throttle, expiry, traffic }
    }

    /// Sets what becomes of the client if it is too slow, as far as that is not left to its realm.
    pub(crate) const fn set_slow_consumers(&mut self, settings: SlowConsumers) {
        self.slow_consumers = settings;
    }

    /// Serves the client until it goes or has to go.
    ///
    /// After a GOODBYE of the client the connection stays open for another HELLO, within the same time limit as the
    /// first; "WAMP: Session Closing" leaves that to us.
    pub(crate) async fn run(&mut self) {
        let mut end = self.converse().await;
        while let End::Left(_) = end {
            if !Box::pin(self.part(end)).await {
                return;
            }
            self.link.outbox().forget_overflow();
            end = self.converse().await;
            if let End::Silent | End::Shutdown(Phase::BeforeWelcome) = end {
                // Nothing is wrong with a client that leaves and waits for the connection to be closed.
                end = End::Closed;
            }
        }
        Box::pin(self.part(end)).await;
    }

    /// From HELLO to the end.
    async fn converse(&mut self) -> End {
        // Boxed, as the parting below: what only the beginning and the end need is not held in between.
        let membership = match Box::pin(self.join()).await {
            Ok(membership) => membership,
            Err(end) => {
                self.notes().refused(&end);
                return end;
            }
        };
        // A panic in here ends this session only, and the realm is left in any case.
        let end = AssertUnwindSafe(self.serve(&membership)).catch_unwind().await;
        let end = end.unwrap_or_else(|_panic| End::Failed("a panic".to_owned()));
        // The room it took is free again, though the client may stay for another session.
        (self.throttle, self.expiry) = (None, None);
        self.link.set_tap(None);
        let outbox = self.link.outbox();
        slowness::tell(&membership, outbox.policy(), outbox.take_losses(), end.slowness());
        self.link.set_vigil(None);
        self.notes().ended(membership.member.session(), &end);
        end
    }

    /// From HELLO to WELCOME.
    async fn join(&mut self) -> Result<Membership, End> {
        let mut acceptor = Acceptor::new(self.link.transport().serializer());
        self.link.transport_mut().set_limit(self.limits.message_size_before_welcome);
        let hello = match self.greet(&mut acceptor, self.limits.hello).await? {
            AcceptEvent::Hello(hello) => hello,
            // Before HELLO the acceptor lets nothing else through.
            AcceptEvent::Authenticate(_) | AcceptEvent::Aborted(_) => return Err(End::Aborted),
        };
        let deadline = Instant::now() + self.limits.authentication;
        let admission = Admission::open(&self.shared, &hello, &self.peer);
        let admission = timeout_at(deadline, admission).await.map_err(too_long)?;
        let mut admission = admission.map_err(End::Refused)?;
        let mut step = timeout_at(deadline, admission.begin()).await.map_err(too_long)?;
        loop {
            match step {
                Step::Welcome(identity) => {
                    let admitted = admission.welcome(identity).map_err(End::Refused)?;
                    return self.welcome(&mut acceptor, admitted).await;
                }
                Step::Refuse(refusal) => return Err(End::Refused(refusal)),
                Step::Challenge(challenge) => {
                    acceptor.challenge(challenge);
                    self.transmit(&mut acceptor).await?;
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            step = match self.greet(&mut acceptor, left).await.map_err(End::of_authentication)? {
                AcceptEvent::Authenticate(proof) => {
                    timeout_at(deadline, admission.answer(proof)).await.map_err(too_long)?
                }
                AcceptEvent::Hello(_) | AcceptEvent::Aborted(_) => return Err(End::Aborted),
            };
        }
    }

    /// What the client says next before WELCOME.
    async fn greet(
        &mut self,
        acceptor: &mut Acceptor,
        limit: Duration,
    ) -> Result<AcceptEvent, End> {
        let deadline = Instant::now() + limit;
        loop {
            let frame = timeout_at(deadline, poll_fn(|cx| self.poll_greeting(cx)));
            let frame = frame.await.map_err(|_elapsed| End::Silent)??;
            acceptor.handle_message(decode(&self.link, &frame)?)?;
            if let Some(event) = acceptor.poll_event() {
                return Ok(event);
            }
        }
    }

    /// Sends what the acceptor has to say.
    async fn transmit(&mut self, acceptor: &mut Acceptor) -> Result<(), End> {
        while let Some(message) = acceptor.poll_message() {
            let fed = self.link.feed(&message).await;
            fed.map_err(|stop| End::of_link(stop, Phase::BeforeWelcome))?;
        }
        Ok(())
    }

    fn poll_greeting(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, End>> {
        if let Poll::Ready(Cut::Shutdown) = self.link.outbox().poll_cut(cx) {
            return Poll::Ready(Err(End::Shutdown(Phase::BeforeWelcome)));
        }
        self.link.poll_receive(cx).map_err(|stop| End::of_link(stop, Phase::BeforeWelcome))
    }

    async fn welcome(
        &mut self,
        acceptor: &mut Acceptor,
        admitted: Admitted,
    ) -> Result<Membership, End> {
        let Admitted { realm, who, welcome, ends, seats, counted, entry } = admitted;
        let admitted = realm.authorization().admit(realm.name(), &who).await;
        admitted.map_err(|why| End::Refused(Refusal::new(error::NOT_AUTHORIZED, why)))?;
        acceptor.accept(who.session, welcome);
        // Fed before the realm knows the session: nothing can overtake WELCOME.
        self.transmit(acceptor).await?;
        self.link.transport_mut().set_limit(self.limits.message_size);
        let session = who.session;
        self.link.outbox().belongs_to(&self.peer);
        let terms = self.slow_consumers.over(&realm.live().slow_consumers).terms(&self.limits);
        self.link.outbox().set_terms(terms, realm.traffic().dropped(terms.policy));
        self.link.set_vigil(Vigil::of(terms.policy));
        let membership = realm.join(who, Arc::clone(self.link.outbox()));
        drop(entry);
        self.link.set_tap(Some(Tap::new(&self.shared.taps, realm.number(), session)));
        self.throttle = seats.map(|seats| Throttle::new(seats, counted));
        self.expiry = ends.map(|time| Expiry::at(time, self.link.outbox()));
        self.notes().joined(membership.member.who(), &realm, acceptor.serializer());
        Ok(membership)
    }

    /// From WELCOME to the end.
    async fn serve(&mut self, membership: &Membership) -> End {
        let mut serving = Serving::new();
        let mut frames = Vec::new();
        let mut received = Batch::new();
        let mut written = self.link.transport().written();
        let traffic = Arc::clone(membership.realm.traffic());
        self.traffic = Some(Arc::clone(&traffic));
        loop {
            let turn = poll_fn(|cx| {
                let turn = self.link.poll_turn(cx, &mut frames);
                // A client that only listens may never end a turn.
                if turn.is_ready() || self.link.has_sent_much() {
                    self.link.count_sent(traffic.sent());
                }
                turn
            });
            let turn = turn.await;
            if let Err(stop) = turn {
                return End::of_link(stop, Phase::Open);
            }
            self.return_undelivered(membership);
            if let Some(News { losses, begins }) = self.link.take_losses() {
                let policy = self.link.outbox().policy();
                if begins {
                    self.notes().lossy(&membership.member, &membership.realm, policy);
                }
                slowness::tell(membership, policy, losses, None);
            }
            let (mut now, count) = (self.shared.clock.now(), frames.len());
            let mut batch = frames.drain(..);
            loop {
                let handled =
                    self.handle_batch(&mut batch, membership, &mut serving, now, &mut received);
                let handled = match handled {
                    Ok(None) => break,
                    Ok(Some(message)) => {
                        let settled = Box::pin(self.settle(membership, *message)).await;
                        now = self.shared.clock.now();
                        settled
                    }
                    Err(end) => Err(end),
                };
                if let Err(end) = handled {
                    self.link.unread(batch);
                    traffic.received().add(&mut received);
                    return end;
                }
            }
            drop(batch);
            traffic.received().add(&mut received);
            if let Some(vigil) = &self.shared.vigil {
                let before = mem::replace(&mut written, self.link.transport().written());
                let is_answer = written != before;
                vigil.note(membership.member.session().get(), count, is_answer, now);
            }
            if let Some(throttle) = &self.throttle {
                self.link.pause(throttle.debt(now));
            }
            if count <= KEPT_FRAMES {
                frames.shrink_to(KEPT_FRAMES);
            }
        }
    }

    /// Tells those who wait for what could not be sent to this client.
    fn return_undelivered(&mut self, membership: &Membership) {
        for message in self.link.take_undelivered() {
            if message.code() == MessageCode::Event {
                self.shared.tally.events_too_long.up();
            } else {
                let now = self.shared.clock.now();
                let realm = membership.realm.read();
                realm.undelivered(&membership.member, message, now, &mut Deliver);
            }
        }
    }

    /// Handles frames one after another, up to a message about which somebody has to be asked.
    ///
    /// The realm stays guarded from one message to the next, and what each of them causes is queued before that ends.
    fn handle_batch(
        &mut self,
        frames: &mut Drain<'_, Bytes>,
        membership: &Membership,
        serving: &mut Serving,
        now: Time,
        received: &mut Batch,
    ) -> Result<Option<Box<Message>>, End> {
        let mut dispatcher = Dispatcher::new(&membership.realm, self.link.format());
        for frame in frames {
            self.link.note_received(&frame);
            dispatcher.prepare(frame.len());
            let message = decode_frugally(self.link.transport().serializer(), &frame)?;
            received.count(message.code(), frame.len());
            let is_paid = self.throttle.as_ref().is_none_or(|t| t.pay(frame.len(), now));
            let dispatched = match serving.handle_message(message)? {
                Received::Request(request) if is_paid => {
                    dispatcher.dispatch(&membership.member, request, now)?
                }
                Received::Request(request) => {
                    self.refuse(&mut dispatcher, &membership.member, request, now)?
                }
                Received::Left(_) => return Err(End::Left(serving.poll_message().map(Box::new))),
                Received::Aborted(_) => return Err(End::Aborted),
                Received::Ignored => Dispatched::Done,
                _ => Dispatched::Done,
            };
            if let Dispatched::Waits(message) = dispatched {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// Refuses what comes far too fast. What ends or answers something is handled all the same.
    fn refuse(
        &self,
        dispatcher: &mut Dispatcher<'_>,
        member: &Arc<Member<Handle>>,
        request: Message,
        now: Time,
    ) -> Result<Dispatched, ProtocolViolation> {
        let can_be_refused = matches!(
            request,
            Message::Call(_) | Message::Publish(_) | Message::Subscribe(_) | Message::Register(_)
        );
        if !can_be_refused {
            return dispatcher.dispatch(member, request, now);
        }
        self.shared.tally.rate_refusals.up();
        dispatcher.refuse(member, &request, Refused::TooFast)?;
        Ok(Dispatched::Done)
    }

    /// Waits until it is known whether the client has the right to this message. What there is for the client goes out
    /// meanwhile; what it says next is not read.
    async fn settle(&mut self, membership: &Membership, message: Message) -> Result<(), End> {
        let Membership { realm, member, .. } = membership;
        let shared = Arc::clone(&self.shared);
        let format = self.link.format();
        let mut settling = pin!(dispatch::settle(&shared, realm, member, message, format));
        poll_fn(|cx| match settling.as_mut().poll(cx) {
            Poll::Ready(handled) => Poll::Ready(handled.map_err(End::from)),
            Poll::Pending => {
                self.link.poll_send(cx).map(|stop| Err(End::of_link(stop, Phase::Open)))
            }
        })
        .await
    }

    /// Says what is still to be said and closes the connection; `true` if it stays open for another HELLO.
    async fn part(&mut self, end: End) -> bool {
        let Parting { last, flush, close } = end.parting();
        if !flush {
            self.link.discard();
        }
        let limit = match last {
            Some(Message::Goodbye(_)) => self.limits.goodbye,
            _ => self.limits.close,
        };
        let told = timeout(limit, self.tell(last, close.is_some())).await.unwrap_or(false);
        if let Some(traffic) = self.traffic.take() {
            self.link.count_sent(traffic.sent());
        }
        let Some(close) = close else { return told };
        // Whether the other side hears it or not: the connection goes when the time is over.
        let _ = timeout(self.limits.close, self.link.close(close)).await;
        false
    }

    /// Sends the last message, and waits for the answer to a GOODBYE of ours; `false` if the connection is lost.
    async fn tell(&mut self, last: Option<Message>, is_ours: bool) -> bool {
        if self.link.finish(last.as_ref()).await.is_err() {
            return false;
        }
        if let Some(Message::Goodbye(goodbye)) = last.filter(|_| is_ours) {
            self.await_goodbye(goodbye).await;
        }
        true
    }

    async fn await_goodbye(&mut self, ours: Goodbye) {
        let mut serving = Serving::new();
        serving.close(ours);
        while !serving.is_over() {
            let Ok(frame) = poll_fn(|cx| self.link.poll_receive(cx)).await else { return };
            let Ok(message) = decode(&self.link, &frame) else { return };
            if serving.handle_message(message).is_err() {
                return;
            }
        }
    }

    fn notes(&self) -> Notes<'_> {
        Notes::of(&self.shared, &self.peer)
    }
}

/// Whoever has to say who the client is takes too long. Nobody gets in because of that.
fn too_long(_elapsed: Elapsed) -> End {
    End::Refused(
        Refusal::new(error::AUTHENTICATION_FAILED, "authentication took too long, try again later")
            .because("the authenticator gave no answer within the time limit"),
    )
}

fn decode<T: Transport>(link: &Link<T>, frame: &Bytes) -> Result<Message, ProtocolViolation> {
    Ok(codec::decode(link.transport().serializer(), frame)?)
}

/// Reads a request. If its arguments are the lesser part of it they get memory of their own: all of it would wait with them.
fn decode_frugally(serializer: Serializer, frame: &Bytes) -> Result<Message, ProtocolViolation> {
    let mut message = codec::decode(serializer, frame)?;
    if let Message::Publish(Publish { payload, .. })
    | Message::Call(Call { payload, .. })
    | Message::Yield(Yield { payload, .. })
    | Message::Error(Error { payload, .. }) = &mut message
        && frame.len() >= SPLIT
        && payload.bytes().len() < frame.len() / 2
    {
        *payload = payload.detach();
    }
    Ok(message)
}
