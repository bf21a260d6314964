//! What waits for a session whose events may be dropped.
//!
//! Messages leave in the order in which they came, whatever is dropped in between: so those that are left of one
//! publisher stay in their order ("WAMP: Publish and Subscribe Ordering"), and no EVENT overtakes its SUBSCRIBED. An
//! event that takes the place of an older one of its topic therefore goes to the end: in the place of the other it would
//! overtake what its publisher has published to other topics in between.
//!
//! Every step takes constant time, but for the first time that there is no room with
//! [`KeepLastPerTopic`](SlowConsumerPolicy::KeepLastPerTopic): then all that waits is looked at once, and from then on
//! there is an index of it until nothing waits any more.

use super::{
    item::{Item, Topic},
    list::{List, Place},
    losses::{Losses, Untold},
    terms::Terms,
};
use crate::config::SlowConsumerPolicy::{
    self, Disconnect, DropNewest, DropOldest, KeepLastPerTopic,
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Messages that wait, of which events may be dropped.
#[derive(Debug)]
pub(super) struct Backlog<T> {
    policy: SlowConsumerPolicy,
    /// What is no event.
    kept: VecDeque<Waiting<T>>,
    kept_bytes: usize,
    events: List<Waiting<T>>,
    event_bytes: usize,
    /// The number of the next message.
    next: u64,
    /// With a policy that keeps the newest event of each topic, since there was no room.
    newest: Option<Box<Newest>>,
    /// What is missing ahead of the next event of a subscription that is taken.
    ahead: Untold,
    /// What is missing ahead of the next event of a subscription that comes.
    behind: Untold,
    losses: Losses,
    /// How many events were dropped, of all sessions that count here.
    dropped: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Waiting<T> {
    item: T,
    bytes: usize,
    /// The later it came the higher.
    number: u64,
    /// How many events are missing ahead of it.
    missing: u64,
}

/// Where the newest event of each topic is.
///
/// All that waits when something is taken belongs to one round, and a topic can have one event in the round and one
/// behind it: an event that always goes to the end when a newer one comes would never arrive if its topic is busier than
/// the client. Only when there is no room either of the two is dropped, the older one.
#[derive(Debug, Default)]
struct Newest {
    places: HashMap<Topic, Place>,
    /// What has a lower number belongs to the round.
    round: u64,
    /// Events of the round that have a newer one behind it, with their numbers.
    outdated: VecDeque<(Place, u64)>,
}

/// There is no room for what may not be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl<T: Item> Backlog<T> {
    /// Nothing waits yet. Events that are dropped are added to `dropped`.
    pub(super) fn new(policy: SlowConsumerPolicy, dropped: Arc<AtomicU64>) -> Self {
        Self {
            policy,
            kept: VecDeque::new(),
            kept_bytes: 0,
            events: List::new(),
            event_bytes: 0,
            next: 0,
            newest: None,
            ahead: Untold::default(),
            behind: Untold::default(),
            losses: Losses::default(),
            dropped,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.kept_bytes + self.event_bytes
    }

    /// The bytes that cannot make way for anything.
    pub(super) const fn kept_bytes(&self) -> usize {
        self.kept_bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.events.len() == 0
    }

    pub(super) const fn losses(&self) -> &Losses {
        &self.losses
    }

    pub(super) fn take_losses(&mut self) -> Losses {
        std::mem::take(&mut self.losses)
    }

    /// Puts a message behind the others while `underway` bytes are on their way to the socket, and drops what has to be
    /// dropped for that.
    ///
    /// # Errors
    /// There is no room for what may not be dropped.
    pub(super) fn push(
        &mut self,
        item: T,
        bytes: usize,
        underway: usize,
        terms: &Terms,
    ) -> Result<(), Full> {
        if !item.is_event() {
            while !terms.has_room(underway + self.bytes(), bytes) {
                self.make_way()?;
            }
            let number = self.number();
            self.kept.push_back(Waiting { item, bytes, number, missing: 0 });
            self.kept_bytes += bytes;
            return Ok(());
        }
        match self.policy {
            KeepLastPerTopic => self.push_newest(item, bytes, underway, terms),
            // Not made for the first.
            Disconnect | DropNewest => {
                self.push_if(self.has_room(bytes, underway, terms), item, bytes);
                Ok(())
            }
            DropOldest => {
                let is_hopeless = !terms.has_room(underway + self.kept_bytes, bytes);
                while !is_hopeless && !self.has_room(bytes, underway, terms) {
                    self.make_way()?;
                }
                self.push_if(!is_hopeless, item, bytes);
                Ok(())
            }
        }
    }

    fn has_room(&self, bytes: usize, underway: usize, terms: &Terms) -> bool {
        self.events.len() < terms.messages && terms.has_room(underway + self.bytes(), bytes)
    }

    /// Takes an event in, or drops it.
    fn push_if(&mut self, has_room: bool, item: T, bytes: usize) {
        if has_room && self.behind.is_empty() {
            self.append(item, bytes, 0);
            return;
        }
        let Some(topic) = item.topic() else { return };
        if has_room {
            let missing = self.behind.tell(topic.subscription);
            self.append(item, bytes, missing);
        } else {
            self.lose(&topic);
            self.behind.note(topic.subscription, 1);
        }
    }

    fn append(&mut self, item: T, bytes: usize, missing: u64) -> Place {
        let number = self.number();
        self.event_bytes += bytes;
        self.events.push_back(Waiting { item, bytes, number, missing })
    }

    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// Drops the event that has to go first.
    fn make_way(&mut self) -> Result<(), Full> {
        let goes = match self.policy {
            KeepLastPerTopic => {
                if self.newest.is_none() {
                    return self.begin_newest();
                }
                return self.drop_outdated();
            }
            DropOldest => self.events.first(),
            Disconnect | DropNewest => self.events.last(),
        };
        let (place, _) = goes.ok_or(Full)?;
        let Some((topic, missing)) = self.drop_event(place) else { return Err(Full) };
        let told = if self.policy == DropOldest { &mut self.ahead } else { &mut self.behind };
        told.note(topic.subscription, missing);
        Ok(())
    }

    /// Drops the event at a place: of what topic it was, and how many are missing there now.
    fn drop_event(&mut self, place: Place) -> Option<(Topic, u64)> {
        let Waiting { item, bytes, missing, .. } = self.events.remove(place)?;
        self.event_bytes -= bytes;
        let topic = item.topic()?;
        self.lose(&topic);
        Some((topic, missing + 1))
    }

    fn lose(&mut self, topic: &Topic) {
        self.dropped.fetch_add(1, Relaxed);
        self.losses.note(topic);
    }

    /// Takes the newest event of its topic in.
    fn push_newest(
        &mut self,
        item: T,
        bytes: usize,
        underway: usize,
        terms: &Terms,
    ) -> Result<(), Full> {
        if self.newest.is_none() {
            if self.has_room(bytes, underway, terms) {
                self.append(item, bytes, 0);
                return Ok(());
            }
            // Whatever was dropped now, the new event is looked at next.
            let _ = self.begin_newest();
        }
        let Some(topic) = item.topic() else { return Ok(()) };
        let place = self.append(item, bytes, 0);
        self.replace(&topic, place);
        // It is in already, so that it can say what was dropped in favour of it.
        while !self.is_within(bytes, underway, terms) {
            self.drop_outdated()?;
        }
        Ok(())
    }

    /// Whether no more waits than may, of which an event of `last` bytes came last: it may be alone.
    fn is_within(&self, last: usize, underway: usize, terms: &Terms) -> bool {
        let bytes = underway + self.bytes();
        self.events.len() <= terms.messages && (bytes <= terms.bytes || bytes == last)
    }

    /// Begins to keep only the newest event of each topic.
    fn begin_newest(&mut self) -> Result<(), Full> {
        let before = self.events.len();
        self.newest = Some(Box::default());
        let mut next = self.events.first();
        while let Some((place, waiting)) = next {
            let topic = waiting.item.topic();
            if let Some(topic) = topic {
                self.replace(&topic, place);
            }
            next = self.events.after(place);
        }
        if self.events.len() < before { Ok(()) } else { Err(Full) }
    }

    /// Notes that the newest event of a topic is at this place, and drops the one before it unless that is of the round.
    fn replace(&mut self, topic: &Topic, place: Place) {
        let Some(newest) = &mut self.newest else { return };
        let Some(known) = newest.places.get_mut(topic) else {
            newest.places.insert(topic.detach(), place);
            return;
        };
        let older = std::mem::replace(known, place);
        let number = self.events.get(older).map(|waiting| waiting.number);
        if let Some(number) = number.filter(|number| *number < newest.round) {
            newest.outdated.push_back((older, number));
        } else if let Some((_, missing)) = self.drop_event(older) {
            self.note_missing(place, missing);
        }
    }

    /// Drops the event that has had a newer one of its topic behind it for the longest.
    fn drop_outdated(&mut self) -> Result<(), Full> {
        loop {
            let newest = self.newest.as_mut().ok_or(Full)?;
            let (place, number) = newest.outdated.pop_front().ok_or(Full)?;
            // It may have been taken, and another one be in its place.
            let is_there = self.events.get(place).is_some_and(|waiting| waiting.number == number);
            if !is_there {
                continue;
            }
            if let Some((topic, missing)) = self.drop_event(place) {
                let newer = self.newest.as_ref().and_then(|newest| newest.places.get(&topic));
                if let Some(newer) = newer.copied() {
                    self.note_missing(newer, missing);
                }
                return Ok(());
            }
        }
    }

    fn note_missing(&mut self, place: Place, missing: u64) {
        if let Some(waiting) = self.events.get_mut(place) {
            waiting.missing += missing;
        }
    }

    /// Moves messages into `taken` until they have `most` bytes; one is moved in any case, if any waits.
    pub(super) fn take(&mut self, most: usize, taken: &mut VecDeque<(T, usize)>) {
        let mut bytes = 0_usize;
        while let Some((event, more)) = self.next() {
            if !taken.is_empty() && bytes.saturating_add(more) > most {
                break;
            }
            bytes += more;
            let item = match event {
                Some(place) => self.take_event(place),
                None => self.take_kept(),
            };
            taken.extend(item.map(|item| (item, more)));
        }
        if self.events.len() == 0 {
            // Nobody is slow any more, and what waits next need not be looked up.
            self.newest = None;
        }
        if self.kept.is_empty() && self.kept.capacity() > super::state::KEPT_SLOTS {
            self.kept = VecDeque::new();
        }
    }

    /// Where the event is that leaves next, or nowhere if that is no event; and how many bytes it has.
    fn next(&self) -> Option<(Option<Place>, usize)> {
        let event = self.events.first();
        let Some(kept) = self.kept.front() else {
            return event.map(|(place, event)| (Some(place), event.bytes));
        };
        let event = event.filter(|(_, event)| event.number < kept.number);
        Some(event.map_or((None, kept.bytes), |(place, event)| (Some(place), event.bytes)))
    }

    fn take_kept(&mut self) -> Option<T> {
        let Waiting { item, bytes, .. } = self.kept.pop_front()?;
        self.kept_bytes -= bytes;
        Some(item)
    }

    fn take_event(&mut self, place: Place) -> Option<T> {
        let Waiting { item, bytes, number, missing } = self.events.remove(place)?;
        self.event_bytes -= bytes;
        if missing == 0 && self.newest.is_none() && self.ahead.is_empty() {
            return Some(item);
        }
        let topic = item.topic()?;
        if let Some(newest) = &mut self.newest {
            if number >= newest.round {
                newest.round = self.next;
                newest.outdated.clear();
            }
            if newest.places.get(&topic) == Some(&place) {
                newest.places.remove(&topic);
            }
        }
        let missing = missing + self.ahead.tell(topic.subscription);
        Some(if missing > 0 { item.after_gap(missing) } else { item })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::model::Letter, *};

    const TERMS: Terms = Terms { policy: KeepLastPerTopic, bytes: usize::MAX, messages: 8 };

    /// A backlog that had no room for events of four topics.
    fn busy() -> Backlog<Letter> {
        let mut backlog = Backlog::new(KeepLastPerTopic, Arc::default());
        for number in 0..9 {
            backlog.push(Letter::event(number, 1, (number % 4) as u8), 1, 0, &TERMS).unwrap();
        }
        assert_eq!(backlog.events.len(), 4);
        backlog
    }

    fn take_one(backlog: &mut Backlog<Letter>) -> Letter {
        let mut taken = VecDeque::new();
        backlog.take(1, &mut taken);
        assert_eq!(taken.len(), 1);
        taken[0].0
    }

    #[test]
    fn every_topic_arrives_in_its_turn_though_all_are_busier_than_the_client() {
        let mut backlog = busy();
        let mut arrived = [0; 4];
        for round in 1..=100 {
            for topic in 0..4 {
                let number = round * 10 + u64::from(topic);
                backlog.push(Letter::event(number, 1, topic), 1, 0, &TERMS).unwrap();
            }
            let (_, topic) = take_one(&mut backlog).about.unwrap();
            arrived[usize::from(topic)] += 1;
        }
        assert_eq!(arrived, [25; 4]);
    }

    #[test]
    fn what_is_remembered_does_not_grow_while_the_client_stays_slow() {
        let mut backlog = busy();
        for number in 10..10_000 {
            backlog.push(Letter::event(number, 1, (number % 4) as u8), 1, 0, &TERMS).unwrap();
            if number % 2 == 0 {
                take_one(&mut backlog);
            }
        }
        let newest = backlog.newest.as_ref().unwrap();
        assert!(newest.places.len() <= 4 && newest.outdated.len() <= 4, "{newest:?}");
        assert!(backlog.events.len() <= 8);
    }
}
