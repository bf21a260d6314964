//! Which right a message needs, and whether its sender has it.

use super::{Action, Authority, Decision, Grant, Refused};
use crate::member::Member;
use wamplex_shared::{
    message::Message,
    uri::{MatchPolicy, Uri},
};

/// The right that a message needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need<'a> {
    /// To do what.
    pub action: Action,
    /// With which URI or pattern.
    pub uri: &'a Uri,
    /// Which of these it is.
    pub policy: MatchPolicy,
    /// A REGISTER with `force_reregister`.
    pub force_reregister: bool,
}

impl<'a> Need<'a> {
    /// What this message needs; nothing if it asks for none of the four actions.
    #[must_use]
    pub fn of(message: &'a Message) -> Option<Self> {
        let exact = MatchPolicy::Exact;
        if let Message::Publish(m) = message {
            Some(Self::new(Action::Publish, &m.topic, exact))
        } else if let Message::Call(m) = message {
            Some(Self::new(Action::Call, &m.procedure, exact))
        } else if let Message::Subscribe(m) = message {
            Some(Self::new(Action::Subscribe, &m.topic, m.options.match_policy))
        } else if let Message::Register(m) = message {
            let force_reregister = m.options.force_reregister;
            let need = Self::new(Action::Register, &m.procedure, m.options.match_policy);
            Some(Self { force_reregister, ..need })
        } else {
            None
        }
    }

    /// Of this action with this URI.
    #[must_use]
    pub const fn new(action: Action, uri: &'a Uri, policy: MatchPolicy) -> Self {
        Self { action, uri, policy, force_reregister: false }
    }
}

/// What is to become of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The realm handles it, with [`Realm::publish_as`](crate::Realm::publish_as) or [`call_as`](crate::Realm::call_as)
    /// if it is one of theirs.
    Allowed(Grant),
    /// The realm [refuses](crate::Realm::refuse) it.
    Refused(Refused),
    /// A dynamic authorizer is asked first.
    Ask {
        /// Whether what it says may be remembered.
        cache: bool,
    },
}

/// Judges a message of this member. Needs no lock; messages without a need are allowed.
///
/// Further arguments of a call that goes on already were allowed with its first CALL.
pub fn judge<H>(authority: &dyn Authority, from: &Member<H>, message: &Message) -> Verdict {
    let Some(need) = Need::of(message) else { return Verdict::Allowed(Grant::EVERYTHING) };
    let goes_on = matches!(message, Message::Call(call) if from.goes_on(call.request));
    if goes_on || from.who().privileged {
        return Verdict::Allowed(Grant::EVERYTHING);
    }
    match authority.decide(from.who(), need.action, need.uri, need.policy) {
        Decision::Allow(grant) if need.force_reregister && !grant.force_reregister => {
            Verdict::Refused(Refused::TakeOver)
        }
        Decision::Allow(grant) => Verdict::Allowed(grant),
        Decision::Deny => Verdict::Refused(Refused::NotAuthorized(need.action)),
        Decision::Ask { cache } => Verdict::Ask { cache },
    }
}
