//! How much comes from one address.
//!
//! Addresses of this machine are not counted: whoever runs there is trusted, and a proxy that nobody was told about would
//! be taken for one client.

use crate::{
    config::Limits,
    peer::network_of,
    throttle::{Bucket, Pace},
};
use parking_lot::Mutex;
use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};
use wamplex_shared::time::Time;

/// Everybody who is here, by address.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    visitors: Mutex<Visitors>,
}

#[derive(Debug, Default)]
struct Visitors {
    by_address: HashMap<IpAddr, Visitor>,
    /// How many addresses there are when those are forgotten the next time from which nothing is here any more.
    sweep_at: usize,
}

/// What is here from one address.
#[derive(Debug, Default)]
struct Visitor {
    connections: usize,
    sessions: usize,
    joins: Bucket,
}

/// What an address has too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowded {
    Connections,
    Sessions,
    /// Attempts to join, in a short time.
    Joins,
}

/// Something that counts for its address until it is dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    crowd: Arc<Crowd>,
    address: IpAddr,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Connection,
    Session,
}

impl Crowd {
    /// Counts a connection; nothing to count if it comes from this machine.
    ///
    /// # Errors
    /// There are as many from that address as there may be.
    pub(crate) fn connect(
        self: &Arc<Self>,
        ip: Option<IpAddr>,
        limits: &Limits,
        now: Time,
    ) -> Result<Option<Counted>, Crowded> {
        let Some(address) = counted(ip) else { return Ok(None) };
        let mut visitors = self.visitors.lock();
        let visitor = visitors.of(address, now);
        if visitor.connections >= limits.connections_per_address {
            return Err(Crowded::Connections);
        }
        visitor.connections += 1;
        Ok(Some(Counted { crowd: Arc::clone(self), address, what: What::Connection }))
    }

    /// Counts an attempt to join, and then the session.
    ///
    /// # Errors
    /// There are as many from that address as there may be, or it tries too often.
    pub(crate) fn join(
        self: &Arc<Self>,
        ip: Option<IpAddr>,
        limits: &Limits,
        now: Time,
    ) -> Result<Option<Counted>, Crowded> {
        let Some(address) = counted(ip) else { return Ok(None) };
        let pace = Pace::default();
        pace.set(limits.joins_per_address.into(), 0);
        let mut visitors = self.visitors.lock();
        let visitor = visitors.of(address, now);
        if !visitor.joins.debt(&pace, now).is_zero() {
            return Err(Crowded::Joins);
        }
        visitor.joins.take(&pace, 1, now);
        if visitor.sessions >= limits.sessions_per_address {
            return Err(Crowded::Sessions);
        }
        visitor.sessions += 1;
        Ok(Some(Counted { crowd: Arc::clone(self), address, what: What::Session }))
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.visitors.lock().by_address.len()
    }
}

impl Visitors {
    fn of(&mut self, address: IpAddr, now: Time) -> &mut Visitor {
        if self.by_address.len() >= self.sweep_at {
            self.sweep(now);
        }
        self.by_address.entry(address).or_default()
    }

    /// Forgets addresses from which nothing is here and nobody has tried to join for a while.
    fn sweep(&mut self, now: Time) {
        /// How many addresses are not worth the effort.
        const FEW: usize = 1_000;
        /// How long ago the bucket of an address has been filled that is forgotten.
        const WHILE: Duration = Duration::from_secs(2);
        let is_here = |visitor: &Visitor| visitor.connections > 0 || visitor.sessions > 0;
        self.by_address.retain(|_, v| is_here(v) || !v.joins.is_full_since(WHILE, now));
        // As many again have to come first, so that this is paid for.
        self.sweep_at = (self.by_address.len() * 2).max(FEW);
    }
}

impl Crowded {
    /// What the client is told.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Connections => "too many connections from this address",
            Self::Sessions => "too many sessions from this address",
            Self::Joins => "too many attempts to join from this address, try again later",
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(visitor) = self.crowd.visitors.lock().by_address.get_mut(&self.address) {
            match self.what {
                What::Connection => visitor.connections -= 1,
                What::Session => visitor.sessions -= 1,
            }
        }
    }
}

/// The address that a client is counted under; `None` for addresses of this machine.
fn counted(ip: Option<IpAddr>) -> Option<IpAddr> {
    ip.map(network_of).filter(|ip| !ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn limits() -> Limits {
        Limits {
            connections_per_address: 2,
            sessions_per_address: 3,
            joins_per_address: 4,
            ..Limits::default()
        }
    }

    #[test]
    fn an_address_has_its_share_and_gets_it_back() {
        let (crowd, limits) = (Arc::<Crowd>::default(), limits());
        let connect = |text| crowd.connect(ip(text), &limits, Time::ZERO);
        let first = connect("192.0.2.1").unwrap();
        let _second = connect("192.0.2.1").unwrap();
        assert_eq!(connect("192.0.2.1").err(), Some(Crowded::Connections));
        assert_eq!(connect("::ffff:192.0.2.1").err(), Some(Crowded::Connections));
        assert!(connect("192.0.2.2").is_ok(), "another address is another client");
        drop(first);
        assert!(connect("192.0.2.1").is_ok());
    }

    #[test]
    fn one_network_of_ipv6_is_one_client() {
        let (crowd, limits) = (Arc::<Crowd>::default(), limits());
        let connect = |text| crowd.connect(ip(text), &limits, Time::ZERO);
        let _kept = [connect("2001:db8::1").unwrap(), connect("2001:db8::2:1").unwrap()];
        assert_eq!(connect("2001:db8::3").err(), Some(Crowded::Connections));
        assert!(connect("2001:db8:0:1::1").is_ok());
    }

    #[test]
    fn this_machine_is_not_counted() {
        let (crowd, limits) = (Arc::<Crowd>::default(), limits());
        for _ in 0..10 {
            for address in [ip("127.0.0.1"), ip("::1"), ip("::ffff:127.0.0.1"), None] {
                assert!(crowd.connect(address, &limits, Time::ZERO).unwrap().is_none());
                assert!(crowd.join(address, &limits, Time::ZERO).unwrap().is_none());
            }
        }
        assert_eq!(crowd.len(), 0);
    }

    #[test]
    fn attempts_to_join_have_a_rate_whether_they_succeed_or_not() {
        let (crowd, limits) = (Arc::<Crowd>::default(), limits());
        let start = Time::from_millis(1_000);
        let join = |now| crowd.join(ip("192.0.2.1"), &limits, now);
        let _kept: Vec<_> = (0..3).map(|_| join(start).unwrap()).collect();
        assert_eq!(join(start).err(), Some(Crowded::Sessions));
        assert_eq!(join(start).err(), Some(Crowded::Sessions), "the bucket is empty now");
        assert_eq!(join(start).err(), Some(Crowded::Joins));
        assert_eq!(join(start + Duration::from_millis(250)).err(), Some(Crowded::Sessions));
    }

    #[test]
    fn addresses_are_forgotten_from_which_nothing_is_here() {
        let (crowd, limits) = (Arc::<Crowd>::default(), limits());
        let start = Time::from_millis(1_000);
        let session = crowd.join(ip("192.0.2.1"), &limits, start).unwrap();
        for n in 0..1_100 {
            let address = Ipv6Addr::new(0x2001, 0xdb8, 0, n, 0, 0, 0, 0);
            drop(crowd.connect(Some(address.into()), &limits, start).unwrap());
        }
        assert_eq!(crowd.len(), 1_101, "it is too early");
        drop(session);
        crowd.visitors.lock().sweep(start + Duration::from_secs(10));
        assert_eq!(crowd.len(), 0);
    }
}
