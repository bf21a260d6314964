//! Subscriptions, and events on their way to them ("WAMP: Publish and Subscribe").

use crate::{
    authorization::Grant,
    change::{Departed, Entered},
    config::RealmConfig,
    eligibility::Eligibility,
    event::SharedEvent,
    fan_out::FanOut,
    keeper::Keeper,
    kept::{Audience, KeptEvent},
    member::{Member, Members, Seat},
    pattern::PatternMap,
    question::uses_passthru,
    reject::{Refusal, Reject},
    routing::Moment,
    sink::{Outbound, Sink},
    subscription::Subscription,
};
use core::cell::LazyCell;
use std::{collections::HashMap, sync::Arc};
use wamplex_shared::{
    codec,
    error::ProtocolViolation,
    id::{GlobalIds, PublicationId, PublicationIds, SessionId, SubscriptionId},
    message::{Event, EventDetails, MessageCode, Publish, PublishOptions, Subscribe},
    roles::{Feature, Role},
    serializer::Serializer,
    time::Time,
    uri::{MatchPolicy, Uri},
    value::{Dict, List},
};

/// The broker of one realm.
pub(crate) struct Broker<H> {
    subscriptions: PatternMap<Subscription<H>>,
    /// Where each subscription stands in the map.
    keys: HashMap<SubscriptionId, (MatchPolicy, Uri)>,
    /// How many of them are about the protocol itself.
    about_protocol: usize,
    ids: GlobalIds,
    /// The ids of what the router itself publishes; members have their own.
    publications: PublicationIds,
    pub(crate) keeper: Keeper,
}

impl<H> Broker<H> {
    pub(crate) fn new(config: &RealmConfig, seed: u64) -> Self {
        let mut seeds = GlobalIds::new(seed);
        Self {
            subscriptions: PatternMap::new(),
            keys: HashMap::new(),
            about_protocol: 0,
            ids: GlobalIds::new(seeds.draw()),
            publications: PublicationIds::new(seeds.draw()),
            keeper: Keeper::new(config),
        }
    }

    /// The ids for the publications of one member.
    pub(crate) const fn new_publications(&mut self) -> PublicationIds {
        PublicationIds::new(self.ids.draw())
    }

    /// How many subscriptions there are.
    pub(crate) fn subscription_count(&self) -> usize {
        self.keys.len()
    }

    /// Adds the session to the subscription of this topic and match policy. All subscribers of one share its id, and
    /// who subscribes again gets the same id again, and changes its `nkey`.
    pub(crate) fn subscribe(
        &mut self,
        config: &RealmConfig,
        seat: &mut Seat<H>,
        message: Subscribe,
        now: Time,
    ) -> Result<Entered<SubscriptionId>, Reject> {
        let Subscribe { options, topic, .. } = message;
        let policy = options.match_policy;
        topic.check(config.uri_rule, policy)?;
        let known = self.subscriptions.get(policy, topic.as_str()).map(|s| s.id);
        let session = seat.member.session();
        if let Some(id) = known.filter(|id| seat.subscriptions.contains(id)) {
            if let Some(subscription) = self.subscriptions.get_mut(policy, topic.as_str()) {
                subscription.set_node(session, options.nkey.as_ref());
            }
            return Ok(Entered { id, created: false, added: false });
        }
        if seat.subscriptions.len() >= seat.member.limits(config).subscriptions {
            return Err(Reject::LimitExceeded("subscriptions"));
        }
        let id = known.unwrap_or_else(|| self.create(policy, &topic, now));
        if let Some(subscription) = self.subscriptions.get_mut(policy, topic.as_str()) {
            subscription.add(Arc::clone(&seat.member));
            subscription.set_node(session, options.nkey.as_ref());
        }
        seat.subscriptions.insert(id);
        Ok(Entered { id, created: known.is_none(), added: true })
    }

    fn create(&mut self, policy: MatchPolicy, topic: &Uri, now: Time) -> SubscriptionId {
        let mut id = self.ids.subscription();
        while self.keys.contains_key(&id) {
            id = self.ids.subscription();
        }
        let topic = topic.detach();
        self.about_protocol += usize::from(topic.is_reserved());
        let subscription = Subscription::new(id, policy, topic.clone(), now);
        self.subscriptions.insert(policy, &topic, subscription);
        self.keys.insert(id, (policy, topic));
        id
    }

    /// Takes the session out of one of its subscriptions.
    pub(crate) fn unsubscribe(
        &mut self,
        seat: &mut Seat<H>,
        id: SubscriptionId,
    ) -> Result<Option<Departed<SubscriptionId>>, Reject> {
        if !seat.subscriptions.remove(&id) {
            return Err(Reject::NoSuchSubscription);
        }
        Ok(self.remove(id, seat.member.session()))
    }

    /// Takes a session out of a subscription, and the subscription away with its last subscriber.
    pub(crate) fn remove(
        &mut self,
        id: SubscriptionId,
        session: SessionId,
    ) -> Option<Departed<SubscriptionId>> {
        let (policy, topic) = self.keys.get(&id)?;
        let subscription = self.subscriptions.get_mut(*policy, topic.as_str())?;
        subscription.remove(session);
        let (deleted, reserved) = (subscription.is_empty(), subscription.is_reserved());
        if deleted {
            self.about_protocol -= usize::from(reserved);
            self.subscriptions.remove(*policy, topic.as_str());
            self.keys.remove(&id);
        }
        Some(Departed { id, deleted, reserved })
    }

    /// The subscription with this id.
    pub(crate) fn get(&self, id: SubscriptionId) -> Option<&Subscription<H>> {
        let (policy, topic) = self.keys.get(&id)?;
        self.lookup(*policy, topic.as_str())
    }

    /// The subscription made with this very topic or pattern.
    pub(crate) fn lookup(&self, policy: MatchPolicy, topic: &str) -> Option<&Subscription<H>> {
        self.subscriptions.get(policy, topic)
    }

    /// All subscriptions, in no order that means anything.
    pub(crate) fn subscriptions(&self) -> Vec<&Subscription<H>> {
        self.subscriptions.values()
    }

    /// Visits the subscriptions that an event of this topic goes to. Patterns of clients do not reach into the
    /// namespace of the protocol.
    pub(crate) fn matching<'a>(&'a self, topic: &Uri, mut visit: impl FnMut(&'a Subscription<H>)) {
        let is_reserved = topic.is_reserved();
        self.subscriptions.matching(topic.as_str(), |subscription| {
            if !is_reserved || subscription.is_reserved() {
                visit(subscription);
            }
        });
    }

    /// Whether anybody may receive an event of the router itself.
    pub(crate) const fn is_watched(&self) -> bool {
        self.about_protocol > 0
    }

    /// Publishes an event of the router itself. The arguments are made if anybody receives them.
    pub(crate) fn announce(
        &self,
        topic: &'static str,
        args: impl FnOnce() -> List,
        out: &mut impl Sink<H>,
    ) {
        let topic = Uri::from_static(topic);
        let payload =
            LazyCell::new(|| codec::write_values(Serializer::Json, &args(), &Dict::new()));
        let publication = self.publications.draw();
        let mut first: Option<Arc<SharedEvent>> = None;
        self.matching(&topic, |subscription| {
            let topic = subscription.is_pattern().then(|| topic.clone());
            let details = EventDetails { topic, ..EventDetails::default() };
            let (subscription, members) = (subscription.id, subscription.members());
            let event = Event { subscription, publication, details, payload: payload.clone() };
            let event = Arc::new(SharedEvent::new(event, first.clone()));
            for member in members.iter() {
                out.deliver(member.handle(), Outbound::Event(Arc::clone(&event)));
            }
            first.get_or_insert(event);
        });
    }

    /// Delivers an event to every subscription its topic matches, under one publication id.
    pub(crate) fn publish(
        &self,
        Moment { config, now }: Moment<'_>,
        grant: Grant,
        from: &Member<H>,
        message: Publish,
        out: &mut impl Sink<H>,
    ) -> Result<PublicationId, Refusal> {
        let Publish { options, topic, .. } = &message;
        if uses_passthru(options.passthru.as_deref())
            && !from.supports(Role::Publisher, Feature::PayloadPassthruMode)
        {
            return Err(passthru_not_announced(MessageCode::Publish));
        }
        topic.check(config.uri_rule, MatchPolicy::Exact)?;
        if topic.is_reserved() {
            return Err(Reject::Reserved.into());
        }
        let disclosure = config.disclosure.overridden(grant.disclose);
        let disclose = disclosure.discloses(options.disclose_me, false)?;
        let keeping = self.keeper.judge(config, &message)?;
        let Publish { options, topic, payload, .. } = message;
        let publication = from.draw_publication();
        let details = || details(config, from, disclose, &options);
        let is_kept = keeping.is_some();
        let _others_wait = keeping.map(|keeping| {
            let event = KeptEvent {
                publication,
                topic: topic.clone(),
                timestamp: config.unix_millis(now),
                details: details(),
                payload: payload.clone(),
                audience: Audience::new(&options, from.session()),
            };
            self.keeper.keep(&keeping, event, now)
        });
        let fan_out = FanOut {
            eligibility: Eligibility::new(&options, from.session()),
            rkey: options.rkey.as_deref(),
            is_kept,
            event: |subscription: &Subscription<H>| {
                let topic = subscription.is_pattern().then(|| topic.clone());
                let details = EventDetails { topic, ..details() };
                let (subscription, payload) = (subscription.id, payload.clone());
                Event { subscription, publication, details, payload }
            },
        };
        fan_out.deliver(&self.subscriptions, &topic, out);
        Ok(publication)
    }

    /// Delivers the retained events of a subscription to one of its subscribers.
    pub(crate) fn replay(
        &self,
        id: SubscriptionId,
        to: &Member<H>,
        now: Time,
        out: &mut impl Sink<H>,
    ) {
        let Some(subscription) = self.get(id) else { return };
        let (policy, pattern) = subscription.key();
        let admits = |kept: &KeptEvent| {
            let shard = subscription.shard(kept.audience.rkey.as_deref());
            shard.is_none_or(|shard| shard.admits(to.session()))
        };
        for kept in self.keeper.retained(policy, &pattern, to, now, admits) {
            let topic = subscription.is_pattern().then(|| kept.topic.clone());
            let details = EventDetails { topic, retained: true, ..kept.details.clone() };
            let (publication, payload) = (kept.publication, kept.payload.clone());
            let event = Event { subscription: id, publication, details, payload };
            out.deliver(to.handle(), Outbound::Event(Arc::new(SharedEvent::new(event, None))));
        }
    }

    /// Whether subscriptions and the seats of their subscribers say the same.
    pub(crate) fn check(&self, seats: &Members<H>) -> Result<(), String> {
        self.subscriptions.check()?;
        self.keeper.check()?;
        let subscriptions = self.subscriptions.values();
        if subscriptions.len() != self.keys.len() {
            return Err("subscriptions and their keys differ in number".into());
        }
        let (mut places, mut about_protocol) = (0, 0);
        for subscription in subscriptions {
            let id = subscription.id;
            if self.keys.get(&id) != Some(&subscription.key()) {
                return Err(format!("{id:?} stands under another key"));
            }
            places += subscription.check()?;
            about_protocol += usize::from(subscription.is_reserved());
            for member in subscription.members().iter() {
                let seat = seats.get(member.session()).filter(|s| Arc::ptr_eq(&s.member, member));
                if !seat.is_some_and(|seat| seat.subscriptions.contains(&id)) {
                    return Err(format!("{member:?} does not know of {id:?}"));
                }
            }
        }
        if about_protocol != self.about_protocol {
            return Err("subscriptions to topics of the protocol are miscounted".into());
        }
        let held: usize = seats.iter().map(|seat| seat.subscriptions.len()).sum();
        if held == places { Ok(()) } else { Err("a session holds a subscription in vain".into()) }
    }
}

/// What subscribers are told. Built from nothing: of the publisher's options only those pass that are made for it.
fn details<H>(
    config: &RealmConfig,
    from: &Member<H>,
    disclose: bool,
    options: &PublishOptions,
) -> EventDetails {
    let mut details = EventDetails {
        trustlevel: config.trustlevel(from.who()),
        passthru: options.passthru.clone(),
        transaction_hash: options.transaction_hash.clone(),
        custom: config.passed_options.pick(&options.custom),
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
