//! What routing costs: from a decoded message to the deliveries it causes, without encoding and without locks around the
//! realm.

#![allow(clippy::unwrap_used, reason = "nothing here can fail but the benchmark itself")]

use divan::{Bencher, black_box, counter::ItemsCount};
use std::sync::Arc;
use wamplex_realm::{
    Action, Authority, HistoryRule, Joining, Member, MetaApi, Outbound, Permission, Realm,
    RealmConfig, Role, Roles, Sink, Verdict, judge,
};
use wamplex_shared::{
    id::{RequestId, RequestIds, SessionId},
    message::*,
    payload::{Payload, PayloadShape},
    roles,
    serializer::Serializer,
    time::Time,
    uri::{MatchPolicy, Uri, UriRule},
};

fn main() {
    divan::main();
}

/// Takes deliveries and forgets them, as cheaply as an outbox at best.
#[derive(Default)]
struct Count(u64);

impl Sink<u64> for Count {
    fn deliver(&mut self, _: &u64, message: Outbound) {
        self.0 += 1;
        black_box(&message);
    }
}

struct Stage {
    realm: Realm<u64>,
    out: Count,
    sessions: u64,
}

impl Stage {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(tweak: impl FnOnce(&mut RealmConfig)) -> Self {
        let mut config = RealmConfig::new("realm1", 7);
        tweak(&mut config);
        let realm = Realm::new(config);
        Self { realm, out: Count::default(), sessions: 0 }
    }

    fn join(&mut self) -> Arc<Member<u64>> {
        self.sessions += 1;
        let who = Joining::new(SessionId::new(self.sessions).unwrap(), roles::Roles::NONE);
        self.realm.join(who, self.sessions, Time::ZERO, &mut self.out)
    }

    fn subscribe(
        &mut self,
        from: &Member<u64>,
        request: RequestId,
        topic: &str,
        match_policy: MatchPolicy,
    ) {
        let options = SubscribeOptions { match_policy, ..SubscribeOptions::default() };
        let message = Subscribe { request, options, topic: topic.into() };
        self.realm.subscribe(from, message, Time::ZERO, &mut self.out).unwrap();
    }

    fn register(
        &mut self,
        from: &Member<u64>,
        request: RequestId,
        procedure: &str,
        match_policy: MatchPolicy,
    ) {
        let options = RegisterOptions { match_policy, ..RegisterOptions::default() };
        let message = Register { request, options, procedure: procedure.into() };
        self.realm.register(from, message, Time::ZERO, &mut self.out).unwrap();
    }

    /// Publishes to `topic` over and over, and expects this many receivers.
    fn bench_publish(self, bencher: Bencher<'_, '_>, topic: &'static str, receivers: u64) {
        self.bench_publish_with(bencher, topic, receivers, &PublishOptions::default());
    }

    fn bench_publish_with(
        mut self,
        bencher: Bencher<'_, '_>,
        topic: &'static str,
        receivers: u64,
        options: &PublishOptions,
    ) {
        let publisher = self.join();
        let mut requests = RequestIds::new();
        let mut publish = |stage: &mut Self| {
            let message = Publish {
                request: requests.take(),
                options: options.clone(),
                topic: Uri::from_static(topic),
                payload: payload(),
            };
            stage.realm.publish(&publisher, message, Time::ZERO, &mut stage.out).unwrap();
        };
        let before = self.out.0;
        publish(&mut self);
        assert_eq!(self.out.0 - before, receivers);
        bencher.counter(ItemsCount::new(receivers)).bench_local(|| publish(&mut self));
    }
}

fn payload() -> Payload {
    let bytes = bytes::Bytes::from_static(br#"[{"price":101.25,"symbol":"ABC"}]"#);
    Payload::from_encoded(Serializer::Json, PayloadShape::Args, bytes)
}

/// One topic, this many subscribers.
#[divan::bench(args = [1, 10, 100, 1000])]
fn publish_to_subscribers(bencher: Bencher<'_, '_>, subscribers: u64) {
    let mut stage = Stage::new();
    for _ in 0..subscribers {
        let member = stage.join();
        stage.subscribe(&member, RequestId::FIRST, "com.example.quotes.abc", MatchPolicy::Exact);
    }
    stage.bench_publish(bencher, "com.example.quotes.abc", subscribers);
}

/// One subscriber whose topic matches, among this many others.
fn publish_among(
    bencher: Bencher<'_, '_>,
    others: u64,
    policy: MatchPolicy,
    matching: &str,
    other: fn(u64) -> String,
) {
    let mut stage = Stage::new();
    let member = stage.join();
    stage.subscribe(&member, RequestId::FIRST, matching, policy);
    let (mut member, mut requests) = (stage.join(), RequestIds::new());
    for n in 0..others {
        // No session holds more than the limit allows.
        if n % 1_000 == 0 {
            (member, requests) = (stage.join(), RequestIds::new());
        }
        stage.subscribe(&member, requests.take(), &other(n), policy);
    }
    stage.bench_publish(bencher, "com.example.quotes.abc", 1);
}

#[divan::bench(args = [10, 1_000, 100_000])]
fn publish_among_exact(bencher: Bencher<'_, '_>, others: u64) {
    let other = |n| format!("com.example.quotes.{n}");
    publish_among(bencher, others, MatchPolicy::Exact, "com.example.quotes.abc", other);
}

#[divan::bench(args = [10, 1_000, 100_000])]
fn publish_among_prefixes(bencher: Bencher<'_, '_>, others: u64) {
    let other = |n| format!("com.example.quotes.{n}");
    publish_among(bencher, others, MatchPolicy::Prefix, "com.example.quotes.", other);
}

#[divan::bench(args = [10, 1_000, 100_000])]
fn publish_among_wildcards(bencher: Bencher<'_, '_>, others: u64) {
    let other = |n| format!("com..quotes.{n}");
    publish_among(bencher, others, MatchPolicy::Wildcard, "com..quotes.", other);
}

/// One subscriber, and this kept of every event: nothing, nothing although other topics have a history, the last one, all.
#[divan::bench(args = ["nothing", "others", "retained", "history"])]
fn publish_and_keep(bencher: Bencher<'_, '_>, kept: &str) {
    let (topic, policy) = ("com.example.quotes.abc", MatchPolicy::Exact);
    let mut stage = Stage::with(|config| match kept {
        "others" => config.history.rules.push(HistoryRule::new(policy, "com.example.other")),
        "history" => config.history.rules.push(HistoryRule::new(policy, topic)),
        _ => {}
    });
    let member = stage.join();
    stage.subscribe(&member, RequestId::FIRST, topic, policy);
    let options = PublishOptions { retain: kept == "retained", ..PublishOptions::default() };
    stage.bench_publish_with(bencher, topic, 1, &options);
}

/// A role with this permission, and this many more of each kind.
fn guest(matching: MatchPolicy, others: u64) -> Roles {
    let uri = match matching {
        MatchPolicy::Exact => "com.example.quotes.abc",
        MatchPolicy::Prefix => "com.example.quotes.",
        MatchPolicy::Wildcard => "com..quotes.",
    };
    let mut role = Role::new("guest").with(Permission::new(matching, uri).allow(&Action::ALL));
    for n in 0..others {
        for (policy, other) in [
            (MatchPolicy::Exact, format!("com.example.quotes.{n}")),
            (MatchPolicy::Prefix, format!("com.example.quotes.{n}.")),
            (MatchPolicy::Wildcard, format!("com..quotes.{n}")),
        ] {
            role.permissions.push(Permission::new(policy, other));
        }
    }
    Roles::new([role], UriRule::Loose, MetaApi::Ask).unwrap()
}

/// Whether a session may publish to a topic.
#[divan::bench(args = [0, 10, 1_000], consts = [0, 1, 2])]
fn judge_publish<const KIND: usize>(bencher: Bencher<'_, '_>, others: u64) {
    let kinds = [MatchPolicy::Exact, MatchPolicy::Prefix, MatchPolicy::Wildcard];
    let guest = guest(kinds[KIND], others);
    let mut stage = Stage::new();
    let mut who = Joining::new(SessionId::new(1).unwrap(), roles::Roles::NONE);
    who.authrole = Some("guest".into());
    let member = stage.realm.join(who, 1, Time::ZERO, &mut stage.out);
    let message = Message::from(Publish {
        request: RequestId::FIRST,
        options: PublishOptions::default(),
        topic: Uri::from_static("com.example.quotes.abc"),
        payload: payload(),
    });
    assert!(matches!(judge(&guest, &member, &message), Verdict::Allowed(_)));
    bencher.bench_local(|| judge(black_box(&guest), black_box(&member), black_box(&message)));
}

/// Whether a session may subscribe to a pattern.
#[divan::bench(args = [0, 10, 1_000])]
fn judge_pattern(bencher: Bencher<'_, '_>, others: u64) {
    let guest = guest(MatchPolicy::Prefix, others);
    let mut who = Joining::new(SessionId::new(1).unwrap(), roles::Roles::NONE);
    who.authrole = Some("guest".into());
    let topic = Uri::from_static("com.example.quotes.abc.");
    bencher.bench_local(|| guest.decide(&who, Action::Subscribe, &topic, MatchPolicy::Prefix));
}

/// A call of the one registration that matches, among this many others, up to its RESULT.
fn call_among(
    bencher: Bencher<'_, '_>,
    others: u64,
    policy: MatchPolicy,
    matching: &str,
    other: fn(u64) -> String,
) {
    let mut stage = Stage::new();
    let (caller, callee) = (stage.join(), stage.join());
    stage.register(&callee, RequestId::FIRST, matching, policy);
    let (mut member, mut requests) = (stage.join(), RequestIds::new());
    for n in 0..others {
        // No session holds more than the limit allows.
        if n % 1_000 == 0 {
            (member, requests) = (stage.join(), RequestIds::new());
        }
        stage.register(&member, requests.take(), &other(n), policy);
    }
    let Stage { realm, mut out, .. } = stage;
    let mut requests = RequestIds::new();
    bencher.bench_local(|| {
        let request = requests.take();
        let before = out.0;
        let call = Call {
            request,
            options: CallOptions::default(),
            procedure: Uri::from_static("com.example.quotes.abc"),
            payload: payload(),
        };
        realm.call(&caller, call, Time::ZERO, &mut out).unwrap();
        let answer = Yield { request, options: YieldOptions::default(), payload: payload() };
        realm.yield_(&callee, answer, Time::ZERO, &mut out).unwrap();
        assert_eq!(out.0 - before, 2, "INVOCATION and RESULT");
    });
}

#[divan::bench(args = [10, 1_000, 100_000])]
fn call_among_exact(bencher: Bencher<'_, '_>, others: u64) {
    let other = |n| format!("com.example.quotes.{n}");
    call_among(bencher, others, MatchPolicy::Exact, "com.example.quotes.abc", other);
}

#[divan::bench(args = [10, 1_000, 100_000])]
fn call_among_prefixes(bencher: Bencher<'_, '_>, others: u64) {
    let other = |n| format!("com.example.quotes.{n}");
    call_among(bencher, others, MatchPolicy::Prefix, "com.example.quotes.", other);
}

#[divan::bench(args = [10, 1_000, 100_000])]
fn call_among_wildcards(bencher: Bencher<'_, '_>, others: u64) {
    let other = |n| format!("com..quotes.{n}");
    call_among(bencher, others, MatchPolicy::Wildcard, "com..quotes.", other);
}

/// CALL to INVOCATION, YIELD to RESULT; with and without a time limit.
#[divan::bench(args = [false, true])]
fn call_and_result(bencher: Bencher<'_, '_>, timed: bool) {
    let mut stage = Stage::new();
    let (caller, callee) = (stage.join(), stage.join());
    let register = Register {
        request: RequestId::FIRST,
        options: RegisterOptions::default(),
        procedure: Uri::from_static("com.example.add"),
    };
    stage.realm.register(&callee, register, Time::ZERO, &mut stage.out).unwrap();
    let Stage { realm, mut out, .. } = stage;
    let mut requests = RequestIds::new();
    bencher.bench_local(|| {
        let request = requests.take();
        let call = Call {
            request,
            options: CallOptions { timeout: timed.then_some(10_000), ..CallOptions::default() },
            procedure: Uri::from_static("com.example.add"),
            payload: payload(),
        };
        realm.call(&caller, call, Time::ZERO, &mut out).unwrap();
        let answer = Yield { request, options: YieldOptions::default(), payload: payload() };
        realm.yield_(&callee, answer, Time::ZERO, &mut out).unwrap();
    });
}
