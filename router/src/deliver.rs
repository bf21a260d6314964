//! From a realm to the outboxes of its sessions.

use crate::{
    chunk::{Draft, Format},
    outbox::{Outbox, Parcel},
};
use std::{sync::Arc, task::Waker};
use wamplex_realm::{Outbound, Receivers, Sink};
use wamplex_shared::{id::SessionId, message::Event};

/// How a realm of this router reaches a session.
pub(crate) type Handle = Arc<Outbox<Parcel>>;

/// Puts what a realm says into outboxes. Nothing is converted here, since it happens under the guard of the realm.
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
///
/// Events of one subscription that come one after the other are put together and go to their receivers as one
/// [`Chunk`](crate::chunk::Chunk): before anything else goes to anybody, and before the guard of the realm is released,
/// for which whoever holds it calls [`flush`](Self::flush).
#[derive(Debug)]
pub(crate) struct DeliverBatch {
    /// How those write events who sent the batch, and probably those who receive them.
    format: Format,
    pending: Option<Pending>,
    woken: Vec<Waker>,
}

/// Events that are not in any outbox yet.
#[derive(Debug)]
struct Pending {
    draft: Draft,
    to: Receivers<Handle>,
    except: Option<SessionId>,
}

/// From this many sessions on there is enough to do for others: they are woken without waiting for the end of the batch.
const MOST_ASLEEP: usize = 32;

impl DeliverBatch {
    pub(crate) const fn new(format: Format) -> Self {
        Self { format, pending: None, woken: Vec::new() }
    }

    /// Puts everything into outboxes. To be called before the guard of the realm is released.
    pub(crate) fn flush(&mut self) {
        let Some(Pending { draft, to, except }) = self.pending.take() else { return };
        let chunk = Arc::new(draft.finish());
        let bytes = chunk.weight();
        for member in to.iter().filter(|member| Some(member.session()) != except) {
            self.push(member.handle(), Parcel::Chunk(Arc::clone(&chunk)), bytes);
        }
        chunk.forget_singles();
    }

    /// Wakes those for whom there is something.
    pub(crate) fn wake(&mut self) {
        self.woken.drain(..).for_each(Waker::wake);
    }

    fn push(&mut self, to: &Handle, parcel: Parcel, bytes: usize) {
        let Some(waker) = to.push_quietly(parcel, bytes) else { return };
        self.woken.push(waker);
        if self.woken.len() >= MOST_ASLEEP {
            self.wake();
        }
    }
}

impl Sink<Handle> for DeliverBatch {
    fn deliver(&mut self, to: &Handle, message: Outbound) {
        self.flush();
        let bytes = message.weight();
        self.push(to, message.into(), bytes);
    }

    fn deliver_to_all(&mut self, to: &Receivers<Handle>, except: Option<SessionId>, event: Event) {
        if let Some(pending) = &mut self.pending
            && pending.except == except
            && pending.to.is_same(to)
            && pending.draft.append(&event)
        {
            return;
        }
        self.flush();
        if Draft::suits(&event) {
            let mut draft = Draft::new(&event, self.format);
            if draft.append(&event) {
                self.pending = Some(Pending { draft, to: to.clone(), except });
                return;
            }
        }
        to.deliver_one_by_one(except, event, self);
    }
}

impl Drop for DeliverBatch {
    fn drop(&mut self) {
        debug_assert!(self.pending.is_none(), "the guard of the realm is released by now");
        self.flush();
        self.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::FrameFormat;
    use std::{
        collections::VecDeque,
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
        task::{Context, Wake},
    };
    use wamplex_shared::{message::Goodbye, serializer::Serializer, uris};

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

    fn batch() -> DeliverBatch {
        DeliverBatch::new(Format { serializer: Serializer::Json, frame: FrameFormat::WebSocket })
    }

    fn deliver(batch: &mut DeliverBatch, to: &Handle) {
        batch.deliver(to, Outbound::from(Goodbye::new(uris::close::KILLED)));
    }

    #[test]
    fn sessions_are_woken_once_at_the_end_of_a_batch() {
        let wakes = Arc::<Wakes>::default();
        let sessions = [asleep(&wakes), asleep(&wakes)];
        let mut batch = batch();
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
        let mut batch = batch();
        sessions.iter().for_each(|session| deliver(&mut batch, session));
        assert_eq!(wakes.0.load(SeqCst), MOST_ASLEEP);
        drop(batch);
        assert_eq!(wakes.0.load(SeqCst), sessions.len());
    }
}
