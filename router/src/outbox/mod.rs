//! What waits to be sent to one session, bounded in bytes.
//!
//! Whoever has a message for a session pushes it here and goes on: [`Outbox::push`] never waits for a peer. The
//! session's own task takes everything at once, and encodes and writes it. When an outbox would pass its limit, either it
//! is closed and its task ends the session, or events are dropped, as its [`Terms`] say; nobody else notices: a slow
//! consumer harms only itself.
//!
//! A lock and a place for one waker, not a channel: a channel allocates slots, not bytes, and an idle session should
//! hold next to nothing. What is needed to drop events is in [`backlog`], and there only for sessions that may lose some.

mod backlog;
mod item;
mod list;
mod losses;
#[cfg(test)]
mod model;
mod parcel;
mod state;
mod terms;

pub(crate) use item::Item;
pub(crate) use losses::Losses;
pub(crate) use parcel::Parcel;
pub(crate) use terms::Terms;

use crate::{config::SlowConsumerPolicy, peer::Peer};
use backlog::Backlog;
use parking_lot::Mutex;
use state::{Queue, State, WaitsFor};
use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, OnceLock, atomic::AtomicU64},
    task::{Context, Poll, Waker},
};

/// The queue of one session. `T` is a message that is not encoded yet.
#[derive(Debug)]
pub(crate) struct Outbox<T> {
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

/// How many bytes are taken at once of a queue that drops events.
const TAKEN: usize = 64 << 10;

impl<T: Item> Outbox<T> {
    /// An empty outbox for at most `limit` bytes, which drops nothing.
    pub(crate) fn new(limit: usize) -> Self {
        Self { state: Mutex::new(State::new(Terms::disconnecting(limit))), owner: OnceLock::new() }
    }

    /// Notes whose it is; the first to be noted stays.
    pub(crate) fn belongs_to(&self, owner: &Arc<Peer>) {
        self.owner.get_or_init(|| Arc::clone(owner));
    }

    /// Whose it is, as far as that was noted.
    pub(crate) fn owner(&self) -> Option<&Arc<Peer>> {
        self.owner.get()
    }

    /// What is done when more would wait than may.
    pub(crate) fn policy(&self) -> SlowConsumerPolicy {
        self.state.lock().terms.policy
    }

    /// Puts other terms in force, for what waits as well. Events that are dropped are added to `dropped`.
    pub(crate) fn set_terms(&self, terms: Terms, dropped: &Arc<AtomicU64>) {
        let mut state = self.state.lock();
        let mut waiting = VecDeque::new();
        state.queue.take_all(&mut waiting);
        let waiting_bytes = waiting.iter().map(|(_, bytes)| bytes).sum::<usize>();
        state.bytes = state.bytes.saturating_sub(waiting_bytes);
        state.messages = 0;
        state.terms = terms;
        state.queue = if terms.policy == SlowConsumerPolicy::Disconnect {
            Queue::Whole(VecDeque::new())
        } else {
            Queue::Lossy(Box::new(Backlog::new(terms.policy, Arc::clone(dropped))))
        };
        for (item, bytes) in waiting {
            state.push(item, bytes);
        }
    }

    /// Puts `item` behind what waits already, counted as `bytes`.
    ///
    /// Past the limit either events are dropped, this one or others, or the outbox is closed with [`Cut::Overflow`]; a
    /// single item that is larger than the limit is taken if nothing else waits. A closed outbox takes nothing. An item that
    /// is several messages is taken as if they came one by one.
    pub(crate) fn push(&self, item: impl Into<T>, bytes: usize) {
        // Outside the lock, for which the woken task asks first thing.
        if let Some(waker) = self.push_quietly(item.into(), bytes) {
            waker.wake();
        }
    }

    /// As [`push`](Self::push), but leaves it to the caller to wake the task, if it has to be.
    #[must_use]
    pub(crate) fn push_quietly(&self, item: T, bytes: usize) -> Option<Waker> {
        let mut state = self.state.lock();
        if state.cut().is_some() || !state.push(item, bytes) {
            return None;
        }
        state.waker.take()
    }

    /// Closes the outbox: nothing more is taken, what waits can still be sent.
    pub(crate) fn cut(&self, cut: Cut) {
        let mut state = self.state.lock();
        state.set_cut(cut);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes messages again after an overflow: it was that of a session that is over, and has nothing to do with the next one
    /// of the connection. Nobody may push for the former session any more.
    pub(crate) fn forget_overflow(&self) {
        self.state.lock().has_overflowed = false;
    }

    /// Moves what waits into `taken`, which has to be empty, or wakes the task when there is something. It is everything
    /// that waits, unless events may be dropped: then it is as much as is written at once.
    ///
    /// An outbox that overflowed says so at once; any other reason to end comes after what waits.
    pub(crate) fn poll_take(
        &self,
        cx: &Context<'_>,
        taken: &mut VecDeque<(T, usize)>,
    ) -> Poll<Result<(), Cut>> {
        debug_assert!(taken.is_empty(), "what was taken before would come after what is taken now");
        let mut state = self.state.lock();
        if state.has_overflowed {
            return Poll::Ready(Err(Cut::Overflow));
        }
        let most = TAKEN.min(state.terms.bytes / 4);
        match &mut state.queue {
            Queue::Whole(queue) if !queue.is_empty() => {
                mem::swap(queue, taken);
                state.messages = 0;
            }
            Queue::Lossy(backlog) if !backlog.is_empty() => backlog.take(most, taken),
            Queue::Whole(_) | Queue::Lossy(_) => {}
        }
        if !taken.is_empty() {
            state.waker = None;
            return Poll::Ready(Ok(()));
        }
        if let Some(cut) = state.cut() {
            return Poll::Ready(Err(cut));
        }
        if let Queue::Whole(queue) = &mut state.queue {
            state::shrink(queue);
        }
        state::shrink(taken);
        state.sleep(WaitsFor::Message, cx);
        Poll::Pending
    }

    /// Wakes the task when the outbox is closed, though it cannot take anything now.
    pub(crate) fn poll_cut(&self, cx: &Context<'_>) -> Poll<Cut> {
        let mut state = self.state.lock();
        if let Some(cut) = state.cut() {
            return Poll::Ready(cut);
        }
        state.sleep(WaitsFor::Cut, cx);
        Poll::Pending
    }

    /// Forgets whom to wake: the task is awake, and what it puts here itself need not wake it again.
    pub(crate) fn stay_awake(&self) {
        self.state.lock().waker = None;
    }

    /// Whether events were dropped of which nobody was told. If not, the task is woken when that happens.
    pub(crate) fn has_losses(&self) -> bool {
        let mut state = self.state.lock();
        state.wants_losses = true;
        state.has_losses()
    }

    /// What was dropped since the last time. The task is not woken for more before it [asks](Self::has_losses) again.
    pub(crate) fn take_losses(&self) -> Losses {
        let mut state = self.state.lock();
        state.wants_losses = false;
        match &mut state.queue {
            Queue::Whole(_) => Losses::default(),
            Queue::Lossy(backlog) => backlog.take_losses(),
        }
    }

    /// Takes everything that waits, whatever else there is to say.
    pub(crate) fn take(&self) -> VecDeque<(T, usize)> {
        let (mut taken, mut state) = (VecDeque::new(), self.state.lock());
        state.queue.take_all(&mut taken);
        state.messages = 0;
        taken
    }

    /// Takes everything that waits and closes the outbox.
    pub(crate) fn close(&self) -> VecDeque<(T, usize)> {
        let mut state = self.state.lock();
        state.set_cut(Cut::Shutdown);
        let mut taken = VecDeque::new();
        state.queue.take_all(&mut taken);
        state.messages = 0;
        taken
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

    /// Whether more than half of the limit is used, by what cannot make way for anything: a good time to stop listening
    /// to a client that does not listen.
    pub(crate) fn is_filling(&self) -> bool {
        let state = self.state.lock();
        let (bytes, messages) = match &state.queue {
            Queue::Whole(_) => (state.bytes, state.messages),
            Queue::Lossy(backlog) => (state.underway(backlog) + backlog.kept_bytes(), 0),
        };
        bytes > state.terms.bytes / 2 || messages > state.terms.messages / 2
    }
}

#[cfg(test)]
mod tests {
    use super::{model::Letter, *};
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
        outbox: Outbox<Letter>,
        wakes: Arc<Wakes>,
    }

    impl Task {
        fn new(limit: usize) -> Self {
            Self { outbox: Outbox::new(limit), wakes: Arc::default() }
        }

        fn push(&self, number: u64, bytes: usize) {
            self.outbox.push(Letter::reply(number), bytes);
        }

        fn take(&self) -> Poll<Result<Vec<u64>, Cut>> {
            let waker = Waker::from(Arc::clone(&self.wakes));
            let mut taken = VecDeque::new();
            let polled = self.outbox.poll_take(&Context::from_waker(&waker), &mut taken);
            polled.map(|result| {
                result.map(|()| taken.into_iter().map(|(item, _)| item.number).collect())
            })
        }

        fn wakes(&self) -> usize {
            self.wakes.0.load(Ordering::SeqCst)
        }
    }

    #[test]
    fn what_is_pushed_is_taken_at_once_in_order() {
        let task = Task::new(100);
        (0..5).for_each(|item| task.push(item, 10));
        assert_eq!(task.take(), Poll::Ready(Ok(vec![0, 1, 2, 3, 4])));
        assert_eq!(task.take(), Poll::Pending);
    }

    #[test]
    fn a_sleeping_task_is_woken_once_for_many_messages() {
        let task = Task::new(100);
        assert_eq!(task.take(), Poll::Pending);
        (0..5).for_each(|item| task.push(item, 10));
        assert_eq!(task.wakes(), 1);
        assert_eq!(task.take(), Poll::Ready(Ok(vec![0, 1, 2, 3, 4])));
        task.push(5, 10);
        assert_eq!(task.wakes(), 1, "the task is awake");
    }

    #[test]
    fn bytes_count_until_they_reach_the_socket() {
        let task = Task::new(100);
        task.push(1, 60);
        assert_eq!(task.take(), Poll::Ready(Ok(vec![1])));
        assert!(task.outbox.is_filling());
        task.outbox.sent(60);
        assert!(!task.outbox.is_filling());
        task.push(2, 60);
        assert_eq!(task.take(), Poll::Ready(Ok(vec![2])));
        task.push(3, 60);
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
        task.push(1, 90);
        task.push(2, 11);
        task.push(3, 1);
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
        task.push(1, 60);
        assert_eq!(task.wakes(), 0);
        task.push(2, 60);
        assert_eq!(task.wakes(), 1);
        assert_eq!(task.outbox.poll_cut(&cx), Poll::Ready(Cut::Overflow));
    }

    #[test]
    fn a_task_that_stays_awake_is_not_woken() {
        let task = Task::new(100);
        assert_eq!(task.take(), Poll::Pending);
        task.outbox.stay_awake();
        task.push(1, 10);
        assert_eq!(task.wakes(), 0);
        assert_eq!(task.take(), Poll::Ready(Ok(vec![1])));
    }

    #[test]
    fn one_message_larger_than_the_limit_passes_an_empty_outbox() {
        let task = Task::new(100);
        task.push(1, 1000);
        assert_eq!(task.take(), Poll::Ready(Ok(vec![1])));
    }

    #[test]
    fn a_shutdown_comes_after_what_waits() {
        let task = Task::new(100);
        task.push(1, 10);
        task.outbox.cut(Cut::Shutdown);
        task.push(2, 10);
        assert_eq!(task.take(), Poll::Ready(Ok(vec![1])));
        assert_eq!(task.take(), Poll::Ready(Err(Cut::Shutdown)));
    }

    #[test]
    fn an_overflow_is_forgotten_with_its_session_and_a_shutdown_is_not() {
        for is_shut in [false, true] {
            let task = Task::new(100);
            task.push(1, 90);
            task.push(2, 11);
            if is_shut {
                task.outbox.cut(Cut::Shutdown);
            }
            assert_eq!(task.take(), Poll::Ready(Err(Cut::Overflow)));
            task.outbox.sent(task.outbox.take()[0].1);
            task.outbox.forget_overflow();
            task.push(3, 90);
            if is_shut {
                assert_eq!(task.take(), Poll::Ready(Err(Cut::Shutdown)));
            } else {
                assert_eq!(task.take(), Poll::Ready(Ok(vec![3])));
            }
        }
    }

    #[test]
    fn a_burst_leaves_no_slots_behind() {
        let task = Task::new(1 << 20);
        (0..1000).for_each(|item| task.push(item, 1));
        assert!(task.take().is_ready());
        (0..1000).for_each(|item| task.push(item, 1));
        let waker = Waker::from(Arc::clone(&task.wakes));
        let mut taken = VecDeque::new();
        assert!(task.outbox.poll_take(&Context::from_waker(&waker), &mut taken).is_ready());
        taken.clear();
        assert!(task.outbox.poll_take(&Context::from_waker(&waker), &mut taken).is_pending());
        assert!(taken.capacity() <= state::KEPT_SLOTS);
        let state = task.outbox.state.lock();
        assert!(
            matches!(&state.queue, Queue::Whole(queue) if queue.capacity() <= state::KEPT_SLOTS)
        );
    }
}
