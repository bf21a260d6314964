//! Every action, role, match policy and relation of URIs, and random ones, against the rules word by word.

use crate::oracle::{all, arrange, decide};
use proptest::{collection::vec, prelude::*};
use wamplex_realm::{Access, Action, Permission, Role};
use wamplex_shared::uri::{
    MatchPolicy::{self, Exact, Prefix, Wildcard},
    Uri, UriRule,
};

const POLICIES: [MatchPolicy; 3] = [Exact, Prefix, Wildcard];

/// Roles that speak of the same URI in every combination of two kinds of permissions, the inner one saying less.
fn roles() -> Vec<Role> {
    let about = [
        (Exact, "a.b.c"),
        (Prefix, "a.b"),
        (Prefix, "a.b."),
        (Prefix, ""),
        (Wildcard, "a..c"),
        (Wildcard, ".b."),
        (Prefix, "wamp."),
    ];
    let mut roles = Vec::new();
    for (at, (policy, uri)) in about.iter().enumerate() {
        let wide = Permission::new(*policy, *uri).allow(&[Action::Call, Action::Subscribe]);
        let wide = wide.ask(&[Action::Register]);
        for (policy, uri) in &about[at + 1..] {
            let other = Permission::new(*policy, *uri).allow(&[Action::Call, Action::Register]);
            let mut role = Role::new(format!("role{}", roles.len())).with(wide.clone()).with(other);
            role.otherwise = [Access::Deny, Access::Ask, Access::Allow][roles.len() % 3];
            roles.push(role);
        }
    }
    roles
}

/// The same, inside, beside, above, and further down.
const URIS: [&str; 17] = [
    "a.b.c", "a.b.x", "a.x.c", "x.b.c", "a.b", "a.b.", "a.bc", "a", "a.", "", "a.b.c.d", "a.b.c.",
    "a..c", ".b.", "..", "wamp.a", "wamp.",
];

#[test]
fn every_combination_is_decided_as_word_by_word() {
    let roles = roles();
    let arranged = arrange(&roles);
    let mut cells = 0;
    for role in &roles {
        for action in Action::ALL {
            for policy in POLICIES {
                for uri in URIS {
                    if Uri::from(uri).check(UriRule::Loose, policy).is_err() {
                        continue;
                    }
                    cells += 1;
                    let expected = all(role, action, policy, uri);
                    let decided = decide(&arranged, &role.name, action, policy, uri);
                    assert_eq!(decided, expected, "{role:?} {action} {policy:?} {uri:?}");
                }
            }
        }
    }
    assert!(cells >= 2_000, "{cells} cells");
}

/// The prefix `wamp` stands for URIs of applications and for those of two names of the protocol, which different
/// permissions may speak of.
#[test]
fn every_combination_around_the_names_of_the_protocol_is_decided_as_word_by_word() {
    let about = [
        (Prefix, ""),
        (Prefix, "wam"),
        (Prefix, "wamp"),
        (Prefix, "wamp."),
        (Prefix, "wamplex"),
        (Prefix, "wamplex."),
        (Exact, "wamp"),
        (Exact, "wamplex"),
    ];
    for (otherwise, said) in [(Access::Deny, Access::Allow), (Access::Allow, Access::Deny)] {
        for speaks in 0..1 << about.len() {
            let mut role = Role::new("role");
            role.otherwise = otherwise;
            for (_, (policy, uri)) in
                about.iter().enumerate().filter(|(at, _)| speaks & 1 << at != 0)
            {
                let permission = Permission::new(*policy, *uri);
                let allowed: &[Action] =
                    if said == Access::Allow { &[Action::Subscribe] } else { &[] };
                role.permissions.push(permission.allow(allowed));
            }
            let arranged = arrange(std::slice::from_ref(&role));
            for wanted in ["", "wam", "wamp", "wamp.", "wampl", "wamplex", "wamplex."] {
                let expected = all(&role, Action::Subscribe, Prefix, wanted);
                let decided = decide(&arranged, "role", Action::Subscribe, Prefix, wanted);
                assert_eq!(decided, expected, "{role:?} {wanted:?}");
            }
        }
    }
}

/// Few short components, so that patterns often overlap; one is the protocol's, and one begins like it.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let component = prop_oneof![
        4 => Just("a"), 3 => Just("b"), 2 => Just("ab"), 4 => Just(""), 1 => Just("wamp"), 1 => Just("wam")
    ];
    vec(component, 1..4).prop_map(|components| components.join("."))
}

pub(crate) fn policy() -> impl Strategy<Value = MatchPolicy> {
    prop_oneof![Just(Exact), Just(Prefix), Just(Wildcard)]
}

pub(crate) fn pattern() -> impl Strategy<Value = (MatchPolicy, String)> {
    (policy(), text()).prop_filter("a URI or a pattern", |(policy, uri)| {
        Uri::from(uri.as_str()).check(UriRule::Loose, *policy).is_ok()
    })
}

fn access() -> impl Strategy<Value = Access> {
    prop_oneof![2 => Just(Access::Deny), 1 => Just(Access::Ask), 3 => Just(Access::Allow)]
}

fn permission() -> impl Strategy<Value = Permission> {
    (pattern(), vec(access(), 4)).prop_map(|((policy, uri), accesses)| {
        let permission = Permission::new(policy, uri);
        Action::ALL.into_iter().zip(accesses).fold(permission, |p, (action, access)| match access {
            Access::Deny => p,
            Access::Ask => p.ask(&[action]),
            Access::Allow => p.allow(&[action]),
        })
    })
}

/// A role of this name with a few permissions, each about another pattern.
pub(crate) fn role(name: &'static str) -> impl Strategy<Value = Role> {
    (access(), vec(permission(), 0..6)).prop_map(move |(otherwise, permissions)| {
        let mut role = Role::new(name);
        role.otherwise = otherwise;
        for p in permissions {
            if !role.permissions.iter().any(|q| (q.policy, &q.uri) == (p.policy, &p.uri)) {
                role.permissions.push(p);
            }
        }
        role
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_roles_decide_as_word_by_word(role in role("r"), wanted in vec(pattern(), 1..6)) {
        let arranged = arrange(std::slice::from_ref(&role));
        for (policy, uri) in wanted {
            for action in Action::ALL {
                let expected = all(&role, action, policy, &uri);
                let decided = decide(&arranged, "r", action, policy, &uri);
                prop_assert_eq!(decided, expected, "{} {:?} {:?}", action, policy, uri);
            }
        }
    }
}
