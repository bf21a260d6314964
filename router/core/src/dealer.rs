//! Registrations ("WAMP: Registering and Unregistering"). The calls of them are in `routing.rs` and `answer.rs`.

use crate::{
    change::{Departed, Entered},
    config::RealmConfig,
    member::{Joining, Members, Seat},
    pattern::PatternMap,
    registration::{Callee, Registration},
    reject::Reject,
    routing::Moment,
    sink::Sink,
    timers::Timers,
    waiting::Queue,
};
use std::{collections::HashMap, sync::Arc};
use wamplex_shared::{
    id::{GlobalIds, PublicationIds, RegistrationId, SessionId},
    message::{InvocationPolicy, Register},
    time::Time,
    uri::{MatchPolicy, Uri},
    uris::wamplex::ADMIN,
};

/// The dealer of one realm.
pub(crate) struct Dealer<H> {
    registrations: PatternMap<Registration<H>>,
    /// Where each registration stands in the map.
    keys: HashMap<RegistrationId, (MatchPolicy, Uri)>,
    ids: GlobalIds,
    /// Random numbers for the choice among callees, drawn on all cores at once.
    pub(crate) dice: PublicationIds,
    pub(crate) timers: Timers<H>,
    /// What [`settle`](Self::settle) has to see to: registrations whose callees are not the same any more,
    changed: Vec<RegistrationId>,
    /// and calls that waited for callees of a registration that is gone.
    orphans: Vec<(MatchPolicy, Uri, Queue<H>)>,
}

impl<H> Dealer<H> {
    pub(crate) fn new(seed: u64) -> Self {
        let mut seeds = GlobalIds::new(seed);
        Self {
            registrations: PatternMap::new(),
            keys: HashMap::new(),
            ids: GlobalIds::new(seeds.draw()),
            dice: PublicationIds::new(seeds.draw()),
            timers: Timers::new(),
            changed: Vec::new(),
            orphans: Vec::new(),
        }
    }

    /// How many registrations there are.
    pub(crate) fn registration_count(&self) -> usize {
        self.keys.len()
    }

    /// The registration that this REGISTER takes from others, if nothing else speaks against it.
    pub(crate) fn taken_over_by(
        &self,
        config: &RealmConfig,
        seat: &Seat<H>,
        message: &Register,
    ) -> Option<&Registration<H>> {
        if !message.options.force_reregister {
            return None;
        }
        let who = seat.member.who();
        check_register(config, who, message).and_then(|()| check_room(config, seat)).ok()?;
        self.lookup(message.options.match_policy, message.procedure.as_str())
    }

    /// Adds the session to the callees of this procedure and match policy.
    pub(crate) fn register(
        &mut self,
        config: &RealmConfig,
        seat: &mut Seat<H>,
        message: Register,
        now: Time,
    ) -> Result<Entered<RegistrationId>, Reject> {
        check_register(config, seat.member.who(), &message)?;
        let Register { procedure, options, .. } = message;
        let policy = options.match_policy;
        let known = self.registrations.get(policy, procedure.as_str());
        if known.is_some_and(|r| !r.admits(options.invoke) || seat.registrations.contains(&r.id)) {
            return Err(Reject::ProcedureAlreadyExists);
        }
        check_room(config, seat)?;
        let known = known.map(|r| r.id);
        let id = known.unwrap_or_else(|| self.create(policy, &procedure, options.invoke, now));
        if let Some(registration) = self.registrations.get_mut(policy, procedure.as_str()) {
            registration.add(Callee::new(Arc::clone(&seat.member), &options));
        }
        seat.registrations.insert(id);
        self.changed.push(id);
        Ok(Entered { id, created: known.is_none(), added: true })
    }

    fn create(
        &mut self,
        policy: MatchPolicy,
        procedure: &Uri,
        invoke: InvocationPolicy,
        now: Time,
    ) -> RegistrationId {
        let mut id = self.ids.registration();
        while self.keys.contains_key(&id) {
            id = self.ids.registration();
        }
        let procedure = procedure.detach();
        let registration = Registration::new(id, policy, procedure.clone(), invoke, now);
        self.registrations.insert(policy, &procedure, registration);
        self.keys.insert(id, (policy, procedure));
        id
    }

    /// Takes the session out of one of its registrations. Invocations it was given go on.
    pub(crate) fn unregister(
        &mut self,
        seat: &mut Seat<H>,
        id: RegistrationId,
    ) -> Result<Option<Departed<RegistrationId>>, Reject> {
        if !seat.registrations.remove(&id) {
            return Err(Reject::NoSuchRegistration);
        }
        Ok(self.remove(id, seat.member.session()))
    }

    /// Takes a session out of a registration, and the registration away with its last callee. Calls that wait are left
    /// to [`settle`](Self::settle).
    pub(crate) fn remove(
        &mut self,
        id: RegistrationId,
        session: SessionId,
    ) -> Option<Departed<RegistrationId>> {
        let (policy, procedure) = self.keys.get(&id)?;
        let registration = self.registrations.get_mut(*policy, procedure.as_str())?;
        registration.remove(session);
        let deleted = registration.is_empty();
        if deleted {
            let gone = self.registrations.remove(*policy, procedure.as_str());
            let key = self.keys.remove(&id);
            let orphans = key.zip(gone).map(|((p, u), gone)| (p, u, gone.queue.into_inner()));
            self.orphans.extend(orphans.filter(|(_, _, queue)| !queue.is_empty()));
        } else {
            self.changed.push(id);
        }
        Some(Departed { id, deleted, reserved: false })
    }

    /// Sees to the calls that wait, after callees have come or gone: they are handed to a callee with room, go on
    /// waiting, or end. To be done after everything that changes registrations, when its acknowledgement is out.
    pub(crate) fn settle(&mut self, moment: Moment<'_>, out: &mut impl Sink<H>) {
        for (policy, procedure, queue) in core::mem::take(&mut self.orphans) {
            match self.registrations.get_mut(policy, procedure.as_str()) {
                // Somebody has taken the procedure over.
                Some(heir) => heir.adopt(queue),
                None => Self::dismiss(queue, out),
            }
        }
        for id in core::mem::take(&mut self.changed) {
            if let Some(registration) = self.get(id) {
                self.review(moment, registration, out);
            }
        }
    }

    /// The registration with this id.
    pub(crate) fn get(&self, id: RegistrationId) -> Option<&Registration<H>> {
        let (policy, procedure) = self.keys.get(&id)?;
        self.lookup(*policy, procedure.as_str())
    }

    /// The registration with this id, to change it.
    pub(crate) fn get_mut(&mut self, id: RegistrationId) -> Option<&mut Registration<H>> {
        let (policy, procedure) = self.keys.get(&id)?;
        self.registrations.get_mut(*policy, procedure.as_str())
    }

    /// The registration made with this very procedure or pattern.
    pub(crate) fn lookup(&self, policy: MatchPolicy, procedure: &str) -> Option<&Registration<H>> {
        self.registrations.get(policy, procedure)
    }

    /// All registrations, in no order that means anything.
    pub(crate) fn registrations(&self) -> Vec<&Registration<H>> {
        self.registrations.values()
    }

    /// The registration that a call of this procedure goes to. Patterns of clients do not reach into the namespace of
    /// the protocol.
    pub(crate) fn matching(&self, procedure: &Uri) -> Option<&Registration<H>> {
        if !procedure.is_reserved() {
            return self.registrations.best_match(procedure.as_str());
        }
        if !procedure.as_str().starts_with(ADMIN) {
            return None;
        }
        // Patterns of clients do not reach there.
        self.registrations.best_match(procedure.as_str()).filter(|r| r.is_reserved())
    }

    /// Whether registrations and the seats of their callees say the same.
    pub(crate) fn check(&self, seats: &Members<H>) -> Result<(), String> {
        self.registrations.check()?;
        if !(self.changed.is_empty() && self.orphans.is_empty()) {
            return Err("calls that wait have not been seen to".into());
        }
        let registrations = self.registrations.values();
        if registrations.len() != self.keys.len() {
            return Err("registrations and their keys differ in number".into());
        }
        let mut places = 0;
        for registration in registrations {
            let (id, callees) = (registration.id, registration.callees());
            if self.keys.get(&id) != Some(&registration.key()) {
                return Err(format!("{id:?} stands under another key"));
            }
            if callees.is_empty()
                || (callees.len() > 1 && !registration.admits(registration.invoke))
            {
                return Err(format!("{id:?} has {} callees", callees.len()));
            }
            places += callees.len();
            for Callee { member, .. } in callees {
                let seat = seats.get(member.session()).filter(|s| Arc::ptr_eq(&s.member, member));
                if !seat.is_some_and(|seat| seat.registrations.contains(&id)) {
                    return Err(format!("{member:?} does not know of {id:?}"));
                }
            }
        }
        let held: usize = seats.iter().map(|seat| seat.registrations.len()).sum();
        if held == places { Ok(()) } else { Err("a session holds a registration in vain".into()) }
    }
}

/// Refuses what nobody may register.
fn check_register(config: &RealmConfig, who: &Joining, message: &Register) -> Result<(), Reject> {
    let Register { procedure, options, .. } = message;
    procedure.check(config.uri_rule, options.match_policy)?;
    // A part of the router may offer procedures about the router.
    let is_ours = who.privileged && procedure.as_str().starts_with(ADMIN);
    if procedure.is_reserved() && !is_ours {
        return Err(Reject::Reserved);
    }
    config.disclosure.discloses(options.disclose_caller, false)?;
    if options.concurrency == Some(0) {
        return Err(Reject::OptionNotAllowed("concurrency has to be at least 1"));
    }
    Ok(())
}

fn check_room<H>(config: &RealmConfig, seat: &Seat<H>) -> Result<(), Reject> {
    let full = seat.registrations.len() >= seat.member.limits(config).registrations;
    if full { Err(Reject::LimitExceeded("registrations")) } else { Ok(()) }
}
