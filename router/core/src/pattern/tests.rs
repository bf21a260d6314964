use super::PatternMap;
use proptest::{collection::vec, prelude::*};
use wamplex_shared::uri::{
    MatchPolicy::{self, Exact, Prefix, Wildcard},
    Uri,
};

fn map_of(patterns: &[(MatchPolicy, &'static str)]) -> PatternMap<&'static str> {
    let mut map = PatternMap::new();
    for (policy, pattern) in patterns {
        map.insert(*policy, &Uri::from_static(pattern), *pattern);
    }
    map
}

/// "WAMP: Pattern-based Registrations", the worked example: the procedures called and the registration chosen.
#[test]
fn calls_go_where_the_examples_of_the_specification_say() {
    let map = map_of(&[
        (Exact, "a1.b2.c3.d4.e55"),
        (Prefix, "a1.b2.c3"),
        (Prefix, "a1.b2.c3.d4"),
        (Wildcard, "a1.b2..d4.e5"),
        (Wildcard, "a1.b2.c33..e5"),
        (Wildcard, "a1.b2..d4.e5..g7"),
        (Wildcard, "a1.b2..d4..f6.g7"),
    ]);
    let table = [
        ("a1.b2.c3.d4.e55", Some("a1.b2.c3.d4.e55")),
        ("a1.b2.c3.d98.e74", Some("a1.b2.c3")),
        ("a1.b2.c3.d4.e325", Some("a1.b2.c3.d4")),
        ("a1.b2.c55.d4.e5", Some("a1.b2..d4.e5")),
        // The specification says the wildcard `a1.b2.c33..e5`, which contradicts its rule that prefixes are compared by
        // character; we hold to the rule.
        ("a1.b2.c33.d4.e5", Some("a1.b2.c3")),
        ("a1.b2.c88.d4.e5.f6.g7", Some("a1.b2..d4.e5..g7")),
        ("a2.b2.c2.d2.e2", None),
    ];
    for (uri, expected) in table {
        assert_eq!(map.best_match(uri).copied(), expected, "{uri}");
    }
}

#[test]
fn the_same_string_under_three_policies_is_three_keys() {
    let mut map = map_of(&[]);
    let uri = Uri::from_static("a.b");
    assert_eq!(map.insert(Exact, &uri, "e"), None);
    assert_eq!(map.insert(Prefix, &uri, "p"), None);
    assert_eq!(map.insert(Wildcard, &uri, "w"), None);
    assert_eq!(map.insert(Wildcard, &uri, "x"), Some("w"));
    let mut seen = Vec::new();
    map.matching("a.b", |v| seen.push(*v));
    assert_eq!(seen, ["e", "p", "x"]);
    assert_eq!(map.remove(Prefix, "a.b"), Some("p"));
    assert_eq!(map.remove(Prefix, "a.b"), None);
    assert_eq!(map.values().len(), 2);
}

/// Few letters and components, so that patterns overlap often; one letter has two bytes and shares its first with
/// another, so that the radix tree splits inside a character.
fn uri_text() -> impl Strategy<Value = String> {
    vec(prop_oneof!["[abéè]{0,3}", Just(String::new())], 1..5).prop_map(|parts| parts.join("."))
}

fn policy() -> impl Strategy<Value = MatchPolicy> {
    prop_oneof![Just(Exact), Just(Prefix), Just(Wildcard)]
}

/// The rule of the specification word by word: by kind, then components and characters of the prefix, then the runs of
/// literal components before each wildcard.
fn naive_best(entries: &[(MatchPolicy, String)], uri: &str) -> Option<(MatchPolicy, String)> {
    let rank = |(policy, pattern): &(MatchPolicy, String)| match policy {
        Exact => (2, vec![]),
        Prefix => (1, vec![pattern.split('.').count(), pattern.chars().count()]),
        Wildcard => {
            let (mut runs, mut run) = (vec![], 0);
            for component in pattern.split('.') {
                if component.is_empty() {
                    runs.push(run);
                    run = 0;
                } else {
                    run += 1;
                }
            }
            // The run behind the last wildcard; without any wildcard it is the whole pattern.
            runs.push(run);
            (0, runs)
        }
    };
    entries
        .iter()
        .filter(|(policy, pattern)| policy.matches(pattern, uri))
        .max_by_key(|e| rank(e))
        .cloned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_trees_answer_as_the_definition_does(
        steps in vec((any::<bool>(), policy(), uri_text()), 1..40),
        uris in vec(uri_text(), 1..10),
    ) {
        let mut map = PatternMap::new();
        let mut naive: Vec<(MatchPolicy, String)> = Vec::new();
        for (insert, policy, pattern) in steps {
            let key = (policy, pattern);
            let known = naive.iter().position(|k| *k == key);
            if insert {
                let old = map.insert(policy, &Uri::from(key.1.as_str()), key.clone());
                prop_assert_eq!(old.is_some(), known.is_some());
                if known.is_none() {
                    naive.push(key);
                }
            } else {
                prop_assert_eq!(map.remove(policy, &key.1), known.map(|at| naive.swap_remove(at)));
            }
            map.check().map_err(TestCaseError::fail)?;
        }
        prop_assert_eq!(map.values().len(), naive.len());
        for (policy, pattern) in &naive {
            let key = (*policy, pattern.clone());
            prop_assert_eq!(map.get(*policy, pattern), Some(&key));
            prop_assert_eq!(map.get_mut(*policy, pattern), Some(&mut key.clone()));
        }
        for uri in uris.iter().chain(naive.clone().iter().map(|(_, pattern)| pattern)) {
            let mut expected: Vec<_> = naive.iter().filter(|(p, pattern)| p.matches(pattern, uri)).collect();
            let mut found = Vec::new();
            map.matching(uri, |key| found.push(key));
            expected.sort();
            found.sort();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(map.best_match(uri).cloned(), naive_best(&naive, uri));
        }
    }
}
