//! A realm in a running router: its guard, its clock and its name.

use crate::{
    authentication::Authentication,
    authorization::Authorization,
    clock::Clock,
    config::SlowConsumers,
    deliver::{Deliver, Handle},
    guard::{Guard, Held},
    metrics::Traffic,
    throttle::Quotas,
};
use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLockReadGuard, RwLockWriteGuard};
use std::{
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicU64, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::Duration,
};
use tokio::{sync::Notify, task::AbortHandle};
use wamplex_realm::{Authority, Joining, Member, Observer, Realm, RealmConfig};
use wamplex_shared::{message::Goodbye, time::Time, uri::Uri, uris};

/// A realm that sessions of this router join.
pub(crate) struct RealmCell {
    name: Uri,
    /// The older the realm the lower, so that realms can be told apart by age.
    number: u64,
    traffic: Arc<Traffic>,
    authorization: Arc<Authorization>,
    live: ArcSwap<Live>,
    quotas: Quotas,
    guard: Guard<Realm<Handle>>,
    clock: Clock,
    /// When the keeper of the time wakes by itself, in nanoseconds; [`NEVER`] also while it makes up its mind.
    wakes: AtomicU64,
    sooner: Notify,
    /// The task that keeps the time. It holds the realm, so it has to be stopped.
    keeper: Mutex<Option<AbortHandle>>,
    /// Whether sessions may not come in any more. Changes under the lock of the realm.
    is_closed: AtomicBool,
    /// The pattern of the template that it was made of, if it was.
    template: Mutex<Option<Arc<str>>>,
    /// The task that takes it away when nobody needs it any more.
    reaper: Mutex<Option<AbortHandle>>,
    /// Since when nobody is here, in nanoseconds; [`NEVER`] if somebody is.
    empty_since: AtomicU64,
    /// How many ask to come in now. Grows only where nobody can take the realm away.
    entries: AtomicUsize,
    /// Whether somebody has ever come in.
    was_used: AtomicBool,
}

/// What can change in a realm while sessions are in it.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) authentication: Arc<Authentication>,
    /// How far sessions are trusted of which authentication says nothing.
    pub(crate) trustlevel: Option<u64>,
    /// What becomes of those that are too slow.
    pub(crate) slow_consumers: SlowConsumers,
}

/// No time at all: later than any deadline.
const NEVER: u64 = u64::MAX;

/// A session's place in a realm, given up when this is dropped.
pub(crate) struct Membership {
    pub(crate) realm: Arc<RealmCell>,
    pub(crate) member: Arc<Member<Handle>>,
}

impl RealmCell {
    /// A realm; `number` is higher than that of any realm before.
    pub(crate) fn new(
        mut config: RealmConfig,
        authorization: Authorization,
        live: Live,
        quotas: Quotas,
        clock: Clock,
        number: u64,
    ) -> Self {
        let authorization = Arc::new(authorization);
        config.authority = Some(Arc::clone(&authorization) as Arc<dyn Authority>);
        let traffic = Arc::<Traffic>::default();
        config.observer = Some(Arc::clone(&traffic) as Arc<dyn Observer>);
        Self {
            name: config.name.clone(),
            number,
            traffic,
            authorization,
            live: ArcSwap::from_pointee(live),
            quotas,
            guard: Guard::new(Realm::new(config)),
            clock,
            wakes: AtomicU64::new(NEVER),
            sooner: Notify::new(),
            keeper: Mutex::default(),
            is_closed: AtomicBool::new(false),
            template: Mutex::default(),
            reaper: Mutex::default(),
            empty_since: AtomicU64::new(nanos(clock.now())),
            entries: AtomicUsize::new(0),
            was_used: AtomicBool::new(false),
        }
    }

    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Who may do what here.
    pub(crate) const fn authorization(&self) -> &Arc<Authorization> {
        &self.authorization
    }

    /// What has passed through the realm.
    pub(crate) const fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// What its sessions may hold and send.
    pub(crate) const fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// What holds now.
    pub(crate) fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// Ends all calls with an ERROR.
    pub(crate) fn end_calls(&self) {
        self.read().end_calls(self.clock.now(), &mut Deliver);
    }

    /// Begins to keep the time, until it is [stopped](Self::stop). Has to be called within a runtime.
    pub(crate) fn start(self: &Arc<Self>) {
        let mut keeper = self.keeper.lock();
        if keeper.is_none() {
            let realm = Arc::clone(self);
            let keeping = async move {
                loop {
                    realm.keep_time().await;
                }
            };
            *keeper = Some(tokio::spawn(keeping).abort_handle());
        }
    }

    /// Keeps the time no longer: the realm is not used any more.
    pub(crate) fn stop(&self) {
        self.authorization.close();
        if let Some(keeper) = self.keeper.lock().take() {
            keeper.abort();
        }
    }

    pub(crate) const fn name(&self) -> &Uri {
        &self.name
    }

    /// The realm, for moving messages.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Realm<Handle>> {
        self.guard.read()
    }

    /// The realm, for changing it.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Realm<Handle>> {
        self.guard.write()
    }

    /// The realm, for a batch of messages.
    pub(crate) const fn hold(&self) -> Held<'_, Realm<Handle>> {
        self.guard.hold()
    }

    /// Takes a session in.
    pub(crate) fn join(self: &Arc<Self>, who: Joining, handle: Handle) -> Membership {
        let mut realm = self.write();
        let member = realm.join(who, handle, self.clock.now(), &mut Deliver);
        let is_first = realm.session_count() > 0 && !self.was_used.swap(true, SeqCst);
        if realm.session_count() > 0 {
            self.empty_since.store(NEVER, Relaxed);
        }
        if self.is_closed.load(Relaxed) {
            // The client was admitted to a realm that was there still.
            realm.dismiss(&closed(), self.clock.now(), &mut Deliver);
        }
        drop(realm);
        if is_first && let Some(template) = self.template() {
            tracing::info!(realm = %self.name, %template, "realm made");
        }
        Membership { realm: Arc::clone(self), member }
    }

    /// The pattern of the template that it was made of, if it was.
    pub(crate) fn template(&self) -> Option<Arc<str>> {
        self.template.lock().clone()
    }

    /// Says of which template it is from now on.
    pub(crate) fn set_template(&self, pattern: Option<Arc<str>>) {
        *self.template.lock() = pattern;
    }

    /// Has this task, and none of before, take it away when nobody needs it any more.
    pub(crate) fn set_reaper(&self, reaper: Option<AbortHandle>) {
        let before = std::mem::replace(&mut *self.reaper.lock(), reaper);
        if let Some(before) = before {
            before.abort();
        }
    }

    /// For how long nobody has been here, or has asked to come in.
    pub(crate) fn idle(&self) -> Duration {
        let since = Duration::from_nanos(self.empty_since.load(Relaxed));
        self.clock.now().since_start().saturating_sub(since)
    }

    /// Says that somebody asks to come in, until [`end_entry`](Self::end_entry).
    pub(crate) fn begin_entry(&self) {
        self.entries.fetch_add(1, SeqCst);
        self.touch();
    }

    /// Says that somebody has come in, or will not.
    pub(crate) fn end_entry(&self) {
        self.entries.fetch_sub(1, SeqCst);
    }

    /// Whether nobody asks to come in now.
    pub(crate) fn is_unasked(&self) -> bool {
        self.entries.load(SeqCst) == 0
    }

    /// Whether it was made of a template for somebody who did not come in, nor anybody else.
    pub(crate) fn is_for_nothing(&self) -> bool {
        let is_made = self.template.lock().is_some();
        is_made && self.is_unasked() && !self.was_used.load(SeqCst)
    }

    /// Says that somebody asks to come in.
    pub(crate) fn touch(&self) {
        let now = nanos(self.clock.now());
        let touched = |since: u64| (since != NEVER).then_some(now);
        // Nothing changes while somebody is here.
        let _ = self.empty_since.fetch_update(Relaxed, Relaxed, touched);
    }

    /// Closes the realm if nobody is in it; whether it did.
    pub(crate) fn close_if_empty(&self) -> bool {
        let mut realm = self.write();
        let is_empty = realm.session_count() == 0;
        if is_empty {
            self.is_closed.store(true, Relaxed);
            // Parts of the router may be here still, and must not take this realm for the one that comes after it.
            realm.dismiss(&closed(), self.clock.now(), &mut Deliver);
        }
        drop(realm);
        if is_empty {
            self.authorization.close();
            self.stop();
        }
        is_empty
    }

    /// Puts other rules in force, for the sessions that are here as well.
    pub(crate) fn change(&self, mut rules: RealmConfig, live: Live) {
        rules.authority = Some(Arc::clone(&self.authorization) as Arc<dyn Authority>);
        self.live.store(Arc::new(live));
        self.write().set_rules(rules);
    }

    /// Says goodbye to all sessions, and to those that are about to join.
    pub(crate) fn close(&self) {
        let mut realm = self.write();
        self.is_closed.store(true, Relaxed);
        realm.dismiss(&closed(), self.clock.now(), &mut Deliver);
        drop(realm);
        self.authorization.close();
        self.stop();
    }

    /// Says that something is due at `deadline`: the keeper of the time wakes then at the latest.
    pub(crate) fn expect(&self, deadline: Option<Time>) {
        if deadline.is_some_and(|deadline| nanos(deadline) < self.wakes.load(SeqCst)) {
            self.sooner.notify_one();
        }
    }

    /// Lets the realm see to what is due next.
    async fn keep_time(&self) {
        // First this, then the question: a deadline that appears in between finds nothing to compare with, and
        // the note it leaves ends the sleep below at once.
        self.wakes.store(NEVER, SeqCst);
        let deadline = self.read().poll_timeout();
        self.wakes.store(deadline.map_or(NEVER, nanos), SeqCst);
        match deadline {
            None => self.sooner.notified().await,
            Some(deadline) => tokio::select! {
                () = self.sooner.notified() => {}
                () = self.clock.sleep_until(deadline) => {
                    self.read().handle_timeout(self.clock.now(), &mut Deliver);
                }
            },
        }
    }
}

/// What sessions are told whose realm is not there any more.
fn closed() -> Goodbye {
    Goodbye::new(uris::close::CLOSE_REALM)
}

fn nanos(time: Time) -> u64 {
    u64::try_from(time.since_start().as_nanos()).unwrap_or(NEVER)
}

impl Drop for Membership {
    fn drop(&mut self) {
        let now = self.realm.clock.now();
        let mut realm = self.realm.write();
        realm.leave(&self.member, now, &mut Deliver);
        if realm.session_count() == 0 {
            self.realm.empty_since.store(nanos(now), Relaxed);
        }
    }
}
