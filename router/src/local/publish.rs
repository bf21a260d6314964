//! Publishing events from inside the process.

use super::{
    error::LocalError,
    link::{Handle, Token},
};
use futures_util::future::BoxFuture;
use std::{future::IntoFuture, sync::Arc};
use tokio::sync::oneshot;
use wamplex_shared::{id::PublicationId, message::PublishOptions, payload::Payload, uri::Uri};

/// An event that is being put together; `.await` publishes it ("WAMP: Publishing and Events").
///
/// The future is ready when the event is on its way to the realm; [`acknowledged`](Self::acknowledged) waits until it is
/// there.
#[must_use = "an event is published when this is awaited"]
#[derive(Debug)]
pub struct Publish {
    handle: Arc<Handle>,
    topic: Uri,
    options: PublishOptions,
    payload: Payload,
}

impl Publish {
    pub(super) fn new(handle: Arc<Handle>, topic: Uri, payload: Payload) -> Self {
        Self { handle, topic, options: PublishOptions::default(), payload }
    }

    /// Sets the options of PUBLISH; `acknowledge` is not looked at.
    pub fn options(mut self, options: PublishOptions) -> Self {
        self.options = options;
        self
    }

    /// Publishes, and waits for the broker to say that it did.
    ///
    /// # Errors
    /// [`LocalError::Wamp`] when it refuses, and any other [`LocalError`].
    pub async fn acknowledged(self) -> Result<PublicationId, LocalError> {
        let (reply, published) = oneshot::channel();
        let handle = Arc::clone(&self.handle);
        self.send(Some(Token::Publish(reply))).await?;
        let gone = |_| handle.link.drive(|state| Err(state.closed_error()));
        published.await.unwrap_or_else(gone)
    }

    async fn send(self, token: Option<Token>) -> Result<(), LocalError> {
        let Self { handle, topic, options, payload } = self;
        let sent = handle.link.send(payload.bytes().len(), |state| {
            match state.session.publish(topic, options, payload, token) {
                Ok(_) => Ok(()),
                Err(refused) => Err(LocalError::refused(refused.reason, state.closed.as_ref())),
            }
        });
        sent.await
    }
}

impl IntoFuture for Publish {
    type Output = Result<(), LocalError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send(None))
    }
}
