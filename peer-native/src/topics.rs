//! Which subscription of the router feeds which subscriptions of the application.

use crate::{error::Error, queue::Queue};
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};
use wamplex_shared::{
    id::SubscriptionId,
    message::Event,
    uri::{MatchPolicy, Uri},
};

/// What one subscription of the application reads from.
pub(crate) type EventQueue = Queue<Arc<Event>>;

/// What the router tells two subscriptions apart by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pattern {
    pub(crate) topic: Uri,
    pub(crate) policy: MatchPolicy,
}

/// The subscriptions of one session.
///
/// A router returns the same id for each SUBSCRIBE of the same pattern and ends all of them with one UNSUBSCRIBE
/// ("WAMP: Subscribing and Unsubscribing"), so the id may be given up only when nobody here reads from it and no
/// SUBSCRIBE of the same pattern is on its way.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    routes: HashMap<SubscriptionId, Route>,
    /// How many SUBSCRIBEs of a pattern wait for their answer.
    asked: HashMap<Pattern, usize>,
}

#[derive(Debug)]
struct Route {
    pattern: Pattern,
    readers: Vec<Arc<EventQueue>>,
}

impl Topics {
    /// A SUBSCRIBE goes out.
    pub(crate) fn ask(&mut self, pattern: Pattern) {
        *self.asked.entry(pattern).or_default() += 1;
    }

    /// SUBSCRIBED came: from now on `reader` gets the events of the subscription.
    pub(crate) fn add(&mut self, id: SubscriptionId, pattern: Pattern, reader: Arc<EventQueue>) {
        self.answered(&pattern);
        let route = self.routes.entry(id).or_insert_with(|| Route { pattern, readers: Vec::new() });
        route.readers.push(reader);
    }

    /// A SUBSCRIBE was refused. Returns the subscription that was kept only for its sake, to be given up.
    #[must_use]
    pub(crate) fn refuse(&mut self, pattern: &Pattern) -> Option<SubscriptionId> {
        self.answered(pattern);
        let id = *self.routes.iter().find(|(_, route)| route.pattern == *pattern)?.0;
        self.take_unread(id)
    }

    /// `reader` wants no more. Returns the subscription if it is to be given up.
    #[must_use]
    pub(crate) fn release(
        &mut self,
        id: SubscriptionId,
        reader: &Arc<EventQueue>,
    ) -> Option<SubscriptionId> {
        let route = self.routes.get_mut(&id)?;
        route.readers.retain(|other| !Arc::ptr_eq(other, reader));
        self.take_unread(id)
    }

    /// Hands an event to everybody who reads from its subscription. Returns whether anybody does.
    pub(crate) fn deliver(&self, event: Event) -> bool {
        let Some(route) = self.routes.get(&event.subscription) else { return false };
        let dropped = event.details.dropped();
        let event = Arc::new(event);
        for reader in &route.readers {
            if dropped > 0 {
                reader.skip(dropped);
            }
            reader.push(event.clone());
        }
        !route.readers.is_empty()
    }

    /// The router took a subscription away.
    pub(crate) fn revoke(&mut self, id: SubscriptionId, error: &Error) {
        for reader in self.routes.remove(&id).into_iter().flat_map(|route| route.readers) {
            reader.end(Some(error.clone()));
        }
    }

    /// The session is over.
    pub(crate) fn end(&mut self, error: Option<&Error>) {
        self.asked.clear();
        for (_, route) in self.routes.drain() {
            for reader in route.readers {
                reader.end(error.cloned());
            }
        }
    }

    fn answered(&mut self, pattern: &Pattern) {
        if let Some(asked) = self.asked.get_mut(pattern) {
            *asked -= 1;
            if *asked == 0 {
                self.asked.remove(pattern);
            }
        }
    }

    fn take_unread(&mut self, id: SubscriptionId) -> Option<SubscriptionId> {
        let Entry::Occupied(route) = self.routes.entry(id) else { return None };
        let unread =
            route.get().readers.is_empty() && !self.asked.contains_key(&route.get().pattern);
        unread.then(|| {
            route.remove();
            id
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Overflow;

    fn pattern() -> Pattern {
        Pattern { topic: Uri::from_static("com.example.topic"), policy: MatchPolicy::Exact }
    }

    fn reader() -> Arc<EventQueue> {
        Arc::new(Queue::new(8, Overflow::default()))
    }

    #[test]
    fn a_subscription_is_given_up_with_its_last_reader() {
        let (mut topics, id) = (Topics::default(), SubscriptionId::new(7).unwrap());
        let (a, b) = (reader(), reader());
        for reader in [&a, &b] {
            topics.ask(pattern());
            topics.add(id, pattern(), reader.clone());
        }
        assert_eq!(topics.release(id, &a), None);
        assert_eq!(topics.release(id, &b), Some(id));
        assert_eq!(topics.release(id, &b), None);
    }

    #[test]
    fn a_subscription_outlives_its_last_reader_while_another_subscribe_is_on_its_way() {
        let (mut topics, id) = (Topics::default(), SubscriptionId::new(7).unwrap());
        let (a, b) = (reader(), reader());
        topics.ask(pattern());
        topics.add(id, pattern(), a.clone());
        topics.ask(pattern());
        assert_eq!(topics.release(id, &a), None, "UNSUBSCRIBE would end the new one too");
        topics.add(id, pattern(), b.clone());
        assert_eq!(topics.release(id, &b), Some(id));
    }

    #[test]
    fn a_subscription_kept_for_a_subscribe_that_is_refused_is_given_up_then() {
        let (mut topics, id) = (Topics::default(), SubscriptionId::new(7).unwrap());
        let a = reader();
        topics.ask(pattern());
        topics.add(id, pattern(), a.clone());
        topics.ask(pattern());
        assert_eq!(topics.release(id, &a), None);
        assert_eq!(topics.refuse(&pattern()), Some(id));
        assert_eq!(topics.refuse(&pattern()), None);
    }
}
