//! What the router is to reach.

use super::workers::{LOADS, MOST};
use crate::report::{Row, figure};

/// A goal beside what was measured.
#[derive(Clone, Debug)]
pub(super) struct Goal {
    /// What is measured.
    pub(super) what: String,
    /// What it is to be.
    pub(super) goal: String,
    /// What it is; nothing if it was not measured.
    pub(super) found: Option<f64>,
    /// Whether that is enough.
    pub(super) reached: bool,
}

impl Goal {
    fn at_most(what: impl Into<String>, limit: f64, unit: &str, found: Option<f64>) -> Self {
        let reached = found.is_some_and(|found| found <= limit);
        Self {
            what: what.into(), goal: format!("≤ {}{unit}", figure_short(limit)), found, reached
        }
    }

    fn at_least(what: impl Into<String>, limit: f64, unit: &str, found: Option<f64>) -> Self {
        let reached = found.is_some_and(|found| found >= limit);
        Self {
            what: what.into(), goal: format!("≥ {}{unit}", figure_short(limit)), found, reached
        }
    }

    /// What was found, in words.
    pub(super) fn found(&self) -> String {
        self.found.map_or_else(|| "not measured".to_owned(), figure)
    }
}

fn figure_short(value: f64) -> String {
    format!("{value}")
}

/// All goals, as far as these rows, from a machine with so many cores, say something about them.
pub(super) fn goals(rows: &[Row], cores: usize) -> Vec<Goal> {
    let find = |scenario: &str, settings: &[(&str, &str)], name: &str| {
        let fits = |row: &&Row| {
            row.scenario == scenario
                && settings.iter().all(|(name, value)| row.setting(name) == Some(value))
        };
        rows.iter().find(fits).and_then(|row| row.figure(name))
    };
    let websocket = ("transport", "websocket");
    let mut goals = Vec::new();
    for (subscribers, limit) in [("1", 2.0), ("10", 1.0), ("100", 0.6)] {
        let settings = [websocket, ("subscribers", subscribers), ("payload", "128")];
        let what = format!("router CPU per event, 1 publisher to {subscribers}");
        goals.push(Goal::at_most(what, limit, " µs", find("events", &settings, "cpu_us")));
    }
    let found = find("calls", &[websocket], "cpu_us");
    goals.push(Goal::at_most("router CPU per call, 4 callers × 16 in flight", 5.0, " µs", found));
    let low = rows.iter().find(|row| row.scenario == "events" && row.figure("p50_us").is_some());
    let found = low.and_then(|row| row.figure("cpu_us"));
    goals.push(Goal::at_most("router CPU per event, 500 publications/s to 10", 20.0, " µs", found));
    let found = find("sessions", &[websocket], "KiB_each");
    goals.push(Goal::at_most("memory per idle session", 8.0, " KiB", found));
    for policy in ["prefix", "wildcard"] {
        let cpu = |count| find("patterns", &[("match", policy), ("patterns", count)], "cpu_us");
        let found = ratio(cpu("100000"), cpu("10"));
        let what = format!("publishing among 100,000 {policy} patterns against 10");
        goals.push(Goal::at_most(what, 1.5, " ×", found));
    }
    let cpu = |from, to| find("transcode", &[("serializer", from), ("to", to)], "cpu_us");
    for (from, to) in
        [("json", "msgpack"), ("msgpack", "json"), ("json", "cbor"), ("cbor", "msgpack")]
    {
        let same = cpu(from, from).zip(cpu(to, to)).map(|(a, b)| f64::midpoint(a, b));
        let what = format!("{from} to {to} against the mean of both with themselves");
        goals.push(Goal::at_most(what, 2.0, " ×", ratio(cpu(from, to), same)));
    }
    for (payload, name) in [("65536", "64 KiB"), ("1048320", "1 MiB")] {
        for subscribers in ["10", "1"] {
            let cpu = |server| {
                let row = [("subscribers", subscribers), ("payload", payload), ("server", server)];
                find("events", &row, "cpu_us")
            };
            let what =
                format!("events of {name} to {subscribers} against a plain broadcast server");
            goals.push(Goal::at_most(what, 1.2, " ×", ratio(cpu("router"), cpu("floor"))));
        }
    }
    let most = MOST.to_string();
    // With fewer cores the router has to share some of its own with the generator.
    let shared = if cores > MOST { "" } else { ", generator on the same cores" };
    for (load, unit) in LOADS {
        let found = |name| find("workers", &[("load", load), ("workers", &most)], name);
        let what = format!("{unit}/s with 4 threads against 1, {load}{shared}");
        goals.push(Goal::at_least(what, 3.0, " ×", found("times")));
        let what = format!("{unit} per second of processor time with 4 threads against 1, {load}");
        goals.push(Goal::at_least(what, 0.75, " ×", found("efficiency")));
    }
    let stalled = |count, name| find("stalled", &[("stalled", count)], name);
    // Each of the others is to get what it would get.
    let each = |count| {
        let row = rows.iter().find(|row| row.setting("stalled") == Some(count))?;
        Some(row.figure("msgs/s")? / row.setting("subscribers")?.parse::<f64>().ok()?)
    };
    let found = ratio(each("1"), each("0"));
    goals.push(Goal::at_least("rate of the others when one does not read", 0.99, " ×", found));
    let found = ratio(stalled("1", "p99_us"), stalled("0", "p99_us"));
    goals.push(Goal::at_most("their 99th percentile", 1.1, " ×", found));
    let found =
        stalled("1", "rss_MiB").zip(stalled("0", "rss_MiB")).map(|(with, without)| with - without);
    goals.push(Goal::at_most("memory for the one that does not read", 4.0, " MiB", found));
    let found = find("churn", &[("reuse", "false")], "growth_KiB");
    goals.push(Goal::at_most("growth of memory while sessions come and go", 512.0, " KiB", found));
    let lost = rows.iter().filter_map(|row| row.figure("lost"));
    goals.push(Goal::at_most("events lost, in all rows", 0.0, "", Some(lost.sum())));
    goals
}

fn ratio(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.zip(b).filter(|(_, b)| *b > 0.0).map(|(a, b)| a / b)
}
