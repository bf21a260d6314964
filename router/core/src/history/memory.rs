//! A history that lasts as long as the router does.

use super::{HistoryQuery, HistoryRule, HistoryStore, UnknownPublication};
use crate::{kept::KeptEvent, topics::matching};
use core::ops::{ControlFlow, Range};
use std::{
    collections::{BTreeMap, BinaryHeap, HashMap, VecDeque},
    sync::Arc,
};
use wamplex_shared::{
    id::PublicationId,
    uri::{MatchPolicy, Uri},
};

/// Keeps events in memory.
#[derive(Debug)]
pub struct MemoryHistory {
    rules: Vec<Rule>,
    topics: BTreeMap<Uri, Topic>,
    /// The number of each event, and its topic.
    places: HashMap<PublicationId, (u64, Uri)>,
    next: u64,
}

#[derive(Debug)]
struct Rule {
    limits: HistoryRule,
    /// The number of the oldest event of each topic.
    oldest: BTreeMap<u64, Uri>,
    bytes: usize,
}

/// The events of one topic, from the oldest.
#[derive(Debug)]
struct Topic {
    rule: usize,
    events: VecDeque<Numbered>,
    bytes: usize,
}

#[derive(Debug)]
struct Numbered {
    number: u64,
    event: Arc<KeptEvent>,
}

impl MemoryHistory {
    /// An empty history under these rules.
    #[must_use]
    pub fn new(rules: &[HistoryRule]) -> Self {
        let rule = |limits: &HistoryRule| Rule {
            limits: limits.clone(),
            oldest: BTreeMap::new(),
            bytes: 0,
        };
        Self {
            rules: rules.iter().map(rule).collect(),
            topics: BTreeMap::new(),
            places: HashMap::new(),
            next: 0,
        }
    }

    /// Forgets the oldest event of a topic.
    fn forget(&mut self, topic: &Uri) {
        let Some(entry) = self.topics.get_mut(topic) else { return };
        let Some(Numbered { number, event }) = entry.events.pop_front() else { return };
        let rule = &mut self.rules[entry.rule];
        entry.bytes -= event.weight();
        rule.bytes -= event.weight();
        rule.oldest.remove(&number);
        self.places.remove(&event.publication);
        match entry.events.front() {
            Some(next) => drop(rule.oldest.insert(next.number, topic.clone())),
            None => drop(self.topics.remove(topic)),
        }
    }

    /// The topic of the oldest event of a rule, if it has to go.
    fn surplus(&self, rule: &Rule, now: u64) -> Option<Uri> {
        let (_, topic) = rule.oldest.first_key_value()?;
        let oldest = self.topics.get(topic)?.events.front()?;
        let is_old = now.saturating_sub(oldest.event.timestamp) >= rule.limits.age_millis();
        (is_old || rule.bytes > rule.limits.total_bytes).then(|| topic.clone())
    }

    /// The numbers of the events that lie between the publications of a query.
    fn numbers(&self, query: &HistoryQuery) -> Result<Range<u64>, UnknownPublication> {
        let number = |publication: Option<PublicationId>| -> Result<Option<u64>, _> {
            let Some(publication) = publication else { return Ok(None) };
            let (number, topic) = self.places.get(&publication).ok_or(UnknownPublication)?;
            let known = query.policy.matches(query.pattern.as_str(), topic.as_str())
                && self.topics.get(topic).is_some_and(|topic| {
                    let events = self.events(topic, query.now);
                    events.start < events.end && topic.events[events.start].number <= *number
                });
            if known { Ok(Some(*number)) } else { Err(UnknownPublication) }
        };
        let behind = |number| number + 1;
        let start = number(query.from)?.max(number(query.after)?.map(behind)).unwrap_or(0);
        let ends = [number(query.before)?, number(query.until)?.map(behind)];
        let end = ends.into_iter().flatten().min().unwrap_or(u64::MAX);
        Ok(start..end)
    }

    /// Where the events of a topic stand that are not too old.
    fn events(&self, topic: &Topic, now: u64) -> Range<usize> {
        let age = self.rules[topic.rule].limits.age_millis();
        let is_old = |e: &Numbered| now.saturating_sub(e.event.timestamp) >= age;
        topic.events.partition_point(is_old)..topic.events.len()
    }

    /// Where the events of a topic stand that a query asks for. Their numbers rise, and so do their timestamps.
    fn wanted(&self, topic: &Topic, query: &HistoryQuery, numbers: &Range<u64>) -> Range<usize> {
        let Range { start, .. } = self.events(topic, query.now);
        let (earliest, latest) = (*query.times.start(), *query.times.end());
        let is_before = |e: &Numbered| e.number < numbers.start || e.event.timestamp < earliest;
        let is_within = |e: &Numbered| e.number < numbers.end && e.event.timestamp <= latest;
        let start = start.max(topic.events.partition_point(is_before));
        start..topic.events.partition_point(is_within).max(start)
    }
}

impl HistoryStore for MemoryHistory {
    fn append(&mut self, rule: usize, event: Arc<KeptEvent>) {
        let (weight, now, number) = (event.weight(), event.timestamp, self.next);
        let Some(Rule { limits, .. }) = self.rules.get(rule) else { return };
        let (max_events, max_bytes) = (limits.events, limits.bytes.min(limits.total_bytes));
        let name = event.topic.clone();
        // Those before an event that is too large are gone, too: a history has no hole.
        let fits = weight <= max_bytes && max_events > 0;
        while let Some(topic) = self.topics.get(&name)
            && (!fits || topic.events.len() >= max_events || topic.bytes + weight > max_bytes)
        {
            self.forget(&name);
        }
        if fits {
            self.next += 1;
            self.places.insert(event.publication, (number, name.clone()));
            let topic = self.topics.entry(name.clone()).or_insert_with(|| Topic {
                rule,
                events: VecDeque::new(),
                bytes: 0,
            });
            if topic.events.is_empty() {
                self.rules[rule].oldest.insert(number, name);
            }
            topic.bytes += weight;
            topic.events.push_back(Numbered { number, event });
            self.rules[rule].bytes += weight;
        }
        while let Some(topic) = self.surplus(&self.rules[rule], now) {
            self.forget(&topic);
        }
    }

    fn query(
        &self,
        query: &HistoryQuery,
        visit: &mut dyn FnMut(&Arc<KeptEvent>) -> ControlFlow<()>,
    ) -> Result<(), UnknownPublication> {
        let numbers = self.numbers(query)?;
        let (policy, pattern) = match &query.topic {
            None => (query.policy, &query.pattern),
            Some(topic) if query.policy.matches(query.pattern.as_str(), topic.as_str()) => {
                (MatchPolicy::Exact, topic)
            }
            Some(_) => return Ok(()),
        };
        let mut topics: Vec<_> = matching(&self.topics, policy, pattern)
            .map(|(_, topic)| (topic, self.wanted(topic, query, &numbers)))
            .collect();
        // The next event of each topic; the one that comes first is the greatest.
        let next = |(topic, wanted): &(&Topic, Range<usize>)| {
            if query.reverse {
                wanted.clone().next_back().map(|at| topic.events[at].number)
            } else {
                wanted.clone().next().map(|at| u64::MAX - topic.events[at].number)
            }
        };
        let mut heads: BinaryHeap<(u64, usize)> =
            topics.iter().enumerate().filter_map(|(at, topic)| Some((next(topic)?, at))).collect();
        while let Some((_, at)) = heads.pop() {
            let (topic, wanted) = &mut topics[at];
            let step = if query.reverse { wanted.next_back() } else { wanted.next() };
            let Some(event) = step.and_then(|at| topic.events.get(at)) else { continue };
            if visit(&event.event).is_break() {
                break;
            }
            heads.extend(next(&topics[at]).map(|number| (number, at)));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        let mut count = 0;
        let mut bytes = vec![0; self.rules.len()];
        for (name, topic) in &self.topics {
            let Rule { limits, oldest, .. } = &self.rules[topic.rule];
            let front = topic.events.front().ok_or_else(|| format!("{name} has no events"))?;
            if oldest.get(&front.number) != Some(name) {
                return Err(format!("the oldest event of {name} is misplaced"));
            }
            let sum: usize = topic.events.iter().map(|e| e.event.weight()).sum();
            if sum != topic.bytes || sum > limits.bytes || topic.events.len() > limits.events {
                return Err(format!("{name} has too long a history"));
            }
            let rises = |a: &&Numbered, b: &&Numbered| {
                a.number < b.number && a.event.timestamp <= b.event.timestamp
            };
            if !topic.events.iter().is_sorted_by(rises) {
                return Err(format!("the history of {name} is out of order"));
            }
            for e in &topic.events {
                if self.places.get(&e.event.publication) != Some(&(e.number, name.clone())) {
                    return Err(format!("an event of {name} cannot be found"));
                }
            }
            count += topic.events.len();
            bytes[topic.rule] += sum;
        }
        let fronts: usize = self.rules.iter().map(|rule| rule.oldest.len()).sum();
        if count != self.places.len() || fronts != self.topics.len() {
            return Err("the history knows events that are not there".into());
        }
        let agree =
            |(rule, bytes): (&Rule, usize)| rule.bytes == bytes && bytes <= rule.limits.total_bytes;
        if self.rules.iter().zip(bytes).all(agree) {
            Ok(())
        } else {
            Err("the history is weighed wrongly".into())
        }
    }
}
