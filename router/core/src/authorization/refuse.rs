//! The answer to a message whose sender has no right to it.

use super::{Action, Need};
use crate::{
    member::Member,
    realm::{Handled, Realm},
    reject::Reject,
    sink::{Outbound, Sink},
    tracing::CallOutcome,
};
use std::sync::Arc;
use wamplex_shared::{id::RequestId, message::Message};

/// Why a message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The sender has no right to do this: `wamp.error.not_authorized`.
    NotAuthorized(Action),
    /// The sender may register the procedure, but not take it from others: `wamp.error.not_authorized`.
    TakeOver,
    /// Nobody could say whether the sender has the right: `wamp.error.authorization_failed`.
    Failed,
    /// The sender sends too much at a time: `wamplex.error.rate_exceeded`.
    TooFast,
}

impl<H> Realm<H> {
    /// Answers a request with ERROR instead of handling it; a PUBLISH only if it asked for an acknowledgement. Its id is
    /// counted as if it had been handled.
    ///
    /// # Errors
    /// See [`Handled`].
    pub fn refuse(
        &self,
        from: &Arc<Member<H>>,
        message: &Message,
        why: Refused,
        out: &mut impl Sink<H>,
    ) -> Handled {
        let Some((need, request)) = Need::of(message).zip(request_of(message)) else {
            return Ok(());
        };
        if let Message::Call(_) = message {
            if self.accept_call(from, request)?.is_some() {
                return Ok(());
            }
        } else {
            self.accept(from, message.code(), request)?;
        }
        let is_silent = matches!(message, Message::Publish(m) if !m.options.acknowledge);
        if is_silent || from.has_left() {
            return Ok(());
        }
        // Whoever misspells a URI is better told that than that nobody has a right to it.
        let reject = match need.uri.check(self.config.uri_rule, need.policy) {
            Ok(()) => Reject::Refused(why),
            Err(invalid) => Reject::InvalidUri(invalid),
        };
        let error = reject.to_error(message.code(), request);
        if let Message::Call(call) = message
            && let Some(span) = self.trace(from, call)
        {
            span.end(&CallOutcome::Failed(error.error.clone()));
        }
        out.deliver(from.handle(), Outbound::from(error));
        Ok(())
    }
}

const fn request_of(message: &Message) -> Option<RequestId> {
    if let Message::Publish(message) = message {
        Some(message.request)
    } else if let Message::Call(message) = message {
        Some(message.request)
    } else if let Message::Subscribe(message) = message {
        Some(message.request)
    } else if let Message::Register(message) = message {
        Some(message.request)
    } else {
        None
    }
}
