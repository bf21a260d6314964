//! Sessions that take their messages too slowly.

use super::session::or_null;
use crate::{member::Member, realm::Realm, sink::Sink};
use bytestring::ByteString;
use std::collections::BTreeMap;
use wamplex_shared::{
    id::SubscriptionId,
    uri::{MatchPolicy, Uri},
    uris::wamplex,
    value::{Dict, Value},
};

/// What becomes of a session that takes its messages too slowly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slowness {
    /// What is done with such sessions, in a word.
    pub policy: &'static str,
    /// How many events it has lost since the last time that this was told.
    pub dropped: u64,
    /// How many those were of which subscription, with the topic if that is a pattern. There may be more.
    pub topics: Vec<(SubscriptionId, Option<Uri>, u64)>,
    /// Why the session is ended for that, if it is, in words.
    pub reason: Option<&'static str>,
}

impl<H> Realm<H> {
    /// Tells those who watch the realm that a session takes its messages too slowly: an event of the router with the topic
    /// [`wamplex.session.on_slow`](wamplex::ON_SLOW), which that session receives too if it is subscribed to it.
    pub fn announce_slow(&self, who: &Member<H>, slowness: &Slowness, out: &mut impl Sink<H>) {
        if who.has_left() || who.who().privileged {
            return;
        }
        let args = || {
            let mut details = Dict::new();
            details.insert("session", who.session());
            details.insert("authid", or_null(&who.who().authid));
            details.insert("authrole", or_null(&who.who().authrole));
            details.insert("policy", slowness.policy);
            details.insert("dropped", slowness.dropped);
            details.insert("topics", self.by_topic(slowness));
            details.insert("disconnected", slowness.reason.is_some());
            if let Some(reason) = slowness.reason {
                details.insert("reason", reason);
            }
            vec![Value::from(details)]
        };
        self.announce(wamplex::ON_SLOW, args, out);
    }

    /// Of which topics events were dropped, as far as their subscriptions are still there.
    fn by_topic(&self, slowness: &Slowness) -> Dict {
        let mut topics = BTreeMap::<Uri, u64>::new();
        for (subscription, topic, dropped) in &slowness.topics {
            let of_subscription = || {
                let (policy, topic) = self.broker.get(*subscription)?.key();
                (policy == MatchPolicy::Exact).then_some(topic)
            };
            if let Some(topic) = topic.clone().or_else(of_subscription) {
                *topics.entry(topic).or_default() += dropped;
            }
        }
        let entry =
            |(topic, dropped): (Uri, u64)| (ByteString::from(topic.as_str()), Value::from(dropped));
        topics.into_iter().map(entry).collect()
    }
}
