//! The rules for rights word by word: slow, and written without a look at how the realm does it.

use std::collections::BTreeSet;
use wamplex_realm::{
    Access, Action, Authority, Decision, Joining, MetaApi, Permission, Role, Roles,
};
use wamplex_shared::{
    id::SessionId,
    roles,
    uri::{
        MatchPolicy::{self, Exact, Prefix, Wildcard},
        Uri, UriRule,
    },
};

/// What a role with these permissions says of one URI.
pub(crate) fn one(role: &Role, action: Action, uri: &str) -> Access {
    let of_protocol = |text: &str| matches!(text.split('.').next(), Some("wamp" | "wamplex"));
    let mut best: Option<&Permission> = None;
    for permission in &role.permissions {
        let pattern = permission.uri.as_str();
        let speaks =
            permission.policy.matches(pattern, uri) && (!of_protocol(uri) || of_protocol(pattern));
        if speaks && best.is_none_or(|other| beats(permission, other)) {
            best = Some(permission);
        }
    }
    match best {
        Some(permission) => permission.access(action),
        None if role.otherwise == Access::Allow && action == Action::Call && acts(uri) => {
            Access::Deny
        }
        None => role.otherwise,
    }
}

/// What it says of a pattern: the least of what it says of any URI that a subscription with this pattern receives.
pub(crate) fn all(role: &Role, action: Action, policy: MatchPolicy, pattern: &str) -> Access {
    if policy == Exact {
        return one(role, action, pattern);
    }
    let of_protocol = |uri: &str| matches!(uri.split('.').next(), Some("wamp" | "wamplex"));
    let receives =
        |uri: &&String| policy.matches(pattern, uri) && (!of_protocol(uri) || of_protocol(pattern));
    let uris = universe(role, pattern);
    let least = uris.iter().filter(receives).map(|uri| one(role, action, uri)).min();
    least.unwrap_or_else(|| panic!("no URI stands for the {policy:?} {pattern:?}"))
}

/// Whether of two permissions for one URI the first is more specific.
fn beats(a: &Permission, b: &Permission) -> bool {
    let rank = |policy| match policy {
        Exact => 2,
        Prefix => 1,
        Wildcard => 0,
    };
    let runs = |p: &Permission| {
        let mut runs = vec![0];
        for component in p.uri.components() {
            match component {
                "" => runs.push(0),
                _ => *runs.last_mut().unwrap() += 1,
            }
        }
        runs
    };
    rank(a.policy) > rank(b.policy)
        || a.policy == b.policy
            && match a.policy {
                Exact => false,
                Prefix => a.uri.as_str().len() > b.uri.as_str().len(),
                Wildcard => runs(a) > runs(b),
            }
}

/// One URI for each way of matching these permissions and this pattern, up to a component more than they have: every
/// component that is in one of them, also with a letter behind it that is in none. The prefix `wamp` is also one of
/// `wamplex`, which no permission needs to speak of to be another name of the protocol.
pub(crate) fn universe(role: &Role, pattern: &str) -> Vec<String> {
    let other_name = (pattern == "wamp").then_some("wamplex");
    let patterns =
        || role.permissions.iter().map(|p| p.uri.as_str()).chain([pattern]).chain(other_name);
    let mut components: BTreeSet<String> = BTreeSet::new();
    for component in patterns().flat_map(|p| p.split('.')).chain([""]) {
        components.insert(component.to_owned());
        components.insert(format!("{component}q"));
    }
    components.remove("");
    let depth = 1 + patterns().map(|p| p.split('.').count()).max().unwrap_or(0);
    let mut uris: Vec<String> = components.iter().cloned().collect();
    let mut last = uris.clone();
    for _ in 1..depth {
        last =
            last.iter().flat_map(|u| components.iter().map(move |c| format!("{u}.{c}"))).collect();
        uris.extend_from_slice(&last);
    }
    uris
}

/// What ends or hinders others; here so that it is written twice.
fn acts(uri: &str) -> bool {
    [
        "wamp.session.kill",
        "wamp.session.kill_by_authid",
        "wamp.session.kill_by_authrole",
        "wamp.session.kill_all",
        "wamp.registration.remove_callee",
        "wamp.subscription.remove_subscriber",
        "wamplex.retained.purge",
        "wamplex.authorization.invalidate",
    ]
    .contains(&uri)
}

/// A session in this role.
pub(crate) fn in_role(role: &str) -> Joining {
    let mut who = Joining::new(SessionId::new(1).unwrap(), roles::Roles::NONE);
    who.authrole = Some(role.into());
    who
}

/// What the realm's own evaluator says.
pub(crate) fn decide(
    roles: &Roles,
    role: &str,
    action: Action,
    policy: MatchPolicy,
    uri: &str,
) -> Access {
    match roles.decide(&in_role(role), action, &Uri::from(uri), policy) {
        Decision::Allow(_) => Access::Allow,
        Decision::Ask { .. } => Access::Ask,
        Decision::Deny => Access::Deny,
    }
}

/// The roles arranged, in a realm whose meta API only lets others ask.
pub(crate) fn arrange(roles: &[Role]) -> Roles {
    Roles::new(roles.to_vec(), UriRule::Loose, MetaApi::Ask).unwrap()
}
