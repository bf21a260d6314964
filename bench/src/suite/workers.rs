//! What more threads of the router bring.

use super::sections::{Drawing, PAYLOAD, Scale, Section};
use crate::{
    job::{Job, Kind},
    report::Row,
    scenario::{CallPlan, EventPlan},
};
use wamplex_shared::serializer::Serializer;

/// What the router does with more threads, and in which unit.
pub(super) const LOADS: [(&str, &str); 4] =
    [("fan-out", "events"), ("topics", "events"), ("convert", "events"), ("calls", "calls")];

/// The most threads.
pub(super) const MOST: usize = 4;

/// Each load with one thread, two, three and four.
pub(super) fn workers(scale: Scale) -> Section {
    let mut jobs = Vec::new();
    for (load, _) in LOADS {
        for workers in 1..=MOST {
            let (kind, serializer) = kind(load, scale);
            jobs.push(Job {
                serializer,
                workers: Some(workers),
                load_threads: Some(1),
                load: Some(load),
                ..scale.job(kind)
            });
        }
    }
    Section {
        title: "More threads",
        text: "128 bytes over WebSocket. *fan-out*: 4 publishers, 100 subscribers of one topic, MessagePack. *topics*: 16 \
               topics, each with one publisher and three subscribers, MessagePack. *convert*: 16 topics, each with one \
               publisher in JSON and one subscriber in MessagePack. *calls*: 16 callers with 32 calls in flight, 16 \
               callees.\n\n\
               The generator is one thread on one core, and `load_%` is what it takes of it. Up to three threads of the \
               router have a core each on a machine with four; the fourth shares that of the generator, and all four \
               threads get what that leaves. `times` is the rate against one thread, measured; `efficiency` the processor \
               time of a message with one thread against that with several, which does not depend on what the generator \
               takes: four threads with an efficiency of 0.75 would be three times one if each had a core.",
        columns: &[
            "load",
            "workers",
            "msgs/s",
            "times",
            "cpu_us",
            "efficiency",
            "waits",
            "router_%",
            "load_%",
        ],
        jobs,
        charts: vec![(
            "workers",
            Drawing {
                title: "Processor time per message: with one thread against more",
                x: ("workers", "threads of the router"),
                y: ("efficiency", "efficiency"),
                by: "load",
                logarithmic: false,
            },
        )],
        derive,
    }
}

fn kind(load: &str, scale: Scale) -> (Kind, Serializer) {
    let events = |plan, serializer| (Kind::Events("workers", plan), serializer);
    let topics = |each| {
        let topics = 16.min(scale.subscribers);
        EventPlan { publishers: topics, topics, ..EventPlan::new(topics * each, PAYLOAD) }
    };
    match load {
        "fan-out" => {
            let plan = EventPlan::new(scale.subscribers.min(100), PAYLOAD);
            events(EventPlan { publishers: 4, ..plan }, Serializer::MsgPack)
        }
        "topics" => events(topics(3), Serializer::MsgPack),
        "convert" => {
            let plan = EventPlan { to: Some(Serializer::MsgPack), ..topics(1) };
            events(plan, Serializer::Json)
        }
        _ => {
            let plan = CallPlan { timed: false, ..CallPlan::ping_pong(PAYLOAD) };
            let plan = CallPlan { callers: 16, callees: 16, in_flight: 32, ..plan };
            (Kind::Calls("workers", plan), Serializer::MsgPack)
        }
    }
}

/// Adds to each row how it compares with that of one thread.
fn derive(rows: &mut [Row]) {
    let firsts: Vec<Row> =
        rows.iter().filter(|r| r.setting("workers") == Some("1")).cloned().collect();
    for row in rows {
        let is_same = |first: &&Row| first.setting("load") == row.setting("load");
        let Some(first) = firsts.iter().find(is_same) else { continue };
        let ratio = |a: &Row, b: &Row, name| Some(a.figure(name)? / b.figure(name)?);
        let (times, efficiency) = (ratio(row, first, "msgs/s"), ratio(first, row, "cpu_us"));
        for (name, figure) in [("times", times), ("efficiency", efficiency)] {
            // Nothing is known of a row in which nothing was counted.
            if let Some(figure) = figure.filter(|figure| figure.is_finite()) {
                row.put(name, figure);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_compared_with_one_thread_under_the_same_load() {
        let row = |load: &str, workers: usize, rate: f64, cpu: f64| {
            let mut row = Row::new("workers").with("load", load).with("workers", workers);
            row.put("msgs/s", rate);
            row.put("cpu_us", cpu);
            row
        };
        let mut rows = [
            row("a", 1, 100.0, 1.0),
            row("b", 1, 10.0, 8.0),
            row("a", 4, 300.0, 2.0),
            row("b", 4, 5.0, 4.0),
            row("c", 4, 5.0, 4.0),
        ];
        derive(&mut rows);
        let found = |row: &Row| row.figure("times").zip(row.figure("efficiency"));
        assert_eq!(found(&rows[0]), Some((1.0, 1.0)));
        assert_eq!(found(&rows[2]), Some((3.0, 0.5)));
        assert_eq!(found(&rows[3]), Some((0.5, 2.0)));
        assert_eq!(found(&rows[4]), None);
    }
}
