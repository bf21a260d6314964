//! The last events of topics, for those who subscribe later ("WAMP: Event Retention").

use crate::{kept::KeptEvent, member::Member, meta::integer, reject::Reject, topics::matching};
use core::time::Duration;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use wamplex_shared::{
    message::PublishOptions,
    time::Time,
    uri::{MatchPolicy, Uri},
    value::Value,
};

/// How events are retained in a realm.
///
/// An event published with `retain: true` becomes the retained event of its topic, also when it has no arguments. Who
/// subscribes with `get_retained: true` receives, after SUBSCRIBED and with `retained: true`, the last one that it would
/// have received when it was published: whoever the lists of the publisher leave out does not receive it, nor does the
/// session that published it, unless it did so with `exclude_me: false`. A subscription by pattern receives one event
/// for every topic it matches, in the order they were published.
///
/// An event with lists of receivers does not take the place of the one that everybody may have: up to
/// [`SUPPLEMENTS`](Self::SUPPLEMENTS) of them stand beside it until an event for everybody replaces them all.
///
/// Two things are ours and not of the specification: the option `x_retain_ttl` of PUBLISH says for how many milliseconds
/// the event is retained (with 0 it is not retained at all, and the topic has no retained event any more), and the
/// procedure `wamplex.retained.purge` takes retained events away.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// The most retained events of the realm; 0 switches retention off. One more, and the oldest goes.
    pub events: usize,
    /// About the most bytes they may take up together. An event that needs more by itself is not retained.
    pub bytes: usize,
    /// How long an event is retained whose publisher does not say; `None` for ever.
    pub ttl: Option<Duration>,
    /// The longest an event may be retained, whatever its publisher says; `None` for ever.
    pub max_ttl: Option<Duration>,
    /// About the most bytes that one SUBSCRIBE is answered with, so that the queue of the subscriber does not overflow.
    /// Beyond it the events published last are chosen.
    pub replay_bytes: usize,
}

impl Retention {
    /// The option of PUBLISH that says for how many milliseconds the event is retained.
    pub const TTL_OPTION: &str = "x_retain_ttl";
    /// How many events with lists of receivers are retained beside the one for everybody, for each topic.
    pub const SUPPLEMENTS: usize = 8;
    /// As many topics as a large application has things with a state.
    pub const EVENTS: usize = 10_000;
    /// 1.6 KiB for each of them.
    pub const BYTES: usize = 16 << 20;
    /// A quarter of what a router lets wait for one session.
    pub const REPLAY_BYTES: usize = 1 << 20;

    /// For how long to retain an event with these options.
    pub(crate) fn effective_ttl(
        &self,
        options: &PublishOptions,
    ) -> Result<Option<Duration>, Reject> {
        let wanted = match options.custom.get(Self::TTL_OPTION) {
            None | Some(Value::Null) => self.ttl,
            Some(value) => {
                let millis = integer(value).ok_or(Reject::InvalidArgument(BAD_TTL))?;
                Some(Duration::from_millis(millis))
            }
        };
        Ok(match (wanted, self.max_ttl) {
            (Some(wanted), Some(max)) => Some(wanted.min(max)),
            (wanted, max) => wanted.or(max),
        })
    }
}

const BAD_TTL: &str = "x_retain_ttl has to be a number of milliseconds";

impl Default for Retention {
    fn default() -> Self {
        Self {
            events: Self::EVENTS,
            bytes: Self::BYTES,
            ttl: None,
            max_ttl: None,
            replay_bytes: Self::REPLAY_BYTES,
        }
    }
}

/// The retained events of a realm.
pub(crate) struct Retained {
    limits: Retention,
    topics: BTreeMap<Uri, Vec<Entry>>,
    /// Where each event stands, by its number.
    by_age: BTreeMap<u64, Uri>,
    /// Those that expire.
    by_expiry: BTreeSet<(Time, u64)>,
    bytes: usize,
    next: u64,
}

/// One event. Those of a topic stand in the order they were published, and none but the first is for everybody.
struct Entry {
    number: u64,
    expires: Option<Time>,
    event: Arc<KeptEvent>,
}

impl Retained {
    pub(crate) const fn new(limits: Retention) -> Self {
        Self {
            limits,
            topics: BTreeMap::new(),
            by_age: BTreeMap::new(),
            by_expiry: BTreeSet::new(),
            bytes: 0,
            next: 0,
        }
    }

    /// Retains under other limits, from the next event on.
    pub(crate) const fn set_limits(&mut self, limits: Retention) {
        self.limits = limits;
    }

    /// Makes this the retained event of its topic.
    pub(crate) fn put(&mut self, event: Arc<KeptEvent>, ttl: Option<Duration>, now: Time) {
        self.expire(now);
        let restricted = event.audience.is_restricted();
        let others = self.topics.get(&event.topic).map_or(&[][..], Vec::as_slice);
        let replaced: Vec<u64> = if restricted {
            let supplements = others.iter().filter(|e| e.event.audience.is_restricted());
            let numbers: Vec<u64> = supplements.map(|e| e.number).collect();
            let surplus = (numbers.len() + 1).saturating_sub(Retention::SUPPLEMENTS);
            numbers.into_iter().take(surplus).collect()
        } else {
            others.iter().map(|e| e.number).collect()
        };
        for number in replaced {
            self.remove(number);
        }
        let weight = event.weight();
        if ttl == Some(Duration::ZERO) || weight > self.limits.bytes {
            return;
        }
        let (number, expires) = (self.next, ttl.map(|ttl| now + ttl));
        self.next += 1;
        self.bytes += weight;
        self.by_age.insert(number, event.topic.clone());
        self.by_expiry.extend(expires.map(|time| (time, number)));
        let entry = Entry { number, expires, event };
        self.topics.entry(entry.event.topic.clone()).or_default().push(entry);
        while self.by_age.len() > self.limits.events || self.bytes > self.limits.bytes {
            let Some((oldest, _)) = self.by_age.first_key_value() else { break };
            self.remove(*oldest);
        }
    }

    /// The events that a new subscriber receives, in the order they were published.
    pub(crate) fn select<H>(
        &self,
        policy: MatchPolicy,
        pattern: &Uri,
        to: &Member<H>,
        now: Time,
        admits: impl Fn(&KeptEvent) -> bool,
    ) -> Vec<Arc<KeptEvent>> {
        let may_have = |entry: &&Entry| {
            entry.expires.is_none_or(|expires| expires > now)
                && entry.event.audience.admits(to)
                && admits(&entry.event)
        };
        let mut chosen: Vec<&Entry> = matching(&self.topics, policy, pattern)
            .filter_map(|(_, entries)| entries.iter().rev().find(may_have))
            .collect();
        chosen.sort_unstable_by_key(|entry| entry.number);
        let mut left = self.limits.replay_bytes;
        let fit = chosen.iter().rev().take_while(|entry| {
            let fits = left.checked_sub(entry.event.weight());
            left = fits.unwrap_or(0);
            fits.is_some()
        });
        let surplus = chosen.len() - fit.count();
        chosen.drain(..surplus);
        chosen.into_iter().map(|entry| Arc::clone(&entry.event)).collect()
    }

    /// Takes away what is retained for the topics that this pattern matches. Returns for how many topics there was
    /// something.
    pub(crate) fn purge(&mut self, policy: MatchPolicy, pattern: &Uri, now: Time) -> usize {
        self.expire(now);
        let found: Vec<&Vec<Entry>> =
            matching(&self.topics, policy, pattern).map(|(_, entries)| entries).collect();
        let count = found.len();
        let numbers: Vec<u64> = found.into_iter().flatten().map(|entry| entry.number).collect();
        for number in numbers {
            self.remove(number);
        }
        count
    }

    fn expire(&mut self, now: Time) {
        while let Some((expires, number)) = self.by_expiry.first().copied()
            && expires <= now
        {
            self.remove(number);
        }
    }

    fn remove(&mut self, number: u64) {
        let Some(topic) = self.by_age.remove(&number) else { return };
        let Some(entries) = self.topics.get_mut(&topic) else { return };
        if let Some(at) = entries.iter().position(|entry| entry.number == number) {
            let entry = entries.remove(at);
            self.bytes -= entry.event.weight();
            if let Some(expires) = entry.expires {
                self.by_expiry.remove(&(expires, number));
            }
        }
        if entries.is_empty() {
            self.topics.remove(&topic);
        }
    }

    /// Whether the tables agree and nothing is beyond its limit.
    pub(crate) fn check(&self) -> Result<(), String> {
        let entries = || self.topics.values().flatten();
        let expiring = entries().filter_map(|e| e.expires.map(|time| (time, e.number)));
        let in_place = |e: &Entry| self.by_age.get(&e.number) == Some(&e.event.topic);
        let in_order = |entries: &Vec<Entry>| {
            !entries.is_empty()
                && entries.is_sorted_by(|a, b| a.number < b.number)
                && entries.iter().skip(1).all(|e| e.event.audience.is_restricted())
        };
        if entries().count() != self.by_age.len() || !entries().all(in_place) {
            return Err("retained events are misplaced".into());
        }
        if expiring.collect::<BTreeSet<_>>() != self.by_expiry {
            return Err("retained events expire when nobody knows".into());
        }
        if !self.topics.values().all(in_order) {
            return Err("the retained events of a topic are out of order".into());
        }
        if entries().map(|e| e.event.weight()).sum::<usize>() != self.bytes {
            return Err("retained events are weighed wrongly".into());
        }
        if self.bytes > self.limits.bytes || self.by_age.len() > self.limits.events {
            return Err("too much is retained".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kept::Audience, member::Joining};
    use MatchPolicy::{Exact, Prefix};
    use wamplex_shared::{
        id::{PublicationId, PublicationIds, SessionId},
        message::{EventDetails, Filters},
        payload::{Payload, PayloadShape},
        roles::Roles,
        serializer::Serializer,
    };

    /// An event whose payload is `size` bytes long, for the session `only` or for all.
    fn event(n: u64, topic: &'static str, size: usize, only: Option<u64>) -> Arc<KeptEvent> {
        let bytes = vec![b' '; size].into();
        let filters = only.map(|only| {
            let eligible = Some(vec![SessionId::new(only).unwrap()]);
            Box::new(Filters { eligible, ..Filters::default() })
        });
        Arc::new(KeptEvent {
            publication: PublicationId::new(n).unwrap(),
            topic: Uri::from_static(topic),
            timestamp: 0,
            details: EventDetails::default(),
            payload: Payload::from_encoded(Serializer::Json, PayloadShape::Args, bytes),
            audience: Audience { filters, ..Audience::default() },
        })
    }

    fn at(millis: u64) -> Time {
        Time::from_millis(millis)
    }

    /// The publications that session `to` receives for a prefix.
    fn seen(retained: &Retained, prefix: &'static str, to: u64, now: Time) -> Vec<u64> {
        retained.check().unwrap();
        let who = Joining::new(SessionId::new(to).unwrap(), Roles::NONE);
        let (member, pattern) =
            (Member::new(who, (), PublicationIds::new(1)), Uri::from_static(prefix));
        let events = retained.select(Prefix, &pattern, &member, now, |_| true);
        events.iter().map(|event| event.publication.get()).collect()
    }

    #[test]
    fn what_is_retained_is_bounded_in_bytes() {
        let each = event(1, "a", 1000, None).weight();
        let mut retained = Retained::new(Retention { bytes: 3 * each, ..Retention::default() });
        for (n, topic) in [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "c")] {
            retained.put(event(n, topic, 1000, None), None, at(0));
        }
        assert_eq!(seen(&retained, "", 1, at(0)), [2, 4, 5]);
        retained.put(event(6, "d", 3 * each, None), None, at(0));
        assert_eq!(
            seen(&retained, "", 1, at(0)),
            [2, 5],
            "too large, and what it replaced is gone"
        );
        retained.put(event(7, "e", 2 * each, None), None, at(0));
        assert_eq!(seen(&retained, "", 1, at(0)), [7]);
    }

    #[test]
    fn one_subscription_is_answered_with_the_last_events_that_fit() {
        let each = event(1, "a", 1000, None).weight();
        let mut retained =
            Retained::new(Retention { replay_bytes: 2 * each + 1, ..Retention::default() });
        for (n, topic) in [(1, "b"), (2, "a"), (3, "c")] {
            retained.put(event(n, topic, 1000, None), None, at(0));
        }
        assert_eq!(seen(&retained, "", 1, at(0)), [2, 3]);
        assert_eq!(seen(&retained, "b", 1, at(0)), [1]);
    }

    #[test]
    fn events_for_some_stand_beside_the_one_for_all_and_are_bounded() {
        let mut retained = Retained::new(Retention::default());
        let some = Retention::SUPPLEMENTS as u64;
        retained.put(event(1, "a", 0, None), None, at(0));
        for n in 2..=some + 2 {
            retained.put(event(n, "a", 0, Some(n)), None, at(0));
        }
        assert_eq!(seen(&retained, "a", 2, at(0)), [1], "the oldest of those for some is gone");
        for n in 3..=some + 2 {
            assert_eq!(seen(&retained, "a", n, at(0)), [n]);
        }
        retained.put(event(100, "a", 0, None), None, at(0));
        assert_eq!(seen(&retained, "a", 3, at(0)), [100]);
    }

    #[test]
    fn events_expire_and_make_room() {
        let mut retained = Retained::new(Retention { events: 2, ..Retention::default() });
        let ms = |n| Some(Duration::from_millis(n));
        retained.put(event(1, "a", 0, None), None, at(0));
        retained.put(event(2, "b", 0, None), ms(10), at(0));
        assert_eq!(seen(&retained, "", 1, at(9)), [1, 2]);
        assert_eq!(seen(&retained, "", 1, at(10)), [1]);
        retained.put(event(3, "c", 0, None), ms(10), at(10));
        assert_eq!(seen(&retained, "", 1, at(10)), [1, 3], "not the oldest, but the expired one");
        retained.put(event(4, "c", 0, None), ms(0), at(11));
        assert_eq!(seen(&retained, "", 1, at(11)), [1]);
        retained.put(event(5, "c", 0, None), ms(u64::MAX), at(11));
        assert_eq!(seen(&retained, "", 1, at(u64::MAX)), [1, 5], "times do not overflow");
    }

    #[test]
    fn purging_counts_topics() {
        let mut retained = Retained::new(Retention::default());
        let all = Uri::from_static("");
        retained.put(event(1, "a", 0, None), None, at(0));
        retained.put(event(2, "a", 0, Some(1)), None, at(0));
        retained.put(event(3, "b", 0, None), Some(Duration::from_millis(5)), at(0));
        assert_eq!(retained.purge(Exact, &Uri::from_static("b"), at(5)), 0, "it has expired");
        assert_eq!(retained.purge(Prefix, &all, at(5)), 1);
        assert!(seen(&retained, "", 1, at(5)).is_empty());
        assert_eq!(retained.purge(Prefix, &all, at(5)), 0);
    }
}
