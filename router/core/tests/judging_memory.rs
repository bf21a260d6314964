//! Judging a message allocates nothing, whatever a role may do: it happens for every message.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use peak_alloc::PeakAlloc;
use std::hint::black_box;
use wamplex_realm::{
    Action, Joining, MetaApi, Outbound, Permission, Realm, RealmConfig, Role, Roles, Sink, Verdict,
    judge,
};
use wamplex_shared::{
    id::{RequestId, SessionId},
    message::{Call, CallOptions, Message, Publish, PublishOptions},
    payload::Payload,
    roles,
    time::Time,
    uri::{
        MatchPolicy::{Exact, Prefix, Wildcard},
        Uri, UriRule,
    },
};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

struct Nowhere;

impl Sink<()> for Nowhere {
    fn deliver(&mut self, (): &(), _: Outbound) {}
}

/// Without the usual test runner, whose threads allocate too.
fn main() {
    the_allocator_counts();
    judging_allocates_nothing();
}

/// The most memory in use while `work` ran, beyond what was in use before.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let done = work();
    (done, ALLOCATOR.peak_usage().saturating_sub(before))
}

fn the_allocator_counts() {
    let (_, used) = peak(|| black_box(vec![1_u8; 1 << 10]));
    assert!(used >= 1 << 10, "{used}");
}

fn judging_allocates_nothing() {
    let allow = |policy, uri: String| Permission::new(policy, uri).allow(&Action::ALL);
    let mut role = Role::new("guest");
    for n in 0..100 {
        role.permissions.push(allow(Exact, format!("com.exact.{n}")));
        role.permissions.push(allow(Prefix, format!("com.prefix.{n}.")));
        role.permissions.push(allow(Wildcard, format!("com..wildcard.{n}")));
    }
    let roles = Roles::new([role], UriRule::Loose, MetaApi::Ask).unwrap();
    let mut realm = Realm::new(RealmConfig::new("realm1", 7));
    let mut who = Joining::new(SessionId::new(1).unwrap(), roles::Roles::NONE);
    who.authrole = Some("guest".into());
    let member = realm.join(who, (), Time::ZERO, &mut Nowhere);
    let table = [
        ("com.exact.7", true),
        ("com.prefix.7.and.more", true),
        ("com.any.wildcard.7", true),
        ("com.nothing", false),
        ("wamp.session.count", false),
    ];
    for (uri, expected) in table {
        for message in messages(uri) {
            let (verdict, used) = peak(|| judge(&roles, &member, black_box(&message)));
            assert_eq!(matches!(verdict, Verdict::Allowed(_)), expected, "{uri}");
            assert_eq!(used, 0, "{uri}");
        }
    }
}

fn messages(uri: &'static str) -> [Message; 2] {
    let (request, payload) = (RequestId::FIRST, Payload::NONE);
    let (topic, options) = (Uri::from_static(uri), PublishOptions::default());
    let publish = Publish { request, options, topic, payload: payload.clone() };
    let (procedure, options) = (Uri::from_static(uri), CallOptions::default());
    [publish.into(), Call { request, options, procedure, payload }.into()]
}
