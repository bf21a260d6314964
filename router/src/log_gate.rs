//! How many lines one client can write into the log.
//!
//! Whoever breaks the rules can do so very often. Beyond a few lines a second about one address or realm, and beyond some
//! hundred about all, nothing is written; the next line that is says how many were left out.

use crate::{
    peer::Address,
    throttle::{Bucket, Pace},
};
use parking_lot::Mutex;
use std::{collections::HashMap, net::IpAddr};
use wamplex_shared::{time::Time, uri::Uri};

/// How many lines a second there may be about one address or realm, and how many at once after a silence.
const OF_ONE: (u64, u64) = (10, 20);

/// The same about all together.
const OF_ALL: (u64, u64) = (200, 1_000);

/// How many addresses and realms are remembered. When they are more, all are forgotten: then each may write some lines again.
const REMEMBERED: usize = 10_000;

/// Decides which lines are written.
#[derive(Debug)]
pub(crate) struct LogGate {
    of_one: Pace,
    of_all: Pace,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    all: Bucket,
    /// Lines about whom there is no room for.
    left_out: u64,
    writers: HashMap<Subject, Writer>,
}

/// What lines are about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Subject {
    /// A client; those without an address are all of this machine.
    Address(Option<IpAddr>),
    /// A realm, whichever of its clients it is that has to do with it.
    Realm(Uri),
}

#[derive(Debug, Default)]
struct Writer {
    bucket: Bucket,
    left_out: u64,
}

/// Permission to write a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// How many lines about the same address or realm were left out since the last one; `None` if none was.
    pub(crate) left_out: Option<u64>,
}

impl Default for LogGate {
    fn default() -> Self {
        let pace = |(per_second, burst)| {
            let pace = Pace::default();
            pace.set(per_second, burst);
            pace
        };
        Self { of_one: pace(OF_ONE), of_all: pace(OF_ALL), state: Mutex::default() }
    }
}

impl LogGate {
    /// Asks for a line about a client at `address`; `None` if it is left out.
    pub(crate) fn line(&self, address: &Address, now: Time) -> Option<Line> {
        self.about(Subject::Address(address.ip()), now)
    }

    /// Asks for a line about what happens in a realm, where it is not known who brings it about.
    pub(crate) fn line_of_realm(&self, realm: &Uri, now: Time) -> Option<Line> {
        self.about(Subject::Realm(realm.clone()), now)
    }

    fn about(&self, subject: Subject, now: Time) -> Option<Line> {
        let mut state = self.state.lock();
        let State { all, left_out, writers } = &mut *state;
        if writers.len() >= REMEMBERED && !writers.contains_key(&subject) {
            *left_out += writers.values().map(|writer| writer.left_out).sum::<u64>();
            writers.clear();
        }
        let writer = writers.entry(subject).or_default();
        let is_full = |bucket: &Bucket, pace| !bucket.debt(pace, now).is_zero();
        if is_full(&writer.bucket, &self.of_one) || is_full(all, &self.of_all) {
            writer.left_out += 1;
            return None;
        }
        writer.bucket.take(&self.of_one, 1, now);
        all.take(&self.of_all, 1, now);
        let left_out = std::mem::take(&mut writer.left_out) + std::mem::take(left_out);
        Some(Line { left_out: (left_out > 0).then_some(left_out) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn address(n: u32) -> Address {
        Address::Ip((IpAddr::V4(n.into()), 1).into())
    }

    #[test]
    fn one_address_writes_a_few_lines_and_the_next_says_what_was_left_out() {
        let (gate, start) = (LogGate::default(), Time::from_millis(1_000));
        let written =
            |n, now| (0..10_000).filter(|_| gate.line(&address(n), now).is_some()).count();
        assert_eq!(written(1, start), 21, "the last one is on credit");
        assert_eq!(written(2, start), 21, "others do not notice");
        let later = start + Duration::from_secs(1);
        assert_eq!(gate.line(&address(1), later), Some(Line { left_out: Some(9_979) }));
        assert_eq!(gate.line(&address(1), later), Some(Line { left_out: None }));
    }

    #[test]
    fn lines_about_a_realm_are_as_few_and_leave_its_clients_theirs() {
        let (gate, now) = (LogGate::default(), Time::from_millis(1_000));
        let (one, other) = (Uri::from_static("realm1"), Uri::from_static("realm2"));
        let written =
            |realm| (0..10_000).filter(|_| gate.line_of_realm(realm, now).is_some()).count();
        assert_eq!((written(&one), written(&other)), (21, 21));
        assert!(gate.line(&address(1), now).is_some());
    }

    #[test]
    fn ten_thousand_offences_in_ten_seconds_are_at_most_a_hundred_lines_and_a_burst() {
        let gate = LogGate::default();
        let times = (0..10_000).map(|n| Time::from_millis(1_000 + n));
        let lines = times.filter(|now| gate.line(&address(1), *now).is_some()).count();
        assert!((100..=125).contains(&lines), "{lines}");
    }

    #[test]
    fn many_addresses_together_are_bounded_too_and_so_is_what_is_remembered() {
        let (gate, start) = (LogGate::default(), Time::from_millis(1_000));
        let lines = (0..50_000).filter(|n| gate.line(&address(*n), start).is_some()).count();
        assert_eq!(lines, 1_001);
        assert!(gate.state.lock().writers.len() <= REMEMBERED);
        let later = start + Duration::from_secs(60);
        let line = gate.line(&address(1), later).unwrap();
        assert!(line.left_out.unwrap() >= 30_000, "{line:?}");
    }
}
