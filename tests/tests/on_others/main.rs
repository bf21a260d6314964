//! The scripts against routers that other people wrote, so that an expectation which only we hold is seen, and explained.
//!
//! Needs what `tests/setup crossbar` installs, which is too heavy for the default run: `tests/run others`.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod crossbar;
mod differences;

use crossbar::Crossbar;
use differences::CROSSBAR;
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};
use wamplex_shared::serializer::Serializer;
use wamplex_tests::{
    harness::{Seen, WireStage, read},
    script::{Script, play},
};

/// How long another router may take for one message. Some scripts wait for what never comes there.
const PATIENCE: Duration = Duration::from_secs(2);

#[test]
#[ignore = "needs Crossbar: run it with `tests/run others`"]
fn crossbar_differs_where_it_is_explained_and_nowhere_else() {
    let node = Crossbar::start();
    let seen = Seen::default();
    let (mut played, mut skipped, mut unexplained) = (0, 0, Vec::new());
    let mut explained: BTreeMap<_, _> = CROSSBAR
        .iter()
        .flat_map(|difference| difference.scripts.iter().map(move |name| (*name, difference)))
        .collect();
    for name in include!(concat!(env!("OUT_DIR"), "/scripts.rs")) {
        let script = read(name);
        if !is_for_others(&script) {
            skipped += 1;
            continue;
        }
        played += 1;
        let failure = run(node.address, &seen, &script);
        match (failure, explained.remove(name.trim_end_matches(".wamp"))) {
            (None, None) => {}
            (None, Some(_)) => unexplained.push(format!("{name}: Crossbar does as we do by now")),
            (Some(_), Some(why)) => println!("{name}: {}", why.theirs),
            (Some(failure), None) => unexplained.push(format!("{name}: {failure}")),
        }
    }
    println!("{played} scripts played, {skipped} need what only our realm can be told");
    unexplained.extend(explained.keys().map(|name| format!("{name}: was not played")));
    assert!(unexplained.is_empty(), "{}\n{} in all", unexplained.join("\n"), unexplained.len());
}

/// Whether it needs no rule of the realm, and no clock that can be stopped.
fn is_for_others(script: &Script) -> bool {
    script.realm.is_empty() && !script.fake_clock
}

fn run(address: SocketAddr, seen: &Seen, script: &Script) -> Option<String> {
    let stage = WireStage::at(address, PATIENCE, Arc::clone(seen), &[Serializer::Json]);
    let played = stage.map(|mut stage| play(script, &mut stage));
    match played {
        Ok(Ok(())) => None,
        Ok(Err(failure)) => Some(failure.to_string()),
        Err(broken) => Some(broken),
    }
}
