//! The conformance table: which scripts show which feature, and where they pass.

use crate::{
    features::{FEATURES, Feature},
    harness::Outcomes,
    script::Script,
};
use std::fmt::Write;

/// A column of the table: its heading, and the runs among the [`Outcomes`] that all have to pass.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What stands above it.
    pub heading: &'static str,
    /// The keys of the runs.
    pub runs: &'static [&'static str],
}

/// Where scripts are played.
pub const COLUMNS: [Column; 9] = [
    column("realm", &["realm"]),
    column("JSON", &["json"]),
    column("MessagePack", &["msgpack"]),
    column("CBOR", &["cbor"]),
    column("batched", &["batched_json", "batched_msgpack", "batched_cbor"]),
    column("TLS", &["tls_json", "tls_msgpack", "tls_cbor"]),
    column("RawSocket", &["rawsocket_json", "rawsocket_msgpack", "rawsocket_cbor"]),
    column("Unix socket", &["unix_json", "unix_msgpack", "unix_cbor"]),
    column("long-poll", &["longpoll_json", "longpoll_msgpack", "longpoll_cbor"]),
];

const fn column(heading: &'static str, runs: &'static [&'static str]) -> Column {
    Column { heading, runs }
}

impl Column {
    /// Whether a script has passed in all runs; otherwise the runs that are missing.
    fn outcome(&self, name: &str, outcomes: &Outcomes) -> Result<&'static str, Vec<&'static str>> {
        let found = self.runs.iter().map(|run| (*run, outcomes.of(run, name)));
        let (played, missing): (Vec<_>, Vec<_>) = found.partition(|(_, outcome)| outcome.is_some());
        if !missing.is_empty() {
            return Err(missing.into_iter().map(|(run, _)| run).collect());
        }
        let passed = played.iter().all(|(_, outcome)| outcome.as_deref() == Some(PASS));
        Ok(if passed { PASS } else { FAIL })
    }
}

const PASS: &str = "pass";

const FAIL: &str = "fail";

/// The table as Markdown. `scripts` are the names and what is in them, in the order of the names.
///
/// # Errors
/// The scripts that were not played where they should have been.
pub fn table(scripts: &[(String, Script)], outcomes: &Outcomes) -> Result<String, String> {
    let (mut rows, mut missing) = (Vec::new(), Vec::new());
    for (name, script) in scripts {
        let cells = COLUMNS.map(|column| {
            if script.fake_clock && column.heading != "realm" {
                return NEEDS_CLOCK;
            }
            column.outcome(name, outcomes).unwrap_or_else(|runs| {
                missing.extend(runs.iter().map(|run| format!("{name} ({run})")));
                ""
            })
        });
        rows.push(Row { name, script, cells });
    }
    if missing.is_empty() { Ok(markdown(&rows)) } else { Err(missing.join(", ")) }
}

/// What stands where a script cannot be played: sockets have a clock that cannot be stopped.
const NEEDS_CLOCK: &str = "–";

struct Row<'a> {
    name: &'a str,
    script: &'a Script,
    cells: [&'static str; COLUMNS.len()],
}

fn markdown(rows: &[Row<'_>]) -> String {
    let mut text = String::from(
        "# Conformance\n\n\
         Made by `tests/run conformance` out of a run of all scripts; not written by hand.\n\n\
         A script plays sessions against the router and says what each of them must receive. It is played against the \
         pure realm, and over WebSocket in each serializer. The columns behind those are other transports, and WebSocket \
         with batches and through TLS: a script passes there if it does in all three serializers. A dash stands where a \
         script needs a clock that can be stopped, which sockets do not have.\n\n\
         ## Features\n\n",
    );
    text.push_str(&head("feature", "scripts"));
    for feature in FEATURES {
        text.push_str(&summary(feature, &of(feature, rows)));
    }
    text.push_str("\n## Scripts\n\n");
    text.push_str(&head("feature", "script"));
    for feature in FEATURES {
        for Row { name, cells, .. } in of(feature, rows) {
            let short = name.trim_end_matches(".wamp");
            let cells = cells.join(" | ");
            let _ = writeln!(text, "| `{}` | [{short}](scripts/{name}) | {cells} |", feature.name);
        }
    }
    text
}

fn head(first: &str, second: &str) -> String {
    let columns: String = COLUMNS.iter().map(|column| format!(" {} |", column.heading)).collect();
    format!("| {first} | {second} |{columns}\n|---|---|{}\n", "---|".repeat(COLUMNS.len()))
}

fn of<'a>(feature: &Feature, rows: &'a [Row<'a>]) -> Vec<&'a Row<'a>> {
    rows.iter().filter(|row| row.script.shows.contains(&feature.name)).collect()
}

/// The row of a feature: how many scripts show it and pass, or that there are none.
fn summary(feature: &Feature, rows: &[&Row<'_>]) -> String {
    let links = feature.elsewhere.iter().map(|path| format!("[{path}](../{path})"));
    let mut scripts: Vec<_> = links.collect();
    if !rows.is_empty() {
        scripts.insert(0, rows.len().to_string());
    } else if scripts.is_empty() {
        scripts.push("not implemented".to_owned());
    }
    let cells: String = (0..COLUMNS.len()).map(|at| format!(" {} |", count(rows, at))).collect();
    format!("| {}: `{}` | {} |{cells}\n", feature.title, feature.name, scripts.join(", "))
}

fn count(rows: &[&Row<'_>], at: usize) -> String {
    let played = rows.iter().filter(|row| row.cells[at] != NEEDS_CLOCK).count();
    let passed = rows.iter().filter(|row| row.cells[at] == PASS).count();
    match (played, passed) {
        (0, _) => "–".to_owned(),
        _ if played == passed => format!("{passed} pass"),
        _ => format!("{passed} pass, {} fail", played - passed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(header: &str) -> Script {
        Script::parse(&format!("# It holds.\n# shows: {header}\nclock fake\nalice joins\n"))
            .unwrap()
    }

    fn outcomes(test: &str) -> Outcomes {
        let folder = std::env::temp_dir().join(format!("wamplex-{test}-{}", std::process::id()));
        Outcomes::below(folder.to_str().unwrap())
    }

    #[test]
    fn a_feature_is_listed_with_its_scripts_and_without() {
        let outcomes = outcomes("listed");
        let mut on_wire = script("ids");
        on_wire.fake_clock = false;
        let scripts =
            [("a/b.wamp".to_owned(), on_wire), ("a/c.wamp".to_owned(), script("ids, uris"))];
        for run in COLUMNS.iter().flat_map(|column| column.runs) {
            outcomes.record(run, "a/b.wamp", || {});
        }
        outcomes.record("realm", "a/c.wamp", || {});
        for run in ["json", "unix_cbor"] {
            let failed = || outcomes.record(run, "a/b.wamp", || panic!("it does not hold"));
            assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(failed)).is_err());
        }
        let text = table(&scripts, &outcomes).unwrap();
        for line in [
            "| Basic Profile: IDs: `ids` | 2 | 2 pass | 0 pass, 1 fail | 1 pass | 1 pass | 1 pass | 1 pass | 1 pass | 0 pass, 1 fail | 1 pass |",
            "| Basic Profile: URIs: `uris` | 1 | 1 pass | – | – | – | – | – | – | – | – |",
            "| Router-to-Router Links: `router_to_router` | not implemented | – | – | – | – | – | – | – | – | – |",
            "| `ids` | [a/b](scripts/a/b.wamp) | pass | fail | pass | pass | pass | pass | pass | fail | pass |",
            "| `uris` | [a/c](scripts/a/c.wamp) | pass | – | – | – | – | – | – | – | – |",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        outcomes.forget().unwrap();
        assert!(table(&scripts, &outcomes).unwrap_err().starts_with("a/b.wamp (realm), a/b.wamp"));
    }
}
