//! What a role may do with one URI or pattern.

use super::{Access, Action};
use wamplex_shared::uri::{MatchPolicy, Uri};

/// What the sessions of a role may do with a URI, or with all URIs that a pattern stands for.
///
/// ```
/// use wamplex_realm::{Access, Action, Permission};
/// use wamplex_shared::uri::MatchPolicy;
///
/// let permission = Permission::new(MatchPolicy::Prefix, "com.example.").allow(&[Action::Call]);
/// assert_eq!(permission.access(Action::Call), Access::Allow);
/// assert_eq!(permission.access(Action::Register), Access::Deny);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permission {
    /// The URI, prefix or wildcard pattern.
    pub uri: Uri,
    /// Which of these it is.
    pub policy: MatchPolicy,
    /// What it says of each action, in the order of [`Action::ALL`].
    access: [Access; 4],
    /// Whether callers and publishers are disclosed, whatever they and the realm wish.
    pub disclose: Disclose,
    /// Whether the word of a dynamic authorizer about these URIs may be remembered. On by default.
    pub cache: bool,
    /// Whether a REGISTER may take a procedure from others with `force_reregister`. Off by default.
    pub force_reregister: bool,
}

/// Whether callers and publishers are disclosed; `None` leaves it to them and to the realm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Disclose {
    /// Whether callees are told who called.
    pub caller: Option<bool>,
    /// Whether subscribers are told who published.
    pub publisher: Option<bool>,
}

impl Permission {
    /// A permission that allows nothing.
    pub fn new(policy: MatchPolicy, uri: impl Into<Uri>) -> Self {
        Self {
            uri: uri.into(),
            policy,
            access: [Access::Deny; 4],
            disclose: Disclose::default(),
            cache: true,
            force_reregister: false,
        }
    }

    /// The same with these actions allowed.
    #[must_use]
    pub fn allow(self, actions: &[Action]) -> Self {
        self.with(actions, Access::Allow)
    }

    /// The same with these actions left to the dynamic authorizer.
    #[must_use]
    pub fn ask(self, actions: &[Action]) -> Self {
        self.with(actions, Access::Ask)
    }

    /// What it says of an action.
    #[must_use]
    pub const fn access(&self, action: Action) -> Access {
        self.access[action as usize]
    }

    fn with(mut self, actions: &[Action], access: Access) -> Self {
        for action in actions {
            self.access[*action as usize] = access;
        }
        self
    }
}

impl Disclose {
    /// What it says of those who do this.
    pub(super) const fn of(self, action: Action) -> Option<bool> {
        match action {
            Action::Call => self.caller,
            Action::Publish => self.publisher,
            Action::Register | Action::Subscribe => None,
        }
    }
}
