//! Requests of every kind: each gets its own answer, once.

use crate::{
    ALL, Token, call, call_in_pieces, drain, failed, one_of_each::request,
    one_request_of_each_kind, open, registration, result, sent, subscription, uri,
};
use wamplex_shared::{
    id::PublicationId,
    message::{
        CallOptions, Message, MessageCode, Passthru, PublishOptions, Published, Registered,
        Subscribed, Unregistered, UnregisteredDetails, Unsubscribed, UnsubscribedDetails,
    },
    payload::Payload,
    roles::Feature,
    session::{Event, Refusal, Refused, Session},
};

#[test]
fn one_counter_serves_every_kind_of_request() {
    let mut session = open(&[]);
    session.publish(uri("t"), PublishOptions::default(), Payload::NONE, None).unwrap();
    let requests = one_request_of_each_kind(&mut session);
    assert_eq!(requests.map(|(id, _)| id.get()), [2, 3, 4, 5, 6, 7]);
}

#[test]
fn every_kind_of_request_is_answered_with_its_own_token() {
    let mut session = open(&[]);
    let [subscribe, unsubscribe, publish, call, register, unregister] =
        one_request_of_each_kind(&mut session).map(|(id, _)| id);
    let publication = PublicationId::new(77).unwrap();
    let answers: [Message; 6] = [
        // In another order than they were made: the specification guarantees none.
        Unregistered { request: Some(unregister), details: None }.into(),
        result(call, false),
        Published { request: publish, publication }.into(),
        Unsubscribed { request: Some(unsubscribe), details: None }.into(),
        Registered { request: register, registration: registration(5) }.into(),
        Subscribed { request: subscribe, subscription: subscription(6) }.into(),
    ];
    for answer in answers {
        session.handle_message(answer).unwrap();
    }
    let Message::Result(result) = result(call, false) else { unreachable!() };
    assert_eq!(
        drain(&mut session),
        [
            Event::Unregistered { token: "UNREGISTER" },
            Event::Result { token: "CALL", result },
            Event::Published { token: "PUBLISH", publication },
            Event::Unsubscribed { token: "UNSUBSCRIBE" },
            Event::Registered { token: "REGISTER", registration: registration(5) },
            Event::Subscribed { token: "SUBSCRIBE", subscription: subscription(6) },
        ]
    );
    assert_eq!((session.pending(), session.ignored()), (0, 0));
}

#[test]
fn every_kind_of_request_may_fail() {
    let mut session = open(&[]);
    for (id, kind) in one_request_of_each_kind(&mut session) {
        let error = failed(id, kind);
        session.handle_message(error.clone().into()).unwrap();
        assert_eq!(drain(&mut session), [Event::Failed { token: kind.name(), error }]);
    }
    assert_eq!(session.pending(), 0);
}

#[test]
fn an_answer_of_the_wrong_kind_or_to_nothing_is_counted_and_leaves_the_request_waiting() {
    let answers = |id: u64| -> Vec<Message> {
        let publication = PublicationId::new(1).unwrap();
        let mut answers: Vec<Message> = vec![
            Published { request: request(id), publication }.into(),
            Subscribed { request: request(id), subscription: subscription(1) }.into(),
            Unsubscribed { request: Some(request(id)), details: None }.into(),
            Registered { request: request(id), registration: registration(1) }.into(),
            Unregistered { request: Some(request(id)), details: None }.into(),
            result(request(id), false),
            result(request(id), true),
        ];
        let kinds = MessageCode::ALL.iter().filter(|k| k.may_fail());
        let kinds = kinds.filter(|k| **k != MessageCode::Invocation);
        answers.extend(kinds.map(|kind| Message::from(failed(request(id), *kind))));
        answers
    };
    for (id, kind) in one_request_of_each_kind(&mut open(&[])) {
        let mut session = open(&[]);
        one_request_of_each_kind(&mut session);
        let count = |message: &Message, session: &mut Session<Token>| {
            let before = session.ignored();
            session.handle_message(message.clone()).unwrap();
            session.ignored() - before
        };
        for answer in answers(id.get()) {
            let fits = match &answer {
                Message::Error(error) => error.request_type == kind,
                Message::Result(result) => kind == MessageCode::Call && !result.details.progress,
                other => other.code().number() == kind.number() + 1,
            };
            if !fits {
                assert_eq!(count(&answer, &mut session), 1, "{answer:?} for {kind}");
                assert_eq!(drain(&mut session), []);
            }
        }
        assert_eq!(session.token(id), Some(&kind.name()));
        for answer in answers(4711) {
            assert_eq!(count(&answer, &mut session), 1);
        }
    }
}

#[test]
fn a_publish_without_token_is_not_acknowledged_and_one_with_token_is() {
    let mut session = open(&[]);
    let acknowledged = PublishOptions { acknowledge: true, ..PublishOptions::default() };
    session.publish(uri("t"), acknowledged, Payload::NONE, None).unwrap();
    session.publish(uri("t"), PublishOptions::default(), Payload::NONE, Some("ack")).unwrap();
    let wanted = sent(&mut session).into_iter().map(|message| match message {
        Message::Publish(publish) => publish.options.acknowledge,
        other => panic!("{other:?}"),
    });
    assert_eq!(wanted.collect::<Vec<_>>(), [false, true]);
    assert_eq!(session.pending(), 1);
}

#[test]
fn an_abandoned_request_is_answered_in_silence() {
    let mut session = open(ALL);
    for (id, kind) in one_request_of_each_kind(&mut session) {
        assert_eq!(session.abandon(id), Some(kind.name()));
        assert_eq!(session.abandon(id), None);
        session.handle_message(failed(id, kind).into()).unwrap();
    }
    let id = call_in_pieces(&mut session, "call");
    session.abandon(id);
    session.handle_message(result(id, true)).unwrap();
    session.handle_message(result(id, false)).unwrap();
    assert_eq!(drain(&mut session), []);
    assert_eq!((session.pending(), session.ignored()), (0, 0));
    session.handle_message(result(id, false)).unwrap();
    assert_eq!(session.ignored(), 1, "the second answer is one too many");
}

#[test]
fn what_would_break_the_protocol_for_want_of_a_feature_is_refused() {
    let mut session = open(&[]);
    let streaming = CallOptions { progress: true, ..CallOptions::default() };
    let refused = session.call(uri("p"), streaming, Payload::NONE, None, "call").unwrap_err();
    let reason = Refusal::Unsupported(Feature::ProgressiveCallInvocations);
    assert_eq!(refused, Refused { token: "call", reason });
    let passthru =
        || Some(Box::new(Passthru { scheme: Some("mqtt".into()), ..Passthru::default() }));
    let reason = Refusal::Unsupported(Feature::PayloadPassthruMode);
    let options = CallOptions { passthru: passthru(), ..CallOptions::default() };
    let refused = session.call(uri("p"), options, Payload::NONE, None, "call").unwrap_err();
    assert_eq!(refused, Refused { token: "call", reason });
    let options = PublishOptions { passthru: passthru(), ..PublishOptions::default() };
    let refused = session.publish(uri("t"), options, Payload::NONE, Some("publish")).unwrap_err();
    assert_eq!(refused, Refused { token: Some("publish"), reason });
    assert_eq!((sent(&mut session).len(), session.pending()), (0, 0));
    assert_eq!(call(&mut session, ""), request(1), "what is refused uses no id");
}

#[test]
fn a_revocation_is_an_event_and_answers_no_request() {
    let mut session = open(ALL);
    session.unsubscribe(subscription(1), "").unwrap();
    let lost = UnsubscribedDetails {
        subscription: Some(subscription(1)),
        reason: Some("moved".into()),
        ..UnsubscribedDetails::default()
    };
    let taken = UnregisteredDetails {
        registration: Some(registration(1)),
        ..UnregisteredDetails::default()
    };
    session
        .handle_message(Unsubscribed { request: None, details: Some(lost.clone()) }.into())
        .unwrap();
    session
        .handle_message(Unregistered { request: None, details: Some(taken.clone()) }.into())
        .unwrap();
    session.handle_message(Unregistered { request: None, details: None }.into()).unwrap();
    assert_eq!(
        drain(&mut session),
        [
            Event::SubscriptionRevoked(lost),
            Event::RegistrationRevoked(taken),
            Event::RegistrationRevoked(UnregisteredDetails::default()),
        ]
    );
    assert_eq!(session.pending(), 1);
}
