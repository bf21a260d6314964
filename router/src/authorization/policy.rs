//! What holds in a realm until its settings change.

use super::Authorizer;
use crate::config::{AuthorizationSettings, RealmSettings, RoleSettings};
use bytestring::ByteString;
use std::{collections::HashMap, fmt, sync::Arc};
use tokio::sync::Semaphore;
use wamplex_realm::{BadRole, Roles};
use wamplex_shared::uri::Uri;

/// Roles, and who is asked.
#[derive(Clone)]
pub(crate) struct Policy {
    pub(super) roles: Arc<Roles>,
    /// The authorizers of roles, by the names of the roles.
    pub(super) procedures: Arc<HashMap<ByteString, Uri>>,
    /// The authorizer of the program around the router.
    pub(super) hook: Option<Arc<dyn Authorizer>>,
    pub(super) settings: AuthorizationSettings,
    /// Room for questions that are open at once.
    pub(super) places: Arc<Semaphore>,
    /// Whether everybody may do everything, but for what the realm sees to itself.
    pub(super) is_trivial: bool,
}

impl Policy {
    pub(super) fn new(
        settings: &RealmSettings,
        hook: Option<Arc<dyn Authorizer>>,
    ) -> Result<Self, BadRole> {
        let RealmSettings { roles, authorization, rules, .. } = settings;
        let made = roles.iter().map(RoleSettings::to_role);
        let made = match roles.is_empty() {
            true => Roles::everything(rules.meta_api),
            false => Roles::new(made, rules.uris, rules.meta_api)?,
        };
        let procedure = |role: &RoleSettings| {
            let procedure = role.authorizer.as_deref()?;
            Some((ByteString::from(role.name.as_str()), Uri::from(procedure)))
        };
        let places = authorization.concurrency.min(Semaphore::MAX_PERMITS);
        Ok(Self {
            is_trivial: made.is_empty() && hook.is_none(),
            roles: Arc::new(made),
            procedures: Arc::new(roles.iter().filter_map(procedure).collect()),
            hook,
            settings: authorization.clone(),
            places: Arc::new(Semaphore::new(places)),
        })
    }

    pub(super) fn with_hook(&self, hook: Option<Arc<dyn Authorizer>>) -> Self {
        let is_trivial = self.roles.is_empty() && hook.is_none();
        Self { hook, is_trivial, ..self.clone() }
    }

    /// Whether anybody may have to be asked.
    pub(super) fn asks(&self) -> bool {
        self.hook.is_some() || !self.procedures.is_empty()
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("roles", &self.roles)
            .field("procedures", &self.procedures)
            .field("hook", &self.hook.is_some())
            .finish_non_exhaustive()
    }
}
