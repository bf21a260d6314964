//! Calling procedures from inside the process.

use super::{
    error::LocalError,
    link::{Handle, Reply as Answer, Token},
    queue::{Place, Queue},
};
use futures_util::{Stream, future::BoxFuture};
use std::{
    future::IntoFuture,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::sync::oneshot;
use wamplex_shared::{
    codec,
    id::RequestId,
    message::{CallOptions, CancelMode, ResultDetails, ResultMessage},
    payload::Payload,
    session::Deadline,
    uri::Uri,
    value::{Dict, List, Value},
};

/// How many unread pieces of a result are kept.
const PIECES: usize = 1024;

/// The pieces of a result.
type Pieces = Queue<Reply, LocalError>;

/// What the session keeps with a CALL.
#[derive(Debug)]
pub(super) struct CallSlot {
    pub(super) answer: Answer<Reply>,
    pub(super) timeout: Option<Duration>,
    pub(super) pieces: Option<Arc<Pieces>>,
}

/// A call that is being put together; `.await` makes it and gives its result ("WAMP: Calling and Invocations").
///
/// Dropping the future takes the call back.
#[must_use = "a call is made when this is awaited"]
#[derive(Debug)]
pub struct Call {
    handle: Arc<Handle>,
    procedure: Uri,
    options: CallOptions,
    payload: Payload,
    timeout: Option<Duration>,
}

impl Call {
    pub(super) fn new(handle: Arc<Handle>, procedure: Uri, payload: Payload) -> Self {
        Self { handle, procedure, options: CallOptions::default(), payload, timeout: None }
    }

    /// Sets the options of CALL; `receive_progress` and `progress` are not looked at.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets how long it may take until the result, or from one piece of the result to the next; without it the rules of
    /// the realm hold.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Makes the call and takes the result in pieces ("WAMP: Progressive Call Results").
    ///
    /// # Errors
    /// The session is over.
    pub async fn progress(self) -> Result<Progress, LocalError> {
        let pieces = Arc::new(Queue::new(PIECES));
        let call = self.begin(Some(Arc::clone(&pieces))).await?;
        Ok(Progress { call, pieces })
    }

    async fn begin(self, pieces: Option<Arc<Pieces>>) -> Result<Underway, LocalError> {
        let Self { handle, procedure, mut options, payload, timeout } = self;
        options.progress = false;
        options.receive_progress = pieces.is_some();
        let (answer, answered) = oneshot::channel();
        let slot = Token::Call(CallSlot { answer, timeout, pieces });
        let now = handle.link.now();
        let deadline = timeout.map(|interval| Deadline { now, interval });
        let request = handle.link.send(payload.bytes().len(), |state| {
            state
                .session
                .call(procedure, options, payload, deadline, slot)
                .map_err(|refused| LocalError::refused(refused.reason, state.closed.as_ref()))
        });
        let request = request.await?;
        Ok(Underway { handle, request, answered, is_over: false })
    }
}

impl IntoFuture for Call {
    type Output = Result<Reply, LocalError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.begin(None).await?.await })
    }
}

/// A call on its way, taken back when this is dropped.
#[derive(Debug)]
struct Underway {
    handle: Arc<Handle>,
    request: RequestId,
    answered: oneshot::Receiver<Result<Reply, LocalError>>,
    is_over: bool,
}

impl Future for Underway {
    type Output = Result<Reply, LocalError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.answered).poll(cx));
        self.is_over = true;
        let gone = |_| self.handle.link.drive(|state| Err(state.closed_error()));
        Poll::Ready(answer.unwrap_or_else(gone))
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        if !self.is_over {
            let request = self.request;
            drop(self.handle.link.with(|state| {
                state.session.cancel(request, CancelMode::KillNoWait);
                state.session.abandon(request)
            }));
        }
    }
}

/// A call whose result comes in pieces: a [`Stream`] of them, then [`result`](Self::result). Dropping it takes the call
/// back.
///
/// Pieces that are not read in time are dropped, the oldest first.
#[must_use = "dropping it takes the call back"]
#[derive(Debug)]
pub struct Progress {
    call: Underway,
    pieces: Arc<Pieces>,
}

impl Progress {
    /// Waits for the last word; unread pieces are dropped.
    ///
    /// # Errors
    /// Any [`LocalError`] that a call can end in.
    pub async fn result(self) -> Result<Reply, LocalError> {
        self.call.await
    }
}

impl Stream for Progress {
    type Item = Reply;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Reply>> {
        loop {
            match ready!(self.pieces.poll_next(cx)) {
                Some(Ok(Place::Item(piece))) => return Poll::Ready(Some(piece)),
                Some(Ok(Place::Gap(_))) => {}
                // What the call ended in is told by its result.
                Some(Err(_)) | None => return Poll::Ready(None),
            }
        }
    }
}

/// The result of a call, or a piece of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reply {
    /// What the router says about it.
    pub details: ResultDetails,
    /// The arguments as they came.
    pub payload: Payload,
}

impl Reply {
    pub(super) fn new(result: ResultMessage) -> Self {
        Self { details: result.details, payload: result.payload }
    }

    /// The arguments as values.
    ///
    /// # Errors
    /// There are too many values in them, or a key stands twice.
    pub fn values(&self) -> Result<(List, Dict), LocalError> {
        Ok(codec::read_values(&self.payload)?)
    }

    /// The first positional argument; null if there is none.
    ///
    /// # Errors
    /// As [`values`](Self::values).
    pub fn value(&self) -> Result<Value, LocalError> {
        Ok(self.values()?.0.into_iter().next().unwrap_or_default())
    }
}
