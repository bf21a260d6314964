//! The callees of one procedure, or of one pattern of procedures, and which of them answers a call.

use crate::{
    member::Member, question::Question, schema::Schema, sharding, slot::Room, waiting::Queue,
};
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use parking_lot::Mutex;
use std::sync::Arc;
use wamplex_shared::{
    id::{PublicationIds, RegistrationId, SessionId},
    message::{InvocationPolicy, RegisterOptions},
    time::Time,
    uri::{MatchPolicy, Uri},
};

/// Everything the dealer knows about one registration ("WAMP: Shared Registration").
pub(crate) struct Registration<H> {
    pub(crate) id: RegistrationId,
    policy: MatchPolicy,
    procedure: Uri,
    pub(crate) created: Time,
    /// What the first callee asked for; holds until the last one leaves.
    pub(crate) invoke: InvocationPolicy,
    /// What its callees say about it.
    pub(crate) schema: Option<Schema>,
    /// In the order they registered.
    callees: Vec<Callee<H>>,
    /// How many of them take a limited number of calls at once.
    limited: usize,
    /// Whose turn it is under round-robin.
    turn: AtomicUsize,
    /// Calls that wait until a callee has room.
    pub(crate) queue: Mutex<Queue<H>>,
}

/// One callee of a registration.
pub(crate) struct Callee<H> {
    pub(crate) member: Arc<Member<H>>,
    /// It wants to know who calls.
    pub(crate) disclose_caller: bool,
    /// It sees to the timeout of calls itself.
    pub(crate) forward_timeout: bool,
    /// How many calls of this procedure it takes at once.
    pub(crate) room: Room,
}

/// Why no callee can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoCallee {
    /// All of them that could be have as many calls as they take.
    Busy,
    /// There is none, or none that has not been unavailable.
    Nobody,
}

impl<H> Callee<H> {
    pub(crate) fn new(member: Arc<Member<H>>, options: &RegisterOptions) -> Self {
        Self {
            member,
            disclose_caller: options.disclose_caller == Some(true),
            forward_timeout: options.forward_timeout,
            room: Room::new(options.concurrency),
        }
    }
}

impl<H> Registration<H> {
    pub(crate) fn new(
        id: RegistrationId,
        policy: MatchPolicy,
        procedure: Uri,
        invoke: InvocationPolicy,
        created: Time,
    ) -> Self {
        let (callees, turn, queue) = (Vec::new(), AtomicUsize::new(0), Mutex::new(Queue::new()));
        Self {
            id,
            policy,
            procedure,
            created,
            invoke,
            schema: None,
            callees,
            limited: 0,
            turn,
            queue,
        }
    }

    /// Whether it is of the router itself.
    pub(crate) fn is_reserved(&self) -> bool {
        self.procedure.is_reserved()
    }

    /// Match policy and procedure: what there is one registration for.
    pub(crate) fn key(&self) -> (MatchPolicy, Uri) {
        (self.policy, self.procedure.clone())
    }

    /// Whether invocations have to say which procedure was called.
    pub(crate) fn is_pattern(&self) -> bool {
        self.policy != MatchPolicy::Exact
    }

    pub(crate) fn callees(&self) -> &[Callee<H>] {
        &self.callees
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.callees.is_empty()
    }

    /// Whether another callee with this policy goes together with those there are.
    pub(crate) fn admits(&self, invoke: InvocationPolicy) -> bool {
        self.invoke == invoke && invoke != InvocationPolicy::Single
    }

    pub(crate) fn add(&mut self, callee: Callee<H>) {
        self.limited += usize::from(callee.room.is_limited());
        self.callees.push(callee);
    }

    pub(crate) fn remove(&mut self, session: SessionId) {
        self.callees.retain(|callee| callee.member.session() != session);
        self.limited = self.callees.iter().filter(|callee| callee.room.is_limited()).count();
    }

    /// Takes in the calls that waited for the callees of a registration that this one is in the place of.
    pub(crate) fn adopt(&mut self, orphans: Queue<H>) {
        self.queue.get_mut().adopt(self.id, orphans);
    }

    /// Whether any of the callees takes a limited number of calls at once.
    pub(crate) const fn is_limited(&self) -> bool {
        self.limited > 0
    }

    /// Whether any of the callees takes another call now.
    pub(crate) fn has_room(&self) -> bool {
        self.callees.iter().any(|callee| callee.room.is_free())
    }

    /// Whether waiting cannot help: all callees there are have been tried.
    pub(crate) fn has_nobody_for(&self, question: &Question) -> bool {
        self.callees.iter().all(|callee| question.has_tried(&callee.member))
    }

    /// The callee that answers this call.
    pub(crate) fn choose(
        &self,
        question: &Question,
        dice: &PublicationIds,
    ) -> Result<&Callee<H>, NoCallee> {
        let chosen = match question.shard() {
            // This one and no other, even if others have room.
            Some(key) => self.shard(key, question).filter(|callee| callee.room.is_free()),
            None => self.next(question, dice),
        };
        chosen.ok_or_else(|| match self.has_nobody_for(question) {
            true => NoCallee::Nobody,
            false => NoCallee::Busy,
        })
    }

    /// The callee that all calls with this key go to.
    fn shard(&self, key: &str, question: &Question) -> Option<&Callee<H>> {
        let untried = self.callees.iter().filter(|callee| !question.has_tried(&callee.member));
        untried.max_by_key(|callee| sharding::weight(key, callee.member.session()))
    }

    /// The callee whose turn it is under the policy of the registration.
    fn next(&self, question: &Question, dice: &PublicationIds) -> Option<&Callee<H>> {
        let fits =
            |callee: &&Callee<H>| callee.room.is_free() && !question.has_tried(&callee.member);
        let callees = &self.callees;
        match self.invoke {
            InvocationPolicy::Single | InvocationPolicy::First => callees.iter().find(fits),
            InvocationPolicy::Last => callees.iter().rev().find(fits),
            InvocationPolicy::RoundRobin => {
                let turn = self.turn.fetch_add(1, Relaxed).checked_rem(callees.len())?;
                let (before, after) = callees.split_at(turn);
                let found = after.iter().chain(before).enumerate().find(|(_, callee)| fits(callee));
                // The turns of those that were passed over are used up; without a call, none is.
                match &found {
                    Some((passed, _)) => self.turn.fetch_add(*passed, Relaxed),
                    None => self.turn.fetch_sub(1, Relaxed),
                };
                found.map(|(_, callee)| callee)
            }
            InvocationPolicy::Random if question.tried.is_empty() && !self.is_limited() => {
                callees.get(roll(dice, callees.len())?)
            }
            InvocationPolicy::Random => {
                let at = roll(dice, callees.iter().filter(fits).count())?;
                callees.iter().filter(fits).nth(at)
            }
        }
    }
}

/// A number below `n`. Of 2^53 numbers, the remainder favours none by more than one part in 2^53 / n.
fn roll(dice: &PublicationIds, n: usize) -> Option<usize> {
    let n = u64::try_from(n).ok()?;
    usize::try_from(dice.draw().get().checked_rem(n)?).ok()
}
