//! What rules mean, row by row.

use crate::oracle::{all, arrange, decide, in_role};
use wamplex_realm::{
    Access::{self, Allow, Ask, Deny},
    Action::{self, Call, Publish, Register, Subscribe},
    Authority, BadRole, Decision, Grant, MetaApi, Permission, Role, Roles,
};
use wamplex_shared::uri::{
    MatchPolicy::{self, Exact, Prefix, Wildcard},
    Uri, UriRule,
};

fn permission(policy: MatchPolicy, uri: &'static str, allow: &[Action]) -> Permission {
    Permission::new(policy, uri).allow(allow)
}

fn roles() -> Vec<Role> {
    let everything = &Action::ALL;
    let mut open = Role::new("open");
    open.otherwise = Allow;
    let mut very_open = Role::new("very_open").with(permission(Prefix, "wamp.", everything));
    very_open.otherwise = Allow;
    let mut asks = Role::new("asks")
        .with(permission(Prefix, "com.app.", &[Subscribe]).ask(&[Call]))
        .with(permission(Prefix, "com.app.secret.", &[]));
    asks.otherwise = Ask;
    vec![
        Role::new("empty"),
        open.with(permission(Prefix, "com.app.private.", &[])),
        very_open,
        asks,
        Role::new("exact").with(permission(Exact, "com.app.news", &[Subscribe, Publish])),
        Role::new("prefix")
            .with(permission(Prefix, "com.app.", everything))
            .with(permission(Prefix, "com.app.in", &[Call]))
            .with(permission(Exact, "com.app.out", &[])),
        Role::new("wildcard")
            .with(permission(Wildcard, "com..news", everything))
            .with(permission(Wildcard, "com.app.", &[Publish]))
            .with(permission(Wildcard, "com..old", &[])),
        // A prefix is always more specific than a wildcard pattern, however short it is.
        Role::new("shadow").with(permission(Wildcard, "com.app..secret", &[])).with(permission(
            Prefix,
            "com.",
            &[Subscribe],
        )),
        Role::new("hole")
            .with(permission(Prefix, "", &[Subscribe]))
            .with(permission(Exact, "com.app.a.secret", &[]))
            .with(permission(Wildcard, "com.app..x", &[])),
        Role::new("all_applications").with(permission(Prefix, "", everything)),
        Role::new("protocol")
            .with(permission(Prefix, "wamp.session.", &[Subscribe]))
            .with(permission(Exact, "wamp.session.count", &[Call]))
            .with(permission(Prefix, "", &[Subscribe])),
        Role::new("prefix_of_protocol").with(permission(Prefix, "wam", &[Subscribe])),
        Role::new("name_of_protocol").with(permission(Prefix, "wamp", &[Subscribe])),
    ]
}

type Row = (&'static str, Action, MatchPolicy, &'static str, Access);

const TABLE: &[Row] = &[
    // Nothing is granted that is not said, and nobody is anybody.
    ("empty", Call, Exact, "com.app.news", Deny),
    ("empty", Subscribe, Prefix, "", Deny),
    ("empty", Subscribe, Exact, "wamp.session.on_join", Deny),
    ("nobody", Call, Exact, "com.app.news", Deny),
    ("nobody", Subscribe, Prefix, "com.", Deny),
    // Exact: this URI, these actions.
    ("exact", Subscribe, Exact, "com.app.news", Allow),
    ("exact", Publish, Exact, "com.app.news", Allow),
    ("exact", Call, Exact, "com.app.news", Deny),
    ("exact", Register, Exact, "com.app.news", Deny),
    ("exact", Subscribe, Exact, "com.app.newsx", Deny),
    ("exact", Subscribe, Exact, "com.app", Deny),
    ("exact", Subscribe, Exact, "com.app.News", Deny),
    ("exact", Subscribe, Exact, "com.app.news.today", Deny),
    // An exact permission contains no pattern, but for a wildcard pattern without a wildcard.
    ("exact", Subscribe, Prefix, "com.app.news", Deny),
    ("exact", Subscribe, Wildcard, "com.app.news", Allow),
    ("exact", Subscribe, Wildcard, "com.app.", Deny),
    ("exact", Subscribe, Wildcard, "com..news", Deny),
    // A prefix, by character; the longest decides alone, and an exact permission before it.
    ("prefix", Call, Exact, "com.app.", Allow),
    ("prefix", Call, Exact, "com.app.a", Allow),
    ("prefix", Call, Exact, "com.app.a.b.c", Allow),
    ("prefix", Call, Exact, "com.app", Deny),
    ("prefix", Call, Exact, "com.application", Deny),
    ("prefix", Call, Exact, "com.app.in", Allow),
    ("prefix", Call, Exact, "com.app.inner.a", Allow),
    ("prefix", Publish, Exact, "com.app.in", Deny),
    ("prefix", Publish, Exact, "com.app.inner.a", Deny),
    ("prefix", Publish, Exact, "com.app.i", Allow),
    ("prefix", Call, Exact, "com.app.out", Deny),
    ("prefix", Call, Exact, "com.app.outer", Allow),
    // Prefixes in prefixes, and what is taken out of them.
    ("prefix", Subscribe, Prefix, "com.app.a", Allow),
    ("prefix", Subscribe, Prefix, "com.app.a.", Allow),
    ("prefix", Subscribe, Prefix, "com.app.", Deny),
    ("prefix", Subscribe, Prefix, "com.app.i", Deny),
    ("prefix", Subscribe, Prefix, "com.app.in", Deny),
    ("prefix", Subscribe, Prefix, "com.app.inner", Deny),
    ("prefix", Subscribe, Prefix, "com.app", Deny),
    ("prefix", Subscribe, Prefix, "com.", Deny),
    ("prefix", Subscribe, Prefix, "", Deny),
    ("prefix", Subscribe, Prefix, "com.app.out", Deny),
    ("prefix", Subscribe, Prefix, "com.app.out.", Allow),
    ("prefix", Subscribe, Prefix, "com.app.oute", Allow),
    // The shorter one allows what the longer one allows too: the exact one takes its part out all the same.
    ("prefix", Call, Prefix, "com.app.in", Allow),
    ("prefix", Call, Prefix, "com.app.i", Allow),
    ("prefix", Call, Prefix, "com.app.", Deny),
    // Wildcard patterns in a prefix.
    ("prefix", Register, Wildcard, "com.app..x", Deny),
    ("prefix", Register, Wildcard, "com.app.a.", Allow),
    ("prefix", Register, Wildcard, "com.app.a..c", Allow),
    ("prefix", Register, Wildcard, "com.app.", Deny),
    ("prefix", Register, Wildcard, "com..a", Deny),
    ("prefix", Register, Wildcard, ".app.a", Deny),
    ("prefix", Call, Wildcard, "com.app..x", Allow),
    // Wildcard permissions: the first literal where another has a wildcard decides.
    ("wildcard", Call, Exact, "com.x.news", Allow),
    ("wildcard", Call, Exact, "com.app.news", Deny),
    ("wildcard", Publish, Exact, "com.app.news", Allow),
    ("wildcard", Publish, Exact, "com.app.old", Allow),
    ("wildcard", Publish, Exact, "com.x.old", Deny),
    ("wildcard", Call, Exact, "com.x.y.news", Deny),
    ("wildcard", Call, Exact, "com.news", Deny),
    // Wildcard patterns in wildcard patterns.
    ("wildcard", Subscribe, Wildcard, "com..news", Deny),
    ("wildcard", Publish, Wildcard, "com..news", Allow),
    ("wildcard", Publish, Wildcard, "com.app.", Allow),
    ("wildcard", Publish, Wildcard, "com..", Deny),
    ("wildcard", Publish, Wildcard, "..news", Deny),
    ("wildcard", Publish, Wildcard, "com..old", Deny),
    ("wildcard", Subscribe, Wildcard, "com.x.news", Allow),
    ("wildcard", Subscribe, Wildcard, "com.x.", Deny),
    // Prefixes are never in wildcard patterns: URIs with more components match them.
    ("wildcard", Publish, Prefix, "com.app.", Deny),
    ("wildcard", Publish, Prefix, "com.app.a", Deny),
    // A denial that never decides takes nothing away.
    ("shadow", Subscribe, Exact, "com.app.a.secret", Allow),
    ("shadow", Subscribe, Prefix, "com.", Allow),
    ("shadow", Subscribe, Wildcard, "com.app..secret", Allow),
    ("shadow", Subscribe, Wildcard, "...secret", Deny),
    // One that does takes its part from everything that meets it.
    ("hole", Subscribe, Exact, "com.app.a.secret", Deny),
    ("hole", Subscribe, Prefix, "", Deny),
    ("hole", Subscribe, Prefix, "com.app.a.s", Deny),
    ("hole", Subscribe, Prefix, "com.app.a.sx", Allow),
    ("hole", Subscribe, Wildcard, "com.app.a.", Deny),
    ("hole", Subscribe, Wildcard, "com.app.b.", Allow),
    ("hole", Subscribe, Wildcard, "...secret", Deny),
    ("hole", Subscribe, Wildcard, "...secrets", Allow),
    // A prefix is more specific than this wildcard, which therefore takes nothing out of it.
    ("hole", Subscribe, Exact, "com.app.b.x", Allow),
    ("hole", Subscribe, Wildcard, "com.app..x", Allow),
    // The namespaces of the router are for permissions that begin there.
    ("all_applications", Call, Exact, "com.app", Allow),
    ("all_applications", Call, Exact, "wampum.a", Allow),
    ("all_applications", Call, Exact, "wamp.session.count", Deny),
    ("all_applications", Subscribe, Exact, "wamp.session.on_join", Deny),
    ("all_applications", Call, Exact, "wamplex.retained.purge", Deny),
    ("all_applications", Subscribe, Prefix, "", Allow),
    ("all_applications", Subscribe, Prefix, "wam", Allow),
    ("all_applications", Subscribe, Prefix, "wamp", Deny),
    ("all_applications", Subscribe, Prefix, "wamp.", Deny),
    ("all_applications", Subscribe, Wildcard, "..on_join", Allow),
    ("all_applications", Subscribe, Wildcard, "wamp..on_join", Deny),
    ("protocol", Call, Exact, "wamp.session.count", Allow),
    ("protocol", Call, Exact, "wamp.session.list", Deny),
    ("protocol", Subscribe, Exact, "wamp.session.on_join", Allow),
    ("protocol", Subscribe, Prefix, "wamp.session.", Deny),
    ("protocol", Subscribe, Prefix, "wamp.session.on_", Allow),
    ("protocol", Subscribe, Prefix, "wamp.", Deny),
    ("protocol", Subscribe, Wildcard, "wamp.session.", Deny),
    ("protocol", Subscribe, Prefix, "", Allow),
    ("prefix_of_protocol", Subscribe, Exact, "wamp.session.on_join", Deny),
    ("prefix_of_protocol", Subscribe, Prefix, "wam", Allow),
    ("prefix_of_protocol", Subscribe, Prefix, "wamp", Deny),
    ("name_of_protocol", Subscribe, Prefix, "wamp", Allow),
    ("name_of_protocol", Subscribe, Exact, "wampum", Allow),
    ("name_of_protocol", Subscribe, Exact, "wamplex.a", Allow),
    // Roles that may do all that is not said of them.
    ("open", Call, Exact, "com.app.a", Allow),
    ("open", Call, Exact, "com.app.private.a", Deny),
    ("open", Subscribe, Prefix, "com.app.", Deny),
    ("open", Subscribe, Prefix, "com.app.public.", Allow),
    ("open", Call, Exact, "wamp.session.count", Allow),
    ("open", Subscribe, Exact, "wamp.session.on_join", Allow),
    ("open", Call, Exact, "wamp.session.kill", Deny),
    ("open", Call, Exact, "wamplex.authorization.invalidate", Deny),
    ("very_open", Call, Exact, "wamp.session.kill", Allow),
    ("very_open", Call, Exact, "wamplex.retained.purge", Deny),
    // Roles that have somebody asked.
    ("asks", Subscribe, Exact, "com.app.a", Allow),
    ("asks", Call, Exact, "com.app.a", Ask),
    ("asks", Publish, Exact, "com.app.a", Deny),
    ("asks", Publish, Exact, "com.b", Ask),
    ("asks", Call, Exact, "com.app.secret.a", Deny),
    ("asks", Subscribe, Prefix, "com.app.a.", Allow),
    ("asks", Subscribe, Prefix, "com.b.", Ask),
    ("asks", Subscribe, Prefix, "com.", Deny),
    ("asks", Register, Prefix, "com.", Deny),
    ("asks", Call, Exact, "wamp.session.count", Ask),
];

#[test]
fn every_row_of_the_table_is_decided_as_it_says() {
    let arranged = arrange(&roles());
    for (role, action, policy, uri, expected) in TABLE {
        let decided = decide(&arranged, role, *action, *policy, uri);
        assert_eq!(decided, *expected, "{role} {action} {policy:?} {uri:?}");
    }
}

#[test]
fn the_table_agrees_with_the_rules_word_by_word() {
    for (name, action, policy, uri, expected) in TABLE {
        let role = roles().into_iter().find(|role| role.name == *name);
        let role = role.unwrap_or_else(|| Role::new(*name));
        assert_eq!(
            all(&role, *action, *policy, uri),
            *expected,
            "{name} {action} {policy:?} {uri:?}"
        );
    }
}

#[test]
fn a_session_without_a_role_may_do_nothing() {
    let arranged = arrange(&roles());
    let mut who = in_role("open");
    who.authrole = None;
    let decision = arranged.decide(&who, Call, &Uri::from("com.app.a"), Exact);
    assert_eq!(decision, Decision::Deny);
}

#[test]
fn the_permission_that_decides_says_what_goes_with_the_right() {
    let mut loud = permission(Prefix, "com.", &Action::ALL);
    (loud.disclose.caller, loud.disclose.publisher) = (Some(true), Some(false));
    loud.force_reregister = true;
    let quiet = permission(Exact, "com.a", &Action::ALL);
    let mut uncached = Permission::new(Exact, "com.b").ask(&Action::ALL);
    uncached.cache = false;
    let arranged = arrange(&[Role::new("r").with(loud).with(quiet).with(uncached)]);
    let decide = |action, uri: &str| arranged.decide(&in_role("r"), action, &Uri::from(uri), Exact);
    let grant = |disclose, force_reregister| {
        let mut grant = Grant::EVERYTHING;
        (grant.disclose, grant.force_reregister) = (disclose, force_reregister);
        Decision::Allow(grant)
    };
    assert_eq!(decide(Call, "com.x"), grant(Some(true), true));
    assert_eq!(decide(Publish, "com.x"), grant(Some(false), true));
    assert_eq!(decide(Register, "com.x"), grant(None, true));
    assert_eq!(decide(Call, "com.a"), grant(None, false));
    assert_eq!(decide(Call, "com.b"), Decision::Ask { cache: false });
    let pattern = arranged.decide(&in_role("r"), Subscribe, &Uri::from("com."), Prefix);
    assert_eq!(pattern, Decision::Ask { cache: false });
}

#[test]
fn what_is_too_long_to_be_a_uri_is_denied_without_a_look_at_it() {
    let mut open = Role::new("open");
    open.otherwise = Allow;
    let arranged = arrange(&[open]);
    let longest = "a".repeat(Uri::MAX_LENGTH);
    for policy in [Exact, Prefix, Wildcard] {
        assert_eq!(decide(&arranged, "open", Subscribe, policy, &longest), Allow);
        for uri in [format!("{longest}a"), ".".repeat(1 << 20)] {
            assert_eq!(decide(&arranged, "open", Subscribe, policy, &uri), Deny);
        }
    }
}

#[test]
fn where_everybody_may_act_on_others_an_open_role_may() {
    let mut open = Role::new("open");
    open.otherwise = Allow;
    let kill = |meta_api| {
        let roles = Roles::new([open.clone()], UriRule::Loose, meta_api).unwrap();
        decide(&roles, "open", Call, Exact, "wamp.session.kill")
    };
    assert_eq!((kill(MetaApi::Ask), kill(MetaApi::Full)), (Deny, Allow));
}

#[test]
fn roles_that_cannot_be_meant_are_refused_with_what_is_wrong() {
    let role =
        |permissions: Vec<Permission>| permissions.into_iter().fold(Role::new("guest"), Role::with);
    let p = |policy, uri| Permission::new(policy, uri);
    let table = [
        (vec![role(vec![]), role(vec![])], "there are two roles `guest`"),
        (
            vec![role(vec![p(Prefix, "com."), p(Exact, "com.a"), p(Prefix, "com.")])],
            "role `guest` has two permissions for the prefix `com.`",
        ),
        (
            vec![role(vec![p(Prefix, "wamp"), p(Prefix, "wamp")])],
            "role `guest` has two permissions for the prefix `wamp`",
        ),
        (
            vec![role(vec![p(Exact, "com..a")])],
            "role `guest` has a permission for `com..a`, which is no URI: the URI has an empty component",
        ),
        (
            vec![role(vec![p(Wildcard, "com..Ä")])],
            "role `guest` has a permission for `com..Ä`, which is no wildcard pattern: the URI has a character that is not allowed",
        ),
    ];
    for (roles, expected) in table {
        let bad = Roles::new(roles, UriRule::Strict, MetaApi::Ask).map(drop).unwrap_err();
        assert_eq!(bad.to_string(), expected);
    }
    let same_text = role(vec![p(Exact, "com.a"), p(Prefix, "com.a"), p(Wildcard, "com.a")]);
    let roles: Result<Roles, BadRole> = Roles::new([same_text], UriRule::Strict, MetaApi::Ask);
    assert!(roles.is_ok());
}
