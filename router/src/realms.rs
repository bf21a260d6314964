//! The realms of a router, by name.

use crate::{
    authentication::Authentication,
    authorization::Authorization,
    clock::{self, Clock},
    config::{RealmSettings, Rules},
    error::StartError,
    realm::{Live, RealmCell},
    throttle::Quotas,
};
use parking_lot::RwLock;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
};
use wamplex_realm::{JsonSchema, RealmConfig};
use wamplex_shared::uri::{MatchPolicy, Uri, UriRule};

/// All realms of a router. They come and go while it runs.
pub(crate) struct Realms {
    clock: Clock,
    cells: RwLock<HashMap<String, Arc<RealmCell>>>,
    /// How many realms there have been.
    opened: AtomicU64,
    /// Whether the time of realms is kept, for which there has to be a runtime.
    is_running: AtomicBool,
}

impl Realms {
    /// No realms yet.
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            cells: RwLock::default(),
            opened: AtomicU64::new(0),
            is_running: AtomicBool::new(false),
        }
    }

    /// Opens a realm. One of the same name is left to the sessions that are in it.
    ///
    /// # Errors
    /// The settings cannot be put into practice.
    pub(crate) fn open(&self, settings: &RealmSettings) -> Result<Arc<RealmCell>, StartError> {
        let name = Uri::from(settings.name.as_str());
        name.check(UriRule::Loose, MatchPolicy::Exact)
            .map_err(|source| StartError::RealmName { name: settings.name.clone(), source })?;
        let config = realm_config(name, &settings.rules, self.clock)?;
        let authorization = Authorization::new(settings)
            .map_err(|source| StartError::Roles { realm: settings.name.clone(), source })?;
        let realm = Arc::new(RealmCell::new(
            config,
            authorization,
            live(settings),
            Quotas::new(&settings.limits),
            self.clock,
            self.opened.fetch_add(1, Relaxed),
        ));
        if self.is_running.load(SeqCst) {
            realm.start();
        }
        self.cells.write().insert(settings.name.clone(), Arc::clone(&realm));
        Ok(realm)
    }

    /// The realm of this name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<RealmCell>> {
        self.cells.read().get(name).cloned()
    }

    /// All realms there are now.
    pub(crate) fn all(&self) -> Vec<Arc<RealmCell>> {
        self.cells.read().values().cloned().collect()
    }

    /// Begins to keep the time of all realms, those to come included. Has to be called within a runtime.
    pub(crate) fn start(&self) {
        self.is_running.store(true, SeqCst);
        for realm in self.all() {
            realm.start();
        }
    }

    /// Keeps the time no longer.
    pub(crate) fn stop(&self) {
        self.is_running.store(false, SeqCst);
        for realm in self.all() {
            realm.stop();
        }
    }
}

/// What can change in a realm while sessions are in it.
fn live(settings: &RealmSettings) -> Live {
    Live {
        authentication: Arc::new(Authentication::default()),
        trustlevel: settings.rules.trustlevel,
    }
}

/// What the realm of this name has to know.
fn realm_config(name: Uri, rules: &Rules, clock: Clock) -> Result<RealmConfig, StartError> {
    let mut realm = RealmConfig::new(name, clock::draw_seed()?);
    realm.uri_rule = rules.uris;
    realm.strict_request_ids = rules.strict_request_ids;
    realm.disclosure = rules.disclosure;
    realm.call_timeout = rules.call_timeout;
    realm.max_call_timeout = rules.max_call_timeout;
    realm.trustlevels = rules.trustlevel.is_some();
    realm.meta_api = rules.meta_api;
    realm.retention = rules.retention.clone();
    for rule in &rules.history.rules {
        rule.pattern.check(rules.uris, rule.policy).map_err(|source| {
            StartError::HistoryPattern { pattern: rule.pattern.to_string(), source }
        })?;
    }
    realm.history = rules.history.clone();
    realm.epoch = clock.epoch();
    if rules.validate {
        realm.validator = Some(Arc::new(JsonSchema));
    }
    Ok(realm)
}
