//! What all realms of a router share to tell friends from others.

use super::{Authenticator, Refusal, cookies::Cookies, inside::Inside, lockout::Lockout};
use crate::{principals::SharedSources, watching::Watching};
use parking_lot::RwLock;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock},
    thread::available_parallelism,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The state of authentication that a router has once, and that outlives changes of its configuration.
pub(crate) struct Gate {
    pub(crate) lockout: Lockout,
    pub(crate) cookies: Cookies,
    pub(crate) sources: SharedSources,
    pub(crate) watching: Arc<Watching>,
    /// How dynamic authenticators are called.
    pub(crate) inside: Arc<Inside>,
    /// What the program around the router says, by realm.
    authenticators: RwLock<HashMap<String, Arc<dyn Authenticator>>>,
    workers: Arc<Semaphore>,
    decoy_key: OnceLock<[u8; 32]>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        // Deriving keys takes memory and all of a core: some are left for those who have come in already.
        let workers = available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        let workers = Arc::new(Semaphore::new(workers));
        let watching = Arc::<Watching>::default();
        Self {
            lockout: Lockout::new(),
            cookies: Cookies::new(),
            sources: SharedSources::new(Arc::clone(&watching)),
            watching,
            inside: Arc::default(),
            authenticators: RwLock::default(),
            workers,
            decoy_key: OnceLock::new(),
        }
    }

    /// What decoys are made of where the configuration does not say: drawn once, so that they stay the same when it
    /// changes.
    ///
    /// # Errors
    /// The operating system has no random numbers.
    pub(super) fn decoy_key(&self) -> Result<[u8; 32], getrandom::Error> {
        if let Some(key) = self.decoy_key.get() {
            return Ok(*key);
        }
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(*self.decoy_key.get_or_init(|| key))
    }

    /// Has the program around the router judge the clients of a realm; `None` takes that back.
    pub(crate) fn authenticate_with(
        &self,
        realm: &str,
        authenticator: Option<Arc<dyn Authenticator>>,
    ) {
        let mut authenticators = self.authenticators.write();
        match authenticator {
            Some(authenticator) => authenticators.insert(realm.to_owned(), authenticator),
            None => authenticators.remove(realm),
        };
    }

    pub(super) fn authenticator(&self, realm: &str) -> Option<Arc<dyn Authenticator>> {
        self.authenticators.read().get(realm).cloned()
    }

    /// Waits for one of the places where such work is done that keeps a core busy for milliseconds.
    ///
    /// # Errors
    /// There are none any more.
    pub(crate) async fn place(&self) -> Result<Place, Refusal> {
        let permit = Arc::clone(&self.workers).acquire_owned().await;
        let permit = permit.map_err(|_closed| Refusal::failed("no workers"))?;
        Ok(Place { _permit: permit })
    }
}

/// A place for work away from the threads that serve connections.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Place {
    /// Does this work.
    ///
    /// # Errors
    /// The work panicked.
    pub(crate) async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        // The place is given up when the work is done, not when nobody waits for it any more.
        let work = move || {
            let done = work();
            drop(self);
            done
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| Refusal::failed(error.to_string()))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("cookies", &self.cookies).finish_non_exhaustive()
    }
}
