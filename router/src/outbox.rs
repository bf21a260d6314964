//! What waits to be sent to one session, bounded in bytes.
//!
//! Whoever has a message for a session pushes it here and goes on: [`Outbox::push`] never waits for a peer. The
//! session's own task takes everything at once, and encodes and writes it. An outbox that would pass its limit is
//! closed instead, its task ends the session, and nobody else notices: a slow consumer harms only itself.
//!
//! A lock and a place for one waker, not a channel: a channel allocates slots, not bytes, and an idle session should
//! hold next to nothing.

use crate::peer::Peer;
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, OnceLock},
    task::{Context, Poll, Waker},
};

/// The queue of one session. `T` is a message that is not encoded yet.
#[derive(Debug)]
pub(crate) struct Outbox<T> {
    /// How many bytes may be queued or on their way to the socket.
    limit: usize,
    state: Mutex<State<T>>,
    /// Whose it is, once there is a session.
    owner: OnceLock<Arc<Peer>>,
}

/// Why a session has to end although its client did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The next message would have passed the limit of the outbox.
    Overflow,
    /// The router shuts down.
    Shutdown,
}

#[derive(Debug)]
struct State<T> {
    queue: VecDeque<(T, usize)>,
    /// The bytes of the queue, and of what was taken from it and has not reached the socket.
    bytes: usize,
    cut: Option<Cut>,
    /// The task of the session, while it sleeps.
    waker: Option<Waker>,
    waits_for: WaitsFor,
}

/// What the task of a session sleeps until.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitsFor {
    /// A message, or the end.
    Message,
    /// The end only, since its socket is full.
    Cut,
}

/// How many slots a queue keeps while nothing is in it.
const KEPT_SLOTS: usize = 16;

impl<T> Outbox<T> {
    /// An empty outbox for at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        let state = State {
            queue: VecDeque::new(),
            bytes: 0,
            cut: None,
            waker: None,
            waits_for: WaitsFor::Message,
        };
        Self { limit, state: Mutex::new(state), owner: OnceLock::new() }
    }

    /// Notes whose it is; the first to be noted stays.
    pub(crate) fn belongs_to(&self, owner: &Arc<Peer>) {
        self.owner.get_or_init(|| Arc::clone(owner));
    }

    /// Whose it is, as far as that was noted.
    pub(crate) fn owner(&self) -> Option<&Arc<Peer>> {
        self.owner.get()
    }

    /// Puts `item` behind what waits already, counted as `bytes`.
    ///
    /// Past the limit the item is dropped and the outbox closed with [`Cut::Overflow`]; a single item that is larger
    /// than the limit is taken if nothing else waits. A closed outbox takes nothing.
    pub(crate) fn push(&self, item: T, bytes: usize) {
        let mut state = self.state.lock();
        if state.cut.is_some() {
            return;
        }
        if state.bytes > 0 && state.bytes + bytes > self.limit {
            state.cut = Some(Cut::Overflow);
        } else {
            state.bytes += bytes;
            state.queue.push_back((item, bytes));
            if state.waits_for == WaitsFor::Cut {
                return;
            }
        }
        let waker = state.waker.take();
        // The woken task asks for this lock first thing.
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Closes the outbox: nothing more is taken, what waits can still be sent.
    pub(crate) fn cut(&self, cut: Cut) {
        let mut state = self.state.lock();
        state.cut.get_or_insert(cut);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Moves everything that waits into `taken`, which has to be empty, or wakes the task when there is something.
    ///
    /// An outbox that overflowed says so at once; any other reason to end comes after what waits.
    pub(crate) fn poll_take(
        &self,
        cx: &Context<'_>,
        taken: &mut VecDeque<(T, usize)>,
    ) -> Poll<Result<(), Cut>> {
        debug_assert!(taken.is_empty(), "what was taken before would come after what is taken now");
        let mut state = self.state.lock();
        if state.cut == Some(Cut::Overflow) {
            return Poll::Ready(Err(Cut::Overflow));
        }
        if !state.queue.is_empty() {
            mem::swap(&mut state.queue, taken);
            state.waker = None;
            return Poll::Ready(Ok(()));
        }
        if let Some(cut) = state.cut {
            return Poll::Ready(Err(cut));
        }
        shrink(&mut state.queue);
        shrink(taken);
        state.sleep(WaitsFor::Message, cx);
        Poll::Pending
    }

    /// Wakes the task when the outbox is closed, though it cannot take anything now.
    pub(crate) fn poll_cut(&self, cx: &Context<'_>) -> Poll<Cut> {
        let mut state = self.state.lock();
        if let Some(cut) = state.cut {
            return Poll::Ready(cut);
        }
        state.sleep(WaitsFor::Cut, cx);
        Poll::Pending
    }

    /// Forgets whom to wake: the task is awake, and what it puts here itself need not wake it again.
    pub(crate) fn stay_awake(&self) {
        self.state.lock().waker = None;
    }

    /// Takes everything that waits, whatever else there is to say.
    pub(crate) fn take(&self) -> VecDeque<(T, usize)> {
        mem::take(&mut self.state.lock().queue)
    }

    /// Takes everything that waits and closes the outbox.
    pub(crate) fn close(&self) -> VecDeque<(T, usize)> {
        let mut state = self.state.lock();
        state.cut.get_or_insert(Cut::Shutdown);
        mem::take(&mut state.queue)
    }

    /// Says that `bytes` of what was taken have reached the socket.
    pub(crate) fn sent(&self, bytes: usize) {
        let mut state = self.state.lock();
        state.bytes = state.bytes.saturating_sub(bytes);
    }

    /// How many bytes wait, or are on their way to the socket.
    pub(crate) fn bytes(&self) -> usize {
        self.state.lock().bytes
    }

    /// Whether more than half of the limit is used: a good time to stop listening to a client that does not listen.
    pub(crate) fn is_filling(&self) -> bool {
        self.state.lock().bytes > self.limit / 2
    }
}

impl<T> State<T> {
    fn sleep(&mut self, until: WaitsFor, cx: &Context<'_>) {
        self.waits_for = until;
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }
}

/// Gives the slots of a burst back.
fn shrink<T>(queue: &mut VecDeque<T>) {
    if queue.capacity() > KEPT_SLOTS {
        *queue = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::Wake,
    };

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    struct Task {
        outbox: Outbox<u32>,
        wakes: Arc<Wakes>,
    }

    impl Task {
        fn new(limit: usize) -> Self {
            Self { outbox: Outbox::new(limit), wakes: Arc::default() }
        }

        fn take(&self) -> Poll<Result<Vec<u32>, Cut>> {
            let waker = Waker::from(Arc::clone(&self.wakes));
            let mut taken = VecDeque::new();
            let polled = self.outbox.poll_take(&Context::from_waker(&waker), &mut taken);
            polled.map(|result| result.map(|()| taken.into_iter().map(|(item, _)| item).collect()))
        }

        fn wakes(&self) -> usize {
            self.wakes.0.load(Ordering::SeqCst)
        }
    }

    #[test]
    fn what_is_pushed_is_taken_at_once_in_order() {
        let task = Task::new(100);
        (0..5).for_each(|item| task.outbox.push(item, 10));
        assert_eq!(task.take(), Poll::Ready(Ok(vec![0, 1, 2, 3, 4])));
        assert_eq!(task.take(), Poll::Pending);
    }

    #[test]
    fn a_sleeping_task_is_woken_once_for_many_messages() {
        let task = Task::new(100);
        assert_eq!(task.take(), Poll::Pending);
        (0..5).for_each(|item| task.outbox.push(item, 10));
        assert_eq!(task.wakes(), 1);
        assert_eq!(task.take(), Poll::Ready(Ok(vec![0, 1, 2, 3, 4])));
        task.outbox.push(5, 10);
        assert_eq!(task.wakes(), 1, "the task is awake");
    }

    #[test]
    fn bytes_count_until_they_reach_the_socket() {
        let task = Task::new(100);
        task.outbox.push(1, 60);
        assert_eq!(task.take(), Poll::Ready(Ok(vec![1])));
        assert!(task.outbox.is_filling());
        task.outbox.sent(60);
        assert!(!task.outbox.is_filling());
        task.outbox.push(2, 60);
        assert_eq!(task.take(), Poll::Ready(Ok(vec![2])));
        task.outbox.push(3, 60);
        assert_eq!(
            task.take(),
            Poll::Ready(Err(Cut::Overflow)),
            "the second 60 are still on their way"
        );
    }

    #[test]
    fn an_outbox_that_overflows_wakes_its_task_and_takes_nothing_more() {
        let task = Task::new(100);
        assert_eq!(task.take(), Poll::Pending);
        task.outbox.push(1, 90);
        task.outbox.push(2, 11);
        task.outbox.push(3, 1);
        assert_eq!(task.wakes(), 1);
        assert_eq!(task.take(), Poll::Ready(Err(Cut::Overflow)));
        assert_eq!(task.outbox.close().len(), 1);
    }

    #[test]
    fn a_task_whose_socket_is_full_is_woken_by_the_end_only() {
        let task = Task::new(100);
        let waker = Waker::from(Arc::clone(&task.wakes));
        let cx = Context::from_waker(&waker);
        assert_eq!(task.outbox.poll_cut(&cx), Poll::Pending);
        task.outbox.push(1, 60);
        assert_eq!(task.wakes(), 0);
        task.outbox.push(2, 60);
        assert_eq!(task.wakes(), 1);
        assert_eq!(task.outbox.poll_cut(&cx), Poll::Ready(Cut::Overflow));
    }

    #[test]
    fn a_task_that_stays_awake_is_not_woken() {
        let task = Task::new(100);
        assert_eq!(task.take(), Poll::Pending);
        task.outbox.stay_awake();
        task.outbox.push(1, 10);
        assert_eq!(task.wakes(), 0);
        assert_eq!(task.take(), Poll::Ready(Ok(vec![1])));
    }

    #[test]
    fn one_message_larger_than_the_limit_passes_an_empty_outbox() {
        let task = Task::new(100);
        task.outbox.push(1, 1000);
        assert_eq!(task.take(), Poll::Ready(Ok(vec![1])));
    }

    #[test]
    fn a_shutdown_comes_after_what_waits() {
        let task = Task::new(100);
        task.outbox.push(1, 10);
        task.outbox.cut(Cut::Shutdown);
        task.outbox.push(2, 10);
        assert_eq!(task.take(), Poll::Ready(Ok(vec![1])));
        assert_eq!(task.take(), Poll::Ready(Err(Cut::Shutdown)));
    }

    #[test]
    fn a_burst_leaves_no_slots_behind() {
        let task = Task::new(1 << 20);
        (0..1000).for_each(|item| task.outbox.push(item, 1));
        assert!(task.take().is_ready());
        (0..1000).for_each(|item| task.outbox.push(item, 1));
        let waker = Waker::from(Arc::clone(&task.wakes));
        let mut taken = VecDeque::new();
        assert!(task.outbox.poll_take(&Context::from_waker(&waker), &mut taken).is_ready());
        taken.clear();
        assert!(task.outbox.poll_take(&Context::from_waker(&waker), &mut taken).is_pending());
        assert!(taken.capacity() <= KEPT_SLOTS);
        assert!(task.outbox.state.lock().queue.capacity() <= KEPT_SLOTS);
    }
}
