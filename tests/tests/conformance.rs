//! The conformance table is what the last run of the scripts has shown.

use std::{fs, path::Path};
use wamplex_realm::{Realm, RealmConfig};
use wamplex_shared::roles::Feature;
use wamplex_tests::{
    features::FEATURES,
    harness::{Outcomes, read},
    script::Script,
    table::table,
};

/// All scripts, by name.
fn scripts() -> Vec<(String, Script)> {
    let names: &[&str] = include!(concat!(env!("OUT_DIR"), "/scripts.rs")).as_slice();
    names.iter().map(|name| ((*name).to_owned(), read(name))).collect()
}

/// What scripts call a feature that peers announce: its key, without the slip that the specification has made, and
/// without the one name it has for two things.
fn name(feature: Feature) -> &'static str {
    if feature == Feature::Reflection {
        return "procedure_reflection";
    }
    if feature == Feature::ShardedSubscription { "sharded_subscription" } else { feature.name() }
}

#[test]
#[ignore = "needs the outcomes of a run of all scripts: `tests/run conformance`"]
fn the_table_is_up_to_date() {
    let outcomes = Outcomes::below(env!("CARGO_TARGET_TMPDIR"));
    let made = table(&scripts(), &outcomes).unwrap_or_else(|missing| {
        panic!("these were not played, `tests/run conformance` plays them: {missing}")
    });
    outcomes.forget().expect("the target folder can be written");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance.md");
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if made != kept {
        fs::write(&path, &made).expect("the table can be written");
        let change = made.lines().find(|line| !kept.lines().any(|k| k == *line));
        let change =
            change.map_or_else(|| "lines were dropped".to_owned(), |line| format!("first: {line}"));
        panic!(
            "tests/conformance.md was stale and has been made anew, to be looked at and committed ({change})"
        );
    }
    assert!(!made.contains("| fail"), "the table says that scripts fail");
}

#[test]
fn what_the_router_announces_is_shown_by_a_script() {
    let realm: Realm<usize> = Realm::new(RealmConfig::new("realm1", 7));
    let scripts = scripts();
    let shown = |name: &str| scripts.iter().any(|(_, script)| script.shows.contains(&name));
    for (role, features) in realm.welcome_roles().iter() {
        for name in features.iter().map(name) {
            assert!(
                shown(name),
                "no script shows {name}, which WELCOME announces: {}",
                role.name()
            );
        }
    }
}

#[test]
fn every_feature_that_peers_announce_has_its_name_in_the_table() {
    for feature in Feature::ALL {
        assert!(FEATURES.iter().any(|known| known.name == name(*feature)), "{}", feature.name());
    }
}

#[test]
fn what_shows_a_feature_elsewhere_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for path in FEATURES.iter().flat_map(|feature| feature.elsewhere) {
        assert!(root.join(path).is_file(), "{path}");
    }
}
