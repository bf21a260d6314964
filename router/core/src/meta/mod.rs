//! What the router itself offers in the namespace `wamp.`: procedures to look at a realm and to change it, and events
//! about what happens in it.
//!
//! A procedure is a function of [`Realm`] that reads its [`Arguments`] and returns a [`Reply`]. What it does beyond
//! answering is a [`Deed`], done once the answer is delivered: the caller learns of its call first and of the
//! consequences afterwards.

mod arguments;
mod authorization;
mod events;
mod reflection;
mod registration;
mod session;
mod slow;
mod subscription;
mod testament;

pub use slow::Slowness;
pub(crate) use testament::Testaments;

use crate::{
    authorization::Action,
    change::Departed,
    config::MetaApi,
    member::Member,
    question::{check_options, uses_passthru},
    realm::{Handled, Realm},
    reject::{Refusal, Reject},
    sink::{Outbound, Sink},
};
use arguments::Arguments;
pub(crate) use arguments::integer;
use std::sync::Arc;
use wamplex_shared::{
    codec,
    id::{RegistrationId, RequestId, SubscriptionId},
    message::{Call, CallOptions, MessageCode, ResultDetails, ResultMessage},
    payload::Payload,
    roles::{Feature, Features},
    time::Time,
    uri::{MatchPolicy, Uri, UriRule},
    uris,
    value::{Dict, List, Value},
};

/// What a session leaves behind.
#[derive(Debug)]
pub(crate) struct LeftBehind {
    pub(crate) subscriptions: Vec<Departed<SubscriptionId>>,
    pub(crate) registrations: Vec<Departed<RegistrationId>>,
    pub(crate) testaments: Testaments,
}

/// What a procedure answers.
struct Reply<H> {
    /// The one positional argument of the result; `None` for a result without arguments.
    value: Option<Value>,
    /// What is to be done.
    deed: Option<Deed<H>>,
}

/// What a procedure does to others than its caller.
enum Deed<H> {
    Kill(session::Kill<H>),
    RemoveCallee(registration::RemoveCallee<H>),
    RemoveSubscriber(subscription::RemoveSubscriber<H>),
}

type Outcome<H> = Result<Reply<H>, Reject>;

/// Adds what this part of the router offers.
pub(crate) const fn features(broker: &mut Features, dealer: &mut Features) {
    broker.insert(Feature::SessionMetaApi);
    broker.insert(Feature::SubscriptionMetaApi);
    dealer.insert(Feature::SessionMetaApi);
    dealer.insert(Feature::RegistrationMetaApi);
    dealer.insert(Feature::TestamentMetaApi);
    broker.insert(Feature::Reflection);
    dealer.insert(Feature::Reflection);
}

impl<H> Realm<H> {
    /// Handles CALL of a procedure of the protocol, one whose URI [is reserved](wamplex_shared::uri::Uri::is_reserved).
    /// They are answered at once, by the realm itself ("WAMP: Session Meta API", "WAMP: Registration Meta API",
    /// "WAMP: Subscription Meta API", "WAMP: Session Testament").
    ///
    /// The specification has only the names of the procedures of reflection. Ours answer:
    ///
    /// | procedure | arguments | result |
    /// |---|---|---|
    /// | `wamp.reflection.procedure.list` | | `{"exact": [uri…], "prefix": […], "wildcard": […]}`: what clients have registered |
    /// | `wamp.reflection.procedure.describe` | `[procedure, options?]` | `{uri, match, invoke, callees, schema}`, or null |
    /// | `wamp.reflection.topic.list` | | the same dictionary, of what is subscribed to or has a schema |
    /// | `wamp.reflection.topic.describe` | `[topic, options?]` | `{uri, match, subscribers, schema}`, or null |
    /// | `wamp.reflection.error.list` | | the URIs of errors: those that the router answers with, and those in schemas |
    /// | `wamp.reflection.error.describe` | `[error]` | `{uri, procedures, schema}`, or null |
    ///
    /// `options` may have `match`, to ask about a pattern. A procedure without it is the one that answers a call.
    /// `callees` and `subscribers` are numbers, `procedures` the URIs of the registrations that name the error, and
    /// `schema` is what [was attached](crate::Validator), or null.
    ///
    /// # Errors
    /// See [`Handled`].
    pub fn call_meta(
        &mut self,
        from: &Arc<Member<H>>,
        message: Call,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Handled {
        if message.procedure == uris::subscription::GET_EVENTS {
            return self.get_events(from, message, now, out);
        }
        let Call { request, .. } = message;
        if let Some(earlier) = self.accept_call(from, request)? {
            return self.go_on(earlier, message, now, out);
        }
        let serializer = message.payload.serializer();
        let Reply { value, deed } = match self.answer(from, message, now) {
            Ok(reply) => reply,
            Err(Refusal::Violation(violation)) => return Err(violation),
            Err(Refusal::Reject(reject)) => {
                let error = reject.to_error(MessageCode::Call, request);
                out.deliver(from.handle(), Outbound::from(error));
                return Ok(());
            }
        };
        let payload =
            value.map_or(Payload::NONE, |v| codec::write_values(serializer, &[v], &Dict::new()));
        out.deliver(from.handle(), Outbound::from(result(request, payload)));
        match deed {
            None => {}
            Some(Deed::Kill(kill)) => self.kill(kill, now, out),
            Some(Deed::RemoveCallee(removal)) => self.remove_callee(removal, now, out),
            Some(Deed::RemoveSubscriber(removal)) => self.remove_subscriber(removal, out),
        }
        Ok(())
    }

    fn answer(
        &mut self,
        from: &Arc<Member<H>>,
        call: Call,
        now: Time,
    ) -> Result<Reply<H>, Refusal> {
        let Call { request, options, procedure, payload } = call;
        self.admit(from, request, &options, &procedure)?;
        Ok(self.call_procedure(from, &procedure, &payload, now)?)
    }

    /// Refuses calls that nobody may make.
    fn admit(
        &self,
        from: &Member<H>,
        request: RequestId,
        options: &CallOptions,
        procedure: &Uri,
    ) -> Result<(), Refusal> {
        check_options(from, options)?;
        if from.calls.lock().contains(request) {
            return Err(from.request_in_use(request).into());
        }
        procedure.check(self.config.uri_rule, MatchPolicy::Exact)?;
        match self.config.meta_api {
            _ if from.who().privileged => {}
            MetaApi::Off => return Err(Reject::NoSuchProcedure.into()),
            MetaApi::Ask if self.config.authority.is_none() && acts_on_others(procedure) => {
                return Err(Reject::MetaApiAsksOnly.into());
            }
            MetaApi::Ask | MetaApi::Full => {}
        }
        self.right(from.who(), Action::Call, procedure, MatchPolicy::Exact)?;
        self.config.disclosure.discloses(options.disclose_me, false)?;
        if uses_passthru(options.passthru.as_deref()) {
            return Err(Reject::PassthruNotSupported.into());
        }
        if options.progress {
            return Err(Reject::StreamNotSupported.into());
        }
        Ok(())
    }

    fn call_procedure(
        &mut self,
        from: &Arc<Member<H>>,
        procedure: &Uri,
        payload: &Payload,
        now: Time,
    ) -> Outcome<H> {
        use uris::{reflection, registration, session, subscription, wamplex};
        let args = || Arguments::read(payload);
        match procedure.as_str() {
            session::COUNT => self.count_sessions(args()?),
            session::LIST => self.list_sessions(args()?),
            session::GET => self.get_session(args()?),
            session::KILL => self.kill_one(from, args()?),
            session::KILL_BY_AUTHID => self.kill_by_authid(from, args()?),
            session::KILL_BY_AUTHROLE => self.kill_by_authrole(from, args()?),
            session::KILL_ALL => self.kill_all(from, args()?),
            session::ADD_TESTAMENT => self.add_testament(from, args()?, payload.serializer()),
            session::FLUSH_TESTAMENTS => self.flush_testaments(from, args()?),
            registration::LIST => self.list_registrations(args()?),
            registration::LOOKUP => self.look_up_registration(args()?),
            registration::MATCH => self.match_registration(args()?),
            registration::GET => self.get_registration(args()?),
            registration::LIST_CALLEES => self.list_callees(args()?),
            registration::COUNT_CALLEES => self.count_callees(args()?),
            registration::REMOVE_CALLEE => self.plan_remove_callee(args()?),
            subscription::LIST => self.list_subscriptions(args()?),
            subscription::LOOKUP => self.look_up_subscription(args()?),
            subscription::MATCH => self.match_subscriptions(args()?),
            subscription::GET => self.get_subscription(args()?),
            subscription::LIST_SUBSCRIBERS => self.list_subscribers(args()?),
            subscription::COUNT_SUBSCRIBERS => self.count_subscribers(args()?),
            subscription::REMOVE_SUBSCRIBER => self.plan_remove_subscriber(args()?),
            reflection::TOPIC_LIST => self.list_topics(args()?),
            reflection::TOPIC_DESCRIBE => self.describe_topic(args()?),
            reflection::PROCEDURE_LIST => self.list_procedures(args()?),
            reflection::PROCEDURE_DESCRIBE => self.describe_procedure(args()?),
            reflection::ERROR_LIST => self.list_errors(args()?),
            reflection::ERROR_DESCRIBE => self.describe_error(args()?),
            wamplex::PURGE_RETAINED => self.purge_retained(args()?, now),
            wamplex::INVALIDATE_AUTHORIZATION => self.forget_decisions(args()?),
            _ => Err(Reject::NoSuchProcedure),
        }
    }

    /// Tells those who want to know what a session has left behind, and that it has left.
    pub(crate) fn announce_leave(
        &self,
        who: &Member<H>,
        left: LeftBehind,
        now: Time,
        out: &mut impl Sink<H>,
    ) {
        for departed in left.subscriptions {
            self.announce_unsubscribe(who.session(), departed, out);
        }
        for departed in left.registrations {
            self.announce_unregister(who.session(), departed, out);
        }
        self.execute(who, left.testaments, now, out);
        self.announce_departure(who.who(), out);
    }

    /// Whether there is a meta API and anybody listens to its events. Mostly not, and then they cost no more than this.
    fn is_watched(&self) -> bool {
        self.config.meta_api != MetaApi::Off && self.broker.is_watched()
    }

    /// Publishes an event of the router, if anybody listens.
    fn announce(&self, topic: &'static str, args: impl FnOnce() -> List, out: &mut impl Sink<H>) {
        if self.is_watched() {
            self.broker.announce(topic, args, out);
        }
    }
}

/// Whether a procedure of the router changes what is not the caller's own.
pub(crate) fn acts_on_others(procedure: &Uri) -> bool {
    use uris::{registration, session, subscription, wamplex};
    matches!(
        procedure.as_str(),
        session::KILL
            | session::KILL_BY_AUTHID
            | session::KILL_BY_AUTHROLE
            | session::KILL_ALL
            | registration::REMOVE_CALLEE
            | subscription::REMOVE_SUBSCRIBER
            | wamplex::PURGE_RETAINED
            | wamplex::INVALIDATE_AUTHORIZATION
    )
}

/// The topic of the testament in these arguments of `wamp.session.add_testament`.
pub(crate) fn topic_of_testament(payload: &Payload, rule: UriRule) -> Option<Uri> {
    testament::topic(&mut Arguments::read(payload).ok()?, rule).ok()
}

/// The subscription in these arguments of `wamp.subscription.get_events`.
pub(crate) fn subscription_in_question(payload: &Payload) -> Option<SubscriptionId> {
    events::subscription(&mut Arguments::read(payload).ok()?).ok()
}

fn result(request: RequestId, payload: Payload) -> ResultMessage {
    ResultMessage { request, details: ResultDetails::default(), payload }
}

impl<H> Reply<H> {
    /// A result without arguments.
    const NOTHING: Self = Self { value: None, deed: None };

    /// A result with one argument.
    fn of(value: impl Into<Value>) -> Outcome<H> {
        Ok(Self { value: Some(value.into()), deed: None })
    }

    /// A result without arguments, and something to do.
    const fn done(deed: Deed<H>) -> Outcome<H> {
        Ok(Self { value: None, deed: Some(deed) })
    }
}

/// Ids in ascending order, for answers that do not depend on the order of a table.
fn sorted<Id: Ord + Into<Value>>(ids: impl IntoIterator<Item = Id>) -> List {
    let mut ids: Vec<Id> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.into_iter().map(Into::into).collect()
}

/// How many there are.
fn count(number: usize) -> Value {
    // No table has more entries than 64 bits can count.
    Value::from(u64::try_from(number).unwrap_or(u64::MAX))
}

/// Ids or URIs by match policy: `{"exact": […], "prefix": […], "wildcard": […]}`.
fn by_policy<T: Ord + Clone + Into<Value>>(all: &[(MatchPolicy, T)]) -> Value {
    let of = |policy| all.iter().filter(move |(p, _)| *p == policy).map(|(_, t)| t.clone());
    let entry = |policy: MatchPolicy| (policy.name(), sorted(of(policy)));
    let policies = [MatchPolicy::Exact, MatchPolicy::Prefix, MatchPolicy::Wildcard];
    policies.into_iter().map(entry).collect::<Dict>().into()
}
