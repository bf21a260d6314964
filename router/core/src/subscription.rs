//! The subscribers of one topic, or of one pattern of topics.

use crate::{
    eligibility::Eligibility,
    member::Member,
    receivers::Receivers,
    shards::{Shard, Shards},
};
use bytestring::ByteString;
use std::{collections::HashMap, sync::Arc};
use wamplex_shared::{
    id::{SessionId, SubscriptionId},
    time::Time,
    uri::{MatchPolicy, Uri},
};

/// Everything the broker knows about one subscription.
pub(crate) struct Subscription<H> {
    pub(crate) id: SubscriptionId,
    policy: MatchPolicy,
    topic: Uri,
    pub(crate) created: Time,
    /// Those to deliver to.
    members: Receivers<H>,
    /// Where each of them stands, since leaving must not walk them.
    places: HashMap<SessionId, usize>,
    /// Those that share events among them, if there are any.
    shards: Option<Box<Shards>>,
}

impl<H> Subscription<H> {
    pub(crate) fn new(id: SubscriptionId, policy: MatchPolicy, topic: Uri, created: Time) -> Self {
        let (members, places, shards) = (Receivers::new(), HashMap::new(), None);
        Self { id, policy, topic, created, members, places, shards }
    }

    /// Match policy and topic: what there is one subscription for.
    pub(crate) fn key(&self) -> (MatchPolicy, Uri) {
        (self.policy, self.topic.clone())
    }

    /// Whether events have to say which topic they are about.
    pub(crate) fn is_pattern(&self) -> bool {
        self.policy != MatchPolicy::Exact
    }

    /// Whether it is about the protocol itself: only then it receives what the router publishes.
    pub(crate) fn is_reserved(&self) -> bool {
        self.topic.is_reserved()
    }

    pub(crate) const fn members(&self) -> &Receivers<H> {
        &self.members
    }

    /// The subscriber with this id.
    pub(crate) fn member(&self, session: SessionId) -> Option<&Arc<Member<H>>> {
        self.members.get(*self.places.get(&session)?)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(crate) fn add(&mut self, member: Arc<Member<H>>) {
        if self.places.insert(member.session(), self.members.len()).is_none() {
            self.members.make_mut().push(member);
        }
    }

    /// Says to which node a subscriber belongs; none if it receives everything.
    pub(crate) fn set_node(&mut self, session: SessionId, nkey: Option<&ByteString>) {
        if nkey.is_some() || self.shards.is_some() {
            self.shards.get_or_insert_default().set(session, nkey);
            self.shards.take_if(|shards| shards.is_empty());
        }
    }

    /// Which of the subscribers receive an event with this key; `None` if all do.
    pub(crate) fn shard(&self, rkey: Option<&str>) -> Option<Shard<'_>> {
        self.shards.as_ref()?.shard(rkey?)
    }

    pub(crate) fn remove(&mut self, session: SessionId) {
        self.set_node(session, None);
        let Some(at) = self.places.remove(&session) else { return };
        self.members.make_mut().swap_remove(at);
        if let Some(moved) = self.members.get(at) {
            self.places.insert(moved.session(), at);
        }
    }

    /// Visits the subscribers that may receive an event.
    pub(crate) fn for_each(
        &self,
        eligibility: &Eligibility<'_>,
        rkey: Option<&str>,
        mut visit: impl FnMut(&Arc<Member<H>>),
    ) {
        if let Some(shard) = self.shard(rkey) {
            let members = self.members.iter().filter(|member| shard.admits(member.session()));
            return members.filter(|member| eligibility.admits(member)).for_each(visit);
        }
        match eligibility.candidates() {
            // A few named sessions among many subscribers: look them up rather than all the others.
            Some(sessions) if sessions.len() < self.members.len() => sessions
                .iter()
                .filter_map(|session| self.member(*session))
                .filter(|member| eligibility.admits(member))
                .for_each(visit),
            _ => {
                for member in self.members.iter().filter(|member| eligibility.admits(member)) {
                    visit(member);
                }
            }
        }
    }

    /// The number of subscribers, if the two tables of them agree and there are any.
    pub(crate) fn check(&self) -> Result<usize, String> {
        let agree = self.members.len() == self.places.len()
            && self
                .members
                .iter()
                .enumerate()
                .all(|(at, member)| self.places.get(&member.session()) == Some(&at));
        let is_member = |session| self.places.contains_key(&session);
        if self.shards.as_ref().is_some_and(|s| s.is_empty() || !s.check(is_member)) {
            return Err(format!("the nodes of {:?} are not its subscribers", self.id));
        }
        match self.members.len() {
            0 => Err(format!("{:?} has no subscriber", self.id)),
            _ if !agree => Err(format!("the subscribers of {:?} are misplaced", self.id)),
            n => Ok(n),
        }
    }
}
