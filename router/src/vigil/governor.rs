//! When it is worth while to stay awake: what a vigil knows, without clock, threads and sockets.
//!
//! A vigil pays while few clients talk with each other and each waits for the answer of the other: somebody has to be
//! awake when that comes, and to sleep and be woken takes more processor time than to look out for it. Whoever publishes
//! or calls without waiting is not made faster by it, and among many clients there is no telling when the next one
//! speaks. So only conversations count, each vigil keeps accounts of what it saves and spends, and after one that did not
//! pay there is none for a while, twice as long each time.

use std::{mem, time::Duration};
use wamplex_shared::time::Time;

/// A turn of more messages than this is no part of a conversation: its client does not wait for each answer.
const FEW: usize = 2;

/// How many clients take part in a conversation at most: a chain of calls is one as well.
const CIRCLE: usize = 4;

/// How many turns of a conversation in a row begin a vigil.
const BEGIN: u32 = 8;

/// How many are remembered, and so how much of something else a vigil bears.
const FULL: u32 = 16;

/// How many turns of a conversation make up for one of something else.
const STRANGE: u32 = 4;

/// How many times longer than a vigil an answer may take that finds the router asleep: the client sleeps as well.
const DROWSY: u32 = 3;

/// What comes sooner than in this part of the longest wait, or in a quarter of that once somebody is awake, finds the
/// router still busy: nobody has to look out for that.
const DENSE: u32 = 8;

/// A message that comes while somebody is awake saves waking a thread. That counts as this part of the longest time that is
/// spent on one: a third of 100 µs is what it takes.
const SAVING: u32 = 3;

/// A vigil ends when it has spent this many times its length more than it has saved.
const CREDIT: u32 = 2;

/// For how long nobody looks whether a conversation begins after a turn that was none.
const PAUSE: Duration = Duration::from_millis(1);

/// For how long there is no vigil after one that paid, or the first that did not.
const REST: Duration = Duration::from_millis(2);

/// For how long at most.
const LONGEST_REST: Duration = Duration::from_millis(200);

/// What one client said at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// Who it is.
    pub(super) session: u64,
    /// How many messages it sent.
    pub(super) messages: usize,
    /// Whether something was sent to it since it spoke last.
    pub(super) is_answer: bool,
}

/// Decides when a vigil begins and ends.
#[derive(Debug)]
pub(super) struct Governor {
    /// How long a vigil waits for the next message.
    length: Duration,
    is_awake: bool,
    /// How sure it is that there is a conversation, from 0 to [`FULL`].
    trust: u32,
    /// Who spoke last, the latest first.
    circle: [Option<u64>; CIRCLE],
    /// When somebody spoke last.
    last: Time,
    /// Since when the vigil looks for the next turn, if it has looked since the last one.
    since: Option<Time>,
    /// What this vigil has saved, and at most a few times its length more than it has spent.
    saved: Duration,
    /// How long it has looked.
    spent: Duration,
    /// How long the rest is after the next vigil that does not pay.
    rest: Duration,
    /// Until when nothing is listened to.
    resting: Time,
}

impl Governor {
    /// One whose vigils wait this long for each message.
    pub(super) const fn new(length: Duration) -> Self {
        Self {
            length,
            is_awake: false,
            trust: 0,
            circle: [None; CIRCLE],
            last: Time::ZERO,
            since: None,
            saved: Duration::ZERO,
            spent: Duration::ZERO,
            rest: REST,
            resting: Time::ZERO,
        }
    }

    /// Whether there is a vigil.
    pub(super) const fn is_awake(&self) -> bool {
        self.is_awake
    }

    /// Until when it need not be told of turns.
    pub(super) const fn resting(&self) -> Time {
        self.resting
    }

    /// Takes note of a turn, which may begin a vigil or end it.
    pub(super) fn hear(&mut self, turn: Turn, now: Time) {
        if now < self.resting {
            return;
        }
        let is_known = self.greet(turn.session);
        let before = mem::replace(&mut self.last, now);
        let waited = self.since.take().map_or(Duration::ZERO, |since| now.since(since));
        if before < self.resting {
            // What came while nobody listened is not known, so neither is whether this answers it.
            return;
        }
        if self.is_awake {
            // Whatever it is that has come, it was waited for.
            self.account(waited, Duration::ZERO);
        }
        let gap = now.since(before);
        let is_soon = self.is_awake || gap <= DROWSY * self.length;
        if turn.messages > FEW || !turn.is_answer || !is_known || !is_soon {
            self.doubt(STRANGE, now);
            return;
        }
        let dense = self.length / DENSE;
        let is_dense = if self.is_awake { waited < dense / 4 } else { gap < dense };
        if is_dense {
            self.doubt(1, now);
            return;
        }
        self.trust = FULL.min(self.trust + 1);
        if self.is_awake {
            self.account(Duration::ZERO, self.length / SAVING);
            if self.spent > self.saved + CREDIT * self.length {
                self.sleep(now);
            }
        } else if self.trust >= BEGIN {
            (self.is_awake, self.saved, self.spent) = (true, Duration::ZERO, Duration::ZERO);
        }
    }

    /// Says that nothing waits to be done at this time; whether to go on looking.
    pub(super) fn look(&mut self, now: Time) -> bool {
        let waited = now.since(*self.since.get_or_insert(now));
        if self.is_awake && waited > self.length {
            self.account(waited, Duration::ZERO);
            self.sleep(now);
        }
        self.is_awake
    }

    /// Takes note of something for which nobody has to stay awake.
    fn doubt(&mut self, weight: u32, now: Time) {
        self.trust = self.trust.saturating_sub(weight);
        if self.trust > 0 {
            return;
        }
        if self.is_awake && self.saved < self.spent {
            self.sleep(now);
        } else {
            (self.is_awake, self.resting) = (false, now + PAUSE);
        }
    }

    fn account(&mut self, spent: Duration, saved: Duration) {
        self.spent += spent;
        // What was good long ago does not count for ever.
        self.saved = (self.saved + saved).min(self.spent + 2 * CREDIT * self.length);
    }

    /// Ends a vigil, and rests: not for long if it paid.
    fn sleep(&mut self, now: Time) {
        let rest = if self.saved >= self.spent { REST } else { self.rest };
        self.rest = LONGEST_REST.min(2 * rest);
        (self.is_awake, self.trust, self.since) = (false, 0, None);
        self.resting = now + rest;
    }

    /// Puts a client in front of those who spoke last; whether it was among them.
    fn greet(&mut self, session: u64) -> bool {
        let place = self.circle.iter().position(|known| *known == Some(session));
        self.circle[..=place.unwrap_or(CIRCLE - 1)].rotate_right(1);
        self.circle[0] = Some(session);
        place.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_micros(100);

    /// A governor, and the time.
    struct Story {
        governor: Governor,
        now: Time,
        /// How much time was spent looking.
        looked: Duration,
    }

    impl Story {
        fn new() -> Self {
            let governor = Governor::new(LENGTH);
            Self { governor, now: Time::from_millis(5), looked: Duration::ZERO }
        }

        /// This many microseconds pass, during which whoever is awake looks again and again, and then a session speaks.
        fn hear(&mut self, wait: u64, session: u64, messages: usize, is_answer: bool) -> bool {
            self.wait(wait);
            self.governor.hear(Turn { session, messages, is_answer }, self.now);
            self.governor.is_awake()
        }

        fn wait(&mut self, wait: u64) {
            const LOOK: Duration = Duration::from_micros(1);
            let end = self.now + Duration::from_micros(wait);
            while self.now < end && self.governor.is_awake() && self.governor.look(self.now) {
                self.now = self.now + LOOK;
                self.looked += LOOK;
            }
            self.now = self.now.max(end);
        }

        /// Two sessions begin a conversation, asleep at first.
        fn begin(&mut self) {
            let begun = (0..100).any(|turn| self.hear(90, turn % 2, 1, true));
            assert!(begun, "{:?}", self.governor);
        }

        /// Two sessions answer each other, each after as many microseconds; how many turns find somebody awake.
        fn converse(&mut self, wait: u64, turns: u64) -> u64 {
            (0..turns).map(|turn| u64::from(self.hear(wait, turn % 2, 1, true))).sum()
        }
    }

    #[test]
    fn a_conversation_is_heard_and_its_vigil_lasts_as_long() {
        let mut story = Story::new();
        story.begin();
        // Whoever finds the router awake answers sooner.
        assert_eq!(story.converse(20, 10_000), 10_000);
        story.wait(10_000);
        assert!(!story.governor.is_awake(), "nobody speaks any more");
    }

    #[test]
    fn nobody_looks_out_for_what_is_there_at_once() {
        let mut story = Story::new();
        story.begin();
        assert!(story.converse(1, 1000) < 50);
    }

    #[test]
    fn whatever_is_no_conversation_begins_no_vigil() {
        type Speak = fn(u64) -> (u64, u64, usize, bool);
        let cases: [(&str, Speak); 7] = [
            ("events, to which nobody answers", |_| (20, 1, 1, false)),
            ("publications at 500 a second, acknowledged", |_| (2000, 1, 1, true)),
            ("pipelined calls", |turn| (5, turn % 2, 16, true)),
            ("many sessions in turn", |turn| (30, turn % 50, 1, true)),
            ("calls with pauses", |turn| {
                (if turn % 2 == 0 { 1000 } else { 50 }, turn % 2, 1, true)
            }),
            ("answers that find the router busy", |turn| (8, turn % 2, 1, true)),
            ("slow answers", |turn| (310, turn % 2, 1, true)),
        ];
        for (name, speak) in cases {
            let mut story = Story::new();
            for turn in 0..20_000 {
                let (wait, session, messages, is_answer) = speak(turn);
                assert!(!story.hear(wait, session, messages, is_answer), "{name}, turn {turn}");
            }
        }
    }

    #[test]
    fn vigils_that_do_not_pay_are_seldom() {
        // Answers that find nobody awake any more, and such for which it does not pay.
        for wait in [60, 99, 105, 150, 290] {
            let mut story = Story::new();
            story.converse(wait, 100_000);
            let share = story.looked.as_secs_f64() / story.now.since_start().as_secs_f64();
            assert!(share < 0.01, "{wait} us: {share}");
        }
    }

    #[test]
    fn random_traffic_is_hardly_looked_at() {
        // Exponential gaps of this length in the mean, from few sessions to which something is sent all the time.
        for mean in [20.0, 50.0, 100.0, 200.0, 1000.0] {
            let (mut story, mut seed) = (Story::new(), 1_u64);
            let mut random = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 33) as f64 / f64::from(1_u32 << 31)
            };
            for _ in 0..50_000 {
                let wait = (-mean * (1.0 - random()).ln()) as u64;
                let session = (random() * 8.0) as u64;
                story.hear(wait, session, 1, true);
            }
            let share = story.looked.as_secs_f64() / story.now.since_start().as_secs_f64();
            assert!(share < 0.02, "{mean} us: {share}");
        }
    }

    #[test]
    fn a_conversation_bears_some_other_traffic_and_ends_with_much() {
        let mut story = Story::new();
        story.begin();
        assert_eq!(story.converse(20, 1000), 1000);
        for turn in 0..1000 {
            assert!(story.hear(20, turn % 2, 1, true));
            assert!(turn % 20 != 0 || story.hear(5, 100 + turn, 3, false), "turn {turn}");
        }
        story.governor.hear(Turn { session: 0, messages: 1, is_answer: true }, story.now);
        assert!(story.governor.is_awake(), "one that was there at once");
        let awake = (0..10).filter(|_| story.hear(5, 7, 64, false)).count();
        assert!(awake < 5, "a flood: {awake}");
    }

    #[test]
    fn waiting_for_what_is_no_part_of_a_conversation_costs_as_well() {
        let mut story = Story::new();
        story.begin();
        story.converse(20, 20);
        // As much of a conversation as keeps a vigil, with long waits that end in what is none.
        for _ in 0..5000 {
            story.converse(30, 16);
            for _ in 0..3 {
                story.hear(99, 2, 1, false);
            }
        }
        let share = story.looked.as_secs_f64() / story.now.since_start().as_secs_f64();
        assert!(share < 0.05, "{share}");
    }

    #[test]
    fn a_rest_doubles_up_to_a_limit_until_a_vigil_pays() {
        let mut story = Story::new();
        let mut rests = Vec::new();
        for _ in 0..12 {
            story.begin();
            story.wait(1000);
            rests.push(story.governor.resting().since(story.governor.last).as_millis());
            story.now = story.governor.resting();
        }
        assert_eq!(rests, [2, 4, 8, 16, 32, 64, 128, 200, 200, 200, 200, 200]);
        story.begin();
        assert_eq!(story.converse(10, 100), 100);
        story.wait(1000);
        assert_eq!(story.governor.resting().since(story.governor.last).as_millis(), 2);
    }
}
