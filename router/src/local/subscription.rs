//! Receiving events inside the process.

use super::{
    error::LocalError,
    link::{Handle, Reply, Token},
    queue::{Overflow, Place, Queue},
};
use futures_util::{Stream, future::BoxFuture};
use std::{
    collections::HashMap,
    future::IntoFuture,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::oneshot;
use wamplex_shared::{
    codec,
    id::{PublicationId, SubscriptionId},
    message::{self, EventDetails, SubscribeOptions},
    payload::Payload,
    uri::{MatchPolicy, Uri},
    value::{Dict, List},
};

/// How many unread events a subscription keeps if it is not told otherwise.
const DEFAULT_BUFFER: usize = 1024;

/// What one subscription of the application reads from.
pub(super) type EventQueue = Arc<Queue<Arc<message::Event>, LocalError>>;

/// What the session keeps with a SUBSCRIBE.
#[derive(Debug)]
pub(super) struct SubscribeSlot {
    pub(super) reader: EventQueue,
    pub(super) reply: Reply<SubscriptionId>,
}

/// Who reads from which subscription of the router.
///
/// The router gives the same id to every SUBSCRIBE of one pattern, and ends all of them with one UNSUBSCRIBE. So an id is
/// given up only when nobody reads from it and no SUBSCRIBE is on its way.
#[derive(Debug, Default)]
pub(super) struct Readers {
    of: HashMap<SubscriptionId, Vec<EventQueue>>,
    asked: usize,
    /// Ids that may have lost their last reader.
    released: Vec<SubscriptionId>,
}

impl Readers {
    /// A SUBSCRIBE goes out.
    pub(super) const fn ask(&mut self) {
        self.asked += 1;
    }

    /// A SUBSCRIBE was answered: with this subscription, or refused.
    pub(super) fn answered(&mut self, found: Option<(SubscriptionId, EventQueue)>) {
        self.asked = self.asked.saturating_sub(1);
        if let Some((id, reader)) = found {
            self.of.entry(id).or_default().push(reader);
        }
    }

    /// `reader` wants no more of this subscription.
    pub(super) fn release(&mut self, id: SubscriptionId, reader: &EventQueue) {
        if let Some(readers) = self.of.get_mut(&id) {
            readers.retain(|other| !Arc::ptr_eq(other, reader));
            self.released.push(id);
        }
    }

    /// The subscriptions that are to be given up now.
    pub(super) fn take_unread(&mut self) -> Vec<SubscriptionId> {
        if self.asked > 0 {
            return Vec::new();
        }
        let mut unread = mem::take(&mut self.released);
        unread.retain(|id| {
            let is_unread = self.of.get(id).is_some_and(Vec::is_empty);
            if is_unread {
                self.of.remove(id);
            }
            is_unread
        });
        unread
    }

    /// Hands an event to everybody who reads from its subscription.
    ///
    /// # Errors
    /// Too many bytes wait for one of them.
    pub(super) fn deliver(&self, event: message::Event) -> Result<(), Overflow> {
        /// What an event takes besides its payload.
        const HEAD: usize = 256;
        let bytes = HEAD + event.payload.bytes().len();
        let (event, mut delivered) = (Arc::new(event), Ok(()));
        for reader in self.of.get(&event.subscription).into_iter().flatten() {
            delivered = reader.push(Arc::clone(&event), bytes).and(delivered);
        }
        delivered
    }

    /// The router took a subscription away.
    pub(super) fn revoke(&mut self, id: SubscriptionId, error: &LocalError) {
        for reader in self.of.remove(&id).into_iter().flatten() {
            reader.end(Some(error.clone()));
        }
    }

    /// The session is over.
    pub(super) fn end(&mut self, error: Option<&LocalError>) {
        for reader in self.of.drain().flat_map(|(_, readers)| readers) {
            reader.end(error.cloned());
        }
    }
}

/// A subscription that is being put together; `.await` makes it ("WAMP: Subscribing and Unsubscribing").
///
/// # Errors
/// [`LocalError::Wamp`] when the broker refuses, and any other [`LocalError`].
#[must_use = "a subscription is made when this is awaited"]
#[derive(Debug)]
pub struct Subscribe {
    handle: Arc<Handle>,
    topic: Uri,
    options: SubscribeOptions,
    buffer: usize,
    buffer_bytes: usize,
}

impl Subscribe {
    pub(super) fn new(handle: Arc<Handle>, topic: Uri) -> Self {
        let (options, buffer) = (SubscribeOptions::default(), DEFAULT_BUFFER);
        Self { handle, topic, options, buffer, buffer_bytes: usize::MAX }
    }

    /// Sets the options of SUBSCRIBE.
    pub fn options(mut self, options: SubscribeOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets how topics are compared with the one given; [`MatchPolicy::Exact`] if not set.
    pub const fn match_policy(mut self, policy: MatchPolicy) -> Self {
        self.options.match_policy = policy;
        self
    }

    /// Sets how many unread events are kept, at least one; 1024 if not set. Beyond that the oldest are dropped, which
    /// shows as [`Delivery::Gap`].
    pub const fn buffer(mut self, events: usize) -> Self {
        self.buffer = events;
        self
    }

    /// Sets how many bytes of unread events are kept; any number if not set. Beyond that the session is ended.
    pub(crate) const fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.buffer_bytes = bytes;
        self
    }

    async fn begin(self) -> Result<Subscription, LocalError> {
        let Self { handle, topic, options, buffer, buffer_bytes } = self;
        let reader = Arc::new(Queue::with_bytes(buffer, buffer_bytes));
        let (reply, subscribed) = oneshot::channel();
        let slot = SubscribeSlot { reader: Arc::clone(&reader), reply };
        let asked = topic.clone();
        let sent = handle.link.send(0, |state| {
            match state.session.subscribe(asked, options, Token::Subscribe(slot)) {
                Ok(_) => {
                    state.readers.ask();
                    Ok(())
                }
                Err(refused) => Err(LocalError::refused(refused.reason, state.closed.as_ref())),
            }
        });
        sent.await?;
        let mut waiting = Waiting { handle, reader, subscribed };
        let gone = |_| waiting.handle.link.drive(|state| Err(state.closed_error()));
        let id = (&mut waiting.subscribed).await.unwrap_or_else(gone)?;
        let (handle, reader) = (Arc::clone(&waiting.handle), Arc::clone(&waiting.reader));
        Ok(Subscription { handle, reader, id, topic })
    }
}

impl IntoFuture for Subscribe {
    type Output = Result<Subscription, LocalError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.begin())
    }
}

/// A SUBSCRIBE on its way. Dropped before its end, it gives the subscription up should it be there already; if it is
/// not, the task of the session finds nobody waiting and does the same.
struct Waiting {
    handle: Arc<Handle>,
    reader: EventQueue,
    subscribed: oneshot::Receiver<Result<SubscriptionId, LocalError>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.subscribed.close();
        if let Ok(Ok(id)) = self.subscribed.try_recv() {
            self.handle.link.release(id, &self.reader);
        }
    }
}

/// The events of a topic: a [`Stream`] that ends with the session. Dropping it unsubscribes.
#[must_use = "dropping a subscription unsubscribes"]
#[derive(Debug)]
pub struct Subscription {
    handle: Arc<Handle>,
    reader: EventQueue,
    id: SubscriptionId,
    topic: Uri,
}

/// What a subscription brings.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Delivery {
    /// An event.
    Event(Event),
    /// This many events were dropped here, since they were not read in time.
    Gap(u64),
}

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    topic: Uri,
    event: Arc<message::Event>,
}

impl Subscription {
    /// The id that the router gave it.
    #[must_use]
    pub const fn id(&self) -> SubscriptionId {
        self.id
    }

    /// The topic or pattern subscribed to.
    #[must_use]
    pub const fn topic(&self) -> &Uri {
        &self.topic
    }
}

impl Event {
    /// What it is about.
    #[must_use]
    pub const fn topic(&self) -> &Uri {
        &self.topic
    }

    /// The publication it stems from.
    #[must_use]
    pub fn publication(&self) -> PublicationId {
        self.event.publication
    }

    /// What the router says about it.
    #[must_use]
    pub fn details(&self) -> &EventDetails {
        &self.event.details
    }

    /// The arguments as they came.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.event.payload
    }

    /// The arguments as values.
    ///
    /// # Errors
    /// There are too many values in them, or a key stands twice.
    pub fn values(&self) -> Result<(List, Dict), LocalError> {
        Ok(codec::read_values(self.payload())?)
    }
}

impl Stream for Subscription {
    type Item = Result<Delivery, LocalError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.reader.poll_next(cx).map_ok(|place| match place {
            Place::Gap(missed) => Delivery::Gap(missed),
            Place::Item(event) => {
                let topic = event.details.topic.clone().unwrap_or_else(|| self.topic.clone());
                Delivery::Event(Event { topic, event })
            }
        })
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.handle.link.release(self.id, &self.reader);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_is_given_up_with_its_last_reader_and_not_while_another_is_asked_for() {
        let (mut readers, id) = (Readers::default(), SubscriptionId::new(7).unwrap());
        let reader = || Arc::new(Queue::new(1));
        let (a, b): (EventQueue, EventQueue) = (reader(), reader());
        readers.ask();
        readers.answered(Some((id, Arc::clone(&a))));
        readers.ask();
        readers.release(id, &a);
        assert_eq!(readers.take_unread(), [], "UNSUBSCRIBE would end the new one too");
        readers.answered(Some((id, Arc::clone(&b))));
        assert_eq!(readers.take_unread(), []);
        readers.release(id, &b);
        assert_eq!(readers.take_unread(), [id]);
        assert_eq!(readers.take_unread(), []);
    }
}
