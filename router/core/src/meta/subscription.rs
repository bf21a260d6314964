//! Which topics are subscribed to, and by whom ("WAMP: Subscription Meta API").
//!
//! Subscriptions to topics of the protocol can be looked at like all others, but cause no events themselves: who
//! watches subscriptions would watch itself.

use super::{Arguments, Deed, Outcome, Reply, by_policy, count, sorted};
use crate::{
    change::{Departed, Entered},
    member::Member,
    realm::Realm,
    reject::Reject,
    sink::{Outbound, Sink},
    subscription::Subscription,
};
use bytestring::ByteString;
use std::sync::Arc;
use wamplex_shared::{
    id::{SessionId, SubscriptionId},
    message::{Unsubscribed, UnsubscribedDetails},
    roles::{Feature, Role},
    uri::MatchPolicy,
    uris::subscription,
    value::{Dict, Value},
};

/// A subscriber that is to lose a subscription.
pub(super) struct RemoveSubscriber<H> {
    subscription: SubscriptionId,
    subscriber: Arc<Member<H>>,
    reason: Option<ByteString>,
}

impl<H> Realm<H> {
    pub(crate) fn announce_subscribe(
        &self,
        session: SessionId,
        entered: Entered<SubscriptionId>,
        out: &mut impl Sink<H>,
    ) {
        if !self.is_watched() {
            return;
        }
        let id = entered.id;
        let Some(entry) = self.broker.get(id).filter(|s| !s.is_reserved()) else { return };
        if entered.created {
            let args = || vec![session.into(), self.describe_subscription(entry).into()];
            self.announce(subscription::ON_CREATE, args, out);
        }
        if entered.added {
            self.announce(subscription::ON_SUBSCRIBE, || vec![session.into(), id.into()], out);
        }
    }

    pub(crate) fn announce_unsubscribe(
        &self,
        session: SessionId,
        departed: Departed<SubscriptionId>,
        out: &mut impl Sink<H>,
    ) {
        if departed.reserved {
            return;
        }
        let args = || vec![session.into(), departed.id.into()];
        self.announce(subscription::ON_UNSUBSCRIBE, args, out);
        if departed.deleted {
            self.announce(subscription::ON_DELETE, args, out);
        }
    }

    /// Takes a subscription from a subscriber ("WAMP: Subscription Revocation"). It is told if it understands that.
    pub(crate) fn revoke_subscription(
        &mut self,
        subscriber: &Member<H>,
        id: SubscriptionId,
        reason: Option<ByteString>,
        out: &mut impl Sink<H>,
    ) {
        let Some(seat) = self.members.seat_mut(subscriber) else { return };
        if !seat.subscriptions.remove(&id) {
            return;
        }
        let departed = self.broker.remove(id, subscriber.session());
        if subscriber.supports(Role::Subscriber, Feature::SubscriptionRevocation) {
            let subscription = Some(id);
            let details = UnsubscribedDetails { subscription, reason, ..Default::default() };
            let revocation = Unsubscribed { request: None, details: Some(details) };
            out.deliver(subscriber.handle(), Outbound::from(revocation));
        }
        if let Some(departed) = departed {
            self.announce_unsubscribe(subscriber.session(), departed, out);
        }
    }

    pub(super) fn list_subscriptions(&self, args: Arguments) -> Outcome<H> {
        args.finish()?;
        let all = self.broker.subscriptions();
        let ids: Vec<_> = all.into_iter().map(|s| (s.key().0, s.id)).collect();
        Reply::of(by_policy(&ids))
    }

    pub(super) fn look_up_subscription(&self, mut args: Arguments) -> Outcome<H> {
        let (policy, uri) = args.pattern(self.config.uri_rule, WRONG_TOPIC)?;
        args.finish()?;
        let found = self.broker.lookup(policy, uri.as_str());
        Reply::of(found.map_or(Value::Null, |s| s.id.into()))
    }

    /// Unlike a call, an event goes to all subscriptions that it matches.
    pub(super) fn match_subscriptions(&self, mut args: Arguments) -> Outcome<H> {
        let uri = args.uri(self.config.uri_rule, MatchPolicy::Exact, WRONG_TOPIC)?;
        args.finish()?;
        let mut ids = Vec::new();
        self.broker.matching(&uri, |subscription| ids.push(subscription.id));
        Reply::of(if ids.is_empty() { Value::Null } else { sorted(ids).into() })
    }

    pub(super) fn get_subscription(&self, args: Arguments) -> Outcome<H> {
        Reply::of(self.describe_subscription(self.subscription_in(args)?))
    }

    pub(super) fn list_subscribers(&self, args: Arguments) -> Outcome<H> {
        let subscription = self.subscription_in(args)?;
        Reply::of(sorted(subscription.members().iter().map(|m| m.session())))
    }

    pub(super) fn count_subscribers(&self, args: Arguments) -> Outcome<H> {
        Reply::of(count(self.subscription_in(args)?.members().len()))
    }

    /// Not in the specification, but other routers have it.
    pub(super) fn plan_remove_subscriber(&self, mut args: Arguments) -> Outcome<H> {
        let id = args.id(SubscriptionId::new, WRONG_ID)?;
        let session = args.session()?;
        let reason = args.reason()?;
        args.finish()?;
        let subscription = self.broker.get(id).ok_or(Reject::UnknownSubscription)?;
        let subscriber = subscription.member(session).ok_or(Reject::UnknownSession)?;
        let subscriber = Arc::clone(subscriber);
        Reply::done(Deed::RemoveSubscriber(RemoveSubscriber {
            subscription: id,
            subscriber,
            reason,
        }))
    }

    pub(super) fn remove_subscriber(
        &mut self,
        removal: RemoveSubscriber<H>,
        out: &mut impl Sink<H>,
    ) {
        self.revoke_subscription(&removal.subscriber, removal.subscription, removal.reason, out);
    }

    fn subscription_in(&self, mut args: Arguments) -> Result<&Subscription<H>, Reject> {
        let id = args.id(SubscriptionId::new, WRONG_ID)?;
        args.finish()?;
        self.broker.get(id).ok_or(Reject::UnknownSubscription)
    }

    fn describe_subscription(&self, subscription: &Subscription<H>) -> Dict {
        let (policy, uri) = subscription.key();
        let mut details = Dict::new();
        details.insert("id", subscription.id);
        details.insert("created", self.config.timestamp(subscription.created));
        details.insert("uri", uri);
        details.insert("match", policy.name());
        details
    }
}

const WRONG_TOPIC: &str = "the topic has to be a URI";
const WRONG_ID: &str = "the subscription has to be an id";
