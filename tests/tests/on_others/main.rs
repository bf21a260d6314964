//! The scripts against routers that other people wrote, so that an expectation which only we hold is seen, and explained.
//!
//! Needs what `tests/setup crossbar` installs, which is too heavy for the default run: `tests/run others`.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod crossbar;
mod differences;

use crossbar::Crossbar;
use differences::{CROSSBAR, CROSSBAR_LACKS, CROSSBAR_QUIRKS, Difference};
use std::{collections::BTreeMap, time::Duration};
use wamplex_shared::serializer::Serializer;
use wamplex_tests::{
    harness::{OtherRouter, Seen, WireStage, read},
    script::{Script, play},
};

/// How long another router may take for one message. Some scripts wait for what never comes there.
const PATIENCE: Duration = Duration::from_secs(2);

#[test]
#[ignore = "needs Crossbar: run it with `tests/run others`"]
fn crossbar_differs_where_it_is_explained_and_nowhere_else() {
    let all = include!(concat!(env!("OUT_DIR"), "/scripts.rs"));
    let scripts: Vec<_> = all
        .iter()
        .map(|file| (file.trim_end_matches(".wamp"), read(file)))
        .filter(|(_, script)| is_for_others(script))
        .collect();
    // A realm for each, so that what one script leaves behind, such as a retained event, does not reach another.
    let realms: Vec<_> = scripts.iter().map(|(name, _)| realm(name)).collect();
    let node = Crossbar::start(&realms);
    let seen = Seen::default();
    let mut explained: BTreeMap<_, _> = CROSSBAR
        .iter()
        .flat_map(|difference| difference.scripts.iter().map(move |name| (*name, difference)))
        .collect();
    let (mut differ, mut problems) = (0, Vec::new());
    let mut lacks: BTreeMap<_, _> = CROSSBAR_LACKS.iter().map(|(name, _)| (*name, 0)).collect();
    for (name, script) in &scripts {
        let router = OtherRouter {
            address: node.address,
            realm: realm(name),
            patience: PATIENCE,
            own_authrole: "trusted",
            seen: Seen::clone(&seen),
        };
        let failure = run(router, script);
        differ += usize::from(failure.is_some());
        let lack = script.shows.iter().find(|shown| lacks.contains_key(*shown));
        match (failure, explained.remove(name), lack) {
            (None, None, _) => {}
            (None, Some(_), _) => problems.push(format!("{name}: Crossbar does as we do by now\n")),
            (Some(_), Some(difference), _) => {
                let Difference { theirs, ours, .. } = difference;
                println!("{name}\n    Crossbar: {theirs}\n    Wamplex: {ours}");
            }
            (Some(_), None, Some(lack)) => *lacks.entry(lack).or_default() += 1,
            (Some(failure), None, None) => problems.push(format!("{name}: {failure}")),
        }
    }
    let has = lacks.iter().filter(|(_, failures)| **failures == 0);
    problems.extend(has.map(|(feature, _)| format!("{feature}: Crossbar has it by now\n")));
    problems.extend(explained.keys().map(|name| format!("{name}: was not played\n")));
    let quirks: Vec<_> = seen.lock().keys().copied().collect();
    let known: Vec<_> = CROSSBAR_QUIRKS.iter().map(|(quirk, ..)| *quirk).collect();
    println!(
        "{} of {} scripts played, the others need what only our realm can be told; {differ} differ, {} explained one by \
         one, {lacks:?} by a feature; {:?}",
        scripts.len(),
        all.len(),
        CROSSBAR.iter().map(|difference| difference.scripts.len()).sum::<usize>(),
        seen.lock()
    );
    assert!(problems.is_empty(), "{}{} in all", problems.concat(), problems.len());
    assert_eq!(quirks, known, "the quirks that were seen are those that are explained");
}

/// Whether it needs no rule of the realm, and no clock that can be stopped.
fn is_for_others(script: &Script) -> bool {
    script.realm.is_empty() && !script.fake_clock
}

fn realm(script: &str) -> String {
    script.replace('/', ".")
}

fn run(router: OtherRouter, script: &Script) -> Option<String> {
    let played =
        WireStage::at(router, &[Serializer::Json]).map(|mut stage| play(script, &mut stage));
    match played {
        Ok(Ok(())) => None,
        Ok(Err(failure)) => Some(failure.to_string()),
        Err(broken) => Some(broken),
    }
}
