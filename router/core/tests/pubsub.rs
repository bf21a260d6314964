//! What a broker guarantees ("WAMP: Publish and Subscribe").

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod stage;

use stage::{Stage, every_feature, request, session};
use wamplex_realm::{Disclosure, HistoryRule, MetaApi, RealmConfig};
use wamplex_shared::{
    error::ProtocolViolation,
    message::*,
    roles::{Feature, Role},
    uri::{MatchPolicy, Uri, UriRule},
    uris,
    value::{Dict, Value},
};

fn by(match_policy: MatchPolicy) -> SubscribeOptions {
    SubscribeOptions { match_policy, ..SubscribeOptions::default() }
}

fn exact() -> SubscribeOptions {
    SubscribeOptions::default()
}

fn quiet() -> PublishOptions {
    PublishOptions::default()
}

fn acknowledged() -> PublishOptions {
    PublishOptions { acknowledge: true, ..quiet() }
}

#[test]
fn subscribers_of_one_topic_and_policy_share_an_id_and_subscribing_again_returns_it() {
    let mut s = Stage::new();
    let (a, b) = (s.join(1), s.join(2));
    let first = s.subscribed(a, "com.t", exact());
    assert_eq!(s.subscribed(b, "com.t", exact()), first);
    assert_eq!(s.subscribed(a, "com.t", exact()), first);
    assert_ne!(s.subscribed(a, "com.t", by(MatchPolicy::Prefix)), first);
    assert_ne!(s.subscribed(a, "com.t", by(MatchPolicy::Wildcard)), first);
    assert_ne!(s.subscribed(a, "com.u", exact()), first);
}

#[test]
fn an_event_comes_once_to_who_subscribed_twice_and_not_after_unsubscribing() {
    let mut s = Stage::new();
    let (a, b) = (s.join(1), s.join(2));
    let id = s.subscribed(b, "com.t", exact());
    s.subscribed(b, "com.t", exact());
    s.publish(a, "com.t", quiet());
    assert_eq!(s.heard(), ["2 EVENT [\"event\"]"]);
    s.unsubscribe(b, id);
    s.publish(a, "com.t", quiet());
    s.unsubscribe(b, id);
    assert_eq!(
        s.heard(),
        ["2 UNSUBSCRIBED 3", "2 ERROR UNSUBSCRIBE 4 wamp.error.no_such_subscription"]
    );
}

#[test]
fn a_subscription_of_somebody_else_cannot_be_given_up() {
    let mut s = Stage::new();
    let (a, b) = (s.join(1), s.join(2));
    let id = s.subscribed(b, "com.t", exact());
    s.unsubscribe(a, id);
    s.publish(a, "com.t", quiet());
    assert_eq!(
        s.heard(),
        ["1 ERROR UNSUBSCRIBE 1 wamp.error.no_such_subscription", "2 EVENT [\"event\"]"]
    );
}

#[test]
fn an_event_comes_once_per_matching_subscription_under_one_publication_id() {
    let mut s = Stage::new();
    let (a, b) = (s.join(1), s.join(2));
    for (topic, policy) in [
        ("com.x.t", MatchPolicy::Exact),
        ("com.", MatchPolicy::Prefix),
        ("", MatchPolicy::Prefix),
        ("com..t", MatchPolicy::Wildcard),
        ("com..u", MatchPolicy::Wildcard),
        ("com.x", MatchPolicy::Exact),
    ] {
        s.subscribed(b, topic, by(policy));
    }
    s.publish(a, "com.x.t", acknowledged());
    let messages = s.take();
    let mut events = Vec::new();
    let mut acknowledged = None;
    for (_, message) in &messages {
        match message {
            Message::Event(event) => events.push(event),
            Message::Published(published) => acknowledged = Some(published.publication),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(events.len(), 4);
    assert!(events.iter().all(|e| Some(e.publication) == acknowledged));
    let topics: Vec<_> = events.iter().map(|e| e.details.topic.as_ref().map(Uri::as_str)).collect();
    assert_eq!(topics, [None, Some("com.x.t"), Some("com.x.t"), Some("com.x.t")]);
}

#[test]
fn publications_have_ids_of_their_own() {
    let mut s = Stage::new();
    let a = s.join(1);
    s.publish(a, "com.t", acknowledged());
    s.publish(a, "com.t", acknowledged());
    let ids: Vec<_> = s
        .take()
        .into_iter()
        .map(|(_, m)| match m {
            Message::Published(p) => p.publication,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_publisher_receives_its_own_event_only_if_it_asks() {
    let mut s = Stage::new();
    let a = s.join(1);
    s.subscribed(a, "com.t", exact());
    for (exclude_me, heard) in [(None, 0), (Some(true), 0), (Some(false), 1)] {
        s.publish(a, "com.t", PublishOptions { exclude_me, ..quiet() });
        assert_eq!(s.take().len(), heard, "{exclude_me:?}");
    }
}

#[test]
fn filters_by_session_authid_and_authrole_choose_the_receivers() {
    let mut s = Stage::new();
    let publisher = s.join(1);
    for (n, authid, authrole) in [(2, "ann", "user"), (3, "bob", "user"), (4, "bob", "admin")] {
        s.join_as(n, every_feature(), Some((authid, authrole)));
        s.subscribed(n, "com.t", exact());
    }
    let table: [(Filters, &[u64]); 8] = [
        (Filters { exclude: Some(vec![session(2)]), ..Filters::default() }, &[3, 4]),
        (Filters { exclude_authid: Some(vec!["bob".into()]), ..Filters::default() }, &[2]),
        (Filters { exclude_authrole: Some(vec!["user".into()]), ..Filters::default() }, &[4]),
        (Filters { eligible: Some(vec![session(3), session(99)]), ..Filters::default() }, &[3]),
        (Filters { eligible: Some(vec![]), ..Filters::default() }, &[]),
        (Filters { eligible_authid: Some(vec!["bob".into()]), ..Filters::default() }, &[3, 4]),
        (Filters { eligible_authrole: Some(vec!["user".into()]), ..Filters::default() }, &[2, 3]),
        (
            Filters {
                eligible: Some(vec![session(2), session(3), session(4)]),
                exclude: Some(vec![session(3)]),
                eligible_authrole: Some(vec!["user".into()]),
                ..Filters::default()
            },
            &[2],
        ),
    ];
    for (filters, expected) in table {
        let shown = format!("{filters:?}");
        s.publish(
            publisher,
            "com.t",
            PublishOptions { filters: Some(Box::new(filters)), ..quiet() },
        );
        let heard: Vec<u64> = s.take().into_iter().map(|(to, _)| to).collect();
        assert_eq!(heard, expected, "{shown}");
    }
}

#[test]
fn a_publish_is_never_answered_unless_it_asks_not_even_with_an_error() {
    let table = [
        ("com.t", None),
        ("com..t", Some(uris::error::INVALID_URI)),
        ("", Some(uris::error::INVALID_URI)),
        ("a b", Some(uris::error::INVALID_URI)),
        ("wamp.session.on_join", Some(uris::error::NOT_AUTHORIZED)),
        ("wamp", Some(uris::error::NOT_AUTHORIZED)),
    ];
    for (topic, error) in table {
        let mut s = Stage::new();
        let (a, b) = (s.join(1), s.join(2));
        s.subscribed(b, "wamp", by(MatchPolicy::Prefix));
        s.publish(a, topic, quiet());
        assert_eq!(s.heard(), [""; 0], "{topic:?}");
        s.publish(a, topic, acknowledged());
        let expected = match error {
            None => "1 PUBLISHED 2".to_owned(),
            Some(uri) => format!("1 ERROR PUBLISH 2 {uri}"),
        };
        assert_eq!(s.heard(), [expected], "{topic:?}");
    }
}

#[test]
fn the_rule_for_uris_is_the_realm_s() {
    let mut s = Stage::with(|c| c.uri_rule = UriRule::Strict);
    let a = s.join(1);
    s.subscribe(a, "com.Topic", exact());
    s.publish(a, "com.Topic", acknowledged());
    s.register(a, "com.Topic", RegisterOptions::default());
    s.call(a, "com.Topic", CallOptions::default());
    assert!(s.heard().iter().all(|h| h.ends_with(uris::error::INVALID_URI)));
    s.subscribe(a, "com.topic", exact());
    assert_eq!(s.heard(), ["1 SUBSCRIBED 5"]);
}

#[test]
fn topics_of_the_protocol_can_be_subscribed_to() {
    let mut s = Stage::new();
    let a = s.join(1);
    s.subscribe(a, uris::session::ON_JOIN, exact());
    assert_eq!(s.heard(), ["1 SUBSCRIBED 1"]);
}

#[test]
fn a_publisher_is_disclosed_as_the_realm_and_it_decide_and_cannot_be_forged() {
    use Disclosure::{Always, Never, OnRequest};
    let table = [
        // policy, disclose_me, disclosed; `None` where it is refused
        (Never, None, Some(false)),
        (Never, Some(false), Some(false)),
        (Never, Some(true), None),
        (OnRequest, None, Some(false)),
        (OnRequest, Some(false), Some(false)),
        (OnRequest, Some(true), Some(true)),
        (Always, None, Some(true)),
        (Always, Some(false), Some(true)),
        (Always, Some(true), Some(true)),
    ];
    for (policy, disclose_me, expected) in table {
        let mut s = Stage::with(|c| c.disclosure = policy);
        s.join_as(1, every_feature(), Some(("ann", "user")));
        s.join(2);
        s.subscribed(2, "com.t", exact());
        let forged = ["publisher", "publisher_authid", "topic", "retained", "trustlevel"];
        let custom: Dict = forged.into_iter().map(|key| (key, Value::from(99))).collect();
        s.publish(1, "com.t", PublishOptions { disclose_me, custom, ..acknowledged() });
        let mut heard = s.take();
        let (_, answer) = heard.pop().unwrap();
        let Some(disclosed) = expected else {
            let Message::Error(error) = answer else { panic!("{answer:?}") };
            assert_eq!(error.error, uris::error::OPTION_DISALLOWED_DISCLOSE_ME);
            assert!(heard.is_empty());
            continue;
        };
        let Some((2, Message::Event(event))) = heard.pop() else { panic!("{heard:?}") };
        let who = disclosed.then(|| (session(1), "ann", "user"));
        let expected = EventDetails {
            publisher: who.map(|w| w.0),
            publisher_authid: who.map(|w| w.1.into()),
            publisher_authrole: who.map(|w| w.2.into()),
            ..EventDetails::default()
        };
        assert_eq!(event.details, expected, "{policy:?} {disclose_me:?}");
    }
}

#[test]
fn passthru_attributes_reach_the_subscriber_if_the_publisher_announced_them() {
    let passthru = Box::new(Passthru {
        scheme: Some("x_mine".into()),
        cipher: Some("rot13".into()),
        enc_algo: Some("cryptobox".into()),
        ..Passthru::default()
    });
    let options = PublishOptions { passthru: Some(passthru.clone()), ..quiet() };
    let mut s = Stage::new();
    let (a, b) = (s.join(1), s.join(2));
    s.subscribed(b, "com.t", exact());
    s.publish(a, "com.t", options.clone());
    let Some((2, Message::Event(event))) = s.take().pop() else { panic!() };
    assert_eq!(event.details.passthru, Some(passthru));

    let without = every_feature().with(Role::Publisher, wamplex_shared::roles::Features::NONE);
    let c = s.join_as(3, without, None);
    let publish =
        Publish { request: request(1), options, topic: "com.t".into(), payload: stage::args("1") };
    let violation = ProtocolViolation::FeatureNotAnnounced {
        message: MessageCode::Publish,
        feature: "payload_passthru_mode",
    };
    assert_eq!(s.send(c, publish), Err(violation));
    assert_eq!(s.heard(), [""; 0]);
}

#[test]
fn a_session_that_left_receives_nothing_and_leaves_nothing_behind() {
    let mut s = Stage::new();
    let (a, b) = (s.join(1), s.join(2));
    let id = s.subscribed(b, "com.t", exact());
    s.leave(b);
    s.leave(b);
    s.publish(a, "com.t", quiet());
    s.subscribe(b, "com.t", exact());
    s.unsubscribe(b, id);
    s.publish(b, "com.t", acknowledged());
    assert_eq!(s.heard(), [""; 0]);
    assert_eq!(s.realm.session_count(), 1);
    assert!(s.realm.session(session(2)).is_none());
}

#[test]
fn too_many_subscriptions_are_refused_and_room_comes_back() {
    let mut s = Stage::with(|c| c.limits.subscriptions = 2);
    let a = s.join(1);
    let first = s.subscribed(a, "com.1", exact());
    s.subscribed(a, "com.2", exact());
    s.subscribe(a, "com.3", exact());
    s.subscribe(a, "com.1", exact());
    s.unsubscribe(a, first);
    s.subscribe(a, "com.3", exact());
    assert_eq!(
        s.heard(),
        [
            "1 ERROR SUBSCRIBE 3 wamplex.error.limit_exceeded",
            "1 SUBSCRIBED 4",
            "1 UNSUBSCRIBED 5",
            "1 SUBSCRIBED 6"
        ]
    );
}

#[test]
fn a_request_id_out_of_turn_ends_the_session_unless_the_realm_is_lenient() {
    let subscribe = |n| Subscribe { request: request(n), options: exact(), topic: "com.t".into() };
    let mut strict = Stage::new();
    let a = strict.join(1);
    strict.send(a, subscribe(1)).unwrap();
    for (found, expected) in [(1, 2), (3, 2)] {
        let violation =
            ProtocolViolation::RequestId { message: MessageCode::Subscribe, expected, found };
        assert_eq!(strict.send(a, subscribe(found)), Err(violation));
    }
    let mut lenient = Stage::with(|c| c.strict_request_ids = false);
    let a = lenient.join(1);
    for n in [901, 17, 17] {
        lenient.send(a, subscribe(n)).unwrap();
    }
    assert_eq!(lenient.heard(), ["1 SUBSCRIBED 901", "1 SUBSCRIBED 17", "1 SUBSCRIBED 17"]);
}

#[test]
fn what_is_kept_of_events_is_announced() {
    let announced = |feature, tweak: &dyn Fn(&mut RealmConfig)| {
        Stage::with(|config| tweak(config)).realm.welcome_roles().supports(Role::Broker, feature)
    };
    let with_history = |config: &mut RealmConfig| {
        config.history.rules.push(HistoryRule::new(MatchPolicy::Exact, "com.t"));
    };
    assert!(announced(Feature::EventRetention, &|_| {}));
    assert!(!announced(Feature::EventRetention, &|config| config.retention.events = 0));
    assert!(!announced(Feature::EventHistory, &|_| {}));
    assert!(announced(Feature::EventHistory, &with_history));
    let without_meta_api = |config: &mut RealmConfig| {
        with_history(config);
        config.meta_api = MetaApi::Off;
    };
    assert!(!announced(Feature::EventHistory, &without_meta_api));
}
