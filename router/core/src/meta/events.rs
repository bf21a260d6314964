//! Events that were published before ("WAMP: Event History", "WAMP: Event Retention").

use super::{Arguments, Outcome, Reply, count, integer};
use crate::{
    authorization::Action,
    history::{HistoryQuery, UnknownPublication},
    kept::KeptEvent,
    member::Member,
    realm::{Handled, Realm},
    reject::{Refusal, Reject},
    sink::{Outbound, Sink},
    timestamp::{self, Moment},
};
use std::sync::Arc;
use wamplex_shared::{
    codec,
    id::{PublicationId, SubscriptionId},
    message::{Call, Event, EventDetails, MessageCode},
    payload::Payload,
    time::Time,
    uri::{MatchPolicy, Uri},
    value::{Dict, Value},
};

impl<H> Realm<H> {
    /// Handles CALL of `wamp.subscription.get_events`. [`call_meta`](Self::call_meta) does so too, but this needs no
    /// more than to look at the realm.
    ///
    /// # Errors
    /// See [`Handled`].
    pub fn get_events(
        &self,
        from: &Arc<Member<H>>,
        message: Call,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Handled {
        if let Some(earlier) = self.accept_call(from, message.request)? {
            return self.go_on(earlier, message, now, out);
        }
        let Call { request, options, procedure, payload } = message;
        let admitted = self.admit(from, request, &options, &procedure);
        let events =
            admitted.and_then(|()| self.past_events(from, &payload, now).map_err(Refusal::Reject));
        match events {
            Ok(payload) => {
                out.deliver(from.handle(), Outbound::from(super::result(request, payload)))
            }
            Err(Refusal::Reject(reject)) => {
                let error = reject.to_error(MessageCode::Call, request);
                out.deliver(from.handle(), Outbound::from(error));
            }
            Err(Refusal::Violation(violation)) => return Err(violation),
        }
        Ok(())
    }

    /// Whoever may subscribe may see the history of a subscription, be it a subscriber or not: it could become one.
    fn past_events(
        &self,
        from: &Member<H>,
        payload: &Payload,
        now: Time,
    ) -> Result<Payload, Reject> {
        if self.config.history.rules.is_empty() {
            return Err(Reject::NoSuchProcedure);
        }
        let mut args = Arguments::read(payload)?;
        let id = subscription(&mut args)?;
        let limit = limit(&mut args)?;
        let found = self.broker.get(id);
        let (policy, pattern) = found.map_or_else(Default::default, |found| found.key());
        let mut query = HistoryQuery::new(policy, pattern, self.config.unix_millis(now));
        read(&mut args, &mut query)?;
        if let Some(topic) = &query.topic {
            topic.check(self.config.uri_rule, MatchPolicy::Exact)?;
        }
        args.finish()?;
        found.ok_or(Reject::UnknownSubscription)?;
        self.right(from.who(), Action::Subscribe, &query.pattern, query.policy)?;
        let bytes = self.config.history.reply_bytes;
        let (events, more) = self
            .broker
            .keeper
            .history(&query, from, limit, bytes)
            .map_err(|UnknownPublication| Reject::InvalidArgument(UNKNOWN_PUBLICATION))?;
        let events: Vec<_> =
            events.iter().map(|event| as_delivered(event, id, query.policy)).collect();
        let kwargs = more.then_some(("more", Value::Bool(true))).into_iter().collect::<Dict>();
        Ok(codec::write_events(payload.serializer(), &events, &kwargs))
    }

    /// Not in the specification, which knows no way to be rid of a retained event.
    pub(super) fn purge_retained(&self, mut args: Arguments, now: Time) -> Outcome<H> {
        let (policy, topic) =
            args.pattern(self.config.uri_rule, "the topic has to be a URI or a pattern")?;
        args.finish()?;
        Reply::of(count(self.broker.keeper.purge(policy, &topic, now)))
    }
}

/// When it was published, and the event as it came to this subscription.
fn as_delivered(kept: &KeptEvent, id: SubscriptionId, policy: MatchPolicy) -> (String, Event) {
    let topic = (policy != MatchPolicy::Exact).then(|| kept.topic.clone());
    let details = EventDetails { topic, ..kept.details.clone() };
    let (publication, payload) = (kept.publication, kept.payload.clone());
    let event = Event { subscription: id, publication, details, payload };
    (timestamp::format(kept.timestamp), event)
}

pub(super) fn subscription(args: &mut Arguments) -> Result<SubscriptionId, Reject> {
    args.id(SubscriptionId::new, "the subscription has to be an id")
}

/// The most events that are wanted: the keyword `limit`, or as Crossbar has it the second argument.
fn limit(args: &mut Arguments) -> Result<usize, Reject> {
    let (second, keyword) = (args.next(), args.keyword("limit"));
    let Some(value) = keyword.or(second) else { return Ok(usize::MAX) };
    let limit = integer(&value).filter(|limit| *limit > 0);
    let limit = limit.ok_or(Reject::InvalidArgument("the limit has to be a number from 1"))?;
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Reads the keyword arguments that say which events are wanted.
fn read(args: &mut Arguments, query: &mut HistoryQuery) -> Result<(), Reject> {
    const WRONG: &str = "reverse has to be true or false";
    query.reverse = match args.keyword("reverse") {
        None => false,
        Some(value) => value.as_bool().ok_or(Reject::InvalidArgument(WRONG))?,
    };
    query.topic = args.keyword_text("topic", "the topic has to be a URI")?.map(Uri::from);
    query.from = publication(args, "from_publication")?;
    query.after = publication(args, "after_publication")?;
    query.before = publication(args, "before_publication")?;
    query.until = publication(args, "until_publication")?;
    let earliest = [
        moment(args, "from_time")?.map(|m| m.millis.saturating_add(m.is_between.into())),
        moment(args, "after_time")?.map(|m| m.millis.saturating_add(1)),
    ];
    let latest = [
        moment(args, "before_time")?.map(|m| m.millis.saturating_sub((!m.is_between).into())),
        moment(args, "until_time")?.map(|m| m.millis),
    ];
    let earliest =
        earliest.into_iter().flatten().max().map_or(0, |t| u64::try_from(t).unwrap_or(0));
    let latest = match latest.into_iter().flatten().min().map(u64::try_from) {
        None => Some(u64::MAX),
        Some(latest) => latest.ok(),
    };
    // Before 1970 there was nothing.
    let (earliest, latest) = latest.map_or((1, 0), |latest| (earliest, latest));
    query.times = earliest..=latest;
    Ok(())
}

fn publication(args: &mut Arguments, key: &str) -> Result<Option<PublicationId>, Reject> {
    let Some(value) = args.keyword(key) else { return Ok(None) };
    let id = integer(&value).and_then(PublicationId::new);
    id.map(Some).ok_or(Reject::InvalidArgument("a publication has to be an id"))
}

fn moment(args: &mut Arguments, key: &str) -> Result<Option<Moment>, Reject> {
    const WRONG: &str = "a time has to be a date and time as RFC 3339 has them";
    let Some(text) = args.keyword_text(key, WRONG)? else { return Ok(None) };
    timestamp::parse(&text).map(Some).ok_or(Reject::InvalidArgument(WRONG))
}

const UNKNOWN_PUBLICATION: &str = "the history does not have this publication, or not any more";
