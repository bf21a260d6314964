//! Sources that the program around a router adds while it runs.

use super::{Finding, Lookup, Principals};
use parking_lot::RwLock;
use std::{collections::HashMap, sync::Arc};

/// The sources of a program, by realm. Changes hold from the next search on.
#[derive(Debug, Default)]
pub(crate) struct Added(RwLock<HashMap<String, Arc<dyn Principals>>>);

impl Added {
    /// Asks this source about the principals of a realm; `None` asks none any more.
    pub(crate) fn set(&self, realm: &str, source: Option<Arc<dyn Principals>>) {
        let mut sources = self.0.write();
        let replaced = match source {
            Some(source) => sources.insert(realm.to_owned(), source),
            None => sources.remove(realm),
        };
        drop(sources);
        // What the program does when its source goes is not done under the lock.
        drop(replaced);
    }
}

impl Principals for Added {
    fn provider(&self) -> &str {
        "program"
    }

    fn find<'a>(&'a self, realm: &'a str, who: Lookup<'a>) -> Finding<'a> {
        let source = self.0.read().get(realm).cloned();
        Box::pin(async move {
            match source {
                Some(source) => source.find(realm, who).await,
                None => Ok(None),
            }
        })
    }
}
