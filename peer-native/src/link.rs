//! What the handles of a client and its driver share: the session, behind a lock.
//!
//! A handle locks, gives the session its command, and wakes the driver, which writes. No command crosses a channel.
//! No code of the application runs under the lock, and nothing of the application is dropped there.

use crate::{
    call::CallSlot,
    error::Error,
    handler::{Answer, Invocation},
    registration::Procedure,
    subscription::SubscribeSlot,
    topics::{EventQueue, Topics},
    transport::TransportError,
};
use core::{
    future::poll_fn,
    task::{Context, Poll, Waker},
    time::Duration,
};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use tokio::{
    sync::{oneshot, watch},
    time::Instant,
};
use wamplex_shared::{
    error::WampError,
    id::{PublicationId, RegistrationId, RequestId, SubscriptionId},
    message::{CancelMode, ErrorDetails, Goodbye, YieldOptions},
    payload::Payload,
    serializer::Serializer,
    session::{CloseReason, Refusal, Refused, Session},
    time::Time,
    uris,
};

/// From this many bytes of unsent messages on, requests wait until all of them are sent.
///
/// Enough to keep a socket busy, little enough that a publisher that is faster than its connection notices.
const MAX_UNSENT: usize = 256 * 1024;

/// How many bytes of a message are left for everything but its payload, when there is a limit.
const HEAD: usize = 256;

/// What a message is counted for beyond its payload.
const MESSAGE_OVERHEAD: usize = 64;

/// Whether a client is connected.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConnectionState {
    /// The session is open.
    Open,
    /// The session is over, and the connection is being closed.
    Closing,
    /// The connection is closed.
    Closed(CloseReason),
}

/// What the session keeps with each request, to complete it with.
#[derive(Debug)]
pub(crate) enum Token {
    Publish(Reply<PublicationId>),
    Subscribe(SubscribeSlot),
    Unsubscribe(Option<Reply<()>>),
    Call(CallSlot),
    Register(Arc<Procedure>, Reply<RegistrationId>),
    Unregister(RegistrationId, Option<Reply<()>>),
}

/// Where the answer to a request goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// One connection.
#[derive(Debug)]
pub(crate) struct Link {
    state: Mutex<State>,
    status: watch::Sender<ConnectionState>,
    serializer: Serializer,
    /// The length of the longest message that the router receives.
    limit: usize,
    started: Instant,
}

/// What is behind the lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) session: Session<Token>,
    pub(crate) topics: Topics,
    pub(crate) procedures: HashMap<RegistrationId, Arc<Procedure>>,
    pub(crate) running: HashMap<RequestId, (Invocation, Arc<Procedure>)>,
    /// Why the session is over.
    pub(crate) closed: Option<CloseReason>,
    /// Whether this side has said that it leaves, and when.
    pub(crate) leaving_since: Option<Instant>,
    /// Bytes queued since the last time everything was sent.
    unsent: usize,
    /// Requests that wait for everything to be sent.
    writers: Vec<Waker>,
    driver: Option<Waker>,
}

impl Link {
    pub(crate) fn new(session: Session<Token>, limit: usize, started: Instant) -> Arc<Self> {
        let serializer = session.serializer();
        let state = State {
            session,
            topics: Topics::default(),
            procedures: HashMap::new(),
            running: HashMap::new(),
            closed: None,
            leaving_since: None,
            unsent: 0,
            writers: Vec::new(),
            driver: None,
        };
        let (status, _) = watch::channel(ConnectionState::Open);
        Arc::new(Self { state: Mutex::new(state), status, serializer, limit, started })
    }

    pub(crate) const fn serializer(&self) -> Serializer {
        self.serializer
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_start(self.started.elapsed())
    }

    pub(crate) fn instant(&self, time: Time) -> Option<Instant> {
        self.started.checked_add(time.since_start())
    }

    pub(crate) const fn status(&self) -> &watch::Sender<ConnectionState> {
        &self.status
    }

    /// Does something with the session, and has the driver look at the outcome.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock();
        let result = f(&mut state);
        let driver = state.driver.take();
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
        result
    }

    /// The same for the driver, which needs no waking.
    pub(crate) fn drive<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.state.lock())
    }

    /// Waits until there is room for a message with this payload, then does something with the session.
    pub(crate) fn poll_send<R>(
        &self,
        cx: &Context<'_>,
        payload: usize,
        f: impl FnOnce(&mut State) -> Result<R, Error>,
    ) -> Poll<Result<R, Error>> {
        if !self.takes(payload) {
            let (length, limit) = (payload, self.limit);
            return Poll::Ready(Err(TransportError::TooLong { length, limit }.into()));
        }
        self.with(|state| {
            if !state.session.is_open() {
                return Poll::Ready(Err(state.closed_error()));
            }
            if state.unsent >= MAX_UNSENT {
                state.writers.push(cx.waker().clone());
                return Poll::Pending;
            }
            state.unsent += payload + MESSAGE_OVERHEAD;
            Poll::Ready(f(state))
        })
    }

    /// Whether the router receives messages with payloads of this length. Asked before a message gets the id of its
    /// request: an id that was drawn and not used would end the session.
    const fn takes(&self, payload: usize) -> bool {
        payload < self.limit.saturating_sub(HEAD)
    }

    /// The same as a future.
    pub(crate) async fn send<R>(
        &self,
        payload: usize,
        f: impl FnOnce(&mut State) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut f = Some(f);
        poll_fn(|cx| {
            self.poll_send(cx, payload, |state| match f.take() {
                Some(f) => f(state),
                None => Err(Error::Canceled),
            })
        })
        .await
    }

    /// Takes a call back. With `skip` and `killnowait` nobody waits for the answer any more; returns whether somebody
    /// still does.
    pub(crate) fn cancel(&self, request: RequestId, mode: CancelMode) -> bool {
        let (waits, abandoned) = self.with(|state| {
            let told = state.session.cancel(request, mode);
            if told && mode == CancelMode::Kill {
                return (true, None);
            }
            (false, state.session.abandon(request))
        });
        drop(abandoned);
        waits
    }

    /// One subscription of the application wants no more events.
    pub(crate) fn release(
        &self,
        id: SubscriptionId,
        reader: &Arc<EventQueue>,
        reply: Option<Reply<()>>,
    ) {
        let unanswered = self.with(|state| match state.topics.release(id, reader) {
            Some(id) => state.unsubscribe(id, reply),
            None => reply,
        });
        // Others still read from it, or the session is over: either way there is nothing left to give up.
        if let Some(reply) = unanswered {
            let _ = reply.send(Ok(()));
        }
    }

    /// One registration of the application is given up. Invocations are served until the router has agreed.
    pub(crate) fn unregister(&self, id: RegistrationId, reply: Option<Reply<()>>) {
        let refused =
            self.with(|state| state.session.unregister(id, Token::Unregister(id, reply)).err());
        if let Some(Refused { token: Token::Unregister(_, Some(reply)), .. }) = refused {
            let _ = reply.send(Ok(()));
        }
    }

    /// Sends a piece of the result of an invocation.
    pub(crate) async fn progress(&self, request: RequestId, payload: Payload) -> Result<(), Error> {
        self.send(payload.bytes().len(), |state| {
            let options = YieldOptions { progress: true, ..YieldOptions::default() };
            if state.session.yield_(request, options, payload) {
                Ok(())
            } else {
                Err(Error::Canceled)
            }
        })
        .await
    }

    /// Answers an invocation. If the session is over there is nobody to answer.
    pub(crate) async fn answer(&self, request: RequestId, mut answer: Answer) {
        let length = |answer: &Answer| match answer {
            Ok(payload) => payload.bytes().len(),
            Err(error) => error.payload.bytes().len(),
        };
        if !self.takes(length(&answer)) {
            answer = Err(WampError::new(uris::error::PAYLOAD_SIZE_EXCEEDED));
        }
        let length = length(&answer);
        let served = self
            .send(length, |state| {
                match answer {
                    Ok(payload) => state.session.yield_(request, YieldOptions::default(), payload),
                    Err(error) => state.session.error(
                        request,
                        ErrorDetails::default(),
                        error.uri,
                        error.payload,
                    ),
                };
                Ok(state.running.remove(&request))
            })
            .await;
        drop(served);
    }

    /// Says GOODBYE, if nobody has yet.
    pub(crate) fn leave(&self, goodbye: Goodbye) {
        self.with(|state| {
            if state.session.is_open() {
                state.leaving_since = Some(Instant::now());
                state.session.leave(goodbye);
            }
        });
    }

    /// How long the calls of this client may take until they time out.
    pub(crate) fn deadline(&self, interval: Duration) -> wamplex_shared::session::Deadline {
        wamplex_shared::session::Deadline { now: self.now(), interval }
    }
}

impl State {
    /// Why a request is not taken.
    pub(crate) fn closed_error(&self) -> Error {
        self.closed.clone().unwrap_or(CloseReason::Left).into()
    }

    /// Turns a refusal of the session into an error.
    pub(crate) fn refusal(&self, refusal: Refusal) -> Error {
        if let Refusal::Unsupported(feature) = refusal {
            return Error::Unsupported(feature);
        }
        self.closed_error()
    }

    /// Gives a subscription up. Returns the reply if there is nothing to wait for.
    pub(crate) fn unsubscribe(
        &mut self,
        id: SubscriptionId,
        reply: Option<Reply<()>>,
    ) -> Option<Reply<()>> {
        match self.session.unsubscribe(id, Token::Unsubscribe(reply)) {
            Ok(_) => None,
            Err(Refused { token: Token::Unsubscribe(reply), .. }) => reply,
            Err(_) => None,
        }
    }

    /// Everything is sent: those who waited for that may go on.
    pub(crate) fn all_sent(&mut self) -> Vec<Waker> {
        self.unsent = 0;
        core::mem::take(&mut self.writers)
    }

    /// Those who wait to send, to be woken with an error because the session is over.
    pub(crate) fn take_writers(&mut self) -> Vec<Waker> {
        core::mem::take(&mut self.writers)
    }

    /// Has the driver woken by the next command.
    pub(crate) fn wake_driver_with(&mut self, waker: &Waker) {
        match &mut self.driver {
            Some(driver) => driver.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }
}

/// Keeps the connection open: when the last one is dropped, the client leaves.
#[derive(Clone, Debug)]
pub(crate) struct Handle(Arc<LastOneOut>);

#[derive(Debug)]
struct LastOneOut(Arc<Link>);

impl Handle {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self(Arc::new(LastOneOut(link)))
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.0.0
    }
}

impl Drop for LastOneOut {
    fn drop(&mut self) {
        self.0.leave(Goodbye::new(uris::close::CLOSE_REALM));
    }
}
