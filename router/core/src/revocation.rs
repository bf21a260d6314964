//! Registrations that are taken from their callees ("WAMP: Registration Revocation").

use crate::{
    member::Member,
    realm::Realm,
    sink::{Outbound, Sink},
};
use bytestring::ByteString;
use std::sync::Arc;
use wamplex_shared::{
    id::RegistrationId,
    message::{Register, Unregistered, UnregisteredDetails},
    roles::{Feature, Role},
    uris,
};

impl<H> Realm<H> {
    /// Takes a registration from a callee. It is told if it understands that; invocations it was given go on. Calls that
    /// wait are left to [`settle`](crate::dealer::Dealer::settle).
    pub(crate) fn revoke_registration(
        &mut self,
        callee: &Member<H>,
        id: RegistrationId,
        reason: Option<ByteString>,
        out: &mut impl Sink<H>,
    ) {
        let Some(seat) = self.members.seat_mut(callee) else { return };
        if !seat.registrations.remove(&id) {
            return;
        }
        let departed = self.dealer.remove(id, callee.session());
        if callee.supports(Role::Callee, Feature::RegistrationRevocation) {
            let registration = Some(id);
            let details = UnregisteredDetails { registration, reason, ..Default::default() };
            let revocation = Unregistered { request: None, details: Some(details) };
            out.deliver(callee.handle(), Outbound::from(revocation));
        }
        if let Some(departed) = departed {
            self.announce_unregister(callee.session(), departed, out);
        }
    }

    /// Takes a procedure from all callees that have it, for a REGISTER with `force_reregister`. Nothing happens if that
    /// is going to be refused for another reason.
    pub(crate) fn take_over(
        &mut self,
        from: &Member<H>,
        message: &Register,
        out: &mut impl Sink<H>,
    ) {
        let Some(seat) = self.members.seat_mut(from) else { return };
        let taken = self.dealer.taken_over_by(&self.config, seat, message);
        let Some(registration) = taken else { return };
        let callees = registration.callees().iter().map(|callee| Arc::clone(&callee.member));
        let (id, callees) = (registration.id, callees.collect::<Vec<_>>());
        for callee in callees {
            let reason = Some(uris::wamplex::REREGISTERED.into());
            self.revoke_registration(&callee, id, reason, out);
        }
    }
}
