//! A session inside a realm: who it is, the calls it made, and the invocations it owes an answer to.

use crate::{
    config::{Limits, RealmConfig},
    in_flight::InFlight,
    meta::Testaments,
    pending::{Invoked, Pending},
};
use bytestring::ByteString;
use core::{
    fmt,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};
use parking_lot::Mutex;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use wamplex_shared::{
    error::ProtocolViolation,
    id::{
        MAX_ID, PublicationId, PublicationIds, RegistrationId, RequestId, RequestIds, SessionId,
        SubscriptionId,
    },
    message::MessageCode,
    roles::{Feature, Role, Roles},
};

/// Who joins a realm, as HELLO and authentication have found out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Joining {
    /// The id that WELCOME names. Drawn at random by the shell; has to be free in the realm.
    pub session: SessionId,
    /// What the client announced.
    pub roles: Roles,
    /// Who the session belongs to.
    pub authid: Option<ByteString>,
    /// The role it has.
    pub authrole: Option<ByteString>,
    /// How it proved that.
    pub authmethod: Option<ByteString>,
    /// Where its principal is kept.
    pub authprovider: Option<ByteString>,
    /// How far the router trusts it, from 0; told to others if the realm says so.
    pub trustlevel: Option<u64>,
    /// How much it may hold, if that is not what the realm says.
    pub limits: Option<Arc<Limits>>,
    /// Whether it is the router itself: it then has every right, and others do not see it.
    pub privileged: bool,
}

impl Joining {
    /// A session of whom nothing is known but what it announced.
    #[must_use]
    pub const fn new(session: SessionId, roles: Roles) -> Self {
        Self {
            session,
            roles,
            authid: None,
            authrole: None,
            authmethod: None,
            authprovider: None,
            trustlevel: None,
            limits: None,
            privileged: false,
        }
    }
}

/// A session that has joined a realm. Made by [`Realm::join`](crate::Realm::join) and kept by the task that reads the
/// session's messages, so that no message pays for looking up its sender.
pub struct Member<H> {
    // What everybody reads who sends it something, on all cores.
    who: Joining,
    handle: H,
    left: AtomicBool,
    own: Own,
    /// The calls it made that are not answered. Whoever takes a call out of here owes the caller its last answer, and
    /// gives it before letting go of the lock: that is why there is exactly one.
    pub(crate) calls: Mutex<InFlight<Arc<Pending<H>>>>,
    /// The invocations it was given.
    pub(crate) invocations: Mutex<Invocations<H>>,
}

/// What changes with every message of the session. It begins a cache line, so that those who only read about the member
/// do not wait for it; nor do they wait for the count of references, which stands before all of the member.
#[repr(align(64))]
struct Own {
    /// The last request id the session used, 0 before the first. Only the task that reads the session touches it.
    last_request: AtomicU64,
    /// The ids of what it publishes: from a stream of its own, so that publishers on different cores do not meet here.
    publications: PublicationIds,
}

/// The invocations of one callee.
pub(crate) struct Invocations<H> {
    /// Ids rise by one, so an id below the next that is not open was answered or given up: no table of the dead.
    pub(crate) ids: RequestIds,
    pub(crate) open: InFlight<Invoked<H>>,
}

impl<H> Member<H> {
    pub(crate) fn new(who: Joining, handle: H, publications: PublicationIds) -> Self {
        Self {
            who,
            handle,
            left: AtomicBool::new(false),
            own: Own { last_request: AtomicU64::new(0), publications },
            calls: Mutex::new(InFlight::new()),
            invocations: Mutex::new(Invocations { ids: RequestIds::new(), open: InFlight::new() }),
        }
    }

    /// The id of the session.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.who.session
    }

    /// Who the session is.
    #[must_use]
    pub const fn who(&self) -> &Joining {
        &self.who
    }

    /// How much the session may hold.
    pub(crate) fn limits<'a>(&'a self, config: &'a RealmConfig) -> &'a Limits {
        self.who.limits.as_deref().unwrap_or(&config.limits)
    }

    /// How the shell reaches the session.
    #[must_use]
    pub const fn handle(&self) -> &H {
        &self.handle
    }

    /// Whether the session has left its realm. Messages it sent before it knew are ignored.
    #[must_use]
    pub fn has_left(&self) -> bool {
        // Relaxed: written under the exclusive guard of the realm, read under the shared one.
        self.left.load(Relaxed)
    }

    pub(crate) fn mark_left(&self) {
        self.left.store(true, Relaxed);
    }

    pub(crate) const fn supports(&self, role: Role, feature: Feature) -> bool {
        self.who.roles.supports(role, feature)
    }

    /// The id of its next publication.
    pub(crate) fn draw_publication(&self) -> PublicationId {
        self.own.publications.draw()
    }

    /// The id of the last request, 0 before the first.
    pub(crate) fn last_request(&self) -> u64 {
        self.own.last_request.load(Relaxed)
    }

    /// Notes the id of a request; if `strict`, only the one that follows the last is right ("WAMP: IDs").
    pub(crate) fn accept_request(
        &self,
        message: MessageCode,
        request: RequestId,
        strict: bool,
    ) -> Result<(), ProtocolViolation> {
        let last = self.own.last_request.load(Relaxed);
        let (found, expected) = (request.get(), if last >= MAX_ID { 1 } else { last + 1 });
        if strict && found != expected {
            return Err(ProtocolViolation::RequestId { message, expected, found });
        }
        self.own.last_request.store(found, Relaxed);
        Ok(())
    }

    /// The violation of a CALL whose id belongs to a call that is still open.
    pub(crate) fn request_in_use(&self, request: RequestId) -> ProtocolViolation {
        ProtocolViolation::RequestId {
            message: MessageCode::Call,
            expected: request.next().get(),
            found: request.get(),
        }
    }
}

impl<H> fmt::Debug for Member<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("who", &self.who).finish_non_exhaustive()
    }
}

/// Everybody in a realm: the one place that knows who is here.
pub(crate) struct Members<H> {
    seats: HashMap<SessionId, Seat<H>>,
    /// How many of them are the router itself.
    privileged: usize,
}

/// What the control plane keeps for one member.
pub(crate) struct Seat<H> {
    pub(crate) member: Arc<Member<H>>,
    // Ordered, so that what leaving causes comes in the same order in every run.
    pub(crate) subscriptions: BTreeSet<SubscriptionId>,
    pub(crate) registrations: BTreeSet<RegistrationId>,
    pub(crate) testaments: Testaments,
}

impl<H> Members<H> {
    pub(crate) fn new() -> Self {
        Self { seats: HashMap::new(), privileged: 0 }
    }

    /// How many others see.
    pub(crate) fn len(&self) -> usize {
        self.seats.len() - self.privileged
    }

    /// Those whom others see.
    pub(crate) fn visible(&self) -> impl Iterator<Item = &Arc<Member<H>>> {
        self.seats.values().map(|seat| &seat.member).filter(|member| !member.who.privileged)
    }

    pub(crate) fn get(&self, session: SessionId) -> Option<&Seat<H>> {
        self.seats.get(&session)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Seat<H>> {
        self.seats.values()
    }

    pub(crate) fn insert(&mut self, member: Arc<Member<H>>) {
        let (subscriptions, registrations) = (BTreeSet::new(), BTreeSet::new());
        let seat = Seat { member, subscriptions, registrations, testaments: Testaments::default() };
        self.privileged += usize::from(seat.member.who.privileged);
        self.seats.insert(seat.member.session(), seat);
    }

    /// The seat of this very member; none once it has left.
    pub(crate) fn seat_mut(&mut self, member: &Member<H>) -> Option<&mut Seat<H>> {
        self.seats.get_mut(&member.session()).filter(|seat| core::ptr::eq(&*seat.member, member))
    }

    pub(crate) fn remove(&mut self, member: &Member<H>) -> Option<Seat<H>> {
        self.seat_mut(member)?;
        self.privileged -= usize::from(member.who.privileged);
        self.seats.remove(&member.session())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wamplex_shared::id::SessionId;

    fn member() -> Member<()> {
        Member::new(
            Joining::new(SessionId::new(1).unwrap(), Roles::NONE),
            (),
            PublicationIds::new(1),
        )
    }

    fn accept(member: &Member<()>, id: u64, strict: bool) -> Result<(), ProtocolViolation> {
        member.accept_request(MessageCode::Call, RequestId::new(id).unwrap(), strict)
    }

    #[test]
    fn request_ids_follow_each_other_and_wrap() {
        let m = member();
        assert_eq!(accept(&m, 1, true), Ok(()));
        assert_eq!(accept(&m, 2, true), Ok(()));
        for wrong in [1, 2, 4, MAX_ID] {
            let violation = ProtocolViolation::RequestId {
                message: MessageCode::Call,
                expected: 3,
                found: wrong,
            };
            assert_eq!(accept(&m, wrong, true), Err(violation));
        }
        assert_eq!(accept(&m, 3, true), Ok(()), "a refused id does not count");
        accept(&m, MAX_ID, false).unwrap();
        assert_eq!(accept(&m, 1, true), Ok(()));
    }

    #[test]
    fn relaxed_realms_take_any_request_id() {
        let m = member();
        for id in [7, 7, 1, MAX_ID] {
            assert_eq!(accept(&m, id, false), Ok(()));
        }
    }
}
