//! The realms of a router, by name.

use crate::{
    authentication::{Authentication, Gate, Refusal},
    authorization::{Authorization, Authorizer, Hooks},
    clock::{self, Clock},
    config::{RealmSettings, RealmTemplate, Rules},
    entry::Entry,
    error::StartError,
    realm::{Live, RealmCell},
    throttle::Quotas,
};
use parking_lot::{Mutex, MutexGuard, RwLock};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Weak,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::Duration,
};
use tokio::time::sleep;
use wamplex_realm::{CallTracer, JsonSchema, PassedOptions, RealmConfig};
use wamplex_shared::uri::{MatchPolicy, Uri, UriRule};

/// All realms of a router. They come and go while it runs.
pub(crate) struct Realms {
    clock: Clock,
    /// Who follows calls.
    tracer: Option<Arc<dyn CallTracer>>,
    gate: Arc<Gate>,
    cells: Arc<Cells>,
    /// Locked while a realm that was made of them is added, so that there is one of a name and not too many.
    templates: Mutex<Vec<Arc<RealmTemplate>>>,
    /// Locked while a realm is added or the authorizers change, so that no realm misses its own.
    hooks: Mutex<Hooks>,
    /// How many realms there have been.
    opened: AtomicU64,
    /// Whether the time of realms is kept, for which there has to be a runtime.
    is_running: AtomicBool,
}

/// The realms there are, by name.
pub(crate) type Cells = RwLock<HashMap<String, Arc<RealmCell>>>;

/// Other realms, prepared so that nothing can go wrong any more.
pub(crate) struct Plan<'a> {
    planned: Vec<Planned>,
    templates: Vec<Arc<RealmTemplate>>,
    /// No realm is made in the meantime.
    making: MutexGuard<'a, Vec<Arc<RealmTemplate>>>,
}

/// Why there is no realm of a name.
pub(crate) enum NotMade {
    /// There is neither a realm nor a template for it.
    NoTemplate,
    /// The template has made as many as it may.
    TooMany,
    /// The settings of the template cannot be put into practice now.
    Unusable(StartError),
    /// The router could not get to it.
    Failed(Refusal),
}

/// What there is of a name.
enum Found {
    Realm(Entry),
    Template(Arc<RealmTemplate>),
}

/// What a realm is made of, or changed to.
struct Planned {
    settings: RealmSettings,
    template: Option<Arc<RealmTemplate>>,
    config: RealmConfig,
    authorization: Authorization,
    live: Live,
}

impl Realms {
    /// No realms yet.
    pub(crate) fn new(clock: Clock, tracer: Option<Arc<dyn CallTracer>>) -> Self {
        Self {
            clock,
            tracer,
            gate: Arc::new(Gate::new()),
            cells: Arc::default(),
            templates: Mutex::default(),
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

    /// Makes realms of these templates from now on.
    pub(crate) fn set_templates(&self, templates: &[RealmTemplate]) {
        *self.templates.lock() = templates.iter().cloned().map(Arc::new).collect();
    }

    /// The way into the realm of this name, which is made of a template if it is not there. What takes time is done
    /// elsewhere, so that nobody else waits for it.
    ///
    /// # Errors
    /// There is none, and it cannot be made.
    pub(crate) async fn make(&self, name: &str) -> Result<Entry, NotMade> {
        loop {
            if let Found::Realm(entry) = self.find(name)? {
                return Ok(entry);
            }
            let place = self.gate.place().await.map_err(NotMade::Failed)?;
            // Once more, as somebody else may have made it while there was no place.
            let template = match self.find(name)? {
                Found::Realm(entry) => return Ok(entry),
                Found::Template(template) => template,
            };
            let (settings, clock) = (template.settings(name), self.clock);
            let gate = Arc::clone(&self.gate);
            let planned = place.work(move || Planned::new(&settings, clock, &gate)).await;
            let planned = planned.map_err(NotMade::Failed)?.map_err(NotMade::Unusable)?;
            if let Some(entry) = self.add_made(planned, &template)? {
                return Ok(entry);
            }
        }
    }

    /// The same, for a caller that waits. Has to be called within a runtime.
    ///
    /// # Errors
    /// There is none, and it cannot be made.
    pub(crate) fn make_here(&self, name: &str) -> Result<Entry, NotMade> {
        loop {
            let template = match self.find(name)? {
                Found::Realm(entry) => return Ok(entry),
                Found::Template(template) => template,
            };
            let planned = Planned::new(&template.settings(name), self.clock, &self.gate);
            if let Some(entry) = self.add_made(planned.map_err(NotMade::Unusable)?, &template)? {
                return Ok(entry);
            }
        }
    }

    /// The way into the realm of this name, or what it is to be made of.
    ///
    /// # Errors
    /// There is no template for it, or it has made as many as it may.
    fn find(&self, name: &str) -> Result<Found, NotMade> {
        let templates = self.templates.lock();
        if let Some(entry) = self.enter(name) {
            return Ok(Found::Realm(entry));
        }
        let template = templates.iter().find(|template| template.matches(name));
        let template = template.ok_or(NotMade::NoTemplate)?;
        self.check_room(template)?;
        Ok(Found::Template(Arc::clone(template)))
    }

    fn check_room(&self, template: &RealmTemplate) -> Result<(), NotMade> {
        let is_of_it =
            |realm: &&Arc<RealmCell>| realm.template().as_deref() == Some(&template.pattern);
        let count = self.cells.read().values().filter(is_of_it).count();
        if count < template.most { Ok(()) } else { Err(NotMade::TooMany) }
    }

    /// Adds a realm that was made of a template; nothing if there is one of its name by now, or if the template does not
    /// hold any more: whoever asks has to look again.
    ///
    /// # Errors
    /// The template has made as many as it may.
    fn add_made(
        &self,
        planned: Planned,
        template: &Arc<RealmTemplate>,
    ) -> Result<Option<Entry>, NotMade> {
        let templates = self.templates.lock();
        let name = &*planned.settings.name;
        let holds = templates.iter().find(|template| template.matches(name));
        if self.cells.read().contains_key(name)
            || !holds.is_some_and(|holds| Arc::ptr_eq(holds, template))
        {
            return Ok(None);
        }
        self.check_room(template)?;
        let planned = Planned { template: Some(Arc::clone(template)), ..planned };
        let realm = self.create(planned);
        let entry = Entry::new(Arc::clone(&realm), &self.cells);
        self.insert(realm);
        Ok(Some(entry))
    }

    /// Prepares other realms.
    ///
    /// # Errors
    /// Their settings cannot be put into practice. Then all stay as they are.
    pub(crate) fn prepare(
        &self,
        settings: &[RealmSettings],
        templates: &[RealmTemplate],
    ) -> Result<Plan<'_>, StartError> {
        let making = self.templates.lock();
        let templates: Vec<_> = templates.iter().cloned().map(Arc::new).collect();
        let prepare = |settings: &RealmSettings| Planned::new(settings, self.clock, &self.gate);
        let mut planned = settings.iter().map(prepare).collect::<Result<Vec<_>, _>>()?;
        for realm in self.all().into_iter().filter(|realm| realm.template().is_some()) {
            let name = realm.name().as_str();
            let is_listed = settings.iter().any(|settings| settings.name == name);
            let template = templates.iter().find(|template| template.matches(name));
            if let Some(template) = template.filter(|_| !is_listed) {
                let made = prepare(&template.settings(name))?;
                planned.push(Planned { template: Some(Arc::clone(template)), ..made });
            }
        }
        Ok(Plan { planned, templates, making })
    }

    /// Goes over to what was prepared. Realms that are not in it are closed, with the sessions in them.
    pub(crate) fn commit(&self, plan: Plan<'_>) {
        let Plan { planned, templates, mut making } = plan;
        let names: HashSet<String> =
            planned.iter().map(|planned| planned.settings.name.clone()).collect();
        for planned in planned {
            match self.get(&planned.settings.name) {
                Some(realm) => self.change(planned, &realm),
                // One of a template that went in the meantime, because nobody needs it.
                None if planned.template.is_some() => {}
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
        *making = templates;
        drop(making);
        for realm in gone {
            realm.close();
        }
    }

    fn change(&self, planned: Planned, realm: &Arc<RealmCell>) {
        let template = planned.template.clone();
        planned.change(realm);
        self.belongs(realm, template.as_ref());
    }

    /// Takes note of the template of a realm, and sees to it that the realm goes when nobody needs it any more.
    fn belongs(&self, realm: &Arc<RealmCell>, template: Option<&Arc<RealmTemplate>>) {
        realm.set_template(template.map(|template| template.pattern.as_str().into()));
        let idle = template.and_then(|template| template.idle);
        let (cells, weak) = (Arc::downgrade(&self.cells), Arc::downgrade(realm));
        realm.set_reaper(idle.map(|idle| tokio::spawn(reap(cells, weak, idle)).abort_handle()));
    }

    fn add(&self, planned: Planned) -> Arc<RealmCell> {
        let realm = self.create(planned);
        self.insert(Arc::clone(&realm));
        realm
    }

    fn create(&self, mut planned: Planned) -> Arc<RealmCell> {
        let template = planned.template.clone();
        planned.config.tracer.clone_from(&self.tracer);
        let number = self.opened.fetch_add(1, Relaxed);
        let realm = Arc::new(planned.into_realm(self.clock, number));
        if self.is_running.load(SeqCst) {
            realm.start();
        }
        self.belongs(&realm, template.as_ref());
        realm
    }

    fn insert(&self, realm: Arc<RealmCell>) {
        let hooks = self.hooks.lock();
        let name = realm.name().as_str();
        realm.authorization().set_hook(hooks.of(name));
        self.cells.write().insert(name.to_owned(), realm);
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

    /// The way into the realm of this name, if there is one.
    pub(crate) fn enter(&self, name: &str) -> Option<Entry> {
        let cells = self.cells.read();
        cells.get(name).map(|realm| Entry::new(Arc::clone(realm), &self.cells))
    }

    /// The realm of this name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<RealmCell>> {
        let realm = self.cells.read().get(name).cloned();
        if let Some(realm) = &realm {
            realm.touch();
        }
        realm
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
        Ok(Self { settings: settings.clone(), template: None, config, authorization, live })
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

/// Takes a realm away once nobody has been in it for this long.
async fn reap(cells: Weak<Cells>, realm: Weak<RealmCell>, idle: Duration) {
    loop {
        let left = realm.upgrade().map(|realm| idle.saturating_sub(realm.idle()));
        let Some(left) = left else { return };
        if !left.is_zero() {
            sleep(left).await;
            continue;
        }
        let (Some(cells), Some(realm)) = (cells.upgrade(), realm.upgrade()) else { return };
        if remove_unless_needed(&cells, &realm, RealmCell::is_unasked) {
            return;
        }
        drop((cells, realm));
        sleep(idle).await;
    }
}

/// Takes a realm away if nobody is in it and nothing else, as this tells, keeps it; whether it is gone.
pub(crate) fn remove_unless_needed(
    cells: &Cells,
    realm: &Arc<RealmCell>,
    may_go: impl Fn(&RealmCell) -> bool,
) -> bool {
    // Under the lock, so that whoever does not find it here may make another one.
    let mut cells = cells.write();
    let name = realm.name().as_str();
    if !cells.get(name).is_some_and(|there| Arc::ptr_eq(there, realm)) {
        return true;
    }
    let is_closed = may_go(realm) && realm.close_if_empty();
    if is_closed {
        cells.remove(name);
        if !realm.is_for_nothing() {
            tracing::info!(realm = name, "realm removed that nobody was in");
        }
    }
    is_closed
}

/// What can change in a realm while sessions are in it.
fn live(settings: &RealmSettings, gate: &Arc<Gate>) -> Result<Live, StartError> {
    let authentication = Authentication::of_realm(settings, gate)
        .map_err(|source| StartError::Authentication { realm: settings.name.clone(), source })?;
    Ok(Live {
        authentication: Arc::new(authentication),
        trustlevel: settings.rules.trustlevel,
        slow_consumers: settings.slow_consumers,
    })
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
