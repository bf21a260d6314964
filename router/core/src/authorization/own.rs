//! What the realm itself asks about rights: where a message needs more than the right to its own URI.

use super::{Action, Decision, Grant, Refused};
use crate::{member::Joining, meta, realm::Realm, registration::Registration, reject::Reject};
use wamplex_shared::{
    id::SessionId,
    message::{Call, Message},
    uri::{MatchPolicy, Uri},
    uris::{session::ADD_TESTAMENT, subscription::GET_EVENTS},
};

impl<H> Realm<H> {
    /// The right that a message needs besides [the one to its own URI](super::Need): a testament that of publishing to
    /// its topic, and a question about the past that of subscribing to what it is about.
    ///
    /// The realm asks its authority for these rights by itself. It cannot wait for an answer, so that
    /// [`Decision::Ask`] counts as a yes: whoever hands messages in asks first.
    #[must_use]
    pub fn also_needs(&self, message: &Message) -> Option<(Action, Uri, MatchPolicy)> {
        let Message::Call(Call { procedure, payload, .. }) = message else { return None };
        if procedure == ADD_TESTAMENT {
            let topic = meta::topic_of_testament(payload, self.config.uri_rule)?;
            Some((Action::Publish, topic, MatchPolicy::Exact))
        } else if procedure == GET_EVENTS {
            let subscription = self.broker.get(meta::subscription_in_question(payload)?)?;
            let (policy, pattern) = subscription.key();
            Some((Action::Subscribe, pattern, policy))
        } else {
            None
        }
    }

    /// Whether a call of this procedure may go to this session. An authorizer is not asked about itself.
    #[must_use]
    pub fn is_callee_of(&self, procedure: &Uri, session: SessionId) -> bool {
        let callees = self.dealer.matching(procedure).map(Registration::callees);
        callees.is_some_and(|all| all.iter().any(|callee| callee.member.session() == session))
    }

    /// What goes with the right of this session to do this, or that it has none.
    pub(crate) fn right(
        &self,
        who: &Joining,
        action: Action,
        uri: &Uri,
        policy: MatchPolicy,
    ) -> Result<Grant, Reject> {
        let Some(authority) = self.config.authority.as_ref().filter(|_| !who.privileged) else {
            return Ok(Grant::EVERYTHING);
        };
        match authority.decide(who, action, uri, policy) {
            Decision::Allow(grant) => Ok(grant),
            Decision::Deny => Err(Reject::Refused(Refused::NotAuthorized(action))),
            Decision::Ask { .. } => Ok(Grant::EVERYTHING),
        }
    }
}
