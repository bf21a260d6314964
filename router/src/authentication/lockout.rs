//! Who has failed too often: a bucket of attempts for each principal and for each address.

use crate::{
    config::LockoutSettings,
    peer::{self, Address, Peer},
};
use lru::LruCache;
use parking_lot::Mutex;
use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    num::NonZeroUsize,
    time::Duration,
};
use tokio::time::Instant;

/// The most buckets that are kept of each kind. Those that nobody has touched for longest make room for others.
const ENTRIES: NonZeroUsize = match NonZeroUsize::new(1 << 16) {
    Some(entries) => entries,
    None => NonZeroUsize::MIN,
};

/// How many times the delay is doubled at most, so that no shift overflows.
const MOST_DOUBLINGS: u32 = 20;

/// The failures of all realms of a router.
///
/// An attempt takes from two buckets before the proof is looked at, and gives back what it took if the proof is good: of
/// attempts that are made side by side, too, no more than the buckets hold are judged.
pub(crate) struct Lockout {
    /// Keyed, so that nobody can choose names that meet in one bucket.
    hasher: RandomState,
    principals: Mutex<LruCache<u64, Bucket>>,
    addresses: Mutex<LruCache<u64, Bucket>>,
    /// Who came in from where: their own failures are counted apart from those of strangers who only know the name.
    known: Mutex<LruCache<u64, ()>>,
}

/// Whose failures are counted.
#[derive(Clone, Copy)]
pub(crate) struct Suspect {
    principal: u64,
    /// `None` where many share an address.
    address: Option<u64>,
    /// Principal and address together.
    acquaintance: u64,
}

/// What one attempt took.
#[derive(Clone, Copy)]
#[must_use]
pub(crate) struct Attempted(Suspect);

/// Too many attempts have failed. The time after which the next is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Locked {
    pub(crate) wait: Duration,
    /// Whether the address has failed too often, rather than the principal.
    pub(crate) by_address: bool,
}

/// Attempts that are left.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    /// When `left` was true.
    at: Instant,
    /// How often the bucket was found empty since it was last full.
    lockings: u32,
    /// Until when nothing is judged. Nothing at first, rather than the time then: others who come at that very moment may
    /// have looked at the clock a little earlier.
    until: Option<Instant>,
}

/// How a bucket is filled and what happens when it is empty.
#[derive(Clone, Copy)]
struct Rule {
    size: u32,
    refill: Duration,
    delay: Duration,
    max_delay: Duration,
}

impl Lockout {
    pub(crate) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            principals: bounded(),
            addresses: bounded(),
            known: bounded(),
        }
    }

    /// Who tries to be `authid` in `realm`.
    pub(crate) fn suspect(
        &self,
        realm: &str,
        authid: &str,
        peer: &Peer,
        settings: &LockoutSettings,
    ) -> Suspect {
        let network = network_of(&peer.address);
        let principal = self.hasher.hash_one((realm, authid));
        let acquaintance = self.hasher.hash_one((realm, authid, &network));
        let is_shared = match network {
            Network::Ip(ip) => settings.exempt_loopback && ip.is_loopback(),
            Network::User(_) | Network::Process => true,
        };
        let address = (!is_shared).then(|| self.hasher.hash_one(&network));
        let is_known = self.known.lock().get(&acquaintance).is_some();
        let principal = if is_known { acquaintance } else { principal };
        Suspect { principal, address, acquaintance }
    }

    /// Whether an attempt would be judged now. Takes nothing.
    ///
    /// # Errors
    /// Too many have failed.
    pub(crate) fn check(&self, suspect: Suspect, now: Instant) -> Result<(), Locked> {
        let locked = |table: &Mutex<LruCache<u64, Bucket>>, key, by_address| {
            let until = table.lock().peek(&key).and_then(|bucket| bucket.until);
            let wait = until.and_then(|until| until.checked_duration_since(now));
            wait.filter(|wait| !wait.is_zero()).map(|wait| Locked { wait, by_address })
        };
        let by_address = suspect.address.and_then(|key| locked(&self.addresses, key, true));
        by_address
            .or_else(|| locked(&self.principals, suspect.principal, false))
            .map_or(Ok(()), Err)
    }

    /// Takes one attempt.
    ///
    /// # Errors
    /// Too many have failed: this one must not be judged.
    pub(crate) fn take(
        &self,
        suspect: Suspect,
        settings: &LockoutSettings,
        now: Instant,
    ) -> Result<Attempted, Locked> {
        if let Some(key) = suspect.address {
            take(&self.addresses, key, Rule::of_address(settings), now)
                .map_err(|wait| Locked { wait, by_address: true })?;
        }
        take(&self.principals, suspect.principal, Rule::of_principal(settings), now).map_err(
            |wait| {
                if let Some(key) = suspect.address {
                    give_back(&self.addresses, key, Rule::of_address(settings));
                }
                Locked { wait, by_address: false }
            },
        )?;
        Ok(Attempted(suspect))
    }

    /// The proof was good: nothing is held against the principal any more, and this attempt not against the address.
    /// Its other failures stay, or somebody with a name of their own could guess others in between.
    pub(crate) fn forgive(&self, attempted: Attempted, settings: &LockoutSettings) {
        let Suspect { principal, address, acquaintance } = attempted.0;
        self.principals.lock().pop(&principal);
        self.known.lock().put(acquaintance, ());
        if let Some(key) = address {
            give_back(&self.addresses, key, Rule::of_address(settings));
        }
    }

    /// The proof was not judged after all: whoever should have is not there.
    pub(crate) fn return_to(&self, attempted: Attempted, settings: &LockoutSettings) {
        let Suspect { principal, address, .. } = attempted.0;
        give_back(&self.principals, principal, Rule::of_principal(settings));
        if let Some(key) = address {
            give_back(&self.addresses, key, Rule::of_address(settings));
        }
    }
}

/// A table that grows as far as it may, rather than being as large from the start.
fn bounded<T>() -> Mutex<LruCache<u64, T>> {
    let mut table = LruCache::unbounded();
    table.resize(ENTRIES);
    Mutex::new(table)
}

/// What counts as one address.
#[derive(Hash)]
enum Network {
    /// Of a client elsewhere.
    Ip(IpAddr),
    User(u32),
    Process,
}

fn network_of(address: &Address) -> Network {
    match address {
        Address::Ip(address) => Network::Ip(peer::network_of(address.ip())),
        Address::Unix { uid, .. } => Network::User(*uid),
        Address::Local => Network::Process,
    }
}

fn take(
    table: &Mutex<LruCache<u64, Bucket>>,
    key: u64,
    rule: Rule,
    now: Instant,
) -> Result<(), Duration> {
    let mut table = table.lock();
    table.get_or_insert_mut(key, || Bucket::full(rule, now)).take(rule, now)
}

fn give_back(table: &Mutex<LruCache<u64, Bucket>>, key: u64, rule: Rule) {
    if let Some(bucket) = table.lock().get_mut(&key) {
        bucket.left = (bucket.left + 1.0).min(f64::from(rule.size));
    }
}

impl Rule {
    const fn of_principal(settings: &LockoutSettings) -> Self {
        Self {
            size: settings.attempts,
            refill: settings.refill,
            delay: settings.delay,
            max_delay: settings.max_delay,
        }
    }

    const fn of_address(settings: &LockoutSettings) -> Self {
        Self {
            size: settings.address_attempts,
            refill: settings.address_refill,
            delay: settings.delay,
            max_delay: settings.max_delay,
        }
    }
}

impl Bucket {
    fn full(rule: Rule, now: Instant) -> Self {
        Self { left: f64::from(rule.size), at: now, lockings: 0, until: None }
    }

    fn take(&mut self, rule: Rule, now: Instant) -> Result<(), Duration> {
        let wait = self.until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        if !wait.is_zero() {
            return Err(wait);
        }
        self.refill(rule, now);
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        let delay = rule.delay.saturating_mul(1 << self.lockings.min(MOST_DOUBLINGS));
        let delay = delay.min(rule.max_delay);
        self.lockings += 1;
        self.until = Some(now + delay);
        // When the time is over, one attempt is judged.
        self.left = self.left.max(1.0);
        Err(delay)
    }

    fn refill(&mut self, rule: Rule, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left += passed / rule.refill.as_secs_f64().max(f64::EPSILON);
        self.at = self.at.max(now);
        if self.left >= f64::from(rule.size) {
            self.left = f64::from(rule.size);
            self.lockings = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::TransportKind;
    use std::net::SocketAddr;

    const SECOND: Duration = Duration::from_secs(1);

    fn settings() -> LockoutSettings {
        LockoutSettings {
            attempts: 3,
            refill: 100 * SECOND,
            address_attempts: 5,
            address_refill: 100 * SECOND,
            delay: SECOND,
            max_delay: 4 * SECOND,
            exempt_loopback: true,
        }
    }

    fn peer(address: &str) -> Peer {
        let address: SocketAddr = address.parse().unwrap();
        Peer::new(address.into(), TransportKind::WebSocket, "test".into())
    }

    struct Bench {
        lockout: Lockout,
        settings: LockoutSettings,
        now: Instant,
    }

    impl Bench {
        fn new() -> Self {
            Self { lockout: Lockout::new(), settings: settings(), now: Instant::now() }
        }

        fn suspect(&self, authid: &str, address: &str) -> Suspect {
            self.lockout.suspect("realm1", authid, &peer(address), &self.settings)
        }

        /// An attempt that fails; how long the next one has to wait if it was not judged.
        fn fail(&self, authid: &str, address: &str) -> Result<(), Locked> {
            let suspect = self.suspect(authid, address);
            self.lockout.take(suspect, &self.settings, self.now).map(|_| ())
        }

        fn succeed(&self, authid: &str, address: &str) -> Result<(), Locked> {
            let suspect = self.suspect(authid, address);
            let attempted = self.lockout.take(suspect, &self.settings, self.now)?;
            self.lockout.forgive(attempted, &self.settings);
            Ok(())
        }
    }

    const fn wait(seconds: u64, by_address: bool) -> Result<(), Locked> {
        Err(Locked { wait: Duration::from_secs(seconds), by_address })
    }

    #[test]
    fn after_the_last_attempt_each_further_one_waits_twice_as_long_up_to_the_longest() {
        let mut bench = Bench::new();
        for _ in 0..3 {
            assert_eq!(bench.fail("joe", "127.0.0.1:1"), Ok(()));
        }
        for seconds in [1, 2, 4, 4] {
            assert_eq!(bench.fail("joe", "127.0.0.1:1"), wait(seconds, false));
            // Asking again while it is locked does not make it worse.
            assert_eq!(bench.fail("joe", "127.0.0.1:1"), wait(seconds, false));
            let suspect = bench.suspect("joe", "127.0.0.1:1");
            assert!(bench.lockout.check(suspect, bench.now).is_err());
            bench.now += Duration::from_secs(seconds);
            assert!(bench.lockout.check(suspect, bench.now).is_ok());
            assert_eq!(bench.fail("joe", "127.0.0.1:1"), Ok(()));
        }
        assert_eq!(bench.fail("jim", "127.0.0.1:1"), Ok(()));
    }

    #[test]
    fn attempts_come_back_with_time_and_with_success() {
        let mut bench = Bench::new();
        for _ in 0..3 {
            bench.fail("joe", "127.0.0.1:1").unwrap();
        }
        bench.now += 100 * SECOND;
        bench.succeed("joe", "127.0.0.1:1").unwrap();
        for _ in 0..3 {
            assert_eq!(bench.fail("joe", "127.0.0.1:1"), Ok(()));
        }
        assert_eq!(bench.fail("joe", "127.0.0.1:1"), wait(1, false));
    }

    #[test]
    fn an_address_that_tries_many_names_is_locked_and_success_in_between_does_not_help() {
        let bench = Bench::new();
        for (at, name) in ["a", "b", "c", "d", "e"].iter().enumerate() {
            assert_eq!(bench.fail(name, "192.0.2.1:1"), Ok(()), "{at}");
            if at < 4 {
                assert_eq!(bench.succeed("mallory", "192.0.2.1:2"), Ok(()), "{at}");
            }
        }
        assert_eq!(bench.fail("f", "192.0.2.1:3"), wait(1, true));
        assert_eq!(bench.fail("f", "192.0.2.2:1"), Ok(()));
        // One IPv6 network is one address.
        for name in ["a", "b", "c", "d", "e"] {
            assert_eq!(bench.fail(name, &format!("[2001:db8::{name}]:1")), Ok(()));
        }
        assert_eq!(bench.fail("g", "[2001:db8::1:2:3:4]:1"), wait(1, true));
        assert_eq!(bench.fail("g", "[2001:db8:0:1::1]:1"), Ok(()));
    }

    #[test]
    fn strangers_cannot_lock_a_principal_out_that_came_in_from_its_own_address_before() {
        let bench = Bench::new();
        bench.succeed("joe", "192.0.2.1:1").unwrap();
        for _ in 0..3 {
            bench.fail("joe", "198.51.100.1:1").unwrap();
        }
        assert_eq!(bench.fail("joe", "198.51.100.2:1"), wait(1, false));
        assert_eq!(bench.succeed("joe", "192.0.2.1:2"), Ok(()));
        // At its own address its own failures count.
        for _ in 0..3 {
            bench.fail("joe", "192.0.2.1:1").unwrap();
        }
        assert_eq!(bench.fail("joe", "192.0.2.1:1"), wait(1, false));
    }

    #[test]
    fn an_attempt_is_judged_that_looked_at_the_clock_a_little_before_the_first_one() {
        let mut bench = Bench::new();
        bench.fail("joe", "192.0.2.1:1").unwrap();
        bench.now -= Duration::from_millis(1);
        let suspect = bench.suspect("joe", "192.0.2.1:1");
        assert!(bench.lockout.check(suspect, bench.now).is_ok());
        assert_eq!(bench.fail("joe", "192.0.2.1:1"), Ok(()));
    }

    #[test]
    fn what_was_not_judged_is_not_held_against_anybody() {
        let bench = Bench::new();
        for _ in 0..20 {
            let suspect = bench.suspect("joe", "192.0.2.1:1");
            let attempted = bench.lockout.take(suspect, &bench.settings, bench.now).unwrap();
            bench.lockout.return_to(attempted, &bench.settings);
        }
    }

    #[test]
    fn no_number_of_names_makes_the_tables_grow_without_end() {
        let bench = Bench::new();
        for name in 0..ENTRIES.get() + 1000 {
            let _ = bench.fail(&name.to_string(), "127.0.0.1:1");
        }
        assert_eq!(bench.lockout.principals.lock().len(), ENTRIES.get());
    }
}
