//! Registrations, and calls on their way to a callee and back ("WAMP: Remote Procedure Calls").

use crate::{
    broker::passthru_not_announced,
    change::{Departed, Entered},
    config::RealmConfig,
    member::{Member, Members, Seat},
    pattern::PatternMap,
    pending::Pending,
    registration::{Callee, Registration},
    reject::{Refusal, Reject},
    sink::{Outbound, Sink},
    timers::Timers,
};
use std::{collections::HashMap, sync::Arc};
use wamplex_shared::{
    error::ProtocolViolation,
    id::{GlobalIds, PublicationIds, RegistrationId, RequestId, SessionId},
    message::{
        Call, CallOptions, Error, ErrorDetails, InvocationDetails, InvocationPolicy, MessageCode,
        Passthru, Register, ResultDetails, ResultMessage, Yield,
    },
    roles::{Feature, Role},
    time::Time,
    uri::{MatchPolicy, Uri, UriRule},
    uris,
};

/// The dealer of one realm.
pub(crate) struct Dealer<H> {
    registrations: PatternMap<Registration<H>>,
    /// Where each registration stands in the map.
    keys: HashMap<RegistrationId, (MatchPolicy, Uri)>,
    ids: GlobalIds,
    /// Random numbers for the choice among callees, drawn on all cores at once.
    dice: PublicationIds,
    pub(crate) timers: Timers<H>,
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
        }
    }

    /// Adds the session to the callees of this procedure and match policy.
    pub(crate) fn register(
        &mut self,
        config: &RealmConfig,
        seat: &mut Seat<H>,
        message: Register,
        now: Time,
    ) -> Result<Entered<RegistrationId>, Reject> {
        let Register { procedure, options, .. } = message;
        let policy = options.match_policy;
        procedure.check(config.uri_rule, policy)?;
        if procedure.is_reserved() {
            return Err(Reject::Reserved);
        }
        config.disclosure.discloses(options.disclose_caller, false)?;
        let known = self.registrations.get(policy, procedure.as_str());
        if known.is_some_and(|r| !r.admits(options.invoke) || seat.registrations.contains(&r.id)) {
            return Err(Reject::ProcedureAlreadyExists);
        }
        if seat.registrations.len() >= config.limits.registrations {
            return Err(Reject::LimitExceeded("registrations"));
        }
        let known = known.map(|r| r.id);
        let id = known.unwrap_or_else(|| self.create(policy, &procedure, options.invoke, now));
        if let Some(registration) = self.registrations.get_mut(policy, procedure.as_str()) {
            registration.add(Callee::new(Arc::clone(&seat.member), &options));
        }
        seat.registrations.insert(id);
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

    /// Takes a session out of a registration, and the registration away with its last callee.
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
            self.registrations.remove(*policy, procedure.as_str());
            self.keys.remove(&id);
        }
        Some(Departed { id, deleted, reserved: false })
    }

    /// The registration with this id.
    pub(crate) fn get(&self, id: RegistrationId) -> Option<&Registration<H>> {
        let (policy, procedure) = self.keys.get(&id)?;
        self.lookup(*policy, procedure.as_str())
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
        if procedure.is_reserved() {
            return None;
        }
        self.registrations.best_match(procedure.as_str())
    }

    /// Hands a call to one callee.
    pub(crate) fn call(
        &self,
        config: &RealmConfig,
        from: &Arc<Member<H>>,
        message: Call,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Result<(), Refusal> {
        let Call { request, options, procedure, payload } = message;
        check_announced(from, &options)?;
        procedure.check(config.uri_rule, MatchPolicy::Exact)?;
        let (registration, callee) = self.route(&procedure)?;
        let disclose = config.disclosure.discloses(options.disclose_me, callee.disclose_caller)?;
        let to = &callee.member;
        let supports = |feature| to.supports(Role::Callee, feature);
        if uses_passthru(options.passthru.as_deref()) && !supports(Feature::PayloadPassthruMode) {
            return Err(Reject::PassthruNotSupported.into());
        }
        // A callee that cannot be interrupted must not be asked for an endless result.
        let receive_progress = options.receive_progress
            && supports(Feature::ProgressiveCallResults)
            && supports(Feature::CallCanceling);
        let timeout = config.effective_timeout(options.timeout);
        // Exactly one of the two ends watches the time.
        let forwarded = callee.forward_timeout && supports(Feature::CallTimeout);
        let watched = timeout.filter(|_| !forwarded);

        let mut details = details(from, disclose, options);
        details.procedure = registration.is_pattern().then_some(procedure);
        details.receive_progress = receive_progress;
        details.timeout = timeout
            .filter(|_| forwarded)
            .map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));

        let call =
            Pending::new(Arc::clone(from), Arc::clone(to), request, receive_progress, watched);
        let call = Arc::new(call);
        // The caller's table first, so that even the fastest YIELD finds somebody to answer.
        call.open(config.limits.calls)?;
        let deadline = call.restart_timeout(now);
        if let Err(reject) =
            call.invoke(registration.id, details, payload, config.limits.invocations, out)
        {
            call.abandon();
            return Err(reject.into());
        }
        if let Some(deadline) = deadline {
            self.timers.push(deadline, &call);
        }
        Ok(())
    }

    /// The registration that a call of this procedure goes to, and the callee in it.
    fn route(&self, procedure: &Uri) -> Result<(&Registration<H>, &Callee<H>), Reject> {
        let registration = self.matching(procedure).ok_or(Reject::NoSuchProcedure)?;
        let callee = registration.select(&self.dice).ok_or(Reject::NoSuchProcedure)?;
        Ok((registration, callee))
    }

    /// Hands a result, or a part of one, back to the caller.
    pub(crate) fn yield_(
        &self,
        from: &Member<H>,
        message: Yield,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Result<(), ProtocolViolation> {
        let Yield { request: invocation, options, payload } = message;
        if uses_passthru(options.passthru.as_deref())
            && !from.supports(Role::Callee, Feature::PayloadPassthruMode)
        {
            let feature = Feature::PayloadPassthruMode.name();
            let message = MessageCode::Yield;
            return Err(ProtocolViolation::FeatureNotAnnounced { message, feature });
        }
        let Some(call) = from.answer(MessageCode::Yield, invocation, !options.progress)? else {
            return Ok(());
        };
        if options.progress && !call.receive_progress {
            return Err(ProtocolViolation::ProgressNotRequested { request: invocation.get() });
        }
        if uses_passthru(options.passthru.as_deref())
            && !call.caller.supports(Role::Caller, Feature::PayloadPassthruMode)
        {
            call.withdraw(false, out);
            call.fail(Reject::PassthruNotSupported, out);
            let error = Reject::PassthruNotSupported.to_error(MessageCode::Invocation, invocation);
            out.deliver(from.handle(), Outbound::from(error));
            return Ok(());
        }
        let details = ResultDetails {
            progress: options.progress,
            passthru: options.passthru,
            ..ResultDetails::default()
        };
        let result = ResultMessage { request: call.request, details, payload };
        if options.progress {
            call.progress(result, now, out);
        } else {
            call.finish(result, out);
        }
        Ok(())
    }

    /// Hands a callee's error back to the caller.
    pub(crate) fn error(
        &self,
        from: &Member<H>,
        message: Error,
        out: &mut impl Sink<H>,
    ) -> Result<(), ProtocolViolation> {
        if message.request_type != MessageCode::Invocation {
            let state = "for a request other than INVOCATION";
            return Err(ProtocolViolation::Unexpected { message: MessageCode::Error, state });
        }
        let Some(call) = from.answer(MessageCode::Error, message.request, true)? else {
            return Ok(());
        };
        // Receivers check the URI too, and some end their session over a bad one: the caller must not pay for that.
        let valid = message.error.check(UriRule::Loose, MatchPolicy::Exact).is_ok();
        let error = if valid { message.error } else { Uri::from_static(uris::error::INVALID_URI) };
        let details =
            ErrorDetails { passthru: message.details.passthru, ..ErrorDetails::default() };
        let (request_type, request) = (MessageCode::Call, call.request);
        call.finish(Error { request_type, request, details, error, payload: message.payload }, out);
        Ok(())
    }

    /// Whether registrations and the seats of their callees say the same.
    pub(crate) fn check(&self, seats: &Members<H>) -> Result<(), String> {
        self.registrations.check()?;
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

impl<H> Member<H> {
    /// The call that this callee answers; taken from it if the answer is the last. `None` for an invocation that was
    /// answered or given up before, which a callee cannot know yet.
    fn answer(
        &self,
        message: MessageCode,
        invocation: RequestId,
        last: bool,
    ) -> Result<Option<Arc<Pending<H>>>, ProtocolViolation> {
        let mut invocations = self.invocations.lock();
        if invocation >= invocations.ids.peek() {
            let request = invocation.get();
            return Err(ProtocolViolation::UnknownInvocation { message, request });
        }
        Ok(if last {
            invocations.open.remove(&invocation)
        } else {
            invocations.open.get(&invocation).cloned()
        })
    }
}

/// A caller may use what it announced, and what we announced.
pub(crate) fn check_announced<H>(from: &Member<H>, options: &CallOptions) -> Result<(), Refusal> {
    if options.progress {
        let feature = Feature::ProgressiveCallInvocations.name();
        let message = MessageCode::Call;
        return Err(ProtocolViolation::FeatureNotAnnounced { message, feature }.into());
    }
    if uses_passthru(options.passthru.as_deref())
        && !from.supports(Role::Caller, Feature::PayloadPassthruMode)
    {
        return Err(passthru_not_announced(MessageCode::Call));
    }
    Ok(())
}

pub(crate) fn uses_passthru(passthru: Option<&Passthru>) -> bool {
    passthru.is_some_and(|passthru| passthru.scheme.is_some())
}

/// What the callee is told. Built from nothing: of the caller's options only those pass that are made for it.
fn details<H>(from: &Member<H>, disclose: bool, options: CallOptions) -> InvocationDetails {
    let mut details = InvocationDetails {
        passthru: options.passthru,
        transaction_hash: options.transaction_hash,
        ..InvocationDetails::default()
    };
    if disclose {
        details.caller = Some(from.session());
        details.caller_authid.clone_from(&from.who().authid);
        details.caller_authrole.clone_from(&from.who().authrole);
    }
    details
}
