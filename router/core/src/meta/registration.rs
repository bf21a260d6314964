//! Which procedures there are, and who answers them ("WAMP: Registration Meta API").

use super::{Arguments, Deed, Outcome, Reply, by_policy, count};
use crate::{
    change::{Departed, Entered},
    member::Member,
    realm::Realm,
    registration::{Callee, Registration},
    reject::Reject,
    routing::Moment,
    sink::Sink,
};
use bytestring::ByteString;
use std::sync::Arc;
use wamplex_shared::{
    id::{RegistrationId, SessionId},
    time::Time,
    uri::MatchPolicy,
    uris::registration,
    value::{Dict, Value},
};

/// A callee that is to lose a registration.
pub(super) struct RemoveCallee<H> {
    registration: RegistrationId,
    callee: Arc<Member<H>>,
    reason: Option<ByteString>,
}

impl<H> Realm<H> {
    pub(crate) fn announce_register(
        &self,
        session: SessionId,
        entered: Entered<RegistrationId>,
        out: &mut impl Sink<H>,
    ) {
        let id = entered.id;
        if entered.created
            && let Some(created) = self.dealer.get(id)
        {
            let args = || vec![session.into(), self.describe_registration(created).into()];
            self.announce(registration::ON_CREATE, args, out);
        }
        if entered.added {
            self.announce(registration::ON_REGISTER, || vec![session.into(), id.into()], out);
        }
    }

    pub(crate) fn announce_unregister(
        &self,
        session: SessionId,
        departed: Departed<RegistrationId>,
        out: &mut impl Sink<H>,
    ) {
        let args = || vec![session.into(), departed.id.into()];
        self.announce(registration::ON_UNREGISTER, args, out);
        if departed.deleted {
            self.announce(registration::ON_DELETE, args, out);
        }
    }

    pub(super) fn list_registrations(&self, args: Arguments) -> Outcome<H> {
        args.finish()?;
        let all = self.dealer.registrations();
        let ids: Vec<_> = all.into_iter().map(|r| (r.key().0, r.id)).collect();
        Reply::of(by_policy(&ids))
    }

    pub(super) fn look_up_registration(&self, mut args: Arguments) -> Outcome<H> {
        let (policy, uri) = args.pattern(self.config.uri_rule, WRONG_PROCEDURE)?;
        args.finish()?;
        let found = self.dealer.lookup(policy, uri.as_str());
        Reply::of(found.map_or(Value::Null, |r| r.id.into()))
    }

    pub(super) fn match_registration(&self, mut args: Arguments) -> Outcome<H> {
        let uri = args.uri(self.config.uri_rule, MatchPolicy::Exact, WRONG_PROCEDURE)?;
        args.finish()?;
        let found = self.dealer.matching(&uri);
        Reply::of(found.map_or(Value::Null, |r| r.id.into()))
    }

    pub(super) fn get_registration(&self, args: Arguments) -> Outcome<H> {
        Reply::of(self.describe_registration(self.registration_in(args)?))
    }

    /// In the order they registered.
    pub(super) fn list_callees(&self, args: Arguments) -> Outcome<H> {
        let callees = self.registration_in(args)?.callees().iter();
        Reply::of(callees.map(|c| c.member.session().into()).collect::<Vec<Value>>())
    }

    pub(super) fn count_callees(&self, args: Arguments) -> Outcome<H> {
        Reply::of(count(self.registration_in(args)?.callees().len()))
    }

    /// Not in the specification, but other routers have it.
    pub(super) fn plan_remove_callee(&self, mut args: Arguments) -> Outcome<H> {
        let id = args.id(RegistrationId::new, WRONG_ID)?;
        let session = args.session()?;
        let reason = args.reason()?;
        args.finish()?;
        let registration = self.dealer.get(id).ok_or(Reject::UnknownRegistration)?;
        let is_meant = |callee: &&Callee<H>| callee.member.session() == session;
        let callee = registration.callees().iter().find(is_meant).ok_or(Reject::UnknownSession)?;
        let callee = Arc::clone(&callee.member);
        Reply::done(Deed::RemoveCallee(RemoveCallee { registration: id, callee, reason }))
    }

    pub(super) fn remove_callee(
        &mut self,
        removal: RemoveCallee<H>,
        now: Time,
        out: &mut impl Sink<H>,
    ) {
        self.revoke_registration(&removal.callee, removal.registration, removal.reason, out);
        self.dealer.settle(Moment { config: &self.config, now }, out);
    }

    fn registration_in(&self, mut args: Arguments) -> Result<&Registration<H>, Reject> {
        let id = args.id(RegistrationId::new, WRONG_ID)?;
        args.finish()?;
        self.dealer.get(id).ok_or(Reject::UnknownRegistration)
    }

    fn describe_registration(&self, registration: &Registration<H>) -> Dict {
        let (policy, uri) = registration.key();
        let mut details = Dict::new();
        details.insert("id", registration.id);
        details.insert("created", self.config.timestamp(registration.created));
        details.insert("uri", uri);
        details.insert("match", policy.name());
        details.insert("invoke", registration.invoke.name());
        details
    }
}

const WRONG_PROCEDURE: &str = "the procedure has to be a URI";
const WRONG_ID: &str = "the registration has to be an id";
