//! Subscriptions, and events on their way to them ("WAMP: Publish and Subscribe").

use crate::{
    config::RealmConfig,
    eligibility::Eligibility,
    event::SharedEvent,
    member::{Member, Members, Seat},
    pattern::PatternMap,
    reject::{Refusal, Reject},
    sink::{Outbound, Sink},
    subscription::Subscription,
};
use std::{collections::HashMap, sync::Arc};
use wamplex_shared::{
    error::ProtocolViolation,
    id::{GlobalIds, PublicationId, PublicationIds, SessionId, SubscriptionId},
    message::{Event, EventDetails, MessageCode, Publish, PublishOptions, Subscribe},
    roles::{Feature, Role},
    uri::{MatchPolicy, Uri},
};

/// The broker of one realm.
pub(crate) struct Broker<H> {
    subscriptions: PatternMap<Subscription<H>>,
    /// Where each subscription stands in the map.
    keys: HashMap<SubscriptionId, (MatchPolicy, Uri)>,
    ids: GlobalIds,
    publications: PublicationIds,
}

impl<H> Broker<H> {
    pub(crate) fn new(seed: u64) -> Self {
        let mut seeds = GlobalIds::new(seed);
        Self {
            subscriptions: PatternMap::new(),
            keys: HashMap::new(),
            ids: GlobalIds::new(seeds.draw()),
            publications: PublicationIds::new(seeds.draw()),
        }
    }

    /// Adds the session to the subscription of this topic and match policy. All subscribers of one share its id, and
    /// who subscribes again gets the same id again.
    pub(crate) fn subscribe(
        &mut self,
        config: &RealmConfig,
        seat: &mut Seat<H>,
        message: Subscribe,
    ) -> Result<SubscriptionId, Reject> {
        let Subscribe { options, topic, .. } = message;
        let policy = options.match_policy;
        topic.check(config.uri_rule, policy)?;
        let known = self.subscriptions.get(policy, topic.as_str()).map(|s| s.id);
        if let Some(id) = known.filter(|id| seat.subscriptions.contains(id)) {
            return Ok(id);
        }
        if seat.subscriptions.len() >= config.limits.subscriptions {
            return Err(Reject::LimitExceeded("subscriptions"));
        }
        let id = known.unwrap_or_else(|| self.create(policy, &topic));
        if let Some(subscription) = self.subscriptions.get_mut(policy, topic.as_str()) {
            subscription.add(Arc::clone(&seat.member));
        }
        seat.subscriptions.insert(id);
        Ok(id)
    }

    fn create(&mut self, policy: MatchPolicy, topic: &Uri) -> SubscriptionId {
        let mut id = self.ids.subscription();
        while self.keys.contains_key(&id) {
            id = self.ids.subscription();
        }
        let topic = topic.detach();
        self.subscriptions.insert(policy, &topic, Subscription::new(id, policy, topic.clone()));
        self.keys.insert(id, (policy, topic));
        id
    }

    /// Takes the session out of one of its subscriptions.
    pub(crate) fn unsubscribe(
        &mut self,
        seat: &mut Seat<H>,
        id: SubscriptionId,
    ) -> Result<(), Reject> {
        if !seat.subscriptions.remove(&id) {
            return Err(Reject::NoSuchSubscription);
        }
        self.remove(id, seat.member.session());
        Ok(())
    }

    /// Takes a session out of a subscription, and the subscription away with its last subscriber.
    pub(crate) fn remove(&mut self, id: SubscriptionId, session: SessionId) {
        let Some((policy, topic)) = self.keys.get(&id) else { return };
        let Some(subscription) = self.subscriptions.get_mut(*policy, topic.as_str()) else {
            return;
        };
        subscription.remove(session);
        if subscription.is_empty() {
            self.subscriptions.remove(*policy, topic.as_str());
            self.keys.remove(&id);
        }
    }

    /// Delivers an event to every subscription its topic matches, under one publication id.
    pub(crate) fn publish(
        &self,
        config: &RealmConfig,
        from: &Member<H>,
        message: Publish,
        out: &mut impl Sink<H>,
    ) -> Result<PublicationId, Refusal> {
        let Publish { options, topic, payload, .. } = message;
        if options.passthru.as_ref().is_some_and(|p| p.scheme.is_some())
            && !from.supports(Role::Publisher, Feature::PayloadPassthruMode)
        {
            return Err(passthru_not_announced(MessageCode::Publish));
        }
        topic.check(config.uri_rule, MatchPolicy::Exact)?;
        if topic.is_reserved() {
            return Err(Reject::Reserved.into());
        }
        let disclose = config.disclosure.discloses(options.disclose_me, false)?;
        let publication = self.publications.draw();
        let details = details(from, disclose, &options);
        let eligibility = Eligibility::new(&options, from.session());
        let mut first: Option<Arc<SharedEvent>> = None;
        self.subscriptions.matching(topic.as_str(), |subscription| {
            // Made for the first receiver: often there is none but the publisher.
            let mut event = None;
            subscription.for_each(&eligibility, |member| {
                let event = event.get_or_insert_with(|| {
                    let mut details = details.clone();
                    details.topic = subscription.is_pattern().then(|| topic.clone());
                    let subscription = subscription.id;
                    let payload = payload.clone();
                    let event = Event { subscription, publication, details, payload };
                    Arc::new(SharedEvent::new(event, first.clone()))
                });
                out.deliver(member.handle(), Outbound::Event(Arc::clone(event)));
            });
            first = first.take().or(event);
        });
        Ok(publication)
    }

    /// Whether subscriptions and the seats of their subscribers say the same.
    pub(crate) fn check(&self, seats: &Members<H>) -> Result<(), String> {
        self.subscriptions.check()?;
        let subscriptions = self.subscriptions.values();
        if subscriptions.len() != self.keys.len() {
            return Err("subscriptions and their keys differ in number".into());
        }
        let mut places = 0;
        for subscription in subscriptions {
            let id = subscription.id;
            if self.keys.get(&id) != Some(&subscription.key()) {
                return Err(format!("{id:?} stands under another key"));
            }
            places += subscription.check()?;
            for member in subscription.members() {
                let seat = seats.get(member.session()).filter(|s| Arc::ptr_eq(&s.member, member));
                if !seat.is_some_and(|seat| seat.subscriptions.contains(&id)) {
                    return Err(format!("{member:?} does not know of {id:?}"));
                }
            }
        }
        let held: usize = seats.iter().map(|seat| seat.subscriptions.len()).sum();
        if held == places { Ok(()) } else { Err("a session holds a subscription in vain".into()) }
    }
}

/// What subscribers are told. Built from nothing: of the publisher's options only those pass that are made for it.
fn details<H>(from: &Member<H>, disclose: bool, options: &PublishOptions) -> EventDetails {
    let mut details = EventDetails {
        passthru: options.passthru.clone(),
        transaction_hash: options.transaction_hash.clone(),
        ..EventDetails::default()
    };
    if disclose {
        details.publisher = Some(from.session());
        details.publisher_authid.clone_from(&from.who().authid);
        details.publisher_authrole.clone_from(&from.who().authrole);
    }
    details
}

/// "WAMP: Payload Passthru Mode": who uses it without having announced it breaks the protocol. The older `enc_*` form
/// has no feature of this name and is let through.
pub(crate) fn passthru_not_announced(message: MessageCode) -> Refusal {
    let feature = Feature::PayloadPassthruMode.name();
    ProtocolViolation::FeatureNotAnnounced { message, feature }.into()
}
