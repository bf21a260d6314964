//! Receiving events.

use crate::{
    call::{Boxed, answer},
    error::Error,
    link::{Handle, Reply, Token},
    payload::read_first,
    queue::{Overflow, Place, Queue},
    topics::{EventQueue, Pattern},
};
use core::{
    future::IntoFuture,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};
use futures_util::Stream;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tokio::sync::oneshot;
use wamplex_shared::{
    id::{PublicationId, SubscriptionId},
    message::{self, EventDetails, SubscribeOptions},
    payload::Payload,
    uri::{MatchPolicy, Uri},
};

/// How many unread events a subscription keeps if it is not told otherwise.
const DEFAULT_BUFFER: usize = 1024;

/// What the session keeps with a SUBSCRIBE.
#[derive(Debug)]
pub(crate) struct SubscribeSlot {
    pub(crate) pattern: Pattern,
    pub(crate) reader: Arc<EventQueue>,
    pub(crate) reply: Reply<SubscriptionId>,
}

/// A subscription that is being put together; `.await` makes it ("WAMP: Subscribing and Unsubscribing").
///
/// `T` is the type of the first positional argument of the events.
///
/// # Errors
/// [`Error::Wamp`] when the router refuses, and any other [`Error`].
///
/// ```no_run
/// # async fn example(client: wamplex::Client) -> Result<(), wamplex::Error> {
/// use futures_util::StreamExt as _;
/// use wamplex::{Delivery, Overflow};
///
/// let mut ticks = client.subscribe::<f64>("com.example.tick").buffer(64, Overflow::DropOldest).await?;
/// while let Some(delivery) = ticks.next().await {
///     match delivery? {
///         Delivery::Event(event) => println!("{}", event.data),
///         Delivery::Gap { .. } => println!("too slow"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a subscription is made when this is awaited"]
#[derive(Debug)]
pub struct Subscribe<T> {
    handle: Handle,
    topic: Uri,
    options: SubscribeOptions,
    buffer: usize,
    overflow: Overflow,
    data: PhantomData<fn() -> T>,
}

impl<T> Subscribe<T> {
    pub(crate) fn new(handle: Handle, topic: Uri) -> Self {
        Self {
            handle,
            topic,
            options: SubscribeOptions::default(),
            buffer: DEFAULT_BUFFER,
            overflow: Overflow::default(),
            data: PhantomData,
        }
    }

    /// Sets how topics are compared with the one given; [`MatchPolicy::Exact`] if not set
    /// ("WAMP: Pattern-based Subscriptions").
    pub const fn match_policy(mut self, policy: MatchPolicy) -> Self {
        self.options.match_policy = policy;
        self
    }

    /// Asks for the event that the router kept, if there is one ("WAMP: Event Retention").
    pub const fn get_retained(mut self, get: bool) -> Self {
        self.options.get_retained = get;
        self
    }

    /// Sets how many unread events are kept, at least one, and which are dropped beyond that. 1024 and
    /// [`Overflow::DropOldest`] if not set.
    ///
    /// What is dropped leaves a [`Delivery::Gap`] in its place, and so does what a Wamplex router has dropped because this
    /// client was too slow for it ([`EventDetails::dropped`]). Nothing else waits for a slow reader.
    pub const fn buffer(mut self, events: usize, overflow: Overflow) -> Self {
        self.buffer = events;
        self.overflow = overflow;
        self
    }
}

impl<T> IntoFuture for Subscribe<T> {
    type Output = Result<Subscription<T>, Error>;
    type IntoFuture = Boxed<Subscription<T>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { handle, topic, options, buffer, overflow, .. } = self;
        Box::pin(async move {
            let pattern = Pattern { topic: topic.clone(), policy: options.match_policy };
            let reader = Arc::new(Queue::new(buffer, overflow));
            let (reply, subscribed) = oneshot::channel();
            let slot = SubscribeSlot { pattern: pattern.clone(), reader: reader.clone(), reply };
            handle
                .link()
                .send(0, |state| {
                    let token = Token::Subscribe(slot);
                    match state.session.subscribe(pattern.topic.clone(), options, token) {
                        Ok(_) => {
                            state.topics.ask(pattern);
                            Ok(())
                        }
                        Err(refused) => Err(state.refusal(refused.reason)),
                    }
                })
                .await?;
            let mut waiting = Waiting { handle, reader, subscribed };
            let id = answer(&mut waiting.subscribed).await?;
            Ok(waiting.into_subscription(id, topic))
        })
    }
}

/// A SUBSCRIBE on its way. Dropped before its end, it gives the subscription up should it be there already; if it is
/// not, the driver finds nobody waiting and does the same.
struct Waiting {
    handle: Handle,
    reader: Arc<EventQueue>,
    subscribed: oneshot::Receiver<Result<SubscriptionId, Error>>,
}

impl Waiting {
    fn into_subscription<T>(self, id: SubscriptionId, topic: Uri) -> Subscription<T> {
        Subscription {
            handle: self.handle.clone(),
            reader: self.reader.clone(),
            id,
            topic,
            is_held: true,
            data: PhantomData,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.subscribed.close();
        if let Ok(Ok(id)) = self.subscribed.try_recv() {
            self.handle.link().release(id, &self.reader, None);
        }
    }
}

/// The events of a topic: a [`Stream`] of [`Delivery`]s. Dropping it unsubscribes in the background.
///
/// An event whose data does not fit `T` is an [`Error::Payload`] in its place, and the stream goes on. The stream ends
/// when this side leaves; when the session ends otherwise, or the router takes the subscription away, the last item is
/// the error that says so.
#[derive(Debug)]
#[must_use = "dropping a subscription unsubscribes"]
pub struct Subscription<T> {
    handle: Handle,
    reader: Arc<EventQueue>,
    id: SubscriptionId,
    topic: Uri,
    /// Not given up yet.
    is_held: bool,
    data: PhantomData<fn() -> T>,
}

impl<T> Subscription<T> {
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

    /// Unsubscribes, and waits until the router has agreed.
    ///
    /// When the client has other subscriptions of the same topic and match policy, or the session is over, there is
    /// nothing to wait for.
    ///
    /// # Errors
    /// [`Error::Wamp`] when the router refuses.
    pub async fn unsubscribe(mut self) -> Result<(), Error> {
        self.is_held = false;
        let (reply, unsubscribed) = oneshot::channel();
        self.handle.link().release(self.id, &self.reader, Some(reply));
        answer(unsubscribed).await
    }
}

impl<T> Drop for Subscription<T> {
    fn drop(&mut self) {
        if self.is_held {
            self.handle.link().release(self.id, &self.reader, None);
        }
    }
}

impl<T: DeserializeOwned> Stream for Subscription<T> {
    type Item = Result<Delivery<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let delivery = match ready!(self.reader.poll_next(cx)) {
            Some(Ok(Place::Item(message))) => Event::new(message, &self.topic).map(Delivery::Event),
            Some(Ok(Place::Gap(missed))) => Ok(Delivery::Gap { missed: Some(missed) }),
            Some(Err(error)) => Err(error),
            None => return Poll::Ready(None),
        };
        Poll::Ready(Some(delivery))
    }
}

/// What a subscription delivers.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery<T> {
    /// An event.
    Event(Event<T>),
    /// Events are missing here.
    Gap {
        /// How many, if that is known.
        missed: Option<u64>,
    },
}

/// A received event.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event<T> {
    /// The first positional argument.
    pub data: T,
    /// The topic it was published to: of interest when the subscription is by pattern.
    pub topic: Uri,
    message: Arc<message::Event>,
}

impl<T: DeserializeOwned> Event<T> {
    fn new(message: Arc<message::Event>, topic: &Uri) -> Result<Self, Error> {
        let data = read_first(&message.payload)?;
        let topic = message.details.topic.as_ref().unwrap_or(topic).clone();
        Ok(Self { data, topic, message })
    }
}

impl<T> Event<T> {
    /// The publication it stems from: the same for everybody who receives it.
    #[must_use]
    pub fn publication(&self) -> PublicationId {
        self.message.publication
    }

    /// What the router says about the event, such as who published it.
    #[must_use]
    pub fn details(&self) -> &EventDetails {
        &self.message.details
    }

    /// Reads all positional arguments, as a tuple or a list.
    ///
    /// # Errors
    /// They do not fit `A`.
    pub fn args<A: DeserializeOwned>(&self) -> Result<A, Error> {
        Ok(self.message.payload.args()?)
    }

    /// Reads the keyword arguments, as a struct or a map.
    ///
    /// # Errors
    /// They do not fit `K`.
    pub fn kwargs<K: DeserializeOwned>(&self) -> Result<K, Error> {
        Ok(self.message.payload.kwargs()?)
    }

    /// The arguments as they arrived.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.message.payload
    }
}
