//! The realms of a router, by name.

use crate::{
    authentication::{Authentication, Gate},
    authorization::{Authorization, Authorizer, Hooks},
    clock::{self, Clock},
    config::{RealmSettings, Rules},
    error::StartError,
    realm::{Live, RealmCell},
    throttle::Quotas,
};
use parking_lot::{Mutex, RwLock};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
};
use wamplex_realm::{JsonSchema, PassedOptions, RealmConfig};
use wamplex_shared::uri::{MatchPolicy, Uri, UriRule};

/// All realms of a router. They come and go while it runs.
pub(crate) struct Realms {
    clock: Clock,
    gate: Arc<Gate>,
    cells: RwLock<HashMap<String, Arc<RealmCell>>>,
    /// Locked while a realm is added or the authorizers change, so that no realm misses its own.
    hooks: Mutex<Hooks>,
    /// How many realms there have been.
    opened: AtomicU64,
    /// Whether the time of realms is kept, for which there has to be a runtime.
    is_running: AtomicBool,
}

/// Other realms, prepared so that nothing can go wrong any more.
pub(crate) struct Plan(Vec<Planned>);

/// What a realm is made of, or changed to.
struct Planned {
    settings: RealmSettings,
    config: RealmConfig,
    authorization: Authorization,
    live: Live,
}

impl Realms {
    /// No realms yet.
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            gate: Arc::new(Gate::new()),
            cells: RwLock::default(),
            hooks: Mutex::default(),
            opened: AtomicU64::new(0),
            is_running: AtomicBool::new(false),
        }
    }

    /// Opens a realm. One of the same name is left to the sessions that are in it.
    ///
    /// # Errors
    /// The settings cannot be put into practice.
    pub(crate) fn open(&self, settings: &RealmSettings) -> Result<Arc<RealmCell>, StartError> {
        Ok(self.add(Planned::new(settings, self.clock, &self.gate)?))
    }

    /// Prepares other realms.
    ///
    /// # Errors
    /// Their settings cannot be put into practice. Then all stay as they are.
    pub(crate) fn prepare(&self, settings: &[RealmSettings]) -> Result<Plan, StartError> {
        let prepare = |settings: &RealmSettings| Planned::new(settings, self.clock, &self.gate);
        settings.iter().map(prepare).collect::<Result<_, _>>().map(Plan)
    }

    /// Goes over to what was prepared. Realms that are not in it are closed, with the sessions in them.
    pub(crate) fn commit(&self, plan: Plan) {
        let names: HashSet<String> =
            plan.0.iter().map(|planned| planned.settings.name.clone()).collect();
        for planned in plan.0 {
            match self.get(&planned.settings.name) {
                Some(realm) => planned.change(&realm),
                None => drop(self.add(planned)),
            }
        }
        let mut gone = Vec::new();
        self.cells.write().retain(|name, realm| {
            let stays = names.contains(name);
            if !stays {
                gone.push(Arc::clone(realm));
            }
            stays
        });
        for realm in gone {
            realm.close();
        }
    }

    fn add(&self, planned: Planned) -> Arc<RealmCell> {
        let name = planned.settings.name.clone();
        let number = self.opened.fetch_add(1, Relaxed);
        let realm = Arc::new(planned.into_realm(self.clock, number));
        if self.is_running.load(SeqCst) {
            realm.start();
        }
        let hooks = self.hooks.lock();
        realm.authorization().set_hook(hooks.of(&name));
        self.cells.write().insert(name, Arc::clone(&realm));
        realm
    }

    /// Has this authorizer asked in one realm, or in all that have none of their own: those that there are, and those
    /// to come.
    pub(crate) fn set_hook(&self, realm: Option<&str>, hook: Option<Arc<dyn Authorizer>>) {
        let mut hooks = self.hooks.lock();
        hooks.set(realm, hook);
        for (name, realm) in &*self.cells.read() {
            realm.authorization().set_hook(hooks.of(name));
        }
    }

    /// What the authentication of all realms shares.
    pub(crate) const fn gate(&self) -> &Arc<Gate> {
        &self.gate
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

impl Planned {
    fn new(settings: &RealmSettings, clock: Clock, gate: &Arc<Gate>) -> Result<Self, StartError> {
        let name = Uri::from(settings.name.as_str());
        name.check(UriRule::Loose, MatchPolicy::Exact)
            .map_err(|source| StartError::RealmName { name: settings.name.clone(), source })?;
        let config = realm_config(name, &settings.rules, clock)?;
        let authorization = Authorization::new(settings)
            .map_err(|source| StartError::Roles { realm: settings.name.clone(), source })?;
        let live = live(settings, gate)?;
        Ok(Self { settings: settings.clone(), config, authorization, live })
    }

    fn into_realm(self, clock: Clock, number: u64) -> RealmCell {
        let quotas = Quotas::new(&self.settings.limits);
        RealmCell::new(self.config, self.authorization, self.live, quotas, clock, number)
    }

    fn change(self, realm: &RealmCell) {
        if let Err(error) = realm.authorization().replace(&self.settings) {
            // These settings have made an authorization just before.
            tracing::error!(realm = %realm.name(), %error, "the roles stay as they were");
        }
        realm.quotas().set(self.settings.limits);
        realm.change(self.config, self.live);
    }
}

/// What can change in a realm while sessions are in it.
fn live(settings: &RealmSettings, gate: &Arc<Gate>) -> Result<Live, StartError> {
    let authentication = Authentication::of_realm(settings, gate)
        .map_err(|source| StartError::Authentication { realm: settings.name.clone(), source })?;
    Ok(Live { authentication: Arc::new(authentication), trustlevel: settings.rules.trustlevel })
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
    realm.passed_options = PassedOptions::new(rules.passed_options.iter().map(String::as_str))?;
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
