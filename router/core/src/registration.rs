//! The callees of one procedure, or of one pattern of procedures, and which of them answers a call.

use crate::member::Member;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
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
    /// In the order they registered.
    callees: Vec<Callee<H>>,
    /// Whose turn it is under round-robin.
    turn: AtomicUsize,
}

/// One callee of a registration.
pub(crate) struct Callee<H> {
    pub(crate) member: Arc<Member<H>>,
    /// It wants to know who calls.
    pub(crate) disclose_caller: bool,
    /// It sees to the timeout of calls itself.
    pub(crate) forward_timeout: bool,
}

impl<H> Callee<H> {
    pub(crate) const fn new(member: Arc<Member<H>>, options: &RegisterOptions) -> Self {
        Self {
            member,
            disclose_caller: matches!(options.disclose_caller, Some(true)),
            forward_timeout: options.forward_timeout,
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
        let (callees, turn) = (Vec::new(), AtomicUsize::new(0));
        Self { id, policy, procedure, created, invoke, callees, turn }
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
        self.callees.push(callee);
    }

    pub(crate) fn remove(&mut self, session: SessionId) {
        self.callees.retain(|callee| callee.member.session() != session);
    }

    /// The callee that answers the next call. There is one, unless the registration is empty.
    pub(crate) fn select(&self, dice: &PublicationIds) -> Option<&Callee<H>> {
        let n = self.callees.len();
        let at = match self.invoke {
            InvocationPolicy::Single | InvocationPolicy::First => 0,
            InvocationPolicy::Last => n.checked_sub(1)?,
            InvocationPolicy::RoundRobin => self.turn.fetch_add(1, Relaxed).checked_rem(n)?,
            // Of 2^53 numbers, the remainder favours none by more than one part in 2^53 / n.
            InvocationPolicy::Random => {
                let n = u64::try_from(n).ok()?;
                usize::try_from(dice.draw().get().checked_rem(n)?).ok()?
            }
        };
        self.callees.get(at)
    }
}
