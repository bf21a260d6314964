//! Which realm has which authorizer of the program: also realms that are not there yet, or were not for a while.

use super::Authorizer;
use std::{collections::HashMap, sync::Arc};

/// The authorizers that a program has given its router.
#[derive(Default)]
pub(crate) struct Hooks {
    of_realm: HashMap<String, Arc<dyn Authorizer>>,
    of_others: Option<Arc<dyn Authorizer>>,
}

impl Hooks {
    /// Whoever is asked in the realm of this name.
    pub(crate) fn of(&self, realm: &str) -> Option<Arc<dyn Authorizer>> {
        self.of_realm.get(realm).or(self.of_others.as_ref()).cloned()
    }

    /// Has this one asked in one realm, or in all that have none of their own.
    pub(crate) fn set(&mut self, realm: Option<&str>, hook: Option<Arc<dyn Authorizer>>) {
        match (realm, hook) {
            (None, hook) => self.of_others = hook,
            (Some(realm), Some(hook)) => drop(self.of_realm.insert(realm.to_owned(), hook)),
            (Some(realm), None) => drop(self.of_realm.remove(realm)),
        }
    }
}
