//! What is remembered of events that were dropped. It takes a bounded amount of memory, however many they are.

use super::item::Topic;
use std::collections::HashMap;
use wamplex_shared::id::SubscriptionId;

/// How many topics are named of which events were dropped.
const NAMED: usize = 8;

/// Of how many subscriptions it is remembered that their next event has to speak of a gap: as many as a session can
/// have, unless the configuration says otherwise.
const UNTOLD: usize = 10_000;

/// The events that a session has lost since the last time that somebody asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Losses {
    /// How many there were.
    pub(crate) events: u64,
    /// How many there were of which topic. Those that are missing here were of yet others.
    pub(crate) topics: Vec<(Topic, u64)>,
}

impl Losses {
    pub(super) fn note(&mut self, topic: &Topic) {
        self.events += 1;
        if let Some((_, count)) = self.topics.iter_mut().find(|(known, _)| known == topic) {
            *count += 1;
        } else if self.topics.len() < NAMED {
            self.topics.push((topic.detach(), 1));
        }
    }
}

/// Gaps in the events of subscriptions, of which their next event is to speak.
#[derive(Debug, Default)]
pub(super) struct Untold(HashMap<SubscriptionId, u64>);

impl Untold {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn note(&mut self, subscription: SubscriptionId, dropped: u64) {
        if self.0.len() < UNTOLD || self.0.contains_key(&subscription) {
            *self.0.entry(subscription).or_default() += dropped;
        }
    }

    /// How many events are missing ahead of the next one of this subscription; then they are told.
    pub(super) fn tell(&mut self, subscription: SubscriptionId) -> u64 {
        let dropped = self.0.remove(&subscription).unwrap_or(0);
        if self.0.is_empty() {
            self.0 = HashMap::new();
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(id: u64) -> SubscriptionId {
        SubscriptionId::new(id).unwrap()
    }

    #[test]
    fn however_many_topics_there_are_a_few_are_named_and_all_events_are_counted() {
        let mut losses = Losses::default();
        for round in 1..=3 {
            for id in 1..=100 {
                losses.note(&Topic { subscription: subscription(id), uri: None });
            }
            assert_eq!(losses.events, 100 * round);
            assert_eq!(losses.topics.len(), NAMED);
            assert!(losses.topics.iter().all(|(_, count)| *count == round));
        }
    }

    #[test]
    fn of_however_many_subscriptions_a_bounded_number_is_remembered() {
        let mut untold = Untold::default();
        for id in 1..=2 * UNTOLD as u64 {
            untold.note(subscription(id), 1);
            untold.note(subscription(1), 1);
        }
        assert_eq!(untold.0.len(), UNTOLD);
        assert_eq!(untold.tell(subscription(1)), 2 * UNTOLD as u64 + 1);
        assert_eq!(untold.tell(subscription(1)), 0);
        assert_eq!(untold.tell(subscription(2)), 1);
    }
}
