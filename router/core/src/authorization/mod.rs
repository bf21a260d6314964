//! Who may do what: rights to call, register, publish and subscribe, by role and URI.
//!
//! The specification has the four actions and the errors ("WAMP: Authorization"), and leaves the rest to routers. Ours:
//!
//! * A session has one role. A role has [`Permission`]s, each about a URI, a prefix or a wildcard pattern, and each saying
//!   for every action whether it is allowed, denied, or for somebody else to say.
//! * **One permission decides, the most specific that matches**, with the precedence that registrations have: the exact
//!   one, else the longest prefix, else the wildcard pattern with the longest run of literal components before its first
//!   wildcard, then before its second, and so on. It decides alone: what it does not allow is denied, whatever the less
//!   specific ones say. Two permissions of one role about the same pattern are a mistake, so there are no ties.
//! * What no permission speaks of is [denied](Access::Deny), unless the role says [otherwise](Role::otherwise). A role that
//!   nobody has configured may do nothing.
//! * SUBSCRIBE and REGISTER with a pattern need what every URI would need that the pattern stands for: a permission that
//!   contains the whole pattern, and no more specific one that takes a part of it away. Whoever may subscribe to a pattern
//!   could as well subscribe to each topic, and receives nothing that it could not have received then.
//! * `wamp.` and `wamplex.` are URIs like others, but only permissions that begin there speak of them: the empty prefix
//!   grants an application everything and yet not the right to end sessions. Subscriptions have the same rule: `""` stands
//!   for all topics but those.
//!
//! Rights are judged when something is asked for: a subscription or registration that was allowed stays when a role
//! changes, until its session leaves.

mod judge;
mod own;
mod permission;
mod refuse;
mod roles;
mod rules;
mod shape;

pub use judge::{Need, Verdict, judge};
pub use permission::{Disclose, Permission};
pub use refuse::Refused;
pub use roles::{BadRole, Role, Roles};

use crate::member::Joining;
use core::fmt;
use wamplex_shared::uri::{MatchPolicy, Uri};

/// What needs a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// To call a procedure.
    Call,
    /// To register a procedure, or a pattern of procedures.
    Register,
    /// To publish to a topic.
    Publish,
    /// To subscribe to a topic, or a pattern of topics; and to read what was published to it before.
    Subscribe,
}

impl Action {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Call, Self::Register, Self::Publish, Self::Subscribe];

    /// Its word in configurations, and in the arguments of an authorizer.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Register => "register",
            Self::Publish => "publish",
            Self::Subscribe => "subscribe",
        }
    }

    /// The action with this word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a permission says of an action; the less comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// No. The default.
    #[default]
    Deny,
    /// Somebody has to be asked who is not here: a dynamic authorizer.
    Ask,
    /// Yes.
    Allow,
}

/// What an [`Authority`] says of one action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may happen.
    Allow(Grant),
    /// It may not.
    Deny,
    /// A dynamic authorizer has to say.
    Ask {
        /// Whether what it says may be remembered.
        cache: bool,
    },
}

/// What goes with a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Grant {
    /// Whether callees or subscribers are told who called or published, whatever the realm and the session say of it;
    /// `None` leaves it to them.
    pub disclose: Option<bool>,
    /// Whether a REGISTER may take the procedure from others with `force_reregister`.
    pub force_reregister: bool,
}

impl Grant {
    /// The right of a session in a realm without roles.
    pub const EVERYTHING: Self = Self { disclose: None, force_reregister: true };
}

/// Who decides about rights without asking anybody.
pub trait Authority: Send + Sync {
    /// Whether this session may do this with all URIs that `uri` stands for under `policy`.
    ///
    /// Called for every message: for [`MatchPolicy::Exact`] it should not allocate, and it never waits.
    fn decide(&self, who: &Joining, action: Action, uri: &Uri, policy: MatchPolicy) -> Decision;

    /// Forgets what dynamic authorizers have said of sessions with this role and authid, and returns how much that was.
    /// `None` stands for all.
    fn forget(&self, role: Option<&str>, authid: Option<&str>) -> usize {
        let _ = (role, authid);
        0
    }
}

impl fmt::Debug for dyn Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}
