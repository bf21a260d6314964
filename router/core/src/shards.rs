//! Subscribers that share the events of a subscription among them ("WAMP: Sharded Subscription").
//!
//! The specification has the keys and no rule for them. Ours: the subscribers with one `nkey` are a node. An event with an
//! `rkey` goes to one node of each subscription, the one to which rendezvous hashing gives the key; so all events with
//! one key go to one node, and when nodes come or go only the keys move that the newcomer gets or the leaver had. Events
//! without `rkey` go to all nodes, and subscribers without `nkey` receive everything.

use crate::sharding;
use bytestring::ByteString;
use std::collections::{BTreeMap, HashMap};
use wamplex_shared::id::SessionId;

/// The nodes of one subscription.
#[derive(Debug, Default)]
pub(crate) struct Shards {
    /// The node of each subscriber that is in one.
    keys: HashMap<SessionId, ByteString>,
    /// How many subscribers each node has.
    nodes: BTreeMap<ByteString, usize>,
}

/// The node that receives an event, among the others that do not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shard<'a> {
    shards: &'a Shards,
    owner: &'a ByteString,
}

impl Shards {
    /// Puts a subscriber in a node, or in none.
    pub(crate) fn set(&mut self, session: SessionId, nkey: Option<&ByteString>) {
        self.remove(session);
        if let Some(nkey) = nkey {
            let nkey = ByteString::from(&**nkey);
            *self.nodes.entry(nkey.clone()).or_default() += 1;
            self.keys.insert(session, nkey);
        }
    }

    pub(crate) fn remove(&mut self, session: SessionId) {
        let Some(nkey) = self.keys.remove(&session) else { return };
        if let Some(subscribers) = self.nodes.get_mut(&nkey) {
            *subscribers -= 1;
            if *subscribers == 0 {
                self.nodes.remove(&nkey);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The node that a key belongs to.
    pub(crate) fn shard(&self, rkey: &str) -> Option<Shard<'_>> {
        let owner = self.nodes.keys().max_by_key(|nkey| sharding::node_weight(rkey, nkey))?;
        Some(Shard { shards: self, owner })
    }

    /// Whether everybody in here is a subscriber, and counted.
    pub(crate) fn check(&self, is_subscriber: impl Fn(SessionId) -> bool) -> bool {
        let mut nodes: BTreeMap<ByteString, usize> = BTreeMap::new();
        for nkey in self.keys.values() {
            *nodes.entry(nkey.clone()).or_default() += 1;
        }
        nodes == self.nodes && self.keys.keys().all(|session| is_subscriber(*session))
    }
}

impl Shard<'_> {
    /// Whether this subscriber receives the event.
    pub(crate) fn admits(self, session: SessionId) -> bool {
        self.shards.keys.get(&session).is_none_or(|nkey| nkey == self.owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(n: u64) -> SessionId {
        SessionId::new(n).unwrap()
    }

    fn receivers(shards: &Shards, rkey: &str) -> Vec<u64> {
        let shard = shards.shard(rkey);
        (1..=5).filter(|n| shard.is_none_or(|shard| shard.admits(session(*n)))).collect()
    }

    #[test]
    fn a_key_goes_to_one_node_and_to_those_in_none() {
        let mut shards = Shards::default();
        assert_eq!(receivers(&shards, "k"), [1, 2, 3, 4, 5]);
        for (n, nkey) in [(1, "east"), (2, "east"), (3, "west"), (4, "north")] {
            shards.set(session(n), Some(&nkey.into()));
        }
        let nodes = [[1, 2, 5].as_slice(), &[3, 5], &[4, 5]];
        let mut seen = [0; 3];
        for n in 0..3_000 {
            let found = receivers(&shards, &format!("sensor-{n}"));
            seen[nodes.iter().position(|node| *node == found).unwrap()] += 1;
        }
        assert!(seen.iter().all(|n| (850..1_150).contains(n)), "{seen:?}");
        assert!(shards.check(|_| true) && !shards.check(|n| n != session(3)));
    }

    #[test]
    fn only_the_keys_of_a_node_that_goes_move() {
        let mut shards = Shards::default();
        for (n, nkey) in [(1, "east"), (2, "west"), (3, "north"), (4, "north")] {
            shards.set(session(n), Some(&nkey.into()));
        }
        let keys: Vec<String> = (0..500).map(|n| format!("sensor-{n}")).collect();
        let owners = |shards: &Shards| -> Vec<Vec<u64>> {
            keys.iter().map(|key| receivers(shards, key)).collect()
        };
        let before = owners(&shards);
        shards.remove(session(3));
        let still = owners(&shards);
        assert!(
            before
                .iter()
                .zip(&still)
                .all(|(b, s)| b.iter().filter(|n| **n != 3).eq(s.iter().filter(|n| **n != 3)))
        );
        shards.set(session(4), None);
        assert!(shards.check(|_| true));
        for (before, after) in before.iter().zip(owners(&shards)) {
            assert!(
                before.contains(&3)
                    || after.iter().filter(|n| **n < 3).eq(before.iter().filter(|n| **n < 3))
            );
        }
        shards.set(session(1), Some(&"west".into()));
        shards.remove(session(2));
        shards.remove(session(1));
        assert!(shards.is_empty() && shards.check(|_| true));
    }
}
