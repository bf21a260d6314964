//! The history in memory against a list of all events that is searched from end to end.

use super::*;
use MatchPolicy::{Exact, Prefix, Wildcard};
use core::ops::ControlFlow;
use proptest::{collection::vec, option, prelude::*};
use wamplex_shared::{
    id::PublicationId,
    message::EventDetails,
    payload::{Payload, PayloadShape},
    serializer::Serializer,
};

/// Topics, and the rule that each goes by.
const TOPICS: [(&str, usize); 5] = [("a", 0), ("b.a", 1), ("b.b", 1), ("b.b.a", 1), ("c.a", 2)];

fn rules() -> Vec<HistoryRule> {
    let rule = |policy, pattern: &str, events, bytes, total_bytes, age| HistoryRule {
        events,
        bytes,
        total_bytes,
        age: Option::map(age, Duration::from_millis),
        ..HistoryRule::new(policy, pattern)
    };
    vec![
        rule(Exact, "a", 3, 10_000, 100_000, None),
        rule(Prefix, "b.", 4, 4_000, 6_000, Some(50)),
        rule(Wildcard, "c.", 100, 3_000, 2_500, None),
    ]
}

#[derive(Clone, Debug)]
struct Question {
    policy: MatchPolicy,
    pattern: &'static str,
    topic: Option<usize>,
    reverse: bool,
    times: (u64, u64),
    /// From, after, before and until which publication.
    publications: [Option<u64>; 4],
    limit: usize,
}

fn question() -> impl Strategy<Value = Question> {
    let pattern = proptest::sample::select(vec![
        (Exact, "a"),
        (Exact, "b.b"),
        (Prefix, ""),
        (Prefix, "b."),
        (Wildcard, "."),
        (Wildcard, "b."),
        (Exact, "z"),
    ]);
    let publication = || option::weighted(0.2, 1..40_u64);
    let publications = [publication(), publication(), publication(), publication()];
    let times = prop_oneof![Just((0, u64::MAX)), (0..300_u64, 0..300_u64)];
    let topic = option::weighted(0.2, 0..TOPICS.len());
    (pattern, topic, any::<bool>(), times, publications, 1..20_usize).prop_map(
        |((policy, pattern), topic, reverse, times, publications, limit)| Question {
            policy,
            pattern,
            topic,
            reverse,
            times,
            publications,
            limit,
        },
    )
}

fn id(n: u64) -> PublicationId {
    PublicationId::new(n).unwrap()
}

fn event(n: u64, topic: usize, timestamp: u64, size: usize) -> Arc<KeptEvent> {
    let bytes = vec![b' '; size].into();
    Arc::new(KeptEvent {
        publication: id(n),
        topic: Uri::from_static(TOPICS[topic].0),
        timestamp,
        details: EventDetails::default(),
        payload: Payload::from_encoded(Serializer::Json, PayloadShape::Args, bytes),
        audience: crate::kept::Audience::default(),
    })
}

/// The list: all events that are left, from the oldest.
#[derive(Default)]
struct Naive(Vec<Arc<KeptEvent>>);

impl Naive {
    fn forget_first(&mut self, belongs: impl Fn(&KeptEvent) -> bool) {
        let at = self.0.iter().position(|e| belongs(e)).unwrap();
        self.0.remove(at);
    }

    fn append(&mut self, event: Arc<KeptEvent>) {
        let rule_of = |e: &KeptEvent| TOPICS.iter().find(|t| e.topic == t.0).unwrap().1;
        let (rule, now, topic) = (rule_of(&event), event.timestamp, event.topic.clone());
        let limits = &rules()[rule];
        if event.weight() > limits.bytes.min(limits.total_bytes) {
            self.0.retain(|e| e.topic != topic);
        } else {
            self.0.push(event);
        }
        let measure = |list: &[Arc<KeptEvent>], belongs: &dyn Fn(&KeptEvent) -> bool| {
            let list: Vec<_> = list.iter().filter(|e| belongs(e)).collect();
            let bytes: usize = list.iter().map(|e| e.weight()).sum();
            let oldest = list.first().map_or(now, |e| e.timestamp);
            (list.len(), bytes, now - oldest)
        };
        let of_topic = |e: &KeptEvent| e.topic == topic;
        let of_rule = |e: &KeptEvent| rule_of(e) == rule;
        loop {
            let (count, bytes, _) = measure(&self.0, &of_topic);
            if count <= limits.events && bytes <= limits.bytes {
                break;
            }
            self.forget_first(of_topic);
        }
        loop {
            let (count, bytes, age) = measure(&self.0, &of_rule);
            if count == 0 || (bytes <= limits.total_bytes && age < limits.age_millis()) {
                break;
            }
            self.forget_first(of_rule);
        }
    }

    fn ask(&self, q: &Question, now: u64) -> Option<Vec<u64>> {
        let is_young = |e: &&Arc<KeptEvent>| {
            let rule = TOPICS.iter().find(|t| e.topic == t.0).unwrap().1;
            now - e.timestamp < rules()[rule].age_millis()
        };
        let all: Vec<_> = self
            .0
            .iter()
            .filter(is_young)
            .filter(|e| q.policy.matches(q.pattern, e.topic.as_str()))
            .collect();
        let place = |n: u64| all.iter().position(|e| e.publication == id(n));
        let mut places = [None; 4];
        for (publication, found) in q.publications.iter().zip(&mut places) {
            if let Some(publication) = publication {
                *found = Some(place(*publication)?);
            }
        }
        let [from, after, before, until] = places;
        let mut found: Vec<u64> = (0..all.len())
            .filter(|at| from.is_none_or(|from| *at >= from))
            .filter(|at| after.is_none_or(|after| *at > after))
            .filter(|at| before.is_none_or(|before| *at < before))
            .filter(|at| until.is_none_or(|until| *at <= until))
            .map(|at| all[at])
            .filter(|e| q.topic.is_none_or(|topic| e.topic == TOPICS[topic].0))
            .filter(|e| (q.times.0..=q.times.1).contains(&e.timestamp))
            .map(|e| e.publication.get())
            .collect();
        if q.reverse {
            found.reverse();
        }
        found.truncate(q.limit);
        Some(found)
    }
}

fn ask(history: &MemoryHistory, q: &Question, now: u64) -> Option<Vec<u64>> {
    let [from, after, before, until] = q.publications.map(|p| p.map(id));
    let query = HistoryQuery {
        topic: q.topic.map(|topic| Uri::from_static(TOPICS[topic].0)),
        reverse: q.reverse,
        times: q.times.0..=q.times.1,
        from,
        after,
        before,
        until,
        ..HistoryQuery::new(q.policy, Uri::from_static(q.pattern), now)
    };
    let mut found = Vec::new();
    let visited = history.query(&query, &mut |event| {
        found.push(event.publication.get());
        if found.len() < q.limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    visited.ok().map(|()| found)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_history_in_memory_answers_as_a_list_does(
        events in vec((0..TOPICS.len(), 0..15_u64, 0..2_000_usize), 0..40),
        questions in vec((question(), 0..60_u64), 1..10),
    ) {
        let (mut history, mut naive, mut now) = (MemoryHistory::new(&rules()), Naive::default(), 0);
        for (n, (topic, pause, size)) in events.into_iter().enumerate() {
            now += pause;
            let event = event(n as u64 + 1, topic, now, size);
            history.append(TOPICS[topic].1, Arc::clone(&event));
            naive.append(event);
            history.check().map_err(TestCaseError::fail)?;
            let q = &questions[n % questions.len()].0;
            prop_assert_eq!(ask(&history, q, now), naive.ask(q, now), "{:?}", q);
        }
        for (q, pause) in &questions {
            let later = now + pause;
            prop_assert_eq!(ask(&history, q, later), naive.ask(q, later), "{:?}", q);
        }
    }
}

#[test]
fn a_rule_that_does_not_exist_keeps_nothing() {
    let mut history = MemoryHistory::new(&[]);
    history.append(0, event(1, 0, 0, 0));
    history.check().unwrap();
    let visited = history.query(&HistoryQuery::new(Prefix, Uri::from_static(""), 0), &mut |_| {
        panic!("there is nothing to visit")
    });
    assert_eq!(visited, Ok(()));
}
