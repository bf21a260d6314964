//! From a realm to the outboxes of its sessions.

use crate::outbox::Outbox;
use std::{sync::Arc, task::Waker};
use wamplex_realm::{Outbound, Sink};

/// How a realm of this router reaches a session.
pub(crate) type Handle = Arc<Outbox<Outbound>>;

/// Puts what a realm says into outboxes. Nothing is encoded here, since it happens under the guard of the realm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deliver;

impl Sink<Handle> for Deliver {
    fn deliver(&mut self, to: &Handle, message: Outbound) {
        let bytes = message.weight();
        to.push(message, bytes);
    }
}

/// Does the same for a batch of messages, and wakes the sessions together at its end: who is woken by the first message
/// finds those that come next as well, and sends them with one write.
#[derive(Debug, Default)]
pub(crate) struct DeliverBatch {
    woken: Vec<Waker>,
}

/// From this many sessions on there is enough to do for others: they are woken without waiting for the end of the batch.
const MOST_ASLEEP: usize = 32;

impl DeliverBatch {
    /// Wakes those for whom there is something.
    pub(crate) fn wake(&mut self) {
        self.woken.drain(..).for_each(Waker::wake);
    }
}

impl Sink<Handle> for DeliverBatch {
    fn deliver(&mut self, to: &Handle, message: Outbound) {
        let bytes = message.weight();
        let Some(waker) = to.push_quietly(message, bytes) else { return };
        self.woken.push(waker);
        if self.woken.len() >= MOST_ASLEEP {
            self.wake();
        }
    }
}

impl Drop for DeliverBatch {
    fn drop(&mut self) {
        self.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        collections::VecDeque,
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
        task::{Context, Wake},
    };
    use wamplex_shared::{message::Goodbye, uris};

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    /// A session whose task sleeps.
    fn asleep(wakes: &Arc<Wakes>) -> Handle {
        let outbox = Arc::new(Outbox::new(1 << 20));
        let waker = Waker::from(Arc::clone(wakes));
        let mut taken = VecDeque::new();
        assert!(outbox.poll_take(&Context::from_waker(&waker), &mut taken).is_pending());
        outbox
    }

    fn deliver(batch: &mut DeliverBatch, to: &Handle) {
        batch.deliver(to, Outbound::from(Goodbye::new(uris::close::KILLED)));
    }

    #[test]
    fn sessions_are_woken_once_at_the_end_of_a_batch() {
        let wakes = Arc::<Wakes>::default();
        let sessions = [asleep(&wakes), asleep(&wakes)];
        let mut batch = DeliverBatch::default();
        for session in sessions.iter().chain(&sessions) {
            deliver(&mut batch, session);
        }
        assert_eq!(wakes.0.load(SeqCst), 0);
        drop(batch);
        assert_eq!(wakes.0.load(SeqCst), 2);
        assert!(sessions.iter().all(|session| session.take().len() == 2));
    }

    #[test]
    fn many_sessions_do_not_wait_for_the_end_of_a_batch() {
        let wakes = Arc::<Wakes>::default();
        let sessions: Vec<_> = (0..=MOST_ASLEEP).map(|_| asleep(&wakes)).collect();
        let mut batch = DeliverBatch::default();
        sessions.iter().for_each(|session| deliver(&mut batch, session));
        assert_eq!(wakes.0.load(SeqCst), MOST_ASLEEP);
        drop(batch);
        assert_eq!(wakes.0.load(SeqCst), sessions.len());
    }
}
