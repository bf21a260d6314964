//! Who may do what, in a running router: the roles of the configuration, and authorizers that are asked.
//!
//! Every message is judged before its realm is locked. Where the roles decide by themselves, that neither waits nor
//! allocates. Where somebody has to be asked, the session's next messages wait for the answer, and nobody else does:
//!
//! * a **procedure** that a role names as its authorizer: [`RoleSettings::authorizer`](crate::config::RoleSettings::authorizer).
//!   It is called with what Crossbar's authorizers are called with: the details of the session, the URI, the action
//!   (`call`, `register`, `publish` or `subscribe`), and the options of the message, with `match` among them where the URI
//!   may be a pattern. It returns true or false, or a dictionary:
//!
//!   | key | meaning |
//!   |---|---|
//!   | `allow` | whether it may happen; required |
//!   | `disclose` | whether callees or subscribers learn who calls or publishes; without it the realm decides |
//!   | `cache` | whether this answer may be remembered, for this role, authid, action and URI; false without it |
//!
//!   Whoever may register that procedure decides about rights: roles should give it to few. It is not asked about its own
//!   callees, which could otherwise wait for themselves; and while it decides about a session, calls of that session
//!   wait, so it should not call procedures there.
//! * an [`Authorizer`] of the program that embeds the router, after the roles and procedures have said yes.
//!
//! Whatever goes wrong is a no: the request ends with `wamp.error.authorization_failed`, and is not remembered.
//!
//! `wamplex.authorization.invalidate` makes a realm forget what authorizers have said, of all sessions or of those with
//! one `role` or `authid` (keywords). A session needs a permission for it.

mod ask;
mod authorizer;
mod cache;
mod hooks;
mod policy;
mod procedure;

pub use authorizer::{Answer, Authorizer, Request};
pub(crate) use hooks::Hooks;
pub(crate) use policy::Policy;

use crate::{config::RealmSettings, deliver::Handle, local::LocalSession};
use arc_swap::ArcSwap;
use cache::Cache;
use parking_lot::Mutex;
use std::{fmt, sync::Arc};
use wamplex_realm::{
    Action, Authority, BadRole, Decision, Grant, Joining, Member, Need, Verdict, judge,
};
use wamplex_shared::{
    message::Message,
    uri::{MatchPolicy, Uri},
    uris::{session::ADD_TESTAMENT, subscription::GET_EVENTS},
};

/// The rights in one realm.
pub(crate) struct Authorization {
    policy: ArcSwap<Policy>,
    cache: Cache,
    /// The session that calls authorizers, once there was something to ask.
    asker: Mutex<Option<LocalSession>>,
    /// Held while the policy is replaced.
    changing: Mutex<()>,
}

impl Authorization {
    /// What these settings say.
    ///
    /// # Errors
    /// What is wrong with the roles.
    pub(crate) fn new(settings: &RealmSettings) -> Result<Self, BadRole> {
        let policy = Policy::new(settings, None)?;
        Ok(Self {
            cache: Cache::new(policy.settings.cache_entries),
            policy: ArcSwap::from_pointee(policy),
            asker: Mutex::default(),
            changing: Mutex::default(),
        })
    }

    /// Goes by these settings from now on, and forgets what authorizers have said. Subscriptions and registrations that
    /// there are stay.
    ///
    /// # Errors
    /// What is wrong with the roles; then nothing has changed.
    pub(crate) fn replace(&self, settings: &RealmSettings) -> Result<(), BadRole> {
        let _changing = self.changing.lock();
        let policy = Policy::new(settings, self.policy.load().hook.clone())?;
        let entries = policy.settings.cache_entries;
        self.policy.store(Arc::new(policy));
        self.cache.reset(entries);
        Ok(())
    }

    /// Has this authorizer asked about what roles allow, from now on.
    pub(crate) fn set_hook(&self, hook: Option<Arc<dyn Authorizer>>) {
        let _changing = self.changing.lock();
        let policy = self.policy.load().with_hook(hook);
        self.policy.store(Arc::new(policy));
    }

    /// Lets go of the session that calls authorizers.
    pub(crate) fn close(&self) {
        let asker = self.asker.lock().take();
        // Outside the lock, since that tells the realm.
        drop(asker);
    }

    /// Whether sessions may have this role. Where no roles are configured they may have any.
    pub(crate) fn has_role(&self, role: &str) -> bool {
        let policy = self.policy.load();
        policy.roles.is_empty() || policy.roles.has(role)
    }

    /// Whether messages may have to wait until somebody is asked.
    pub(crate) fn asks(&self) -> bool {
        self.policy.load().asks()
    }

    /// Judges a message, without waiting for anybody.
    pub(crate) fn judge(&self, from: &Member<Handle>, message: &Message) -> Verdict {
        let policy = self.policy.load();
        if policy.is_trivial || from.who().privileged {
            return Verdict::Allowed(Grant::EVERYTHING);
        }
        let verdict = judge(&*policy.roles, from, message);
        // A yes may be for somebody else to confirm, or what the message is about for somebody else to say.
        let is_open = policy.hook.is_some() && is_asked_about(from, message)
            || policy.asks() && is_indirect(message);
        match (verdict, is_open) {
            (Verdict::Allowed(_), true) => Verdict::Ask { cache: false },
            (verdict, _) => verdict,
        }
    }
}

/// What the realm asks by itself: it has its own question only where a message needs more than one right.
impl Authority for Authorization {
    fn decide(&self, who: &Joining, action: Action, uri: &Uri, policy: MatchPolicy) -> Decision {
        self.policy.load().roles.decide(who, action, uri, policy)
    }

    fn forget(&self, role: Option<&str>, authid: Option<&str>) -> usize {
        self.cache.forget(role, authid)
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization").field("policy", &self.policy.load()).finish_non_exhaustive()
    }
}

/// Whether hooks hear of this message.
fn is_asked_about(from: &Member<Handle>, message: &Message) -> bool {
    let goes_on = matches!(message, Message::Call(call) if from.goes_on(call.request));
    Need::of(message).is_some() && !goes_on
}

/// Whether a message may need the right to another URI than its own.
fn is_indirect(message: &Message) -> bool {
    matches!(message, Message::Call(call) if call.procedure == ADD_TESTAMENT || call.procedure == GET_EVENTS)
}
