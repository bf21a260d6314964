//! A realm, and its data plane: the messages that move between sessions. What changes the realm is in `control`.

use crate::{
    authorization::Grant,
    broker::Broker,
    config::{Disclosure, MetaApi, RealmConfig},
    dealer::Dealer,
    history::HistoryStore,
    member::{Member, Members},
    meta,
    reject::{Refusal, Reject},
    routing::Moment,
    schema::TopicSchemas,
    sink::{Outbound, Sink},
    tracing::CallOutcome,
};
use core::fmt;
use parking_lot::RwLock;
use std::sync::Arc;
use wamplex_shared::{
    error::ProtocolViolation,
    id::{GlobalIds, RequestId, SessionId},
    message::{Call, Cancel, Error, Message, MessageCode, Publish, Published, Yield},
    roles::{Feature, Features, Role, Roles},
    time::Time,
};

/// A realm: sessions, what they subscribed to and registered, and the calls between them.
///
/// Methods with `&mut self` are the control plane: they change who is here and what they asked for. Methods with
/// `&self` are the data plane: they move messages, and may run on all cores at once. A shell keeps the realm behind a
/// read-write lock and hands the messages of one session in one after another; the realm then keeps every order that
/// "WAMP: Ordering Guarantees" asks for, since whatever a message causes is delivered before its method returns.
///
/// Locks are taken in this order: the shell's guard around the realm, then the queue of one registration, then a table of
/// one member, then the course of one call, then whatever the sink locks; or, after the guard, the schemas of topics; or
/// the events that are kept, then the sink. Two of a kind are never locked at the same time.
///
/// Roles that a client did not announce are not held against it: a REGISTER is served whether or not its sender
/// announced the role of callee. Features are: see [`ProtocolViolation::FeatureNotAnnounced`].
///
/// `H` is whatever the shell uses to reach a session.
///
/// ```
/// use wamplex_realm::{Joining, Outbound, Realm, RealmConfig, Sink};
/// use wamplex_shared::{id::{RequestId, SessionId}, message::*, payload::Payload, roles::Roles, time::Time, uri::Uri};
///
/// struct Log(Vec<(u32, Message)>);
/// impl Sink<u32> for Log {
///     fn deliver(&mut self, to: &u32, message: Outbound) {
///         self.0.push((*to, message.to_message()));
///     }
/// }
///
/// let (mut realm, mut log) = (Realm::new(RealmConfig::new("realm1", 7)), Log(Vec::new()));
/// let [alice, bob] = [1, 2].map(|n| {
///     let who = Joining::new(SessionId::new(n).unwrap(), Roles::NONE);
///     realm.join(who, n as u32, Time::ZERO, &mut log)
/// });
/// let (request, topic) = (RequestId::FIRST, Uri::from_static("com.example.topic"));
/// let subscribe = Subscribe { request, options: SubscribeOptions::default(), topic: topic.clone() };
/// realm.subscribe(&bob, subscribe, Time::ZERO, &mut log).unwrap();
/// let publish = Publish { request, options: PublishOptions::default(), topic, payload: Payload::NONE };
/// realm.publish(&alice, publish, Time::ZERO, &mut log).unwrap();
/// assert!(matches!(log.0[..], [(2, Message::Subscribed(_)), (2, Message::Event(_))]));
/// ```
pub struct Realm<H> {
    pub(crate) config: RealmConfig,
    pub(crate) members: Members<H>,
    pub(crate) broker: Broker<H>,
    pub(crate) dealer: Dealer<H>,
    pub(crate) topics: RwLock<TopicSchemas>,
}

/// What became of a message. A refused request is `Ok`: it was answered with ERROR.
///
/// # Errors
/// The message breaks the protocol: the shell sends ABORT, lets the member leave and handles nothing more of it.
pub type Handled = Result<(), ProtocolViolation>;

impl<H> Realm<H> {
    /// An empty realm.
    #[must_use]
    pub fn new(config: RealmConfig) -> Self {
        let mut seeds = GlobalIds::new(config.seed);
        Self {
            members: Members::new(),
            broker: Broker::new(&config, seeds.draw()),
            dealer: Dealer::new(seeds.draw()),
            topics: RwLock::default(),
            config,
        }
    }

    /// The same realm with another place for its history.
    #[must_use]
    pub fn with_history(mut self, store: Box<dyn HistoryStore>) -> Self {
        self.broker.keeper.set_history(store);
        self
    }

    /// The rules of the realm.
    #[must_use]
    pub const fn config(&self) -> &RealmConfig {
        &self.config
    }

    /// The roles and features that WELCOME announces.
    #[must_use]
    pub fn welcome_roles(&self) -> Roles {
        let mut broker = Features::of(&[
            Feature::PublisherExclusion,
            Feature::SubscriberBlackwhiteListing,
            Feature::PatternBasedSubscription,
            Feature::ShardedSubscription,
            Feature::PayloadPassthruMode,
            Feature::SubscriptionRevocation,
        ]);
        let mut dealer = Features::of(&[
            Feature::ProgressiveCallResults,
            Feature::ProgressiveCallInvocations,
            Feature::CallTimeout,
            Feature::CallCanceling,
            Feature::PatternBasedRegistration,
            Feature::SharedRegistration,
            Feature::ShardedRegistration,
            Feature::CallReroute,
            Feature::PayloadPassthruMode,
            Feature::RegistrationRevocation,
        ]);
        if self.config.trustlevels {
            broker.insert(Feature::PublicationTrustlevels);
            dealer.insert(Feature::CallTrustlevels);
        }
        if self.config.disclosure != Disclosure::Never {
            broker.insert(Feature::PublisherIdentification);
            dealer.insert(Feature::CallerIdentification);
        }
        if self.config.retention.events > 0 {
            broker.insert(Feature::EventRetention);
        }
        if self.config.meta_api != MetaApi::Off {
            meta::features(&mut broker, &mut dealer);
            if !self.config.history.rules.is_empty() {
                broker.insert(Feature::EventHistory);
            }
        }
        Roles::NONE.with(Role::Broker, broker).with(Role::Dealer, dealer)
    }

    /// How many sessions are here.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.members.len()
    }

    /// The sessions that are here, in no order. Those of the router itself are not among them.
    pub fn sessions(&self) -> impl Iterator<Item = &Arc<Member<H>>> {
        self.members.visible()
    }

    /// The session with this id, if it is here.
    #[must_use]
    pub fn session(&self, id: SessionId) -> Option<&Arc<Member<H>>> {
        self.members.get(id).map(|seat| &seat.member)
    }

    /// Handles PUBLISH. Unless the publisher asked for an acknowledgement, it is told nothing, not even that the event
    /// was refused.
    ///
    /// # Errors
    /// See [`Handled`].
    pub fn publish(
        &self,
        from: &Member<H>,
        message: Publish,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Handled {
        self.publish_as(Grant::EVERYTHING, from, message, now, out)
    }

    /// Handles PUBLISH as [`publish`](Self::publish) does, with what goes with the publisher's right.
    ///
    /// # Errors
    /// See [`Handled`].
    pub fn publish_as(
        &self,
        grant: Grant,
        from: &Member<H>,
        message: Publish,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Handled {
        let Publish { request, .. } = message;
        self.accept(from, MessageCode::Publish, request)?;
        if from.has_left() {
            return Ok(());
        }
        let acknowledge = message.options.acknowledge;
        if let Err(objection) = self.admit_event(from, &message) {
            if acknowledge {
                let error = objection.to_error(MessageCode::Publish, request);
                out.deliver(from.handle(), Outbound::from(error));
            }
            return Ok(());
        }
        let published = match self.broker.publish(self.moment(now), grant, from, message, out) {
            Ok(publication) => Ok(Published { request, publication }),
            Err(Refusal::Reject(reject)) => Err(reject),
            Err(Refusal::Violation(violation)) => return Err(violation),
        };
        if acknowledge {
            answer(from, MessageCode::Publish, request, published, out);
        }
        Ok(())
    }

    /// Handles CALL of a procedure that is not of the protocol: those go to [`call_meta`](Self::call_meta).
    ///
    /// # Errors
    /// See [`Handled`].
    pub fn call(
        &self,
        from: &Arc<Member<H>>,
        message: Call,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Handled {
        self.call_as(Grant::EVERYTHING, from, message, now, out)
    }

    /// Handles CALL as [`call`](Self::call) does, with what goes with the caller's right.
    ///
    /// # Errors
    /// See [`Handled`].
    pub fn call_as(
        &self,
        grant: Grant,
        from: &Arc<Member<H>>,
        message: Call,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Handled {
        let Call { request, .. } = message;
        if let Some(earlier) = self.accept_call(from, request)? {
            return self.go_on(earlier, message, now, out);
        }
        let mut span = self.trace(from, &message);
        let error = if let Err(objection) = self.admit_call(&message) {
            objection.to_error(MessageCode::Call, request)
        } else {
            match self.dealer.call(self.moment(now), grant, from, message, &mut span, out) {
                Ok(()) => return Ok(()),
                Err(Refusal::Reject(reject)) => reject.to_error(MessageCode::Call, request),
                Err(Refusal::Violation(violation)) => return Err(violation),
            }
        };
        if let Some(span) = span {
            span.end(&CallOutcome::Failed(error.error.clone()));
        }
        out.deliver(from.handle(), Outbound::from(error));
        Ok(())
    }

    /// Handles CANCEL.
    ///
    /// # Errors
    /// See [`Handled`].
    pub fn cancel(
        &self,
        from: &Member<H>,
        message: Cancel,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Handled {
        self.dealer.cancel(self.moment(now), from, message, out);
        Ok(())
    }

    /// Handles YIELD.
    ///
    /// # Errors
    /// See [`Handled`].
    pub fn yield_(
        &self,
        from: &Member<H>,
        message: Yield,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Handled {
        let moment = self.moment(now);
        if from.has_left() { Ok(()) } else { self.dealer.yield_(moment, from, message, out) }
    }

    /// Handles ERROR, with which a callee answers an INVOCATION.
    ///
    /// # Errors
    /// See [`Handled`].
    pub fn error(
        &self,
        from: &Member<H>,
        message: Error,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Handled {
        let moment = self.moment(now);
        if from.has_left() { Ok(()) } else { self.dealer.error(moment, from, message, out) }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do. May be too early, never too late; cheap enough
    /// to be asked after every message.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        self.dealer.timers.next()
    }

    /// Ends the calls whose time is over.
    pub fn handle_timeout(&self, now: Time, out: &mut impl Sink<H>) {
        self.dealer.handle_timeout(self.moment(now), out);
    }

    /// Whether everything the realm knows in two places is the same in both. For tests, while nothing is moving.
    ///
    /// # Errors
    /// What is not the same.
    pub fn check(&self) -> Result<(), String> {
        self.broker.check(&self.members)?;
        self.dealer.check(&self.members)?;
        self.dealer.check_calls(&self.members)
    }

    pub(crate) const fn moment(&self, now: Time) -> Moment<'_> {
        Moment { config: &self.config, now }
    }

    pub(crate) fn accept(
        &self,
        from: &Member<H>,
        message: MessageCode,
        request: RequestId,
    ) -> Handled {
        if from.has_left() {
            return Ok(());
        }
        from.accept_request(message, request, self.config.strict_request_ids)
    }
}

/// Tells the sender of a request what became of it.
pub(crate) fn answer<H>(
    to: &Member<H>,
    code: MessageCode,
    request: RequestId,
    answer: Result<impl Into<Message>, Reject>,
    out: &mut impl Sink<H>,
) {
    let message = match answer {
        Ok(message) => message.into(),
        Err(reject) => reject.to_error(code, request).into(),
    };
    out.deliver(to.handle(), Outbound::from(message));
}

impl<H> Drop for Realm<H> {
    /// A call in flight and its two members hold each other: lets go of the calls.
    fn drop(&mut self) {
        for seat in self.members.iter() {
            drop(seat.member.calls.lock().take_all());
            drop(seat.member.invocations.lock().open.take_all());
        }
    }
}

impl<H> fmt::Debug for Realm<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Realm")
            .field("name", &self.config.name)
            .field("sessions", &self.members.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::Joining;
    use wamplex_shared::{
        message::{CallOptions, Register, RegisterOptions, Subscribe, SubscribeOptions},
        payload::Payload,
        uri::Uri,
    };

    struct Nowhere;

    impl Sink<()> for Nowhere {
        fn deliver(&mut self, (): &(), _: Outbound) {}
    }

    fn join(realm: &mut Realm<()>, n: u64) -> Arc<Member<()>> {
        let who = Joining::new(SessionId::new(n).unwrap(), Roles::NONE);
        realm.join(who, (), Time::ZERO, &mut Nowhere)
    }

    fn register(realm: &mut Realm<()>, from: &Member<()>) {
        let (request, procedure) = (RequestId::FIRST, Uri::from_static("com.p"));
        let message = Register { request, options: RegisterOptions::default(), procedure };
        realm.register(from, message, Time::ZERO, &mut Nowhere).unwrap();
    }

    fn call(realm: &Realm<()>, from: &Arc<Member<()>>) {
        let message = Call {
            request: RequestId::FIRST,
            options: CallOptions::default(),
            procedure: Uri::from_static("com.p"),
            payload: Payload::NONE,
        };
        realm.call(from, message, Time::ZERO, &mut Nowhere).unwrap();
    }

    #[test]
    fn a_session_that_joins_under_a_taken_id_takes_the_place() {
        let mut realm = Realm::new(RealmConfig::new("realm1", 0));
        let old = join(&mut realm, 1);
        register(&mut realm, &old);
        let new = join(&mut realm, 1);
        assert!(old.has_left() && !new.has_left());
        assert_eq!(realm.session_count(), 1);
        register(&mut realm, &new);
        realm.leave(&old, Time::ZERO, &mut Nowhere);
        assert!(!new.has_left());
        realm.check().unwrap();
    }

    #[test]
    fn a_realm_that_is_dropped_frees_members_with_open_calls() {
        let mut realm = Realm::new(RealmConfig::new("realm1", 0));
        let (caller, callee) = (join(&mut realm, 1), join(&mut realm, 2));
        register(&mut realm, &callee);
        call(&realm, &caller);
        let members = [Arc::downgrade(&caller), Arc::downgrade(&callee)];
        drop((caller, callee, realm));
        assert!(members.iter().all(|member| member.upgrade().is_none()));
    }

    #[test]
    fn names_are_copied_out_of_the_frame_they_came_in() {
        let mut realm = Realm::new(RealmConfig::new("realm1", 0));
        let member = join(&mut realm, 1);
        let frame = bytes::Bytes::from(b"com.topic".to_vec());
        let topic = Uri::new(bytestring::ByteString::try_from(frame.clone()).unwrap());
        let (request, options) = (RequestId::FIRST, SubscribeOptions::default());
        let message = Subscribe { request, options, topic };
        realm.subscribe(&member, message, Time::ZERO, &mut Nowhere).unwrap();
        assert!(frame.is_unique(), "a subscription keeps the frame of its SUBSCRIBE alive");
    }
}
