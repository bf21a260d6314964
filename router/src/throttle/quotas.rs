//! What the sessions of a realm may use, each alone, by role, and all together.

use super::{Bucket, Pace};
use crate::{
    config::{Quota, Rate, RealmLimits},
    crowd::Counted,
};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use wamplex_realm::Limits as SessionLimits;
use wamplex_shared::time::Time;

/// The quotas of one realm: of everybody in it, and of each role that somebody has.
#[derive(Debug)]
pub(crate) struct Quotas {
    limits: ArcSwap<RealmLimits>,
    everybody: Arc<Group>,
    roles: Mutex<HashMap<String, Arc<Group>>>,
}

/// Sessions that share a quota. It is the same one for as long as any of them lives; what it says may change.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// How many there may be.
    limit: AtomicUsize,
    open: AtomicUsize,
    session: ArcSwap<SessionLimits>,
    /// How fast each of them may send.
    each: Speed,
    /// How fast all of them may send.
    total: Speed,
    shared: Purse,
}

/// What may be sent in a time.
#[derive(Debug, Default)]
struct Speed {
    messages: Pace,
    bytes: Pace,
    /// From how much debt on requests are refused.
    refuse: Pace,
}

/// What was sent.
#[derive(Debug, Default)]
struct Purse {
    messages: Bucket,
    bytes: Bucket,
}

/// The places of one session among everybody and in its role. Given up when dropped.
#[derive(Debug)]
pub(crate) struct Seats {
    everybody: Arc<Group>,
    role: Arc<Group>,
}

/// What one session may send.
#[derive(Debug)]
pub(crate) struct Throttle {
    seats: Seats,
    own: Purse,
    /// What the session takes of the room of its address.
    _counted: Option<Counted>,
}

impl Quotas {
    pub(crate) fn new(limits: &RealmLimits) -> Self {
        let quotas = Self {
            limits: ArcSwap::from_pointee(RealmLimits::default()),
            everybody: Arc::default(),
            roles: Mutex::default(),
        };
        quotas.set(limits.clone());
        quotas
    }

    /// Puts other limits in force, for the sessions that are here as well. What a session may hold is asked when it
    /// joins.
    pub(crate) fn set(&self, limits: RealmLimits) {
        // What everybody together may do is one quota, and what each alone may do depends on the role.
        self.everybody.set(&Quota { rate: None, ..limits.quota.clone() });
        let roles = self.roles.lock();
        for (role, group) in &*roles {
            group.set(&limits.of_role(role));
        }
        self.limits.store(Arc::new(limits));
    }

    /// Takes a session in; `None` if there are as many as there may be.
    pub(crate) fn enter(&self, role: &str) -> Option<Seats> {
        let everybody = Arc::clone(&self.everybody);
        if !everybody.enter() {
            return None;
        }
        // A group with somebody in it is not forgotten, and so it stays the only one of its role.
        let mut roles = self.roles.lock();
        let role = self.group(&mut roles, role);
        if !role.enter() {
            everybody.leave();
            return None;
        }
        Some(Seats { everybody, role })
    }

    fn group(&self, roles: &mut HashMap<String, Arc<Group>>, role: &str) -> Arc<Group> {
        if let Some(group) = roles.get(role) {
            return Arc::clone(group);
        }
        // Authenticators may name roles as they like: those that nobody has any more are forgotten.
        roles.retain(|_, group| group.open.load(Relaxed) > 0);
        let group = Arc::<Group>::default();
        group.set(&self.limits.load().of_role(role));
        roles.insert(role.to_owned(), Arc::clone(&group));
        group
    }
}

impl Group {
    fn set(&self, quota: &Quota) {
        self.limit.store(quota.sessions.unwrap_or(usize::MAX), Relaxed);
        self.session.store(Arc::new(quota.session_limits()));
        self.each.set(quota.rate.unwrap_or_default());
        self.total.set(quota.total_rate.unwrap_or_default());
    }

    fn enter(&self) -> bool {
        let limit = self.limit.load(Relaxed);
        let enter = |open: usize| (open < limit).then_some(open + 1);
        self.open.fetch_update(Relaxed, Relaxed, enter).is_ok()
    }

    fn leave(&self) {
        self.open.fetch_sub(1, Relaxed);
    }
}

impl Speed {
    fn set(&self, rate: Rate) {
        self.messages.set(rate.messages.into(), rate.burst.into());
        self.bytes.set(rate.bytes as u64, rate.byte_burst as u64);
        let refuses = if rate.refuse_above == 0 { 0 } else { rate.messages };
        self.refuse.set(refuses.into(), rate.refuse_above.into());
    }

    fn is_unlimited(&self) -> bool {
        self.messages.is_unlimited() && self.bytes.is_unlimited()
    }
}

impl Purse {
    /// Pays for a message; `false` if it is refused.
    fn pay(&self, speed: &Speed, bytes: usize, now: Time) -> bool {
        if speed.is_unlimited() {
            return true;
        }
        self.bytes.take(&speed.bytes, bytes as u64, now);
        let debt = self.messages.take(&speed.messages, 1, now);
        speed.refuse.is_unlimited() || debt <= speed.refuse.depth()
    }

    fn debt(&self, speed: &Speed, now: Time) -> Duration {
        if speed.is_unlimited() {
            return Duration::ZERO;
        }
        self.bytes.debt(&speed.bytes, now).max(self.messages.debt(&speed.messages, now))
    }
}

impl Seats {
    /// What the session may hold.
    pub(crate) fn session_limits(&self) -> Arc<SessionLimits> {
        self.role.session.load_full()
    }
}

impl Drop for Seats {
    fn drop(&mut self) {
        self.everybody.leave();
        self.role.leave();
    }
}

impl Throttle {
    pub(crate) fn new(seats: Seats, counted: Option<Counted>) -> Self {
        Self { seats, own: Purse::default(), _counted: counted }
    }

    /// Pays for a message of this many bytes; `false` if it is to be refused.
    pub(crate) fn pay(&self, bytes: usize, now: Time) -> bool {
        let Seats { everybody, role } = &self.seats;
        // All are paid, whoever refuses.
        let own = self.own.pay(&role.each, bytes, now);
        let of_role = role.shared.pay(&role.total, bytes, now);
        let of_all = everybody.shared.pay(&everybody.total, bytes, now);
        own && of_role && of_all
    }

    /// How long the client should not be read from.
    pub(crate) fn debt(&self, now: Time) -> Duration {
        let Seats { everybody, role } = &self.seats;
        let shared = role.shared.debt(&role.total, now);
        let shared = shared.max(everybody.shared.debt(&everybody.total, now));
        shared.max(self.own.debt(&role.each, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time::from_millis(5_000);

    fn quotas(quota: Quota, role: Quota) -> Quotas {
        let roles = [("guest".to_owned(), role)].into();
        Quotas::new(&RealmLimits { quota, roles })
    }

    fn rate(messages: u32, burst: u32, refuse_above: u32) -> Option<Rate> {
        Some(Rate { messages, burst, refuse_above, ..Rate::default() })
    }

    fn throttle(quotas: &Quotas, role: &str) -> Throttle {
        Throttle::new(quotas.enter(role).unwrap(), None)
    }

    #[test]
    fn sessions_of_a_role_share_its_total_and_others_do_not() {
        let role = Quota { total_rate: rate(10, 2, 1), ..Quota::default() };
        let quotas = quotas(Quota::default(), role);
        let [first, second] = ["guest"; 2].map(|role| throttle(&quotas, role));
        let other = throttle(&quotas, "staff");
        assert!(first.pay(1, START) && second.pay(1, START));
        assert_eq!(first.debt(START), Duration::ZERO);
        assert!(first.pay(1, START), "in debt, and not far");
        assert_eq!(second.debt(START), Duration::from_millis(100));
        assert!(!second.pay(1, START));
        assert!(other.pay(1, START) && other.debt(START).is_zero());
    }

    #[test]
    fn the_realm_as_a_whole_has_a_rate_too() {
        let quotas =
            quotas(Quota { total_rate: rate(1, 1, 0), ..Quota::default() }, Quota::default());
        let [guest, staff] = ["guest", "staff"].map(|role| throttle(&quotas, role));
        assert!(guest.pay(1, START) && staff.pay(1, START), "without a bound nothing is refused");
        assert_eq!(guest.debt(START), Duration::from_secs(1));
    }

    #[test]
    fn bytes_are_counted_as_messages_are() {
        let by_bytes = Rate { bytes: 1_000, ..Rate::default() };
        let quotas = quotas(Quota { rate: Some(by_bytes), ..Quota::default() }, Quota::default());
        let session = throttle(&quotas, "guest");
        assert!(session.pay(1_500, START));
        assert_eq!(session.debt(START), Duration::from_millis(500));
    }

    #[test]
    fn other_limits_hold_for_those_who_are_here() {
        let quotas = quotas(Quota::default(), Quota::default());
        let session = throttle(&quotas, "guest");
        assert!(session.pay(1, START) && session.debt(START).is_zero());
        let quota = Quota { rate: rate(1, 1, 0), sessions: Some(1), ..Quota::default() };
        quotas.set(RealmLimits { quota, ..RealmLimits::default() });
        assert!(session.pay(2, START) && session.pay(2, START));
        assert_eq!(session.debt(START), Duration::from_secs(1));
        assert!(quotas.enter("guest").is_none(), "full now");
        drop(session);
        assert!(quotas.enter("guest").is_some());
    }

    #[test]
    fn a_refused_session_takes_no_room() {
        let role = Quota { sessions: Some(0), ..Quota::default() };
        let quotas = quotas(Quota { sessions: Some(1), ..Quota::default() }, role);
        assert!(quotas.enter("guest").is_none());
        assert!(quotas.enter("staff").is_some());
    }
}
