//! Publishing events.

use crate::{
    call::{Boxed, answer},
    error::Error,
    link::{Handle, Token},
    payload::Arguments,
};
use core::{
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll},
};
use serde::Serialize;
use tokio::sync::oneshot;
use wamplex_shared::{
    codec::PayloadError,
    id::{PublicationId, SessionId},
    message::{Filters, PublishOptions},
    payload::Payload,
    uri::Uri,
};

/// An event that is being put together; `.await` publishes it ("WAMP: Publishing and Events").
///
/// The router does not answer, so this says only that the event is on its way; see
/// [`acknowledged`](Self::acknowledged). Events of one client arrive in the order they were published.
///
/// ```no_run
/// # async fn example(client: wamplex::Client) -> Result<(), wamplex::Error> {
/// client.publish("com.example.hello").args(("hi",)).exclude_me(false).await?;
/// let id = client.publish("com.example.hello").args(("hi",)).acknowledged().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "an event is published when this is awaited"]
#[derive(Debug)]
pub struct Publish {
    handle: Handle,
    topic: Uri,
    options: PublishOptions,
    arguments: Arguments,
}

impl Publish {
    pub(crate) fn new(handle: Handle, topic: Uri) -> Self {
        Self { handle, topic, options: PublishOptions::default(), arguments: Arguments::default() }
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

    /// Sets whether this session is kept from receiving the event itself; it is if not set
    /// ("WAMP: Publisher Exclusion").
    pub const fn exclude_me(mut self, exclude: bool) -> Self {
        self.options.exclude_me = Some(exclude);
        self
    }

    /// Asks the router to tell subscribers who published, or not to ("WAMP: Publisher Identification").
    pub const fn disclose_me(mut self, disclose: bool) -> Self {
        self.options.disclose_me = Some(disclose);
        self
    }

    /// Asks the router to keep the event for those who subscribe later ("WAMP: Event Retention").
    pub const fn retain(mut self, retain: bool) -> Self {
        self.options.retain = retain;
        self
    }

    /// Keeps the event from these sessions ("WAMP: Subscriber Black- and Whitelisting").
    pub fn exclude(mut self, sessions: impl IntoIterator<Item = SessionId>) -> Self {
        self.filters().exclude = Some(sessions.into_iter().collect());
        self
    }

    /// Keeps the event from the sessions of these authids.
    pub fn exclude_authid<S: AsRef<str>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.filters().exclude_authid = Some(words(ids));
        self
    }

    /// Keeps the event from the sessions of these authroles.
    pub fn exclude_authrole<S: AsRef<str>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.filters().exclude_authrole = Some(words(roles));
        self
    }

    /// Lets only these sessions receive the event; none at all if the list is empty.
    pub fn eligible(mut self, sessions: impl IntoIterator<Item = SessionId>) -> Self {
        self.filters().eligible = Some(sessions.into_iter().collect());
        self
    }

    /// Lets only the sessions of these authids receive the event; none at all if the list is empty.
    pub fn eligible_authid<S: AsRef<str>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.filters().eligible_authid = Some(words(ids));
        self
    }

    /// Lets only the sessions of these authroles receive the event; none at all if the list is empty.
    pub fn eligible_authrole<S: AsRef<str>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.filters().eligible_authrole = Some(words(roles));
        self
    }

    /// Has the router acknowledge the event.
    pub const fn acknowledged(self) -> Acknowledged {
        Acknowledged(self)
    }

    fn filters(&mut self) -> &mut Filters {
        self.options.filters.get_or_insert_default()
    }
}

impl IntoFuture for Publish {
    type Output = Result<(), Error>;
    type IntoFuture = PublishFuture;

    fn into_future(self) -> PublishFuture {
        let event = Unsent {
            topic: self.topic,
            options: self.options,
            payload: self.arguments.into_payload(),
        };
        PublishFuture { handle: self.handle, event: Some(event) }
    }
}

/// An event on its way.
#[must_use = "futures do nothing unless awaited"]
#[derive(Debug)]
pub struct PublishFuture {
    handle: Handle,
    event: Option<Unsent>,
}

#[derive(Debug)]
struct Unsent {
    topic: Uri,
    options: PublishOptions,
    payload: Result<Payload, PayloadError>,
}

impl Unsent {
    fn length(&self) -> usize {
        self.payload.as_ref().map_or(0, |payload| payload.bytes().len())
    }
}

impl Future for PublishFuture {
    type Output = Result<(), Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { handle, event } = self.get_mut();
        let length = event.as_ref().map_or(0, Unsent::length);
        handle.link().poll_send(cx, length, |state| {
            let Unsent { topic, options, payload } = event.take().ok_or(Error::Canceled)?;
            match state.session.publish(topic, options, payload?, None) {
                Ok(_) => Ok(()),
                Err(refused) => Err(state.refusal(refused.reason)),
            }
        })
    }
}

/// An event that the router acknowledges; `.await` publishes it and says which publication it became.
///
/// # Errors
/// [`Error::Wamp`] when the router refuses the event, and any other [`Error`].
#[must_use = "an event is published when this is awaited"]
#[derive(Debug)]
pub struct Acknowledged(Publish);

impl IntoFuture for Acknowledged {
    type Output = Result<PublicationId, Error>;
    type IntoFuture = Boxed<PublicationId>;

    fn into_future(self) -> Self::IntoFuture {
        let Publish { handle, topic, options, arguments } = self.0;
        Box::pin(async move {
            let payload = arguments.into_payload()?;
            let (reply, publication) = oneshot::channel();
            handle
                .link()
                .send(payload.bytes().len(), |state| {
                    let token = Some(Token::Publish(reply));
                    match state.session.publish(topic, options, payload, token) {
                        Ok(_) => Ok(()),
                        Err(refused) => Err(state.refusal(refused.reason)),
                    }
                })
                .await?;
            answer(publication).await
        })
    }
}

fn words<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> Vec<bytestring::ByteString> {
    words.into_iter().map(|word| word.as_ref().into()).collect()
}
