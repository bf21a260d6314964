//! Those who ask to come into a realm, from the moment that they found it.

use crate::{
    realm::RealmCell,
    realms::{Cells, remove_unless_needed},
};
use std::sync::{Arc, Weak};

/// Somebody who asks to come into a realm: it stays as long as this lives. With the last one goes a realm that was made of
/// a template and that nobody came into, so that strangers who are refused take no room from others.
pub(crate) struct Entry {
    realm: Arc<RealmCell>,
    cells: Weak<Cells>,
}

impl Entry {
    /// Has to be called while nobody can take the realm away: before it is one of these, or under their lock.
    pub(crate) fn new(realm: Arc<RealmCell>, cells: &Arc<Cells>) -> Self {
        realm.begin_entry();
        Self { realm, cells: Arc::downgrade(cells) }
    }

    pub(crate) const fn realm(&self) -> &Arc<RealmCell> {
        &self.realm
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.realm.end_entry();
        if self.realm.is_for_nothing()
            && let Some(cells) = self.cells.upgrade()
        {
            remove_unless_needed(&cells, &self.realm, RealmCell::is_for_nothing);
        }
    }
}
