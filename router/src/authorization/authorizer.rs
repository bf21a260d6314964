//! Authorizers of programs that embed a router.

use futures_util::future::{BoxFuture, FutureExt, ready};
use wamplex_realm::{Action, Joining};
use wamplex_shared::{
    message::Message,
    uri::{MatchPolicy, Uri},
};

/// Decides about rights in the program that embeds a router, after the roles of the realm have said yes.
///
/// Each action has a method, and by default is allowed. While an answer is awaited the session's next messages wait. An
/// answer that takes longer than [`timeout`](crate::config::AuthorizationSettings::timeout), or panics, is a no.
///
/// ```
/// use futures_util::future::{BoxFuture, FutureExt, ready};
/// use wamplex_router::authorization::{Answer, Authorizer, Request};
///
/// /// Everybody may publish to topics that end with the own authid, and call whatever the roles allow.
/// struct OwnTopics;
///
/// impl Authorizer for OwnTopics {
///     fn publish<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
///         let own = request.uri.components().last() == request.who.authid.as_deref();
///         ready(if own { Answer::ALLOW } else { Answer::Deny }).boxed()
///     }
/// }
/// ```
pub trait Authorizer: Send + Sync {
    /// Whether an authenticated client may join the realm. `Err` has a sentence for the client. Asked about each request
    /// over the bridge too, and not about sessions that the program itself opens.
    fn join<'a>(&'a self, realm: &'a Uri, who: &'a Joining) -> BoxFuture<'a, Result<(), String>> {
        let _ = (realm, who);
        ready(Ok(())).boxed()
    }

    /// Whether a session may call a procedure.
    fn call<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        allow(request)
    }

    /// Whether a session may register a procedure, or a pattern.
    fn register<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        allow(request)
    }

    /// Whether a session may publish to a topic.
    fn publish<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        allow(request)
    }

    /// Whether a session may subscribe to a topic, or a pattern; or read what was published to it.
    fn subscribe<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        allow(request)
    }
}

/// What an [`Authorizer`] decides about.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// The realm.
    pub realm: &'a Uri,
    /// The session.
    pub who: &'a Joining,
    /// The topic or procedure, or the pattern.
    pub uri: &'a Uri,
    /// Which of these it is.
    pub match_policy: MatchPolicy,
    /// The message that asks for it. Not always one with this URI: a testament is a CALL.
    pub message: &'a Message,
}

/// What an [`Authorizer`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Yes.
    Allow {
        /// Whether callees or subscribers learn who calls or publishes; `None` leaves it to the roles and the realm.
        disclose: Option<bool>,
    },
    /// No.
    Deny,
    /// It cannot be said, for this reason, which only the log shows. The answer is no.
    Failed(String),
}

impl Answer {
    /// Yes, and no more.
    pub const ALLOW: Self = Self::Allow { disclose: None };
}

impl<'a> Request<'a> {
    /// Asks the method for this action.
    pub(super) fn put(self, action: Action, to: &'a dyn Authorizer) -> BoxFuture<'a, Answer> {
        match action {
            Action::Call => to.call(self),
            Action::Register => to.register(self),
            Action::Publish => to.publish(self),
            Action::Subscribe => to.subscribe(self),
        }
    }
}

fn allow(_: Request<'_>) -> BoxFuture<'_, Answer> {
    ready(Answer::ALLOW).boxed()
}
