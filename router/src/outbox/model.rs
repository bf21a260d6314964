//! Random lives of outboxes, beside a model so simple that it is right.

use super::{Cut, Item, Outbox, TAKEN, Terms, item::Topic};
use crate::config::SlowConsumerPolicy::{
    self, Disconnect, DropNewest, DropOldest, KeepLastPerTopic,
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};
use wamplex_shared::{id::SubscriptionId, uri::Uri};

/// A message: the later it came the higher its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) number: u64,
    /// Subscription and topic, if it is an event.
    pub(super) about: Option<(u64, u8)>,
    /// What it says of a gap.
    pub(super) missing: u64,
}

impl Letter {
    pub(super) const fn reply(number: u64) -> Self {
        Self { number, about: None, missing: 0 }
    }

    pub(super) const fn event(number: u64, subscription: u64, topic: u8) -> Self {
        Self { number, about: Some((subscription, topic)), missing: 0 }
    }
}

impl Item for Letter {
    fn is_event(&self) -> bool {
        self.about.is_some()
    }

    fn topic(&self) -> Option<Topic> {
        let (subscription, topic) = self.about?;
        let subscription = SubscriptionId::new(subscription).unwrap();
        Some(Topic { subscription, uri: Some(Uri::from(topic.to_string())) })
    }

    fn after_gap(self, dropped: u64) -> Self {
        assert!(self.is_event() && dropped > 0 && self.missing == 0);
        Self { missing: dropped, ..self }
    }
}

/// An outbox as one would describe it.
struct Model {
    terms: Terms,
    waiting: Vec<Place>,
    underway: usize,
    is_indexed: bool,
    supersessions: u64,
    ahead: HashMap<u64, u64>,
    behind: HashMap<u64, u64>,
    dropped: u64,
    is_cut: bool,
}

#[derive(Clone)]
struct Place {
    letter: Letter,
    bytes: usize,
    in_round: bool,
    /// When a newer event of its topic came.
    superseded: Option<u64>,
}

impl Model {
    fn new(terms: Terms) -> Self {
        Self {
            terms,
            waiting: Vec::new(),
            underway: 0,
            is_indexed: false,
            supersessions: 0,
            ahead: HashMap::new(),
            behind: HashMap::new(),
            dropped: 0,
            is_cut: false,
        }
    }

    fn bytes(&self) -> usize {
        self.underway + self.waiting.iter().map(|place| place.bytes).sum::<usize>()
    }

    fn events(&self) -> usize {
        self.waiting.iter().filter(|place| place.letter.is_event()).count()
    }

    fn push(&mut self, letter: Letter, bytes: usize) {
        if self.is_cut {
            return;
        }
        let place = Place { letter, bytes, in_round: false, superseded: None };
        self.waiting.push(place);
        let policy = self.terms.policy;
        let is_keeping = policy == KeepLastPerTopic;
        if is_keeping && (self.is_indexed || self.is_over()) {
            self.index();
        }
        while self.is_over() && !self.is_cut {
            let last = self.waiting.len() - 1;
            let is_event = |index: &usize| self.waiting[*index].letter.is_event();
            let others: Vec<_> = (0..last).filter(is_event).collect();
            let arrival = Some(last).filter(is_event);
            let victim = match policy {
                Disconnect => None,
                DropNewest => arrival.or_else(|| others.last().copied()),
                DropOldest if arrival.is_some() && !self.could_stay(last) => arrival,
                DropOldest => others.first().copied(),
                KeepLastPerTopic => (0..last)
                    .filter(|index| self.waiting[*index].superseded.is_some())
                    .min_by_key(|index| self.waiting[*index].superseded),
            };
            match victim {
                Some(victim) => self.lose(victim, victim == last),
                None => self.is_cut = true,
            }
            if victim == Some(last) {
                return;
            }
        }
        let is_new = |place: &&mut Place| place.letter.number == letter.number;
        if let Some(place) = self.waiting.iter_mut().find(is_new)
            && let Some((subscription, _)) = letter.about
        {
            place.letter.missing += self.behind.remove(&subscription).unwrap_or(0);
        }
    }

    /// Whether more waits than may.
    fn is_over(&self) -> bool {
        let last = self.waiting.last().unwrap();
        let is_too_long = self.bytes() > self.terms.bytes && self.bytes() > last.bytes;
        let counted = match self.terms.policy {
            Disconnect => self.waiting.len(),
            DropNewest | DropOldest | KeepLastPerTopic if last.letter.is_event() => self.events(),
            DropNewest | DropOldest | KeepLastPerTopic => 0,
        };
        is_too_long || counted > self.terms.messages
    }

    /// Whether an event would have room if all others went.
    fn could_stay(&self, index: usize) -> bool {
        let others: usize = self
            .waiting
            .iter()
            .filter(|place| !place.letter.is_event())
            .map(|place| place.bytes)
            .sum::<usize>()
            + self.underway;
        others == 0 || others + self.waiting[index].bytes <= self.terms.bytes
    }

    /// Drops every event outside the round that has a newer one, and notes those in the round.
    fn index(&mut self) {
        self.is_indexed = true;
        let mut index = 0;
        while index < self.waiting.len() {
            let about = self.waiting[index].letter.about;
            let is_newer = |place: &Place| place.letter.about == about;
            let is_old = about.is_some() && self.waiting[index + 1..].iter().any(is_newer);
            if is_old && self.waiting[index].in_round {
                self.supersessions += 1;
                let superseded = &mut self.waiting[index].superseded;
                superseded.get_or_insert(self.supersessions);
            } else if is_old {
                self.lose(index, false);
                continue;
            }
            index += 1;
        }
    }

    fn lose(&mut self, index: usize, is_arrival: bool) {
        let Place { letter, .. } = self.waiting.remove(index);
        self.dropped += 1;
        let (subscription, _) = letter.about.unwrap();
        let missing = letter.missing + 1;
        match self.terms.policy {
            KeepLastPerTopic => {
                let newer = self.waiting[index..].iter_mut();
                // Of two that are newer, one in the round and one behind it, the last.
                let newer = newer.rev().find(|place| place.letter.about == letter.about);
                newer.unwrap().letter.missing += missing;
            }
            DropOldest if !is_arrival => *self.ahead.entry(subscription).or_default() += missing,
            Disconnect | DropNewest | DropOldest => {
                *self.behind.entry(subscription).or_default() += missing
            }
        }
    }

    fn take(&mut self) -> Vec<Letter> {
        let most = if self.terms.policy == Disconnect {
            usize::MAX
        } else {
            TAKEN.min(self.terms.bytes / 4)
        };
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while let Some(first) = self.waiting.first() {
            if !taken.is_empty() && bytes + first.bytes > most {
                break;
            }
            bytes += first.bytes;
            let events = self.waiting.iter().filter(|place| place.letter.is_event());
            let begins = first.letter.is_event() && events.clone().all(|place| !place.in_round);
            if begins && self.is_indexed {
                self.waiting.iter_mut().for_each(|place| place.in_round = true);
            }
            let mut letter = self.waiting.remove(0).letter;
            if let Some((subscription, _)) = letter.about {
                letter.missing += self.ahead.remove(&subscription).unwrap_or(0);
            }
            taken.push(letter);
        }
        self.underway += bytes;
        if self.events() == 0 {
            self.is_indexed = false;
        }
        taken
    }
}

/// Numbers that look random, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

fn take(outbox: &Outbox<Letter>) -> Poll<Result<Vec<Letter>, Cut>> {
    let mut taken = VecDeque::new();
    let polled = outbox.poll_take(&Context::from_waker(Waker::noop()), &mut taken);
    polled.map(|result| result.map(|()| taken.into_iter().map(|(letter, _)| letter).collect()))
}

/// What a client has seen, and what it concludes.
#[derive(Default)]
struct Client {
    sent: Vec<Letter>,
    received: Vec<Letter>,
}

impl Client {
    /// Checks what has to hold at the end, whatever the model says.
    fn check(&self, policy: SlowConsumerPolicy, dropped: u64) {
        let numbers = || self.received.iter().map(|letter| letter.number);
        assert!(numbers().is_sorted_by(|a, b| a < b), "in the order in which they came");
        let is_received = |sent: &Letter| numbers().any(|number| number == sent.number);
        let lost = self.sent.iter().filter(|sent| !is_received(sent));
        assert!(lost.clone().all(Item::is_event), "only events are ever dropped");
        assert_eq!(lost.clone().count() as u64, dropped, "what is lost is counted");
        // Every gap is where it is said to be, and as long. A newer event of a topic speaks for those before it.
        let kind = |letter: &Letter| {
            letter.about.map(|about| if policy == KeepLastPerTopic { about } else { (about.0, 0) })
        };
        let mut before = HashMap::new();
        for letter in self.received.iter().filter(|letter| letter.is_event()) {
            let last = before.insert(kind(letter), letter.number).unwrap_or(0);
            let is_missing = |sent: &&Letter| {
                kind(sent) == kind(letter) && last < sent.number && sent.number < letter.number
            };
            assert_eq!(letter.missing, self.sent.iter().filter(is_missing).count() as u64);
        }
        if policy == KeepLastPerTopic {
            let newest: HashMap<_, _> =
                self.sent.iter().map(|letter| (letter.about, letter.number)).collect();
            let arrived = |number: &u64| numbers().any(|received| received == *number);
            assert!(newest.values().all(arrived), "the last event of every topic arrives");
        }
    }
}

/// One life: until it is cut, or all has arrived. Whether anything was dropped, and whether it was cut.
fn live(policy: SlowConsumerPolicy, random: &mut Random) -> (bool, bool) {
    let bytes = [1, 20, 100, 400][random.below(4) as usize];
    let messages = [1, 3, 10, usize::MAX][random.below(4) as usize];
    let terms = Terms { policy, bytes, messages };
    let (outbox, dropped) = (Outbox::new(1), Arc::new(AtomicU64::new(0)));
    outbox.set_terms(terms, &dropped);
    let mut model = Model::new(terms);
    let mut client = Client::default();
    let replies = [0, 1, 4][random.below(3) as usize];
    let largest = [2, 30, 120][random.below(3) as usize];
    let mut told = 0;
    for number in 1..=120 {
        let size = 1 + random.below(largest) as usize;
        let letter = if random.below(10) < replies {
            Letter::reply(number)
        } else {
            Letter::event(number, 1 + random.below(3), random.below(3) as u8)
        };
        outbox.push(letter, size);
        model.push(letter, size);
        let is_cut = outbox.poll_cut(&Context::from_waker(Waker::noop())).is_ready();
        assert_eq!(is_cut, model.is_cut, "{terms:?} {number}");
        if is_cut {
            assert_eq!(take(&outbox), Poll::Ready(Err(Cut::Overflow)));
            return (model.dropped > 0, true);
        }
        client.sent.push(letter);
        assert_eq!(outbox.bytes(), model.bytes());
        let is_alone = model.waiting.len() + usize::from(model.underway > 0) <= 1;
        assert!(is_alone || outbox.bytes() <= bytes, "no more waits than may");
        if random.below(4) == 0 {
            told += outbox.take_losses().events;
        }
        // Nothing is taken before what was taken has reached the socket.
        while random.below(3) == 0 {
            outbox.sent(std::mem::take(&mut model.underway));
            let expected = model.take();
            match take(&outbox) {
                Poll::Ready(taken) => assert_eq!(taken.unwrap(), expected, "{terms:?}"),
                Poll::Pending => assert!(expected.is_empty()),
            }
            client.received.extend(expected);
        }
    }
    outbox.sent(model.underway);
    let left = outbox.take();
    outbox.sent(left.iter().map(|(_, bytes)| bytes).sum());
    assert_eq!(outbox.bytes(), 0, "what is written does not count any more");
    client.received.extend(left.into_iter().map(|(letter, _)| letter));
    let dropped = dropped.load(Relaxed);
    client.check(policy, dropped);
    assert_eq!((dropped, told + outbox.take_losses().events), (model.dropped, dropped));
    (dropped > 0, false)
}

#[test]
fn every_policy_does_what_the_model_does() {
    for policy in [Disconnect, DropNewest, DropOldest, KeepLastPerTopic] {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let lives: Vec<_> = (0..1_000).map(|_| live(policy, &mut random)).collect();
        let count =
            |what: fn(&(bool, bool)) -> bool| lives.iter().filter(|life| what(life)).count();
        assert!(count(|(lossy, _)| *lossy) > 150 || policy == Disconnect, "{policy:?}");
        assert!(count(|(_, is_cut)| *is_cut) > 100, "{policy:?}");
        assert!(count(|(lossy, is_cut)| !lossy && !is_cut) > 5, "{policy:?}");
    }
}

#[test]
fn whatever_happens_nothing_counts_once_everything_is_written() {
    let mut random = Random(0x1234_5678_9abc_def1);
    for _ in 0..2_000 {
        let outbox = Outbox::<Bundle>::new(300);
        let (mut underway, mut number) = (0, 0);
        for _ in 0..60 {
            number += 1;
            let bytes = 1 + random.below(100) as usize;
            let event = |topic| Bundle(vec![(Letter::event(number, 1, topic), bytes)]);
            match random.below(9) {
                0 => {
                    let policy = [Disconnect, DropNewest, DropOldest, KeepLastPerTopic]
                        [random.below(4) as usize];
                    let messages = [1, 5, usize::MAX][random.below(3) as usize];
                    let bytes = [50, 300, 1000][random.below(3) as usize];
                    // For the next session of the connection: what waited for the one before is on its way.
                    underway += outbox.take().iter().map(|(_, bytes)| bytes).sum::<usize>();
                    outbox.set_terms(Terms { policy, bytes, messages }, &Arc::default());
                }
                1 => outbox.push(Bundle(vec![(Letter::reply(number), bytes)]), bytes),
                2 => {
                    let parts = (0..3).map(|topic| (Letter::event(number, 1, topic), bytes));
                    outbox.push(Bundle(parts.collect()), 3 * bytes);
                }
                3 => {
                    let mut taken = VecDeque::new();
                    let cx = Context::from_waker(Waker::noop());
                    let _ = outbox.poll_take(&cx, &mut taken);
                    underway += taken.iter().map(|(_, bytes)| bytes).sum::<usize>();
                }
                4 => outbox.sent(std::mem::take(&mut underway)),
                5 => outbox.forget_overflow(),
                topic => outbox.push(event(topic as u8), bytes),
            }
        }
        let left: usize = outbox.take().iter().map(|(_, bytes)| bytes).sum();
        assert_eq!(outbox.bytes(), underway + left);
        outbox.sent(underway + left);
        assert_eq!(outbox.bytes(), 0);
        // There is room for as much as at first.
        outbox.forget_overflow();
        outbox.set_terms(Terms::disconnecting(100), &Arc::default());
        (0..10).for_each(|n| outbox.push(Bundle(vec![(Letter::reply(n), 10)]), 10));
        assert_eq!(outbox.take().len(), 10);
    }
}

/// Several events that are pushed as one item.
#[derive(Clone, Debug)]
struct Bundle(Vec<(Letter, usize)>);

impl Item for Bundle {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn split(&self) -> Option<Vec<(Self, usize)>> {
        let each = || self.0.iter().map(|part| (Self(vec![*part]), part.1));
        (self.0.len() > 1).then(|| each().collect())
    }

    fn is_event(&self) -> bool {
        self.0[0].0.is_event()
    }

    fn topic(&self) -> Option<Topic> {
        assert_eq!(self.0.len(), 1, "topics are asked for where bundles have been split");
        self.0[0].0.topic()
    }

    fn after_gap(self, dropped: u64) -> Self {
        let (letter, bytes) = self.0[0];
        Self(vec![(letter.after_gap(dropped), bytes)])
    }
}

/// What waits in both outboxes, once it is the same.
fn take_both(singly: &Outbox<Letter>, together: &Outbox<Bundle>) -> usize {
    let (taken, bundles) = (singly.take(), together.take());
    let bytes = taken.iter().map(|(_, bytes)| bytes).sum();
    assert_eq!(bundles.iter().map(|(_, bytes)| bytes).sum::<usize>(), bytes);
    let letters = bundles.into_iter().flat_map(|(Bundle(letters), _)| letters);
    assert!(letters.map(|(letter, _)| letter).eq(taken.into_iter().map(|(letter, _)| letter)));
    bytes
}

#[test]
fn a_bundle_is_taken_as_if_its_events_came_one_by_one() {
    let mut cut = 0;
    for policy in [Disconnect, DropNewest, DropOldest, KeepLastPerTopic] {
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        for _ in 0..500 {
            let bytes = [1, 20, 100, 400][random.below(4) as usize];
            let messages = [1, 3, 10, usize::MAX][random.below(4) as usize];
            let terms = Terms { policy, bytes, messages };
            let (singly, together) = (Outbox::new(1), Outbox::new(1));
            let dropped = [Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0))];
            singly.set_terms(terms, &dropped[0]);
            together.set_terms(terms, &dropped[1]);
            let (mut number, mut underway) = (0, 0);
            for _ in 0..30 {
                let is_reply = random.below(5) == 0;
                let count = if is_reply { 1 } else { 1 + random.below(6) };
                let part = |_| {
                    number += 1;
                    let event = Letter::event(number, 1, random.below(2) as u8);
                    let letter = if is_reply { Letter::reply(number) } else { event };
                    (letter, 1 + random.below(30) as usize)
                };
                let parts: Vec<_> = (0..count).map(part).collect();
                parts.iter().for_each(|(letter, bytes)| singly.push(*letter, *bytes));
                let bytes = parts.iter().map(|(_, bytes)| bytes).sum();
                together.push(Bundle(parts), bytes);
                let is_cut = |polled: Poll<Cut>| polled.is_ready();
                let cx = Context::from_waker(Waker::noop());
                assert_eq!(is_cut(singly.poll_cut(&cx)), is_cut(together.poll_cut(&cx)));
                if is_cut(singly.poll_cut(&cx)) {
                    cut += 1;
                    break;
                }
                assert_eq!(singly.bytes(), together.bytes());
                assert_eq!(singly.is_filling(), together.is_filling());
                assert_eq!(dropped[0].load(Relaxed), dropped[1].load(Relaxed));
                if random.below(3) == 0 {
                    singly.sent(underway);
                    together.sent(underway);
                    underway = take_both(&singly, &together);
                }
            }
        }
    }
    assert!((200..1900).contains(&cut), "{cut}");
}
