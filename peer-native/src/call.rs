//! Calling procedures.

use crate::{
    auth::BoxFuture,
    error::Error,
    link::{Handle, Reply, Token},
    payload::{Arguments, read_first},
    queue::{Overflow, Place, Queue},
};
use core::{
    future::{Future, IntoFuture, poll_fn},
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use futures_util::Stream;
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use wamplex_shared::{
    codec::PayloadError,
    id::RequestId,
    message::{CallOptions, CancelMode, ResultDetails, ResultMessage},
    payload::Payload,
    uri::Uri,
};

/// How many unread pieces of a result are kept.
const PROGRESS_BUFFER: usize = 1024;

/// What the session keeps with a CALL.
#[derive(Debug)]
pub(crate) struct CallSlot {
    pub(crate) reply: Reply<CallResult>,
    pub(crate) pieces: Option<Arc<Pieces>>,
    pub(crate) timeout: Option<Duration>,
}

type Pieces = Queue<ResultMessage>;

/// A call that is being put together; `.await` makes it ("WAMP: Calling and Invocations").
///
/// Dropping the future before its end cancels the call.
///
/// ```no_run
/// # async fn example(client: wamplex::Client) -> Result<(), wamplex::Error> {
/// use std::time::Duration;
/// let sum: i64 =
///     client.call("com.example.add2").args((2, 3)).timeout(Duration::from_secs(5)).get().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a call is made when it is awaited"]
#[derive(Debug)]
pub struct Call {
    handle: Handle,
    procedure: Uri,
    options: CallOptions,
    arguments: Arguments,
    timeout: Option<Duration>,
    cancel_mode: CancelMode,
    cancel_on: Option<CancellationToken>,
}

impl Call {
    pub(crate) fn new(handle: Handle, procedure: Uri) -> Self {
        Self {
            handle,
            procedure,
            options: CallOptions::default(),
            arguments: Arguments::default(),
            timeout: None,
            cancel_mode: CancelMode::KillNoWait,
            cancel_on: None,
        }
    }

    /// Sets the positional arguments: a tuple or a list.
    pub fn args(mut self, args: impl Serialize) -> Self {
        self.arguments.set_args(self.handle.link().serializer(), &args);
        self
    }

    /// Sets the keyword arguments: a struct or a map.
    pub fn kwargs(mut self, kwargs: impl Serialize) -> Self {
        self.arguments.set_kwargs(self.handle.link().serializer(), &kwargs);
        self
    }

    /// Sets how long it may take until the result, or from one piece of the result to the next
    /// ("WAMP: Call Timeouts").
    ///
    /// The router is told, in whole milliseconds, and this side does not rely on it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        let millis = timeout.as_nanos().div_ceil(1_000_000).max(1);
        self.options.timeout = Some(u64::try_from(millis).unwrap_or(u64::MAX));
        self.timeout = Some(timeout);
        self
    }

    /// Asks the router to tell the callee who calls, or not to ("WAMP: Caller Identification").
    pub const fn disclose_me(mut self, disclose: bool) -> Self {
        self.options.disclose_me = Some(disclose);
        self
    }

    /// Sets how the call is taken back when it is canceled; [`CancelMode::KillNoWait`] if not set
    /// ("WAMP: Call Canceling").
    pub const fn cancel_mode(mut self, mode: CancelMode) -> Self {
        self.cancel_mode = mode;
        self
    }

    /// Cancels the call when `token` is cancelled.
    ///
    /// It then ends in [`Error::Canceled`]; with [`CancelMode::Kill`] only when the callee has answered, and with its
    /// result if there is one after all.
    pub fn cancel_on(mut self, token: CancellationToken) -> Self {
        self.cancel_on = Some(token);
        self
    }

    /// Makes the call and reads the first positional argument of the result; none at all counts as null.
    ///
    /// # Errors
    /// Any [`Error`]; [`Error::Payload`] if the result does not fit `T`.
    pub async fn get<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.await?.get()
    }

    /// Makes the call and takes the result in pieces ("WAMP: Progressive Call Results").
    ///
    /// # Errors
    /// The call could not be sent.
    pub async fn progress<P: DeserializeOwned, R: DeserializeOwned>(
        mut self,
    ) -> Result<Progress<P, R>, Error> {
        self.options.receive_progress = true;
        let pieces = Arc::new(Queue::new(PROGRESS_BUFFER, Overflow::DropOldest));
        let mut call = self.begin(Some(pieces.clone()));
        poll_fn(|cx| call.poll_begin(cx)).await?;
        Ok(Progress { call, pieces, outcome: None, types: PhantomData })
    }

    fn begin(self, pieces: Option<Arc<Pieces>>) -> CallFuture {
        let cancel_on = self.cancel_on.map(|token| Box::pin(token.cancelled_owned()));
        CallFuture {
            handle: self.handle,
            cancel_mode: self.cancel_mode,
            cancel_on,
            stage: Stage::Unsent(Some(Box::new(Prepared {
                procedure: self.procedure,
                options: self.options,
                payload: self.arguments.into_payload(),
                timeout: self.timeout,
                pieces,
            }))),
        }
    }
}

impl IntoFuture for Call {
    type Output = Result<CallResult, Error>;
    type IntoFuture = CallFuture;

    fn into_future(self) -> CallFuture {
        self.begin(None)
    }
}

/// A call on its way. Dropping it cancels the call.
#[must_use = "futures do nothing unless awaited"]
#[derive(Debug)]
pub struct CallFuture {
    handle: Handle,
    cancel_mode: CancelMode,
    cancel_on: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Not sent yet; `None` once it is being sent.
    Unsent(Option<Box<Prepared>>),
    Waiting(RequestId, oneshot::Receiver<Result<CallResult, Error>>),
    Over,
}

#[derive(Debug)]
struct Prepared {
    procedure: Uri,
    options: CallOptions,
    payload: Result<Payload, PayloadError>,
    timeout: Option<Duration>,
    pieces: Option<Arc<Pieces>>,
}

impl CallFuture {
    /// Sends the CALL unless it is sent.
    fn poll_begin(&mut self, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        let Stage::Unsent(prepared) = &mut self.stage else { return Poll::Ready(Ok(())) };
        let link = self.handle.link();
        let payload = prepared.as_ref().and_then(|p| p.payload.as_ref().ok());
        let length = payload.map_or(0, |payload| payload.bytes().len());
        let sent = ready!(link.poll_send(cx, length, |state| {
            let Prepared { procedure, options, payload, timeout, pieces } =
                *prepared.take().ok_or(Error::Canceled)?;
            let payload = payload?;
            let (reply, answer) = oneshot::channel();
            let slot = Token::Call(CallSlot { reply, pieces, timeout });
            let deadline = timeout.map(|timeout| link.deadline(timeout));
            match state.session.call(procedure, options, payload, deadline, slot) {
                Ok(request) => Ok((request, answer)),
                Err(refused) => Err(state.refusal(refused.reason)),
            }
        }));
        self.stage = match sent {
            Ok((request, answer)) => Stage::Waiting(request, answer),
            Err(error) => {
                self.stage = Stage::Over;
                return Poll::Ready(Err(error));
            }
        };
        Poll::Ready(Ok(()))
    }

    fn poll_cancel(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let Some(cancel_on) = &mut self.cancel_on else { return Poll::Pending };
        ready!(cancel_on.as_mut().poll(cx));
        self.cancel_on = None;
        if let Stage::Waiting(request, _) = self.stage
            && self.handle.link().cancel(request, self.cancel_mode)
        {
            return Poll::Pending;
        }
        self.stage = Stage::Over;
        Poll::Ready(Error::Canceled)
    }
}

impl Future for CallFuture {
    type Output = Result<CallResult, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The answer before the cancellation: a result that is there counts.
        if let Stage::Waiting(_, answer) = &mut self.stage
            && let Poll::Ready(answer) = Pin::new(answer).poll(cx)
        {
            self.stage = Stage::Over;
            return Poll::Ready(answer.unwrap_or(Err(Error::Canceled)));
        }
        if let Poll::Ready(error) = self.poll_cancel(cx) {
            return Poll::Ready(Err(error));
        }
        if matches!(self.stage, Stage::Unsent(_)) {
            ready!(self.poll_begin(cx))?;
            return self.poll(cx);
        }
        Poll::Pending
    }
}

impl Drop for CallFuture {
    fn drop(&mut self) {
        if let Stage::Waiting(request, answer) = &mut self.stage {
            answer.close();
            if answer.try_recv().is_err() {
                let mode = match self.cancel_mode {
                    // Nobody will be there to hear what the callee says to that.
                    CancelMode::Kill | CancelMode::KillNoWait => CancelMode::KillNoWait,
                    CancelMode::Skip => CancelMode::Skip,
                };
                self.handle.link().cancel(*request, mode);
            }
        }
    }
}

/// The result of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallResult {
    details: ResultDetails,
    payload: Payload,
}

impl CallResult {
    pub(crate) fn new(result: ResultMessage) -> Self {
        Self { details: result.details, payload: result.payload }
    }

    /// Reads the first positional argument; none at all counts as null.
    ///
    /// # Errors
    /// It does not fit `T`.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Ok(read_first(&self.payload)?)
    }

    /// Reads all positional arguments, as a tuple or a list.
    ///
    /// # Errors
    /// They do not fit `T`.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Ok(self.payload.args()?)
    }

    /// Reads the keyword arguments, as a struct or a map.
    ///
    /// # Errors
    /// They do not fit `T`.
    pub fn kwargs<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Ok(self.payload.kwargs()?)
    }

    /// What the router says about the result.
    #[must_use]
    pub const fn details(&self) -> &ResultDetails {
        &self.details
    }

    /// The result as it arrived.
    #[must_use]
    pub const fn payload(&self) -> &Payload {
        &self.payload
    }
}

/// A call whose result comes in pieces: a [`Stream`] of them, then [`result`](Self::result). Dropping it cancels the
/// call.
///
/// A piece that was dropped because the stream was not read in time is reported as [`Error::Lagged`] in its place, and
/// the stream goes on.
#[derive(Debug)]
pub struct Progress<P, R> {
    call: CallFuture,
    pieces: Arc<Pieces>,
    outcome: Option<Result<CallResult, Error>>,
    types: PhantomData<fn() -> (P, R)>,
}

impl<P, R: DeserializeOwned> Progress<P, R> {
    /// Waits for the final result and reads its first positional argument; unread pieces are dropped.
    ///
    /// # Errors
    /// Any [`Error`] that a call can end in.
    pub async fn result(mut self) -> Result<R, Error> {
        match self.outcome.take() {
            Some(outcome) => outcome?.get(),
            None => (&mut self.call).await?.get(),
        }
    }
}

impl<P: DeserializeOwned, R> Stream for Progress<P, R> {
    type Item = Result<P, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match self.pieces.poll_next(cx) {
                Poll::Ready(Some(Ok(Place::Item(piece)))) => {
                    return Poll::Ready(Some(read_first(&piece.payload).map_err(Error::from)));
                }
                Poll::Ready(Some(Ok(Place::Gap(missed)))) => {
                    return Poll::Ready(Some(Err(Error::Lagged { missed })));
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending if self.outcome.is_some() => return Poll::Ready(None),
                Poll::Pending => {}
            }
            // The end of the call may be what ends the stream; whatever was queued before it comes first.
            let outcome = ready!(Pin::new(&mut self.call).poll(cx));
            self.outcome = Some(outcome);
        }
    }
}

/// Waits for the answer to a request.
pub(crate) async fn answer<T>(
    answer: impl Future<Output = Result<Result<T, Error>, oneshot::error::RecvError>>,
) -> Result<T, Error> {
    answer.await.unwrap_or(Err(Error::Canceled))
}

/// A future on the heap.
pub(crate) type Boxed<T> = BoxFuture<'static, Result<T, Error>>;
