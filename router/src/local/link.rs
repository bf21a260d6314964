//! What the handles of a session and its task share: the machine of the session, behind a lock.
//!
//! A handle locks, gives the session its command and wakes the task, which hands the message to the realm. No code of
//! the application runs under the lock, and the realm is never touched under it.

use super::{
    call::CallSlot,
    error::LocalError,
    registration::{Procedure, Running},
    subscription::{EventQueue, Readers, SubscribeSlot},
};
use crate::clock::Clock;
use parking_lot::Mutex;
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    future::poll_fn,
    mem,
    sync::Arc,
    task::{Context, Poll, Waker},
};
use tokio::sync::{oneshot, watch};
use wamplex_shared::{
    id::{PublicationId, RegistrationId, RequestId, SubscriptionId},
    message::{Goodbye, Message},
    session::{CloseReason, Session},
    time::Time,
    uris::close,
};

/// From this many bytes of requests on that the realm has not seen, further ones wait.
const MAX_WAITING: usize = 256 << 10;

/// What a request is counted for beyond its arguments.
const OVERHEAD: usize = 64;

/// What the session keeps with each request, to complete it with.
#[derive(Debug)]
pub(super) enum Token {
    Publish(Reply<PublicationId>),
    Subscribe(SubscribeSlot),
    Unsubscribe,
    Call(CallSlot),
    Register(Arc<Procedure>, Reply<RegistrationId>),
    Unregister(RegistrationId, Option<Reply<()>>),
}

/// Where the answer to a request goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, LocalError>>;

/// One session.
pub(super) struct Link {
    state: Mutex<State>,
    clock: Clock,
    /// Why the session is over, once it is.
    over: watch::Sender<Option<CloseReason>>,
}

/// What is behind the lock.
pub(super) struct State {
    pub(super) session: Session<Token>,
    pub(super) readers: Readers,
    pub(super) procedures: HashMap<RegistrationId, Arc<Procedure>>,
    pub(super) running: HashMap<RequestId, Arc<Running>>,
    pub(super) closed: Option<CloseReason>,
    /// Bytes of requests that the realm has not seen.
    waiting: usize,
    /// Requests that wait for room.
    writers: Vec<Waker>,
    task: Option<Waker>,
}

impl Link {
    pub(super) fn new(session: Session<Token>, clock: Clock) -> Arc<Self> {
        let state = State {
            session,
            readers: Readers::default(),
            procedures: HashMap::new(),
            running: HashMap::new(),
            closed: None,
            waiting: 0,
            writers: Vec::new(),
            task: None,
        };
        Arc::new(Self { state: Mutex::new(state), clock, over: watch::Sender::new(None) })
    }

    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    pub(super) const fn over(&self) -> &watch::Sender<Option<CloseReason>> {
        &self.over
    }

    /// Does something with the session, and has the task look at the outcome.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock();
        let result = f(&mut state);
        let task = state.task.take();
        drop(state);
        wake(task);
        result
    }

    /// The same for the task, which needs no waking.
    pub(super) fn drive<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.state.lock())
    }

    /// Waits until there is room for a message with this payload, then does something with the session.
    ///
    /// # Errors
    /// The session is over, or what `f` says.
    pub(super) async fn send<R>(
        &self,
        payload: usize,
        f: impl FnOnce(&mut State) -> Result<R, LocalError>,
    ) -> Result<R, LocalError> {
        let weight = payload + OVERHEAD;
        poll_fn(|cx| self.poll_room(cx, weight)).await?;
        self.with(f)
    }

    fn poll_room(&self, cx: &Context<'_>, weight: usize) -> Poll<Result<(), LocalError>> {
        let mut state = self.state.lock();
        if !state.session.is_open() {
            return Poll::Ready(Err(state.closed_error()));
        }
        if state.waiting >= MAX_WAITING {
            state.writers.push(cx.waker().clone());
            return Poll::Pending;
        }
        state.waiting += weight;
        Poll::Ready(Ok(()))
    }

    pub(super) fn leave(&self, goodbye: Goodbye) {
        self.with(|state| state.session.leave(goodbye));
    }

    /// Gives a subscription up of which `reader` was told.
    pub(super) fn release(&self, id: SubscriptionId, reader: &EventQueue) {
        self.with(|state| {
            state.readers.release(id, reader);
            state.give_up_unread();
        });
    }

    pub(super) fn unregister(&self, id: RegistrationId, reply: Option<Reply<()>>) {
        // Refused only when the session is over, and then nothing is registered any more.
        let refused = self.with(|state| {
            state.session.unregister(id, Token::Unregister(id, reply)).map_err(|r| r.token)
        });
        if let Err(Token::Unregister(_, Some(reply))) = refused {
            let _ = reply.send(Ok(()));
        }
    }
}

impl State {
    /// Takes what is to be handed to the realm, and lets further requests come.
    pub(super) fn take_requests(&mut self, cx: &Context<'_>) -> VecDeque<Message> {
        self.task = Some(cx.waker().clone());
        let requests = std::iter::from_fn(|| self.session.poll_message()).collect();
        self.waiting = 0;
        for writer in mem::take(&mut self.writers) {
            writer.wake();
        }
        requests
    }

    /// Unsubscribes from what nobody here reads, unless a SUBSCRIBE is on its way that may be for the same.
    pub(super) fn give_up_unread(&mut self) {
        for id in self.readers.take_unread() {
            let _ = self.session.unsubscribe(id, Token::Unsubscribe);
        }
    }

    pub(super) fn closed_error(&self) -> LocalError {
        LocalError::closed(self.closed.clone().unwrap_or(CloseReason::Left))
    }

    /// Lets everybody know who waits for room.
    pub(super) fn take_writers(&mut self) -> Vec<Waker> {
        mem::take(&mut self.writers)
    }
}

/// Leaves the realm when the last of those who hold it is gone.
pub(super) struct Handle {
    pub(super) link: Arc<Link>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.link.leave(Goodbye::new(close::CLOSE_REALM));
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
