//! The roles of a realm.

use super::{Access, Action, Authority, Decision, Permission, rules::Rules};
use crate::{config::MetaApi, member::Joining};
use bytestring::ByteString;
use core::fmt;
use std::collections::HashMap;
use wamplex_shared::uri::{InvalidUri, MatchPolicy, Uri, UriRule};

/// A role that sessions may have, as an operator describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Role {
    /// The `authrole` of its sessions.
    pub name: ByteString,
    /// What becomes of what no permission speaks of. [`Access::Allow`] does not include acting on others through the meta
    /// API, unless [`MetaApi::Full`] gives that to everybody.
    pub otherwise: Access,
    /// What it may do.
    pub permissions: Vec<Permission>,
}

impl Role {
    /// A role that may do nothing.
    pub fn new(name: impl Into<ByteString>) -> Self {
        Self { name: name.into(), otherwise: Access::Deny, permissions: Vec::new() }
    }

    /// The same with one more permission.
    #[must_use]
    pub fn with(mut self, permission: Permission) -> Self {
        self.permissions.push(permission);
        self
    }
}

/// All roles of a realm, arranged for deciding.
///
/// ```
/// use wamplex_realm::{Action, Authority, Decision, Joining, MetaApi, Permission, Role, Roles};
/// use wamplex_shared::{id::SessionId, roles, uri::{MatchPolicy, Uri, UriRule}};
///
/// let guest = Role::new("guest")
///     .with(Permission::new(MatchPolicy::Prefix, "com.example.").allow(&[Action::Subscribe]))
///     .with(Permission::new(MatchPolicy::Exact, "com.example.secret"));
/// let roles = Roles::new([guest], UriRule::Loose, MetaApi::Ask)?;
///
/// let mut who = Joining::new(SessionId::new(1).unwrap(), roles::Roles::NONE);
/// who.authrole = Some("guest".into());
/// let may = |uri: &'static str, policy| {
///     let decision = roles.decide(&who, Action::Subscribe, &Uri::from_static(uri), policy);
///     matches!(decision, Decision::Allow(_))
/// };
/// assert!(may("com.example.news", MatchPolicy::Exact));
/// assert!(!may("com.example.secret", MatchPolicy::Exact));
/// assert!(may("com.example.news.", MatchPolicy::Prefix));
/// assert!(!may("com.example.", MatchPolicy::Prefix), "the secret would be among it");
/// # Ok::<(), wamplex_realm::BadRole>(())
/// ```
pub struct Roles {
    roles: HashMap<ByteString, Rules>,
    /// For sessions in any other role, or in none.
    others: Rules,
}

/// Roles that cannot be what somebody meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadRole {
    /// Two roles have one name.
    #[error("there are two roles `{role}`")]
    Twice {
        /// The name.
        role: ByteString,
    },
    /// Two permissions of a role are about the same pattern, and neither is more specific.
    #[error("role `{role}` has two permissions for the {} `{uri}`", kind(*.policy))]
    TwoPermissions {
        /// The name of the role.
        role: ByteString,
        /// Which kind of pattern it is.
        policy: MatchPolicy,
        /// The pattern.
        uri: Uri,
    },
    /// A permission is about what can be no topic or procedure, and no pattern of them.
    #[error("role `{role}` has a permission for `{uri}`, which is no {}: {source}", kind(*.policy))]
    NoUri {
        /// The name of the role.
        role: ByteString,
        /// Which kind of pattern it should be.
        policy: MatchPolicy,
        /// The pattern.
        uri: Uri,
        /// What is wrong with it.
        source: InvalidUri,
    },
}

const fn kind(policy: MatchPolicy) -> &'static str {
    match policy {
        MatchPolicy::Exact => "URI",
        MatchPolicy::Prefix => "prefix",
        MatchPolicy::Wildcard => "wildcard pattern",
    }
}

impl Roles {
    /// Arranges these roles, for a realm with these rules.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn new(
        roles: impl IntoIterator<Item = Role>,
        uris: UriRule,
        meta_api: MetaApi,
    ) -> Result<Self, BadRole> {
        let mut arranged = HashMap::new();
        for Role { name, otherwise, permissions } in roles {
            let mut rules = Rules::new(otherwise, meta_api);
            for permission in permissions {
                let (policy, uri) = (permission.policy, permission.uri.clone());
                if let Err(source) = uri.check(uris, policy) {
                    return Err(BadRole::NoUri { role: name, policy, uri, source });
                }
                if !rules.add(permission) {
                    return Err(BadRole::TwoPermissions { role: name, policy, uri });
                }
            }
            if arranged.insert(name.clone(), rules).is_some() {
                return Err(BadRole::Twice { role: name });
            }
        }
        Ok(Self { roles: arranged, others: Rules::new(Access::Deny, meta_api) })
    }

    /// No roles at all: every session may do everything, within the meta API as far as everybody may.
    #[must_use]
    pub fn everything(meta_api: MetaApi) -> Self {
        Self { roles: HashMap::new(), others: Rules::new(Access::Allow, meta_api) }
    }

    /// Whether there is no difference between sessions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// Whether there is a role of this name.
    #[must_use]
    pub fn has(&self, role: &str) -> bool {
        self.roles.contains_key(role)
    }
}

impl Authority for Roles {
    fn decide(&self, who: &Joining, action: Action, uri: &Uri, policy: MatchPolicy) -> Decision {
        let rules = who.authrole.as_ref().and_then(|role| self.roles.get(role));
        rules.unwrap_or(&self.others).decide(action, uri, policy)
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.roles.keys()).finish()
    }
}
